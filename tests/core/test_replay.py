"""`compile`: a replayed step gives what the step gives, whatever changes around it."""

import types
import warnings
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet.core.source import NotReplayable
from glassnet.errors import ReplayWarning, ValueRangeError


def linear_step(w, b, rate=0.1):
    """A step of gradient descent on a linear model, by hand."""

    def step(x, y):
        w.grad = b.grad = None
        loss = ((x @ w + b - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w.sub_(rate * w.grad)
            b.sub_(rate * b.grad)
        return loss

    return step


def weights(seed=0):
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.normal(size=(3, 2))).requires_grad_(), torch.zeros(2, dtype=torch.float64).requires_grad_()


def batch(k, rows=8):
    rng = np.random.default_rng((9, k))
    return torch.tensor(rng.normal(size=(rows, 3))), torch.tensor(rng.normal(size=(rows, 2)))


def same(a, b, rtol=1e-12):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=rtol, atol=1e-14)


class Pair(NamedTuple):
    a: torch.Tensor
    b: None


def never_replayed(why):
    """Around a step that must go on running op by op, and says why."""
    return pytest.warns(ReplayWarning, match=f"because .*{why}")


# ---- the ordinary case --------------------------------------------------------------------------------------------


def test_a_step_is_replayed_from_the_third_call():
    (w, b), (v, c) = weights(), weights()
    eager, replayed = linear_step(w, b), torch.compile(linear_step(v, c))
    for k in range(6):
        same(replayed(*batch(k)), eager(*batch(k)))
        same(v, w)
        same(c, b)
        same(v.grad, w.grad)
        assert replayed.replays == max(k - 1, 0)


def test_the_last_short_batch_is_a_second_program():
    (w, b), (v, c) = weights(), weights()
    eager, replayed = linear_step(w, b), torch.compile(linear_step(v, c))
    for k in range(12):
        rows = (8, 8, 3)[k % 3]
        same(replayed(*batch(k, rows)), eager(*batch(k, rows)))
        same(v, w)
    assert replayed.replays == 12 - 4
    assert len(replayed.programs) == 2


def test_two_steps_share_their_weights():
    (w, b), (v, c) = weights(), weights()
    down, up = torch.compile(linear_step(v, c, 0.1)), torch.compile(linear_step(v, c, -0.05))
    for k in range(10):
        same((down, up)[k % 2](*batch(k)), linear_step(w, b, (0.1, -0.05)[k % 2])(*batch(k)))
        same(v, w)
    assert down.replays == up.replays == 3


def test_a_step_runs_within_another():
    w = torch.ones(2, requires_grad=True)

    @torch.compile
    def inner(x):
        return x * 2.0

    @torch.compile
    def outer(x):
        w.grad = None
        loss = (w * inner(x)).sum()
        loss.backward()
        return loss

    for k in range(5):
        assert outer(torch.full((2,), float(k))).item() == 4.0 * k
        assert w.grad.tolist() == [2.0 * k] * 2
    assert outer.replays == 3


def test_methods_are_steps():
    class Model:
        def __init__(self):
            self.w = torch.ones(2, requires_grad=True)
            self.rate = 0.5

        @torch.compile
        def step(self, x):
            self.w.grad = None
            loss = (self.w * x).sum()
            loss.backward()
            with torch.no_grad():
                self.w.sub_(self.rate * self.w.grad)
            return loss

    first, second = Model(), Model()
    for _ in range(4):
        first.step(torch.ones(2))
    assert first.w.tolist() == [-1.0, -1.0]
    assert second.w.tolist() == [1.0, 1.0]
    for _ in range(4):
        second.step(torch.ones(2))
    assert first.w.tolist() == second.w.tolist() == [-1.0, -1.0]
    second.rate = 1.0
    second.step(torch.ones(2))
    first.step(torch.ones(2))
    assert (first.w.tolist(), second.w.tolist()) == ([-1.5, -1.5], [-2.0, -2.0])
    assert Model.step.replays == 2 + 2 + 1


# ---- numbers around the step --------------------------------------------------------------------------------------

rate = 0.5
settings_of_the_run = {"rate": 0.5, "rates": [0.5, 0.25]}


class Configuration:
    rate = 0.5
    nested = types.SimpleNamespace(rate=0.5)

    @property
    def doubled(self):
        return self.rate * 2


configuration = Configuration()


def scaled(x):
    return x * rate


