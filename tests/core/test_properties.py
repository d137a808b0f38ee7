"""What must hold for every derivative rule, on random shapes and numbers.

The rules are those of the table of primitives, in float64: against central differences, linear in the gradient that
comes in, adding up where a result is used twice, and unchanged by views on the way.
"""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet.core.ops import OPS, Op
from glassnet.core.tensor import apply, wrap

CASES = 200
QUICK = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)

small = st.integers(1, 3)
shapes = st.lists(small, min_size=0, max_size=3).map(tuple)
seeds = st.integers(0, 2**32 - 1)


def numbers(shape, seed, low=-2.0, high=2.0):
    """Random numbers; far enough apart that no difference of 1e-6 crosses a kink at 0 or a tie."""
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape))
    step = (high - low) / (count + 1)
    even = low + step * (1 + rng.permutation(count) + rng.uniform(-0.3, 0.3, count))
    even[np.abs(even) < 1e-3] = 0.1 * step
    return even.reshape(shape)


@st.composite
def broadcasting(draw):
    """Two shapes that broadcast: some axes of either have length 1, or are missing."""
    whole = draw(shapes)
    cut = [whole[draw(st.integers(0, len(whole))) :] for _ in range(2)]
    return [tuple(1 if draw(st.booleans()) and draw(st.booleans()) else n for n in c) for c in cut]


@st.composite
def axes_of(draw, ndim):
    """None, or some axes in order, as reductions take them."""
    if ndim == 0 or draw(st.booleans()):
        return None
    return tuple(sorted(draw(st.sets(st.integers(0, ndim - 1), min_size=1))))


with_axes = st.lists(small, min_size=1, max_size=3).map(tuple)

# How to draw the shapes and attributes of each row: a strategy of (input shapes or index arrays, attributes).
DOMAINS = {
    **dict.fromkeys(("sqrt", "log", "log2", "log10"), (0.3, 3.0)),
    **dict.fromkeys(("floor", "ceil", "trunc", "round"), (0.1, 0.4)),  # far from their steps
    "log1p": (-0.6, 2.0),
    "asin": (-0.9, 0.9),
    "acos": (-0.9, 0.9),
    "tan": (-1.2, 1.2),
    "pow": (0.4, 2.0),
    "div": (0.4, 2.0),
    "remainder": (0.4, 2.0),
    "fmod": (0.4, 2.0),
    "floor_divide": (0.4, 2.0),
    "power": (0.4, 2.0),
    "bce": (0.1, 0.9),
    "erfinv": (-0.9, 0.9),
    **dict.fromkeys(("lgamma", "polygamma"), (0.5, 3.0)),
}


def one(**attrs):
    return shapes.map(lambda s: ([s], attrs))


@st.composite
def reduction(draw):
    shape = draw(with_axes)
    return [shape], {"dim": draw(axes_of(len(shape))), "keepdim": draw(st.booleans())}


@st.composite
def along(draw):
    shape = draw(with_axes)
    return [shape], {"dim": draw(st.integers(0, len(shape) - 1))}


@st.composite
def powers(draw):
    return [draw(shapes)], {"exponent": draw(st.sampled_from([0, 1, 2, 3, 4, 0.5, -1, -0.5, 1.7]))}


@st.composite
def clamps(draw):
    low, high = draw(st.sampled_from([(-1.0, 0.5), (0.1, None), (None, 0.3)]))
    return [draw(shapes)], {"low": low, "high": high}


@st.composite
def products(draw):
    n, m, k = draw(small), draw(small), draw(small)
    lead = draw(broadcasting())
    if draw(st.booleans()):
        lead = [(), ()]
    return [(*lead[0], n, m), (*lead[1], m, k)], {}


@st.composite
def linears(draw):
    n, m, k = draw(small), draw(small), draw(small)
    return [(*draw(st.lists(small, max_size=1)), n, m), (k, m), (k,)], {}


@st.composite
def choices(draw):
    rows, classes = draw(small), draw(small)
    labels = np.array(draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows)))
    return [(rows, classes), labels], {}


