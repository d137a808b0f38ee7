"""The update rules, written as their papers write them.

In scope of a rule:  w = the weights and g = their gradient, as flat vectors;  s = what is remembered from step to step
(`s.fresh` in the first step of all);  h = the options of the group, None where one is switched off.
`assign(target, value)` stores a value for good. Single numbers are float64 and vectors what the user chose, so each
operation on vectors is one pass over memory; what can be worked out on single numbers is, because that is free.
"""

from __future__ import annotations

from typing import Any

from glassnet.optim.algebra import abs, assign, eq, gt, lt, maximum, minimum, number, pow, sign, sqrt, square, where

Vector = Any  # a tensor while the step is recorded, else an array


def decay(w: Vector, g: Vector, h: Any) -> tuple[Vector, Vector]:
    """Weight decay: shrink w itself where it is decoupled (Loshchilov and Hutter, 2019), else add its slope to g."""
    if h.weight_decay is None:
        return w, g
    if getattr(h, "decoupled_weight_decay", False):
        return w * (1.0 - h.lr * h.weight_decay), g
    return w, g + h.weight_decay * w


def fading(total: Vector, value: Vector, share: Vector) -> Vector:
    """total ← share·total + value, in two stores: a replay then makes both lines in the memory of the total."""
    assign(total, share * total)
    return assign(total, total + value)


def moment(average: Vector, value: Vector, beta: Vector) -> Vector:
    """average ← β·average + (1 − β)·value."""
    return fading(average, (1.0 - beta) * value, beta)


def count(s: Any) -> Vector:
    """One more step taken."""
    return number(assign(s.step, s.step + 1.0))


# ---- descent ------------------------------------------------------------------------------------------------------


