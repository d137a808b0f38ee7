"""Every row of the table of primitives: words, values, derivatives, replay."""

import itertools
import re

import numpy as np
import pytest

import glassnet as torch
from glassnet.core.ops import OPS, Op, Sample, sample
from glassnet.core.tensor import apply, wrap

WITHOUT_SAMPLES = {  # rows that the other tests of this directory look after
    "assign": "changes its first input",
    "full": "has no inputs",
    "random": "has no inputs",
}

# Replay spells these with another NumPy call than eager, so that the last bits may differ: within 1e-6 they may not.
OTHER_CALLS = {
    "sum": "a sum of few numbers is a product with ones",
    "mean": "a mean of few numbers is a product with ones, each divided by their count beforehand",
    "sum_to": "a sum over the batch is a product with ones",
    "linear": "a tall result is made column by column, as the product of the transposes",
    "matmul": "a tall result is made column by column, as the product of the transposes",
    "log_softmax": "a tall result is made column by column, so its rows are added up in another order",
    "softmax": "a tall result is made column by column, so its rows are added up in another order",
}

TALL = {  # enough rows for replay to store the result column by column, which the samples of the table have not
    "add": sample((100, 5), (5,)),
    "mul": sample((100, 5), (100, 1)),
    "relu": sample((80, 3)),
    "sigmoid": sample((80, 3)),
    "softplus": sample((80, 3)),
    "pass_where_positive": sample((80, 3), (80, 3)),
    "clamp": Sample(((80, 3),), -2, 2, {"low": -1.0, "high": 0.5}),
    "linear": sample((100, 3), (4, 3), (4,)),
    "matmul": sample((100, 3), (3, 4)),
    "softmax": sample((80, 4), dim=1),
    "log_softmax": sample((80, 4), dim=1),
    "choose": sample((80, 3), [0, 2, 1, 2] * 20),
    "place": sample((80,), [0, 2, 1, 2] * 20, classes=3),
    "sum": sample((80, 4), dim=(0,), keepdim=False),
    "amax": sample((80, 4), dim=(1,), keepdim=False),
    "concat": sample((80, 1), (80, 2), dim=1),
    "pick": sample((80, 3), [0, 79, 79], at=([0],)),
    "window": sample((80, 3), index=(slice(2, 70), slice(0, 2))),
}


def _cases():
    for name, op in OPS.items():
        for i, s in enumerate([*op.samples, *([TALL[name]] if name in TALL else [])]):
            yield pytest.param(op, s, id=f"{name}-{i}")


CASES = list(_cases())