def by_global(x):
    return x * rate


def by_helper(x):
    return scaled(x)


def by_lambda(x):
    return (lambda z: z * rate)(x)


def by_attribute(x):
    return x * configuration.rate


def by_nested_attribute(x):
    return x * configuration.nested.rate


def by_property(x):
    return x * configuration.doubled * 0.5


def by_local_name(x):
    c = configuration
    return x * c.rate


def by_entry(x):
    return x * settings_of_the_run["rate"]


def by_list_entry(x):
    return x * settings_of_the_run["rates"][0]


def by_loop(x):
    total = x * 0.0
    for r in settings_of_the_run["rates"]:
        total = total + x * r
    return total - x * settings_of_the_run["rates"][1]


def set_everywhere(value):
    global rate
    rate = value
    settings_of_the_run["rate"] = settings_of_the_run["rates"][0] = value
    configuration.rate = configuration.nested.rate = value


@pytest.mark.parametrize(
    "step",
    [by_global, by_helper, by_lambda, by_attribute, by_nested_attribute, by_property, by_local_name, by_entry,
     by_list_entry, by_loop],
)  # fmt: skip
@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.sampled_from([0.5, 0.25, 2.0, 2, True, -0.0, 0.0, float("nan")]), min_size=3, max_size=9))
def test_a_changed_number_is_never_stale(step, values):
    replayed = torch.compile(step)
    x = torch.ones(2, dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReplayWarning)
        for value in [v for v in values for _ in range(2)]:
            set_everywhere(value)
            assert replayed(x).numpy().tobytes() == step(x).numpy().tobytes()


def test_numbers_that_stay_are_replayed():
    set_everywhere(0.5)
    for step in (by_global, by_helper, by_lambda, by_attribute, by_nested_attribute, by_property, by_local_name,
                 by_entry, by_list_entry, by_loop):  # fmt: skip
        replayed = torch.compile(step)
        for k in range(4):
            assert replayed(torch.full((2,), float(k))).tolist() == [0.5 * k] * 2
        assert replayed.replays == 2, step


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.sampled_from([1, 2, 2.0, True, None, np.float32(3), 0.1]), st.sampled_from([1, 2.5, "up"])),
        min_size=4,
        max_size=12,
    )
)
def test_numbers_passed_in_are_never_stale(values):
    def step(x, factor, more=1.0):
        y = x if factor is None else x * factor
        return -y if more == "up" else y + more

    replayed = torch.compile(step)
    x = torch.ones(2)
    for factor, more in values:
        expected, found = step(x, factor, more=more), replayed(x, factor, more=more)
        assert (found.dtype, found.tolist()) == (expected.dtype, expected.tolist())


def test_enclosing_variables_are_never_stale():
    factor, table = 1.0, [1.0]

    def step(x):
        return x * factor * table[0]

    replayed = torch.compile(step)
    for factor in (1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0):
        for table[0] in (1.0, 3.0):
            for _ in range(3):
                assert replayed(torch.ones(1)).item() == factor * table[0]
        table = list(table)
    assert replayed.replays >= 14


def test_exchanged_tensors_are_never_stale():
    data = {"x": torch.ones(2)}
    target = torch.zeros(2)

    def step():
        return (data["x"] - target).sum()

    replayed = torch.compile(step)
    for _ in range(4):
        assert replayed().item() == 2.0
    data["x"] = torch.full((2,), 5.0)
    assert replayed().item() == 10.0
    target = torch.ones(2)
    assert replayed().item() == 8.0
    target.add_(1.0)  # the same tensor with other numbers
    assert replayed().item() == 6.0


def test_lists_of_weights_that_grow():
    extra = torch.tensor([10.0])
    terms = [torch.tensor([1.0]), torch.tensor([2.0])]

    def step(x):
        return sum(x * t for t in terms)

    replayed = torch.compile(step)
    for _ in range(4):
        assert replayed(torch.ones(1)).item() == 3.0
    assert replayed.replays == 2
    terms.append(extra)
    assert replayed(torch.ones(1)).item() == 13.0
    terms[0] = extra
    assert replayed(torch.ones(1)).item() == 22.0


