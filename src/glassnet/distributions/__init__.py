"""Probability distributions as `torch.distributions` has them: draws, log-probabilities, entropy, divergence.

The same seed gives the same draws as PyTorch; gradients flow through `log_prob`, `entropy` and `rsample` (not through
the `rsample` of Gamma, Beta and Dirichlet, which refuses parameters that ask for one).

>>> import glassnet as torch
>>> logits = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
>>> policy = torch.distributions.Categorical(logits=logits)
>>> action = torch.tensor(2)
>>> (-policy.log_prob(action)).backward()
>>> logits.grad
tensor([ 0.0900,  0.2447, -0.3348])
"""

from __future__ import annotations

from typing import Any

from glassnet.distributions import constraints
from glassnet.distributions.bernoulli import Bernoulli
from glassnet.distributions.beta import Beta
from glassnet.distributions.categorical import Categorical
from glassnet.distributions.dirichlet import Dirichlet
from glassnet.distributions.distribution import Distribution
from glassnet.distributions.exponential import Exponential
from glassnet.distributions.gamma import Gamma
from glassnet.distributions.geometric import Geometric
from glassnet.distributions.independent import Independent
from glassnet.distributions.kl import kl_divergence, register_kl
from glassnet.distributions.laplace import Laplace
from glassnet.distributions.log_normal import LogNormal
from glassnet.distributions.normal import Normal
from glassnet.distributions.poisson import Poisson
from glassnet.distributions.uniform import Uniform
from glassnet.errors import LeftOutError, complain

__all__ = [
    "Bernoulli", "Beta", "Categorical", "Dirichlet", "Distribution", "Exponential", "Gamma", "Geometric",
    "Independent", "Laplace", "LogNormal", "Normal", "Poisson", "Uniform", "constraints", "kl_divergence",
    "register_kl",
]  # fmt: skip

_LEFT_OUT = {
    "MultivariateNormal": "Independent(Normal(loc, scale), 1), whose coordinates do not depend on each other",
    "LowRankMultivariateNormal": "Independent(Normal(loc, scale), 1), whose coordinates do not depend on each other",
    "OneHotCategorical": "torch.nn.functional.one_hot(Categorical(probs).sample(), classes)",
}
_OTHERS = """
    Binomial Cauchy Chi2 ContinuousBernoulli FisherSnedecor Gumbel HalfCauchy
    HalfNormal InverseGamma Kumaraswamy LKJCholesky LogisticNormal MixtureSameFamily Multinomial
    NegativeBinomial OneHotCategoricalStraightThrough Pareto RelaxedBernoulli RelaxedOneHotCategorical
    StudentT TransformedDistribution VonMises Weibull Wishart transforms
"""


def __getattr__(name: str) -> Any:
    """Only for names that are not there: for those that PyTorch has, say what to use instead."""
    if name not in _LEFT_OUT and name not in _OTHERS.split():
        raise AttributeError(f"module 'glassnet.distributions' has no attribute {name!r}")
    instead = _LEFT_OUT.get(name, "a Distribution of your own, with sample and log_prob")
    got = f"glassnet.distributions.{name}: got a name of PyTorch's that glassnet leaves out"
    raise LeftOutError(
        complain(got, f"expected one of {', '.join(n for n in __all__ if n[0].isupper())}", f"Try {instead}")
    )
