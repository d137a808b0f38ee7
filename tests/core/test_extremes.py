"""Extreme numbers: infinities, NaN, zeros of both signs, numbers at both ends of the range, empty arrays, kinks.

Values are held to 4 units in the last place of a reference in wider arithmetic (or to the bound that is noted);
NumPy's warnings are errors here, so none may escape.
"""

import math

import numpy as np
import pytest

import glassnet as torch
from glassnet.core.ops import OPS
from glassnet.core.tensor import apply, wrap

inf, nan = math.inf, math.nan
F = torch.nn.functional

GRID = [0.0, -0.0, inf, -inf, nan, 1e-45, -1e-45, 1e-38, -1e-38, 1e38, -1e38, 1e-8, 0.1, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5,
        -2.5, 3.7, -3.7, 10.0, -10.0, 50.0, 88.5, -88.5, 104.0, -104.0, 1e4, -1e4]  # fmt: skip
WIDE = [*GRID, 5e-324, -5e-324, 1e-308, 1e300, -1e300, 709.5, -709.5, -745.2, 800.0]


def erf(a):
    return np.vectorize(math.erf, otypes=[np.longdouble])(a.astype(np.float64))


def erfc(a):
    return np.vectorize(math.erfc, otypes=[np.longdouble])(a.astype(np.float64))


def longdouble(f):
    return lambda *xs: f(*[x.astype(np.longdouble) for x in xs])


# name: (the reference, how many units in the last place)
UNARY = {
    "neg": (np.negative, 0),
    "abs": (np.abs, 0),
    "sign": (np.sign, 0),
    "floor": (np.floor, 0),
    "ceil": (np.ceil, 0),
    "trunc": (np.trunc, 0),
    "round": (np.rint, 0),
    "relu": (lambda a: np.maximum(a, 0), 0),
    "square": (np.square, 1),
    "sqrt": (np.sqrt, 1),
    "exp": (np.exp, 4),
    "exp2": (np.exp2, 4),
    "expm1": (np.expm1, 4),
    "log": (np.log, 4),
    "log1p": (np.log1p, 4),
    "log2": (np.log2, 4),
    "log10": (np.log10, 4),
    "sin": (np.sin, 4),
    "cos": (np.cos, 4),
    "tan": (np.tan, 4),
    "asin": (np.arcsin, 4),
    "acos": (np.arccos, 4),
    "atan": (np.arctan, 4),
    "sinh": (np.sinh, 4),
    "cosh": (np.cosh, 4),
    "tanh": (np.tanh, 4),
    "sigmoid": (lambda a: 1 / (1 + np.exp(-a)), 4),
    "softplus": (lambda a: np.logaddexp(a, np.zeros_like(a)), 4),
    "erf": (erf, 6),  # a rational function in float32: see core/error_function.py
    "erfc": (erfc, 16),  # a series in the exponent: see special.erfc
}

BINARY = {
    "add": (np.add, 1),
    "sub": (np.subtract, 1),
    "mul": (np.multiply, 1),
    "div": (np.true_divide, 1),
    "maximum": (np.maximum, 0),
    "minimum": (np.minimum, 0),
    "pow": (np.power, 4),
    "atan2": (np.arctan2, 4),
    "remainder": (np.remainder, 1),
    "fmod": (np.fmod, 0),
    "floor_divide": (np.floor_divide, 1),
}


def within_ulps(found, exact, ulps, dtype):
    """Whether found is the exact value rounded to dtype, give or take that many units in its last place."""
    with np.errstate(all="ignore"):
        rounded = np.asarray(exact).astype(dtype)
        unit = np.spacing(np.abs(rounded))
        close = np.abs(found.astype(np.longdouble) - rounded.astype(np.longdouble)) <= ulps * unit.astype(np.longdouble)
    same = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
    edge = np.isinf(rounded) & (np.abs(found) >= np.finfo(dtype).max) & (np.sign(found) == np.sign(rounded))
    return same | close | (edge & (ulps > 0))


