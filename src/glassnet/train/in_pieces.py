"""Judging rows that lie in files: a piece at a time, every figure of all of them, in the memory of one piece.

What fits into memory is judged as a whole (`evaluation.evaluate`), and so has every row; of very many only the worst
are kept. Both ways say the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from glassnet import nn
from glassnet.data.mapped import is_mapped, let_go
from glassnet.train.evaluation import Evaluation, evaluate, figures_of, outputs_of
from glassnet.train.predictions import Predictions
from glassnet.train.preparation import Preparation
from glassnet.train.tally import Say, Tally

_NUMBERS = 1 << 18  # that the network gets or gives for the rows of one piece


class Judged(NamedTuple):
    """A judgement, and its figures, rows counting by their weights if there are any.

    `said` has the worst rows in words where the judgement has no others, and is None where it has all rows.
    """

    test: Evaluation
    figures: dict[str, float]
    said: list[str] | None = None

    @property
    def say(self) -> Callable[[int], str] | None:
        """What tells a row of the judgement in words; None where the data have to be asked."""
        return self.said.__getitem__ if self.said is not None else None


def judged(
    model: nn.Module,
    prepare: Preparation,
    x: np.ndarray,
    y: np.ndarray,
    *,
    say: Say | None = None,
    weights: np.ndarray | None = None,
    keep: Predictions | None = None,
) -> Judged:
    """Judge a network on raw examples, of rows in files a piece at a time.

    `say(i)` tells example i in words, `weights` are how much each counts, `keep` gets what is said of every one.

    >>> x = np.array([[1.0], [2.0]], np.float32)
    >>> prepare = Preparation((1,), np.ones((), np.float32), np.zeros((), np.float32))
    >>> judged(nn.Identity(), prepare, x, x).figures["rmse"]
    0.0
    """
    if not (is_mapped(x) and x.ndim == 2 and len(x)):
        test = evaluate(model, prepare, x, y)
        if keep is not None:
            keep.add(test)
        return Judged(test, figures_of(test, weights))
    tally, tell = Tally(), say or "example {:,}".format
    width = max(x.shape[1], outputs_of(model, prepare, x[:1]).shape[1])
    for rows in _pieces(len(x), width):
        part = evaluate(model, prepare, x[rows], np.array(y[rows]), first=rows.start)
        count = np.array(weights[rows]) if weights is not None else None
        tally.add(part, lambda i, first=rows.start: tell(first + i), count)
        if keep is not None:
            keep.add(part)
        for array in (x, y, weights):
            if array is not None:
                let_go(array)
    test = tally.evaluation
    return Judged(test, tally.weighted if weights is not None else figures_of(test), tally.said)


def judgements(model: nn.Module, prepare: Preparation, x: np.ndarray, y: np.ndarray) -> Iterator[Evaluation]:
    """One judgement of everything; of rows in files one after another, each of a piece, with all that it says of it."""
    if not (is_mapped(x) and x.ndim == 2 and len(x)):
        yield evaluate(model, prepare, x, y)
        return
    for rows in _pieces(len(x), max(x.shape[1], outputs_of(model, prepare, x[:1]).shape[1])):
        yield evaluate(model, prepare, x[rows], np.array(y[rows]), first=rows.start)
        let_go(x)
        let_go(y)


def _pieces(count: int, width: int) -> Iterator[slice]:
    """Rows that are judged together, of `count` in all."""
    size = max(1000, _NUMBERS // width)
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
