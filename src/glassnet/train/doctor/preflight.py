"""Before the first step: the checks that every training should pass, each with its numbers.

data normalised · parts that do not overlap · weights started · a loss that fits · ten examples learnt by heart
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from glassnet import nn, optim
from glassnet.core.compiler import compile as compiled
from glassnet.core.generator import fork_rng
from glassnet.core.mode import enable_grad
from glassnet.core.tensor import wrap
from glassnet.train.activity import LossFunction
from glassnet.train.doctor import in_data, in_learning, measure
from glassnet.train.doctor.case import Case, Part, sample

EXAMPLES, _STEPS, _RATE = 10, 500, 0.01  # the sanity check: so many examples are to be learnt by heart
BY_HEART = 0.05  # cross-entropy, or share of the targets' variance, below which they are


class Line(NamedTuple):
    """One check: whether it is passed, and the numbers that say so."""

    name: str
    passed: bool
    text: str
    figures: dict[str, Any]


def preflight(
    model: nn.Module,
    loss: LossFunction,
    train: Part,
    validation: Part | None = None,
    test: Part | None = None,
    prepare: Callable[[np.ndarray], np.ndarray] | None = None,
    plain: int | None = None,
    examples: int = EXAMPLES,
) -> list[Line]:
    """The checks; the network is left as it is.

    `prepare` makes of examples what the network sees; of that the first `plain` columns are numbers that have a scale.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> x = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    >>> y = (x[:, 0] > 0).astype(np.int64)
    >>> model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    >>> for line in preflight(model, nn.functional.cross_entropy, Part(x[:80], y[:80]), test=Part(x[80:], y[80:])):
    ...     print("pass" if line.passed else "FAIL", line.name)
    pass data normalised
    pass parts kept apart
    pass weights started
    pass loss fits
    pass learns 10 examples by heart
    """
    few = Part(sample(train.x), sample(train.y))
    seen = few if prepare is None else few._replace(x=prepare(few.x))
    return [
        _normalised(seen.x[:, :plain]),
        _parts(train, validation, test),
        _started(model),
        _fits(model, loss, seen),
        _by_heart(model, loss, seen, examples),
    ]


def _normalised(x: np.ndarray) -> Line:
    figures = {
        "min": float(x.min(initial=0.0)),
        "max": float(x.max(initial=0.0)),
        "mean": float(x.mean(dtype=np.float64)),
        "std": float(x.std(dtype=np.float64)),
    }
    passed = max(-figures["min"], figures["max"]) <= in_data.LARGEST_INPUT and abs(figures["mean"]) <= 2
    passed = passed and 0.05 <= figures["std"] <= 5
    text = ", ".join(f"{name} {value:.3g}" for name, value in figures.items())
    return Line("data normalised", passed, text, figures)


def _parts(train: Part, validation: Part | None, test: Part | None) -> Line:
    others = {"validation": validation, "test": test}
    sizes = {"training": len(train.x), **{name: len(part.x) if part else 0 for name, part in others.items()}}
    there = {name: part for name, part in others.items() if part and len(part.x)}
    both = {name: len(measure.rows_in_both(train.x, part.x, train.y, part.y)) for name, part in there.items()}
    text = ", ".join(f"{size:,} {name}" for name, size in sizes.items())
    overlap = ", ".join(f"{n:,} {name} rows are also training rows" for name, n in both.items() if n)
    if measure.whole_truth_table(train.x):
        return Line("parts kept apart", True, f"{text}; all rows that there are", {**sizes, "shared": both})
    passed = bool(both) and not any(both.values())
    end = overlap or ("no row is in two parts" if both else "nothing is kept aside")
    return Line("parts kept apart", passed, f"{text}; {end}", {**sizes, "shared": both})


# What the deviation of a weight matrix (n_out, n_in) says about how it was started.
STARTS = {
    "He": lambda n_in, n_out: math.sqrt(2 / n_in),
    "Xavier": lambda n_in, n_out: math.sqrt(2 / (n_in + n_out)),
    "PyTorch's default": lambda n_in, n_out: math.sqrt(1 / (3 * n_in)),
}


def _started(model: nn.Module) -> Line:
    seen = [(name, p.array.reshape(len(p.array), -1)) for name, p in model.named_parameters() if p.array.ndim > 1]
    each = [f"{name} {w.std():.2g} ({start_of_matrix(w)})" for name, w in seen]
    passed = all(_fair(w) for _, w in seen)
    return Line("weights started", passed, ", ".join(each), {name: float(w.std()) for name, w in seen})


def start_of_matrix(w: np.ndarray) -> str:
    """The nearest known start, within what chance allows for a matrix of that size."""
    std, (n_out, n_in) = float(w.std()), w.shape
    if not std:
        return "all zeros" if not w.any() else "all alike"
    expected = {name: start(n_in, n_out) for name, start in STARTS.items()}
    name = min(expected, key=lambda key: abs(math.log(std / expected[key])))
    return name if abs(std / expected[name] - 1) <= 0.1 + 1.5 / math.sqrt(w.size) else "a start of its own"


def _fair(w: np.ndarray) -> bool:
    he = math.sqrt(2 / w.shape[1])
    return w.size == 1 or 0.02 * he <= float(w.std()) <= 5 * he


def _fits(model: nn.Module, loss: LossFunction, train: Part) -> Line:
    layer, name = measure.last_layer(model), measure.loss_name(loss)
    labels = train.y.ndim == 1 and train.y.dtype.kind in "iu"
    twice = in_learning.twice(Case(loss=name, last_layer=layer))
    wrong = name in ("cross_entropy", "nll_loss") and not labels
    text = f"{name} on the output of {layer}"
    if twice is not None:
        text = f"{text}: {twice.text}"
    elif wrong:
        text = f"{text}, but the targets are {train.y.dtype} numbers of shape {train.y.shape}"
    return Line("loss fits", twice is None and not wrong, text, {"loss": name, "last_layer": layer})


def _by_heart(model: nn.Module, loss: LossFunction, train: Part, examples: int) -> Line:
    first, last, steps = learn_by_heart(model, loss, train, examples)
    labels = train.y.ndim == 1
    spread = 1.0 if labels else max(float(train.y.var()), 1e-12)
    passed = last <= BY_HEART * spread
    count = min(examples, len(train.x))
    text = f"loss {first:.3g} → {last:.2g} in {steps} steps of Adam"
    return Line(f"learns {count} examples by heart", passed, text, {"first": first, "last": last, "steps": steps})


def learn_by_heart(model: nn.Module, loss: LossFunction, train: Part, examples: int) -> tuple[float, float, int]:
    """Train a copy on a few different examples only: first loss, last loss, and how many steps it took.

    A network and a loss that are put together well bring this loss to almost 0. Dropout is off.
    """
    rows = _different(train, examples)
    x, y = wrap(np.ascontiguousarray(train.x[rows])), wrap(np.ascontiguousarray(train.y[rows]))
    twin = copy.deepcopy(model)
    twin.eval()
    optimizer = optim.Adam(twin.parameters(), lr=_RATE)

    @compiled
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        value = loss(twin(x), y)
        value.backward()
        optimizer.step()
        return value.detach()

    losses: list[float] = []
    enough = 0.2 * BY_HEART * (1.0 if train.y.ndim == 1 else float(train.y.var()))
    with fork_rng(), enable_grad():
        while len(losses) < _STEPS and (not losses or losses[-1] > enough):
            losses.append(float(step(x, y).array))
    return losses[0], losses[-1], len(losses)


def _different(train: Part, count: int) -> list[int]:
    """The first rows that are not the same as an earlier one: the same row cannot have two targets."""
    seen: dict[bytes, int] = {}
    for i, row in enumerate(np.ascontiguousarray(train.x[: 100 * count])):
        seen.setdefault(row.tobytes(), i)
    return list(seen.values())[:count]
