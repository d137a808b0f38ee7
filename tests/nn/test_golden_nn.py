"""Layers, losses and initialisation against PyTorch's golden numbers (made by tests/golden/make_nn.py)."""

import importlib.util
import json
import pathlib

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"
NUMBERS = json.loads((GOLDEN / "nn.json").read_text(encoding="utf-8"))


def _recipes():
    spec = importlib.util.spec_from_file_location("make_nn", GOLDEN / "make_nn.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


array = _recipes().array


def close(t, expected, tolerance=2e-9):
    actual = t.detach().numpy()
    assert actual.shape == np.shape(expected)
    np.testing.assert_allclose(actual, np.array(expected, actual.dtype), rtol=tolerance, atol=tolerance)


def all_close(named, expected, tolerance=2e-9):
    assert list(named) == list(expected)
    for name, t in named.items():
        close(t, expected[name], tolerance)


@pytest.mark.parametrize("record", NUMBERS["layers"], ids=lambda r: f"{r['layer'][0]} {r['layer'][2]}")
def test_layers(record):
    name, args, options, shapes = record["layer"]
    torch.manual_seed(3)
    layer = getattr(nn, name)(*args, **options)
    all_close(layer.state_dict(), record["start"], 1e-7)
    layer.double()
    if shapes is None:
        xs = [torch.tensor([[0, 1], [4, 0]])]
    else:
        xs = [torch.tensor(array({"wave": s, "phase": i}), requires_grad=True) for i, s in enumerate(shapes)]
    y = layer(*xs)
    (y * y).sum().backward()
    tolerance = 1e-6 if options.get("momentum", 0) is None else 2e-9
    close(y, record["output"])
    for x, slope in zip([x for x in xs if x.requires_grad], record["grads"], strict=True):
        close(x.grad, slope)
    all_close({k: p.grad for k, p in layer.named_parameters()}, record["parameter_grads"])
    all_close(layer.state_dict(), record["end"], tolerance)
    close(layer.eval()(*xs), record["evaluated"], tolerance)
    assert repr(layer) == record["repr"]


@pytest.mark.parametrize("record", NUMBERS["losses"], ids=lambda r: f"{r['loss'][0]} {r['loss'][3]}")
def test_losses(record):
    name, inputs, others, options = record["loss"]
    xs = [torch.tensor(array(r), requires_grad=True) for r in inputs]
    y = getattr(nn.functional, name)(*xs, **{k: torch.tensor(array(r)) for k, r in others.items()}, **options)
    y.backward()
    close(y, record["value"])
    for x, slope in zip(xs, record["grads"], strict=True):
        close(x.grad, slope)


@pytest.mark.parametrize("record", NUMBERS["loss_modules"], ids=lambda r: r["module"][0])
def test_loss_modules_pass_their_settings_on(record):
    name, options, tensors = record["module"]
    close(getattr(nn, name)(**options)(*[torch.tensor(array(r)) for r in tensors]), record["value"])


@pytest.mark.parametrize("record", NUMBERS["inits"], ids=lambda r: r["init"][0])
def test_initialisation(record):
    name, shape, options = record["init"]
    torch.manual_seed(3)
    t = torch.empty(*shape)
    assert getattr(nn.init, name)(t, **options) is t
    close(t, record["numbers"], 2e-6)


@pytest.mark.parametrize("record", NUMBERS["dropouts"], ids=lambda r: str(r["dropout"]))
def test_dropout(record):
    p, shape = record["dropout"]
    torch.manual_seed(3)
    close(nn.Dropout(p)(torch.ones(shape)), record["numbers"], 1e-7)
