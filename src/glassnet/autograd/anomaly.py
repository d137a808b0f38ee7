"""Finding where NaN comes from: backward stops at the first operation that makes one."""

from __future__ import annotations

from glassnet.core.mode import World, mode


class set_detect_anomaly:  # noqa: N801 - PyTorch's name
    """Let backward check every gradient, or stop checking; at once, and as a context manager until its end.

    Raises GradientError, with the name of the operation, where a gradient holds NaN. Slow: for finding a mistake.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = _is_on()
        _switch(mode and check_nan)

    def __enter__(self) -> None:
        """The switch was thrown when this was made."""

    def __exit__(self, *exc: object) -> None:
        _switch(self.before)


class detect_anomaly(set_detect_anomaly):  # noqa: N801 - PyTorch's name
    """Inside the block, backward raises GradientError at the first operation whose gradient holds NaN.

    >>> import glassnet as torch
    >>> x = torch.tensor(0.0, requires_grad=True)
    >>> with torch.autograd.detect_anomaly():
    ...     try:
    ...         (torch.sqrt(x) * 0).backward()
    ...     except RuntimeError as problem:
    ...         print(str(problem).split(";")[0])
    backward: Function 'SqrtBackward0' returned nan values in its 0th output, first at position [] of shape ()
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(True, check_nan)


def is_anomaly_enabled() -> bool:
    """Whether backward checks every gradient."""
    return _is_on()


def _is_on() -> bool:
    return mode.anomaly


def _switch(on: bool) -> None:
    mode.anomaly = on
    World.changed()
