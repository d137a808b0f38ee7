"""What a network has learnt, for the eye: the headline, class by class, the confusion matrix, the worst mistakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from glassnet.cli.pictures import cropped, draw, side_by_side
from glassnet.cli.terminal import Terminal
from glassnet.data.registry import DataSet
from glassnet.train.amounts import amount
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.multilabel import Multilabel

_LONGEST_LABEL = 12
_BAR, _SHORTEST_BAR = 12, 8
_MOST_LISTED = 3
_PARTS = {"training": 0, "validation": 1, "test": 2}


def report(
    test: Evaluation,
    data: DataSet,
    x: np.ndarray,
    terminal: Terminal,
    of: str = "test",
    say: Callable[[int], str] | None = None,
) -> list[str]:
    """All lines about a network's results on the examples `x` of a data set; `say(i)` tells one in words."""
    say = say or partial(_said, data, x, of)
    if isinstance(test, Multilabel):
        return [*labels_table(test, data.classes, terminal, of), *worst_answers(test, data.classes, say, terminal)]
    if isinstance(test, Regression):
        return _regression(test, say, terminal, of)
    return [
        *headline(test, terminal, of),
        "",
        *classes_table(test, data.classes, terminal),
        *worst_mistakes(test, data.classes, x, terminal, of, say),
    ]


def _said(data: DataSet, x: np.ndarray, of: str, i: int) -> str:
    """An example in words: a table's row as it came, or its numbers."""
    example = getattr(data, "example", None)
    return example(_PARTS.get(of, 2), i) if example is not None else f"({numbers(x[i])})"


def labels_table(test: Multilabel, labels: Sequence[str], terminal: Terminal, of: str = "test") -> list[str]:
    """The headline of several labels, and one row for each: how often it is there, precision, recall and F1."""
    width = min(_LONGEST_LABEL * 2, max(5, *map(len, labels)))
    heading = f"{'label':>{width}}  {'there':>8}  {'precision':>9}  {'recall':>9}  {'F1':>9}"
    lines = [
        f"{terminal.bold(percent(test.accuracy))} of all labels right on {test.n:,} {of} examples, "
        f"all labels of {percent(test.exact)} of them",
        "",
        terminal.dim(heading),
    ]
    for label, *shares in zip(labels, test.there, test.precision, test.recall, test.f1, strict=True):
        cells = [f"{percent(share, 1):>9}" for share in shares]
        lines.append(f"{label[:width]:>{width}}  {cells[0][1:]}  {'  '.join(cells[1:])}")
    return lines


def worst_answers(test: Multilabel, labels: Sequence[str], say: Callable[[int], str], terminal: Terminal) -> list[str]:
    """The examples with the most wrong labels: those that were missed, and those that were invented."""
    lines: list[str] = []
    for i in test.worst(_MOST_LISTED):
        wrong, there = ~test.right[i], test.targets[i] > 0.5
        parts = {"missed": wrong & there, "invented": wrong & ~there}
        told = [f"{word} {_listed_labels(labels, part)}" for word, part in parts.items() if part.any()]
        lines.append(f"  {say(i)}  {', '.join(told)}")
    return ["", terminal.bold("worst mistakes"), *lines] if lines else []


def _listed_labels(labels: Sequence[str], chosen: np.ndarray) -> str:
    return " + ".join(labels[j] for j in np.flatnonzero(chosen).tolist())


def headline(test: Classification, terminal: Terminal, of: str = "test") -> list[str]:
    """The accuracy, and how many examples went wrong."""
    wrong = test.n - int(np.trace(test.confusion))
    accuracy = terminal.bold(percent(test.accuracy))
    return [f"{accuracy} of {test.n:,} {of} examples right, {wrong:,} wrong"]


def percent(share: float | None, digits: int = 2) -> str:
    """A share in percent; 100 % only if nothing is missing, 0 % only if nothing is there.

    >>> percent(0.98765), percent(0.99999), percent(1.0), percent(None)
    ('98.77 %', '99.99 %', '100.00 %', '–')
    """
    if share is None or share != share:
        return "–"
    step = 10.0**-digits
    shown = min(max(round(100 * share, digits), step), 100 - step) if 0 < share < 1 else 100 * share
    return f"{shown:.{digits}f} %"


