"""Whole networks: forward, backward, and what the layers make of the space."""

from __future__ import annotations

import base64
import itertools
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import ops
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.nn import functional as F
from glassnet.read.descent import Descent
from glassnet.read.document import Document
from glassnet.read.examples.work import Work, example
from glassnet.read.explain import explain

Numbers = Sequence[Any]
_DOUBLE = np.dtype(np.float64)

# A handwritten 7, 28×28: the first image of MNIST's test set (LeCun, Cortes and Burges, 1998), compressed.
_SEVEN = (
    "c-muN7%m`W=ltn5D%j=j{R4uJ$Dm-939_7Xkw?+u$NwGzRs4GT?_UpwW<e)DXJ=<?(Kr9HaM>OF_o5IEDY2LTgK=qV{P#`=hm`fte|EUEwf@`9ibIO?>"
    "<=qk+Uovo!zJbY`-3G8DdD^Smf?_MKK<{uG7dSlfB$@ONXb9=SImghYyV7eNZEeEEm!&P-)#+?a_5DJPelM)he#I"
)


def two_layers(weights: Sequence[Numbers], *bends: nn.Module) -> nn.Sequential:
    """A network of two layers with these weights, in float64: W1, b1, W2, b2."""
    layers: list[nn.Module] = []
    for w, b, bend in zip(weights[::2], weights[1::2], bends, strict=True):
        layer = nn.Linear(len(w[0]), len(w)).double()
        with no_grad():
            layer.weight.copy_(wrap(np.array(w, np.float64)))
            if layer.bias is not None:
                layer.bias.copy_(wrap(np.array(b, np.float64)))
        layers += [layer, bend]
    return nn.Sequential(*layers)


def found(
    document: Document, name: str, layer: str = "", part: str = "", slope: bool = False, new: bool = False
) -> Any:
    """The value of a step, by what it is called."""
    for step in document.steps:
        s = step.symbol
        if (s.letter, s.layer, s.slope, s.new) == (name, layer, slope, new):
            return step.result
    raise KeyError(name)


@example("W02", "Forward through a 2-2-1 sigmoid network")
def forward_pass(work: Work) -> None:
    """Both hidden units happen to see the same sum, so they give the same answer."""
    model = two_layers([[[0.5, 0.3], [0.2, 0.4]], [0.1, 0.2], [[0.6, 0.7]], [0.3]], nn.Sigmoid(), nn.Sigmoid())
    told = work.tell(explain(model, [1.0, 2.0]))
    z, h = found(told, "z", "1")[0], found(told, "a", "1")[0]
    for i in (0, 1):
        work.keep(f"z1_{i + 1}", z[i])
        work.keep(f"h1_{i + 1}", h[i])
    work.keep("0.6*h1", wrap(h[0]) * 0.6)
    work.keep("0.7*h2", wrap(h[1]) * 0.7)
    work.keep("z2", found(told, "z", "2").item())
    work.keep("yhat", found(told, "ŷ").item())


_COMPLETE = [[[0.4, 0.6], [0.3, 0.5]], [0.1, 0.2], [[0.7, 0.8]], [0.3]]


@example("W03", "Complete backpropagation of a 2-2-1 sigmoid network")
def complete_backpropagation(work: Work) -> None:
    """The method of the lecture is right everywhere. Its digits drift because it rounds the hidden activations to three
    digits and goes on with those: 0.8 · 0.701 makes z 1.359 instead of 1.358, ŷ 0.796 instead of 0.795, and the slip
    grows to 0.0003 in the new weights. Rounding once, at the end, is what the first column does. What is called MSE
    there has ½ in front and no mean."""
    model = two_layers(_COMPLETE, nn.Sigmoid(), nn.Sigmoid())
    optimizer = Descent(model.parameters(), lr=0.5)
    told = explain(model, [0.5, 1.0], [1.0], loss="half-square", optimizer=optimizer, gradcheck=True)
    work.tell(told)
    z1, a1, z2, y = (found(told, *name) for name in (("z", "1"), ("a", "1"), ("z", "2"), ("ŷ", "")))
    for i in (0, 1):
        work.keep(f"z1_{i + 1}", z1[0, i])
        work.keep(f"a1_{i + 1}", a1[0, i])
    work.keep("0.7*a1_1", wrap(a1[0, 0]) * 0.7)
    work.keep("0.8*a1_2", wrap(a1[0, 1]) * 0.8)
    work.keep("z2", z2.item())
    work.keep("yhat", y.item())
    off = 1.0 - wrap(y)
    work.keep("y-yhat", off.item())
    work.keep("(y-yhat)^2", (off * off).item())
    work.keep("loss = 1/2 (y-yhat)^2", found(told, "L").item())
    work.keep("sigma'(z2)", (wrap(y) * off).item())
    _complete_slopes(work, told, wrap(a1))
    _complete_update(work, told)
    differences = [abs(line.numeric - line.value) for line in told.equations() if line.numeric is not None]
    work.keep("largest difference from central differences", float(max(differences)))


