"""Exclusive or, learnt by a 2-4-1 network of sigmoids."""

import torch
import torch.nn as nn

torch.manual_seed(3)
X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])

model = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid())
loss_fn = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)

print(model)
for step in range(801):
    optimizer.zero_grad()
    prediction = model(X)
    loss = loss_fn(prediction, y)
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step:4d}  loss {loss.item():.5f}")

with torch.no_grad():
    out = model(X)
print(out)
print((out > 0.5).int().flatten().tolist())
print(model[0].weight)
print(model[0].bias.grad)
