"""What width and depth can hold, and what stacked linear layers cannot."""

import itertools
import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn, optim
from glassnet.core.tensor import wrap
from glassnet.errors import NotSupportedError, ValueRangeError
from glassnet.read.capacity_depth import count_parameters, width_against_depth, width_for
from glassnet.read.capacity_width import CURVES, built_network, width_against_error
from glassnet.read.probe_activations import ACTIVATIONS, activation_table
from glassnet.read.probe_collapse import collapse, without_activations
from glassnet.read.probe_json import probe_json


def adam(parameters):
    return optim.Adam(parameters, lr=0.01)


# ---- width -----------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.integers(1, 60), st.integers(0, 1000))
def test_the_built_network_joins_the_points_of_a_curve(units, seed):
    rng = np.random.default_rng(seed)
    heights = rng.normal(size=units + 1)
    knots = np.linspace(0, 1, units + 1)
    model = built_network(lambda x: np.interp(x, knots, heights), units)
    x = np.linspace(0, 1, 257)
    with torch.no_grad():
        y = model(wrap(x[:, None])).array[:, 0]
    np.testing.assert_allclose(y, np.interp(x, knots, heights), atol=1e-9)


def test_the_error_falls_as_the_theorem_of_interpolation_says():
    rows = width_against_error("sine", (2, 4, 8, 16, 32, 64)).rows
    errors = [row.built for row in rows]
    assert errors == sorted(errors, reverse=True)
    for row in rows[1:]:
        assert row.built_worst <= (2 * math.pi) ** 2 / (8 * row.units**2)  # M / 8n²
    assert rows[-1].built_worst == pytest.approx((2 * math.pi) ** 2 / (8 * 64**2), rel=0.01)


def test_training_lowers_the_error_and_is_repeatable():
    few, many = (width_against_error("square", (8,), adam, steps, (0, 1)) for steps in (1, 300))
    assert many.rows[0].learnt < 0.3 * few.rows[0].learnt
    assert width_against_error("square", (8,), adam, 300, (0, 1)).rows == many.rows
    assert len(many.rows[0].learnt_each) == 2


@pytest.mark.parametrize("curve", CURVES)
def test_pictures_of_all_curves(curve):
    found = width_against_error(curve, (1, 3, 9))
    ElementTree.fromstring(found.svg())
    assert found.text().count("\n") == 4


# ---- depth -----------------------------------------------------------------------------------------------------------


@given(st.integers(10, 2000), st.integers(1, 6))
def test_no_other_width_is_nearer(parameters, depth):
    width = width_for(parameters, depth)
    here = abs(count_parameters([1, *[width] * depth, 1]) - parameters)
    for other in (width - 1, width + 1):
        assert other < 1 or abs(count_parameters([1, *[other] * depth, 1]) - parameters) >= here


@pytest.mark.parametrize(
    ("sizes", "count"),
    [([784, 10_000, 10], 7_950_010), ([784, *[100] * 10, 10], 170_410), ([784, 128, 64, 10], 109_386)],
)
def test_parameters_of_well_known_shapes(sizes, count):
    assert count_parameters(sizes) == count
    if count < 200_000:
        assert sum(p.array.size for n, m in itertools.pairwise(sizes) for p in nn.Linear(n, m).parameters()) == count


def test_width_against_depth_is_measured():
    found = width_against_depth(adam, (1, 3), 120, folds=1, steps=250, seeds=(0, 1))
    assert [len(s.hidden) for s in found.shapes] == [1, 3]
    assert all(abs(s.parameters - 120) < 20 for s in found.shapes)
    assert all(s.error < 0.2 for s in found.shapes)  # the mean height alone leaves 0.29
    assert all(s.pieces <= s.hidden[0] + 1 for s in found.shapes if len(s.hidden) == 1)
    assert found.shapes[0].error == pytest.approx(np.mean(found.shapes[0].errors))
    ElementTree.fromstring(found.svg())
    assert json.loads(probe_json(found))["shapes"][0]["hidden"] == list(found.shapes[0].hidden)


# ---- collapse --------------------------------------------------------------------------------------------------------


