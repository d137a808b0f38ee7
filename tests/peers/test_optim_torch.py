"""Every optimiser beside PyTorch's, step by step on the same problem."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import glassnet
from glassnet.nn import utils

pytestmark = pytest.mark.peers

RNG = np.random.default_rng(20)
SHAPES = ((6, 3), (6,), (2, 6), (2,))
START = [RNG.standard_normal(s) * 0.7 for s in SHAPES]
X = RNG.standard_normal((24, 3))
Y = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], 1)

OPTIMISERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.001, "weight_decay": 0.05, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {}),
    ("Adam", {"lr": 0.02, "weight_decay": 0.1, "amsgrad": True, "betas": (0.8, 0.95), "eps": 1e-3}),
    ("Adam", {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("AdamW", {"lr": 0.02}),
    ("AdamW", {"lr": 0.02, "amsgrad": True, "weight_decay": 0.3}),
    ("Adamax", {"lr": 0.02, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.02}),
    ("NAdam", {"lr": 0.02, "weight_decay": 0.1, "momentum_decay": 0.02}),
    ("NAdam", {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.02}),
    ("RAdam", {"lr": 0.02, "weight_decay": 0.1, "betas": (0.7, 0.9)}),
    ("RAdam", {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.7, "centered": True, "weight_decay": 0.05, "alpha": 0.9}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.1, "initial_accumulator_value": 0.2}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "weight_decay": 0.1}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.03, "etas": (0.4, 1.4), "step_sizes": (1e-4, 0.2)}),
    ("ASGD", {"lr": 0.05}),
    ("ASGD", {"lr": 0.05, "t0": 10, "lambd": 0.01, "weight_decay": 0.05}),
]
NAMES = ["SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "Rprop", "ASGD", "LBFGS"]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """On problems this small PyTorch's threads mostly wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def double():
    """float64 for both: also for the counts that PyTorch keeps in its default kind of numbers."""
    torch.set_default_dtype(torch.float64)
    glassnet.set_default_dtype(glassnet.float64)
    yield
    torch.set_default_dtype(torch.float32)
    glassnet.set_default_dtype(glassnet.float32)


def weights(lib: Any, dtype: str = "float64") -> list[Any]:
    return [lib.tensor(w.astype(dtype), requires_grad=True) for w in START]


def loss_of(lib: Any, w: list[Any], rows: int = 24) -> Any:
    x, y = (lib.tensor(a[:rows].astype(array(w[0]).dtype)) for a in (X, Y))
    hidden = lib.tanh(x @ w[0].T + w[1])
    return ((hidden @ w[2].T + w[3] - y) ** 2).mean()


def array(t: Any) -> np.ndarray:
    return t.detach().numpy()


def descend(lib: Any, optimiser: Any, w: list[Any], steps: int, used: Callable[[int], list[int]] | None = None) -> None:
    for i in range(steps):
        optimiser.zero_grad()
        loss_of(lib, w).backward()
        for j in range(len(w)):
            if used is not None and j not in used(i):
                w[j].grad = None
        optimiser.step()


def agree(ours: list[Any], theirs: list[Any], tolerance: float = 1e-10) -> None:
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(array(a), array(b), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "options"), OPTIMISERS)
def test_a_hundred_steps_in_float64(name, options, double):
    ours, theirs = weights(glassnet), weights(torch)
    descend(glassnet, getattr(glassnet.optim, name)(ours, **options), ours, 100)
    descend(torch, getattr(torch.optim, name)(theirs, **options), theirs, 100)
    agree(ours, theirs)


@pytest.mark.parametrize(("name", "options"), OPTIMISERS)
def test_a_hundred_steps_in_float32_from_the_same_slopes(name, options):
    ours, theirs = weights(glassnet, "float32"), weights(torch, "float32")
    a, b = getattr(glassnet.optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)
    for _ in range(100):
        b.zero_grad()
        loss_of(torch, theirs).backward()
        for p, q in zip(ours, theirs, strict=True):
            p.grad = glassnet.tensor(q.grad.numpy())
        a.step()
        b.step()
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(array(p), array(q), rtol=1e-5, atol=1e-5 * np.abs(array(q)).max())


@pytest.mark.parametrize("name", NAMES)
def test_signature_defaults_and_print(name):
    ours, theirs = getattr(glassnet.optim, name), getattr(torch.optim, name)
    a, b = (list(inspect.signature(c).parameters.values()) for c in (ours, theirs))
    assert [(p.name, p.default, p.kind) for p in a] == [(p.name, p.default, p.kind) for p in b]
    ours, theirs = ours(weights(glassnet)), theirs(weights(torch))
    if name != "LBFGS":
        for lib, optimiser in ((glassnet, ours), (torch, theirs)):
            optimiser.add_param_group({"params": [lib.zeros(2)], "lr": 0.5})
    assert list(ours.defaults.items()) == list(theirs.defaults.items())
    assert list(ours.param_groups[0]) == list(theirs.param_groups[0])
    assert repr(ours) == repr(theirs)


