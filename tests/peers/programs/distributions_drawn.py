"""Distributions: draws from one stream, log-probabilities, entropies, divergences, shapes, and how they look."""

import torch
from torch.distributions import Bernoulli, Categorical, Independent, Normal, Uniform, kl_divergence
from torch.distributions.normal import Normal as SameNormal

torch.manual_seed(0)
c = Categorical(torch.tensor([0.25, 0.25, 0.25, 0.25]))
print(c, c.sample(), c.sample((3,)), c.probs, c.logits, c.entropy(), c.log_prob(torch.tensor(2)))
c = Categorical(logits=torch.randn(2, 3, requires_grad=True))
a = c.sample()
print(a, c.log_prob(a), c.entropy(), c.batch_shape, c.event_shape, c.param_shape, c.support)
print(c, c.mode, c.mean, c.perplexity(), c.enumerate_support(), c.expand((4, 2)).sample((2,)).shape)
n = Normal(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 2.0]))
print(n, n.sample(), n.rsample((2,)), n.log_prob(torch.tensor([0.5, 0.5])), n.mean, n.stddev, n.variance)
print(n.entropy(), n.cdf(torch.tensor([0.0, 0.0])), n.icdf(torch.tensor([0.5, 0.9])), n.sample((20,)).sum())
print(Normal(0.0, 1.0).sample(), Normal(0.0, 1.0), SameNormal is Normal, n.expand((3, 2)), n.support)
print(Normal(torch.zeros(5).double(), 1).sample(), Normal(torch.zeros(3, 1), torch.ones(2)).rsample((4,)).shape)
print(kl_divergence(n, Normal(0.0, 1.0)))
b = Bernoulli(torch.tensor([0.3, 0.9]))
print(b, b.sample(), b.sample((9,)), b.log_prob(torch.tensor([1.0, 0.0])), b.entropy(), b.mean, b.variance, b.mode)
print(Bernoulli(logits=torch.tensor([0.3])), Bernoulli(logits=torch.tensor([0.3])).probs, Bernoulli(0.5).sample((4,)))
u = Uniform(0.0, 2.0)
print(u, u.sample((3,)), u.log_prob(torch.tensor(1.0)), u.entropy(), u.mean, u.stddev, u.cdf(torch.tensor(0.5)))
i = Independent(n, 1)
print(i, i.log_prob(torch.zeros(2)), i.batch_shape, i.event_shape, i.entropy(), i.sample((2,)), i.support)
print(kl_divergence(i, Independent(Normal(torch.zeros(2), 1.0), 1)), torch.rand(2))
print(
    kl_divergence(n, u), kl_divergence(u, n), kl_divergence(Uniform(0.0, 1.0), u), kl_divergence(u, Uniform(0.0, 1.0))
)
for wrong in (
    lambda: Normal(0.0, -1.0),
    lambda: Categorical(torch.tensor([1.0, -1.0])),
    lambda: Bernoulli(torch.tensor(1.5)),
    lambda: Uniform(2.0, 1.0),
    lambda: Bernoulli(),
    lambda: Independent(n, 2),
    lambda: c.log_prob(torch.tensor([5, 5])),
    lambda: b.log_prob(torch.tensor(0.5)),
    lambda: n.log_prob(torch.zeros(3)),
    lambda: n.log_prob(0.0),
):
    try:
        print("no error", wrong())
    except ValueError:
        print("ValueError")
try:
    kl_divergence(n, b)
except NotImplementedError:
    print("NotImplementedError")
