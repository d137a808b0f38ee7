"""Tests on the examples. Each returns what it has seen, or None."""

from __future__ import annotations

import numpy as np

from glassnet.train.doctor import measure
from glassnet.train.doctor.case import Case, Part
from glassnet.train.doctor.finding import Seen

IMBALANCE = 5  # largest class / smallest
LARGEST_INPUT = 20.0  # standardised numbers lie within ±10, pixels go up to 255


def _part(case: Case) -> Part:
    if case.train is None:
        raise LookupError("no training examples")
    return case.train


def noise(case: Case) -> Seen | None:
    """Labels that the network contradicts with certainty."""
    if case.scores is None or case.labels is None:
        return None
    rows = measure.noise_suspects(case.scores, case.labels)
    if not rows:
        return None
    said = case.scores.argmax(axis=1)
    doubts = {i: f"labelled {case.class_name(case.labels[i])}, looks like {case.class_name(said[i])}" for i in rows[:5]}
    more = f" and {len(rows) - 5:,} more" if len(rows) > 5 else ""
    plural = "s" if len(rows) > 1 else ""
    if case.tell is not None:  # a row of a table is looked up in the file
        each = "; ".join(f"{case.row_name(0, i)} {doubt}" for i, doubt in doubts.items())
    else:
        each = f"row{plural} " + ", ".join(f"{i} ({doubt})" for i, doubt in doubts.items())
    figures = {"rows": rows[:1000], "first": rows[:5], "told": [case.row_name(0, i) for i in rows[:5]]}
    return Seen(f"{len(rows):,} label{plural} may be wrong", f"{each}{more}", figures)


def imbalance(case: Case) -> Seen | None:
    """Classes of very different sizes."""
    labels = case.labels
    if labels is None or not len(labels):
        return None
    counts = np.bincount(labels, minlength=len(case.classes))
    most, least = int(counts.argmax()), int(counts.argmin())
    if len(counts) < 2 or counts[most] < IMBALANCE * counts[least]:
        return None
    text = (
        f"{counts[least]:,} examples of class {case.class_name(least)}, "
        f"{counts[most]:,} of class {case.class_name(most)}, of {len(labels):,} in all"
    )
    figures = {"counts": counts.tolist(), "share": counts[most] / len(labels)}
    return Seen("the classes are of very different sizes", text, figures)


def constant(case: Case) -> Seen | None:
    """Features that never change."""
    if case.images:
        return None  # the margin of a picture is dark in all of them
    found = measure.constant_features(_part(case).x)
    if not found:
        return None
    names = ", ".join(case.feature_name(i) for i in found[:5]) + (
        f" and {len(found) - 5} more" if len(found) > 5 else ""
    )
    plural = "s never change" if len(found) > 1 else " never changes"
    figures = {"features": found, "drop": case.without(found[:20])}
    return Seen(f"{len(found)} feature{plural}", names, figures)


def leaking(case: Case) -> Seen | None:
    """Features that give the target away."""
    part = _part(case)
    leaks = measure.leaking_features(part.x, part.y)
    if not leaks or len(leaks) == part.x.shape[1]:
        return None
    name, unit = case.feature_name(leaks[0].feature), "right" if part.y.ndim == 1 else "of the variance"
    text = f"from {name} alone the target can be told: {leaks[0].score:.1%} {unit}" + (
        f"; also from {', '.join(case.feature_name(leak.feature) for leak in leaks[1:5])}" if len(leaks) > 1 else ""
    )
    columns = [leak.feature for leak in leaks]
    figures = {"features": columns, "columns": columns, "name": name, "drop": case.without(columns)}
    return Seen(f"{name} gives the answer away", text, figures)


def unscaled(case: Case) -> Seen | None:
    """Inputs far from mean 0 and deviation 1."""
    x = np.empty(0) if case.inputs is None else case.inputs
    low, high = float(x.min(initial=0.0)), float(x.max(initial=0.0))
    if max(-low, high) <= LARGEST_INPUT:
        return None
    mean, std = float(x.mean(dtype=np.float64)), float(x.std(dtype=np.float64))
    text = f"inputs lie between {low:g} and {high:g}, with mean {mean:.4g} and standard deviation {std:.4g}"
    return Seen("the inputs are not normalised", text, {"low": low, "high": high, "mean": mean, "std": std})


def duplicates(case: Case) -> Seen | None:
    """Rows that are in two parts; of a truth table all of them are, for there are no others."""
    if measure.whole_truth_table(_part(case).x):
        return None
    for place, name in enumerate(("validation", "test"), 1):
        part: Part | None = getattr(case, name)
        learned = _part(case)
        pairs = measure.rows_in_both(learned.x, part.x, learned.y, part.y) if part is not None and len(part.x) else []
        if pairs:
            plural = "s are" if len(pairs) > 1 else " is"
            same, learnt = case.row_name(place, pairs[0][1]), case.row_name(0, pairs[0][0])
            text = f"{same} of the {name} part is {learnt} of the training part" + (
                f"; {len(pairs):,} of {len(part.x if part else ()):,} in all" if len(pairs) > 1 else ""
            )
            return Seen(
                f"{len(pairs):,} {name} row{plural} learnt from too", text, {"rows": pairs[:1000], "part": name}
            )
    return None


def sorted_labels(case: Case) -> Seen | None:
    """Labels in blocks, learnt in that order."""
    if case.shuffled or case.labels is None or not measure.sorted_labels(case.labels):
        return None
    changes = np.flatnonzero(np.diff(case.labels)) + 1
    first = case.class_name(case.labels[0])
    text = f"all rows up to {changes[0] - 1} are of class {first}, then come the others in blocks"
    return Seen("labels come sorted and are not shuffled", text, {"first_change": int(changes[0])})


def no_other_part(case: Case) -> Seen | None:
    """No examples kept aside."""
    if not case.complete or any(part is not None and len(part.x) for part in (case.validation, case.test)):
        return None
    text = f"all {len(_part(case).x):,} examples are learnt from; none is kept for testing"
    return Seen("no examples are kept aside", text, {"train": len(_part(case).x)})
