"""Where a figure of a report comes from: accuracy, precision, recall, F1, loss, RMSE, R², the count of parameters.

Counts and errors are those of the examples that the network was judged on; a sum over many of them shows the largest
terms and what all others add.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from glassnet import nn
from glassnet.errors import ValueRangeError, complain
from glassnet.read.digits import Digits
from glassnet.read.document import Document, Step
from glassnet.read.equation import Equation
from glassnet.read.formula import Call, Formula, Negative, Number, Power, Rest, Symbol, Value, minus, over, plus, times
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.multilabel import Multilabel

_OF_CLASSES = ("accuracy", "precision", "recall", "f1", "loss", "parameters")
_OF_NUMBERS = ("r2", "rmse", "loss", "parameters")
FIGURES = tuple(dict.fromkeys((*_OF_CLASSES, *_OF_NUMBERS)))
_MOST_CLASSES = 20  # that are told one by one


def tell_figure(
    name: str,
    test: Evaluation,
    classes: Sequence[str] = (),
    klass: int | None = None,
    *,
    of: str = "test",
    most: int = 6,
    digits: Digits = 3,
) -> Document:
    """How a figure was worked out; `klass` is the class (or label) that precision, recall and F1 are of, or all.

    Raises `ValueRangeError` for a figure that such an evaluation does not have, or a class that is not there.

    >>> from glassnet.train.evaluation import classification
    >>> test = classification(np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]]), np.array([0, 1, 1]))
    >>> print(tell_figure("recall", test, ["cat", "dog"], 1).text(60))
    Recall on 3 test examples
    Recall of dog: 50.00 %.
    <BLANKLINE>
    Figure
    r₂ = n₂₂ / n₂
      dog: of those that are it (n), the share that was called
      it
      r₂ = 1 / 2 = 0.5
    """
    known = _OF_NUMBERS if isinstance(test, Regression) else _OF_CLASSES
    if name not in known or name == "parameters":
        known = tuple(figure for figure in known if figure != "parameters")
        got = f"got the figure {name}"
        raise ValueRangeError(complain(got, f"expected one of {', '.join(known)}", f"Try {known[0]}"))
    if klass is not None and not 0 <= klass < len(classes):
        got = f"got class {klass} of {len(classes)}"
        raise ValueRangeError(complain(got, f"expected 0 to {len(classes) - 1}", f"Try {len(classes) - 1}"))
    if not test.n:
        raise ValueRangeError(complain("got no examples", "expected some to judge by", "Try parameters"))
    document = Document(f"{_TITLES[name]} on {test.n:,} {of} examples", digits=digits)
    _TELLERS[name](document, test, list(classes), klass, most)
    return document


def tell_parameters(model: nn.Module, digits: Digits = 3) -> Document:
    """How many numbers a network learns, layer by layer.

    >>> print(tell_parameters(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))).text(60))
    The parameters of a network
    13 parameters.
    <BLANKLINE>
    Figure
    N₁ = 3·2 + 3
      0, Linear: weight (3×2), bias (3)
      N₁ = 3·2 + 3 = 9
    N₂ = 1·3 + 1
      1, Linear: weight (1×3), bias (1)
      N₂ = 1·3 + 1 = 4
    N = N₁ + N₂
      all layers together
      N = 9 + 4 = 13
    """
    steps: list[Step] = []
    for name, module in model.named_modules():
        own = list(module.named_parameters(recurse=False))
        if not own:
            continue
        sizes = ", ".join(f"{key} ({'×'.join(map(str, p.shape)) or 'one number'})" for key, p in own)
        words = f"{name}, {type(module).__name__}: {sizes}" if name else sizes
        count = sum(p.array.size for _, p in own)
        formula = plus(*(times(*(_size(n) for n in p.shape)) for _, p in own))
        steps.append(_step(words, Symbol("N", "", (len(steps) + 1,)), formula, count))
    total = sum(int(step.result) for step in steps)
    if len(steps) > 1:
        parts = [Value(step.symbol, float(step.result)) for step in steps]
        steps.append(_step("all layers together", Symbol("N"), plus(*parts), total))
    return Document("The parameters of a network", steps, [f"{total:,} parameters."], digits=digits)


def _size(n: int) -> Formula:
    return Value(Symbol(str(n)), float(n))  # named by itself: a product of plain numbers would be worked out at once


# ---- shares ----------------------------------------------------------------------------------------------------------


def _accuracy(
    document: Document, test: Classification | Multilabel, names: list[str], klass: int | None, most: int
) -> None:
    n = Value(Symbol("n"), float(test.n))
    if isinstance(test, Multilabel):
        right, answers = test.counts[0], times(n, Value(Symbol("labels"), float(len(names))))
        words = "all answers that were right (for label i: rᵢ), over examples times labels"
        terms = _listed("r", right, most)
    else:
        right, answers = np.diag(test.confusion), n
        words = "those on the diagonal of the table (class i taken for class i: nᵢᵢ), over all"
        terms = _listed("n", right, most, twice=True)
    document.steps.append(_step(words, Symbol("accuracy"), over(plus(*terms), answers), test.accuracy))
    document.summary.append(f"Accuracy: {_percent(test.accuracy)}.")


def _listed(letter: str, counts: np.ndarray, most: int, twice: bool = False) -> list[Formula]:
    """Terms of a sum, in their order: all of a few, else the largest and what all others add."""
    shown = np.arange(len(counts)) if len(counts) <= max(most, _MOST_CLASSES) else _largest(counts, most)
    index = [(int(i) + 1,) * (2 if twice else 1) for i in shown]
    terms: list[Formula] = [Value(Symbol(letter, "", at), float(counts[i])) for at, i in zip(index, shown, strict=True)]
    if len(shown) < len(counts):
        terms.append(Rest(len(counts) - len(shown), math.fsum(np.delete(counts, shown))))
    return terms


def _largest(values: np.ndarray, most: int) -> np.ndarray:
    return np.sort(np.argsort(-np.abs(values), kind="stable")[:most])


def _counts(test: Classification | Multilabel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each class: those called it rightly, those that are it, those called it."""
    if isinstance(test, Multilabel):
        _, there, said, hits = test.counts
        return hits, there, said
    return np.diag(test.confusion), test.confusion.sum(axis=1), test.confusion.sum(axis=0)


