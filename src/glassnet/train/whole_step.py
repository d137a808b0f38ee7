"""All that a training step does, on copies of its parts, to be told: penalties, mixing, gathering, clipping.

What `glassnet.train.steps.Step` does in recorded programs is done here once more, operation by operation, and each
result gets the name under which it is told.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.nn.utils.shortening import shortening
from glassnet.read.record import Told
from glassnet.train.regularise import Average, matrices, mixture, moved, penalty, row_lengths, row_shares
from glassnet.train.steps import Step


class MixUp(nn.Module):
    """Each example mixed with its partner, whose numbers are given."""

    def __init__(self, share: Tensor, partner: Tensor) -> None:
        super().__init__()
        self.share, self.partner = share, partner

    def forward(self, x: Tensor) -> Tensor:
        return mixture(x, self.partner, self.share)


class WholeStep:
    """A copy of what a step will change; once the step is over, `parts` are what there is to explain."""

    def __init__(self, learn: Step) -> None:
        self.model, self.optimizer, self.average = copy.deepcopy((learn.model, learn.optimizer, learn.average))
        self.parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.options, self.each = learn.options, learn._each
        self.sums = [t.array.copy() for t in learn._sums or ()] if learn.gathered else []
        self.count = float(learn._count.array) if learn.gathered and learn._count is not None else 0.0
        self.told: list[Told] = []

    def parts(self, loss: Any, batch: Sequence[Tensor], share: Tensor) -> tuple[Any, Any]:
        """The model and the loss that make this step's total out of `batch`; the optimiser's step is now the whole."""
        self.size = float(batch[0].array.shape[0])
        self.own_step = self.optimizer.step
        vars(self.optimizer).update(step=self.step, told=self.told)
        model = self.model
        if self.options.mixup:
            share = _named(share.array, "m")
            model = nn.Sequential(MixUp(share, _named(batch[0].array[::-1], "x°")), model)
            model.train(self.model.training)
        return model, self._criterion(loss, batch, share)

    def _criterion(self, loss: Any, batch: Sequence[Tensor], share: Tensor) -> Any:
        weights = _named(batch[2].array, "q") if len(batch) > 2 else None
        other_y = _named(batch[1].array[::-1], "y°")
        other_q = _named(weights.array[::-1], "q°") if weights is not None else None

        def mean(scores: Tensor, y: Tensor, q: Tensor | None) -> Tensor:
            return loss(scores, y) if q is None else (self.each(scores, y) * q).mean()

        def total(scores: Tensor, y: Tensor) -> Tensor:
            found = mean(scores, y, weights)
            if self.options.mixup:
                found = mixture(found, mean(scores, other_y, other_q), share)
            if not (self.options.l1 or self.options.l2) or not matrices(self.parameters):
                return found
            found.name, extra = "E", penalty(self.parameters, self.options.l1, self.options.l2)
            extra.name = "P"  # type: ignore[union-attr]
            return found + extra

        plain = not (self.options.mixup or self.options.l1 or self.options.l2 or weights is not None)
        return loss if plain else total

    # ---- the update -----------------------------------------------------------------------------------------

    def step(self, *closure: Any) -> None:
        """Everything that the gradients go through, the optimiser's own step, and what comes after it."""
        with no_grad():
            self._gather()
            self._clip()
        self.own_step(*closure)
        with no_grad():
            self._after()

    def _tell(self, t: Tensor, letter: str, words: str = "", param: Tensor | None = None, new: bool = False) -> Tensor:
        self.told.append(Told(t, letter, words, param, new))
        return t

    def _learning(self) -> list[Tensor]:
        return [p for p in self.parameters if p.grad is not None]

    def _gather(self) -> None:
        """The mean over all examples of the batches that make this update together."""
        if self.options.accumulate == 1:
            return
        words = (
            f"the gradients of the batches before (S, of {self.count:g} examples) and of this one, each times its "
            f"number of examples, over all {self.count + self.size:g}"
        )
        for p, before in zip(self.parameters, self.sums or [None] * len(self.parameters), strict=True):
            if p.grad is None:
                continue
            total = p.grad * self.size
            if before is not None:
                total = self._tell(wrap(before), "S{}", param=p) + total
            p.grad = self._tell(total / (self.count + self.size), "g{}", words, p)

    def _clip(self) -> None:
        if (longest := self.options.clip_norm) is not None:
            squares = [(p.grad * p.grad).sum() for p in self._learning()]  # type: ignore[operator]
            length = self._tell(sum(squares[1:], squares[0]).sqrt(), "N", "the length of all gradients together")
            factor = shortening(length, longest)
            shrunk = "clipped" if float(factor.array) < 1 else "short enough, so nothing is clipped"
            self._tell(factor, "f", f"what is left of gradients that may be {longest:g} long together: {shrunk}")
            for p in self._learning():
                p.grad = self._tell(p.grad * factor, "c{}", "every gradient times the same factor", p)  # type: ignore[operator]
        if (most := self.options.clip_value) is not None:
            for p in self._learning():
                words = f"every number of a gradient brought between −{most:g} and {most:g}"
                p.grad = self._tell(p.grad.clamp(-most, most), "c{}", words, p)  # type: ignore[union-attr]

    def _after(self) -> None:
        """The longest rows shortened; the running average."""
        now = {id(p): self._tell(wrap(p.array.copy()), "{}", param=p, new=True) for p in self.parameters}
        if (longest := self.options.max_norm) is not None:
            for p in matrices(self.parameters):
                now[id(p)] = self._shorten(p, now[id(p)], longest)
        if self.average is not None:
            self._average(self.average, now)

    def _shorten(self, p: Tensor, w: Tensor, longest: float) -> Tensor:
        length = self._tell(row_lengths(w), "r{}", "the length of the weights into each unit", p)
        words = f"the weights into a unit shortened to at most {longest:g}"
        return self._tell(w * row_shares(length, w, longest), "{}″", words, p)

    def _average(self, average: Average, now: dict[int, Tensor]) -> None:
        t = _named(average.updates.array + 1, "t")
        keep = average.keeps(t)
        self._tell(keep, "δ", f"what the average keeps of itself at update {float(t.array):g}")
        at = 0
        for p in average.parameters:
            mean = average.mean.array[at : at + p.array.size].reshape(p.array.shape).copy()
            at += p.array.size
            before, w = self._tell(wrap(mean), "e{}", param=p), now.get(id(p))
            if w is not None:
                self._tell(
                    moved(before, w, keep), "e{}", "the running average moves towards the new weights", p, new=True
                )


def _named(array: Any, name: str) -> Tensor:
    t = wrap(np.ascontiguousarray(array).reshape(np.shape(array)))
    t.name = name
    return t
