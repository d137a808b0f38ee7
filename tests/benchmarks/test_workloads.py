"""What is measured is what is said: shapes of the products, batches, data, the judge, the hand-written step."""

import doctest
from dataclasses import replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from benchmarks.batching import GATHER, SLICE, Batches
from benchmarks.peers import PEERS, floor, numpy_hand
from benchmarks.problem import MAKERS, Problem, initial_layers, made_up_digits, read_problem, write_data
from benchmarks.reference import judge, mean_loss, scores
from benchmarks.workloads import WORKLOADS, Workload
from hypothesis import given, settings
from hypothesis import strategies as st

DOCUMENTED = [
    "driver",
    "environment",
    "memory",
    "peers.floor",
    "problem",
    "reference",
    "report",
    "results",
    "size",
    "workloads",
]

sizes = st.lists(st.integers(1, 7), min_size=2, max_size=5)


def small_problem(loss: str, activation: str, optimizer: str = "sgd", rows: int = 24) -> Problem:
    rng = np.random.default_rng(3)
    outputs = 3 if loss == "cross_entropy" else 1
    layers = (4, 6, 5, outputs)
    x = rng.standard_normal((rows, 4)).astype(np.float32)
    y = (x.sum(axis=1) > 0).astype(np.int64) if outputs == 3 else (x[:, :1] > 0).astype(np.float32)
    workload = replace(
        WORKLOADS["W1"],
        layers=layers,
        loss=loss,
        activation=activation,
        optimizer=optimizer,
        rows=rows,
        batch=8,
        epochs=1,
    )
    return Problem(workload, x, y, initial_layers(layers))


@pytest.mark.parametrize("module", DOCUMENTED)
def test_examples_in_docstrings_hold(module: str) -> None:
    done = doctest.testmod(import_module(f"benchmarks.{module}"))
    assert done.attempted > 0
    assert done.failed == 0


@given(sizes=sizes, rows=st.integers(1, 9))
def test_floor_multiplies_what_a_training_step_multiplies(sizes: list[int], rows: int) -> None:
    layers = initial_layers(tuple(sizes))
    products = floor.products(layers, rows)
    count = len(layers)
    # one forward and one for dW in each layer, and one for da in each but the first
    assert len(products) == 3 * count - 1
    for left, right, out in products:
        assert np.dot(left, right, out) is out  # refuses an `out` of another shape, dtype or layout
    want_forward = [((rows, m), (m, n)) for m, n in pairwise(sizes)]
    want_dW = [((m, rows), (rows, n)) for m, n in pairwise(sizes)]
    want_da = [((rows, n), (n, m)) for m, n in pairwise(sizes[1:])]
    got = [(left.shape, right.shape) for left, right, _ in products]
    assert sorted(got) == sorted(want_forward + want_dW + want_da)


@given(sizes=sizes, rows=st.integers(1, 9))
def test_floor_of_a_prediction_is_the_forward_half(sizes: list[int], rows: int) -> None:
    layers = initial_layers(tuple(sizes))
    products = floor.products(layers, rows, "predict")
    assert [right.shape for _, right, _ in products] == [W.shape for W, _ in layers]


def test_floor_runs_an_epoch_with_its_short_last_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = replace(WORKLOADS["W3s"], rows=300, epochs=2)
    problem = Problem(
        workload, np.zeros((300, 784), np.uint8), np.zeros(300, np.int64), initial_layers(workload.layers)
    )
    heights: list[int] = []
    monkeypatch.setattr(np, "dot", lambda left, right, out: heights.append(len(out)))
    floor.prepare(problem, "").unit()
    # the first product of a step is as high as its batch: 128, 128, 44, in both epochs
    assert heights[:: 3 * 3 - 1] == [128, 128, 44] * 2


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)
def test_workload_adds_up(workload: Workload) -> None:
    assert sum(workload.batch_sizes) == workload.rows
    assert workload.steps == workload.epochs * len(workload.batch_sizes)
    assert workload.parameters == sum(W.size + b.size for W, b in initial_layers(workload.layers))
    per = workload.epochs if workload.shown_as.endswith("epoch") else workload.steps
    scale = {"µs": 1e6, "ms": 1e3}[workload.shown_as.split("/")[0]]
    assert workload.show(0.5) * per == pytest.approx(0.5 * scale)


@pytest.mark.parametrize("name", MAKERS)
def test_made_data_is_the_same_for_every_peer_and_fits_its_workloads(name: str, tmp_path: Path) -> None:
    write_data({name}, tmp_path)
    for workload in (w for w in WORKLOADS.values() if w.data == name):
        one, two = read_problem(workload, tmp_path), read_problem(workload, tmp_path)
        assert one.x.shape == (workload.rows, workload.layers[0])
        assert one.y.shape == (workload.rows, workload.layers[-1])
        assert one.x.dtype == one.y.dtype == np.float32
        assert np.isfinite(one.x).all()
        for (W, b), (W2, b2) in zip(one.layers, two.layers, strict=True):
            np.testing.assert_array_equal(W, W2)
            np.testing.assert_array_equal(b, b2)


def test_made_up_digits_are_shaped_like_mnist_and_have_every_class() -> None:
    x, y = made_up_digits(rows=500)
    assert x.shape == (500, 784)
    assert x.dtype == np.uint8
    assert set(y.tolist()) == set(range(10))
    same = np.array([(x[y == k] > 0).all(axis=0).any() for k in range(10)])
    assert not same.any()  # holes differ from row to row: no pixel is always inked


