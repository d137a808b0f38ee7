"""Figures of examples that a network was judged on: accuracy, precision, loss, RMSE, R² and their like.

Counts and errors are those of the examples; a sum over many of them shows the largest terms and what all others add.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.read.digits import Digits
from glassnet.read.document import Document
from glassnet.read.formula import Call, Formula, Negative, Number, Power, Symbol, Value, minus, over, plus, times
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.metrics import calibration_curve
from glassnet.train.multilabel import Multilabel
from glassnet.train.stories.lines import largest, largest_of, mean_of_largest, percent, terms_of, told, value

Parts = Iterable[Evaluation]
_OF_CLASSES = ("accuracy", "mistakes", "precision", "recall", "f1", "confusion", "loss", "calibration")
_OF_LABELS = ("accuracy", "exact", "there", "precision", "recall", "f1", "loss", "calibration")
_OF_NUMBERS = ("r2", "rmse", "mae", "loss")
SCORES = tuple(dict.fromkeys((*_OF_CLASSES, *_OF_LABELS, *_OF_NUMBERS)))
OF_ONE_CLASS = ("precision", "recall", "f1", "confusion", "there", "r2", "rmse", "mae")  # which --class may choose
# told from counts alone: of very many examples no more than a piece need be at hand
COUNTED = ("accuracy", "mistakes", "precision", "recall", "f1", "confusion", "exact", "there")
SUMMED = ("loss", "rmse", "mae")  # told from a sum and its largest terms: so are these
_MOST_CLASSES = 20  # that are told one by one
_BINS = 10  # as the charts of calibration have


def tell_score(
    name: str,
    test: Evaluation,
    classes: Sequence[str] = (),
    klass: int | None = None,
    *,
    of: str = "test",
    most: int = 6,
    digits: Digits = 3,
    parts: Parts | None = None,
) -> Document:
    """How a figure was worked out; `klass` is the class, label or output that it is of, or all.

    A judgement that has its worst rows alone comes with `parts`, those of all rows piece by piece, for loss, RMSE and
    MAE; the figures of `COUNTED` need none.

    Raises `ValueRangeError` for a figure that such an evaluation does not have, or a class that is not there.

    >>> from glassnet.train.evaluation import classification
    >>> test = classification(np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]]), np.array([0, 1, 1]))
    >>> print(tell_score("recall", test, ["cat", "dog"], 1).text(60))
    Recall on 3 test examples
    Recall of dog: 50.00 %.
    <BLANKLINE>
    Figure
    r₁ = n₁₁ / n₁
      dog: of those that are it (n), the share that was called
      it
      r₁ = 1 / 2 = 0.5
    """
    known = scores_of(test)
    if name not in known:
        got = f"got the figure {name}"
        raise ValueRangeError(complain(got, f"expected one of {', '.join(known)}", f"Try {known[0]}"))
    if klass is not None and not 0 <= klass < max(1, len(classes)):
        got, most_of = f"got class {klass} of {len(classes)}", max(0, len(classes) - 1)
        raise ValueRangeError(complain(got, f"expected 0 to {most_of}", f"Try {most_of}"))
    if not test.n:
        raise ValueRangeError(complain("got no examples", "expected some to judge by", "Try parameters"))
    document = Document(f"{_TITLES[name]} on {test.n:,} {of} examples", digits=digits)
    if isinstance(test, Regression) and klass is not None and name != "loss":
        test = Regression(test.predictions[:, klass : klass + 1], test.targets[:, klass : klass + 1])
    if name in _SUMMED:
        _SUMMED[name](document, test, [test] if parts is None else parts, list(classes), most)
    else:
        _TELLERS[name](document, test, list(classes), klass, most)
    return document


def scores_of(test: Evaluation) -> tuple[str, ...]:
    """The figures that there are of such an evaluation."""
    if isinstance(test, Regression):
        return _OF_NUMBERS
    return _OF_LABELS if isinstance(test, Multilabel) else _OF_CLASSES


# ---- counts ----------------------------------------------------------------------------------------------------------


def _accuracy(
    document: Document, test: Classification | Multilabel, names: list[str], klass: int | None, most: int
) -> None:
    n = value("n", test.n)
    if isinstance(test, Multilabel):
        right, answers = test.counts[0], times(n, value("labels", len(names)))
        words = "all answers that were right (for label i: rᵢ), over examples times labels"
        terms = _listed("r", right, most)
    else:
        right, answers = np.diag(test.confusion), n
        words = "those on the diagonal of the table (class i taken for class i: nᵢᵢ), over all"
        terms = _listed("n", right, most, twice=True)
    document.steps.append(told(words, "accuracy", over(plus(*terms), answers), test.accuracy))
    document.summary.append(f"Accuracy: {percent(test.accuracy)}.")


def _mistakes(document: Document, test: Classification, names: list[str], klass: int | None, most: int) -> None:
    wrong = int(test.n - np.trace(test.confusion))
    right = _listed("n", np.diag(test.confusion), most, twice=True)
    words = "all examples less those on the diagonal of the table, which were taken for what they are"
    document.steps.append(told(words, "mistakes", minus(value("n", test.n), plus(*right)), wrong))
    document.summary.append(f"{wrong:,} wrong.")


def _exact(document: Document, test: Multilabel, names: list[str], klass: int | None, most: int) -> None:
    right = round(test.exact * test.n)
    words = "the examples of which every label was right, over all"
    document.steps.append(told(words, "exact", over(value("r", right), value("n", test.n)), test.exact))
    document.summary.append(f"All labels right: {percent(test.exact)}.")


def _listed(letter: str, counts: np.ndarray, most: int, twice: bool = False) -> list[Formula]:
    """Terms of a sum of counts: all of a few, else the largest and what all others add."""
    shown = np.arange(len(counts)) if len(counts) <= max(most, _MOST_CLASSES) else largest(counts, most)
    terms = terms_of(letter, counts, shown)
    if not twice:
        return terms
    doubled = [value(letter, counts[i], int(i), int(i)) for i in shown]
    return [*doubled, *terms[len(shown) :]]


def _counts(test: Classification | Multilabel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each class: those called it rightly, those that are it, those called it."""
    if isinstance(test, Multilabel):
        _, there, said, hits = test.counts
        return hits, there, said
    return np.diag(test.confusion), test.confusion.sum(axis=1), test.confusion.sum(axis=0)


