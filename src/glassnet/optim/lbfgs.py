"""L-BFGS: steps along the slope seen through the curvature of the last steps, for full batches and small networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, touched, wrap
from glassnet.errors import NotSupportedError, ValueRangeError
from glassnet.optim import checks
from glassnet.optim.line_search import Point, strong_wolfe
from glassnet.optim.optimizer import Optimizer

Array = np.ndarray
_FLATTEST = 1e-10  # a pair (s, y) with a smaller inner product says nothing reliable about curvature


@dataclass
class History:
    """The last moves s and the changes y of the slope that they caused; together they stand for the inverse Hessian."""

    size: int
    y: list[Array] = field(default_factory=list)
    s: list[Array] = field(default_factory=list)
    ro: list[Any] = field(default_factory=list)  # 1 / (y·s)
    scale: Any = 1.0  # the inverse Hessian before any correction

    def add(self, y: Array, s: Array) -> bool:
        """Take in one move, and forget the oldest if there are too many; whether it could be trusted."""
        ys = y @ s
        if ys <= _FLATTEST:
            return False
        for remembered, new in ((self.y, y), (self.s, s), (self.ro, 1.0 / ys)):
            if len(remembered) == self.size:
                remembered.pop(0)
            remembered.append(new)
        self.scale = ys / (y @ y)
        return True

    def direction(self, g: Array) -> Array:
        """−(inverse Hessian)·g, by the two loops of Nocedal (1980)."""
        q = -g
        weights: list[Any] = []
        for y, s, ro in zip(reversed(self.y), reversed(self.s), reversed(self.ro), strict=True):
            weights.append((s @ q) * ro)
            q = q - weights[-1] * y
        r = q * self.scale
        for y, s, ro, weight in zip(self.y, self.s, self.ro, reversed(weights), strict=True):
            r = r + (weight - (y @ r) * ro) * s
        return r


@dataclass(eq=False)
class Move:
    """One move of a step as it was made, with all that it was made of; for those who explain it."""

    x: Array  # the weights before it, end to end
    g: Array  # the slopes there
    loss: float
    fell: tuple[Array, Array] | None  # the last move s and the change y of the slopes that it caused
    kept: bool  # whether these two were taken in
    pairs: list[tuple[Array, Array, Any]]  # (y, s, 1 / (y·s)) that are remembered, oldest first
    scale: Any
    d: Array
    first: bool  # of the training: straight down the slope
    t: Any  # how far along d
    tries: list[tuple[Point, tuple[Point, Point] | None]] = field(default_factory=list)  # and between which points
    done: bool = False


class LBFGS(Optimizer):
    """A quasi-Newton method with limited memory; each step makes up to `max_iter` moves and asks the closure at each.

    The closure clears the gradients, computes the loss, calls backward and returns the loss. `line_search_fn` is None
    (moves of length lr) or "strong_wolfe". Where `journal` is a list, every `Move` is written into it.

    Raises ValueError for a negative rate or several groups, TypeError for a step without closure.

    >>> import glassnet as torch
    >>> w = torch.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = torch.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((w - 1.0) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(13., grad_fn=<SumBackward0>)
    >>> torch.allclose(w, torch.ones(2))
    True

    References: Nocedal (1980); Liu and Nocedal (1989).
    """

    journal: list[Move] | None = None

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        checks.not_negative("LBFGS", lr=lr)
        checks.at_least("LBFGS", 1, max_iter=max_iter, history_size=history_size)
        if line_search_fn not in (None, "strong_wolfe"):
            raise NotSupportedError(
                f"LBFGS: got line_search_fn={line_search_fn!r}; expected None or 'strong_wolfe'. "
                "Try line_search_fn='strong_wolfe'."
            )
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueRangeError(
                f"LBFGS: got {len(self.param_groups)} parameter groups; expected one, because all weights move along "
                "one direction together. Try LBFGS(model.parameters())."
            )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move up to `max_iter` times; returns the loss before the first move."""
        if closure is None:
            raise TypeError(
                "LBFGS.step: got no closure; expected a function that computes the loss anew and calls backward, "
                "because the method looks at several points. Try optimizer.step(closure)."
            )
        with no_grad(), np.errstate(all="ignore"):  # inf and nan pass in silence, as they do in tensors
            return _Descent(self, self.param_groups[0], closure).run()


class _Descent:
    """One call of `step`: the point reached, and what is left to spend."""

    def __init__(self, optimizer: LBFGS, group: dict[str, Any], closure: Callable[[], Any]) -> None:
        self.params: list[Tensor] = group["params"]
        self.options = group
        self.ask = lambda: optimizer._evaluate(closure)
        self.state: dict[str, Any] = optimizer.state[self.params[0]]
        self.state.setdefault("func_evals", 0)
        self.state.setdefault("n_iter", 0)
        self.spent = 0
        self.between: tuple[Point, Point] | None = None
        self.journal = optimizer.journal

    def run(self) -> Any:
        first = self.ask()
        loss, g = float(first), self._gradient()
        self._spend(1)
        if self._flat(g):
            return first
        self._recall()
        for i in range(self.options["max_iter"]):
            self._turn(g, loss)
            was, self.before = loss, g
            slope = g @ self.d
            if slope > -self.options["tolerance_change"]:
                break
            loss, g = self._move(loss, g, slope, last=i + 1 == self.options["max_iter"])
            if self.spent >= self.options["max_eval"] or self._flat(g) or self._settled(loss, was):
                break
        self._keep(was)
        return first

    def _turn(self, g: Array, loss: float) -> None:
        """Choose the direction d and the length t to try first."""
        self.state["n_iter"] += 1
        first, fell, kept = self.state["n_iter"] == 1, None, False
        self.t = float(checks.number("LBFGS", "lr", self.options["lr"]))
        if first:
            self.history = History(self.options["history_size"])
            self.d = -g
            self.t = min(1.0, 1.0 / np.abs(g).sum()) * self.t
        else:
            fell = self.d * self.last_t, g - self.before
            kept = self.history.add(fell[1], fell[0])
            self.d = self.history.direction(g)
        self.last_t = self.t
        if self.journal is not None:
            h = self.history
            pairs = list(zip(h.y, h.s, h.ro, strict=True))
            now = Move(self._weights(), g.copy(), loss, fell, kept, pairs, h.scale, self.d, first, self.t)
            self.journal.append(now)

    def _move(self, loss: float, g: Array, slope: Any, last: bool) -> tuple[float, Array]:
        """Go along d, as far as the line search says or by t; the loss and slope there."""
        x, self.between = self._weights(), None
        if self.options["line_search_fn"] is not None:
            most = self.options["max_eval"] - self.spent
            start = Point(0.0, loss, g, slope)
            least = self.options["tolerance_change"]
            found, asked = strong_wolfe(
                lambda t: self._look(x, t), start, self.t, self.d, least, most, self._between_these
            )
            self._spend(asked)
            self.last_t = found.t
            self._note_length(found.t)
            self._put(x + found.t * self.d)
            return found.loss, found.g
        self._note_length(self.t)
        self._put(x + self.t * self.d)
        if last:  # nobody will use the loss there
            return loss, g
        self._spend(1)
        return float(self.ask()), self._gradient()

    def _look(self, x: Array, t: Any) -> Point:
        """Loss and slope at x + t·d; the weights stay at x."""
        t = float(t)
        self._put(x + t * self.d)
        loss, g = float(self.ask()), self._gradient()
        self._put(x)
        found = Point(t, loss, g, g @ self.d)
        if self.journal is not None:
            self.journal[-1].tries.append((found, self.between))
        return found

    def _between_these(self, a: Point, b: Point) -> None:
        self.between = a, b

    def _note_length(self, t: Any) -> None:
        if self.journal is not None:
            self.journal[-1].t, self.journal[-1].done = t, True

    def _flat(self, g: Array) -> bool:
        return bool(np.abs(g).max(initial=0) <= self.options["tolerance_grad"])

    def _settled(self, loss: float, was: float) -> bool:
        """Whether the last move changed next to nothing."""
        least = self.options["tolerance_change"]
        return bool(np.abs(self.d * self.last_t).max(initial=0) <= least or abs(loss - was) < least)

    def _spend(self, asked: int) -> None:
        self.spent += asked
        self.state["func_evals"] += asked

    # ---- weights and gradients as vectors, and the memory between steps ---------------------------------------

    def _weights(self) -> Array:
        return np.concatenate([p.array.reshape(-1) for p in self.params])

    def _gradient(self) -> Array:
        return np.concatenate(
            [(np.zeros_like(p.array) if p.grad is None else p.grad.array).reshape(-1) for p in self.params]
        )

    def _put(self, x: Array) -> None:
        at = 0
        for p in self.params:
            p.array[...] = x[at : at + p.array.size].reshape(p.array.shape)
            touched(p)
            at += p.array.size

    def _recall(self) -> None:
        s = self.state
        if "d" not in s:
            return
        self.d, self.before, self.last_t = _plain(s["d"]), _plain(s["prev_flat_grad"]), _plain(s["t"])
        y, moves, ro = ([_plain(v) for v in s[key]] for key in ("old_dirs", "old_stps", "ro"))
        self.history = History(self.options["history_size"], y, moves, ro, _plain(s["H_diag"]))

    def _keep(self, loss: float) -> None:
        h = self.history
        self.state.update(
            d=wrap(self.d),
            t=float(self.last_t),
            old_dirs=[wrap(y) for y in h.y],
            old_stps=[wrap(s) for s in h.s],
            ro=[wrap(np.asarray(r)) for r in h.ro],
            H_diag=wrap(np.asarray(h.scale)) if h.y else 1,
            prev_flat_grad=wrap(self.before),
            prev_loss=loss,
        )


def _plain(value: Any) -> Any:
    return value.array[()] if isinstance(value, Tensor) else value
