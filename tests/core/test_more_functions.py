"""`elementwise`, `statistics`, `arranging`, `products`, `linalg` and `compat` beside NumPy; replay; mistakes."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import glassnet as torch
from glassnet.errors import DataError, DTypeError, GradientError, NotSupportedError, ShapeError, ValueRangeError

numbers = st.floats(-4, 4, width=32).map(float)
lines = hnp.arrays(np.float64, st.integers(1, 9), elements=numbers)
matrices = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=3, max_side=4), elements=numbers)

PAIRS = {
    "fmod": np.fmod,
    "hypot": np.hypot,
    "logaddexp": np.logaddexp,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "copysign": np.copysign,
}
SINGLES = {
    "asinh": np.arcsinh,
    "sinc": np.sinc,
    "deg2rad": np.deg2rad,
    "rad2deg": np.rad2deg,
    "sgn": np.sign,
    "positive": np.positive,
    "frac": lambda a: a - np.trunc(a),
    "msort": lambda a: np.sort(a, 0),
    "fliplr": np.fliplr,
    "flipud": np.flipud,
    "rot90": np.rot90,
    "ravel": np.ravel,
    "count_nonzero": np.count_nonzero,
}


@pytest.mark.parametrize("name", PAIRS)
@given(a=lines, b=lines)
def test_functions_of_two_numbers(name, a, b):
    n = min(len(a), len(b))
    a, b = a[:n], np.where(b[:n] == 0, 1.0, b[:n])
    with np.errstate(all="ignore"):
        expected = PAIRS[name](a, b)
    np.testing.assert_allclose(
        getattr(torch, name)(torch.tensor(a), torch.tensor(b)).numpy(), expected, rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("name", SINGLES)
@given(a=matrices)
def test_functions_of_one_tensor(name, a):
    np.testing.assert_allclose(getattr(torch, name)(torch.tensor(a)).numpy(), SINGLES[name](a), rtol=1e-9, atol=1e-12)


@given(a=matrices, q=st.floats(0, 1), how=st.sampled_from(["linear", "lower", "higher", "nearest", "midpoint"]))
def test_quantiles(a, q, how):
    for dim in (None, 0, -1):
        mine = torch.quantile(torch.tensor(a), q, dim=dim, interpolation=how).numpy()
        np.testing.assert_allclose(mine, np.quantile(a, q, axis=dim, method=how), rtol=1e-9, atol=1e-12)


@given(a=matrices)
def test_running_values(a):
    t = torch.tensor(a)
    np.testing.assert_allclose(t.cumprod(1).numpy(), np.cumprod(a, 1), rtol=1e-9)
    np.testing.assert_array_equal(t.cummax(0).values.numpy(), np.maximum.accumulate(a, 0))
    np.testing.assert_array_equal(t.cummin(-1).values.numpy(), np.minimum.accumulate(a, -1))
    np.testing.assert_array_equal(t.diff(dim=0).numpy(), np.diff(a, axis=0))
    np.testing.assert_allclose(torch.trapezoid(t, dim=1).numpy(), np.trapezoid(a, axis=1), atol=1e-12)
    np.testing.assert_allclose(t.logcumsumexp(0).numpy(), np.logaddexp.accumulate(a, 0), rtol=1e-9, atol=1e-12)


@given(a=hnp.arrays(np.float64, (3, 6), elements=numbers))
def test_covariances(a):
    np.testing.assert_allclose(torch.cov(torch.tensor(a)).numpy(), np.cov(a), atol=1e-10)
    if (a.std(1) > 1e-3).all():
        np.testing.assert_allclose(torch.corrcoef(torch.tensor(a)).numpy(), np.corrcoef(a), atol=1e-8)


EQUATIONS = [
    "ij,jk->ik",
    "ij,jk",
    "ij,jk->",
    "ij,jk->j",
    "ij,jk->kij",
    "ij,ij->i",
    "i...,ij->j...",
    "ii,ij->j",
    "ij,lk->il",
]


@pytest.mark.parametrize("equation", EQUATIONS)
@given(data=st.data(), n=st.integers(1, 4))
def test_einsum_is_numpys(equation, data, n):
    a, b = (data.draw(hnp.arrays(np.float64, (n, n), elements=numbers)) for _ in range(2))
    mine = torch.einsum(equation, torch.tensor(a), torch.tensor(b)).numpy()
    np.testing.assert_allclose(mine, np.einsum(equation, a, b), rtol=1e-9, atol=1e-9)


@given(st.lists(st.integers(1, 6), min_size=3, max_size=6), st.randoms(use_true_random=False))
def test_a_chain_of_products_is_the_product_in_any_order(sizes, dice):
    matrices = [np.array([[dice.random() for _ in range(b)] for _ in range(a)]) for a, b in itertools.pairwise(sizes)]
    expected = np.linalg.multi_dot(matrices) if len(matrices) > 1 else matrices[0]
    np.testing.assert_allclose(torch.linalg.multi_dot([torch.tensor(m) for m in matrices]).numpy(), expected, rtol=1e-9)


@given(hnp.arrays(np.int64, st.integers(0, 12), elements=st.integers(0, 3)))
def test_runs_and_their_lengths_put_a_line_together_again(a):
    values, inverse, counts = torch.unique_consecutive(torch.tensor(a), return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(torch.repeat_interleave(values, counts).numpy(), a)
    np.testing.assert_array_equal(values.numpy()[inverse.numpy()], a)
    assert (np.diff(values.numpy()) != 0).all()


@given(a=hnp.arrays(np.float64, (3, 3), elements=numbers), b=hnp.arrays(np.float64, (3, 2), elements=numbers))
def test_what_is_solved_is_solved(a, b):
    a = a + 10 * np.eye(3)
    x = torch.linalg.solve(torch.tensor(a), torch.tensor(b))
    np.testing.assert_allclose(a @ x.numpy(), b, atol=1e-10)
    np.testing.assert_allclose((torch.linalg.inv(torch.tensor(a)) @ torch.tensor(a)).numpy(), np.eye(3), atol=1e-12)


def test_derivatives_of_inverse_solution_and_determinant():
    a = torch.tensor([[2.0, 1.0], [0.5, 3.0]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(torch.linalg.inv, (a,))
    assert torch.autograd.gradcheck(torch.linalg.solve, (a, b))
    assert torch.autograd.gradcheck(torch.linalg.det, (a,))


def test_a_step_with_these_functions_is_replayed():
    w = torch.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)

    def step(x):
        w.grad = None
        y = torch.einsum("ij,kj->ik", x, w)
        y = torch.addmm(y, x, w) + torch.cdist(x, w) + torch.hstack([y[:, :1], y[:, 1:]]).movedim(0, 1).T
        loss = torch.quantile(y, 0.3) + torch.cov(y).sum() + torch.logaddexp(y, w).mean() + y.diff(dim=0).sum()
        loss.backward()
        return loss.detach()

    compiled = torch.compile(step)
    for seed in range(5):
        torch.manual_seed(seed)
        x = torch.randn(2, 2)
        expected, slope = step(x).item(), w.grad.numpy().copy()
        assert compiled(x).item() == pytest.approx(expected, rel=1e-6)
        np.testing.assert_allclose(w.grad.numpy(), slope, rtol=1e-5, atol=1e-6)
    assert compiled.replays >= 3


def test_shapes_changed_in_place():
    t = torch.zeros(2, 3)
    assert t.t_() is t
    assert t.shape == (3, 2)
    assert t.unsqueeze_(0).squeeze_(0).transpose_(0, 1).shape == (2, 3)
    w = torch.zeros(2, requires_grad=True)
    with pytest.raises(NotSupportedError, match=r"unsqueeze_.*y = x.unsqueeze"):
        w.unsqueeze_(0)


def test_python_floats_keep_their_digits_on_the_way_to_float64():
    assert torch.tensor(0.1, dtype=torch.float64).item() == 0.1
    assert torch.as_tensor([0.1], dtype=torch.float64).tolist() == [0.1]
    assert torch.tensor([16777217.0], dtype=torch.long).item() == 16777217


def test_numpys_names_of_arguments():
    x = torch.arange(6.0).reshape(2, 3)
    assert x.sum(axis=1, keepdims=True).tolist() == [[3], [12]]
    assert torch.cat([x, x], axis=1).shape == (2, 6)
    with pytest.raises(TypeError):
        x.sum(axes=1)


def test_threads_can_be_asked_for():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


two = torch.ones(2, 3)
MISTAKES = [
    (lambda: torch.quantile(two, 1.5), ValueRangeError, "q=1.5"),
    (lambda: torch.quantile(two, 0.5, interpolation="cubic"), ValueRangeError, "'cubic'.*linear, lower"),
    (lambda: torch.quantile(two.long(), 0.5), DTypeError, "quantile"),
    (lambda: torch.kthvalue(two, 4), ValueRangeError, "k=4; expected 1 to 3"),
    (lambda: torch.cov(torch.ones(1, 2, 3)), DataError, "3 axes"),
    (lambda: torch.narrow(two, 1, 2, 2), ValueRangeError, "start=2, length=2; expected them within 0 and 3"),
    (lambda: torch.unflatten(two, 1, (2, 2)), ShapeError, r"\(2, 2\) for axis 1 of length 3"),
    (lambda: torch.cross(two[:, :2], two[:, :2], dim=1), ShapeError, "2 numbers along axis 1"),
    (lambda: torch.einsum("ij,jk", two), ShapeError, "1 tensors for 'ij,jk'"),
    (lambda: torch.einsum("ijk->i", two), ShapeError, r"'ijk' for a tensor of shape \(2, 3\)"),
    (lambda: torch.einsum("ij,ik->jk", two, two.T), ShapeError, "sizes 2 and 3 for 'i'"),
    (lambda: two << 1, DTypeError, "whole numbers"),
    (lambda: torch.linalg.inv(two), ShapeError, r"\(2, 3\).*square"),
    (lambda: torch.linalg.inv(torch.zeros(2, 2)), ValueRangeError, "singular.*pinv"),
    (lambda: torch.linalg.cholesky(-torch.eye(2)), ValueRangeError, "positive definite"),
    (lambda: torch.linalg.qr(two.T.clone().requires_grad_(), "complete")[0].sum().backward(), GradientError, "reduced"),
    (lambda: torch.linalg.qr(two, "thin"), ValueRangeError, "'thin'.*'reduced'"),
    (lambda: torch.linalg.solve(torch.eye(2), torch.ones(3)), ShapeError, r"\(2, 2\) and B of shape \(3,\)"),
    (lambda: torch.linalg.lstsq(two, torch.ones(3, 1)), ShapeError, "as many rows"),
    (lambda: torch.linalg.eig(torch.eye(2)), NotSupportedError, "linalg.eig.*eigh"),
    (lambda: torch.einsum("ij->ijk", two), ValueRangeError, "'k' in the result"),
    (lambda: two.view(torch.float64), ShapeError, "float64 for torch.float32 numbers"),
    (lambda: f"{two:.2f}", TypeError, r"'.2f' for a tensor of shape \(2, 3\)"),
    (lambda: torch.empty(2).geometric_(1.5), ValueRangeError, "p=1.5"),
    (lambda: two.scatter(0, torch.zeros(1, 3).long(), 1.0, reduce="max"), ValueRangeError, "'max'.*scatter_reduce"),
    (lambda: torch.linalg.det(torch.eye(2).long()), DTypeError, "det"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_mistakes_are_answered(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (2, 3, 3)])
@pytest.mark.parametrize("offset", [-1, 0, 1, 5])
@pytest.mark.parametrize("turned", [False, True])
def test_a_diagonal_is_a_view(shape, offset, turned):
    a = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    x = torch.tensor(a)
    y, b = (x.transpose(-1, -2), np.swapaxes(a, -1, -2)) if turned else (x, a.copy())
    expected = np.diagonal(b, offset, -2, -1)
    diagonal = y.diagonal(offset, -2, -1)
    assert np.array_equal(diagonal.numpy(), expected)
    before = expected.sum()
    diagonal.add_(1)
    assert np.diagonal(y.numpy(), offset, -2, -1).sum() == before + expected.size
    assert y.sum().item() == np.arange(a.size).sum() + expected.size


@pytest.mark.parametrize("place", [np.s_[:, 1:4, :3], np.s_[1, :3, ::2], np.s_[..., 2:, 1:]])
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_diagonal_of_a_part_is_a_view_too(place, offset):
    a = np.arange(60.0).reshape(3, 4, 5)
    x, b = torch.tensor(a), a.copy()
    x[place].diagonal(offset, -2, -1).mul_(-2)
    window = b[place]
    k = np.arange(np.diagonal(window, offset, -2, -1).shape[-1])
    window[..., k + max(-offset, 0), k + max(offset, 0)] *= -2
    assert np.array_equal(x.numpy(), b)


def test_gradients_follow_a_change_of_a_diagonal_of_a_part():
    x = torch.arange(16.0).reshape(4, 4).requires_grad_()
    y = x * 1
    y[1:, :3].diagonal().mul_(10)
    (y**2).sum().backward()
    factor = np.ones((4, 4))
    factor[[1, 2, 3], [0, 1, 2]] = 100
    assert np.array_equal(x.grad.numpy(), 2 * np.arange(16.0).reshape(4, 4) * factor)
