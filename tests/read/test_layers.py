"""Every kind of layer and optimiser is told from its rows alone; nothing in `read` was written for any of them."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.read.document import FORMATS
from glassnet.read.equation import is_opaque
from glassnet.read.explain import explain
from glassnet.read.formula import evaluate
from glassnet.read.grain import GRAINS


class Residual(nn.Module):
    """A model with a forward of its own: a way round a layer, and a factor."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(3, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.outer(torch.relu(self.inner(x)) + x) * 2


class Shared(nn.Module):
    """One layer used twice: its slope has two parts."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return self.layer(torch.tanh(self.layer(x)))


MODELS = {
    "conv": (lambda: [nn.Conv2d(1, 2, 3), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)], (2, 1, 6, 6)),
    "pool": (lambda: [nn.Conv2d(1, 2, 3, stride=2), nn.BatchNorm2d(2), nn.AvgPool2d(2), nn.Flatten()], (2, 1, 5, 5)),
    "layer norm": (lambda: [nn.Linear(3, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 2)], (2, 3)),
    "batch norm": (lambda: [nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2)], (3, 3)),
    "embedding": (lambda: [nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 2)], None),
    "prelu": (lambda: [nn.Linear(3, 4), nn.PReLU(), nn.Linear(4, 2)], (2, 3)),
    "dropout": (lambda: [nn.Linear(3, 4), nn.Dropout(0.5), nn.Softplus(), nn.Linear(4, 2)], (2, 3)),
    "in place": (lambda: [nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2)], (2, 3)),
    "no bias": (lambda: [nn.Linear(3, 4, bias=False), nn.Hardswish(), nn.Linear(4, 2)], (2, 3)),
    "gelu by tanh": (lambda: [nn.Linear(3, 4), nn.GELU("tanh"), nn.Linear(4, 2)], (2, 3)),
    "glu": (lambda: [nn.Linear(3, 4), nn.GLU(), nn.Linear(2, 2), nn.Mish()], (2, 3)),
    "residual": (lambda: [Residual()], (2, 3)),
    "shared": (lambda: [Shared()], (2, 3)),
}


def made(name):
    """A model by its name, and examples for it."""
    layers, shape = MODELS[name]
    x = torch.tensor([[0, 3], [1, 1]]) if shape is None else torch.randn(*shape)
    layers = layers()
    return (layers[0] if len(layers) == 1 else nn.Sequential(*layers)), x


def check(document, fine=2e-5):
    lines = list(document.equations())
    assert len(lines) > 10
    for line in lines:
        assert not is_opaque(line.formula), line.symbol
        assert evaluate(line.formula) == pytest.approx(float(line.value), rel=fine, abs=fine), line.symbol


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_is_told_truly(name):
    torch.manual_seed(1)
    model, x = made(name)
    y = torch.randint(0, 2, (len(x),))
    told = explain(model, x, y, optimizer=torch.optim.AdamW(model.parameters(), lr=0.1), gradcheck=True)
    check(told)
    for line in told.equations():
        if line.numeric is not None:
            assert line.numeric == pytest.approx(float(line.value), rel=5e-3, abs=2e-5), line.symbol
    for format in FORMATS:
        assert told.render(format)


@pytest.mark.parametrize("name", ["conv", "embedding", "residual", "shared"])
@pytest.mark.parametrize("grain", GRAINS)
def test_every_grain_of_every_model(name, grain):
    torch.manual_seed(1)
    model, x = made(name)
    told = explain(model, x, torch.randint(0, 2, (len(x),)), grain=grain, layer=1, unit=1, weight=1)
    assert told.text(80)


def test_slopes_of_a_shared_layer_come_over_two_paths():
    torch.manual_seed(0)
    model, x = made("shared")
    told = explain(model, x, torch.randint(0, 3, (2,)), grain="scalar")
    (slope,) = (s for s in told.steps if s.symbol.slope and s.symbol.letter == "W")
    assert slope.formula.__class__.__name__ == "Sum"
    nn.functional.cross_entropy(model(x), torch.randint(0, 3, (2,))).backward()
    assert slope.result.shape == model.layer.weight.grad.array.shape


OPTIMISERS = {
    "nesterov": lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "dampening": lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9, dampening=0.5),
    "uphill": lambda ps: torch.optim.SGD(ps, lr=0.1, maximize=True),
    "amsgrad": lambda ps: torch.optim.Adam(ps, lr=0.1, amsgrad=True, weight_decay=0.1),
    "centred": lambda ps: torch.optim.RMSprop(ps, lr=0.1, centered=True, momentum=0.5),
    "decay of the rate": lambda ps: torch.optim.Adagrad(ps, lr=0.1, lr_decay=0.1),
    "two groups": lambda ps: torch.optim.Adam([{"params": ps[:1]}, {"params": ps[1:], "lr": 0.01}], lr=0.1),
    "rprop": lambda ps: torch.optim.Rprop(ps, lr=0.1),
    "averaged": lambda ps: torch.optim.ASGD(ps, lr=0.1, t0=0),
    "rectified": lambda ps: torch.optim.RAdam(ps, lr=0.1),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_is_told_truly_from_step_to_step(name):
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 2))
    twin = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 2))
    twin.load_state_dict(model.state_dict())
    optimizer, rival = (OPTIMISERS[name](list(m.parameters())) for m in (model, twin))
    x, y = torch.randn(4, 3), torch.randint(0, 2, (4,))
    for _ in range(3):
        told = explain(model, x, y, optimizer=optimizer, grain="scalar", keep=True)
        check(told)
        rival.zero_grad()
        nn.functional.cross_entropy(twin(x), y).backward()
        rival.step()
        for p, q in zip(model.parameters(), twin.parameters(), strict=True):
            np.testing.assert_allclose(p.array, q.array, rtol=1e-6, atol=1e-7)
        new = [s for s in told.steps if s.symbol.new and s.symbol.letter in "Wb"]
        assert len(new) == 4
        assert "nan" not in told.text()