def _chosen(document: Document, names: list[str], klass: int | None) -> list[int]:
    """The classes to tell of: the one that was asked for, else the first few."""
    if klass is not None:
        return [klass]
    if len(names) > _MOST_CLASSES:
        document.notes.append(f"The first {_MOST_CLASSES} of {len(names)} classes; --class K tells another.")
    return list(range(min(len(names), _MOST_CLASSES)))


_SHARES: dict[str, tuple[str, str]] = {
    "recall": ("r", "of those that are it (n), the share that was called it"),
    "precision": ("p", "of those called it (s), the share that is it"),
    "f1": ("F", "twice those called it rightly, over those that are it (n) and those called it (s)"),
}


def _share(name: str) -> Callable[[Document, Classification | Multilabel, list[str], int | None, int], None]:
    def tell(
        document: Document, test: Classification | Multilabel, names: list[str], klass: int | None, most: int
    ) -> None:
        letter, words = _SHARES[name]
        hits, true, said = _counts(test)
        for i in _chosen(document, names, klass):
            hit, are, called = value("n", hits[i], i, i), value("n", true[i], i), value("s", said[i], i)
            below = {"recall": are, "precision": called, "f1": plus(are, called)}[name]
            above = times(Number(2.0), hit) if name == "f1" else hit
            total = {"recall": true[i], "precision": said[i], "f1": true[i] + said[i]}[name]
            if not total:
                document.notes.append(f"{names[i]}: none to take a share of.")
                continue
            share = float((2 if name == "f1" else 1) * hits[i] / total)
            document.steps.append(told(f"{names[i]}: {words}", Symbol(letter, "", (i,)), over(above, below), share))
            document.summary.append(f"{_TITLES[name]} of {names[i]}: {percent(share)}.")

    return tell


def _there(document: Document, test: Multilabel, names: list[str], klass: int | None, most: int) -> None:
    for i in _chosen(document, names, klass):
        count, share = test.counts[1][i], float(test.there[i] or 0.0)
        formula = over(value("n", count, i), value("n", test.n))
        document.steps.append(
            told(f"{names[i]}: the share of the examples that have it", Symbol("t", "", (i,)), formula, share)
        )
        document.summary.append(f"There, {names[i]}: {percent(share)}.")


def _confusion(document: Document, test: Classification, names: list[str], klass: int | None, most: int) -> None:
    for i in _chosen(document, names, klass):
        row = test.confusion[i]
        shown = np.arange(len(row)) if len(row) <= _MOST_CLASSES else largest(row, most)
        plain = terms_of("n", row, shown)
        cells = [value("n", row[j], i, int(j)) for j in shown]
        words = f"the examples of {names[i]}, by what they were taken for: "
        words += ", ".join(f"{row[j]:,} for {names[j]}" for j in shown if row[j])
        document.steps.append(told(words, Symbol("n", "", (i,)), plus(*cells, *plain[len(shown) :]), row.sum()))


