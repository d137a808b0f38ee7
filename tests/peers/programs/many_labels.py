"""Several labels per example: logits, weighted positives, thresholds, precision and recall."""

import torch
import torch.nn as nn

torch.manual_seed(12)
x = torch.randn(150, 6)
rules = torch.randn(6, 4)
y = ((x @ rules) > torch.tensor([1.0, 0.0, 2.0, -1.0])).float()
rate = y.mean(0)
print(rate)

model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 4))
criterion = nn.BCEWithLogitsLoss(pos_weight=(1 - rate) / rate)
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.005, momentum=0.5)
for epoch in range(60):
    logits = model(x)
    loss = criterion(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 12 == 0:
        print(f"{epoch} {loss.item():.5f}")

chosen = torch.sigmoid(model(x)) > 0.5
true = (chosen & y.bool()).sum(0).float()
precision, recall = true / chosen.sum(0), true / y.sum(0)
print(precision, recall)
print("F1", 2 * precision * recall / (precision + recall))
print("all four right:", (chosen == y.bool()).all(dim=1).float().mean().item())
each = nn.BCEWithLogitsLoss(reduction="none")(model(x), y)
print(each.shape, each.mean(0), each.sum() / each.numel())
