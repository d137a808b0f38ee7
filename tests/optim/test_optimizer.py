"""Groups, saving and loading, hooks, closures, optimisers of one's own, and what is said of mistakes."""

import copy
import pickle

import numpy as np
import pytest

import glassnet as torch
from glassnet import errors
from glassnet.core.mode import recording
from glassnet.optim.optimizer import required

ALL = ["SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "Rprop", "ASGD"]
OPTIONS = {
    "SGD": {"momentum": 0.9, "dampening": 0.1},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "Adam": {"amsgrad": True},
}


def leaf(*values):
    return torch.tensor(list(values), requires_grad=True)


def pull(optimizer, *params):
    optimizer.zero_grad()
    sum(torch.sin(p).sum() for p in params).backward()
    optimizer.step()


# ---- groups -------------------------------------------------------------------------------------------------------


def test_defaults_and_options_of_groups():
    a, b, c = leaf(1.0), leaf(2.0), leaf(3.0)
    given = {"params": b, "lr": 0.5}
    optimizer = torch.optim.SGD([{"params": [a]}, given], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": (p for p in [c]), "momentum": 0})
    assert [g["lr"] for g in optimizer.param_groups] == [0.1, 0.5, 0.1]
    assert [g["momentum"] for g in optimizer.param_groups] == [0.9, 0.9, 0]
    assert [g["params"] for g in optimizer.param_groups] == [[a], [b], [c]]
    assert given == {"params": b, "lr": 0.5}  # the user's dictionary is left alone
    assert optimizer.defaults["lr"] == 0.1


def test_prints_as_pytorch_does():
    optimizer = torch.optim.SGD([{"params": [leaf(1.0)]}, {"params": [leaf(1.0)], "lr": 0.5}], lr=0.1)
    group = """
Parameter Group {}
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: {}
    maximize: False
    momentum: 0
    nesterov: False
    weight_decay: 0
"""
    assert repr(optimizer) == "SGD (" + group.format(0, 0.1) + group.format(1, 0.5) + ")"


def test_zero_grad():
    a, b = leaf(1.0, 2.0), leaf(3.0)
    optimizer = torch.optim.SGD([a, b])
    (a**2).sum().backward()
    kept = a.grad
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is kept
    assert kept.tolist() == [0, 0]
    assert b.grad is None
    (a**2).sum().backward(create_graph=True)
    optimizer.zero_grad(set_to_none=False)
    assert (a.grad.tolist(), a.grad.requires_grad) == ([0, 0], False)
    optimizer.zero_grad()
    assert a.grad is None


def test_closures_follow_gradients_and_return_the_loss():
    w = leaf(3.0)
    optimizer = torch.optim.SGD([w], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert w.item() == 0.0
    assert optimizer.step() is None


# ---- saving and loading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_resume_is_the_same_to_the_last_bit(name, dtype):
    def start():
        rng = np.random.default_rng(8)
        params = [torch.tensor(rng.standard_normal(s).astype(dtype), requires_grad=True) for s in ((3, 2), (3,))]
        return params, getattr(torch.optim, name)(params, lr=0.05, **OPTIONS.get(name, {}))

    whole, optimizer = start()
    for _ in range(12):
        pull(optimizer, *whole)
    parts, first = start()
    for _ in range(5):
        pull(first, *parts)
    saved = copy.deepcopy((first.state_dict(), [p.array for p in parts]))
    later, second = start()
    for p, a in zip(later, saved[1], strict=True):
        p.data.copy_(torch.tensor(a))
    second.load_state_dict(saved[0])
    for _ in range(7):
        pull(second, *later)
    for a, b in zip(whole, later, strict=True):
        np.testing.assert_array_equal(a.array, b.array)
    final, other = optimizer.state_dict(), second.state_dict()
    assert final["param_groups"] == other["param_groups"]
    for n, state in final["state"].items():
        for key, value in state.items():
            np.testing.assert_array_equal(value.array, other["state"][n][key].array)


def test_state_dict_is_laid_out_as_pytorchs():
    a, b = leaf(1.0, 2.0), leaf(3.0)
    optimizer = torch.optim.Adam([{"params": [a]}, {"params": [b], "lr": 0.5}])
    assert optimizer.state_dict()["state"] == {}
    pull(optimizer, b)
    state = optimizer.state_dict()
    assert [g["params"] for g in state["param_groups"]] == [[0], [1]]
    assert [g["lr"] for g in state["param_groups"]] == [0.001, 0.5]
    assert list(state["state"]) == [1]
    assert list(state["state"][1]) == ["step", "exp_avg", "exp_avg_sq"]
    assert (state["state"][1]["step"].dtype, state["state"][1]["step"].item()) == (torch.float32, 1.0)


def test_loading_takes_copies_and_other_kinds_of_numbers():
    w = leaf(1.0, 2.0)
    optimizer = torch.optim.SGD([w], momentum=0.9)
    buffer = np.array([1.0, 2.0])
    optimizer.load_state_dict({"state": {0: {"momentum_buffer": buffer}}, "param_groups": [{"lr": 0.5, "params": [0]}]})
    kept = optimizer.state[w]["momentum_buffer"]
    assert kept.dtype == torch.float32
    buffer[:] = 9
    assert kept.tolist() == [1, 2]
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert optimizer.param_groups[0]["momentum"] == 0.9  # what an old state does not say stays at the default


def test_a_buffer_that_was_never_filled():
    w = leaf(1.0)
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9, dampening=0.5)
    state = optimizer.state_dict()
    state["state"] = {0: {"momentum_buffer": None}}
    optimizer.load_state_dict(state)
    w.grad = torch.tensor([1.0])
    optimizer.step()
    assert optimizer.state[w]["momentum_buffer"].tolist() == [1.0]


def test_options_that_others_put_into_groups_are_saved():
    w = leaf(1.0)
    optimizer = torch.optim.SGD([w], lr=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    state = copy.deepcopy(optimizer.state_dict())
    assert state["param_groups"][0]["initial_lr"] == 0.1
    other = torch.optim.SGD([leaf(2.0)], lr=0.3)
    other.param_groups[0]["note"] = 1
    other.load_state_dict(state)
    assert other.param_groups[0]["initial_lr"] == 0.1
    assert "note" not in other.param_groups[0]


def test_names_of_parameters():
    a, b = leaf(1.0), leaf(2.0)
    optimizer = torch.optim.SGD([("a", a), ("b", b)], lr=0.1)
    assert optimizer.param_groups[0]["params"] == [a, b]
    state = optimizer.state_dict()
    assert state["param_groups"][0].pop("param_names") == ["a", "b"]
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["param_names"] == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda s: s["param_groups"].append(s["param_groups"][0]),
            "groups of [1, 1] parameters; expected groups of [1]",
        ),
        (lambda s: s["param_groups"][0]["params"].append(1), "groups of [2] parameters; expected groups of [1]"),
        (lambda s: s["state"].update({0: {"exp_avg": np.zeros(3)}}), "got 'exp_avg' of shape (3,) for parameter 0"),
    ],
)
def test_states_that_do_not_fit_change_nothing(change, expected):
    w = leaf(1.0, 2.0)
    optimizer = torch.optim.Adam([w])
    pull(optimizer, w)
    before = copy.deepcopy(optimizer.state_dict())
    state = copy.deepcopy(before)
    change(state)
    with pytest.raises(errors.GlassnetError) as problem:
        optimizer.load_state_dict(state)
    assert expected in str(problem.value)
    assert optimizer.state_dict()["param_groups"] == before["param_groups"]
    assert optimizer.state[w]["step"].item() == 1


