"""Softmax regression with every gradient written out, checked against autograd."""

import torch
import torch.nn.functional as F

g = torch.Generator().manual_seed(2147483647)
x = torch.randn((40, 5), generator=g)
y = torch.randint(0, 4, (40,), generator=g)
W1 = torch.randn((5, 9), generator=g) * 0.5
b1 = torch.randn(9, generator=g) * 0.1
W2 = torch.randn((9, 4), generator=g) * 0.1
b2 = torch.zeros(4)
bn_gain, bn_bias = torch.ones((1, 9)), torch.zeros((1, 9))
parameters = [W1, b1, W2, b2, bn_gain, bn_bias]
for p in parameters:
    p.requires_grad = True

n = len(x)
z = x @ W1 + b1
mean = z.mean(0, keepdim=True)
var = z.var(0, keepdim=True, unbiased=True)
z_hat = (z - mean) * (var + 1e-5) ** -0.5
pre = bn_gain * z_hat + bn_bias
h = torch.tanh(pre)
logits = h @ W2 + b2
counts = (logits - logits.max(1, keepdim=True).values).exp()
probs = counts * counts.sum(1, keepdims=True) ** -1
loss = -probs.log()[range(n), y].mean()
for t in (logits, h, pre, z):
    t.retain_grad()
loss.backward()
print(loss.item(), F.cross_entropy(logits, y).item())

with torch.no_grad():
    dlogits = F.softmax(logits, 1)
    dlogits[range(n), y] -= 1
    dlogits /= n
    d_w2, db2 = h.T @ dlogits, dlogits.sum(0)
    dpre = (1 - h**2) * (dlogits @ W2.T)
    dgain, dbias = (z_hat * dpre).sum(0, keepdim=True), dpre.sum(0, keepdim=True)
    std = (var + 1e-5) ** -0.5
    dz = bn_gain * std / n * (n * dpre - dpre.sum(0) - n / (n - 1) * z_hat * (dpre * z_hat).sum(0))
    d_w1, db1 = x.T @ dz, dz.sum(0)
pairs = {
    "logits": (dlogits, logits),
    "W2": (d_w2, W2),
    "b2": (db2, b2),
    "pre": (dpre, pre),
    "gain": (dgain, bn_gain),
    "bias": (dbias, bn_bias),
    "z": (dz, z),
    "W1": (d_w1, W1),
}
for name, (mine, t) in pairs.items():
    close = torch.allclose(mine, t.grad, atol=1e-6)
    print(f"{name:7s} close: {close!s:5s}  largest gradient {t.grad.abs().max().item():.5f}")
print(db1.abs().max().item() < 1e-6)
for p in parameters:
    p.data += -0.5 * p.grad
    p.grad = None
print(W2)