@st.composite
def places(draw):
    inputs, _ = draw(choices())
    return [(inputs[0][0],), inputs[1]], {"classes": inputs[0][1]}


@st.composite
def picks(draw):
    shape = draw(with_axes)
    axis = draw(st.integers(0, len(shape) - 1))
    count = draw(st.integers(0, 4))
    index = np.array(draw(st.lists(st.integers(-shape[axis], shape[axis] - 1), min_size=count, max_size=count)), int)
    return [shape, index], {"at": (slice(None),) * axis + ([0],)}


@st.composite
def lookups(draw):
    entries, size = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    shape = draw(st.sampled_from([(0,), (3,), (2, 2)]))
    count = int(np.prod(shape))
    at = draw(st.lists(st.integers(0, entries - 1), min_size=count, max_size=count))
    return [(entries, size), np.array(at, int).reshape(shape)], {}


@st.composite
def unpicks(draw):
    (shape, index), attrs = draw(picks())
    axis = len(attrs["at"]) - 1
    return [(*shape[:axis], len(index), *shape[axis + 1 :]), index], {**attrs, "shape": shape}


@st.composite
def windows(draw):
    shape = draw(with_axes)
    parts = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        start = draw(st.integers(0, n - 1))
        part = slice(start, draw(st.integers(start + 1, n)), draw(st.integers(1, 2)))
        parts.append(draw(st.sampled_from([start, part])))
    if draw(st.booleans()):
        parts.append(...)
    if draw(st.booleans()):
        parts.insert(0, None)
    return [shape], {"index": tuple(parts)}


@st.composite
def slides(draw):
    shape = draw(st.tuples(st.integers(1, 3), st.integers(2, 5)))
    dim = draw(st.integers(0, 1))
    return [shape], {"dim": dim, "size": draw(st.integers(1, shape[dim])), "step": draw(st.integers(1, 3))}


@st.composite
def put_windows(draw):
    (shape,), attrs = draw(windows())
    return [np.zeros(shape)[attrs["index"]].shape], {**attrs, "shape": shape}


@st.composite
def gathers(draw):
    (shape,), attrs = draw(along())
    dim = attrs["dim"]
    wanted = tuple(draw(st.integers(1, n + (2 if i == dim else 0))) for i, n in enumerate(shape))
    index = np.random.default_rng(draw(seeds)).integers(0, shape[dim], wanted)
    return [shape, index], attrs


@st.composite
def scatters(draw):
    (shape, index), attrs = draw(gathers())
    return [index.shape, index], {**attrs, "shape": shape}


@st.composite
def sums_to(draw):
    whole = draw(with_axes)
    kept = whole[draw(st.integers(0, len(whole))) :]
    return [whole], {"shape": tuple(1 if draw(st.booleans()) else n for n in kept)}


@st.composite
def expands(draw):
    (whole,), attrs = draw(sums_to())
    return [attrs["shape"]], {"shape": whole}


@st.composite
def reshapes(draw):
    shape = draw(shapes)
    to = draw(st.sampled_from([shape[::-1], (-1,), (1, *shape), (int(np.prod(shape)), 1)]))
    return [shape], {"shape": to}


@st.composite
def permutations(draw):
    shape = draw(shapes)
    return [shape], {"dims": tuple(draw(st.permutations(range(len(shape)))))}


@st.composite
def flips(draw):
    shape = draw(shapes)
    return [shape], {"dims": draw(axes_of(len(shape)))}


@st.composite
def joins(draw):
    shape = draw(with_axes)
    dim = draw(st.integers(0, len(shape) - 1))
    return [(*shape[:dim], draw(small), *shape[dim + 1 :]) for _ in range(draw(small))], {"dim": dim}


@st.composite
def paddings(draw):
    shape = draw(with_axes)
    return [shape], {"widths": tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in shape), "value": 0.5}


@st.composite
def unfolds(draw):
    size, stride, dilation = ((draw(st.integers(1, 2)), draw(st.integers(1, 2))) for _ in range(3))
    extent = [(k - 1) * d + 1 + draw(st.integers(0, 2)) for k, d in zip(size, dilation, strict=True)]
    return [(draw(st.integers(1, 2)), 1, *extent)], {"size": size, "stride": stride, "dilation": dilation}


