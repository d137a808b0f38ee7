"""`torch.testing`: whether two results agree to rounding, as tests ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor
from glassnet.errors import complain

__all__ = ["assert_close"]

_TOLERANCES = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}  # PyTorch's (rtol, atol)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Any = None,
) -> None:
    """Raise AssertionError unless |actual - expected| ≤ atol + rtol · |expected| everywhere, shape and dtype equal.

    Tensors, arrays, numbers, and sequences and mappings of them. The tolerances follow from the dtype: 1.3e-6 and 1e-5
    for float32, 1e-7 and 1e-7 for float64, none for whole numbers; give both or neither. `msg` is the message, or a
    function of the message there would be. TypeError for things that cannot be compared.

    >>> import glassnet as torch
    >>> torch.testing.assert_close(torch.tensor([0.5, 1.0]), torch.tensor([0.5, 0.75]))
    Traceback (most recent call last):
    ...
    AssertionError: assert_close: got 1 of 2 numbers too far away, the farthest at (1,) 1.0 for 0.75; expected at most
    atol=1e-05 + rtol=1.3e-06 · |expected|. Try atol=0.5, if so much is right.
    """
    if (rtol is None) != (atol is None):
        got = f"assert_close: got rtol={rtol} and atol={atol}"
        raise ValueError(complain(got, "expected both or neither", "Try rtol=1e-5, atol=1e-8"))
    limits = None if rtol is None or atol is None else (rtol, atol)
    try:
        _compare(actual, expected, "", limits, equal_nan, check_dtype)
    except AssertionError as problem:
        if msg is None:
            raise
        raise AssertionError(msg(str(problem)) if callable(msg) else msg) from None


def _compare(a: Any, b: Any, where: str, limits: Any, equal_nan: bool, kinds: bool) -> None:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        _need(a.keys() == b.keys(), where, f"keys {sorted(map(str, a))}", f"{sorted(map(str, b))}", "the same keys")
        for key in a:
            _compare(a[key], b[key], f"{where}[{key!r}]", limits, equal_nan, kinds)
    elif _nested(a) and _nested(b):
        _need(len(a) == len(b), where, f"{len(a)} entries", f"{len(b)}", "as many on both sides")
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            _compare(x, y, f"{where}[{i}]", limits, equal_nan, kinds)
    elif a is None or b is None:
        _need(a is b, where, repr(a), repr(b), "None on both sides")
    else:
        _compare_numbers(a, b, where, limits, equal_nan, kinds)


def _nested(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _compare_numbers(a: Any, b: Any, where: str, limits: Any, equal_nan: bool, kinds: bool) -> None:
    group = next((g for g in (Tensor, np.ndarray, bool | int | float | complex) if isinstance(a, g)), None)
    if group is None or not isinstance(b, group):
        got = f"assert_close{where}: got {type(a).__name__} and {type(b).__name__}"
        raise TypeError(complain(got, "expected two tensors, arrays or numbers", "Try torch.as_tensor on both"))
    x, y = (np.asarray(v.detach().array if isinstance(v, Tensor) else v) for v in (a, b))
    _need(x.shape == y.shape, where, f"shape {x.shape}", f"{y.shape}", "the same shape")
    _need(x.dtype == y.dtype or not kinds, where, str(x.dtype), str(y.dtype), "check_dtype=False")
    rtol, atol = limits or np.max([_TOLERANCES.get(v.dtype.name, (0.0, 0.0)) for v in (x, y)], axis=0).tolist()
    with np.errstate(all="ignore"):
        wide, right = (v.astype(np.float64) if v.dtype.kind in "fb" else v for v in (x, y))
        far = ~np.isclose(wide, right, rtol=rtol, atol=atol, equal_nan=equal_nan)
    if far.any():
        raise AssertionError(_told(wide, right, far, where, rtol, atol))


def _told(x: np.ndarray, y: np.ndarray, far: np.ndarray, where: str, rtol: float, atol: float) -> str:
    """How many numbers are too far away, and the farthest."""
    with np.errstate(all="ignore"):
        away = np.where(far, np.nan_to_num(np.abs(x.astype(float) - y.astype(float)), nan=np.inf), -1.0)
    at = np.unravel_index(int(away.argmax()), away.shape)
    place = f" at {tuple(int(i) for i in at)}" if x.ndim else ""
    got = f"assert_close{where}: got {int(far.sum())} of {far.size} numbers too far away, "
    got += f"the farthest{place} {x[at].item()!r} for {y[at].item()!r}"
    enough = f"{float(away[at]) * 2 or 1.0:.0g}" if np.isfinite(away[at]) else "…"
    hint = f"Try atol={enough}, if so much is right" if enough != "…" else "Try equal_nan=True, if a NaN is right"
    return complain(got, f"expected at most atol={atol:g} + rtol={rtol:g} · |expected|", hint)


def _need(fine: bool, where: str, got: str, expected: str, hint: str) -> None:
    if not fine:
        raise AssertionError(complain(f"assert_close{where}: got {got}", f"expected {expected}", f"Try {hint}"))
