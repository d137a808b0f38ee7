"""The slopes of decompositions: by differences, to second order, and against what they must be."""

import numpy as np
import pytest

import glassnet as torch

RNG = np.random.default_rng(1)


def matrix(*shape):
    return torch.tensor(RNG.normal(size=shape), requires_grad=True)


def definite(a):
    return a @ a.mT + 2 * torch.eye(a.shape[-1], dtype=a.dtype)


SLOPES = {
    "cholesky": (lambda a: torch.linalg.cholesky(definite(a)), (3, 3)),
    "cholesky, upper, of two": (lambda a: torch.linalg.cholesky(definite(a), upper=True), (2, 3, 3)),
    "eigenvalues": (lambda a: torch.linalg.eigvalsh(definite(a)), (3, 3)),
    "eigenvectors": (lambda a: torch.linalg.eigh(definite(a))[1].square(), (3, 3)),  # whose signs are anybody's
    "singular values": (torch.linalg.svdvals, (4, 3)),
    "singular vectors": (lambda a: torch.linalg.svd(a, full_matrices=False)[0].square(), (4, 3)),
    "the nearest rotation": (lambda a: _rotation(*torch.linalg.svd(a, full_matrices=False)), (3, 4)),
    "orthogonal columns": (lambda a: torch.linalg.qr(a)[0].square(), (4, 3)),
    "the triangle beside them": (lambda a: torch.linalg.qr(a)[1].square(), (3, 4)),
    "pseudo-inverse": (torch.linalg.pinv, (4, 3)),
    "least squares": (lambda a: torch.linalg.lstsq(a, a[:, :1].exp()).solution, (4, 3)),
    "a triangle solved": (lambda a: torch.linalg.solve_triangular(a + 3 * a.new_ones(3).diag(), a, upper=True), (3, 3)),
    "nuclear norm": (lambda a: torch.linalg.matrix_norm(a, "nuc"), (3, 2)),
    "spectral norm": (lambda a: torch.linalg.matrix_norm(a, 2), (2, 3, 2)),
}


def _rotation(u, s, vh):
    return u @ vh


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_agree_with_differences_to_second_order(name):
    function, shape = SLOPES[name]
    given = (matrix(*shape),)
    assert torch.autograd.gradcheck(function, given)
    assert torch.autograd.gradgradcheck(function, given)


def test_the_slope_of_half_a_logarithm_of_a_determinant_is_half_the_inverse():
    a = definite(matrix(4, 4)).detach().requires_grad_()
    torch.linalg.cholesky(a).diagonal().log().sum().backward()
    np.testing.assert_allclose(a.grad, torch.linalg.inv(a.detach()) / 2, rtol=1e-10)


def test_a_decomposition_puts_together_what_it_took_apart():
    a = matrix(3, 3)
    u, s, vh = torch.linalg.svd(a)
    (slope,) = torch.autograd.grad(((u * s) @ vh).sum(), a)
    np.testing.assert_allclose(slope, np.ones((3, 3)), rtol=1e-9, atol=1e-12)
