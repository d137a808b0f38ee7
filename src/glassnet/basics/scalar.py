"""Numbers that remember where they came from: the whole of backpropagation, one number at a time."""

from __future__ import annotations

import math


class Value:
    """A number, the values it was computed from, and its derivative with respect to each of them.

    `backward` adds up, over all paths back to a value, the products of the local derivatives on the way.

    >>> a, b = Value(2.0), Value(-3.0)
    >>> y = a * b + a**2
    >>> y.backward()
    >>> y.data, a.grad, b.grad  # dy/da = b + 2a, dy/db = a
    (-2.0, 1.0, 2.0)
    """

    def __init__(self, data: float, parents: tuple[tuple[Value, float], ...] = (), op: str = "") -> None:
        self.data = float(data)
        self.grad = 0.0
        self.parents = parents  # (value, d self / d value)
        self.op = op

    def __repr__(self) -> str:
        return f"Value(data={self.data:g}, grad={self.grad:g})"

    def __add__(self, other: Value | float) -> Value:
        other = _value(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)), "+")

    def __mul__(self, other: Value | float) -> Value:
        other = _value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)), "*")

    def __pow__(self, exponent: float) -> Value:
        return Value(self.data**exponent, ((self, exponent * self.data ** (exponent - 1)),), f"**{exponent:g}")

    def exp(self) -> Value:
        """e to the power of it."""
        y = math.exp(self.data)
        return Value(y, ((self, y),), "exp")

    def log(self) -> Value:
        """Its natural logarithm."""
        return Value(math.log(self.data), ((self, 1 / self.data),), "log")

    def tanh(self) -> Value:
        """Its hyperbolic tangent; the derivative is 1 - tanh^2."""
        y = math.tanh(self.data)
        return Value(y, ((self, 1 - y * y),), "tanh")

    def sigmoid(self) -> Value:
        """1 / (1 + e^-z); the derivative is s (1 - s)."""
        e = math.exp(-abs(self.data))  # never overflows
        s = (1.0 if self.data >= 0 else e) / (1 + e)
        return Value(s, ((self, s * (1 - s)),), "sigmoid")

    def relu(self) -> Value:
        """max(0, z); the derivative at 0 is taken as 0."""
        return Value(max(0.0, self.data), ((self, float(self.data > 0)),), "relu")

    # all other arithmetic is made of these
    __radd__, __rmul__ = __add__, __mul__
    __neg__ = lambda self: self * -1.0
    __sub__ = lambda self, other: self + -_value(other)
    __rsub__ = lambda self, other: _value(other) - self
    __truediv__ = lambda self, other: self * _value(other) ** -1
    __rtruediv__ = lambda self, other: _value(other) / self

    def backward(self) -> None:
        """Set the gradient of this value with respect to every value behind it."""
        order = _parents_first(self)
        for v in order:
            v.grad = float(v is self)
        for v in reversed(order):
            for parent, local in v.parents:
                parent.grad += local * v.grad


def _parents_first(end: Value) -> list[Value]:
    """All values behind this one, each after those it was made from; a loop, so that depth does not matter."""
    order: list[Value] = []
    seen: set[int] = set()
    todo: list[tuple[Value, bool]] = [(end, False)]
    while todo:
        v, done = todo.pop()
        if done:
            order.append(v)
        elif id(v) not in seen:
            seen.add(id(v))
            todo.append((v, True))
            todo += [(parent, False) for parent, _ in v.parents]
    return order


def _value(x: Value | float) -> Value:
    return x if isinstance(x, Value) else Value(x)
