"""How far one distribution is from another: the Kullback-Leibler divergence, E_p[log p - log q].

S. Kullback and R. A. Leibler, On information and sufficiency, Annals of Mathematical Statistics 22(1), 1951.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from glassnet.core.elementwise import digamma
from glassnet.core.factories import full_like
from glassnet.core.layout import where
from glassnet.core.tensor import Tensor
from glassnet.distributions.bernoulli import Bernoulli
from glassnet.distributions.beta import Beta
from glassnet.distributions.categorical import Categorical
from glassnet.distributions.dirichlet import Dirichlet
from glassnet.distributions.distribution import sum_rightmost
from glassnet.distributions.exponential import Exponential
from glassnet.distributions.gamma import Gamma
from glassnet.distributions.geometric import Geometric
from glassnet.distributions.independent import Independent
from glassnet.distributions.laplace import Laplace
from glassnet.distributions.log_normal import LogNormal
from glassnet.distributions.normal import Normal
from glassnet.distributions.poisson import Poisson
from glassnet.distributions.uniform import Uniform
from glassnet.errors import NotSupportedError, ShapeError, complain
from glassnet.nn.functional import softplus

Rule = Callable[[Any, Any], Tensor]
_RULES: dict[tuple[type, type], Rule] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Rule], Rule]:
    """A decorator for a function of (p, q): `kl_divergence` calls it for these types, and those derived from them."""

    def keep(rule: Rule) -> Rule:
        _RULES[type_p, type_q] = rule
        return rule

    return keep


def kl_divergence(p: Any, q: Any) -> Tensor:
    """E_p[log p - log q] in nats, of shape batch_shape; NotSupportedError for kinds without a formula.

    >>> import glassnet as torch
    >>> Normal = torch.distributions.Normal
    >>> torch.distributions.kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0))
    tensor(0.5000)
    """
    for kinds in ((a, b) for a in type(p).__mro__ for b in type(q).__mro__):
        if kinds in _RULES:
            return _RULES[kinds](p, q)
    got = f"kl_divergence: got {type(p).__name__} and {type(q).__name__}"
    hint = "Try x = p.sample((1000,)); (p.log_prob(x) - q.log_prob(x)).mean(0)"
    raise NotSupportedError(complain(got, "expected two of one kind", hint))


@register_kl(Normal, Normal)
def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(LogNormal, LogNormal)
def _log_normal(p: LogNormal, q: LogNormal) -> Tensor:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, apart = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + apart / q.scale + ratio * (-apart / p.scale).exp() - 1


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return where(q.low.gt(p.low) | q.high.lt(p.high), math.inf, result)


@register_kl(Normal, Uniform)
def _normal_uniform(p: Normal, q: Uniform) -> Tensor:
    return full_like(p.loc, math.inf)


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Tensor:
    spread = (p.variance + (p.mean - q.loc) ** 2) / (2 * q.scale**2)
    return (q.scale * math.sqrt(2 * math.pi) / (p.high - p.low)).log() + spread


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    at_one = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    at_zero = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    at_one = where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, at_one))
    return at_one + where(p.probs == 1, 0.0, where(q.probs == 1, math.inf, at_zero))


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    each = p.probs * (p.logits - q.logits)
    return where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, each)).sum(-1)


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    return b * (p.rate / q.rate).log() + b.lgamma() - a.lgamma() + (a - b) * digamma(a) + (q.rate / p.rate - 1) * a


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    sizes = total.lgamma() - b.sum(-1).lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return sizes + ((a - b) * (digamma(a) - digamma(total).unsqueeze(-1))).sum(-1)


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Tensor:
    return _dirichlet(p.shares, q.shares)


@register_kl(Poisson, Poisson)
def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Geometric, Geometric)
def _geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    count = p.reinterpreted_batch_ndims
    if count != q.reinterpreted_batch_ndims:
        got = f"kl_divergence: got Independent over {count} and over {q.reinterpreted_batch_ndims} axes"
        raise ShapeError(complain(got, "expected as many", f"Try Independent(q, {count})"))
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), count)