# ---- hooks, and optimisers of one's own ---------------------------------------------------------------------------


def test_hooks_see_every_step_and_state():
    w = leaf(1.0)
    optimizer = torch.optim.SGD([w], lr=0.5)
    heard = []
    optimizer.register_step_post_hook(lambda o, args, kwargs: heard.append("after"))
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: heard.append("before"))
    optimizer.register_state_dict_pre_hook(lambda o: heard.append("saving"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "mine": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: heard.append("second"))
    optimizer.register_load_state_dict_pre_hook(lambda o, state: heard.append("first"), prepend=True)
    optimizer.register_load_state_dict_post_hook(lambda o: heard.append("loaded"))
    optimizer.step()
    before.remove()
    optimizer.step()
    state = optimizer.state_dict()
    assert state["mine"] == 1
    optimizer.load_state_dict(state)
    assert heard == ["before", "after", "after", "saving", "first", "second", "loaded"]


def test_a_hook_may_change_the_arguments():
    w = leaf(2.0)
    optimizer = torch.optim.SGD([w], lr=0.5)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: "from the hook",), {}))
    assert optimizer.step() == "from the hook"


def test_steps_with_hooks_are_not_recorded():
    w = leaf(2.0)
    optimizer = torch.optim.SGD([w], lr=0.5)
    w.grad = torch.tensor([1.0])
    with recording() as trace:
        optimizer.step()
    assert trace.obstacle is None
    optimizer.register_step_post_hook(lambda o, args, kwargs: None)
    with recording() as trace:
        optimizer.step()
    assert "hooks" in trace.obstacle