def test_synthetic_digits_are_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "glassnet.data.images", None)
    source = write_data({"mnist"}, tmp_path)
    assert source.startswith("synthetic")
    assert "ModuleNotFoundError" in source
    assert not (tmp_path / "test-x.npy").exists()  # cold starts must not claim 97 % on made-up digits


def test_pixels_become_numbers_between_nought_and_one() -> None:
    problem = Problem(WORKLOADS["W3s"], np.array([[0, 51, 255]], np.uint8), np.zeros(1, np.int64), [])
    np.testing.assert_allclose(problem.features(), [[0, 0.2, 1]], rtol=1e-6)
    assert problem.features().dtype == np.float32


@given(rows=st.integers(2, 40), batch=st.integers(1, 39), way=st.sampled_from([GATHER, SLICE]))
def test_an_epoch_visits_every_row_once_with_its_own_target(rows: int, batch: int, way: str) -> None:
    batch = min(batch, rows)
    workload = replace(WORKLOADS["W3s"], rows=rows, batch=batch)
    x = np.repeat(np.arange(rows, dtype=np.uint8)[:, None], 3, axis=1)
    batches = Batches(Problem(workload, x, np.arange(rows), []), way)
    orders = []
    for _ in range(2):
        seen = [(x_batch.copy(), y_batch.copy()) for x_batch, y_batch in batches]
        assert [len(y_batch) for _, y_batch in seen] == list(workload.batch_sizes)
        order = np.concatenate([y_batch for _, y_batch in seen])
        assert sorted(order) == list(range(rows))
        pixels = np.concatenate([x_batch for x_batch, _ in seen])
        np.testing.assert_allclose(pixels, np.repeat(order[:, None], 3, axis=1) / 255, rtol=1e-6)
        orders.append(order.tolist())
    if rows > 20:
        assert orders[0] != orders[1]


def test_the_judge_on_a_network_worked_by_hand() -> None:
    # a = relu([1, -2] @ [[1, 0], [1, 1]] + [0, 1]) = relu([-1, -1]) = [0, 0];  z = [0, 0] @ [[3], [4]] + [2] = 2
    layers = [(np.array([[1, 0], [1, 1]]), np.array([0, 1])), (np.array([[3], [4]]), np.array([2]))]
    z = scores(np.array([[1, -2]]), layers, "relu")
    np.testing.assert_array_equal(z, [[2]])
    assert mean_loss(z, np.array([[1]]), "bce") == pytest.approx(np.log1p(np.exp(-2)))
    assert mean_loss(z, np.array([[5]]), "mse") == 9
    # softmax of [2, 0]: the loss of class 1 is ln(e² + 1)
    assert mean_loss(np.array([[2.0, 0.0]]), np.array([1]), "cross_entropy") == pytest.approx(np.log(np.exp(2) + 1))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("loss", ["cross_entropy", "bce", "mse"])
def test_the_hand_written_gradient_is_the_slope_of_the_judged_loss(loss: str, activation: str) -> None:
    problem = replace_batch(small_problem(loss, activation))
    network = numpy_hand.Network(problem)
    network.gradients(problem.x, problem.y)
    # differences in float64 with a step of 1e-6: too short to reach a corner of relu from these numbers
    w, layers = numpy_hand.flattened([(W.astype(np.float64), b.astype(np.float64)) for W, b in problem.layers])
    want = np.empty(len(w))
    for index, original in enumerate(w.tolist()):
        w[index] = original + 1e-6
        above = judge(problem, layers)
        w[index] = original - 1e-6
        want[index] = (above - judge(problem, layers)) / 2e-6
        w[index] = original
    assert np.abs(want).max() > 0.01
    np.testing.assert_allclose(network.gradient, want, rtol=1e-4, atol=1e-6)


def replace_batch(problem: Problem) -> Problem:
    """The same problem with all rows in one batch."""
    return replace(problem, workload=replace(problem.workload, batch=problem.workload.rows))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_hand_written_update_is_the_one_of_the_paper(optimizer: str) -> None:
    rng = np.random.default_rng(0)
    w = rng.standard_normal(5).astype(np.float32)
    g, want, m, v = np.empty_like(w), w.astype(float), np.zeros(5), np.zeros(5)
    update = numpy_hand.UPDATES[optimizer](w, g, 0.01)
    for step in range(1, 6):
        slope = rng.standard_normal(5)
        g[...] = slope
        update()
        m, v = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope**2
        adam = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        want -= 0.01 * (slope if optimizer == "sgd" else adam)
    np.testing.assert_allclose(w, want, rtol=2e-5)


@settings(max_examples=6)
@given(optimizer=st.sampled_from(["sgd", "adam"]), way=st.sampled_from([GATHER, SLICE]))
def test_the_hand_written_peer_learns(optimizer: str, way: str) -> None:
    problem = small_problem("bce", "tanh", optimizer)
    problem = replace(problem, workload=replace(problem.workload, epochs=60, rate=0.3 if optimizer == "sgd" else 0.02))
    runner = numpy_hand.prepare(problem, way)
    before = judge(problem, problem.layers)
    runner.unit()
    assert judge(problem, runner.result()) < before / 2


def test_every_peer_has_a_module_of_its_name() -> None:
    folder = Path(floor.__file__).parent
    assert {f"{peer.name}.py" for peer in PEERS} == {
        path.name for path in folder.glob("*.py") if not path.name.startswith("_")
    }
