"""Waves as activations, a warm-up, mixed examples, an average of weights."""

import math

import numpy as np
import torch
from torch import nn

torch.manual_seed(11)
dice = np.random.default_rng(0)


class Sine(nn.Module):
    def __init__(self, i, o, first=False, w0=5.0):
        super().__init__()
        self.w0 = w0
        self.l = nn.Linear(i, o)
        with torch.no_grad():
            b = 1 / i if first else math.sqrt(6 / i) / w0
            self.l.weight.uniform_(-b, b)

    def forward(self, x):
        return torch.sin(self.w0 * self.l(x))


net = nn.Sequential(Sine(1, 16, True), Sine(16, 16), nn.Linear(16, 1))
x = torch.from_numpy(np.linspace(-1, 1, 64, dtype=np.float32)).unsqueeze(-1)
y = torch.sin(6 * x) * torch.exp(-(x**2))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sch = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1, (s + 1) / 10) * 0.99**s)
ema = {k: v.clone() for k, v in net.state_dict().items()}
for s in range(80):
    lam = float(dice.beta(0.4, 0.4))
    perm = torch.randperm(64)
    xm, ym = lam * x + (1 - lam) * x[perm], lam * y + (1 - lam) * y[perm]
    loss = nn.MSELoss()(net(x), y) + 0.1 * nn.MSELoss()(net(xm), ym)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    sch.step()
    for k, v in net.state_dict().items():
        ema[k].mul_(0.9).add_(v, alpha=0.1)
    if s % 16 == 0:
        print(s, f"{loss.item():.6f}", f"{opt.param_groups[0]['lr']:.3e}", sch.get_last_lr())
net.load_state_dict(ema)
print(nn.MSELoss()(net(x), y).item())
print({k: round(v.float().mean().item(), 5) for k, v in net.state_dict().items()})
