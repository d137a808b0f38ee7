"""`glassnet plot RUN`: pictures of a run, in the terminal or, through matplotlib, in a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from glassnet.cli import plot_terminal as here
from glassnet.cli.help import Page
from glassnet.cli.models import data_of, load_trained
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.report import classes_table, headline, report
from glassnet.cli.run_page import curves_of
from glassnet.cli.runs import find
from glassnet.cli.terminal import Terminal
from glassnet.data.datasets import DataSet
from glassnet.errors import DataError, FileError, FormatError, complain
from glassnet.files.atomic import write_atomic
from glassnet.files.os_errors import shown, typed
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.kinds import Text, Whole, nearest
from glassnet.train.parts import OPTIMIZERS
from glassnet.train.rate_finder import RateTest
from glassnet.train.run_folder import MISTAKES
from glassnet.train.runs import Run
from glassnet.train.settings import Settings
from glassnet.train.trained import Trained

_FORMATS = (".png", ".pdf", ".svg")

PAGE = Page(
    usage="glassnet plot RUN [PICTURE] [options]",
    says="Draw how a training went and what came of it. RUN is a run folder, its name in `runs`, or `last`. In the "
    "terminal nothing more is needed; --png writes a picture for papers and slides, and needs matplotlib.",
    heading="Pictures",
    commands=(
        ("curves", "losses and figures over the epochs (the default)"),
        ("weights", "what each unit of the first layer looks for"),
        ("confusion", "which classes were taken for which"),
        ("mistakes", "what it was most certainly wrong about"),
        ("calibration", "how sure it is, and how often it is right"),
        ("boundary", "what it says all over the plane, with the test points"),
        ("activations", "what each layer says, and how that came about"),
        ("gradients", "how strongly each layer learned"),
        ("lr", "the loss against the learning rate, tried anew"),
    ),
    examples=(
        ("glassnet plot runs/moons-20260101-120000", "loss curves"),
        ("glassnet plot runs/moons-… boundary", "the decision boundary"),
        ("glassnet plot runs/mnist-… weights --epoch 1", "after the first epoch"),
        ("glassnet plot runs/mnist-… mistakes --png m.png", "into a file"),
    ),
)


def options() -> list[Option]:
    """The options of the command."""
    return [
        Option("png", Text("picture.png", "FILE", "a file"), "write it here: .png, .pdf or .svg ([plot])"),
        Option(
            "epoch",
            Whole(0, example="1"),
            "with weights: those after this epoch (0: as they began)",
            (),
            "Options",
            "last",
        ),
        Option("help", None, "show this page"),
    ]


@dataclass(frozen=True, eq=False)
class Subject:
    """A run, with its model and its data where a picture needs them."""

    run: Run
    epoch: int | None = None

    @cached_property
    def trained(self) -> Trained:
        """The model."""
        return load_trained(self.run.path)

    @cached_property
    def data(self) -> DataSet:
        """The data it was trained on, made again."""
        return data_of(self.trained, self.run.path)

    @cached_property
    def test(self) -> tuple[Evaluation, str]:
        """The judgement of the run, or that of its model today where none was kept."""
        if self.run.predictions is not None:
            return self.run.predictions
        of = "test" if len(self.data.x_test) else "training"
        return self.trained.evaluate(*self._examples(of)), of

    @property
    def classification(self) -> Classification:
        """The same, of a classifier.

        Raises `DataError` for anything else.
        """
        test = self.test[0]
        if not isinstance(test, Classification):
            kind = "several labels" if self.run.task == "multilabel" else f"a {self.run.task}"
            got, hint = f"got {shown(self.run.path)}, {kind}", f"Try glassnet plot {typed(self.run.path)} curves"
            raise DataError(complain(got, "expected a classification", hint))
        return test

    def _examples(self, of: str) -> tuple[np.ndarray, np.ndarray]:
        data = self.data
        return (data.x_test, data.y_test) if of == "test" else (data.x_train, data.y_train)

    @property
    def examples(self) -> np.ndarray:
        """The examples that were judged."""
        return self._examples(self.test[1])[0]

    @cached_property
    def weights(self) -> tuple[np.ndarray, int]:
        """The first layer's weights `(units, features)` and the epoch they are of."""
        kept = self.run.first_layer
        if kept is None:
            w = next(p.array for p in self.trained.model.parameters() if p.array.ndim > 1)
            return w.reshape(len(w), -1), round(self.run.metric("epochs") or 0)
        wanted = kept.epochs[-1] if self.epoch is None else self.epoch
        if wanted > kept.epochs[-1]:
            got, expected = f"got --epoch {wanted}", f"expected 0 to {kept.epochs[-1]}, the last of {self.run.name}"
            raise UsageError(complain(got, expected, f"Try --epoch {kept.epochs[-1]}"))
        place = int(np.argmin(np.abs(np.array(kept.epochs) - wanted)))
        return kept.kept[place].astype(np.float32), kept.epochs[place]

    @cached_property
    def rate_test(self) -> RateTest:
        """A range test of the same network on the same data, from a fresh start."""
        from glassnet.train.rate_finder import find_rate
        from glassnet.train.training import Training

        settings = self._settings()
        if OPTIMIZERS[settings.optimizer].whole:
            got = f"got a run with {settings.optimizer}, which takes all examples at once"
            raise DataError(complain(got, "expected an optimiser that learns from batches", "Try another picture"))
        training = Training(self.data, settings)
        parts = training.model, training.trainer.loss, training.trainer.optimizer, training.learned
        size = settings.batch_size or training.examples
        return find_rate(*parts, batch_size=size, prepare=training.prepare)

    def _settings(self) -> Settings:
        found = self.run.settings
        sizes = found.get("hidden")
        if not isinstance(sizes, list):
            got = f"got {shown(self.run.path)}, whose hidden layers are {sizes!r:.40}"
            raise FormatError(complain(got, "expected a list of sizes", "Try a run that `glassnet train` wrote"))
        return Settings.from_dict({name: value for name, value in found.items() if not name.startswith("data ")})

    @property
    def rate(self) -> float | None:
        """The highest rate that the run used."""
        value = self.run.settings.get("learning_rate")
        return float(value) if isinstance(value, int | float) else None

    @property
    def title(self) -> str:
        """What stands above a picture."""
        return self.run.name


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, options())
    if parsed.flag("help"):
        return PAGE.show(options())
    name, picture = _understood(parsed)
    subject = Subject(find(name), parsed.values.get("epoch"))
    path = parsed.values.get("png")
    terminal = Terminal(sys.stdout)
    if path is None:
        terminal.say(*PICTURES[picture][0](subject, terminal))
        return 0
    _check_format(path)
    with_figure = PICTURES[picture][1](subject)
    write_atomic(path, _rendered(with_figure, path))
    terminal.say(f"written to {shown(path)}")
    return 0


