"""An autoencoder squeezes eight numbers through two."""

import torch
from torch import nn

torch.manual_seed(19)
basis = torch.randn(2, 8)
codes = torch.rand(100, 2) * 2 - 1
data = torch.tanh(codes @ basis) + 0.02 * torch.randn(100, 8)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 2))
        self.decoder = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 8))

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = Autoencoder()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.99))
for epoch in range(200):
    noisy = data + 0.1 * torch.randn_like(data)
    loss = nn.functional.mse_loss(model(noisy), data)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 25 == 0:
        print(epoch, f"{loss.item():.5f}")
with torch.no_grad():
    hidden = model.encoder(data)
    error = ((model(data) - data) ** 2).mean(dim=1)
    unlike = ((model(torch.randn(5, 8) * 2) - 0) ** 2).mean(dim=1)
print(hidden[:3], hidden.mean(0), hidden.std(0))
print(f"{error.mean():.5f} {error.max():.5f}", error.argmax().item(), unlike)
print(model.encoder)
