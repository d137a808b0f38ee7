"""Special functions under the names that `torch.special` has for them.

>>> import glassnet as torch
>>> torch.special.expit(torch.tensor([0.0, 2.0]))
tensor([0.5000, 0.8808])
"""

from glassnet.core.elementwise import digamma, logit, polygamma, round, sinc, xlogy
from glassnet.core.elementwise import digamma as psi
from glassnet.core.elementwise import mvlgamma as multigammaln
from glassnet.core.functions import exp2
from glassnet.core.ops import erf, erfc, erfinv, expm1, log1p
from glassnet.core.ops import lgamma as gammaln
from glassnet.core.ops import sigmoid as expit
from glassnet.core.reductions import log_softmax, logsumexp, softmax

__all__ = [
    "digamma",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "log1p",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlogy",
]
