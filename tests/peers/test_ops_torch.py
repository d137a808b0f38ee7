"""Every function and method of tensors beside live PyTorch: values, dtypes, shapes and gradients.

A case is an expression that both libraries evaluate, so that the table below reads as their users write.
"""

import ast
import inspect
import warnings

import numpy as np
import pytest
import torch

import glassnet

pytestmark = pytest.mark.peers

TOLERANCES = {"float32": {"rtol": 1e-5, "atol": 2e-6}, "float64": {"rtol": 1e-12, "atol": 1e-13}}


def numbers(kind):
    """The names that expressions may use: arrays of floats get gradients, the rest have none."""
    rng = np.random.default_rng(3)
    floats = {
        "x": rng.uniform(-2, 2, (3, 4)),
        "y": rng.uniform(-2, 2, (3, 4)),
        "r": rng.uniform(-2, 2, 4),  # a row
        "o": rng.uniform(-2, 2, (3, 1)),  # a column
        "p": rng.uniform(0.3, 2, (3, 4)),  # positive
        "q": rng.uniform(0.3, 2, (3, 4)),
        "u": rng.uniform(-0.9, 0.9, (3, 4)),
        "s": rng.uniform(-2, 2, (4, 4)),  # a square
        "c": rng.uniform(-2, 2, (2, 3, 4)),  # two matrices
        "d": rng.uniform(-2, 2, (2, 4, 3)),
        "z": rng.uniform(1, 2, ()),  # a single number
        "f": np.array([-2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5]),  # halves
        "h": np.array([[0.0, 3.0, 0.0], [0.0, 0.0, -2.0]]),  # zeros among factors
        "e": np.zeros((0, 4)),
    }
    whole = {
        "i": rng.integers(-5, 6, (3, 4)),
        "l": rng.integers(1, 6, (3, 4)),
        "j": rng.integers(0, 3, (2, 4)),  # places along the first axis
        "k": np.array([2, 0, 2]),  # places, one of them twice
        "g": rng.permutation(12).reshape(3, 4).astype(np.int32),
        "t": np.array([[200, 3], [7, 255]], np.uint8),
        "b": rng.random((3, 4)) < 0.5,
        "a": rng.random((3, 4)) < 0.5,
    }
    special = {"n": np.array([np.nan, np.inf, -np.inf, 0.0, -1.0, 2.0])}
    return {name: v.astype(kind) for name, v in (floats | special).items()}, whole


