"""Pairs of views drawn together, a loss for hard examples, principal components."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(9)
x = torch.randn(64, 8)
enc = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4))
opt = torch.optim.SGD(enc.parameters(), lr=0.1, weight_decay=1e-3)
for e in range(30):
    a, b = x + 0.1 * torch.randn_like(x), x * (torch.rand_like(x) > 0.1)
    z1, z2 = F.normalize(enc(a), dim=1), F.normalize(enc(b), dim=1)
    sim = z1 @ z2.t() / 0.5
    lab = torch.arange(64)
    loss = (F.cross_entropy(sim, lab) + F.cross_entropy(sim.t(), lab)) / 2
    opt.zero_grad()
    loss.backward()
    opt.step()
    if e % 6 == 0:
        print(e, loss.item(), (sim.argmax(1) == lab).float().mean().item())


def focal(l, t, g=2.0):
    p = torch.sigmoid(l)
    ce = F.binary_cross_entropy_with_logits(l, t, reduction="none")
    pt = p * t + (1 - p) * (1 - t)
    return (ce * (1 - pt) ** g).mean()


l = torch.randn(10, requires_grad=True)
t = (torch.rand(10) > 0.5).float()
f = focal(l, t)
f.backward()
print(f.item(), l.grad)
U, S, V = torch.linalg.svd(x, full_matrices=False)
print(S[:3])
xc = x - x.mean(0)
u, s, vh = torch.linalg.svd(xc, full_matrices=False)
print((s**2 / (s**2).sum())[:4], (xc @ vh.T[:, :2]).abs()[:2])
