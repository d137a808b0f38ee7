"""What went on inside a network, as the plain values of a report: the first layer's weights, and looks into layers."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.train.activity import Activity, Look
from glassnet.train.first_layer import FirstLayer

_MOST_BYTES = 1_200_000  # of weights, one byte each, of all epochs together
_MOST_EPOCHS = 40
_MOST_LOOKS = 40
_MOST_LAYERS = 48
_MOST_NAMES = 64


def packed(values: np.ndarray) -> str:
    """Bytes as base64, which is how they travel in JSON.

    >>> packed(np.array([0, 255], np.uint8))
    'AP8='
    """
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def quantised(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Numbers as int8 of one scale: 127 is the largest size among them, -128 is not a number.

    >>> quantised(np.array([-2.0, 1.0, np.nan]))
    (array([-127,   64, -128], dtype=int8), 2.0)
    """
    finite = np.isfinite(values)
    scale = float(np.abs(values, where=finite, out=np.zeros(values.shape)).max(initial=0.0))
    levels = np.rint(np.where(finite, values, 0.0) / (scale or 1.0) * 127)
    return np.where(finite, levels, -128).astype(np.int8), scale


def first_weights(layer: FirstLayer | None, shape: Sequence[int], features: Sequence[str]) -> dict[str, Any] | None:
    """The first layer's weights at some epochs, `(epochs, units, features)` as bytes; images where `shape` is one."""
    if layer is None or not layer.kept:
        return None
    size = layer.kept[0].size
    chosen = chosen_of(len(layer.epochs), max(1, min(_MOST_EPOCHS, _MOST_BYTES // max(1, size))))
    kept = np.stack([layer.kept[i].astype(np.float64) for i in chosen])  # (epochs, units, features)
    image, kept = as_image(kept, shape)
    kept = kept[:, : max(1, _MOST_BYTES // (kept.shape[0] * kept.shape[2]))]
    if kept.nbytes // 8 > 2 * _MOST_BYTES:  # one unit with more weights than a page should carry
        return None
    levels, scale = quantised(kept)
    names = [str(name)[:60] for name in features] if len(features) == kept.shape[2] <= _MOST_NAMES else []
    return {
        "name": layer.name[:120],
        "epochs": [layer.epochs[i] for i in chosen],
        "units": kept.shape[1],
        "features": kept.shape[2],
        "image": list(image) if image else None,
        "names": names,
        "scale": scale,
        "levels": packed(levels),
    }


def chosen_of(n: int, most: int) -> list[int]:
    """Places in a story that slows down: the first and the last, and more of the early ones."""
    if n <= most:
        return list(range(n))
    growing = np.expm1(np.linspace(0, math.log(n), most))  # 0 … n - 1
    return sorted({*growing.round().astype(int).tolist(), n - 1}) if most > 1 else [n - 1]


def as_image(kept: np.ndarray, shape: Sequence[int]) -> tuple[tuple[int, int] | None, np.ndarray]:
    """Height and width of the images that the weights are, colours averaged; None where they are none."""
    if len(shape) not in (2, 3) or math.prod(shape) != kept.shape[2]:
        return None, kept
    if len(shape) == 3:
        kept = kept.reshape(*kept.shape[:2], shape[0] * shape[1], shape[2]).mean(axis=3)  # (epochs, units, pixels)
    return (shape[0], shape[1]), kept


# ---- looks ----------------------------------------------------------------------------------------------------------


def activity(looks: Activity) -> dict[str, Any] | None:
    """What each layer said and how strongly each parameter learned, look by look."""
    if not len(looks):
        return None
    chosen = [looks.looks[i] for i in chosen_of(len(looks), _MOST_LOOKS)]
    return {
        "steps": [look.step for look in chosen],
        "epochs": [look.epoch for look in chosen],
        "loss": [look.loss for look in chosen],
        "layers": [_layer(name, kind, chosen) for name, kind in _layers(chosen[-1])],
        "parameters": [_parameter(p.name, chosen) for p in chosen[-1].parameters[:_MOST_LAYERS]],
    }


def _layers(look: Look) -> list[tuple[str, str]]:
    return [(layer.name, layer.kind) for layer in look.layers[:_MOST_LAYERS]]


def _layer(name: str, kind: str, looks: Sequence[Look]) -> dict[str, Any]:
    """A layer's statistics over time; null where a look did not see it."""
    seen = [next((layer for layer in look.layers if layer.name == name), None) for look in looks]
    columns = {key: [getattr(layer, key, None) for layer in seen] for key in ("mean", "std", "dead", "saturated")}
    spread = [layer and [layer.histogram.low, layer.histogram.high, list(layer.histogram.counts)] for layer in seen]
    units = next((layer.units for layer in reversed(seen) if layer is not None), 0)
    return {"name": name[:120], "kind": kind[:60], "units": units, **columns, "spread": spread}


def _parameter(name: str, looks: Sequence[Look]) -> dict[str, Any]:
    seen = [next((p for p in look.parameters if p.name == name), None) for look in looks]
    keys = ("norm", "gradient_norm", "gradient_rms", "update")
    shape = next((p.shape for p in reversed(seen) if p is not None), ())
    return {"name": name[:120], "shape": list(shape), **{key: [getattr(p, key, None) for p in seen] for key in keys}}
