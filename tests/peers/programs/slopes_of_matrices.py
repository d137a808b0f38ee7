"""Solutions, pseudo-inverses, triangles and orthogonal columns with their slopes, from torch.linalg."""

import torch
from torch import linalg

torch.manual_seed(3)
square, tall, wide = (torch.randn(*s, dtype=torch.float64, requires_grad=True) for s in ((3, 3), (4, 3), (3, 4)))
b = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
weights = torch.linspace(-1, 1, 24, dtype=torch.float64)


def rounded(t):
    return (t * 1e6).round() / 1e6 + 0.0  # neither rounding's last digits nor -0


def shown(name, result, *leaves):
    (result * weights[: result.numel()].view(result.shape)).sum().backward()
    print(name, rounded(result.detach()), *[rounded(leaf.grad) for leaf in leaves])
    for leaf in leaves:
        leaf.grad = None


for a in (square, tall, wide):
    q, r = linalg.qr(a)
    shown("projection", q @ q.mT, a)
    shown("gram", linalg.qr(a).R.square(), a)
    shown("pinv", linalg.pinv(a), a)
    right = torch.ones(len(a), 2, dtype=torch.float64)
    shown("lstsq", linalg.lstsq(a, right, driver="gelsd").solution, a)
    print(linalg.matrix_rank(a), linalg.cond(a).detach())
shown("triangular", linalg.solve_triangular(square, b, upper=True), square, b)
shown("unit", linalg.solve_triangular(square, b, upper=False, unitriangular=True), square, b)
shown("from the right", linalg.solve(square, b.mT, left=False), square, b)
shown(
    "a vector for each", linalg.solve(torch.stack([square, square + 1]), torch.ones(2, 3, dtype=torch.float64)), square
)
shown("power", linalg.matrix_power(square, 5), square)
shown("power", linalg.matrix_power(square, -2), square)
shown("cross", linalg.cross(square, square.mT), square)
shown("vecdot", linalg.vecdot(tall, tall.exp()), tall)
shown("chain", linalg.multi_dot([b.mT, square, tall.mT, torch.ones(4, dtype=torch.float64)]), b, square, tall)
print(linalg.diagonal(square).detach(), linalg.vander(torch.tensor([1.0, 2.0, 3.0]), N=2))
print(linalg.inv_ex(square.detach()).info, linalg.cholesky_ex(torch.eye(2)).info)
t = torch.randn(2, 3, 6, dtype=torch.float64)
print(
    linalg.tensorinv(t).shape,
    torch.allclose(torch.tensordot(t, linalg.tensorsolve(t, torch.ones(2, 3).double()), 1), torch.ones(2, 3).double()),
)
for wrong in (
    lambda: linalg.inv(torch.zeros(2, 2)),
    lambda: linalg.cholesky(-torch.eye(2)),
    lambda: linalg.solve(torch.zeros(2, 2), torch.ones(2)),
):
    try:
        wrong()
    except linalg.LinAlgError as e:
        print("LinAlgError", isinstance(e, RuntimeError))
q, r = linalg.qr(tall, mode="complete")
try:
    q.sum().backward()
except RuntimeError:
    print("no slope")
