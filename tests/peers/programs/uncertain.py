"""A network that predicts a mean and how far off it may be; quantiles; a count model."""

import torch
from torch import nn

torch.manual_seed(15)
x = torch.linspace(-1, 1, 200).unsqueeze(1)
y = x**3 + (0.05 + 0.2 * x.abs()) * torch.randn(200, 1)


class MeanAndVariance(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 20), nn.Mish(), nn.Linear(20, 20), nn.Mish())
        self.mean = nn.Linear(20, 1)
        self.spread = nn.Linear(20, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mean(h), nn.functional.softplus(self.spread(h)) + 1e-4


model = MeanAndVariance()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_fn = nn.GaussianNLLLoss()
for step in range(300):
    mean, variance = model(x)
    loss = loss_fn(mean, y, variance)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, f"{loss.item():.4f}")
mean, variance = (t.detach() for t in model(torch.tensor([[-1.0], [0.0], [1.0]])))
print(mean.T, variance.sqrt().T)


def pinball(prediction, target, q):
    e = target - prediction
    return torch.max(q * e, (q - 1) * e).mean()


levels = torch.tensor([0.1, 0.5, 0.9])
lines = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.SGD([lines], lr=0.05)
for _ in range(200):
    optimizer.zero_grad()
    pinball(lines, y, levels).backward()
    optimizer.step()
print(lines)

counts = torch.exp(1 + x).round()
rate = nn.Linear(1, 1)
optimizer = torch.optim.Adam(rate.parameters(), lr=0.05)
for _ in range(200):
    optimizer.zero_grad()
    nn.PoissonNLLLoss()(rate(x), counts).backward()
    optimizer.step()
print(rate.weight.item(), rate.bias.item())
