"""The functions of `elementwise`, `statistics`, `arranging`, `products`, `linalg` and `compat` beside live PyTorch.

Each line is an expression that both libraries evaluate on the same float64 numbers; gradients of its sum of cosines
(which gives every entry another weight) are compared, too.
"""

import warnings

import numpy as np
import pytest
import torch

import glassnet

pytestmark = pytest.mark.peers

RNG = np.random.default_rng(11)
FLOATS = {
    "x": RNG.uniform(-2, 2, (3, 4)),
    "y": RNG.uniform(-2, 2, (3, 4)),
    "p": RNG.uniform(0.2, 0.8, (3, 4)),
    "v": np.array([0.5, -1.5, 2.0, 0.25]),
    "w": np.array([1.0, 2.0, -0.5, 3.0]),
    "s": RNG.uniform(-1, 1, (3, 3)) + 2 * np.eye(3),
    "c": RNG.uniform(-1, 1, (2, 3, 4)),
    "d": RNG.uniform(-1, 1, (2, 4, 5)),
    "one": np.array(1.25),
    "zeros": np.array([[0.0, 2.0, 0.0], [3.0, 0.0, -1.0]]),
}
WHOLE = {
    "i": np.array([[3, 1, 2], [2, 2, 0]]),
    "k": np.array([2, 0]),
    "j": RNG.integers(0, 4, (3, 4)),
    "n": np.array([4, 4, 1, 3, 3, 3, 1]),
    "b": np.array([[True, False, True], [False, False, True]]),
}
SPECIAL = {"nan": np.array([1.0, np.nan, -3.0, np.nan])}

