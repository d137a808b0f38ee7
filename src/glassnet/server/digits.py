"""The room where digits are learnt: MNIST on the real engine, what the network sees, says, and gets wrong.

A lab is a job of its own: its turns are a tenth of a second of training, so that they run beside the Playgrounds'.
"""

from __future__ import annotations

import base64
import binascii
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from time import monotonic
from typing import Any

import numpy as np

from glassnet.data.datasets import DataSet, load_dataset
from glassnet.errors import DataError, FileError, GlassnetError, ValueRangeError, complain
from glassnet.server import commands as c
from glassnet.server import digit_step, features, frames, messages, runs, why
from glassnet.server import digits_reports as reports
from glassnet.server.outbox import Outbox
from glassnet.server.reports import Report
from glassnet.train.evaluation import Classification
from glassnet.train.picture import prepared
from glassnet.train.run_folder import MODEL
from glassnet.train.settings import Settings
from glassnet.train.trained import Trained
from glassnet.train.training import Moment, Training

_MOST_SIDE = 512
_MOST_MODELS, _MOST_GALLERY = 200, 200
_AVERAGED = 100  # test images, for the features of a deeper layer
_LARGEST_RATE = 100.0  # of one step on one image
_QUEUED_FILTERS = 3  # no pictures of weights while so many messages wait to be sent


@lru_cache(maxsize=1)
def mnist() -> DataSet:
    """MNIST, unpacked once for all sessions."""
    with _loading:
        return load_dataset("mnist")


_loading = threading.Lock()


