"""Rarer methods."""

import torch

x = torch.arange(8.0)
print(
    torch.slice_scatter(x, torch.ones(2), 0, 2, 4),
    torch.select_scatter(torch.zeros(2, 3), torch.ones(3), 0, 1),
    torch.diagonal_scatter(torch.zeros(3, 3), torch.ones(2), 1),
)
print(
    x.masked_scatter(x > 5, torch.tensor([-1.0, -2.0, -3.0])),
    torch.hsplit(x, 2),
    torch.vsplit(x.view(4, 2), [1]),
    torch.atleast_3d(x[:2]).shape,
    torch.diagflat(x[1:3]),
)
src, idx = torch.tensor([1.0, 5.0, 2.0, 7.0]), torch.tensor([0, 1, 0, 3])
for r in ("sum", "mean", "prod", "amax", "amin"):
    print(
        r,
        torch.full((4,), 3.0).scatter_reduce(0, idx, src, r),
        torch.full((4,), 3.0).scatter_reduce(0, idx, src, r, include_self=False),
    )
print(
    torch.signbit(torch.tensor([-0.0, 1.0])),
    torch.gcd(torch.tensor([12, 7]), torch.tensor([18, 21])),
    torch.lcm(torch.tensor(4), torch.tensor(6)),
    torch.isposinf(torch.tensor([float("inf"), 1.0])),
    torch.isreal(x[:2]),
)
print(
    torch.ldexp(torch.tensor([1.0]), torch.tensor([3])),
    torch.logaddexp2(torch.tensor([1.0]), torch.tensor([1.0])),
    torch.unravel_index(torch.tensor([5]), (2, 3)),
    x[None].mH.shape,
    x.is_cpu,
    x.get_device(),
    x.is_complex(),
)
y = x.clone()
print(
    y.eq_(3),
    x.clone().gt_(4),
    x.where(x > 3, torch.zeros(())),
    x.clone().multiply_(2).subtract_(1).negative_(),
    x.clone().apply_(lambda v: v * v + 1),
    x.clone().map_(x, lambda a, b: a * b),
    x.clone().atan2_(x),
    x.char(),
)
w = torch.arange(5.0, requires_grad=True)
u = w.unfold(0, 3, 1)
print(u, u.shape)
(u * torch.arange(9.0).view(3, 3)).sum().backward()
print(w.grad)
(g,) = torch.autograd.grad(torch.slice_scatter(w * 2, w[:2] ** 2, 0, 1, 3).pow(2).sum(), w)
print(g)
a = torch.zeros(3, requires_grad=True)
b = a * 1
h = b[1:]
h += 2
print(b, h)
c = torch.scatter_reduce(a, 0, torch.tensor([0, 0, 2]), w[:3], "mean")
c.sum().backward()
print(a.grad, c)
print(
    torch.asarray([1, 2]), torch.detach(w), x[torch.newaxis].shape, w.retains_grad, torch.Tensor([1, 2]).swapaxes_(0, 0)
)
import torch.utils.data.sampler as sampler
from torch.utils.data.dataset import TensorDataset, random_split

print(
    list(sampler.SubsetRandomSampler([1], generator=torch.Generator())), len(random_split(TensorDataset(x), [5, 3])[0])
)