# ---- means -----------------------------------------------------------------------------------------------------------


def _loss(document: Document, test: Evaluation, parts: Parts, names: list[str], most: int) -> None:
    if isinstance(test, Regression):
        _mean_of_squares(document, test, parts, most)
        return
    labels = len(names) if isinstance(test, Multilabel) else 1
    _mean_of_logarithms(document, map(_chances, parts), test.loss, labels, most)


def _chances(test: Evaluation) -> np.ndarray:
    """The chance that was given to what is true, for each answer."""
    if isinstance(test, Multilabel):
        return np.where(test.targets > 0.5, test.probabilities, 1 - test.probabilities)
    assert isinstance(test, Classification)
    return test.probabilities[np.arange(len(test.labels)), test.labels]


def _mean_of_logarithms(document: Document, chances: Iterable[np.ndarray], loss: float, labels: int, most: int) -> None:
    """The mean of −ln p over all answers; p is the chance that was given to what is true."""
    worst, count = largest_of(chances, most, by=_losses)
    losses = {i: float(_losses(np.array(chance))) for i, chance in worst.items()}
    for i, chance in worst.items():
        place = f"example {i // labels}" + (f", label {i % labels}" if labels > 1 else "")
        words = f"{place}: minus the logarithm of the chance that it gave to what is true"
        logarithm = Negative(Call("ln", (value("p", max(chance, 1e-300), i),)))
        document.steps.append(told(words, Symbol("l", "", (i,)), logarithm, losses[i]))
    words = "the mean of these over all answers; the largest are told above"
    document.steps.append(mean_of_largest(words, "L", "l", losses, count, loss))
    document.summary.append(f"Loss: {loss:.4g}, the mean of −ln p.")
    if labels == 1:
        document.notes.append("Where such a chance comes from: glassnet explain MODEL --index N.")


def _losses(chances: np.ndarray) -> np.ndarray:
    return -np.log(np.maximum(chances, 1e-300))


def _errors(parts: Parts, most: int, how: str) -> tuple[dict[int, float], int, Callable[[int], str]]:
    """What was said less what is true: the largest by their places, how many there are, the words for one of them."""
    own, columns = how != "learnt", 1

    def errors(test: Evaluation) -> np.ndarray:
        nonlocal columns
        assert isinstance(test, Regression)
        targets = test.targets.reshape(len(test.targets), -1)
        columns = targets.shape[1]
        found = (test.predictions.reshape(targets.shape) - targets).astype(np.float64)
        return found if own else found / test.scale

    worst, count = largest_of(map(errors, parts), most)

    def place(i: int) -> str:
        units = "in the target's own units" if own else "in the units that were learnt"
        column = f", column {i % columns}" if columns > 1 else ""
        return f"example {i // columns}{column}: what was said less what is true, {units}"

    return worst, count, place


def _mean_of_squares(document: Document, test: Regression, parts: Parts, most: int, own: bool = False) -> None:
    """The mean of the squared errors; in the targets' own units, or as the network learnt them."""
    worst, count, place = _errors(parts, most, "own" if own else "learnt")
    squares = {i: error**2 for i, error in worst.items()}
    for i, error in worst.items():
        square = Power(value("e", error, i), Number(2.0))
        document.steps.append(told(f"{place(i)}, squared", Symbol("q", "", (i,)), square, squares[i]))
    mean = test.rmse**2 if own else test.loss
    words = "the mean of the squares; the largest are told above"
    document.steps.append(mean_of_largest(words, "L", "q", squares, count, mean))
    if not own:
        document.summary.append(f"Loss: {mean:.4g}, the mean of the squared errors.")


def _rmse(document: Document, test: Regression, parts: Parts, names: list[str], most: int) -> None:
    _mean_of_squares(document, test, parts, most, own=True)
    root = Call("sqrt", (Value(Symbol("L"), test.rmse**2),))
    document.steps.append(told("its root: a typical error, in the target's own units", "RMSE", root, test.rmse))
    document.summary.append(f"RMSE: {test.rmse:.4g}.")


def _mae(document: Document, test: Regression, parts: Parts, names: list[str], most: int) -> None:
    worst, count, place = _errors(parts, most, "own")
    for i, error in worst.items():
        size = Call("abs", (value("e", error, i),))
        document.steps.append(told(f"{place(i)}, without its sign", Symbol("a", "", (i,)), size, abs(error)))
    words, sizes = "the mean of these; the largest are told above", {i: abs(error) for i, error in worst.items()}
    document.steps.append(mean_of_largest(words, "MAE", "a", sizes, count, test.mae))
    document.summary.append(f"MAE: {test.mae:.4g}.")


