"""The points of a Playground session: drawn by a rule of the list, by the user's formula, or the user's own."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from glassnet.data.datasets import DATASETS, load_dataset
from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.server import formula, tfp

MOST_POINTS = 5000
MOST_CLASSES = 10
EDGE = 6.0  # heat maps reach from -EDGE to EDGE
Task = Literal["classification", "regression"]
_ALIASES = {"x": "x1", "y": "x2"}
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")


@dataclass(frozen=True, eq=False)
class Points:
    """Points to train and to test on: `x` is `(n, 2)`, or `(n, 1)` for curves; targets are class numbers or heights."""

    x: np.ndarray
    t: np.ndarray
    train: int  # the first so many are trained on
    task: Task
    classes: tuple[str, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def dimensions(self) -> int:
        """2 for a plane, 1 for a curve."""
        return self.x.shape[1]

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """What is drawn, `(n, 3)`: x1, x2 and the target; a curve's point lies at the height of its target."""
        height = self.t if self.dimensions == 1 else self.x[:, 1]
        rows = np.column_stack((self.x[:, 0], height, self.t))
        return rows[: self.train], rows[self.train :]


def make(state: Mapping[str, Any]) -> Points:
    """The points that a state asks for, other than the user's own.

    Raises `ValueRangeError` for a formula that cannot be read or has no value at most places.

    >>> from glassnet.server.properties import defaults
    >>> points = make({**defaults(), "dataset": "spiral", "points": 100, "train_share": 0.7})
    >>> points.x.shape, points.train, points.classes
    ((100, 2), 70, ('second arm', 'first arm'))
    """
    name = state["dataset"]
    if name in ("formula", "formula_1d"):
        return _of_formula(state, 2 if name == "formula" else 1)
    if name == "three_gauss":
        return _three_clouds(state)
    options = {key: state[own] for key, own in (("n", "points"), ("noise", "noise"), ("seed", "data_seed"))}
    data = load_dataset(name, **options, test_fraction=1 - state["train_share"])
    x = np.concatenate((data.x_train, data.x_test)).astype(np.float64)
    t = np.concatenate((data.y_train.reshape(-1), data.y_test.reshape(-1))).astype(np.float64)
    notes: tuple[str, ...] = ()
    if name == "moons":  # as large as the others, so that one rate suits all
        x = (x - (0.5, 0.25)) * 3.0
        notes = ("The moons are drawn three times as large, around the middle.",)
    task: Task = "regression" if data.task == "regression" else "classification"
    return Points(x, t, len(data.x_train), task, data.classes, data.source or DATASETS[name].summary, notes)


def _three_clouds(state: Mapping[str, Any]) -> Points:
    """Three round clouds on a circle of radius 3, with variance 0.5 + 7 noise as `gauss` has."""
    rng = np.random.default_rng(state["data_seed"])
    t = np.arange(state["points"]) % 3
    angle = np.pi / 2 + t * 2 * np.pi / 3
    centres = 3 * np.column_stack((np.cos(angle), np.sin(angle)))
    x = centres + rng.normal(scale=np.sqrt(0.5 + 7 * state["noise"]), size=centres.shape)
    order = rng.permutation(len(x))
    classes = ("top", "lower left", "lower right")
    train = _share(len(x), state["train_share"])
    return Points(x[order], t[order].astype(np.float64), train, "classification", classes, "three round clouds")


def _of_formula(state: Mapping[str, Any], dimensions: int) -> Points:
    """Heights of the user's formula over the square, or over the line; large ones are made smaller together."""
    variables = ("x1", "x2")[:dimensions]
    text = state["formula"] if dimensions == 2 else state["curve"]
    height = formula.parse(text, variables, _ALIASES)
    rng = np.random.default_rng(state["data_seed"])
    x = rng.uniform(-EDGE, EDGE, (state["points"], dimensions))
    t = height(*x.T)
    defined = np.isfinite(t)
    if defined.mean() < 0.5 or defined.sum() < 4:
        got = f"got a formula, {text!r}, without a value at {1 - defined.mean():.0%} of the places"
        raise ValueRangeError(complain(got, "expected one at most places of [-6, 6]", "Try sin(x1) or sqrt(abs(x1))"))
    notes = (
        [f"{int((~defined).sum())} places where the formula has no value are left out."] if not defined.all() else []
    )
    x, t = x[defined], t[defined]
    largest = float(abs(t).max())
    if largest > 1:
        t = t / largest
        notes.append(f"Heights are divided by {largest:.6g}, so that they lie between -1 and 1.")
    t = t + rng.normal(scale=state["noise"], size=t.shape) * (t.std() or 1.0) if state["noise"] else t
    source = f"your formula {text}"
    return Points(x, t, _share(len(x), state["train_share"]), "regression", (), source, tuple(notes))


def _share(n: int, share: float) -> int:
    return min(max(1, round(n * share)), n)


