"""Expressions typed as text, such as `sigmoid(w*x + b)`, computed by the engine so that they can be explained.

The text is read with Python's own grammar and built from the table below; nothing in it is ever executed. There are
+ − * / ** and @, comparisons, the functions in `FUNCTIONS`, numbers, lists of numbers, and names with given values.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.functions import matmul
from glassnet.core.mode import recording
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ShapeError, ValueRangeError, complain
from glassnet.nn import functional as F

_LONGEST, _DEEPEST = 10_000, 60


def _reducing(op: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda a: op(a, dim=None, keepdim=False)


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "exp": ops.exp, "log": ops.log, "ln": ops.log, "log2": ops.log2, "log10": ops.log10, "sqrt": ops.sqrt,
    "sin": ops.sin, "cos": ops.cos, "tan": ops.tan, "asin": ops.asin, "acos": ops.acos, "atan": ops.atan,
    "sinh": ops.sinh, "cosh": ops.cosh, "tanh": ops.tanh, "sigmoid": ops.sigmoid, "relu": ops.relu,
    "softplus": ops.softplus, "abs": ops.abs, "sign": ops.sign, "floor": ops.floor, "ceil": ops.ceil,
    "round": ops.round, "erf": ops.erf, "max": ops.maximum, "min": ops.minimum,
    "sum": _reducing(ops.sum), "mean": _reducing(ops.mean), "norm": _reducing(ops.norm),
    "softmax": lambda z: ops.softmax(z, dim=-1), "log_softmax": lambda z: ops.log_softmax(z, dim=-1),
    "leaky_relu": F.leaky_relu, "elu": F.elu, "gelu": F.gelu,
    "step": lambda z: ops.cast(ops.ge(z, 0.0), dtype=z.array.dtype),
}  # fmt: skip
_BINARY: dict[type[ast.operator], Callable[[Tensor, Tensor], Tensor]] = {
    ast.Add: ops.add, ast.Sub: ops.sub, ast.Mult: ops.mul, ast.Div: ops.div, ast.MatMult: matmul,
    ast.FloorDiv: ops.floor_divide, ast.Mod: ops.remainder,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Tensor, Tensor], Tensor]] = {
    ast.Lt: ops.lt, ast.LtE: ops.le, ast.Gt: ops.gt, ast.GtE: ops.ge, ast.Eq: ops.eq, ast.NotEq: ops.ne,
}  # fmt: skip
_SUMS = frozenset("0123456789. -/%<>=")  # of an expression without names, such as 1/0
_CONSTANTS = {"pi": math.pi, "e": math.e}


def looks_typed(text: str, named: bool = False) -> bool:
    """Whether a word is an expression rather than a path; `named` says that names were given values.

    >>> [looks_typed(word) for word in ("a*b", "1/0", "-2", "runs/moons-1", "2026/11")]
    [True, True, False, False, True]
    """
    if any(sign in text for sign in "()*+^"):
        return True
    sums = set(text) <= _SUMS and any(sign in text.strip(" -") for sign in "-/%<>=")
    return sums or (named and text.replace(" ", "").isidentifier())


def evaluate_text(text: str, values: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
    """The result as a tensor that knows its story, and the tensors that the names stand for; in float64.

    Raises `ValueRangeError` for what is no expression, or a name without a value.

    >>> y, names = evaluate_text("w*x + b", {"w": 3.0, "x": 2.0, "b": 1.0})
    >>> y.item(), sorted(names)
    (7.0, ['b', 'w', 'x'])
    """
    names: dict[str, Tensor] = {}
    for name, value in values.items():
        names[name] = wrap(_numbers(name, value))
        names[name].requires_grad_()
        names[name].name = name
    tree = _parsed(text)
    try:
        with recording():  # so that steps, through which no slope flows, are remembered too
            result = _Builder(text, names).build(tree, 0)
    except ShapeError as problem:
        raise ShapeError(f"expression {text!r:.60}: {problem}") from None
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return result, {name: t for name, t in names.items() if name in used}


def _numbers(name: str, value: Any) -> np.ndarray:
    try:
        array = np.array(value, np.float64)
    except (TypeError, ValueError):
        got = f"expression: got {value!r:.40} for {name}"
        raise ValueRangeError(complain(got, "expected a number or a list of numbers", f"Try {name}=0.5")) from None
    if not np.isfinite(array).all():
        got = f"expression: got {name}={value}"
        raise ValueRangeError(complain(got, "expected finite numbers", f"Try {name}=0.5"))
    return array


def _parsed(text: str) -> ast.expr:
    if len(text) > _LONGEST:
        got, expected = f"expression: got {len(text):,} letters", f"expected at most {_LONGEST:,}"
        raise ValueRangeError(complain(got, expected, "Try a part of it"))
    try:
        return ast.parse(text.strip().replace("^", "**").replace("−", "-").replace("·", "*"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        if (said := _without_times(text)) is not None:
            raise ValueRangeError(said) from None
        where = f" at column {problem.offset}" if isinstance(problem, SyntaxError) and problem.offset else ""
        got = f"expression: got {text!r:.60}, which cannot be read{where}"
        raise ValueRangeError(complain(got, "expected one such as w*x + b", "Try 'sigmoid(w*x + b)'")) from None


_NUMBER_BEFORE = re.compile(r"(?<![\w.])(\d+\.?\d*)\s*(?=[A-Za-z_(])")


def _without_times(text: str) -> str | None:
    """What to say of a number that stands before a name or a bracket, as on paper; None where there is none."""
    with_times = _NUMBER_BEFORE.sub(r"\1*", text)
    if with_times == text or not _is_read(with_times):
        return None
    got = f"expression: got {text!r:.60}, with a number beside a name or a bracket"
    return complain(got, "expected * between them", f"Try {with_times!r}")


def _is_read(text: str) -> bool:
    try:
        _parsed(text)
    except ValueRangeError:
        return False
    return True


def _run_together(name: str, known: Collection[str]) -> list[str]:
    """The given names that a name is made of, as people write products; none if it is not.

    >>> _run_together("wx", ["w", "x"]), _run_together("wz", ["w", "x"])
    (['w', 'x'], [])
    """
    if not name:
        return []
    for first in sorted(known, key=len, reverse=True):
        if name == first:
            return [first]
        if name.startswith(first) and (rest := _run_together(name.removeprefix(first), known)):
            return [first, *rest]
    return []


class _Builder:
    def __init__(self, text: str, names: dict[str, Tensor]) -> None:
        self.text, self.names = text, names

    def build(self, node: ast.expr, depth: int) -> Tensor:
        if depth > _DEEPEST:
            got, expected = "expression: got brackets within brackets", f"expected at most {_DEEPEST} levels"
            raise ValueRangeError(complain(got, expected, "Try a name for a part of it"))
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return wrap(np.array(float(node.value)))
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if isinstance(node, ast.List | ast.Tuple):
            return wrap(_numbers("a list", [self.build(item, depth + 1).array.tolist() for item in node.elts]))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            inside = self.build(node.operand, depth + 1)
            return -inside if isinstance(node.op, ast.USub) else inside
        if isinstance(node, ast.BinOp):
            return self._joined(node, depth)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            left, right = self.build(node.left, depth + 1), self.build(node.comparators[0], depth + 1)
            return ops.cast(_COMPARE[type(node.ops[0])](left, right), dtype=np.dtype(np.float64))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            arguments = [self.build(a, depth + 1) for a in node.args]
            return self._called(node.func.id, arguments)
        raise self._unreadable(node)

    def _joined(self, node: ast.BinOp, depth: int) -> Tensor:
        left = self.build(node.left, depth + 1)
        if isinstance(node.op, ast.Pow):
            return self._raised(left, node.right, depth)
        if type(node.op) not in _BINARY:
            raise self._unreadable(node)
        return _BINARY[type(node.op)](left, self.build(node.right, depth + 1))

    def _raised(self, base: Tensor, node: ast.expr, depth: int) -> Tensor:
        exponent = self.build(node, depth + 1)
        if exponent.op is None and not exponent.needs_grad and exponent.array.ndim == 0:
            return ops.square(base) if exponent.array == 2 else ops.power(base, exponent=float(exponent.array))
        return ops.pow(base, exponent)

    def _named(self, name: str) -> Tensor:
        if name in self.names:
            return self.names[name]
        if name in _CONSTANTS:
            return wrap(np.array(_CONSTANTS[name]))
        near = difflib.get_close_matches(name, self.names, 1)
        got = f"expression: got the name {name} without a value"
        if parts := _run_together(name, self.names):
            product = "*".join(parts)
            raise ValueRangeError(complain(got, f"expected * between {' and '.join(parts)}", f"Try {product}"))
        known = f"one of {', '.join(self.names)}" if self.names else "one for every name"
        raise ValueRangeError(complain(got, f"expected {known}", f"Try {near[0] if near else name + '=1'}"))

    def _called(self, name: str, arguments: list[Tensor]) -> Tensor:
        function = FUNCTIONS.get(name)
        if function is None:
            near = difflib.get_close_matches(name, FUNCTIONS, 1) or ["sigmoid"]
            got, expected = f"expression: got the function {name}", f"expected one of {', '.join(FUNCTIONS)}"
            raise ValueRangeError(complain(got, expected, f"Try {near[0]}"))
        needed = 2 if name in ("max", "min") else 1
        if len(arguments) != needed:
            got = f"expression: got {name} of {len(arguments)} arguments"
            example = f"{name}({', '.join('ab'[:needed])})"
            raise ValueRangeError(complain(got, f"expected {needed}", f"Try {example}"))
        return function(*arguments)

    def _unreadable(self, node: ast.AST) -> ValueRangeError:
        if isinstance(node, ast.Call) and (said := _without_times(self.text)) is not None:
            return ValueRangeError(said)
        part = ast.get_source_segment(self.text, node) if hasattr(node, "lineno") else None
        got = f"expression: got {part or type(node).__name__!r:.60}"
        expected = "expected + - * / ** @, comparisons, functions and numbers"
        return ValueRangeError(complain(got, expected, "Try 'sigmoid(w*x + b)'"))