def test_the_stack_of_the_worked_example():
    model = nn.Sequential(nn.Linear(2, 2), nn.Identity(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        for p, v in zip(model.parameters(), ([[0.2, 0.4], [0.6, 0.5]], [0.1, 0.2], [[0.4, 0.6]], [0.34]), strict=True):
            p.copy_(torch.tensor(v, dtype=torch.float64))
    one = collapse(model)
    np.testing.assert_allclose(one.weight, [[0.44, 0.46]], rtol=1e-15)  # W02
    np.testing.assert_allclose(one.bias, [0.5], rtol=1e-15)
    assert "b' = W2 b1 + b2 = [0.5]" in one.text().splitlines()
    ElementTree.fromstring(one.svg())


def test_a_hundred_linear_layers_are_one():
    torch.manual_seed(0)
    layers = [nn.Linear(6, 6) for _ in range(100)]
    for layer in layers:
        nn.init.orthogonal_(layer.weight)
    one = collapse(nn.Sequential(*layers).double())
    assert one.worst < 1e-12
    assert one.parameters == (100 * 42, 42)


def test_an_activation_cannot_be_collapsed_but_left_out():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).double()
    with pytest.raises(NotSupportedError, match="got ReLU"):
        collapse(model)
    assert collapse(without_activations(model)).worst < 1e-12


# ---- activations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_formula_range_and_derivative_are_the_functions(name):
    row = ACTIVATIONS[name]
    z = np.array([-5.03, -2.02, -0.51, -0.1, 0.1, 0.52, 2.03, 5.04])
    value, slope = row(z)
    h = 1e-6
    np.testing.assert_allclose(slope, (row(z + h)[0] - row(z - h)[0]) / (2 * h), atol=1e-8)
    python = row.formula.replace("held in [-1, 1]", "").replace("-1, z or 1: z ", "np.clip(z, -1, 1)")
    python = python.replace("z/6 + 1/2 held in [0, 1]", "np.clip(z/6 + 1/2, 0, 1)")
    python = {
        "gelu": "z * 0.5 * (1 + math.erf(z / math.sqrt(2)))", "hardswish": "z * np.clip(z/6 + 1/2, 0, 1)",
        "selu": "1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * (math.exp(z) - 1))",
        "softsign": "z / (1 + abs(z))", "mish": "z * math.tanh(math.log(1 + math.exp(z)))",
        "tanh": "(math.exp(z) - math.exp(-z)) / (math.exp(z) + math.exp(-z))",
        "elu": "z if z > 0 else math.exp(z) - 1", "softplus": "math.log(1 + math.exp(z))",
        "sigmoid": "1 / (1 + math.exp(-z))", "silu": "z / (1 + math.exp(-z))", "leaky_relu": "z if z > 0 else 0.01 * z",
    }.get(name, python)  # fmt: skip
    expected = [eval(python, {"np": np, "math": math, "max": max, "z": v}) for v in z]
    np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-12)
    low, high = row.range.strip("[](){}").split(", ")
    grid = row(np.linspace(-30, 30, 6001))[0]
    assert grid.min() >= float(low) - 1e-3
    assert grid.max() <= float(high) + 1e-3


def test_largest_slopes():
    steepest = activation_table().steepest
    assert steepest["sigmoid"] == (0.25, 0.0)
    assert steepest["tanh"] == (1.0, 0.0)
    assert ACTIVATIONS["sigmoid"]([10.0])[1][0] == pytest.approx(4.54e-5, rel=1e-3)
    assert ACTIVATIONS["relu"]([-5.0, -0.1, 0.0, 0.1, 5.0])[1].tolist() == [0, 0, 0, 1, 1]
    assert ACTIVATIONS["elu"]([-1.0])[0][0] == pytest.approx(-0.632121, abs=1e-6)


def test_the_table_as_text_and_picture():
    table = activation_table(["relu", "tanh"], [-1.0, 2.0])
    assert table.text().splitlines()[-2:] == [
        "relu                  0          1",
        "tanh               0.42    0.07065",
    ]
    ElementTree.fromstring(activation_table().svg())
    assert json.loads(probe_json(table))["values"]["relu"] == [0.0, 2.0]
    with pytest.raises(ValueRangeError, match="expected one of step, identity"):
        activation_table(["rellu"])