def sgd(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·v with v ← μ·v + (1 − dampening)·g; v starts as g itself."""
    _, g = decay(w, g, h)
    if h.momentum is not None:
        push = g if h.dampening is None else (1.0 - h.dampening) * g
        v = assign(s.momentum_buffer, g) if s.fresh else fading(s.momentum_buffer, push, h.momentum)
        g = g + h.momentum * v if h.nesterov else v
    assign(w, w - h.lr * g)


def asgd(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − η·(g + λ·w), and ax, the average of w over the later steps."""
    _, g = decay(w, g, h)
    t = count(s)
    eta, mu = number(s.eta), number(s.mu)
    w = assign(w, w * (1.0 - h.lambd * eta) - eta * g)
    assign(s.ax, where(eq(mu, 1.0), w, s.ax + mu * (w - s.ax)))
    assign(s.eta, h.lr / pow(1.0 + h.lambd * h.lr * t, h.alpha))
    assign(s.mu, 1.0 / maximum(t - h.t0, 1.0))


def rprop(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − sign(g)·size; a size grows while its slope keeps its sign, else it shrinks and waits."""
    count(s)
    agree = g * s.prev
    same, turned = gt(agree, 0.0), lt(agree, 0.0)
    size = where(same, s.step_size * h.eta_plus, where(turned, s.step_size * h.eta_minus, s.step_size))
    size = assign(s.step_size, minimum(maximum(size, h.step_size_min), h.step_size_max))
    g = assign(s.prev, where(turned, 0.0, g))
    assign(w, w - sign(g) * size)


# ---- a rate for each weight ---------------------------------------------------------------------------------------


def adagrad(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·g / √(Σ g²)."""
    _, g = decay(w, g, h)
    t = count(s)
    total = assign(s.sum, s.sum + square(g))
    rate = h.lr if h.lr_decay is None else h.lr / (1.0 + (t - 1.0) * h.lr_decay)
    assign(w, w - rate * (g / (sqrt(total) + h.eps)))


def rmsprop(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·g / √v with v the running average of g²; centred, the square of the average of g is taken off."""
    _, g = decay(w, g, h)
    count(s)
    v = moment(s.square_avg, square(g), h.alpha)
    if h.centered:
        v = v - square(moment(s.grad_avg, g, h.alpha))
    g = g / (sqrt(v) + h.eps)
    if h.momentum is not None:
        g = fading(s.momentum_buffer, g, h.momentum)
    assign(w, w - h.lr * g)


def adadelta(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·Δ with Δ = g·√(average of Δ²) / √(average of g²): the units of w come out right."""
    _, g = decay(w, g, h)
    count(s)
    v = moment(s.square_avg, square(g), h.rho)
    delta = sqrt(s.acc_delta + h.eps) / sqrt(v + h.eps) * g
    moment(s.acc_delta, square(delta), h.rho)
    assign(w, w - h.lr * delta)


# ---- moments ------------------------------------------------------------------------------------------------------


def adam(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·m̂ / (√v̂ + ε), with m and v the running averages of g and g², both unbiased.

    m̂ = m / (1 − β₁ᵗ) and √v̂ = √v / c with c = √(1 − β₂ᵗ), so the same is w − (lr·c / (1 − β₁ᵗ)) · m / (√v + ε·c).
    """
    shrunk, g = decay(w, g, h)
    t = count(s)
    m = moment(s.exp_avg, g, h.beta1)
    v = moment(s.exp_avg_sq, square(g), h.beta2)
    if h.amsgrad:
        v = assign(s.max_exp_avg_sq, maximum(s.max_exp_avg_sq, v))
    c = sqrt(1.0 - pow(h.beta2, t))
    assign(w, shrunk - (h.lr * c / (1.0 - pow(h.beta1, t))) * (m / (sqrt(v) + h.eps * c)))


def adamax(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """Adam with the largest recent |g| in the place of √v."""
    _, g = decay(w, g, h)
    t = count(s)
    m = moment(s.exp_avg, g, h.beta1)
    u = assign(s.exp_inf, maximum(h.beta2 * s.exp_inf, abs(g) + h.eps))
    assign(w, w - (h.lr / (1.0 - pow(h.beta1, t))) * (m / u))


def nadam(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """Adam that looks ahead as Nesterov does; the share of the past grows with t: μₜ = β₁·(1 − 0.96^(t·ψ) / 2)."""
    shrunk, g = decay(w, g, h)
    t = count(s)
    mu = h.beta1 * (1.0 - 0.5 * pow(0.96, t * h.momentum_decay))
    mu_next = h.beta1 * (1.0 - 0.5 * pow(0.96, (t + 1.0) * h.momentum_decay))
    product = number(assign(s.mu_product, number(s.mu_product) * mu))
    m = moment(s.exp_avg, g, h.beta1)
    v = moment(s.exp_avg_sq, square(g), h.beta2)
    now = h.lr * (1.0 - mu) / (1.0 - product)
    ahead = h.lr * mu_next / (1.0 - product * mu_next)
    assign(w, shrunk - (now * g + ahead * m) / (sqrt(v / (1.0 - pow(h.beta2, t))) + h.eps))


def radam(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """Adam that trusts v only once it rests on enough steps (ρ > 5), and then in proportion r."""
    shrunk, g = decay(w, g, h)
    t = count(s)
    m = moment(s.exp_avg, g, h.beta1)
    v = moment(s.exp_avg_sq, square(g), h.beta2)
    past = pow(h.beta2, t)
    most = 2.0 / (1.0 - h.beta2) - 1.0
    rho = most - 2.0 * t * past / (1.0 - past)
    enough = gt(rho, 5.0)
    bottom = where(enough, (most - 4.0) * (most - 2.0) * rho, 1.0)
    r = sqrt(where(enough, (rho - 4.0) * (rho - 2.0) * most / bottom, 1.0))  # no root of a number below 0
    rate = h.lr / (1.0 - pow(h.beta1, t)) * where(enough, r * sqrt(1.0 - past), 1.0)
    assign(w, shrunk - rate * (m / where(enough, sqrt(v) + h.eps, 1.0)))
