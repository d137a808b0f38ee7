"""Keras's Sequential: layers in a row, with compile, fit, evaluate and predict, at work on an `nn.Sequential`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

import glassnet
from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, NotSupportedError, ShapeError, complain
from glassnet.faces.keras import losses, metrics, optimizers
from glassnet.faces.keras.batches import Data, Progress, as_array, as_input
from glassnet.faces.keras.callbacks import Callback, History, Logs
from glassnet.faces.keras.layers import InputLayer, Layer, Shape, as_shape
from glassnet.faces.keras.summary import table

BATCH = 32  # Keras's
AT_ONCE = 1024  # rows when nothing is learnt from them: their number changes no result


class Sequential:
    """Layers one after the other.

    The shape of one example comes from `Input(shape=...)`, from `input_shape=` of the first layer or from the first
    array. `network` is the `nn.Sequential` that does the work: everything that reads modules can read it.

    >>> import glassnet
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

    def __init__(self, layers: Iterable[Any] | None = None, name: str | None = None) -> None:
        self.name = name or "sequential"
        self.layers: list[Layer] = []
        self.input_shape: Shape | None = None
        self.network = nn.Sequential()
        self.built = False
        self.stop_training = False
        self.optimizer: optimizers.Optimizer = optimizers.Adam()
        self.loss: losses.Loss | None = None
        self.metrics: list[metrics.Metric] = []
        self._asked: Sequence[Any] = ()
        self._step: Any = None
        for layer in layers or ():
            self.add(layer)

    # ---- layers -----------------------------------------------------------------------------------------------

    def add(self, layer: Any) -> None:
        """Put a layer at the end."""
        if not isinstance(layer, Layer):
            got = f"Sequential: got {type(layer).__name__}"
            raise DataError(complain(got, "expected one of keras.layers", "Try keras.layers.Dense(10)"))
        if layer.input_shape is not None and self.input_shape is None and not self.layers:
            self.input_shape = layer.input_shape
        if isinstance(layer, InputLayer):
            return
        layer.name = layer.name or self._new_name(type(layer).__name__)
        self.layers.append(layer)
        self._forget()
        if self.input_shape is not None:
            self.build(self.input_shape)

    def pop(self) -> Layer:
        """Take the last layer away."""
        layer = self.layers.pop()
        self._forget()
        return layer

    def _new_name(self, kind: str) -> str:
        stem = "".join(
            f"_{c.lower()}" if c.isupper() and i and kind[i - 1].islower() else c.lower() for i, c in enumerate(kind)
        )
        taken = {layer.name for layer in self.layers}
        return next(n for i in itertools.count() if (n := f"{stem}_{i}" if i else stem) not in taken)

    def _forget(self) -> None:
        self.built, self._step = False, None

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that place."""
        if index is not None:
            return self.layers[index]
        known = {layer.name: layer for layer in self.layers}
        if name not in known:
            got = f"get_layer: got name {name!r}"
            raise DataError(complain(got, f"expected one of {', '.join(map(str, known))}", "Try index=0"))
        return known[name]

    def build(self, input_shape: Any = None) -> None:
        """Make the modules of all layers for examples of this shape."""
        shape = self.input_shape = as_shape(self.input_shape if input_shape is None else input_shape)
        for layer in self.layers:
            if not layer.built or layer.input_shape != shape:
                layer.build(shape)
            shape = layer.output_shape
        self.network = nn.Sequential(*(module for layer in self.layers for module in layer.modules))
        self.built, self._step = True, None

    @property
    def output_shape(self) -> Shape:
        """The shape of what comes out for one example."""
        return self.layers[-1].output_shape

    # ---- training ---------------------------------------------------------------------------------------------

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Sequence[Any] | None = None, **options: Any
    ) -> None:
        """Choose the optimizer, the loss and the metrics: names, objects, or functions `(y_true, y_pred)`.

        `loss_weights`, `jit_compile`, `run_eagerly` and `steps_per_execution` change nothing here.
        """
        unknown = set(options) - {
            "loss_weights",
            "jit_compile",
            "run_eagerly",
            "steps_per_execution",
            "auto_scale_loss",
        }
        if unknown:
            got = f"compile: got {', '.join(sorted(unknown))}"
            raise NotSupportedError(complain(got, "expected optimizer, loss and metrics", "Try leaving it out"))
        self.optimizer, self.loss = optimizers.get(optimizer), losses.get(loss)
        self._asked, self.metrics, self._step = metrics or (), [], None

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        validation_freq: int = 1,
    ) -> History:
        """Learn from arrays: `epochs` passes in batches of `batch_size` (32 unless told), in a new order each time.

        The last `validation_split` of the examples, or `validation_data=(x, y)`, are only looked at, after each epoch.
        `verbose` is 0 (nothing), 1 (a live line on a terminal) or 2 (a line per epoch). Returns a `History`.
        """
        weights = _weights(y, class_weight, sample_weight)
        data, held = self._data(x, y, weights, validation_split, validation_data)
        size = batch_size or BATCH
        step = self._training_step()
        history, progress = History(), Progress(verbose, -(-len(data) // size))
        listeners = [history, *([callbacks] if isinstance(callbacks, Callback) else callbacks or ())]
        for c in listeners:
            c.set_model(self)
            c.set_params({"epochs": epochs, "steps": progress.steps, "verbose": progress.verbose})
        self.stop_training = False
        _tell(listeners, "on_train_begin", {})
        logs: Logs = {}
        for epoch in range(initial_epoch, epochs):
            progress.title(epoch, epochs)
            _tell(listeners, "on_epoch_begin", epoch, {})
            logs = self._epoch(step, data, size, shuffle, listeners, progress)
            if held is not None and (epoch + 1) % validation_freq == 0:
                logs |= {f"val_{name}": value for name, value in self._measure(held, AT_ONCE).items()}
            _tell([*listeners[1:], history], "on_epoch_end", epoch, logs)  # history last: others may add to logs
            progress.finish(logs)
            if self.stop_training:
                break
        _tell(listeners, "on_train_end", logs)
        return history

    def _data(self, x: Any, y: Any, weights: Any, split: float, validation: Any) -> tuple[Data, Data | None]:
        """What is learnt from, and what is only looked at."""
        loss = self._loss("fit")
        if y is None:
            got = "fit: got no targets"
            raise DataError(complain(got, "expected fit(x, y)", "Try x, y = loader.dataset.tensors for a DataLoader"))
        data = Data(x, y, loss.labels, weights)
        self._ready(data.x, "fit")
        if validation is not None:
            return data, Data(validation[0], validation[1], loss.labels, *validation[2:3], call="validation_data")
        if not split:
            return data, None
        first = int(len(data) * (1 - split))
        if not 0 < first < len(data):
            got = f"fit: got validation_split={split} of {len(data)} examples"
            raise DataError(complain(got, "expected some examples on either side", "Try validation_split=0.2"))
        return data.part(0, first), data.part(first, len(data))

    def _loss(self, call: str) -> losses.Loss:
        if self.loss is None:
            got = f"{call}: got a model that has not been compiled"
            raise DataError(complain(got, "expected compile() before", "Try model.compile('adam', 'mse')"))
        return self.loss

    def _ready(self, x: np.ndarray, call: str) -> None:
        """Build the model if it was not, and refuse examples of another shape."""
        if not self.layers:
            raise DataError(complain(f"{call}: got a model without layers", "expected some", "Try model.add(Dense(1))"))
        if not self.built:
            self.build(self.input_shape or x.shape[1:])
        if x.shape[1:] != self.input_shape:
            got = f"{call}: got x of shape {x.shape}"
            expected = f"expected (n, {', '.join(map(str, self.input_shape or ()))})"
            wanted = ", ".join(map(str, self.input_shape or ()))
            hint = f"Try x.reshape(len(x), {wanted}), or Flatten as the first layer"
            if math.prod(x.shape[1:]) != math.prod(self.input_shape or ()):
                hint = f"Try keras.Input({x.shape[1:]}) as the first entry of a new model"
            raise ShapeError(complain(got, expected, hint))
        if self.loss is not None and len(self.metrics) < len(self._asked):
            self.metrics = [metrics.get(m, self.loss, self.output_shape[-1]) for m in self._asked]

    def _training_step(self) -> Any:
        """One step of learning, to be replayed: from a batch to its loss and the counts of the metrics."""
        trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimizer.attach(trained)
        if self._step is not None and self._trained == [id(p) for p in trained]:
            return self._step
        optimizer, measure, layers = self.optimizer, self._measuring(), self.layers

        def step(x: Tensor, y: Tensor, weights: Tensor | None = None) -> tuple[Any, ...]:
            for p in trained:
                p.grad = None
            values, counts = measure(x, y)
            loss = (values if weights is None else values * weights).mean()
            for penalty in (p for layer in layers for p in layer.penalty()):
                loss = loss + penalty
            loss.backward()
            optimizer.clip()
            optimizer.flat.step()  # type: ignore[union-attr]
            return loss.detach(), *counts

        self._step, self._trained = glassnet.compile(step), [id(p) for p in trained]
        return self._step

    def _measuring(self) -> Any:
        """A function from a batch to the losses of its examples and the totals and counts of the metrics."""
        loss, chosen, modules = self._loss("fit"), self.metrics, list(self.network)
        last = modules[-1] if modules and type(modules[-1]).__name__ == loss.fuses and not loss.from_logits else None
        body = self.network if last is None else nn.Sequential(*modules[:-1])

        def measure(x: Tensor, y: Tensor) -> tuple[Tensor, list[Any]]:
            z = body(x)
            target, seen = loss.target(y, z), z.detach()
            counts: list[Any] = []
            for m in chosen:
                whole = last is None or m.reads_scores
                counts += m.batch(target, seen if whole else last(seen), last is not None and m.reads_scores)  # type: ignore[misc]
            return loss.each(target, z, last is not None or loss.from_logits), counts

        return measure

    def _epoch(
        self, step: Any, data: Data, size: int, shuffle: bool, listeners: list[Callback], progress: Progress
    ) -> Logs:
        """One pass over the data; the means of the loss and the metrics over it."""
        self.network.train()
        sums = Sums(self.metrics)
        heard = [c for c in listeners if _hears_batches(c)]
        for i, (x, y, weights) in enumerate(data.batches(size, shuffle)):
            _tell(heard, "on_train_batch_begin", i, {})
            self.optimizer.before_step()
            loss, *counts = step(x, y) if weights is None else step(x, y, weights)
            sums.add(loss.item() * len(x), len(x), counts)
            progress.update(i + 1, sums.loss / sums.examples)
            if heard:
                _tell(heard, "on_train_batch_end", i, sums.logs())
        self.network.eval()
        return sums.logs()

    def _measure(self, data: Data, size: int) -> Logs:
        """The loss and the metrics on data, without learning."""
        self.network.eval()
        measure, sums = self._measuring(), Sums(self.metrics)
        with no_grad():
            penalty = sum(p.item() for layer in self.layers for p in layer.penalty())
            for x, y, weights in data.batches(size):
                values, counts = measure(x, y)
                values = values if weights is None else values * weights
                sums.add(values.mean().item() * len(x) + penalty * len(x), len(x), counts)
        return sums.logs()

    # ---- use --------------------------------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss on arrays, or [loss, *metrics] if there are metrics, or all of them as a dict."""
        data = Data(x, y, self._loss("evaluate").labels, sample_weight, call="evaluate")
        self._ready(data.x, "evaluate")
        size = batch_size or AT_ONCE
        progress = Progress(verbose, -(-len(data) // size))
        logs = self._measure(data, size)
        progress.finish(logs)
        if return_dict:
            return logs
        values = [logs["loss"], *(logs[m.name] for m in self.metrics)]
        return values if len(values) > 1 else values[0]

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto") -> np.ndarray:
        """The outputs for inputs (n, ...), as an array of float32."""
        inputs = as_array(x, "predict")
        self._ready(inputs, "predict")
        size = batch_size or AT_ONCE
        progress = Progress(verbose, -(-len(inputs) // size))
        outputs = [self(as_input(inputs[i : i + size])).array for i in range(0, len(inputs), size)]
        progress.finish({})
        return np.concatenate(outputs) if outputs else np.empty((0, *self.output_shape), np.float32)

    def __call__(self, x: Any, training: bool = False) -> Tensor:
        """The outputs for one batch, as a tensor."""
        inputs = x if isinstance(x, Tensor) else as_input(as_array(x, "model"))
        self._ready(inputs.array, "model")
        self.network.train(training)
        if training:
            return self.network(inputs)
        with no_grad():
            return self.network(inputs)

    # ---- weights ----------------------------------------------------------------------------------------------

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, layer by layer; kernels have the shape (inputs, units)."""
        return [w for layer in self.layers for w in layer.get_weights()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take over weights in the order and with the shapes of get_weights."""
        arrays = list(weights)
        wanted = sum(len(layer.weights) for layer in self.layers)
        if len(arrays) != wanted:
            got = f"set_weights: got {len(arrays)} arrays"
            raise ShapeError(complain(got, f"expected {wanted}, as get_weights() gives", "Try model.build(...) before"))
        for layer in self.layers:
            n = len(layer.weights)
            layer.set_weights(arrays[:n])
            arrays = arrays[n:]

    @property
    def weights(self) -> list[Tensor]:
        """The tensors of all layers."""
        return [t for layer in self.layers for t in layer.weights]

    @property
    def trainable_weights(self) -> list[Tensor]:
        """Those that training changes."""
        return [t for t in self.weights if t.requires_grad]

    def count_params(self) -> int:
        """How many numbers the model holds."""
        return sum(layer.count_params() for layer in self.layers)

    def summary(self, print_fn: Any = print) -> None:
        """Print the layers, their output shapes and their numbers of parameters."""
        if not self.built:
            got = "summary: got a model whose input shape is not known yet"
            raise DataError(complain(got, "expected a built model", "Try keras.Input(shape=...) as the first entry"))
        print_fn(table(self.name, self.layers))

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Left out: Keras's file format."""
        got = f"save: got a request to write {str(filepath)!r}"
        hint = "Try np.savez(path, *model.get_weights()), or glassnet.save(model.network.state_dict(), path)"
        raise NotSupportedError(complain(got, "expected the weights alone; Keras's own format is left out", hint))

    save_weights = save

    def __repr__(self) -> str:
        return f"<Sequential name={self.name}, built={self.built}>"


class Sums:
    """Running totals of a pass."""

    def __init__(self, chosen: Sequence[metrics.Metric]) -> None:
        self.metrics, self.loss, self.examples = chosen, 0.0, 0
        self.counts = [0.0] * (2 * len(chosen))

    def add(self, loss: float, examples: int, counts: Sequence[Any]) -> None:
        """One batch more: the sum of its losses, its size, the totals and counts of the metrics."""
        self.loss += loss
        self.examples += examples
        for i, value in enumerate(counts):
            self.counts[i] += float(value)

    def logs(self) -> Logs:
        """The values so far, by name, in alphabetical order, as in Keras."""
        pairs = zip(self.metrics, self.counts[::2], self.counts[1::2], strict=True)
        values = {m.name: m.value(total, count) for m, total, count in pairs}
        return dict(sorted({**values, "loss": self.loss / max(self.examples, 1)}.items()))


def _tell(listeners: Iterable[Callback], event: str, *args: Any) -> None:
    for listener in listeners:
        getattr(listener, event)(*args)


def _hears_batches(c: Callback) -> bool:
    events = ("on_train_batch_begin", "on_train_batch_end")
    return any(getattr(type(c), e) is not getattr(Callback, e) or e in vars(c) for e in events)


def _weights(y: Any, by_class: dict[int, float] | None, by_example: Any) -> np.ndarray | None:
    """The weight of every example, from those of the classes and those of the examples."""
    if by_class is None:
        return None if by_example is None else np.asarray(by_example, np.float32)
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] > 1 else labels.reshape(-1)
    weights = np.array([by_class.get(int(label), 1.0) for label in labels], np.float32)
    return weights if by_example is None else weights * np.asarray(by_example, np.float32)
