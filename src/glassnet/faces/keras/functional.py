"""Models of symbols: layers in a graph, with any number of inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glassnet import nn
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, complain
from glassnet.faces.keras.layer import Layer, Shape
from glassnet.faces.keras.model import Model
from glassnet.faces.keras.symbols import Graph, KerasTensor


class Functional(Model):
    """`keras.Model(inputs, outputs)`: what lies between symbols. Inputs and outputs are symbols, lists or dicts."""

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, **options: Any) -> None:
        super().__init__(name=name, **options)
        self._inputs, self._outputs = _symbols(inputs, "inputs"), _symbols(outputs, "outputs")
        shapes = [s.sizes for s in self._inputs]
        self.in_shape = shapes if len(shapes) > 1 else shapes[0]  # type: ignore[assignment]
        self.graph = self.network = Graph(self._inputs, self._outputs)
        self.modules = [self.graph]
        sizes = self.output_sizes()
        self.out_shape = tuple(sizes) if len(sizes) > 1 else sizes[0]  # type: ignore[assignment]
        self.built = True
        self.graph.eval()

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbols that come in."""
        return self._inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbols that come out."""
        return self._outputs

    @property
    def output(self) -> Any:
        """The symbol that comes out, or a list of them."""
        return self._outputs if len(self._outputs) > 1 else self._outputs[0]

    @property
    def input(self) -> Any:
        """The symbol that comes in, or a list of them."""
        return self._inputs if len(self._inputs) > 1 else self._inputs[0]

    @property
    def layers(self) -> list[Layer]:
        """The layers, those of the inputs included, in the order in which they work."""
        used = [s.layer for s in (*self._inputs, *self.graph.order)]
        return list(dict.fromkeys(layer for layer in used if layer is not self))

    @property
    def input_names(self) -> list[str]:  # type: ignore[override]
        """The names of the inputs."""
        return [s.name for s in self._inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that the outputs come from."""
        return [s.name for s in self._outputs]

    def output_sizes(self) -> list[Shape]:
        """The shapes of the outputs of one example."""
        return [s.sizes for s in self._outputs]

    def prepare(self, shape: Any) -> Any:
        """A graph is built with its symbols."""
        return self.out_shape

    def lasts(self) -> list[nn.Module | None]:
        """The last module before each output, where nobody else reads what it makes."""
        return self.graph.lasts()

    def forward(self, xs: Sequence[Tensor], cut: Sequence[bool]) -> list[Tensor]:
        """What comes out for a batch."""
        made = self.graph(*xs, cut=cut)
        return made if isinstance(made, list) else [made]


def _symbols(given: Any, what: str) -> list[KerasTensor]:
    symbols = list(given.values()) if isinstance(given, dict) else given if isinstance(given, list | tuple) else [given]
    if not symbols or not all(isinstance(s, KerasTensor) for s in symbols):
        got = f"keras.Model: got {what}={given!r:.60}"
        hint = "Try inputs = keras.Input((4,)), then keras.Model(inputs, layer(inputs))"
        raise DataError(complain(got, "expected symbols that keras.Input and layers give", hint))
    return list(symbols)
