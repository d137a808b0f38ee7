"""The loop of `fit`: epochs, batches, listeners, validation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from glassnet.errors import DataError, complain
from glassnet.faces.keras.batches import Batch, Data, Progress
from glassnet.faces.keras.callbacks import Callback, History, Logs
from glassnet.faces.keras.targets import Sums

BATCH = 32  # Keras's
_EVENTS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class Fit:
    """One call of `fit`."""

    def __init__(
        self, model: Any, size: int | None, epochs: int, verbose: Any, callbacks: Any, shuffle: bool, steps: int | None
    ) -> None:
        self.model, self.size, self.epochs, self.shuffle, self.steps = model, size or BATCH, epochs, shuffle, steps
        self.verbose = verbose
        self.history = History()
        mine = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        self.listeners: list[Callback] = [self.history, *mine]
        self.endless: Any = None  # batches that go on where the last epoch ended

    def run(self, data: Any, held: Any, epochs: Iterable[int], looks: tuple[int, int | None, int]) -> History:
        """All epochs; `looks` says how often, at how many batches and of which size the held data are looked at."""
        steps = -(-len(data) // self.size) if isinstance(data, Data) else None
        progress = Progress(self.verbose, self.steps or steps)
        for c in self.listeners:
            c.set_model(self.model)
            c.set_params({"epochs": self.epochs, "steps": progress.steps, "verbose": progress.verbose})
        self.model.stop_training = False
        self.tell("on_train_begin", {})
        logs: Logs = {}
        for epoch in epochs:
            progress.title(epoch, self.epochs)
            self.tell("on_epoch_begin", epoch, {})
            logs = self.epoch(data, progress)
            if held is not None and (epoch + 1) % looks[0] == 0:
                logs |= {f"val_{name}": value for name, value in self.look(held, looks).items()}
            for c in [*self.listeners[1:], self.history]:  # history last: others may add to logs
                c.on_epoch_end(epoch, logs)
            progress.finish(logs, self.done)
            if self.model.stop_training:
                break
        self.tell("on_train_end", logs)
        return self.history

    def look(self, held: Any, looks: tuple[int, int | None, int]) -> Logs:
        """The loss and the metrics on the held data."""
        self.tell("on_test_begin", {})
        logs = self.model.measure(held, looks[2], looks[1])
        self.tell("on_test_end", logs)
        return logs

    def epoch(self, data: Any, progress: Progress) -> Logs:
        """One pass over the data; the means of the loss and the metrics over it."""
        model, step = self.model, None
        sums = Sums(())
        heard = [c for c in self.listeners if _hears_batches(c)]
        self.done = 0
        for i, batch in enumerate(self.batches(data)):
            if step is None:  # a loader's first batch has built the model
                step, sums = model.training_step(), Sums(model.targets("fit"))
                model.network.train()
            if heard:
                self.tell_all(heard, "on_train_batch_begin", i, {})
            model.optimizer.before_step()
            model.count(sums, batch, step(*batch))
            self.done = i + 1
            progress.update(i + 1, sums.loss / sums.examples)
            if heard:
                self.tell_all(heard, "on_train_batch_end", i, sums.logs())
            if model.stop_training and heard:
                break
        model.network.eval()
        if not self.done:
            got = "fit: got a loader that gives no batch"
            raise DataError(complain(got, "expected at least one", "Try one that begins anew, as a DataLoader does"))
        return sums.logs()

    def batches(self, data: Any) -> Iterable[Batch]:
        """The batches of an epoch; of a loader with `steps_per_epoch`, the next so many."""
        if self.steps is None:
            yield from data.batches(self.size, self.shuffle)
            return
        for _ in range(self.steps):
            if self.endless is None:
                self.endless = iter(data.batches(self.size, self.shuffle))
            batch = next(self.endless, None)
            if batch is None:
                self.endless = iter(data.batches(self.size, self.shuffle))
                batch = next(self.endless, None)
            if batch is None:
                return
            yield batch

    def tell(self, event: str, *args: Any) -> None:
        """Tell every listener."""
        self.tell_all(self.listeners, event, *args)

    @staticmethod
    def tell_all(listeners: Sequence[Callback], event: str, *args: Any) -> None:
        """Tell these listeners."""
        for listener in listeners:
            getattr(listener, event)(*args)


def _hears_batches(c: Callback) -> bool:
    return any(getattr(type(c), e, None) is not getattr(Callback, e, None) or e in vars(c) for e in _EVENTS)
