"""LBFGS with a closure, clipped gradients and what clipping returns, vectors of parameters."""

import torch
from torch import nn
from torch.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    parameters_to_vector,
    vector_to_parameters,
)

torch.manual_seed(0)
x = torch.linspace(-1, 1, 20).unsqueeze(1)
y = x**2 + 0.1
net = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1))
optimizer = torch.optim.LBFGS(net.parameters(), lr=0.5, max_iter=5, line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    return loss


for step in range(4):
    print(step, round(optimizer.step(closure).item(), 4))

loss = (net(x) * 100).sum()
loss.backward()
total = clip_grad_norm_(net.parameters(), max_norm=1.0)
print(total, total.dtype, clip_grad_norm_(net.parameters(), 0.5), clip_grad_norm_(net.parameters(), 1.0, norm_type=1))
clip_grad_value_(net.parameters(), 0.05)
print(max(p.grad.abs().max().item() for p in net.parameters()) <= 0.05)
vector = parameters_to_vector(net.parameters())
print(vector.shape, vector.requires_grad, vector[:3])
vector_to_parameters(torch.zeros_like(vector), net.parameters())
print([p.abs().sum().item() for p in net.parameters()])
print(torch.nn.utils.get_total_norm([p.grad for p in net.parameters()]).shape)
print(optimizer)
