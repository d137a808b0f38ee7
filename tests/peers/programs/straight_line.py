"""A straight line through noisy points, in batches from a DataLoader."""

import torch
from torch.utils.data import DataLoader, TensorDataset

generator = torch.Generator().manual_seed(7)
x = torch.rand(120, 3, generator=generator) * 4 - 2
true_w = torch.tensor([[1.5], [-2.0], [0.5]])
y = x @ true_w + 0.7 + 0.05 * torch.randn(120, 1, generator=generator)

torch.manual_seed(11)
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
loss_fn = torch.nn.MSELoss()

print("batches:", len(loader))
for epoch in range(15):
    total = 0.0
    for xb, yb in loader:
        loss = loss_fn(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    print(epoch, f"{total / len(x):.6f}")
print(model.weight, model.bias)
print(next(iter(loader))[0][:3])