def test_the_default_dtype_may_change():
    replayed = torch.compile(lambda x: x + torch.zeros(2))
    x = torch.ones(2, dtype=torch.int64)
    for _ in range(3):
        assert replayed(x).dtype == torch.float32
    torch.set_default_dtype(torch.float64)
    try:
        assert replayed(x).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_following_gradients_or_not_are_two_kinds():
    w = torch.ones(2, requires_grad=True)

    def step(x):
        y = (w * x).sum()
        if torch.is_grad_enabled():
            w.grad = None
            y.backward()
        return y

    replayed = torch.compile(step)
    for k in range(8):
        with torch.set_grad_enabled(k % 2 == 0):
            w.grad = None
            assert replayed(torch.full((2,), 3.0)).item() == 6.0
            assert (w.grad is None) == bool(k % 2)


# ---- gradients around the step ------------------------------------------------------------------------------------


def accumulating(w):
    def step(x):
        loss = (w * x).sum()
        loss.backward()
        return loss

    return step


def test_gradients_add_up_over_steps():
    w, v = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    eager, replayed = accumulating(w), torch.compile(accumulating(v))
    for k in range(7):
        eager(torch.tensor([1.0, k]))
        replayed(torch.tensor([1.0, k]))
        assert v.grad.tolist() == w.grad.tolist()
    assert replayed.replays > 2


@pytest.mark.parametrize("how", ["drop", "zero", "sometimes"])
def test_gradients_reset_outside(how):
    w, v = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    eager, replayed = accumulating(w), torch.compile(accumulating(v))
    for k in range(12):
        for p in (w, v):
            if p.grad is not None and (how == "zero" or (how == "sometimes" and k % 3 == 0)):
                p.grad.zero_()
            elif how == "drop" or (how == "sometimes" and k == 7):
                p.grad = None
        eager(torch.tensor([1.0, k]))
        replayed(torch.tensor([1.0, k]))
        assert v.grad.tolist() == w.grad.tolist()
    assert replayed.replays > 2


def test_a_gradient_equal_to_the_input_is_a_copy_of_it():
    """d (w x) / d w = x: it must be this call's x, on memory of its own."""
    w = torch.ones(2, requires_grad=True)

    @torch.compile
    def step(x):
        w.grad = None
        (w * x).sum().backward()

    for k in range(5):
        x = torch.tensor([1.0, k])
        step(x)
        assert w.grad.tolist() == [1.0, k]
        w.grad.zero_()
        assert x.tolist() == [1.0, k]


def test_gradients_never_share_memory():
    v, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)

    @torch.compile
    def step(x):
        v.grad = w.grad = None
        ((v + w) * 2.0 + x).sum().backward()

    for _ in range(5):
        step(torch.ones(2))
        assert v.grad.tolist() == w.grad.tolist() == [2.0, 2.0]
        v.grad.mul_(10.0)  # as clipping outside the step does
        assert w.grad.tolist() == [2.0, 2.0]


def test_an_update_reads_the_gradient_of_the_day():
    w = torch.ones(2, requires_grad=True)

    @torch.compile
    def size():
        return (w.grad**2).sum()

    w.grad = torch.ones(2)
    for _ in range(4):
        assert size().item() == 2.0
    assert size.replays == 2
    w.grad.mul_(2.0)
    assert size().item() == 8.0
    w.grad = torch.full((2,), 3.0)
    assert size().item() == 18.0