def grouped(lib: Any, name: str, w: list[Any]) -> Any:
    groups = [{"params": w[:2], "lr": 0.03, "weight_decay": 0.1}, {"params": w[2:3], "maximize": False}]
    optimiser = getattr(lib.optim, name)(groups, lr=0.01)
    optimiser.add_param_group({"params": w[3], "lr": 0.002})
    return optimiser


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "NAdam"])
def test_groups_with_options_of_their_own(name, double):
    ours, theirs = weights(glassnet), weights(torch)
    for lib, w in ((glassnet, ours), (torch, theirs)):
        optimiser = grouped(lib, name, w)
        descend(lib, optimiser, w, 20)
        optimiser.param_groups[0]["lr"] *= 0.5
        optimiser.param_groups[1]["weight_decay"] = 0.2
        descend(lib, optimiser, w, 20)
    agree(ours, theirs)


@pytest.mark.parametrize(("name", "options"), OPTIMISERS)
def test_parameters_unfrozen_late_count_their_own_steps(name, options, double):
    def used(i: int) -> list[int]:
        return [0, 3] if i < 7 else [0, 1, 3] if i < 12 else [1, 2] if i < 15 else [0, 1, 2, 3]

    ours, theirs = weights(glassnet), weights(torch)
    a, b = getattr(glassnet.optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)
    descend(glassnet, a, ours, 30, used)
    descend(torch, b, theirs, 30, used)
    agree(ours, theirs)
    for p, q in zip(ours, theirs, strict=True):
        assert list(a.state[p]) == list(b.state[q])
        for key, value in b.state[q].items():
            np.testing.assert_allclose(array(a.state[p][key]), array(value), rtol=1e-9, atol=1e-12, err_msg=key)


def translated(value: Any, lib: Any) -> Any:
    """A state_dict with its tensors as arrays, or as the other library's tensors."""
    if isinstance(value, dict):
        return {k: translated(v, lib) for k, v in value.items()}
    if isinstance(value, list):
        return [translated(v, lib) for v in value]
    if isinstance(value, torch.Tensor | glassnet.Tensor):
        data = np.array(array(value))
        return data if lib is None else lib.tensor(data)
    return value


@pytest.mark.parametrize(("name", "options"), OPTIMISERS)
def test_state_dicts_are_interchangeable(name, options, double):
    ours, theirs = weights(glassnet), weights(torch)
    a, b = getattr(glassnet.optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)
    descend(glassnet, a, ours, 10)
    descend(torch, b, theirs, 10)
    sa, sb = a.state_dict(), b.state_dict()
    assert list(sa) == list(sb)
    assert list(sa["state"]) == list(sb["state"])
    assert sa["param_groups"] == sb["param_groups"]
    for n in sb["state"]:
        assert list(sa["state"][n]) == list(sb["state"][n])
        for key, value in sb["state"][n].items():
            assert tuple(sa["state"][n][key].shape) == tuple(value.shape)
            assert str(sa["state"][n][key].dtype) == str(value.dtype)
    a2, b2 = getattr(glassnet.optim, name)(ours), getattr(torch.optim, name)(theirs)
    a2.load_state_dict(translated(sb, None))
    b2.load_state_dict(translated(sa, torch))
    descend(glassnet, a2, ours, 10)
    descend(torch, b2, theirs, 10)
    agree(ours, theirs)


def test_pytorch_tensors_can_be_loaded_as_they_are(double):
    ours, theirs = weights(glassnet), weights(torch)
    a, b = glassnet.optim.Adam(ours), torch.optim.Adam(theirs)
    descend(torch, b, theirs, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy on torch's own __array__
        a.load_state_dict(b.state_dict())
    assert a.state[ours[0]]["step"].item() == 3
    np.testing.assert_array_equal(array(a.state[ours[0]]["exp_avg"]), b.state[theirs[0]]["exp_avg"].numpy())


def test_named_parameters(double):
    for lib, kind in ((glassnet, glassnet), (torch, torch)):
        pairs = list(zip("abcd", weights(lib), strict=True))
        optimiser = kind.optim.SGD(pairs, lr=0.1)
        assert optimiser.param_groups[0]["param_names"] == ["a", "b", "c", "d"]
        assert optimiser.state_dict()["param_groups"][0]["param_names"] == ["a", "b", "c", "d"]


# ---- L-BFGS -------------------------------------------------------------------------------------------------------


def valley(lib: Any, x: Any) -> Any:
    """Rosenbrock's valley, twice."""
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[2]) ** 2 + 100 * (x[3] - x[2] ** 2) ** 2