@st.composite
def folds(draw):
    (shape,), attrs = draw(unfolds())
    made = apply(OPS["unfold"], wrap(np.zeros(shape)), **attrs)
    return [tuple(made.shape)], {**attrs, "shape": shape}


@st.composite
def wheres(draw):
    a, b = draw(broadcasting())
    mask = np.asarray(np.random.default_rng(draw(seeds)).random(np.broadcast_shapes(a, b)) < 0.5)
    return [mask, a, b], {}


@st.composite
def scatter_reductions(draw):
    """Numbers sent along one axis, several to a place, some places without any."""
    rows, length, sent = draw(small), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    index = np.random.default_rng(draw(seeds)).integers(0, length, (rows, sent))
    attrs = {"reduce": draw(st.sampled_from(["prod", "amax", "amin"])), "include_self": draw(st.booleans())}
    return [(rows, length), (rows, sent), index], {"dim": 1, **attrs}


@st.composite
def strides(draw):
    """Steps over a line of numbers: windows that overlap, gaps, a number repeated."""
    size = tuple(draw(st.lists(small, min_size=0, max_size=3)))
    stride = tuple(draw(st.integers(0, 3)) for _ in size)
    start = draw(st.integers(0, 2))
    length = start + 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + draw(st.integers(0, 2))
    return [(length,)], {"size": size, "stride": stride, "start": start}


@st.composite
def diagonals(draw):
    return [tuple(draw(st.lists(small, min_size=2, max_size=3)))], {"offset": draw(st.integers(-3, 3))}


@st.composite
def same(draw):
    shape = draw(shapes)
    return [shape, shape], {}


INPUTS = {
    "power": powers(),
    "clamp": clamps(),
    "cast": one(dtype=np.dtype("float64")),
    "gelu": st.tuples(shapes, st.sampled_from(["none", "tanh"])).map(lambda s: ([s[0]], {"approximate": s[1]})),
    "polygamma": st.tuples(shapes, st.integers(0, 3)).map(lambda s: ([s[0]], {"order": s[1]})),
    "where": wheres(),
    "pass_where_positive": same(),
    "bce": same(),
    **dict.fromkeys(("sum", "mean", "amax", "amin", "norm", "logsumexp"), reduction()),
    **dict.fromkeys(("cumsum", "softmax", "log_softmax"), along()),
    "sum_to": sums_to(),
    "matmul": products(),
    "linear": linears(),
    "choose": choices(),
    "place": places(),
    "pick": picks(),
    "embedding": lookups(),
    "unpick": unpicks(),
    "window": windows(),
    "put_window": put_windows(),
    "slide": slides(),
    "gather": gathers(),
    "scatter_add": scatters(),
    "scatter_reduce": scatter_reductions(),
    "strided": strides(),
    "diagonal": diagonals(),
    "reshape": reshapes(),
    "permute": permutations(),
    "expand": expands(),
    "flip": flips(),
    "concat": joins(),
    "pad": paddings(),
    "unfold": unfolds(),
    "fold": folds(),
}


def _strategy(op: Op):
    if op.name in INPUTS:
        return INPUTS[op.name]
    if op.elementwise and not op.samples[0].attrs:
        return broadcasting().map(lambda s: (s, {})) if len(op.samples[0].inputs) == 2 else one()
    return None


CORE = [op for op in OPS.values() if op.vjp and op.samples]
COVERED = [pytest.param(op, id=op.name) for op in CORE if _strategy(op) is not None]
OF_OTHER_ROOMS = {op.name for op in CORE if "nn" in getattr(op.run, "__module__", "")}  # tested where they are at home


def test_every_row_with_a_rule_is_covered():
    assert {op.name for op in CORE if _strategy(op) is None} <= OF_OTHER_ROOMS


