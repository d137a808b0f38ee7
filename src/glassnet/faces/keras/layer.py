"""What all layers have: names, weights, settings; how they are built, called, frozen, and made by a user.

Shapes are kept without the batch. A layer's weights are in Keras's order and layout: a kernel is (inputs, units).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, ShapeError, complain
from glassnet.faces.keras import constraints, initializers, regularizers
from glassnet.faces.keras.batches import as_array, as_input
from glassnet.faces.keras.recorded import Recorded
from glassnet.faces.keras.symbols import KerasTensor
from glassnet.faces.keras.variables import Variable, Weight

Shape = tuple[int, ...]


class Layer(Recorded):
    """A step of a model. Its own kinds have `make`; yours has `build(self, input_shape)` and `call(self, inputs)`.

    `build` makes weights with `add_weight`; `call` works on tensors with `keras.ops` or tensor arithmetic, and may take
    `training`. Layers kept as attributes belong to the layer.

    >>> from glassnet import keras
    >>> class Scale(keras.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.w = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.w
    >>> model = keras.Sequential([keras.Input((3,)), Scale(), keras.layers.Dense(1)])
    >>> model.count_params()
    7
    """

    in_shape: Any = None  # of one example; a list of shapes for several inputs
    out_shape: Any = ()  # a tuple of shapes for several outputs
    call: Callable[..., Any]  # of a layer of one's own

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        input_shape: Any = None,
        input_dim: int | None = None,
        activity_regularizer: Any = None,
    ) -> None:
        self.name, self.dtype = name or unique(type(self).__name__), "float32"
        self._ends: tuple[Any, Any] | None = None
        if input_dim is not None:
            input_shape = (input_dim,)
        if input_shape is not None:
            self.in_shape = as_shape(input_shape)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.modules: list[Any] = []
        self.built, self._trainable = False, bool(trainable)
        self._own: list[Tensor] = []
        self._added: list[Tensor] = []
        self._penalties: list[tuple[Any, Tensor, bool]] = []
        self._constraints: list[tuple[Any, Tensor, bool]] = []

    # ---- building ---------------------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of this shape."""
        if not self.custom:
            self.prepare(as_shape(self.in_shape if input_shape is None else input_shape))

    @property
    def custom(self) -> bool:
        """Whether the layer is of the user's own kind."""
        return hasattr(type(self), "call")

    def prepare(self, shape: Any) -> Any:
        """Make modules and weights for one example's shape (or several); gives the shape of what comes out."""
        if not self.built or self.in_shape != shape:
            self.in_shape = shape
            if self.custom:
                self._prepare_own(shape)
            else:
                self._penalties, self._constraints = [], []
                self.modules = self.make(shape)
                self.out_shape = self.shape_after(shape)
            if self.activity_regularizer is not None:
                self.modules = [*self.modules, Watched(self)]
            self.built = True
            for module in self.modules:
                module.eval()
            if not self._trainable:
                self.trainable = False
        return self.out_shape

    def _prepare_own(self, shape: Any) -> None:
        several = isinstance(shape, list)
        if not self._own:
            self.build([(None, *s) for s in shape] if several else (None, *shape))
        examples = [wrap(np.zeros((1, *s), np.float32)) for s in (shape if several else [shape])]
        with no_grad():
            seen = _call(self, examples, False)  # builds the layers inside
        self.modules = [Called(self)]
        self.out_shape = tuple(seen.shape)[1:] if isinstance(seen, Tensor) else tuple(tuple(s.shape)[1:] for s in seen)

    def make(self, shape: Shape) -> list[nn.Module]:
        """The modules that carry the layer out."""
        return []

    def shape_after(self, shape: Shape) -> Shape:
        """The shape of the output."""
        return shape

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = "glorot_uniform",
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Weight | Variable:
        """A new weight of this shape, learnt unless `trainable` is False; it has `assign`."""
        sizes = (shape,) if isinstance(shape, int) else tuple(shape)
        numbers = np.array(initializers.get(initializer)(sizes), np.float32, order="C")
        weight = Weight(wrap(numbers)) if trainable else Variable(wrap(numbers))
        self._own.append(weight)
        self.watch(weight, regularizer, constraint)
        return weight

    def watch(self, weight: Tensor, regularizer: Any, constraint: Any, turned: bool = False) -> None:
        """Put a penalty on a weight, or hold it to a rule; `turned` weights lie as (units, inputs) in memory."""
        if regularizer is not None:
            self._penalties.append((regularizers.get(regularizer), weight, turned))
        if constraint is not None:
            self._constraints.append((constraints.get(constraint), weight, turned))

    def add_loss(self, loss: Any) -> None:
        """Add a number to the loss of this batch; called in `call`."""
        self._added += list(loss) if isinstance(loss, list | tuple) else [loss]

    # ---- calling ----------------------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """A symbol for symbols, a tensor for a batch of numbers; a list of either for layers that take several."""
        several = isinstance(inputs, list | tuple) and any(isinstance(i, KerasTensor | Tensor) for i in inputs)
        given: list[Any] = list(inputs) if several else [inputs]
        if any(isinstance(i, KerasTensor) for i in given):
            return self._symbol(given, several)
        batches = [t if isinstance(t, Tensor) else as_input(as_array(t, self.name or "layer")) for t in given]
        shapes = [tuple(t.shape)[1:] for t in batches]
        self.prepare(shapes if several else shapes[0])
        return self._run(batches, training)

    def _symbol(self, given: list[KerasTensor], several: bool) -> Any:
        shapes = [s.sizes for s in given]
        shape = self.prepare(shapes if several else shapes[0])
        if shape and isinstance(shape[0], tuple):
            made: Any = [KerasTensor(s, self, given, i) for i, s in enumerate(shape)]
        else:
            made = KerasTensor(shape, self, given)
        self._ends = (given if several else given[0], made)
        return made

    @property
    def input(self) -> Any:
        """The symbol that the layer was last called with, or a list of them."""
        return self._end(0)

    @property
    def output(self) -> Any:
        """The symbol that it gave: `keras.Model(model.inputs, layer.output)` reads what the layer makes."""
        return self._end(1)

    def _end(self, which: int) -> Any:
        if self._ends is None:
            got = f"layer `{self.name}`: got no symbol yet"
            raise DataError(
                complain(got, "expected a built model around it", "Try keras.Input(shape=...) as its first entry")
            )
        return self._ends[which]

    def _run(self, batches: list[Tensor], training: bool | None) -> Any:
        before = [m.training for m in self.modules]
        for m in self.modules if training is not None else ():
            m.train(bool(training))
        given: Any = batches
        for m in self.modules:
            given = [m(*given)]
        for m, was in zip(self.modules, before, strict=True) if training is not None else ():
            m.train(was)
        return given[0] if len(given) == 1 else given

    # ---- weights ----------------------------------------------------------------------------------------------

    @property
    def sublayers(self) -> list[Layer]:
        """The layers kept as attributes, alone or in lists, in the order of their arrival."""
        kept = [v for name, v in vars(self).items() if not name.startswith("_")]
        flat = [v for value in kept for v in (value if isinstance(value, list | tuple) else [value])]
        return list(dict.fromkeys(v for v in flat if isinstance(v, Layer)))

    @property
    def weights(self) -> list[Tensor]:
        """The tensors behind `get_weights`, in its order."""
        if self.custom:
            return [*self._own, *(w for layer in self.sublayers for w in layer.weights)]
        return [t for m in self.modules for t in (*m.parameters(), *m.buffers())]

    @property
    def trainable_weights(self) -> list[Tensor]:
        """Those that training changes."""
        return [t for t in self.weights if t.requires_grad]

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """Those that training leaves alone: frozen ones, and running averages."""
        return [t for t in self.weights if not t.requires_grad]

    @property
    def variables(self) -> list[Tensor]:
        """The same as `weights`."""
        return self.weights

    trainable_variables = trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights, in Keras's layout."""
        if self.custom:
            inside = [w for layer in self.sublayers for w in layer.get_weights()]
            return [*(t.array.copy() for t in self._own), *inside]
        return [t.array.copy() for t in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take over weights of the shapes that `get_weights` has."""
        mine = self.get_weights()
        arrays = [np.asarray(w) for w in weights]
        if [a.shape for a in arrays] != [m.shape for m in mine]:
            got = f"layer `{self.name}`: got weights of shapes {[a.shape for a in arrays]}"
            expected = f"expected {[m.shape for m in mine]}, the shapes of get_weights()"
            raise ShapeError(complain(got, expected, "Try weights of a model with the same layers"))
        if self.custom:
            self._put(self._own, arrays)
            arrays = arrays[len(self._own) :]
            for layer in self.sublayers:
                n = len(layer.weights)
                layer.set_weights(arrays[:n])
                arrays = arrays[n:]
        else:
            self._put(self.weights, self.from_keras(arrays))

    def _put(self, tensors: Sequence[Tensor], arrays: Sequence[np.ndarray]) -> None:
        with no_grad():
            for t, array in zip(tensors, arrays, strict=False):
                t.copy_(wrap(np.ascontiguousarray(array, t.array.dtype)))

    def from_keras(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """Arrays in Keras's layout, laid out as the modules have them."""
        return arrays

    def count_params(self) -> int:
        """How many numbers the layer holds."""
        return sum(t.array.size for t in self.weights)

    @property
    def trainable(self) -> bool:
        """Whether training changes the layer; set it to False to freeze the layer."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for module in self.modules:
            module.requires_grad_(self._trainable)

    # ---- penalties and constraints ----------------------------------------------------------------------------

    def penalty(self) -> list[Tensor]:
        """What the layer and those inside add to the loss."""
        own = [regularizer(w.t() if turned else w) for regularizer, w, turned in self._penalties]
        seen = [m.seen for m in self.modules if isinstance(m, Watched) and m.seen is not None]
        return [*own, *seen, *self._added, *(p for layer in self.sublayers for p in layer.penalty())]

    def constrain(self) -> None:
        """Hold weights to their rules."""
        for constraint, w, turned in self._constraints:
            w.copy_(constraint(w.t()).t() if turned else constraint(w))
        for layer in self.sublayers:
            layer.constrain()

    @property
    def losses(self) -> list[Tensor]:
        """The penalties at this moment."""
        return self.penalty()

    # ---- settings ---------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with, its name, and whether it is trained."""
        return {**super().get_config(), "name": self.name, "trainable": self.trainable}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


class Called(nn.Module):
    """The `call` of a user's layer as a module that has the layer's weights and the modules inside it."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer
        for i, weight in enumerate(layer._own):
            if isinstance(weight, nn.Parameter):
                self.register_parameter(f"weight{i}", weight)
            else:
                self.register_buffer(f"weight{i}", weight)
        for inside in layer.sublayers:
            self.add_module(inside.name, nn.ModuleList(inside.modules))

    def forward(self, *xs: Tensor) -> Any:
        """What the layer's `call` gives."""
        return _call(self.layer, list(xs), self.training)

    def extra_repr(self) -> str:
        """The layer's class."""
        return type(self.layer).__name__


class Watched(nn.Module):
    """Hands on what a layer gives, and puts the layer's activity regularizer on it: its mean over the batch."""

    seen: Tensor | None = None

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.regularizer = layer.activity_regularizer

    def forward(self, x: Tensor) -> Tensor:
        """x, looked at."""
        self.seen = self.regularizer(x) * (1.0 / len(x))
        return x


def _call(layer: Layer, given: list[Tensor], training: bool) -> Any:
    layer._added = []
    takes = inspect.signature(layer.call).parameters
    options = {"training": training} if "training" in takes else {}
    return layer.call(given[0] if len(given) == 1 else given, **options)


class InputLayer(Layer):
    """The shape of what comes in; it does nothing else."""

    def __init__(self, shape: Any = None, *, batch_size: int | None = None, dtype: Any = None, name: str | None = None):
        super().__init__(name=name, input_shape=shape)
        self.out_shape, self.built = self.in_shape or (), True
        self.symbol = KerasTensor(self.out_shape, self)


def Input(shape: Any = None, batch_size: int | None = None, dtype: Any = None, name: str | None = None) -> KerasTensor:
    """A symbol for a batch of examples of this shape: the first entry of a Sequential, or an input of a Model."""
    if shape is None:
        raise DataError(complain("keras.Input: got no shape", "expected that of one example", "Try Input((784,))"))
    return InputLayer(shape, name=name).symbol


def as_shape(shape: Any) -> Shape:
    """A shape as a tuple of whole numbers; a leading None (the batch) is left out."""
    sizes = (shape,) if isinstance(shape, int) else tuple(shape or ())
    sizes = sizes[1:] if sizes and sizes[0] is None else sizes
    if not all(isinstance(n, int | np.integer) and n > 0 for n in sizes):
        got = f"keras: got input shape {shape!r}"
        raise ShapeError(complain(got, "expected whole numbers above 0, without the batch", "Try (784,)"))
    return tuple(int(n) for n in sizes)


# ---- names -----------------------------------------------------------------------------------------------------------

_counts: dict[str, int] = {}


def snake(kind: str) -> str:
    """A class's name as the name of a layer.

    >>> snake("BatchNormalization"), snake("ReLU")
    ('batch_normalization', 're_lu')
    """
    parts = [f"_{c.lower()}" if c.isupper() and i and _begins(kind, i) else c.lower() for i, c in enumerate(kind)]
    return "".join(parts)


def _begins(kind: str, i: int) -> bool:
    return kind[i - 1].islower() or (i + 1 < len(kind) and kind[i + 1].islower())


def unique(kind: str) -> str:
    """A name that no layer or model of this process has yet: dense, dense_1, …"""
    stem = snake(kind)
    n = _counts[stem] = _counts.get(stem, -1) + 1
    return f"{stem}_{n}" if n else stem


def clear_session() -> None:
    """Begin to count names anew."""
    _counts.clear()
