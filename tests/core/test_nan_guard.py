"""A NaN put into every operation of the table: found, named, and kept from the weights."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.core.nan_guard import NanGuard
from glassnet.core.ops import OPS
from glassnet.core.tensor import apply, wrap
from glassnet.errors import NonFiniteError

F = nn.functional
# These only move numbers that are there already (replay writes them as np.copyto, or makes no call at all).
MOVERS = {"pack", "assign", "cast"} | {name for name, op in OPS.items() if op.view}


def drawn(sample):
    rng = np.random.default_rng(1)
    return [
        rng.uniform(sample.low, sample.high, given).astype(np.float32) if isinstance(given, tuple) else given
        for given in sample.inputs
    ]


def makes_floats(op):
    with torch.no_grad():
        out = apply(op, *map(wrap, drawn(op.samples[0])), **op.samples[0].attrs)
    return out.array.dtype.kind == "f" and out.array.size > 0


INJECTED = [name for name, op in OPS.items() if op.samples and name not in MOVERS and makes_floats(op)]


class Inside(nn.Module):
    """One operation of the table as a layer with a weight."""

    def __init__(self, op, attrs):
        super().__init__()
        self.op, self.attrs = op, attrs
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, *inputs):
        first, *rest = inputs or (torch.zeros(()),)
        scaled = first * self.scale if first.dtype.is_floating_point else first
        return apply(self.op, *((scaled, *rest) if inputs else ()), **self.attrs) * self.scale


class Outside(nn.Module):
    def __init__(self, op, attrs):
        super().__init__()
        self.inside = Inside(op, attrs)

    def forward(self, *inputs):
        return self.inside(*inputs).sum()


def guarded(model, loss_of, compiled, make=lambda p: optim.Adam(p, lr=0.01)):
    optimizer = make(model.parameters())
    guard = NanGuard(model, optimizer)

    def step(*batch):
        optimizer.zero_grad()
        loss = loss_of(model, *batch)
        loss.backward()
        guard.check(loss)
        optimizer.step()
        return loss.detach()

    plain = torch.compile(step) if compiled else step
    return guard.watch(plain), plain


def poisoned(op, monkeypatch):
    """From now on the operation's last row holds a NaN whenever the switch is on."""
    switch, run = [False], op.run

    def spoilt(*arrays, out=None, **attrs):
        result = np.array(run(*arrays, **attrs))
        if switch[0]:
            result[-1 if result.ndim else ...] = np.nan
        if out is None:
            return result
        np.copyto(out, result)
        return out

    for facet, value in (("run", spoilt), ("lower", None)):
        object.__setattr__(op, facet, value)
    return switch


@pytest.fixture
def facets():
    kept = {name: (op.run, op.lower) for name, op in OPS.items()}
    yield
    for name, (run, lower) in kept.items():
        object.__setattr__(OPS[name], "run", run)
        object.__setattr__(OPS[name], "lower", lower)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "replayed"])
@pytest.mark.parametrize("name", INJECTED)
def test_every_operation_that_gives_birth_is_named(name, compiled, facets, monkeypatch):
    op = OPS[name]
    sample = op.samples[0]
    batch = list(map(wrap, drawn(sample)))
    switch = poisoned(op, monkeypatch)
    model = Outside(op, sample.attrs)
    step, plain = guarded(model, lambda m, *xs: m(*xs), compiled)
    torch.manual_seed(0)
    for _ in range(4):
        step(*batch)
    before = model.inside.scale.array.copy()
    switch[0] = True
    with pytest.raises(NonFiniteError) as caught:
        step(*batch)
    birth = caught.value.birth
    assert (birth.op, birth.layer, birth.kind, birth.phase, birth.step) == (name, "inside", "Inside", "forward", 5)
    assert np.isnan(birth.value)
    switch[0] = False
    with torch.no_grad():
        made = apply(op, *batch, **sample.attrs).array
    if batch and batch[0].array.ndim and made.ndim and len(made) == len(batch[0].array):
        assert birth.row == len(made) - 1 or name == "mul"  # mul also makes the layer's product, one row earlier
    np.testing.assert_array_equal(model.inside.scale.array, before)
    assert f"`{name}`" in str(caught.value)
    assert not compiled or plain.obstacle or plain.replays


def test_most_of_the_table_is_injected():
    assert len(INJECTED) >= 55
    assert {"linear", "matmul", "log", "exp", "sqrt", "div", "softmax", "log_softmax", "relu"} <= set(INJECTED)


