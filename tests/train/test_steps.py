"""What a step does besides the bare update: each piece against the same arithmetic by hand, in float64."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn, optim
from glassnet.core.tensor import wrap
from glassnet.errors import NotSupportedError, ReplayWarning, ValueRangeError
from glassnet.nn import functional as F
from glassnet.train.regularise import Average, beta, max_norm_, mixed, penalty
from glassnet.train.steps import Step, StepOptions, per_example, put

RNG = np.random.default_rng(2)
X, Y = RNG.normal(size=(24, 3)).astype(np.float32), RNG.integers(0, 2, 24)
RATE = 0.5


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def stepping(average=None, **options):
    model = network()
    step = Step(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=RATE), StepOptions(**options), average)
    return model, step


def batch(places=slice(None), weights=None):
    parts = (X[places], Y[places]) + (() if weights is None else (weights[places],))
    return [wrap(np.ascontiguousarray(part)) for part in parts]


def arrays(model):
    return [p.array.copy() for p in model.parameters()]


def gradients(model, loss):
    """The gradients of a loss where the model stands now."""
    model.zero_grad()
    loss.backward()
    found = [p.grad.array.copy() for p in model.parameters()]
    model.zero_grad()
    return found


def cross_entropy(model, places=slice(None)):
    x, y = batch(places)
    return F.cross_entropy(model(x), y)


def check(model, before, g, tolerance=1e-6):
    for p, w, d in zip(model.parameters(), before, g, strict=True):
        np.testing.assert_allclose(p.array, w - RATE * d, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_the_norm_of_all_gradients_is_held(times):
    model, step = stepping(clip_norm=0.1)
    for _ in range(times):  # eager, rehearsed and replayed alike
        before = arrays(model)
        g = gradients(model, cross_entropy(model))
        length = np.sqrt(sum((d.astype(np.float64) ** 2).sum() for d in g))
        assert length > 0.1
        step(*batch())
        check(model, before, [d * 0.1 / (length + 1e-6) for d in g])


def test_no_number_of_a_gradient_is_larger():
    model, step = stepping(clip_value=0.01)
    for _ in range(4):
        before, g = arrays(model), gradients(model, cross_entropy(model))
        step(*batch())
        check(model, before, [np.clip(d, -0.01, 0.01) for d in g])


def test_penalties_pull_at_weights_and_not_at_biases():
    model, step = stepping(l1=0.01, l2=0.05)
    for _ in range(4):
        before, g = arrays(model), gradients(model, cross_entropy(model))
        step(*batch())
        pulled = [d + (0.01 * np.sign(w) + 0.1 * w if w.ndim > 1 else 0) for d, w in zip(g, before, strict=True)]
        check(model, before, pulled)


def test_the_loss_is_counted_without_penalties():
    model, step = stepping(l2=10.0)
    expected = float(cross_entropy(model).array)
    step(*batch())
    assert float(step.total.array) == pytest.approx(expected)


@given(st.floats(0.05, 3.0), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_rows_are_at_most_so_long_and_keep_their_direction(longest, seed):
    W = wrap(np.random.default_rng(seed).normal(size=(4, 3)))
    before = W.array.copy()
    max_norm_([W], longest)
    lengths, old = np.linalg.norm(W.array, axis=1), np.linalg.norm(before, axis=1)
    assert (lengths <= longest * (1 + 1e-9)).all()
    np.testing.assert_allclose(W.array, before * np.minimum(1, longest / (old + 1e-7))[:, None], rtol=1e-9)


def test_max_norm_is_part_of_the_step():
    model, step = stepping(max_norm=0.3)
    for _ in range(4):
        step(*batch())
        assert all((np.linalg.norm(W.array, axis=1) <= 0.3001).all() for W in model.parameters() if W.ndim > 1)


@pytest.mark.parametrize("pieces", [(8, 8, 8), (10, 10, 4), (1, 22, 1)])
def test_accumulated_batches_are_one_batch(pieces):
    ends = np.cumsum((0, *pieces))
    model, step = stepping(accumulate=3)
    whole, big = stepping()
    for _ in range(4):
        for a, b in itertools.pairwise(ends):
            step(*batch(slice(a, b)))
        big(*batch())
        for p, q in zip(model.parameters(), whole.parameters(), strict=True):
            np.testing.assert_allclose(p.array, q.array, rtol=1e-4, atol=1e-6)
    assert all(program.compiled.obstacle is None for program in step.programs)


def test_what_is_left_at_the_end_of_an_epoch_makes_an_update_too():
    model, step = stepping(accumulate=4)
    whole, big = stepping()
    for _ in range(3):
        step(*batch(slice(0, 5)))
        step(*batch(slice(5, 24)))
        step.finish()
        step.finish()  # nothing left, nothing done
        big(*batch())
    for p, q in zip(model.parameters(), whole.parameters(), strict=True):
        np.testing.assert_allclose(p.array, q.array, rtol=1e-4, atol=1e-6)


def test_a_weight_of_two_is_an_example_twice():
    weights = np.ones(24, np.float32)
    weights[:4] = 2.0
    model, step = stepping()
    twice = np.r_[np.arange(24), np.arange(4)]
    for _ in range(4):
        before, g = arrays(model), gradients(model, cross_entropy(model, twice))
        step(*batch(weights=weights * 24 / 28))
        check(model, before, g)


def test_mixtures_by_hand():
    model, step = stepping(mixup=0.4)
    for _ in range(4):
        before = arrays(model)
        state = torch.get_rng_state()
        share = beta(0.4)
        torch.set_rng_state(state)
        y = batch()[1]
        scores = model(wrap((share * X + (1 - share) * X[::-1]).astype(np.float32)))
        both = share * F.cross_entropy(scores, y) + (1 - share) * F.cross_entropy(scores, wrap(Y[::-1].copy()))
        g = gradients(model, both)
        step(*batch())
        check(model, before, g, 1e-5)


def test_in_a_mixture_each_example_keeps_its_own_weight():
    model, step = stepping(mixup=0.4)
    weights = np.linspace(0.1, 3.0, 24, dtype=np.float32)  # so that an example and its partner differ
    for _ in range(4):
        before = arrays(model)
        state = torch.get_rng_state()
        share = beta(0.4)
        torch.set_rng_state(state)
        scores = model(wrap((share * X + (1 - share) * X[::-1]).astype(np.float32)))
        own, partner = (F.cross_entropy(scores, wrap(y.copy()), reduction="none") for y in (Y, Y[::-1]))
        both = share * own * wrap(weights) + (1 - share) * partner * wrap(weights[::-1].copy())
        g = gradients(model, both.mean())
        step(*batch(weights=weights))
        check(model, before, g, 1e-5)


@pytest.mark.parametrize("a", [0.1, 0.5, 1.0, 4.0])
def test_shares_are_drawn_from_beta(a):
    torch.manual_seed(0)
    draws = np.array([beta(a) for _ in range(3000)])
    assert ((draws >= 0) & (draws <= 1)).all()
    assert draws.mean() == pytest.approx(0.5, abs=0.03)
    assert draws.var() == pytest.approx(1 / (4 * (2 * a + 1)), rel=0.1)


def test_a_mixture_of_one_is_the_example():
    x = wrap(X)
    assert np.array_equal(mixed(x, wrap(np.float32(1.0))).array, X)
    assert np.array_equal(mixed(x, wrap(np.float32(0.0))).array, X[::-1])


# ---- averages -------------------------------------------------------------------------------------------------------


def test_the_running_average_by_hand():
    model = network()
    average = Average(model.parameters(), decay=0.5)
    step = Step(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=RATE), None, average)
    mean = np.concatenate([w.ravel() for w in arrays(model)]).astype(np.float64)
    for t in range(1, 8):
        step(*batch())
        keep = min((1 + t) / (10 + t), 0.5)
        mean += (1 - keep) * (np.concatenate([w.ravel() for w in arrays(model)]) - mean)
        np.testing.assert_allclose(average.mean.array, mean, rtol=1e-5, atol=1e-6)
    assert all(program.compiled.replays > 4 for program in step.programs)


def test_the_plain_mean_is_the_mean():
    w = torch.tensor([[1.0, 2.0]], requires_grad=True)
    average, points = Average([w]), RNG.normal(size=(6, 1, 2)).astype(np.float32)
    for point in points:
        put(w, point)
        average.update()
    np.testing.assert_allclose(average.mean.array, points.mean(0).ravel(), rtol=1e-5)


def test_weights_come_back_after_an_error():
    w = torch.tensor([1.0], requires_grad=True)
    average = Average([w])
    put(w, 5.0)
    average.update()
    put(w, 7.0)
    seen = []

    def failing():
        with average.in_place():
            seen.append(float(w.array[0]))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert (seen, float(w.array[0])) == ([5.0], 7.0)


def test_before_the_first_update_there_is_no_average():
    w = torch.tensor([1.0], requires_grad=True)
    average = Average([w])
    put(w, 2.0)
    average.apply()
    assert w.array == 2.0


# ---- the pieces in a loop of one's own ------------------------------------------------------------------------------


def test_every_piece_is_replayed_in_a_loop_by_hand():
    model = network()
    optimizer, average = optim.Adam(model.parameters(), lr=0.01), Average(model.parameters(), 0.9)

    @torch.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        (loss + penalty(model.parameters(), l1=1e-3, l2=1e-3)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        max_norm_(model.parameters(), 1.0)
        average.update()
        return loss.detach()

    with warnings.catch_warnings():
        warnings.simplefilter("error", ReplayWarning)
        losses = [step(*batch()).item() for _ in range(30)]
    assert step.replays >= 26
    assert losses[-1] < losses[0]


def test_a_rehearsal_leaves_nothing_behind():
    """The same steps with and without programs: dropout, batch norm, momentum and averages end up the same."""

    def run(plain):
        torch.manual_seed(4)
        model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(0.3), nn.Linear(5, 2))
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        step = Step(model, nn.CrossEntropyLoss(), optimizer, None, Average(model.parameters(), 0.9))
        (program,) = step.programs
        for i in range(9):
            call = program.compiled.function if plain else step
            call(*batch(slice(0, 24 if i % 3 else 10)))
        return [t.array for t in (*model.state_dict().values(), *step.tensors())], torch.get_rng_state()

    with_programs, by_hand = run(False), run(True)
    for a, b in zip(with_programs[0], by_hand[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert np.array_equal(*(np.asarray(getattr(r[1], "array", r[1])) for r in (with_programs, by_hand)))


# ---- losses of single examples --------------------------------------------------------------------------------------


def test_each_loss_by_itself():
    scores, y = wrap(RNG.normal(size=(5, 2)).astype(np.float32)), wrap(RNG.integers(0, 2, 5))
    each = per_example(nn.CrossEntropyLoss(label_smoothing=0.1))(scores, y)
    assert each.shape == (5,)
    assert each.mean().item() == pytest.approx(F.cross_entropy(scores, y, label_smoothing=0.1).item(), rel=1e-6)
    of_values = per_example(F.mse_loss)(scores, scores * 2)
    assert of_values.shape == (5,)
    assert of_values.mean().item() == pytest.approx(F.mse_loss(scores, scores * 2).item(), rel=1e-6)


def test_a_loss_of_one_s_own_needs_a_reduction_to_be_weighted():
    def mine(scores, y):
        return F.cross_entropy(scores, y)

    model = network()
    step = Step(model, mine, optim.SGD(model.parameters(), lr=0.1))
    step(*batch())  # which is fine without weights
    with pytest.raises(NotSupportedError, match=r"with the loss `mine`, which has no reduction; .* Try def mine"):
        step(*batch(weights=np.ones(24, np.float32)))


@pytest.mark.parametrize("wrong", [{"max_norm": -1.0}, {"mixup": float("nan")}, {"clip_value": float("nan")}])
def test_options_outside_their_range(wrong):
    with pytest.raises(ValueRangeError, match=f"got {next(iter(wrong))}="):
        StepOptions(**wrong)