def test_frozen_weights_stay_as_they_are():
    (w, b), (v, c) = weights(), weights()

    def careful(w, b):
        def step(x, y):
            w.grad = b.grad = None
            loss = ((x @ w + b - y) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                for p in (w, b):
                    if p.grad is not None:
                        p.sub_(0.1 * p.grad)
            return loss

        return step

    eager, replayed = careful(w, b), torch.compile(careful(v, c))
    for k in range(16):
        for p in (w, v):
            p.requires_grad_(k % 8 < 4)
        same(replayed(*batch(k)), eager(*batch(k)))
        same(v, w)
        assert (v.grad is None) == (w.grad is None)
    assert replayed.replays >= 8


def test_exchanged_memory_is_noticed():
    (w, b), (v, c) = weights(), weights()
    eager, replayed = linear_step(w, b), torch.compile(linear_step(v, c))
    for k in range(9):
        if k in (4, 7):
            w.data, v.data = torch.tensor(w.numpy(force=True) * 0.5), torch.tensor(v.numpy(force=True) * 0.5)
        same(replayed(*batch(k)), eager(*batch(k)))
        same(v, w)
    assert replayed.replays >= 3


def test_hooks_registered_later_are_called():
    w = torch.ones(2, requires_grad=True)

    @torch.compile
    def step(x):
        w.grad = None
        (w * x).sum().backward()

    for _ in range(4):
        step(torch.ones(2))
    handle = w.register_hook(lambda g: g * 10.0)
    with never_replayed("a hook on a gradient"):
        step(torch.ones(2))
    assert w.grad.tolist() == [10.0, 10.0]
    handle.remove()
    step(torch.ones(2))
    assert w.grad.tolist() == [1.0, 1.0]


def test_backward_outside_goes_on_working():
    w = torch.ones(3, requires_grad=True)
    with never_replayed(r"backward\(\) is not called within it"):
        replayed = torch.compile(lambda x: (w * x).sum())
        for k in range(5):
            w.grad = None
            replayed(torch.full((3,), float(k))).backward()
            assert w.grad.tolist() == [float(k)] * 3


def test_derivatives_of_derivatives_within_a_step():
    def penalised(w):
        def step(x):
            w.grad = None
            y = torch.tanh(w * x).sum()
            (g,) = torch.autograd.grad(y, w, create_graph=True)
            loss = y + (g**2).sum()
            loss.backward()
            return loss

        return step

    w, v = (torch.tensor([0.3, -0.7], dtype=torch.float64, requires_grad=True) for _ in range(2))
    eager, replayed = penalised(w), torch.compile(penalised(v))
    for k in range(5):
        x = torch.tensor([1.0 + k, 0.5], dtype=torch.float64)
        same(replayed(x), eager(x))
        same(v.grad, w.grad)
    assert replayed.replays == 3


def test_functional_gradients():
    v = torch.ones(2, requires_grad=True)

    @torch.compile
    def step(x):
        (g,) = torch.autograd.grad((v * v * x).sum(), v)
        return g

    for k in range(5):
        assert step(torch.full((2,), float(k))).tolist() == [2.0 * k] * 2
    assert v.grad is None
    assert step.replays == 3


# ---- what goes in, what comes out ---------------------------------------------------------------------------------


def test_results_in_every_form():
    w = torch.ones(2)
    fixed = torch.tensor(5.0)

    def step(x):
        y = x * w
        return {"pair": Pair(y, None), "list": [y + 1, "word", 3], "input": x, "weight": w, "old": fixed}

    replayed = torch.compile(step)
    for k in range(5):
        x = torch.full((2,), float(k))
        out = replayed(x)
        assert isinstance(out["pair"], Pair)
        assert out["pair"].b is None
        assert out["pair"].a.tolist() == [float(k)] * 2
        assert isinstance(out["list"], list)
        assert out["list"][0].tolist() == [k + 1.0] * 2
        assert out["list"][1:] == ["word", 3]
        assert out["input"] is x
        assert out["weight"] is w
        assert out["old"] is fixed
    assert replayed.replays == 3


def test_results_outlive_the_next_call():
    replayed = torch.compile(lambda x: (x * 2.0, x.reshape(-1), x))
    kept = [replayed(torch.full((2, 2), float(k))) for k in range(6)]
    for k, (doubled, flat, same_x) in enumerate(kept):
        assert doubled.tolist() == [[2.0 * k] * 2] * 2
        assert flat.tolist() == [float(k)] * 4
        assert same_x.tolist() == [[float(k)] * 2] * 2


def test_a_result_is_not_what_becomes_of_it():
    """The value stored in a weight is handed out as it was, even if the weight changes again."""
    w = torch.zeros(2)

    @torch.compile
    def step(x):
        new = w + x
        w.copy_(new)
        w.mul_(2.0)
        return new

    seen = [step(torch.ones(2)).tolist()[0] for _ in range(5)]
    assert seen == [1.0, 3.0, 7.0, 15.0, 31.0]


def test_nothing_in_nothing_out():
    w = torch.zeros(2)

    @torch.compile
    def step():
        w.add_(1.0)

    for k in range(5):
        assert step() is None
        assert w.tolist() == [k + 1.0] * 2
    assert step.replays == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda a: torch.tensor(a),
        lambda a: torch.tensor(a.T.copy()).t(),
        lambda a: torch.tensor(np.repeat(a, 2, axis=1))[:, ::2],
        lambda a: torch.tensor(np.concatenate([a, a]))[2:],
        lambda a: torch.from_numpy(a[::-1].copy()).flip(0),
    ],
    ids=["rows", "columns", "every second", "window", "flipped"],
)
def test_layouts_of_the_input(make):
    w = torch.tensor(np.random.default_rng(0).normal(size=(2, 2)))
    replayed = torch.compile(lambda x: x @ w + x.sum(0))
    for k in range(6):
        a = np.random.default_rng(k).normal(size=(2, 2)) if k else np.eye(2)
        x = make(a) if k % 2 else torch.tensor(make(a).numpy())
        np.testing.assert_allclose(replayed(x).numpy(), x.numpy() @ w.numpy() + x.numpy().sum(0), rtol=1e-12)
    assert replayed.replays >= 3


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool, torch.float32, torch.float64])
def test_dtypes_of_the_input(dtype):
    def step(x):
        return x * 2, x.sum(), (x > 0).any(), x.float() / 3

    replayed = torch.compile(step)
    for k in range(5):
        x = torch.tensor([0, 1, k]).to(dtype)
        for found, expected in zip(replayed(x), step(x), strict=True):
            assert (found.dtype, found.tolist()) == (expected.dtype, expected.tolist())
    assert replayed.replays == 3