class Decaying(torch.optim.Optimizer):
    """As a course would write it: state by parameter, a step count in Python."""

    def __init__(self, params, lr=required):
        super().__init__(params, {"lr": lr})

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if len(state) == 0:
                    state["step"], state["average"] = 0, torch.zeros_like(p.data)
                state["step"] += 1
                state["average"].mul_(0.5).add_(p.grad.data)
                p.data.add_(state["average"], alpha=-group["lr"] / state["step"])


def test_an_optimiser_of_ones_own():
    w = leaf(1.0)
    optimizer = Decaying([w], lr=0.5)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    # w = 1;   g = 2, average 2,         w -= 0.5 / 1 * 2     -> 0
    # w = 0;   g = 0, average 1,         w -= 0.25 / 2 * 1    -> -0.125
    for after in (0.0, -0.125):
        optimizer.zero_grad()
        (w**2).sum().backward()
        optimizer.step()
        scheduler.step()
        assert w.item() == after
    saved = copy.deepcopy(optimizer.state_dict())
    other = Decaying([leaf(1.0)], lr=0.1)
    other.load_state_dict(saved)
    assert other.state[other.param_groups[0]["params"][0]]["step"] == 2
    with recording() as trace:
        optimizer.step()
    assert "Decaying.step() is Python" in trace.obstacle


def test_a_subclass_that_calls_super_has_its_hooks_called_once():
    class Loud(torch.optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    w = leaf(1.0)
    optimizer = Loud([w], lr=0.5)
    heard = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: heard.append(1))
    optimizer.step()
    assert heard == [1]


# ---- mistakes -----------------------------------------------------------------------------------------------------