def failures(found, exact, ulps, dtype, *inputs):
    bad = ~within_ulps(found, exact, ulps, dtype)
    return [(*(i[bad][k] for i in inputs), found[bad][k], exact[bad][k]) for k in range(min(bad.sum(), 5))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", UNARY)
def test_values_of_one_number(name, dtype):
    reference, ulps = UNARY[name]
    a = np.concatenate([np.array(GRID if dtype == np.float32 else WIDE), np.linspace(-12, 12, 4001)]).astype(dtype)
    found = apply(OPS[name], wrap(a)).array
    with np.errstate(all="ignore"):
        exact = longdouble(reference)(a)
    assert found.dtype == dtype
    assert not failures(found, exact, ulps, dtype, a)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BINARY)
def test_values_of_two_numbers(name, dtype):
    reference, ulps = BINARY[name]
    values = np.array(GRID if dtype == np.float32 else WIDE, dtype)
    a, b = (v.ravel().copy() for v in np.meshgrid(values, values))
    found = apply(OPS[name], wrap(a), wrap(b)).array
    with np.errstate(all="ignore"):
        exact = longdouble(reference)(a, b) if name not in ("floor_divide",) else reference(a, b)
    assert not failures(found, exact, ulps, dtype, a, b)


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge", "isnan", "isinf", "isfinite", "logical_not"])
def test_comparisons_with_nan_and_inf(name):
    op = OPS[name]
    a, b = (v.ravel().copy() for v in np.meshgrid(np.array(WIDE), np.array(WIDE)))
    arrays = [a, b][: op.run.nin]
    plain = {"eq": lambda x, y: x == y, "ne": lambda x, y: x != y, "lt": lambda x, y: x < y, "le": lambda x, y: x <= y,
             "gt": lambda x, y: x > y, "ge": lambda x, y: x >= y, "isnan": math.isnan, "isinf": math.isinf,
             "isfinite": math.isfinite, "logical_not": lambda x: not x}[name]  # fmt: skip
    found = apply(op, *[wrap(v) for v in arrays]).tolist()
    assert found == [plain(*pair) for pair in zip(*[v.tolist() for v in arrays], strict=True)]


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_no_warning_escapes_a_gradient_or_a_replay(name):
    arity = 1 if name in UNARY else 2
    values = np.array(GRID, np.float32)
    arrays = [v.ravel().copy() for v in np.meshgrid(*[values] * arity)]
    xs = [wrap(v).requires_grad_() for v in arrays]

    @torch.compile
    def step():
        for x in xs:
            x.grad = None
        y = apply(OPS[name], *xs)
        if y.requires_grad:
            y.backward(torch.ones(y.shape))
        return y

    for _ in range(4):
        step()
    assert step.replays == 2


# ---- gradients at the edges ---------------------------------------------------------------------------------------

STABLE = {  # at ±1e4, where the formulas of the textbooks overflow: value and gradient in float64, from their limits
    "sigmoid": (torch.sigmoid, [0.0, 1.0], [0.0, 0.0]),
    "tanh": (torch.tanh, [-1.0, 1.0], [0.0, 0.0]),
    "softplus": (lambda x: torch.log1p(torch.exp(-x.abs())) + x.relu(), [0.0, 1e4], [0.0, 1.0]),
    "softplus row": (lambda x: apply(OPS["softplus"], x), [0.0, 1e4], [0.0, 1.0]),
    "logsigmoid": (lambda x: -apply(OPS["softplus"], -x), [-1e4, 0.0], [1.0, 0.0]),
    "logsumexp": (lambda x: torch.logsumexp(x, 0, keepdim=True).expand(2), [1e4, 1e4], [0.0, 2.0]),
    "softmax": (lambda x: torch.softmax(x, 0), [0.0, 1.0], [0.0, 0.0]),
    "log_softmax": (lambda x: torch.log_softmax(x, 0), [-2e4, 0.0], [1.0, -1.0]),
    "gelu": (lambda x: apply(OPS["gelu"], x, approximate="none"), [0.0, 1e4], [0.0, 1.0]),
    "gelu tanh": (lambda x: apply(OPS["gelu"], x, approximate="tanh"), [0.0, 1e4], [0.0, 1.0]),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", STABLE)
def test_stable_at_ten_thousand(name, dtype):
    f, values, slopes = STABLE[name]
    x = torch.tensor([-1e4, 1e4], dtype=dtype, requires_grad=True)
    y = f(x)
    y.sum().backward()
    assert y.tolist() == values
    assert x.grad.tolist() == slopes


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4, 1e38])
def test_cross_entropy_at_large_scores(scale):
    x = torch.tensor([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]], requires_grad=True)
    y = torch.log_softmax(x * scale, 1)
    loss = -torch.gather(y, 1, torch.tensor([[0], [0]])).mean()
    loss.backward()
    assert math.isfinite(loss.item())
    if scale >= 100:
        np.testing.assert_allclose(loss.item(), scale, rtol=1e-6)
        np.testing.assert_allclose(x.grad.numpy(), [[0, 0, 0], [-scale / 2, scale / 2, 0]], atol=1e-6)