def test_single_numbers_as_tensors():
    replayed = torch.compile(lambda x, y: torch.sigmoid(x) * y)
    for k in range(5):
        x = torch.tensor(float(k))
        assert replayed(x, torch.tensor(2.0)).item() == (torch.sigmoid(x) * 2).item()
    assert replayed.replays == 3


def test_keywords_and_defaults():
    def step(x, *, scale, shift=None):
        return x * scale if shift is None else x * scale + shift

    replayed = torch.compile(step)
    for k in range(4):
        x, s = torch.full((2,), float(k)), torch.tensor([2.0, 3.0])
        assert replayed(x, scale=s).tolist() == [2.0 * k, 3.0 * k]
        assert replayed(scale=s, x=x).tolist() == [2.0 * k, 3.0 * k]
        assert replayed(x, scale=s, shift=s).tolist() == [2.0 * k + 2, 3.0 * k + 3]
    assert replayed.replays == 6


def test_tensors_within_lists_and_dicts():
    def step(pair, more):
        return pair[0] * pair[1] + more["z"][0]

    replayed = torch.compile(step)
    for k in range(5):
        x = torch.full((2,), float(k))
        assert replayed([x, x + 1], {"z": (x,)}).tolist() == [k * (k + 1.0) + k] * 2
        assert replayed((x, x + 1), {"z": (x,)}).tolist() == [k * (k + 1.0) + k] * 2
    assert replayed.replays == 6


def test_one_tensor_passed_twice():
    replayed = torch.compile(lambda a, b: a - 2 * b)
    x = torch.ones(2)
    for _ in range(3):
        assert replayed(x, x).tolist() == [-1.0, -1.0]
    assert replayed(x, torch.zeros(2)).tolist() == [1.0, 1.0]
    assert replayed(torch.zeros(2), x).tolist() == [-2.0, -2.0]


def test_weights_passed_in_are_known_by_their_identity():
    v, w = torch.ones(2, requires_grad=True), torch.full((2,), 2.0, requires_grad=True)

    @torch.compile
    def step(p, x):
        p.grad = None
        (p * p * x).sum().backward()
        return p

    for _ in range(4):
        for p in (v, w):
            assert step(p, torch.ones(2)) is p
            assert p.grad.tolist() == (2 * p).tolist()
    assert step.replays == 4


def test_an_argument_changed_in_place():
    def step(x):
        x.add_(1.0)
        return x * 2.0

    replayed = torch.compile(step)
    x = torch.zeros(2)
    with never_replayed("an argument is changed in place"):
        for k in range(1, 6):
            assert replayed(x).tolist() == [2.0 * k] * 2
            assert x.tolist() == [float(k)] * 2


def test_a_list_passed_in_is_changed():
    def step(numbers):
        numbers[0] = numbers[0] + 1.0

    replayed = torch.compile(step)
    numbers = [torch.zeros(2), torch.ones(1)]
    other = numbers[1]
    with never_replayed("an argument is changed in place"):
        for k in range(1, 6):
            replayed(numbers)
            assert numbers[0].tolist() == [float(k)] * 2
            assert numbers[1] is other


