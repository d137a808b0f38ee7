"""Examples for a report, as plain values: what a network got wrong, and what it says all over the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.train.boundary import curve, surface
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.multilabel import Multilabel
from glassnet.train.picture import area_weights
from glassnet.train.report_weights import packed
from glassnet.train.trained import Trained

_MOST = 500
_MOST_BYTES = 1_000_000  # of all images together
_SIDE = 64  # pixels; larger images are made smaller
_MOST_POINTS = 1000
_MOST_LABELS = 40
_GRID = (160, 120)
_PARTS = {"training": 0, "validation": 1, "test": 2}


def mistakes(test: Evaluation, of: str, data: DataSet | None) -> dict[str, Any]:
    """The mistakes, worst first, with their images or rows where the data is there and is what was judged."""
    places, told = _wrong(test)
    examples, why = _examples(test, of, data)
    items = {"total": _total(test), "at": places, **told, "images": None, "rows": None, "why": why}
    if data is None or examples is None or not places:
        return items
    if examples.ndim in (3, 4):
        return {**items, "images": _images(examples, places)}
    return {**items, "rows": [_row(data, of, examples, i) for i in places]}


def _total(test: Evaluation) -> int:
    if isinstance(test, Classification):
        return int((test.said != test.labels).sum())
    return int((~test.right).any(axis=1).sum()) if isinstance(test, Multilabel) else test.n


def _wrong(test: Evaluation) -> tuple[list[int], dict[str, Any]]:
    """Places of the worst examples, and what is to be told of each."""
    if isinstance(test, Classification):
        places = test.worst(_MOST)
        labels, said = test.labels[places], test.said[places]
        p = test.probabilities
        sure, in_true = p[places, said].tolist(), p[places, labels].tolist()
        return places, {"label": labels.tolist(), "said": said.tolist(), "sure": sure, "sure_of_true": in_true}
    if isinstance(test, Multilabel):
        wrong = ~test.right
        order = np.argsort(-wrong.sum(axis=1), kind="stable")[:_MOST]
        places = [int(i) for i in order if wrong[i].any()]
        missed, invented = wrong & (test.targets > 0.5), wrong & (test.targets <= 0.5)
        some = {name: [np.flatnonzero(part[i])[:_MOST_LABELS].tolist() for i in places]
                for name, part in (("missed", missed), ("invented", invented))}  # fmt: skip
        return places, some
    return _largest(test)


def _largest(test: Regression) -> tuple[list[int], dict[str, Any]]:
    if not test.n or not test.targets.shape[1]:
        return [], {"true": [], "answer": [], "error": []}
    errors = np.abs(test.predictions - test.targets) / np.maximum(np.abs(test.scale), 1e-30)
    places = np.argsort(-errors.max(axis=1), kind="stable")[:_MOST].tolist()
    true, said = (np.asarray(a[places, :_MOST_LABELS], np.float64) for a in (test.targets, test.predictions))
    return places, {"true": true.tolist(), "answer": said.tolist(), "error": np.abs(said - true).max(axis=1).tolist()}


def _examples(test: Evaluation, of: str, data: DataSet | None) -> tuple[np.ndarray | None, str]:
    """The examples that were judged; or, where they cannot be had, the reason."""
    if data is None:
        return None, ""
    x, y = (data.x_test, data.y_test) if of == "test" else (data.x_train, data.y_train)
    if len(x) != test.n:
        return None, f"The run judged {test.n:,} examples; the data made again has {len(x):,}."
    if isinstance(test, Classification) and not np.array_equal(y, test.labels):
        return None, "The data has changed since: its classes are not those that were judged."
    return x, ""


def _row(data: DataSet, of: str, x: np.ndarray, i: int) -> str:
    """An example in words: a table's row as it came, or its numbers."""
    example = getattr(data, "example", None)
    if example is not None:
        return str(example(_PARTS.get(of, 2), i))[:400]
    shown = [f"{v:.4g}" for v in x[i].reshape(-1)[:8].tolist()]
    return f"({', '.join(shown)}{', …' if x[i].size > 8 else ''})"


