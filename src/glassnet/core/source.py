"""Spelling a program: NumPy calls over named arrays, as Python text that is also what runs."""

from __future__ import annotations

import functools
import keyword
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.core.kinds import ARRAYS, LISTS
from glassnet.core.tensor import Tensor

Array = np.ndarray
_LETTERS = {
    "linear": "z",
    "relu": "a",
    "sigmoid": "a",
    "tanh": "a",
    "log_softmax": "logp",
    "pass_where_positive": "d",
    "matmul": "m",
}


_ROOM = {("reduce", 3): "column", ("take", 2): "taken"}  # arguments that are written to: the function, and which


class NotReplayable(Exception):
    """The step does something that straight-line code over fixed arrays cannot repeat."""


@dataclass
class Line:
    """One NumPy call: function(*args, out=out). A view makes no call unless it is a window on an input."""

    tensor: Tensor
    reads: Sequence[Array]
    function: Callable[..., Any]
    args: tuple[Any, ...]
    out: Array | None = None
    view: bool = False


@dataclass
class Loop:
    """Lines that are run one after another for each part of the arrays that they fill, which are of one shape."""

    lines: Sequence[Line]
    shape: tuple[int, ...]
    parts: Sequence[tuple[slice, int]]  # which rows, and how many
    little: list[Array] = field(default_factory=list[Any])  # arrays with room for one part only


def place_of(a: Array) -> Any:
    """What tells one array from another: where it starts, its shape and its strides."""
    return (a.__array_interface__["data"][0], a.shape, a.strides, a.dtype.char) if a.size else id(a)


_SHAPES = {0: "number", 1: "flat", 2: "matrix"}


def _span(a: Array) -> Any:
    """The stretch of memory that a fills without gaps."""
    filled = a.size and (a.flags.c_contiguous or a.flags.f_contiguous)
    return (a.__array_interface__["data"][0], a.nbytes) if filled else id(a)


def _once(a: Array) -> Array:
    """An array without the repetitions that take no memory."""
    return a[tuple(slice(0, 1) if step == 0 else slice(None) for step in a.strides)]


def same_place(a: Array | None, b: Array) -> bool:
    """Whether both are the same window on the same memory."""
    return a is not None and a.size > 0 and place_of(a) == place_of(b)


def identifier(text: str) -> str:
    """A name for use in code: "0.weight" is W0, "fc1.bias" is fc1_bias.

    >>> identifier("0.weight"), identifier("fc1.bias"), identifier("lr")
    ('W0', 'fc1_bias', 'lr')
    """
    if m := re.fullmatch(r"((?:d_)?)(\d+)\.(weight|bias)", text):
        return f"{'d' if m[1] else ''}{'W' if m[3] == 'weight' else 'b'}{m[2]}"
    word = re.sub(r"\W", "_", text)
    return f"_{word}" if word[:1].isdigit() or keyword.iskeyword(word) else word


def _constant_name(a: Array) -> str:
    """A constant is named by its value: 0.05 is c0_05, an array of ones is ones."""
    if a.size and a.dtype.kind in "fi" and not np.any(a != a.flat[0]):
        first = a.flat[0].item()
        if a.ndim:
            return {0: "zeros", 1: "ones"}.get(first, "all_" + _as_word(first))
        return "c" + _as_word(first)
    return "c"


def _as_word(number: float) -> str:
    return re.sub(r"\W", "_", f"{number:.6g}".replace("-", "m"))


