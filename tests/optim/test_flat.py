"""Parameters and state as windows on flat vectors: who shares memory, who may take it away, who keeps which count."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet.optim.flat import as_one_vector, end_to_end

SHAPES = [(2, 3), (3,), (), (4, 1)]


def leaves(*shapes, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.standard_normal(s).astype(dtype), requires_grad=True) for s in shapes]


def push(params, used=None):
    """Give every parameter (or those used) the slope of Σ w²/2, which is w."""
    for i, p in enumerate(params):
        p.grad = torch.tensor(p.array.copy()) if used is None or i in used else None


def chunks(optimizer):
    return [chunk for group in optimizer.param_groups for chunk in group.chunks]


@given(st.lists(st.lists(st.integers(0, 3), max_size=3).map(tuple), min_size=1, max_size=5))
def test_a_vector_holds_the_same_numbers_as_its_windows(shapes):
    arrays = [np.random.default_rng(1).standard_normal(s) for s in shapes]
    flat, windows = as_one_vector(arrays)
    assert [w.shape for w in windows] == shapes
    np.testing.assert_array_equal(flat, np.concatenate([a.reshape(-1) for a in arrays]))
    for w, a in zip(windows, arrays, strict=True):
        np.testing.assert_array_equal(w, a)
        assert not w.size or np.shares_memory(w, flat)
    again, same = as_one_vector(windows)
    if all(w.size for w in windows):  # an array without numbers lies nowhere
        assert np.shares_memory(again, flat)
        assert all(a is b for a, b in zip(same, windows, strict=True))


def test_what_does_not_lie_end_to_end():
    flat = np.zeros(10)
    assert end_to_end([flat[0:4], flat[4:6].reshape(2, 1)]).size == 6
    assert end_to_end([flat[4:6], flat[0:4]]) is None  # the wrong order
    assert end_to_end([flat[0:4], flat[5:6]]) is None  # a gap
    assert end_to_end([flat[0:4], np.zeros(2)]) is None
    assert end_to_end([np.zeros((2, 3)).T]) is None
    assert end_to_end([np.broadcast_to(np.zeros(1), (3,))]) is None
    assert end_to_end([np.zeros(2), np.zeros(2, "float32")]) is None


def test_parameters_become_windows_and_keep_their_numbers():
    params = leaves(*SHAPES)
    before = [p.array.copy() for p in params]
    optimizer = torch.optim.SGD(params, lr=0.5)
    (chunk,) = chunks(optimizer)
    for p, b in zip(params, before, strict=True):
        np.testing.assert_array_equal(p.array, b)
        assert np.shares_memory(p.array, chunk.w.array)
    push(params)
    optimizer.step()
    for p, b in zip(params, before, strict=True):
        np.testing.assert_array_equal(p.array, b * 0.5)


def test_a_single_parameter_keeps_the_memory_of_its_user():
    data = np.array([1.0, 2.0])
    w = torch.from_numpy(data).requires_grad_()
    optimizer = torch.optim.SGD([w], lr=0.5)
    push([w])
    optimizer.step()
    np.testing.assert_array_equal(data, [0.5, 1.0])


def test_memory_that_is_not_laid_out_by_rows_is_copied():
    turned = torch.tensor(np.arange(6.0).reshape(2, 3)).T.requires_grad_()
    fixed = np.zeros(3)
    fixed.setflags(write=False)
    locked = torch.from_numpy(fixed).requires_grad_()
    params = [turned, locked]
    optimizer = torch.optim.SGD(params, lr=0.5)
    push(params)
    optimizer.step()
    np.testing.assert_array_equal(turned.array, np.arange(6.0).reshape(2, 3).T * 0.5)


def test_two_optimisers_of_one_model_share_the_vector():
    params = leaves(*SHAPES)
    a, b = torch.optim.SGD(params, lr=0.5), torch.optim.Adam(params, lr=0.1)
    tail = torch.optim.SGD(params[1:3], lr=0.5)
    arrays = [p.array for p in params]
    for optimizer in (a, b, tail, a):
        before = [p.array.copy() for p in params]
        push(params)
        optimizer.step()
        assert all(p.array is x for p, x in zip(params, arrays, strict=True))  # nobody moved anything
        moved = [not np.array_equal(p.array, x) for p, x in zip(params, before, strict=True)]
        assert moved == ([True] * 4 if optimizer is not tail else [False, True, True, False])


def test_new_data_are_adopted():
    params = leaves(*SHAPES)
    optimizer = torch.optim.SGD(params, lr=0.5, momentum=0.5)
    push(params)
    optimizer.step()
    params[1].data = torch.tensor(np.array([10.0, 20.0, 30.0]))
    v = optimizer.state[params[1]]["momentum_buffer"].array.copy()
    push(params)
    optimizer.step()
    np.testing.assert_allclose(params[1].array, np.array([10.0, 20, 30]) - 0.5 * (0.5 * v + [10.0, 20, 30]))
    assert np.shares_memory(params[1].array, chunks(optimizer)[0].w.array)


def test_a_model_that_changes_its_kind_of_numbers_is_followed():
    params = leaves(*SHAPES, dtype="float32")
    optimizer = torch.optim.Adam(params, lr=0.1)
    push(params)
    optimizer.step()
    for p in params:
        p.data = p.data.double()
    push(params)
    optimizer.step()
    assert {p.dtype for p in params} == {torch.float64}
    assert optimizer.state[params[0]]["exp_avg"].dtype == torch.float64
    assert optimizer.state[params[0]]["step"].item() == 2


def test_mixed_kinds_of_numbers():
    params = [*leaves((2,), dtype="float32"), *leaves((3,)), *leaves((2, 2), (1,), dtype="float32")]
    optimizer = torch.optim.Adam(params, lr=0.1)
    assert [c.w.array.size for c in chunks(optimizer)] == [2, 3, 5]
    push(params)
    optimizer.step()
    for p in params:
        assert optimizer.state[p]["exp_avg"].dtype == p.dtype


def test_parameters_on_one_memory_stay_tied():
    a, b = leaves((3,), (3,))
    b.data = a.data
    b.array = a.array
    optimizer = torch.optim.SGD([a, b], lr=0.5)
    assert a.array is b.array
    a.grad = b.grad = torch.tensor(np.ones(3))
    before = a.array.copy()
    optimizer.step()
    np.testing.assert_array_equal(a.array, before - 1.0)  # both steps arrived
    assert a.array is b.array


@pytest.mark.parametrize("name", ["Adam", "SGD"])
def test_skipped_parameters_keep_their_state_and_count(name):
    together, alone = leaves(*SHAPES), leaves(*SHAPES)
    options = {"lr": 0.1, "momentum": 0.9} if name == "SGD" else {"lr": 0.1}
    make = getattr(torch.optim, name)
    whole, single = make(together, **options), [make([p], **options) for p in alone]
    for used in ([0, 3], [0, 3], [0, 1, 2, 3], [1], [2, 3], [0, 1, 2, 3], []):
        push(together, used)
        push(alone, used)
        whole.step()
        for i in used:
            single[i].step()
    for p, q, optimizer in zip(together, alone, single, strict=True):
        np.testing.assert_array_equal(p.array, q.array)
        for key, value in optimizer.state[q].items():
            np.testing.assert_array_equal(whole.state[p][key].array, value.array)


def test_changing_patterns_settle():
    params = leaves((2,), (2,), (2,))
    optimizer = torch.optim.SGD(params, lr=0.1)
    for used in ([0], [2], [1, 2], [0, 1, 2]):
        push(params, used)
        optimizer.step()
    settled = chunks(optimizer)
    for used in ([0], [2], [0, 1, 2], [1], [0, 2]):
        push(params, used)
        optimizer.step()
    assert chunks(optimizer) == settled


def test_state_tensors_are_windows():
    params = leaves(*SHAPES)
    optimizer = torch.optim.Adam(params, lr=0.1, betas=(0.5, 0.5))
    push(params)
    optimizer.step()
    m = optimizer.state[params[0]]["exp_avg"]
    m.fill_(8.0)
    for p in params:
        p.grad = torch.zeros_like(p)
    optimizer.step()
    np.testing.assert_array_equal(m.array, np.full((2, 3), 4.0))
    assert optimizer.state[params[0]]["exp_avg"] is m


@pytest.mark.parametrize("reset", ["clear", "assign", "one", "replace"])
def test_state_that_is_taken_away_starts_anew(reset):
    params = leaves((2,), (3,))
    optimizer = torch.optim.SGD(params, lr=0.1, momentum=0.9)
    push(params)
    optimizer.step()
    if reset == "clear":
        optimizer.state.clear()
    elif reset == "assign":
        optimizer.state = {}
    elif reset == "one":
        del optimizer.state[params[0]]
    else:
        optimizer.state[params[0]]["momentum_buffer"] = torch.zeros(2, dtype=torch.float64)
    push(params)
    g = params[0].grad.array
    optimizer.step()
    np.testing.assert_allclose(optimizer.state[params[0]]["momentum_buffer"].array, g, rtol=1e-15)


def test_extra_state_of_the_user_stays():
    params = leaves((2,), (3,))
    optimizer = torch.optim.Adam(params)
    optimizer.state[params[1]]["note"] = "mine"
    push(params)
    optimizer.step()
    assert list(optimizer.state[params[1]]) == ["note", "step", "exp_avg", "exp_avg_sq"]
    assert optimizer.state_dict()["state"][1]["note"] == "mine"


def test_a_copied_optimiser_goes_its_own_way():
    params = leaves(*SHAPES)
    optimizer = torch.optim.Adam(params, lr=0.1)
    push(params)
    optimizer.step()
    twins, twin = copy.deepcopy((params, optimizer))
    for p, q in zip(params, twins, strict=True):
        assert not np.shares_memory(p.array, q.array)
    for _ in range(3):
        push(params)
        optimizer.step()
    for _ in range(3):
        push(twins)
        twin.step()
    for p, q in zip(params, twins, strict=True):
        np.testing.assert_array_equal(p.array, q.array)


def test_a_change_of_one_parameter_does_not_spoil_the_gradient_of_another():
    a, b = leaves((2,), (2,))
    torch.optim.SGD([a, b], lr=0.1)
    loss = (a * a).sum()
    with torch.no_grad():
        b += 1  # a neighbour in memory
    loss.backward()
    np.testing.assert_array_equal(a.grad.array, 2 * a.array)


def test_a_step_after_the_forward_pass_is_noticed():
    a, b = leaves((2,), (2,))
    optimizer = torch.optim.SGD([a, b], lr=0.1)
    loss = (a * b).sum()
    push([a, b])
    optimizer.step()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


# ---- with recorded steps ------------------------------------------------------------------------------------------


def training(compiled, between):
    """Twelve steps; `between(i, optimizer, params)` runs before each."""
    params = leaves((3, 2), (3, 2), seed=4)
    optimizer = torch.optim.Adam(params, lr=0.05)
    x = torch.tensor(np.random.default_rng(6).standard_normal((3, 2)))

    def step():
        optimizer.zero_grad()
        torch.tanh(x * params[0] + params[1]).square().sum().backward()
        optimizer.step()

    run = torch.compile(step) if compiled else step
    for i in range(12):
        between(i, optimizer, params)
        run()
    return run, [p.array.copy() for p in params]


def load_old_state(i, optimizer, params):
    if i == 2:
        optimizer.kept = copy.deepcopy(optimizer.state_dict())
    if i == 7:
        optimizer.load_state_dict(optimizer.kept)


def new_data(i, optimizer, params):
    if i == 7:
        params[0].data = torch.tensor(np.ones((3, 2)))


def clear_state(i, optimizer, params):
    if i == 7:
        optimizer.state.clear()
        optimizer.load_state_dict(optimizer.state_dict())


def freeze(i, optimizer, params):
    if i == 6:
        params[1].requires_grad_(False)
        params[1].grad = None
    if i == 9:
        params[1].requires_grad_(True)


def second_optimizer(i, optimizer, params):
    if i == 7:
        torch.optim.SGD([params[1], params[0]], lr=0.1)  # another order: another vector


def lighter_decay(i, optimizer, params):
    optimizer.param_groups[0]["weight_decay"] = max(0.0, 0.3 - 0.05 * i)


@pytest.mark.parametrize("between", [load_old_state, new_data, clear_state, freeze, second_optimizer, lighter_decay])
def test_recorded_steps_follow_what_happens_between_them(between):
    _, plain = training(False, between)
    run, replayed = training(True, between)
    assert run.replays >= 3
    for a, b in zip(plain, replayed, strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["lr", "betas", "weight_decay", "amsgrad", "data"]), max_size=4), st.integers(3, 8))
def test_recorded_steps_follow_any_mixture_of_changes(changes, when):
    def between(i, optimizer, params):
        for n, change in enumerate(changes):
            if i != when + n:
                continue
            if change == "data":
                params[0].data = params[0].data.clone()
            else:
                new = {"lr": 0.01, "betas": (0.5, 0.9), "weight_decay": 0.1 * n, "amsgrad": True}
                optimizer.param_groups[0][change] = new[change]

    _, plain = training(False, between)
    _, replayed = training(True, between)
    for a, b in zip(plain, replayed, strict=True):
        np.testing.assert_array_equal(a, b)
