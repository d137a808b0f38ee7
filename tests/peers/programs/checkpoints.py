"""A run that is saved and resumed gives the numbers of a run that is not interrupted."""

import io

import torch
from torch import nn

torch.manual_seed(6)
x, y = torch.randn(50, 3), torch.randn(50, 2)


def fresh():
    torch.manual_seed(100)
    model = nn.Sequential(nn.Linear(3, 8), nn.ELU(), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, amsgrad=True)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.98)
    return model, optimizer, scheduler


def train(model, optimizer, scheduler, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.l1_loss(model(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
    return loss.item()


whole = fresh()
print(f"{train(*whole, 40):.6f}")

parts = fresh()
print(f"{train(*parts, 15):.6f}")
file = io.BytesIO()
torch.save({"parts": [p.state_dict() for p in parts], "epoch": 15}, file)
file.seek(0)
saved = torch.load(file, weights_only=True)
print(saved["epoch"], list(saved["parts"][0]))
again = fresh()
for part, state in zip(again, saved["parts"], strict=True):
    part.load_state_dict(state)
print(f"{train(*again, 25):.6f}")
print(all(torch.equal(a, b) for a, b in zip(whole[0].parameters(), again[0].parameters(), strict=True)))

other = nn.Sequential(nn.Linear(3, 8), nn.ELU(), nn.Linear(8, 2))
other.load_state_dict(whole[0].state_dict())
print(other(x[:2]))
print({name: tuple(t.shape) for name, t in other.state_dict().items()})