_SHARES: dict[str, tuple[str, str]] = {
    "recall": ("r", "of those that are it (n), the share that was called it"),
    "precision": ("p", "of those that were called it (s), the share that is it"),
    "f1": ("F", "twice those called it rightly, over those that are it (n) and those called it (s)"),
}


def _share(name: str) -> Callable[[Document, Classification | Multilabel, list[str], int | None, int], None]:
    def tell(
        document: Document, test: Classification | Multilabel, names: list[str], klass: int | None, most: int
    ) -> None:
        letter, words = _SHARES[name]
        hits, true, said = _counts(test)
        chosen = range(min(len(names), _MOST_CLASSES)) if klass is None else [klass]
        for i in chosen:
            hit, are, called = (
                Value(Symbol(sign, "", at), float(count))
                for sign, at, count in (
                    ("n", (i + 1,) * 2, hits[i]),
                    ("n", (i + 1,), true[i]),
                    ("s", (i + 1,), said[i]),
                )
            )
            below = {"recall": are, "precision": called, "f1": plus(are, called)}[name]
            above = times(Number(2.0), hit) if name == "f1" else hit
            total = {"recall": true[i], "precision": said[i], "f1": true[i] + said[i]}[name]
            if not total:
                document.notes.append(f"{names[i]}: none to take a share of.")
                continue
            share = float((2 if name == "f1" else 1) * hits[i] / total)
            document.steps.append(
                _step(f"{names[i]}: {words}", Symbol(letter, "", (i + 1,)), over(above, below), share)
            )
            document.summary.append(f"{_TITLES[name]} of {names[i]}: {_percent(share)}.")
        if klass is None and len(names) > _MOST_CLASSES:
            document.notes.append(f"The first {_MOST_CLASSES} of {len(names)} classes; --class K tells another.")

    return tell


# ---- means -----------------------------------------------------------------------------------------------------------


def _loss(document: Document, test: Evaluation, names: list[str], klass: int | None, most: int) -> None:
    if isinstance(test, Regression):
        _mean_of_squares(document, test, most)
    elif isinstance(test, Multilabel):
        chances = np.where(test.targets > 0.5, test.probabilities, 1 - test.probabilities)
        _mean_of_logarithms(document, chances.reshape(-1), test.loss, len(names), most)
    else:
        chances = test.probabilities[np.arange(len(test.labels)), test.labels]
        _mean_of_logarithms(document, chances, test.loss, 1, most)