def of_link(link: tfp.Link) -> tuple[Points, Any]:
    """The points of a TensorFlow Playground link, and its stream of random numbers; class 1 is its label +1."""
    train, test, random = tfp.points(link)
    drawn = np.array([*train, *test], np.float64)
    classes: tuple[str, ...] = ()
    t = drawn[:, 2]
    if link.problem == "classification":
        classes, t = ("-1", "+1"), (drawn[:, 2] > 0).astype(np.float64)
    return Points(drawn[:, :2], t, len(train), link.problem, classes, "TensorFlow Playground (2017)"), random


def usual_features(state: Mapping[str, Any], dimensions: int) -> list[formula.Formula]:
    """What the network is told of a point: the chosen features, then the user's own; x1 at least."""
    variables = ("x1", "x2")[:dimensions]
    chosen = [name for name in state["features"] if dimensions == 2 or "x2" not in name]
    own = [text for text in state["own_features"] if dimensions == 2 or not re.search(r"x2|\by\b", text)]
    names = chosen + [text for text in own if text.strip()] or ["x1"]
    return [formula.parse(name, variables, _ALIASES) for name in names]


def features_of(formulas: Sequence[formula.Formula], x: np.ndarray) -> np.ndarray:
    """`(n, features)` for places `(n, dimensions)`.

    Raises `ValueRangeError` when a formula has no value at one of them.
    """
    columns = [f(*x.T) for f in formulas]
    for f, column in zip(formulas, columns, strict=True):
        wrong = np.flatnonzero(~np.isfinite(column))
        if wrong.size:
            place = ", ".join(f"{v:.3g}" for v in x[wrong[0]])
            got = f"got the feature {f.text!r}, which has no value at ({place})"
            raise ValueRangeError(complain(got, "expected one at every point", "Try abs(…), or adding a small number"))
    return np.column_stack(columns)


# ---- the user's own -----------------------------------------------------------------------------------------------


def check_own(points: Points) -> Points:
    """The user's points, if a network can learn from them; `DataError` says what is wrong."""
    if len(points.x) > MOST_POINTS:
        got = f"got {len(points.x):,} points"
        raise DataError(complain(got, f"expected at most {MOST_POINTS:,}", "Try every tenth of them"))
    if not (np.isfinite(points.x).all() and np.isfinite(points.t).all()):
        raise DataError(complain("got a point that is not finite", "expected numbers", "Try leaving it out"))
    if abs(points.x).max(initial=0) > 1e6 or abs(points.t).max(initial=0) > 1e6:
        raise DataError(complain("got a number beyond a million", "expected smaller ones", "Try other units"))
    return points


def added(points: Points, new: np.ndarray, test: bool) -> Points:
    """With new rows `x1, x2, target` behind the training points, or behind the test points."""
    x = new[:, : points.dimensions]
    t = new[:, 2] if points.dimensions == 2 else new[:, 1]
    classes = points.classes
    if points.task == "classification":
        classes = _with_classes(points.classes, t)
    at = len(points.x) if test else points.train
    merged_x = np.concatenate((points.x[:at], x, points.x[at:]))
    merged_t = np.concatenate((points.t[:at], t, points.t[at:]))
    train = points.train + (0 if test else len(new))
    return check_own(replace(points, x=merged_x, t=merged_t, train=train, classes=classes, source="your own points"))


def _with_classes(classes: tuple[str, ...], labels: np.ndarray) -> tuple[str, ...]:
    whole = labels == np.floor(labels)
    if not whole.all() or labels.min(initial=0) < 0 or labels.max(initial=0) >= MOST_CLASSES:
        wrong = labels[~whole | (labels < 0) | (labels >= MOST_CLASSES)][0]
        got = f"got the class {wrong:g}"
        raise DataError(complain(got, f"expected a whole number from 0 to {MOST_CLASSES - 1}", "Try 0 or 1"))
    more = range(len(classes), int(labels.max(initial=0)) + 1)
    return (*classes, *(f"class {k}" for k in more))


def erased(points: Points, indices: Sequence[int]) -> Points:
    """Without these points."""
    keep = np.ones(len(points.x), bool)
    keep[check_indices(points, indices)] = False
    train = int(keep[: points.train].sum())
    return replace(points, x=points.x[keep], t=points.t[keep], train=train, source="your own points")


def moved(points: Points, index: int, x1: float, x2: float) -> Points:
    """With one point somewhere else."""
    check_indices(points, [index])
    x, t = points.x.copy(), points.t.copy()
    x[index] = (x1, x2)[: points.dimensions]
    if points.dimensions == 1:
        t[index] = x2
    return check_own(replace(points, x=x, t=t, source="your own points"))


def labelled(points: Points, indices: Sequence[int], target: float) -> Points:
    """With another target at these points."""
    t = points.t.copy()
    t[check_indices(points, indices)] = target
    classes = _with_classes(points.classes, t) if points.task == "classification" else points.classes
    return check_own(replace(points, t=t, classes=classes, source="your own points"))


def check_indices(points: Points, indices: Sequence[int]) -> list[int]:
    """The indices, if there are such points."""
    wrong = [i for i in indices if not 0 <= i < len(points.x)]
    if wrong:
        got = f"got point {wrong[0]}"
        raise ValueRangeError(complain(got, f"expected 0 to {len(points.x) - 1}", "Try a point that is drawn"))
    return list(indices)


