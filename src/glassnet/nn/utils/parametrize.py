"""Parameters that are computed: `layer.weight` becomes a function of a tensor that is learnt in its place.

`register_parametrization(layer, "weight", f)` moves the weight to `layer.parametrizations.weight.original`, and from
then on `layer.weight` is f of it, computed each time that it is read. What is computed is made of the usual
operations, so gradients flow through it to the original, and a compiled step replays it.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any, cast

from glassnet.core.mode import mode, no_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, NotSupportedError, ShapeError, ValueRangeError, complain
from glassnet.nn.checks import shape_of
from glassnet.nn.containers import ModuleDict, ModuleList
from glassnet.nn.module import Module
from glassnet.nn.parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]


class _Cache(threading.local):
    """What was computed inside `cached()`, by module and name; and by recording, for a replay computes anew."""

    def __init__(self) -> None:
        self.depth = 0
        self.found: dict[tuple[int, str, int], Tensor] = {}


_cache = _Cache()


@contextmanager
def cached() -> Generator[None]:
    """Compute each parametrised tensor once inside the block, however often it is read; for weights that are shared.

    >>> from glassnet import nn
    >>> layer = register_parametrization(nn.Linear(2, 2), "weight", nn.Tanh())
    >>> with cached():
    ...     layer.weight is layer.weight
    True
    >>> layer.weight is layer.weight
    False
    """
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.found = {}


class ParametrizationList(ModuleList):
    """The functions through which a tensor goes, in order, with the tensor (or tensors) that they begin with.

    `original` holds that tensor; `original0`, `original1`, ... do where the right_inverse of the first function
    returns several.
    """

    def __init__(self, modules: Iterable[Module], original: Tensor, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = shape_of(original), original.dtype
        start = self._start(original)
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if isinstance(start, Tensor) else len(start)
        if isinstance(start, Tensor):
            _refuse_dtype("right_inverse", start, dtype)
            original.data = start.data  # the same parameter, which an optimiser may hold already
            _own(self, "original", original)
        else:
            for i, t in enumerate(start):
                is_learnt = isinstance(original, Parameter)
                _own(self, f"original{i}", Parameter(t, original.requires_grad) if is_learnt else t)
        if not unsafe:
            _need_alike("parametrization", self(), shape, dtype)

    def _start(self, original: Tensor) -> Any:
        """What the functions must be given so that they give the original, as far as they know."""
        value: Any = original
        with no_grad():
            for module in reversed(self._functions()):
                try:
                    value = module.right_inverse(value) if hasattr(module, "right_inverse") else value
                except NotImplementedError:
                    continue
        if not isinstance(value, Tensor) and not _are_tensors(value):
            got = f"register_parametrization: got {type(value).__name__} from right_inverse"
            raise TypeError(complain(got, "expected a tensor or several", "Try return tensor"))
        return value

    def _functions(self) -> list[Any]:
        return list(self)

    def originals(self) -> list[Tensor]:
        """The tensors that the functions begin with."""
        names = ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]
        return [getattr(self, name) for name in names]

    def right_inverse(self, value: Tensor) -> None:
        """Change the originals so that the functions give this value.

        Raises NotSupportedError for a function without right_inverse, ValueRangeError for another count of tensors.
        """
        with no_grad():
            for module in reversed(self._functions()):
                _need_right_inverse(module)
                value = module.right_inverse(value)
            values: list[Tensor] = [value] if isinstance(value, Tensor) else list(value)
            if len(values) != self.ntensors:
                got = f"right_inverse: got {len(values)} tensors"
                raise ValueRangeError(complain(got, f"expected {self.ntensors}", "Try as many as at registration"))
            for t, new in zip(self.originals(), values, strict=True):
                _refuse_dtype("right_inverse", new, t.dtype)
                _refill(t, new)

    def forward(self) -> Tensor:
        """The tensor, computed from the originals."""
        first, *others = self._functions()
        x = first(*self.originals())
        for function in others:
            x = function(x)
        return x


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let a parameter or buffer of a module be computed by `parametrization` from a tensor that is learnt.

    The tensor moves to `module.parametrizations.<tensor_name>.original`. If the parametrization has a method
    `right_inverse`, it says where to start so that the value stays what it was, and `module.<tensor_name> = value`
    works; it may return several tensors, which forward then takes. Registered again, the functions are applied one
    after the other. Unless `unsafe`, shape and dtype must stay: ShapeError, DTypeError. Returns the module.

    >>> import glassnet as torch
    >>> from glassnet import nn
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = register_parametrization(nn.Linear(2, 2), "weight", Symmetric())
    >>> torch.equal(layer.weight, layer.weight.T)
    True
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'parametrizations.weight.original']

    M. Lezcano-Casado, Trivializations for gradient-based optimization on manifolds, 2019.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        functions = _lists(module)[tensor_name]
        _check_next(module, tensor_name, parametrization, unsafe)
        functions.append(parametrization)
        functions.unsafe |= unsafe
        return module
    original = module._parameters.get(tensor_name, module._buffers.get(tensor_name))
    if original is None:
        raise _wrong_name("register_parametrization", tensor_name, [*module._parameters, *module._buffers])
    functions = ParametrizationList([parametrization], original, unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        module.__class__ = _with_computed(type(module), ())
        module.parametrizations = ModuleDict()
    _compute(type(module), tensor_name)
    _lists(module)[tensor_name] = functions
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether that tensor of the module is computed; without a name, whether any is.

    >>> from glassnet import nn
    >>> is_parametrized(nn.Linear(2, 2))
    False
    """
    lists = vars(module).get("parametrizations")
    if not isinstance(lists, ModuleDict):
        return False
    return bool(len(lists)) if tensor_name is None else tensor_name in lists


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make the tensor a plain one again: with its computed value, or (leave_parametrized=False) its original one.

    Raises ValueRangeError for a tensor that is not parametrised, and for leave_parametrized=False where there are
    several originals. Returns the module.

    >>> from glassnet import nn
    >>> layer = register_parametrization(nn.Linear(2, 2), "weight", nn.Tanh())
    >>> remove_parametrizations(layer, "weight")
    Linear(in_features=2, out_features=2, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        known = list(_lists(module)) if is_parametrized(module) else []
        raise _wrong_name("remove_parametrizations", tensor_name, known)
    plain = _made_plain(module, tensor_name, leave_parametrized)
    delattr(type(module), tensor_name)
    del _lists(module)[tensor_name]
    _own(module, tensor_name, plain)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type_before_parametrizations(module)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that the module had before its tensors were parametrised."""
    return type(module).__bases__[0] if "_is_parametrized" in vars(type(module)) else type(module)


# ---- a class of its own for every parametrised module ----------------------------------------------------------------


def _with_computed(cls: type, names: Iterable[str]) -> type:
    """A class like cls, some of whose attributes are computed: properties belong to classes, not to objects."""
    made = type(f"Parametrized{cls.__name__}", (cls,), {"_is_parametrized": True, "__reduce_ex__": _reduce})
    for name in names:
        _compute(made, name)
    return made


def _reduce(module: Module, protocol: Any) -> Any:
    """How copy and pickle take it apart: the class cannot be found by its name, so it is made again."""
    return _blank, (type_before_parametrizations(module), tuple(_lists(module))), vars(module)


def _blank(cls: type, names: tuple[str, ...]) -> Any:
    return object.__new__(_with_computed(cls, names))


def _compute(cls: type, name: str) -> None:
    """Make an attribute of a class one that is computed."""

    def read(module: Module) -> Tensor:
        function = _lists(module)[name]
        if not _cache.depth:
            return function()
        key = (id(module), name, id(mode.trace))
        if key not in _cache.found:
            _cache.found[key] = function()
        return _cache.found[key]

    def write(module: Module, value: Tensor) -> None:
        _lists(module)[name].right_inverse(value)

    setattr(cls, name, property(read, write))


def _lists(module: Module) -> Any:
    return cast(Any, module).parametrizations


# ---- moving tensors --------------------------------------------------------------------------------------------------


def _own(module: Module, name: str, t: Tensor) -> None:
    """Give the module a parameter or, if it is none, a buffer."""
    if isinstance(t, Parameter):
        module.register_parameter(name, t)
    else:
        module.register_buffer(name, t)


def _refill(t: Tensor, value: Tensor) -> None:
    if t.array.shape == value.array.shape:
        t.copy_(value)
    else:
        t.data = value.detach()


def _made_plain(module: Module, name: str, leave_parametrized: bool) -> Tensor:
    functions: ParametrizationList = _lists(module)[name]
    original = functions.originals()[0]
    if not leave_parametrized:
        if not functions.is_tensor:
            got = f"remove_parametrizations: got leave_parametrized=False for {functions.ntensors} originals"
            raise ValueRangeError(complain(got, "expected a single one", "Try leave_parametrized=True"))
        return original
    with no_grad():
        value = functions().clone()
    if not functions.is_tensor:
        return Parameter(value, original.requires_grad) if isinstance(original, Parameter) else value
    original.data = value
    return original


# ---- what may be registered ------------------------------------------------------------------------------------------


def _check_next(module: Module, name: str, parametrization: Module, unsafe: bool) -> None:
    """A further function must keep shape and dtype, both ways."""
    if unsafe:
        return
    now = getattr(module, name)
    _need_alike("parametrization", parametrization(now), shape_of(now), now.dtype)
    if hasattr(parametrization, "right_inverse"):
        back = cast(Any, parametrization).right_inverse(now)
        _need_alike("right_inverse", back, shape_of(now), now.dtype)


def _need_alike(what: str, y: Any, shape: tuple[int, ...], dtype: Any) -> None:
    if not isinstance(y, Tensor):
        got = f"register_parametrization: got {type(y).__name__} from {what}"
        raise TypeError(complain(got, "expected a tensor", "Try return tensor"))
    _refuse_dtype(what, y, dtype)
    if shape_of(y) != shape:
        got = f"register_parametrization: got shape {shape_of(y)} from {what}"
        raise ShapeError(complain(got, f"expected {shape}, as before", "Try unsafe=True, if it is meant so"))


def _refuse_dtype(what: str, y: Tensor, dtype: Any) -> None:
    if y.dtype != dtype:
        got = f"register_parametrization: got {y.dtype} from {what}"
        raise DTypeError(complain(got, f"expected {dtype}, as before", f"Try .to({dtype})"))


def _are_tensors(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(v, Tensor) for v in cast(list[Any], values))


def _need_right_inverse(module: Module) -> None:
    if not hasattr(module, "right_inverse"):
        got = f"{type(module).__name__}: got a value for a computed tensor"
        hint = f"Try def right_inverse(self, value) in {type(module).__name__}"
        raise NotSupportedError(complain(got, "expected a parametrization with right_inverse", hint))


def _wrong_name(call: str, name: str, known: list[str]) -> ValueRangeError:
    expected = f"expected one of {known}" if known else "expected none, for the module has none"
    hint = f"Try {known[0]!r}" if known else "Try print(module)"
    return ValueRangeError(complain(f"{call}: got {name!r}", expected, hint))
