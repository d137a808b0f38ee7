"""Five hundred steps of a deep network with dropout: any slip of one random number or one rule shows at the end."""

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1337)
x = torch.randn(256, 16)
w = torch.randn(16, 5)
y = (x @ w + 0.5 * torch.randn(256, 5)).argmax(dim=1)
data = TensorDataset(x, y)
loader = DataLoader(data, batch_size=24, shuffle=True)


class MLP(nn.Module):
    def __init__(self, sizes, p):
        super().__init__()
        layers = []
        for a, b in zip(sizes[:-2], sizes[1:-1], strict=True):  # noqa: RUF007 - as users write it
            layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(p)]
        self.net = nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))

    def forward(self, x):
        return self.net(x)


model = MLP([16, 32, 32, 5], p=0.1)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=46)
step = 0
for _ in range(46):
    model.train()
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        step += 1
        if step % 50 == 0:
            print(f"step {step:3d} loss {loss.item():.3f}")
    scheduler.step()
model.eval()
with torch.no_grad():
    out = model(x)
print(f"{criterion(out, y).item():.3f}", (out.argmax(1) == y).sum().item(), "of", len(data))
print(torch.rand(2))
