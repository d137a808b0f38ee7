"""Single neurons: gates, XOR, activations, Rosenblatt's rule."""

from __future__ import annotations

from typing import Any

import numpy as np

import glassnet.core.factories as make
from glassnet.core import ops
from glassnet.core.tensor import Tensor, wrap
from glassnet.read.examples.work import Work, example

_ROWS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
_TRUTH = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "NAND": [1, 1, 1, 0], "XOR": [0, 1, 1, 0]}


@example("W01", "A perceptron with three inputs")
def perceptron(work: Work) -> None:
    """The sum comes to 0.30000000000000004 in float64: compare such numbers with a tolerance. The lecture writes σ for
    the step, which is σ for the sigmoid everywhere else."""
    given: dict[str, Any] = {"x1": 2.0, "x2": 3.0, "x3": -1.0, "w1": 0.5, "w2": -0.3, "w3": 0.8, "b": 1.0}
    for i in (1, 2, 3):
        work.compute(f"w{i}*x{i}", f"w{i}*x{i}", **given)
    z = work.compute("z", "w1*x1 + w2*x2 + w3*x3 + b", "z", **given)
    work.compute("y=step(z)", "step(z)", "y", z=z)


def _gate(work: Work, w: list[float], b: float) -> Any:
    z = work.compute("z", "x @ w + b", "z", x=_ROWS, w=w, b=b)
    y = work.compute("y", "step(z)", "y", z=z)
    work.keep("decision line", [*w, b])
    return y


@example("W12", "AND by hand")
def and_gate(work: Work) -> None:
    """Weights 1, 1 and bias −1.5: the line x₁ + x₂ = 1.5 has (1, 1) alone on its upper side. No z is 0, so the gate is
    right whether the step counts 0 as on or off."""
    _gate(work, [1.0, 1.0], -1.5)


@example("W13", "OR by hand")
def or_gate(work: Work) -> None:
    """The same weights as AND; the line has moved down to x₁ + x₂ = 0.5."""
    _gate(work, [1.0, 1.0], -0.5)


@example("W14", "NOT by hand")
def not_gate(work: Work) -> None:
    """A negative weight turns the answer round, and the bias holds it up when nothing comes in."""
    z = work.compute("z", "w*x + b", "z", x=[0.0, 1.0], w=-1.0, b=0.5)
    work.compute("y", "step(z)", "y", z=z)


@example("W15", "NAND by hand")
def nand_gate(work: Work) -> None:
    """Flipping all signs of AND gives NAND only if no z of AND is exactly 0: with b = −2 the flipped gate says 1 at
    (1, 1). NOT after AND is always right."""
    _gate(work, [-1.0, -1.0], 1.5)
    both = "step(-1*step(x @ w - 1.5) + 0.5)"
    work.compute("NOT(AND) composed", both, "y", x=_ROWS, w=[1.0, 1.0])
    work.compute("signs of AND with b=-2 flipped, z>=0", "step(x @ w + b)", "y", x=_ROWS, w=[-1.0, -1.0], b=2.0)


@example("W16", "XOR is too much for one neuron")
def xor_impossible(work: Work) -> None:
    """One neuron would need b ≤ 0, w₁ + b > 0, w₂ + b > 0 and w₁ + w₂ + b ≤ 0. The two in the middle add up to
    w₁ + w₂ + 2b > 0, the outer two to w₁ + w₂ + 2b ≤ 0: no numbers do both. Three of four rows is the most."""
    tenths = np.arange(-30, 31)
    w1, w2, b = (wrap(a.reshape(-1).astype(np.float64)) for a in np.meshgrid(tenths, tenths, tenths))
    right = ops.full(shape=(w1.array.size,), value=0.0, dtype=np.dtype(np.float64))
    for (x1, x2), truth in zip(_ROWS, _TRUTH["XOR"], strict=True):
        z = w1 * x1 + w2 * x2 + b  # tenths are whole here, so every 0 is a 0
        on = ops.gt(z, 0.0)
        right = right + ops.cast(on if truth else ops.logical_not(on), dtype=np.dtype(np.float64))
    most = ops.amax(right, dim=None, keepdim=False)
    work.keep("most rows right over 226,981 choices of (w1, w2, b)", most)
    work.keep("choices with all four rows right", float((right.array == 4).sum()))


@example("W17", "XOR with a feature made by hand")
def xor_feature(work: Work) -> None:
    """With x₁x₂ as a third input one neuron is enough: the feature, not the neuron, bends the space."""
    rows = np.array(_ROWS)
    both = work.compute("x1*x2", "x1*x2", "x₃", x1=rows[:, 0], x2=rows[:, 1])
    x = np.column_stack([rows, both])
    z = work.compute("z", "x @ w + b", "z", x=x, w=[1.0, 1.0, -2.0], b=-0.5)
    work.compute("y", "step(z)", "y", z=z)