# ---- natural births ---------------------------------------------------------------------------------------------


class Roots(nn.Module):
    def forward(self, x):
        return x.sqrt()


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "replayed"])
def test_a_gradient_that_is_born_infinite(compiled):
    model = nn.Sequential(nn.Linear(2, 3), Roots(), nn.Linear(3, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.ones(3, 2))
        model[0].bias.zero_()
    step, plain = guarded(model, lambda m, x: m(x).square().mean(), compiled, lambda p: optim.SGD(p, lr=0.0))
    x = torch.ones(4, 2)
    for _ in range(4):
        step(x)
    weights = {name: t.array.copy() for name, t in model.state_dict().items()}
    x.array[2] = 0.0  # sqrt(0) is 0, and its slope infinite
    with pytest.raises(NonFiniteError) as caught:
        step(x)
    birth = caught.value.birth
    assert (birth.layer, birth.kind, birth.phase, birth.row, birth.step) == ("1", "Roots", "backward", 2, 5)
    assert birth.derivative_of == "sqrt"
    said = str(caught.value)
    assert "in the derivative of `sqrt`, in layer `1` (Roots), backward, at step 5, row 2 of the batch" in said
    assert "Try torch.sqrt(x.clamp(min=1e-8))" in said
    for name, t in model.state_dict().items():
        np.testing.assert_array_equal(t.array, weights[name])
    x.array[2] = 1.0
    assert np.isfinite(step(x).item())  # and the training can go on
    assert not compiled or plain.replays >= 2


def test_data_that_is_not_finite_is_blamed_itself():
    model = nn.Sequential(nn.Linear(2, 1))
    step, _ = guarded(model, lambda m, x, y: F.mse_loss(m(x), y), True)
    x, y = torch.ones(5, 2), torch.ones(5, 1)
    for _ in range(3):
        step(x, y)
    x.array[3, 1] = np.nan
    with pytest.raises(NonFiniteError, match=r"got nan in the argument 1 of the step, row 3 of the batch"):
        step(x, y)


def test_a_weight_that_was_not_finite_before_is_blamed_itself():
    model = nn.Sequential(nn.Linear(2, 1))
    step, _ = guarded(model, lambda m, x: m(x).mean(), False)
    model[0].weight.array[0, 1] = np.inf
    with pytest.raises(NonFiniteError, match=r"got inf in the parameter `0.weight`, before step 1 began"):
        step(torch.ones(5, 2))


def test_a_mask_of_minus_infinity_is_no_alarm_and_no_culprit():
    model = nn.Sequential(nn.Linear(3, 3))
    hidden = torch.tensor([[False, True, False]])

    def loss_of(m, x):
        scores = m(x).masked_fill(hidden, float("-inf"))
        return (F.softmax(scores, dim=1) * m(x)).sum().log()

    step, _ = guarded(model, loss_of, True, lambda p: optim.SGD(p, lr=0.0))
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.copy_(torch.ones(3))
    for _ in range(4):
        step(torch.ones(2, 3))
    with torch.no_grad():
        model[0].bias.copy_(-torch.ones(3))
    with pytest.raises(NonFiniteError) as caught:
        step(torch.ones(2, 3))
    assert caught.value.birth.op == "log"
    assert caught.value.birth.read == (-2.0,)
    assert "torch.log(x.clamp(min=1e-8))" in str(caught.value)


def test_large_but_finite_gradients_pass():
    w = nn.Linear(1, 1, bias=False)
    step, _ = guarded(w, lambda m, x: (m(x) * 1e25).sum(), True, lambda p: optim.SGD(p, lr=0.0))
    for _ in range(4):
        assert np.isfinite(step(torch.ones(1, 1)).item())


def test_dropout_draws_the_same_mask_again():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1))
    x = torch.full((8, 4), 5.0)

    def loss_of(m, x):  # log(10 - 3) where kept, log(0 - 3) where dropped: every mask has its own first row
        return (m[0](x) - 3.0).log().sum() + m(x).mean()

    rows = set()
    for seed in range(6):
        torch.manual_seed(seed)
        mask = F.dropout(x, 0.5).array == 0
        torch.manual_seed(seed)
        with pytest.raises(NonFiniteError) as caught:
            guarded(model, loss_of, compiled=False)[0](x)
        assert caught.value.birth.row == int(np.argwhere(mask)[0][0])
        rows.add(caught.value.birth.row)
    assert len(rows) > 1  # the seeds differ in what they drop first


