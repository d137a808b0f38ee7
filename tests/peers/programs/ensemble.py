"""Five networks from five seeds; their mean, their vote, an average of weights over training."""

import copy

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(140, 3)
y = ((x**2).sum(1) > 2.5).long()


def build(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 10), nn.ReLU6(), nn.Linear(10, 10), nn.Hardtanh(), nn.Linear(10, 2))


models = nn.ModuleList(build(seed) for seed in range(5))
for model in models:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(model(x[:100]), y[:100]).backward()
        optimizer.step()
with torch.no_grad():
    probabilities = torch.stack([m(x[100:]).softmax(-1) for m in models])
print(probabilities.shape, [(p.argmax(-1) == y[100:]).float().mean().item() for p in probabilities])
print("mean", (probabilities.mean(0).argmax(-1) == y[100:]).float().mean())
votes = nn.functional.one_hot(probabilities.argmax(-1), 2).sum(0)
print("vote", (votes.argmax(-1) == y[100:]).float().mean(), votes[:5])
print("doubt", -(probabilities.mean(0) * probabilities.mean(0).log()).sum(-1)[:6])

model = build(9)
average = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
for _ in range(50):
    optimizer.zero_grad()
    nn.CrossEntropyLoss()(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for a, p in zip(average.parameters(), model.parameters(), strict=True):
            a.lerp_(p, 0.1)
print(nn.CrossEntropyLoss()(model(x), y).item(), nn.CrossEntropyLoss()(average(x), y).item())