def _complete_slopes(work: Work, told: Document, a1: Tensor) -> None:
    def slope(name: str, layer: str) -> np.ndarray:
        return found(told, name, layer, slope=True)

    work.keep("delta2 = dL/dz2", slope("z", "2").item())
    work.keep("dL/dW2", slope("W", "2")[0])
    work.keep("dL/db2", slope("b", "2").item())
    slopes = (a1 * (1.0 - a1)).array[0]
    for i in (0, 1):
        work.keep(f"sigma'(z1_{i + 1})", slopes[i])
        work.keep(f"delta1_{i + 1}", slope("z", "1")[0, i])
        for j in (0, 1):
            work.keep(f"dL/dW1_{i + 1}{j + 1}", slope("W", "1")[i, j])
    work.keep("dL/db1", slope("b", "1"))


def _complete_update(work: Work, told: Document) -> None:
    new = {f"{name}{layer}": found(told, name, layer, new=True) for name in "Wb" for layer in "12"}
    work.keep("W2_new (lr 0.5)", new["W2"][0])
    work.keep("b2_new", new["b2"].item())
    work.keep("W1_new", new["W1"])
    work.keep("b1_new", new["b1"])
    after = two_layers([new["W1"], new["b1"], new["W2"], new["b2"]], nn.Sigmoid(), nn.Sigmoid())
    y = after(wrap(np.array([[0.5, 1.0]])))
    work.keep("yhat after the update", y.item())
    work.keep("loss after the update", (ops.square(y - 1.0) * 0.5).item())


@example("W19", "A tiny network with ReLU")
def tiny_network(work: Work) -> None:
    """The lecture prints the answer alone, 59 %; weights that give it are supplied. Both hidden units are on;
    x = (0, −1) would show them off."""
    weights = [[[0.5, 0.8], [-0.3, 0.6]], [-0.1, 0.2], [[0.7, -0.5]], [-0.1]]
    told = work.tell(explain(two_layers(weights, nn.ReLU(), nn.Sigmoid()), [1.0, 0.5]))
    work.keep("z1", found(told, "z", "1")[0])
    work.keep("h", found(told, "a", "1")[0])
    work.keep("z_out", found(told, "z", "2").item())
    work.keep("yhat", found(told, "ŷ").item())


@example("W27", "A hundred linear layers are one")
def collapse(work: Work) -> None:
    """Without a bend between them, matrices multiply into one matrix: W′ = W₂W₁ and b′ = W₂b₁ + b₂."""
    given = {"W1": [[0.5, 0.3], [0.2, 0.4]], "W2": [[0.6, 0.7]], "b1": [0.1, 0.2], "b2": 0.3}
    work.keep("W'", work.compute("the product of the matrices", "W2 @ W1", "W′", **given)[0])
    work.keep("b'", work.compute("the bias of both", "W2 @ b1 + b2", "b′", **given)[0])
    rng = np.random.default_rng(0)
    matrices = [wrap(rng.standard_normal((4, 4)) / 2) for _ in range(100)]
    x = wrap(rng.standard_normal(4))
    h, whole = x, wrap(np.eye(4))
    for w in matrices:
        h, whole = w @ h, w @ whole
    largest = ops.amax(ops.abs(h - whole @ x), dim=None, keepdim=False)
    work.keep("max |100-layer linear net - its single matrix| for one random input", largest)


@example("W28", "Random weights know nothing")
def random_weights(work: Work) -> None:
    """Every class gets about a tenth, so the loss starts at about ln 10. The ten printed 0.10 are roundings of ten
    different numbers. The extremes over a thousand images were measured once, on MNIST's test set."""
    work.compute("loss of a uniform prediction, ln 10", "-ln(p)", "L", p=0.1)
    work.compute("probability of each class", "1 / n", "p", n=10)
    rng = np.random.RandomState(0)
    w1, w2 = (wrap(rng.randn(*shape) * 0.01) for shape in ((128, 784), (10, 128)))
    seven = wrap(np.frombuffer(zlib.decompress(base64.b85decode(_SEVEN)), np.uint8) / 255)
    work.keep("a '7' seen by random weights", ops.softmax(w2 @ ops.relu(w1 @ seven), dim=0))
    work.keep("min and max probability over 1000 test images", [0.0971159062532819, 0.10231762631096432])


