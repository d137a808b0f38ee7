"""The linear baselines beside scikit-learn's."""

import pytest

from glassnet.data.datasets import load_dataset
from glassnet.train.baselines import baselines

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("name", ["moons", "gauss", "three_spirals"])
def test_logistic_regression(name):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_dataset(name)
    peer = make_pipeline(StandardScaler(), LogisticRegression(C=1e4, max_iter=5000)).fit(data.x_train, data.y_train)
    found = baselines(data)[1].test
    assert found.accuracy == pytest.approx(peer.score(data.x_test, data.y_test), abs=0.04)


def test_linear_regression():
    from sklearn.linear_model import LinearRegression

    data = load_dataset("gauss_regression")
    peer = LinearRegression().fit(data.x_train, data.y_train)
    assert baselines(data)[1].test.r2 == pytest.approx(peer.score(data.x_test, data.y_test), abs=1e-4)
