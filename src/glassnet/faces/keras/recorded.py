"""Settings that remember what they were made with, so that they can be told, saved and made again."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from glassnet.errors import NotSupportedError, complain

T = TypeVar("T", bound="Recorded")


class Recorded:
    """Base of what has a `get_config`: the arguments it was made with, as plain data, which `from_config` takes back.

    >>> class Scale(Recorded):
    ...     def __init__(self, by=2.0):
    ...         self.by = by
    >>> Scale(3.0).get_config(), Scale.from_config({"by": 4.0}).by
    ({'by': 3.0}, 4.0)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        made._made_with = (args, kwargs)
        return made

    _made_with: tuple[tuple[Any, ...], dict[str, Any]]

    def get_config(self) -> dict[str, Any]:
        """The arguments, by name."""
        args, kwargs = self._made_with
        signature = inspect.signature(type(self).__init__)
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        _, *given = bound.arguments.items()
        rest = {n for n, p in signature.parameters.items() if p.kind is p.VAR_KEYWORD}
        named = {n: v for n, v in given if n not in rest} | {k: v for n, v in given if n in rest for k, v in v.items()}
        return {name: plain(value) for name, value in named.items()}

    @classmethod
    def from_config(cls: type[T], config: Mapping[str, Any]) -> T:
        """Another one made with these arguments."""
        return cls(**config)


def plain(value: Any) -> Any:
    """A value as plain data, as far as it can be had so; functions stay what they are."""
    if isinstance(value, Recorded):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if type(value).__name__ == "Function" and hasattr(value, "module"):  # an activation, by its name
        return value.__name__
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def savable(value: Any, what: str) -> Any:
    """Plain data, or a refusal: what is a function cannot be written to a file from which nothing is run."""
    if isinstance(value, dict):
        return {k: savable(v, what) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [savable(v, what) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    got = f"{what}: got {getattr(value, '__name__', type(value).__name__)}"
    hint = "Try save_weights, and build the model by your program again before load_weights"
    raise NotSupportedError(complain(got, "expected names and numbers, since no code is saved", hint))
