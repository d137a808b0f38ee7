"""Dropout and batch normalisation behave one way in training and another in evaluation."""

import torch
from torch import nn

torch.manual_seed(5)
x = torch.randn(90, 6) * torch.tensor([1.0, 2.0, 0.5, 3.0, 1.0, 1.0]) + 1
y = (x[:, 0] * x[:, 1] > 1).long() + (x[:, 2] > 1).long()

model = nn.Sequential(
    nn.Linear(
        6, 32, bias=False
    ),  # a shift before batch normalisation has no gradient but rounding, which Adam blows up
    nn.BatchNorm1d(32),
    nn.ReLU(),
    nn.Dropout(p=0.3),
    nn.Linear(32, 3),
)
print(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.8, weight_decay=0.01)
criterion = nn.CrossEntropyLoss()
for epoch in range(40):
    model.train()
    for start in range(0, 90, 30):
        optimizer.zero_grad()
        loss = criterion(model(x[start : start + 30]), y[start : start + 30])
        loss.backward()
        optimizer.step()
    if epoch % 8 == 7:
        model.eval()
        with torch.no_grad():
            scores = model(x)
        print(f"{epoch}  {loss.item():.4f}  {criterion(scores, y).item():.4f}  {(scores.argmax(1) == y).sum().item()}")

print(model[1].running_mean, model[1].running_var)
print(model[1].num_batches_tracked)
model.train()
print(torch.allclose(model(x), model(x)))
model.eval()
print(torch.allclose(model(x), model(x)))
print(nn.Dropout(0.5)(torch.ones(2, 8)))
print(sorted(model.state_dict().keys()))