ARITHMETIC = """
torch.add(x, y); torch.add(x, r, alpha=2); torch.add(x, 3); x + o; 2 + x; x.add(y, alpha=0.5); x + x; torch.sub(x, y)
torch.subtract(x, y); torch.sub(x, r, alpha=3); x - o; 1 - x; x.sub(2.5); x.subtract(r); torch.rsub(x, y)
torch.mul(x, y); torch.multiply(x, o); x * r; 3 * x; x.mul(-2); x.multiply(y); o * r; c * x; x * z; torch.div(x, p)
torch.divide(x, q); torch.true_divide(x, p); x / p; 1 / p; x / 4; x.div(p); x.divide(q); x.true_divide(p)
torch.div(x, p, rounding_mode="floor"); torch.div(x, p, rounding_mode="trunc"); torch.div(i, l, rounding_mode="trunc")
(x // p).detach()
torch.floor_divide(x, p).detach(); torch.remainder(x, p); x % p; x % 0.7; x.remainder(p)
x.detach().floor_divide(p.detach()); i % 3; i // l; i % l; 7 % l; 7 // l; torch.pow(p, x); torch.pow(x, 2)
torch.pow(x, 3); x ** 2; p ** -1.5; 2 ** x; p.pow(0.5); x.pow(0); p ** y; x ** 1; i ** 2; torch.maximum(x, y)
torch.minimum(x, y); x.maximum(r); x.minimum(o); torch.maximum(x, x); torch.max(x, y); torch.min(x, r)
torch.atan2(x, y); x.atan2(p); torch.lerp(x, y, 0.3); x.lerp(y, p); torch.addcmul(x, y, p, value=0.5); x.addcmul(y, r)
torch.addcdiv(x, y, p, value=0.5); x.addcdiv(y, q); torch.where(b, x, y); torch.where(b, x, 0.0)
torch.where(x > 0, x, x * 0.1); torch.where(b, i, 0); torch.where(b)[0]; torch.where(b, x, r)
torch.masked_fill(x, b, -1.0); x.masked_fill(b, float("-inf")).softmax(1); torch.clamp(x, -1, 1)
torch.clamp(x, min=0.1); torch.clip(x, max=0.5); x.clamp(-0.5, 0.7); x.clip(0, 1); torch.clamp(x, u - 1, u + 1)
x.clamp_min(0.2); x.clamp_max(0.1); torch.clamp(i, -2, 2); torch.clamp(f, -0.5, 1.5); torch.nan_to_num(n)
n.nan_to_num(7.0, 1.0); n.nan_to_num(neginf=-2.0); i.nan_to_num(); -x; torch.neg(x); x.neg(); x.negative(); +x; abs(x)
torch.abs(x); torch.absolute(x); x.abs(); x.absolute(); i.abs(); -i; torch.abs(f); torch.square(x); x.square()
torch.sqrt(p); p.sqrt(); torch.rsqrt(p); p.rsqrt(); torch.reciprocal(p); p.reciprocal(); torch.exp(x); x.exp()
torch.exp2(x); x.exp2(); torch.expm1(x); x.expm1(); torch.log(p); p.log(); torch.log2(p); p.log2(); torch.log10(p)
p.log10(); torch.log1p(p); p.log1p(); torch.sin(x); x.sin(); torch.cos(x); x.cos(); torch.tan(u); u.tan()
torch.asin(u); u.asin(); torch.acos(u); u.acos(); torch.atan(x); x.atan(); x.arctan(); torch.sinh(x); x.sinh()
torch.erfc(x); x.erfc(); torch.erfinv(x / 9); (x / 9).erfinv(); torch.lgamma(p); p.lgamma()
torch.cosh(x); x.cosh(); torch.erf(x); x.erf(); torch.sigmoid(x); x.sigmoid(); torch.tanh(x); x.tanh(); torch.relu(x)
x.relu(); torch.relu(f); torch.sign(f); x.sign(); torch.floor(f); x.floor(); torch.ceil(f); x.ceil(); torch.round(f)
x.round(); torch.trunc(f); x.trunc(); torch.sign(i); torch.relu(i); torch.square(i); torch.celu(x); torch.selu(x)
torch.sqrt(l); torch.exp(i); torch.sin(l); i.sigmoid()
"""

COMPARISONS = """
x == y; x != y; x < r; x <= o; x > 0; x >= 0.5; torch.eq(x, y); torch.ne(x, y); torch.lt(x, y); torch.le(x, y)
torch.gt(x, y); torch.ge(x, y); x.eq(y); x.ne(y); x.lt(0); x.le(0); x.gt(r); x.ge(r); x.greater(y); x.less(y); i == l
i > 2; b == a; i < x; torch.logical_and(a, b); torch.logical_or(a, b); torch.logical_xor(a, b); torch.logical_not(b)
a.logical_and(b); i.logical_not(); a.logical_or(b); a.logical_xor(b); a.logical_not(); a & b; a | b; a ^ b; ~a; i & l
i | l; i ^ l; ~i; torch.isnan(n); torch.isinf(n); torch.isfinite(n); n.isnan(); n.isinf(); n.isfinite(); x.isnan()
torch.isclose(x, x + 1e-7); x.isclose(y); torch.allclose(x, x); x.allclose(y); torch.equal(x, x); x.equal(y)
torch.is_tensor(x); torch.is_tensor(3); torch.numel(x); x.numel(); x.nelement(); x.dim(); x.ndimension(); x.size()
x.size(1); x.is_floating_point(); i.is_floating_point(); x.is_contiguous(); x.T.is_contiguous(); x.stride()
x.T.stride(); x.element_size(); len(x); x.tolist(); z.item(); float(z); int(l[0, 0]); bool(b[0, 0]); x.shape; x.ndim
x.requires_grad; i.requires_grad; x.is_leaf
"""

