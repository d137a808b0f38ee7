"""Module: what all layers and models are.

A module is its `vars()`: parameters are the attributes that are Parameters, children the attributes that are Modules,
buffers the attributes that `register_buffer` has named. Nothing is kept in a second place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

from glassnet.core import factories
from glassnet.core.dtypes import DType, float16, float32, float64, numpy_dtype
from glassnet.core.mode import World, mode
from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, GlassnetError, NotSupportedError, ValueRangeError, complain
from glassnet.nn import state
from glassnet.nn.blame import name_the_layer
from glassnet.nn.hooks import Hookable, call_with_hooks
from glassnet.nn.parameter import Parameter

_ABSENT = object()


class Module(Hookable):
    """The base of all layers and models: write `__init__` and `forward`, and call it like a function.

    >>> import glassnet as torch
    >>> from glassnet import nn
    >>> class Twice(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.layer = nn.Linear(2, 2)
    ...
    ...     def forward(self, x):
    ...         return self.layer(self.layer(x))
    >>> model = Twice()
    >>> model
    Twice(
      (layer): Linear(in_features=2, out_features=2, bias=True)
    )
    >>> [name for name, _ in model.named_parameters()]
    ['layer.weight', 'layer.bias']
    >>> model(torch.zeros(5, 2)).shape
    torch.Size([5, 2])
    """

    training: bool = True
    _persistent: dict[str, bool]  # the names of the buffers, and whether state_dict holds them

    def __init__(self) -> None:
        self._persistent = {}
        self.training = True

    # ---- running ----------------------------------------------------------------------------------------------

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass writes its own."""
        got = f"{type(self).__name__}: got a call, but the class has no forward method"
        raise NotImplementedError(complain(got, "expected one", "Try def forward(self, x): return x"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if mode.trace is not None:
            mode.trace.modules.append(self)
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return call_with_hooks(self, self._hooks, args, kwargs)
        except GlassnetError as problem:
            name_the_layer(problem, self)
            raise

    # ---- attributes -------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = vars(self)
        before = attributes.get(name, _ABSENT)
        if before is value:
            return
        self._check_attribute(name, before, value)
        if mode.trace is not None and _cannot_be_replayed(before, value):
            mode.trace.stop(f"the attribute {name} of {type(self).__name__} is set while the step runs")
        if isinstance(value, Parameter | Module):
            self._persistent.pop(name, None)
            if not isinstance(before, Parameter if isinstance(value, Parameter) else Module):
                attributes.pop(name, None)  # a newcomer comes last
        object.__setattr__(self, name, value)
        World.changed()

    def _check_attribute(self, name: str, before: Any, value: Any) -> None:
        """A parameter, buffer or child may not be hidden by something else by mistake."""
        if isinstance(value, Parameter | Module):
            if "_persistent" not in vars(self):
                got = f"{type(self).__name__}: got the attribute {name} before super().__init__() was called"
                hint = "Try super().__init__() as the first line of __init__"
                raise AttributeError(complain(got, "expected that call first", hint))
            return
        kind = _what_is(self, name, before)
        if kind is None or value is None or (kind == "buffer" and isinstance(value, Tensor)):
            return
        got = f"{type(self).__name__}: got {type(value).__name__} for the {kind} {name}"
        expected = "expected a " + {"buffer": "tensor", "parameter": "Parameter", "child": "Module"}[kind] + " or None"
        hint = f"Try del module.{name} first"
        if kind == "parameter" and isinstance(value, Tensor):
            hint = f"Try module.{name} = nn.Parameter(tensor), or module.{name}.data = tensor"
        raise TypeError(complain(got, expected, hint))

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._persistent.pop(name, None)
        World.changed()

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Give the module a parameter by name; None reserves the name."""
        self._check_new_name(name, Parameter)
        if param is not None and not isinstance(param, Parameter):
            got = f"register_parameter: got {type(param).__name__} for {name}"
            raise TypeError(complain(got, "expected a Parameter or None", "Try nn.Parameter(tensor)"))
        setattr(self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Give the module a tensor that moves and is saved with it (if persistent) but is not learnt.

        >>> import glassnet as torch
        >>> module = Module()
        >>> module.register_buffer("count", torch.zeros(1))
        >>> list(module.state_dict())
        ['count']
        """
        if tensor is not None and not isinstance(tensor, Tensor):
            got = f"register_buffer: got {type(tensor).__name__} for {name}"
            raise TypeError(complain(got, "expected a tensor or None", "Try torch.tensor(value)"))
        if name not in self._persistent:
            self._check_new_name(name, type(None))
        self._persistent[name] = persistent
        setattr(self, name, tensor)

    def add_module(self, name: str, module: Module | None) -> None:
        """Give the module a child by name."""
        if module is not None:
            refuse_non_module(name, module)
        self._check_new_name(name, Module)
        setattr(self, name, module)

    register_module = add_module

    def _check_new_name(self, name: str, kind: type) -> None:
        if not isinstance(name, str):
            raise TypeError(complain(f"got {name!r} as a name", "expected a string", f"Try {str(name)!r}"))
        if not name or "." in name:
            got = f"{type(self).__name__}: got {name!r} as a name"
            hint = f"Try {name.replace('.', '_') or 'layer'!r}"
            raise ValueRangeError(complain(got, "expected one or more letters and no dot", hint))
        if hasattr(self, name) and not isinstance(getattr(self, name), (kind, type(None))):
            got = f"{type(self).__name__}: got {name!r} as a name"
            raise ValueRangeError(complain(got, "expected one that is not taken yet", f"Try {name + '_'!r}"))

    # ---- parts ------------------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """The module itself and all modules inside it, with dotted names; a shared one once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in own_children(self).items():
            yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """The module itself and all modules inside it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names; a shared one once."""
        seen: set[Module] = set()
        for name, child in own_children(self).items():
            if child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The modules directly inside."""
        return (child for _, child in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with dotted names; a shared one once."""
        return self._named(own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with dotted names; a shared one once."""
        return self._named(own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def _named(
        self, members: Callable[[Module], dict[str, Any]], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in members(module).items():
                if id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, value

    def get_submodule(self, target: str) -> Module:
        """The module with that dotted name; "" is the module itself."""
        found: Any = self
        for name in target.split(".") if target else ():
            found = own_children(found).get(name)
            if found is None:
                raise AttributeError(self._no_such("module", target, dict(self.named_modules())))
        return found

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with that dotted name."""
        return self._get(own_parameters, "parameter", target)

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with that dotted name."""
        return self._get(own_buffers, "buffer", target)

    def _get(self, members: Callable[[Module], dict[str, Any]], kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = dict(self.named_modules(remove_duplicate=False)).get(path)
        found = members(module).get(name) if module is not None else None
        if found is None:
            raise AttributeError(self._no_such(kind, target, dict(self._named(members, "", True, False))))
        return found

    def _no_such(self, kind: str, target: str, known: dict[str, Any]) -> str:
        names = [name for name in known if name]
        got = f"{type(self).__name__}: got {target!r} as the name of a {kind}"
        expected = f"expected one of {names}" if names else f"expected none, for the module has no {kind}s"
        return complain(got, expected, f"Try {names[0]!r}" if names else "Try print(module)")

    @property
    def _parameters(self) -> dict[str, Parameter]:
        return own_parameters(self)

    @property
    def _buffers(self) -> dict[str, Tensor]:
        return own_buffers(self)

    @property
    def _modules(self) -> dict[str, Module]:
        return own_children(self)

    # ---- the whole tree at once -------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch the module and all inside it to training (dropout drops, batch norm averages the batch), or back."""
        if not isinstance(mode, bool):
            got = f"train: got {mode!r}"
            raise ValueRangeError(complain(got, "expected True or False", f"Try train({bool(mode)})"))
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch the module and all inside it to evaluation: the same as train(False)."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for the gradients of all parameters, or freeze them."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or (set_to_none=False) set them to 0."""
        for p in self.parameters():
            if set_to_none or p.grad is None:
                p.grad = None
            else:
                p.grad = p.grad.detach()
                p.grad.zero_()

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call fn on every module inside, and last on this one; for initialising weights."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Change the dtype of all floating point parameters and buffers; the only device is the CPU.

        >>> import glassnet as torch
        >>> from glassnet import nn
        >>> nn.Linear(1, 1).to(torch.float64).weight.dtype
        torch.float64
        """
        dtype = kwargs.pop("dtype", None)
        factories.check_device(kwargs.pop("device", None))
        for a in args:
            if isinstance(a, Tensor | DType):
                dtype = a.dtype if isinstance(a, Tensor) else a
            elif not isinstance(a, bool):
                factories.check_device(a)
        return self if dtype is None else self.type(dtype)

    def type(self, dst_type: Any) -> Self:
        """Change the dtype of all floating point parameters and buffers."""
        kind = numpy_dtype(dst_type)
        if kind.kind != "f":
            got = f"{type(self).__name__}: got {dst_type} as dtype"
            raise DTypeError(complain(got, "expected floating point, since layers learn", "Try torch.float64"))
        for t in (*self.parameters(), *self.buffers()):
            if t.array.dtype.kind == "f" and t.array.dtype != kind:
                t.data = t.data.to(kind)
                t.grad = None if t.grad is None else t.grad.to(kind)
        return self

    def float(self) -> Self:
        """All floating point parameters and buffers as float32."""
        return self.type(float32)

    def double(self) -> Self:
        """All floating point parameters and buffers as float64."""
        return self.type(float64)

    def half(self) -> Self:
        """All floating point parameters and buffers as float16."""
        return self.type(float16)

    def cpu(self) -> Self:
        """The module itself: it is on the CPU."""
        return self

    def cuda(self, device: Any = None) -> Self:
        """Not here: glassnet computes on the CPU."""
        got = f"{type(self).__name__}: got a request for a GPU"
        raise NotSupportedError(complain(got, "expected the CPU, the only device", "Try leaving .cuda() out"))

    # ---- saving and loading -----------------------------------------------------------------------------------

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
        """All parameters and persistent buffers by dotted name, on the memory of the module itself."""
        return state.collect(self, destination, prefix, keep_vars)

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> state.IncompatibleKeys:
        """Copy parameters and buffers from a dictionary like the one that `state_dict` returns.

        With `strict`, names that are missing or unexpected are an error; sizes that differ always are. After an
        error nothing has changed. With `assign`, the tensors' memory itself is taken over, dtype and all.

        >>> from glassnet import nn
        >>> nn.Linear(2, 1).load_state_dict(nn.Linear(2, 1).state_dict())
        <All keys matched successfully>
        """
        return state.load(self, state_dict, strict, assign)

    # ---- printing ---------------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What print() shows between the brackets after the name; layers show their settings."""
        return ""

    def _repr_html_(self) -> str:
        """What a notebook shows: a table of the layers."""
        from glassnet.nn.html import table_of

        return table_of(self)

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = [f"({name}): {indented(repr(child))}" for name, child in own_children(self).items()]
        if not lines and "\n" not in extra:
            return f"{self._get_name()}({extra})"
        return in_brackets(self._get_name(), [*extra.splitlines(), *lines])


def own_parameters(module: Module) -> dict[str, Parameter]:
    """The parameters that are attributes of the module itself."""
    return {name: v for name, v in vars(module).items() if isinstance(v, Parameter)}


def own_buffers(module: Module) -> dict[str, Tensor]:
    """The buffers that are attributes of the module itself."""
    attributes = vars(module)
    return {name: attributes[name] for name in module._persistent if isinstance(attributes.get(name), Tensor)}


def own_children(module: Module) -> dict[str, Module]:
    """The modules that are attributes of the module itself."""
    return {name: v for name, v in vars(module).items() if isinstance(v, Module)}


def indented(text: str) -> str:
    """Text whose lines after the first are moved right by two."""
    return text.replace("\n", "\n  ")


def in_brackets(name: str, lines: list[str]) -> str:
    """name( lines ), one line each."""
    return "\n  ".join([f"{name}(", *lines]) + "\n)"


def _what_is(module: Module, name: str, value: Any) -> str | None:
    if isinstance(value, Parameter):
        return "parameter"
    if isinstance(value, Module):
        return "child"
    return "buffer" if name in vars(module).get("_persistent", {}) else None


def _cannot_be_replayed(before: Any, value: Any) -> bool:
    """A first value set by the constructor of a module that the step makes anew is harmless; a changing one is not."""
    return before is not _ABSENT or (isinstance(value, Tensor) and value.op is not None)


def refuse_non_module(name: str, value: Any) -> None:
    """Refuse what is not a layer, such as a class whose brackets were forgotten."""
    if isinstance(value, Module):
        return
    if isinstance(value, type):
        got, hint = f"got the class {value.__name__} as the layer {name}", f"Try {value.__name__}() with brackets"
    else:
        got, hint = f"got {type(value).__name__} as the layer {name}", "Try a layer such as nn.ReLU()"
        if isinstance(value, list | tuple):
            hint = "Try nn.Sequential(*layers), with a star before the list"
    raise TypeError(complain(got, "expected a Module", hint))