def test_numpy_arrays_are_not_followed():
    replayed = torch.compile(lambda a: torch.tensor(a) * 2)
    with never_replayed("a NumPy array is passed in"):
        for k in range(5):
            assert replayed(np.full(2, k)).tolist() == [2 * k] * 2


def test_a_numpy_array_around_the_step():
    a = np.ones(2, np.float32)
    replayed = torch.compile(lambda x: x * torch.from_numpy(a))
    with never_replayed("a NumPy array, whose numbers may change"):
        for k in range(5):
            a[0] = k
            assert replayed(torch.ones(2)).tolist() == [float(k), 1.0]


# ---- state, windows on it, memory ---------------------------------------------------------------------------------


def test_windows_on_state():
    def with_windows(state):
        top = state[:1]

        def step(x):
            state[1] = x
            state.view(-1)[2:4].mul_(2.0)
            top.add_(1.0)
            flat = state.reshape(-1)
            return flat.sum(), state[:, 0]

        return step

    a, b = torch.zeros(3, 2), torch.zeros(3, 2)
    eager, replayed = with_windows(a), torch.compile(with_windows(b))
    for k in range(6):
        x = torch.tensor([float(k), 1.0])
        for found, expected in zip(replayed(x), eager(x), strict=True):
            assert found.tolist() == expected.tolist()
        assert b.tolist() == a.tolist()
    assert replayed.replays == 4


def test_memory_filled_within_the_step_starts_afresh():
    def step(x):
        total, table, mask = torch.zeros(2), torch.tensor([1.0, 2.0]), torch.ones(2)
        total += x
        table.mul_(x)
        mask[0] = 0.0
        return total, table, x * mask, torch.arange(2.0).add_(x)

    replayed = torch.compile(step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReplayWarning)  # arange is made of Python numbers
        for k in range(6):
            x = torch.tensor([float(k), 3.0])
            assert [t.tolist() for t in replayed(x)] == [t.tolist() for t in step(x)]


def test_numbers_written_in_the_step_are_replayed():
    def step(x):
        total, table = torch.zeros(2), torch.tensor([1.0, 2.0])
        total += x
        table.mul_(x)
        return total + table

    replayed = torch.compile(step)
    for k in range(6):
        assert replayed(torch.full((2,), float(k))).tolist() == [2.0 * k, 3.0 * k]
    assert replayed.replays == 4


def test_changes_in_place_that_gradients_follow():
    def step_of(w):
        def step(x):
            w.grad = None
            y = w * x
            y.mul_(y)
            y[0] = x[1]
            y.add_(w)
            y.tanh_()
            y.sum().backward()
            return y

        return step

    w, v = (torch.tensor([0.3, 0.5], requires_grad=True) for _ in range(2))
    eager, replayed = step_of(w), torch.compile(step_of(v))
    for k in range(5):
        x = torch.tensor([0.1 * k, 0.5])
        same(replayed(x), eager(x), 1e-6)
        same(v.grad, w.grad, 1e-6)
    assert replayed.replays == 3


def test_a_window_taken_before_a_followed_change():
    w = torch.ones(2, requires_grad=True)

    def step(x):
        w.grad = None
        y = w * x
        seen = y.detach()
        y.add_(1.0)
        (y * seen).sum().backward()
        return seen

    replayed = torch.compile(step)
    with never_replayed("that others look at"):
        for k in range(5):
            assert replayed(torch.full((2,), float(k))).tolist() == [k + 1.0] * 2
            assert w.grad.tolist() == [k * (k + 1.0)] * 2


# ---- chance -------------------------------------------------------------------------------------------------------


def test_every_replay_draws_afresh_and_in_order():
    def step(x):
        mask = (torch.rand(4) > 0.5).float()
        return x * mask, torch.randn(3), torch.randint(0, 10, (2,)), torch.randperm(5), torch.rand_like(x)

    replayed = torch.compile(step)
    torch.manual_seed(7)
    expected = [[t.tolist() for t in step(torch.ones(4))] for _ in range(6)]
    torch.manual_seed(7)
    found = [[t.tolist() for t in replayed(torch.ones(4))] for _ in range(6)]
    assert found == expected
    assert len({str(e) for e in expected}) == 6
    assert replayed.replays == 4


def test_a_generator_of_ones_own():
    g, h = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    replayed = torch.compile(lambda: torch.rand(2, generator=g))
    for _ in range(5):
        assert replayed().tolist() == torch.rand(2, generator=h).tolist()
    assert replayed.replays == 3


