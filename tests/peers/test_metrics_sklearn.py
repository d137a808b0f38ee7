"""Metrics against scikit-learn's, on random predictions with ties, missing classes and extremes."""

import numpy as np
import pytest

from glassnet.train import metrics

pytestmark = pytest.mark.peers
sk = pytest.importorskip("sklearn.metrics")

SEEDS = range(12)


def classes(seed, k=None, n=60):
    """Scores of k classes with ties, and labels among which one class may be missing."""
    rng = np.random.default_rng(seed)
    k = k or int(rng.integers(2, 6))
    scores = rng.normal(size=(n, k)).round(1)
    y = rng.integers(0, k, n) if seed % 3 else rng.integers(0, max(2, k - 1), n)
    return scores, y


def softmax(scores):
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_chosen_classes(seed):
    scores, y = classes(seed)
    said = scores.argmax(1)
    assert metrics.accuracy(scores, y) == pytest.approx(sk.accuracy_score(y, said))
    k = scores.shape[1]
    assert np.array_equal(metrics.confusion_matrix(scores, y), sk.confusion_matrix(y, said, labels=range(k)))
    for ours, theirs in (
        (metrics.precision, sk.precision_score),
        (metrics.recall, sk.recall_score),
        (metrics.f1, sk.f1_score),
    ):
        for average in ("macro", "micro", "weighted"):
            expected = theirs(y, said, average=average, zero_division=0)
            assert ours(scores, y, average=average) == pytest.approx(expected), (ours, average)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_classes(seed):
    rng = np.random.default_rng(seed)
    scores, y = rng.normal(size=50).round(1), rng.integers(0, 2, 50)
    said = (scores > 0).astype(int)
    for ours, theirs in (
        (metrics.precision, sk.precision_score),
        (metrics.recall, sk.recall_score),
        (metrics.f1, sk.f1_score),
    ):
        assert ours(scores, y, average="binary") == pytest.approx(theirs(y, said, zero_division=0))
    assert metrics.roc_auc(scores, y) == pytest.approx(sk.roc_auc_score(y, scores))
    assert metrics.average_precision(scores, y) == pytest.approx(sk.average_precision_score(y, scores))
    p = 1 / (1 + np.exp(-scores))
    assert metrics.log_loss(scores.reshape(-1, 1), y) == pytest.approx(sk.log_loss(y, p))
    assert metrics.log_loss(p, y, probabilities=True) == pytest.approx(sk.log_loss(y, p))


@pytest.mark.parametrize("seed", SEEDS)
def test_many_classes_against_the_rest(seed):
    scores, _ = classes(seed, k=4)
    y = np.r_[np.arange(4), np.random.default_rng(seed).integers(0, 4, 56)]
    p = softmax(scores)
    assert metrics.roc_auc(scores, y) == pytest.approx(sk.roc_auc_score(y, p, multi_class="ovr"))
    one_hot = np.eye(4)[y]
    assert metrics.average_precision(scores, y) == pytest.approx(sk.average_precision_score(one_hot, p))
    assert metrics.log_loss(scores, y) == pytest.approx(sk.log_loss(y, p))
    for k in (1, 2, 3):
        distinct = scores + np.random.default_rng(seed).normal(size=scores.shape) * 1e-3
        assert metrics.top_k(distinct, y, k) == pytest.approx(sk.top_k_accuracy_score(y, distinct, k=k))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_values(seed, outputs):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(30, outputs))
    if seed % 4 == 0:
        y[:, 0] = 2.0  # a target that never changes
    s = y + rng.normal(size=y.shape) * rng.choice([0.0, 0.1, 3.0])
    assert metrics.mse(s, y) == pytest.approx(sk.mean_squared_error(y, s))
    assert metrics.mae(s, y) == pytest.approx(sk.mean_absolute_error(y, s))
    assert metrics.rmse(s, y) == pytest.approx(sk.root_mean_squared_error(y, s))
    assert metrics.r2(s, y) == pytest.approx(sk.r2_score(y, s))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_calibration_curve_of_two_classes(seed):
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.5, 1.0, 200)  # of the class that is named: the confidence is the probability itself
    y = (rng.random(200) < sure).astype(int)
    right, confidence = calibration_curve(y, sure, n_bins=10)
    curve = metrics.calibration_curve(sure, y, bins=10, probabilities=True)
    np.testing.assert_allclose(curve.right, right)
    np.testing.assert_allclose(curve.confidence, confidence)
    assert curve.count.sum() == 200


@pytest.mark.parametrize("seed", SEEDS)
def test_balanced_class_weights(seed):
    from sklearn.utils.class_weight import compute_class_weight

    from glassnet.train.weighting import class_weights

    y = np.r_[np.arange(4), np.random.default_rng(seed).choice(4, 60, p=[0.7, 0.1, 0.1, 0.1])]
    np.testing.assert_allclose(class_weights(y), compute_class_weight("balanced", classes=np.arange(4), y=y))
