"""Projections and linear probes beside scikit-learn's."""

import numpy as np
import pytest

pytestmark = pytest.mark.peers


def test_principal_components_are_scikit_learns():
    from sklearn.decomposition import PCA

    from glassnet.read.hidden import pca

    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 12)) @ rng.normal(size=(12, 12))
    ours, theirs = pca(values), PCA(2).fit(values)
    np.testing.assert_allclose(np.abs(ours.axes), np.abs(theirs.components_), atol=1e-8)
    np.testing.assert_allclose(ours.share, theirs.explained_variance_ratio_, rtol=1e-9)


@pytest.mark.parametrize("classes", [2, 5])
def test_a_linear_probe_is_right_as_often_as_logistic_regression(classes):
    from sklearn.linear_model import LogisticRegression

    from glassnet.read.hidden import linear_probe

    rng = np.random.default_rng(classes)
    y = rng.integers(0, classes, 500)
    x = rng.normal(size=(classes, 6))[y] * 1.5 + rng.normal(size=(500, 6))
    theirs = LogisticRegression(C=1e6, max_iter=2000).fit(x, y).score(x, y)
    assert linear_probe(x, y).accuracy >= theirs - 0.01
