"""What spoils a training, or what is believed of it, and can be seen from outside: said once, in a line."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from glassnet.errors import GlassnetError, complain
from glassnet.train.runs import Run, is_run

_MOST_LOOKED_AT = 1000  # examples
_MOST_RUNS = 200  # that are looked into, those with the latest names


class PitfallWarning(UserWarning):
    """A training that begins, but will hardly learn what it could."""


def warn_of_order(feed: Any, stacklevel: int = 5) -> None:
    """Warn of labels that come class after class and are not shuffled: each batch undoes what the one before taught."""
    sources = feed.sources() if feed.in_order and len(feed) > 1 else None
    if sources is None or sources[1].ndim != 1 or sources[1].dtype.kind not in "iub":
        return
    from glassnet.train.doctor.measure import sorted_labels  # a doctor is called when there is a suspicion

    if not sorted_labels(sources[1]):
        return
    got = "fit: got labels that come class after class, and shuffle=False"
    warnings.warn(complain(got, "expected them mixed", "Try shuffle=True"), PitfallWarning, stacklevel=stacklevel)


def warn_of_scale(feed: Any, stacklevel: int = 5) -> None:
    """Warn of inputs that reach the network far from 0, as the bytes of images do: one rate cannot fit all weights."""
    if getattr(feed, "prepared", True):
        return
    x = feed.sources()[0]
    from glassnet.data.mapped import gathered
    from glassnet.train.doctor.in_data import LARGEST_INPUT

    some = gathered(x, np.arange(0, len(x), -(-len(x) // _MOST_LOOKED_AT)))
    low, high = float(some.min(initial=0)), float(some.max(initial=0))
    # whole numbers may be places in an embedding; what is not finite, others say more of
    if some.dtype.kind == "i" or not LARGEST_INPUT < max(-low, high) < np.inf:
        return
    got = f"fit: got inputs from {low:g} to {high:g}"
    pixels = low >= 0 and high <= 255 and bool((some == np.floor(some)).all())
    hint = "Try fit((x / 255, y))" if pixels else "Try fit(((x - x.mean(0)) / x.std(0), y))"
    expected = f"expected numbers about 0, none beyond {LARGEST_INPUT:g}"
    warnings.warn(complain(got, expected, hint), PitfallWarning, stacklevel=stacklevel)


def settings_tried_on_test(folder: str) -> int:
    """How many other settings the test examples of a run have judged, by the runs beside it without validation part.

    Whoever chooses the best of them has chosen by the test set, whose figure is then too good. A seed is no setting.
    """
    mine = _test_of(folder)
    if mine is None:
        return 0
    parent = os.path.dirname(os.path.abspath(folder))
    beside = [os.path.join(parent, name) for name in sorted(os.listdir(parent), reverse=True)[:_MOST_RUNS]]
    tests = [test for path in beside if (test := _test_of(path)) is not None and test[0] == mine[0]]
    return len({settings for _, settings in tests} - {mine[1]})


def _test_of(folder: str) -> tuple[str, str] | None:
    """A run's test examples and its settings, each in words that are the same for the same; None where none judged."""
    try:
        config = Run(folder).config if is_run(folder) else {}
    except GlassnetError:
        return None
    data, settings = config.get("data"), config.get("settings")
    if not isinstance(data, dict) or not isinstance(settings, dict) or data.get("validation") or not data.get("test"):
        return None
    kept = {name: value for name, value in settings.items() if name != "seed"}
    return repr((data.get("name"), data.get("options"))), repr(sorted(kept.items()))
