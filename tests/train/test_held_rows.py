"""Validation rows that stay on disk: the same numbers as in memory, in the memory of a piece."""

import tracemalloc

import numpy as np
import pytest

from glassnet.data.mapped import is_mapped
from glassnet.data.table import TableFile
from glassnet.errors import DataError
from glassnet.train.held_rows import with_streamed_validation
from glassnet.train.table_data import table_data, with_validation
from glassnet.train.table_plan import TableOptions

SIZES = ("big", "small", "middle")


def written(path, rows, seed):
    rng = np.random.default_rng(seed)
    x, size, kind = rng.normal(size=rows).round(3), rng.integers(0, 3, rows), rng.integers(0, 2, rows)
    lines = [f"{a},{SIZES[b]},{b + 1},{('no', 'yes')[c]}" for a, b, c in zip(x, size, kind, strict=True)]
    path.write_text("x,size,times,kind\n" + "\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def learnt(tmp_path):
    table = TableFile(written(tmp_path / "learn.csv", 200, 0)).read()
    return table_data(table, TableOptions(("kind",), weight="times"))


def test_rows_on_disk_are_those_in_memory(learnt, tmp_path):
    held = written(tmp_path / "held.csv", 300, 1)
    in_memory = with_validation(learnt, TableFile(held).read(), "times")
    on_disk = with_streamed_validation(learnt, TableFile(held, piece=512), "times")
    assert is_mapped(on_disk.x_valid)
    np.testing.assert_array_equal(on_disk.x_valid, in_memory.x_valid)
    np.testing.assert_array_equal(on_disk.y_valid, in_memory.y_valid)
    np.testing.assert_array_equal(on_disk.rows[1], in_memory.rows[1])
    for ours, theirs in zip(on_disk.weights, in_memory.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert on_disk.x_train is learnt.x_train


def test_a_row_on_disk_is_told_by_its_own_number(learnt, tmp_path):
    data = with_streamed_validation(learnt, TableFile(written(tmp_path / "held.csv", 30, 1)), "times")
    assert data.example(1, 3) == "row 4"
    assert data.example(0, 0).startswith(f"row {learnt.rows[0][0] + 1} (")  # those that are learnt from are at hand


def test_what_is_odd_is_said_once_for_all_pieces(learnt, tmp_path):
    path = written(tmp_path / "held.csv", 300, 1)
    path.write_text(path.read_text("utf-8").replace("small", "tiny"), "utf-8")
    count = path.read_text("utf-8").count("tiny")
    data = with_streamed_validation(learnt, TableFile(path, piece=512), "times")
    told = [finding.text for finding in data.findings if "never saw" in finding.text]
    assert told == [f"held.csv: column 'size': {count} values that training never saw, such as 'tiny'"]
    assert any(text.endswith("encoded rows stay on disk") for _, text in data.findings)


def test_a_row_without_a_target_far_down_is_named(learnt, tmp_path):
    path = written(tmp_path / "held.csv", 300, 1)
    lines = path.read_text("utf-8").splitlines()
    lines[251] = lines[251].rsplit(",", 1)[0] + ","
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(DataError, match=r"held\.csv, row 251 \(line 252\), column 'kind': got no value"):
        with_streamed_validation(learnt, TableFile(path, piece=512), "times")


def test_a_table_without_the_target_is_refused(learnt, tmp_path):
    (tmp_path / "held.csv").write_text("x,size,times\n1,big,1\n", "utf-8")
    with pytest.raises(DataError, match=r"held\.csv: got no column 'kind'; expected the target, to choose"):
        with_streamed_validation(learnt, TableFile(tmp_path / "held.csv"), "times")


def peak_of_reading(learnt, path, rows):
    """The most memory that encoding so many validation rows takes, as NumPy and Python ask for it."""
    file = TableFile(written(path, rows, 2), piece=1 << 14)
    tracemalloc.start()
    try:
        return len(with_streamed_validation(learnt, file, "times").x_valid), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(learnt, tmp_path):
    few, small = peak_of_reading(learnt, tmp_path / "held.csv", 4_000)
    many, large = peak_of_reading(learnt, tmp_path / "held.csv", 24_000)
    assert (few, many) == (4_000, 24_000)
    assert large - small < 4 * (many - few)  # bytes: an encoded row and what belongs to it are 40
