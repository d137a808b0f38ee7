"""Pictures by matplotlib: each is drawn, and what is in it are the numbers."""

import numpy as np
import pytest

from glassnet.cli.main import main
from glassnet.cli.plot import PICTURES
from glassnet.data.datasets import load_dataset
from glassnet.files.png import read_png
from glassnet.train import plots
from glassnet.train.evaluation import Regression, classification
from glassnet.train.figures import History
from glassnet.train.rate_finder import RateTest
from glassnet.train.runs import Run
from glassnet.train.trained import Trained

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "points"
    assert main(["train", "moons", "--epochs", "5", "--hidden", "6", "--quiet", "--output", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("picture", [name for name in PICTURES if name != "mistakes"])
def test_every_picture_can_be_written(points, tmp_path, picture, capsys):
    for ending in (".png", ".svg") if picture == "curves" else (".png",):
        path = tmp_path / f"{picture}{ending}"
        assert main(["plot", str(points), picture, "--png", str(path)]) == 0
        assert path.stat().st_size > 5_000
    pixels = read_png(tmp_path / f"{picture}.png")
    assert pixels[..., :3].std() > 5
    assert capsys.readouterr().err == ""


def test_curves_are_the_history():
    history = History([{"epoch": i, "loss": 1 / i, "validation_loss": 2 / i, "rate": 0.1} for i in (1, 2, 3)])
    (ax,) = plots.loss_curves(history, "title").axes
    assert {line.get_label(): list(line.get_ydata()) for line in ax.lines} == {
        "training": [1, 1 / 2, 1 / 3], "validation": [2, 1, 2 / 3],
    }  # fmt: skip
    assert ax.get_yscale() == "log"


def test_a_history_with_gaps_and_accuracy():
    history = History([{"epoch": 1, "loss": None}, {"epoch": 2, "loss": 0.0, "test_accuracy": 0.5}])
    losses, accuracy = plots.loss_curves(history).axes
    assert list(losses.lines[0].get_xdata()) == [2]
    assert losses.get_yscale() == "linear"  # a loss of 0 has no logarithm
    assert list(accuracy.lines[0].get_ydata()) == [0.5]


def test_the_confusion_matrix_holds_the_counts():
    test = classification(np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), np.array([0, 1, 1]))
    figure = plots.confusion(test, ["no", "yes"])
    texts = {text.get_position()[::-1]: text.get_text() for text in figure.axes[0].texts}
    assert texts == {(0, 0): "1", (1, 0): "1", (1, 1): "1"}
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["no", "yes"]


def test_the_points_of_a_boundary_are_the_test_points_and_mistakes_are_ringed(points):
    from matplotlib.collections import PathCollection

    data, trained = load_dataset("moons"), Trained.load(points / "model.safetensors")
    ax = plots.decision_boundary(trained, data).axes[0]
    upper, lower, rings = (found for found in ax.collections if isinstance(found, PathCollection))
    assert len(upper.get_offsets()) + len(lower.get_offsets()) == 100
    wrong = trained.predict(data.x_test).argmax(axis=1) != data.y_test
    np.testing.assert_allclose(rings.get_offsets(), data.x_test[wrong])


def test_the_boundary_is_that_of_the_course_s_own_function(points):
    """The plane that is asked by `np.meshgrid` and drawn by `contourf` is the plane of the built-in picture."""
    from glassnet.train.boundary import surface

    data, trained = load_dataset("moons"), Trained.load(points / "model.safetensors")
    said = surface(trained, data.x_test, 50, 40)
    xx, yy = np.meshgrid(said.x, said.y)
    predicted = trained.predict(np.c_[xx.ravel(), yy.ravel()].astype(np.float32)).argmax(axis=1).reshape(xx.shape)
    assert np.array_equal(said.classes, predicted)


def test_weights_of_images_and_mistakes():
    rng = np.random.default_rng(0)
    figure = plots.weight_images(rng.normal(size=(10, 12)), (3, 4))
    drawn = [ax.images[0].get_array().shape for ax in figure.axes if ax.images]
    assert drawn == [(3, 4)] * 10
    test = classification(rng.normal(size=(30, 3)), rng.integers(0, 3, 30))
    figure = plots.mistakes(test, rng.integers(0, 255, (30, 5, 5)), ["a", "b", "c"])
    titles = [ax.get_title() for ax in figure.axes if ax.images]
    assert len(titles) == min(18, int((test.said != test.labels).sum()))
    first = test.worst(1)[0]
    assert titles[0].startswith(f"true {'abc'[test.labels[first]]}\nsaid {'abc'[test.said[first]]}")


def test_what_cannot_be_drawn_is_said():
    perfect = classification(np.eye(2), np.array([0, 1]))
    with pytest.raises(ValueError, match="got no mistakes"):
        plots.mistakes(perfect, np.zeros((2, 3, 3)), ["a", "b"])
    with pytest.raises(ValueError, match="expected images"):
        plots.mistakes(perfect, np.zeros((2, 3)), ["a", "b"])
    with pytest.raises(ValueError, match="got an empty history"):
        plots.loss_curves(History())


def test_regression_rates_and_layers(points):
    figure = plots.errors(Regression(np.array([[1.0], [2.0]]), np.array([[1.5], [2.0]])))
    assert figure.axes[0].collections[0].get_offsets().tolist() == [[1.5, 1], [2, 2]]
    test = RateTest(np.geomspace(1e-4, 1, 40), np.linspace(1, 0.1, 40))
    labels = [line.get_label() for line in plots.rate_finder(test, 0.05).axes[0].lines]
    assert f"suggested {test.suggestion:.2g}" in labels
    assert "used 0.05" in labels
    activity = Run(str(points)).activity
    left, _ = plots.gradient_flow(activity).axes
    assert [line.get_label() for line in left.lines] == ["0.weight", "2.weight"]
    assert len(plots.activations(activity).axes) == 2 * len(activity.looks[-1].layers)
