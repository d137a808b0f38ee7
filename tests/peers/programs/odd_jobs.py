"""Checkpoints, views by stride, scattered reductions with their slopes, and what is refused."""

import warnings

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

torch.manual_seed(0)
warnings.simplefilter("ignore")
net = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.2), nn.Tanh()) for _ in range(4)])
x = torch.randn(3, 4, requires_grad=True)
torch.manual_seed(5)
a = checkpoint(lambda v: net(v), x, use_reentrant=False)
a.sum().backward()
ga = x.grad.clone()
x.grad = None
torch.manual_seed(5)
b = net(x)
b.sum().backward()
print(torch.equal(ga, x.grad), torch.equal(a, b), a)
torch.manual_seed(5)
c = checkpoint_sequential(net, 2, x, use_reentrant=False)
print(torch.equal(c, b))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(6):
    out = net(torch.randn(2, 4))
    loss = out.pow(2).mean() / 3
    loss.backward()
    if (step + 1) % 3 == 0:
        opt.step()
        opt.zero_grad()
        print(step, loss)
y = (x * 2).sum()
y.backward()
try:
    z = (x**2).sum()
    z.backward()
    z.backward()
except RuntimeError as e:
    print("RuntimeError", "second time" in str(e) or "second" in str(e))
try:
    w = torch.ones(2, requires_grad=True)
    w.add_(1)
except RuntimeError:
    print("RuntimeError")
try:
    s = torch.ones(2, requires_grad=True)
    v = s.exp()
    v.add_(1)
    v.sum().backward()
except RuntimeError:
    print("RuntimeError")
with torch.no_grad():
    print((x * 2).requires_grad, x.requires_grad)
with torch.autocast("cpu", enabled=False):
    print(net(x).dtype)
sc = torch.amp.GradScaler("cpu", enabled=False)
l = net(x).sum()
sc.scale(l).backward()
sc.step(opt)
sc.update()
print(sc.get_scale())
d = x.detach()
d[0, 0] = 9.0
print(x[0, 0])
u = torch.zeros(3)
u[1:] += 2
u[u > 1] = -1
u[[0, 2]] = torch.tensor([5.0, 6.0])
print(u, u._version if False else "")
p = torch.arange(6.0).view(2, 3)
q = p.t()
q.mul_(2)
print(p, q.is_contiguous(), q.stride(), p.storage_offset(), p[1:].storage_offset())
print(torch.as_strided(p, (2, 2), (3, 2)), p.as_strided((3,), (2,), 1))
r = p.clone().requires_grad_()
(r.as_strided((2, 2), (1, 1)) * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
print(r.grad)
a = torch.tensor([[1.0, 2.0], [3.0, 7.0]], requires_grad=True)
src = torch.tensor([[5.0, 0.0], [1.0, 2.0], [0.0, 3.0]], requires_grad=True)
idx = torch.tensor([[0, 1], [0, 0], [1, 1]])
for red in ("sum", "mean", "prod", "amax", "amin"):
    for inc in (True, False):
        a.grad = src.grad = None
        y = a.scatter_reduce(0, idx, src, red, include_self=inc)
        (y * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
        print(red, inc, y, a.grad, src.grad)
for red in ("mean", "prod", "amax", "amin"):
    a.grad = src.grad = None
    y = a.index_reduce(0, torch.tensor([0, 1, 0]), src, red, include_self=red != "mean")
    (y * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    print(red, y, a.grad, src.grad)
t = torch.zeros(3)
t.index_reduce_(0, torch.tensor([0, 0]), torch.tensor([2.0, 3.0]), "amax")
print(t, torch.index_reduce(t, 0, torch.tensor([1]), torch.ones(1), "prod"))
