"""The functional way of building: symbols stand for the data, layers called with symbols give symbols."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from glassnet import nn
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, complain

if TYPE_CHECKING:
    from glassnet.faces.keras.layer import Layer

Shape = tuple[int, ...]


class KerasTensor:
    """What will be a batch of examples: its shape, the layer that makes it and the symbols that the layer is given.

    `+`, `-` and `*` between two symbols are the layers Add, Subtract and Multiply.
    """

    def __init__(self, shape: Shape, layer: Layer, inputs: Sequence[KerasTensor] = (), index: int = 0) -> None:
        self.sizes, self.layer, self.inputs, self.index = shape, layer, tuple(inputs), index
        self.dtype = "float32"

    @property
    def shape(self) -> tuple[int | None, ...]:
        """(None, ...): the batch is of any size."""
        return (None, *self.sizes)

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name or ""

    def __add__(self, other: Any) -> KerasTensor:
        return _merged("Add", self, other)

    def __sub__(self, other: Any) -> KerasTensor:
        return _merged("Subtract", self, other)

    def __mul__(self, other: Any) -> KerasTensor:
        return _merged("Multiply", self, other)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def _merged(kind: str, a: KerasTensor, b: Any) -> KerasTensor:
    from glassnet.faces.keras import merging  # which is made of layers, and those of symbols

    if not isinstance(b, KerasTensor):
        got = f"keras: got a symbol and {type(b).__name__}"
        raise DataError(complain(got, "expected two symbols", "Try keras.layers.Lambda(lambda x: …)(symbol)"))
    return getattr(merging, kind)()([a, b])


def before(outputs: Iterable[KerasTensor], inputs: Sequence[KerasTensor]) -> list[KerasTensor]:
    """Every symbol between inputs and outputs, each behind those it is made of."""
    done: dict[int, KerasTensor] = {id(s): s for s in inputs}
    order: list[KerasTensor] = []
    waiting = list(outputs)[::-1]
    while waiting:
        symbol = waiting[-1]
        missing = [s for s in symbol.inputs if id(s) not in done]
        if id(symbol) in done:
            waiting.pop()
        elif missing:
            waiting += missing[::-1]
        elif not symbol.inputs:
            got = f"keras.Model: got outputs that depend on the input {symbol.name!r}"
            raise DataError(complain(got, "expected it among the inputs", "Try keras.Model([that, …], outputs)"))
        else:
            done[id(symbol)] = symbol
            order.append(waiting.pop())
    return order


class Graph(nn.Module):
    """The layers between inputs and outputs, as a module: it is called with a batch for each input."""

    def __init__(self, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]) -> None:
        super().__init__()
        self.order, self.first = before(outputs, inputs), len(inputs)
        places = {id(s): i for i, s in enumerate([*inputs, *self.order])}
        self.wires = [[places[id(s)] for s in symbol.inputs] for symbol in self.order]
        self.ends = [places[id(s)] for s in outputs]
        for symbol in self.order:
            self.add_module(symbol.name, nn.ModuleList(symbol.layer.modules))

    def lasts(self) -> list[nn.Module | None]:
        """The last module on the way to each output, where nobody else reads what it makes."""
        first = self.first  # the place of the first symbol that is no input
        read = [place for wire in self.wires for place in wire]
        own = [e not in read and self.ends.count(e) == 1 and e >= first for e in self.ends]
        layers = [self.order[e - first].layer if fine else None for e, fine in zip(self.ends, own, strict=True)]
        return [layer.modules[-1] if layer is not None and layer.modules else None for layer in layers]

    def forward(self, *xs: Tensor, cut: Sequence[bool] = ()) -> Any:
        """The outputs (one alone, several in a list); where `cut` says so, without the last module on the way."""
        values: list[Any] = list(xs)
        short = {end - self.first for end, off in zip(self.ends, cut, strict=False) if off}
        for i, (symbol, wire) in enumerate(zip(self.order, self.wires, strict=True)):
            given: Any = [values[place] for place in wire]
            modules = symbol.layer.modules
            for module in modules[:-1] if i in short else modules:
                given = [module(*given)]
            made = given[0]
            values.append(made[symbol.index] if isinstance(made, list | tuple) else made)
        return [values[end] for end in self.ends] if len(self.ends) > 1 else values[self.ends[0]]
