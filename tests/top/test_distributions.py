"""Distributions against formulas: probabilities add up, draws follow them, mistakes say what to try."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet.distributions import (
    Bernoulli,
    Beta,
    Categorical,
    Dirichlet,
    Distribution,
    Gamma,
    Geometric,
    Independent,
    Normal,
    Uniform,
    kl_divergence,
    register_kl,
)
from glassnet.errors import DTypeError, GradientError, LeftOutError, NotSupportedError, ShapeError, ValueRangeError

SCORES = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=6)


@settings(max_examples=50, deadline=None)
@given(SCORES)
def test_a_categorical_sums_to_one_however_it_is_given(scores):
    c = Categorical(logits=torch.tensor(scores))
    every = c.enumerate_support()
    assert math.isclose(c.log_prob(every).exp().sum().item(), 1, abs_tol=1e-5)
    np.testing.assert_allclose(Categorical(probs=c.probs * 7).probs, c.probs, rtol=1e-5)
    assert math.isclose(-(c.probs * c.log_prob(every)).sum().item(), c.entropy().item(), abs_tol=1e-4)


@settings(max_examples=50, deadline=None)
@given(SCORES, st.randoms(use_true_random=False))
def test_divergence_is_the_mean_of_the_difference_and_never_negative(scores, shuffler):
    others = shuffler.sample(scores, len(scores))
    p, q = (Categorical(logits=torch.tensor(s, dtype=torch.float64)) for s in (scores, others))
    every = p.enumerate_support()
    mean = (p.probs * (p.log_prob(every) - q.log_prob(every))).sum().item()
    assert math.isclose(kl_divergence(p, q).item(), mean, abs_tol=1e-9)
    assert kl_divergence(p, q).item() >= -1e-12
    assert abs(kl_divergence(p, p).item()) < 1e-12


@pytest.mark.parametrize(
    "made",
    [
        Categorical(torch.tensor([0.1, 0.2, 0.7])),
        Bernoulli(torch.tensor([0.2, 0.9])),
        Normal(torch.tensor([0.0, 5.0]), torch.tensor([1.0, 0.1])),
        Uniform(torch.tensor([0.0, -1.0]), torch.tensor([1.0, 3.0])),
        Independent(Normal(torch.zeros(3), torch.ones(3)), 1),
        Gamma(torch.tensor([0.5, 4.0]), torch.tensor([2.0, 3.0])),
        Beta(torch.tensor([0.5, 4.0]), torch.tensor([2.0, 3.0])),
        Dirichlet(torch.tensor([0.5, 4.0, 2.0])),
        Geometric(torch.tensor([0.3, 0.9])),
    ],
    ids=lambda d: type(d).__name__,
)
def test_draws_follow_the_distribution(made):
    torch.manual_seed(0)
    x = made.sample((20_000,))
    np.testing.assert_allclose(-made.log_prob(x).mean(0), made.entropy(), atol=0.05)
    if not isinstance(made, Categorical):
        np.testing.assert_allclose(x.mean(0), made.mean, atol=0.05)
        np.testing.assert_allclose(x.std(0), made.variance.sqrt(), atol=0.05)
    assert not x.requires_grad


@pytest.mark.parametrize("rate", [0.5, 9.9, 10.0, 200.0])
def test_counts_follow_the_poisson_distribution(rate):
    torch.manual_seed(0)
    d = torch.distributions.Poisson(rate)
    x = d.sample((20_000,))
    values = torch.arange(2.0 * rate + 20)
    shares = torch.bincount(x.long(), minlength=len(values))[: len(values)] / len(x)
    np.testing.assert_allclose(shares, d.log_prob(values).exp(), atol=0.015)
    assert abs(x.mean() - rate) < 0.05 * max(rate, 1) ** 0.5


def test_draws_by_rejection_leave_the_stream_where_it_would_be():
    torch.manual_seed(0)
    torch.distributions.Gamma(2.0, 1.0).sample()
    a, after = torch.distributions.Gamma(2.0, 1.0).sample((300,)), torch.rand(2)
    torch.manual_seed(0)
    torch.distributions.Gamma(2.0, 1.0).sample()
    b = torch.stack([torch.distributions.Gamma(2.0, 1.0).sample() for _ in range(300)])
    assert torch.equal(a, b)
    assert torch.equal(after, torch.rand(2))


def test_no_gradient_flows_through_draws_of_a_gamma():
    with pytest.raises(GradientError, match=r"Beta\.rsample: got parameters that gradients flow to"):
        Beta(torch.ones(2, requires_grad=True), 1.0).rsample()
    assert Gamma(torch.ones(2, requires_grad=True), 1.0).sample().requires_grad is False


def test_gradients_of_draws_are_those_of_the_formula():
    loc, scale = (torch.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [0.5, 3.0]))
    x = Normal(loc, scale).rsample((4,))
    x.sum().backward()
    np.testing.assert_array_equal(loc.grad, [4.0, 4.0])
    np.testing.assert_allclose(scale.grad, ((x - loc) / scale).sum(0).detach(), rtol=1e-5)


def test_lazy_probabilities_keep_their_gradient_when_first_seen_without():
    logits = torch.tensor([0.0, 1.0], requires_grad=True)
    c = Categorical(logits=logits)
    with torch.no_grad():
        assert c.probs.requires_grad
    c.entropy().backward()
    p = 1 / (1 + math.e)
    np.testing.assert_allclose(logits.grad, [p * (1 - p), -p * (1 - p)], rtol=1e-5)


def test_a_recorded_step_draws_anew():
    loc = torch.zeros(3, requires_grad=True)

    @torch.compile
    def step():
        q = Normal(loc, 1.0)
        z = q.rsample()
        return z.detach(), q.log_prob(z).detach()

    torch.manual_seed(1)
    replayed = [step() for _ in range(4)]
    torch.manual_seed(1)
    by_op = [(z, Normal(loc, 1.0).log_prob(z)) for z in (Normal(loc, 1.0).rsample() for _ in range(4))]
    for (a, b), (c, d) in zip(replayed, by_op, strict=True):
        np.testing.assert_array_equal(a.detach(), c.detach())
        np.testing.assert_allclose(b.detach(), d.detach(), rtol=1e-6)


WRONG = {
    r"Normal: got -1\. in scale; expected more than 0\.0\. Try": lambda: Normal(torch.tensor([1.0, 2.0]), -1.0),
    r"Normal: got nan in loc; expected numbers that are not NaN": lambda: Normal(math.nan, 1.0),
    r"Uniform: got 2\. in low; expected less than 1\.0": lambda: Uniform(2.0, 1.0),
    r"Bernoulli: got 1\.5 in probs; expected 0\.0 to 1\.0": lambda: Bernoulli(torch.tensor([0.5, 1.5])),
    r"Bernoulli: got both probs and logits; expected one": lambda: Bernoulli(0.5, 0.5),
    r"Categorical: got neither probs nor logits": lambda: Categorical(),
    r"Categorical: got \[.*\] in probs; expected numbers of 0 or more that add up to 1": lambda: Categorical(
        torch.tensor([[0.5, 0.5], [2.0, -1.0]])
    ),
    r"Categorical: got 3 in value; expected whole numbers 0 to 2": lambda: Categorical(torch.ones(3)).log_prob(
        torch.tensor(3)
    ),
    r"Bernoulli: got 0\.5 in value; expected 0 or 1": lambda: Bernoulli(0.5).log_prob(torch.tensor(0.5)),
    r"Normal: got a float; expected a tensor": lambda: Normal(0.0, 1.0).log_prob(0.0),
}


@pytest.mark.parametrize("message", WRONG)
def test_mistakes_say_what_was_got(message):
    with pytest.raises(ValueRangeError, match=message):
        WRONG[message]()


def test_shapes_that_do_not_fit():
    n = Normal(torch.zeros(3), torch.ones(3))
    with pytest.raises(ShapeError, match=r"Normal: got a value of shape \(2,\); expected one that fits \(3,\)"):
        n.log_prob(torch.zeros(2))
    with pytest.raises(ShapeError, match="Independent: got 2 axes of a batch with 1"):
        Independent(n, 2)
    with pytest.raises(ShapeError, match="Categorical: got logits without an axis"):
        Categorical(logits=torch.tensor(1.0))
    with pytest.raises(ShapeError, match="Independent over 0 and over 1 axes"):
        kl_divergence(Independent(n, 0), Independent(n, 1))
    with pytest.raises(DTypeError, match="got a list"):
        Normal([0.0], 1.0)


def test_without_checks_everything_goes_through():
    assert math.isnan(Normal(0.0, -1.0, validate_args=False).log_prob(torch.tensor(0.0)).item())
    assert Uniform(0.0, 1.0, validate_args=False).log_prob(torch.tensor(2.0)).item() == -math.inf
    Distribution.set_default_validate_args(False)
    try:
        assert Bernoulli(torch.tensor(2.0)).mean.item() == 2
    finally:
        Distribution.set_default_validate_args(True)


def test_what_is_left_out_says_so():
    with pytest.raises(LeftOutError, match=r"distributions\.MultivariateNormal: .* Try Independent"):
        torch.distributions.MultivariateNormal  # noqa: B018
    assert not hasattr(torch.distributions, "Cauchy")
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        torch.distributions.nonsense  # noqa: B018
    with pytest.raises(NotSupportedError, match="Bernoulli: got rsample"):
        Bernoulli(0.5).rsample()
    with pytest.raises(NotSupportedError, match="got Normal and Bernoulli; expected two of one kind"):
        kl_divergence(Normal(0.0, 1.0), Bernoulli(0.5))


def test_a_distribution_of_ones_own():
    class Point(Distribution):
        def __init__(self, at):
            self.at = at
            super().__init__(at.shape)

        def sample(self, sample_shape=()):
            return self.at.expand((*sample_shape, *self.batch_shape))

        def log_prob(self, value):
            return torch.where(value == self.at, 0.0, -math.inf)

    register_kl(Point, Distribution)(lambda p, q: -q.log_prob(p.at))
    point = Point(torch.zeros(2))
    assert repr(point) == "Point()"
    assert point.sample((3,)).shape == (3, 2)
    assert math.isclose(kl_divergence(point, Normal(0.0, 1.0))[0].item(), math.log(2 * math.pi) / 2, rel_tol=1e-6)
