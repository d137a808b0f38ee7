"""weight_norm and spectral_norm as they were before `parametrizations`: new parameters beside the others.

Programs and checkpoints still hold their names (`weight_g` and `weight_v`; `weight_orig`, `weight_u` and `weight_v`).
The weight itself is computed each time that it is read.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import NotSupportedError, ValueRangeError, complain
from glassnet.nn import functional as F
from glassnet.nn.module import Module
from glassnet.nn.parameter import Parameter
from glassnet.nn.utils.parametrizations import (
    as_matrix,
    check_spectral,
    length_except,
    power_steps,
    stretch,
    weight_from,
)


@dataclass
class _Lengths:
    """w = g v / ‖v‖."""

    name: str
    dim: int | None
    call: ClassVar[str] = "weight_norm"
    parts: ClassVar[tuple[str, ...]] = ("_g", "_v")

    def begin(self, module: Any, weight: Tensor) -> None:
        """Put length and direction where the weight was."""
        with no_grad():
            module.register_parameter(f"{self.name}_g", Parameter(length_except(weight, self.dim)))
        module.register_parameter(f"{self.name}_v", Parameter(weight.data))

    def value(self, module: Any) -> Tensor:
        """The weight."""
        return weight_from(getattr(module, f"{self.name}_v"), getattr(module, f"{self.name}_g"), self.dim)

    def before_forward(self, module: Any) -> None:
        """Nothing: all is computed from the parameters."""


@dataclass
class _Spectrum:
    """w = original / σ(original)."""

    name: str
    dim: int
    n_power_iterations: int
    eps: float
    call: ClassVar[str] = "spectral_norm"
    parts: ClassVar[tuple[str, ...]] = ("_orig", "_u", "_v")

    def begin(self, module: Any, weight: Tensor) -> None:
        """Move the weight to `weight_orig`, and draw the two directions."""
        rows, columns = as_matrix(weight, self.dim).array.shape
        u, v = (F.normalize(weight.data.new_empty(n).normal_(0, 1), dim=0, eps=self.eps) for n in (rows, columns))
        module.register_parameter(f"{self.name}_orig", weight)
        module.register_buffer(f"{self.name}_u", u)
        module.register_buffer(f"{self.name}_v", v)

    def _own(self, module: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        weight, u, v = (getattr(module, self.name + part) for part in self.parts)
        return weight, as_matrix(weight, self.dim), u, v

    def value(self, module: Any) -> Tensor:
        """The weight."""
        weight, *own = self._own(module)
        return weight / stretch(*own)

    def before_forward(self, module: Any) -> None:
        """Turn the directions, in training."""
        if module.training:
            _, *own = self._own(module)
            power_steps(*own, self.n_power_iterations, self.eps, v_first=True)


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn length `<name>_g` and direction `<name>_v` of a weight apart; `parametrizations.weight_norm` is newer.

    >>> import warnings
    >>> from glassnet import nn
    >>> with warnings.catch_warnings(action="ignore"):
    ...     layer = weight_norm(nn.Linear(4, 3))
    >>> [p for p, _ in layer.named_parameters()]
    ['bias', 'weight_g', 'weight_v']

    T. Salimans and D. Kingma, Weight normalization, 2016.
    """
    warnings.warn(
        "torch.nn.utils.weight_norm is out of use; nn.utils.parametrizations.weight_norm does the same.",
        FutureWarning,
        stacklevel=2,
    )
    return _begin(module, _Lengths(name, dim))


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight a plain parameter again, with its value. Raises ValueRangeError if it is one already."""
    return _end(module, name, _Lengths)


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide a weight, `<name>_orig`, by its largest singular value; `parametrizations.spectral_norm` is newer.

    The two directions `<name>_u` and `<name>_v` turn by power iteration at each call in training.

    >>> from glassnet import nn
    >>> layer = spectral_norm(nn.Linear(4, 3))
    >>> list(layer.state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']

    T. Miyato and others, Spectral normalization for generative adversarial networks, 2018.
    """
    dim = check_spectral(_parameter(module, name, "spectral_norm"), n_power_iterations, dim or 0)
    return _begin(module, _Spectrum(name, dim, n_power_iterations, eps))


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight a plain parameter again, with its value. Raises ValueRangeError if it is one already."""
    return _end(module, name, _Spectrum)


# ---- the weight as something computed --------------------------------------------------------------------------------

_Rule = _Lengths | _Spectrum


def _begin(module: Module, rule: _Rule) -> Module:
    weight = _parameter(module, rule.name, rule.call)
    delattr(module, rule.name)
    rule.begin(module, weight)
    rules = [*_rules(module), rule]
    module.__class__ = _class_with(_plain_class(module), rules)
    cast(Any, module)._norms = rules
    return module


def _end(module: Module, name: str, kind: type[_Rule]) -> Module:
    rule = next((r for r in _rules(module) if r.name == name and isinstance(r, kind)), None)
    if rule is None:
        got = f"remove_{kind.call}: got {name!r} of {type(module).__name__}"
        raise ValueRangeError(complain(got, f"expected one that {kind.call} was called on", "Try print(module)"))
    with no_grad():
        weight = rule.value(module).clone()
    rules = [r for r in _rules(module) if r is not rule]
    module.__class__ = _class_with(_plain_class(module), rules) if rules else _plain_class(module)
    cast(Any, module)._norms = rules
    for part in rule.parts:
        delattr(module, name + part)
    module.register_parameter(name, Parameter(weight))
    return module


def _class_with(cls: Any, rules: list[_Rule]) -> type:
    """A class that prints and works like cls, but computes some weights: properties belong to classes."""

    def forward(self: Module, *args: Any, **kwargs: Any) -> Any:
        for rule in rules:
            rule.before_forward(self)
        return cls.forward(self, *args, **kwargs)

    made = {rule.name: property(rule.value, _refuse_value) for rule in rules}
    return type(cls.__name__, (cls,), {"forward": forward, "_plain": cls, "__reduce_ex__": _reduce, **made})


def _reduce(module: Module, protocol: Any) -> Any:
    """How copy and pickle take it apart: the class is made again from the rules."""
    return _blank, (_plain_class(module), _rules(module)), vars(module)


def _blank(cls: type, rules: list[_Rule]) -> Any:
    return object.__new__(_class_with(cls, rules))


def _rules(module: Module) -> list[_Rule]:
    return vars(module).get("_norms", [])


def _plain_class(module: Module) -> Any:
    return vars(type(module)).get("_plain", type(module))


def _refuse_value(module: Module, value: Any) -> None:
    got = f"{type(module).__name__}: got a value for a weight that is computed"
    raise NotSupportedError(complain(got, "expected none", "Try nn.utils.remove_weight_norm(module) first"))


def _parameter(module: Module, name: str, call: str) -> Any:
    found = module._parameters.get(name)
    if found is None:
        known = list(module._parameters)
        hint = f"Try {known[0]!r}" if known else "Try print(module)"
        raise ValueRangeError(complain(f"{call}: got {name!r}", f"expected one of the parameters {known}", hint))
    return found
