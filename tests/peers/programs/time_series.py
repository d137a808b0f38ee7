"""Odd corners of data and sequences: sliding windows, time series, padding masks, attention by hand."""

import math

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(10)
series = torch.sin(torch.linspace(0, 20, 200)) + 0.05 * torch.randn(200)
win = series.unfold(0, 13, 1)
X, y = win[:, :-1], win[:, -1:]
print(X.shape, X.stride(), X.is_contiguous(), torch.equal(X[1:, 0], X[:-1, 1]))
net = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1))
opt = torch.optim.RAdam(net.parameters(), lr=0.01)
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, 5, 2)
for e in range(15):
    for xb, yb in zip(X[:150].split(50), y[:150].split(50)):
        opt.zero_grad()
        l = F.mse_loss(net(xb), yb)
        l.backward()
        opt.step()
    sched.step()
print(f"{l.item():.5f}", sched.get_last_lr(), F.mse_loss(net(X[150:]), y[150:]))
hist = X[-1].clone()
preds = []
with torch.no_grad():
    for _ in range(5):
        p = net(hist)
        preds.append(p.item())
        hist = torch.cat([hist[1:], p])
print([round(p, 3) for p in preds])


def attention(q, k, v, mask=None):
    s = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
    if mask is not None:
        s = s.masked_fill(mask == 0, float("-inf"))
    w = F.softmax(s, dim=-1)
    return w @ v, w


q, k, v = (torch.randn(2, 4, 3, requires_grad=True) for _ in range(3))
o, w = attention(q, k, v, torch.tril(torch.ones(4, 4)))
o.sum().backward()
print(o[0], w[0, 1], q.grad[0, :2])
pos = torch.zeros(6, 4)
at = torch.arange(6).unsqueeze(1)
div = torch.exp(torch.arange(0, 4, 2) * (-math.log(10000.0) / 4))
pos[:, 0::2] = torch.sin(at * div)
pos[:, 1::2] = torch.cos(at * div)
print(pos)
lens = torch.tensor([3, 1, 2])
mask = torch.arange(3)[None, :] < lens[:, None]
print(mask, mask.float() / mask.sum(1, keepdim=True))
h = torch.zeros(3, 4)
Wx, Wh = nn.Linear(2, 4), nn.Linear(4, 4, bias=False)
seq = torch.randn(3, 3, 2)
for t in range(3):
    new = torch.tanh(Wx(seq[:, t]) + Wh(h))
    h = torch.where(mask[:, t : t + 1], new, h)
h.pow(2).mean().backward()
print(h, Wh.weight.grad)
buf = torch.empty(0, 2)
for i in range(3):
    buf = torch.cat((buf, torch.full((1, 2), float(i))))
print(
    buf, buf.mean(0), torch.stack(list(buf)).T, buf.roll(1, 0), buf.flip(0), [b.tolist() for b in buf.unbind()], *buf[1]
)
print(
    F.pad(series[:3].view(1, 1, 3), (1, 1), mode="replicate"),
    F.conv1d(series[:6].view(1, 1, 6), torch.ones(1, 1, 3) / 3),
    F.avg_pool1d(series[:6].view(1, 1, 6), 2),
    F.max_pool1d(series[:6].view(1, 1, 6), 3, stride=1),
)
print(
    torch.trapezoid(series[:5], dx=0.1),
    series.cumsum(0)[-1],
    (series[1:] * series[:-1]).mean(),
    series.argmax(),
    torch.nn.utils.parameters_to_vector(net.parameters()).norm(),
)
a, b = torch.zeros(3).uniform_(), torch.empty(2, 2).normal_(1, 2)
print(
    a,
    b,
    torch.empty(3).exponential_(),
    torch.randint_like(a, 9),
    torch.rand(3, dtype=torch.float64),
    torch.randn(3, dtype=torch.float64),
    torch.bernoulli(a),
    torch.empty(4).random_(10),
    torch.randperm(5),
)