def _r2(document: Document, test: Regression, names: list[str], klass: int | None, most: int) -> None:
    if math.isnan(test.r2):
        got = "got targets that are all the same"
        raise ValueRangeError(complain(got, "expected some spread for R² to be a share of", "Try rmse"))
    _mean_of_squares(document, test, [test], most)
    document.summary.clear()
    variance = float(np.mean(((test.targets - test.targets.mean(axis=0)) / test.scale) ** 2, dtype=np.float64))
    words = "1 less the mean squared error over the targets' own variance (V): the share that is explained"
    formula = minus(Number(1.0), over(value("L", test.loss), value("V", variance)))
    document.steps.append(told(words, "R²", formula, test.r2))
    document.summary.append(f"R²: {test.r2:.4f}.")


def _calibration(
    document: Document, test: Classification | Multilabel, names: list[str], klass: int | None, most: int
) -> None:
    if isinstance(test, Multilabel):  # every answer as an example of two classes
        p, y = test.probabilities.reshape(-1), (test.targets > 0.5).reshape(-1)
        probabilities, labels = np.stack([1 - p, p], axis=1), y.astype(np.int64)
    else:
        probabilities, labels = test.probabilities, test.labels
    curve = calibration_curve(probabilities, labels, _BINS, probabilities=True)
    terms: list[Formula] = []
    parts = _by_confidence(probabilities)
    right_ones = probabilities.argmax(axis=1) == labels
    for i, (part, sure, right, count) in enumerate(zip(parts, *(c.tolist() for c in curve), strict=True), 1):
        _bin(document, i, part, probabilities.max(axis=1)[part], int(right_ones[part].sum()), most)
        gap = minus(value("c", sure, i), value("r", right, i))
        terms.append(times(value("n", count, i), Call("abs", (gap,))))
    n = int(curve.count.sum())
    error = float((np.abs(curve.confidence - curve.right) * curve.count).sum() / n)
    words = "of each tenth of confidence that has examples (n): how sure it was (c) less how often it was right (r)"
    document.steps.append(told(words, "ECE", over(plus(*terms), value("n", n)), error))
    document.summary.append(f"Expected calibration error: {error:.4f}.")


def _by_confidence(probabilities: np.ndarray) -> list[np.ndarray]:
    """The examples of each tenth of confidence that has any; a tenth holds its upper edge."""
    at = np.searchsorted(np.linspace(0, 1, _BINS + 1)[1:-1], probabilities.max(axis=1))
    return [np.flatnonzero(at == k) for k in np.unique(at)]


def _bin(document: Document, number: int, part: np.ndarray, sure: np.ndarray, right: int, most: int) -> None:
    """How sure it was of the examples `part` of one tenth of confidence, and how often it was right."""
    sure = sure.astype(np.float64)
    n, low, high = value("n", len(sure), number), float(sure.min()), float(sure.max())
    shown = largest(sure, most)
    terms = [*(value("p", sure[i], int(part[i])) for i in shown.tolist()), *terms_of("p", sure, shown)[len(shown) :]]
    words = f"bin {number}, of {len(sure):,} examples with a confidence from {low:.4g} to {high:.4g}: the mean of it"
    mean = over(plus(*terms), n)
    document.steps.append(told(words, Symbol("c", "", (number,)), mean, float(sure.mean())))
    words = f"bin {number}: those that were right (k), over all of it"
    share = over(value("k", right, number), n)
    document.steps.append(told(words, Symbol("r", "", (number,)), share, right / len(sure)))


_TITLES = {
    "accuracy": "Accuracy", "mistakes": "Mistakes", "exact": "All labels right", "there": "Labels",
    "precision": "Precision", "recall": "Recall", "f1": "F1", "confusion": "Confusions", "loss": "Loss",
    "calibration": "The calibration error", "r2": "R²", "rmse": "RMSE", "mae": "MAE",
}  # fmt: skip
_TELLERS: dict[str, Callable[..., None]] = {
    "accuracy": _accuracy, "mistakes": _mistakes, "exact": _exact, "there": _there, "confusion": _confusion,
    "precision": _share("precision"), "recall": _share("recall"), "f1": _share("f1"), "calibration": _calibration,
    "r2": _r2,
}  # fmt: skip
_SUMMED: dict[str, Callable[..., None]] = {"loss": _loss, "rmse": _rmse, "mae": _mae}
