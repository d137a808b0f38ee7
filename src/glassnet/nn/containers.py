"""Modules that hold other modules, or parameters, in a row or by name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self, overload

from glassnet.core.dtypes import float16, float32, float64
from glassnet.core.tensor import Tensor
from glassnet.errors import ValueRangeError, complain
from glassnet.nn.module import Module, in_brackets, indented, own_children, refuse_non_module
from glassnet.nn.parameter import Parameter


class _Row(Module):
    """Modules in a row: what Sequential and ModuleList share. Their names are their places, 0, 1, 2, ..."""

    def _row(self) -> list[Module]:
        return list(own_children(self).values())

    def _renumber(self, modules: Sequence[Module]) -> None:
        for name in own_children(self):
            delattr(self, name)
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def _place(self, index: int) -> str:
        """The name of the module at a place, counted from either end."""
        names = list(own_children(self))
        if not -len(names) <= index < len(names):
            got = f"{type(self).__name__}: got index {index} for {len(names)} modules"
            hint = f"Try {len(names) - 1}" if names else "Try append first"
            raise ValueRangeError(complain(got, f"expected {-len(names)} to {len(names) - 1}", hint))
        return names[index]

    def __len__(self) -> int:
        return len(own_children(self))

    def __iter__(self) -> Iterator[Module]:
        return iter(self._row())

    def __setitem__(self, index: int, module: Module) -> None:
        refuse_non_module(str(index), module)
        setattr(self, self._place(index), module)

    def __delitem__(self, index: int | slice) -> None:
        rest = self._row()
        if isinstance(index, int):
            self._place(index)
        del rest[index]
        self._renumber(rest)

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the place index."""
        refuse_non_module(str(index), module)
        if not -len(self) <= index <= len(self):
            got = f"{type(self).__name__}: got index {index} for {len(self)} modules"
            raise ValueRangeError(complain(got, f"expected {-len(self)} to {len(self)}", f"Try {len(self)}"))
        row = self._row()
        row.insert(index, module)
        self._renumber(row)

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end."""
        if not isinstance(modules, Iterable) or isinstance(modules, Mapping):
            got = f"{type(self).__name__}: got {type(modules).__name__} to extend by"
            raise TypeError(complain(got, "expected modules in a row", "Try a list"))
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: int | slice = -1) -> Any:
        """Take the module at a place out and return it."""
        module = self[key]  # type: ignore[index]
        del self[key]
        return module


class Sequential(_Row):
    """Modules in a row, each fed with what the one before gave: Sequential(a, b)(x) = b(a(x)).

    Takes modules, or one OrderedDict of names and modules.

    >>> import glassnet as torch
    >>> from glassnet import nn
    >>> model = Sequential(nn.Linear(784, 10), nn.ReLU())
    >>> model
    Sequential(
      (0): Linear(in_features=784, out_features=10, bias=True)
      (1): ReLU()
    )
    >>> model(torch.zeros(5, 784)).shape
    torch.Size([5, 10])
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        single = len(args) == 1 and isinstance(args[0], Mapping)
        for name, module in args[0].items() if single else enumerate(args):
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """The last module's answer, each being given that of the one before."""
        for module in own_children(self).values():
            input = module(input)
        return input

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(dict(list(own_children(self).items())[index]))
        return own_children(self)[self._place(index)]

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            got = f"Sequential: got {type(other).__name__} to add"
            raise TypeError(complain(got, "expected a Sequential", "Try model.append(layer)"))
        return Sequential(*self, *other)

    def __iadd__(self, other: Sequential) -> Self:
        return self.extend(other)

    def __mul__(self, times: int) -> Sequential:
        if not isinstance(times, int) or times < 1:
            got = f"Sequential: got {times!r} repeats"
            raise ValueRangeError(complain(got, "expected a whole number of 1 or more", "Try 2"))
        return Sequential(*(list(self) * times))

    __rmul__ = __mul__


