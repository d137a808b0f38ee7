"""Keras's Sequential: layers in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from glassnet import nn
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, complain
from glassnet.faces.keras.layer import InputLayer, Layer, Shape, as_shape
from glassnet.faces.keras.model import Model
from glassnet.faces.keras.symbols import KerasTensor


class Sequential(Model):
    """Layers one after the other.

    The shape of one example comes from `Input(shape=...)`, from `input_shape=` of the first layer or from the first
    array. `network` is the `nn.Sequential` that does the work: everything that reads modules can read it.

    >>> import glassnet
    >>> import numpy as np
    >>> from glassnet import keras
    >>> _ = glassnet.manual_seed(0)
    >>> model = keras.Sequential([keras.layers.Dense(8, "tanh", input_shape=(2,)), keras.layers.Dense(1, "sigmoid")])
    >>> model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    >>> x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 1])
    >>> history = model.fit(x, y, epochs=200, verbose=0)
    >>> history.history["loss"][-1] < history.history["loss"][0]
    True
    >>> model.predict(x, verbose=0).shape, model.count_params()
    ((4, 1), 33)
    """

    def __init__(self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        self._layers: list[Layer] = []
        for layer in layers or ():
            self.add(layer)

    # ---- layers -----------------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order; an Input is none."""
        return list(self._layers)

    def add(self, layer: Any) -> None:
        """Put a layer at the end."""
        if isinstance(layer, KerasTensor):
            layer = layer.layer
        if not isinstance(layer, Layer):
            got = f"Sequential: got {type(layer).__name__}"
            raise DataError(complain(got, "expected one of keras.layers", "Try keras.layers.Dense(10)"))
        if layer.in_shape is not None and self.in_shape is None and not self._layers:
            self.in_shape = layer.in_shape
        if isinstance(layer, InputLayer):
            return
        if layer.name in {other.name for other in self._layers}:
            got = f"Sequential: got a second layer of the name {layer.name!r}"
            raise DataError(complain(got, "expected names that differ", f"Try name='{layer.name}_2'"))
        self._layers.append(layer)
        self._forget()
        if self.in_shape is not None:
            self.build(self.in_shape)

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away."""
        if not self._layers:
            raise DataError(complain("Sequential.pop: got a model without layers", "expected one", "Try add() before"))
        layer = self._layers.pop()
        self._forget()
        if self.in_shape is not None and self._layers:
            self.build(self.in_shape)
        return layer

    def _forget(self) -> None:
        self.built, self._steps, self._targets = False, None, None

    def build(self, input_shape: Any = None) -> None:
        """Make the modules of all layers for examples of this shape."""
        shape = self.in_shape = as_shape(self.in_shape if input_shape is None else input_shape)
        for layer in self._layers:
            shape = layer.prepare(shape)
        self.network = nn.Sequential(*(module for layer in self._layers for module in layer.modules))
        self.modules, self.out_shape, self.built = [self.network], shape, True
        self.network.eval()
        self._steps = None
        symbol = first = InputLayer(self.in_shape, name=f"{self.name}_input").symbol
        for layer in self._layers:  # so that `layer.output` is there
            symbol = layer(symbol)
        self._ends = (first, symbol)

    def prepare(self, shape: Any) -> Any:
        """Build the row, as a layer of another model is built."""
        if not self._layers:
            got = f"{self.name}: got a model without layers"
            raise DataError(complain(got, "expected some", "Try model.add(Dense(1))"))
        if not self.built or self.in_shape != shape:
            self.build(shape)
        return self.out_shape

    @property
    def output_names(self) -> list[str]:
        """The last layer's name."""
        return [str(self._layers[-1].name)]

    def output_sizes(self) -> list[Shape]:
        """The shape that comes out for one example."""
        return [self._layers[-1].out_shape] if self._layers else [()]

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbols that come in."""
        return [self.input]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbols that come out."""
        return [self.output]

    # ---- a step -----------------------------------------------------------------------------------------------

    def lasts(self) -> list[nn.Module | None]:
        """The last module."""
        modules = list(self.network)  # type: ignore[call-overload]
        return [modules[-1] if modules else None]

    def forward(self, xs: Sequence[Tensor], cut: Sequence[bool]) -> list[Tensor]:
        """What comes out for a batch; where `cut` says so, without the last module."""
        if not any(cut):
            return [self.network(*xs)]
        (z,) = xs
        for module in list(self.network)[:-1]:  # type: ignore[call-overload]
            z = module(z)
        return [z]
