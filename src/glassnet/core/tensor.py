"""Tensor: a value, and the story of how it was made.

`apply` is the only place where a value comes into being: it runs one row of the table of primitives and, when
somebody needs the story (a gradient, a recording), writes down which row made it from what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from glassnet.core import dtypes, naming, shapes
from glassnet.core.dtypes import DType, Size
from glassnet.core.kinds import ARRAYS, LISTS, NUMPY
from glassnet.core.mode import World, mode, serial
from glassnet.core.printing import format_tensor
from glassnet.errors import DTypeError, GlassnetError, GradientError, ShapeError

if TYPE_CHECKING:
    from glassnet.core.naming import Label
    from glassnet.core.ops import Op

_NO_ATTRS: dict[str, Any] = {}


class Tensor:
    """An array of numbers that remembers how it was made.

    `array` is the NumPy array itself; `op`, `inputs` and `attrs` name the row of the table that made it.

    >>> import glassnet as torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> y = x**2 + 3 * x
    >>> y.backward()
    >>> x.grad
    tensor([7.])
    """

    __array_priority__ = 1000
    __slots__ = (
        "__dict__",  # names of the user's own, such as parameter.decays = False
        "__weakref__",
        "array",
        "attrs",
        "base",
        "grad",
        "hooks",
        "inputs",
        "keeps_grad",
        "label",
        "name",
        "needs_grad",
        "op",
        "past",
        "serial",
        "spent",
        "written",
    )

    array: np.ndarray
    grad: Tensor | None
    needs_grad: bool
    op: Op | None
    inputs: tuple[Tensor, ...]
    attrs: dict[str, Any]
    serial: int
    written: list[int]  # when the memory was last changed in place; shared with every view of it
    hooks: dict[int, Callable[[Tensor], Tensor | None]] | None
    name: str | None
    label: Label | None  # what it prints as, where several rows make up one operation of PyTorch's
    spent: bool  # whether backward has been through it and was not asked to keep the graph
    keeps_grad: bool
    past: Tensor | None  # what it was before it was last changed in place while gradients were followed
    base: Tensor | None  # the tensor that it is a window on, as far as gradients were followed when it was made

    def __init__(self, *data: Any) -> None:
        """PyTorch's old constructor: `Tensor([1, 2])` holds those numbers, `Tensor(2, 3)` is an array of that shape."""
        if len(data) == 1 and not isinstance(data[0], int):
            array = np.array(data[0].array if isinstance(data[0], Tensor) else data[0], dtypes.default_float())
        else:
            array = np.zeros(data, dtypes.default_float())
        _fill(self, array)

    # ---- what it is -------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The lengths of its axes."""
        return Size(self.array.shape)

    @property
    def dtype(self) -> DType:
        """The kind of its numbers."""
        return dtypes.dtype_of(self.array.dtype)

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return self.array.ndim

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to it."""
        renew(self)
        return self.needs_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for gradients of this leaf, or refuse them."""
        if requires_grad and self.array.dtype.kind != "f":
            raise DTypeError(
                f"got requires_grad=True for a tensor of {self.dtype}; expected floating point numbers, since integers "
                "have no derivative. Try tensor.float().requires_grad_()."
            )
        if not requires_grad and self.op is not None and self.needs_grad:
            raise GradientError(
                "got requires_grad=False for a tensor that was computed; expected a leaf (a tensor made by the user). "
                "Try tensor.detach()."
            )
        if requires_grad and self.op is not None and not self.needs_grad:  # only a recording remembers how it was made
            if mode.trace is not None:
                mode.trace.stop("a result is made a leaf by requires_grad_() while the step runs")
            self.op, self.inputs = None, ()
        self.needs_grad = requires_grad
        World.changed()
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user rather than computed from something that requires gradients."""
        return self.op is None or not self.needs_grad

    @property
    def grad_fn(self) -> Any:
        """The operation that made it, if gradients flow through it: `name()`, and `next_functions` before it."""
        renew(self)
        return naming.maker(self) if self.needs_grad and self.op is not None else None

    # ---- the array inside -------------------------------------------------------------------------------------

    @property
    def data(self) -> Tensor:
        """The same memory without the story."""
        return wrap(self.array) if mode.trace is None else self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        if value.array is self.array:
            return
        if mode.trace is not None:
            mode.trace.stop("the memory of a tensor is exchanged (.data = …) while the step runs")
        self.array, self.base = value.array, None
        self.written[0] = next(serial)
        World.changed()

    def detach(self) -> Tensor:
        """The same memory, cut off from the story: no gradient flows back through it."""
        return _ops().detach(self)

    def read(self, what: str) -> np.ndarray:
        """The array, for Python's own eyes; a recorded step could not repeat what Python does with it."""
        if mode.trace is not None:
            mode.trace.stop(f"{what} reads a value while the step runs")
        return self.array

    def item(self) -> Any:
        """The one number inside, as a Python number."""
        array = self.read(".item()")
        if array.size != 1:
            raise ShapeError(
                f"got a tensor of shape {array.shape} with {array.size} numbers; expected exactly one for .item(). "
                "Try .tolist(), or reduce it first (.mean(), .sum())."
            )
        return array.item()

    def tolist(self) -> Any:
        """The numbers as nested Python lists."""
        return self.read(".tolist()").tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The NumPy array itself (the same memory)."""
        if self.needs_grad and not force:
            raise GradientError(
                "got .numpy() on a tensor that requires grad; expected one that does not, because NumPy would not "
                "follow the gradient. Try tensor.detach().numpy()."
            )
        return self.read(".numpy()")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy() if self.needs_grad else self.read("NumPy")
        return np.array(array, dtype, copy=copy)

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("got len() of a 0-d tensor; expected at least one axis. Try tensor.item().")
        return len(self.array)

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise ShapeError(
                f"got the truth of {self.array.size} numbers; expected one. Try tensor.any() or tensor.all()."
            )
        return bool(self.read("a Python condition"))

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iub":
            raise TypeError(f"got {self.dtype} as an index; expected an integer. Try tensor.long().")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        if self.array.ndim and spec:
            got = f"got the format {spec!r} for a tensor of shape {self.array.shape}"
            raise TypeError(f"{got}; expected a single number. Try torch.set_printoptions, or tensor.item().")
        return format(self.item(), spec) if self.array.ndim == 0 else repr(self)

    def __repr__(self) -> str:
        renew(self)
        made_by = naming.name_of(self) if self.needs_grad and self.op is not None else None
        array, default = self.read("printing"), dtypes.default_float()
        return format_tensor(array, requires_grad=self.needs_grad, grad_fn=made_by, default_dtype=default)

    def __iter__(self) -> Iterator[Tensor]:
        if not self.array.ndim:
            raise TypeError("got a loop over a 0-d tensor; expected at least one axis. Try tensor.item().")
        return (self[i] for i in range(len(self.array)))

    def __hash__(self) -> int:
        return id(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise GradientError("got a deep copy of a computed tensor; expected a leaf. Try tensor.detach().clone().")
        twin = cast("Tensor", object.__new__(type(self)))
        _fill(twin, self.array.copy())
        twin.needs_grad, twin.name = self.needs_grad, self.name
        if self.grad is not None:
            twin.grad = wrap(self.grad.array.copy())
        memo[id(self)] = twin
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle: the numbers, and whether they ask for a gradient; neither the story nor the gradient."""
        return _unpickled, (type(self), self.read("pickle"), self.needs_grad), getattr(self, "__dict__", None)

    # The rest of PyTorch's methods and operators are set by `methods.py`, from the functions of the same names.
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...


