"""A small network learns from the softened answers of a large one."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(61)
x = torch.randn(120, 8)
y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).long() + (x[:, 3] > 0.5).long()


def mlp(width):
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 3))


def accuracy(model):
    return (model(x).argmax(1) == y).float().mean().item()


teacher, student = mlp(64), mlp(6)
optimizer = torch.optim.Adam(teacher.parameters(), lr=0.01)
for _ in range(60):
    optimizer.zero_grad()
    F.nll_loss(F.log_softmax(teacher(x), dim=1), y).backward()
    optimizer.step()
print(f"teacher {accuracy(teacher):.4f}")

T = 3.0
teacher.eval()
for p in teacher.parameters():
    p.requires_grad = False
optimizer = torch.optim.Adam(student.parameters(), lr=0.02)
soften = nn.KLDivLoss(reduction="batchmean")
for epoch in range(80):
    with torch.no_grad():
        answers = F.softmax(teacher(x) / T, dim=-1)
    scores = student(x)
    soft = soften(F.log_softmax(scores / T, dim=-1), answers) * T * T
    loss = 0.7 * soft + 0.3 * F.cross_entropy(scores, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 16 == 0:
        print(f"{epoch} {soft.item():.5f} {loss.item():.5f} {accuracy(student):.4f}")
print(all(p.grad is None or not p.requires_grad for p in teacher.parameters()))
print(F.softmax(student(x[:4]), dim=1))
