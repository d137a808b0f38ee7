"""The one table of primitive operations.

One row says everything about one operation: how NumPy computes it, how a small change in the result flows back to each
input, how to say it in words and in LaTeX, how to spell it faster on replay, and on which samples to test it. Training,
backpropagation, replay and explanation are readers of this table; a new operation is one new row.

In scope of a derivative rule:  g = gradient of the result, y = the result, then the inputs in order, then the
attributes by name. Rules are written in the same primitives, so derivatives of derivatives come free. A rule may use
`x.shape` of an input freely; whatever else it reads must not have been changed in place by the time of backward.
"""

# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false
# The rules are lambdas, whose arguments are what the docstring above says: types on each would drown the mathematics.

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import error_function, kernels, losses, moving, special
from glassnet.core.naming import called
from glassnet.core.row import OPS as OPS  # for the readers of the table
from glassnet.core.row import Op as Op
from glassnet.core.row import Sample, primitive, sample
from glassnet.core.tensor import Tensor, constant, wrap

# fmt: off
# ---- arithmetic ---------------------------------------------------------------------------------------------------

_pair = (sample((3, 4), (3, 4)), sample((3, 4), (4,)), sample((2, 1, 3), (4, 1)))
_apart = (sample((3, 4), (3, 4), low=0.5), sample((3, 4), (1, 4), low=0.5))
_one = (sample((3, 4)), sample((2, 3, 2)))
_positive = (sample((3, 4), low=0.2),)


def fit(g: Tensor, shape: Any) -> Tensor:
    """Add g up over the axes along which an input of that shape was broadcast."""
    return g if g.array.shape == shape else sum_to(g, shape=tuple(shape))


add = primitive("add", np.add, lambda g, y, a, b: fit(g, a.shape), lambda g, y, a, b: fit(g, b.shape),
                say="add {1} to {0}", tex="{0} + {1}", elementwise=True, samples=_pair)
sub = primitive("sub", np.subtract, lambda g, y, a, b: fit(g, a.shape), lambda g, y, a, b: fit(-g, b.shape),
                say="take {1} from {0}", tex="{0} - {1}", elementwise=True, samples=_pair)
mul = primitive("mul", np.multiply, lambda g, y, a, b: fit(g * b, a.shape), lambda g, y, a, b: fit(g * a, b.shape),
                say="multiply {0} by {1}", tex=r"{0} \odot {1}", elementwise=True, samples=_pair)
div = primitive("div", np.true_divide, lambda g, y, a, b: fit(g / b, a.shape), lambda g, y, a, b: fit(-g * y / b, b.shape),
                say="divide {0} by {1}", tex=r"\frac{{{0}}}{{{1}}}", elementwise=True, samples=_apart)
pow = primitive("pow", np.power,
                lambda g, y, a, b: fit(g * where(eq(b, 0.0), 0.0, b * pow(a, b - 1.0)), a.shape),
                lambda g, y, a, b: fit(g * where(logical_and(eq(a, 0.0), ge(b, 0.0)), 0.0, y * log(a)), b.shape),
                say="raise {0} to the power {1}", tex="{0}^{{{1}}}", elementwise=True,
                samples=(sample((3, 4), (3, 4), low=0.5), sample((3, 4), (4,), low=0.5)))


def _half_ties(g: Tensor, a: Tensor, b: Tensor, beats: Callable[..., Tensor]) -> Tensor:
    """All of g where a is the winner, half of it where both are equal; nothing, even of inf, where b is."""
    return fit(where(beats(b, a), 0.0, where(eq(a, b), g * 0.5, g)), a.shape)


