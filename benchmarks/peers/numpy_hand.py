"""The step that a patient person would write by hand in NumPy: no array is made while it runs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.batching import Batches, ways
from benchmarks.peers import Runner
from benchmarks.problem import Array, Layers, Problem
from benchmarks.workloads import Workload

Matrix = NDArray[np.float32]


def recipes(workload: Workload) -> tuple[str, ...]:
    return ("preallocated",) if workload.task == "predict" else ways(workload.shuffled)


def prepare(problem: Problem, recipe: str) -> Runner:
    workload = problem.workload
    network = Network(problem)
    if workload.task == "predict":
        return _predictor(problem, network)
    batches = Batches(problem, recipe)
    update = UPDATES[workload.optimizer](network.parameters, network.gradient, workload.rate)

    def unit() -> None:
        for _ in range(workload.epochs):
            for x, y in batches:
                network.gradients(x, y)
                update()

    return Runner(unit, lambda: network.layers)


def _predictor(problem: Problem, network: "Network") -> Runner:
    x, repeats = problem.features(), problem.workload.epochs

    def unit() -> Matrix:
        for _ in range(repeats):
            z = network.forward(x)
        return z

    return Runner(unit, lambda: network.forward(x))


def flattened(layers: Layers) -> tuple[Matrix, Layers]:
    """One vector of all parameters, and each W and b as a window on it: an update is then a few long operations."""
    vector = np.concatenate([part.ravel() for layer in layers for part in layer])
    return vector, windows(vector, layers)


def windows(vector: Matrix, layers: Layers) -> Layers:
    """The parts of `vector` in the shapes of `layers`."""
    shapes = [part.shape for layer in layers for part in layer]
    stops = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = [part.reshape(shape) for part, shape in zip(np.split(vector, stops[:-1]), shapes, strict=True)]
    return list(zip(parts[::2], parts[1::2], strict=True))


class Workspace:
    """Every array that a step over batches of one size writes to."""

    def __init__(self, layers: Layers, rows: int) -> None:
        widths = [len(b) for _, b in layers]
        self.z = [np.empty((rows, width), np.float32) for width in widths]
        self.d = [np.empty((rows, width), np.float32) for width in widths]
        self.scratch = [np.empty((rows, width), np.float32) for width in widths]
        self.zeros = [np.zeros((rows, width), np.float32) for width in widths]
        self.mask = [np.empty((rows, width), bool) for width in widths]
        self.column = np.empty((rows, 1), np.float32)
        self.ones = np.ones(rows, np.float32)
        self.first_of_row = np.arange(rows) * widths[-1]
        self.scale = np.array(1 / rows, np.float32)  # a 0-d array keeps NumPy on its short path


class Network:
    """Weights, their gradients, and one workspace for each batch size."""

    def __init__(self, problem: Problem) -> None:
        workload = problem.workload
        self.parameters, self.layers = flattened(problem.layers)
        self.gradient = np.empty_like(self.parameters)
        self.slopes = windows(self.gradient, problem.layers)
        self.spaces = {size: Workspace(problem.layers, size) for size in set(workload.batch_sizes)}
        self.activate, self.through = ACTIVATIONS[workload.activation]
        self.loss_slope = LOSS_SLOPES[workload.loss]

    def forward(self, x: Matrix) -> Matrix:
        """Scores (rows, outputs)."""
        space = self.spaces[len(x)]
        a, last = x, len(self.layers) - 1
        for depth, (W, b) in enumerate(self.layers):
            z = np.dot(a, W, space.z[depth])  # (rows, out) = (rows, in) @ (in, out)
            np.add(z, b, z)
            if depth < last:
                self.activate(space, depth)
            a = z
        return a

    def gradients(self, x: Matrix, y: Array) -> None:
        """Fill the gradient vector for one batch."""
        space = self.spaces[len(x)]
        d = self.loss_slope(space, self.forward(x), y)
        for depth in reversed(range(len(self.layers))):
            dW, db = self.slopes[depth]
            a = space.z[depth - 1] if depth else x
            np.dot(a.T, d, dW)  # (in, out) = (in, rows) @ (rows, out)
            np.dot(space.ones, d, db)  # a product is faster than a sum over rows
            if depth:
                d = np.dot(d, self.layers[depth][0].T, space.d[depth - 1])  # (rows, in) = (rows, out) @ (out, in)
                self.through(space, depth - 1)


def relu(space: Workspace, depth: int) -> None:
    z = space.z[depth]
    np.maximum(z, space.zeros[depth], out=z)  # against an array of zeros five times faster than against 0


def through_relu(space: Workspace, depth: int) -> None:
    mask, d = space.mask[depth], space.d[depth]
    np.greater(space.z[depth], space.zeros[depth], mask)
    np.multiply(d, mask, d)


def tanh(space: Workspace, depth: int) -> None:
    z = space.z[depth]
    np.tanh(z, z)


def through_tanh(space: Workspace, depth: int) -> None:
    slope, d = space.scratch[depth], space.d[depth]
    np.multiply(space.z[depth], space.z[depth], slope)
    np.subtract(1, slope, slope)  # 1 - tanh²
    np.multiply(d, slope, d)


def cross_entropy_slope(space: Workspace, z: Matrix, y: Array) -> Matrix:
    """(softmax(z) - one_hot(y)) / rows."""
    d, column = space.d[-1], space.column
    np.maximum.reduce(z, axis=1, keepdims=True, out=column)
    np.subtract(z, column, d)
    np.exp(d, d)
    np.add.reduce(d, axis=1, keepdims=True, out=column)
    np.divide(d, column, d)
    d.ravel()[space.first_of_row + y] -= 1
    return np.multiply(d, space.scale, d)


def bce_slope(space: Workspace, z: Matrix, y: Array) -> Matrix:
    """(sigmoid(z) - y) / rows, with sigmoid as (1 + tanh(z/2))/2, which cannot overflow."""
    d = space.d[-1]
    np.multiply(z, 0.5, d)
    np.tanh(d, d)
    np.multiply(d, 0.5, d)
    np.add(d, 0.5, d)
    np.subtract(d, y, d)
    return np.multiply(d, space.scale, d)


def mse_slope(space: Workspace, z: Matrix, y: Array) -> Matrix:
    """2 (z - y) / rows."""
    d = space.d[-1]
    np.subtract(z, y, d)
    np.multiply(d, space.scale, d)
    return np.add(d, d, d)


ACTIVATIONS = {"relu": (relu, through_relu), "tanh": (tanh, through_tanh)}
LOSS_SLOPES = {"cross_entropy": cross_entropy_slope, "bce": bce_slope, "mse": mse_slope}


def gradient_descent(w: Matrix, g: Matrix, rate: float) -> Callable[[], None]:
    """w ← w - rate g."""
    rate_0d = np.array(rate, np.float32)

    def update() -> None:
        np.multiply(g, rate_0d, g)
        np.subtract(w, g, w)

    return update


def adam(w: Matrix, g: Matrix, rate: float, beta1: float = 0.9, beta2: float = 0.999) -> Callable[[], None]:
    """Adam (Kingma and Ba, 2015), with both bias corrections folded into the rate and into epsilon."""
    m, v, scratch = np.zeros_like(w), np.zeros_like(w), np.empty_like(w)
    step = 0

    def update() -> None:
        nonlocal step
        step += 1
        root = (1 - beta2**step) ** 0.5
        np.subtract(g, m, scratch)
        np.multiply(scratch, np.float32(1 - beta1), scratch)
        np.add(m, scratch, m)  # m ← m + (1 - β1)(g - m)
        np.multiply(g, g, g)
        np.subtract(g, v, g)
        np.multiply(g, np.float32(1 - beta2), g)
        np.add(v, g, v)  # v ← v + (1 - β2)(g² - v)
        np.sqrt(v, scratch)
        np.add(scratch, np.float32(1e-8 * root), scratch)
        np.divide(m, scratch, scratch)
        np.multiply(scratch, np.float32(rate * root / (1 - beta1**step)), scratch)
        np.subtract(w, scratch, w)

    return update


UPDATES = {"sgd": gradient_descent, "adam": adam}
