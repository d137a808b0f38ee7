"""Parameters as windows on one flat vector, and the optimiser that updates such vectors.

A rule then is a few lines of arithmetic on two vectors, w and g, however many layers there are; and each line is one
NumPy call when the step is replayed. The parameters and their state stay what they are for the user: `p.array` and
`optimizer.state[p]["exp_avg"]` are windows on the flat vectors, with the shapes they always had.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from glassnet.core import dtypes, ops
from glassnet.core.mode import World, mode, no_grad
from glassnet.core.tensor import Tensor, touched, wrap
from glassnet.errors import ShapeError
from glassnet.optim.group import ParamGroup
from glassnet.optim.optimizer import Optimizer

Array = np.ndarray
# what generated source calls the state
_SYMBOLS = {"step": "t", "exp_avg": "m", "exp_avg_sq": "v", "momentum_buffer": "v", "square_avg": "v"}


def end_to_end(arrays: Sequence[Array]) -> Array | None:
    """The flat vector on which these arrays already lie one after the other, if there is one."""
    first = arrays[0]
    if not all(a.flags.c_contiguous and a.flags.writeable and a.dtype == first.dtype for a in arrays):
        return None
    if len(arrays) == 1:
        return first.reshape(-1)
    base = first.base
    if not isinstance(base, np.ndarray) or base.ndim != 1 or base.dtype != first.dtype or not base.flags.c_contiguous:
        return None
    start = at = (_address(first) - _address(base)) // base.itemsize
    for a in arrays:
        if a.base is not base or _address(a) != _address(base) + at * base.itemsize:
            return None
        at += a.size
    return base[start:at]


def _address(a: Array) -> int:
    return a.__array_interface__["data"][0]


def as_one_vector(arrays: Sequence[Array]) -> tuple[Array, list[Array]]:
    """A flat vector with the numbers of all arrays, and the windows on it that take their places.

    Arrays that lie end to end already are left where they are, so two optimisers of one model share the vector.
    """
    flat = end_to_end(arrays)
    if flat is not None:
        return flat, list(arrays)
    flat = np.concatenate([a.reshape(-1) for a in arrays])
    ends = np.cumsum([0, *(a.size for a in arrays)]).tolist()
    return flat, [flat[a:b].reshape(x.shape) for a, b, x in zip(ends, ends[1:], arrays, strict=False)]


class Chunk:
    """Parameters that are updated together: `w` holds all their numbers, `state` what the rule remembers about them."""

    def __init__(self, params: list[Tensor]) -> None:
        self.params = params
        flat, self.windows = as_one_vector([p.array for p in params])
        for p, window in zip(params, self.windows, strict=True):
            p.array = window
        self.w = wrap(flat)
        self.w.name = "w"
        self.state = SimpleNamespace()
        self.pieces: list[dict[str, Tensor]] = [{} for _ in params]  # the state as each parameter's owner sees it

    def intact(self, states: Mapping[Tensor, dict[str, Any]], keys: Sequence[str]) -> bool:
        """Whether nobody has put other memory in the place of a window (`p.data = …`, a loaded state)."""
        for p, window, piece in zip(self.params, self.windows, self.pieces, strict=True):
            state = states.get(p, {})
            if p.array is not window or any(state.get(key) is not piece.get(key) for key in keys):
                return False
        return len({p.grad is None for p in self.params}) == 1

    def remember_vector(self, key: str, arrays: Sequence[Array]) -> None:
        """Keep one number per parameter number under this key."""
        flat, windows = as_one_vector(arrays)
        self._remember(key, wrap(flat), [wrap(window) for window in windows])

    def remember_number(self, key: str, value: float) -> None:
        """Keep one number, the same for all parameters of the chunk."""
        number = wrap(np.asarray(value, dtypes.default_float()))
        self._remember(key, number, [number] * len(self.params))

    def _remember(self, key: str, whole: Tensor, parts: Sequence[Tensor]) -> None:
        whole.name = _SYMBOLS.get(key, key)
        setattr(self.state, key, whole)
        for piece, part in zip(self.pieces, parts, strict=True):
            piece[key] = part

    def gradient(self) -> Tensor:
        """All gradients end to end, in the order of w."""
        g = ops.pack(*[p.grad for p in self.params])
        g.name = "g"
        return g

    def plain_gradient(self) -> Array:
        """The same without the tape; a rule only reads it, so gradients that lie end to end are not copied."""
        parts = [p.grad.array for p in self.params if p.grad is not None]
        flat = end_to_end(parts)
        return np.concatenate([a.reshape(-1) for a in parts]) if flat is None else flat

    def plain_state(self) -> SimpleNamespace:
        """The state as arrays."""
        return SimpleNamespace(**{k: v.array if isinstance(v, Tensor) else v for k, v in vars(self.state).items()})

    def retire(self) -> None:
        """Steps recorded with this vector are to be recorded anew: they look for this very array in w, and miss it."""
        self.w.array = self.w.array.view()
        World.changed()


class FlatOptimizer(Optimizer):
    """An optimiser whose rule updates flat vectors; a subclass names the rule and what it remembers.

    A parameter without a gradient is left alone, and so is its state: its own step count does not advance.
    """

    replayable = True
    rule: Callable[[Any, Any, Any, Any], None]  # rule(w, g, state, options), one of `rules.py`

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """The vectors that the rule remembers, and the number each starts filled with."""
        return {}

    def numbers(self, group: ParamGroup) -> dict[str, float]:
        """The single numbers that the rule remembers, and what each starts as."""
        return {"step": 0.0}

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own; what is not given takes the optimiser's defaults."""
        super().add_param_group(param_group)
        self._lay_out(self.param_groups[-1])

    @property
    def state(self) -> Any:
        """What is remembered about each parameter; its tensors are windows on the vectors that the rule updates."""
        return self._state

    @state.setter
    def state(self, value: Mapping[Tensor, dict[str, Any]]) -> None:
        self._state = defaultdict(dict, value)
        for group in getattr(self, "param_groups", ()):
            self._lay_out(group)  # at once: a recorded step would go on with the old vectors

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what the closure returns."""
        loss = self._evaluate(closure)
        with no_grad():
            for group in self.param_groups:
                if not self._intact(group):
                    self._lay_out(group)
                for chunk in group.chunks:
                    if chunk.params and chunk.params[0].grad is not None:
                        self._update(chunk, group)
        return loss

    def _update(self, chunk: Chunk, group: ParamGroup) -> None:
        chunk.state.fresh = self._begin(chunk, group)
        up = group.live.maximize
        if mode.trace is not None:
            g = chunk.gradient()
            self.rule(chunk.w, -g if up else g, chunk.state, group.live)
        else:  # nobody follows: the same rule on plain arrays, without the cost of a tape
            g = chunk.plain_gradient()
            mode.quietly(self.rule, chunk.w.array, -g if up else g, chunk.plain_state(), group.plain())
        for p in chunk.params:
            touched(p)

    def _begin(self, chunk: Chunk, group: ParamGroup) -> bool:
        """Make the state that is missing; whether there was any."""
        known = chunk.pieces[0]
        numbers, vectors = self.numbers(group), self.vectors(group)
        missing = [key for key in (*numbers, *vectors) if key not in known]
        for key in missing:
            if key in numbers:
                chunk.remember_number(key, numbers[key])
            else:
                w = chunk.w.array
                flat = np.full(w.shape, vectors[key], w.dtype)
                chunk.remember_vector(key, list(_cut(flat, chunk.windows)))
        if missing:
            self._publish(chunk)
        return bool(missing)

    def _publish(self, chunk: Chunk) -> None:
        for p, piece in zip(chunk.params, chunk.pieces, strict=True):
            if piece:
                self.state.setdefault(p, {}).update(piece)

    # ---- who lies where ---------------------------------------------------------------------------------------

    def _intact(self, group: ParamGroup) -> bool:
        laid_out = [p for chunk in group.chunks for p in chunk.params]
        same = [id(p) for p in laid_out] == [id(p) for p in group["params"]]
        keys = (*self.numbers(group), *self.vectors(group))
        return same and all(chunk.intact(self.state, keys) for chunk in group.chunks)

    def _lay_out(self, group: ParamGroup) -> None:
        """Cut the parameters into the longest runs that can be updated as one vector, and gather each run's state."""
        old, group.chunks = group.chunks, []
        moved: dict[int, tuple[Array, Array]] = {}
        for params in self._runs(group, old):
            for p in params:  # a parameter on the memory of an earlier one moves with it
                p.array = moved.get(id(p.array), (p.array, p.array))[1]
            before = [p.array for p in params]
            chunk = Chunk(params)
            moved.update((id(a), (a, window)) for a, window in zip(before, chunk.windows, strict=True))
            self._gather_state(chunk, group)
            group.chunks.append(chunk)
        for chunk in old:
            chunk.retire()
        World.changed()

    def _runs(self, group: ParamGroup, old: Sequence[Chunk]) -> list[list[Tensor]]:
        before = {id(p): i for i, chunk in enumerate(old) for p in chunk.params}  # what was cut apart stays apart
        turns: dict[int, int] = {}

        def kind(p: Tensor) -> Any:
            turn = turns[id(p.array)] = turns.get(id(p.array), -1) + 1  # one vector holds the same memory once
            return before.get(id(p)), p.array.dtype, p.grad is None, turn, self._history(p, group)

        return [list(run) for _, run in itertools.groupby(group["params"], kind)]

    def _history(self, p: Tensor, group: ParamGroup) -> Any:
        """What parameters must have in common to be updated together: which state they have, and their step count."""
        state = self.state.get(p, {})
        vectors = tuple(key for key in self.vectors(group) if state.get(key) is not None)
        numbers = tuple((key, float(_array(state[key]))) for key in self.numbers(group) if key in state)
        return vectors, numbers

    def _gather_state(self, chunk: Chunk, group: ParamGroup) -> None:
        vectors, numbers = self._history(chunk.params[0], group)
        for key, value in numbers:
            chunk.remember_number(key, value)
        for key in vectors:
            dtype = chunk.w.array.dtype
            chunk.remember_vector(key, [_array(self.state[p][key]).astype(dtype, copy=False) for p in chunk.params])
        self._publish(chunk)

    def _check_state(self, p: Tensor, index: int, state: dict[str, Any]) -> None:
        for key, value in state.items():
            shape = _array(value).shape if value is not None and not isinstance(value, dict | str) else ()
            if shape and shape != p.array.shape:
                raise ShapeError(
                    f"load_state_dict: got {key!r} of shape {shape} for parameter {index}, whose shape is "
                    f"{p.array.shape}; expected the same shape. Try the state_dict of an optimiser over the same model."
                )


def _cut(flat: Array, like: Sequence[Array]) -> Iterator[Array]:
    at = 0
    for a in like:
        yield flat[at : at + a.size].reshape(a.shape)
        at += a.size


def _array(value: Any) -> Array:
    return value.array if isinstance(value, Tensor) else np.asarray(value)