REDUCTIONS = """
torch.sum(x); x.sum(); x.sum(0); x.sum(1, keepdim=True); x.sum(-1); c.sum((0, 2)); c.sum(dim=(0, -1), keepdim=True)
e.sum(0); e.sum(1); i.sum(); b.sum(); t.sum(); g.sum(1); x.sum(axis=1); x.sum(dtype=torch.float64); b.sum(0); z.sum()
z.sum(0); torch.mean(x); x.mean(); x.mean(0); x.mean(1, keepdim=True); c.mean((0, 2)); i.mean(dtype=torch.float32)
x.mean(axis=0, keepdims=True); torch.var(x); x.var(0); x.var(1, unbiased=False); x.var(1, correction=2, keepdim=True)
x.var(False); torch.std(x); x.std(1); x.std(0, unbiased=False); c.std((0, 1), keepdim=True); torch.prod(x); x.prod(0)
x.prod(1, keepdim=True); h.prod(); h.prod(0); h.prod(1); l.prod(); l.prod(1); b.prod(); g.prod(1); g.cumsum(0)
torch.max(x); x.max(); x.max(0); x.max(1, keepdim=True); i.max(); g.max(1); torch.min(x); x.min(); x.min(0).values
x.min(1, keepdim=True).indices; g.min(0); x.median(); x.median(1); g.median(); s.median(0, keepdim=True)
torch.amax(x); x.amax(1); c.amax((0, 2), keepdim=True); torch.amin(x); x.amin(0); x.amin(-1, keepdim=True); h.amax()
h.amin(1); torch.argmax(x); x.argmax(); x.argmax(0); x.argmax(1, keepdim=True); torch.argmin(x); x.argmin(1)
g.argmax(); g.argmin(0); torch.any(b); b.any(0); b.any(1, keepdim=True); i.any(); x.any(); torch.all(b); b.all(1)
b.all(); (x < 9).all(); e.all(); e.any(); torch.cumsum(x, 0); x.cumsum(-1); i.cumsum(1); b.cumsum(0); torch.norm(x)
x.norm(); x.norm(dim=1); x.norm(1); x.norm(3, dim=0); x.norm(float("inf")); x.norm(float("-inf"), dim=1)
x.detach().norm(0); x.norm(2, 1, True); x.norm(p=1, dim=1, keepdim=True); torch.logsumexp(x, 1)
x.logsumexp(0, keepdim=True); c.logsumexp((0, 2)); torch.softmax(x, 1); x.softmax(0); c.softmax(-1)
torch.log_softmax(x, 1); x.log_softmax(0); c.log_softmax(1); (x * 50).log_softmax(1); (x * 50).softmax(1)
torch.softmax(i, 1, dtype=torch.float32); i.log_softmax(0, dtype=torch.float64); torch.argsort(x)
x.argsort(0, descending=True); torch.sort(x); x.sort(0); x.sort(1, descending=True); g.sort(); torch.topk(x, 2)
x.topk(3, 1, largest=False); x.topk(2, dim=0).indices; g.topk(2); torch.unique(i); i.unique(return_counts=True)
torch.bincount(k); k.bincount(minlength=5); x.trace(); torch.trace(s); s.trace()
"""

PRODUCTS = """
torch.matmul(x, s); x @ s; x @ r; r @ s; r @ r; c @ d; c @ s; x @ d; x.matmul(s); torch.mm(x, s); x.mm(y.T)
torch.mv(x, r); x.mv(r); torch.bmm(c, d); c.bmm(d); torch.dot(r, r * 2); r.dot(r); torch.outer(r, r); r.outer(r)
r.ger(r); i @ l.T; e.T @ e; e @ s; torch.bilinear(x, y, c[:, :1, :].expand(2, 4, 4)); torch.cosine_similarity(x, y)
torch.pairwise_distance(x, y); torch.prelu(x, p[0, :1]); torch.layer_norm(x, (4,)); torch.conv1d(c, d[:, :3, :2])
torch.conv2d(c[None], c[None, :, :2, :2])
"""

