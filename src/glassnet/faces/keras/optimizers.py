"""Keras's optimizers: its names, its defaults, its rules.

Keras's rules differ from PyTorch's in where the small epsilon stands (Adam: beside the uncorrected root; RMSprop and
Adagrad: under the root) and in the momentum of SGD, which carries the rate it was made with. Here they are as in Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, LeftOutError, complain
from glassnet.faces.keras import schedules
from glassnet.faces.keras.lookup import made_by
from glassnet.faces.keras.recorded import Recorded
from glassnet.nn import utils
from glassnet.optim import checks, rules
from glassnet.optim.algebra import abs, assign, maximum, pow, sign, sqrt, square
from glassnet.optim.flat import FlatOptimizer
from glassnet.optim.rules import Vector, count, decay, fading, moment

# ---- the rules: w, g, s and h as in `glassnet.optim.rules` ----------------------------------------------------------


def sgd(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w + v with v ← μ·v − lr·g."""
    shrunk, _ = decay(w, g, h)
    push = h.lr * g
    if h.momentum is not None:
        v = assign(s.momentum_buffer, h.momentum * s.momentum_buffer - push)
        assign(w, shrunk + (h.momentum * v - push if h.nesterov else v))
    else:
        assign(w, shrunk - push)


def adam(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·√(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)."""
    t = count(s)
    m = moment(s.exp_avg, g, h.beta1)
    v = moment(s.exp_avg_sq, square(g), h.beta2)
    if h.amsgrad:
        v = assign(s.max_exp_avg_sq, maximum(s.max_exp_avg_sq, v))
    rate = h.lr * sqrt(1.0 - pow(h.beta2, t)) / (1.0 - pow(h.beta1, t))
    assign(w, decay(w, g, h)[0] - rate * (m / (sqrt(v) + h.eps)))


def adamax(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr / (1 − β₁ᵗ) · m / (u + ε) with u ← max(β₂·u, |g|)."""
    t = count(s)
    m = moment(s.exp_avg, g, h.beta1)
    u = assign(s.exp_inf, maximum(h.beta2 * s.exp_inf, abs(g)))
    assign(w, decay(w, g, h)[0] - (h.lr / (1.0 - pow(h.beta1, t))) * (m / (u + h.eps)))


def rmsprop(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·g / √(v + ε), v the running average of g², less the square of that of g if centred."""
    v = moment(s.square_avg, square(g), h.alpha)
    if h.centered:
        v = v - square(moment(s.grad_avg, g, h.alpha))
    step = h.lr * g / sqrt(v + h.eps)
    if h.momentum is not None:
        step = fading(s.momentum_buffer, step, h.momentum)
    assign(w, decay(w, g, h)[0] - step)


def adagrad(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·g / √(Σ g² + ε)."""
    total = assign(s.sum, s.sum + square(g))
    assign(w, decay(w, g, h)[0] - h.lr * g / sqrt(total + h.eps))


def adadelta(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·Δ with Δ = g·√(average of Δ² + ε) / √(average of g² + ε)."""
    v = moment(s.square_avg, square(g), h.rho)
    delta = sqrt(s.acc_delta + h.eps) / sqrt(v + h.eps) * g
    moment(s.acc_delta, square(delta), h.rho)
    assign(w, decay(w, g, h)[0] - h.lr * delta)


def lion(w: Vector, g: Vector, s: Any, h: Any) -> None:
    """w ← w − lr·sign(β₁·m + (1 − β₁)·g), then m ← β₂·m + (1 − β₂)·g."""
    w_now = decay(w, g, h)[0]
    way = sign(h.beta1 * s.exp_avg + (1.0 - h.beta1) * g)
    moment(s.exp_avg, g, h.beta2)
    assign(w, w_now - h.lr * way)


class Flat(FlatOptimizer):
    """One of these rules at work on a model's parameters; `remembered` names its vectors and what they start as."""

    def __init__(
        self, params: Iterable[Tensor], rule: Any, options: dict[str, Any], remembered: dict[str, float]
    ) -> None:
        self.rule, self.remembered = rule, remembered
        super().__init__(params, {"maximize": False, "decoupled_weight_decay": True, **options})

    def vectors(self, group: Any) -> dict[str, float]:
        """What the rule remembers."""
        return self.remembered

    def numbers(self, group: Any) -> dict[str, float]:
        """The step count, and for Nadam the product of its shares."""
        return {"step": 0.0, "mu_product": 1.0} if self.rule is rules.nadam else {"step": 0.0}


# ---- what the user names ------------------------------------------------------------------------------------------


class Rate(float):
    """A rate: a number, which knows whose it is, so that `optimizer.learning_rate.assign(0.1)` works."""

    def __new__(cls, value: float, optimizer: Any) -> Rate:
        made = super().__new__(cls, value)
        made.optimizer = optimizer
        return made

    optimizer: Any

    def assign(self, value: float) -> None:
        """Set the optimizer's rate."""
        self.optimizer.learning_rate = value

    def numpy(self) -> np.float32:
        """The number as NumPy has it."""
        return np.float32(self)


class Optimizer(Recorded):
    """Settings of an optimizer; `compile` puts it to work on a model's parameters.

    `learning_rate` is a number, or a schedule: a function of the number of steps taken. `clipnorm` limits the length of
    each weight's gradient, `global_clipnorm` that of all together, `clipvalue` each number.
    """

    rule: Callable[..., None]

    def __init__(
        self,
        learning_rate: Any,
        options: dict[str, Any],
        remembered: dict[str, float],
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        self.name = name or type(self).__name__.lower()
        if isinstance(learning_rate, dict):
            learning_rate = schedules.get(learning_rate)
        self.schedule: Any = learning_rate if callable(learning_rate) else None
        rate: Any = learning_rate if self.schedule is None else self.schedule(0)
        checks.not_negative(type(self).__name__, learning_rate=rate, weight_decay=weight_decay or 0.0)
        self.options = {"lr": float(rate), "weight_decay": weight_decay or 0.0, **options}
        self.remembered = remembered
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.iterations = 0
        self.flat: Flat | None = None
        self.params: list[Tensor] = []

    def attach(self, params: Sequence[Tensor]) -> None:
        """Go to work on these parameters, from now on or anew if they are others than before."""
        if [id(p) for p in params] == [id(p) for p in self.params]:
            return
        if not params:
            got = "fit: got a model without weights to train"
            raise DataError(complain(got, "expected a layer with weights", "Try adding Dense(1), or trainable=True"))
        self.params, self.flat = list(params), Flat(params, type(self).rule, self.options, self.remembered)

    @property
    def learning_rate(self) -> Rate:
        """The rate of the next step; it can be set."""
        rate = self.flat.param_groups[0]["lr"] if self.flat is not None else self.options["lr"]
        return Rate(rate, self)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.options["lr"] = float(value)
        if self.flat is not None:
            self.flat.param_groups[0]["lr"] = float(value)

    lr = learning_rate  # an older name

    def __getattr__(self, name: str) -> Any:
        """The settings by Keras's names: beta_1, epsilon, momentum, rho and so on."""
        settings = {} if name.startswith("_") or "options" not in vars(self) else super().get_config()
        if name not in settings:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return settings[name]

    def get_config(self) -> dict[str, Any]:
        """The settings, the rate being that of this moment."""
        limits = {"clipnorm": self.clipnorm, "clipvalue": self.clipvalue, "global_clipnorm": self.global_clipnorm}
        common = {"name": self.name, "weight_decay": self.options["weight_decay"] or None, **limits}
        rate = {} if self.schedule is not None else {"learning_rate": float(self.learning_rate)}
        return {**common, **super().get_config(), **rate}

    def before_step(self) -> None:
        """Let a schedule set the rate."""
        if self.schedule is not None:
            self.learning_rate = self.schedule(self.iterations)
        self.iterations += 1

    def clip(self) -> None:
        """Limit the gradients, where that is asked for."""
        if self.clipnorm is not None:
            for p in self.params:
                utils.clip_grad_norm_([p], self.clipnorm)
        if self.global_clipnorm is not None:
            utils.clip_grad_norm_(self.params, self.global_clipnorm)
        if self.clipvalue is not None:
            utils.clip_grad_value_(self.params, self.clipvalue)


class SGD(Optimizer):
    """Gradient descent, with momentum (B. T. Polyak, 1964) or Nesterov's (Y. Nesterov, 1983) if asked."""

    rule = sgd

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **common: Any) -> None:
        checks.not_negative("SGD", momentum=momentum)
        options = {"momentum": momentum, "nesterov": nesterov}
        super().__init__(learning_rate, options, {"momentum_buffer": 0.0} if momentum else {}, **common)


class Adam(Optimizer):
    """Running averages of the slope and of its square (D. P. Kingma and J. Ba, 2015)."""

    rule = adam

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Any,
    ) -> None:
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
        options = {"betas": checks.fractions("Adam", "betas", (beta_1, beta_2)), "eps": epsilon, "amsgrad": amsgrad}
        super().__init__(learning_rate, options, dict.fromkeys(names[: 3 if amsgrad else 2], 0.0), **common)


class AdamW(Adam):
    """Adam that shrinks the weights by themselves (I. Loshchilov and F. Hutter, 2019)."""

    def __init__(self, learning_rate: Any = 0.001, weight_decay: float = 0.004, **options: Any) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **options)


class Nadam(Optimizer):
    """Adam that looks ahead as Nesterov does (T. Dozat, 2016)."""

    rule = rules.nadam

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Any,
    ) -> None:
        betas = checks.fractions("Nadam", "betas", (beta_1, beta_2))
        options = {"betas": betas, "eps": epsilon, "momentum_decay": 1.0}
        super().__init__(learning_rate, options, {"exp_avg": 0.0, "exp_avg_sq": 0.0}, **common)


