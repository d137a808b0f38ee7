"""Parametrizations that are used often: a weight as length times direction, a weight of spectral norm 1."""

from __future__ import annotations

from typing import Any, NoReturn

from glassnet.core import layout, ops, products, reductions
from glassnet.core.mode import no_grad
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor
from glassnet.errors import NotSupportedError, ShapeError, ValueRangeError, complain
from glassnet.nn import functional as F
from glassnet.nn.checks import shape_of
from glassnet.nn.module import Module
from glassnet.nn.utils.parametrize import register_parametrization

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

_STEPS_AT_FIRST = 15  # of the power iteration, so that the first σ is close already


def length_except(v: Tensor, dim: int | None) -> Tensor:
    """The length of v along every axis but dim, which stays; of the whole, a single number, for None (or -1).

    >>> import glassnet as torch
    >>> length_except(torch.tensor([[3.0, 4.0], [6.0, 8.0]]), 0)
    tensor([[ 5.],
            [10.]])
    """
    if dim is None or dim == -1:
        return reductions.norm(v)
    kept = layout.axis(dim, v.array.ndim)
    others = tuple(d for d in range(v.array.ndim) if d != kept)
    return ops.sqrt(ops.sum(ops.square(v), dim=others, keepdim=True)) if others else ops.abs(v)


@shown_as("WeightNormInterfaceBackward0")
def weight_from(v: Tensor, g: Tensor, dim: int | None) -> Tensor:
    """g v / ‖v‖, where the length is taken along every axis but dim."""
    return v * (g / length_except(v, dim))


class _WeightNorm(Module):
    """w = g v / ‖v‖ with both learnt."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_from(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The lengths of the weight, and the weight."""
        return length_except(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn length and direction of a weight apart: w = g v / ‖v‖, one length for each index along dim.

    g is `parametrizations.<name>.original0`, v `original1`. With dim=None there is a single length. The weight stays
    what it was. Returns the module.

    >>> import glassnet as torch
    >>> from glassnet import nn
    >>> layer = weight_norm(nn.Linear(4, 3))
    >>> layer.parametrizations.weight.original0.shape
    torch.Size([3, 1])

    T. Salimans and D. Kingma, Weight normalization, 2016.
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """The weight as (length of axis dim, all other numbers)."""
    if dim:
        weight = ops.permute(weight, dims=(dim, *(d for d in range(weight.array.ndim) if d != dim)))
    return layout.flatten(weight, 1)


@no_grad()
def power_steps(matrix: Tensor, u: Tensor, v: Tensor, count: int, eps: float, v_first: bool) -> None:
    """Turn u and v, in place, towards the directions between which the matrix stretches most."""
    for _ in range(count):
        if v_first:
            v.copy_(F.normalize(products.matmul(matrix.T, u), dim=0, eps=eps))
        u.copy_(F.normalize(products.matmul(matrix, v), dim=0, eps=eps))
        if not v_first:
            v.copy_(F.normalize(products.matmul(matrix.T, u), dim=0, eps=eps))


def stretch(matrix: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """u^T W v, which is the spectral norm once u and v have turned. The copies stay when u and v turn further."""
    return ops.sum(u.clone() * products.matmul(matrix, v.clone()), dim=None, keepdim=False)


def check_spectral(weight: Tensor, n_power_iterations: int, dim: int) -> int:
    """dim, counted from the start, when everything is as it should be."""
    if n_power_iterations <= 0:
        got = f"spectral_norm: got n_power_iterations={n_power_iterations}"
        raise ValueRangeError(complain(got, "expected 1 or more", "Try n_power_iterations=1"))
    if not -weight.array.ndim <= dim < weight.array.ndim:
        got = f"spectral_norm: got dim={dim} for a weight of shape {shape_of(weight)}"
        raise ShapeError(complain(got, "expected one of its axes", "Try dim=0"))
    return dim % weight.array.ndim


class _SpectralNorm(Module):
    """w / σ(w), where the two directions that give σ turn by power iteration each time, in training."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        self.dim = check_spectral(weight, n_power_iterations, dim)
        self.n_power_iterations, self.eps = n_power_iterations, eps
        if weight.array.ndim == 1:
            return
        with no_grad():
            matrix = as_matrix(weight, self.dim)
            rows, columns = matrix.array.shape
            u, v = matrix.new_empty(rows).normal_(0, 1), matrix.new_empty(columns).normal_(0, 1)
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            power_steps(matrix, self._u, self._v, _STEPS_AT_FIRST, eps, v_first=False)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.array.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            power_steps(matrix, self._u, self._v, self.n_power_iterations, self.eps, v_first=False)
        return weight / stretch(matrix, self._u, self._v)

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself, though it is divided by σ when it is read."""
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide a weight by its largest singular value σ, so that the layer stretches no input: w = original / σ.

    σ is found by power iteration, `n_power_iterations` steps each time that the weight is read in training; `_u` and
    `_v` in `parametrizations.<name>[0]` hold its state. Raises ValueRangeError unless there is a step. Returns the
    module.

    >>> import glassnet as torch
    >>> from glassnet import nn
    >>> _ = torch.manual_seed(0)
    >>> layer = spectral_norm(nn.Linear(4, 3))
    >>> round(torch.linalg.svdvals(layer.weight.detach())[0].item(), 2)
    1.0

    T. Miyato and others, Spectral normalization for generative adversarial networks, 2018.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        got = f"spectral_norm: got {name!r}, which is no tensor of {type(module).__name__}"
        raise ValueRangeError(complain(got, "expected the name of a parameter or buffer", "Try 'weight'"))
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim or 0, eps))


def orthogonal(module: Module, name: str = "weight", *args: Any, **kwargs: Any) -> NoReturn:
    """Not here: a weight can begin orthogonal, or be held near by a penalty."""
    hint = f"Try nn.init.orthogonal_(module.{name}) for the start, or a penalty ‖WᵀW − I‖² in the loss"
    got = f"orthogonal: got a request to hold {name} of {type(module).__name__} orthogonal"
    raise NotSupportedError(complain(got, "expected weight_norm or spectral_norm", hint))
