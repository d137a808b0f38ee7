"""From a table to a data set: the task, the parts, and what is found before anything is learnt."""

import numpy as np
import pytest

from glassnet.data.table import Table
from glassnet.errors import DataError, ValueRangeError
from glassnet.train.table_data import overlapping, preflight, table_data
from glassnet.train.table_plan import TableOptions

N = 200
RNG = np.random.default_rng(0)
X = RNG.normal(size=N).round(3)


def data(options=None, target="y", **columns):
    table = Table.of({"x": X, **columns}, "t.csv")
    return table_data(table, options or TableOptions(tuple(target.split(","))))


def texts(made, weight=None):
    return [finding.text for finding in made.findings if weight in (None, finding.weight)]


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        (np.arange(N) % 2, "classification", ("0", "1")),
        (np.arange(N) % 10 + 1, "classification", tuple(map(str, range(1, 11)))),
        (np.arange(N) % 11, "regression", ()),
        (np.arange(N) * 0.5, "regression", ()),
        (["b", "a"] * (N // 2), "classification", ("a", "b")),
        ([True, False] * (N // 2), "classification", ("false", "true")),
        ([1.0, 2.0] * (N // 2), "classification", ("1", "2")),
    ],
)
def test_the_task_is_found_out(y, task, classes):
    made = data(y=y)
    assert (made.task, made.classes) == (task, classes)


def test_several_targets():
    a, b = np.arange(N) % 2, np.array(["no", "yes", "no", "no"] * (N // 4))
    labels = data(target="a,b", a=a, b=b)
    assert (labels.task, labels.classes, labels.y_train.shape[1]) == ("multilabel", ("a", "b"), 2)
    heights = data(target="a,b", a=X * 2, b=X + 1)
    assert (heights.task, heights.n_outputs) == ("regression", 2)


def test_a_task_can_be_chosen():
    made = data(TableOptions(("y",), task="regression"), y=np.arange(N) % 3)
    assert made.task == "regression"
    assert made.y_train.std() == pytest.approx(1, abs=0.01)


def test_the_parts_are_70_15_15_of_every_class_and_every_row_is_in_one():
    y = np.repeat([0, 1, 2], [100, 60, 40])
    made = data(y=y)
    assert sorted(np.concatenate(made.rows).tolist()) == list(range(N))
    for part, share in zip(made.rows, (0.7, 0.15, 0.15), strict=True):
        assert np.abs(np.bincount(y[part], minlength=3) - share * np.array([100, 60, 40])).max() <= 1


def test_groups_stay_together():
    groups = np.arange(N) // 7
    made = data(TableOptions(("y",), group="g"), y=X * 2, g=groups)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not set(groups[made.rows[first]]) & set(groups[made.rows[second]])
    assert "g" not in [feature.name for feature in made.code.features]


def test_only_learnt_rows_decide_the_scale():
    made = data(y=X * 2)
    learnt = X[made.rows[0]]
    assert made.code.features[0].mean == pytest.approx(learnt.mean())
    assert made.code.features[0].spread == pytest.approx(learnt.std())
    assert made.code.target.means[0] == pytest.approx(2 * learnt.mean())
    assert np.abs(made.x_train.mean()) < 1e-6


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": np.arange(N)}, "left out 'id': the rows' numbers"),
        ({"c": [5] * N}, "left out 'c': '5' in every row"),
        ({"c": ["k"] * N}, "left out 'c': 'k' in every row"),
        ({"c": [None] * N}, "left out 'c': nothing but missing values"),
        ({"c": [f"word {i}" for i in range(N)]}, "left out 'c': 200 different texts in 200 cells"),
    ],
)
def test_columns_that_cannot_help_are_left_out_by_name(columns, said):
    made = data(y=np.arange(N) % 2, **columns)
    assert any(text.startswith(said) for text in texts(made))
    assert made.feature_names == ("x",)


def test_numbers_with_signs_are_named():
    money = [f"${i:,}.50" for i in range(1000, 1000 + N)]
    assert any("'m': numbers written as '$1,000.50'" in text for text in texts(data(y=np.arange(N) % 2, m=money)))
    with pytest.raises(DataError, match=r"column 'y': got numbers written as '\$1,000.50'; expected numbers such as"):
        data(y=money)
    rates = [f"{i} %" for i in range(N)]
    assert any("'m': numbers written as '0 %'" in text for text in texts(data(y=np.arange(N) % 2, m=rates)))
    ways = [f"w{i}" for i in range(N)]
    assert not any("numbers written" in text for text in texts(data(y=np.arange(N) % 2, m=ways)))


def test_row_numbers_that_are_no_row_numbers_stay():
    made = data(y=np.arange(N) % 2, year=np.arange(N) + 1900)
    assert made.feature_names == ("x", "year")
    for name in ("ID", "Lfd. Nr.", "#", "row_number", "S.No.", "Unnamed: 0", "customer_id", "PassengerId"):
        assert data(y=np.arange(N) % 2, **{name: np.arange(N) + 1}).feature_names == ("x",)


def test_a_row_is_told_in_one_line():
    text = ["two\nlines", "one"] * (N // 2)
    made = data(y=np.arange(N) * 0.5, **{"a\nname": text})
    assert made.example(0, 0).endswith("a name two lines)") or made.example(0, 0).endswith("a name one)")
    assert not any("\n" in made.example(0, i) for i in range(len(made.rows[0])))


def test_free_text_can_be_kept():
    c = [f"word {i % 150}" for i in range(N)]
    made = data(TableOptions(("y",), categorical=("c",), one_hot_up_to=5), y=np.arange(N) % 2, c=c)
    assert [feature.way for feature in made.code.features] == ["number", "embedded"]


def test_classes_that_are_one_class_in_several_spellings_are_warned_of():
    answers = ["Yes", "YES", "no", "y e s", "No!", "cafe\u0301", "caf\u00e9", "maybe"]
    warned = [text for text in texts(data(y=[answers[i % 8] for i in range(N)]), "warning") if "capitals" in text]
    assert [text.partition(": write")[0] for text in warned] == [
        "target 'y': 'YES', 'Yes', 'y e s' are 3 classes that differ in capitals or blanks only",
        "target 'y': 'cafe\u0301', 'caf\u00e9' are 2 classes that differ in capitals or blanks only",
    ]
    assert not any("capitals" in text for text in texts(data(y=["yes", "no", "A+", "A-"] * (N // 4))))
    several = data(y=["big;old", "Big", "old;new", "big"] * (N // 4))
    columns = data(target="a,b", a=["yes", "no"] * (N // 2), b=["no", "yes"] * (N // 2))
    assert not any("capitals" in text for text in texts(columns))
    assert any("target 'y': 'Big', 'big' are 2 classes" in text for text in texts(several, "warning"))


def test_words_of_a_column_in_several_spellings_are_noted():
    made = data(y=np.arange(N) % 2, c=["Ulm", "ulm", "Rom", "ROM", "Kiel"] * (N // 5))
    said = "column 'c': 'Ulm' and 'ulm' differ in capitals or blanks only, and 1 more like this"
    assert said in texts(made, "note")
    plain = data(y=np.arange(N) % 2, c=["Ulm", "Rom"] * (N // 2))
    assert not any("capitals" in text for text in texts(plain))


def test_rows_with_nothing_in_them_are_left_out():
    """A spreadsheet that once was longer writes rows of delimiters below its table."""
    y, c = np.arange(N) * 0.5, ["a", "b"] * (N // 2)
    table = Table.of({"x": [*X, None, None], "c": [*c, None, None], "y": [*y, None, None]})
    made = table_data(table, TableOptions(("y",)))
    assert texts(made, "note") == ["left out 2 rows with nothing in them"]
    assert sum(map(len, made.rows)) == N
    assert not any(feature.marked for feature in made.code.features)
    half = Table.of({"x": [*X, None, 1.0], "c": [*c, None, None], "y": [*y, None, None]})
    with pytest.raises(DataError, match="row 202, column 'y': got no value; expected a target in every row"):
        table_data(half, TableOptions(("y",)))


def test_leaks_are_warned_of():
    y = np.arange(N) % 2
    named = np.array(["lost", "won"])[y]
    assert any("'again'" in text for text in texts(data(y=y, again=named), "warning"))
    assert any("'again'" in text for text in texts(data(y=X * 3, again=X * -2 + 1), "warning"))
    flipped = y.copy()
    flipped[0] = 1 - flipped[0]
    assert not any("'near'" in text for text in texts(data(y=y, near=flipped), "warning"))


def test_a_column_that_tells_the_target_by_its_size_is_warned_of():
    """A refund is paid to those who left, and to no others: no value stands for a class, and yet all is told."""
    left = np.arange(N) % 3 == 0
    refund = np.where(left, RNG.uniform(5, 90, N).round(2), 0.0)
    said = (
        "column 'refund, total' nearly tells the target 'y' by itself: known only afterwards? (--drop 'refund, total')"
    )
    assert said in texts(data(y=left, **{"refund, total": refund}), "warning")
    spoilt = data(y=left, refund=np.where(RNG.random(N) < 0.1, 0.0, refund))
    assert not any("nearly tells" in text for text in texts(spoilt))
    net = RNG.uniform(1, 100, N)
    gross = (net * 1.19 * np.where(np.arange(N) % 20 == 0, 1.02, 1)).round(2)
    assert "column 'net' nearly tells" in texts(data(y=gross, net=net), "warning")[0]


def test_rows_in_two_parts_are_counted():
    x = np.array([[1.0], [2.0], [1.0], [1.0]], np.float32)
    rows = [np.array([0, 1]), np.array([2]), np.array([3])]
    assert overlapping(x, np.array([0, 1, 0, 0]), rows) == 2
    assert overlapping(x, np.array([0, 1, 1, 1]), rows) == 0
    doubled = Table.of({"x": np.tile(X[:20], 10), "y": np.tile(X[:20] * 2, 10)}, "t")
    warned = [f.text for f in table_data(doubled, TableOptions(("y",))).findings if f.weight == "warning"]
    assert any(text.startswith("60 rows of the validation and test parts also among") for text in warned)


def test_rare_classes_are_warned_of():
    y = np.array(["a"] * 150 + ["b"] * 48 + ["c"] * 2)
    assert any(text.startswith("class 'c' has 2 rows") for text in texts(data(y=y), "warning"))


def test_classes_that_are_amounts_are_warned_of_in_one_line():
    warnings = texts(data(TableOptions(("y",), task="classification"), y=[7 * i for i in range(N)]), "warning")
    assert [text for text in warnings if "row" in text] == [
        f"{N} of {N} classes, such as '0', '7', '14', have fewer than 4 rows or none to learn from: too few to be "
        "learnt (--task regression, if they are amounts)"
    ]


@pytest.mark.parametrize(
    ("options", "columns", "said"),
    [
        (None, {"y": [3] * N}, "t.csv, column 'y': got '3' in every row; expected two values at least."),
        (None, {"y": [None] * N}, "t.csv, column 'y': got no value in any row;"),
        (None, {"y": [0.5, None] * (N // 2)}, "t.csv, row 2, column 'y': got no value (100 rows have none);"),
        (None, {"y": [0.5, np.inf] * (N // 2)}, "t.csv, row 2, column 'y': got inf; expected a finite number."),
        (None, {"y": X, "z": [0.5, np.inf] * (N // 2)}, "t.csv, row 2, column 'z': got inf;"),
        (TableOptions(("y",), task="regression"), {"y": ["a", "b"] * (N // 2)}, "got 2 words such as 'a'; expected"),
        (
            TableOptions(("x", "y")),
            {"y": ["a", "b"] * (N // 2)},
            "expected numbers, for regression. Try --target y alone.",
        ),
        (
            TableOptions(("x", "y"), task="classification"),
            {"y": ["a", "b"] * (N // 2)},
            "t.csv: got 2 targets, 'x' and 'y'; expected one, whose values are the classes. Try --target y.",
        ),
        (TableOptions(("y",), drop=("x",)), {"y": X}, "t.csv: got no column to learn from"),
        (TableOptions(("y", "x"), task="multilabel"), {"y": X}, "got more than 0 and 1; expected 0 or 1 in each."),
    ],
)
def test_what_cannot_be_learnt_is_named(options, columns, said):
    with pytest.raises(DataError) as caught:
        data(options, **columns)
    assert said in str(caught.value)


def test_the_suggestions_work():
    y = [0.5, None, 0.25, 1.0] * (N // 4)
    assert len(np.concatenate(data(TableOptions(("y",), drop_missing=True), y=y).rows)) == 150
    assert data(TableOptions(("y",), task="classification"), y=["a", "b"] * (N // 2)).task == "classification"


def test_an_unknown_column_is_answered_by_the_nearest():
    with pytest.raises(ValueRangeError, match=r"got the column 'yy'; expected one of t.csv: x, y. Try 'y'."):
        data(target="yy", y=X)


def test_a_handful_of_rows_is_all_learnt():
    table = Table.of({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1], "y": [0, 1, 1, 0]}, "xor")
    made = table_data(table, TableOptions(("y",)))
    assert [len(part) for part in made.rows] == [4, 0, 0]


def test_the_preflight_figures():
    figures = preflight(data(y=X * 2))
    assert figures["rows"] == {"train": 140, "validation": 30, "test": 30}
    assert figures["inputs"]["mean"] == pytest.approx(0, abs=1e-6)
    assert figures["inputs"]["std"] == pytest.approx(1, abs=1e-5)


def test_the_same_seed_gives_the_same_parts_and_another_others():
    first, again = data(y=X * 2), data(y=X * 2)
    other = data(TableOptions(("y",), seed=1), y=X * 2)
    assert all((a == b).all() for a, b in zip(first.rows, again.rows, strict=True))
    assert not (first.rows[0] == other.rows[0]).all()
