"""The doctor for training loops written by hand: one call with the pieces of the loop."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet import nn, optim
from glassnet.core.generator import fork_rng
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, complain
from glassnet.train.activity import Activity, LossFunction, Weights, probe, with_updates
from glassnet.train.doctor import measure
from glassnet.train.doctor.case import Case, Part, epochs_of
from glassnet.train.doctor.finding import Finding
from glassnet.train.doctor.findings import diagnose

_MOST_ROWS = 1000


class Report(list[Finding]):
    """Findings that print themselves: nothing is found in a healthy training.

    >>> print(Report())
    nothing found
    """

    def __str__(self) -> str:
        return "\n\n".join(map(str, self)) or "nothing found"

    __repr__ = __str__


def check(
    model: nn.Module,
    loss_fn: LossFunction,
    x: Any,
    y: Any,
    optimizer: optim.Optimizer | None = None,
    *,
    step: Callable[[Tensor, Tensor], Any] | None = None,
    history: Sequence[dict[str, Any]] | None = None,
    validation: tuple[Any, Any] | None = None,
    shuffled: bool | None = None,
    classes: Sequence[str] = (),
) -> Report:
    """Examine the pieces of a training loop on examples x with targets y, and leave everything as it was.

    - `optimizer`: also tries 20 steps on one batch, on a copy, to see what its rate does.
    - `step(x, y)`: your own step; it is taken twice and undone, to see whether it clears its gradients. Give the
      optimiser too, so that what it remembers is put back as well.
    - `history`: figures per epoch, such as `{"loss": 0.3, "validation_loss": 0.4}`.
    - `validation`: `(x, y)` that are not learnt from. `shuffled`: whether batches come in a new order at every pass.

    Raises `DataError` when there are no examples.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> x = torch.randn(60, 2)
    >>> y = (x[:, 0] + x[:, 1] > 0).long()
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2), nn.Softmax(dim=1))
    >>> report = check(model, nn.CrossEntropyLoss(), x, y, validation=(x + 1, y))
    >>> print(report)
    Softmax is applied twice
      seen: the last layer is Softmax, and cross_entropy applies its own to what it is given
      why:  squashed twice, the scores are almost equal: gradients are small and the loss cannot get near 0
      try:  leaving Softmax out while training; the loss takes the scores as they are
            model = model[:-1]
    """
    x, y = _tensor(x), _tensor(y)
    if not len(x.array):
        raise DataError(complain("got no examples", "expected at least one", "Try the first batch of the loader"))
    few_x, few_y = wrap(x.array[:_MOST_ROWS]), wrap(y.array[:_MOST_ROWS])
    look = probe(model, loss_fn, few_x, few_y)
    labels = y.array.ndim == 1 and y.array.dtype.kind in "iu"
    scores = _scores(model, few_x)
    case = Case(
        task="classification" if labels else "regression",
        classes=tuple(classes) or (tuple(map(str, range(scores.shape[-1]))) if labels else ()),
        train=_part(x, y),
        validation=_part(*map(_tensor, validation)) if validation is not None else None,
        complete=validation is not None,
        shuffled=shuffled,
        activity=Activity([look]),
        history=epochs_of(history) if history else None,
        last_layer=measure.last_layer(model),
        loss=measure.loss_name(loss_fn),
        twins=measure.twin_units(model, loss_fn, few_x, few_y),
    )
    if labels and _knows(scores, few_y.array):
        case.scores, case.train = scores, _part(few_x, few_y)
    if optimizer is not None:
        _try(case, model, loss_fn, few_x, few_y, optimizer)
    if step is not None:
        remembered = copy.deepcopy(optimizer.state_dict()) if optimizer is not None else None
        case.leftover = _leftover(step, model, loss_fn, few_x, few_y)
        if optimizer is not None and remembered is not None:
            optimizer.load_state_dict(remembered)
    return Report(diagnose(case))


def _tensor(values: Any) -> Tensor:
    if isinstance(values, Tensor):
        return values
    array = np.asarray(values)
    return wrap(array.astype(np.float32) if array.dtype == np.float64 else array)


def _part(x: Tensor, y: Tensor) -> Part:
    return Part(x.array.reshape(len(x.array), -1), y.array)


def _scores(model: nn.Module, x: Tensor) -> np.ndarray:
    twin = copy.deepcopy(model)
    twin.eval()
    out = twin(x).array
    return out.reshape(len(out), -1)


def _knows(scores: np.ndarray, y: np.ndarray) -> bool:
    """Whether the network has learnt enough for its doubts about labels to mean anything."""
    right = float((scores.argmax(axis=1) == y).mean())
    return scores.shape[1] > 1 and right > 0.5 + 0.5 * float(np.bincount(y).max() / len(y))


def _try(case: Case, model: nn.Module, loss: LossFunction, x: Tensor, y: Tensor, optimizer: optim.Optimizer) -> None:
    """A few steps on a copy: how the loss goes, and by how much a step changes the weights."""
    case.rate = float(optimizer.param_groups[0]["lr"])
    case.trial, changes = measure.trial(model, loss, x, y, optimizer)
    case.activity = Activity([with_updates(look, changes) for look in case.looks or ()])


def _leftover(
    step: Callable[[Tensor, Tensor], Any], model: nn.Module, loss: LossFunction, x: Tensor, y: Tensor
) -> tuple[float, float]:
    """The length of the gradients after two steps, and of those that the second step's batch asks for by itself."""
    before, buffers = Weights(model), [(b, b.array.copy()) for b in model.buffers()]
    gradients = [(p, p.grad) for p in model.parameters()]
    for p in model.parameters():
        p.grad = None
    with fork_rng():
        step(x, y)
        asked = measure.gradients(model, loss, x, y)  # which draws the same random numbers as the second step
        step(x, y)
    kept = [p.grad.array for p in model.parameters() if p.grad is not None]
    before.put_back()
    for b, array in buffers:
        np.copyto(b.array, array)
    for p, g in gradients:
        p.grad = g
    return _length(kept), _length(list(asked.values()))


def _length(arrays: Sequence[np.ndarray]) -> float:
    return math.sqrt(sum(float(np.vdot(a, a)) for a in arrays))
