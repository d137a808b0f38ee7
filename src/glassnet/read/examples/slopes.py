"""Derivatives and steps down the slope."""

from __future__ import annotations

import numpy as np

from glassnet import nn
from glassnet.core import factories as make
from glassnet.core import ops
from glassnet.core.tensor import Tensor, wrap
from glassnet.nn.utils import clip_grad_norm_
from glassnet.read.examples.work import Work, example
from glassnet.read.explain import explain
from glassnet.read.expression import evaluate_text

_GIVEN = {"x": 2.0, "w": 0.5, "b": 1.0}


def _one_neuron(work: Work) -> tuple[Tensor, dict[str, Tensor]]:
    loss, names = evaluate_text("(sigmoid(w*x + b) - 1)^2", _GIVEN)
    loss.name = "L"
    work.tell(explain(loss, names=names))
    loss.backward()
    return loss, names


def _slope_of(t: Tensor) -> float:
    assert t.grad is not None
    return t.grad.item()


@example("W04", "The slopes of one sigmoid neuron")
def neuron_slopes(work: Work) -> None:
    """The loss is the square without the ½ of the complete example (W03), so its slope has a factor 2."""
    z = work.compute("z", "w*x + b", "z", **_GIVEN)
    y = work.compute("yhat", "sigmoid(z)", "ŷ", z=z)
    work.compute("dL/dyhat", "2*(y - t)", "dŷ", y=y, t=1.0)
    work.compute("sigma'(z)", "y*(1 - y)", "s", y=y)
    work.compute("dL/dz", "2*(y - t)*y*(1 - y)", "dz", y=y, t=1.0)
    loss, names = _one_neuron(work)
    work.keep("loss", loss)
    for name, t in names.items():
        work.keep(f"dL/d{name}", _slope_of(t))
    new = {name: work.compute(f"{name}_new", f"{name} - r*d", f"{name}′", **{name: _GIVEN[name], "r": 0.1},
                              d=_slope_of(names[name])) for name in ("w", "b")}  # fmt: skip
    work.compute("loss after the update", "(sigmoid(w*x + b) - 1)^2", "L", x=2.0, **new)


@example("W05", "The same slopes by autograd")
def autograd_snippet(work: Work) -> None:
    """Four lines of code instead of a page: the tape of the forward pass is read backward."""
    loss, names = _one_neuron(work)
    work.compute("y", "sigmoid(w*x + b)", "y", **_GIVEN)
    work.keep("loss", loss)
    for name in "wbx":
        work.keep(f"{name}.grad", _slope_of(names[name]))
    x, w, b = (make.tensor([v], requires_grad=True) for v in (2.0, 0.5, 1.0))
    ((ops.sigmoid(w * x + b) - 1) ** 2).sum().backward()
    work.keep("printed in float32", [repr(w.grad), repr(b.grad)])


@example("W08", "The chain rule for sin(x²)")
def chain_rule(work: Work) -> None:
    """The outer slope, cos at the inner value, times the inner slope, 2x."""
    work.compute("f'(g)", "cos(x^2)", "f′", x=1.0)
    work.compute("g'(x)", "2*x", "g′", x=1.0)
    for x in (1.0, 2.0, 0.0):
        y, names = evaluate_text("sin(x^2)", {"x": x})
        y.name = "y"
        work.tell(explain(y, names=names))
        y.backward()
        work.keep(f"d/dx at x={x:g}", _slope_of(names["x"]))


@example("W10", "Why slopes vanish")
def largest_slopes(work: Work) -> None:
    """At its steepest, at 0, a sigmoid lets a quarter of a slope through, and tanh all of it. Ten sigmoids in a row let
    through a millionth at best."""
    for name, function, z in (("max sigma'(z)", "sigmoid", 0.0), ("max tanh'(z)", "tanh", 0.0),
                              ("sigma'(5)", "sigmoid", 5.0), ("sigma'(10)", "sigmoid", 10.0)):  # fmt: skip
        y, names = evaluate_text(f"{function}(z)", {"z": z})
        y.name = "a"
        work.tell(explain(y, names=names))
        y.backward()
        work.keep(name, _slope_of(names["z"]))
    work.compute("0.25^10, ten sigmoid layers at best", "s^10", s=0.25)


@example("W25", "The slope of x² + 3x")
def autograd_demo(work: Work) -> None:
    """By hand: 2x + 3 is 7 at 2."""
    y, names = evaluate_text("x^2 + 3*x", {"x": 2.0})
    y.name = "y"
    work.tell(explain(y, names=names))
    work.keep("y", y)
    y.backward()
    work.keep("x.grad", _slope_of(names["x"]))


@example("W33", "Three learning rates and one too many")
def learning_rates(work: Work) -> None:
    """On the bowl L = w² a step is w ← (1 − 2η)·w. At η = 1 it jumps between 1 and −1 for ever; beyond, it climbs. The
    lecture leaves its three rates blank; 0.0001, 0.01 and 1 are supplied."""
    names = {0.0001: "too small eta=0.0001: w after 100 steps", 0.01: "just right eta=0.01", 1.0: "too large eta=1.0",
             1.1: "eta=1.1"}  # fmt: skip
    for rate, name in names.items():
        w = nn.Parameter(wrap(np.array(1.0)))
        for _ in range(100):
            w.grad = None
            (w * w).backward()
            assert w.grad is not None
            w.data = (w - rate * w.grad).detach()
        work.keep(name, w.item())
    work.compute("divergence threshold for L=w^2", "2 / curvature", "η", curvature=2.0)


@example("W35", "What slopes by nudging would cost")
def naive_gradient(work: Work) -> None:
    """One more forward pass for every weight, against one backward pass for all; a backward pass costs about two
    forward passes."""
    count = (784 + 1) * 128 + (128 + 1) * 10
    work.compute("forward passes, one-sided", "P + 1", "n", P=count)
    work.compute("forward passes, central differences", "2*P", "n", P=count)
    work.keep("backward passes by backprop", 1.0)


@example("W53", "Clipping, weight decay and dropout in numbers")
def regularisers(work: Work) -> None:
    """Clipping keeps the direction and shortens the step. The slope of λ·Σw² is 2λ·w; what optimisers call weight decay
    adds λ·w."""
    g = [6.0, 8.0]
    work.compute("norm before", "norm(g)", "n", g=g)
    p = nn.Parameter(wrap(np.zeros(2)))
    p.grad = wrap(np.array(g))
    clip_grad_norm_([p], 5.0)
    work.keep("clipped gradient", np.round(p.grad.array, 5))  # the norm is held above 0 by a millionth
    y, names = evaluate_text("k*sum(w^2)", {"k": 0.01, "w": [1.0, -2.0]})
    work.keep("L2 penalty 0.01*sum w^2", y)
    work.tell(explain(y, names=names))
    y.backward()
    grad = names["w"].grad
    assert grad is not None
    work.keep("its gradient 2*0.01*w", grad)
    work.compute("weight decay 0.01*w", "k*w", k=0.01, w=[1.0, -2.0])
    work.compute("inverted-dropout scale at p=0.5", "1 / (1 - p)", p=0.5)