def classes_table(test: Classification, classes: Sequence[str], terminal: Terminal) -> list[str]:
    """One row for each class: what its examples were taken for, the share that was right, and its mistakes as a bar."""
    label, room = _label_width(classes), terminal.width - _label_width(classes) - 12  # the rest is for the share
    least, longest = max(5, len(str(test.confusion.max())) + 1), max(map(len, classes)) + 2
    cell = max(least, min(longest, room // len(classes)))
    bar = min(_BAR, room - cell * len(classes) - 2)
    if bar < -2:
        return _listed(test, classes, terminal, label)
    names = "".join(f"{name[: cell - 1]:>{cell}}" for name in classes)
    mistakes = "  mistakes" if bar >= _SHORTEST_BAR else ""
    lines = [terminal.dim(f"{'':{label}}  {names}     right{mistakes}")]
    lines += _rows(test, classes, terminal, label, cell, bar)
    return [*lines, terminal.dim("each row: what the examples of that class were taken for")]


def _label_width(classes: Sequence[str]) -> int:
    return min(_LONGEST_LABEL, max(map(len, classes)))


def _rows(
    test: Classification, classes: Sequence[str], terminal: Terminal, label: int, cell: int, bar: int
) -> list[str]:
    wrong = test.confusion - np.diag(np.diag(test.confusion))
    most, most_in_row = max(1, int(wrong.max())), max(1, int(wrong.sum(axis=1).max()))
    lines: list[str] = []
    for i, (name, share) in enumerate(zip(classes, test.per_class, strict=True)):
        cells = "".join(_cell(int(n), i == j, most, cell, terminal) for j, n in enumerate(test.confusion[i]))
        drawn = terminal.bar(int(wrong[i].sum()) / most_in_row, bar, "━ ") if bar >= _SHORTEST_BAR else ""
        lines.append(f"{name[:label]:>{label}}  {cells}  {percent(share, 1):>8}  {terminal.paint(drawn, '33')}")
    return lines


def _cell(count: int, right: bool, most: int, width: int, terminal: Terminal) -> str:
    if right:
        return terminal.bold(f"{count:>{width}}")
    if not count:
        return terminal.dim(f"{'·' if terminal.unicode else '.':>{width}}")
    return terminal.paint(f"{count:>{width}}", "31" if 2 * count > most else "33")


def _listed(test: Classification, classes: Sequence[str], terminal: Terminal, label: int) -> list[str]:
    """For many classes: no matrix, but what each was taken for most often."""
    lines = [terminal.dim(f"{'':{label}}     right  most often taken for")]
    for i, (name, share) in enumerate(zip(classes, test.per_class, strict=True)):
        others = test.confusion[i].copy()
        others[i] = 0
        j = int(others.argmax())
        taken = f"{classes[j][:_LONGEST_LABEL]} ({others[j]})" if others[j] else ""
        lines.append(f"{name[:label]:>{label}}  {percent(share, 1):>8}  {taken}")
    return lines


def worst_mistakes(
    test: Classification,
    classes: Sequence[str],
    x: np.ndarray,
    terminal: Terminal,
    of: str = "test",
    say: Callable[[int], str] | None = None,
) -> list[str]:
    """The mistakes made with the most certainty: images are drawn, points are written down."""
    if x.ndim == 3 and x.dtype == np.uint8:
        return _drawn(test, classes, x, terminal, of)
    worst = test.worst(_MOST_LISTED)
    lines = [f"  {say(i) if say else f'({numbers(x[i])})'}  {_verdict(test, i, classes)}" for i in worst]
    return ["", terminal.bold("worst mistakes"), *lines] if lines else []


def _drawn(test: Classification, classes: Sequence[str], x: np.ndarray, terminal: Terminal, of: str) -> list[str]:
    width = max(20, x.shape[2] * 5 // 7)  # about what is left of an image once its margin is gone
    worst = test.worst(max(1, (terminal.width + 3) // (width + 5)))
    if not worst:
        return []
    images = cropped(x[worst])
    blocks = [
        [*draw(image, terminal), *_captions(test, i, classes, of)] for image, i in zip(images, worst, strict=True)
    ]
    shown = max(images.shape[2], max(len(line) for block in blocks for line in block[-3:]))
    fitting = max(1, (terminal.width + 3) // (shown + 3))
    lines = side_by_side(blocks[:fitting], [shown] * len(blocks[:fitting]))
    return ["", terminal.bold("worst mistakes"), "", *lines]


def _captions(test: Classification, i: int, classes: Sequence[str], of: str) -> list[str]:
    said = int(test.said[i])
    sure = percent(float(test.probabilities[i, said]))
    return [f"true {classes[test.labels[i]]}", f"said {classes[said]}, {sure}", f"{of} image {i}"]


def _verdict(test: Classification, i: int, classes: Sequence[str]) -> str:
    said = int(test.said[i])
    sure = percent(float(test.probabilities[i, said]))
    return f"true {classes[test.labels[i]]}, said {classes[said]} with {sure}"


def numbers(values: np.ndarray) -> str:
    """The first few numbers, to four digits, thousands written plainly."""
    shown = ", ".join(amount(value) for value in values.reshape(-1)[:6].tolist())
    return shown + (", …" if values.size > 6 else "")


def _regression(test: Regression, say: Callable[[int], str], terminal: Terminal, of: str) -> list[str]:
    errors = np.abs(test.predictions - test.targets).max(axis=1)
    explained = terminal.bold(f"{terminal.r2} {test.r2:.4f}")
    lines = [
        f"{explained} on {test.n:,} {of} examples, typical error (RMSE) {amount(test.rmse)}",
        f"mean size of the errors (MAE) {amount(test.mae)}",
        "",
        terminal.bold("largest errors"),
    ]
    for i in np.argsort(-errors, kind="stable")[:_MOST_LISTED].tolist():
        lines.append(f"  {say(i)}  true {numbers(test.targets[i])}, said {numbers(test.predictions[i])}")
    return lines
