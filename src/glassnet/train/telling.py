"""One step of a training told as it was: every number of it, in words and symbols."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from glassnet.errors import ValueRangeError, complain
from glassnet.train.callbacks import Callback

if TYPE_CHECKING:
    from glassnet.read.document import Document
    from glassnet.train.trainer import Trainer

_UNTOLD = ("clip_norm", "clip_value", "l1", "l2", "max_norm", "mixup", "accumulate")


class TellStep(Callback):
    """Tells step `step` of a training (counted from 1): forward, loss, backward, update, from the batch it learnt from.

    The step is told once it is over, on a copy of the network and the optimiser as they were before it; the training
    itself is not touched. `write` gets the text; the whole document stays in `document`, which renders to Markdown,
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
        self._before: tuple[Any, Any] | None = None

    def on_fit_start(self, trainer: Trainer) -> None:
        self._keep(trainer)

    def on_batch_end(self, trainer: Trainer) -> None:
        if trainer.step == self.step and self._before is not None:
            self._tell(trainer)
        else:
            self._keep(trainer)

    def _keep(self, trainer: Trainer) -> None:
        """Just before the step: a copy of what it will change."""
        if trainer.step == self.step - 1:
            self._before = copy.deepcopy((trainer.model, trainer.optimizer))

    def _tell(self, trainer: Trainer) -> None:
        from glassnet.read.explain import explain  # which only those wait for who ask for it

        assert self._before is not None
        (model, optimizer), self._before = self._before, None
        if trainer.pace.after is None:  # the rate was set for this step, else for it by the step before
            for group, now in zip(optimizer.param_groups, trainer.optimizer.param_groups, strict=True):
                group["lr"] = now["lr"]
        x, y = trainer.batch[:2]
        told = explain(model, x, y, loss=trainer.learn.loss, optimizer=optimizer, title=f"Step {self.step}", **self.how)
        options = vars(trainer.learn.options)
        extras = [name for name in _UNTOLD if options[name] and (name, options[name]) != ("accumulate", 1)] + [
            "weights of examples"
        ] * (len(trainer.batch) > 2)
        if extras:
            told.notes.append(f"Not told here, though the training did it: {', '.join(extras).replace('_', ' ')}.")
        self.document = told
        if self.write is not None:
            self.write(told.text(100))
