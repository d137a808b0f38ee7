"""A run as one JSON object: everything that a page needs to tell it, and nothing that it would have to fetch.

What a folder does not hold is left out, and `missing` says why; a spoilt file costs its own part of the report and no
other. Sizes are bounded, so that a page opens at once whatever was trained. Numbers that are not finite are null.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, TypeGuard

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.errors import DataError, GlassnetError, complain
from glassnet.train.doctor import Case, Finding, diagnose, epochs_of, story
from glassnet.train.doctor.gathering import case_of_run
from glassnet.train.evaluation import Evaluation
from glassnet.train.report_examples import boundary, mistakes
from glassnet.train.report_ground import past
from glassnet.train.report_scores import cut, judged, names_of, score_rows
from glassnet.train.report_weights import activity, first_weights
from glassnet.train.runs import Run, places
from glassnet.train.settings import Settings
from glassnet.train.trained import Trained
from glassnet.version import __version__

_MOST_POINTS = 2000  # of a curve
_MOST_CURVES = 40
_MOST_ROWS = 200  # of a table of settings or packages
_PARTS = ("validation", "test")  # what a figure's name may begin with; without, it is the training's


@dataclass(frozen=True, eq=False)
class Source:
    """What a report is made from: a run, and its model and its data where there are any.

    `missing` says of what is not there why it is not; `rows` are figures to compare the run with, by name.
    """

    run: Run
    trained: Trained | None = None
    data: DataSet | None = None
    missing: dict[str, str] = field(default_factory=dict)
    rows: Sequence[tuple[str, Mapping[str, float]]] = ()

    @property
    def test(self) -> tuple[Evaluation, str]:
        """The judgement that the run kept, and which examples it is of.

        Raises `DataError` where it kept none.
        """
        if self.run.predictions is None:
            hint = "Try glassnet evaluate"
            raise DataError(complain("got a run without predictions", "expected predictions.safetensors", hint))
        return self.run.predictions


def report_data(source: Source) -> dict[str, Any]:
    """The whole report as plain values, ready for `strict_json.dumps(…, non_finite="null")`."""
    told: dict[str, Any] = {"format": 1, "glassnet": __version__, "written": time.strftime("%Y-%m-%d %H:%M")}
    missing = dict(source.missing)
    for name, make in SECTIONS.items():
        try:
            told[name] = make(source)
        except GlassnetError as problem:
            told[name] = None
            missing[name] = cut(" ".join(str(problem).split()), 600)
    return {**told, "missing": missing}


# ---- what it is -----------------------------------------------------------------------------------------------------


def _about(source: Source) -> dict[str, Any]:
    run = source.run
    data = run.config.get("data")
    counts = data if isinstance(data, dict) else {}
    return {
        "name": cut(run.name),
        "data": cut(run.data),
        "task": cut(run.task, 20),
        "summary": source.data.summary if source.data is not None else "",
        "examples": {part: _count(counts.get(part)) for part in ("train", "validation", "test", "features")},
        "network": cut(str(run.config.get("network") or "?")),
        "parameters": _count(run.config.get("parameters")),
        "status": run.status,
        "ended": cut(str(run.result.get("failed") or run.result.get("stopped") or ""), 600),
        "epochs": _figure(run, "epochs"),
        "best_epoch": _count(run.result.get("best_epoch")),
        "seconds": _figure(run, "seconds"),
        "begun": cut(run.date),
        "seed": run.seed,
        "command": command_told(run.config.get("command")),
        "warnings": [cut(str(w), 600) for w in _list(run.result.get("warnings"))[:20]],
    }


def _figure(run: Run, name: str) -> float | None:
    """A figure of the run; None where the file that would tell it is spoilt, of which its own part speaks."""
    try:
        return run.metric(name)
    except GlassnetError:
        return None


def command_told(words: Any) -> str:
    """What to type to do it again."""
    return cut(shlex.join(" ".join(str(word).split()) for word in _list(words)), 2000)


def _settings(source: Source) -> list[dict[str, Any]]:
    """Every setting in words, and whether somebody chose it."""
    usual = Settings().as_dict()
    rows: list[dict[str, Any]] = []
    for name, value in list(source.run.settings.items())[:_MOST_ROWS]:
        chosen = name not in usual or value != usual[name]
        rows.append(
            {"name": cut(name.replace("_", " ")), "value": _said(value), "chosen": chosen and value is not None}
        )
    return rows


def _environment(source: Source) -> dict[str, Any]:
    packages = source.run.environment.get("packages")
    known = packages if isinstance(packages, dict) else {}
    rows = [[name, _said(value)] for name, value in places(source.run).items() if value is not None]
    return {"rows": rows, "packages": [f"{cut(str(k), 60)} {cut(str(v), 30)}" for k, v in known.items()][:_MOST_ROWS]}


def _said(value: Any) -> str:
    """A value as one would say it.

    >>> _said([64, 32]), _said(0.1), _said(None)
    ('64-32', '0.1', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, list):
        return cut("-".join(map(str, value)) or "none")
    return f"{value:g}" if isinstance(value, float) else cut(str(value))