class Adamax(Optimizer):
    """Adam with the largest recent slope in the place of the root (D. P. Kingma and J. Ba, 2015)."""

    rule = adamax

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Any,
    ) -> None:
        options = {"betas": checks.fractions("Adamax", "betas", (beta_1, beta_2)), "eps": epsilon}
        super().__init__(learning_rate, options, {"exp_avg": 0.0, "exp_inf": 0.0}, **common)


class RMSprop(Optimizer):
    """The slope over the root of its mean square (G. Hinton, 2012)."""

    rule = rmsprop

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Any,
    ) -> None:
        checks.not_negative("RMSprop", rho=rho, momentum=momentum, epsilon=epsilon)
        options = {"alpha": rho, "momentum": momentum, "eps": epsilon, "centered": centered}
        wanted = {"square_avg": True, "grad_avg": centered, "momentum_buffer": momentum != 0}
        super().__init__(learning_rate, options, {name: 0.0 for name, on in wanted.items() if on}, **common)


class Adagrad(Optimizer):
    """The slope over the root of all its squares so far (J. Duchi et al., 2011)."""

    rule = adagrad

    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, **common: Any
    ) -> None:
        checks.not_negative("Adagrad", initial_accumulator_value=initial_accumulator_value, epsilon=epsilon)
        super().__init__(learning_rate, {"eps": epsilon}, {"sum": initial_accumulator_value}, **common)