def table(text: str, task: Task | None, share: float, seed: int) -> Points:
    """Points from a pasted table: commas, semicolons, tabs or blanks; brackets of a NumPy listing do not matter.

    Two numbers, then the class (a word or a whole number) or the height; two columns are x and height of a curve.
    Raises `DataError` that names the line.

    >>> points = table("x,y,kind\\n1,2,cat\\n3,4,dog\\n5,6,cat", None, 0.5, 0)
    >>> points.classes, points.task, len(points.x)
    (('cat', 'dog'), 'classification', 3)
    """
    rows = _cells(text)
    width = len(rows[0][1])
    places = _numbers(rows, width - 1)
    targets = [cells[-1] for _, cells in rows]
    task = task or ("regression" if width == 2 or not _are_classes(targets) else "classification")
    if task == "classification" and width == 2:
        got = "got two columns, a curve"
        raise DataError(complain(got, "expected three for classes: x1, x2, class", "Try it as regression"))
    if task == "classification":
        classes, t = _as_classes(targets)
    else:
        classes, t = (), _numbers([(line, [cell]) for (line, _), cell in zip(rows, targets, strict=True)], 1)[:, 0]
    order = np.random.default_rng(seed).permutation(len(rows))
    points = Points(places[order], t[order], _share(len(rows), share), task, classes, "your own table", _far(places))
    return check_own(points)


def _cells(text: str) -> list[tuple[int, list[str]]]:
    """The rows with their line numbers, without a header, all of one width."""
    plain = re.sub(r"(array|np|dtype=\w+|[\[\]()])", " ", text) if "[" in text else text
    rows = []
    for line, words in enumerate(plain.splitlines(), 1):
        cells = _split(line, words.strip().strip(",;"))
        if any(cells):
            rows.append((line, cells))
    if rows and len(rows) > 1 and not any(map(_is_number, rows[0][1])):
        rows = rows[1:]
    if len(rows) < 2:
        got = f"got a table of {len(rows)} rows"
        raise DataError(complain(got, "expected two or more, such as 1.5, -2, 1", "Try one point a line"))
    width = len(rows[0][1])
    for line, cells in rows:
        if len(cells) != width or width not in (2, 3):
            expected = "expected x1, x2 and a class or height" if width not in (2, 3) else f"expected {width}"
            raise DataError(complain(f"line {line}: got {len(cells)} columns", expected, "Try commas between them"))
    if len(rows) > MOST_POINTS:
        raise DataError(complain(f"got {len(rows):,} rows", f"expected at most {MOST_POINTS:,}", "Try fewer of them"))
    return rows


def _split(line: int, words: str) -> list[str]:
    """The cells of a row; between semicolons or tabs a number may have a decimal comma, as spreadsheets write it."""
    bare = re.sub(r'"[^"]*"', "", words)  # what is quoted separates nothing
    separator = next((sign for sign in ";\t," if sign in bare), None)
    try:
        found = next(csv.reader([words], delimiter=separator, skipinitialspace=True)) if separator else words.split()
    except csv.Error:
        got = f"line {line}: got a cell of {len(words):,} signs"
        raise DataError(complain(got, "expected numbers and names", "Try shorter ones")) from None
    cells = [cell.strip().strip("\"'") for cell in found]
    if separator in (";", "\t"):
        return [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]
    return cells


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _numbers(rows: Sequence[tuple[int, Sequence[str]]], columns: int) -> np.ndarray:
    values = np.empty((len(rows), columns))
    for i, (line, cells) in enumerate(rows):
        for j, cell in enumerate(cells[:columns]):
            try:
                values[i, j] = float(cell)
            except ValueError:
                values[i, j] = np.nan
            if not np.isfinite(values[i, j]):
                got = f"line {line}, column {j + 1}: got {cell[:40]!r}"
                raise DataError(complain(got, "expected a finite number", "Try correcting it, or leaving the line out"))
    return values


def _are_classes(words: Sequence[str]) -> bool:
    """Words, or a few whole numbers."""
    if not all(map(_is_number, words)):
        return True
    return len(set(words)) <= MOST_CLASSES and all(float(w).is_integer() for w in words)


def _as_classes(words: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    numbers = all(map(_is_number, words))
    keys = [f"{float(w):g}" for w in words] if numbers else list(words)
    names = sorted(set(keys), key=float if numbers else None)
    if not 2 <= len(names) <= MOST_CLASSES:
        got = f"got {len(names)} classes"
        raise DataError(complain(got, f"expected 2 to {MOST_CLASSES}", "Try regression, or another last column"))
    return tuple(name[:30] for name in names), np.array([names.index(key) for key in keys], np.float64)


def _far(places: np.ndarray) -> tuple[str, ...]:
    if abs(places).max() <= EDGE:
        return ()
    return (f"Some points lie beyond ±{EDGE:g}, outside the picture; the network learns from them all the same.",)
