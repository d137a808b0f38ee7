"""Updates written by hand: .data, no_grad, .grad, in-place operations and their errors."""

import torch

torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
x, y = torch.randn(8, 3), torch.randn(8)
for step in range(3):
    loss = ((x @ w + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b.sub_(0.1 * b.grad)
        w.grad.zero_()
        b.grad = None
    print(step, loss, w, w.grad, b.is_leaf)
loss = ((x @ w + b - y) ** 2).mean()
loss.backward()
w.data -= 0.1 * w.grad.data
w.data.clamp_(-0.5, 0.5)
print(w, w.data.requires_grad, w.detach().requires_grad, w.grad)
for name, change in {
    "leaf": lambda: w.add_(1),
    "item": lambda: setattr(w, "grad", None) or w.mul_(2),
    "indexed": lambda: w.__setitem__(0, 1.0),
}.items():
    try:
        change()
        print(name, "done")
    except RuntimeError:
        print(name, "refused")
a = torch.ones(3, requires_grad=True)
c = a * 2
d = c.exp()
c += 1
print(c, d.sum())
d.sum().backward()
print(a.grad)
e = (a * 3).sigmoid()
e.mul_(2)
try:
    e.sum().backward()
    print("went")
except RuntimeError:
    print("changed in place")
z = torch.zeros(2, 3)
z[0] = torch.tensor([1.0, 2.0, 3.0])
z[:, 1] += 5
z[1, 2] = -1
z[z < 0] = 9
print(z, z.t_().shape, z.fill_(1).sum(), z.zero_().any())
v = torch.arange(6.0)
v[::2] *= -1
print(v, v.clone().masked_fill_(v < 0, 0), v.index_fill(0, torch.tensor([1]), 7), v.requires_grad_().requires_grad)
out = v.detach()
out[0] = 100
print(v[0].item(), v.clone().detach()[0], torch.equal(v, out), v.detach().numpy()[0])
u = torch.tensor([1.0], requires_grad=True)
for _ in range(2):
    (u**2).backward()
print(u.grad, u.grad.requires_grad)
u.grad = torch.tensor([5.0])
(u * 3).backward()
print(u.grad)
u.requires_grad_(False)
print(u, (u * 2).requires_grad)
