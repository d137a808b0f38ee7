"""Which inputs matter: gradients of a score, and small steps against a prediction."""

import torch
from torch import nn

torch.manual_seed(55)
x = torch.randn(100, 5)
y = ((x[:, 1] - 2 * x[:, 3]) > 0).long()
model = nn.Sequential(nn.Linear(5, 12), nn.Softplus(), nn.Linear(12, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
for _ in range(80):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()

inputs = x[:20].clone().requires_grad_(True)
scores = model(inputs)
scores.gather(1, y[:20, None]).sum().backward()
print(inputs.grad.abs().mean(0))

model.zero_grad()
for p in model.parameters():
    p.requires_grad_(False)
for epsilon in (0.0, 0.1, 0.3, 0.6):
    attacked = x.clone().requires_grad_()
    nn.functional.cross_entropy(model(attacked), y).backward()
    moved = attacked + epsilon * attacked.grad.sign()
    right = (model(moved).argmax(1) == y).float().mean()
    print(f"epsilon {epsilon}: {right.item():.2f}")
print(moved.requires_grad, all(p.grad is None or bool((p.grad == 0).all()) for p in model.parameters()))

dream = torch.zeros(1, 5, requires_grad=True)
climb = torch.optim.SGD([dream], lr=0.1)
for _ in range(50):
    climb.zero_grad()
    goal = -model(dream)[0, 1] + 0.1 * dream.norm() ** 2
    goal.backward()
    climb.step()
print(dream, goal)