class Lion(Optimizer):
    """The sign of a mix of the slope and its running average (X. Chen et al., 2023)."""

    rule = lion

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **common: Any) -> None:
        options = {"betas": checks.fractions("Lion", "betas", (beta_1, beta_2))}
        super().__init__(learning_rate, options, {"exp_avg": 0.0}, **common)


class Adadelta(Optimizer):
    """Steps in the units of the weights (M. D. Zeiler, 2012)."""

    rule = adadelta

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **common: Any) -> None:
        checks.not_negative("Adadelta", rho=rho, epsilon=epsilon)
        super().__init__(learning_rate, {"rho": rho, "eps": epsilon}, {"square_avg": 0.0, "acc_delta": 0.0}, **common)


NAMES: dict[str, Callable[[], Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": Nadam,
    "adamax": Adamax,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "lion": Lion,
}

__all__ = ["Optimizer", "schedules", *sorted(kind.__name__ for kind in NAMES.values())]  # type: ignore[attr-defined]


def get(identifier: Any) -> Optimizer:
    """The optimizer that a name (in any case) stands for."""
    identifier = made_by("optimizer", identifier.lower() if isinstance(identifier, str) else identifier, NAMES)
    if not isinstance(identifier, Optimizer):
        got = f"compile: got optimizer={identifier!r}"
        raise DataError(complain(got, "expected a name or one of keras.optimizers", "Try optimizer='adam'"))
    return identifier


def __getattr__(name: str) -> Any:
    """Only for optimizers that Keras has and this face leaves out: say what to use instead."""
    if name in ("Ftrl", "Lamb", "Adafactor", "Muon", "LossScaleOptimizer"):
        got = f"keras.optimizers.{name}: got an optimizer that glassnet's Keras face leaves out"
        known = ", ".join(sorted(kind.__name__ for kind in NAMES.values()))  # type: ignore[attr-defined]
        raise LeftOutError(complain(got, f"expected one of {known}", "Try AdamW"))
    raise AttributeError(f"module 'glassnet.keras.optimizers' has no attribute {name!r}")
