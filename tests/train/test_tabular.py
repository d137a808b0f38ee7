"""Rows of a table as numbers, and the way back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.summary import Summaries, Summary
from glassnet.data.table import Table
from glassnet.errors import DataError, FormatError
from glassnet.train.tabular import Feature, Oddities, TableCode, Target

PRICE = Target("regression", ("price",), means=(10.0,), spreads=(4.0,))


def coded(one_hot_up_to=32, as_words=(), **columns):
    table = Table.of({**columns, "price": [10.0] * len(next(iter(columns.values())))}, "t")
    return TableCode.fitted(Summaries.of(table, as_words), columns, PRICE, one_hot_up_to), table


def test_every_number_by_hand():
    """x: mean 2, deviation 1 of 1, 3; the gap becomes the mean, marked. c: a twice, so it fills the gap."""
    code, table = coded(x=[1.0, 3.0, None], c=["a", None, "a"])
    assert code.labels == ["x", "x missing", "c=a", "c missing"]
    assert code.encode(table).tolist() == [[-1, 0, 1, 0], [1, 0, 1, 1], [0, 1, 1, 0]]


def test_embedded_columns_come_last_as_places():
    code, table = coded(1, c=["b", "a", "b", None], x=[0.0, 2.0, 0.0, 2.0])
    assert code.labels == ["x", "c missing", "c"]
    assert code.encode(table)[:, -1].tolist() == [1, 2, 1, 1]
    assert code.tables == [(3, 3)]


def test_words_never_seen_are_nothing_and_are_counted():
    code, _ = coded(c=["a", "b"], x=[1.0, 3.0])
    odd = Oddities()
    new = Table.of({"x": [1.0, None, 3.0], "c": ["z", "b", "y"], "more": [1, 2, 3]}, "new")
    encoded = code.encode(new, odd)
    columns = {label: encoded[:, i].tolist() for i, label in enumerate(code.labels)}
    assert (columns["c=a"], columns["c=b"]) == ([0, 0, 0], [0, 1, 0])
    assert odd.notes() == [
        "column 'c': 2 values that training never saw, such as 'z'",
        "column 'x': 1 missing value filled, where training had none",
    ]


def test_numbers_taken_as_words_are_spelled_alike_everywhere():
    code, _ = coded(as_words=["zip"], zip=[10115, 80331, 10115])
    odd = Oddities()
    assert code.encode(Table.of({"zip": ["80331", "x"]}), odd).tolist() == [[0, 1], [0, 0]]
    assert code.encode(Table.of({"zip": [80331.0, 10115.0]}), odd).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"y": [1.0]}, "new: got no column 'x' among 'y'; expected the 1 columns of the training."),
        ({"x": [1.0, np.inf]}, "new, row 2, column 'x': got inf; expected a finite number."),
        ({"x": [1.0, -1e308]}, "new, row 2, column 'x': got -1e+308; expected a number of at most 1e+100."),
        ({"x": ["1", "oops"]}, "new, row 2, column 'x': got 'oops'; expected a number."),
    ],
)
def test_rows_that_cannot_be_encoded_are_named(columns, said):
    code, _ = coded(x=[1.0, 3.0])
    with pytest.raises(DataError) as caught:
        code.encode(Table.of(columns, "new"))
    assert said in str(caught.value)


def test_numbers_are_refused_where_dates_were_learnt():
    code, _ = coded(day=np.array(["2024-01-01", "2024-01-03"], "datetime64[D]"))
    day = np.array(["2024-01-02"], "datetime64[D]")
    assert code.encode(Table.of({"day": day})).tolist() == [[0.0]]
    with pytest.raises(DataError, match="new, row 1, column 'day': got '45293'; expected dates such as '2024-02-29'"):
        code.encode(Table.of({"day": [45293]}, "new"))  # how a spreadsheet counts days
    amounts, _ = coded(day=[1.0, 3.0])
    older = TableCode.from_dict({**code.as_dict(), "features": [{**code.as_dict()["features"][0], "unit": ""}]}, "m")
    assert older.encode(Table.of({"day": day})).tolist() == [[0.0]]
    assert amounts.encode(Table.of({"day": [2]})).tolist() == [[0.0]]


def test_targets():
    table = Table.of({"price": [2.0, 14.0], "kind": ["b", "a"], "n": [1, 0], "f": ["no", "Yes"]}, "t")
    assert PRICE.encode(table).tolist() == [[-2.0], [1.0]]
    assert PRICE.restored(PRICE.encode(table)).tolist() == [[2.0], [14.0]]
    assert Target("classification", ("kind",), ("a", "b")).encode(table).tolist() == [1, 0]
    assert Target("multilabel", ("n", "f")).encode(table).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    for word, meant in (("yes", 1.0), ("no", 0.0)):  # of some rows all say the same
        assert Target("multilabel", ("f",)).encode(Table.of({"f": [word, word]})).tolist() == [[meant], [meant]]
    with pytest.raises(DataError, match=r"t, row 1, column 'kind': got 'b'; expected one of a, c."):
        Target("classification", ("kind",), ("a", "c")).encode(table)
    with pytest.raises(DataError, match=r"row 2, column 'kind': got no value \(2 rows have none\)"):
        Target("classification", ("kind",), ("a",)).encode(Table.of({"kind": ["a", None, None]}))


values = st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from(["a", "b", "", "long word"]))


@given(st.lists(st.tuples(values, values), min_size=1, max_size=20), st.integers(0, 4))
def test_a_code_survives_the_file_and_encodes_alike(rows, one_hot_up_to):
    code, table = coded(one_hot_up_to, u=[row[0] for row in rows], v=[row[1] for row in rows])
    again = TableCode.from_dict(json.loads(json.dumps(code.as_dict())), "m")
    assert again == code
    encoded = code.encode(table)
    assert np.isfinite(encoded).all()
    assert encoded.shape == (len(rows), code.width) == (len(rows), len(code.labels))
    assert (again.encode(table) == encoded).all()


GOOD = coded(x=[1.0, 3.0], c=["a", "b"])[0].as_dict()


@given(st.data())
def test_no_damaged_description_is_believed(data):
    """Any value put anywhere into a description is refused by name, or makes a code that can be used."""
    damaged = json.loads(json.dumps(GOOD))
    place = data.draw(st.sampled_from([damaged, damaged["target"], *damaged["features"]]))
    key = data.draw(st.sampled_from(list(place)))
    odd = st.sampled_from([None, True, -1, 0, 1e400, "x", [], ["a", "a"], [1], {}, [None], "embedded", [float("nan")]])
    place[key] = data.draw(odd)
    said = "m.safetensors: got"
    try:
        code = TableCode.from_dict(damaged, "m.safetensors")
    except FormatError as problem:
        said = str(problem)
    else:
        assert code.width == len(code.labels)
        assert np.isfinite([f.mean for f in code.features]).all()
    assert said.startswith("m.safetensors: got")


@given(st.lists(st.lists(st.one_of(st.none(), st.floats(-1e5, 1e5)), max_size=8), min_size=1, max_size=6))
def test_summaries_of_pieces_are_the_summary_of_the_whole(parts):
    pieces, whole = Summary("x"), Summary("x")
    for part in parts:
        pieces.add(Table.of({"x": np.array([np.nan if v is None else v for v in part])})["x"])
    together = np.array([np.nan if v is None else v for part in parts for v in part])
    whole.add(Table.of({"x": together})["x"])
    known = together[~np.isnan(together)]
    assert (pieces.rows, pieces.gaps, pieces.constant) == (whole.rows, whole.gaps, whole.constant)
    if len(known):
        assert pieces.mean == pytest.approx(known.mean(), rel=1e-9, abs=1e-6)
        assert pieces.std == pytest.approx(known.std(), rel=1e-6, abs=1e-5)
        assert (pieces.least, pieces.most) == (known.min(), known.max())


def test_a_feature_keeps_the_most_frequent_words(monkeypatch):
    monkeypatch.setattr("glassnet.train.tabular.MOST_WORDS", 2)
    summary = Summary.of(Table.of({"c": ["x", "y", "y", "z", "z"]})["c"])
    assert Feature.fitted(summary).words == ("y", "z")