class DigitsLab:
    """A network that learns MNIST, or a saved one, and answers about images."""

    def __init__(self, models: str, reports_per_second: float, data: Callable[[], DataSet] = mnist) -> None:
        self.models, self._data = models, data
        self.runs = runs.Runs(models)
        self.inbox: deque[tuple[Any, dict[str, Any], Outbox | None]] = deque()
        self.outbox: Outbox | None = None
        self.settings: Settings | None = None
        self.training: Training | None = None
        self.opened: tuple[str, Trained] | None = None
        self.running, self.closed = False, False
        self._moments: Iterator[Moment] | None = None
        self._latest: Moment | None = None
        self._curve: list[list[float | None]] = []
        self._tests: list[list[float]] = []
        self._test: Classification | None = None
        self._judged: tuple[object, Classification] | None = None
        self._apart = 1 / min(max(reports_per_second, 1.0), 10.0)
        self._told = 0.0
        self._why = ""

    def tell(self, command: Any, state: dict[str, Any], outbox: Outbox | None) -> None:
        """Put a command in, with the settings of its moment."""
        self.inbox.append((command, state, outbox))

    def offer(self, name: str, trained: Trained, outbox: Outbox | None) -> None:
        """Put in a model that was read from the user's file."""
        self.inbox.append(((name, trained), {}, outbox))

    def close(self) -> None:
        """No more work."""
        self.closed, self.running = True, False

    # ---- turns ------------------------------------------------------------------------------------------------

    def turn(self) -> float | None:
        """Answer what was asked, and train for about a tenth of a second."""
        while self.inbox and not self.closed:
            command, state, outbox = self.inbox.popleft()
            self.outbox = outbox or self.outbox
            self._answer(command, state)
        if not self.running or self.closed or (self.outbox is not None and self.outbox.closed):
            return None
        self._go_on()
        return monotonic()

    def _answer(self, command: Any, state: dict[str, Any]) -> None:
        try:
            if isinstance(command, tuple):
                self.use(*command)
                self._tell()
                return
            self._send(getattr(self, f"_{messages.type_name(type(command))}")(command, state))
        except Exception as problem:
            self._send(messages.refusal(problem, getattr(command, "id", None)))

    def _send(self, report: Report | None) -> None:
        if self.outbox is not None and report is not None:
            self.outbox.report(messages.write(report))

    def _go_on(self) -> None:
        try:
            moment = next(self._moments) if self._moments is not None else None
        except GlassnetError as problem:
            self._stop(str(problem))
            return
        if moment is None:
            return
        self._note(moment)
        done = moment.done >= 1 and moment.test is not None
        if done:
            self._stop("")
        if done or moment.test is not None or monotonic() - self._told >= self._apart:
            self._tell()

    def _stop(self, why: str) -> None:
        self.running, self._why = False, why
        if why:
            self._tell()

    def _note(self, moment: Moment) -> None:
        self._latest = moment
        epoch = moment.done * moment.epochs
        self._curve.append([epoch, moment.loss, moment.accuracy])
        if isinstance(moment.test, Classification):
            self._test = moment.test
            self._tests.append([epoch, moment.test.loss, moment.test.accuracy])

    def _tell(self, id: int | None = None) -> None:
        self._told = monotonic()
        self._send(self.state(id))
        self._show_filters()

    def _show_filters(self) -> None:
        """The weights of the first layer, as images."""
        model, outbox = self.trained.model, self.outbox
        first = next((p.array for p in model.parameters()), None)
        height, width = self.trained.image_shape or (0, 0)
        if outbox is None or outbox.pending > _QUEUED_FILTERS or first is None or first.shape[-1] != height * width:
            return
        outbox.report(frames.pack_filters(first, width, height, self._epoch))

    # ---- what there is ----------------------------------------------------------------------------------------

    @property
    def _epoch(self) -> float:
        return self._latest.done * self._latest.epochs if self._latest else 0.0

    @property
    def trained(self) -> Trained:
        """The network as it is now, opened or trained here; a new one if there is none."""
        if self.opened is not None:
            return self.opened[1]
        if self.training is None:
            self._begin(self.settings or Settings())
        training = self.training
        assert training is not None
        return Trained(training.model, training.prepare, "classification", training.data.classes)

    def state(self, id: int | None = None) -> reports.DigitsState:
        """How it stands."""
        trained, latest = self.trained, self._latest
        curve, self._curve = self._curve, []
        settings = self.settings or Settings()
        said = [layer for layer in trained.model.children() if hasattr(layer, "out_features")]
        layers = [
            reports.DigitsLayer(f"layer {i}", int(vars(layer)["out_features"])) for i, layer in enumerate(said, 1)
        ]
        total = self.training.steps if self.training and not self.opened else 0
        done = latest.done if latest else 0.0
        return reports.DigitsState(
            self.running, done >= 1, self._epoch, settings.epochs, round(done * total), total,
            latest.loss if latest else None, latest.accuracy if latest else None,
            self._test.loss if self._test else None, self._test.accuracy if self._test else None,
            latest.seconds if latest else 0.0, latest.examples_per_second if latest else 0.0,
            sum(p.array.size for p in trained.model.parameters()), layers, list(trained.classes),
            self.opened[0] if self.opened else None, curve, list(self._tests),
            self._test.confusion.tolist() if self._test else None, self._why, id,
        )  # fmt: skip

    def _begin(self, settings: Settings) -> None:
        """A new network, untrained."""
        self.settings, self.opened = settings, None
        self.training = Training(self._data(), settings)
        self._moments, self._latest, self._test, self._judged, self._why = iter(self.training), None, None, None, ""
        self._curve, self._tests = [[0.0, None, None]], []

    # ---- commands ---------------------------------------------------------------------------------------------

    def _digits_train(self, command: c.DigitsTrain, state: dict[str, Any]) -> Report:
        settings = settings_of(state)
        ended = self._latest is not None and self._latest.done >= 1
        if self.training is None or self.opened or settings != self.settings or ended or self._why:
            self._begin(settings)
        self.running = True
        return self.state(command.id)

    def _digits_pause(self, command: c.DigitsPause, state: dict[str, Any]) -> None:
        self.running = False
        settings = settings_of(state)
        if self.opened is None and self._latest is None and settings != self.settings:
            self._begin(settings)  # nothing has been learnt yet: the network is the one that is set
        self._tell(command.id)

    def _digits_reset(self, command: c.DigitsReset, state: dict[str, Any]) -> None:
        self.running = False
        self._begin(settings_of(state))
        self._tell(command.id)

    def _digits_predict(self, command: c.DigitsPredict, state: dict[str, Any]) -> Report:
        pixels = drawing(command.pixels, command.width, command.height)
        shape = self._shape()
        done: tuple[str, ...] = ()
        if not pixels.any():
            image, done = np.zeros(shape, np.uint8), ("nothing is drawn",)
        elif state["digits_centre"]:
            image, done = prepared(_as_picture(pixels), shape).image, ("centred and scaled as MNIST's digits are",)
        else:
            image, done = shrunk(pixels, shape), ("made smaller, not centred",)
        return self._prediction(image, command.explain, None, list(done), command.id)

    def _digits_example(self, command: c.DigitsExample, state: dict[str, Any]) -> Report:
        x, y = self._data().x_test, self._data().y_test
        if not 0 <= command.index < len(x):
            got = f"got test image {command.index}"
            raise ValueRangeError(complain(got, f"expected 0 to {len(x) - 1:,}", "Try 0"))
        return self._prediction(x[command.index], command.explain, int(y[command.index]), [], command.id)

    def _digits_descend(self, command: c.DigitsDescend, state: dict[str, Any]) -> Report:
        image, trained = drawing(command.image, command.width, command.height), self.trained
        if image.shape != self._shape():
            got = f"got an image of {command.width} × {command.height}"
            raise DataError(complain(got, "expected the one of a prediction", "Try drawing a digit first"))
        self._check_class(command.label)
        if not 0 < command.rate <= _LARGEST_RATE:
            got = f"got the rate {command.rate:g}"
            raise ValueRangeError(complain(got, f"expected more than 0, and {_LARGEST_RATE:g} at most", "Try 0.1"))
        step = digit_step.step_on(trained.model, trained.prepare, image, command.label, command.rate, trained.classes)
        return replace(step, id=command.id)

    def _digits_features(self, command: c.DigitsFeatures, state: dict[str, Any]) -> Report:
        trained, images = self.trained, self._data().x_test[:_AVERAGED]
        slopes = features.features_of(trained.model, trained.prepare, images, command.layer)
        scales, small = frames.quantised(slopes)
        height, width = self._shape()
        return reports.DigitsFeatureReport(
            command.layer, len(slopes), width, height, len(images), scales.tolist(), _base64(small), command.id
        )

    def _check_class(self, label: int) -> None:
        classes = len(self.trained.classes)
        if not 0 <= label < classes:
            raise ValueRangeError(complain(f"got class {label}", f"expected 0 to {classes - 1}", "Try 0"))

    def _digits_mistakes(self, command: c.DigitsMistakes, state: dict[str, Any]) -> Report:
        judged = self._judgement()
        wrong = np.flatnonzero(judged.said != judged.labels)
        if command.label is not None:
            wrong = wrong[judged.labels[wrong] == command.label]
        if command.said is not None:
            wrong = wrong[judged.said[wrong] == command.said]
        certainty = judged.probabilities[wrong, judged.said[wrong]]
        keys = {"certain": -certainty, "doubtful": certainty, "number": wrong}
        wrong = wrong[np.argsort(keys[command.order], kind="stable")]
        offset = max(0, command.offset)
        x = self._data().x_test
        items = [
            reports.DigitsMistake(
                int(i), int(judged.labels[i]), int(judged.said[i]),
                float(judged.probabilities[i, judged.said[i]]), _base64(x[i]),
            )
            for i in wrong[offset : offset + min(max(0, command.limit), _MOST_GALLERY)]
        ]  # fmt: skip
        height, width = x.shape[1:]
        return reports.DigitsGallery(len(wrong), offset, width, height, items, command.id)

    def _digits_models(self, command: c.DigitsModels, state: dict[str, Any]) -> Report:
        return reports.DigitsModelList(saved_models(self.models), os.path.basename(self.models), command.id)

    def _runs(self, command: c.Runs, state: dict[str, Any]) -> Report:
        return self.runs.list(command.tag, command.id)

    def _run_show(self, command: c.RunShow, state: dict[str, Any]) -> Report:
        return self.runs.story(command.name, command.known, command.id)

    def _run_at(self, command: c.RunAt, state: dict[str, Any]) -> Report:
        return self.runs.at(command.name, command.epoch, command.id)

    def _digits_open(self, command: c.DigitsOpen, state: dict[str, Any]) -> None:
        known = [model.name for model in saved_models(self.models)]
        if command.name not in known:
            hint = f"Try {known[0]}" if known else "Try glassnet train mnist first"
            raise FileError(complain(f"got the model {command.name[:60]!r}", "expected one of the list", hint))
        self.use(command.name, Trained.load(os.path.join(self.models, command.name, MODEL)))
        self._tell(command.id)

    def use(self, name: str, trained: Trained) -> None:
        """Look at a saved network from now on.

        Raises `DataError` for one that does not read images.
        """
        if trained.task != "classification" or trained.image_shape != self._data().x_train.shape[1:]:
            got = f"got the model {name[:60]!r}, which does not classify images of 28 × 28"
            raise DataError(complain(got, "expected one trained on digits", "Try one of glassnet train mnist"))
        self.running = False
        self.opened, self._latest, self._tests, self._curve, self._why = (name, trained), None, [], [], ""
        self._judged = None
        self._test = self._judgement()

    # ---- answers ----------------------------------------------------------------------------------------------

    def _shape(self) -> tuple[int, int]:
        return self.trained.image_shape or (28, 28)

    def _judgement(self) -> Classification:
        """How the network does on the test images; counted again after more training."""
        key = (self._latest.done if self._latest else 0.0, self.opened[0] if self.opened else None)
        if self._judged is None or self._judged[0] != key:
            data = self._data()
            judged = self.trained.evaluate(data.x_test, data.y_test)
            assert isinstance(judged, Classification)
            self._judged = key, judged
        return self._judged[1]

    def _prediction(
        self, image: np.ndarray, explain: int | None, label: int | None, done: list[str], id: int | None
    ) -> Report:
        trained = self.trained
        model = trained.model
        training = model.training
        model.eval()
        x = trained.prepare(image[None])
        probabilities = trained.predict(image[None])[0]
        top = np.argsort(-probabilities, kind="stable")
        target = int(top[0]) if explain is None else explain
        self._check_class(target)
        layers = [
            reports.DigitsActivations(name, int(values[0].size), _base64(values[0].astype("<f4")))
            for name, values in why.layers_of(model, x)
        ]
        apart = why.take_apart(model, trained.prepare, image, target)
        model.train(training)
        return reports.DigitsPrediction(
            _base64(image), image.shape[1], image.shape[0], done, probabilities.tolist(), top.tolist(), label, layers,
            target, apart.score, apart.constant, _base64(apart.contributions.astype("<f4")),
            _base64(apart.slopes.astype("<f4")), apart.residue, apart.exact, id,
        )  # fmt: skip


