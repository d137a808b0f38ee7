"""What results say they were made by."""

import pytest

import glassnet as torch
from glassnet.nn import functional as F

X = torch.tensor([[0.2, 0.7], [0.9, 0.4]], requires_grad=True)
T, LABELS = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])

NAMES = {
    "MseLossBackward0": lambda: F.mse_loss(X, T),
    "NllLossBackward0": lambda: F.cross_entropy(X, LABELS),
    "AddBackward0": lambda: F.cross_entropy(X, LABELS, label_smoothing=0.1),
    "DivBackward1": lambda: F.cross_entropy(X, T),
    "BinaryCrossEntropyBackward0": lambda: F.binary_cross_entropy(X, T),
    "NativeBatchNormBackward0": lambda: torch.nn.BatchNorm1d(2)(X),
    "AddmmBackward0": lambda: torch.nn.Linear(2, 3)(X),
    "MmBackward0": lambda: torch.nn.Linear(2, 3, bias=False)(X),
    "EmbeddingBackward0": lambda: torch.nn.Embedding(2, 2)(LABELS),
    "RsubBackward1": lambda: 1 - X,
    "MaxBackward0": lambda: X.max(0).values,
    "MaxBackward1": lambda: X.max(),
    "MvBackward0": lambda: X @ X[0],
    "UnsqueezeBackward0": lambda: X[:, None],
    "CopyBackwards": lambda: torch.zeros(2, 2).copy_(X),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_result_prints_as_pytorchs_operation(name):
    y = NAMES[name]()
    assert repr(y).endswith(f", grad_fn=<{name}>)")
    assert y.grad_fn.name() == type(y.grad_fn).__name__ == name


def test_what_is_handed_back_keeps_its_name():
    y = X * 2
    assert F.dropout(y, 0.5, training=False) is y
    assert torch.nn.Flatten()(y) is y
    assert repr(F.pad(y, (0, 0)).detach()) == repr(y.detach())
    assert y.grad_fn.name() == "MulBackward0"


def test_without_gradients_nothing_is_named():
    with torch.no_grad():
        assert F.mse_loss(X, T).grad_fn is None
    assert F.mse_loss(X.detach(), T).label is None


def test_the_graph_can_be_walked():
    layer = torch.nn.Linear(2, 1)
    loss = F.mse_loss(layer(X * 2), T[:, :1])
    ((first, zero), (none, _)) = loss.grad_fn.next_functions
    assert (first.name(), zero, none) == ("AddmmBackward0", 0, None)
    bias, doubled, turned = (f for f, _ in first.next_functions)
    assert doubled.name() == "MulBackward0"
    assert bias.variable is layer.bias
    assert (bias.name(), turned.name()) == ("torch::autograd::AccumulateGrad", "TBackward0")
    ((weight, _),) = turned.next_functions
    assert weight.variable is layer.weight
    assert doubled.next_functions[0][0].variable is X
    assert loss.grad_fn == loss.grad_fn != first


def test_an_operation_in_place_takes_on_the_name_too():
    y = X * 1
    y.clamp_(0, 1)
    assert y.grad_fn.name() == "ClampBackward1"
    z = X * 1
    assert F.leaky_relu(z, inplace=True).grad_fn.name() == "LeakyReluBackward0"
    z += 1
    assert z.grad_fn.name() == "AddBackward0"