@example("W43", "A backward pass that belongs to another loss")
def own_backward(work: Work) -> None:
    """The slopes of the lecture's module, Z − Y at the output divided by the number of examples, are those of a loss
    that is added up over the outputs. Its cost averages over the outputs as well: with three outputs the slopes are
    three times those of the cost that is printed. It also ends in a sigmoid for every task, and computes a dAL that
    it never uses, which divides by 0 where AL is 0 or 1."""
    for outputs, name in ((1, "one output"), (3, "three outputs")):
        analytic, numeric = _both_slopes(outputs)
        if outputs == 1:
            work.keep("one output: max |backward - numeric|", float(np.abs(analytic - numeric).max()))
        work.keep(f"{name}: median ratio backward/numeric", float(np.median(analytic / numeric)))


def _both_slopes(outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """The slopes along the last weights: those of the module's backward pass, and differences of its cost."""
    rng = np.random.default_rng(0)
    sizes, m = (3, 5, 4, outputs), 7
    weights = [wrap(rng.standard_normal((b, a))) for a, b in itertools.pairwise(sizes)]
    x, y = wrap(rng.standard_normal((3, m))), wrap((rng.random((outputs, m)) > 0.5).astype(np.float64))

    def forward() -> tuple[Tensor, Tensor]:
        a = x
        for w in weights[:-1]:
            a = ops.relu(w @ a)
        return a, ops.sigmoid(weights[-1] @ a)

    before, al = forward()
    analytic = ((al - y) @ before.T / float(m)).array  # what the module computes
    cost = lambda: F.binary_cross_entropy(forward()[1], y).item()  # noqa: E731 - the mean over outputs and examples
    numeric, h = np.zeros_like(analytic), 1e-6
    last = weights[-1].array
    for at in np.ndindex(last.shape):
        here = last[at]
        last[at] = here + h
        above = cost()
        last[at] = here - h
        numeric[at] = (above - cost()) / (2 * h)
        last[at] = here
    seen = np.abs(numeric) > 1e-9  # a unit that is off has no slope to compare
    return analytic[seen], numeric[seen]


@example("W50", "Samples in rows or in columns")
def conventions(work: Work) -> None:
    """X Wᵀ + b with examples in rows and W X + b with examples in columns are the same numbers, turned."""
    x = np.arange(1.0, 7.0).reshape(3, 2)
    w, b = np.arange(20.0).reshape(10, 2) / 10, np.arange(10.0) / 10
    rows = ops.linear(wrap(x), wrap(w), wrap(b))
    columns = wrap(w) @ wrap(x.T) + wrap(b[:, None])
    work.keep("shape of X W^T + b", list(rows.shape))
    work.keep("max |X W^T + b - (W X^T + b[:,None])^T|", ops.amax(ops.abs(rows - columns.T), dim=None, keepdim=False))


@example("W55", "One prediction, five losses")
def five_losses(work: Work) -> None:
    """The same output of W03 under five conventions. With the cross-entropy the slope of the sigmoid cancels, and what
    comes back is six times as much: the reason to pair the two."""
    model = two_layers(_COMPLETE, nn.Sigmoid(), nn.Sigmoid())
    losses = {"square": "(yhat-y)^2", "half-square": "1/2 (yhat-y)^2", "bce": "BCE"}
    deltas = {"square": "delta2 with (yhat-y)^2", "half-square": "delta2 with 1/2 MSE", "bce": "delta2 with BCE"}
    for loss, name in losses.items():
        told = explain(model, [0.5, 1.0], [1.0], loss=loss)
        told.steps = [s for s in told.steps if s.part == "loss" or (s.symbol.slope and s.symbol.letter in "ŷz")][:3]
        work.tell(told)
        work.keep(name, found(told, "L").item())
        work.keep(deltas[loss], found(told, "z", "2", slope=True).item())


@example("W58", "A backward loop that forgets the last layer")
def pseudocode(work: Work) -> None:
    """The loop runs from L − 1 down to 1, so dW and db of layer L are never set, yet the update reads them. Two lines
    before the loop mend it: dW[L] = delta[L]·a[L−1]ᵀ and db[L] = delta[L]. The same sign stands for the product of
    matrices and for the product number by number."""
    layers = 3
    filled = {layer for layer in range(layers - 1, 0, -1)}  # noqa: C416 - the loop of the lecture, as it stands
    work.keep("layers whose dW, db the loop fills, L=3", sorted(float(layer) for layer in filled))