def _per_square(g: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """g / (a^2 + b^2), and 0 at the origin."""
    size = square(a) + square(b)
    return where(eq(size, 0.0), 0.0, g / size)


maximum = primitive("maximum", np.maximum, lambda g, y, a, b: _half_ties(g, a, b, gt), lambda g, y, a, b: _half_ties(g, b, a, gt),
                    say="the larger of {0} and {1}", tex=r"\max({0}, {1})", elementwise=True, samples=_pair)
minimum = primitive("minimum", np.minimum, lambda g, y, a, b: _half_ties(g, a, b, lt), lambda g, y, a, b: _half_ties(g, b, a, lt),
                    say="the smaller of {0} and {1}", tex=r"\min({0}, {1})", elementwise=True, samples=_pair)
atan2 = primitive("atan2", np.arctan2,
                  lambda g, y, a, b: fit(_per_square(g * b, a, b), a.shape),
                  lambda g, y, a, b: fit(_per_square(-g * a, a, b), b.shape),
                  say="the angle of the point ({1}, {0})", tex=r"\operatorname{{atan2}}({0}, {1})", elementwise=True, samples=_pair)
remainder = primitive("remainder", kernels.whole(np.remainder), lambda g, y, a, b: fit(g, a.shape), lambda g, y, a, b: fit(-g * floor(a / b), b.shape),
                      say="the remainder of {0} divided by {1}", tex=r"{0} \bmod {1}", elementwise=True, samples=_apart)
fmod = primitive("fmod", kernels.whole(np.fmod), lambda g, y, a, b: fit(g, a.shape), lambda g, y, a, b: fit(-g * trunc(a / b), b.shape),
                 say="what is left of {0} after whole steps of {1} towards zero", tex=r"\operatorname{{fmod}}({0}, {1})", elementwise=True, samples=_apart)
floor_divide = primitive("floor_divide", kernels.whole(np.floor_divide), lambda g, y, a, b: fit(g * 0.0, a.shape), lambda g, y, a, b: fit(g * 0.0, b.shape),
                         say="how many whole times {1} goes into {0}",
                         tex=r"\lfloor {0} / {1} \rfloor", elementwise=True, samples=_apart)
where = primitive("where", kernels.where, None,
                  lambda g, y, c, a, b: fit(where(c, g, 0.0), a.shape), lambda g, y, c, a, b: fit(where(c, 0.0, g), b.shape),
                  say="{1} where {0} holds, else {2}", tex=r"{0}\;?\;{1} : {2}",
                  samples=(sample([[True, False, True]], (3,), (2, 3)),))


def _power_slope(g: Tensor, a: Tensor, exponent: float) -> Tensor:
    if exponent == 0:
        return _nothing(g)
    return g * 2.0 * a if exponent == 2 else g * (power(a, exponent=exponent - 1) * exponent)


def _nothing(g: Tensor) -> Tensor:
    """The gradient of a step function: zeros, even where g is inf."""
    return full(shape=tuple(g.array.shape), value=0.0, dtype=g.array.dtype)


neg = primitive("neg", np.negative, lambda g, y, a: -g, say="flip the sign of {0}", tex="-{0}", elementwise=True, samples=_one)
abs = primitive("abs", np.abs, lambda g, y, a: g * sign(a), say="drop the sign of {0}", tex="|{0}|", elementwise=True, samples=_one)
square = primitive("square", np.square, lambda g, y, a: g * 2.0 * a, say="square {0}", tex="{0}^2", elementwise=True,
                   lower=lambda out, a: [(np.multiply, (a, a), out)], samples=_one)
power = primitive("power", kernels.power, lambda g, y, a, exponent: _power_slope(g, a, exponent), lower=kernels.power_calls,
                  say="raise {0} to the power {exponent}", tex="{0}^{{{exponent}}}", elementwise=True,
                  samples=(sample((3, 4), exponent=2), sample((3, 4), exponent=3), sample((3,), low=0.2, exponent=-1.5)))
sqrt = primitive("sqrt", np.sqrt, lambda g, y, a: g / (y * 2.0), say="square root of {0}", tex=r"\sqrt{{{0}}}", elementwise=True, samples=_positive)
exp = primitive("exp", np.exp, lambda g, y, a: g * y, say="exponential of {0}", tex="e^{{{0}}}", elementwise=True, samples=_one)
expm1 = primitive("expm1", np.expm1, lambda g, y, a: g * (y + 1.0), say="exponential of {0}, less 1", tex="e^{{{0}}} - 1", elementwise=True, samples=_one)
log = primitive("log", np.log, lambda g, y, a: g / a, say="natural logarithm of {0}", tex=r"\ln {0}", elementwise=True, samples=_positive)
log1p = primitive("log1p", np.log1p, lambda g, y, a: g / (a + 1.0), say="natural logarithm of 1 + {0}", tex=r"\ln(1 + {0})", elementwise=True, samples=_positive)
sin = primitive("sin", np.sin, lambda g, y, a: g * cos(a), say="sine of {0}", tex=r"\sin {0}", elementwise=True, samples=_one)
cos = primitive("cos", np.cos, lambda g, y, a: -g * sin(a), say="cosine of {0}", tex=r"\cos {0}", elementwise=True, samples=_one)
tan = primitive("tan", np.tan, lambda g, y, a: g * (square(y) + 1.0), say="tangent of {0}", tex=r"\tan {0}", elementwise=True,
                samples=(sample((3, 4), low=-1.2, high=1.2),))
exp2 = primitive("exp2", np.exp2, lambda g, y, a: g * y * math.log(2), say="2 to the power {0}", tex="2^{{{0}}}", elementwise=True, samples=_one)
log2 = primitive("log2", np.log2, lambda g, y, a: g / (a * math.log(2)), say="logarithm of {0} to base 2", tex=r"\log_2 {0}", elementwise=True, samples=_positive)
log10 = primitive("log10", kernels.log10, lambda g, y, a: g / (a * math.log(10)), say="logarithm of {0} to base 10", tex=r"\log_{{10}} {0}", elementwise=True, samples=_positive)
asin = primitive("asin", np.arcsin, lambda g, y, a: g / sqrt(1.0 - square(a)), say="the angle whose sine is {0}", tex=r"\arcsin {0}",
                 elementwise=True, samples=(sample((3, 4), low=-0.9, high=0.9),))
acos = primitive("acos", np.arccos, lambda g, y, a: -g / sqrt(1.0 - square(a)), say="the angle whose cosine is {0}", tex=r"\arccos {0}",
                 elementwise=True, samples=(sample((3, 4), low=-0.9, high=0.9),))
atan = primitive("atan", np.arctan, lambda g, y, a: g / (square(a) + 1.0), say="the angle whose tangent is {0}", tex=r"\arctan {0}", elementwise=True, samples=_one)
sinh = primitive("sinh", np.sinh, lambda g, y, a: g * cosh(a), say="hyperbolic sine of {0}", tex=r"\sinh {0}", elementwise=True, samples=_one)
cosh = primitive("cosh", np.cosh, lambda g, y, a: g * sinh(a), say="hyperbolic cosine of {0}", tex=r"\cosh {0}", elementwise=True, samples=_one)
erf = primitive("erf", error_function.erf, lambda g, y, a: g * (exp(-square(a)) * (2 / math.sqrt(math.pi))), say="error function of {0}",
                tex=r"\operatorname{{erf}}({0})", elementwise=True, samples=_one)
erfc = primitive("erfc", special.erfc, lambda g, y, a: g * (exp(-square(a)) * (-2 / math.sqrt(math.pi))), say="1 less the error function of {0}",
                 tex=r"\operatorname{{erfc}}({0})", elementwise=True, samples=_one)
erfinv = primitive("erfinv", special.erfinv, lambda g, y, a: g * (exp(square(y)) * (math.sqrt(math.pi) / 2)), say="inverse error function of {0}",
                   tex=r"\operatorname{{erfinv}}({0})", elementwise=True, samples=(sample((3, 4), low=-0.9, high=0.9),))
lgamma = primitive("lgamma", special.lgamma, lambda g, y, a: g * polygamma(a, order=0), say="logarithm of the gamma function of {0}",
                   tex=r"\operatorname{{lgamma}}({0})", elementwise=True, samples=_positive)
polygamma = primitive("polygamma", special.polygamma, lambda g, y, a, order: g * polygamma(a, order=order + 1),
                      say="derivative {order} of the digamma function at {0}", tex=r"\operatorname{{polygamma}}({order}, {0})", elementwise=True,
                      samples=(sample((3, 4), low=0.4, order=0), sample((3,), low=0.6, order=1)))
sign = primitive("sign", np.sign, lambda g, y, a: _nothing(g), say="sign of {0}", tex=r"\operatorname{{sign}}({0})", elementwise=True, samples=_one)
floor = primitive("floor", np.floor, lambda g, y, a: _nothing(g), say="round {0} down", tex=r"\lfloor {0} \rfloor", elementwise=True, samples=_one)
ceil = primitive("ceil", np.ceil, lambda g, y, a: _nothing(g), say="round {0} up", tex=r"\lceil {0} \rceil", elementwise=True, samples=_one)
trunc = primitive("trunc", np.trunc, lambda g, y, a: _nothing(g), say="round {0} towards zero", tex=r"\operatorname{{trunc}}({0})", elementwise=True, samples=_one)
round = primitive("round", kernels.round_off, lambda g, y, a: _nothing(g), say="round {0} to the nearest whole number, halves to even",
                  tex=r"\operatorname{{round}}({0})", elementwise=True, samples=_one)
clamp = primitive("clamp", kernels.clamp, lambda g, y, a, low, high: where(within(a, low=low, high=high), g, 0.0),
                  say="hold {0} between {low} and {high}", tex=r"\operatorname{{clamp}}({0}, {low}, {high})", elementwise=True,
                  samples=(Sample(((3, 4),), -2, 2, {"low": -1.0, "high": 0.5}), Sample(((3, 4),), -2, 2, {"low": 0.1, "high": None})))
within = primitive("within", kernels.within, say="whether {0} lies between {low} and {high}",
                   tex=r"[{low} \le {0} \le {high}]", elementwise=True, samples=(Sample(((3, 4),), -2, 2, {"low": -1.0, "high": 0.5}),))
cast = primitive("cast", kernels.cast, lambda g, y, a, dtype: cast(g, dtype=a.array.dtype), say="{0} as {dtype} numbers", tex="{0}",
                 samples=(sample((3, 4), dtype=np.dtype("float32")), sample((3,), dtype=np.dtype("float64"))))

# ---- activations --------------------------------------------------------------------------------------------------

sigmoid = primitive("sigmoid", kernels.sigmoid, lambda g, y, a: g * (y * (1.0 - y)), lower=kernels.sigmoid_calls,
                    say="squash {0} between 0 and 1", tex=r"\sigma({0})", elementwise=True, samples=_one)
tanh = primitive("tanh", np.tanh, lambda g, y, a: g * (1.0 - y * y), say="squash {0} between -1 and 1", tex=r"\tanh({0})", elementwise=True, samples=_one)
relu = primitive("relu", kernels.relu, lambda g, y, a: pass_where_positive(g, y), lower=kernels.relu_calls,
                 say="keep the positive part of {0}", tex=r"\max({0}, 0)", elementwise=True, samples=_one)
softplus = primitive("softplus", kernels.softplus, lambda g, y, a: g * sigmoid(a), lower=kernels.softplus_calls,
                     say="a smooth positive part of {0}", tex=r"\ln(1 + e^{{{0}}})", elementwise=True, samples=_one)


def _normal_density(a: Tensor) -> Tensor:
    return exp(square(a) * -0.5) * (1 / math.sqrt(2 * math.pi))


def _normal_share(a: Tensor) -> Tensor:
    return (erf(a * math.sqrt(0.5)) + 1.0) * 0.5


def _tanh_gelu_slope(a: Tensor) -> Tensor:
    k, c = error_function.TANH_GELU
    t = tanh((a + power(a, exponent=3) * c) * k)
    return (t + 1.0) * 0.5 + a * 0.5 * (1.0 - t * t) * (square(a) * (3 * c) + 1.0) * k


gelu = primitive("gelu", error_function.gelu,
                 lambda g, y, a, approximate: g * (_tanh_gelu_slope(a) if approximate == "tanh" else _normal_share(a) + a * _normal_density(a)),
                 say="{0} times the share of a normal distribution below it", tex=r"{0}\,\Phi({0})", elementwise=True,
                 samples=(sample((3, 4), approximate="none"), sample((3, 4), approximate="tanh")))


pass_where_positive = primitive("pass_where_positive", kernels.pass_where_positive, lambda h, z, g, y: pass_where_positive(h, y), None,
                                lower=kernels.pass_where_positive_calls, say="let {0} through where {1} is positive", tex=r"{0} \odot [{1} > 0]",
                                elementwise=True, samples=_pair[:1])

# ---- comparisons and logic: nothing flows back --------------------------------------------------------------------

eq = primitive("eq", np.equal, say="whether {0} equals {1}", tex="[{0} = {1}]", elementwise=True, samples=_pair)
ne = primitive("ne", np.not_equal, say="whether {0} differs from {1}", tex=r"[{0} \ne {1}]", elementwise=True, samples=_pair)
lt = primitive("lt", np.less, say="whether {0} is less than {1}", tex="[{0} < {1}]", elementwise=True, samples=_pair)
le = primitive("le", np.less_equal, say="whether {0} is at most {1}", tex=r"[{0} \le {1}]", elementwise=True, samples=_pair)
gt = primitive("gt", np.greater, say="whether {0} is greater than {1}", tex="[{0} > {1}]", elementwise=True, samples=_pair)
ge = primitive("ge", np.greater_equal, say="whether {0} is at least {1}", tex=r"[{0} \ge {1}]", elementwise=True, samples=_pair)
logical_and = primitive("logical_and", np.logical_and, say="{0} and {1}", tex=r"{0} \land {1}", elementwise=True, samples=_pair)
logical_or = primitive("logical_or", np.logical_or, say="{0} or {1}", tex=r"{0} \lor {1}", elementwise=True, samples=_pair)
logical_xor = primitive("logical_xor", np.logical_xor, say="either {0} or {1}", tex=r"{0} \oplus {1}", elementwise=True, samples=_pair)
logical_not = primitive("logical_not", np.logical_not, say="not {0}", tex=r"\lnot {0}", elementwise=True, samples=_one)
isnan = primitive("isnan", np.isnan, say="whether {0} is not a number", tex=r"[{0} = \mathrm{{NaN}}]", elementwise=True, samples=_one)
isinf = primitive("isinf", np.isinf, say="whether {0} is infinite", tex=r"[|{0}| = \infty]", elementwise=True, samples=_one)
isfinite = primitive("isfinite", np.isfinite, say="whether {0} is finite", tex=r"[|{0}| < \infty]", elementwise=True, samples=_one)
bit_and = primitive("bit_and", np.bitwise_and, say="{0} and {1}, bit by bit", tex=r"{0} \land {1}", elementwise=True, samples=(sample([1, 6, 3], [3, 2, 4]),))
bit_or = primitive("bit_or", np.bitwise_or, say="{0} or {1}, bit by bit", tex=r"{0} \lor {1}", elementwise=True, samples=(sample([1, 6, 3], [3, 2, 4]),))
bit_xor = primitive("bit_xor", np.bitwise_xor, say="either {0} or {1}, bit by bit", tex=r"{0} \oplus {1}", elementwise=True, samples=(sample([1, 6, 3], [3, 2, 4]),))
bit_not = primitive("bit_not", np.invert, say="{0} with every bit flipped", tex=r"\lnot {0}", elementwise=True, samples=(sample([1, 6, 3]),))

# ---- reductions ---------------------------------------------------------------------------------------------------

_reduce = (sample((3, 4), dim=None, keepdim=False), sample((3, 4), dim=(0,), keepdim=False), sample((2, 3, 2), dim=(0, 2), keepdim=True))
_along = (sample((3, 4), dim=1), sample((2, 3, 2), dim=0))


def spread(g: Tensor, shape: Any, dim: kernels.Dims, keepdim: bool) -> Tensor:
    """Repeat the gradient of a reduction over the axes that were reduced."""
    if not keepdim and g.ndim != len(shape):
        g = reshape(g, shape=kernels.kept(shape, dim))
    return expand(g, shape=tuple(shape))


def _tie_share(g: Tensor, y: Tensor, a: Tensor, dim: kernels.Dims, keepdim: bool) -> Tensor:
    """The gradient of a maximum goes in equal parts to every place that reached it."""
    winners = cast(eq(a, spread(y, a.shape, dim, keepdim)), dtype=a.array.dtype)
    return winners * spread(g / sum(winners, dim=dim, keepdim=keepdim), a.shape, dim, keepdim)


def row_sum(g: Tensor, dim: int) -> Tensor:
    """The sums along one axis; where g was only just placed in a matrix of zeros, they are known already."""
    if g.op is not None and g.op.name == "place" and dim == 1:
        return reshape(g.inputs[0], shape=(g.array.shape[0], 1))
    return sum(g, dim=(dim,), keepdim=True)


sum = primitive("sum", kernels.add_up, lambda g, y, a, dim, keepdim: spread(g, a.shape, dim, keepdim), lower=kernels.add_up_calls,
                say="add up {0}", tex=r"\sum {0}", samples=_reduce)
mean = primitive("mean", kernels.mean, lambda g, y, a, dim, keepdim: spread(g * (y.shape.numel() / builtins.max(a.shape.numel(), 1)), a.shape, dim, keepdim),
                 lower=kernels.mean_calls, say="average {0}", tex=r"\operatorname{{mean}}({0})", samples=_reduce)
sum_to = primitive("sum_to", kernels.sum_to, lambda g, y, a, shape: expand(g, shape=tuple(a.shape)), lower=kernels.sum_to_calls,
                   say="add {0} up over the batch", tex=r"\sum_{{\mathrm{{batch}}}} {0}",
                   samples=(sample((3, 4), shape=(4,)), sample((3, 4), shape=(3, 1)), sample((2, 3, 4), shape=(1, 4)), sample((3, 4), shape=())))
amax = primitive("amax", lambda a, out=None, *, dim, keepdim: np.maximum.reduce(a, axis=dim, keepdims=keepdim, out=out),
                 lambda g, y, a, dim, keepdim: _tie_share(g, y, a, dim, keepdim), say="the largest of {0}", tex=r"\max {0}", samples=_reduce)
amin = primitive("amin", lambda a, out=None, *, dim, keepdim: np.minimum.reduce(a, axis=dim, keepdims=keepdim, out=out),
                 lambda g, y, a, dim, keepdim: _tie_share(g, y, a, dim, keepdim), say="the smallest of {0}", tex=r"\min {0}", samples=_reduce)
argmax = primitive("argmax", lambda a, out=None, *, dim, keepdim: np.argmax(a, axis=dim, keepdims=keepdim, out=out),
                   say="the place of the largest of {0}", tex=r"\arg\max {0}", samples=(sample((3, 4), dim=1, keepdim=False), sample((3, 4), dim=None, keepdim=False)))
argmin = primitive("argmin", lambda a, out=None, *, dim, keepdim: np.argmin(a, axis=dim, keepdims=keepdim, out=out),
                   say="the place of the smallest of {0}", tex=r"\arg\min {0}", samples=(sample((3, 4), dim=1, keepdim=False),))
argsort = primitive("argsort", lambda a, *, dim, descending: kernels.order(a, dim, descending),
                    say="the order of {0}", tex=r"\operatorname{{argsort}}({0})", samples=(sample((3, 4), dim=1, descending=True),))
any = primitive("any", lambda a, out=None, *, dim, keepdim: np.logical_or.reduce(a, axis=dim, keepdims=keepdim, out=out),
                say="whether any of {0} holds", tex=r"\exists {0}", samples=_reduce)
all = primitive("all", lambda a, out=None, *, dim, keepdim: np.logical_and.reduce(a, axis=dim, keepdims=keepdim, out=out),
                say="whether all of {0} hold", tex=r"\forall {0}", samples=_reduce)
cumsum = primitive("cumsum", kernels.cumsum,
                   lambda g, y, a, dim: flip(cumsum(flip(g, dims=(dim,)), dim=dim), dims=(dim,)),
                   say="running sum of {0}", tex=r"\sum_{{j \le i}} {0}", samples=_along)
norm = primitive("norm", kernels.norm,
                 lambda g, y, a, dim, keepdim: a * spread(where(eq(y, 0.0), 0.0, g / y), a.shape, dim, keepdim),
                 say="length of {0}", tex=r"\lVert {0} \rVert", samples=_reduce)
logsumexp = primitive("logsumexp", kernels.logsumexp,
                      lambda g, y, a, dim, keepdim: spread(g, a.shape, dim, keepdim) * exp(a - spread(y, a.shape, dim, keepdim)),
                      say="logarithm of the sum of exponentials of {0}", tex=r"\ln \sum e^{{{0}}}", samples=_reduce)
softmax = primitive("softmax", kernels.softmax, lambda g, y, a, dim: y * (g - sum(g * y, dim=(dim,), keepdim=True)),
                    lower=kernels.softmax_calls, say="turn {0} into probabilities", tex=r"\operatorname{{softmax}}({0})", samples=_along)
log_softmax = primitive("log_softmax", kernels.log_softmax, lambda g, y, a, dim: g - exp(y) * row_sum(g, dim),
                        lower=kernels.log_softmax_calls, say="turn {0} into log-probabilities",
                        tex=r"\ln\operatorname{{softmax}}({0})", samples=_along)

# ---- products -----------------------------------------------------------------------------------------------------


def _swap(t: Tensor) -> Tensor:
    """The last two axes exchanged."""
    n = t.array.ndim
    return permute(t, dims=(*range(n - 2), n - 1, n - 2))


def _weight_gradient(g: Tensor, x: Tensor) -> Tensor:
    """dW = g^T x, over every axis but the last."""
    if g.array.ndim != 2:
        g, x = reshape(g, shape=(-1, g.array.shape[-1])), reshape(x, shape=(-1, x.array.shape[-1]))  # (rows, features)
    return called(matmul(_swap(g), x), "TBackward0", g, x)  # (out, in) = (out, rows) @ (rows, in)


matmul = primitive("matmul", kernels.matmul, lambda g, y, a, b: fit(matmul(g, _swap(b)), a.shape), lambda g, y, a, b: fit(matmul(_swap(a), g), b.shape),
                   lower=kernels.matmul_calls, say="weigh and add: {0} times {1}", tex=r"{0}\,{1}",
                   samples=(sample((3, 4), (4, 2)), sample((2, 3, 4), (2, 4, 2)), sample((2, 3, 4), (4, 2))))
linear = primitive("linear", kernels.linear, lambda g, y, x, w, b: matmul(g, w), lambda g, y, x, w, b: _weight_gradient(g, x),
                   lambda g, y, x, w, b: fit(g, b.shape), lower=kernels.linear_calls, say="weigh {0} by {1} and add {2}",
                   tex=r"{0}{1}^\top + {2}", samples=(sample((5, 3), (2, 3), (2,)), sample((2, 5, 3), (2, 3), (2,)), sample((4, 3), (1, 3), (1,))))

# ---- losses -------------------------------------------------------------------------------------------------------


def _bce_slope(p: Tensor, t: Tensor) -> Tensor:
    """(p - t) / (p (1 - p)), the denominator held above 1e-12; spelled so that sigmoid's own p (1 - p) is shared."""
    return (p - t) / maximum(p * (1.0 - p), 1e-12)


def _log_odds(p: Tensor) -> Tensor:
    return maximum(log(p), losses.LOWEST_LOG) - maximum(log1p(-p), losses.LOWEST_LOG)


bce = primitive("bce", losses.bce, lambda g, y, p, t: fit(g * _bce_slope(p, t), p.shape), lambda g, y, p, t: fit(-g * _log_odds(p), t.shape),
                lower=losses.bce_calls, say="the cross-entropy of the probability {0} against {1}",
                tex=r"-{1} \ln {0} - (1 - {1}) \ln(1 - {0})", elementwise=True, samples=(sample((3, 4), (3, 4), low=0.1, high=0.9),))
bce_with_logits = primitive("bce_with_logits", losses.bce_with_logits, lambda g, y, z, t: fit(g * (sigmoid(z) - t), z.shape),
                            lambda g, y, z, t: fit(-g * z, t.shape), lower=losses.bce_with_logits_calls, say="the cross-entropy of the score {0} against {1}",
                            tex=r"\ln(1 + e^{{{0}}}) - {1} {0}", elementwise=True, samples=(sample((3, 4), (3, 4)),))

# ---- picking and placing ------------------------------------------------------------------------------------------

choose = primitive("choose", moving.choose, lambda g, y, a, labels: place(g, labels, classes=a.array.shape[1]), None, lower=moving.choose_calls,
                   say="from each row of {0}, the entry that {1} names", tex="{0}_{{i,{1}_i}}", samples=(sample((4, 3), [0, 2, 1, 2]),))
label_weights = primitive("label_weights", moving.label_weights, say="-1 over the number of labels in {0}", tex=r"-\tfrac{{1}}{{|{0}|}}",
                          samples=(sample([0, 2, 1], dtype=np.dtype("float32")), sample([0, -100, 1, 2], dtype=np.dtype("float32"))))
place = primitive("place", moving.place, lambda h, z, g, labels, classes: choose(h, labels), None, lower=moving.place_calls,
                  say="{0} in the column that {1} names, zeros elsewhere", tex=r"{0} \odot \operatorname{{onehot}}({1})",
                  samples=(sample((4,), [0, 2, 1, 2], classes=3),))
pick = primitive("pick", moving.pick, lambda g, y, a, *indices, at: unpick(g, *indices, at=at, shape=tuple(a.shape)), None, None, None, None,
                 lower=moving.pick_calls, say="the entries of {0} at {1}", tex="{0}[{1}]",
                 samples=(sample((4, 3), [0, 2, 2], at=([0],)), sample((4, 3), [0, 2, 2], [1, 1, 0], at=([0], [1])), sample((2, 4, 3), [1, 0], at=(slice(None), [0]))))
embedding = primitive("embedding", moving.embedding, lambda g, y, a, at: unpick(g, at, at=([0],), shape=tuple(a.shape)), None, lower=moving.embedding_calls,
                      say="the rows of {0} that {1} names", tex="{0}[{1}]", samples=(sample((4, 3), [0, 2, 2]), sample((4, 3), [[1, 0], [3, 3]])))
unpick = primitive("unpick", moving.unpick, lambda h, z, g, *indices, at, shape: pick(h, *indices, at=at), None, None, None, None,
                   say="{0} added at the places {1}, zeros elsewhere", tex=r"\operatorname{{place}}({0}, {1})",
                   samples=(sample((3, 2), [0, 2, 2], at=([0],), shape=(4, 2)),))
window = primitive("window", moving.window_of, lambda g, y, a, index: put_window(g, index=index, shape=tuple(a.shape)), view=True,
                   say="the part {index} of {0}", tex="{0}[{index}]", samples=(sample((4, 3), index=(slice(1, 3),)), sample((4, 3), index=(2, slice(None, None, 2)))))
put_window = primitive("put_window", moving.put_window, lambda h, z, g, index, shape: window(h, index=index),
                       say="{0} in the part {index}, zeros elsewhere", tex=r"\operatorname{{place}}({0})",
                       samples=(sample((2, 3), index=(slice(1, 3),), shape=(4, 3)),))
gather = primitive("gather", moving.gather, lambda g, y, a, index, dim: scatter_add(g, index, dim=dim, shape=tuple(a.shape)), None,
                   say="from {0}, the entries that {1} names along axis {dim}", tex=r"\operatorname{{gather}}({0}, {1})",
                   samples=(sample((3, 4), [[0, 3], [1, 1], [2, 0]], dim=1),))
scatter_add = primitive("scatter_add", moving.scatter_add, lambda h, z, g, index, dim, shape: gather(h, index, dim=dim), None,
                        say="{0} added where {1} points along axis {dim}", tex=r"\operatorname{{scatter}}({0}, {1})",
                        samples=(sample((3, 2), [[0, 3], [1, 1], [2, 0]], dim=1, shape=(3, 4)),))


def _own_share(g: Tensor, y: Tensor, a: Tensor, src: Tensor, index: Tensor, dim: int, reduce: str, include_self: bool) -> Tensor:
    """What flows to the numbers that stood there before: nothing where they were left out, else as `_sent_share`."""
    hits = scatter_add(constant(np.ones(src.array.shape, g.array.dtype)), index, dim=dim, shape=tuple(a.array.shape))
    counts = eq(hits, 0.0) if not include_self else constant(np.ones(a.array.shape, bool))
    if reduce != "prod":
        return where(logical_and(counts, eq(a, y)), g / _winners(y, a, src, index, dim, counts), 0.0)
    ones = full(shape=tuple(a.array.shape), value=1.0, dtype=a.array.dtype)
    return where(counts, g * scatter_reduce(ones, src, index, dim=dim, reduce="prod", include_self=True), 0.0)


def _sent_share(g: Tensor, y: Tensor, a: Tensor, src: Tensor, index: Tensor, dim: int, reduce: str, include_self: bool) -> Tensor:
    """What flows to the numbers that were sent: equal parts for those that reached the extreme, the rest of a product."""
    if reduce != "prod":
        hits = scatter_add(constant(np.ones(src.array.shape, g.array.dtype)), index, dim=dim, shape=tuple(a.array.shape))
        counts = eq(hits, 0.0) if not include_self else constant(np.ones(a.array.shape, bool))
        share = gather(g / _winners(y, a, src, index, dim, counts), index, dim=dim)
        return where(eq(src, gather(y, index, dim=dim)), share, 0.0)
    nothing = eq(src, 0.0)
    zeros = gather(scatter_add(cast(nothing, dtype=g.array.dtype), index, dim=dim, shape=tuple(a.array.shape)), index, dim=dim)
    others = where(nothing, 1.0, src)
    rest = gather(scatter_reduce(a, others, index, dim=dim, reduce="prod", include_self=include_self), index, dim=dim) / others
    return gather(g, index, dim=dim) * where(gt(zeros - cast(nothing, dtype=g.array.dtype), 0.0), 0.0, rest)


def _winners(y: Tensor, a: Tensor, src: Tensor, index: Tensor, dim: int, counts: Tensor) -> Tensor:
    """How many numbers reached the extreme of each place."""
    sent = cast(eq(src, gather(y, index, dim=dim)), dtype=a.array.dtype)
    own = cast(logical_and(counts, eq(a, y)), dtype=a.array.dtype)
    return own + scatter_add(sent, index, dim=dim, shape=tuple(a.array.shape))


scatter_reduce = primitive("scatter_reduce", moving.scatter_reduce,
                           lambda g, y, a, src, index, dim, reduce, include_self: _own_share(g, y, a, src, index, dim, reduce, include_self),
                           lambda g, y, a, src, index, dim, reduce, include_self: _sent_share(g, y, a, src, index, dim, reduce, include_self), None,
                           say="the {reduce} of {0} and what {2} sends there of {1}", tex=r"\operatorname{{{reduce}}}({0}, {1}_{{{2}}})",
                           samples=(sample((3, 4), (3, 2), [[0, 3], [1, 1], [2, 0]], dim=1, reduce="prod", include_self=True),
                                    sample((3, 4), (3, 2), [[0, 3], [1, 1], [2, 0]], dim=1, reduce="amax", include_self=False)))
one_hot = primitive("one_hot", moving.one_hot, say="a 1 in the column that {0} names", tex=r"\operatorname{{onehot}}({0})",
                    samples=(sample([0, 2, 1], classes=3),))

# ---- shape --------------------------------------------------------------------------------------------------------


def _piece(i: int, g: Tensor, parts: tuple[Tensor, ...], dim: int) -> Tensor:
    """The part of g that belongs to input i of a concatenation."""
    start = int(np.sum([p.array.shape[dim] for p in parts[:i]], dtype=int))
    return window(g, index=(slice(None),) * dim + (slice(start, start + parts[i].array.shape[dim]),))


def _unslide(g: Tensor, shape: tuple[int, ...], dim: int, size: int, step: int) -> Tensor:
    """What came to each window, added where the window lay."""
    last = g.array.ndim - 1
    rows = permute(g, dims=(*range(dim + 1), last, *range(dim + 1, last)))  # (…, windows, size, …)
    places = np.arange(g.array.shape[dim])[:, None] * step + np.arange(size)
    return unpick(rows, wrap(places), at=(slice(None),) * dim + ([0],), shape=shape)


def _unread(g: Tensor, shape: tuple[int, ...], read: Callable[..., np.ndarray], **how: Any) -> Tensor:
    """What came to each number that was read, added up where the number lay."""
    places = np.arange(math.prod(shape)).reshape(shape)
    line = unpick(reshape(g, shape=(-1,)), constant(read(places, **how).reshape(-1)), at=([0],), shape=(places.size,))
    return reshape(line, shape=shape)


reshape = primitive("reshape", np.reshape, lambda g, y, a, shape: reshape(g, shape=tuple(a.shape)), view=True,
                    say="{0} laid out as {shape}", tex="{0}", samples=(sample((3, 4), shape=(2, 6)), sample((3, 4), shape=(12,))))
permute = primitive("permute", lambda a, *, dims: a.transpose(dims), lambda g, y, a, dims: permute(g, dims=tuple(int(i) for i in np.argsort(dims))),
                    view=True, say="{0} turned", tex=r"{0}^\top", samples=(sample((3, 4), dims=(1, 0)), sample((2, 3, 4), dims=(2, 0, 1))))
expand = primitive("expand", moving.expand, lambda g, y, a, shape: fit(g, a.shape), view=True, say="{0} repeated to {shape}", tex="{0}",
                   samples=(sample((1, 4), shape=(3, 4)), sample((4,), shape=(2, 3, 4))))
slide = primitive("slide", moving.slide, lambda g, y, a, dim, size, step: _unslide(g, tuple(a.shape), dim, size, step), view=True,
                  say="every window of {size} numbers of {0}", tex=r"\operatorname{{windows}}({0})",
                  samples=(sample((5, 2), dim=0, size=3, step=1), sample((2, 7), dim=1, size=2, step=3)))
strided = primitive("strided", moving.strided, lambda g, y, a, **how: _unread(g, tuple(a.shape), moving.strided, **how), view=True,
                    say="{0} read {stride} apart as {size}", tex=r"\operatorname{{strided}}({0})",
                    samples=(sample((3, 4), size=(2, 3), stride=(4, 1), start=1), sample((5,), size=(3, 3), stride=(1, 1), start=0)))
diagonal = primitive("diagonal", moving.diagonal, lambda g, y, a, offset: _unread(g, tuple(a.shape), moving.diagonal, offset=offset), view=True,
                     say="the diagonal of {0}", tex=r"\operatorname{{diag}}({0})", samples=(sample((3, 4), offset=1), sample((2, 3, 3), offset=0)))
flip = primitive("flip", lambda a, *, dims: np.flip(a, dims).copy(), lambda g, y, a, dims: flip(g, dims=dims), say="{0} back to front",
                 tex=r"\operatorname{{flip}}({0})", samples=(sample((3, 4), dims=(1,)),))
concat = primitive("concat", moving.concat, each=lambda i: lambda g, y, *parts, dim: _piece(i, g, parts, dim), lower=moving.concat_calls,
                   say="{0} and the others end to end", tex=r"[{0}; \ldots]", samples=(sample((2, 3), (1, 3), dim=0), sample((2, 1), (2, 2), (2, 3), dim=1)))
pad = primitive("pad", moving.pad, lambda g, y, a, widths, value: window(g, index=tuple(slice(w[0], w[0] + n) for w, n in zip(widths, a.shape, strict=True))),
                say="{0} with a margin of {value}", tex=r"\operatorname{{pad}}({0})", samples=(sample((2, 3), widths=((1, 0), (2, 1)), value=0.0),))
unfold = primitive("unfold", moving.unfold,
                   lambda g, y, a, size, stride, dilation: fold(g, shape=tuple(a.shape), size=size, stride=stride, dilation=dilation),
                   say="every {size} window of {0}", tex=r"\operatorname{{windows}}({0})",
                   samples=(sample((2, 1, 5, 4), size=(3, 2), stride=(2, 1), dilation=(1, 1)), sample((1, 2, 5, 5), size=(2, 2), stride=(1, 1), dilation=(2, 2))))
fold = primitive("fold", moving.fold, lambda h, z, g, shape, size, stride, dilation: unfold(h, size=size, stride=stride, dilation=dilation),
                 say="the windows {0} added back at their places", tex=r"\operatorname{{overlay}}({0})",
                 samples=(sample((2, 1, 3, 2, 2, 3), shape=(2, 1, 5, 4), size=(3, 2), stride=(2, 1), dilation=(1, 1)),))
detach = primitive("detach", lambda a: a, view=True, say="{0}, without its story", tex="{0}", samples=_one)
copy = primitive("copy", moving.copy, lambda g, y, a: g, lower=moving.copy_calls, say="a copy of {0}", tex="{0}", elementwise=True, samples=_one)

# ---- memory, random numbers: done anew at every replay ------------------------------------------------------------

assign = primitive("assign", moving.assign, pure=False, say="store {1} in {0}", tex=r"{0} \leftarrow {1}")
pack = primitive("pack", moving.pack, say="lay {0} and the others end to end", tex=r"[{0}, \ldots]", samples=(sample((2, 3), (4,)),))
full = primitive("full", moving.full, say="{value} everywhere", tex="{value}")
random = primitive("random", moving.random, pure=False, say="fresh random numbers", tex=r"\text{{random}}")
