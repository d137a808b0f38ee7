"""What learners draw with matplotlib: losses, borders, weights as images, straight from glassnet's tensors."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn

pytestmark = pytest.mark.peers

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture
def axes():
    from matplotlib.figure import Figure

    return Figure(figsize=(3, 3)).subplots()


def test_a_line_of_losses(axes):
    losses = [torch.tensor(v) for v in (0.9, 0.5, 0.25)]
    (line,) = axes.plot(losses, label="loss")
    axes.set_xlabel("epoch")
    np.testing.assert_allclose(line.get_ydata(), [0.9, 0.5, 0.25], rtol=1e-6)
    (line,) = axes.plot(torch.arange(4), torch.arange(4.0) ** 2)
    assert list(line.get_ydata()) == [0.0, 1.0, 4.0, 9.0]


def test_a_border_over_points(axes):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid())
    x, y = torch.randn(30, 2), torch.randint(0, 2, (30,))
    across, up = np.meshgrid(np.linspace(-2, 2, 20), np.linspace(-2, 2, 15))
    with torch.no_grad():
        chance = model(torch.tensor(np.c_[across.ravel(), up.ravel()]).float()).reshape(across.shape)
    filled = axes.contourf(across, up, chance, levels=[0.0, 0.5, 1.0], alpha=0.4)
    assert len(filled.levels) == 3
    dots = axes.scatter(x[:, 0], x[:, 1], c=y, edgecolors="k")
    np.testing.assert_allclose(dots.get_offsets(), x.numpy())
    assert dots.get_array().tolist() == y.tolist()


def test_weights_as_images_and_histograms(axes):
    torch.manual_seed(0)
    layer = nn.Linear(16, 2)
    image = axes.imshow(layer.weight[0].detach().reshape(4, 4), cmap="gray")
    np.testing.assert_array_equal(image.get_array(), layer.weight.detach().numpy()[0].reshape(4, 4))
    axes.axis("off")
    counts, _, _ = axes.hist(layer.weight.detach().flatten(), bins=5)
    assert counts.sum() == 32
    axes.figure.canvas.draw()


def test_a_tensor_that_learns_says_how_to_be_drawn(axes):
    with pytest.raises(RuntimeError, match=r"detach"):
        axes.plot(torch.ones(3, requires_grad=True))
