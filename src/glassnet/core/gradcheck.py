"""Checking derivatives against differences: the slope of f is (f(x + h) - f(x - h)) / 2h, but for an error like h^2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.core import factories, tape
from glassnet.core.mode import enable_grad, no_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import GradientError


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Whether the gradients of func agree with central differences, for every input that requires grad.

    A random combination v of the outputs is differentiated: |analytic - numeric| <= atol + rtol |numeric| must hold for
    each number of each input. Inputs should be float64.

    >>> import glassnet as torch
    >>> x = torch.rand(3, dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: (x * x).sum(), x)
    True
    """
    args: tuple[Any, ...] = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    checked = [(i, t) for i, t in enumerate(args) if isinstance(t, Tensor) and t.needs_grad]
    if not checked:
        raise GradientError(
            "gradcheck: got no input that requires grad; expected at least one. Try requires_grad=True."
        )
    weights = [np.random.default_rng(7).uniform(0.5, 1.5, y.array.shape) for y in _outputs(func, args)]
    with enable_grad():
        ys = [y for y in _outputs(func, args) if y.needs_grad]
        seeds = [factories.as_tensor(v.astype(y.array.dtype)) for v, y in zip(weights, ys, strict=False)]
        slopes = tape.grad(ys, [t for _, t in checked], seeds, retain_graph=True, allow_unused=True)
    for (i, t), slope in zip(checked, slopes, strict=True):
        analytic = np.zeros(t.array.shape) if slope is None else slope.array
        numeric = _differences(func, args, t, weights, eps)
        wrong = ~(np.abs(analytic - numeric) <= atol + rtol * np.abs(numeric))
        if wrong.any():
            if not raise_exception:
                return False
            at = tuple(int(k) for k in np.argwhere(wrong)[0])
            raise GradientError(
                f"gradcheck: got the gradient {analytic[at]:.6g} at {list(at)} of input {i}; expected "
                f"{numeric[at]:.6g}, the slope found by "
                f"differences of {eps:g}. Try checking the derivative there, or float64 inputs (this one is {t.dtype})."
            )
    return True


def gradgradcheck(func: Callable[..., Any], inputs: Tensor | Sequence[Any], **options: Any) -> bool:
    """Whether the second derivatives of func agree with differences of the first."""
    args: tuple[Any, ...] = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    at = [i for i, t in enumerate(args) if isinstance(t, Tensor) and t.needs_grad]

    def slopes(*xs: Any) -> list[Tensor]:
        ys = [y for y in _outputs(func, xs) if y.needs_grad]
        seeds = [factories.as_tensor(np.cos(np.arange(y.array.size)).reshape(y.array.shape)) for y in ys]
        found = tape.grad(ys, [xs[i] for i in at], seeds, create_graph=True, allow_unused=True)
        return [g for g in found if g is not None and g.needs_grad]

    return not slopes(*args) or gradcheck(slopes, inputs, **options)


def _outputs(func: Callable[..., Any], args: Sequence[Any]) -> list[Tensor]:
    result = func(*args)
    return [result] if isinstance(result, Tensor) else [y for y in result if isinstance(y, Tensor)]


def _differences(
    func: Callable[..., Any], args: Sequence[Any], t: Tensor, weights: list[np.ndarray], eps: float
) -> np.ndarray:
    """The slope of the weighted outputs along each number of t."""

    def value() -> float:
        with enable_grad():  # a function may take gradients itself
            ys = _outputs(func, args)
        return float(sum((y.array * v).sum() for y, v in zip(ys, weights, strict=True)))

    slope = np.zeros(t.array.shape)
    with no_grad():
        for at in np.ndindex(t.array.shape):
            here = t.array[at].copy()
            t.array[at] = here + eps
            above = value()
            t.array[at] = here - eps
            slope[at] = (above - value()) / (2 * eps)
            t.array[at] = here
    return slope