class Writer:
    """Names every array and spells the calls."""

    def __init__(self, inputs: Sequence[tuple[Array, str]]) -> None:
        self.names: dict[Any, str] = {}
        self.scope: dict[str, Any] = {}
        self.arguments = [name for _, name in inputs]
        self.passing: list[tuple[Array, str]] = []  # arrays that come anew with every call
        self.text: list[tuple[str, str]] = []
        self.taken: set[str] = {*self.arguments, "step"}
        self.whole: dict[Any, str] = {}  # the name of the array that fills a stretch of memory
        self.holders: list[Array] = []
        self.said: Tensor | None = None
        self.loop: Loop | None = None  # the one that is being spelled, and the names of its part and that part's rows
        self.part = self.count = ""
        for a, name in inputs:
            self._passes(a, name)

    def know(self, a: Array, name: str | None) -> None:
        """Give an array a name, unless it has one."""
        if name and place_of(a) not in self.names:
            self._name(a, identifier(name))

    def _passes(self, a: Array, name: str) -> None:
        self.names[place_of(a)] = name
        self.passing.append((a, name))
        self.holders.append(a)

    def _name(self, a: Array, name: str) -> str:
        free = self._free(name)
        self.names[place_of(a)] = free
        self.whole.setdefault(_span(a), free)
        self.scope[free] = a
        self.holders.append(a)
        return free

    def _free(self, name: str) -> str:
        """The name, with a number if it is taken; it is taken now."""
        free, count = name, 2
        while free in self.taken:
            free, count = f"{name}_{count}", count + 1
        self.taken.add(free)
        return free

    def name_of(self, a: Any, hint: str = "c") -> str:
        """How an argument is written."""
        if isinstance(a, LISTS):
            return f"({', '.join(self.name_of(v) for v in a)}{',' if len(a) == 1 else ''})"
        if not isinstance(a, ARRAYS):
            return repr(a)
        known = self.names.get(place_of(a))
        if known is not None:
            return known
        if a.dtype.kind == "i" and isinstance(a.base, ARRAYS) and a.base.dtype.kind == "f":
            return self._bits_of(a, hint)
        if (source := self._input_behind(a)) is not None:
            return self._window_on_input(a, *source)
        if a.ndim == 2 and (turned := self.names.get(place_of(a.T))) is not None:
            return self._name(a, f"{turned}_T")
        if (whole := self.whole.get(_span(a))) is not None:
            return self._name(a, f"{whole}_{_SHAPES.get(a.ndim, 'reshaped')}")
        if 0 in a.strides and (once := self.whole.get(_span(_once(a)))) is not None:
            return self._name(a, f"{once}_repeated")
        return self._name(a, _constant_name(a) if hint == "c" else hint)

    def _bits_of(self, a: Array, hint: str) -> str:
        """The name of floats looked at as whole numbers of the same size."""
        name = self.name_of(a.view(f"f{a.itemsize}"), hint)
        if self._input_behind(a) is not None:
            return self._view(a, f"{name}_bits", f"{name}.view({a.dtype.name!r})")
        return self._name(a, f"{name}_bits")

    def _input_behind(self, a: Array) -> tuple[Array, str] | None:
        return next(((b, name) for b, name in self.passing if np.may_share_memory(a, b)), None)

    def _window_on_input(self, a: Array, b: Array, name: str) -> str:
        """A view that a spelling has taken of an input: it must be taken anew at every call."""
        for b, name in self.passing:
            if place_of(b.T) == place_of(a):
                return self._view(a, f"{name}_T", f"{name}.T")
            if b.size == a.size and b.flags.c_contiguous and place_of(b.reshape(a.shape)) == place_of(a):
                return self._view(a, f"{name}_{'x'.join(map(str, a.shape)) or 'number'}", f"{name}.reshape({a.shape})")
        raise NotReplayable(f"a window of shape {a.shape} on the input {name}")

    def _view(self, a: Array, name: str, expression: str) -> str:
        name = re.sub(r"\W", "_", name)
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        self.text.append((f"{name} = {expression}", ""))
        self._passes(a, name)
        return name

    def write(
        self, lines: Iterable[Line | Loop], outputs: Sequence[Array]
    ) -> tuple[str, Callable[..., Any], dict[str, Array]]:
        """The text, the function it compiles to, and the arrays by name."""
        for line in lines:
            if isinstance(line, Loop):
                self._repeat(line)
            else:
                self._spell(line)
        results = ", ".join(f"{self.name_of(a, 'result')}.copy()" for a in outputs)
        body = [f"    {code:<64}# {said}".rstrip(" #") if said else f"    {code}" for code, said in self.text]
        text = (
            "\n".join(
                [f"def step({', '.join(self.arguments)}):", *body, f"    return ({results}{',' if outputs else ''})"]
            )
            + "\n"
        )
        names = dict(self.scope)
        exec(compile(text, "<glassnet step>", "exec"), names)
        return text, names["step"], {k: v for k, v in self.scope.items() if isinstance(v, np.ndarray)}

    def _repeat(self, loop: Loop) -> None:
        """A loop over the parts of its arrays; a number, or a row, stands for all of them."""
        self.loop = loop
        self.part, self.count, parts = self._free("part"), self._free("n"), self._free("parts")
        self.scope[parts] = loop.parts
        head = f"for {self.part}, {self.count} in {parts}:"
        self.text.append((head, "piece by piece, so that each stays in the processor's cache"))
        before, self.text = self.text, []
        for line in loop.lines:
            self._spell(line)
        self.text = [*before, *((f"    {code}", said) for code, said in self.text)]
        self.loop = None

    def _part(self, a: Any) -> str:
        """What follows the name of an array of which a loop takes a part at a time."""
        if self.loop is None or not isinstance(a, ARRAYS):
            return ""
        if any(a is b for b in self.loop.little):
            return f"[:{self.count}]"
        return f"[{self.part}]" if a.shape == self.loop.shape else ""

    def _spell(self, line: Line) -> None:
        op = line.tensor.op
        if op is None:
            return
        if line.view:
            if line.out is not None and place_of(line.out) not in self.names and self._input_behind(line.args[0]):
                x = self.name_of(line.args[0])
                turned = place_of(line.args[0].T) == place_of(line.out)
                self._view(
                    line.out,
                    f"{x}_T" if turned else f"{op.name}_{x}",
                    f"{x}.T" if turned else f"{self._function(line.function, op.name)}({x})",
                )
            return
        words = [self.name_of(a, self._hint(line, i)) + self._part(a) for i, a in enumerate(line.args)]
        if line.function is np.dot:  # the method is np.dot without its dispatch: 0.2 of some 0.9 µs
            call = f"{words.pop(0)}.dot"
        else:
            call = self._function(line.function, op.name)
        if line.out is not None:
            name = self.name_of(line.out, line.tensor.name or _LETTERS.get(op.name, op.name))
            words.append(f"out={name}{self._part(line.out)}")
        self.text.append((f"{call}({', '.join(words)})", self._words(line)))

    def _hint(self, line: Line, i: int) -> str:
        """What to call an argument that has no name yet: one that is written to is not a constant."""
        if line.function is np.copyto and i == 0:
            return f"{self.names.get(place_of(line.reads[0]), 'it')}_{line.args[0].dtype}" if line.reads else "copied"
        return _ROOM.get((getattr(line.function, "__name__", ""), i), "c")

    def _words(self, line: Line) -> str:
        """The row's own words, with the names of its inputs; said once per operation."""
        op = line.tensor.op
        if op is None or self.said is line.tensor:
            return ""
        self.said = line.tensor
        names = [self.names.get(place_of(a), "a constant") for a in line.reads]
        return op.say.format(*names, *["the rest"] * 2, **line.tensor.attrs)

    def _function(self, function: Callable[..., Any], op: str) -> str:
        """How a function is written: NumPy's by their own names, ours by the row's."""
        owner = getattr(function, "__self__", None)
        if isinstance(owner, np.ndarray):
            return f"{self.name_of(owner, 'flat')}.{function.__name__}"
        if isinstance(owner, np.ufunc):
            name = f"{owner.__name__}_{function.__name__}"
        elif isinstance(function, np.ufunc) or (
            not isinstance(function, functools.partial) and function.__module__ == "numpy"
        ):
            name = function.__name__
        else:
            name = (
                op
                if isinstance(function, functools.partial) or function.__name__ in ("copied", "<lambda>")
                else function.__name__.lstrip("_")
            )
        free, count = name, 2
        while free in self.scope and self.scope[free] is not function:
            if isinstance(owner, np.ufunc) and self.scope[free] == function:
                break
            free, count = f"{name}_{count}", count + 1
        self.scope[free] = function
        self.taken.add(free)
        return free
