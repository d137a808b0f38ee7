"""Parameter: a tensor that a module learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from glassnet.core.factories import check_device, empty
from glassnet.core.tensor import Tensor
from glassnet.errors import complain


class Parameter(Tensor):
    """A leaf tensor that belongs to the module it is assigned to, and asks for gradients.

    It shares the memory of `data`. Raises DTypeError for integers, unless `requires_grad` is False.

    >>> import glassnet as torch
    >>> Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        super().__init__()
        if data is not None:
            if not isinstance(data, Tensor):
                got = f"Parameter: got {type(data).__name__}"
                raise TypeError(complain(got, "expected a tensor", "Try Parameter(torch.tensor(data))"))
            self.array, self.written = data.array, data.written
        else:
            self.array = self.array.reshape(-1)[:0]
        self.requires_grad_(requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A copy with memory of its own, without the gradient, as PyTorch has it."""
        twin = cast(Any, super().__deepcopy__(memo))
        twin.grad = None
        return twin

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class UninitializedParameter(Parameter):
    """A parameter that waits for its shape; `materialize` makes it a plain Parameter, the same object.

    >>> import glassnet as torch
    >>> p = UninitializedParameter()
    >>> p.materialize((2, 3))
    >>> p.shape, type(p).__name__
    (torch.Size([2, 3]), 'Parameter')
    """

    __slots__ = ()

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Take a shape, and memory that is yet to be filled."""
        check_device(device)
        self.data = empty(*shape, dtype=self.dtype if dtype is None else dtype)
        cast(Any, self).__class__ = Parameter

    def __repr__(self) -> str:
        return "<UninitializedParameter>"
