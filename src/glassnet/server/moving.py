"""A session on its way from one process of a class to another: it goes on to the bit, and its page does not notice."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np

from glassnet.core.tensor import wrap
from glassnet.files import safetensors, strict_json
from glassnet.server import keeping, network
from glassnet.server.history import Chosen, Edit, Spot
from glassnet.server.learning import Sound
from glassnet.server.outbox import Outbox
from glassnet.server.playground import Playground
from glassnet.server.points import Points
from glassnet.server.session import Limits, Session

Tensors = dict[str, np.ndarray]


@dataclass
class Arrived:
    """A session that came from another process, and what its page's outbox was like there."""

    session: Session
    credits: int
    guest: bool


def taken_down(session: Session, outbox: Outbox) -> bytes:
    """Everything that a session is, for `brought_back`; nobody may be in a turn of it."""
    playground = session.playground
    playground.finish_operations()
    tensors, texts = keeping.taken_down(playground)
    about = {
        "name": session.name, "running": playground.running, "layouts": playground.layouts,
        "partial": playground.partial, "curve": playground.curve.place, "clock": session.clock(),
        "credits": outbox.credits, "guest": outbox.guest,
        "sound": _sound_down(playground, tensors), "history": _history_down(playground, tensors),
        "inbox": _inbox_down(session, tensors),
    }  # fmt: skip
    for i, p in enumerate(playground.learner.parameters):
        if p.grad is not None:
            tensors[f"grad.{i}"] = np.array(p.grad.array, order="C")
    texts["session"] = strict_json.dumps(about, indent=None, non_finite="null")
    return safetensors.save(None, tensors, texts)


def brought_back(body: bytes, limits: Limits) -> Arrived:
    """The session that was taken down; it has no page yet."""
    tensors, texts = safetensors.load(body)
    about: dict[str, Any] = strict_json.loads(texts["session"])
    playground = keeping.brought_back(tensors, texts, limits.outputs, about["layouts"] - 1)
    playground.running, playground.partial = about["running"], about["partial"]
    playground.curve.place = about["curve"]
    _sound_back(playground, about["sound"], tensors)
    _history_back(playground, about["history"], tensors)
    for i, p in enumerate(playground.learner.parameters):
        if f"grad.{i}" in tensors:
            p.grad = wrap(tensors[f"grad.{i}"])
    session = Session(about["name"], limits, playground=playground)
    session.set_clock(*(math.nan if v is None else v for v in about["clock"]))
    for text in _inbox_back(about["inbox"], tensors):
        session.hear(text)
    session.last_command = min(session.last_command, monotonic())
    return Arrived(session, about["credits"], about["guest"])


# ---- parts --------------------------------------------------------------------------------------------------------


def _inbox_down(session: Session, tensors: Tensors) -> list[int]:
    """The commands that wait, as they came."""
    texts = [text.encode() for text in session.inbox if isinstance(text, str)]
    tensors["inbox"] = np.frombuffer(b"".join(texts), np.uint8)
    return [len(text) for text in texts]


def _inbox_back(sizes: list[int], tensors: Tensors) -> Iterable[str]:
    whole, at = tensors["inbox"].tobytes(), 0
    for size in sizes:
        yield whole[at : at + size].decode()
        at += size


def _sound_down(playground: Playground, tensors: Tensors) -> list[int] | None:
    sound = playground.sound
    if sound is None:
        return None
    tensors |= {f"sound.{i}": array for i, array in enumerate(sound.weights)}
    return [sound.epoch, sound.at, sound.step]


def _sound_back(playground: Playground, numbers: list[int] | None, tensors: Tensors) -> None:
    if numbers is not None:
        count = len(network.parameters(playground.learner.layers))
        playground.sound = Sound([tensors[f"sound.{i}"] for i in range(count)], *numbers)


def _history_down(playground: Playground, tensors: Tensors) -> dict[str, Any]:
    """The edits that can be taken back or made again. Points that several of them name are written once."""
    points: dict[int, Points] = {}

    def chosen(one: Chosen | None) -> list[Any] | None:
        if one is None:
            return None
        points.update({id(p): p for p in (one.points, one.own) if p is not None})
        places = list(points)
        return [places.index(id(one.points)), one.dataset, None if one.own is None else places.index(id(one.own))]

    about: dict[str, Any] = {}
    for name, edits in (("done", playground.history.done), ("undone", playground.history.undone)):
        about[name] = [[chosen(e.before), chosen(e.after), e.stroke, [s[:2] for s in e.spots]] for e in edits]
        for i, edit in enumerate(edits):
            for k, spot in enumerate(edit.spots):
                tensors |= {f"{name}.{i}.{k}.{part}": array for part, array in zip("abc", spot[2:], strict=True)}
    for i, p in enumerate(points.values()):
        tensors |= {f"points.{i}.x": np.array(p.x, order="C"), f"points.{i}.t": np.array(p.t, order="C")}
    about["points"] = [[p.train, p.task, p.classes, p.source, p.notes] for p in points.values()]
    return about


def _history_back(playground: Playground, about: dict[str, Any], tensors: Tensors) -> None:
    points = [
        Points(tensors[f"points.{i}.x"], tensors[f"points.{i}.t"], train, task, tuple(classes), source, tuple(notes))
        for i, (train, task, classes, source, notes) in enumerate(about["points"])
    ]

    def chosen(one: list[Any] | None) -> Chosen | None:
        return None if one is None else Chosen(points[one[0]], one[1], None if one[2] is None else points[one[2]])

    for name, edits in (("done", playground.history.done), ("undone", playground.history.undone)):
        for i, (before, after, stroke, spots) in enumerate(about[name]):
            parts = [[tensors[f"{name}.{i}.{k}.{part}"] for part in "abc"] for k in range(len(spots))]
            made = [Spot(kind, number, *arrays) for (kind, number), arrays in zip(spots, parts, strict=True)]
            stroke = tuple(stroke) if isinstance(stroke, list) else stroke
            edits.append(Edit(made, chosen(before), chosen(after), stroke))
