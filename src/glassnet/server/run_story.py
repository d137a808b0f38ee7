"""One run as the page tells it, while it is written or long after: each part is read again only when its file changed.

Files in a run folder may be written by a stranger: they are read under bounds; a spoilt one costs its own part of the
story, and is named among its `problems`.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from glassnet.errors import GlassnetError
from glassnet.server.numbers import number_of
from glassnet.server.reports import Json
from glassnet.server.run_reports import RunCurve, RunGround, RunMoment, RunSteps, RunStory, RunSummary, RunWeights
from glassnet.train.activity import ACTIVITY
from glassnet.train.doctor import diagnose
from glassnet.train.first_layer import FirstLayer
from glassnet.train.ground import Ground
from glassnet.train.moments import GrowingFile
from glassnet.train.report_data import case_of_records, command_told, finding_told, thinned
from glassnet.train.report_ground import heights_of, largest
from glassnet.train.report_weights import activity, as_image, packed, quantised
from glassnet.train.run_folder import (
    CONFIG,
    CONFUSION,
    ENVIRONMENT,
    GROUND,
    HISTORY,
    MODEL,
    RESULT,
    STEPS,
    WEIGHTS,
)
from glassnet.train.runs import Run, places
from glassnet.train.trained import Trained

_MOST_POINTS, _MOST_STEPS = 400, 1200
_MOST_SIGNS, _MOST_NAMES, _MOST_CLASSES = 600, 64, 1000
_MOST_WEIGHTS = 64 * 64 * 64  # that are sent at a time
_FIGURES = (
    "loss", "validation_loss", "test_loss", "accuracy", "validation_accuracy", "test_accuracy", "r2", "validation_r2",
    "test_r2", "rmse", "validation_rmse", "test_rmse", "mae", "validation_mae", "test_mae", "exact", "validation_exact",
    "test_exact", "rate", "gradient_norm",
)  # fmt: skip


def unborn(name: str, id: int | None = None) -> RunStory:
    """What there is to say of a run that has not begun."""
    return RunStory(name[:120], False, None, {}, None, None, "", [], "", *[None] * len(_PARTS), [], id)  # type: ignore[arg-type]


class Story:
    """A run folder that is told again and again."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.steps, self.confusions = GrowingFile(path, STEPS), GrowingFile(path, CONFUSION)
        self._first: tuple[str, FirstLayer | None] = ("", None)
        self._image: tuple[str, tuple[int, ...]] = ("", ())
        self._ground: tuple[str, Ground | None] = ("", None)

    def tell(self, summary: RunSummary, known: Json, id: int | None = None) -> RunStory:
        """The run as far as it has come; parts whose tag is known are left out."""
        run, problems = Run(self.path), [summary.problem] if summary.problem else []
        tags = {name: self.tag(files) for name, (files, _) in _PARTS.items()}
        parts: dict[str, Any] = {}
        for name, (_, make) in _PARTS.items():
            parts[name] = _careful(make, self, run, problems) if known.get(name) != tags[name] else None
        about = _careful(_about, self, run, problems) or ((None, None), "", [], "")
        (planned, examples), ended, classes, command = about
        return RunStory(
            os.path.basename(self.path)[:120], True, summary, tags, planned, examples, ended, classes, command, **parts,
            problems=list(dict.fromkeys(problems))[:8], id=id,
        )  # fmt: skip

    def tag(self, files: Sequence[str]) -> str:
        """Another word whenever one of these files has changed."""
        return " ".join(_mark(os.path.join(self.path, name)) for name in files)

    # ---- the first layer ----------------------------------------------------------------------------------------

    def first_layer(self) -> FirstLayer | None:
        """The weights that were kept; read again when the file has changed.

        Raises `FormatError` for a file that is something else.
        """
        tag = self.tag([WEIGHTS])
        if self._first[0] != tag:
            self._first = tag, FirstLayer.read(self.path)
        return self._first[1]

    def ground(self) -> Ground | None:
        """The pictures of the plane that were kept; read again when the file has changed.

        Raises `FormatError` for a file that is something else.
        """
        tag = self.tag([GROUND])
        if self._ground[0] != tag:
            self._ground = tag, Ground.read(self.path)
        return self._ground[1]

    def image(self, run: Run) -> tuple[int, ...]:
        """The shape of an example, (28, 28) for a digit; () where nobody knows it."""
        tag = self.tag([CONFIG, MODEL])
        if self._image[0] != tag:
            shape = None
            with suppress(GlassnetError):
                data = run.config.get("data")
                shape = data.get("shape") if isinstance(data, dict) else None
            known = isinstance(shape, list) and all(type(n) is int and 0 < n <= 4096 for n in shape)
            self._image = tag, tuple(shape) if known and shape else _shape_of_model(self.path)
        return self._image[1]

    def at(self, epoch: float, id: int | None = None) -> RunMoment:
        """First layer, border and confusions at the latest epoch, up to this one, at which there are some."""
        of, confusion_epoch, matrix, levels, scale, weights_epoch = "", None, [], "", 0.0, None
        row = _latest([row for row in self.confusions.rows() if _is_matrix(row.get("confusion"))], epoch)
        if row is not None:
            of, confusion_epoch, matrix = str(row.get("of", ""))[:20], int(row["epoch"]), row["confusion"]
        layer = None
        with suppress(GlassnetError):
            layer = self.first_layer()
        if layer is not None and layer.kept:
            epochs, moments = layer.moments
            place = max(0, bisect_right(epochs, epoch) - 1)
            _, kept = as_image(moments[place][None].astype(np.float64), self.image(Run(self.path)))
            rows, scale = quantised(kept[0, : max(1, _MOST_WEIGHTS // kept.shape[2])])
            levels, weights_epoch = packed(rows), epochs[place]
        name, (ground_epoch, ground) = os.path.basename(self.path)[:120], self._ground_at(epoch)
        return RunMoment(
            name, epoch, weights_epoch, levels, scale, confusion_epoch, of, matrix, ground_epoch, ground, id
        )

    def _ground_at(self, epoch: float) -> tuple[int | None, list[str]]:
        ground = None
        with suppress(GlassnetError):
            ground = self.ground()
        if ground is None or not ground.kept:
            return None, []
        place = max(0, bisect_right(ground.epochs, epoch) - 1)
        return ground.epochs[place], [packed(plane) for plane in _planes(ground, place)]


def _careful(make: Callable[[Story, Run], Any], story: Story, run: Run, problems: list[str]) -> Any:
    """A part, or None where its file is spoilt."""
    try:
        return make(story, run)
    except GlassnetError as problem:
        problems.append(" ".join(str(problem).split())[:_MOST_SIGNS])
        return None


def _mark(path: str) -> str:
    try:
        stat = os.stat(path)
    except OSError:
        return "-"
    return f"{stat.st_mtime_ns:x}.{stat.st_size:x}"


def _shape_of_model(path: str) -> tuple[int, ...]:
    """What the saved model says of its examples, in runs that were written before `config.json` did."""
    with suppress(GlassnetError):
        return tuple(Trained.load(os.path.join(path, MODEL)).prepare.shape)
    return ()


def _latest(rows: Sequence[dict[str, Any]], epoch: float) -> dict[str, Any] | None:
    """The last of the rows that are not after an epoch."""
    place = bisect_right([row["epoch"] for row in rows], epoch)
    return rows[place - 1] if place else None


def _is_matrix(value: Any) -> bool:
    square = isinstance(value, list) and 0 < len(value) <= 40
    return square and all(
        isinstance(row, list) and len(row) == len(value) and all(type(n) is int for n in row) for row in value
    )


# ---- parts ----------------------------------------------------------------------------------------------------------


def _about(story: Story, run: Run) -> tuple[Any, ...]:
    data, settings, classes = run.config.get("data"), run.settings, run.classes
    examples = data.get("train") if isinstance(data, dict) else None
    ended = str(run.result.get("failed") or run.result.get("stopped") or "")[:_MOST_SIGNS]
    names = [name[:120] for name in classes[:_MOST_CLASSES]]
    counts = number_of(settings.get("epochs")), number_of(examples)
    return counts, ended, names, command_told(run.config.get("command"))


def _curves(story: Story, run: Run) -> list[RunCurve]:
    """The figures of the history, evenly thinned, the first and the last among them."""
    entries = [entry for entry in run.history.entries if not entry.get("averaged")]
    numbered = [(number_of(entry.get("epoch", i)), entry) for i, entry in enumerate(entries, 1)]
    rows = [(epoch, entry) for epoch, entry in numbered if epoch is not None]
    found = {name for _, entry in rows for name in entry}
    return [_curve(name, [row for row in rows if name in row[1]]) for name in _FIGURES if name in found]


def _curve(name: str, rows: Sequence[tuple[float, dict[str, Any]]]) -> RunCurve:
    kept = [rows[i] for i in thinned(len(rows), _MOST_POINTS).tolist()]
    return RunCurve(name, [epoch for epoch, _ in kept], [number_of(entry[name]) for _, entry in kept])


def _steps(story: Story, run: Run) -> RunSteps | None:
    rows = story.steps.rows()
    if not rows:
        return None
    kept = [rows[i] for i in thinned(len(rows), _MOST_STEPS).tolist()]
    keys = ("loss", "accuracy", "rate", "examples_per_second")
    losses, accuracies, rates, speeds = ([number_of(row.get(key)) for row in kept] for key in keys)
    epochs = [number_of(row.get("epoch")) or 0.0 for row in kept]
    seconds = number_of(rows[-1].get("seconds")) or 0.0
    return RunSteps(epochs, losses, accuracies, rates, speeds, seconds, int(rows[-1]["step"]))


def _weights(story: Story, run: Run) -> RunWeights | None:
    layer = story.first_layer()
    if layer is None or not layer.kept:
        return None
    image, one = as_image(layer.kept[-1][None].astype(np.float32), story.image(run))
    units = max(1, min(one.shape[1], _MOST_WEIGHTS // one.shape[2]))
    if one.shape[2] > _MOST_WEIGHTS:
        return None
    epochs, moments = layer.moments
    scale = max(float(np.abs(kept).max()) for kept in moments)
    names: list[str] = []
    with suppress(GlassnetError):
        names = _names(run, one.shape[2]) if image is None else []
    return RunWeights(layer.name[:120], epochs, units, one.shape[2], list(image) if image else None, names, scale)


def _ground(story: Story, run: Run) -> RunGround | None:
    ground = story.ground()
    if ground is None or not ground.kept:
        return None
    names: list[str] = []
    with suppress(GlassnetError):
        names = _names(run, 2)
    height, width = ground.kept[0].shape[1:]
    most = largest(ground) if ground.task == "regression" else None
    return RunGround(
        ground.epochs, width, height, list(ground.ends), names or ["x1", "x2"],
        ground.points.astype(np.float64).tolist(), most,
    )  # fmt: skip


def _planes(ground: Ground, place: int) -> list[np.ndarray]:
    """The planes of one picture, as bytes."""
    return [heights_of(ground, place)] if ground.task == "regression" else list(ground.kept[place])


def _names(run: Run, count: int) -> list[str]:
    """What the features are called, where the run says so."""
    data = run.config.get("data")
    names = data.get("feature_names") if isinstance(data, dict) else None
    fits = isinstance(names, list) and len(names) == count <= _MOST_NAMES
    return [str(name)[:60] for name in names] if fits else []  # type: ignore[union-attr]


def _judged(story: Story, run: Run) -> list[int]:
    return [int(row["epoch"]) for row in story.confusions.rows() if _is_matrix(row.get("confusion"))]


def _findings(story: Story, run: Run) -> list[Json]:
    """What the doctor says from what was written down so far; with model and data it knows more."""
    return [dict(finding_told(found)) for found in diagnose(case_of_records(run))]


def _activity(story: Story, run: Run) -> Json | None:
    return activity(run.activity)


def _environment(story: Story, run: Run) -> list[list[str]]:
    return [[name, str(value)[:200]] for name, value in places(run).items() if value is not None]


# Each part of a story: the files that it is made of, and how.
_PARTS: dict[str, tuple[Sequence[str], Callable[[Story, Run], Any]]] = {
    "curves": ((HISTORY, RESULT), _curves),
    "steps": ((STEPS,), _steps),
    "weights": ((WEIGHTS, CONFIG, MODEL), _weights),
    "ground": ((GROUND, CONFIG), _ground),
    "judged": ((CONFUSION,), _judged),
    "findings": ((HISTORY, ACTIVITY, CONFIG), _findings),
    "activity": ((ACTIVITY,), _activity),
    "environment": ((ENVIRONMENT, RESULT), _environment),
}