DIFFERENTIABLE = """
torch.frac(x); torch.fmod(x, 0.7); torch.fmod(x, y); torch.hypot(x, y); torch.logaddexp(x, y); torch.logit(p)
torch.logit(p, eps=0.3); torch.xlogy(p, p); torch.xlogy(zeros, zeros + 5); torch.erfc(x); torch.sinc(x)
torch.sinc(zeros); torch.lgamma(x); torch.erfinv(p); torch.mvlgamma(x + 5, 2); torch.polygamma(2, p)
torch.asinh(x); torch.acosh(x + 3.5); torch.atanh(x / 2.5); torch.deg2rad(x); torch.rad2deg(x)
torch.positive(x); torch.fmax(x, y); torch.fmin(x, y); torch.clamp_min(x, 0.3); x.clamp_max(0.1); x.copysign(y)
torch.float_power(p, 2); x.sgn(); torch.round(x, decimals=1); torch.quantile(x, 0.3); torch.quantile(x, 0.3, dim=0)
x.quantile(0.5, dim=1, keepdim=True); x.quantile(0.25, keepdim=True)
torch.quantile(x, torch.tensor([0.1, 0.5, 1.0], dtype=torch.float64), dim=1)
torch.quantile(c, torch.tensor([0.2, 0.9], dtype=torch.float64), dim=1, keepdim=True)
torch.quantile(x, 0.3, dim=1, interpolation="lower"); torch.quantile(x, 0.3, interpolation="higher")
torch.quantile(x, 0.4, interpolation="nearest"); torch.quantile(x, 0.3, dim=0, interpolation="midpoint")
torch.kthvalue(x, 2).values; x.kthvalue(3, dim=0, keepdim=True).values; torch.msort(x); torch.aminmax(x)[0]
torch.aminmax(x, dim=1).max; torch.cumprod(x, 1); zeros.cumprod(0); zeros.cumprod(1); torch.cummax(x, 1).values
torch.cummin(x, dim=0).values; torch.logcumsumexp(x, 1); x.logcumsumexp(dim=0); torch.diff(x); x.diff(n=2, dim=1)
torch.diff(c, dim=1); torch.trapezoid(x); torch.trapezoid(x, dx=0.5, dim=0); torch.trapezoid(v, w)
torch.std_mean(x)[0]; torch.std_mean(x, dim=1)[1]; torch.var_mean(x, 0, keepdim=True)[0]
torch.var_mean(x, correction=0)[0]; torch.cov(x); torch.cov(v); torch.cov(x, correction=0); torch.corrcoef(x)
torch.vstack([v, w]); torch.vstack([x, v]); torch.hstack([v, w]); torch.hstack([x, y]); torch.dstack([v, w])
torch.dstack([x, y]); torch.column_stack([v, w]); torch.column_stack([x.T, v]); torch.block_diag(s, v, x)
torch.broadcast_tensors(v, x)[0]; torch.cartesian_prod(v, w); torch.combinations(v); torch.combinations(v, 3)
torch.combinations(v, 2, with_replacement=True); torch.tile(x, (2, 3)); v.tile(2); x.tile(2)
torch.repeat_interleave(v, 3); torch.repeat_interleave(x, torch.tensor([1, 0, 2]), dim=0)
x.repeat_interleave(2, dim=1); torch.narrow(x, 1, 1, 2); x.narrow(0, -2, 2); torch.select(c, 1, -1)
torch.tensor_split(x, 3, dim=1)[0]; torch.tensor_split(v, 3)[1]; torch.tensor_split(v, (1, 3))[1]; torch.ravel(c)
torch.unflatten(c, 2, (2, 2)); c.unflatten(1, (-1, 1)); v.unfold(0, 2, 1); x.unfold(1, 3, 1); c.unfold(1, 2, 1)
torch.movedim(c, 0, 2); torch.movedim(c, (0, 1), (2, 0)); c.moveaxis(-1, 0); torch.fliplr(x); torch.flipud(x)
torch.rot90(x); torch.rot90(c, 3, [1, 2]); torch.diagonal(s); torch.diagonal(x, 1); x.diagonal(-1)
torch.diagonal(c, 0, 1, 2); torch.diag_embed(v); torch.diag_embed(x, 1); x.diag_embed(-2)
torch.take_along_dim(x, x.argsort(1), 1); torch.take_along_dim(x, torch.tensor([[1], [0], [3]]), dim=1)
torch.index_fill(x, 0, k, 7.0); torch.index_copy(x, 0, k, y[:2]); torch.index_put(x, (k, k), v[:2])
torch.index_add(x, 0, k, y[:2]); torch.index_add(x, 0, k, y[:2], alpha=-2.5)
torch.take_along_dim(x, torch.tensor([0, 5])); x.index_fill(0, k, 7.0); x.index_fill(1, k, one)
x.index_add(0, k, y[:2]); x.index_copy(0, k, y[:2]); x.index_put((k, k), v[:2]); x.index_put((k,), one)
x.index_put((torch.tensor([0, 0]), torch.tensor([1, 1])), v[:2], accumulate=True); torch.addmm(x[:, :3], s, s)
torch.addmm(s, s, s, beta=0.5, alpha=2); torch.addmv(v[:3], s, w[:3], alpha=3); torch.addr(x, v[:3], w)
torch.baddbmm(c[:, :, :1], c, d[:, :, :1], beta=2); torch.addbmm(s[:, :1], c, d[:, :, :1])
torch.linalg.multi_dot([s, x, x.T, s]); torch.inner(v, w); torch.inner(x, y); torch.inner(x, one); torch.vdot(v, w)
torch.tensordot(c, d, dims=([2], [1])); torch.tensordot(x, y, 2); torch.tensordot(c, c, dims=([0, 2], [0, 2]))
torch.kron(s, x); torch.kron(v, s); torch.cross(s, s.T, dim=1); torch.dist(x, y); x.dist(y, 1); torch.cdist(x, y)
torch.cdist(c, c + 1, p=1.0); torch.cdist(x, y, p=float("inf")); torch.einsum("ij,kj->ik", x, y)
torch.einsum("ij->ji", x); torch.einsum("ij", x); torch.einsum("ji", x); torch.einsum("ij->", x)
torch.einsum("ii", s); torch.einsum("ii->i", s); torch.einsum("i,j->ij", v, w); torch.einsum("i,i", v, w)
torch.einsum("bij,bjk->bik", c, d); torch.einsum("bij,bjk->ki", c, d); torch.einsum("...ij,...jk->...ik", c, d)
torch.einsum("...i,i->...", c, v); torch.einsum("bij,bjk,ij->bk", c, d, x); torch.einsum("ij,ij->ij", x, y)
torch.einsum("b...->...", c); torch.einsum("ij,j->i", [x, v]); torch.einsum("ij , jk -> ik", s, x)
torch.einsum("iij->j", s[:, None] * s[..., None]); torch.linalg.norm(x); torch.linalg.norm(x, dim=1)
torch.linalg.norm(x, "fro"); torch.linalg.norm(v, 1); torch.linalg.norm(x, 1); torch.linalg.norm(x, float("inf"))
torch.linalg.vector_norm(x, 3); torch.linalg.matrix_norm(c); torch.linalg.matrix_norm(x, -1, keepdim=True)
torch.linalg.inv(s); torch.inverse(s @ s); torch.linalg.solve(s, x); torch.linalg.solve(s, v[:3]); torch.linalg.det(s)
torch.det(s); torch.linalg.matrix_power(s, 3); torch.matrix_power(s, -2); torch.linalg.multi_dot([x, x.T, x])
x.movedim(0, 1).contiguous(); x.swapdims(0, 1); torch.moveaxis(c, 0, 1); torch.arcsinh(x); torch.arctan2(x, y)
torch.fix(x).detach() + x; torch.median(v); torch.median(x, dim=1).values; torch.sum(x, axis=1, keepdims=True)
torch.cat([x, y], axis=1); torch.stack((x, y), axis=-1); x.mean(axis=0); x.max(axis=1).values; x.std(0, True, True)
x.var(1, False); torch.squeeze(c[:, :1], axis=1); torch.logsumexp(x, axis=1)
"""