def test_python_chance_is_not_replayed():
    import random

    random.seed(0)
    replayed = torch.compile(lambda x: x * random.choice([1.0, 1.0, 2.0]))
    with never_replayed("the module random"):
        seen = {replayed(torch.ones(1)).item() for _ in range(40)}
    assert seen == {1.0, 2.0}


# ---- steps that cannot be replayed --------------------------------------------------------------------------------

log = []
counter = 0


def branches(x):
    return x * 2.0 if x.sum() > 0 else x * 3.0


def reads_an_item(x):
    return x * x.max().item()


def picks_by_mask(x):
    return x[x > 0].sum()


def appends(x):
    log.append(x.sum())
    return x * 2.0


def counts(x):
    global counter
    counter += 1
    return x * 2.0


def keeps(x):
    configuration.last = x
    return x * 2.0


def notes(x):
    settings_of_the_run["last"] = x
    return x * 2.0


def prints(x):
    print("step")
    return x * 2.0


def uses_numpy(x):
    return x * float(np.sum(x.numpy()))


def loops_until(x):
    y = x * 1.5
    while y.sum() < 10 and y.sum() > 0:
        y = y * 2.0
    return y


@pytest.mark.parametrize(
    "step",
    [branches, reads_an_item, picks_by_mask, appends, counts, keeps, notes, prints, uses_numpy, loops_until],
)
def test_one_warning_and_right_results(step, capsys):
    replayed = torch.compile(step)

    def run():
        for values in ([1.0, 2.0], [1.0, 2.0], [3.0, -1.0], [-1.0, -2.0], [1.0, 2.0], [0.5, 4.0], [-3.0, 1.0]):
            x = torch.tensor(values)
            assert replayed(x).tolist() == step(x).tolist()

    with never_replayed(".*; .*Try ") as caught:
        run()
    assert len(caught) == 1
    assert str(caught[0].message).startswith(f"compile: got `{step.__name__}`, which runs op by op, because ")
    assert caught[0].filename == __file__
    assert replayed.replays == 0
    with pytest.raises(NotReplayable, match=r"got no program: .*; expected .*\. Try "):
        replayed.program  # noqa: B018


def test_side_effects_happen_at_every_call():
    log.clear()
    replayed = torch.compile(appends)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReplayWarning)
        for k in range(6):
            replayed(torch.full((2,), float(k)))
    assert [t.item() for t in log] == [2.0 * k for k in range(6)]


def test_a_step_that_makes_its_state_anew_gives_up():
    state = types.SimpleNamespace(w=torch.ones(2))

    def make():
        state.w = torch.ones(2)

    replayed = torch.compile(lambda x: x * state.w)
    with never_replayed("something else at every call"):
        for k in range(12):
            make()
            assert replayed(torch.full((2,), float(k))).tolist() == [float(k)] * 2


def test_errors_are_repeated_and_change_nothing():
    w = torch.tensor([[0.1, 0.2, 0.3], [0.3, 0.1, 0.2]], requires_grad=True)

    def step(x, labels):
        w.grad = None
        logp = torch.log_softmax(x @ w, 1)
        loss = -torch.gather(logp, 1, labels.reshape(-1, 1)).mean()
        loss.backward()
        with torch.no_grad():
            w.sub_(0.5 * w.grad)
        return loss

    replayed = torch.compile(step)
    good, bad = torch.tensor([0, 2, 1]), torch.tensor([0, 3, 1])
    x = torch.tensor([[1.0, 2.0], [0.5, -1.0], [2.0, 0.0]])
    for _ in range(4):
        replayed(x, good)
    before = w.tolist()
    with pytest.raises(ValueRangeError) as eager_error:
        step(x, bad)
    assert w.tolist() == before
    for _ in range(2):
        with pytest.raises(ValueRangeError) as replayed_error:
            replayed(x, bad)
        assert str(replayed_error.value) == str(eager_error.value)
        assert w.tolist() == before
    loss = replayed(x, good)
    assert loss.item() < 1.2
    assert w.tolist() != before
    assert replayed.replays == 3