LAYOUT = """
torch.reshape(x, (2, 6)); x.reshape(-1); x.reshape(6, -1); x.view(2, 6); x.view(-1, 2); x.view_as(c[0])
x.reshape_as(s[:3]); e.reshape(2, 0); torch.flatten(c); c.flatten(1); c.flatten(0, 1); z.flatten(); torch.squeeze(o)
o.squeeze(1); o.squeeze(0); c[:, :1].squeeze((0, 1)); torch.unsqueeze(x, 0); x.unsqueeze(-1); x.unsqueeze(1)
torch.permute(c, (2, 0, 1)); c.permute(1, 0, 2); c.permute(-1, 0, 1); torch.transpose(x, 0, 1); c.transpose(-1, 1)
c.swapaxes(0, 2); torch.t(x); x.t(); r.t(); x.T; c.mT; x.T.contiguous(); x.T.reshape(-1); o.expand(3, 5)
r.expand(3, -1); r.expand_as(x); torch.broadcast_to(r, (2, 3, 4)); r.broadcast_to((3, 4)); z.expand(2); x.repeat(2, 1)
r.repeat(3); r.repeat(2, 2); x.repeat(1, 0); torch.cat([x, y]); torch.cat((x, y), 1); torch.concat([x, o], dim=-1)
torch.cat([x, i]); torch.cat([e, x]); torch.stack([x, y]); torch.stack((x, y), -1); torch.stack([r, r * 2], dim=1)
torch.split(x, 2); x.split(2, 1); x.split([1, 3], dim=1); torch.chunk(x, 2); x.chunk(3, 1); x.chunk(2, -1)
torch.unbind(x); x.unbind(1); torch.flip(x, (0,)); x.flip(0, 1); x.flip([1]); torch.roll(x, 1); x.roll(2, 1)
x.roll(-1, 0); x.roll((1, 2), (0, 1)); torch.tril(s); s.tril(-1); x.tril(1); torch.triu(s); s.triu(1); c.triu()
torch.diag(r); torch.diag(s); s.diag(1); x.diag(-1); r.diag(-2)
n.tril() if n.ndim > 1 else torch.tril(n.expand(6, 6)); torch.triu(b); torch.tril(i); x[0]; x[-1]; x[:, 1]; x[1:, ::2]
x[..., -1]; x[None]; x[:, None, 1:]; x[k]; x[:, k]; x[k, k]; x[b]; x[x > 0]; x[[0, 2]]; x[k][:, k]; x[b[:, 0]]
c[0, k % 3]; c[:, k % 3, 1:]; x[k.reshape(3, 1), k]; x[1, 2]; x[()]; c[..., k]; c[k % 2, :, k]; i[k]; x[2:1]
x[torch.tensor([True, False, True])]; torch.gather(x, 0, j); x.gather(1, j % 4); torch.index_select(x, 0, k)
x.index_select(1, k); torch.take(x, k); x.take(j); torch.masked_select(x, b); x.masked_select(x > 0); torch.nonzero(b)
i.nonzero(); h.nonzero(); torch.scatter(x, 0, k[None, [0, 1]], y[:1, :2]); x.scatter(0, j[:1], 7.0)
x.scatter(1, k[:, None], y[:, :1]); torch.scatter_add(x, 0, j, y[:2]); x.scatter_add(1, j % 4, y[:2])
x.scatter_reduce(0, j, y[:2], "prod"); x.scatter_reduce(0, j, y[:2], "amax", include_self=False)
x.scatter_reduce(1, j % 4, y[:2], "amin"); torch.scatter_reduce(x, 0, j, y[:2], "mean", include_self=False)
torch.xlogy(x * 0, p); torch.xlogy(x, p)
x.as_strided((2, 2), (1, 2)); torch.as_strided(x, (3, 2), (0, 1), 1); x.as_strided((), (), 2)
"""

