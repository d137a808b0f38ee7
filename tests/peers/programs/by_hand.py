"""A two-layer network without `nn` or `optim`: plain tensors, updates under no_grad."""

import torch

torch.manual_seed(1)
x = torch.linspace(-2, 2, 80).reshape(-1, 1)
y = torch.sin(2 * x) + 0.3 * x**2

w1 = (torch.randn(1, 24) * 1.2).requires_grad_()
b1 = torch.zeros(24, requires_grad=True)
w2 = torch.randn(24, 1, requires_grad=True)
b2 = torch.zeros(1, requires_grad=True)
parameters = [w1, b1, w2, b2]
velocity = [torch.zeros_like(p) for p in parameters]

for step in range(400):
    hidden = torch.tanh(x @ w1 + b1)
    error = hidden @ w2 + b2 - y
    loss = (error**2).mean()
    loss.backward()
    with torch.no_grad():
        for p, v in zip(parameters, velocity, strict=True):
            v *= 0.9
            v += p.grad
            p -= 0.01 * v
            p.grad.zero_()
    if step % 50 == 0:
        print(step, loss.item())

print("slope at zero", end=" ")
at = torch.zeros(1, 1, requires_grad=True)
out = torch.tanh(at @ w1 + b1) @ w2 + b2
out.sum().backward()
print(at.grad, w1.grad.abs().max() > 0)
for p in parameters:
    p.grad = None
print([p.grad for p in parameters])
print(loss, w1.is_leaf, hidden.is_leaf, hidden.requires_grad, x.requires_grad)