# ---- how it went ----------------------------------------------------------------------------------------------------


def _curves(source: Source) -> list[dict[str, Any]]:
    """One curve for each figure of the history: `figure` is what it measures, `part` on which examples."""
    entries = [entry for entry in source.run.history if not entry.get("averaged")]
    names = dict.fromkeys(name for entry in entries for name in entry)
    curves = [_curve(name, entries) for name in names if name not in ("epoch", "seconds")]
    return [curve for curve in curves if curve is not None][:_MOST_CURVES]


def _curve(name: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The finite numbers of a figure, evenly thinned; how many are not finite, and from which epoch on."""
    found = [(entry["epoch"], entry[name]) for entry in entries if name in entry and _plain(entry.get("epoch"))]
    pairs = [(x, y) for x, y in found if y is None or _plain(y)]
    if not pairs:
        return None
    finite = np.array([(x, y) for x, y in pairs if y is not None and np.isfinite(y)], np.float64).reshape(-1, 2)
    lost = [x for x, y in pairs if y is None or not np.isfinite(y)]
    kept = finite[thinned(len(finite), _MOST_POINTS)]
    part = next((part for part in _PARTS if name.startswith(f"{part}_")), "training")
    figure = name.removeprefix(f"{part}_")
    return {
        "figure": cut(figure.replace("_", " "), 60),
        "part": part,
        "x": rounded(kept[:, 0]),
        "y": rounded(kept[:, 1]),
        "last": pairs[-1][1],
        "lost": len(lost),
        "lost_from": lost[0] if lost else None,
    }


def _plain(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def thinned(n: int, most: int) -> np.ndarray:
    """Places of at most so many of n things, evenly spaced, the first and the last among them.

    >>> thinned(3, 5).tolist(), thinned(9, 3).tolist()
    ([0, 1, 2], [0, 4, 8])
    """
    return np.arange(n) if n <= most else np.unique(np.linspace(0, n - 1, most).round().astype(np.int64))


def rounded(values: np.ndarray) -> list[float | None]:
    """Numbers with six digits, which is more than a picture shows; None for one that is not finite."""
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in np.asarray(values, np.float64).tolist()]


# ---- what came of it ------------------------------------------------------------------------------------------------


def _scores(source: Source) -> dict[str, Any]:
    test, of = source.test
    return judged(test, cut(of, 20), names_of(test, source.run.classes, source.trained))


def _mistakes(source: Source) -> dict[str, Any] | None:
    if source.run.predictions is None:
        return None
    test, of = source.run.predictions
    return mistakes(test, of, source.data)


def _boundary(source: Source) -> dict[str, Any] | None:
    if source.data is None or source.trained is None or source.data.n_features > 2:
        return None
    ground = None
    with suppress(GlassnetError):  # a spoilt past costs no border of the end
        ground = source.run.ground
    told = boundary(source.trained, source.data, ground.corners if ground is not None else None)
    if told is None or ground is None or told["kind"] == "line":
        return told
    return {**told, "past": past(ground)}


def _rows(source: Source) -> list[dict[str, Any]]:
    own = source.run.predictions
    return score_rows(own[0] if own is not None else None, source.rows)


def _weights(source: Source) -> dict[str, Any] | None:
    shape = source.trained.prepare.shape if source.trained is not None else ()
    features = source.data.feature_names if source.data is not None else ()
    return first_weights(source.run.first_layer, shape, features)


def _doctor(source: Source) -> dict[str, Any]:
    """What the doctor says: with model and data all of it, else what history and looks tell."""
    case = _whole_case(source) or case_of_records(source.run)
    told = [moment._asdict() for moment in story(case.held or ())]
    return {"findings": [finding_told(found) for found in diagnose(case)], "story": told}


def _whole_case(source: Source) -> Case | None:
    if source.trained is None or source.data is None:
        return None
    try:
        return case_of_run(source.run.path, source.trained, source.data)
    except GlassnetError:  # a model whose answers are not finite cannot be asked; what was recorded can
        return None


def case_of_records(run: Run) -> Case:
    """What a doctor can see of a run without its model and its data: what was written down while it learned."""
    rate = run.settings.get("learning_rate")
    return Case(
        task=run.task,
        classes=tuple(run.classes),
        activity=run.activity if len(run.activity) else None,
        history=epochs_of([entry for entry in run.history if not entry.get("averaged")]) or None,
        rate=float(rate) if _plain(rate) else None,
    )


def finding_told(found: Finding) -> dict[str, str]:
    """A finding as plain texts of bounded length."""
    told = asdict(found)
    return {key: cut(str(told[key]), 1200) for key in ("name", "level", "headline", "seen", "why", "change", "option")}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53 else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


SECTIONS: dict[str, Callable[[Source], Any]] = {
    "about": _about,
    "rows": _rows,
    "doctor": _doctor,
    "curves": _curves,
    "scores": _scores,
    "mistakes": _mistakes,
    "boundary": _boundary,
    "weights": _weights,
    "activity": lambda source: activity(source.run.activity),
    "settings": _settings,
    "environment": _environment,
}
