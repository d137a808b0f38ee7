"""One cycle of the rate over a whole training, with momentum going the other way."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(77)
x = torch.randn(320, 10)
y = torch.stack([x[:, 0] * x[:, 1], x[:, 2].abs(), torch.sin(x[:, 3])], dim=1)
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(10, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 3))
optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
epochs = 12
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, epochs=epochs, steps_per_epoch=len(loader))
criterion = nn.SmoothL1Loss()
for epoch in range(epochs):
    losses = []
    for xb, yb in loader:
        loss = criterion(model(xb), yb)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.detach())
    group = optimizer.param_groups[0]
    print(f"{epoch:2d} {torch.stack(losses).mean():.5f} lr {group['lr']:.6f} beta {group['betas'][0]:.4f}")
with torch.inference_mode():
    print(criterion(model(x), y))
