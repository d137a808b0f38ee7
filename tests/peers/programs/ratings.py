"""Ratings from embeddings of users and items, with biases, on a split data set."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(7)


class Ratings(Dataset):
    def __init__(self, n=400):
        self.u = torch.randint(0, 20, (n,))
        self.i = torch.randint(0, 15, (n,))
        U, V = torch.randn(20, 3), torch.randn(15, 3)
        self.r = (U[self.u] * V[self.i]).sum(1) + 0.1 * torch.randn(n)

    def __len__(self):
        return len(self.r)

    def __getitem__(self, k):
        return self.u[k], self.i[k], self.r[k]


class MF(nn.Module):
    def __init__(self):
        super().__init__()
        self.u = nn.Embedding(20, 4)
        self.v = nn.Embedding(15, 4)
        self.bu = nn.Embedding(20, 1)
        self.bi = nn.Embedding(15, 1)
        self.mean = nn.Parameter(torch.tensor(0.0))
        for e in (self.u, self.v):
            nn.init.normal_(e.weight, std=0.1)
        nn.init.zeros_(self.bu.weight)
        nn.init.zeros_(self.bi.weight)

    def forward(self, u, i):
        return (self.u(u) * self.v(i)).sum(1) + self.bu(u).squeeze() + self.bi(i).squeeze() + self.mean


ds = Ratings()
tr, te = random_split(ds, [320, 80])
m = MF()
opt = torch.optim.Adagrad(m.parameters(), lr=0.2)
for e in range(10):
    m.train()
    s = 0
    for u, i, r in DataLoader(tr, 32, shuffle=True):
        loss = nn.functional.mse_loss(m(u, i), r)
        opt.zero_grad()
        loss.backward()
        opt.step()
        s += loss.item()
    m.eval()
    with torch.no_grad():
        err = torch.cat([(m(u, i) - r) for u, i, r in DataLoader(te, 64)])
    print(e, round(s, 3), round(err.pow(2).mean().sqrt().item(), 4))
