"""Keras's layers. Each knows its settings, and makes the modules that carry it out once it knows the input's shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import ops
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, NotSupportedError, ShapeError, complain
from glassnet.faces.keras import activations, initializers
from glassnet.faces.keras.layer import Input, InputLayer, Layer, Shape
from glassnet.faces.keras.merging import (
    Add,
    Average,
    Concatenate,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    maximum,
    minimum,
    multiply,
    subtract,
)
from glassnet.faces.keras.more_layers import (
    ActivityRegularization,
    AlphaDropout,
    GaussianDropout,
    GaussianNoise,
    Identity,
    Lambda,
    Normalization,
    Permute,
    PReLU,
    RepeatVector,
    UnitNormalization,
)

__all__ = [
    "ELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "BatchNorm",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Softmax",
    "Subtract",
    "UnitNormalization",
    "add",
    "average",
    "concatenate",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


class Dense(Layer):
    """y = activation(x @ kernel + bias): x (..., inputs), kernel (inputs, units), bias (units,).

    Kernels start as Glorot and Bengio (2010) propose, biases at 0.

    >>> layer = Dense(3, activation="relu")
    >>> layer.build((2,))
    >>> [w.shape for w in layer.get_weights()], layer.modules
    ([(2, 3), (3,)], [Linear(in_features=2, out_features=3, bias=True), ReLU()])
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **options)
        if not isinstance(units, int | np.integer) or isinstance(units, bool) or units < 1:
            got = f"Dense: got units={units!r}"
            raise DataError(complain(got, "expected a whole number above 0", "Try Dense(10)"))
        self.units, self.use_bias = int(units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self._rules = (kernel_regularizer, kernel_constraint), (bias_regularizer, bias_constraint)

    def make(self, shape: Shape) -> list[nn.Module]:
        """A Linear module, and the activation if there is one."""
        linear = nn.Linear(shape[-1], self.units, bias=self.use_bias)
        linear.weight.data = wrap(np.ascontiguousarray(self.kernel_initializer((shape[-1], self.units)).T))
        of_kernel, of_bias = self._rules
        self.watch(linear.weight, *of_kernel, turned=True)
        if linear.bias is not None:
            linear.bias.data = wrap(np.ascontiguousarray(self.bias_initializer((self.units,))))
            self.watch(linear.bias, *of_bias)
        module = activations.module_of(self.activation)
        return [linear] if isinstance(module, nn.Identity) else [linear, module]

    def shape_after(self, shape: Shape) -> Shape:
        """The last size becomes the number of units."""
        return (*shape[:-1], self.units)

    @property
    def weights(self) -> list[Tensor]:
        """[kernel, bias], the kernel laid out as (units, inputs)."""
        linear = self.modules[0] if self.modules else None
        return [] if linear is None else [t for t in (linear.weight, linear.bias) if t is not None]

    def get_weights(self) -> list[np.ndarray]:
        """[kernel, bias]."""
        arrays = super().get_weights()
        return [np.ascontiguousarray(arrays[0].T), *arrays[1:]] if arrays else []

    def from_keras(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """A Linear module holds the kernel transposed."""
        return [arrays[0].T, *arrays[1:]]

    @property
    def kernel(self) -> np.ndarray:
        """The kernel, a copy."""
        return self.get_weights()[0]

    @property
    def bias(self) -> np.ndarray | None:
        """The bias, a copy; None without one."""
        return self.get_weights()[1] if self.use_bias else None


class Activation(Layer):
    """An activation function as a layer of its own."""

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activations.get(activation)

    def make(self, shape: Shape) -> list[nn.Module]:
        """The activation."""
        return [activations.module_of(self.activation)]


class ReLU(Activation):
    """max(x, 0), or negative_slope * x below 0, cut off at max_value."""

    def __init__(self, max_value: float | None = None, negative_slope: float = 0.0, **options: Any) -> None:
        if max_value is None:
            super().__init__(nn.LeakyReLU(negative_slope) if negative_slope else nn.ReLU(), **options)
            return
        super().__init__(
            lambda x: ops.clamp(nn.functional.leaky_relu(x, negative_slope), low=None, high=max_value), **options
        )


class LeakyReLU(Activation):
    """x above 0, negative_slope * x below."""

    def __init__(self, negative_slope: float = 0.3, **options: Any) -> None:
        super().__init__(nn.LeakyReLU(negative_slope), **options)


class ELU(Activation):
    """x above 0, alpha * (exp(x) - 1) below."""

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(nn.ELU(alpha), **options)


class Softmax(Activation):
    """exp(x) / sum(exp(x)) along an axis."""

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(nn.Softmax(dim=axis), **options)


class Flatten(Layer):
    """Each example on one line."""

    def make(self, shape: Shape) -> list[nn.Module]:
        """Nothing to do for a line."""
        return [] if len(shape) == 1 else [nn.Flatten()]

    def shape_after(self, shape: Shape) -> Shape:
        """One size."""
        return (math.prod(shape),)


class Reshape(Layer):
    """Each example in another shape; one size may be -1."""

    def __init__(self, target_shape: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.target_shape = tuple(target_shape)

    def make(self, shape: Shape) -> list[nn.Module]:
        """A reshape that leaves the batch alone."""
        target = self.shape_after(shape)
        return [activations.Lambda(lambda x: x.reshape(-1, *target))]

    def shape_after(self, shape: Shape) -> Shape:
        """The target, with its -1 worked out."""
        known = math.prod(n for n in self.target_shape if n != -1)
        sizes = tuple(math.prod(shape) // known if n == -1 else n for n in self.target_shape)
        if math.prod(sizes) != math.prod(shape):
            got = f"Reshape: got {self.target_shape} for examples of shape {shape}"
            raise ShapeError(complain(got, f"expected {math.prod(shape)} numbers in both", "Try (-1,)"))
        return sizes


class Dropout(Layer):
    """In training, each number is 0 with probability `rate`, and the others grow by 1 / (1 - rate)."""

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate  # the masks come from the default stream, whatever the seed
        nn.Dropout(rate)  # refuses a rate that is none
        if noise_shape is not None:
            got = f"Dropout: got noise_shape={noise_shape!r}"
            raise NotSupportedError(complain(got, "expected None", "Try Dropout(rate)"))

    def make(self, shape: Shape) -> list[nn.Module]:
        """A Dropout module."""
        return [nn.Dropout(self.rate)]


class Rescaling(Layer):
    """x * scale + offset: `Rescaling(1 / 255)` turns bytes into numbers from 0 to 1."""

    def __init__(self, scale: float, offset: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale, self.offset = scale, offset

    def make(self, shape: Shape) -> list[nn.Module]:
        """A multiplication and an addition."""
        scale, offset = self.scale, self.offset
        return [activations.Lambda((lambda x: x * scale + offset) if offset else lambda x: x * scale)]


class BatchNormalization(Layer):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, over the batch in training, over running averages later.

    S. Ioffe and C. Szegedy, Batch normalization, 2015.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if axis != -1:
            got = f"BatchNormalization: got axis={axis}"
            raise NotSupportedError(complain(got, "expected the features on the last axis", "Try axis=-1"))
        self.momentum, self.epsilon, self.center, self.scale = momentum, epsilon, center, scale

    def make(self, shape: Shape) -> list[nn.Module]:
        """One module with gamma, beta and the running averages."""
        return [BatchNorm(shape[-1], self.momentum, self.epsilon, self.center, self.scale)]


class BatchNorm(nn.Module):
    """Keras's batch normalisation over all axes but the last.

    Its averages run over the plain (biased) variance, and a frozen layer uses them in training, too.
    """

    moving_mean: Tensor
    moving_variance: Tensor

    def __init__(self, size: int, momentum: float, epsilon: float, center: bool, scale: bool) -> None:
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon
        self.gamma = nn.Parameter(wrap(np.ones(size, np.float32))) if scale else None
        self.beta = nn.Parameter(wrap(np.zeros(size, np.float32))) if center else None
        self.register_buffer("moving_mean", wrap(np.zeros(size, np.float32)))
        self.register_buffer("moving_variance", wrap(np.ones(size, np.float32)))

    def forward(self, x: Tensor) -> Tensor:
        """x, normalised; in training the averages move."""
        frozen = all(p is not None and not p.requires_grad for p in (self.gamma, self.beta))
        if self.training and not frozen:
            over = tuple(range(x.ndim - 1))
            mean = x.mean(over)
            away = x - mean
            variance = ops.square(away).mean(over)
            self._remember(mean, variance)
        else:
            away, variance = x - self.moving_mean, self.moving_variance
        per_number = 1.0 / ops.sqrt(variance + self.epsilon)
        y = away * (per_number if self.gamma is None else per_number * self.gamma)
        return y if self.beta is None else y + self.beta

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        share = 1.0 - self.momentum
        with no_grad():
            for average, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
                average.mul_(self.momentum).add_(now.detach() * share)

    def extra_repr(self) -> str:
        """Momentum and epsilon."""
        return f"momentum={self.momentum}, epsilon={self.epsilon}"


class LayerNormalization(Layer):
    """Each example's features brought to mean 0 and variance 1, then times gamma plus beta (J. L. Ba et al., 2016)."""

    def __init__(self, axis: int = -1, epsilon: float = 1e-3, **options: Any) -> None:
        super().__init__(**options)
        if axis != -1:
            got = f"LayerNormalization: got axis={axis}"
            raise NotSupportedError(complain(got, "expected the last axis", "Try axis=-1"))
        self.epsilon = epsilon

    def make(self, shape: Shape) -> list[nn.Module]:
        """A LayerNorm module."""
        return [nn.LayerNorm(shape[-1], eps=self.epsilon)]


class Embedding(Layer):
    """A row of a table for every whole number: (..., ) becomes (..., output_dim)."""

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        input_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(input_shape=input_shape, **options)
        self.input_dim, self.output_dim = input_dim, output_dim
        self.initializer = initializers.get(embeddings_initializer)

    def make(self, shape: Shape) -> list[nn.Module]:
        """An Embedding module, fed with whole numbers (a model's inputs are float32)."""
        table = nn.Embedding(self.input_dim, self.output_dim)
        table.weight.data = wrap(self.initializer((self.input_dim, self.output_dim)))
        return [activations.Lambda(_whole), table]

    def shape_after(self, shape: Shape) -> Shape:
        """One more size."""
        return (*shape, self.output_dim)


def _whole(x: Tensor) -> Tensor:
    return x.long()


_LEFT_OUT = {
    "Conv1D": "glassnet.nn.Conv1d",
    "Conv2D": "glassnet.nn.Conv2d (channels first)",
    "MaxPooling2D": "glassnet.nn.MaxPool2d (channels first)",
    "AveragePooling2D": "glassnet.nn.AvgPool2d (channels first)",
    "GlobalAveragePooling2D": "x.mean((2, 3)) in a glassnet.nn.Module",
    "LSTM": "Dense over a window of the sequence",
    "GRU": "Dense over a window of the sequence",
    "SimpleRNN": "Dense over a window of the sequence",
    "MultiHeadAttention": "matmul and softmax in a glassnet.nn.Module",
    "Bidirectional": "Dense over a window of the sequence",
    "TimeDistributed": "Dense, which works on the last axis of any shape",
    "Conv2DTranspose": "glassnet.nn.Module with your own forward",
    "TextVectorization": "glassnet train table.csv --target column",
    "StringLookup": "glassnet train table.csv --target column",
    "Discretization": "numpy.digitize before the model",
    "CategoryEncoding": "keras.utils.to_categorical before the model",
}


def __getattr__(name: str) -> Any:
    """Only for layers that Keras has and this face leaves out: say what to use instead."""
    if name in _LEFT_OUT:
        got = f"keras.layers.{name}: got a layer that glassnet's Keras face leaves out"
        raise NotSupportedError(complain(got, "expected one for multilayer perceptrons", f"Try {_LEFT_OUT[name]}"))
    raise AttributeError(f"module 'glassnet.keras.layers' has no attribute {name!r}")
