"""What is no table, no folder and no number of examples is said to be none, with a way out."""

import numpy as np
import pytest

from glassnet.data import read_table
from glassnet.data.columns import Column
from glassnet.data.folders import image_folder
from glassnet.data.images import idx_files, idx_folder
from glassnet.data.parquet import read_parquet
from glassnet.data.split import folds, split
from glassnet.errors import DataError, FileError, ValueRangeError


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (None, "column 'area': got a NoneType; expected one value for each row. Try a list with one value"),
        (3, "column 'area': got a int;"),
        ("abc", "column 'area': got a str;"),
        ({}, "column 'area': got a dict;"),
        ([[1, 2], [3]], "column 'area': got a list with lists of different length in it;"),
        (np.zeros((2, 3)), "column 'area': got values of shape (2, 3);"),
    ],
)
def test_a_column_is_a_list_of_values(values, said):
    for make in (lambda: read_table({"area": values}), lambda: Column.of("area", values)):
        with pytest.raises(DataError) as caught:
            make()
        assert str(caught.value).startswith(said)


@pytest.mark.parametrize("source", [None, 3, object(), [[1, 2], [3]], np.zeros((2, 2, 2)), True])
def test_a_table_is_a_frame_a_dict_or_rows(source):
    with pytest.raises(DataError, match=r"expected a frame, a dict of columns or an array.* Try a dict\."):
        read_table(source)


@pytest.mark.parametrize("path", [None, 3, ["a"]])
def test_a_path_is_a_name(path):
    for read in (image_folder, idx_folder, read_parquet, lambda p: idx_files(p, p)):
        with pytest.raises(FileError, match="in place of a path; expected the name of a file or folder"):
            read(path)


@pytest.mark.parametrize("n", [None, -1, 2.5, "10", True, np.zeros(3)])
def test_a_count_is_a_whole_number(n):
    for parts in (split, folds):
        with pytest.raises(ValueRangeError, match=r"got n=.*; expected how many examples there are\. Try n=len\(y\)"):
            parts(n)


@pytest.mark.parametrize("shares", [None, 0.5, "0.5"])
def test_shares_are_a_list(shares):
    with pytest.raises(ValueRangeError, match=r"expected a list of shares that add up to 1\. Try \(0.8, 0.1, 0.1\)"):
        split(10, shares)


@pytest.mark.parametrize(
    ("n", "k", "instead"), [(5, 6, 5), (5, 1, 5), (3, 4, 3), (20, 21, 5), (20, 2.0, 5), (20, None, 5)]
)
def test_folds_are_as_many_as_there_can_be(n, k, instead):
    with pytest.raises(ValueRangeError, match=rf"for {n} examples; expected from 2 to {n}\. Try k={instead}\."):
        folds(n, k)
    parts = folds(n, instead)
    assert sorted(int(i) for _, held in parts for i in held) == list(range(n))


@pytest.mark.parametrize("n", [0, 1])
def test_one_example_has_no_folds(n):
    with pytest.raises(ValueRangeError, match="expected at least 2"):
        folds(n, 2)


def test_each_example_may_be_a_fold():
    assert [len(train) for train, _ in folds(4, 4)] == [3] * 4
