"""Tests on how the loss went, and on how the step is put together. Each returns what it has seen, or None."""

from __future__ import annotations

import itertools
import math

import numpy as np

from glassnet.train.doctor.case import Case, Epoch
from glassnet.train.doctor.finding import Seen

START = 0.5  # by how much a first loss may be above ln(classes)
RISE = 1.1  # held-out loss / its best: above it, the network has begun to learn by heart
TOO_SURE = 2.0  # the same, where it answers as well as ever
CHANCE = 0.015  # accuracy: one answer in a hundred comes and goes
LEARNT = 0.98  # last loss / first: above it, nothing was learnt
HIGHER = 1.5  # last losses / first: above it, the steps are too large
LEFT = 1.2  # gradients that a step left / those that its batch asks for
SLOW_TRIAL = 0.999  # last loss / first of a few steps on one batch
SLOW = 0.9  # last loss / first, where it fell at every epoch: above it, the steps are too small
KNOWS = 0.9  # loss / loss of a blind guess: below it, something was learnt
GAP = 0.05  # accuracy on learnt examples less that on others
LOSS_GAP = 2.0  # held-out loss / training loss
CERTAIN = 2.0  # standard errors: a larger difference is no chance


def high_start(case: Case) -> Seen | None:
    """A first loss above that of a blind guess."""
    classes = len(case.classes)
    look = case.first
    if case.task != "classification" or look is None or classes < 2 or look.loss <= math.log(classes) + START:
        return None
    blind = math.log(classes)
    text = f"the first loss is {look.loss:.3g}; a blind guess among {classes} classes has ln({classes}) = {blind:.3f}"
    return Seen("the loss starts above that of a blind guess", text, {"loss": look.loss, "blind": blind})


def _steady(epochs: list[Epoch]) -> bool:
    """Whether the loss fell at nearly every epoch."""
    steps = [b.loss < a.loss for a, b in itertools.pairwise(epochs)]
    return len(steps) >= 4 and sum(steps) >= 0.9 * len(steps)


def _knows_something(case: Case, loss: float) -> bool:
    """Whether a loss is clearly below that of the best blind guess; False where the targets are not known."""
    if case.train is None or not len(case.train.y):
        return False
    y = case.train.y
    if case.labels is None:
        return loss < KNOWS * float(y.var(axis=0, dtype=np.float64).mean())
    shares = np.bincount(case.labels) / len(y)
    return loss < KNOWS * -float((shares[shares > 0] * np.log(shares[shares > 0])).sum())


def no_learning(case: Case) -> Seen | None:
    """A loss that stays where it was."""
    epochs = case.learning or []
    first, last = epochs[0].loss, epochs[-1].loss
    if len(epochs) < 3 or not LEARNT * first < last <= 1.5 * first or _steady(epochs):
        return None
    if _knows_something(case, last):  # it had learnt what there was to learn within the first epoch
        return None
    text = f"the training loss is {last:.4g} after epoch {epochs[-1].epoch:g} and was {first:.4g} after epoch "
    text += f"{epochs[0].epoch:g}"
    return Seen("the network does not learn", text, {"first": first, "last": last})


def _rate_figures(case: Case, factor: float) -> dict[str, float]:
    return {"rate": (case.rate or 0.0) * factor}


def too_high(case: Case) -> Seen | None:
    """A loss that rises, or is no number any more."""
    losses = case.trial or [e.loss for e in case.learning or ()]
    finite = [v for v in losses if math.isfinite(v)]
    if len(losses) < 2 or not losses[0] > 0:
        return None
    if len(finite) == len(losses) and max(losses[-3:]) <= HIGHER * losses[0]:
        return None
    end = f"{losses[-1]:.4g}" if math.isfinite(losses[-1]) else "no number any more"
    over = f"{len(losses)} steps on one batch" if case.trial else f"{(case.learning or [])[-1].epoch:g} epochs"
    at = f" at learning rate {case.rate:g}" if case.rate else ""
    return Seen(
        "the learning rate is too high", f"the loss went from {losses[0]:.4g} to {end} over {over}{at}",
        _rate_figures(case, 0.1),
    )  # fmt: skip


def too_low(case: Case) -> Seen | None:
    """A loss that falls steadily and hardly at all."""
    if case.trial:
        losses, over = case.trial, f"{len(case.trial)} steps on one batch"
        slow = len(losses) > 4 and SLOW_TRIAL * losses[0] < losses[-1] < losses[0]
    else:
        epochs = case.learning or []
        losses, over = [e.loss for e in epochs], f"{epochs[-1].epoch if epochs else 0:g} epochs"
        slow = _steady(epochs) and losses[-1] > SLOW * losses[0] and not _knows_something(case, losses[-1])
    if not slow:
        return None
    at = f" at learning rate {case.rate:g}" if case.rate else ""
    text = f"the loss fell without a pause, but only from {losses[0]:.4g} to {losses[-1]:.4g} over {over}{at}"
    return Seen("the learning rate is too low", text, _rate_figures(case, 10.0))


