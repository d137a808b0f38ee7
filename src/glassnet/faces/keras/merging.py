"""Layers that take several batches and give one: sums, products, and batches side by side."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import ops
from glassnet.core.layout import cat
from glassnet.core.tensor import Tensor
from glassnet.errors import ShapeError, complain
from glassnet.faces.keras.layer import Layer, Shape


class Folded(nn.Module):
    """Several tensors made one by a function of all of them."""

    def __init__(self, function: Callable[[Sequence[Tensor]], Tensor], name: str) -> None:
        super().__init__()
        self.function, self.name = function, name

    def forward(self, *xs: Tensor) -> Tensor:
        """function(xs)."""
        return self.function(xs)

    def extra_repr(self) -> str:
        """The layer's class."""
        return self.name


class Merge(Layer):
    """One number from the numbers at the same place of several inputs of the same shape."""

    def make(self, shape: Any) -> list[nn.Module]:
        """The module that does it."""
        return [Folded(self.fold, type(self).__name__)]

    def fold(self, xs: Sequence[Tensor]) -> Tensor:
        """The inputs as one."""
        raise NotImplementedError

    def shape_after(self, shape: Any) -> Shape:
        """The shape that all inputs are stretched to."""
        name = type(self).__name__
        if not isinstance(shape, list) or len(shape) < 2:
            got = f"{name}: got one input"
            raise ShapeError(complain(got, "expected a list of two or more", f"Try {name}()([a, b])"))
        try:
            return tuple(np.broadcast_shapes(*shape))
        except ValueError:
            got = f"{name}: got inputs of shapes {shape}"
            raise ShapeError(complain(got, "expected the same shape", "Try Dense before one of them")) from None


class Add(Merge):
    """a + b + …"""

    def fold(self, xs: Sequence[Tensor]) -> Tensor:
        """The sum."""
        return functools.reduce(ops.add, xs)


class Subtract(Merge):
    """a - b."""

    def fold(self, xs: Sequence[Tensor]) -> Tensor:
        """The difference."""
        return functools.reduce(ops.sub, xs)


class Multiply(Merge):
    """a · b · …"""

    def fold(self, xs: Sequence[Tensor]) -> Tensor:
        """The product."""
        return functools.reduce(ops.mul, xs)


class Average(Merge):
    """(a + b + …) / how many."""

    def fold(self, xs: Sequence[Tensor]) -> Tensor:
        """The mean."""
        return functools.reduce(ops.add, xs) * (1.0 / len(xs))


class Maximum(Merge):
    """The greatest."""

    def fold(self, xs: Sequence[Tensor]) -> Tensor:
        """The maximum."""
        return functools.reduce(ops.maximum, xs)


class Minimum(Merge):
    """The least."""

    def fold(self, xs: Sequence[Tensor]) -> Tensor:
        """The minimum."""
        return functools.reduce(ops.minimum, xs)


class Concatenate(Merge):
    """Inputs side by side along an axis (the batch is axis 0)."""

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def fold(self, xs: Sequence[Tensor]) -> Tensor:
        """All in a row."""
        return cat(list(xs), self.axis)

    def shape_after(self, shape: Any) -> Shape:
        """The sizes along the axis added up."""
        if not isinstance(shape, list) or len(shape) < 2:
            return super().shape_after(shape)
        at = self.axis - 1 if self.axis > 0 else len(shape[0]) + self.axis
        others = {(*s[:at], *s[at + 1 :]) for s in shape}
        if len(others) > 1 or not 0 <= at < len(shape[0]):
            got = f"Concatenate: got inputs of shapes {shape} along axis {self.axis}"
            raise ShapeError(complain(got, "expected the same sizes along the other axes", "Try Flatten() before"))
        return (*shape[0][:at], sum(s[at] for s in shape), *shape[0][at + 1 :])


def add(inputs: Sequence[Any], **options: Any) -> Any:
    """Add()(inputs)."""
    return Add(**options)(inputs)


def subtract(inputs: Sequence[Any], **options: Any) -> Any:
    """Subtract()(inputs)."""
    return Subtract(**options)(inputs)


def multiply(inputs: Sequence[Any], **options: Any) -> Any:
    """Multiply()(inputs)."""
    return Multiply(**options)(inputs)


def average(inputs: Sequence[Any], **options: Any) -> Any:
    """Average()(inputs)."""
    return Average(**options)(inputs)


def maximum(inputs: Sequence[Any], **options: Any) -> Any:
    """Maximum()(inputs)."""
    return Maximum(**options)(inputs)


def minimum(inputs: Sequence[Any], **options: Any) -> Any:
    """Minimum()(inputs)."""
    return Minimum(**options)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **options: Any) -> Any:
    """Concatenate(axis)(inputs)."""
    return Concatenate(axis, **options)(inputs)
