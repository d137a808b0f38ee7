"""Keras's Model: what it is made of, how it is used, its weights and its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, ShapeError, complain
from glassnet.faces.keras import optimizers
from glassnet.faces.keras.batches import (
    Data,
    Progress,
    are_batches,
    as_input,
    each_batch,
    parts_of,
)
from glassnet.faces.keras.callbacks import Callback, History, Logs
from glassnet.faces.keras.layer import Layer, Shape
from glassnet.faces.keras.summary import table
from glassnet.faces.keras.targets import Compiled, Target
from glassnet.faces.keras.training import Loader, Trained

BATCH = 32  # Keras's
AT_ONCE = 1024  # rows when nothing is learnt from them: their number changes no result
_IGNORED = {"jit_compile", "run_eagerly", "steps_per_execution", "auto_scale_loss"}


class Model(Trained):
    """Layers that learn together: `keras.Model(inputs, outputs)` of symbols, or a class of your own with a `call`.

    `network` is the module that does the work: everything that reads modules can read it.

    >>> import numpy as np
    >>> from glassnet import keras
    >>> keras.utils.set_random_seed(0)
    >>> inputs = keras.Input(shape=(3,))
    >>> hidden = keras.layers.Dense(4, "relu")(inputs)
    >>> model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.concatenate([hidden, inputs])))
    >>> model.compile("adam", "mse")
    >>> history = model.fit(np.eye(3), np.arange(3), epochs=2, verbose=0)
    >>> model.predict(np.eye(3), verbose=0).shape, model.count_params()
    ((3, 1), 24)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and (args or "inputs" in kwargs):
            from glassnet.faces.keras.functional import Functional  # which is a Model

            return Functional.__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, name: str | None = None, **options: Any) -> None:
        super().__init__(name=name, **options)
        self.network: nn.Module = nn.Sequential()
        self.stop_training = False
        self.optimizer: optimizers.Optimizer = optimizers.Adam()
        self._asked: Compiled | None = None
        self._targets: list[Target] | None = None
        self._steps: Any = None
        self.history: History | None = None

    # ---- what it is made of -----------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return self.sublayers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that place."""
        if index is not None:
            return self.layers[index]
        known = {layer.name: layer for layer in self.layers}
        if name not in known:
            got = f"get_layer: got name {name!r}"
            raise DataError(complain(got, f"expected one of {', '.join(map(str, known))}", "Try index=0"))
        return known[name]

    input_names: Sequence[str] = ("inputs",)

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs."""
        shapes = self.output_sizes()
        return [f"output_{i + 1}" for i in range(len(shapes))]

    def output_sizes(self) -> list[Shape]:
        """The shapes of the outputs of one example."""
        several = bool(self.out_shape) and isinstance(self.out_shape[0], tuple)
        return list(self.out_shape) if several else [self.out_shape]  # type: ignore[arg-type]

    @property
    def input_shape(self) -> Any:
        """(None, ...): what comes in, the batch being of any size; a list where there are several inputs."""
        shape = self.in_shape
        return [(None, *s) for s in shape] if isinstance(shape, list) else None if shape is None else (None, *shape)

    @property
    def output_shape(self) -> Any:
        """(None, ...): what comes out."""
        shapes = [(None, *s) for s in self.output_sizes()]
        return shapes if len(shapes) > 1 else shapes[0]

    def prepare(self, shape: Any) -> Any:
        """Build the model for inputs of this shape, as a layer of another model is built."""
        if not self.built:
            super().prepare(shape)
            self.network = self.modules[0] if self.modules else nn.Sequential()
        return self.out_shape

    # ---- use --------------------------------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss on arrays (or a loader), or [loss, *metrics] if there are metrics, or all of them as a dict."""
        self._compiled("evaluate")
        if y is None and are_batches(x):
            data: Any = Loader(self, x, None)
        else:
            data = self._data(x, y, sample_weight, "evaluate")
        progress = Progress(verbose, -(-len(data) // (batch_size or BATCH)) if isinstance(data, Data) else 1)
        with self._heard(callbacks, "test") as logs:
            logs |= self.measure(data, batch_size or AT_ONCE, steps)
        progress.finish(logs)
        return self._told(logs, return_dict)

    @contextmanager
    def _heard(self, callbacks: Any, kind: str) -> Iterator[Logs]:
        """Tell listeners that a test or a prediction begins, and that it is over."""
        listeners = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        logs: Logs = {}
        for c in listeners:
            c.set_model(self)
            getattr(c, f"on_{kind}_begin")({})
        yield logs
        for c in listeners:
            getattr(c, f"on_{kind}_end")(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for inputs (n, ...), as an array of float32, or as a list of them for several outputs."""
        if are_batches(x):
            made = [self.predict(parts_of(batch)[0], batch_size, 0) for batch in each_batch(x)]
            return (
                [np.concatenate(a) for a in zip(*made, strict=True)]
                if isinstance(made[0], list)
                else np.concatenate(made)
            )
        xs = self.ready(x, "predict")
        size, n = batch_size or AT_ONCE, len(xs[0])
        progress = Progress(verbose, -(-n // (batch_size or BATCH)))
        with self._heard(callbacks, "predict"), no_grad():
            self.network.eval()
            cut = [False] * len(self.output_sizes())
            made = [self.forward([as_input(a[i : i + size]) for a in xs], cut) for i in range(0, n, size)]
        progress.finish({})
        empty = [np.empty((0, *shape), np.float32) for shape in self.output_sizes()]
        arrays = [np.concatenate([t.array for t in part]) for part in zip(*made, strict=True)] if made else empty
        return arrays if len(arrays) > 1 else arrays[0]

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        return self.predict(x, verbose=0)

    def __call__(self, inputs: Any, *args: Any, training: bool | None = False, **kwargs: Any) -> Any:
        """A symbol for symbols; the outputs for one batch, as a tensor; no gradient is followed unless in training."""
        if _symbolic(inputs):
            return super().__call__(inputs, *args, training=None, **kwargs)
        if isinstance(inputs, Tensor) and self.built and self.network.training:  # as a layer of another model
            return super().__call__(inputs, training=None)
        xs = self.ready(inputs, "model")
        batch = [inputs] if isinstance(inputs, Tensor) else [as_input(a) for a in xs]
        self.network.train(bool(training))
        try:
            if training or isinstance(inputs, Tensor):
                made = self.forward(batch, [False] * len(self.output_sizes()))
            else:
                with no_grad():
                    made = self.forward(batch, [False] * len(self.output_sizes()))
        finally:
            self.network.eval()
        return made if len(made) > 1 else made[0]

    # ---- weights ----------------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Tensor]:
        """The tensors of all layers."""
        return [*self._own, *(t for layer in self.layers for t in layer.weights)]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, layer by layer; kernels have the shape (inputs, units)."""
        return [*(t.array.copy() for t in self._own), *(w for layer in self.layers for w in layer.get_weights())]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take over weights in the order and with the shapes of get_weights."""
        arrays = [np.asarray(w) for w in weights]
        wanted = len(self.weights)
        if len(arrays) != wanted:
            got = f"set_weights: got {len(arrays)} arrays"
            raise ShapeError(complain(got, f"expected {wanted}, as get_weights() gives", "Try model.build(...) before"))
        self._put(self._own, arrays)
        arrays = arrays[len(self._own) :]
        for layer in self.layers:
            n = len(layer.weights)
            layer.set_weights(arrays[:n])
            arrays = arrays[n:]

    @property
    def trainable(self) -> bool:
        """Whether training changes the model's layers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self.layers:
            layer.trainable = self._trainable

    def penalty(self) -> list[Tensor]:
        """What the layers add to the loss."""
        return [
            *self._added,
            *(r(w) for r, w, _ in self._penalties),
            *(p for layer in self.layers for p in layer.penalty()),
        ]

    def constrain(self) -> None:
        """Hold weights to their rules."""
        for layer in self.layers:
            layer.constrain()

    def summary(self, line_length: int | None = None, print_fn: Any = print, **options: Any) -> None:
        """Print the layers, their output shapes and their numbers of parameters."""
        print_fn(table(self.name or "model", self.layers))

    def get_config(self) -> dict[str, Any]:
        """The layers and their settings, which `from_config` makes another model of."""
        from glassnet.faces.keras import saving

        return saving.config_of(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A model of these layers, with new weights."""
        from glassnet.faces.keras import saving

        return saving.model_from({"class_name": saving.kind_of(config, cls), "config": config}, {})

    # ---- files ------------------------------------------------------------------------------------------------

    def save(self, filepath: Any, overwrite: bool = True, **options: Any) -> None:
        """Write layers, weights, what was compiled and the optimizer's state to a safetensors file."""
        from glassnet.faces.keras import saving

        saving.save_model(self, filepath, overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a safetensors file."""
        from glassnet.faces.keras import saving

        saving.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any, **options: Any) -> None:
        """Read the weights that `save_weights` or `save` wrote."""
        from glassnet.faces.keras import saving

        saving.load_weights(self, filepath)

    def to_json(self, **options: Any) -> str:
        """The layers and their settings as JSON."""
        from glassnet.faces.keras import saving

        return saving.to_json(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _symbolic(inputs: Any) -> bool:
    from glassnet.faces.keras.symbols import KerasTensor

    return isinstance(inputs, KerasTensor) or (
        isinstance(inputs, list | tuple) and any(isinstance(i, KerasTensor) for i in inputs)
    )