def _images(x: np.ndarray, places: Sequence[int]) -> dict[str, Any]:
    """Grey images or such of three colours, one byte a pixel, none larger than 64 pixels a side."""
    one = _small(x[places[0]])
    count = max(1, min(len(places), _MOST_BYTES // max(1, one.size)))
    pixels = np.stack([_small(x[i]) for i in places[:count]])  # (count, height, width, channels)
    return {"height": pixels.shape[1], "width": pixels.shape[2], "channels": pixels.shape[3], "pixels": packed(pixels)}


def _small(image: np.ndarray) -> np.ndarray:
    """An image `(height, width)` or `(height, width, channels)` as bytes `(height, width, 1 or 3)`."""
    values = image.astype(np.float64).reshape(*image.shape[:2], -1)
    values = values[:, :, :3] if values.shape[2] >= 3 else values[:, :, :1]
    if image.dtype != np.uint8:
        low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
        values = (values - low) * (255 / (high - low) if high > low else 0.0)
    for axis in (0, 1):
        if values.shape[axis] > _SIDE:
            shrink = area_weights(values.shape[axis], _SIDE)
            values = np.moveaxis(np.tensordot(shrink, values, (1, axis)), 0, axis)
    return np.rint(values).clip(0, 255).astype(np.uint8)


# ---- the plane ------------------------------------------------------------------------------------------------------


def boundary(trained: Trained, data: DataSet, corners: np.ndarray | None = None) -> dict[str, Any] | None:
    """What the network says all over the plane, with the examples in it; for one feature, its curve.

    `corners` of the plane, `(2, 2)`; without them it is as large as the examples need.
    """
    x, y, of = (
        (data.x_test, data.y_test, "test") if len(data.x_test) else (data.x_train, data.y_train, "training")
    )  # fmt: skip
    if x.ndim != 2 or not len(x) or data.task == "multilabel" or getattr(data, "example", None) is not None:
        return None
    some = slice(None, None, -(-len(x) // _MOST_POINTS))
    names = [str(name)[:60] for name in data.feature_names]
    if data.n_features == 1:
        return _line(trained, x[some], y[some], [*names, "target"][:2], of) if data.task == "regression" else None
    told = {"of": of, "names": names, "points": x[some].astype(np.float64).T.tolist()}
    return {**told, **_plane(trained, x[some], y[some], corners)}


def _plane(trained: Trained, x: np.ndarray, y: np.ndarray, corners: np.ndarray | None) -> dict[str, Any]:
    said = surface(trained, x, *_GRID) if corners is None else surface(trained, corners, *_GRID, margin=0.0)
    place = {"ends": [said.x[0], said.x[-1], said.y[0], said.y[-1]], "width": _GRID[0], "height": _GRID[1]}
    place["ends"] = [float(end) for end in place["ends"]]
    if y.ndim == 1:
        chance = 1 / said.values.shape[2]
        sure = np.clip((said.sure - chance) / max(1e-9, 1 - chance), 0, 1)
        grid = {"classes": packed(said.classes.astype(np.uint8)), "sure": packed(np.rint(sure * 255).astype(np.uint8))}
        answers = trained.predict(x).argmax(axis=1).tolist()
        return {"kind": "classes", **place, **grid, "label": y.tolist(), "said": answers}
    heights, most = said.values[..., 0], float(max(np.abs(said.values[..., 0]).max(), np.abs(y[:, 0]).max(), 1e-30))
    levels = packed(np.rint(heights / most * 127).astype(np.int8))
    return {"kind": "heights", **place, "levels": levels, "most": most, "value": (y[:, 0] / most).tolist()}


def _line(trained: Trained, x: np.ndarray, y: np.ndarray, names: list[str], of: str) -> dict[str, Any]:
    places, heights = curve(trained, x)
    points = [x[:, 0].astype(np.float64).tolist(), y[:, 0].astype(np.float64).tolist()]
    told = {"kind": "line", "of": of, "names": names, "points": points}
    return {**told, "x": places.tolist(), "y": np.asarray(heights, np.float64).tolist()}
