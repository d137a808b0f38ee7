"""A classifier on rings, with metrics written by hand."""

from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)
n = 300
radius = torch.cat([torch.full((n // 3,), r) for r in (0.5, 1.0, 1.5)]) + 0.1 * torch.randn(n)
angle = 2 * torch.pi * torch.rand(n)
X = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=-1)
y = torch.arange(3).repeat_interleave(n // 3)
perm = torch.randperm(n)
X, y = X[perm], y[perm]
train, test = slice(0, 240), slice(240, None)
net = nn.Sequential(
    OrderedDict(
        [
            ("lift", nn.Linear(2, 24)),
            ("bend", nn.LeakyReLU(0.05)),
            ("mix", nn.Linear(24, 24, bias=False)),
            ("norm", nn.BatchNorm1d(24, momentum=0.2, affine=True)),
            ("bend2", nn.Hardswish()),
            ("out", nn.Linear(24, 3)),
        ]
    )
)
print(net)
print(net.lift, net[0] is net.lift, len(net), [k for k, _ in net.named_children()])
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
print(opt)
for epoch in range(6):
    net.train()
    for xb, yb in zip(X[train].split(48), y[train].split(48)):
        loss = F.cross_entropy(net(xb), yb, label_smoothing=0.05)
        opt.zero_grad(set_to_none=False)
        loss.backward()
        opt.step()
    if epoch % 2 == 1:
        net.eval()
        with torch.no_grad():
            out = net(X[test])
            print(
                f"{epoch + 1:3d} {loss.item():.4f} {F.cross_entropy(out, y[test]).item():.4f} {(out.argmax(1) == y[test]).float().mean():.3f}"
            )
pred = out.argmax(dim=1)
confusion = torch.zeros(3, 3, dtype=torch.int64)
for t, p in zip(y[test], pred):
    confusion[t.long(), p.long()] += 1
print(confusion)
precision = confusion.diag() / confusion.sum(0).clamp(min=1)
recall = confusion.diagonal() / confusion.sum(1)
print(precision, recall)
print(2 * precision * recall / (precision + recall))
print(torch.histc(F.softmax(out, -1).max(-1).values, bins=4, min=0, max=1))
print(net.norm.running_mean[:4], net.norm.running_var[:4], net.norm.num_batches_tracked)
print({k: tuple(v.shape) for k, v in net.state_dict().items()})