def settings_of(state: dict[str, Any]) -> Settings:
    """The training that a state asks for."""
    return Settings(
        hidden=tuple(state["digits_hidden"]),
        activation=state["digits_activation"],
        optimizer=state["digits_optimizer"],
        learning_rate=float(state["digits_learning_rate"]),
        batch_size=int(state["digits_batch_size"]),
        epochs=int(state["digits_epochs"]),
        dropout=float(state["digits_dropout"]),
        seed=int(state["digits_seed"]),
    )


def drawing(text: str, width: int, height: int) -> np.ndarray:
    """The bytes of a drawing, `(height, width)`, 255 for ink.

    Raises `DataError` for sizes that do not fit together.

    >>> drawing("AP8=", 2, 1)
    array([[  0, 255]], dtype=uint8)
    """
    if not (1 <= width <= _MOST_SIDE and 1 <= height <= _MOST_SIDE):
        got = f"got a drawing of {width} × {height}"
        raise DataError(complain(got, f"expected at most {_MOST_SIDE} a side", "Try 280 × 280"))
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DataError(complain("got pixels that are no base64", "expected base64", "Try btoa(…)")) from None
    if len(raw) != width * height:
        got = f"got {len(raw):,} pixels for {width} × {height}"
        raise DataError(complain(got, f"expected {width * height:,}", "Try one byte for each pixel"))
    return np.frombuffer(raw, np.uint8).reshape(height, width)