def _mean_of_logarithms(document: Document, chances: np.ndarray, loss: float, labels: int, most: int) -> None:
    """The mean of −ln p over all answers; p is the chance that was given to what is true."""
    losses = -np.log(np.maximum(chances.astype(np.float64), 1e-300))
    worst = _largest(losses, most)
    where = [f"test example {i // labels}" + (f", label {i % labels}" if labels > 1 else "") for i in worst.tolist()]
    for i, place in zip(worst.tolist(), where, strict=True):
        chance = Value(Symbol("p", "", (i + 1,)), max(float(chances[i]), 1e-300))
        words = f"{place} (counted from 0): minus the logarithm of the chance that it gave to what is true"
        document.steps.append(
            _step(words, Symbol("l", "", (i + 1,)), Negative(Call("ln", (chance,))), float(losses[i]))
        )
    _mean(document, "l", losses, worst, loss, "the mean of these over all answers; the largest are told above")
    document.summary.append(f"Loss: {loss:.4g}, the mean of −ln p.")


def _mean(document: Document, letter: str, values: np.ndarray, shown: np.ndarray, mean: float, words: str) -> None:
    terms: list[Formula] = [Value(Symbol(letter, "", (int(i) + 1,)), float(values[i])) for i in shown]
    if len(shown) < len(values):
        terms.append(Rest(len(values) - len(shown), mean * len(values) - math.fsum(values[shown])))
    document.steps.append(_step(words, Symbol("L"), over(plus(*terms), Value(Symbol("n"), float(len(values)))), mean))


def _mean_of_squares(document: Document, test: Regression, most: int, own: bool = False) -> None:
    """The mean of the squared errors; in the targets' own units, or as the network learnt them."""
    targets = test.targets.reshape(len(test.targets), -1)
    errors = (test.predictions.reshape(targets.shape) - targets).astype(np.float64)
    errors = (errors if own else errors / test.scale).reshape(-1)
    squares, columns = errors**2, targets.shape[1]
    worst = _largest(squares, most)
    for i in worst.tolist():
        e = Value(Symbol("e", "", (i + 1,)), float(errors[i]))
        place = f"test example {i // columns}" + (f", column {i % columns}" if columns > 1 else "")
        units = "in the target's own units" if own else "in the units that were learnt"
        words = f"{place} (counted from 0): the square of what was said less what is true, {units}"
        document.steps.append(_step(words, Symbol("q", "", (i + 1,)), Power(e, Number(2.0)), float(squares[i])))
    mean = test.rmse**2 if own else test.loss
    _mean(document, "q", squares, worst, mean, "the mean of the squares; the largest are told above")
    if not own:
        document.summary.append(f"Loss: {mean:.4g}, the mean of the squared errors.")


def _rmse(document: Document, test: Regression, names: list[str], klass: int | None, most: int) -> None:
    _mean_of_squares(document, test, most, own=True)
    root = Call("sqrt", (Value(Symbol("L"), test.rmse**2),))
    document.steps.append(
        _step("its root: a typical error, in the target's own units", Symbol("RMSE"), root, test.rmse)
    )
    document.summary.append(f"RMSE: {test.rmse:.4g}.")


def _r2(document: Document, test: Regression, names: list[str], klass: int | None, most: int) -> None:
    if math.isnan(test.r2):
        got = "got targets that are all the same"
        raise ValueRangeError(complain(got, "expected some spread for R² to be a share of", "Try rmse"))
    _mean_of_squares(document, test, most)
    document.summary.clear()
    variance = float(np.mean(((test.targets - test.targets.mean(axis=0)) / test.scale) ** 2, dtype=np.float64))
    loss, spread = Value(Symbol("L"), test.loss), Value(Symbol("V"), variance)
    words = "1 less the mean squared error over the targets' own variance (V): the share that is explained"
    document.steps.append(_step(words, Symbol("R²"), minus(Number(1.0), over(loss, spread)), test.r2))
    document.summary.append(f"R²: {test.r2:.4f}.")


# ---- in common -------------------------------------------------------------------------------------------------------


def _step(words: str, symbol: Symbol, formula: Formula, value: float) -> Step:
    line = Equation(symbol, formula, float(value))
    return Step("figure", words, symbol, formula, np.array(float(value)), lines=[line])


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


_TITLES = {
    "accuracy": "Accuracy", "precision": "Precision", "recall": "Recall", "f1": "F1", "loss": "Loss", "r2": "R²",
    "rmse": "RMSE",
}  # fmt: skip
_TELLERS: dict[str, Callable[..., None]] = {
    "accuracy": _accuracy, "precision": _share("precision"), "recall": _share("recall"), "f1": _share("f1"),
    "loss": _loss, "rmse": _rmse, "r2": _r2,
}  # fmt: skip
