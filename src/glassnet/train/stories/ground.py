"""Figures of `probe RUN slice` and `probe RUN surface`: the loss where the weights were moved to, number by number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.errors import ValueRangeError, complain
from glassnet.read.document import Document
from glassnet.read.formula import Call, Formula, Number, Power, Symbol, over, plus, times
from glassnet.read.surface import (
    Direction,
    Weight,
    gradient_direction,
    loss_slice,
    loss_surface,
    moved,
    normal_numbers,
    random_direction,
    slopes_of,
    weight_directions,
    weight_surface,
)
from glassnet.train.evaluation import evaluate
from glassnet.train.stories.lines import largest, terms_of, told, value
from glassnet.train.stories.scores import tell_score
from glassnet.train.stories.subject import Subject
from glassnet.train.trained import Trained

EXAMPLES = 500  # of those learnt from, that a loss is taken over where nobody says how many
SLICE_POINTS, SURFACE_POINTS = 51, 25  # to a side
REACH, REACH_OF_WEIGHTS = 1.0, 3.0  # how far a slice or a surface goes: lengths of the weights, or plain numbers


def learnt(trained: Trained, data: DataSet, n: int = EXAMPLES) -> tuple[np.ndarray, np.ndarray, str]:
    """Some examples that were learnt from, as the network sees them, their targets, and the loss by its name."""
    x, y = trained.prepare(data.x_train[:n]), data.y_train[:n]
    if trained.task == "classification":
        return x, y.astype(np.int64), "cross-entropy"
    loss = "mse" if trained.task == "regression" else "bce-logits"
    return x, y.reshape(len(y), -1).astype(np.float32), loss


def two_weights(text: str) -> tuple[Weight, Weight] | None:
    """0.weight[0,1],2.bias[0] as names and places; None for anything else.

    >>> two_weights("0.weight[0,1],2.bias[0]")
    (('0.weight', (0, 1)), ('2.bias', (0,)))
    """
    found = re.findall(r"([\w.]+)\[(\d+(?:,\d+)*)\]", text.replace(" ", ""))
    if len(found) != 2:
        return None
    first, second = ((name, tuple(map(int, place.split(",")))) for name, place in found)
    return first, second


class _Move(NamedTuple):
    """So far along a direction, which is called by its letter; `kind` says how it was made."""

    letter: str
    kind: str
    direction: Direction
    distance: float


def slice_loss(subject: Subject) -> Document:
    """The loss at a point of a slice: the lowest, or the one at the distance that was asked for."""
    model, along, seed = subject.trained.model, subject.along or "gradient", subject.seed
    if along not in ("gradient", "random"):
        got = f"got along {along}"
        raise ValueRangeError(complain(got, "expected gradient or random", "Try gradient"))
    x, y, loss = learnt(subject.trained, subject.data, subject.n or EXAMPLES)
    distances = _distances(subject, 1)
    document = Document(f"The loss along {'the gradient' if along == 'gradient' else 'a random direction'}")
    if distances is None:
        found = loss_slice(model, x, y, loss, along, REACH, SLICE_POINTS, seed)
        _lowest(document, found.losses, [(f"{d:.3g}",) for d in found.distances.tolist()], subject.most)
        distances = (float(found.distances[found.losses.argmin()]),)
        document.notes.append("--distance T tells another point: here is 0, the ends are −1 and 1.")
    made = random_direction(model, seed) if along == "random" else gradient_direction(model, x, y, loss)
    _point(document, subject, [_Move("d", along, made, distances[0])])
    return document


def surface_loss(subject: Subject) -> Document:
    """The loss at a point of a surface: the lowest, or the one at the two distances that were asked for."""
    model, seed = subject.trained.model, subject.seed
    chosen = _weights(subject)
    x, y, loss = learnt(subject.trained, subject.data, subject.n or EXAMPLES)
    distances = _distances(subject, 2)
    document = Document(f"The loss over {subject.along if chosen else 'two random directions'}")
    here = (0.0, 0.0)
    if chosen is None:
        directions = random_direction(model, seed), random_direction(model, seed + 1)
    else:
        directions, here = weight_directions(model, chosen)
    if distances is None:
        found = (loss_surface(model, x, y, loss, directions, REACH, SURFACE_POINTS) if chosen is None else
                 weight_surface(model, x, y, chosen, loss, REACH_OF_WEIGHTS, SURFACE_POINTS))  # fmt: skip
        places = [(f"{a:.3g}", f"{b:.3g}") for b in found.y.tolist() for a in found.x.tolist()]
        _lowest(document, found.losses.reshape(-1), places, subject.most)
        i, j = np.unravel_index(int(found.losses.argmin()), found.losses.shape)
        distances = float(found.x[j]), float(found.y[i])
        document.notes.append("--distance A,B tells another point.")
    kind = "random" if chosen is None else "weight"
    steps = [a - b for a, b in zip(distances, here, strict=True)]
    _point(document, subject, [_Move("d", kind, directions[0], steps[0]), _Move("e", kind, directions[1], steps[1])])
    return document


def _weights(subject: Subject) -> tuple[Weight, Weight] | None:
    """The two weights that were asked for; None for random directions."""
    if subject.along in (None, "random"):
        return None
    found = two_weights(subject.along)
    if found is None:
        name = next(name for name, p in subject.trained.model.named_parameters() if p.array.ndim > 1)
        got, expected = f"got along {subject.along}", "expected random, or two weights with their places"
        raise ValueRangeError(complain(got, expected, f"Try {name}[0,0],{name}[0,1]"))
    return found


def _distances(subject: Subject, count: int) -> tuple[float, ...] | None:
    if subject.distance is None or len(subject.distance) == count:
        return subject.distance
    got = f"got distance {','.join(f'{d:g}' for d in subject.distance)}"
    raise ValueRangeError(complain(got, f"expected {('one number', 'two numbers')[count - 1]}",
                                   f"Try {','.join(['0.5'] * count)}"))  # fmt: skip


# ---- one point -------------------------------------------------------------------------------------------------------


def _lowest(document: Document, losses: np.ndarray, places: Sequence[tuple[str, ...]], most: int) -> None:
    """The smallest of all losses: those that come next are shown beside it."""
    near = np.sort(np.argsort(losses, kind="stable")[: max(2, most)])
    shown = tuple(value("L", losses[i], int(i)) for i in near.tolist())
    best = ", ".join(places[int(losses.argmin())]).replace("-", "−")
    words = f"the lowest of {losses.size:,} points, at {best}; those that come next are beside it, none is below them"
    document.steps.append(told(words, "low", Call("min", shown), losses.min()))


def _point(document: Document, subject: Subject, moves: Sequence[_Move]) -> None:
    """Where the weights go, and what the network says to the examples from there."""
    trained, data, n = subject.trained, subject.data, subject.n or EXAMPLES
    _weights_there(document, subject, moves)
    with moved(trained.model, [(move.direction, move.distance) for move in moves]):
        judged = evaluate(trained.model, trained.prepare, data.x_train[:n], data.y_train[:n])
        story = tell_score("loss", judged, subject.names, of="training", most=subject.most)
    where = ", ".join(f"{move.distance:.4g}" for move in moves).replace("-", "−")
    document.steps += story.steps
    document.summary.append(f"Loss: {judged.loss:.4g}, of {judged.n:,} examples learnt from, {where} from here.")
    document.notes.append("What is said to an example there comes from the weights above as it does here: "
                          "glassnet explain MODEL --index N.")  # fmt: skip


def _weights_there(document: Document, subject: Subject, moves: Sequence[_Move]) -> None:
    """The weights that move furthest, one by one; and before them what their directions are made of."""
    model = subject.trained.model
    named = list(model.named_parameters())
    far = np.concatenate([_far(moves, k) for k in range(len(named))])
    if not far.any():
        document.steps.append(told("no weight moves: the network as it is", "moved", Number(0.0), 0.0))
        return
    lengths = _Lengths(subject) if any(move.kind == "gradient" for move in moves) else None
    if lengths is not None:
        document.steps += lengths.steps
    starts = np.cumsum([0, *(p.array.size for _, p in named)])
    for i, place in enumerate(largest(far, subject.most).tolist(), 1):
        k = int(np.searchsorted(starts, place, side="right")) - 1
        at = tuple(map(int, np.unravel_index(place - starts[k], named[k][1].array.shape)))
        _weight_there(document, subject, moves, k, at, i, lengths)


def _far(moves: Sequence[_Move], k: int) -> np.ndarray:
    """How far each weight of a parameter moves at most."""
    return np.sum([abs(move.distance * move.direction[k]) for move in moves], axis=0).reshape(-1)


class _Lengths:
    """The slopes of the loss, and how long they and the weights are, all together."""

    def __init__(self, subject: Subject) -> None:
        model = subject.trained.model
        x, y, loss = learnt(subject.trained, subject.data, subject.n or EXAMPLES)
        self.slopes = slopes_of(model, x, y, loss)
        weights = [p.array.astype(np.float64) for p in model.parameters()]
        self.steps, self.sizes = [], list[float]()
        for letter, arrays, what in (("w", weights, "weights"), ("g", self.slopes, "slopes of the loss")):
            flat = np.concatenate([a.reshape(-1) for a in arrays])
            size = float(np.sqrt((flat**2).sum()))
            self.sizes.append(size)
            words = f"the length of all {flat.size:,} {what} together"
            self.steps.append(told(words, f"|{letter}|", _length(letter, flat, subject.most), size))


def _length(letter: str, numbers: np.ndarray, most: int) -> Formula:
    squares, shown = numbers**2, largest(numbers, most)
    rest = terms_of(letter, squares, shown)[len(shown) :]
    terms: list[Formula] = [Power(value(letter, numbers[i], int(i)), Number(2.0)) for i in shown]
    return Call("sqrt", (plus(*terms, *rest),))


def _weight_there(
    document: Document, subject: Subject, moves: Sequence[_Move], k: int, at: tuple[int, ...], number: int,
    lengths: _Lengths | None,
) -> None:  # fmt: skip
    """One weight: its part of each direction, and where the move takes it."""
    name, p = list(subject.trained.model.named_parameters())[k]
    here = f"{name}[{', '.join(map(str, at))}]"
    terms: list[Formula] = [value("w", p.array[at], number)]
    for j, move in enumerate(moves):
        part = float(move.direction[k][at])
        if move.kind == "random" and p.array.ndim > 1:
            words = f"{here}: its part of random direction {j + 1}, a random number (r) that makes its row of them as "
            words += "long as its row of weights"
            formula = _random_part(subject, subject.seed + j, k, at, number)
            document.steps.append(told(words, Symbol(move.letter, "", (number,)), formula, part))
        elif lengths is not None:
            formula = over(times(value("g", lengths.slopes[k][at], number), value("|w|", lengths.sizes[0])),
                           value("|g|", lengths.sizes[1]))  # fmt: skip
            words = f"{here}: its part of the direction, the slope along it made longer: the direction is as long as w"
            document.steps.append(told(words, Symbol(move.letter, "", (number,)), formula, part))
        if part:
            terms.append(times(value("t" if j == 0 else "s", move.distance), value(move.letter, part, number)))
    there = float(p.array[at]) + sum(move.distance * float(move.direction[k][at]) for move in moves)
    words = f"{here}: where it was, and so far along the direction{'s' * (len(moves) > 1)}"
    document.steps.append(told(words, Symbol("w", "", (number,), new=True), plus(*terms), there))


def _random_part(subject: Subject, seed: int, k: int, at: tuple[int, ...], number: int) -> Formula:
    """r · |row of weights| / |row of random numbers|."""
    w = list(subject.trained.model.parameters())[k].array[at[0]].astype(np.float64).reshape(-1)
    numbers = normal_numbers(subject.trained.model, seed)[k]
    rows = _length("w", w, subject.most), _length("r", numbers[at[0]].reshape(-1), subject.most)
    return over(times(value("r", numbers[at], number), rows[0]), rows[1])