def draw(s: Sample, seed: int = 0, dtype: str = "float64") -> list[np.ndarray]:
    """Fresh arrays for a sample."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(s.low, s.high, i).astype(dtype) if isinstance(i, tuple) else i for i in s.inputs]


def differentiable(op: Op, arrays: list[np.ndarray]) -> list[int]:
    """The inputs that gradients flow to."""
    return [i for i, a in enumerate(arrays) if a.dtype.kind == "f" and op.vjp and op.rule(i) is not None]


def leaves(op: Op, arrays: list[np.ndarray]) -> list[torch.Tensor]:
    at = differentiable(op, arrays)
    return [wrap(a.copy()).requires_grad_() if i in at else wrap(a) for i, a in enumerate(arrays)]


def bits(a: np.ndarray) -> tuple[tuple[int, ...], str, bytes]:
    """Everything that two arrays must have in common to be the same to the last bit, wherever they are stored."""
    return a.shape, a.dtype.char, a.tobytes()


def slopes(op: Op, s: Sample, arrays: list[np.ndarray], g: np.ndarray | None = None) -> list[torch.Tensor]:
    """The result, and the gradient of each input that has one."""
    xs = leaves(op, arrays)
    y = apply(op, *xs, **s.attrs)
    wanted = [xs[i] for i in differentiable(op, arrays)]
    if not wanted or not y.requires_grad:
        return [y]
    seed = wrap(np.ones(y.shape, y.array.dtype) if g is None else g)
    return [y, *torch.autograd.grad(y, wanted, seed)]


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in OPS.items()])
def test_words_and_latex_render(op):
    attrs = op.samples[0].attrs if op.samples else {"value": 1.0}
    names = [f"name{i}" for i in range(6)]
    for template in (op.say, op.tex):
        text = template.format(*names, **attrs)
        assert text.strip()
        assert text.count("{") == text.count("}")
    arity = len(op.samples[0].inputs) if op.samples else 0
    for i in range(min(arity, 1)):
        assert f"name{i}" in op.say.format(*names, **attrs)
        assert f"name{i}" in op.tex.format(*names, **attrs)


def test_every_row_has_samples():
    assert {name for name, op in OPS.items() if not op.samples} == set(WITHOUT_SAMPLES)


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in OPS.items()])
def test_a_row_has_a_rule_for_every_input(op):
    for s in op.samples:
        if isinstance(op.vjp, tuple) and op.vjp:
            assert len(op.vjp) >= len(s.inputs)


@pytest.mark.parametrize(("op", "s"), CASES)
def test_run_writes_where_it_is_told(op, s):
    arrays = draw(s)
    expected = np.asarray(op.run(*arrays, **s.attrs))
    if op.view:
        return
    code = getattr(op.run, "__code__", None)
    if code is not None and "out" not in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        assert op.name in ("argsort", "flip", "one_hot")  # replay makes these and copies them
        return
    out = np.full(expected.shape, 7, expected.dtype)
    op.run(*arrays, out=out, **s.attrs)
    assert bits(out) == bits(expected)


@pytest.mark.parametrize(("op", "s"), [c for c in CASES if c.values[0].elementwise])
def test_elementwise_rows_may_work_in_place(op, s):
    """Replay makes x = f(x, y) in the memory of x, and y = f(x, y) in that of y."""
    arrays = draw(s)
    expected = np.asarray(op.run(*arrays, **s.attrs))
    for i, a in enumerate(arrays):
        if (expected.shape, expected.dtype) == (a.shape, a.dtype):
            reads = [a.copy() for a in arrays]
            op.run(*reads, out=reads[i], **s.attrs)
            assert bits(reads[i]) == bits(expected)
            reads = [a.copy() for a in arrays]
            for function, args, out in (op.lower and op.lower(reads[i], *reads, **s.attrs)) or ():
                function(*args) if out is None else function(*args, out=out)
            assert op.lower is None or bits(reads[i]) == bits(expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("op", "s"), CASES)
def test_replay_gives_the_same_bits_for_values(op, s, dtype):
    step = torch.compile(lambda *xs: apply(op, *xs, **s.attrs))
    for seed in range(5):
        arrays = draw(s, seed, dtype)
        expected = apply(op, *[wrap(a) for a in arrays], **s.attrs).array
        found = step(*[wrap(a) for a in arrays]).array
        _alike(op, found, expected, step)
    assert step.replays >= 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("op", "s"), [c for c in CASES if differentiable(c.values[0], draw(c.values[1]))])
def test_replay_gives_the_same_bits_for_gradients(op, s, dtype):
    xs = leaves(op, draw(s, 0, dtype))
    at = differentiable(op, draw(s, 0, dtype))

    def step(g):
        for i in at:
            xs[i].grad = None
        y = apply(op, *xs, **s.attrs)
        if y.requires_grad:
            y.backward(g)
        return y

    replayed = torch.compile(step)
    shape = apply(op, *xs, **s.attrs).shape
    for seed in range(5):
        arrays = draw(s, seed, dtype)
        g = np.random.default_rng(100 + seed).normal(size=shape).astype(apply(op, *xs, **s.attrs).array.dtype)
        for x, a in zip(xs, arrays, strict=True):
            x.array[...] = a
        expected = [t.array for t in slopes(op, s, arrays, g)]
        y = replayed(wrap(g))
        for found, right in zip([y, *[xs[i].grad for i in at]], expected, strict=True):
            _alike(op, found.array, right, replayed)
    assert replayed.replays >= 3


def _alike(op: Op, found: np.ndarray, expected: np.ndarray, step) -> None:
    """The same bits, or nearly the same numbers where replay makes another NumPy call."""
    over_batch = re.search(r"\bones\w*\.dot\(", step.source) if step.replays else None  # adds a gradient up over it
    if step.replays and (op.name in OTHER_CALLS or over_batch):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    else:
        assert bits(found) == bits(expected)


@pytest.mark.parametrize(("op", "s"), CASES)
def test_gradients_to_second_order(op, s):
    arrays = draw(s, 3)
    xs = leaves(op, arrays)
    y = apply(op, *xs, **s.attrs)
    if not y.requires_grad or y.numel() > 100:
        assert not y.requires_grad or op.name in TALL
        return

    def f(*inputs):
        return apply(op, *inputs, **s.attrs)

    if y.array.dtype == np.float64:
        assert torch.autograd.gradcheck(f, xs, eps=1e-5, atol=1e-8, rtol=1e-6)
        assert torch.autograd.gradgradcheck(f, xs, eps=1e-5, atol=1e-7, rtol=1e-5)


@pytest.mark.parametrize(("op", "s"), CASES)
def test_float32_gradients_keep_shape_and_dtype(op, s):
    if op.name == "cast":
        return  # changing the dtype is what it is for; see test_dtypes.py
    arrays = draw(s, 1, "float32")
    y, *gs = slopes(op, s, arrays)
    assert y.array.dtype != np.float64
    for i, g in zip(differentiable(op, arrays), gs, strict=bool(gs)):
        assert g.array.dtype == np.float32
        assert g.array.shape == arrays[i].shape


@pytest.mark.parametrize(("op", "s"), CASES)
def test_layout_of_the_inputs_does_not_matter(op, s):
    arrays = draw(s, 2)
    y, *gs = slopes(op, s, arrays)
    for other in (np.asfortranarray, _strided, _backward):
        z, *hs = slopes_of_layout(op, s, [other(a) for a in arrays])
        for a, b in zip([y, *gs], [z, *hs], strict=True):
            np.testing.assert_allclose(b.array, a.array, rtol=1e-13, atol=1e-14)


def slopes_of_layout(op, s, arrays):
    """As `slopes`, without the copies that would straighten the memory out."""
    at = differentiable(op, arrays)
    xs = [wrap(a).requires_grad_() if i in at else wrap(a) for i, a in enumerate(arrays)]
    y = apply(op, *xs, **s.attrs)
    if not at or not y.requires_grad:
        return [y]
    return [y, *torch.autograd.grad(y, [xs[i] for i in at], wrap(np.ones(y.shape, y.array.dtype)))]


def _strided(a: np.ndarray) -> np.ndarray:
    """The same numbers, every second place of a wider array."""
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


def _backward(a: np.ndarray) -> np.ndarray:
    """The same numbers, stored from the last to the first."""
    return a[::-1].copy()[::-1]


SHAPES = [(), (1,), (4,), (3, 1), (1, 4), (3, 4), (2, 3, 4), (2, 1, 1)]
PAIRS = [op for op in OPS.values() if isinstance(op.run, np.ufunc) and op.run.nin == 2]


@pytest.mark.parametrize("op", [pytest.param(op, id=op.name) for op in PAIRS])
def test_broadcasting(op):
    s = op.samples[0]
    whole = isinstance(s.inputs[0], np.ndarray)
    rng = np.random.default_rng(5)
    for sa, sb in itertools.product(SHAPES, SHAPES):
        a, b = (rng.uniform(s.low, s.high, n) if not whole else rng.integers(0, 9, n) for n in (sa, sb))
        y = apply(op, wrap(np.asarray(a)), wrap(np.asarray(b)))
        full = np.broadcast_shapes(sa, sb)
        wide = op.run(np.broadcast_to(a, full).copy(), np.broadcast_to(b, full).copy())
        assert bits(y.array) == bits(np.asarray(wide))
        if not op.vjp:
            continue
        _, ga, gb = slopes(op, s, [np.asarray(a), np.asarray(b)])
        _, wa, wb = slopes(op, s, [np.broadcast_to(a, full).copy(), np.broadcast_to(b, full).copy()])
        for g, w, shape in ((ga, wa, sa), (gb, wb, sb)):
            assert g.shape == shape
            np.testing.assert_allclose(g.array, _added_up(w.array, shape), rtol=1e-12, atol=1e-14)


def _added_up(a: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    lead = a.sum(axis=tuple(range(a.ndim - len(shape))))
    return lead.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
@pytest.mark.parametrize("op", [pytest.param(op, id=op.name) for op in OPS.values() if op.elementwise and op.samples])
def test_nothing_in_nothing_out(op, shape):
    s = op.samples[0]
    kind = s.inputs[0].dtype if isinstance(s.inputs[0], np.ndarray) else np.float64
    y, *gs = slopes(op, s, [np.zeros(shape, kind) for _ in s.inputs])
    assert y.shape == shape
    assert all(g.shape == shape for g in gs)


@pytest.mark.parametrize(
    ("name", "attrs", "inputs", "shape", "value"),
    [
        ("sum", {"dim": None, "keepdim": False}, [(0,)], (), 0.0),
        ("sum", {"dim": (0,), "keepdim": False}, [(0, 3)], (3,), 0.0),
        ("sum", {"dim": (1,), "keepdim": True}, [(2, 0)], (2, 1), 0.0),
        ("mean", {"dim": None, "keepdim": False}, [(0,)], (), np.nan),
        ("mean", {"dim": (1,), "keepdim": False}, [(0, 3)], (0,), None),
        ("norm", {"dim": None, "keepdim": False}, [(0,)], (), 0.0),
        ("cumsum", {"dim": 0}, [(0, 2)], (0, 2), None),
        ("any", {"dim": None, "keepdim": False}, [(0,)], (), False),
        ("all", {"dim": None, "keepdim": False}, [(0,)], (), True),
        ("softmax", {"dim": 1}, [(0, 3)], (0, 3), None),
        ("softmax", {"dim": 1}, [(3, 0)], (3, 0), None),
        ("log_softmax", {"dim": 1}, [(0, 3)], (0, 3), None),
        ("log_softmax", {"dim": 1}, [(3, 0)], (3, 0), None),
        ("logsumexp", {"dim": (1,), "keepdim": False}, [(0, 3)], (0,), None),
        ("logsumexp", {"dim": (1,), "keepdim": False}, [(3, 0)], (3,), -np.inf),
        ("matmul", {}, [(0, 3), (3, 2)], (0, 2), None),
        ("matmul", {}, [(2, 0), (0, 3)], (2, 3), 0.0),
        ("linear", {}, [(0, 3), (2, 3), (2,)], (0, 2), None),
        ("linear", {}, [(4, 0), (2, 0), (2,)], (4, 2), 0.0),
        ("concat", {"dim": 0}, [(0, 3), (2, 3)], (2, 3), 0.0),
        ("reshape", {"shape": (3, 0)}, [(0, 2)], (3, 0), None),
    ],
)
def test_empty_reductions_and_products(name, attrs, inputs, shape, value):
    op = OPS[name]
    y, *gs = slopes(op, Sample(tuple(inputs), 0, 1, attrs), [np.zeros(i) for i in inputs])
    assert y.shape == shape
    if value is not None:
        np.testing.assert_array_equal(y.array, np.full(shape, value))
    assert [g.shape for g in gs] == inputs[: len(gs)]


@pytest.mark.parametrize("name", ["amax", "amin", "argmax", "argmin"])
def test_nothing_has_no_extreme(name):
    attrs = {"dim": None, "keepdim": False}
    with pytest.raises(torch.errors.ShapeError, match=r"got shape \(0,\).*; expected .*\. Try "):
        apply(OPS[name], wrap(np.zeros(0)), **attrs)


def test_full_and_random_replay():
    def step(x):
        a = x * 2
        return a + torch.ones(3) * 0.5, torch.rand(3), torch.zeros(2, 2)

    replayed = torch.compile(step)
    torch.manual_seed(3)
    eager = [[t.array for t in step(wrap(np.arange(3.0) + k))] for k in range(5)]
    torch.manual_seed(3)
    for k in range(5):
        for found, expected in zip(replayed(wrap(np.arange(3.0) + k)), eager[k], strict=True):
            assert bits(found.array) == bits(expected)
    assert replayed.replays >= 3


def test_names_of_gradient_functions():
    x = torch.ones(2, requires_grad=True)
    assert (x * 2).grad_fn.name() == "MulBackward0"
    assert repr(torch.log_softmax(x, 0).grad_fn).startswith("<LogSoftmaxBackward0 object at 0x")


@pytest.mark.parametrize("op", [pytest.param(op, id=op.name) for op in OPS.values() if op.elementwise and op.samples])
def test_single_numbers(op):
    """A 0-d array is one number: the same as an array with one entry."""
    for s in op.samples:
        arrays = draw(Sample(tuple((1,) if isinstance(i, tuple) else i[:1] for i in s.inputs), *s[1:]))
        y, *gs = slopes(op, s, arrays)
        z, *hs = slopes(op, s, [a.reshape(()) for a in arrays])
        for one, number in zip([y, *gs], [z, *hs], strict=True):
            assert number.shape == ()
            assert bits(number.array.reshape(1)) == bits(one.array)


@pytest.mark.parametrize(
    ("op", "s"),
    [
        *CASES,
        pytest.param(OPS["unfold"], sample((1, 1, 2, 2), size=(1, 1), stride=(1, 1), dilation=(1, 1)), id="unfold-1x1"),
        pytest.param(OPS["sum_to"], sample((2, 2), shape=(2, 2)), id="sum_to-same"),
        pytest.param(OPS["concat"], sample((2, 2), dim=0), id="concat-one"),
        pytest.param(OPS["clamp"], Sample(((3,),), -1, 1, {"low": None, "high": None}), id="clamp-nothing"),
        pytest.param(OPS["cast"], sample((3,), dtype=np.dtype("float64")), id="cast-same"),
        pytest.param(OPS["pad"], sample((2, 2), widths=((0, 0), (0, 0)), value=0.0), id="pad-nothing"),
        pytest.param(OPS["flip"], sample((2, 2), dims=()), id="flip-nothing"),
    ],
)
def test_only_views_share_memory(op, s):
    arrays = draw(s)
    y = apply(op, *[wrap(a) for a in arrays], **s.attrs)
    shared = [np.may_share_memory(y.array, a) for a in arrays]
    assert any(shared) is op.view
    assert not op.view or shared[0]
