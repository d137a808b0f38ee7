"""What a row of the table of primitives is, and how one is written.

`primitive` enters a row and gives back the function that applies it; the rows themselves are in `ops.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from glassnet.core import dtypes
from glassnet.core.kernels import Call
from glassnet.core.kinds import TUPLES
from glassnet.core.printing import grad_fn_name
from glassnet.core.tensor import Tensor, apply, as_tensor_like

OPS: dict[str, Op] = {}
Rule = Callable[..., Tensor]
Lowering = Callable[..., list[Call] | None]


class Sample(NamedTuple):
    """Inputs for the tests: arrays, or shapes of random ones drawn between low and high; and attributes."""

    inputs: tuple[Any, ...]
    low: float
    high: float
    attrs: dict[str, Any]


def sample(*inputs: Any, low: float = -2.0, high: float = 2.0, **attrs: Any) -> Sample:
    """One sample: a tuple of ints is the shape of a random array, a list is taken as integers."""
    return Sample(tuple(i if isinstance(i, TUPLES) else np.array(i) for i in inputs), low, high, attrs)


@dataclass(frozen=True, eq=False)
class Op:
    """One row of the table."""

    name: str
    run: Callable[..., Any]  # run(*arrays, out=None, **attributes): NumPy's own calling convention
    vjp: tuple[Rule | None, ...] | Callable[[int], Rule] = ()  # a rule per input (None: nothing flows), or their maker
    say: str = ""  # words; {0}, {1} are the inputs
    tex: str = ""  # LaTeX
    view: bool = False  # the result is a window on input 0
    elementwise: bool = False  # each number depends on the numbers at its own place: may be made in place
    pure: bool = True  # False: random, or changes memory
    lower: Lowering | None = None  # replay's spelling: lower(out, *arrays, **attributes)
    samples: tuple[Sample, ...] = ()

    def rule(self, i: int) -> Rule | None:
        """The derivative rule of input i."""
        return self.vjp(i) if callable(self.vjp) else self.vjp[i]

    def __repr__(self) -> str:
        return f"<{grad_fn_name(self.name, {})}>"


def primitive(
    name: str, run: Callable[..., Any], *vjp: Rule | None, each: Callable[[int], Rule] | None = None, **facets: Any
) -> Callable[..., Tensor]:
    """Write one row; what comes back applies it to tensors and numbers."""
    op = OPS[name] = Op(name, run, each or vjp, **facets)

    def call(*inputs: Any, **attrs: Any) -> Tensor:
        if "out" in attrs:
            return _into(attrs.pop("out"), call(*inputs, **attrs))
        return apply(op, *_tensors(inputs, op), **attrs)

    call.__name__ = name
    return call


def _into(out: Tensor | None, y: Tensor) -> Tensor:
    from glassnet.core.into import into  # which is made of these rows

    return y if out is None else into(out, y)


_OF_REALS = frozenset(
    """
    atan2 sqrt exp expm1 exp2 log log1p log2 log10 sin cos tan asin acos atan sinh cosh erf erfc erfinv lgamma polygamma
    sigmoid tanh softplus
    """.split()
)


def _tensors(inputs: tuple[Any, ...], op: Op) -> tuple[Tensor, ...]:
    """The inputs as tensors and, for arithmetic, of one dtype; functions of real numbers make floats of integers."""
    for x in inputs:
        if not isinstance(x, Tensor):
            like = next((t for t in inputs if isinstance(t, Tensor)), None)
            inputs = tuple(as_tensor_like(v, like) for v in inputs)
            break
    if op.name in _OF_REALS and all(x.array.dtype.kind != "f" for x in inputs):
        return tuple(_cast(x, dtypes.default_float()) for x in inputs)
    if op.elementwise and len(inputs) > 1 and any(x.array.dtype is not inputs[0].array.dtype for x in inputs):
        common = dtypes.promote([x.array for x in inputs])
        return tuple(x if x.array.dtype == common else _cast(x, common) for x in inputs)
    return inputs


def _cast(x: Tensor, dtype: np.dtype[Any]) -> Tensor:
    return apply(OPS["cast"], x, dtype=dtype)
