"""What must hold for any numbers: derivatives, invariances, and naive spellings of the same thing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import glassnet as torch
from glassnet import nn
from glassnet.autograd import gradcheck, gradgradcheck
from glassnet.nn import functional as F

quick = settings(max_examples=30, deadline=None)
FINITE = st.floats(-8, 8, allow_nan=False, width=32)


def matrices(fewest_rows=1):
    shapes = st.tuples(st.integers(fewest_rows, 6), st.integers(2, 5))
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=FINITE))


def away_from_kinks(*shape, seed=0):
    """Numbers that keep 0.01 away from the places where a slope jumps."""
    x = np.random.default_rng(seed).uniform(-4, 4, shape)
    for kink in (-3, -1, -0.5, 0, 0.5, 1, 3):
        x[np.abs(x - kink) < 0.01] += 0.03
    return torch.tensor(x, requires_grad=True)


# ---- derivatives ----------------------------------------------------------------------------------------------------

ACTIVATIONS = [F.relu, F.relu6, F.hardtanh, F.leaky_relu, F.elu, F.selu, F.celu, F.softshrink, F.hardshrink, F.sigmoid,
               F.tanh, F.logsigmoid, F.softplus, F.softsign, F.tanhshrink, F.gelu, F.silu, F.mish, F.hardsigmoid,
               F.hardswish, F.glu]  # fmt: skip


@pytest.mark.parametrize("function", ACTIVATIONS, ids=lambda f: f.__name__)
def test_activations_have_the_right_first_and_second_slopes(function):
    x = away_from_kinks(3, 4)
    assert gradcheck(lambda x: function(x), x)
    assert gradgradcheck(lambda x: function(x) * function(x), x)


@pytest.mark.parametrize("function", [f for f in ACTIVATIONS if f is not F.glu], ids=lambda f: f.__name__)
def test_activations_of_a_single_number(function):
    x, row = torch.tensor(0.7, requires_grad=True), torch.tensor([0.7, -0.2], requires_grad=True)
    y = function(x)
    y.backward()
    function(row).sum().backward()
    assert y.shape == ()
    assert (y.item(), x.grad.item()) == pytest.approx((function(row)[0].item(), row.grad[0].item()), rel=1e-6)


W = torch.tensor([0.5, 2.0, 1.0, 0.3], dtype=torch.float64)
LABELS = torch.tensor([2, 0, 3])
SIGNS = torch.tensor([[1.0, -1.0, 1.0, 1.0], [-1.0, 1.0, -1.0, 1.0], [1.0, 1.0, -1.0, -1.0]], dtype=torch.float64)
SHARES = torch.tensor(np.random.default_rng(1).uniform(0.1, 0.9, (3, 4)))

LOSSES = {
    "mse": lambda x: F.mse_loss(x, SIGNS),
    "l1": lambda x: F.l1_loss(x, SIGNS),
    "smooth_l1": lambda x: F.smooth_l1_loss(x, SIGNS, beta=0.4),
    "huber": lambda x: F.huber_loss(x, SIGNS, delta=0.8, reduction="sum"),
    "poisson": lambda x: F.poisson_nll_loss(x, SHARES * 5, full=True),
    "gaussian": lambda x: F.gaussian_nll_loss(x, SIGNS, F.softplus(x), full=True),
    "bce": lambda x: F.binary_cross_entropy(torch.sigmoid(x), SHARES, weight=W),
    "bce target": lambda x: F.binary_cross_entropy(SHARES, torch.sigmoid(x)),
    "bce logits": lambda x: F.binary_cross_entropy_with_logits(x, SHARES),
    "bce logits target": lambda x: F.binary_cross_entropy_with_logits(SIGNS, torch.sigmoid(x)),
    "bce logits weights": lambda x: F.binary_cross_entropy_with_logits(x, SHARES, weight=SHARES, pos_weight=W),
    "cross entropy": lambda x: F.cross_entropy(x, LABELS),
    "cross entropy options": lambda x: F.cross_entropy(x, LABELS, weight=W, ignore_index=0, label_smoothing=0.2),
    "cross entropy shares": lambda x: F.cross_entropy(x, torch.softmax(x * 2, 1), label_smoothing=0.1),
    "nll": lambda x: F.nll_loss(x, LABELS, weight=W),
    "kl": lambda x: F.kl_div(x, torch.softmax(x, 1), reduction="batchmean"),
    "hinge": lambda x: F.hinge_embedding_loss(x, SIGNS),
    "soft margin": lambda x: F.soft_margin_loss(x, SIGNS),
    "multi margin": lambda x: F.multi_margin_loss(x, LABELS, p=2, weight=W),
    "multi label": lambda x: F.multilabel_soft_margin_loss(x, SHARES, weight=W),
    "cosine": lambda x: F.cosine_embedding_loss(x, SIGNS, SIGNS[:, 0], margin=-0.5),
    "triplet": lambda x: F.triplet_margin_loss(x, SIGNS, SHARES, swap=True, margin=3.0),
    "similarity": lambda x: F.cosine_similarity(x, SIGNS).sum(),
    "normalize": lambda x: (F.normalize(x) * SHARES).sum(),
    "batch norm": lambda x: (F.batch_norm(x, None, None, W, W, training=True) * SHARES).sum(),
    "layer norm": lambda x: (F.layer_norm(x, (4,), W, W) * SHARES).sum(),
    "rms norm": lambda x: (F.rms_norm(x, (4,), W) * SHARES).sum(),
    "group norm": lambda x: (F.group_norm(x, 2, W, W) * SHARES).sum(),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_norms_have_the_right_first_and_second_slopes(name):
    x = away_from_kinks(3, 4, seed=3)
    assert gradcheck(LOSSES[name], x)
    assert gradgradcheck(lambda x: LOSSES[name](x) ** 2, x)


def test_layers_with_weights_have_the_right_slopes():
    x, w, b = away_from_kinks(2, 2, 4, 5), away_from_kinks(4, 1, 2, 3, seed=1), away_from_kinks(4, seed=2)
    assert gradcheck(lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1, groups=2), (x, w, b))
    assert gradcheck(lambda x: F.max_pool2d(x, 2, padding=1), x)
    assert gradcheck(lambda x: F.avg_pool2d(x, 2, stride=1, padding=1, count_include_pad=False), x)
    assert gradcheck(lambda x: F.adaptive_avg_pool2d(x, (3, 2)), x)
    assert gradcheck(lambda x: F.pad(x, (1, 2, 0, 1), mode="reflect"), x)
    a, c = away_from_kinks(3, 2), away_from_kinks(3, 4, seed=4)
    assert gradcheck(lambda a, c, w: F.bilinear(a, c, w), (a, c, away_from_kinks(2, 2, 4)))
    assert gradcheck(lambda a, w: F.prelu(a, w), (a, away_from_kinks(2)))
    assert gradcheck(lambda w: F.embedding(torch.tensor([[0, 2], [2, 1]]), w), away_from_kinks(3, 2))


# ---- losses ---------------------------------------------------------------------------------------------------------


@quick
@given(matrices(), st.floats(-50, 50), st.data())
def test_cross_entropy_does_not_mind_a_shift_and_its_slopes_add_up_to_zero(scores, shift, data):
    labels = torch.tensor(
        data.draw(st.lists(st.integers(0, scores.shape[1] - 1), min_size=len(scores), max_size=len(scores)))
    )
    x = torch.tensor(scores, requires_grad=True)
    loss = F.cross_entropy(x, labels)
    loss.backward()
    assert loss.item() >= 0
    np.testing.assert_allclose(F.cross_entropy(x + shift, labels).item(), loss.item(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(x.grad.numpy().sum(1), 0, atol=1e-12)
    one_hot = F.one_hot(labels, scores.shape[1]).double()
    np.testing.assert_allclose(F.cross_entropy(x, one_hot).item(), loss.item(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(F.nll_loss(F.log_softmax(x, 1), labels).item(), loss.item(), rtol=1e-9, atol=1e-9)
    order = np.random.default_rng(0).permutation(scores.shape[1])
    moved = F.cross_entropy(x[:, torch.tensor(np.argsort(order))], torch.tensor(order[labels.numpy()]))
    np.testing.assert_allclose(moved.item(), loss.item(), rtol=1e-9, atol=1e-9)


@quick
@given(matrices(fewest_rows=2), st.data())
def test_ignored_rows_do_not_count(scores, data):
    n, classes = scores.shape
    labels = np.array(data.draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n)))
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    keep[0] = True
    weight = torch.tensor(np.linspace(0.5, 2, classes))
    for index in (-100, 77, -1):
        target = torch.tensor(np.where(keep, labels, index))
        for options in ({}, {"weight": weight}, {"weight": weight, "label_smoothing": 0.3}):
            whole = F.cross_entropy(torch.tensor(scores), target, ignore_index=index, **options)
            part = F.cross_entropy(torch.tensor(scores[keep]), torch.tensor(labels[keep]), **options)
            np.testing.assert_allclose(whole.item(), part.item(), rtol=1e-9)


@quick
@given(arrays(np.float64, 6, elements=st.floats(-20, 20)), arrays(np.float64, 6, elements=st.floats(0, 1)))
def test_both_binary_cross_entropies_agree_and_are_symmetric(z, t):
    z, t = torch.tensor(z), torch.tensor(t)
    a = F.binary_cross_entropy_with_logits(z, t, reduction="none").numpy()
    np.testing.assert_allclose(
        a, F.binary_cross_entropy(torch.sigmoid(z), t, reduction="none").numpy(), rtol=1e-6, atol=1e-8
    )
    np.testing.assert_allclose(
        a, F.binary_cross_entropy_with_logits(-z, 1 - t, reduction="none").numpy(), rtol=1e-9, atol=1e-12
    )
    doubled = F.binary_cross_entropy_with_logits(z, t, reduction="none", pos_weight=torch.ones(6)).numpy()
    np.testing.assert_allclose(a, doubled, rtol=1e-9, atol=1e-9)


def test_extreme_scores_stay_finite_and_learn():
    """Where sigmoid and softmax round to 0 or 1 the loss is still right, and its slope is still there."""
    z = torch.tensor([-500.0, 500.0, -500.0, 500.0], requires_grad=True)
    t = torch.tensor([0.0, 1.0, 1.0, 0.0])
    losses = F.binary_cross_entropy_with_logits(z, t, reduction="none")
    losses.sum().backward()
    assert losses.tolist() == [0.0, 0.0, 500.0, 500.0]
    assert z.grad.tolist() == [0.0, 0.0, -1.0, 1.0]
    x = torch.tensor([[500.0, -500.0]], requires_grad=True)
    loss = F.cross_entropy(x, torch.tensor([1]))
    loss.backward()
    assert loss.item() == 1000.0
    assert x.grad.tolist() == [[1.0, -1.0]]
    p = torch.tensor([0.0, 1.0])
    assert F.binary_cross_entropy(p, 1 - p, reduction="none").tolist() == [100.0, 100.0]
    tiny = F.binary_cross_entropy_with_logits(torch.tensor([20.0]), torch.ones(1)).item()
    assert tiny == pytest.approx(math.exp(-20), rel=1e-6)


@quick
@given(matrices(), st.sampled_from([F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss]))
def test_reductions_agree(x, loss):
    a, b = torch.tensor(x), torch.tensor(x[::-1].copy())
    every = loss(a, b, reduction="none")
    assert every.shape == a.shape
    np.testing.assert_allclose(loss(a, b, reduction="sum").item(), every.numpy().sum(), rtol=1e-12)
    np.testing.assert_allclose(loss(a, b).item(), every.numpy().mean(), rtol=1e-12)
    assert loss(a, a).item() == 0


# ---- layers ---------------------------------------------------------------------------------------------------------


@quick
@given(arrays(np.float64, (6, 3), elements=st.integers(-9, 9), unique=True), st.floats(0.5, 4), st.floats(-9, 9))
def test_norms_do_not_mind_scale_and_shift(x, scale, shift):
    y = F.layer_norm(torch.tensor(x), (3,), eps=1e-12).numpy()
    np.testing.assert_allclose(y.mean(1), 0, atol=1e-9)
    np.testing.assert_allclose(y.var(1), 1, rtol=1e-6)
    np.testing.assert_allclose(
        F.layer_norm(torch.tensor(x * scale + shift), (3,), eps=1e-12).numpy(), y, rtol=1e-6, atol=1e-9
    )
    z = F.batch_norm(torch.tensor(x), None, None, training=True, eps=1e-12).numpy()
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(z.var(0), 1, rtol=1e-6)
    np.testing.assert_allclose(F.group_norm(torch.tensor(x), 1, eps=1e-12).numpy(), y, rtol=1e-9, atol=1e-9)


def test_running_statistics_by_hand():
    norm = nn.BatchNorm1d(1, momentum=0.25)
    norm(torch.tensor([[1.0], [3.0]]))  # mean 2, unbiased variance 2
    assert norm.running_mean.item() == 0.75 * 0 + 0.25 * 2
    assert norm.running_var.item() == 0.75 * 1 + 0.25 * 2
    average = nn.BatchNorm1d(1, momentum=None)
    for centre in (0.0, 6.0, 3.0):
        average(torch.tensor([[centre - 1], [centre + 1]]))
    assert average.running_mean.item() == pytest.approx(3.0)
    assert average.num_batches_tracked.item() == 3
    before = average.running_mean.item()
    average.eval()(torch.ones(1, 1))
    assert average.running_mean.item() == before
    average.reset_running_stats()
    assert [b.item() for b in average.buffers()] == [0.0, 1.0, 0]


@quick
@given(st.floats(0.05, 0.95), st.integers(0, 2**32))
def test_dropout_keeps_or_drops_and_its_slope_is_its_mask(p, seed):
    torch.manual_seed(seed)
    x = torch.tensor(np.linspace(1, 2, 4000), requires_grad=True)
    y = F.dropout(x, p)
    y.sum().backward()
    kept = y.numpy(force=True) != 0
    np.testing.assert_allclose(y.numpy(force=True)[kept], x.numpy(force=True)[kept] / (1 - p), rtol=1e-12)
    np.testing.assert_allclose(x.grad.numpy(), kept / (1 - p), rtol=1e-12)
    assert abs(kept.mean() - (1 - p)) < 5 * math.sqrt(p * (1 - p) / 4000)
    assert F.dropout(x, p, training=False) is x


def test_feature_dropout_drops_whole_channels():
    torch.manual_seed(0)
    y = F.dropout2d(torch.ones(20, 10, 3, 3), 0.5).numpy().reshape(200, 9)
    assert set(y.reshape(-1).tolist()) == {0.0, 2.0}
    assert (y == y[:, :1]).all()


@quick
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2), st.integers(1, 2))
def test_convolution_is_its_definition(kh, kw, stride, padding, dilation):
    rng = np.random.default_rng(kh * 7 + kw)
    x, w = rng.normal(size=(2, 2, 6, 7)), rng.normal(size=(3, 2, kh, kw))
    y = F.conv2d(torch.tensor(x), torch.tensor(w), None, stride, padding, dilation).numpy()
    room = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            top, left = i * stride, j * stride
            window = room[:, :, top : top + kh * dilation : dilation, left : left + kw * dilation : dilation]
            expected = np.einsum("nchw,ochw->no", window[:, :, :kh, :kw], w)
            np.testing.assert_allclose(y[:, :, i, j], expected, rtol=1e-9, atol=1e-9)
    assert y.shape[2] == (6 + 2 * padding - dilation * (kh - 1) - 1) // stride + 1


def test_the_places_of_maxima_point_into_the_image():
    x = torch.tensor(np.random.default_rng(0).normal(size=(2, 3, 5, 7)))
    y, places = F.max_pool2d(x, (2, 3), stride=2, padding=1, return_indices=True)
    flat = x.reshape(2, 3, 35).numpy()
    assert np.array_equal(np.take_along_axis(flat, places.reshape(2, 3, -1).numpy(), 2), y.reshape(2, 3, -1).numpy())
    line, at = nn.MaxPool1d(3, return_indices=True)(x[0, 0])
    assert np.array_equal(np.take_along_axis(x[0, 0].numpy(), at.numpy(), 1), line.numpy())


@quick
@given(st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_pooling_is_its_definition(size, stride, ceil_mode):
    x = np.random.default_rng(size).normal(size=(1, 1, 5, 6))
    best = F.max_pool2d(torch.tensor(x), size, stride, ceil_mode=ceil_mode).numpy()[0, 0]
    mean = F.avg_pool2d(torch.tensor(x), size, stride, ceil_mode=ceil_mode).numpy()[0, 0]
    assert best.shape == mean.shape
    for i, j in np.ndindex(best.shape):
        window = x[0, 0, i * stride : i * stride + size, j * stride : j * stride + size]
        assert best[i, j] == window.max()
        np.testing.assert_allclose(mean[i, j], window.mean(), rtol=1e-12)


@quick
@given(matrices(), st.integers(0, 3), st.integers(0, 3))
def test_padding_can_be_cut_away_again(x, before, after):
    t = torch.tensor(x)
    assert torch.equal(F.pad(F.pad(t, (before, after), value=9.0), (-before, -after)), t)
    assert torch.equal(F.pad(F.pad(t, (before, after), mode="replicate"), (-before, -after)), t)


def test_layers_that_leave_things_as_they_are():
    x = torch.rand(2, 3, 4, 4)
    assert torch.equal(F.adaptive_avg_pool2d(x, 4), x)
    assert torch.equal(F.avg_pool2d(x, 1), x)
    assert torch.equal(F.max_pool2d(x, 1), x)
    kernel = nn.init.dirac_(torch.empty(3, 3, 3, 3))
    assert torch.equal(F.conv2d(x, kernel, padding=1), x)
    assert torch.equal(F.linear(x, nn.init.eye_(torch.empty(4, 4))), x)
    assert nn.Identity(1, 2, three=4)(x) is x
    assert torch.equal(nn.Unflatten(1, (3, 4, 4))(nn.Flatten()(x)), x)


@quick
@given(st.integers(1, 6), st.integers(1, 6), st.floats(0.1, 3))
def test_orthogonal_matrices_keep_lengths(rows, columns, gain):
    torch.manual_seed(rows * 8 + columns)
    w = nn.init.orthogonal_(torch.empty(rows, columns, dtype=torch.float64), gain).numpy() / gain
    gram = w @ w.T if rows <= columns else w.T @ w
    np.testing.assert_allclose(gram, np.eye(min(rows, columns)), atol=1e-12)


def test_initial_numbers_have_the_spread_they_promise():
    torch.manual_seed(0)
    w = torch.empty(300, 200)
    spreads = {
        "xavier_uniform_": math.sqrt(2 / 500),
        "xavier_normal_": math.sqrt(2 / 500),
        "kaiming_uniform_": math.sqrt(2 / 200),
        "kaiming_normal_": math.sqrt(2 / 200),
    }
    for name, std in spreads.items():
        assert getattr(nn.init, name)(w).numpy().std() == pytest.approx(std, rel=0.02)
    linear = nn.Linear(200, 300)
    assert abs(linear.weight).max().item() <= 1 / math.sqrt(200)
    assert abs(linear.bias).max().item() <= 1 / math.sqrt(200)
    assert (nn.init.sparse_(w, 0.25).numpy() == 0).sum(0).tolist() == [75] * 200


@quick
@given(matrices())
def test_probabilities_add_up_and_choices_are_one_hot(x):
    t = torch.tensor(x)
    np.testing.assert_allclose(F.softmax(t, 1).numpy().sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(F.softmin(t, 1).numpy(), F.softmax(-t, 1).numpy(), rtol=1e-12)
    np.testing.assert_allclose(F.gumbel_softmax(t, tau=0.7).numpy().sum(1), 1, rtol=1e-9)
    choice = F.gumbel_softmax(t, tau=0.7, hard=True).numpy()
    np.testing.assert_allclose(np.sort(choice, 1)[:, -1], 1, rtol=1e-9)
    np.testing.assert_allclose(np.sort(choice, 1)[:, :-1], 0, atol=1e-9)


@quick
@given(arrays(np.float64, 7, elements=FINITE))
def test_relatives_among_activations(x):
    t = torch.tensor(x)
    assert torch.equal(F.relu(F.relu(t)), F.relu(t))
    assert torch.equal(F.leaky_relu(t, 0.0), F.relu(t))
    assert torch.equal(F.leaky_relu(t, 1.0), t)
    assert torch.equal(F.prelu(t, torch.tensor([0.25], dtype=torch.float64)), F.leaky_relu(t, 0.25))
    assert torch.equal(F.hardtanh(t, 0.0, 6.0), F.relu6(t))
    np.testing.assert_allclose(F.celu(t, 1.0).numpy(), F.elu(t).numpy(), rtol=1e-12)
    np.testing.assert_allclose((F.softplus(t) - F.softplus(-t)).numpy(), x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose((F.tanhshrink(t) + F.tanh(t)).numpy(), x, rtol=1e-9, atol=1e-12)
