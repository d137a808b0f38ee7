"""Figures made of true and false positives and negatives: precision, recall, areas under curves, F1."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, complain
from glassnet.faces.keras.layer import unique
from glassnet.faces.keras.lookup import found
from glassnet.faces.keras.metric import Counts, Metric, chosen_at, fitted


class Confusion(Metric):
    """A figure made of true and false positives and negatives at a threshold."""

    counted: tuple[str, ...] = ()

    def __init__(self, thresholds: float | None = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name or unique(type(self).__name__))
        self.threshold = 0.5 if thresholds is None else float(thresholds)

    def batch(self, y: Tensor, z: Tensor, scores: bool, weights: Tensor | None = None) -> Counts:
        """How many of each that the figure needs."""
        y, chosen = fitted(y, z), chosen_at(z, scores, self.threshold)
        w = 1.0 if weights is None else weights.reshape(-1, *(1,) * (z.ndim - 1))
        kinds = {"tp": lambda: y * chosen, "fp": lambda: (1.0 - y) * chosen, "fn": lambda: y * (1.0 - chosen)}
        kinds["tn"] = lambda: (1.0 - y) * (1.0 - chosen)
        return tuple((kinds[kind]() * w).sum() for kind in self.counted)

    def value(self, *totals: Any) -> float:
        """The first over all."""
        total = sum(totals)
        return float(totals[0]) / float(total) if total else 0.0


class Precision(Confusion):
    """Of the outputs above the threshold, the share that should be."""

    name, counted = "precision", ("tp", "fp")


class Recall(Confusion):
    """Of the outputs that should be above the threshold, the share that is."""

    name, counted = "recall", ("tp", "fn")


class _One(Confusion):
    sums = 1

    def value(self, *totals: Any) -> float:
        """How many."""
        return float(totals[0])


class TruePositives(_One):
    """How many outputs are above the threshold and should be."""

    name, counted = "true_positives", ("tp",)


class FalsePositives(_One):
    """How many outputs are above the threshold and should not be."""

    name, counted = "false_positives", ("fp",)


class TrueNegatives(_One):
    """How many outputs are below the threshold and should be."""

    name, counted = "true_negatives", ("tn",)


class FalseNegatives(_One):
    """How many outputs are below the threshold and should not be."""

    name, counted = "false_negatives", ("fn",)


class AUC(Metric):
    """The area under the curve of true over false positive rates (ROC), or of precision over recall (PR).

    As in Keras, the curve is sampled at `num_thresholds` thresholds from 0 to 1, and the PR area interpolated.
    """

    name, sums, reads_scores = "auc", 4, False

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name or unique("AUC"))
        found("curve", curve, {"ROC": 0, "PR": 0})
        found("summation method", summation_method, {"interpolation": 0})
        self.curve, self.from_logits = curve, from_logits
        inner = (np.arange(num_thresholds - 2) + 1) / (num_thresholds - 1)
        self.thresholds = wrap(np.concatenate([[-1e-7], inner, [1 + 1e-7]]).astype(np.float32))

    def batch(self, y: Tensor, z: Tensor, scores: bool, weights: Tensor | None = None) -> Counts:
        """True and false positives at every threshold, and all positives and negatives."""
        p, y = ops.sigmoid(z) if self.from_logits else z, fitted(y, z).reshape(-1, 1)
        above = ops.gt(p.reshape(-1, 1), self.thresholds).float()  # (outputs, thresholds)
        if weights is not None:
            w = ops.mul(weights.reshape(-1, *(1,) * (z.ndim - 1)), z * 0.0 + 1.0).reshape(-1, 1)
            yes, no = y * w, (1.0 - y) * w
        else:
            yes, no = y, 1.0 - y
        return (above * yes).sum(0), (above * no).sum(0), yes.sum(), no.sum()

    def value(self, *totals: Any) -> float:
        """The area by the trapezoidal rule; for PR as J. Davis and M. Goadrich (2006) interpolate."""
        tp, fp, positives, negatives = (np.asarray(t, np.float64) for t in totals)
        if self.curve == "ROC":
            recall, fall_out = _over(tp, positives), _over(fp, negatives)
            return float(np.sum((fall_out[:-1] - fall_out[1:]) * (recall[:-1] + recall[1:]) / 2))
        p = tp + fp
        slope = _over(tp[:-1] - tp[1:], np.maximum(p[:-1] - p[1:], 0))
        intercept = tp[1:] - slope * p[1:]
        ratio = np.where((p[:-1] > 0) & (p[1:] > 0), _over(p[:-1], np.maximum(p[1:], 0)), 1.0)
        areas = _over(slope * (tp[:-1] - tp[1:] + intercept * np.log(ratio)), np.maximum(positives, 0))
        return float(areas.sum())


def _over(a: Any, b: Any) -> np.ndarray:
    return np.divide(a, b, out=np.zeros(np.broadcast_shapes(np.shape(a), np.shape(b))), where=np.asarray(b) != 0)


class F1Score(Metric):
    """2 · precision · recall / (precision + recall), class by class, or their mean ("macro"), of one-hot targets.

    Without a threshold the largest output of an example is the chosen one.
    """

    name, sums = "f1_score", 4

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name)
        if average not in (None, "micro", "macro", "weighted"):
            got = f"F1Score: got average={average!r}"
            raise DataError(complain(got, "expected None, 'micro', 'macro' or 'weighted'", "Try average='macro'"))
        self.average, self.threshold = average, threshold

    def batch(self, y: Tensor, z: Tensor, scores: bool, weights: Tensor | None = None) -> Counts:
        """True positives, false positives and false negatives of every class, and its weight."""
        y = fitted(y, z)
        if self.threshold is None:
            chosen = ops.eq(z, z.amax(-1, keepdim=True)).float()
        else:
            chosen = chosen_at(z, scores, self.threshold)
        w = 1.0 if weights is None else weights.reshape(-1, 1)
        parts = (y * chosen, (1.0 - y) * chosen, y * (1.0 - chosen), y)
        over = None if self.average == "micro" else 0
        return tuple((part * w).sum() if over is None else (part * w).sum(0) for part in parts)

    def value(self, *totals: Any) -> Any:
        """F1 of every class, or their mean."""
        tp, fp, fn, held = (np.asarray(t, np.float64) for t in totals)
        precision, recall = tp / (tp + fp + 1e-7), tp / (tp + fn + 1e-7)
        f1 = 2 * precision * recall / (precision + recall + 1e-7)
        if self.average == "weighted":
            return float((f1 * held / (held.sum() + 1e-7)).sum())
        return float(f1.mean()) if self.average == "macro" or not f1.ndim else f1