def test_an_error_while_recording_leaves_the_step_usable():
    def step(x):
        if x.shape[0] == 1:
            raise KeyError("too few")
        return x * 2.0

    replayed = torch.compile(step)
    for k in range(6):
        assert replayed(torch.full((2,), float(k))).tolist() == [2.0 * k] * 2
        with pytest.raises(KeyError, match="too few"):
            replayed(torch.ones(1))
    assert (torch.ones(2) * 2).tolist() == [2.0, 2.0]  # nothing is being recorded any more


def test_wrong_shapes_raise_what_the_step_raises():
    w = torch.ones(3, 2)
    replayed = torch.compile(lambda x: x @ w)
    for _ in range(3):
        replayed(torch.ones(4, 3))
    with pytest.raises(torch.errors.ShapeError, match=r"got \(4, 2\) @ \(3, 2\)"):
        replayed(torch.ones(4, 2))
    assert replayed(torch.ones(4, 3)).tolist() == [[3.0, 3.0]] * 4


def test_many_kinds_of_call_give_up():
    replayed = torch.compile(lambda x: x * 2.0)
    with never_replayed("more than 64 different shapes"):
        for n in range(1, 70):
            assert replayed(torch.ones(n)).shape == (n,)


# ---- the program --------------------------------------------------------------------------------------------------


def test_the_source_runs_by_itself():
    (w, b), (v, c) = weights(), weights()
    replayed, eager = torch.compile(linear_step(w, b)), linear_step(v, c)
    for k in range(3):
        replayed(*batch(k))
        eager(*batch(k))
    text, program = replayed.source, replayed.program
    assert text.startswith("def step(x, y):\n")
    scope = dict(program.run.__globals__)  # the arrays and the functions that the text names
    scope.pop("step")
    code = compile(text, "<step>", "exec")
    assert set(code.co_consts[0].co_names) <= {*scope, "copy", "T", "dot", "reshape", "take", "reduce"}
    exec(code, scope)
    x, y = batch(3)
    (loss,) = scope["step"](x.numpy(), y.numpy())
    same(torch.tensor(loss), eager(x, y))
    same(w, v)
    assert np.shares_memory(program.values["w"], w.numpy(force=True))  # named as the step names them
    assert np.shares_memory(program.values["d_b"], b.grad.numpy())


def test_the_source_says_what_it_does():
    w, b = weights()
    replayed = torch.compile(linear_step(w, b))
    for k in range(3):
        replayed(*batch(k))
    lines = replayed.source.splitlines()
    assert any("# " in line for line in lines)
    assert all(len(line) < 200 for line in lines)
    assert lines[-1].strip().startswith("return (")


def test_what_is_repeated_has_the_name_of_what_it_repeats():
    w = torch.ones(3)

    @torch.compile
    def step(x):
        rows = (w * 2).expand(4, 3)
        return x.exp() * rows * rows

    for k in range(3):
        step(torch.full((4, 3), float(k)))
    assert "mul_repeated" in step.source
    assert "zeros" not in step.source


def test_every_intermediate_value_can_be_read():
    w = torch.ones(2, requires_grad=True)

    @torch.compile
    def step(x):
        w.grad = None
        y = torch.tanh(w * x)
        y.sum().backward()

    for k in range(4):
        step(torch.full((2,), float(k)))
    values = step.program.values
    assert any(np.allclose(a, np.tanh(3.0)) for a in values.values())


def test_before_the_second_call_there_is_no_program():
    replayed = torch.compile(lambda x: x)
    with pytest.raises(NotReplayable, match=r"got no program: .*; expected .*\. Try "):
        replayed.source  # noqa: B018


def test_the_function_keeps_its_name():
    replayed = torch.compile(by_global)
    assert replayed.__name__ == "by_global"
    assert replayed.__wrapped__ is by_global
    assert torch.compile(mode="reduce-overhead")(by_global).__name__ == "by_global"


def test_a_compiled_step_looks_for_anomalies_when_asked_to():
    w = torch.tensor([1.0, 4.0], requires_grad=True)

    @torch.compile
    def step(x):
        w.grad = None
        loss = torch.sqrt(w * x).sum()
        loss.backward()
        return loss

    good, bad = torch.ones(2), torch.zeros(2)
    for _ in range(3):
        step(good)
    assert step.replays == 1
    with (
        torch.autograd.detect_anomaly(),
        pytest.raises(torch.errors.GradientError, match="'MulBackward0' returned nan"),
    ):
        step(bad)
    assert step(good).item() == 3.0
    assert w.grad.tolist() == [0.5, 0.25]
    assert step.replays == 2
