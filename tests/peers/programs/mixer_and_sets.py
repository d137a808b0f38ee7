"""Patches mixed by two perceptrons, a teacher with softened answers, sets of points, and pairs."""

from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class FeedForward(nn.Module):
    def __init__(self, dim, hidden, dropout=0.0):
        super().__init__()
        self.net = nn.Sequential(
            OrderedDict(
                [
                    ("fc1", nn.Linear(dim, hidden)),
                    ("act", nn.GELU()),
                    ("drop", nn.Dropout(dropout)),
                    ("fc2", nn.Linear(hidden, dim)),
                ]
            )
        )

    def forward(self, x):
        return self.net(x)


class MixerBlock(nn.Module):
    def __init__(self, dim, patches, td, cd):
        super().__init__()
        self.n1 = nn.LayerNorm(dim)
        self.n2 = nn.LayerNorm(dim)
        self.t = FeedForward(patches, td, 0.1)
        self.c = FeedForward(dim, cd, 0.1)

    def forward(self, x):
        x = x + self.t(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.c(self.n2(x))


class Mixer(nn.Module):
    def __init__(self, size=8, p=4, dim=16, depth=2, k=4):
        super().__init__()
        self.p = p
        n = (size // p) ** 2
        self.embed = nn.Conv2d(1, dim, p, p)
        self.blocks = nn.ModuleList([MixerBlock(dim, n, 8, 32) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, k)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        for b in self.blocks:
            x = b(x)
        return self.head(self.norm(x).mean(dim=1))


m = Mixer()
print(m)
print(sum(p.numel() for p in m.parameters() if p.requires_grad))
opt = torch.optim.AdamW(m.parameters(), lr=3e-3, weight_decay=0.05, betas=(0.9, 0.99))
sched = torch.optim.lr_scheduler.SequentialLR(
    opt,
    [torch.optim.lr_scheduler.LinearLR(opt, 0.1, 1.0, 3), torch.optim.lr_scheduler.CosineAnnealingLR(opt, 7)],
    milestones=[3],
)
X = torch.randn(32, 1, 8, 8)
Y = torch.randint(0, 4, (32,))
for e in range(10):
    m.train()
    logits = m(X)
    loss = F.cross_entropy(logits, Y, label_smoothing=0.1)
    opt.zero_grad()
    loss.backward()
    gn = nn.utils.clip_grad_norm_(m.parameters(), 1.0)
    opt.step()
    sched.step()
    print(f"{e} {loss.item():.4f} {gn:.4f} {sched.get_last_lr()[0]:.6f}")
teacher = Mixer(dim=24).eval().requires_grad_(False)
T = 3.0
s = m(X)
t = teacher(X)
kd = F.kl_div(F.log_softmax(s / T, -1), F.softmax(t / T, -1), reduction="batchmean") * T * T
kd.backward()
print(kd.item(), teacher.head.weight.grad)


class DeepSet(nn.Module):
    def __init__(self):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(2, 8), nn.ELU(), nn.Linear(8, 8))
        self.rho = nn.Linear(8, 1)

    def forward(self, x, mask):
        h = self.phi(x).masked_fill(~mask.unsqueeze(-1), 0.0)
        return self.rho(h.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)).squeeze(-1)


ds = DeepSet()
xs = torch.randn(4, 6, 2)
mask = torch.arange(6)[None, :] < torch.tensor([6, 3, 1, 4])[:, None]
print(mask, ds(xs, mask))
perm = torch.randperm(6)
print(torch.allclose(ds(xs, mask)[0], ds(xs[:, perm], mask[:, perm])[0], atol=1e-6))


def contrastive(a, b, y, margin=1.0):
    d = F.pairwise_distance(a, b, keepdim=True)
    return torch.mean((1 - y) * d.pow(2) + y * torch.clamp(margin - d, min=0.0).pow(2))


print(contrastive(torch.randn(4, 3), torch.randn(4, 3), torch.tensor([[0.0], [1.0], [1.0], [0.0]])))
