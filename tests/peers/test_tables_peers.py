"""Tables beside those of pandas, polars and pyarrow: the same cells, numbers and gaps."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.dialect import MISSING
from glassnet.data.parquet import ParquetTable
from glassnet.data.table import TableFile, read_table
from glassnet.errors import GlassnetError
from glassnet.train.table_data import table_data
from glassnet.train.table_plan import TableOptions
from glassnet.train.table_stream import streamed_data

pytestmark = pytest.mark.peers

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")

NUMBERS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**15), 10**15))
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=6)


def known(frame):
    """Values as we see them: None for what stands for nothing, words without the space around them."""
    words = [None if word is None else word.strip(" \t\n\r\x0b\x0c") for word in frame]
    return [None if word is None or word.lower().encode() in MISSING else word for word in words]


@given(st.lists(st.tuples(NUMBERS, WORDS), min_size=2, max_size=30), st.integers(50, 500))
def test_the_same_numbers_and_words_as_pandas(tmp_path_factory, rows, piece):
    path = tmp_path_factory.getbasetemp() / "same.csv"
    frame = pandas.DataFrame(rows, columns=["n", "w"])
    frame.to_csv(path, index=False, lineterminator="\n")
    try:
        ours = TableFile(path, delimiter="comma", header=True, words=("w",), piece=piece).read()
    except GlassnetError as problem:
        pytest.fail(str(problem))
    theirs = pandas.read_csv(path, keep_default_na=False, dtype={"w": str, "n": str})
    np.testing.assert_array_equal(ours["n"].values, theirs["n"].map(float).to_numpy())
    assert [ours["w"].cell(i) or None for i in range(len(rows))] == known(theirs["w"].tolist())


def frame():
    return {
        "n": [1.5, None, 3.0],
        "i": [1, 2, 3],
        "b": [True, False, True],
        "w": ["a", None, "c"],
        "t": [np.datetime64("2024-01-01T00:00:00"), None, np.datetime64("2024-01-03T12:00:00")],
    }


def as_pandas(values):
    made = pandas.DataFrame({k: v for k, v in values.items() if k != "t"})
    made["t"] = pandas.to_datetime(pandas.Series(values["t"]))
    return made


FORMS = {
    "pandas": as_pandas,
    "pandas nullable": lambda v: as_pandas(v).convert_dtypes(),
    "pandas category": lambda v: as_pandas(v).astype({"w": "category"}),
    "polars": lambda v: polars.from_pandas(as_pandas(v)),
    "pyarrow": lambda v: pyarrow.Table.from_pandas(as_pandas(v)),
}


@pytest.mark.parametrize("form", FORMS)
def test_frames_of_every_library_are_the_same_table(form):
    table = read_table(FORMS[form](frame()))
    assert [column.kind for column in table.columns] == ["number", "whole", "boolean", "category", "date"]
    assert [column.missing.tolist() for column in table.columns] == [
        [False, True, False], [False] * 3, [False] * 3, [False, True, False], [False, True, False],
    ]  # fmt: skip
    assert table["n"].values[[0, 2]].tolist() == [1.5, 3.0]
    assert table["t"].cell(2) == "2024-01-03T12:00:00"


def test_a_polars_category_and_wide_numbers():
    made = polars.DataFrame({"c": ["x", None, "y"], "u": [1, 2, 3]}).with_columns(
        polars.col("c").cast(polars.Categorical), polars.col("u").cast(polars.UInt8)
    )
    table = read_table(made)
    assert [table["c"].cell(i) for i in range(3)] == ["x", "", "y"]
    assert table["u"].values.tolist() == [1.0, 2.0, 3.0]


def test_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    as_pandas(frame()).to_parquet(path)
    table = read_table(path)
    assert [column.kind for column in table.columns] == ["number", "whole", "boolean", "category", "date"]
    [piece] = ParquetTable(path).pieces()
    assert [piece[name].cell(0) for name in piece.names] == [table[name].cell(0) for name in table.names]
    streamed = streamed_data(ParquetTable(path), TableOptions(("n",), drop_missing=True))
    assert sum(map(len, streamed.rows)) == 2
    (tmp_path / "no.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(GlassnetError, match=r"no.parquet: got"):
        read_table(tmp_path / "no.parquet")


def test_standardising_and_one_hot_are_scikit_learns():
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rng = np.random.default_rng(0)
    values = {"x": rng.normal(3, 2, 100), "c": rng.choice(["a", "b", "c"], 100), "y": rng.normal(size=100)}
    made = table_data(read_table(values), TableOptions(("y",)))
    learnt = made.rows[0]
    x = StandardScaler().fit(values["x"][learnt, None]).transform(values["x"][made.rows[2], None])
    words = [f.words for f in made.code.features][1]
    hot = OneHotEncoder(categories=[list(words)], sparse_output=False).fit_transform(values["c"][made.rows[2], None])
    np.testing.assert_allclose(made.x_test, np.hstack([x, hot]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_scikit_learns_own_tables_are_learnt_as_well_as_by_its_network(name):
    from sklearn import datasets
    from sklearn.neural_network import MLPClassifier

    from glassnet.train.recipes import recipe_for
    from glassnet.train.training import Training

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    made = table_data(read_table(bunch.frame), TableOptions(("target",)))
    training = Training(made, recipe_for(made))
    list(training)
    x, y = np.vstack([made.x_train, made.x_valid]), np.concatenate([made.y_train, made.y_valid])
    theirs = MLPClassifier((64, 32), max_iter=2000, random_state=0).fit(x, y).score(made.x_test, made.y_test)
    assert training.test().accuracy >= theirs - 0.05


def test_text_in_and_out_is_pandas_own(tmp_path):
    text = 'a;b\r\n1,5;"x;""y"\r\n;\r\n-2,25;"two\r\nlines"\r\n'
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode("utf-8-sig"))
    ours, theirs = read_table(path), pandas.read_csv(io.StringIO(text), sep=";", decimal=",")
    np.testing.assert_array_equal(ours["a"].values, theirs["a"].to_numpy())
    assert [ours["b"].cell(i) for i in range(3)] == ['x;"y', "", "two\r\nlines"]


def test_damaged_parquet_is_named(tmp_path):
    """pyarrow raises errors of many kinds, some only when the rows are read."""
    from pyarrow import parquet

    path, rng = tmp_path / "a.parquet", np.random.default_rng(0)
    dates = pyarrow.array(np.arange(2000), pyarrow.timestamp("s"))
    parquet.write_table(pyarrow.table({"x": np.arange(2000) * 1.5, "c": ["a", "b"] * 1000, "d": dates}), path)
    good, refused = path.read_bytes(), list[str]()
    for i in range(100):
        data = bytearray(good[: rng.integers(len(good))] if i % 5 == 0 else good)
        for at in rng.integers(0, max(1, len(data)), rng.choice([1, 3, 30])) if data else ():
            data[at] = rng.integers(256)
        path.write_bytes(data)
        for read in (read_table, lambda file: list(ParquetTable(file).pieces())):
            try:
                read(path)
            except GlassnetError as problem:
                refused.append(str(problem))
    assert len(refused) > 100
    assert all("a.parquet" in message for message in refused)
