"""Gradients summed over small batches, clipped by their common norm or by value."""

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, parameters_to_vector, vector_to_parameters

torch.manual_seed(33)
x = torch.randn(64, 5) * 3
y = x.prod(dim=1, keepdim=True) + x.sum(dim=1, keepdim=True)
model = nn.Sequential(nn.Linear(5, 20), nn.SiLU(), nn.Linear(20, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
loss_fn = nn.HuberLoss(delta=2.0)

for epoch in range(30):
    optimizer.zero_grad()
    total = 0.0
    for xb, yb in zip(x.chunk(4), y.chunk(4), strict=True):
        loss = loss_fn(model(xb), yb) / 4
        loss.backward()
        total += loss.item()
    norm = clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    if epoch % 5 == 0:
        clipped = torch.cat([p.grad.flatten() for p in model.parameters()]).norm()
        print(f"{epoch} loss {total:.4f} norm {norm:.4f} after {clipped.item():.4f}")

loss = loss_fn(model(x), y)
loss.backward()
clip_grad_value_(model.parameters(), 0.01)
print(model[2].bias.grad, max(p.grad.abs().max().item() for p in model.parameters()))
flat = parameters_to_vector(model.parameters())
print(flat.shape, flat.norm())
vector_to_parameters(flat * 0, model.parameters())
print(model(x).abs().sum())
