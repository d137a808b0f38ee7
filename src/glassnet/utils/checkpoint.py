"""`torch.utils.checkpoint`: what trades time for memory there, and is the function itself here.

A multilayer perceptron's activations fit in memory, so nothing is thrown away and worked out anew: results and
gradients are those of the plain call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from glassnet.errors import ValueRangeError, complain

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Any = None,
    preserve_rng_state: bool = True,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), with its activations kept; the options change nothing.

    >>> import glassnet as torch
    >>> w = torch.tensor(3.0, requires_grad=True)
    >>> checkpoint(torch.square, w, use_reentrant=False).backward()
    >>> w.grad
    tensor(6.)
    """
    return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Iterable[Callable[..., Any]], segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """The functions (or the modules of a Sequential) one after the other, with all activations kept.

    ValueRangeError for segments below 1.
    """
    if segments < 1:
        got = f"checkpoint_sequential: got segments={segments}"
        raise ValueRangeError(complain(got, "expected 1 or more", "Try segments=1"))
    for function in functions:
        input = function(input)
    return input