def _ops() -> Any:
    from glassnet.core import ops  # the table is made of tensors; only detach looks back up at it

    return ops


def _fill(t: Tensor, array: np.ndarray) -> None:
    t.array, t.grad, t.needs_grad, t.op, t.inputs, t.attrs = array, None, False, None, (), _NO_ATTRS
    t.serial, t.written, t.hooks, t.name, t.keeps_grad, t.past = next(serial), [0], None, None, False, None
    t.label, t.spent, t.base = None, False, None


def wrap(array: np.ndarray) -> Tensor:
    """A leaf tensor around an array, sharing its memory."""
    t = object.__new__(Tensor)
    _fill(t, array)
    return t


def _unpickled(kind: type[Tensor], array: np.ndarray, needs_grad: bool) -> Tensor:
    t = object.__new__(kind)
    _fill(t, array)
    t.needs_grad = needs_grad
    return t


class Constant(Tensor):
    """A leaf that an operation made for itself, such as a mask: a second backward still finds it."""

    __slots__ = ()


def constant(array: np.ndarray) -> Constant:
    """A `Constant` around an array."""
    t = object.__new__(Constant)
    _fill(t, array)
    return t


def alias(t: Tensor) -> Tensor:
    """A second tensor with the same array and the same story; what an in-place change leaves behind as the past."""
    past = wrap(t.array)
    past.needs_grad, past.op, past.inputs, past.attrs = t.needs_grad, t.op, t.inputs, t.attrs
    past.serial, past.written, past.past, past.label, past.spent = t.serial, t.written, t.past, t.label, t.spent
    return past


def as_used(x: Tensor, y: Tensor) -> Tensor:
    """The input x as it was when y was computed from it, before any later change in place."""
    while x.serial > y.serial and x.past is not None:
        x = x.past
    return x