class Drawn:
    """One row applied to random inputs: its float inputs, and how to compute it from them."""

    def __init__(self, op, inputs, attrs, seed):
        self.op, self.attrs = op, attrs
        low, high = DOMAINS.get(op.name, (-2.0, 2.0))
        self.arrays = [
            i if isinstance(i, np.ndarray) else numbers(i, seed + k, low, high) for k, i in enumerate(inputs)
        ]
        if op.name in ("maximum", "minimum", "clamp"):  # no ties, not even nearly
            self.arrays = [np.round(a, 1) + 0.05 * (k + 0.5) for k, a in enumerate(self.arrays)]
        if len(self.arrays) == 2 and op.name in ("remainder", "fmod", "floor_divide"):
            self.arrays[1] = self.arrays[1] * 0.1 + 2.2  # no whole quotients
        self.at = [i for i, a in enumerate(self.arrays) if a.dtype.kind == "f" and op.rule(i) is not None]
        self.rng = np.random.default_rng(seed)

    def leaves(self):
        return [wrap(a.copy()).requires_grad_() if i in self.at else wrap(a) for i, a in enumerate(self.arrays)]

    def value(self, *xs):
        return apply(self.op, *xs, **self.attrs)

    def slopes(self, g, f=None):
        """The gradients of sum(g f(x)); f is the row itself unless told."""
        xs = self.leaves()
        y = (f or self.value)(*xs)
        found = torch.autograd.grad(y, [xs[i] for i in self.at], wrap(np.asarray(g)), allow_unused=True)
        return [np.zeros(xs[i].shape) if s is None else s.numpy() for i, s in zip(self.at, found, strict=True)]

    def gradient(self):
        """A random gradient of the result."""
        return self.rng.normal(size=self.value(*self.leaves()).shape)

    def difference(self, g, i, eps=1e-6):
        """d sum(g f(x)) / d x_i along a random direction, by a central difference of fourth order."""
        v = self.rng.normal(size=self.arrays[i].shape)

        def total(t):
            xs = [wrap(a + t * v if k == i else a) for k, a in enumerate(self.arrays)]
            return float((g * self.value(*xs).array).sum())

        step = eps * 100
        slope = (8 * (total(step) - total(-step)) - (total(2 * step) - total(-2 * step))) / (12 * step)
        return v, slope


@pytest.mark.parametrize("op", COVERED)
def test_rules_agree_with_differences(op):
    @QUICK
    @given(_strategy(op), seeds)
    def holds(inputs, seed):
        drawn = Drawn(op, *inputs, seed)
        g = drawn.gradient()
        for i, s in zip(drawn.at, drawn.slopes(g), strict=True):
            v, slope = drawn.difference(g, i)
            scale = 1.0 + np.abs(s * v).sum() + np.abs(g).sum()
            assert abs(float((s * v).sum()) - slope) <= 1e-6 * scale

    holds()


