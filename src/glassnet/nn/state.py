"""state_dict and load_state_dict: the numbers of a module by name, out and in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ShapeError
from glassnet.nn.parameter import UninitializedParameter

if TYPE_CHECKING:
    from glassnet.nn.module import Module


class IncompatibleKeys(NamedTuple):
    """The names that load_state_dict missed, and those it could not place."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if self.missing_keys or self.unexpected_keys:
            return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"
        return "<All keys matched successfully>"

    __str__ = __repr__


def entries(module: Module, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Parameters, then persistent buffers, then those of the children, each time they are met."""
    for name, p in module._parameters.items():
        yield prefix + name, p
    for name, b in module._buffers.items():
        if module._persistent[name]:
            yield prefix + name, b
    for name, child in module._modules.items():
        yield from entries(child, f"{prefix}{name}.")


def collect(module: Module, destination: Any, prefix: str, keep_vars: bool) -> dict[str, Tensor]:
    """The entries in a dictionary: the tensors themselves, or detached ones on the same memory."""
    found: dict[str, Tensor] = OrderedDict() if destination is None else destination
    for name, t in entries(module, prefix):
        found[name] = t if keep_vars else t.data
    return found


def load(module: Module, given: Any, strict: bool, assign: bool) -> IncompatibleKeys:
    """Check everything, and only then copy."""
    if not isinstance(given, Mapping):
        raise TypeError(f"load_state_dict: got {type(given).__name__}; expected a dictionary. Try model.state_dict().")
    own = list(entries(module))
    names = dict(own)
    report = IncompatibleKeys([n for n in names if n not in given], [n for n in given if n not in names])
    values = {name: _tensor(name, given[name]) for name in names if name in given}
    lines = _quarrels(report) if strict else []
    lines += [_size_quarrel(name, values[name], t) for name, t in names.items() if _differs(values.get(name), t)]
    if lines:
        raise ShapeError(_message(type(module).__name__, lines, report))
    with no_grad():
        for name, t in own:
            if name in values:
                _take_over(t, values[name], assign)
    return report


def _tensor(name: str, value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return wrap(np.asarray(value))
    raise TypeError(
        f"load_state_dict: got {type(value).__name__} for {name}; expected a tensor. Try torch.tensor(value)."
    )


def _take_over(t: Tensor, value: Tensor, assign: bool) -> None:
    if isinstance(t, UninitializedParameter):
        t.materialize(value.array.shape)
    if assign:
        t.data = value
    else:
        t.copy_(value)


def _differs(value: Tensor | None, t: Tensor) -> bool:
    waits = isinstance(t, UninitializedParameter)  # takes whatever shape it is given
    return value is not None and not waits and value.array.shape != t.array.shape


def _quarrels(report: IncompatibleKeys) -> list[str]:
    kinds = {"Missing": report.missing_keys, "Unexpected": report.unexpected_keys}
    return [f"{kind} key(s) in state_dict: {_quoted(names)}. " for kind, names in kinds.items() if names]


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _size_quarrel(name: str, value: Tensor, t: Tensor) -> str:
    return (
        f"size mismatch for {name}: copying a param with shape {value.shape} from checkpoint, "
        f"the shape in current model is {t.shape}."
    )


def _message(model: str, lines: list[str], report: IncompatibleKeys) -> str:
    only_names = len(lines) == bool(report.missing_keys) + bool(report.unexpected_keys)
    hint = "strict=False, which leaves the names that differ alone" if only_names else "a model with the same sizes"
    last = f"Got weights that do not fit; expected the model's own names and sizes. Nothing was changed. Try {hint}."
    return f"Error(s) in loading state_dict for {model}:\n\t" + "\n\t".join([*lines, last])