def _as_picture(pixels: np.ndarray) -> np.ndarray:
    """The drawing on a dark ground with a margin, so that light ink on the edge is not taken for paper."""
    margin = max(pixels.shape) // 8 + 1
    return np.pad(pixels, margin)


def shrunk(pixels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The drawing as it lies on the pad, each pixel the mean of what it covers.

    >>> shrunk(np.full((4, 4), 255, np.uint8), (2, 2))
    array([[255, 255],
           [255, 255]], dtype=uint8)
    """
    rows, columns = (_shares(n, m) for n, m in zip(pixels.shape, shape, strict=True))
    return np.rint(rows @ pixels.astype(np.float64) @ columns.T).clip(0, 255).astype(np.uint8)


def _shares(n: int, m: int) -> np.ndarray:
    """`(m, n)`: the share of each of n cells that every one of m cells is made of."""
    starts = np.arange(m)[:, None] * n / m
    ends = starts + n / m
    cells = np.arange(n)[None, :]
    overlap = np.minimum(ends, cells + 1) - np.maximum(starts, cells)
    return np.maximum(overlap, 0) / (n / m)


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def saved_models(folder: str) -> list[reports.DigitsModel]:
    """The run folders that hold a model, the newest first."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = os.path.join(entry.path, MODEL)
                if entry.is_dir(follow_symlinks=False) and os.path.isfile(path):
                    size = os.path.getsize(path)
                    found.append(reports.DigitsModel(entry.name, f"{size / 1024:,.0f} KiB", os.path.getmtime(path)))
    except OSError:
        return []
    return sorted(found, key=lambda model: -model.modified)[:_MOST_MODELS]
