"""Mixed precision by its older names: `torch.amp` without the device; both warn, as PyTorch does."""

from __future__ import annotations

import warnings
from typing import Any

from glassnet import amp

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):  # noqa: N801  PyTorch's name
    """`torch.amp.autocast("cuda", …)`.

    >>> import glassnet as torch, warnings
    >>> warnings.simplefilter("ignore", FutureWarning)
    >>> with torch.cuda.amp.autocast(enabled=False):
    ...     print(torch.ones(1).dtype)
    torch.float32
    """

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        _warn_old("autocast")
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """`torch.amp.GradScaler("cuda", …)`."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        _warn_old("GradScaler")
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)


def _warn_old(name: str) -> None:
    new = f'torch.amp.{name}("cuda", ...)'
    warnings.warn(f"torch.cuda.amp.{name} is deprecated. Try {new}.", FutureWarning, stacklevel=3)
