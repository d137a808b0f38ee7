"""What a figure is asked of: a model, the run that made it, and the data it learnt from, made again when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.train.evaluation import Evaluation
from glassnet.train.in_pieces import judged, judgements
from glassnet.train.runs import Run
from glassnet.train.settings import Settings
from glassnet.train.trained import Trained
from glassnet.train.training import Training


@dataclass(frozen=True, eq=False)
class AskedRun:
    """A run folder, as those need it who tell its figures; every property raises `DataError` for what was not kept."""

    folder: Run

    @cached_property
    def setting(self) -> Settings:
        """The settings that it was trained with."""
        found = self.folder.config.get("settings")
        if not isinstance(found, dict):
            raise DataError(complain("got a run without settings", "expected config.json", "Try another run"))
        return Settings.from_dict(found)

    @property
    def examples(self) -> int:
        """How many examples it learnt from."""
        data = self.folder.config.get("data")
        count = data.get("train") if isinstance(data, dict) else None
        if not isinstance(count, int) or count < 1:
            got = "got a run without a count of its examples"
            raise DataError(complain(got, "expected config.json", "Try another"))
        return count

    @property
    def batches(self) -> int:
        """How many batches an epoch has."""
        return -(-self.examples // (self.setting.batch_size or self.examples))

    @property
    def threads(self) -> int | None:
        """How many threads BLAS had; None where that was not kept."""
        blas = self.folder.environment.get("blas")
        count = blas.get("threads") if isinstance(blas, dict) else None
        return count if isinstance(count, int) and 1 <= count <= 1024 else None

    @property
    def seconds(self) -> float | None:
        """How long it learned."""
        return self.folder.seconds

    def metric(self, name: str) -> float | None:
        """A figure of its result."""
        return self.folder.metric(name)

    def entries(self, name: str) -> dict[int, dict[str, Any]]:
        """The epochs that have a figure, by their numbers; 0 is before the first step."""
        found = {int(e["epoch"]): e for e in self.folder.history if name in e and not e.get("averaged")}
        before = self.folder.result.get("before")
        if found and isinstance(before, dict) and isinstance(before.get(name), int | float):
            found[0] = {"epoch": 0, **before}
        if not found:
            words = name.replace("_", " ")
            known = [n for n in self.folder.history.names if n not in ("epoch", "averaged")]
            got = f"got a run without the {words} of its epochs"
            raise DataError(complain(got, f"expected one of {', '.join(known) or 'none'}", "Try another figure"))
        return found

    def entry(self, name: str, epoch: int | None) -> dict[str, Any]:
        """The figures of an epoch, the last if none is named.

        Raises `ValueRangeError` for an epoch without figures.
        """
        known = self.entries(name)
        epoch = max(known) if epoch is None else epoch
        if epoch not in known:
            near = min(known, key=lambda other: abs(other - epoch))
            got, expected = f"got epoch {epoch}", f"expected an epoch from {min(known)} to {max(known)} with figures"
            raise ValueRangeError(complain(got, expected, f"Try {near}"))
        return known[epoch]


@dataclass(frozen=True, eq=False)
class Subject:
    """Everything that a figure may be worked out from, and what was asked for: `epoch`, `klass`, `layer`, …, `most`.

    `distance` is how far from the weights as they are, `along` in which direction; `n` how many examples to look at;
    `index` and `to` are two test examples.
    """

    trained: Trained
    path: str
    made: Callable[[], DataSet]
    folder: Run | None = None
    epoch: int | None = None
    klass: int | None = None
    step: int | None = None
    layer: int | None = None
    unit: int | None = None
    weight: int | None = None
    distance: tuple[float, ...] | None = None
    along: str | None = None
    seed: int = 0
    n: int | None = None
    index: int | None = None
    to: int | None = None
    most: int = 6

    @cached_property
    def data(self) -> DataSet:
        """The data that it learnt from."""
        return self.made()

    @cached_property
    def run(self) -> AskedRun:
        """The run.

        Raises `DataError` for a model file, which has no history.
        """
        if self.folder is None:
            hint = "Try the folder that `glassnet train` named"
            raise DataError(complain("got a model file", "expected a run folder, which has the history", hint))
        return AskedRun(self.folder)

    @property
    def training(self) -> Training:
        """The training as it was before its first step."""
        return Training(self.data, self.run.setting)

    @cached_property
    def test(self) -> tuple[Evaluation, str]:
        """The judgement on the test examples, or on those it learnt from where there are none; and which they are."""
        (x, y), of = self._tested
        return self.trained.evaluate(x, y), of

    @cached_property
    def counts(self) -> tuple[Evaluation, str]:
        """The same; of rows in files its counts are of all of them, and it has no more than the worst itself."""
        (x, y), of = self._tested
        return judged(self.trained.model, self.trained.prepare, x, y).test, of

    def pieces(self) -> Iterator[Evaluation]:
        """The same once more, of rows in files piece by piece."""
        return judgements(self.trained.model, self.trained.prepare, *self._tested[0])

    @property
    def _tested(self) -> tuple[tuple[np.ndarray, np.ndarray], str]:
        data = self.data
        return ((data.x_test, data.y_test), "test") if len(data.x_test) else ((data.x_train, data.y_train), "training")

    @property
    def names(self) -> list[str]:
        """What classes, labels or outputs are called."""
        if self.trained.task == "regression" and self.trained.prepare.table is not None:
            return list(self.trained.table_code.target.names)
        return list(self.data.classes)

    @property
    def peak_megabytes(self) -> int | None:
        """The most memory that the training took, where it was measured."""
        found = self.folder.result.get("peak_memory_megabytes") if self.folder is not None else None
        return found if isinstance(found, int) else None