PLAIN = """
torch.bitwise_and(i, 3); torch.bitwise_or(i, i + 1); torch.bitwise_xor(i, 5); torch.bitwise_not(i)
torch.bitwise_left_shift(i, 2); i << 1; i >> 1; torch.bitwise_right_shift(i - 4, 1); ~b; b & ~b; b | b; b ^ True
torch.mode(n).values; torch.mode(n).indices; i.mode(dim=1).values; i.mode(0, keepdim=True).indices
torch.kthvalue(x, 2).indices; torch.cummax(n, 0).indices; torch.cummin(n, 0).indices
torch.searchsorted(n.sort().values, n); torch.searchsorted(n.sort().values, n, right=True)
torch.searchsorted(x.sort(1).values, y); torch.bucketize(v, w.sort().values)
torch.bucketize(i, torch.tensor([1, 2]), right=True); torch.count_nonzero(zeros); zeros.count_nonzero(dim=1)
torch.histc(x, 5); torch.histc(x, bins=4, min=-1, max=1); torch.isin(i, k); torch.isin(i, 2)
torch.isin(i, k, invert=True); torch.unique_consecutive(n)
torch.unique_consecutive(n, return_inverse=True, return_counts=True)[2]
torch.unique_consecutive(n, return_inverse=True)[1]; torch.unique(n); torch.unique(n, return_inverse=True)[1]
torch.unique(n, return_counts=True)[1]; torch.unique(i, dim=0); torch.argwhere(zeros); zeros.argwhere()
torch.nonzero(zeros, as_tuple=True)[1]; torch.nonzero(one); torch.tril_indices(3, 4); torch.triu_indices(3, 3, 1)
torch.tril_indices(2, 3, -1); torch.atleast_1d(one); torch.atleast_2d(v); torch.fmod(i, 2); torch.fmod(-i, 2)
torch.linalg.matrix_rank(s); torch.linalg.svdvals(x); torch.linalg.svd(x).S; torch.linalg.eigh(s + s.T).eigenvalues
torch.linalg.eigvalsh(s @ s.T); torch.linalg.cholesky(s @ s.T); torch.linalg.pinv(x)
torch.linalg.lstsq(x.T, v[:, None]).solution; torch.linalg.matrix_norm(x, 2); torch.linalg.matrix_norm(x, "nuc")
torch.linalg.qr(s).Q.abs(); torch.LongTensor([1, 2]); torch.FloatTensor([1, 2]); torch.DoubleTensor([0.1])
torch.IntTensor(2, 0); torch.BoolTensor([1, 0]); torch.ByteTensor([3]); torch.scalar_tensor(2); torch.full_like(i, 3)
torch.zeros(2, 3).fill_diagonal_(5); torch.zeros(3, 3).index_put_((k,), torch.tensor(2.0))
torch.ones(3).unsqueeze_(0); torch.ones(1, 3).squeeze_(); torch.arange(6).reshape(2, 3).t_()
torch.arange(6).reshape(2, 3).transpose_(0, 1); i.clone().clamp_min_(1); x.clone().cumsum_(1); i.type(torch.float32)
torch.tensor(0.1, dtype=torch.float64); torch.as_tensor([0.1], dtype=torch.float64); torch.heaviside(zeros, one)
torch.vander(v); torch.vander(v, 3, increasing=True); torch.nansum(nan); torch.nanmean(nan)
"""

