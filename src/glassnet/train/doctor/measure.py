"""Measurements on data and networks that the findings rest on; every function is usable by itself."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from glassnet import nn, optim
from glassnet.core.generator import fork_rng
from glassnet.core.mode import enable_grad
from glassnet.core.tensor import Tensor
from glassnet.train.activity import LossFunction, Weights
from glassnet.train.doctor.case import Twins, sample
from glassnet.train.evaluation import softmax

_MOST_FEATURES = 2_000  # beyond that, looking at each feature by itself takes too long
_FEWEST_ROWS = 40
GIVEN_AWAY = 0.995  # the share of right answers, or of the variance, above which a feature tells too much
SURE = 0.9  # a probability of less contradicts nobody
_SHOWN = 3
_MOST_INPUTS = 16  # of a truth table


def constant_features(x: np.ndarray) -> list[int]:
    """The features `(n, features)` that never change.

    >>> constant_features(np.array([[1.0, 5.0], [2.0, 5.0]]))
    [1]
    """
    return np.flatnonzero((x == x[:1]).all(axis=0)).tolist() if len(x) > 1 else []


class Leak(NamedTuple):
    """A feature that gives the target away by itself: the share it explains, and what chance would."""

    feature: int
    score: float
    chance: float


def leaking_features(x: np.ndarray, y: np.ndarray) -> list[Leak]:
    """The features from each of which alone the target can be told.

    Every second row is told the target of the row, among the others, that is nearest in that one feature: 99.5 % right
    answers, or 99.9 % of the variance, make a feature suspicious. Where there is only one feature, none is.

    >>> x = np.random.default_rng(0).normal(size=(400, 2))
    >>> [leak.feature for leak in leaking_features(x, (x[:, 1] > 0).astype(int))]
    [1]
    """
    x, y = sample(x), sample(y)
    if x.shape[1] < 2 or x.shape[1] > _MOST_FEATURES or len(x) < _FEWEST_ROWS:
        return []
    labels = y.ndim == 1
    chance = float(np.bincount(y).max() / len(y)) if labels else 0.0
    if chance >= 0.9:  # whatever one says is right most of the time
        return []
    scores = ((i, _told_by_neighbours(x[:, i], y, labels)) for i in range(x.shape[1]))
    return [Leak(i, score, chance) for i, score in scores if score >= GIVEN_AWAY]


def _told_by_neighbours(column: np.ndarray, y: np.ndarray, labels: bool) -> float:
    """How well the nearest of the even rows, in one feature, tells the targets of the odd rows: accuracy, or R²."""
    order = np.argsort(column[::2], kind="stable")
    known, targets = column[::2][order], y[::2][order]
    asked, truth = column[1::2], y[1::2]
    after = np.searchsorted(known, asked).clip(1, len(known) - 1)
    nearest = np.where(asked - known[after - 1] <= known[after] - asked, after - 1, after)
    if labels:
        return float((targets[nearest] == truth).mean())
    error = ((targets[nearest] - truth) ** 2).mean(axis=0)
    spread = truth.var(axis=0)
    return float((1 - error / np.where(spread > 0, spread, np.inf)).min()) if (spread > 0).any() else 0.0


def rows_in_both(
    a: np.ndarray, b: np.ndarray, of_a: np.ndarray | None = None, of_b: np.ndarray | None = None
) -> list[tuple[int, int]]:
    """Pairs of a row of a and the row of b that is the same, number by number; with targets, only if these are too.

    >>> rows_in_both(np.array([[1, 2], [3, 4]]), np.array([[3, 4], [5, 6]]))
    [(1, 0)]
    >>> rows_in_both(np.array([[3, 4]]), np.array([[3, 4]]), np.array([0.5]), np.array([0.7]))
    []
    """
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b.astype(a.dtype, copy=False))
    of_a = np.zeros(len(a)) if of_a is None else of_a
    of_b = np.zeros(len(b)) if of_b is None else of_b.astype(of_a.dtype, copy=False)

    def keys(rows: np.ndarray, targets: np.ndarray) -> list[int]:
        return [hash((row.tobytes(), target.tobytes())) for row, target in zip(rows, targets, strict=True)]

    first = {key: i for i, key in reversed(list(enumerate(keys(a, of_a))))}  # of equal rows the first
    pairs = ((first.get(key), j) for j, key in enumerate(keys(b, of_b)))
    return [
        (i, j) for i, j in pairs if i is not None and np.array_equal(a[i], b[j]) and np.array_equal(of_a[i], of_b[j])
    ]


def whole_truth_table(x: np.ndarray) -> bool:
    """Whether these are all the rows that there are: every way to put two values into a few columns, once each.

    >>> gate = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> whole_truth_table(gate), whole_truth_table(gate[:3]), whole_truth_table(np.eye(4))
    (True, False, False)
    """
    rows = x.reshape(len(x), -1)
    if not 1 <= rows.shape[1] <= _MOST_INPUTS or len(rows) != 2 ** rows.shape[1]:
        return False
    both = all(len(np.unique(column)) == 2 for column in rows.T)
    return both and len(np.unique(rows, axis=0)) == len(rows)


def sorted_labels(y: np.ndarray) -> bool:
    """Whether every class comes in one block: examples of one kind after those of another.

    >>> sorted_labels(np.repeat([2, 0, 1], 10)), sorted_labels(np.tile([0, 1, 2], 10))
    (True, False)
    """
    present = len(np.unique(y))
    return present > 1 and len(y) >= 5 * present and int((y[1:] != y[:-1]).sum()) == present - 1


def noise_suspects(scores: np.ndarray, y: np.ndarray) -> list[int]:
    """Rows whose label the network contradicts with as much certainty as it has for true members of that class.

    scores: `(n, classes)` before any softmax. The most certain contradiction comes first.

    Reference: C. Northcutt, L. Jiang and I. Chuang, "Confident Learning", JAIR 70, 2021.

    >>> scores = np.array([[4.0, 0.0], [3.0, 0.0], [0.0, 3.0], [0.0, 4.0], [0.0, 5.0]])
    >>> noise_suspects(scores, np.array([0, 0, 1, 1, 0]))
    [4]
    """
    p = softmax(scores.astype(np.float64))
    said = p.argmax(axis=1)
    usual = np.array([p[y == k, k].mean() if (y == k).any() else 1.0 for k in range(p.shape[1])])
    certain = p[np.arange(len(p)), said] >= np.maximum(usual[said], SURE)
    rows = np.flatnonzero(certain & (said != y))
    return rows[np.argsort(p[rows, y[rows]], kind="stable")].tolist()


# ---- networks -------------------------------------------------------------------------------------------------------


def gradients(model: nn.Module, loss: LossFunction, x: Tensor, y: Tensor) -> dict[str, np.ndarray]:
    """The gradient of every parameter, taken on a copy of the network.

    >>> import glassnet as torch
    >>> model = nn.Linear(1, 1, bias=False)
    >>> gradients(model, lambda out, y: out.sum(), torch.tensor([[3.0]]), torch.zeros(1))
    {'weight': array([[3.]], dtype=float32)}
    """
    twin = copy.deepcopy(model)
    for p in twin.parameters():
        p.grad = None
    with fork_rng(), enable_grad():
        loss(twin(x), y).backward()
    return {name: p.grad.array for name, p in twin.named_parameters() if p.grad is not None}


def twin_units(model: nn.Module, loss: LossFunction, x: Tensor, y: Tensor) -> list[Twins]:
    """The hidden layers whose units all have the same weights and the same gradient: they will stay alike for ever."""
    found = gradients(model, loss, x, y)
    weights = {name: p.array for name, p in model.named_parameters()}
    matrices = [name for name, w in weights.items() if w.ndim > 1]
    twins: list[Twins] = []
    for name in matrices[:-1]:
        w, g = weights[name].reshape(len(weights[name]), -1), found[name].reshape(len(weights[name]), -1)
        if len(w) > 1 and _alike(w) and _alike(g):
            first, second = (tuple(map(float, row[:_SHOWN])) for row in g[:2])
            twins.append(Twins(name, len(w), first, second))
    return twins


def _alike(rows: np.ndarray) -> bool:
    size = float(np.abs(rows).max())
    return bool((np.abs(rows - rows[:1]) <= 1e-6 * size).all())


def last_layer(model: nn.Module) -> str:
    """The type of the layer that speaks last.

    >>> last_layer(nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=1)))
    'Softmax'
    """
    leaves = [module for module in model.modules() if not any(True for _ in module.children())]
    return type(leaves[-1]).__name__


_LOSSES = {
    "CrossEntropyLoss": "cross_entropy",
    "BCEWithLogitsLoss": "bce_with_logits",
    "binary_cross_entropy_with_logits": "bce_with_logits",
    "NLLLoss": "nll_loss",
    "BCELoss": "binary_cross_entropy",
    "MSELoss": "mse_loss",
}


def loss_name(loss: Callable[..., object]) -> str:
    """What a loss is called, as a function; a module of torch.nn counts as its function.

    >>> loss_name(nn.CrossEntropyLoss()), loss_name(nn.functional.mse_loss)
    ('cross_entropy', 'mse_loss')
    """
    while isinstance(loss, functools.partial):
        loss = loss.func
    name = getattr(loss, "__name__", type(loss).__name__)
    return _LOSSES.get(name, name)


class Trial(NamedTuple):
    """The losses of a few steps, and |change| / |weights| of the last one."""

    losses: list[float]
    changes: dict[str, float]


def trial(
    model: nn.Module, loss: LossFunction, x: Tensor, y: Tensor, optimizer: optim.Optimizer, steps: int = 20
) -> Trial:
    """A few steps on one batch, taken on a copy by a new optimiser of the same kind and rate."""
    twin = copy.deepcopy(model)
    twin_optimizer = like(optimizer, twin.parameters())
    before, losses = Weights(twin), list[float]()
    with fork_rng(), enable_grad():
        for _ in range(steps):
            twin_optimizer.zero_grad()
            value = loss(twin(x), y)
            losses.append(float(value.array))
            value.backward()
            before = Weights(twin)
            twin_optimizer.step()
    return Trial(losses, before.changes())


def like(optimizer: optim.Optimizer, parameters: Iterable[Tensor]) -> optim.Optimizer:
    """A new optimiser of the same kind, with the options of the first group."""
    group = optimizer.param_groups[0]
    options = {key: group[key] for key in optimizer.defaults if key in group}
    return type(optimizer)(parameters, **options)
