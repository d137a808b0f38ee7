"""Parameter: a tensor that a module learns."""

from __future__ import annotations

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

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
