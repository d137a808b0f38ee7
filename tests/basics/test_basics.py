"""The small models agree with the engine, and with what was known before computers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.basics import GATES, Neuron, Perceptron, Value, check_gate, columns, separate
from glassnet.basics.gates import XOR_WITH_A_FEATURE
from glassnet.errors import DataError, ShapeError, ValueRangeError

TABLE = [[0, 0], [0, 1], [1, 0], [1, 1]]
AND, OR, NAND, XOR = [0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0], [0, 1, 1, 0]


# ---- one neuron, gates ----------------------------------------------------------------------------------------------


def test_three_inputs_and_a_step():
    neuron = Neuron((0.5, -0.3, 0.8), 1.0, "step")
    assert neuron.products((2.0, 3.0, -1.0)) == pytest.approx([1.0, -0.9, -0.8], abs=1e-15)
    assert neuron.z((2.0, 3.0, -1.0)) == pytest.approx(0.3, abs=1e-15)
    assert neuron((2.0, 3.0, -1.0)) == 1


def test_conventions_differ_only_at_zero():
    fires, silent = Neuron((1.0,), 0.0, "step"), Neuron((1.0,), 0.0, "strict step")
    assert [fires((z,)) for z in (-1, 0, 1)] == [0, 1, 1]
    assert [silent((z,)) for z in (-1, 0, 1)] == [0, 0, 1]


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=5), st.floats(-30, 30))
def test_a_sigmoid_neuron_is_the_engines(x, bias):
    weight = [math.cos(i) for i in range(len(x))]
    theirs = torch.sigmoid(torch.tensor(x, dtype=torch.float64) @ torch.tensor(weight, dtype=torch.float64) + bias)
    assert Neuron(weight, bias, "sigmoid")(x) == pytest.approx(theirs.item(), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("name", GATES)
def test_gates_compute_their_truth_tables(name):
    gate = GATES[name]
    assert tuple(map(gate, gate.inputs)) == gate.outputs


def test_xor_folds_two_points_into_one():
    """(0,1) and (1,0) have the same hidden point, so one line is enough for the output."""
    hidden = [GATES["XOR"].steps(x)[0] for x in TABLE]
    assert hidden == [(0, 0), (1, 0), (1, 0), (1, 1)]


def test_a_feature_made_by_hand_solves_xor():
    assert [XOR_WITH_A_FEATURE((a, b, a * b)) for a, b in TABLE] == XOR


def test_and_then_not_is_nand():
    chain = [GATES["NOT"]((GATES["AND"](x),)) for x in TABLE]
    assert chain == NAND


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5))
def test_no_neuron_is_xor(w1, w2, bias):
    assert sum(row.right for row in check_gate("XOR", (w1, w2), bias)) <= 3


def test_boundary_in_words():
    assert Neuron((1.0, -2.0), -0.5).boundary == "x1 - 2 x2 = 0.5"
    assert Neuron((0.0, 0.0), 1.0).boundary == "nowhere: all weights are 0"


# ---- the perceptron -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "at_zero", "expected"),
    [
        (AND, False, (6, 2, 1, -2)), (AND, True, (6, 2, 1, -3)),
        (OR, False, (4, 1, 1, 0)), (OR, True, (4, 1, 1, -1)),
        (NAND, False, (6, -2, -1, 3)), (NAND, True, (6, -2, -1, 2)),
    ],
)  # fmt: skip
def test_gates_learned_from_zeros(labels, at_zero, expected):
    unit = Perceptron(fires_at_zero=at_zero).fit(TABLE, labels)
    assert (unit.epochs_, *unit.weight_, unit.bias_) == expected
    assert unit.score(TABLE, labels) == 1


def test_xor_is_never_learned():
    unit = Perceptron(max_epochs=100).fit(TABLE, XOR)
    assert not unit.converged_
    assert unit.epochs_ == 100
    assert unit.score(TABLE, XOR) < 1


@given(st.integers(0, 2**32 - 1))
def test_what_a_line_parts_is_learned_within_novikoffs_bound(seed):
    """At most (R / margin)^2 mistakes, for a line through the origin of the inputs with a constant 1 added."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (30, 2))
    w = rng.standard_normal(3)
    z = x @ w[:2] + w[2]
    x, z = x[abs(z) > 0.1], z[abs(z) > 0.1]
    if len(x) == 0:
        return
    unit = Perceptron(max_epochs=100_000).fit(x, (z > 0).astype(int))
    radius = np.sqrt((x**2).sum(1).max() + 1)
    margin = abs(z).min() / np.linalg.norm(w)
    assert unit.converged_
    assert sum(unit.mistakes_) <= (radius / margin) ** 2