class ModuleList(_Row):
    """A list of modules whose parameters belong to the module that holds it (those in a plain list would not).

    >>> from glassnet import nn
    >>> layers = ModuleList([nn.Linear(2, 2) for _ in range(3)])
    >>> layers
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules if modules is not None else ())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(self._row()[index])
        return own_children(self)[self._place(index)]

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __repr__(self) -> str:
        if not len(self):
            return f"{self._get_name()}()"
        return in_brackets(self._get_name(), _with_repeats([repr(module) for module in self]))


def _with_repeats(texts: list[str]) -> list[str]:
    """One line for each run of equal texts: `(0-2): 3 x Linear(...)`."""
    lines: list[str] = []
    first = 0
    for i, text in enumerate(texts):
        if i + 1 < len(texts) and texts[i + 1] == text:
            continue
        several = f"({first}-{i}): {i - first + 1} x " if i > first else f"({i}): "
        lines.append(indented(several + text))
        first = i + 1
    return lines


class ModuleDict(Module):
    """Modules by name, as in a dictionary.

    >>> from glassnet import nn
    >>> ModuleDict({"in": nn.Linear(1, 2)})["in"]
    Linear(in_features=1, out_features=2, bias=True)
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        self.update({} if modules is None else modules)

    def __getitem__(self, key: str) -> Module:
        return own_children(self)[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        own_children(self)[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(own_children(self))

    def __iter__(self) -> Iterator[str]:
        return iter(own_children(self))

    def __contains__(self, key: str) -> bool:
        return key in own_children(self)

    def keys(self) -> Iterable[str]:
        """The names."""
        return own_children(self).keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return own_children(self).values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Names and modules."""
        return own_children(self).items()

    def pop(self, key: str) -> Module:
        """Take the module of that name out and return it."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Take all modules out."""
        for key in list(self):
            del self[key]

    def update(self, modules: Any) -> None:
        """Take over the modules of a dictionary, or of pairs of names and modules."""
        for name, module in modules.items() if hasattr(modules, "items") else modules:
            self[name] = module


def _as_parameter(value: Any) -> Any:
    """Tensors become parameters; whatever else is kept as it is."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _described(name: str, value: Any, kind: str) -> str:
    if not isinstance(value, Tensor):
        return f"  ({name}): Object of type: {type(value).__name__}"
    size = "x".join(map(str, value.shape))
    what = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"  ({name}): {what} containing: [{kind} of size {size}]"


class ParameterList(Module):
    """A list of parameters; tensors put in become parameters.

    >>> import glassnet as torch
    >>> ParameterList([torch.ones(2), torch.ones(3, 1)])
    ParameterList(
        (0): Parameter containing: [torch.float32 of size 2]
        (1): Parameter containing: [torch.float32 of size 3x1]
    )
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        self.extend(values if values is not None else ())

    def __len__(self) -> int:
        return self._size

    def _name(self, index: int) -> str:
        if not -len(self) <= index < len(self):
            got = f"ParameterList: got index {index} for {len(self)} values"
            raise ValueRangeError(complain(got, f"expected {-len(self)} to {len(self) - 1}", "Try append first"))
        return str(index % len(self))

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, str(i)) for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name(index), _as_parameter(value))

    def append(self, value: Any) -> Self:
        """Add a value at the end."""
        self._size += 1
        setattr(self, str(self._size - 1), _as_parameter(value))
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add values at the end."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            got = f"ParameterList: got {type(values).__name__} to extend by"
            raise TypeError(complain(got, "expected values in a row", "Try a list"))
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend

    def extra_repr(self) -> str:
        return "\n".join(_described(str(i), v, str(getattr(v, "dtype", ""))) for i, v in enumerate(self))


# PyTorch prints the dtype here by the names of its old tensor classes
_OLD_NAMES: dict[Any, str] = {float32: "torch.FloatTensor", float64: "torch.DoubleTensor", float16: "torch.HalfTensor"}


class ParameterDict(Module):
    """Parameters by name, as in a dictionary; tensors put in become parameters.

    >>> import glassnet as torch
    >>> ParameterDict({"a": torch.ones(2)})["a"]
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        self.update({} if parameters is None else parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self._keys:
            self._check_new_name(key, type(None))
        self._keys[key] = None
        setattr(self, key, _as_parameter(value))

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return [self[key] for key in self]

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and parameters."""
        return [(key, self[key]) for key in self]

    def pop(self, key: str) -> Any:
        """Take the parameter of that name out and return it."""
        value = self[key]
        del self[key]
        return value

    def clear(self) -> None:
        """Take all parameters out."""
        for key in list(self):
            del self[key]

    def get(self, key: str, default: Any = None) -> Any:
        """The parameter of that name, or default."""
        return getattr(self, key) if key in self._keys else default

    def copy(self) -> ParameterDict:
        """Another ParameterDict with the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def __or__(self, other: ParameterDict) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other: ParameterDict) -> ParameterDict:
        self.update(other)
        return self

    def update(self, parameters: Any) -> None:
        """Take over the values of a dictionary (a plain one in the order of its names), or of pairs."""
        pairs = list(parameters.items() if hasattr(parameters, "items") else parameters)
        if isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict):
            pairs.sort()
        for name, value in pairs:
            self[name] = value

    def extra_repr(self) -> str:
        kinds = {key: _OLD_NAMES.get(getattr(value, "dtype", None), "tensor") for key, value in self.items()}
        return "\n".join(_described(key, value, kinds[key]) for key, value in self.items())
