"""Probabilities and losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.core.tensor import wrap
from glassnet.read.examples.work import Work, example


@example("W06", "The squared error of one number")
def squared_error(work: Work) -> None:
    """With one number the sum and the mean are the same; the convention with ½ in front would give 0.72."""
    work.compute("loss", "(p - t)^2", "L", p=5.2, t=4.0)


@example("W07", "The cross-entropy of one probability")
def cross_entropy(work: Work) -> None:
    """Only the probability of the true class counts."""
    work.compute("loss", "-ln(p)", "L", p=0.7)


@example("W09", "Cat, dog or bird")
def three_classes(work: Work) -> None:
    """The same prediction costs little if the animal is a cat, and much if it is the bird that got 5 %."""
    p: dict[str, Any] = {"cat": 0.8, "dog": 0.15, "bird": 0.05}
    work.compute("sum of probabilities", "cat + dog + bird", **p)
    for name in p:
        work.compute(f"CE if {'truth is ' if name == 'cat' else ''}{name}", f"-ln({name})", "L", **p)


@example("W22", "Softmax of three scores")
def softmax_of_three(work: Work) -> None:
    """Exponentials make all scores positive and stretch the differences; dividing by their sum makes shares."""
    z = [2.0, 1.0, 0.1]
    work.compute("exp(z)", "exp(z)", "e", z=z)
    p = work.compute("P", "softmax(z)", "p", z=z)
    work.compute("sum", "sum(p)", p=p)
    work.keep("argmax", float(np.argmax(p)))


@example("W23", "Softmax of a digit classifier")
def softmax_of_ten(work: Work) -> None:
    """The lecture leaves out the scores of 5 to 9. The printed shares say what their exponentials add up to: about 1.6;
    five scores that do are supplied here. A softmax of the five printed scores alone would give digit 2 not 74.0 % but
    78.2 %."""
    shown, hidden = np.array([0.5, 0.2, 3.1, 1.0, -0.5]), np.array([-1.0, -1.2, -1.1, -1.3, -1.15])
    exps = np.array(work.compute("exp(z)", "exp(z)", "e", z=shown))
    p = np.array(work.compute("all shares, %", "100*softmax(z)", "p", z=[*shown, *hidden]))
    work.keep("probability % of digits 0-4, with the supplied z_5..z_9", p[:5])
    work.compute("probability % of 5-9 together", "sum(p)", p=p[5:])
    work.compute("sum of the printed percentages", "sum(p)", p=[5.5, 4.1, 74.0, 9.1, 2.0, 5.3])
    percent, half = np.array([5.5, 4.1, 74.0, 9.1, 2.0]), 0.05
    interval = [(exps / (percent + half) * 100).max(), (exps / (percent - half) * 100).min()]
    work.keep("sum of exp over all ten classes, interval allowed by the five printed percentages", interval)
    work.keep("exp-sum left for classes 5-9, interval", [bound - exps.sum() for bound in interval])
    work.compute("loss -ln p(2) if the digit is a 2", "-ln(p)", "L", p=p[2] / 100)
    work.compute("wrong reading: softmax over the five shown scores only, %", "100*softmax(z)", "p", z=shown)


@example("W24", "What being sure and wrong costs")
def cross_entropy_table(work: Work) -> None:
    """From 99 % to 1 % for the true class the loss grows 458-fold."""
    for p in (0.99, 0.5, 0.01):
        work.compute(f"{100 * p:g}%", "-ln(p)", "L", p=p)


@example("W37", "Binary cross-entropy at its ends")
def bce_limits(work: Work) -> None:
    """With probabilities held between ε and 1 − ε, ε = 1e−15, the worst loss is 15·ln 10 = 34.54; PyTorch holds the
    logarithm above −100 instead and gives 100. In float32 1 − 1e−15 is 1, so the hold disappears and 0·ln 0 is NaN."""
    clipped = "-(y*ln(min(max(p, e0), 1 - e0)) + (1 - y)*ln(1 - min(max(p, e0), 1 - e0)))"
    for p in (1.0, 0.0, 0.5, 0.9):
        work.compute(f"y=1, yhat={p:g}", clipped, "L", y=1.0, p=p, e0=1e-15)
    one = wrap(np.array(1.0, np.float32)) - wrap(np.array(1e-15, np.float32))
    work.keep("float32: 1-1e-15 == 1", bool(one.array == 1))


@example("W38", "Sigmoid without overflow")
def stable_sigmoid(work: Work) -> None:
    """1 / (1 + exp(−z)) overflows on its way at −1000 and still gives 0. Holding z within ±500 cures float64 only: in
    float32 exp(500) is infinite. Taking exp(z) / (1 + exp(z)) for negative z needs no hold."""
    work.compute("naive sigmoid(-1000): value", "1 / (1 + exp(-z))", "a", z=-1000.0)
    for z in (-1000.0, 1000.0):
        work.compute(f"clipped sigmoid({z:g})", "1 / (1 + exp(-max(min(z, 500), -500)))", "a", z=z)
    work.keep("float32: exp(500)", str(wrap(np.array(500.0, np.float32)).exp().item()))


@example("W39", "Softmax of large scores")
def shifted_softmax(work: Work) -> None:
    """Taking the same number off every score changes no share, and keeps the exponentials small."""
    p = work.compute("softmax", "softmax(z)", "p", z=[1000.0, 1001.0, 1002.0])
    work.compute("same as softmax([0,1,2])", "softmax(z)", "p", z=[0.0, 1.0, 2.0])
    naive = wrap(np.array([1000.0, 1001.0, 1002.0])).exp()
    work.keep("naive version", float(np.isfinite((naive / naive.sum()).array).sum()))
    assert len(p) == 3


@example("W40", "One-hot targets")
def one_hot(work: Work) -> None:
    """A target with a single 1 picks one logarithm out of the sum."""
    work.compute("CE when p[2]=0.74", "-ln(p)", "L", p=0.74)
    work.compute("CE for uniform prediction", "-ln(p)", "L", p=0.1)


@example("W49", "The workshop's network on moons")
def moons(work: Work) -> None:
    """Undecided, a network pays ln 2 for each point: that is the start of about 0.70. At a loss of 0.05 it gives the
    true class 95 % on (geometric) average. Which optimiser and rate lead from one to the other is not said."""
    work.compute("parameters 2-10-1", "(n0 + 1)*n1 + (n1 + 1)*n2", "P", n0=2, n1=10, n2=1)
    work.compute("parameters of the Playground net 2-3-1", "(n0 + 1)*n1 + (n1 + 1)*n2", "P", n0=2, n1=3, n2=1)
    work.compute("loss of a 50/50 guess", "-ln(p)", "L", p=0.5)
    work.compute("mean true-class probability at loss 0.05", "exp(-L)", "p", L=0.05)
