"""The arguments of a recorded step: what tells kinds of call apart, and the tensors that come with each call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from glassnet.core import dtypes
from glassnet.core.kinds import ARRAYS, DICTS, LISTS, NESTS
from glassnet.core.mode import mode
from glassnet.core.outside import PLAIN
from glassnet.core.source import NotReplayable
from glassnet.core.tensor import Tensor, touched, wrap


def kind_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What decides which program fits a call: shapes, kinds of numbers, plain values, the identity of the rest."""
    return (mode.grad, dtypes.default_float().char, _key(args), _key(kwargs))


def _key(value: Any) -> Any:
    if isinstance(value, Tensor):
        return id(value) if value.needs_grad else (value.array.shape, value.array.dtype.char)
    if isinstance(value, PLAIN):
        return (type(value), repr(value))  # by its digits, since nan is not equal to itself and 0.0 is to -0.0
    if isinstance(value, LISTS):
        return (type(value), *map(_key, value))
    if isinstance(value, DICTS):
        return (dict, *((k, _key(v)) for k, v in value.items()))
    if isinstance(value, ARRAYS):
        raise NotReplayable("a NumPy array is passed in, whose numbers a recording cannot follow")
    return (type(value), id(value))


def parts_of(value: Any) -> list[Any]:
    """The arguments one by one, also those within lists, tuples and dicts."""
    if isinstance(value, DICTS):
        value = tuple(value.values())
    return [p for v in value for p in parts_of(v)] if isinstance(value, LISTS) else [value]


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors that come anew with every call; those that require grad are known by their identity instead."""
    return [p for p in parts_of(value) if isinstance(p, Tensor) and not p.needs_grad]


def exchange(value: Any, others: Mapping[int, Tensor]) -> Any:
    """The same tuples, lists and dicts with other tensors, by id, in their places."""
    if isinstance(value, Tensor):
        return others.get(id(value), value)
    if not isinstance(value, NESTS) or not any(id(p) in others for p in parts_of(value)):
        return value
    return rebuild(value, lambda v: exchange(v, others))


def rebuild(value: Any, each: Callable[[Any], Any]) -> Any:
    """A tuple, list or dict of the same kind, made of each(entry)."""
    if isinstance(value, DICTS):
        return {k: each(v) for k, v in value.items()}
    parts = [each(v) for v in value]
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)


class Passed:
    """One call's arguments on memory of their own, so that nothing else in the step can be mistaken for them."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.given = args, kwargs
        self.tensors: list[Tensor] = []
        self.theirs: dict[int, Tensor] = {}  # the caller's tensors, by the ids of ours
        self.args: tuple[Any, ...] = tuple(self._own(a) for a in args)
        self.kwargs: dict[str, Any] = {k: self._own(v) for k, v in kwargs.items()}

    def _own(self, value: Any) -> Any:
        if not tensors_in(value):
            return value
        if isinstance(value, Tensor):
            mine = wrap(np.array(value.array, order="C"))
            self.tensors.append(mine)
            self.theirs[id(mine)] = value
            return mine
        return rebuild(value, self._own)

    def hand_back(self) -> bool:
        """Carry changes in place over to the caller's own tensors and lists; whether there were any."""
        changed = False
        for mine in self.tensors:
            if mine.written[0]:
                theirs = self.theirs[id(mine)]
                np.copyto(theirs.array, mine.array)
                touched(theirs)
                changed = True
        args, kwargs = self.given
        for given, used in (*zip(args, self.args, strict=True), *((v, self.kwargs[k]) for k, v in kwargs.items())):
            changed |= self._hand_back_entries(given, used)
        return changed

    def _hand_back_entries(self, given: Any, used: Any) -> bool:
        if given is used or not isinstance(given, NESTS):
            return False
        now = exchange(used, self.theirs)
        pairs = list(zip(parts_of(given), parts_of(now), strict=False))
        if len(parts_of(given)) == len(parts_of(now)) and all(a is b for a, b in pairs):
            return False
        if isinstance(given, list):
            given[:] = now
        elif isinstance(given, DICTS):
            given.clear()
            given.update(now)
        return True


def names_of(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Words for the tensors passed in, from the names of the function's arguments."""
    try:
        given = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        given = dict[str, Any]()
    words = {id(v): name for name, v in given.items() if isinstance(v, Tensor)}
    return [words.get(id(t), f"x{i}") for i, t in enumerate(tensors_in((args, kwargs)))]
