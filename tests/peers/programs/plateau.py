"""The rate falls when the validation loss stops falling."""

import torch
from torch import nn, optim

torch.manual_seed(50)
x = torch.randn(100, 12)
y = (x[:, :4] ** 2).sum(1, keepdim=True) + 0.5 * torch.randn(100, 1)
model = nn.Sequential(nn.Linear(12, 30), nn.LeakyReLU(), nn.Linear(30, 1))
optimizer = optim.RMSprop(model.parameters(), lr=0.03, centered=True)
scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=4)
best, rates = float("inf"), []
for epoch in range(80):
    model.train()
    for i in range(0, 70, 14):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x[i : i + 14]), y[i : i + 14])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        valid = nn.functional.mse_loss(model(x[70:]), y[70:])
    scheduler.step(valid)
    best = min(best, valid.item())
    rates.append(optimizer.param_groups[0]["lr"])
    if epoch % 10 == 0:
        print(f"{epoch} {loss.item():.3f} {valid.item():.3f} {rates[-1]:.6f}")
print(f"best {best:.3f}", sorted({round(r, 7) for r in rates}))
print(scheduler.num_bad_epochs, f"{scheduler.best:.3f}", scheduler.state_dict()["patience"])