@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.001},
        {"lr": 0.002, "history_size": 3, "max_iter": 7},
        {"line_search_fn": "strong_wolfe"},
        {"line_search_fn": "strong_wolfe", "history_size": 2, "max_iter": 5},
        {"line_search_fn": "strong_wolfe", "lr": 4.0, "max_eval": 6},
    ],
)
def test_lbfgs_walks_through_the_same_points(options, double):
    walks = []
    for lib in (glassnet, torch):
        x = lib.tensor(np.array([-1.2, 1.0, -0.5, 2.0]), requires_grad=True)
        optimiser = lib.optim.LBFGS([x], **options)
        points: list[np.ndarray] = []

        def closure(lib=lib, x=x, optimiser=optimiser, points=points):
            points.append(array(x).copy())
            optimiser.zero_grad()
            loss = valley(lib, x)
            loss.backward()
            return loss

        losses = [optimiser.step(closure).item() for _ in range(3)]
        state = optimiser.state[x]
        walks.append((losses, points, state["func_evals"], state["n_iter"], len(state["old_dirs"])))
    (losses, points, *counts), (their_losses, their_points, *their_counts) = walks
    assert counts == their_counts
    np.testing.assert_allclose(losses, their_losses, rtol=1e-7)
    np.testing.assert_allclose(points, their_points, rtol=1e-6, atol=1e-8)


def test_lbfgs_takes_over_pytorchs_state(double):
    def run(lib: Any, optimiser: Any, w: list[Any]) -> None:
        def closure():
            optimiser.zero_grad()
            loss = loss_of(lib, w)
            loss.backward()
            return loss

        optimiser.step(closure)

    options = {"line_search_fn": "strong_wolfe", "max_iter": 4}
    ours, theirs = weights(glassnet), weights(torch)
    b = torch.optim.LBFGS(theirs, **options)
    run(torch, b, theirs)
    for p, q in zip(ours, theirs, strict=True):
        p.array[...] = q.detach().numpy()
    a = glassnet.optim.LBFGS(ours, **options)
    a.load_state_dict(translated(b.state_dict(), glassnet))
    run(torch, b, theirs)
    run(glassnet, a, ours)
    agree(ours, theirs, 1e-8)


def test_a_rate_kept_as_a_tensor(double):
    rates = []
    for lib in (glassnet, torch):
        w = weights(lib)
        rate = lib.tensor(0.1)
        optimiser = lib.optim.SGD(w, lr=rate)
        scheduler = lib.optim.lr_scheduler.ExponentialLR(optimiser, 0.9)
        for _ in range(5):
            descend(lib, optimiser, w, 1)
            scheduler.step()
        rates.append((rate.item(), [array(p).copy() for p in w]))
    assert rates[0][0] == pytest.approx(rates[1][0], rel=1e-12)
    for a, b in zip(rates[0][1], rates[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


# ---- gradients and averages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [2.0, 1.0, 3.0, float("inf"), 0.5])
@pytest.mark.parametrize("limit", [0.01, 1e6])
def test_clipping_by_norm(order, limit):
    results = []
    for lib, tools in ((glassnet, utils), (torch, torch.nn.utils)):
        w = weights(lib, "float32")
        loss_of(lib, w[:4]).backward()
        w[1].grad = None
        total = tools.clip_grad_norm_(w, limit, norm_type=order)
        results.append((total.item(), [array(p.grad) for p in w if p.grad is not None]))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-9)


def test_clipping_by_value_and_vectors():
    results = []
    for lib, tools in ((glassnet, utils), (torch, torch.nn.utils)):
        w = weights(lib)
        loss_of(lib, w).backward()
        tools.clip_grad_value_(w, 0.05)
        vector = tools.parameters_to_vector(w)
        tools.vector_to_parameters(vector.detach() * 2, w)
        results.append([array(p.grad) for p in w] + [array(p) for p in w] + [array(vector)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("kind", ["mean", "fading", "fading list", "own", "buffers"])
def test_averaged_models(kind):
    means = []
    for lib in (glassnet, torch):
        swa = lib.optim.swa_utils
        options = {
            "mean": {},
            "fading": {"avg_fn": swa.get_ema_avg_fn(0.8)},
            "fading list": {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.8)},
            "own": {"avg_fn": lambda average, current, n: 0.5 * (average + current)},
            "buffers": {"use_buffers": True, "multi_avg_fn": swa.get_swa_multi_avg_fn()},
        }[kind]
        lib.manual_seed(0)
        model = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Linear(4, 2))
        if kind == "buffers":  # PyTorch cannot average counts in place
            model = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.LayerNorm(4))
        mean = swa.AveragedModel(model, **options)
        optimiser = lib.optim.SGD(model.parameters(), lr=0.1)
        x = lib.tensor(X.astype("float32"))
        for _ in range(4):
            optimiser.zero_grad()
            (model(x) ** 2).mean().backward()
            optimiser.step()
            mean.update_parameters(model)
        swa.update_bn([x[:12], x[12:]], mean)
        means.append({k: array(v).copy() for k, v in mean.state_dict().items()})
    assert list(means[0]) == list(means[1])
    for key, value in means[1].items():
        np.testing.assert_allclose(means[0][key], value, rtol=1e-5, atol=1e-6, err_msg=key)
