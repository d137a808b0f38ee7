"""A trained network with all that is needed to use it: how examples are prepared, and what its outputs mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet import nn
from glassnet.errors import FormatError, NotSupportedError, complain
from glassnet.files.os_errors import StrPath, shown
from glassnet.train.evaluation import Evaluation, evaluate, outputs_of, softmax
from glassnet.train.layers import check_flow, describe
from glassnet.train.model_file import load_model, save_model
from glassnet.train.multilabel import sigmoid
from glassnet.train.preparation import Preparation

if TYPE_CHECKING:
    from glassnet.data.table import Table
    from glassnet.train.tabular import Oddities, TableCode

_MOST_CLASSES = 100_000


@dataclass(frozen=True, eq=False)
class Trained:
    """A network for raw examples.

    >>> from glassnet.data.datasets import load_dataset
    >>> from glassnet.train.recipes import recipe_for
    >>> from glassnet.train.training import Training
    >>> training = Training(load_dataset("gauss"), recipe_for(load_dataset("gauss"), epochs=5))
    >>> _ = list(training)
    >>> trained = Trained(training.model, training.prepare, "classification", ("lower left", "upper right"))
    >>> trained.predict(np.array([[3.0, 3.0], [-3.0, -3.0]])).argmax(axis=1)
    array([1, 0])
    """

    model: nn.Sequential
    prepare: Preparation
    task: str
    classes: tuple[str, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Probabilities `(n, classes)` for classification and multilabel, else the values `(n, outputs)`."""
        outputs = outputs_of(self.model, self.prepare, x)
        if self.task == "classification":
            return softmax(outputs.astype(np.float64))
        return sigmoid(outputs) if self.task == "multilabel" else self.prepare.restored(outputs)

    def predict_table(self, table: Table, odd: Oddities | None = None) -> np.ndarray:
        """The same for the raw rows of a table; what was odd about them is counted in `odd`.

        Raises `NotSupportedError` for a model that was not trained on a table, `DataError` for a missing column.
        """
        return self.predict(self.table_code.encode(table, odd))

    def evaluate_table(self, table: Table, odd: Oddities | None = None) -> Evaluation:
        """Judge the network on the raw rows of a table that has the target too."""
        code = self.table_code
        for name in code.target.columns:
            table[name]
        return self.evaluate(code.encode(table, odd), code.target.encode(table))

    @property
    def table_code(self) -> TableCode:
        """How rows of a table become numbers.

        Raises `NotSupportedError` for a model that was not trained on a table.
        """
        if self.prepare.table is None:
            got = f"got a model of examples of shape {self.prepare.shape}"
            raise NotSupportedError(complain(got, "expected one that was trained on a table", "Try predict(x)"))
        return self.prepare.table

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> Evaluation:
        """Judge the network on raw examples."""
        return evaluate(self.model, self.prepare, x, y)

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width, if its examples are images."""
        shape = self.prepare.shape
        return (shape[0], shape[1]) if len(shape) == 2 else None

    def save(self, path: StrPath) -> None:
        """Write it into one file, in one stroke."""
        kept = {"task": self.task, "classes": list(self.classes), "preparation": self.prepare.as_dict()}
        save_model(path, self.model, {**self.about, **kept})

    @classmethod
    def load(cls, path: StrPath) -> Trained:
        """Read it back.

        Raises `FormatError` for a file that is not such a network, `FileError` for one that cannot be read.
        """
        model, about = load_model(path)
        file = shown(path)
        prepare = Preparation.from_dict(about.pop("preparation", None), file)
        task, classes = about.pop("task", None), about.pop("classes", None)
        _check_meaning(task, classes, file)
        check_flow(describe(model), prepare.features, file)
        trained = cls(model, prepare, task, tuple(classes), about)
        _check_outputs(trained, file)
        return trained


def _check_meaning(task: Any, classes: Any, file: str) -> None:
    named = isinstance(classes, list) and len(classes) <= _MOST_CLASSES and all(isinstance(c, str) for c in classes)
    if task not in ("classification", "multilabel", "regression") or not named:
        got = f"{file}: got task {task!r:.40} with classes {classes!r:.60}"
        raise _wrong(got, "expected classification, multilabel or regression, and a list of names")


def _check_outputs(trained: Trained, file: str) -> None:
    """One example of zeros goes through: sizes that do not fit together are found now, not at the first use."""
    try:
        outputs = trained.predict(np.zeros((1, *trained.prepare.shape), np.float32))
    except ValueError as problem:
        raise _wrong(f"{file}: got a network that cannot be used", str(problem)) from problem
    except RuntimeError as problem:  # glassnet's errors of shape and type
        raise _wrong(f"{file}: got layers that do not fit together", str(problem)) from problem
    if outputs.ndim != 2 or (trained.task != "regression" and outputs.shape[1] != len(trained.classes)):
        expected = f"expected one for each of {len(trained.classes)} classes"
        raise _wrong(f"{file}: got outputs of shape {outputs.shape[1:]}", expected)
    target = trained.prepare.table.target if trained.prepare.table is not None else None
    fits = target is None or (target.task == trained.task and target.outputs == outputs.shape[1])
    if not fits or (target is not None and target.classes not in ((), trained.classes)):
        raise _wrong(f"{file}: got a table whose target does not fit the network", "expected as many outputs")


def _wrong(got: str, expected: str) -> FormatError:
    return FormatError(complain(got, expected, "Try a model that `glassnet train` wrote"))
