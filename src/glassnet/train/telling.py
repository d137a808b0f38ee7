"""One step of a training told as it was: every number of it, in words and symbols."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from glassnet.core.generator import fork_rng, get_rng_state, set_rng_state
from glassnet.errors import ValueRangeError, complain
from glassnet.train.batches import Batches
from glassnet.train.callbacks import Callback
from glassnet.train.regularise import beta

if TYPE_CHECKING:
    from glassnet.optim import Optimizer
    from glassnet.read.document import Document
    from glassnet.train.trainer import Trainer
    from glassnet.train.whole_step import WholeStep

_UNTOLD = ("clip_norm", "clip_value", "max_norm")


class TellStep(Callback):
    """Tells step `step` of a training (counted from 1): forward, loss, backward, update, from the batch it learnt from.

    The step is told once it is over, on a copy of the network and the optimiser as they were before it; the training
    itself is not touched. Penalties, mixing, weights of examples, gathering, clipping and averages are told as part of
    it. `write` gets the text; the whole document stays in `document`, which renders to Markdown,
    LaTeX or HTML too. What else is given goes to `glassnet.explain`: `grain`, `layer`, `unit`, `weight`, `most`,
    `digits`.

    >>> import glassnet as torch
    >>> from glassnet.train.trainer import Trainer
    >>> model = torch.nn.Linear(1, 1)
    >>> teller = TellStep(2, write=lambda text: print(text.splitlines()[0]))
    >>> trainer = Trainer(model, "mse", torch.optim.SGD(model.parameters(), lr=0.1), callbacks=[teller])
    >>> history = trainer.fit((torch.ones(4, 1), torch.ones(4, 1)), epochs=3)
    Step 2
    >>> [step.part for step in teller.document.steps]
    ['forward', 'loss', 'backward', 'backward', 'backward', 'update', 'update']
    """

    def __init__(self, step: int = 1, write: Callable[[str], Any] | None = print, **how: Any) -> None:
        if step < 1:
            got = f"TellStep: got step={step}"
            raise ValueRangeError(complain(got, "expected 1 or more: steps are counted from 1", "Try step=1"))
        self.step, self.write, self.how = step, write, how
        self.document: Document | None = None
        self._before: WholeStep | None = None
        self._random: Any = None  # the state of the random stream before the step
        self._total = 0.0  # the losses of the epoch before the step

    def on_fit_start(self, trainer: Trainer) -> None:
        self._keep(trainer)

    def on_epoch_start(self, trainer: Trainer) -> None:
        self._keep(trainer)  # once more: batches left over have made an update, the order of the examples is drawn

    def on_batch_end(self, trainer: Trainer) -> None:
        if trainer.step == self.step and self._before is not None:
            self._tell(trainer)
        else:
            self._keep(trainer)

    def _keep(self, trainer: Trainer) -> None:
        """Just before the step: a copy of what it will change."""
        if trainer.step == self.step - 1:
            from glassnet.train.whole_step import WholeStep

            self._before = WholeStep(trainer.learn)
            self._random, self._total = get_rng_state(), float(trainer.learn.total.array)

    def _tell(self, trainer: Trainer) -> None:
        from glassnet.read.explain import explain  # which only those wait for who ask for it

        assert self._before is not None
        whole, self._before = self._before, None
        optimizer = whole.optimizer
        if trainer.pace.after is None:  # the rate was set for this step, else for it by the step before
            for group, now in zip(optimizer.param_groups, trainer.optimizer.param_groups, strict=True):
                group["lr"] = now["lr"]
        x, y = trainer.batch[:2]
        model, loss = whole.parts(trainer.learn.loss, trainer.batch, trainer.learn.share)
        notes = [*_at_rest(trainer, optimizer), *_untold(trainer, optimizer), *_waiting(trainer)]
        updates = None if _waiting(trainer) else optimizer
        with fork_rng():
            self._go_back(trainer)
            told = explain(model, x, y, loss=loss, optimizer=updates, title=f"Step {self.step}", **self.how)
        told.summary.insert(0, _place(trainer))
        told.notes += [*self._drawn_anew(told, trainer), *notes]
        self.document = told
        if self.write is not None:
            self.write(told.text(100))

    def _go_back(self, trainer: Trainer) -> None:
        """To where the random stream stood when the step began, so that dropout draws the very same masks."""
        set_rng_state(self._random)
        if trainer.learn.options.mixup:
            beta(trainer.learn.options.mixup)  # the share, which is told as it was

    def _drawn_anew(self, told: Document, trainer: Trainer) -> list[str]:
        """That the masks are others, where somebody drew between the steps; the loss tells."""
        draws = any(op in ("bernoulli", "uniform", "normal", "random") for step in told.steps for op in step.ops)
        losses = [step for step in told.steps if step.part == "loss" and not step.shape]
        was = float(trainer.learn.total.array) - self._total
        if not draws or not losses or math.isclose(float(losses[-1].result), was, rel_tol=1e-3, abs_tol=1e-6):
            return []
        return [f"Masks were drawn anew for this: the loss of the step itself was {was:.6g}."]


def _place(trainer: Trainer) -> str:
    """Where in the round of every training the step stands: shuffle, cut into batches, update, repeat."""
    batches, gathered = trainer.steps_per_epoch, trainer.learn.options.accumulate
    of = f" of {batches:,}" if batches else ""
    place = f"Epoch {trainer.epoch:,} of {trainer.epochs:,}, batch {trainer.taken:,}{of}"
    each = f"every {gathered} batches make" if gathered > 1 else "each batch makes"
    return (
        f"{place}: {len(trainer.batch[0]):,} examples. All examples {_order(trainer)} and are cut into batches; {each} "
        "one update; then comes the next epoch."
    )


def _order(trainer: Trainer) -> str:
    if isinstance(trainer.feed, Batches) and trainer.feed.shuffle:
        return "are shuffled anew for each epoch"
    known = trainer.feed is not None and trainer.feed.in_order
    return "come as they lie" if known else "come as the loader gives them"


def _at_rest(trainer: Trainer, optimizer: Optimizer) -> list[str]:
    """That the rate is 0, where it is: the first step of a warm-up moves nothing."""
    if any(float(group["lr"]) for group in optimizer.param_groups):
        return []
    why = " as the warm-up begins" if trainer.step == 1 else ""
    return [f"The rate of this step is 0{why}, so it moves no weight: try a later step, such as {trainer.step + 1}."]


def _waiting(trainer: Trainer) -> list[str]:
    """That the gradients of this batch only wait for those of the next, where the update is yet to come."""
    learn = trainer.learn
    last = trainer.taken == trainer.steps_per_epoch
    if not learn.gathered or last:
        return []
    left = learn.options.accumulate - learn.gathered
    if trainer.steps_per_epoch:
        left = min(left, trainer.steps_per_epoch - trainer.taken)
    return [
        f"No update yet: the gradients of {learn.options.accumulate} batches make one; try step {trainer.step + left}."
    ]


def _untold(trainer: Trainer, optimizer: Optimizer) -> list[str]:
    """What was done besides an update that no tape holds."""
    options = vars(trainer.learn.options)
    done = [name.replace("_", " ") for name in _UNTOLD if options[name]] + ["EMA"] * (trainer.learn.average is not None)
    if not done or getattr(optimizer, "replayable", False):
        return []
    return [f"Not told here, though the training did it: {', '.join(done)}."]