def test_wrong_examples_are_named():
    with pytest.raises(DataError, match="row 1"):
        Perceptron().fit([[0, 0], [float("nan"), 0]], [0, 1])
    with pytest.raises(ShapeError, match="expected"):
        Perceptron().fit([[0, 0]], [[0]])
    with pytest.raises(ValueRangeError, match="rate"):
        Perceptron(learning_rate=0)
    with pytest.raises(ValueRangeError, match="NAND"):
        check_gate("IMPLIES", (1, 1), 0)
    with pytest.raises(ShapeError, match="for NOT"):
        check_gate("NOT", (1, 1), 0)


# ---- a line, or a proof ---------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.booleans()), min_size=1, max_size=9),
)
def test_either_a_line_or_a_proof_and_both_check_out(examples):
    x, y = [(a, b) for a, b, _ in examples], [int(c) for _, _, c in examples]
    found = separate(x, y)
    if found.exists:
        assert found.proof is None
        for point, label in zip(found.x, found.y, strict=True):
            z = sum(w * v for w, v in zip(found.weight, point, strict=True)) + found.bias
            assert (z >= 1) if label else (z <= -1)
    else:
        signs = [1 if label else -1 for label in y]
        assert min(found.proof) >= 0
        assert sum(found.proof) > 0
        assert sum(f * s for f, s in zip(found.proof, signs, strict=True)) == 0
        for axis in range(2):
            assert sum(f * s * p[axis] for f, s, p in zip(found.proof, signs, found.x, strict=True)) == 0


def test_xor_has_a_proof_of_equal_shares():
    assert separate(TABLE, XOR).proof == (1, 1, 1, 1)


# ---- the scalar engine ----------------------------------------------------------------------------------------------


def _formula(a, b, c):
    h = (a * b + c).tanh() + (a - b).sigmoid() * c**2
    return (h / (1.5 + (b * c).exp())).relu() + (h * h + 1).log() - 2 / (3 - c.tanh())


@given(*[st.floats(-2, 2)] * 3)
def test_scalars_have_the_engines_gradients(a, b, c):
    mine = [Value(v) for v in (a, b, c)]
    theirs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (a, b, c)]
    y, z = _formula(*mine), _formula(*theirs)
    y.backward()
    z.backward()
    assert y.data == pytest.approx(z.item(), rel=1e-12, abs=1e-12)
    for v, t in zip(mine, theirs, strict=True):
        assert v.grad == pytest.approx(t.grad.item(), rel=1e-12, abs=1e-12)


def test_a_value_used_twice_adds_up_both_paths():
    x = Value(3.0)
    y = x * x + x
    y.backward()
    y.backward()  # asking again does not add to the first answer
    assert x.grad == 7


def test_depth_does_not_matter():
    x = y = Value(1.0)
    for _ in range(20_000):
        y = y + 1.0
    y.backward()
    assert (y.data, x.grad) == (20_001, 1)