@pytest.mark.parametrize("op", COVERED)
def test_rules_are_linear_in_the_gradient(op):
    @settings(QUICK, max_examples=CASES // 4)
    @given(_strategy(op), seeds, st.floats(-3, 3), st.floats(-3, 3))
    def holds(inputs, seed, a, b):
        drawn = Drawn(op, *inputs, seed)
        g, h = drawn.gradient(), drawn.gradient()
        for s, t, both in zip(drawn.slopes(g), drawn.slopes(h), drawn.slopes(a * g + b * h), strict=True):
            np.testing.assert_allclose(both, a * s + b * t, rtol=1e-9, atol=1e-9)

    holds()


@pytest.mark.parametrize("op", COVERED)
def test_gradients_of_a_result_used_twice_add_up(op):
    @settings(QUICK, max_examples=CASES // 4)
    @given(_strategy(op), seeds)
    def holds(inputs, seed):
        drawn = Drawn(op, *inputs, seed)
        g, h = drawn.gradient(), drawn.gradient()

        def twice(*xs):
            y = drawn.value(*xs)
            return y * wrap(np.asarray(g)) + y * wrap(np.asarray(h))

        for s, both in zip(drawn.slopes(g + h), drawn.slopes(np.ones_like(g), twice), strict=True):
            np.testing.assert_allclose(both, s, rtol=1e-9, atol=1e-9)

    holds()


def _through_views(x):
    """The same numbers, after a turn, a reshape, a cut and a join."""
    y = x.reshape(-1)
    y = torch.cat([y[:1], y[1:]]) if y.numel() > 1 else y
    y = y.unsqueeze(0).expand(2, -1)[1].flip(0).flip(0)
    return y.reshape(x.shape).permute(*range(x.dim())[::-1]).permute(*range(x.dim())[::-1])


@pytest.mark.parametrize("op", COVERED)
def test_views_on_the_way_change_nothing(op):
    @settings(QUICK, max_examples=CASES // 4)
    @given(_strategy(op), seeds)
    def holds(inputs, seed):
        drawn = Drawn(op, *inputs, seed)
        g = drawn.gradient()

        def roundabout(*xs):
            return _through_views(drawn.value(*[_through_views(x) if x.requires_grad else x for x in xs]))

        for s, t in zip(drawn.slopes(g), drawn.slopes(g, roundabout), strict=True):
            np.testing.assert_allclose(t, s, rtol=1e-9, atol=1e-12)

    holds()


@settings(QUICK, max_examples=60)
@given(
    st.lists(st.sampled_from(["tanh", "sin", "exp", "square", "sigmoid", "softplus"]), min_size=2, max_size=4), seeds
)
def test_the_chain_rule(names, seed):
    """The slope of a composition is the product of the slopes, taken one after the other."""
    x = torch.tensor(numbers((3,), seed, -1.0, 1.0), requires_grad=True)
    y, product = x, np.ones(3)
    for name in names:
        inner = y.detach().requires_grad_()
        outer = apply(OPS[name], inner)
        product = product * torch.autograd.grad(outer.sum(), inner)[0].numpy()
        y = apply(OPS[name], y)
    np.testing.assert_allclose(torch.autograd.grad(y.sum(), x)[0].numpy(), product, rtol=1e-12)


@settings(QUICK, max_examples=60)
@given(shapes, seeds)
def test_second_derivatives_are_symmetric(shape, seed):
    """d^2 f / dx dy = d^2 f / dy dx, along random directions."""
    x, y = (torch.tensor(numbers(shape, seed + k, -1.0, 1.0), requires_grad=True) for k in range(2))
    u, v = (wrap(np.asarray(np.random.default_rng(seed + k).normal(size=shape))) for k in range(2))
    f = (torch.tanh(x * y) + torch.exp(x) * torch.sin(y)).sum()
    dx, dy = torch.autograd.grad(f, [x, y], create_graph=True)
    (xy,) = torch.autograd.grad((dx * u).sum(), y, retain_graph=True)
    (yx,) = torch.autograd.grad((dy * v).sum(), x)
    np.testing.assert_allclose((xy * v).sum().item(), (yx * u).sum().item(), rtol=1e-9, atol=1e-12)


@settings(QUICK, max_examples=60)
@given(broadcasting(), seeds)
def test_broadcast_gradients_add_up(pair, seed):
    """A broadcast sum equals the sum of explicit copies, in value and in gradient."""
    a, b = (torch.tensor(numbers(s, seed + k), requires_grad=True) for k, s in enumerate(pair))
    full = np.broadcast_shapes(*pair)
    wide = [torch.tensor(np.broadcast_to(t.detach().numpy(), full).copy(), requires_grad=True) for t in (a, b)]
    (torch.sin(a) * b).sum().backward()
    (torch.sin(wide[0]) * wide[1]).sum().backward()
    for t, w in zip((a, b), wide, strict=True):
        g = w.grad.numpy()
        g = g.sum(axis=tuple(range(g.ndim - t.dim())))
        g = g.sum(axis=tuple(i for i, n in enumerate(t.shape) if n == 1), keepdims=True)
        np.testing.assert_allclose(t.grad.numpy(), g, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("op", [p for p in COVERED if p.values[0].samples])
def test_drawn_cases_are_many(op):
    """The strategies do reach different shapes: a test of the tests."""
    seen = set()

    @settings(QUICK, max_examples=40)
    @given(_strategy(op))
    def look(inputs):
        seen.add(str([i if isinstance(i, tuple) else i.shape for i in inputs[0]]) + str(inputs[1]))

    look()
    assert len(list(itertools.islice(seen, 6))) == 6
