"""A table from the raw file to predictions, in two commands; and the mistakes on the way, whose ways out work."""

import csv
import io
import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from glassnet.cli.table import load_table_data
from glassnet.data.table import TableFile
from glassnet.files.png import write_png


@pytest.fixture
def flowers(tmp_path):
    """Three kinds, told apart by a length and a colour; some lengths are missing."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(240):
        kind = i % 3
        length = f"{kind + rng.normal() * 0.2:.3f}" if rng.random() > 0.1 else ""
        rows.append([i + 1, length, ("red", "blue", "blue")[kind], ("iris", "lily", "rose")[kind]])
    return write(tmp_path / "flowers.csv", ["id", "length", "colour", "kind"], rows)


@pytest.fixture
def houses(tmp_path):
    rng = np.random.default_rng(5)
    size = rng.uniform(50, 200, 200).round(1)
    rows = [[s, round(3 * s + 100 + n, 2)] for s, n in zip(size.tolist(), rng.normal(size=200).tolist(), strict=True)]
    return write(tmp_path / "houses.csv", ["size", "price"], rows)


def write(path, names, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def run(glassnet, flowers):
    assert glassnet("train flowers.csv --target kind --quiet --output run").status == 0
    return "run"


def test_from_a_raw_file_to_predictions(glassnet, flowers):
    trained = glassnet("train flowers.csv --target kind --output run")
    assert trained.status == 0
    assert "target   kind: 3 classes, iris, lily, rose" in trained.out
    assert re.search(r"parts    168 to learn from, 36 to validate on, 36 to test on", trained.out)
    assert "note     left out 'id': the rows' numbers" in trained.out
    assert "try glassnet predict run NEW.csv" in trained.out
    answers = read(glassnet("predict run flowers.csv").out)
    truth = read(flowers.read_text(encoding="utf-8"))
    assert list(answers[0]) == ["prediction", "probability iris", "probability lily", "probability rose"]
    right = [answer["prediction"] == row["kind"] for answer, row in zip(answers, truth, strict=True)]
    assert np.mean(right) > 0.9
    assert all(abs(sum(float(v) for k, v in a.items() if k != "prediction") - 1) < 1e-4 for a in answers)


def test_columns_are_found_by_name_and_oddities_counted(glassnet, run, tmp_path):
    rows = [["blue", "x", "2.1"], ["green", "y", ""], ["green", "z", "0"]]
    write(tmp_path / "new.csv", ["colour", "remark", "length"], rows)
    done = glassnet("predict run new.csv --keep remark")
    answers = read(done.out)
    assert [answer["remark"] for answer in answers] == ["x", "y", "z"]
    assert answers[0]["prediction"] == "rose"
    assert "remark" not in done.err  # it was asked for
    assert "glassnet: column 'remark' not used: the model was trained without" in glassnet("predict run new.csv").err
    assert "glassnet: column 'colour': 2 values that training never saw, such as 'green'" in done.err


def test_answers_into_a_file_and_as_json(glassnet, run, tmp_path):
    done = glassnet("predict run flowers.csv --output answers.csv")
    assert (done.status, done.out) == (0, "")
    assert "glassnet: 240 rows answered in answers.csv" in done.err
    listed = glassnet("predict run flowers.csv --json").json
    kept = read((tmp_path / "answers.csv").read_text(encoding="utf-8"))
    assert [row["prediction"] for row in kept] == [row["prediction"] for row in listed]
    assert listed[7]["row"] == 8
    refused = glassnet("predict run flowers.csv --output flowers.csv")
    assert refused.status == 2
    assert "the table itself" in refused.err


def test_the_order_and_sizes_of_pieces_do_not_matter(glassnet, run, monkeypatch):
    whole = glassnet("predict run flowers.csv").out
    monkeypatch.setattr("glassnet.data.table.TableFile", partial(TableFile, piece=300))
    for again, answer in zip(read(glassnet("predict run flowers.csv").out), read(whole), strict=True):
        assert again.pop("prediction") == answer.pop("prediction")
        assert list(map(float, again.values())) == pytest.approx(list(map(float, answer.values())), rel=1e-4)


def test_heights_come_back_in_their_own_units(glassnet, houses):
    glassnet("train houses.csv --target price --quiet --output run")
    answers = [float(row["prediction"]) for row in read(glassnet("predict run houses.csv").out)]
    truth = [float(row["price"]) for row in read(houses.read_text(encoding="utf-8"))]
    assert np.abs(np.array(answers) - truth).mean() < 15
    result = json.loads((houses.parent / "run" / "result.json").read_text(encoding="utf-8"))
    assert result["test_rmse"] < 25
    assert result["data"]["rows"] == {"train": 140, "validation": 30, "test": 30}


def test_evaluating_a_table(glassnet, run):
    judged = glassnet("evaluate run flowers.csv --json").json
    assert (judged["n"], judged["classes"]) == (240, ["iris", "lily", "rose"])
    assert judged["accuracy"] > 0.9
    shown = glassnet("evaluate run flowers.csv")
    assert shown.out.startswith("data     flowers.csv: 240 examples")


def test_evaluating_again_reads_the_same_rows(glassnet, run, tmp_path):
    result = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    again = glassnet("evaluate run --json").json
    assert (again["n"], again["accuracy"]) == (36, result["test_accuracy"])


def test_one_row_of_the_test_part(glassnet, run):
    answer = glassnet("predict run 3 --json").json[0]
    assert answer["truth"] in ("iris", "lily", "rose")


def test_several_targets(glassnet, tmp_path):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 2)).round(3)
    write(tmp_path / "t.csv", ["a", "b", "up", "right"], [[*r, int(r[0] > 0), int(r[1] > 0)] for r in x.tolist()])
    shown = glassnet("train t.csv --target up,right --output run")
    assert "of all labels right on 45 test examples" in shown.out
    answers = read(glassnet("predict run t.csv").out)
    right = [int(a["prediction up"]) == int(r[0] > 0) for a, r in zip(answers, x, strict=True)]
    assert np.mean(right) > 0.9


def test_many_words_are_embedded_and_saved(glassnet, tmp_path):
    rng = np.random.default_rng(1)
    towns = [f"town {i}" for i in range(60)]
    rows = [[towns[i % 60], round(float(i % 60) + rng.normal() * 0.1, 3)] for i in range(1200)]
    write(tmp_path / "t.csv", ["town", "value"], rows)
    shown = glassnet("train t.csv --target value --epochs 60 --output run")
    assert "1 embedded" in shown.out
    answers = read(glassnet("predict run t.csv").out)
    errors = [abs(float(a["prediction"]) - row[1]) for a, row in zip(answers, rows, strict=True)]
    assert np.mean(errors) < 6


def test_a_table_that_stays_on_disk(glassnet, tmp_path):
    rng = np.random.default_rng(1)
    rows = [[round(v, 3), round(2 * v, 3)] for v in rng.normal(size=60_000).tolist()]
    write(tmp_path / "t.csv", ["x", "y"], rows)
    shown = glassnet("train t.csv --target y --memory 1 --epochs 1 --output run")
    said = " ".join(shown.out.split())
    assert "larger than the 1 MB of memory given to tables (--memory): " in said
    peak = json.loads(Path("run/result.json").read_text(encoding="utf-8"))["peak_memory_megabytes"]
    assert f"{peak:,} MB of memory at most\n" in shown.out
    assert glassnet("evaluate run t.csv --json").json["r2"] > 0.9


def test_a_folder_of_images(glassnet, tmp_path):
    rng = np.random.default_rng(0)
    for label, shade in (("dark", 40), ("light", 200)):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for i in range(30):
            pixels = np.clip(rng.normal(shade, 20, (8, 8)), 0, 255).astype(np.uint8)
            write_png(tmp_path / "pictures" / label / f"{i}.png", pixels)
    result = glassnet("train pictures --epochs 20 --json --output run").json
    assert result["data"]["classes"] == ["dark", "light"]
    assert result["test_accuracy"] == 1.0
    assert glassnet("evaluate run --json").json["accuracy"] == 1.0
    assert glassnet("train pictures --image-size 4 --epochs 1 --quiet --output small").status == 0


# ---- mistakes, each with a suggestion that works ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([["oops" if i == 50 else i * 2, i] for i in range(200)], "--missing oops"),
        ([["inf" if i == 50 else i * 2, i] for i in range(200)], "--missing inf,-inf"),
        ([[i * 2, "-inf" if i == 50 else i * 2.5] for i in range(200)], "--missing inf,-inf --drop-missing"),
    ],
)
def test_the_suggested_missing_word_works(glassnet, tmp_path, rows, options):
    write(tmp_path / "t.csv", ["x", "y"], rows)
    line = "train t.csv --target y --quiet --epochs 1 --output run"
    first = glassnet(line)
    assert first.status == 1
    assert options in first.err
    assert "row 51" in first.err
    assert glassnet(f"{line} {options}").status == 0


def test_missing_columns_and_wrong_models_are_named(glassnet, run, tmp_path):
    write(tmp_path / "new.csv", ["colour"], [["red"]])
    done = glassnet("predict run new.csv")
    assert (done.status, done.out) == (1, "")
    assert "got no column 'length' among 'colour'" in done.err
    write(tmp_path / "words.csv", ["colour", "length"], [["red", "long"]])
    assert (
        "words.csv, row 1 (line 2), column 'length': got 'long'; expected a number"
        in glassnet("predict run words.csv").err
    )
    done = glassnet("evaluate run words.csv")
    assert "got no column 'kind'; expected the target, to judge by" in done.err
    assert "expected rows with names" in glassnet("predict run --x 1,2").err
    assert glassnet("predict run").status == 2


def test_a_model_without_columns_refuses_tables(glassnet, flowers):
    glassnet("train moons --epochs 1 --quiet --output moons-run")
    assert glassnet("predict moons-run --keep id 3").status == 2
    assert glassnet("predict moons-run flowers.csv").status != 0
    refused = glassnet("evaluate moons-run flowers.csv")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err == (
        "glassnet: got the table flowers.csv for a model of moons; expected data of that kind, with 2 features. "
        "Try moons, or a model that was trained on a table.\n"
    )


def test_a_model_file_cannot_choose_options_that_are_none(glassnet, run, tmp_path):
    from glassnet.cli.table import recorded

    assert recorded({"target": 3, "drop": ["x"], "header": "yes", "memory": -1, "data_seed": "0", "evil": "x"}) == {}
    assert recorded({"target": "y", "no_header": True, "data_seed": 4}) == {
        "target": "y", "no_header": True, "data_seed": 4,
    }  # fmt: skip


def test_raw_rows_come_by_standard_input(glassnet, run, flowers, monkeypatch, capsys):
    from_file = glassnet("predict run flowers.csv --keep id").out
    for more, bytes_ in (
        ("", flowers.read_bytes()),
        (" --delimiter semicolon", flowers.read_bytes().replace(b",", b";")),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes_), encoding="utf-8"))
        done = glassnet(f"predict run - --keep id{more}")
        assert (done.status, done.out) == (0, from_file)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"length\n1.5\n"), encoding="utf-8"))
    done = glassnet("predict run -")
    assert done.status == 1
    assert "standard input: got no column 'colour'" in done.err


def test_thousands_are_written_plainly(glassnet, tmp_path):
    rng = np.random.default_rng(5)
    size = rng.uniform(50, 200, 200).round(1).tolist()
    noise = rng.normal(size=200).tolist()
    rows = [[s, round(3e5 * s + 1e7 + 2e4 * n)] for s, n in zip(size, noise, strict=True)]
    write(tmp_path / "villas.csv", ["size", "price"], rows)
    told = glassnet("train villas.csv --target price --epochs 5 --output run").out
    assert re.search(r"RMSE\) \d{1,3}(,\d{3})+$", told, re.M)
    assert len(re.findall(r"^ +\d +[\d.]+ +\d{1,3}(?:,\d{3})+ +-?[\d.]+ +[\d.]+ s$", told, re.M)) == 6  # and epoch 0
    assert re.search(r"true \d{1,3}(,\d{3}){2}, said \d{1,3}(,\d{3}){2}$", told, re.M)
    assert "e+0" not in told.partition("largest errors")[2]
    assert all(re.fullmatch(r"\d{7,}", row["prediction"]) for row in read(glassnet("predict run villas.csv").out))


def test_whole_numbers_are_written_as_in_the_file(glassnet, tmp_path):
    rng = np.random.default_rng(5)
    rows = [
        [int(y), round(w, 2), round(y * w, 2)]
        for y, w in zip(rng.integers(1900, 2020, 90), rng.random(90), strict=True)
    ]
    write(tmp_path / "cars.csv", ["year", "weight", "price"], rows)
    told = glassnet("train cars.csv --target price --epochs 2 --output run").out
    assert re.search(r"\(year (19|20)\d\d, weight 0\.\d+\)", told)


def test_a_table_is_judged_in_pieces_as_if_it_were_whole(glassnet, run, flowers, monkeypatch):
    lines = ("evaluate run flowers.csv --json", "evaluate run flowers.csv")
    whole = [glassnet(line) for line in lines]
    monkeypatch.setattr("glassnet.data.table.TableFile", partial(TableFile, piece=600))
    pieces = [glassnet(line) for line in lines]
    assert [(done.status, done.err) for done in pieces] == [(done.status, done.err) for done in whole]
    assert pieces[1].out == whole[1].out
    figures = [json.loads(done[0].out) for done in (whole, pieces)]
    assert figures[0].pop("loss") == pytest.approx(figures[1].pop("loss"))
    assert figures[0] == figures[1]


def test_a_table_to_be_judged_comes_by_standard_input(glassnet, run, flowers, monkeypatch):
    from_file = glassnet("evaluate run flowers.csv --json").json
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(flowers.read_bytes()), encoding="utf-8"))
    piped = glassnet("evaluate run - --json").json
    assert {**piped, "data": "flowers"} == from_file


def test_classes_stay_as_they_are_written_where_a_file_has_only_those_of_digits(glassnet, tmp_path):
    write(tmp_path / "t.csv", ["x", "y"], [[i % 3 + i / 100, ("01", "02", "k")[i % 3]] for i in range(90)])
    assert glassnet("train t.csv --target y --quiet --output run").status == 0
    write(tmp_path / "digits.csv", ["x", "y"], [[1.2, "02"], [0.1, "01"]])
    assert glassnet("evaluate run digits.csv --json").json["n"] == 2


def test_a_column_says_how_much_each_row_counts(glassnet, tmp_path):
    """Of each pair of rows that contradict each other, the one that counts is learnt."""
    rows = [[i % 2, ("no", "yes")[i % 2 if i % 4 < 2 else 1 - i % 2], 1 if i % 4 < 2 else 0] for i in range(400)]
    write(tmp_path / "t.csv", ["x", "y", "times"], rows)
    line = "train t.csv --target y --epochs 30"
    assert glassnet(f"{line} --weight times --quiet --output weighted").status == 0
    write(tmp_path / "new.csv", ["x"], [[0], [1]])
    assert [a["prediction"] for a in read(glassnet("predict weighted new.csv").out)] == ["no", "yes"]
    sure = [float(a["probability yes"]) for a in read(glassnet("predict weighted new.csv").out)]
    assert sure[0] < 0.1
    assert sure[1] > 0.9
    shown = glassnet(f"{line} --weight times --output again").out
    assert "rows count by 'times': 0 to 1, 0." in shown
    wrong = glassnet(f"{line} --weight tims")
    assert wrong.status == 2
    assert "got --weight tims; expected one of x, y, times. Try --weight times" in wrong.err


def test_classes_count_as_one_says(glassnet, flowers):
    line = "train flowers.csv --target kind --epochs 2 --quiet --output run --class-weight"
    wrong = glassnet(f"{line} roses=3")
    assert (wrong.status, wrong.out) == (2, "")
    assert wrong.err.endswith("'roses'; expected iris, lily, rose. Try --class-weight rose=3.\n")
    assert glassnet(f"{line} rose=3,iris=0.5").status == 0
    result = json.loads((flowers.parent / "run" / "result.json").read_text(encoding="utf-8"))
    assert result["settings"]["class_weight"] == "rose=3,iris=0.5"


def test_a_target_cannot_be_left_out(glassnet, houses):
    done = glassnet("train houses.csv --target price --drop size,price")
    assert done.status == 2
    assert done.err == (
        "glassnet: got --target price and --drop price; expected it in one of them. Try without --drop price.\n"
    )


def test_weights_of_classes_that_are_none(glassnet, houses, flowers):
    done = glassnet("train houses.csv --target price --class-weight yes=5")
    assert done.status == 2
    assert "got --class-weight yes=5 for a regression; expected a classification." in done.err
    done = glassnet("train flowers.csv --target kind --class-weight Rose=5")
    assert done.status == 2
    hint = re.search(r"expected iris, lily, rose\. Try (--class-weight rose=5)\.", done.err)[1]
    assert glassnet(f"train flowers.csv --target kind --epochs 1 --quiet {hint}").status == 0


@pytest.mark.parametrize("options", ["--validation 0.3", "--test-fraction 0.3", "--validation 0", "--memory 1"])
def test_the_parts_of_a_table_are_as_large_as_one_says(glassnet, flowers, options):
    words = options.split()
    held = float(words[1]) if words[0] == "--validation" else 0.15
    tested = float(words[1]) if words[0] == "--test-fraction" else 0.15
    rows = len(flowers.read_text("utf-8").splitlines()) - 1
    result = glassnet(f"train flowers.csv --target kind --epochs 1 --output parts --json {options}").json
    sizes = [result["data"][part] for part in ("train", "validation", "test")]
    assert sum(sizes) == rows
    assert sizes[1:] == [pytest.approx(rows * share, abs=1) for share in (held, tested)]
    again = glassnet("evaluate parts --json").json
    assert (again["n"], again["accuracy"]) == (sizes[2], result["test_accuracy"])


def test_groups_stay_together_and_classes_keep_their_share(tmp_path):
    rows = [[i, i // 4, "rare" if i % 10 == 0 else "usual"] for i in range(400)]
    write(tmp_path / "visits.csv", ["x", "patient", "kind"], rows)
    data, _ = load_table_data("visits.csv", {"target": "kind", "validation": 0.2, "test_fraction": 0.2})
    assert [np.bincount(y).tolist() for y in (data.y_train, data.y_valid, data.y_test)] == [[24, 216], [8, 72], [8, 72]]
    data, _ = load_table_data("visits.csv", {"target": "kind", "group": "patient", "validation": 0.25})
    homes = [set((part // 4).tolist()) for part in data.rows]
    assert sum(map(len, homes)) == len(set.union(*homes)) == 100
    assert len(homes[1]) == 25


def test_parts_that_leave_nothing_to_learn_from_are_refused(glassnet, flowers):
    done = glassnet("train flowers.csv --target kind --validation 0.6 --test-fraction 0.4")
    assert (done.status, done.out) == (2, "")
    assert "got --validation 0.6 and --test-fraction 0.4; expected a share to learn from. Try --validation" in done.err


@pytest.fixture
def held_out(tmp_path, flowers):
    """The last third of the flowers as a table of its own, with a colour and columns in an order of its own."""
    rows = read(flowers.read_text("utf-8"))
    write(tmp_path / "learn.csv", list(rows[0]), [list(row.values()) for row in rows[:160]])
    swapped = [[row["kind"], "black" if i == 0 else row["colour"], row["length"]] for i, row in enumerate(rows[160:])]
    return write(tmp_path / "held.csv", ["kind", "colour", "length"], swapped)


@pytest.mark.parametrize("memory", ["", "--memory 1"])
def test_a_validation_table_of_one_s_own(glassnet, held_out, memory, monkeypatch):
    monkeypatch.setattr("glassnet.train.table_stream.fits", lambda path, megabytes=None: not memory)
    line = f"train learn.csv --target kind --epochs 3 --validation-file held.csv --output own {memory}"
    told = glassnet(line).out
    assert "80 to choose the best epoch by, " in told
    assert "held.csv: column 'colour': 1 value that training never saw, such as 'black'" in " ".join(told.split())
    result = json.loads(Path("own/result.json").read_text("utf-8"))
    last, sizes = result["history"][-1], result["data"]
    assert sizes["train"] + sizes["test"] == 160
    judged = glassnet("evaluate own held.csv --json").json
    assert judged["n"] == 80
    assert judged["accuracy"] == pytest.approx(last["validation_accuracy"])
    assert glassnet("evaluate own --json").json["n"] == sizes["test"] > 20


def test_rows_of_a_validation_table_that_are_learnt_from_are_counted(held_out):
    rows = Path("learn.csv").read_text("utf-8")
    Path("again.csv").write_text(rows, "utf-8")
    given = {"target": "kind", "drop": "id", "validation_file": "again.csv", "test_fraction": 0.0}
    data, kept = load_table_data("learn.csv", given)
    assert data.overlap == len(data.x_valid) == len(data.x_train) == 160
    assert data.findings[-1] == ("warning", "160 of the rows of again.csv also among those to learn from")
    assert data.example(1, 3).startswith("row 4 (length ")
    assert kept["validation_file"] == "again.csv"


def test_mistakes_about_validation_tables(glassnet, held_out):
    write(Path("short.csv"), ["length", "colour"], [[1, "red"]])
    for options, status, said in (
        ("--validation-file short.csv", 1, "short.csv: got no column 'kind'; expected the target, to choose"),
        ("--validation-file none.csv", 1, "none.csv"),
        ("--validation-file held.csv --validation 0.2", 2, "expected one of them. Try without --validation."),
    ):
        done = glassnet(f"train learn.csv --target kind {options}")
        assert (done.status, done.out) == (status, "")
        assert said in done.err


def test_mistakes_are_found_in_the_file(glassnet, flowers):
    assert glassnet("train flowers.csv --target kind --epochs 1 --quiet --output run").status == 0
    with open("run/mistakes.csv", encoding="utf-8", newline="") as file:
        mistakes = list(csv.DictReader(file))
    assert list(mistakes[0])[:7] == ["example", "row", "line", "true", "said", "confidence", "confidence in true"]
    lines, rows = flowers.read_text("utf-8").splitlines(), read(flowers.read_text("utf-8"))
    for mistake in mistakes:
        row = rows[int(mistake["row"]) - 1]
        assert (mistake["true"], mistake["id"], mistake["colour"]) == (row["kind"], row["id"], row["colour"])
        assert lines[int(mistake["line"]) - 1].split(",")[0] == mistake["id"]


def test_the_doctor_names_rows_of_the_file(glassnet, tmp_path):
    """Labels that are wrong on purpose are found where they stand in the file."""
    x = np.random.default_rng(3).normal(size=300).round(2) + np.arange(300) % 2 * 6
    wrong = {30, 91, 150, 203, 254}
    kinds = [("low", "high")[(i % 2) ^ (i in wrong)] for i in range(300)]
    write(tmp_path / "t.csv", ["x", "kind"], zip(x.tolist(), kinds, strict=True))
    assert glassnet("train t.csv --target kind --epochs 40 --quiet --output run").status == 0
    done = glassnet("doctor run --json")
    noise = next(finding for finding in done.json["findings"] if finding["name"] == "label noise")
    named = {int(row) - 1 for row in re.findall(r"row (\d+) \(", noise["seen"])}
    assert named
    assert named <= wrong
    assert noise["code"] == ""
    assert "print(x[" not in glassnet("doctor run").out


def test_judging_by_the_rows_that_were_learnt_from_is_said(glassnet, flowers, run):
    done = glassnet("evaluate run flowers.csv")
    told = "168 of these rows were learnt from; to judge the 36 test rows alone: glassnet evaluate run"
    assert (done.status, done.err) == (0, f"glassnet: {told}\n")
    flowers.with_name("others.csv").write_bytes(flowers.read_bytes())
    assert glassnet("evaluate run others.csv").err == ""
    of_a_file = glassnet("evaluate run/model.safetensors flowers.csv").err
    assert of_a_file.startswith("glassnet: most of these rows were learnt from; to judge the test rows alone:")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("price", "squared error, in the units that were learnt"),
        ("hot,cold", "binary cross-entropy"),
        ("kind", "cross-entropy"),
    ],
)
def test_judged_by_a_table_the_loss_is_said_too(glassnet, tmp_path, target, words):
    xs = np.random.default_rng(2).normal(size=60).tolist()
    rows = [[x, round(3 * x + 1, 2), int(x > 0), int(x < 1), ("low", "high")[x > 0]] for x in xs]
    write(tmp_path / "t.csv", ["x", "price", "hot", "cold", "kind"], rows)
    others = ",".join(name for name in ("price", "hot", "cold", "kind") if name not in target.split(","))
    assert glassnet(f"train t.csv --target {target} --drop {others} --epochs 2 --quiet --output run").status == 0
    loss = glassnet("evaluate run t.csv --json").json["loss"]
    assert f"loss     {loss:.4g} ({words}, on average)" in glassnet("evaluate run t.csv").out


def test_mistakes_among_several_labels_are_told(glassnet, tmp_path):
    rng = np.random.default_rng(2)
    rows = [[i, round(rng.normal(), 2), ("a;b", "b", "", "a;c")[i % 4]] for i in range(120)]
    write(tmp_path / "t.csv", ["i", "x", "tags"], rows)
    done = glassnet("train t.csv --target tags --epochs 1 --output run")
    told = glassnet("plot run mistakes").out
    assert told.startswith("worst mistakes\n")
    assert re.search(r"  row \d+ \(.*\)  (missed|invented) [abc]", told)
    assert told.strip() in done.out
    assert re.search(r"worst mistakes\n  row \d+ ", glassnet("evaluate run t.csv").out)


def test_a_test_row_is_asked_about_by_its_number(glassnet, run, flowers):
    done = glassnet("predict run 3")
    assert re.search(r"^row \d+ \(length .*, colour .*\) of flowers.csv$", done.out, re.M)
    assert re.search(r"^(right|wrong): it is (iris|lily|rose)$", done.out, re.M)
    assert glassnet("predict run 3 --json").json[0]["row"].endswith("of flowers.csv")


def test_a_test_row_of_several_labels(glassnet, tmp_path):
    rows = [[i % 8, ("a;b", "b", "", "a;c")[i % 4]] for i in range(200)]
    write(tmp_path / "t.csv", ["x", "tags"], rows)
    assert glassnet("train t.csv --target tags --epochs 2 --quiet --output run").status == 0
    for index in range(4):
        done = glassnet(f"predict run {index} --json").json[0]
        shares = done["probabilities"]
        assert done["prediction"] == [label for label, share in shares.items() if share > 0.5]
        row = int(re.match(r"row (\d+) ", done["row"])[1]) - 1
        assert done["truth"] == [label for label in rows[row][1].split(";") if label]
        told = glassnet(f"predict run {index}").out
        verdict = "right" if done["truth"] == done["prediction"] else "wrong"
        assert f"{verdict}: it is {' + '.join(done['truth']) or 'none of them'}" in told


def test_mistakes_of_rows_that_are_others_now_are_not_told(glassnet, run, flowers):
    assert glassnet("plot run mistakes").status == 0
    text = flowers.read_text("utf-8")
    flowers.write_text(text + "".join(text.splitlines(keepends=True)[1:40]), "utf-8")
    done = glassnet("plot run mistakes")
    assert (done.status, done.out) == (1, "")
    assert done.err.endswith("Try the file mistakes.csv in the run's folder.\n")
