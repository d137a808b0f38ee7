"""Two half moons, separated by a module of one's own with binary cross-entropy."""

import math

import torch
from torch import nn

torch.manual_seed(0)


def half_moons(n, noise):
    angle = torch.linspace(0, math.pi, n // 2)
    upper = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    lower = torch.stack([1 - torch.cos(angle), 0.5 - torch.sin(angle)], dim=1)
    points = torch.cat([upper, lower]) + noise * torch.randn(n, 2)
    labels = torch.cat([torch.zeros(n // 2), torch.ones(n // 2)])
    return points, labels.unsqueeze(1)


class Separator(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.hidden = nn.Linear(2, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        x = torch.relu(self.hidden(x))
        return torch.sigmoid(self.out(x))


X, y = half_moons(200, 0.1)
order = torch.randperm(len(X))
X, y = X[order], y[order]
X_train, X_test, y_train, y_test = X[:160], X[160:], y[:160], y[160:]
print(X.shape, y.shape, X.mean(dim=0), X.std(dim=0))

model = Separator(hidden=10)
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(1, 301):
    model.train()
    loss = criterion(model(X_train), y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 50 == 0:
        model.eval()
        with torch.no_grad():
            p = model(X_test)
            accuracy = ((p >= 0.5).float() == y_test).float().mean()
            test = criterion(p, y_test).item()
            print(f"{epoch}: train {loss:.4f}, test {test:.4f}, accuracy {100 * accuracy.item():.1f}%")

print(sum(p.numel() for p in model.parameters() if p.requires_grad), "parameters")
print(model.out.weight.data.sort(dim=1).values)
