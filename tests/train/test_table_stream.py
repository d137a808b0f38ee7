"""Tables that stay on disk: the same code as in memory, in two passes."""

import json
import os
import tracemalloc

import numpy as np
import pytest

from glassnet.cli.main import main
from glassnet.data.table import TableFile
from glassnet.errors import DataError
from glassnet.train.doctor import gathering
from glassnet.train.recipes import recipe_for
from glassnet.train.table_data import TableData, table_data
from glassnet.train.table_plan import TableOptions
from glassnet.train.table_stream import fits, streamed_data
from glassnet.train.training import Training


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def houses(tmp_path):
    rng = np.random.default_rng(0)
    size, city = rng.uniform(20, 200, 3000).round(1), rng.choice(["Ulm", "Rom", "Köln"], 3000)
    price = (size * np.where(city == "Rom", 5, 3) + rng.normal(size=3000)).round(2)
    gap = rng.random(3000) < 0.1
    rows = [
        f"{'' if g else s},{c},{i // 10},{p}" for i, (s, c, p, g) in enumerate(zip(size, city, price, gap, strict=True))
    ]
    path = tmp_path / "houses.csv"
    path.write_text("size,city,block,price\n" + "\n".join(rows), encoding="utf-8")
    return TableFile(path, piece=4096)


def test_rows_on_disk_are_those_in_memory(houses):
    streamed = streamed_data(houses, TableOptions(("price",)))
    table = houses.read()
    assert isinstance(streamed.x_train, np.memmap)
    for part, x, y in zip(
        streamed.rows,
        (streamed.x_train, streamed.x_valid, streamed.x_test),
        (streamed.y_train, streamed.y_valid, streamed.y_test),
        strict=True,
    ):
        np.testing.assert_array_equal(x, streamed.code.encode(table.take(part)))
        np.testing.assert_array_equal(y, streamed.code.target.encode(table.take(part)))
    assert sorted(np.concatenate(streamed.rows).tolist()) == list(range(3000))
    assert [len(part) for part in streamed.rows] == [2100, 450, 450]
    learnt = table.take(streamed.rows[0])["size"].values
    assert streamed.code.features[0].mean == pytest.approx(np.nanmean(learnt))


def test_rows_with_nothing_in_them_are_left_out(houses, tmp_path):
    longer = tmp_path / "longer.csv"
    longer.write_text(houses.path.read_text(encoding="utf-8") + "\n,,,\n,,,\n", encoding="utf-8")
    streamed = streamed_data(TableFile(longer, piece=4096), TableOptions(("price",)))
    assert sum(map(len, streamed.rows)) == 3000
    assert "left out 2 rows with nothing in them" in [finding.text for finding in streamed.findings]
    np.testing.assert_array_equal(streamed.x_train, streamed_data(houses, TableOptions(("price",))).x_train)


def test_a_column_that_tells_the_target_is_found_on_disk_too(houses, tmp_path):
    head, *rows = houses.path.read_text(encoding="utf-8").splitlines()
    told = tmp_path / "told.csv"
    taxed = [f"{row},{1.19 * float(row.rpartition(',')[2]):.2f}" for row in rows]
    told.write_text("\n".join([f"{head},with tax", *taxed]), encoding="utf-8")
    said = "column 'with tax' nearly tells the target 'price' by itself: known only afterwards? (--drop 'with tax')"
    warned = [
        [finding.text for finding in streamed_data(file, TableOptions(("price",))).findings]
        for file in (TableFile(told, piece=4096), houses)
    ]
    assert [said in texts for texts in warned] == [True, False]


def test_both_ways_lead_to_the_same_columns(houses):
    options = TableOptions(("price",))
    on_disk, in_memory = streamed_data(houses, options), table_data(houses.read(), options)
    assert on_disk.feature_names == in_memory.feature_names
    assert (on_disk.task, on_disk.classes) == (in_memory.task, in_memory.classes)