IN_PLACE = """
x.clone().add_(y); x.clone().add_(r, alpha=2); x.clone().sub_(y); x.clone().mul_(y); x.clone().div_(p)
p.clone().pow_(2); p.clone().pow_(x); x.clone().neg_(); x.clone().abs_(); x.clone().square_(); p.clone().sqrt_()
x.clone().exp_(); p.clone().log_(); x.clone().sigmoid_(); x.clone().tanh_(); x.clone().relu_()
x.clone().clamp_(-1, 1); x.clone().clip_(max=0); x.clone().floor_(); x.clone().ceil_(); x.clone().round_()
x.clone().trunc_(); p.clone().reciprocal_(); p.clone().rsqrt_(); x.clone().lerp_(y, 0.2); x.clone().addcmul_(y, p)
x.clone().addcdiv_(y, p, value=2); x.clone().masked_fill_(b, 0.5); x.clone().scatter_add_(0, j, y[:2])
x.clone().scatter_(0, j[:1], y[:1]); x.clone().erf_(); x.clone().sin_(); x.clone().cos_(); x.clone().remainder_(p)
x.detach().clone().floor_divide_(p.detach()); n.clone().nan_to_num_(); x.clone().tril_(); x.clone().triu_(1)
i.clone().add_(2); i.clone().mul_(l); x.detach().clone().copy_(r); x.detach().clone().copy_(i)
x.detach().clone().fill_(2.5); x.detach().zero_(); x.clone().index_add_(0, k, y); i.clone().fill_(3)
x.clone().detach_()
"""

KINDS = """
x.float(); x.double(); x.half(); x.long(); x.int(); x.short(); i.byte(); x.bool(); i.float(); i.double(); b.long()
b.float(); t.int(); x.to(torch.float64); x.to("cpu"); i.to(torch.float32); x.to(i); x.type_as(i); i.type_as(x)
x.clone(); x.detach(); x.cpu(); x.contiguous(); i + 1; i + 1.5; b + 1; b + b; b * 2.5; i / 2; i / l; g + i; t + 1
g * 2; i + x; x + b; i * True; t + g[:2, :2]; x + i[0]; i + z; g / 2; b / 2; l ** 0.5; x.new_zeros(2, 3)
x.new_ones((2,)); x.new_full((2, 2), 7); i.new_tensor([1, 2]); x.new_empty(2).shape; i.new_zeros(3); torch.zeros(2, 3)
torch.zeros((2,)); torch.ones(2, dtype=torch.int64); torch.full((2, 3), 1.5); torch.full((2,), 3)
torch.full((2,), True); torch.empty(2, 3).shape; torch.zeros_like(x); torch.ones_like(i); torch.full_like(x, 2)
torch.empty_like(g).dtype; torch.zeros_like(i, dtype=torch.float64); torch.eye(3); torch.eye(2, 4); torch.arange(5)
torch.arange(1, 9, 2); torch.arange(0, 1, 0.1); torch.arange(5.0); torch.arange(3, -3, -2)
torch.arange(1, 2.5, 0.5, dtype=torch.float64); torch.linspace(-1, 1, 7); torch.linspace(0, 1, 1)
torch.linspace(3, -4, 10, dtype=torch.float64); torch.logspace(0, 2, 5); torch.logspace(-1, 1, 4, base=2)
torch.meshgrid(r, p[0], indexing="ij"); torch.meshgrid(p[:, 0], r, indexing="xy"); torch.tensor([1, 2])
torch.tensor([1.5, 2]); torch.tensor([True]); torch.tensor(3); torch.tensor([[1, 2], [3, 4]], dtype=torch.float64)
torch.tensor([]); torch.scalar_tensor(2); torch.median(x); torch.median(x, 1)
torch.as_tensor([1, 2.0]); torch.as_tensor(x); torch.as_tensor(i, dtype=torch.float32)
torch.finfo(torch.float32).eps; torch.iinfo(torch.int16).max
"""

CASES = [
    expression.strip()
    for block in (ARITHMETIC, COMPARISONS, REDUCTIONS, PRODUCTS, LAYOUT, IN_PLACE, KINDS)
    for line in block.strip().splitlines()
    for expression in line.split(";")
]

