"""A tensor in words: the text that PyTorch prints for the same numbers.

All numbers of a tensor are spelled alike and padded to one width. Whole floats end in a point; others have four digits
after it; if they differ too much in size (largest over smallest above 1000, any above 1e8 or below 1e-4), all are
scientific. Above 1000 numbers only three at each end of every axis are shown.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError, complain

Speller = Callable[[Any], str]


@dataclasses.dataclass
class Options:
    """What `set_printoptions` sets."""

    precision: int = 4  # digits after the point
    threshold: float = 1000  # from how many numbers on the middle is left out
    edgeitems: int = 3  # numbers shown at each end of an axis
    linewidth: int = 80
    sci_mode: bool | None = None  # None: as the numbers ask for


OPTIONS = Options()
PROFILES = {"default": Options(), "short": Options(precision=2, edgeitems=2), "full": Options(threshold=math.inf)}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors print: a profile (default, short, full), then the options that are not None.

    >>> set_printoptions(precision=2)
    >>> format_tensor(np.float32([0.12345]))
    'tensor([0.12])'
    >>> set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in PROFILES:
            got = f"set_printoptions: got profile={profile!r}"
            raise ValueRangeError(complain(got, "expected default, short or full", "Try profile='default'"))
        _set(**dataclasses.asdict(PROFILES[profile]))
    _set(precision=precision, threshold=threshold, edgeitems=edgeitems, linewidth=linewidth)
    OPTIONS.sci_mode = sci_mode  # as in PyTorch, every call takes back what an earlier one demanded


def _set(**values: Any) -> None:
    for name, value in values.items():
        if value is not None:
            setattr(OPTIONS, name, value)


def format_tensor(
    array: np.ndarray,
    *,
    requires_grad: bool = False,
    grad_fn: str | None = None,
    prefix: str = "tensor(",
    default_dtype: Any = np.float32,
) -> str:
    """The text of an array as a tensor; the dtype is told unless it is the default, int64 or bool.

    >>> print(format_tensor(np.arange(6.0).reshape(2, 3) / 4))
    tensor([[0.0000, 0.2500, 0.5000],
            [0.7500, 1.0000, 1.2500]], dtype=torch.float64)
    >>> format_tensor(np.float32([7.0]), grad_fn="AddBackward0")
    'tensor([7.], grad_fn=<AddBackward0>)'
    >>> format_tensor(np.zeros((0, 3), np.int64))
    'tensor([], size=(0, 3), dtype=torch.int64)'
    """
    told: list[str] = []
    if array.ndim != 1 if array.size == 0 else OPTIONS.edgeitems == 0:
        told.append(f"size={array.shape}")
    if array.dtype != default_dtype and (array.size == 0 or array.dtype not in (np.dtype(np.int64), np.dtype(np.bool))):
        told.append(f"dtype=torch.{array.dtype.name}")
    if grad_fn is not None:
        told.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        told.append("requires_grad=True")
    return _with_notes(prefix + _numbers(array, len(prefix)), told, len(prefix))


def _with_notes(text: str, notes: list[str], indent: int) -> str:
    """Add the notes, each on a new line where the old one would grow too long."""
    used = len(text) - text.rfind("\n") + 1
    for note in notes:
        if used + len(note) + 2 > OPTIONS.linewidth:
            text += f",\n{' ' * indent}{note}"
            used = indent + len(note)
        else:
            text += f", {note}"
            used += len(note) + 2
    return text + ")"


def _numbers(array: np.ndarray, indent: int) -> str:
    if array.size == 0:
        return "[]"
    if array.size <= OPTIONS.threshold:
        return _nested(array, indent, *_spelling(array), math.inf)
    return _nested(array, indent, *_spelling(_edges(array)), OPTIONS.edgeitems)


def _nested(array: np.ndarray, indent: int, spell: Speller, width: int, edge: float) -> str:
    """Brackets around brackets; blocks of k axes are k - 1 lines apart."""
    if array.ndim == 0:
        return spell(array.item()).rjust(width)
    if array.ndim == 1:
        return _row(array, indent, spell, width, edge)
    if len(array) > 2 * edge:
        e = int(edge)
        parts = [_nested(part, indent + 1, spell, width, edge) for part in (*array[:e], *array[len(array) - e :])]
        parts.insert(e, "...")
    else:
        parts = [_nested(part, indent + 1, spell, width, edge) for part in array]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def _row(array: np.ndarray, indent: int, spell: Speller, width: int, edge: float) -> str:
    """One axis, broken into lines."""
    if len(array) > 2 * edge:
        e = int(edge)
        shown = [*array[:e].tolist(), *array[len(array) - e :].tolist()]
    else:
        shown = array.tolist()
    words = [spell(value).rjust(width) for value in shown]
    if len(array) > 2 * edge:
        words.insert(int(edge), " ..." if edge else "...")
    per_line = max(1, int((OPTIONS.linewidth - indent) // (width + 2)))
    lines = [", ".join(words[i : i + per_line]) for i in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _edges(array: np.ndarray) -> np.ndarray:
    """The numbers that stay when the middle of every axis is left out."""
    for axis, length in enumerate(array.shape):
        if length > 2 * OPTIONS.edgeitems:
            ends = np.r_[: OPTIONS.edgeitems, length - OPTIONS.edgeitems : length]
            array = array.take(ends, axis)
    return array


def _spelling(values: np.ndarray) -> tuple[Speller, int]:
    """How to spell a number, and the width of the widest; zeros, infinities and NaN have no say, as in PyTorch."""
    spell: Speller = str
    if values.dtype.kind == "f":
        values = values[np.isfinite(values) & (values != 0)].astype(np.float64)
        spell = _float_spelling(values)
    return spell, max((len(spell(value)) for value in values.ravel().tolist()), default=1)


def _float_spelling(values: np.ndarray) -> Speller:
    digits = OPTIONS.precision
    if values.size and _scientific(np.abs(values)):
        return lambda value: f"{value:.{digits}e}"
    if (values == np.ceil(values)).all():
        return lambda value: f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"
    return lambda value: f"{value:.{digits}f}"


def _scientific(sizes: np.ndarray) -> bool:
    if OPTIONS.sci_mode is not None:
        return OPTIONS.sci_mode
    largest, smallest = float(sizes.max()), float(sizes.min())
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


# What PyTorch prints for rows that have another name here.
_PRINTED = {
    "linear": "Addmm", "matmul": "Mm", "power": "Pow", "square": "Pow", "norm": "LinalgVectorNorm",
    "permute": "Permute", "reshape": "View", "window": "Slice", "pick": "Index", "concat": "Cat", "copy": "Clone",
    "cast": "ToCopy", "log1p": "Log1P", "pad": "ConstantPadNd", "scatter_add": "ScatterAdd",
    "choose": "NllLoss", "bce": "BinaryCrossEntropy", "bce_with_logits": "BinaryCrossEntropyWithLogits",
    "pass_where_positive": "ThresholdBackward",
}  # fmt: skip


def grad_fn_name(row: str, attrs: dict[str, object]) -> str:
    """How PyTorch prints the operation that made a tensor.

    >>> grad_fn_name("linear", {}), grad_fn_name("sum", {"dim": (1,)})
    ('AddmmBackward0', 'SumBackward1')
    """
    words = _PRINTED.get(row) or "".join(word[:1].upper() + word[1:] for word in row.split("_"))
    if row[:1].isupper():  # a Function of the user's own
        return f"{row}Backward"
    if row == "window" and isinstance(index := attrs.get("index"), tuple) and index:
        words = "Select" if isinstance(index[-1], int) else "Unsqueeze" if index[-1] is None else words
    return f"{words}Backward{int(row == 'clamp' or (row in ('sum', 'mean') and attrs.get('dim') is not None))}"