def _best(case: Case) -> tuple[Epoch, list[Epoch]]:
    held = case.held or []
    return min(held, key=lambda e: e.held_loss), held


def overfitting(case: Case) -> Seen | None:
    """Losses that part: one falls, the other rises."""
    best, held = _best(case)
    last = held[-1]
    first_after = next((e for e in held if e.epoch > best.epoch), None)
    if first_after is None or not forgets(best, last):
        return None
    text = (
        f"after epoch {best.epoch:g} the loss on other examples rose from {best.held_loss:.4g} to "
        f"{last.held_loss:.4g}, while the training loss fell from {best.loss:.4g} to {last.loss:.4g}"
    )
    figures = {"since": first_after.epoch, "best": best.epoch, "held_loss": last.held_loss}
    return Seen(f"overfitting since epoch {first_after.epoch:g}", text, figures)


def forgets(best: Epoch, last: Epoch) -> bool:
    """Whether it does worse on other examples than at its best.

    Where its answers are as good as ever, a higher loss only means that it is surer of its mistakes: up to a point.
    What fares better on other examples than on its own (as with dropout) has not learnt its own by heart.
    """
    if last.held_loss <= last.loss:
        return False
    if not last.loss < best.loss or not last.held_loss > RISE * best.held_loss:
        return False
    answers_hold = last.held_accuracy >= best.held_accuracy - CHANCE  # False where they are not known
    return not answers_hold or last.held_loss > TOO_SURE * best.held_loss


def learning_well(case: Case) -> Seen | None:
    """Both losses fall."""
    best, held = _best(case)
    first, last = held[0], held[-1]
    if not (last.loss < LEARNT * first.loss and last.held_loss < LEARNT * first.held_loss) or forgets(best, last):
        return None
    text = (
        f"training loss {first.loss:.4g} → {last.loss:.4g}, loss on other examples "
        f"{first.held_loss:.4g} → {last.held_loss:.4g}"
    )
    return Seen("learning well", text, {"loss": last.loss, "held_loss": last.held_loss})


def gap(case: Case) -> Seen | None:
    """A wide gap between learnt and other examples."""
    last = (case.held or [])[-1]
    accuracy = _accuracy(case)
    if math.isfinite(last.held_accuracy) and accuracy is not None:
        gap = accuracy - last.held_accuracy
        if gap <= GAP:
            return None
        text = f"accuracy {accuracy:.1%} on the examples it learnt from, {last.held_accuracy:.1%} on others"
        return Seen(f"{100 * gap:.1f} points between learnt and other examples", text, {"gap": gap})
    if last.held_loss <= LOSS_GAP * last.loss:
        return None
    text = f"loss {last.loss:.4g} on the examples it learnt from, {last.held_loss:.4g} on others"
    return Seen("a wide gap between learnt and other examples", text, {"gap": last.held_loss / max(last.loss, 1e-300)})


def _accuracy(case: Case) -> float | None:
    if case.scores is None or case.labels is None:
        return None
    return float((case.scores.argmax(axis=1) == case.labels).mean())


def outdone(case: Case) -> Seen | None:
    """A guess or a linear model that does better than the network, by more than chance."""
    best = max(case.rivals or (), key=lambda rival: rival.theirs, default=None)
    if best is None or not best.theirs - best.own > CERTAIN * best.error:
        return None
    shown = "{:.1%}" if best.measure == "accuracy" else "{:.3f}"
    theirs, own = shown.format(best.theirs), shown.format(best.own)
    text = f"on {best.n:,} test examples {best.name} has {best.measure} {theirs}, the network {own}"
    article = "always naming the " if best.name.startswith("most") else "the " if best.name == "mean" else ""
    return Seen(f"{article}{best.name} does better than the network", text, {**best._asdict()})


def twice(case: Case) -> Seen | None:
    """A last layer that the loss applies once more."""
    wrong = {("cross_entropy", "Softmax"), ("bce_with_logits", "Sigmoid"), ("cross_entropy", "Sigmoid")}
    if (case.loss, case.last_layer) not in wrong:
        return None
    text = f"the last layer is {case.last_layer}, and {case.loss} applies its own to what it is given"
    return Seen(f"{case.last_layer} is applied twice", text, {"layer": case.last_layer, "loss": case.loss})


def zero_grad(case: Case) -> Seen | None:
    """Gradients that were not cleared."""
    kept, fresh = case.leftover or (0.0, 0.0)
    if not kept > LEFT * fresh:
        return None
    text = f"after a step the gradients have length {kept:.4g}, but its batch alone asks for {fresh:.4g}"
    return Seen("gradients of earlier steps are still there", text, {"kept": kept, "fresh": fresh})