# ---- samples in columns ---------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 5), min_size=2, max_size=5), st.integers(1, 6), st.integers(0, 1000))
def test_columns_agree_with_the_engine_at_every_step(layer_dims, samples, seed):
    layer_dims = [*layer_dims, 1]
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((layer_dims[0], samples)), rng.integers(0, 2, (1, samples)).astype(float)
    parameters = columns.initialize_parameters(layer_dims, seed=seed)
    model = _as_engine(parameters)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        AL, caches = columns.forward(X, parameters)
        gradients = columns.backward(AL, Y, caches)
        optimizer.zero_grad()
        out = model(torch.from_numpy(X.T.copy()))
        loss = nn.functional.binary_cross_entropy(out, torch.from_numpy(Y.T.copy()))
        loss.backward()
        assert columns.compute_cost(AL, Y) == pytest.approx(loss.item(), rel=1e-12)
        for layer, linear in enumerate(model[::2], 1):
            np.testing.assert_allclose(gradients[f"dW{layer}"], linear.weight.grad.numpy(), rtol=0, atol=1e-12)
            np.testing.assert_allclose(gradients[f"db{layer}"][:, 0], linear.bias.grad.numpy(), rtol=0, atol=1e-12)
        parameters = columns.update_parameters(parameters, gradients, 0.1)
        optimizer.step()
    for layer, linear in enumerate(model[::2], 1):
        np.testing.assert_allclose(parameters[f"W{layer}"], linear.weight.detach().numpy(), rtol=0, atol=1e-12)


def _as_engine(parameters):
    """The same network as a module: float64, samples in rows."""
    layers = []
    for i in range(1, len(parameters) // 2 + 1):
        W, b = parameters[f"W{i}"], parameters[f"b{i}"]
        linear = nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W))
            linear.bias.copy_(torch.from_numpy(b[:, 0].copy()))
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid())


@given(st.integers(0, 9999), st.floats(1e-6, 10), st.sampled_from([np.float32, np.float64]))
def test_an_update_is_the_engines_to_the_last_bit(seed, rate, kind):
    rng = np.random.default_rng(seed)
    W, dW = (rng.standard_normal((4, 3)).astype(kind) for _ in range(2))
    p = nn.Parameter(torch.from_numpy(W.copy()))
    p.grad = torch.from_numpy(dW.copy())
    torch.optim.SGD([p], lr=rate).step()
    new = columns.update_parameters({"W1": W}, {"dW1": dW}, rate)["W1"]
    assert new.dtype == kind
    assert new.tobytes() == p.detach().numpy().tobytes()


def test_an_update_leaves_the_callers_arrays_alone():
    parameters = columns.initialize_parameters([2, 3, 1])
    before = {name: p.copy() for name, p in parameters.items()}
    X, Y = np.ones((2, 4)), np.ones((1, 4))
    AL, caches = columns.forward(X, parameters)
    columns.update_parameters(parameters, columns.backward(AL, Y, caches), 0.5)
    for name, p in before.items():
        np.testing.assert_array_equal(parameters[name], p)


def test_zeros_leave_hidden_neurons_equal():
    parameters = columns.initialize_parameters([2, 3, 1], scheme="zeros")
    X, Y = np.random.default_rng(0).standard_normal((2, 8)), np.ones((1, 8))
    AL, caches = columns.forward(X, parameters)
    gradients = columns.backward(AL, Y, caches)
    assert not gradients["dW1"].any()
    assert len(np.unique(gradients["dW2"])) == 1


def test_extreme_scores_stay_finite():
    Z = np.array([[-1000.0, -100.0, 0.0, 100.0, 1000.0]], dtype=np.float32)
    with np.errstate(over="raise", invalid="raise"):
        a = columns.sigmoid(Z)
    np.testing.assert_allclose(a, [[0, 0, 0.5, 1, 1]], atol=1e-40)
    assert math.isfinite(columns.compute_cost(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])))


def test_bad_shapes_are_answered():
    parameters = columns.initialize_parameters([2, 1])
    with pytest.raises(ShapeError, match=r"Try X\.T"):
        columns.forward(np.ones((5, 2)), parameters)
    with pytest.raises(ShapeError, match="same shape"):
        columns.compute_cost(np.ones((1, 3)), np.ones(3))
    with pytest.raises(ValueRangeError, match="he"):
        columns.initialize_parameters([2, 1], scheme="best")
