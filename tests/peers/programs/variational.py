"""A variational autoencoder: noise that gradients pass by, a loss of two terms."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
data = torch.cat(
    [torch.randn(100, 6) * 0.3 + c for c in (torch.tensor([1.0, 0, 0, 1, 0, 0]), torch.tensor([0, 1.0, 1, 0, 0, 1]))]
)


class VAE(nn.Module):
    def __init__(self, d=6, h=16, z=2):
        super().__init__()
        self.enc = nn.Linear(d, h)
        self.mu = nn.Linear(h, z)
        self.logvar = nn.Linear(h, z)
        self.dec = nn.Sequential(nn.Linear(z, h), nn.ReLU(), nn.Linear(h, d))

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def forward(self, x):
        h = F.relu(self.enc(x))
        mu, logvar = self.mu(h), self.logvar(h)
        return self.dec(self.reparameterize(mu, logvar)), mu, logvar


m = VAE()
opt = torch.optim.Adam(m.parameters(), lr=1e-2)
loader = torch.utils.data.DataLoader(data, batch_size=50, shuffle=True)
for e in range(15):
    tot = 0
    for x in loader:
        opt.zero_grad()
        r, mu, lv = m(x)
        rec = F.mse_loss(r, x, reduction="sum")
        kld = -0.5 * torch.sum(1 + lv - mu.pow(2) - lv.exp())
        loss = rec + 0.1 * kld
        loss.backward()
        opt.step()
        tot += loss.item()
    print(f"====> Epoch: {e} Average loss: {tot / len(loader.dataset):.4f}")
with torch.no_grad():
    print(m.dec(torch.randn(3, 2)))
