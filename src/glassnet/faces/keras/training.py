"""What a model does with batches: compile, fit, one step to be replayed, the same without learning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

import glassnet
from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, NotSupportedError, ShapeError, complain
from glassnet.faces.keras import metrics, optimizers
from glassnet.faces.keras.batches import (
    Batch,
    Data,
    are_batches,
    as_array,
    as_arrays,
    each_batch,
    parts_of,
)
from glassnet.faces.keras.callbacks import Callback, History, Logs
from glassnet.faces.keras.layer import Layer, Shape
from glassnet.faces.keras.targets import Compiled, Sums, Target

BATCH = 32  # Keras's
AT_ONCE = 1024  # rows when nothing is learnt from them: their number changes no result
_IGNORED = {"jit_compile", "run_eagerly", "steps_per_execution", "auto_scale_loss"}


def _refuse_own_steps(model: Layer) -> None:
    """A step of the user's own would go unasked: the engine's is the one that is replayed."""
    for name in ("train_step", "test_step", "predict_step"):
        if hasattr(model, name):
            got = f"{type(model).__name__}.compile: got a {name} of its own"
            hint = "Try a loop of your own, with the step in glassnet.compile"
            raise NotSupportedError(complain(got, "expected the step that fit takes, which none replaces", hint))


class Trained(Layer):
    """A layer that learns from data by itself; what it is made of, its subclasses say."""

    network: nn.Module
    optimizer: optimizers.Optimizer
    input_names: Sequence[str] = ("inputs",)
    output_names: Sequence[str]
    _asked: Compiled | None
    _targets: list[Target] | None
    _steps: Any
    _given: Sequence[str]  # the names of the inputs that the last data had
    _trained: list[int]

    def output_sizes(self) -> list[Shape]:
        """The shapes of the outputs of one example."""
        raise NotImplementedError

    # ---- training ---------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        **options: Any,
    ) -> None:
        """Choose the optimizer, the loss and the metrics: names, objects, or functions `(y_true, y_pred)`.

        For several outputs, lists of them or dicts by output. `jit_compile`, `run_eagerly` and `steps_per_execution`
        change nothing here.
        """
        _refuse_own_steps(self)
        unknown = set(options) - _IGNORED
        if unknown:
            got = f"compile: got {', '.join(sorted(unknown))}"
            raise NotSupportedError(complain(got, "expected optimizer, loss and metrics", "Try leaving it out"))
        self.optimizer = optimizers.get(optimizer)
        self._asked, self._targets, self._steps = Compiled(loss, loss_weights, metrics, weighted_metrics), None, None

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
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> History:
        """Learn from arrays: `epochs` passes in batches of `batch_size` (32 unless told), in a new order each time.

        x may be a loader of batches `(x, y)` or `(x, y, weights)` as well. The last `validation_split` of the examples,
        or `validation_data=(x, y)`, are only looked at, after each epoch. `verbose` is 0 (nothing), 1 (a live line on a
        terminal) or 2 (a line per epoch). Returns a `History`.
        """
        from glassnet.faces.keras.fitting import Fit  # which works on models

        self.history = Fit(self, batch_size, epochs, verbose, callbacks, shuffle, steps_per_epoch).run(
            self._feed(x, y, class_weight, sample_weight, validation_split),
            self._validation(validation_data, x, y, class_weight, sample_weight, validation_split),
            range(initial_epoch, epochs),
            (validation_freq, validation_steps, validation_batch_size or AT_ONCE),
        )
        return self.history

    def _feed(self, x: Any, y: Any, by_class: Any, by_example: Any, split: float) -> Any:
        """What is learnt from: `Data`, or a loader."""
        self._compiled("fit")
        if y is None and are_batches(x):
            if split:
                got = "fit: got validation_split with a loader"
                raise DataError(complain(got, "expected arrays to split", "Try validation_data="))
            return Loader(self, x, by_class)
        if y is None:
            got = "fit: got no targets"
            raise DataError(complain(got, "expected fit(x, y)", "Try x, y = loader.dataset.tensors for a DataLoader"))
        data = self._data(x, y, weights_of(y, by_class, by_example), "fit")
        return data.part(0, self._cut(data, split)) if split else data

    def _validation(self, given: Any, x: Any, y: Any, by_class: Any, by_example: Any, split: float) -> Any:
        """What is only looked at, or None."""
        if given is not None:
            if are_batches(given):
                return Loader(self, given, None)
            x, y, weights = parts_of(given)
            return self._data(x, y, weights, "validation_data")
        if not split:
            return None
        data = self._data(x, y, None if by_example is None else weights_of(y, None, by_example), "fit")
        return data.part(self._cut(data, split), len(data))

    def _cut(self, data: Data, split: float) -> int:
        first = int(len(data) * (1 - split))
        if not 0 < first < len(data):
            got = f"fit: got validation_split={split} of {len(data)} examples"
            raise DataError(complain(got, "expected some examples on either side", "Try validation_split=0.2"))
        return first

    def _data(self, x: Any, y: Any, weights: Any, call: str) -> Data:
        """Arrays of the right kinds, for a model that is built for them."""
        xs = self.ready(x, call)
        targets = self.targets(call)
        ys = as_arrays(y, [t.name for t in targets], call)
        labels = [t.loss is not None and t.loss.labels for t in targets]
        ys = [a.astype(np.int64 if l else np.float32, copy=False) for a, l in zip(ys, labels, strict=True)]
        return Data(xs, ys, weights, call)

    def _compiled(self, call: str) -> Compiled:
        if self._asked is None:
            got = f"{call}: got a model that has not been compiled"
            raise DataError(complain(got, "expected compile() before", "Try model.compile('adam', 'mse')"))
        if self._asked.loss is None:
            got = f"{call}: got loss=None"
            raise DataError(complain(got, "expected a name, a loss or a function", "Try compile(loss='mse')"))
        return self._asked

    def targets(self, call: str) -> list[Target]:
        """What the outputs are compared with."""
        asked = self._compiled(call)
        if self._targets is None:
            sizes = [shape[-1] if shape else 1 for shape in self.output_sizes()]
            self._targets = asked.targets(self.output_names, sizes)
        return self._targets

    @property
    def metrics(self) -> list[metrics.Metric]:
        """The metrics that were asked for."""
        return [m for t in self._targets or () for m in (*t.metrics, *t.weighted)]

    @property
    def loss(self) -> Any:
        """What the outputs are compared with their targets by."""
        return None if self._asked is None else self._asked.loss

    def ready(self, x: Any, call: str) -> list[np.ndarray]:
        """The inputs as arrays, the model built for them if it was not; those of another shape are refused."""
        several = isinstance(x, list | tuple) and self.custom and all(isinstance(v, np.ndarray | Tensor) for v in x)
        names = [f"input_{i}" for i in range(len(x))] if several else list(self.input_names)
        xs = as_arrays(x, names, call)
        shapes = [a.shape[1:] for a in xs]
        if not self.built:
            self.prepare(self._known() or (shapes if len(shapes) > 1 else shapes[0]))
        self._given = names
        known = self.in_shape if isinstance(self.in_shape, list) else [self.in_shape]
        for i, (array, shape) in enumerate(zip(xs, known, strict=True)):
            if shape is not None and array.shape[1:] != shape and not self.custom:
                xs[i] = self._fitted(array, shape, call)
        return xs

    def _known(self) -> Any:
        return self.in_shape

    def _fitted(self, x: np.ndarray, shape: Shape, call: str) -> np.ndarray:
        if x.ndim == 1 and shape == (1,):
            return x[:, None]  # numbers in a row, one for each example
        wanted = ", ".join(map(str, shape))
        hint = f"Try x.reshape(len(x), {wanted}), or Flatten as the first layer"
        if np.prod(x.shape[1:]) != np.prod(shape):
            hint = f"Try keras.Input({x.shape[1:]}) as the first entry of a new model"
        raise ShapeError(complain(f"{call}: got x of shape {x.shape}", f"expected (n, {wanted})", hint))

    # ---- a step -----------------------------------------------------------------------------------------------

    def lasts(self) -> list[nn.Module | None]:
        """The last module before each output, where a loss may take it over."""
        return [None] * len(self.output_sizes())

    def forward(self, xs: Sequence[Tensor], cut: Sequence[bool]) -> list[Tensor]:
        """What comes out for a batch; where `cut` says so, without the last module."""
        made = self.network(*xs)
        return list(made) if isinstance(made, list | tuple) else [made]

    def training_step(self) -> Any:
        """One step of learning, to be replayed: from a batch to its loss and the sums of the metrics."""
        trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimizer.attach(trained)
        if self._steps is not None and self._trained == [id(p) for p in trained]:
            return self._steps
        optimizer, measure = self.optimizer, self.measuring()

        def step(*batch: Tensor) -> tuple[Any, ...]:
            for p in trained:
                p.grad = None
            loss, *told = measure(*batch)
            loss.backward()
            optimizer.clip()
            optimizer.flat.step()  # type: ignore[union-attr]
            with no_grad():
                self.constrain()
            return loss.detach(), *told

        self._steps, self._trained = glassnet.compile(step), [id(p) for p in trained]
        return self._steps

    def measuring(self) -> Any:
        """A function of a batch's tensors: inputs, targets and, if there are any, weights, one after the other.

        It gives the loss; of several outputs the loss of each; the sums of the metrics; the outputs that metrics of the
        user's own kind look at: one after the other, too, because a replay hands flat tuples on fastest.
        """
        targets = self.targets("fit")
        inputs, ends = len(self._given), len(self._given) + len(targets)
        lasts = [
            m if t.loss is not None and type(m).__name__ == t.loss.fuses and not t.loss.from_logits else None
            for t, m in zip(targets, self.lasts(), strict=True)
        ]
        cut = [m is not None for m in lasts]

        def measure(*batch: Tensor) -> tuple[Any, ...]:
            total, parts, counts, shown = None, [], [], []
            weights = batch[ends] if len(batch) > ends else None
            made = self.forward(batch[:inputs], cut)
            for t, last, y, z in zip(targets, lasts, batch[inputs:ends], made, strict=True):
                values, sums = t.measure(y, z, last, weights)
                counts += sums
                if values is not None and t.loss is not None:
                    part = t.loss.reduced(values, weights)
                    parts.append(part.detach())
                    part = part if t.weight == 1.0 else part * t.weight
                    total = part if total is None else total + part
                if t.by_hand:
                    shown.append(z.detach() if last is None else last(z.detach()))
            for p in self.penalty():
                total = total + p  # type: ignore[operator]
            return total, *(parts if len(targets) > 1 else ()), *counts, *shown

        return measure

    def measure(self, data: Any, size: int, steps: int | None = None, listeners: Sequence[Callback] = ()) -> Logs:
        """The loss and the metrics on data, without learning."""
        self.network.eval()
        measure, sums = self.measuring(), Sums(self.targets("evaluate"))
        with no_grad():
            for i, batch in enumerate(data.batches(size)):
                if steps is not None and i >= steps:
                    break
                self.count(sums, batch, measure(*batch))
        return sums.logs()

    def count(self, sums: Sums, batch: Batch, told: Sequence[Any]) -> None:
        """Add a batch to the running totals."""
        outputs = sums.add(told, len(batch[0]))
        for t, y in zip(sums.targets, batch[len(self._given) :], strict=False) if outputs else ():
            z = outputs.pop(0) if t.by_hand else None
            for m in t.by_hand:
                m.update_state(y, z)

    # ---- a batch at a time ------------------------------------------------------------------------------------

    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch; the loss, or [loss, *metrics], or all of them as a dict."""
        self._compiled("train_on_batch")
        data = self._data(x, y, weights_of(y, class_weight, sample_weight), "train_on_batch")
        step, sums = self.training_step(), Sums(self.targets("train_on_batch"))
        self.network.train()
        self.optimizer.before_step()
        for batch in data.batches(len(data)):
            self.count(sums, batch, step(*batch))
        self.network.eval()
        return self._told(sums.logs(), return_dict)

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and the metrics of one batch."""
        self._compiled("test_on_batch")
        data = self._data(x, y, sample_weight, "test_on_batch")
        return self._told(self.measure(data, len(data)), return_dict)

    def _told(self, logs: Logs, as_dict: bool) -> Any:
        if as_dict:
            return logs
        names = [n for n in logs if n != "loss"]
        values = [logs["loss"], *(logs[n] for n in self._ordered(names))]
        return values if len(values) > 1 else values[0]

    def _ordered(self, names: Sequence[str]) -> list[str]:
        """The losses of the outputs, then the metrics, each in the order of compile."""
        targets = self.targets("evaluate")
        if len(targets) == 1:
            return [m.name for m in (*targets[0].metrics, *targets[0].weighted)]
        parts = [f"{t.name}_loss" for t in targets if f"{t.name}_loss" in names]
        return [*parts, *(f"{t.name}_{m.name}" for t in targets for m in (*t.metrics, *t.weighted))]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what evaluate gives."""
        targets = self.targets("metrics_names")
        several = [f"{t.name}_loss" for t in targets if t.loss is not None] if len(targets) > 1 else []
        return ["loss", *self._ordered(several)]


class Loader:
    """A loader of the user's, as batches for a model."""

    def __init__(self, model: Trained, loader: Any, by_class: Any) -> None:
        self.model, self.loader, self.by_class = model, loader, by_class

    def batches(self, size: int, shuffle: bool = False) -> Iterable[Batch]:
        """The batches as they come; `size` and `shuffle` are the loader's business."""
        for batch in each_batch(self.loader):
            x, y, weights = parts_of(batch)
            if y is None:
                got = "fit: got batches without targets"
                raise DataError(complain(got, "expected (x, y) or (x, y, weights)", "Try yield x, y"))
            data = self.model._data(x, y, weights_of(y, self.by_class, weights), "fit")
            yield from data.batches(len(data))


def weights_of(y: Any, by_class: Mapping[int, float] | None, by_example: Any) -> np.ndarray | None:
    """The weight of every example, from those of the classes and those of the examples."""
    if by_class is None:
        return None if by_example is None else as_array(by_example, "sample_weight").astype(np.float32)
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] > 1 else labels.reshape(-1)
    weights = np.array([by_class.get(int(label), 1.0) for label in labels], np.float32)
    return weights if by_example is None else weights * np.asarray(by_example, np.float32)
