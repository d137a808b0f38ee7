"""Tensor manipulation a course asks for: in-place windows, views, broadcasting puzzles."""

import torch

a = torch.arange(12.0).view(3, 4)
b = a[:, 1:3]
b *= 10
print(a)
a[1] = torch.tensor([1.0, 2.0, 3.0, 4.0])
a[:, -1] = 0
a[a > 50] = -1
print(a)
a[[0, 2], [1, 2]] += 5
a[0, ...] -= 1
print(a, a.stride(), a.t().is_contiguous(), a.T.contiguous().view(-1)[:3])
print(
    a.masked_fill(a < 0, 0), a.clamp_min(2), a.clip(0, 3), torch.where(a > 0)[0], a.nonzero()[:2], (a > 0).sum().item()
)
idx = torch.tensor([[0, 1], [2, 0], [3, 3]])
print(a.gather(1, idx), torch.zeros(3, 4).scatter_(1, idx, 1.0))
print(torch.zeros(5).index_add(0, torch.tensor([0, 0, 3]), torch.ones(3)))
x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
y = x * 2
y[:, 0] *= 3
y[0] += 1
y[1, 1] = 0
print(y)
(y**2).sum().backward()
print(x.grad)
x.grad = None
z = x.clone()
w = z.view(4)
w[0] = 100
w.mul_(2)
print(z)
z.sum().backward()
print(x.grad)
x.grad = None
h = x @ x.T
h.fill_diagonal_(0)
h.exp().sum().backward()
print(h, x.grad)
x.grad = None
s = torch.zeros(3, 2)
s[0] = x[0] * 2
s[1:] = x**2
print(s)
s.mean().backward()
print(x.grad)
x.grad = None
t = (x * 1).unsqueeze(0)
t[0].add_(x)
t.transpose(1, 2)[0, 0].mul_(2)
t.sum().backward()
print(t, x.grad)
x.grad = None
print(torch.arange(6).unfold(0, 2, 2), torch.arange(5.0).unfold(0, 3, 1).mean(-1))
u = torch.arange(6.0)
v = u.unfold(0, 2, 2)
v[0, 0] = 99
print(u)
print(
    torch.einsum("ij,jk->ik", a, a.T),
    torch.einsum("bi,bj->bij", a[:2], a[:2]).shape,
    torch.tensordot(a, a, dims=([1], [1])).shape,
    torch.kron(torch.eye(2), torch.ones(1, 2)),
)
print(
    torch.cat([a, a], -1).shape,
    torch.stack([a, a]).shape,
    torch.hstack([a, a]).shape,
    a.repeat(2, 1).shape,
    a.tile(2).shape,
    a.expand(2, 3, 4).shape,
    a.movedim(0, 1).shape,
    a.swapaxes(0, 1).shape,
    a.swapdims(0, 1).shape,
)
print(
    a.split([1, 3], dim=1)[1].shape,
    a.tensor_split(2)[0].shape,
    a.chunk(2)[1].shape,
    a.unbind(1)[0],
    a.narrow(1, 1, 2).shape,
    a.select(0, 1),
    a.index_select(1, torch.tensor([0, 2])),
)
print(
    a.flatten().unflatten(0, (2, 6)).shape,
    a.ravel().shape,
    a[None].shape,
    a[..., None].shape,
    a.unsqueeze(-1).squeeze().shape,
    a.reshape(2, -1).shape,
    a.view_as(torch.ones(4, 3)).shape,
    a.numel(),
    a.ndim,
    a.nelement(),
    a.dim(),
)
print(
    torch.tril(torch.ones(3, 3), -1),
    torch.triu(torch.ones(2, 3)),
    torch.diag(torch.tensor([1, 2])),
    torch.diag_embed(torch.ones(1, 2)),
    torch.block_diag(torch.ones(1, 1), torch.zeros(1, 2)),
    torch.eye(2, 3),
)
print(
    torch.bucketize(torch.tensor([1, 5]), torch.tensor([0, 2, 4])),
    torch.cummax(torch.tensor([1, 3, 2]), 0),
    torch.cumsum(torch.ones(2, 2), 1),
    torch.logcumsumexp(torch.zeros(3), 0),
    torch.flip(a, (0, 1))[0],
    a.rot90()[0],
    torch.trapezoid(torch.tensor([1.0, 2.0, 3.0])),
    torch.nn.functional.one_hot(torch.tensor([1, 0])),
)
