"""Train a 2-10-1 network on two moons, and print the program that its training step was turned into."""

import glassnet as torch
from glassnet import nn
from glassnet.data.datasets import load_dataset

moons = load_dataset("moons", n=250)
x, y = torch.tensor(moons.x_train), torch.tensor(moons.y_train).float().unsqueeze(1)

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 1))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)


@torch.compile
def step(x, y):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


for _ in range(2000):
    loss = step(x, y)
print(f"loss {loss.item():.4f} after {step.replays} replays of\n")
print(step.source)
