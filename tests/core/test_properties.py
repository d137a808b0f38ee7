"""What every derivative rule must satisfy, wherever it is asked: at random places, on arrays of random shapes."""

import zlib

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet.core import ops
from glassnet.core.ops import OPS, Op, Sample
from glassnet.core.tensor import apply, wrap

STEP = 1e-5
AXES = {"sum", "mean", "amax", "amin", "norm", "logsumexp"}  # rows with `dim` (several axes) and `keepdim`
AXIS = {"cumsum", "softmax", "log_softmax"}  # rows with a single `dim`


def inputs_followed(op: Op, s: Sample) -> list[int]:
    floats = [i for i, x in enumerate(s.inputs) if isinstance(x, tuple)]
    return [i for i in floats if op.vjp and op.rule(i) is not None]


def wide(s: Sample) -> bool:
    """Whether the row keeps all digits: central differences cannot be taken of numbers rounded to float32."""
    return s.attrs.get("dtype") != np.dtype("float32")


ROWS = [pytest.param(op, id=name) for name, op in OPS.items() if any(inputs_followed(op, s) for s in op.samples)]


def shrunk(shape, rng):
    """A shape that broadcasts to the given one: some lengths 1, some leading axes left out."""
    short = [1 if rng.random() < 0.3 else n for n in shape]
    return tuple(short[rng.integers(0, len(shape) + 1) :] if rng.random() < 0.3 else short)


def shaped(op: Op, s: Sample, rng) -> Sample:
    """The sample with random shapes, where the row takes inputs of any shape."""
    shape = tuple(int(n) for n in rng.integers(1, 4, rng.integers(0 if op.elementwise else 1, 4)))
    if op.elementwise:
        return s._replace(inputs=(shape, *(shrunk(shape, rng) for _ in s.inputs[1:])))
    if op.name in AXES:
        dim = tuple(i for i in range(len(shape)) if rng.random() < 0.6) or None
        return s._replace(inputs=(shape,), attrs={"dim": dim, "keepdim": bool(rng.random() < 0.5)})
    if op.name in AXIS:
        return s._replace(inputs=(shape,), attrs={"dim": int(rng.integers(len(shape)))})
    n, k, m = (int(v) for v in rng.integers(1, 5, 3))
    if op.name == "matmul":
        return s._replace(inputs=((*shape[1:], n, k), (*shrunk(shape[1:], rng), k, m)))
    if op.name == "linear":
        return s._replace(inputs=((*shape, n, k), (m, k), (m,)))
    return s


def case(op: Op, seed: int):
    """A sample of the row, its arrays, and the generator for whatever else is drawn."""
    rng = np.random.default_rng([seed, zlib.crc32(op.name.encode())])
    usable = [s for s in op.samples if wide(s) and inputs_followed(op, s)]
    s = shaped(op, usable[rng.integers(len(usable))], rng)
    return s, [rng.uniform(s.low, s.high, i) if isinstance(i, tuple) else i for i in s.inputs], rng


def vjp(op: Op, s: Sample, arrays, g=None, rng=None, through=lambda t: t):
    """The result, the weights of its numbers, and the gradient of every input that has one."""
    at = inputs_followed(op, s)
    xs = [wrap(a.copy()).requires_grad_() if i in at else wrap(a) for i, a in enumerate(arrays)]
    y = through(apply(op, *[through(x) if i in at else x for i, x in enumerate(xs)], **s.attrs))
    g = rng.uniform(-1, 1, y.shape) if g is None else g
    found = torch.autograd.grad(y, [xs[i] for i in at], wrap(np.asarray(g)))
    return y, np.asarray(g), [f.numpy() for f in found]


def there_and_back(t):
    """The same numbers by way of four views."""
    line = t.unsqueeze(0).transpose(0, -1)
    return line.transpose(0, -1).expand(1, *t.shape).reshape(tuple(t.shape))


seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("op", ROWS)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(seeds)
def test_slopes_are_those_of_central_differences(op, seed):
    s, arrays, rng = case(op, seed)
    _, g, slopes = vjp(op, s, arrays, rng=rng)
    at = inputs_followed(op, s)
    ways = {i: rng.uniform(-1, 1, arrays[i].shape) for i in at}

    def value(h):
        moved = [wrap(a + h * ways[i] if i in at else a) for i, a in enumerate(arrays)]
        return float(np.sum(apply(op, *moved, **s.attrs).array * g))

    expected, closer = ((value(h) - value(-h)) / (2 * h) for h in (STEP, STEP / 3))
    terms = [slope * ways[i] for i, slope in zip(at, slopes, strict=True)]
    scale = 1 + sum(np.abs(t).sum() for t in terms)
    assume(abs(expected - closer) <= 5e-7 * scale)  # or else a jump or a kink lies between the two sides
    assert abs(sum(t.sum() for t in terms) - expected) <= 1e-6 * scale


@pytest.mark.parametrize("op", ROWS)
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(seeds)
def test_slopes_are_linear_in_the_gradient_of_the_result(op, seed):
    s, arrays, rng = case(op, seed)
    y, g, of_g = vjp(op, s, arrays, rng=rng)
    h = rng.uniform(-1, 1, y.shape)
    *_, of_h = vjp(op, s, arrays, h)
    *_, of_both = vjp(op, s, arrays, 2 * g - 3 * h)
    for a, b, both in zip(of_g, of_h, of_both, strict=True):
        np.testing.assert_allclose(both, 2 * a - 3 * b, rtol=1e-9, atol=1e-9 * (1 + np.abs(a).max() + np.abs(b).max()))


@pytest.mark.parametrize("op", ROWS)
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(seeds)
def test_what_is_used_twice_gets_both_slopes(op, seed):
    s, arrays, rng = case(op, seed)
    y, g, once = vjp(op, s, arrays, rng=rng)
    at = inputs_followed(op, s)
    xs = [wrap(a.copy()).requires_grad_() if i in at else wrap(a) for i, a in enumerate(arrays)]
    y = apply(op, *xs, **s.attrs)
    (y * wrap(g) + y * wrap(2 * g)).sum().backward()
    for i, slope in zip(at, once, strict=True):
        np.testing.assert_allclose(xs[i].grad.numpy(), 3 * slope, rtol=1e-9, atol=1e-9 * (1 + np.abs(slope).max()))


@pytest.mark.parametrize("op", ROWS)
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(seeds)
def test_views_before_and_after_change_no_slope(op, seed):
    s, arrays, rng = case(op, seed)
    y, g, plain = vjp(op, s, arrays, rng=rng)
    z, _, viewed = vjp(op, s, arrays, g, through=there_and_back)
    np.testing.assert_allclose(z.detach().numpy(), y.detach().numpy(), rtol=1e-12, atol=1e-12)
    for a, b in zip(plain, viewed, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-9 * (1 + np.abs(a).max()))


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(seeds)
def test_a_gradient_has_the_shape_of_what_was_broadcast(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 5, rng.integers(0, 5)))
    small = shrunk(shape, rng)
    g = rng.uniform(-1, 1, shape)
    added = ops.fit(wrap(g), small).numpy()
    assert added.shape == small
    axes = tuple(range(len(shape) - len(small)))
    kept = tuple(i for i, n in enumerate(small) if n == 1)
    np.testing.assert_allclose(added, g.sum(axes).sum(kept, keepdims=True), rtol=1e-12, atol=1e-12)


def test_every_differentiable_row_is_asked():
    named = {p.values[0].name for p in ROWS}
    assert {name for name, op in OPS.items() if op.vjp and op.samples} == named
    assert len(named) > 50
