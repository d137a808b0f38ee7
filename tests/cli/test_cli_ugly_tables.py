"""Tables as other programs write them, from the raw file to predictions in two commands."""

import csv
import gzip
import io
import json
import zipfile
from datetime import datetime, timedelta

import numpy as np
import pytest

N = 60
AREA = np.random.default_rng(3).uniform(20, 200, N).round(1)
PRICE = (AREA * 3000).round()
START = datetime(2024, 1, 1, 9)


def lines(*columns, names, between=","):
    rows = zip(*columns, strict=True)
    return between.join(names) + "\n" + "".join(between.join(map(str, row)) + "\n" for row in rows)


def german(number):
    return f"{number:,.2f}".replace(",", "x").replace(".", ",").replace("x", ".")


def days(way):
    return [(START + timedelta(hours=31 * i)).strftime(way) for i in range(N)]


def zipped(text):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("houses.csv", text)
    return stream.getvalue()


PLAIN = lines(AREA, PRICE, names=["area", "price"])
QUOTED = lines(AREA, [f'"${price:,.0f}"' for price in PRICE], names=["area", "price"])
UGLY = {
    "money.csv": QUOTED,
    "german.csv": lines(map(german, AREA), [f"{german(p)} €" for p in PRICE], names=["area", "price"], between=";"),
    "units.csv": lines([f"{a} m²" for a in AREA], PRICE, names=["area", "price"]),
    "percent.csv": lines([f"{a / 2:.1f} %" for a in AREA], PRICE, names=["area", "price"]),
    "excel.csv": "sep=;\r\n" + lines(AREA, PRICE, names=["area", "price"], between=";"),
    "titled.csv": "Houses of 2024\nby the office\n\n" + PLAIN,
    "bank.csv": "Account;DE12\n\n" + lines(AREA, "x" * N, PRICE, names=["area", "kind", "price"], between=";"),
    "below.csv": PLAIN + ",\n,\n",
    "no-mark.csv": PLAIN.encode("utf-16-le"),
    "remarks.csv": "# exported\n# in m2\n" + PLAIN,
    "trailing.csv": lines(AREA, PRICE, [""] * N, names=["area", "price", ""]).replace("price,\n", "price\n", 1),
    "blanks.dat": lines(AREA, PRICE, names=["area", "price"], between="   "),
    "days.csv": lines(days("%d.%m.%Y"), AREA, PRICE, names=["sold", "area", "price"]),
    "us-days.csv": lines(days("%m/%d/%Y %I:%M %p"), AREA, PRICE, names=["sold", "area", "price"]),
    "gaps.csv": lines(["none", "k.A.", "--", *map(str, AREA[3:])], PRICE, names=["area", "price"]),
    "long.csv": lines([10**19 + 4096 * i for i in range(N)], AREA, PRICE, names=["key", "area", "price"]),
    "packed.csv.gz": gzip.compress(PLAIN.encode()),
    "packed.csv.zip": zipped(PLAIN),
    "old.csv": lines(AREA, PRICE, ["Köln"] * N, names=["area", "price", "city"]).encode("cp1252"),
    "wide.csv": PLAIN.encode("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("name", UGLY)
def test_two_commands(glassnet, tmp_path, name):
    contents = UGLY[name]
    (tmp_path / name).write_bytes(contents.encode() if isinstance(contents, str) else contents)
    assert glassnet(f"train {name} --target price --epochs 30 --output run --quiet").status == 0
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["data"]["task"] == "regression"
    assert result["test_r2"] > 0.5
    done = glassnet(f"predict run {name}")
    said = [float(row["prediction"]) for row in csv.DictReader(io.StringIO(done.out))]
    assert len(said) == N + 2 * (name == "below.csv")  # every row is answered
    assert np.corrcoef(said[:N], PRICE)[0, 1] > 0.8


def test_a_header_of_years_is_found_by_the_target_and_by_the_model(glassnet, tmp_path):
    rich = ["yes" if a > 100 else "no" for a in AREA]
    (tmp_path / "t.csv").write_text(lines(AREA, AREA + 1, rich, names=["2019", "2020", "rich"]))
    (tmp_path / "new.csv").write_text("2020,2019\n31,30\n181,180\n")
    assert glassnet("train t.csv --target rich --epochs 60 --quiet --output run").status == 0
    done = glassnet("predict run new.csv")
    assert (done.err, [row.split(",")[0] for row in done.out.splitlines()]) == ("", ["prediction", "no", "yes"])
    assert glassnet("evaluate run t.csv --json").json["n"] == N


def test_labels_in_one_column(glassnet, tmp_path):
    tags = [";".join(t for t, on in (("big", a > 100), ("old", i % 3 == 0)) if on) for i, a in enumerate(AREA)]
    (tmp_path / "t.csv").write_text(lines(AREA, range(N), tags, names=["area", "n", "tags"]))
    done = glassnet("train t.csv --target tags --epochs 3 --output run")
    assert done.status == 0
    assert "target   big, old: yes or no for each" in done.out
    assert "cells such as 'big;old' taken for several labels; else --task" in done.out
    assert glassnet("predict run t.csv").out.startswith("prediction big,prediction old,probability big,")
    judged = glassnet("evaluate run t.csv --json").json
    assert (judged["n"], judged["classes"]) == (N, ["big", "old"])
    (tmp_path / "new.csv").write_text("area,n,tags\n5,1,new;big\n")
    said = glassnet("evaluate run new.csv").err
    assert "row 1 (line 2), column 'tags': got the label 'new'; expected some of big, old." in said
    commas = [tag.replace(";", ", ") for tag in tags]
    (tmp_path / "c.csv").write_text(lines(AREA, [f'"{tag}"' for tag in commas], names=["area", "tags"]))
    assert glassnet("train c.csv --target tags --task multilabel --epochs 1 --quiet --output third").status == 0


def test_a_model_remembers_how_its_table_was_read(glassnet, tmp_path):
    where = ["nowhere" if i % 9 == 0 else str(a) for i, a in enumerate(AREA)]
    table = lines(days("%d/%m/%Y"), where, PRICE, names=["sold", "area", "price"])
    (tmp_path / "t.csv").write_text(table)
    assert glassnet("train t.csv --target price --epochs 2 --quiet --output run --missing nowhere").status == 0
    (tmp_path / "new.csv").write_text("sold,area\n3/4/2024,nowhere\n")
    (tmp_path / "iso.csv").write_text("sold,area\n2024-04-03,\n")
    first, second = glassnet("predict run new.csv"), glassnet("predict run iso.csv")
    assert first.status == 0
    assert first.out == second.out
    (tmp_path / "new.csv").write_text("sold,area\n12/31/2024,50\n")
    assert "row 1 (line 2), column 'sold': got '12/31/2024'" in glassnet("predict run new.csv").err
    assert glassnet("predict run new.csv --dates month-first").status == 0


def test_another_unit_is_refused(glassnet, tmp_path):
    (tmp_path / "t.csv").write_text(lines([f"{a} kg" for a in AREA], PRICE, names=["mass", "price"]))
    assert glassnet("train t.csv --target price --epochs 1 --quiet --output run").status == 0
    for cell, expected in (("5 lb", "'5 kg'"), ("5", "'5 kg'")):
        (tmp_path / "new.csv").write_text(f"mass\n{cell}\n")
        done = glassnet("predict run new.csv")
        assert done.status == 1
        assert f"got '{cell}'; expected numbers such as {expected}, as in training" in done.err
    for cell in ("1,005 kg", "0", "5kg", ""):
        (tmp_path / "new.csv").write_text(f'mass,x\n"{cell}",\n')
        assert glassnet("predict run new.csv").status == 0


def test_postal_codes_are_words_and_a_model_of_numbers_reads_numbers(glassnet, tmp_path):
    codes = ["01234", "98765", "00501", "10001"]
    for name, zips in (("codes", codes), ("plain", ["1234", "98765", "501", "10001"])):
        rows = "".join(f"{zips[i % 4]},{'big' if i % 4 < 2 else 'small'}\n" for i in range(60))
        (tmp_path / f"{name}.csv").write_text(f"zip,kind\n{rows}")
        done = glassnet(f"train {name}.csv --target kind --epochs 1 --output {name}-run")
        assert ("'00501' is taken for a code" in done.out, done.status) == (name == "codes", 0)
    (tmp_path / "new.csv").write_text("zip\n98765\n")
    known = glassnet("predict codes-run codes.csv").out.splitlines()
    assert glassnet("predict codes-run new.csv").out.splitlines() == [known[0], known[2]]
    plain = glassnet("predict plain-run plain.csv").out
    padded = glassnet("predict plain-run codes.csv")
    assert (padded.out, padded.err) == (plain, "")
    assert glassnet("evaluate plain-run codes.csv").status == 0


def test_columns_that_are_kept_come_back_as_they_are_written(glassnet, tmp_path):
    (tmp_path / "t.csv").write_text(PLAIN)
    assert glassnet("train t.csv --target price --epochs 1 --quiet --output run").status == 0
    (tmp_path / "new.csv").write_text("id,area\n007,50.00\nNA,1e2\n")
    done = glassnet("predict run new.csv --keep id,area")
    assert [row.split(",")[:2] for row in done.out.splitlines()] == [["id", "area"], ["007", "50.00"], ["NA", "1e2"]]
    assert done.err == ""
    listed = glassnet("predict run new.csv --keep id --json").json
    assert [row["id"] for row in listed] == ["007", "NA"]
    assert isinstance(listed[0]["prediction"], float)
    (tmp_path / "new.csv").write_text("AREA\n5\n")
    assert "Try renaming 'AREA' to 'area'" in glassnet("predict run new.csv").err


def test_a_target_that_never_comes_again(glassnet, tmp_path):
    (tmp_path / "t.csv").write_text(lines(AREA, [f"house {i}" for i in range(N)], names=["area", "name"]))
    done = glassnet("train t.csv --target name")
    assert done.status == 1
    assert "got 60 different texts in 60 rows; expected classes that come again, or numbers." in done.err


def test_words_among_numbers_are_told_with_a_way_out_that_works(glassnet, tmp_path):
    mixed = [("big", "small")[i % 2] if i < 20 else str(a) for i, a in enumerate(AREA)]
    (tmp_path / "t.csv").write_text(lines(mixed, PRICE, PRICE + 1, names=["area", "price", "tax"]))
    done = glassnet("train t.csv --target price --epochs 1 --output run")
    flat = " ".join(done.out.split())
    assert "left out 'area': 20 of 60 cells that are no numbers ('big', 'small'); --missing big,small" in flat
    again = glassnet("train t.csv --target price --epochs 1 --output again --missing big,small")
    assert "1 with gaps marked" in again.out
    refused = glassnet("train t.csv --target area --output third")
    assert "Try --missing big,small --drop-missing" in refused.err
    assert (
        glassnet("train t.csv --target area --missing big,small --drop-missing --epochs 1 --output third").status == 0
    )


def write_padded(path, count, most):
    """A target of amounts that are written with zeros in front."""
    rows = "".join(f"{i % 50},{(i * 37) % most:05}\n" for i in range(count))
    path.write_text(f"x,price\n{rows}", encoding="utf-8")


def test_amounts_with_zeros_in_front_are_learnt_as_numbers_when_asked(glassnet, tmp_path):
    write_padded(tmp_path / "padded.csv", 300, 50_000)
    refused = glassnet("train padded.csv --target price")
    assert refused.status == 1
    assert "got 300 different texts in 300 rows" in refused.err
    assert refused.err.endswith("Try --task regression.\n")
    done = glassnet("train padded.csv --target price --task regression --epochs 2 --output run")
    assert (done.status, done.err) == (0, "")
    assert "target   price: numbers, " in done.out
    assert "taken for a code" not in done.out
    for line in ("evaluate run", "evaluate run padded.csv", "predict run padded.csv"):
        assert glassnet(line).status == 0
    write_padded(tmp_path / "long.csv", 50_000, 50_000)
    on_disk = glassnet("train long.csv --target price --task regression --epochs 1 --output disk --memory 1")
    assert ("encoded rows stay on disk" in " ".join(on_disk.out.split()), on_disk.status) == (True, 0)


def test_few_of_them_are_taken_for_classes_and_it_is_said(glassnet, tmp_path):
    write_padded(tmp_path / "padded.csv", 300, 7)
    done = glassnet("train padded.csv --target price --epochs 1 --output run")
    said = " ".join(done.out.split())
    assert "note target 'price': codes such as '00000' taken for classes; else --task regression" in said
    done = glassnet("train padded.csv --target price --task regression --epochs 1 --output other")
    assert "target   price: numbers, 3" in done.out
