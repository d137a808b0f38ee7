"""Programs with mixed precision run as they are where it is switched off: numbers keep their precision.

>>> import glassnet as torch
>>> with torch.amp.autocast("cuda", enabled=torch.cuda.is_available()):
...     print((torch.ones(2) / 3).dtype)
torch.float32
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from typing import Any

from glassnet.errors import NotSupportedError, ValueRangeError, complain

__all__ = ["GradScaler", "autocast", "is_autocast_available"]


def is_autocast_available(device_type: str) -> bool:
    """Whether a device can lower the precision of operations: none can here."""
    return False


class autocast(contextlib.ContextDecorator):  # noqa: N801  PyTorch's name
    """A block, or as a decorator a function, that computes as anywhere else; with enabled=False all is as in PyTorch.

    For "cuda", of which there is none, enabled=True warns and goes on without; for "cpu" it raises NotSupportedError,
    since there is no bfloat16.
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            got = f"autocast: got device_type={device_type!r}"
            raise ValueRangeError(complain(got, "expected a string", 'Try autocast("cpu", enabled=False)'))
        self.device, self.fast_dtype = device_type, dtype
        if enabled and device_type == "cpu":
            got = f"autocast: got enabled=True and dtype={dtype or 'bfloat16'} on the CPU"
            hint = "Try enabled=False; model.double() and model.float() change the precision of all numbers"
            raise NotSupportedError(complain(got, "expected enabled=False: numbers keep their precision", hint))
        if enabled:
            _warn_disabled("autocast", device_type)

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *reason: object) -> None:
        """Nothing to take back."""


class GradScaler:
    """The scaler of losses for float16, switched off: `scale` returns the loss, `step` is the optimiser's.

    float32 gradients do not vanish, so nothing needs scaling. For "cuda", of which there is none, enabled=True warns
    and goes on switched off; for "cpu" it raises NotSupportedError.

    >>> import glassnet as torch
    >>> scaler = torch.amp.GradScaler(enabled=False)
    >>> scaler.scale(torch.tensor(0.5)), scaler.get_scale(), scaler.state_dict()
    (tensor(0.5000), 1.0, {})
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled and device == "cpu":
            got = "GradScaler: got enabled=True on the CPU"
            expected = "expected enabled=False: gradients in float32 need no scaling"
            raise NotSupportedError(complain(got, expected, "Try GradScaler(enabled=False), or loss.backward()"))
        if enabled:
            _warn_disabled("GradScaler", device)

    def is_enabled(self) -> bool:
        """Whether losses are scaled: no."""
        return False

    def scale(self, outputs: Any) -> Any:
        """The outputs as they are."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Take the scale out of the gradients; there is none in them."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """optimizer.step(*args, **kwargs)."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Choose the next scale; it stays 1."""

    def get_scale(self) -> float:
        """1.0."""
        return 1.0

    def state_dict(self) -> dict[str, Any]:
        """{}: there is nothing to keep."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take up a state, of which nothing is needed."""


def _warn_disabled(call: str, device: str) -> None:
    message = complain(
        f"{call}: got enabled=True for {device!r}", "expected a device that is there", "Try enabled=False"
    )
    warnings.warn(f"{message} Going on without.", UserWarning, stacklevel=3)
