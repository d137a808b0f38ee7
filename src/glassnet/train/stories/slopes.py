"""The figure of `gradcheck`: a derivative by backpropagation beside the same by differences of the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor
from glassnet.read.document import Document
from glassnet.read.formula import Call, Compare, Number, minus, over, times
from glassnet.train.derivatives import LIMIT, Checked, Slope, check_gradients, slope_at
from glassnet.train.doctor.gathering import loss_of
from glassnet.train.stories.lines import told, value
from glassnet.train.stories.subject import Subject

EXAMPLES = 20  # that `gradcheck` takes the loss over


def gradient(subject: Subject) -> Document:
    """The worst of the slopes that `gradcheck` compares: both ways to it, and how far they lie apart."""
    data, trained = subject.data, subject.trained
    rows = np.linspace(0, len(data.x_train) - 1, min(EXAMPLES, len(data.x_train))).astype(int)
    x, y = trained.prepare(np.ascontiguousarray(data.x_train[rows])), data.y_train[rows]
    loss = loss_of(data.task)
    worst: Checked = max(check_gradients(trained.model, loss, x, y), key=lambda c: c.error)
    return tell_slope(trained.model, loss, x, y, worst.name, worst.at)


def tell_slope(
    model: Any, loss: Callable[[Tensor, Tensor], Tensor], x: Any, y: Any, name: str, at: tuple[int, ...]
) -> Document:
    """How far a derivative by backpropagation and one by differences lie apart.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Linear(2, 1)
    >>> told = tell_slope(model, torch.nn.functional.mse_loss, torch.ones(3, 2), torch.zeros(3, 1), "weight", (0, 1))
    >>> [str(step.symbol.letter) for step in told.steps]
    ['D', 'n', 'd', 'm', 'error', 'right']
    """
    found: Slope = slope_at(model, loss, x, y, name, at)
    place = f"{name}[{', '.join(map(str, at))}]"
    change = found.above - found.below
    steps = [
        told(f"the loss with {place} larger by h (A), less that with it smaller by h (B)", "D",
             minus(value("A", found.above), value("B", found.below)), change),
        told("that, over the way between: the slope by differences", "n",
             over(value("D", change), times(Number(2.0), value("h", found.step))), found.numeric),
        told("backpropagation says a: how far the two lie apart", "d",
             Call("abs", (minus(value("a", found.analytic), value("n", found.numeric)),)),
             abs(found.analytic - found.numeric)),
        told("the size to compare that with: the larger of both, but no less than the usual slope of the parameter (u)",
             "m", Call("max", (Call("abs", (value("a", found.analytic),)), Call("abs", (value("n", found.numeric),)),
                               value("u", found.usual), Number(1e-10))), found.size),
        told("the relative error", "error", over(value("d", abs(found.analytic - found.numeric)),
             value("m", found.size)), found.error),
        told(f"1 where it is below {LIMIT:g}", "right", Compare("<", value("error", found.error), Number(LIMIT)),
             float(found.error < LIMIT)),
    ]  # fmt: skip
    document = Document(f"The slope of the loss along {place}", steps, [f"Relative error: {found.error:.1e}."])
    document.notes.append("In float64, over the examples that `glassnet gradcheck` takes; of three steps h the best.")
    document.notes.append("Both losses, and both slopes, agree in their first digits: --digits exact shows where not.")
    document.notes.append("Where a comes from, number by number: glassnet explain MODEL --index N --rate 0.1.")
    return document
