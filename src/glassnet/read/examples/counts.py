"""Parameters, batches, shapes and other things that are counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import ops
from glassnet.core.dtypes import float64
from glassnet.core.factories import randn
from glassnet.core.generator import fork_rng, manual_seed
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.read.examples.work import Work, example


def _count(work: Work, name: str, sizes: Sequence[int]) -> Any:
    """The parameters of a network of dense layers, as the sum over its layers."""
    given = {f"n{i}": n for i, n in enumerate(sizes)}
    terms = [f"(n{i} + 1)*n{i + 1}" for i in range(len(sizes) - 1)]
    return work.compute(name, " + ".join(terms), "P", **given)


@example("W11", "How many parameters a network has")
def parameter_count(work: Work) -> None:
    """Every unit has a weight for each unit before it, and a bias: (n₀ + 1)·n₁ + (n₁ + 1)·n₂ + …"""
    for name, sizes in {
        "2-1 (gate / logistic regression)": [2, 1], "2-2-1": [2, 2, 1], "2-3-1": [2, 3, 1],
        "2-10-1": [2, 10, 1], "4-3-2": [4, 3, 2], "784-10": [784, 10],
        "784-128-10": [784, 128, 10], "784-128-64-10": [784, 128, 64, 10], "784-10000-10 (wide)": [784, 10000, 10],
        "784-[100]*10-10 (deep)": [784, *[100] * 10, 10],
    }.items():  # fmt: skip
        _count(work, name, sizes)


@example("W20", "The nine parameters of 2-2-1")
def nine_parameters(work: Work) -> None:
    """Six in the first layer, three in the second."""
    for name, (inputs, outputs) in {"2->2": (2, 2), "2->1": (2, 1)}.items():
        work.compute(f"{name} weights", "a*b", a=inputs, b=outputs)
        work.keep(f"{name} biases", float(outputs))
        work.compute(f"{name} total", "a*b + b", a=inputs, b=outputs)
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    work.keep("total", float(sum(p.array.size for p in model.parameters())))


@example("W21", "The 101,770 parameters of 784-128-10")
def mnist_parameters(work: Work) -> None:
    """Nearly all of them look at pixels."""
    work.compute("W1", "a*b", a=784, b=128)
    work.keep("b1", 128.0)
    work.compute("W2", "a*b", a=128, b=10)
    work.keep("b2", 10.0)
    total = _count(work, "total", [784, 128, 10])
    work.keep("'100K parameters'", total)


@example("W29", "Who is to blame")
def blame_tree(work: Work) -> None:
    """Shares multiply along a path. Slopes do as well, but they have signs and need not add up to the whole."""
    engineering, backend, half = 0.4, 0.7, 0.5
    work.keep("VP Sales", 0.6)
    work.keep("VP Engineering", engineering)
    work.compute("Frontend of the whole", "a*b", a=engineering, b=0.3)
    work.compute("Backend of the whole", "a*b", a=engineering, b=backend)
    for name in ("Alice", "Bob"):
        work.compute(f"{name} of the whole", "a*b*c", a=engineering, b=backend, c=half)
    leaves = [0.6, *(work.values[f"{name} of the whole"] for name in ("Frontend", "Alice", "Bob"))]
    work.compute("leaves sum", "sum(s)", s=leaves)


@example("W30", "Batches, iterations and epochs")
def iterations(work: Work) -> None:
    """The last batch of an epoch may be short: 60,000 examples in batches of 64 leave 32 for it."""
    per_epoch = work.compute("iterations per epoch", "ceil(N / B)", N=10000, B=100)
    for epochs in (10, 100):
        work.compute(f"updates for {epochs} epochs", "n*epochs", n=per_epoch, epochs=epochs)
    work.compute("MNIST 60,000 / batch 64 iterations per epoch", "ceil(N / B)", N=60000, B=64)
    work.compute("with batch 32", "ceil(N / B)", N=60000, B=32)


@example("W31", "A training log made up to illustrate")
def training_log(work: Work) -> None:
    """2.30 and 10 % are how things stand before any update, though the log says epoch 1: on MNIST one epoch gives 85 to
    95 %. A loss of 0.50 means 61 % for the true class on (geometric) average, 0.08 means 92 %, 0.01 means 99 %."""
    first = work.compute("loss before any update", "ln(n)", n=10)
    work.keep("loss", [first, 0.5, 0.08, 0.01])
    work.keep("accuracy %", [10, 85, 97, 99])


@example("W32", "Overfitting in six numbers")
def overfitting(work: Work) -> None:
    """The loss on new data turns at epoch 10: those weights are to be kept."""
    train, validation = [2.3, 0.1, 0.001], [2.3, 0.3, 0.5]
    work.keep("train loss", train)
    work.keep("val loss", validation)
    work.compute("gap between validation and training", "v - t", "g", v=validation, t=train)


@example("W34", "One wide layer or ten narrow ones")
def width_against_depth(work: Work) -> None:
    """10,000 units against 1,000 is not one budget: the wide network has 47 times the parameters. A fair comparison
    gives both the same number."""
    wide = _count(work, "parameters, MNIST in/out, wide", [784, 10000, 10])
    deep = _count(work, "parameters, deep", [784, *[100] * 10, 10])
    work.compute("ratio", "a / b", a=wide, b=deep)


@example("W36", "The shapes of a forward pass")
def shapes(work: Work) -> None:
    """(128, 784) times (784, m) is (128, m); (10, 128) times (128, m) is (10, m)."""
    x = wrap(np.zeros((784, 5)))
    z1 = wrap(np.zeros((128, 784))) @ x
    z2 = wrap(np.zeros((10, 128))) @ z1
    work.keep("Z1 rows", float(z1.shape[0]))
    work.keep("Z2 rows", float(z2.shape[0]))
    for name, sizes in (("784-128-10", [784, 128, 10]), ("784-128-64-10", [784, 128, 64, 10]), ("784-10", [784, 10])):
        _count(work, f"parameters {name}", sizes)


@example("W41", "How large weights should start")
def starting_scales(work: Work) -> None:
    """What the lecture calls Xavier (or Glorot) is 1/n (LeCun, 1998); Glorot and Bengio (2010) take 2/(n_in + n_out).
    Too small a start dies out layer by layer: after 20 layers at 0.01 nothing is left. The last three depend on the
    random numbers, and are measured anew here."""
    work.compute("sqrt(1/784), called Xavier in the lecture", "sqrt(1 / n)", "s", n=784)
    work.compute("sqrt(2/784), He's", "sqrt(2 / n)", "s", n=784)
    work.compute("sqrt(2/(784+128)), Glorot and Bengio's", "sqrt(2 / (n + m))", "s", n=784, m=128)
    work.compute("standard deviation of PyTorch's default", "sqrt(1 / (3*n))", "s", n=784)
    for name, scale in (("deviation after 20 ReLU layers of 256, He", math.sqrt(2 / 256)),
                        ("the same with sqrt(1/n)", math.sqrt(1 / 256)), ("the same with 0.01", 0.01)):  # fmt: skip
        work.keep(name, _deviation_after_layers(scale))


def _deviation_after_layers(scale: float) -> float:
    with fork_rng(), no_grad():
        manual_seed(0)
        a = randn(256, 256, dtype=float64)
        for _ in range(20):
            a = ops.relu(a @ (randn(256, 256, dtype=float64) * scale))
    return float(a.array.std())


@example("W45", "How large a grid of settings is")
def grid(work: Work) -> None:
    """All combinations against one thing at a time from a common base."""
    choices: list[Any] = [4, 4, 3, 4]
    work.compute("full grid runs", "a*b*c*d", **dict(zip("abcd", choices, strict=True)))
    work.compute("one-at-a-time runs", "sum(n - 1) + 1", n=choices)


@example("W46", "MNIST in numbers")
def mnist_counts(work: Work) -> None:
    """1,135 of the 10,000 test images are ones: a classifier that always says 1 is right that often."""
    work.compute("images", "a + b", a=60000, b=10000)
    work.compute("features", "a*b", a=28, b=28)
    work.compute("random guessing %", "100 / n", n=10)
    work.compute("test-set majority class (1) %", "100*ones / n", ones=1135, n=10000)


@example("W47", "What AlexNet gained")
def alexnet(work: Work) -> None:
    """15.3 % was the average of seven networks, two of them trained on more data; one alone had 18.2 %. The next best
    entry had 26.2 %."""
    work.compute("points gained", "a - b", a=26, b=15.3)
    work.compute("relative reduction %", "100*(a - b) / a", a=26, b=15.3)


@example("W48", "What depth can fold")
def linear_pieces(work: Work) -> None:
    """A tent, 2·relu(x) − 4·relu(x − ½), takes two units; put into itself n times it has 2ⁿ straight pieces. One hidden
    layer needs a unit for every bend: 2ⁿ − 1 of them (Telgarsky, 2016)."""
    for depth in (1, 2, 3, 5, 8):
        x = wrap(np.arange(2 ** (depth + 2) + 1) / 2 ** (depth + 2))  # four steps in every piece, all exact in binary
        for _ in range(depth):
            x = ops.relu(x) * 2.0 - ops.relu(x - 0.5) * 4.0
        slopes = np.diff(x.array)
        work.keep(f"linear pieces, depth {depth}", float(1 + np.count_nonzero(np.diff(slopes))))


@example("W52", "What Keras' fit() does on MNIST")
def keras_fit(work: Work) -> None:
    """validation_split takes the last fifth, before anything is shuffled."""
    left = work.compute("training samples", "n*(1 - share)", n=60000, share=0.2)
    work.compute("validation samples", "n*share", n=60000, share=0.2)
    steps = work.compute("steps per epoch", "ceil(n / B)", n=left, B=32)
    work.compute("updates in 10 epochs", "n*epochs", n=steps, epochs=10)
    _count(work, "parameters Dense128-Dense10", [784, 128, 10])


@example("W54", "Training, validation, test")
def splits(work: Work) -> None:
    """MNIST comes as 60,000 and 10,000, without a part for validation."""
    work.compute("70+15+15", "a + b + c", a=70, b=15, c=15)
    work.compute("80+10+10", "a + b + c", a=80, b=10, c=10)
    work.compute("MNIST 70,000 at 80/10/10", "n*shares / 100", n=70000, shares=[80, 10, 10])


@example("W57", "Which layers are counted")
def counted_layers(work: Work) -> None:
    """A figure with input, three hidden layers and output has five layers if the input counts, and four matrices."""
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)))
    work.compute("layers counted with the input", "hidden + 2", hidden=3)
    work.keep("layers with weights", float(len(model)))