ANSWERS = """
x.type(); i.type(); b.type(); x.float().type(); i.int().type(); torch.is_floating_point(x); torch.is_nonzero(one)
torch.is_complex(x); torch.promote_types(torch.int32, torch.float32); torch.result_type(i, 1.5)
torch.result_type(x, 3); torch.can_cast(torch.float32, torch.int64); torch.can_cast(torch.int32, torch.float32)
x[1:].storage_offset(); x.is_signed(); torch.max(i, 1); torch.sort(n); torch.aminmax(n); torch.mode(n)
torch.median(n, 0); torch.cummax(n, 0); torch.backends.mps.is_available(); w.topk(2); torch.kthvalue(w, 3)
"""


def expressions(table):
    return [e.strip() for line in table.strip().splitlines() for e in line.split("; ")]


def evaluated(library, expression, follow):
    scope = {name: library.tensor(a) for name, a in (FLOATS | WHOLE | SPECIAL).items()}
    leaves = [scope[name].requires_grad_() for name in FLOATS] if follow else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PyTorch's about functions that it will drop
        return eval(expression, {"torch": library, **scope}), leaves


def assert_same(ours, theirs):
    theirs, ours = theirs.detach(), ours.detach()
    assert (repr(ours.dtype), tuple(ours.shape)) == (repr(theirs.dtype), tuple(theirs.shape))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("expression", expressions(DIFFERENTIABLE))
def test_values_and_gradients(expression):
    theirs, their_leaves = evaluated(torch, expression, follow=True)
    ours, our_leaves = evaluated(glassnet, expression, follow=True)
    assert_same(ours, theirs)
    theirs.cos().sum().backward()
    ours.cos().sum().backward()
    for mine, yours in zip(our_leaves, their_leaves, strict=True):
        if yours.grad is not None and yours.grad.abs().sum() > 0:
            np.testing.assert_allclose(mine.grad.numpy(), yours.grad.numpy(), rtol=1e-7, atol=1e-9)
        else:
            assert mine.grad is None or not mine.grad.numpy().any()


@pytest.mark.parametrize("expression", expressions(PLAIN))
def test_values(expression):
    assert_same(evaluated(glassnet, expression, follow=False)[0], evaluated(torch, expression, follow=False)[0])


@pytest.mark.parametrize("expression", expressions(ANSWERS))
def test_answers_and_what_they_look_like(expression):
    assert repr(evaluated(glassnet, expression, follow=False)[0]) == repr(evaluated(torch, expression, follow=False)[0])


@pytest.mark.parametrize(
    "data",
    [
        [np.float64(1)],
        [2.0, np.float64(1)],
        [[np.float64(1)], [2.0]],
        [1, np.float64(2)],
        [True, np.float64(2)],
        [np.float32(1), np.float64(2)],
        [np.float32(1), 2],
        [np.int32(1), np.int64(2)],
        [np.int32(1), 2.5],
        [np.bool_(True)],
        [],
    ],
    ids=repr,
)
def test_lists_of_numpys_numbers_have_pytorchs_dtype(data):
    assert str(glassnet.tensor(data).dtype) == str(torch.tensor(data).dtype)
