"""What people draw with matplotlib they draw of these models too, and it is what the library's own pictures show."""

import numpy as np
import pytest

from glassnet.basics import columns
from glassnet.data.datasets import load_dataset
from glassnet.lessons.charts import answers
from glassnet.train.figures import History
from glassnet.train.plots import loss_curves

pytestmark = pytest.mark.peers
matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402


@pytest.fixture
def learned():
    moons = load_dataset("moons", n=100, noise=0.1, seed=0)
    X, Y = moons.x_train.T.astype(float), moons.y_train[None].astype(float)
    parameters, costs = columns.train(X, Y, [2, 8, 1], 0.5, 300, seed=1, print_every=1000)
    yield X, Y, parameters, costs
    plt.close("all")


def test_a_loss_curve(learned):
    (line,) = plt.plot(learned[3])
    np.testing.assert_array_equal(line.get_ydata(), learned[3])
    assert line.get_ydata()[-1] < line.get_ydata()[0]


def test_a_border_is_the_one_of_the_librarys_own_picture(learned):
    X, Y, parameters, _ = learned
    across, up = np.meshgrid(*(np.arange(row.min() - 0.5, row.max() + 0.5, 0.05) for row in X))
    places = np.stack([across.ravel(), up.ravel()])
    heights = columns.forward(places, parameters)[0].reshape(across.shape)
    plt.contourf(across, up, heights, alpha=0.8)
    plt.scatter(*X, c=Y[0], edgecolors="black")
    own = answers(lambda p: columns.forward(p.T, parameters)[0], places.T).reshape(across.shape)
    np.testing.assert_array_equal(own, heights)
    assert 0.2 < (heights > 0.5).mean() < 0.8


def test_weights_as_grey_images():
    W1 = columns.initialize_parameters([784, 10, 10])["W1"]
    for number, row in enumerate(W1):
        shown = plt.subplot(2, 5, number + 1).imshow(row.reshape(28, 28), cmap="gray")
        assert shown.get_array().shape == (28, 28)
    plt.close("all")


def test_cuts_of_the_rate_are_marked_on_the_loss():
    history = History()
    for epoch in range(1, 9):
        cut = {"rate_cut_to": 0.05} if epoch in (3, 6) else {}
        history.add({"epoch": epoch, "loss": 1 / epoch, "rate": 0.1, **cut})
    (ax,) = loss_curves(history).axes
    assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"] == [3, 6]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "the rate is cut"]