W = leaf(1.0)
MISTAKES = [
    (lambda: torch.optim.SGD([], lr=0.1), ValueError, "got an empty parameter list"),
    (lambda: torch.optim.SGD(W, lr=0.1), TypeError, "got one tensor as params"),
    (lambda: torch.optim.SGD([1.0], lr=0.1), TypeError, "got float; expected tensors"),
    (lambda: torch.optim.SGD([W * 2], lr=0.1), ValueError, "was computed (by mul)"),
    (lambda: torch.optim.SGD([W, W], lr=0.1), ValueError, "got parameter 1 of a group, of shape (1,), a second time"),
    (lambda: torch.optim.SGD([{"params": [W]}, {"params": [W]}]), ValueError, "got parameter 0 of a group"),
    (lambda: torch.optim.SGD([{"params": {W}}]), TypeError, "got a set"),
    (lambda: torch.optim.SGD([("a", W), leaf(1.0)]), ValueError, "got 1 of 2 with names"),
    (lambda: torch.optim.SGD([W]).add_param_group([leaf(1.0)]), TypeError, "got list; expected a dictionary"),
    (
        lambda: torch.optim.SGD([W]).add_param_group({"params": [("b", leaf(1.0))]}),
        ValueError,
        "names beside one without",
    ),
    (lambda: Decaying([W]), ValueError, "got a parameter group without 'lr'"),
    (lambda: torch.optim.Optimizer([W], {}).step(), NotImplementedError, "expected the class to define it"),
    (lambda: torch.optim.SGD([W], lr=-0.1), ValueError, "got lr=-0.1; expected at least 0. Try lr=0.1."),
    (lambda: torch.optim.SGD([W], lr=float("nan")), ValueError, "got lr=nan"),
    (lambda: torch.optim.SGD([W], lr="fast"), TypeError, "got lr='fast'; expected a number"),
    (lambda: torch.optim.SGD([W], lr=None), TypeError, "got lr=None; expected a number"),
    (lambda: torch.optim.SGD([W], lr=torch.ones(2)), errors.ShapeError, "got lr as a tensor of shape (2,)"),
    (lambda: torch.optim.SGD([W], momentum=-1), ValueError, "got momentum=-1"),
    (lambda: torch.optim.SGD([W], nesterov=True), ValueError, "got nesterov=True with momentum=0"),
    (lambda: torch.optim.SGD([W], differentiable=True), errors.NotSupportedError, "got differentiable=True"),
    (lambda: torch.optim.Adam([W], betas=(0.9, 1.0)), ValueError, "Adam: got betas[1]=1.0"),
    (lambda: torch.optim.AdamW([W], betas=0.9), ValueError, "AdamW: got betas=0.9; expected two numbers"),
    (lambda: torch.optim.AdamW([W], weight_decay=-1), ValueError, "AdamW: got weight_decay=-1"),
    (lambda: torch.optim.Adadelta([W], rho=1.5), ValueError, "got rho=1.5; expected 0 to 1"),
    (lambda: torch.optim.Rprop([W], etas=(1.5, 2.0)), ValueError, "got etas=(1.5, 2.0)"),
    (lambda: torch.optim.Adagrad([W], initial_accumulator_value=-1), ValueError, "got initial_accumulator_value=-1"),
    (lambda: torch.optim.SparseAdam([W]), errors.NotSupportedError, "Try Adam."),
    (lambda: torch.optim.Adafactor([W]), errors.NotSupportedError, "Try AdamW."),
    (lambda: torch.optim.Muon([W]), errors.NotSupportedError, "Try AdamW."),
]


@pytest.mark.parametrize(("mistake", "kind", "said"), MISTAKES, ids=[m[2] for m in MISTAKES])
def test_mistakes_are_answered(mistake, kind, said):
    with pytest.raises(kind) as problem:
        mistake()
    text = str(problem.value)
    assert said in text
    assert text.count("Try ") >= 1
    assert ("expected" in text) or isinstance(problem.value, errors.NotSupportedError)


def test_a_refused_group_leaves_the_optimiser_as_it_was():
    optimizer = torch.optim.SGD([W])
    with pytest.raises(ValueError, match="second time"):
        optimizer.add_param_group({"params": [leaf(1.0), W]})
    assert len(optimizer.param_groups) == 1


# ---- copies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
@pytest.mark.parametrize("name", ALL)
def test_a_copied_model_goes_on_with_its_copied_optimiser(name, copied):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.01, **OPTIONS.get(name, {}))
    for _ in range(2):
        pull(optimizer, *model.parameters())
    twins = copied((model, optimizer))
    for m, o in ((model, optimizer), twins):
        o.param_groups[0]["lr"] = 0.002
        for _ in range(2):
            pull(o, *m.parameters())
    for p, twin in zip(model.parameters(), twins[0].parameters(), strict=True):
        assert p is not twin
        assert torch.equal(p, twin)


def test_a_pickled_tensor_keeps_its_numbers_and_whether_it_asks_for_a_gradient():
    w = leaf(1.0, 2.0)
    (3 * w).sum().backward()
    kept = [pickle.loads(pickle.dumps(t)) for t in (w, 3 * w, torch.nn.Parameter(w.detach()))]
    assert [type(t).__name__ for t in kept] == ["Tensor", "Tensor", "Parameter"]
    assert [(t.tolist(), t.requires_grad, t.is_leaf, t.grad) for t in kept[:2]] == [
        ([1.0, 2.0], True, True, None),
        ([3.0, 6.0], True, True, None),
    ]
