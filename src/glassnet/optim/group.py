"""Parameter groups: the options of an optimiser, readable as a dictionary and alive as tensors.

Every number in a group is also a 0-d float64 tensor that changes in place with it. A step that was recorded reads the
tensors, so a schedule may set `param_groups[0]["lr"]` after every step without the step being recorded again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.core.mode import mode
from glassnet.core.tensor import Tensor, touched, wrap

if TYPE_CHECKING:
    from glassnet.optim.flat import Chunk

OFF_AT_ZERO = frozenset({"dampening", "lr_decay", "momentum", "weight_decay"})  # at 0 the rule leaves that work out
PARTS = {
    "betas": ("beta1", "beta2"),
    "etas": ("eta_minus", "eta_plus"),
    "step_sizes": ("step_size_min", "step_size_max"),
}


class ParamGroup(dict[str, Any]):
    """The parameters and options of one group.

    `live` holds what an update rule reads, by name: a 0-d tensor for each number (`betas` becomes `beta1` and `beta2`),
    None for an option that is switched off by 0, and flags as they are.

    >>> options = {"lr": 0.1, "betas": (0.9, 0.99), "weight_decay": 0}
    >>> group = ParamGroup(options, followed=options)
    >>> rate = group.live.lr
    >>> group["lr"] = 0.05
    >>> rate.item(), group.live.beta2.item(), group.live.weight_decay
    (0.05, 0.99, None)
    """

    def __init__(self, options: Mapping[str, Any], followed: Collection[str] = ()) -> None:
        super().__init__(options)
        self.live = SimpleNamespace()
        self.followed = frozenset(followed)
        self.owned: set[str] = set()  # the live numbers that are the group's own tensors
        self.chunks: list[Chunk] = []
        for key, value in options.items():
            self._follow(key, value)

    def __setitem__(self, key: str, value: Any) -> None:
        if mode.trace is not None:
            mode.trace.stop(f"it sets {key!r} of a parameter group (call scheduler.step() outside the compiled step)")
        super().__setitem__(key, value)
        self._follow(key, value)

    def update(self, *others: Mapping[str, Any] | Iterable[tuple[str, Any]], **options: Any) -> None:  # type: ignore[override]
        """Set several options."""
        for key, value in dict(*others, **options).items():
            self[key] = value

    def __ior__(self, other: Any) -> ParamGroup:  # type: ignore[override]
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle and deep copies: the options; vectors are laid out anew by the optimiser's next step."""
        return type(self), (dict(self), self.followed)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The option, set to the default if there is none yet."""
        if key not in self:
            self[key] = default
        return self[key]

    def plain(self) -> SimpleNamespace:
        """What is alive, as Python numbers at this moment."""
        numbers = {k: v.array.item() if isinstance(v, Tensor) else v for k, v in vars(self.live).items()}
        return SimpleNamespace(**numbers)

    def _follow(self, key: str, value: Any) -> None:
        """Let the live values say the same as the dictionary."""
        if key not in self.followed:
            return
        if key in PARTS and isinstance(value, tuple | list):
            for name, part in zip(PARTS[key], value, strict=True):
                self._set(name, part)
        else:
            self._set(key, value)

    def _set(self, name: str, value: Any) -> None:
        if isinstance(value, int | float | np.number) and not isinstance(value, bool):
            self._set_number(name, float(value))
        elif isinstance(value, Tensor):  # a rate that the user keeps as a tensor, and may change in place
            self._replace(name, value if value.array.ndim == 0 else wrap(value.array.reshape(())))
        else:
            self._replace(name, value)

    def _set_number(self, name: str, value: float) -> None:
        if name in OFF_AT_ZERO and value == 0:
            self._replace(name, None)
        elif name in self.owned:
            now = getattr(self.live, name)
            now.array[...] = value
            touched(now)
        else:
            number = wrap(np.asarray(value, np.float64))
            number.name = name
            self._replace(name, number)
            self.owned.add(name)

    def _replace(self, name: str, value: Any) -> None:
        now = getattr(self.live, name, _NOTHING)
        same = now is value if isinstance(now, Tensor) or isinstance(value, Tensor) else now == value
        if same:
            return
        setattr(self.live, name, value)
        self.owned.discard(name)
        for chunk in self.chunks:
            chunk.retire()  # the rule will do other work than in the steps recorded so far


_NOTHING = object()
