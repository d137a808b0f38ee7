"""Changes in place: fills, masks, slices, views that share memory, arithmetic with `_`."""

import torch

a = torch.zeros(3, 4)
a[0] = 1
a[:, 2] += 5
a[1, 1:3] = torch.tensor([7.0, 8.0])
a[a > 6] = -1
print(a)
view = a.view(-1)
view[0] = 100
print(a[0, 0], a.t()[0])
a.mul_(2).add_(1).clamp_(min=-3, max=20)
print(a)
row = a[2]
row.fill_(0.5)
print(a.sum(), row.sqrt_())
b = a.clone()
b.zero_()
print(a.equal(b), b)
b.copy_(torch.arange(4.0))
print(b)
b[[0, 2]] = b[[2, 0]] * 10
b.masked_fill_(b == 20, -7)
print(b, b.dtype)
c = torch.arange(6)
c[::2] = 9
c[torch.tensor([1, 3])] = torch.tensor([-1, -3])
c //= 2
print(c)
d = torch.ones(2, 2)
e = d
e += 1
print(d, d is e)
f = torch.tensor([1.0, 2.0], requires_grad=True)
g = f * 3
g[0] = 0
g += 1
(g**2).sum().backward()
print(f.grad)
h = torch.tensor([1.0, 4.0, 9.0], requires_grad=True)
k = torch.zeros(3)
k[1:] = h[:2].sqrt() * 2
k.sum().backward()
print(k.detach(), h.grad)
with torch.no_grad():
    f.add_(1.0)
    f[0] = -5
print(f)
try:
    f.add_(1)
except RuntimeError:
    print("a leaf that requires grad may not be changed in place")
m = torch.zeros(3, 3).index_add_(0, torch.tensor([0, 2, 0]), torch.ones(3, 3))
print(m, m.scatter_(1, torch.tensor([[2], [1], [0]]), 6.0))
