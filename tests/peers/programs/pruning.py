"""Weights cut away under a mask, rounded, and inputs shuffled to see which matter."""

import torch
from torch import nn

torch.manual_seed(8)
m = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 2))
X = torch.randn(200, 10)
Y = (X[:, 0] * X[:, 1] > 0).long()
opt = torch.optim.SGD(m.parameters(), lr=0.2, momentum=0.9)


def fit(n, masks=None):
    for _ in range(n):
        opt.zero_grad()
        l = nn.functional.cross_entropy(m(X), Y)
        l.backward()
        opt.step()
        if masks:
            with torch.no_grad():
                for p, k in masks.items():
                    p.mul_(k)
    return round(l.item(), 5), (m(X).argmax(1) == Y).float().mean().item()


print(fit(80))
w = m[0].weight
thr = w.abs().flatten().kthvalue(int(0.6 * w.numel())).values
print(thr.item())
mask = {w: (w.abs() > thr).float()}
with torch.no_grad():
    w.mul_(mask[w])
print((w == 0).float().mean(), fit(40, mask), (w == 0).sum().item())
q = torch.round(w.detach() / 0.05) * 0.05
print((q - w).abs().max(), q.unique().numel())
imp = []
for j in range(10):
    Xp = X.clone()
    Xp[:, j] = Xp[torch.randperm(200), j]
    imp.append((m(Xp).argmax(1) == Y).float().mean().item())
print([round(i, 3) for i in imp])