def test_a_logarithm_of_a_sum_keeps_small_terms():
    assert torch.log_softmax(torch.tensor([0.0, -40.0]), 0)[1].item() == -40.0
    assert apply(OPS["softplus"], torch.tensor(-40.0)).item() == pytest.approx(math.exp(-40.0), rel=1e-6)
    assert apply(OPS["softplus"], torch.tensor(-100.0)).item() == pytest.approx(math.exp(-100.0), rel=1e-4)


# f(x), x, the value, the gradient of the sum: kinks, ties and poles as PyTorch 2.13 has them
KINKS = {
    "relu at 0": (torch.relu, [0.0, -0.0, -1.0, 2.0], [0.0, 0.0, 0.0, 2.0], [0.0, 0.0, 0.0, 1.0]),
    "abs at 0": (torch.abs, [0.0, -0.0, -2.0], [0.0, 0.0, 2.0], [0.0, 0.0, -1.0]),
    "sign": (torch.sign, [0.0, -3.0, 2.0], [0.0, -1.0, 1.0], [0.0, 0.0, 0.0]),
    "sqrt at 0": (torch.sqrt, [0.0, 4.0], [0.0, 2.0], [inf, 0.25]),
    "log at 0": (torch.log, [0.0, 2.0], [-inf, math.log(2.0)], [inf, 0.5]),
    "reciprocal at 0": (torch.reciprocal, [0.0, 2.0], [inf, 0.5], [-inf, -0.25]),
    "clamp at its bounds": (lambda x: x.clamp(0.0, 1.0), [-1.0, 0.0, 1.0, 2.0, nan], [0.0, 0.0, 1.0, 1.0, nan],
                            [0.0, 1.0, 1.0, 0.0, 0.0]),
    "maximum of equals": (lambda x: torch.maximum(x, torch.ones(3)), [1.0, 0.0, 2.0], [1.0, 1.0, 2.0], [0.5, 0.0, 1.0]),
    "minimum of equals": (lambda x: torch.minimum(x, torch.ones(3)), [1.0, 0.0, 2.0], [1.0, 0.0, 1.0], [0.5, 1.0, 0.0]),
    "max with ties": (lambda x: x.max(), [2.0, 1.0, 2.0], 2.0, [0.5, 0.0, 0.5]),
    "amax with ties": (lambda x: x.amax(0), [2.0, 1.0, 2.0], 2.0, [0.5, 0.0, 0.5]),
    "max along an axis with ties": (lambda x: x.max(0).values, [2.0, 1.0, 2.0], 2.0, [1.0, 0.0, 0.0]),
    "min with ties": (lambda x: x.min(), [2.0, 1.0, 1.0], 1.0, [0.0, 0.5, 0.5]),
    "norm at 0": (lambda x: x.norm(), [0.0, 0.0], 0.0, [0.0, 0.0]),
    "norm": (lambda x: x.norm(), [3.0, 4.0], 5.0, [0.6, 0.8]),
    "norm of order 1 at 0": (lambda x: x.norm(1), [0.0, -2.0], 2.0, [0.0, -1.0]),
    "norm of order 3 at 0": (lambda x: x.norm(3), [0.0, 0.0], 0.0, [0.0, 0.0]),
    "largest magnitude with ties": (lambda x: x.norm(inf), [2.0, -2.0, 0.0], 2.0, [0.5, -0.5, 0.0]),
    "std of equals": (lambda x: x.std(), [2.0, 2.0, 2.0], 0.0, [0.0, 0.0, 0.0]),
    "var of equals": (lambda x: x.var(), [2.0, 2.0, 2.0], 0.0, [0.0, 0.0, 0.0]),
    "x ** 0": (lambda x: x**0, [0.0, 2.0, -1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]),
    "x ** 1": (lambda x: x**1, [0.0, 2.0], [0.0, 2.0], [1.0, 1.0]),
    "x ** 2": (lambda x: x**2, [0.0, 3.0], [0.0, 9.0], [0.0, 6.0]),
    "x ** 0.5 at 0": (lambda x: x**0.5, [0.0, 4.0], [0.0, 2.0], [inf, 0.25]),
    "x ** -1 at 0": (lambda x: x**-1, [0.0, 2.0], [inf, 0.5], [-inf, -0.25]),
    "0 ** x": (lambda x: 0.0**x, [0.0, 1.0, 2.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    "pow(0, b)": (lambda x: torch.pow(x, torch.tensor([0.0, 1.0, 2.0])), [0.0, 0.0, 0.0], [1.0, 0.0, 0.0],
                  [0.0, 1.0, 0.0]),
    "product with a zero": (lambda x: x.prod(), [0.0, 2.0, 3.0], 0.0, [6.0, 0.0, 0.0]),
    "product with zeros": (lambda x: x.prod(), [0.0, 0.0, 3.0], 0.0, [0.0, 0.0, 0.0]),
    "atan2 at the origin": (lambda x: torch.atan2(x, x), [0.0, 1.0], [0.0, math.pi / 4], [0.0, 0.0]),
    "root of relu": (lambda x: x.relu().sqrt(), [-1.0, 0.0, 4.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.25]),
    "root of clamp": (lambda x: x.clamp(min=0.0).sqrt(), [-1.0, 4.0], [0.0, 2.0], [0.0, 0.25]),
    "root of maximum": (lambda x: torch.maximum(x, torch.zeros(2)).sqrt(), [-1.0, 4.0], [0.0, 2.0], [0.0, 0.25]),
    "root of floor": (lambda x: x.floor().sqrt(), [0.5, 4.0], [0.0, 2.0], [0.0, 0.0]),
    "inf in the branch not taken": (lambda x: torch.where(x > 0, 1.0 / x, x), [2.0, -1.0, 0.0], [0.5, -1.0, 0.0],
                                    [-0.25, 1.0, nan]),
    "inf filled in": (lambda x: x.masked_fill(x > 1, inf).clamp(max=5.0), [0.5, 2.0], [0.5, 5.0], [1.0, 0.0]),
    "masked scores": (lambda x: x.masked_fill(x > 1, -inf).softmax(0), [0.0, 2.0], [1.0, 0.0], [0.0, 0.0]),
    "logsumexp of nothing": (lambda x: torch.logsumexp(x, 0), [-inf, 0.0], 0.0, [0.0, 1.0]),
    "logsumexp of -inf": (lambda x: torch.logsumexp(x, 0), [-inf, -inf], -inf, None),
    "logsumexp with inf": (lambda x: torch.logsumexp(x, 0), [inf, 0.0], inf, None),
    "log_softmax with -inf": (lambda x: torch.log_softmax(x, 0)[1:], [-inf, 0.0], [0.0], [0.0, 0.0]),
    "softmax with -inf": (lambda x: torch.softmax(x, 0), [-inf, 0.0], [0.0, 1.0], [0.0, 0.0]),
    "cumsum through inf": (lambda x: x.cumsum(0), [1.0, inf, 2.0], [1.0, inf, inf], [3.0, 2.0, 1.0]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", KINKS)
def test_kinks(name, dtype):
    f, at, values, slopes = KINKS[name]
    torch.set_default_dtype(dtype)
    try:
        x = torch.tensor(at, dtype=dtype, requires_grad=True)
        y = f(x)
        y.sum().backward()
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_allclose(y.detach().numpy(), values, rtol=1e-6)
    if slopes is not None:
        np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-6)


def test_reductions_of_extremes():
    t = torch.tensor
    assert t([1.0, nan]).amax(0).isnan().item()
    assert t([nan, 1.0]).max().isnan().item()
    assert t([1.0, nan, 2.0]).argmax().item() == 1  # NaN counts as the largest, as in PyTorch
    assert t([1.0, nan, 2.0]).argmin().item() == 1
    assert t([1.0, nan, 0.0]).sort().indices.tolist() == [2, 0, 1]
    assert t([1.0, nan, 0.0]).sort(descending=True).indices.tolist() == [1, 0, 2]
    assert t([1.0, 1.0, 2.0, 2.0]).argsort(descending=True).tolist() == [2, 3, 0, 1]
    assert t([3, 1, 2], dtype=torch.uint8).argsort(descending=True).tolist() == [0, 2, 1]
    assert t([True, False, True]).argsort(descending=True).tolist() == [0, 2, 1]
    assert t([inf, -inf]).sum().isnan().item()
    assert t([inf, 1.0]).mean().item() == inf
    assert t([2e38, 2e38]).norm().item() == pytest.approx(2e38 * math.sqrt(2), rel=1e-6)
    assert t([1e-30, 1e-30]).norm().item() == pytest.approx(1e-30 * math.sqrt(2), rel=1e-6)
    assert t([inf, 1.0]).logsumexp(0).item() == inf
    assert t([-inf, -inf]).logsumexp(0).item() == -inf
    assert t([nan, 1.0]).logsumexp(0).isnan().item()
    assert t([1.0]).var().isnan().item()
    assert t([1.0]).std().isnan().item()
    assert t([1.0]).var(unbiased=False).item() == 0.0
    assert t([nan]).any().item() is True
    assert t(nan).sum().isnan().item()
    assert t([]).sum().item() == 0.0
    assert t([]).prod().item() == 1.0
    assert t([]).mean().isnan().item()
    assert t([1e38, 1e38, -1e38]).sum().item() == pytest.approx(1e38)


def test_numbers_too_large_for_the_dtype():
    assert torch.tensor([1e300, -1e300]).tolist() == [inf, -inf]
    assert (torch.ones(2) * 1e300).tolist() == [inf, inf]
    assert torch.tensor([1e300], dtype=torch.float64).float().tolist() == [inf]
    assert torch.full((1,), 1e300).item() == inf
    assert torch.tensor([1e-300]).item() == 0.0
    assert torch.ones(2).clamp(max=1e300).tolist() == [1.0, 1.0]
    assert (torch.tensor([1, 2], dtype=torch.uint8) * -1).tolist() == [255, 254]  # wraps round, as PyTorch's does
    assert (torch.tensor([1, 2], dtype=torch.int8) + 300).tolist() == [45, 46]


def test_the_users_own_numpy_settings_stay():
    with np.errstate(all="raise"):
        assert (torch.ones(1) / torch.zeros(1)).item() == inf
        assert torch.log(torch.zeros(1)).item() == -inf
        with pytest.raises(FloatingPointError):
            np.ones(1) / np.zeros(1)


def test_whole_numbers_cannot_be_divided_by_zero():
    for f in (lambda a: a // 0, lambda a: a % 0, lambda a: torch.fmod(a, 0)):
        with pytest.raises(torch.errors.ValueRangeError, match=r"by 0; expected another divisor.*\. Try "):
            f(torch.tensor([1, 2]))
    assert (torch.tensor([1, 2]) / 0).tolist() == [inf, inf]
    assert (torch.tensor([1.0, -1.0]) // 0).tolist() == [inf, -inf]


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
@pytest.mark.parametrize("shape", [(), (0,), (2, 0)])
def test_one_number_and_none(name, shape):
    arity = 1 if name in UNARY else 2
    xs = [torch.full(shape, 0.5, dtype=torch.float64, requires_grad=True) for _ in range(arity)]
    y = apply(OPS[name], *xs)
    assert y.shape == shape
    if y.requires_grad:
        y.sum().backward()
        assert all(x.grad.shape == shape for x in xs)