def test_groups_stay_together_on_disk(houses):
    made = streamed_data(houses, TableOptions(("price",), group="block"))
    blocks = [set((part // 10).tolist()) for part in made.rows]
    assert not blocks[0] & blocks[1] | blocks[0] & blocks[2] | blocks[1] & blocks[2]


def test_classes_of_whole_numbers_and_rows_without_a_target(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i * 0.5},{'' if i % 5 == 4 else i % 3 + 1}\n" for i in range(1000)))
    file = TableFile(path, piece=512)
    made = streamed_data(file, TableOptions(("y",), drop_missing=True))
    assert (made.classes, sum(map(len, made.rows))) == (("1", "2", "3"), 800)
    with pytest.raises(DataError, match=r"row 5 \(line 6\), column 'y': got no value"):
        streamed_data(file, TableOptions(("y",)))


@pytest.mark.parametrize("kinds", [("no", "yes"), ("0", "1"), ("3", "7")])
def test_every_class_has_its_share_in_every_part(tmp_path, kinds):
    path = tmp_path / "t.csv"
    rows = [f"{i * 0.5},{kinds[i % 20 == 7]}" for i in range(4000)] + [f"9,{kinds[1]}"] * 3
    path.write_text("x,y\n" + "\n".join(rows), encoding="utf-8")
    made = streamed_data(TableFile(path, piece=512), TableOptions(("y",)))
    counts = [np.bincount(y).tolist() for y in (made.y_train, made.y_valid, made.y_test)]
    assert counts == [[2660, 142], [570, 31], [570, 30]] or counts == [[2660, 143], [570, 30], [570, 30]]
    other = streamed_data(TableFile(path, piece=512), TableOptions(("y",), seed=1))
    assert not np.array_equal(other.rows[0], made.rows[0])


def test_a_regression_of_few_whole_numbers_and_several_targets_are_dealt_as_one(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y,z\n" + "".join(f"{i},{i % 4},{i % 2}\n" for i in range(2000)), encoding="utf-8")
    for options in (TableOptions(("y",), task="regression"), TableOptions(("y", "z"))):
        made = streamed_data(TableFile(path, piece=512), options)
        assert [len(part) for part in made.rows] == [1400, 300, 300]


def test_numbers_first_and_words_later(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("k,y\n" + "".join(f"{i % 7:02},{i}\n" for i in range(400)) + "A1,3\n02,5\nB2,4\n" * 200)
    made = streamed_data(TableFile(path, piece=900), TableOptions(("y",)))
    assert set(made.code.features[0].words) >= {"00", "06", "A1", "B2"}


def test_it_can_be_learnt_from(houses):
    made = streamed_data(houses, TableOptions(("price",)))
    training = Training(made, recipe_for(made, epochs=15))
    list(training)
    assert training.test().r2 > 0.8


def test_nothing_stays_in_the_cache_folder(houses, tmp_path):
    made = streamed_data(houses, TableOptions(("price",)))
    assert isinstance(made, TableData)
    folder = tmp_path / "cache" / "tables"
    del made
    assert os.listdir(folder) == []


def test_what_fits_is_a_matter_of_size(houses):
    assert fits(str(houses.path))
    assert fits(str(houses.path), 1)
    assert not fits(str(houses.path), 0)


def test_a_run_from_a_table_on_disk_says_how_much_memory_it_took(tmp_path):
    path = tmp_path / "long.csv"
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(12_000, 12))
    np.savetxt(path, rows, "%.6f", ",", header=",".join("abcdefghijkl"), comments="")
    run = tmp_path / "run"
    words = ["train", str(path), "--target", "l", "--memory", "1", "--epochs", "1", "--quiet", "--output", str(run)]
    assert main(words) == 0
    result = json.loads((run / "result.json").read_text())
    assert 10 < result["peak_memory_megabytes"] < 20_000


def test_labels_and_money_are_the_same_on_disk_and_in_memory(tmp_path):
    path = tmp_path / "t.csv"
    rows = [f'{i % 7},"${i * 1000:,}",{("a;b", "b", "", "c;a")[i % 4]}' for i in range(400)]
    path.write_text("x,cost,tags\n" + "\n".join(rows))
    options = TableOptions(("tags",))
    on_disk, in_memory = (
        streamed_data(TableFile(path, piece=1024), options),
        table_data(TableFile(path).read(), options),
    )
    assert on_disk.code.target == in_memory.code.target
    assert on_disk.classes == ("a", "b", "c")
    for row, labels in zip(on_disk.rows[0].tolist(), on_disk.y_train.tolist(), strict=True):
        assert labels == [[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 1]][row % 4]
    assert [f.unit for f in on_disk.code.features] == ["", "$#"]
    assert sum("is read as" in finding.text for finding in on_disk.findings) == 1


def peak_of_reading(path, rows):
    """The most memory that reading a table of so many rows takes, as NumPy and Python ask for it."""
    path.write_text("a,b,y\n" + "".join(f"{i}.5,{i % 13}.75,{i % 97}.25\n" for i in range(rows)), encoding="utf-8")
    tracemalloc.start()
    try:
        made = streamed_data(TableFile(path, piece=1 << 14), TableOptions(("y",)))
        return sum(map(len, made.rows)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(tmp_path):
    few, small = peak_of_reading(tmp_path / "t.csv", 4_000)
    many, large = peak_of_reading(tmp_path / "t.csv", 24_000)
    assert (few, many) == (4_000, 24_000)
    assert large - small < 1.0 * (many - few)  # not even a byte a row


def test_the_doctor_looks_at_rows_spread_over_the_file(houses, monkeypatch):
    monkeypatch.setattr(gathering, "_ROWS", 100)
    streamed, table = streamed_data(houses, TableOptions(("price",))), houses.read()
    some = gathering.in_memory(streamed)
    assert [len(x) for x in (some.x_train, some.x_valid, some.x_test)] == [100, 90, 90]
    assert not isinstance(some.x_train, np.memmap)
    for rows, x, y in zip(
        some.rows, (some.x_train, some.x_valid, some.x_test), (some.y_train, some.y_valid, some.y_test), strict=True
    ):
        np.testing.assert_array_equal(x, streamed.code.encode(table.take(rows)))
        np.testing.assert_array_equal(y, streamed.code.target.encode(table.take(rows)))
    assert some.example(0, 3) == f"row {some.rows[0][3] + 1:,}"
    in_memory = table_data(table, TableOptions(("price",)))
    assert gathering.in_memory(in_memory) is in_memory