def _understood(parsed: Parsed) -> tuple[str, str]:
    """The run and the picture that are meant."""
    words = parsed.arguments
    if not 1 <= len(words) <= 2:
        got = f"got {' and '.join(map(shown, words)) or 'no run'}"
        raise UsageError(complain(got, "expected a run, and perhaps a picture", "Try glassnet plot last curves"))
    picture = words[1].lower() if len(words) == 2 else "curves"
    if picture not in PICTURES:
        near = nearest(picture, PICTURES) or "curves"
        got, expected = f"got the picture {shown(picture)}", f"expected one of {', '.join(PICTURES)}"
        raise UsageError(complain(got, expected, f"Try glassnet plot {typed(words[0])} {near}"))
    if "epoch" in parsed.values and picture != "weights":
        got = f"got --epoch with {picture}"
        raise UsageError(complain(got, "expected it with weights", f"Try glassnet plot {typed(words[0])} weights"))
    return words[0], picture


def _check_format(path: str) -> None:
    if not path.lower().endswith(_FORMATS):
        got = f"got --png {shown(path)}"
        hint = f"Try --png {os.path.splitext(shown(path))[0]}.png"
        raise UsageError(complain(got, f"expected a name that ends in {', '.join(_FORMATS)}", hint))
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        got = f"got --png {shown(path)}"
        raise FileError(complain(got, f"expected a folder {shown(folder)} that exists", "Try making it first"))


def _rendered(figure: Any, path: str) -> bytes:
    import io

    stream = io.BytesIO()
    figure.savefig(stream, format=os.path.splitext(path)[1][1:].lower(), dpi=150)
    return stream.getvalue()


# ---- in the terminal ------------------------------------------------------------------------------------------------


def _curves(s: Subject, terminal: Terminal) -> list[str]:
    history = s.run.history
    if not history.entries:
        got = f"got {shown(s.run.path)} without a finished epoch"
        raise DataError(complain(got, "expected a history", "Try a longer training"))
    return here.history_charts(history, curves_of, terminal)