def test_the_stream_of_random_numbers_is_not_moved_by_the_second_look():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1))
    step, _ = guarded(model, lambda m, x: m(x).log().sum(), compiled=True)
    torch.manual_seed(0)
    with pytest.raises(NonFiniteError):
        step(torch.full((8, 4), -5.0))
    after = torch.get_rng_state()
    torch.manual_seed(0)
    F.dropout(torch.ones(8, 4), 0.5)
    np.testing.assert_array_equal(np.asarray(after), np.asarray(torch.get_rng_state()))


def test_running_statistics_are_put_back():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    step, _ = guarded(model, lambda m, x: m(x).square().mean(), True)
    x = torch.randn(8, 2)
    for _ in range(4):
        step(x)
    kept = {name: b.array.copy() for name, b in model.named_buffers()}
    x.array[1, 0] = np.inf
    with pytest.raises(NonFiniteError):
        step(x)
    for name, b in model.named_buffers():
        np.testing.assert_array_equal(b.array, kept[name])


def test_accumulated_gradients_do_not_hide_the_culprit():
    model = nn.Sequential(nn.Linear(2, 1), Roots())
    with torch.no_grad():
        model[0].weight.copy_(torch.ones(1, 2))
        model[0].bias.zero_()
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    guard = NanGuard(model, optimizer)

    def step(x):
        loss = model(x).sum()
        loss.backward()
        guard.check(loss)
        return loss.detach()

    watched = guard.watch(torch.compile(step))
    for _ in range(4):
        watched(torch.ones(2, 2))
    x = torch.ones(2, 2)
    x.array[0] = -3.0
    with pytest.raises(NonFiniteError) as caught:
        watched(x)
    assert (caught.value.birth.op, caught.value.birth.row, caught.value.birth.read) == ("sqrt", 0, (-6.0,))


def test_the_guard_is_one_line_of_the_replayed_program_before_the_update():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    step, plain = guarded(
        model, lambda m, x, y: F.cross_entropy(m(x), y), True, lambda p: optim.SGD(p, lr=0.1, momentum=0.9)
    )
    x, y = torch.randn(6, 4), torch.tensor([0, 1, 0, 1, 0, 1])
    for _ in range(3):
        step(x, y)
    lines = plain.source.splitlines()
    at = [i for i, line in enumerate(lines) if "stop_unless_finite" in line]
    assert len(at) == 1
    assert "stop_unless_finite(sum, g, " in lines[at[0]]
    assert not any("out=w" in line for line in lines[: at[0]])
    assert sum("copyto" in line for line in lines[: at[0]]) == 0  # no gradient is copied for it


def test_steps_before_a_resume_are_counted():
    model = nn.Sequential(nn.Linear(2, 1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    guard = NanGuard(model, optimizer, steps=100)

    def step(x):
        loss = model(x).sum()
        loss.backward()
        guard.check(loss)

    with pytest.raises(NonFiniteError, match=r"before step 101 began"):
        guard.watch(step)(torch.full((2, 2), float("nan")))


def test_a_step_that_is_well_the_second_time_is_said_to_be_so():
    model = nn.Sequential(nn.Linear(1, 1))
    guard = NanGuard(model)
    values = iter([float("nan"), 1.0])

    def step():
        loss = model(torch.ones(1, 1)).sum() * next(values)
        loss.backward()
        guard.check(loss)

    with pytest.raises(NonFiniteError, match=r"got a loss or gradient that is not finite at step 1, but not when"):
        guard.watch(step)()


@pytest.mark.parametrize("groups", [1, 2])
def test_every_group_of_an_optimiser_is_watched(groups):
    model = nn.Sequential(nn.Linear(2, 2), Roots(), nn.Linear(2, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.eye(2))
        model[0].bias.zero_()
    parts = [model[0].parameters(), model[2].parameters()]
    optimizer = optim.SGD([{"params": list(p)} for p in parts][-groups:], lr=0.0)
    guard = NanGuard(model, optimizer)

    @torch.compile
    def step(x):
        optimizer.zero_grad()
        loss = model(x).sum()
        loss.backward()
        guard.check(loss)
        optimizer.step()
        return loss.detach()

    watched = guard.watch(step)
    for _ in range(4):
        model[0].weight.grad = model[0].bias.grad = None  # with one group nobody else clears them
        watched(torch.ones(3, 2))
    with pytest.raises(NonFiniteError) as caught:
        watched(torch.zeros(3, 2))
    assert caught.value.birth.derivative_of == "sqrt"