@example("W18", "XOR with two hidden neurons by hand")
def xor_two_neurons(work: Work) -> None:
    """OR and AND of the inputs are the new coordinates. (0, 1) and (1, 0) land on the same point, and the line
    h₁ − 2h₂ = 0.5 parts the classes. Weights 1, −1 do as well."""
    h1 = work.compute("h1 (OR)", "step(x @ w + b)", "h₁", x=_ROWS, w=[1.0, 1.0], b=-0.5)
    h2 = work.compute("h2 (AND)", "step(x @ w + b)", "h₂", x=_ROWS, w=[1.0, 1.0], b=-1.5)
    z = work.compute("z_out", "w1*h1 + w2*h2 + b", "z", h1=h1, h2=h2, w1=1.0, w2=-2.0, b=-0.5)
    work.compute("y", "step(z)", "y", z=z)
    points = np.column_stack([h1, h2])
    for klass in (0, 1):
        work.keep(f"hidden points of class {klass}", points[np.array(_TRUTH["XOR"]) == klass])


@example("W26", "ReLU and its slope")
def relu_table(work: Work) -> None:
    """At exactly 0 mathematics gives no slope; here, as in PyTorch, it is 0."""
    z = wrap(np.array([-5.0, -0.1, 0.1, 5.0]))
    work.compute("relu", "relu(z)", "a", z=z.array)
    work.keep("gradient", _slope(ops.relu, z.array))
    work.keep("gradient at exactly 0", _slope(ops.relu, np.array(0.0)))


def _slope(function: Any, z: np.ndarray) -> np.ndarray:
    from glassnet.core import tape

    x = make.as_tensor(z.astype(np.float64)).requires_grad_()
    (slope,) = tape.grad(function(x), x, make.as_tensor(np.ones_like(x.array)))
    assert slope is not None
    return slope.array


@example("W42", "Activations at seven places")
def activation_values(work: Work) -> None:
    """Sigmoid and tanh flatten out on both sides, ReLU and its relatives on one."""
    z = [-5.0, -1.0, -0.1, 0.0, 0.1, 1.0, 5.0]
    for name, text in (("sigmoid", "sigmoid(z)"), ("tanh", "tanh(z)"), ("relu", "relu(z)")):
        work.compute(name, text, "a", z=z)
    work.compute("leaky relu (0.01)", "leaky_relu(z)", "a", z=z)
    work.compute("elu", "elu(z)", "a", z=z)
    work.compute("sigmoid(0)", "sigmoid(z)", "a", z=0.0)


@example("W44", "Rosenblatt's rule on gates")
def perceptron_rule(work: Work) -> None:
    """w ← w + (t − y)·x and b ← b + (t − y), rows in order, from zeros. AND, OR and NAND are learnt in a few rounds;
    XOR goes round in circles for ever (−1: no round without a mistake in 100). Whether a z of 0 counts as on changes
    the weights that come out."""
    for gate, truth in _TRUTH.items():
        for sign, fires in (("z>0", ops.gt), ("z>=0", ops.ge)):
            name = f"{gate}, step {sign}: epochs until no error, then [w1,w2,b]"
            work.keep(name, _learnt(truth, fires))


def _learnt(truth: list[int], fires: Any) -> list[float]:
    w, b = wrap(np.zeros(2)), wrap(np.zeros(()))
    rows = [wrap(np.array(row)) for row in _ROWS]
    for epoch in range(1, 101):
        mistakes = 0
        for x, t in zip(rows, truth, strict=True):
            y = ops.cast(fires(ops.sum(w * x, dim=None, keepdim=False) + b, 0.0), dtype=np.dtype(np.float64))
            wrong: Tensor = float(t) - y
            w, b, mistakes = w + wrong * x, b + wrong, mistakes + int(wrong.array != 0)
        if not mistakes:
            return [float(epoch), *w.array.tolist(), b.array.item()]
    return [-1.0, *w.array.tolist(), b.array.item()]


@example("W51", "A matrix of three units")
def three_units(work: Work) -> None:
    """Three rows of two: three hidden units that see two inputs. It is not a part of the network with 9 parameters,
    whose first matrix is 2×2."""
    w1 = np.array([[0.2, 0.4], [-0.5, 0.1], [0.3, -0.2]])
    work.keep("shape", list(w1.shape))
    work.compute("W1 @ [1.0,0.5]", "W @ x", "z", W=w1, x=[1.0, 0.5])


@example("W56", "How far activations reach")
def ranges(work: Work) -> None:
    """In mathematics sigmoid and tanh never reach their ends; in float64 they do, at about ±37 and ±19. ReLU has no
    upper end."""
    work.compute("sigmoid range", "sigmoid(z)", "a", z=[-1000.0, 1000.0])
    work.compute("tanh range", "tanh(z)", "a", z=[-1000.0, 1000.0])
    work.compute("relu range", "relu(z)", "a", z=[-1000.0, 0.0])
    work.compute("sigmoid(-5), sigmoid(5)", "sigmoid(z)", "a", z=[-5.0, 5.0])
    work.compute("tanh(-2), tanh(2)", "tanh(z)", "a", z=[-2.0, 2.0])