def _weights(s: Subject, terminal: Terminal) -> list[str]:
    weights, epoch = s.weights
    shape = s.trained.image_shape
    heading = terminal.bold(f"the first layer's weights after epoch {epoch}")
    if shape is not None and weights.shape[1] == shape[0] * shape[1]:
        return [heading, "", *here.weight_pictures(weights, shape, terminal)]
    names = s.data.feature_names if len(s.data.feature_names) == weights.shape[1] else ()
    return [heading, "", *here.weight_rows(weights, names, terminal)]


def _confusion(s: Subject, terminal: Terminal) -> list[str]:
    test = s.classification
    return [*headline(test, terminal, s.test[1]), "", *classes_table(test, _names(s), terminal)]


def _names(s: Subject) -> list[str]:
    count = len(s.classification.confusion)
    names = s.run.classes
    return names if len(names) == count else [str(i) for i in range(count)]


def _mistakes(s: Subject, terminal: Terminal) -> list[str]:
    test, of = s.test
    if test.n != len(s.examples):  # of very many examples some were kept, or the data are others now
        got = f"got what was said of {test.n:,} examples, and {len(s.examples):,} {of} examples"
        hint = f"Try the file {MISTAKES} in the run's folder"
        raise DataError(complain(got, "expected as many of both", hint))
    lines = report(test, s.data, s.examples, terminal, of)
    start = next((i for i, line in enumerate(lines) if "worst mistakes" in line or "largest errors" in line), None)
    return lines[start:] if start is not None else [f"none of {test.n:,} {of} examples was wrong"]


def _calibration(s: Subject, terminal: Terminal) -> list[str]:
    return here.calibration_chart(s.classification, terminal)


def _boundary(s: Subject, terminal: Terminal) -> list[str]:
    return here.boundary_picture(s.trained, s.data, terminal)


def _activations(s: Subject, terminal: Terminal) -> list[str]:
    return here.activation_rows(_looked(s), terminal)


def _gradients(s: Subject, terminal: Terminal) -> list[str]:
    return here.gradient_charts(_looked(s), terminal)


def _looked(s: Subject) -> Any:
    if not len(s.run.activity):
        got = f"got {shown(s.run.path)} without looks into the layers"
        raise DataError(complain(got, "expected activity.jsonl", "Try glassnet doctor RUN, which looks at the model"))
    return s.run.activity


def _rate(s: Subject, terminal: Terminal) -> list[str]:
    from glassnet.cli.lr_find import picture

    test = s.rate_test
    used = f"; this run went up to {s.rate:g}" if s.rate is not None else ""
    verdict = f"the loss falls fastest at {terminal.bold(f'{test.suggestion:.2g}')}, and no longer above "
    return [*picture(test, terminal), "", f"{verdict}{test.largest:.2g}{used}"]


# ---- by matplotlib --------------------------------------------------------------------------------------------------


def _plots() -> Any:
    """Only who asks for a file waits for matplotlib."""
    from glassnet.train import plots

    return plots


def _weights_figure(s: Subject) -> Any:
    (weights, epoch), shape = s.weights, s.trained.image_shape
    title = f"{s.title}: first layer after epoch {epoch}"
    if shape is not None and weights.shape[1] == shape[0] * shape[1]:
        return _plots().weight_images(weights, shape, title)
    return _plots().weight_matrix(weights, s.data.feature_names, title)


def _mistakes_figure(s: Subject) -> Any:
    test = s.test[0]
    if isinstance(test, Regression):
        return _plots().errors(test, s.title)
    return _plots().mistakes(s.classification, s.examples, _names(s), s.title)


Draw = Callable[[Subject, Terminal], list[str]]
PICTURES: dict[str, tuple[Draw, Callable[[Subject], Any]]] = {
    "curves": (_curves, lambda s: _plots().loss_curves(s.run.history, s.title)),
    "weights": (_weights, _weights_figure),
    "confusion": (_confusion, lambda s: _plots().confusion(s.classification, _names(s))),
    "mistakes": (_mistakes, _mistakes_figure),
    "calibration": (_calibration, lambda s: _plots().calibration(s.classification)),
    "boundary": (_boundary, lambda s: _plots().decision_boundary(s.trained, s.data, s.title)),
    "activations": (_activations, lambda s: _plots().activations(_looked(s), s.title)),
    "gradients": (_gradients, lambda s: _plots().gradient_flow(_looked(s), s.title)),
    "lr": (_rate, lambda s: _plots().rate_finder(s.rate_test, s.rate, s.title)),
}