HERE = {f"glassnet.core.{room}" for room in ("row", "functions", "layout", "factories")}
OTHER_TESTS = """  names that another file of the tests compares with PyTorch or holds to its own promises
    bernoulli dropout multinomial normal poisson rand rand_like randint randint_like randn randn_like randperm
    manual_seed seed initial_seed
    get_rng_state set_rng_state uniform_ normal_ bernoulli_ random_ compile load save set_printoptions from_numpy
    no_grad enable_grad inference_mode is_grad_enabled set_grad_enabled get_default_dtype set_default_dtype
    backward register_hook retain_grad requires_grad_ numpy cuda data_ptr
"""


def evaluate(library, source, kind, make):
    """The parts of the result, and the gradient of every input, of a weighted sum of the parts."""
    floats, whole = numbers(kind)
    leaves = {name: make(v.copy()).requires_grad_(True) for name, v in floats.items()}
    scope = {"torch": library} | leaves | {name: make(v.copy()) for name, v in whole.items()}
    result = eval(source, scope)
    parts = result if isinstance(result, list | tuple) else [result]
    slopes = {}
    followed = [p for p in parts if isinstance(p, library.Tensor) and p.requires_grad and p.numel()]
    if followed:
        waves = [np.cos(np.arange(p.numel())).reshape(tuple(p.shape)) for p in followed]
        weights = [make(w.astype(str(p.dtype)[6:])) for w, p in zip(waves, followed, strict=True)]
        total = sum(((p * w).sum() for p, w in zip(followed, weights, strict=True)), start=0)
        total.backward()
        slopes = {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}
    return parts, slopes


def assert_same(ours, theirs, source, kind):
    if not isinstance(theirs, torch.Tensor):
        assert str(ours) == str(theirs), source
        return
    assert isinstance(ours, glassnet.Tensor)
    assert (tuple(ours.shape), str(ours.dtype)) == (tuple(theirs.shape), str(theirs.dtype)), source
    assert ours.requires_grad == theirs.requires_grad, source
    tolerance = TOLERANCES["float64" if theirs.dtype == torch.float64 and kind == "float64" else "float32"]
    if theirs.dtype == torch.float16:
        tolerance = {"rtol": 1e-3, "atol": 1e-3}
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), err_msg=source, **tolerance)


@pytest.mark.parametrize("kind", TOLERANCES)
@pytest.mark.parametrize("source", CASES)
def test_the_same_values_and_gradients(source, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PyTorch's own advice about its older spellings
        parts, slopes = evaluate(torch, source, kind, torch.from_numpy)
    ours, our_slopes = evaluate(glassnet, source, kind, glassnet.from_numpy)
    assert len(ours) == len(parts)
    for a, b in zip(ours, parts, strict=True):
        assert_same(a, b, source, kind)
    assert our_slopes.keys() == slopes.keys()
    for name, slope in slopes.items():
        assert_same(our_slopes[name], slope, f"d({source}) / d{name}", kind)


def used():
    """The names that the cases use: of the library, and of tensors."""
    nodes = [node for source in CASES for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    library = {n.attr for n in nodes if isinstance(n.value, ast.Name) and n.value.id == "torch"}
    return library, {n.attr for n in nodes if not (isinstance(n.value, ast.Name) and n.value.id == "torch")}


def unused(ours, theirs, names):
    """The functions of the modules under test that PyTorch has too and no case uses."""
    shared = {n: getattr(ours, n) for n in dir(ours) if not n.startswith("_") and hasattr(theirs, n)}
    public = {n for n, f in shared.items() if inspect.isfunction(f) and f.__module__ in HERE}
    assert len(public) > 100  # or else nothing has been asked
    asked = {id(shared[n]) for n in names if n in shared}  # under this name or another
    return {n for n in public if id(shared[n]) not in asked} - set(OTHER_TESTS.split())


def test_no_public_function_is_left_out():
    assert unused(glassnet, torch, used()[0]) == set()


def test_no_public_method_is_left_out():
    assert unused(glassnet.Tensor, torch.Tensor, used()[1]) == set()
