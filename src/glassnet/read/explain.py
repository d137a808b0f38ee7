"""Where does this number come from? The tape of a step, told in words, symbols and numbers.

    explain(model, x)                              how a prediction is made
    explain(model, x, y, loss="mse")               … and how wrong it is, and the slope of that along every weight
    explain(model, x, y, loss="mse", optimizer=o)  … and what the optimiser does about it
    explain(a * b + c)                             any recorded tensor

The step is run once, as training runs it, and written down; everything that is told is read off that one tape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import factories, ops, tape
from glassnet.core.mode import no_grad, recording
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, GradientError, complain
from glassnet.read.check import Differences
from glassnet.read.digits import Digits, check_digits
from glassnet.read.document import Document
from glassnet.read.grain import Grain
from glassnet.read.labels import Label, Labels
from glassnet.read.losses import as_target, chosen_loss, of_one
from glassnet.read.naming import name_between, name_leaves, name_rates, name_slopes, name_told, name_update, named
from glassnet.read.record import Recorded, followed, record
from glassnet.read.story import Story, ancestors
from glassnet.read.teller import Teller


def explain(
    model: Any,
    x: Any = None,
    y: Any = None,
    *,
    loss: Any = None,
    optimizer: Any = None,
    grain: str = "layer",
    layer: int | None = None,
    unit: int | None = None,
    weight: int | None = None,
    digits: Digits = 3,
    most: int = 6,
    gradcheck: bool = False,
    keep: bool = False,
    names: dict[str, Tensor] | None = None,
    title: str | None = None,
) -> Document:
    """Tell a step of a model, or how any recorded tensor came about.

    `x` is one example or a batch, `y` its target; `loss` is a function, a module or a name ("mse", "half-square",
    "bce", "cross-entropy", …). With an optimiser the update is told too. Nothing is changed by it, unless `keep` is
    set: then the step counts.

    `grain` says how finely: "network" whole tensors; "layer" for each the `most` largest numbers; "scalar" all;
    "neuron" one unit (`layer`, `unit`); "weight" one weight (`layer`, `unit`, `weight`). A `layer` alone leaves out
    all others. Layers with weights, units and weights are counted from 1, as in W⁽¹⁾₂₁. Sums of more than `most` terms
    show those that weigh most, and what the others add. With `gradcheck` each slope stands beside the same slope found
    by differences.

    Raises `DataError` for NaN in x, `ShapeError` for an x that does not fit, `ValueRangeError` for what it does not
    know.

    >>> import glassnet as torch
    >>> w, x = torch.tensor(3.0, requires_grad=True), torch.tensor(2.0)
    >>> print(explain(w * x + 1, names={"w": w, "x": x}).text(width=60))
    An expression
    <BLANKLINE>
    Forward
    u = w·x + 1
      multiply w by x, add 1 to that                   rows 1–2
      u = 3·2 + 1 = 7
    <BLANKLINE>
    Backward
    dw = x
      the slope of u along w                            rows 3–4
      dw = 2
    """
    check_digits(digits)
    chosen = Grain.of(grain, layer, unit, weight, most)
    if isinstance(model, Tensor) and x is None:
        recorded, labels = _expression(model, names or {}, chosen.most)
        return _told(recorded, labels, chosen, digits, gradcheck, title or "An expression", None)
    example, target, criterion = _prepared(model, x, y, loss)
    recorded = record(model, example, target, criterion, optimizer if target is not None else None, keep)
    story = recorded.story
    own = {name: story.node(t) for name, t in (names or {}).items()}
    aim = None if target is None else story.node(target)
    labels = named(recorded, model, story.node(example), aim, own, chosen.most)
    return _told(recorded, labels, chosen, digits, gradcheck, title or _title(model, recorded), optimizer)


def _told(
    recorded: Recorded, labels: Labels, grain: Grain, digits: Digits, gradcheck: bool, title: str, optimizer: Any
) -> Document:
    weights = [label for label in labels.table.values() if isinstance(label, Label) and label.layer.isdigit()]
    sizes = {label.layer: label.shape for label in weights if (label.letter, label.slope) == ("W", False)}
    grain.check({label.layer for label in weights}, sizes)
    result = recorded.loss if recorded.loss is not None else recorded.output
    assert result is not None
    forward = recorded.parts["forward"] + recorded.parts.get("loss", [])
    teller = Teller(recorded, labels, grain, Differences(forward, result) if gradcheck else None)
    steps = teller.forward() + teller.backward()
    if recorded.moved:
        steps += teller.moved(type(optimizer).__name__, float(optimizer.param_groups[0].get("lr", 0.0)))
    elif recorded.updated:
        name_told(labels, recorded)
        changed = name_update(labels, recorded.updated)
        name_rates(labels, recorded.parts["update"])
        steps += teller.update(changed, type(optimizer).__name__)
    return Document(title, steps, teller.summary(), digits=digits)


# ---- a model ---------------------------------------------------------------------------------------------------------


def _prepared(model: Any, x: Any, y: Any, loss: Any) -> tuple[Tensor, Tensor | None, Any]:
    """The example, the target and the loss, as the model takes them."""
    if not callable(model):
        got = f"explain: got {type(model).__name__}"
        raise DataError(complain(got, "expected a model and an example, or a tensor", _network_within(model)))
    if x is None:
        raise DataError(complain("explain: got no x", "expected an example", "Try explain(model, x)"))
    dtype = next((p.array.dtype for p in model.parameters()), None) if isinstance(model, nn.Module) else None
    example = as_example(x, dtype)
    need_numbers(example.array, "x")
    if isinstance(model, nn.Module):
        for name, p in model.named_parameters():
            need_numbers(p.array, name)
    criterion = chosen_loss(loss, model, y)
    if y is None:
        return example, None, None
    if isinstance(y, Tensor):
        need_numbers(y.array, "y")
        if len(np.shape(getattr(x, "array", x))) > 1:
            return example, y, criterion
    with no_grad():
        shape = tuple(_peek(model, example).array.shape)
    if isinstance(y, Tensor):
        return example, of_one(y, shape), criterion
    target = as_target(y, shape, criterion, example.array.dtype if dtype is None else dtype)
    need_numbers(target.array, "y")
    return example, target, criterion


def _network_within(model: Any) -> str:
    """What to explain instead: the network of an estimator, or of the last step of a pipeline."""
    if hasattr(model, "network_"):
        return "Try explain(model.network_, x)"
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps and hasattr(steps[-1][-1], "network_"):
        return "Try explain(model[-1].network_, model[:-1].transform(x))"
    return "Try explain(model.network, x)" if hasattr(model, "network") else "Try explain(model, x)"


def _peek(model: Any, example: Tensor) -> Tensor:
    """The output, for its shape; running statistics are left alone."""
    training = getattr(model, "training", False)
    if training:
        model.eval()
    try:
        return model(example)
    finally:
        if training:
            model.train()


def as_example(x: Any, dtype: Any) -> Tensor:
    if isinstance(x, Tensor) and x.array.ndim > 1 and (x.array.dtype.kind != "f" or dtype in (None, x.array.dtype)):
        return x
    array = x.array if isinstance(x, Tensor) else factories.as_tensor(x).array
    array = array.astype(dtype) if dtype is not None and array.dtype != dtype else array
    return wrap(array.reshape(1, -1) if array.ndim == 1 else array)


def need_numbers(array: np.ndarray, name: str) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        got = f"explain: got {array[tuple(place)]} at position {place} of {name}"
        hint = f"Try {name} without it" if name in "xy" else "Try the weights of an earlier epoch"
        raise DataError(complain(got, "expected finite numbers", hint))


def _title(model: Any, recorded: Recorded) -> str:
    widths = [node.inputs[1].shape for _, node in recorded.made if node.op is not None and node.op.name == "linear"]
    if not widths:
        return type(model).__name__
    sizes = "-".join(str(n) for n in (widths[0][1], *(w[0] for w in widths)))
    return f"{'One step of' if recorded.loss else 'A prediction by'} {sizes}"


# ---- any tensor ------------------------------------------------------------------------------------------------------


def _expression(t: Tensor, names: dict[str, Tensor], most: int) -> tuple[Recorded, Labels]:
    """What led to a tensor, and the slopes of it if it is a single number that gradients flow to."""
    if t.op is None:
        got = f"explain: got a tensor of shape {tuple(t.array.shape)} that nothing is known about"
        hint = "Try requires_grad=True for what it is made of, or explain(model, x)"
        raise GradientError(complain(got, "expected one whose story was followed", hint))
    recorded = Recorded(Story())
    story = recorded.story
    recorded.parts["forward"] = story.tell(ancestors(t), {})
    recorded.output = story.node(t)
    if t.needs_grad and t.array.size == 1:
        _slopes(recorded, t)
    labels = Labels(story)
    for name, leaf in names.items():
        labels.give(story.node(leaf), Label(name))
    name_leaves(labels, recorded.parts["forward"])
    return recorded, _named_expression(recorded, labels, most)


def _named_expression(recorded: Recorded, labels: Labels, most: int) -> Labels:
    assert recorded.output is not None
    labels.give(recorded.output, Label(recorded.output.tensor.name or "u"))
    name_between(labels, recorded.parts["forward"], most)
    name_slopes(labels, recorded)
    name_between(labels, recorded.parts.get("backward", []), most, keep=False)
    return labels


def _slopes(recorded: Recorded, t: Tensor) -> None:
    story = recorded.story
    with recording() as trace, no_grad():
        seed = ops.full(shape=tuple(t.array.shape), value=1.0, dtype=t.array.dtype)
        found = tape.gradients([t], [seed], followed([n.tensor for n in story.nodes]))
    recorded.parts["backward"] = story.tell(list(trace.nodes), {})
    for x, g in found.values():
        story.slopes[id(story.node(x))] = story.node(g)
    story.kept.append((t, found))