def renew(x: Tensor) -> None:
    """Tell a window anew what it is, where the tensor it looks at has taken on another story since it was made."""
    if mode.grad and x.base is not None and x.base.serial > x.serial:
        from glassnet.core import windows  # which is made of tensors and rows

        windows.look_again(x)


def as_tensor_like(value: Any, like: Tensor | None) -> Tensor:
    """A Python number or array as a tensor that can stand beside `like` without widening it."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, int | float) and like is not None:
        return wrap(_number(value, dtypes.of_scalar(value, like.array.dtype)))
    return wrap(to_array(value))


def _number(value: float, kind: np.dtype[Any]) -> np.ndarray:
    """A 0-d array; what does not fit becomes inf or wraps around, as in arrays."""
    try:
        return mode.quietly(np.asarray, value, kind)
    except OverflowError:
        return np.asarray(value).astype(kind)


def to_array(value: Any) -> np.ndarray:
    """An array with a dtype that tensors have; Python floats take the default dtype, NumPy's keep theirs."""
    if mode.trace is not None and isinstance(value, ARRAYS):
        mode.trace.stop("a NumPy array, whose numbers may change, becomes a tensor while the step runs")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(
            "got lists of different lengths side by side; expected a rectangular array. Try padding the short rows."
        ) from None
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"got {_contents(value, array)}; expected numbers. Try converting them with float() first.")
    if array.dtype.kind == "f" and not isinstance(value, NUMPY):
        return mode.quietly(array.astype, _float_of(value))
    dtypes.dtype_of(array.dtype)
    return array


def _float_of(value: Any) -> np.dtype[Any]:
    """The dtype for lists with floats among them: NumPy's numbers bring their own, Python's the default."""
    brought = _floats_in(value)
    return np.result_type(*brought) if brought else dtypes.default_float()


def _floats_in(value: Any) -> set[np.dtype[Any]]:
    """The dtypes of all floating numbers in nested lists."""
    if isinstance(value, NUMPY):
        return {value.dtype} if value.dtype.kind == "f" else set()
    if not isinstance(value, LISTS):
        return {dtypes.default_float()} if isinstance(value, float) else set()
    if set(map(type, value)) == {float}:  # the usual row, found at the speed of C
        return {dtypes.default_float()}
    return {kind for part in value for kind in _floats_in(part)}


def _contents(value: Any, array: np.ndarray) -> str:
    """What there is instead of numbers, in a few words."""
    if array.ndim == 0:
        return repr(array.item())[:40]
    kind = {"U": "text", "S": "bytes", "O": "objects", "c": "complex numbers", "M": "dates", "m": "lengths of time"}
    first = array.item(0) if array.dtype.kind in "US" else array.flat[0]
    return f"{type(value).__name__} of {kind.get(array.dtype.kind, str(array.dtype))} such as {first!r:.40}"


def apply(op: Op, *inputs: Tensor, **attrs: Any) -> Tensor:
    """Run one primitive and, when someone is listening, write down how the result was made."""
    if mode.grad:
        for x in inputs:
            if x.base is not None:
                renew(x)
    arrays = [x.array for x in inputs]
    try:
        out = mode.quietly(op.run, *arrays, **attrs)
    except GlassnetError:
        raise
    except IndexError as problem:
        raise shapes.out_of_range(op.name, [a.shape for a in arrays], problem) from None
    except ValueError as problem:
        raise shapes.mismatch(op.name, [a.shape for a in arrays], attrs, problem) from None
    except TypeError as problem:
        if not isinstance(op.run, np.ufunc):
            raise
        raise shapes.unsuitable(op.name, [dtypes.dtype_of(a.dtype) for a in arrays]) from problem
    if type(out) is not np.ndarray:
        out = np.asarray(out)
    if out.dtype == np.float64 and arrays and not any(a.dtype == np.float64 for a in arrays) and "dtype" not in attrs:
        out = out.astype(dtypes.default_float())  # float64 comes only from float64
    y = wrap(out)
    if op.view and (out.base is not None or out is arrays[0]):
        y.written = inputs[0].written
        if mode.grad and op.name != "detach":
            x = inputs[0]
            y.base = x if x.base is None else x.base
    needs = mode.grad and bool(op.vjp) and out.dtype.kind == "f" and any(x.needs_grad for x in inputs)
    if needs or mode.trace is not None:
        y.op, y.inputs, y.attrs, y.needs_grad = op, inputs, attrs, needs
        if mode.trace is not None:
            mode.trace.nodes.append(y)
    return y


def touched(t: Tensor) -> None:
    """Note that the memory of t has just been changed in place."""
    t.written[0] = next(serial)
