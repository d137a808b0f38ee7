"""Regression with heteroscedastic noise; collate, sampler, drop_last."""

import math

import torch
from torch import nn
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    WeightedRandomSampler,
)


class Waves(Dataset):
    def __init__(self, n, freq):
        g = torch.Generator().manual_seed(freq)
        self.x = torch.rand(n, generator=g) * 2 - 1
        self.y = torch.sin(freq * self.x * math.pi) + 0.05 * torch.randn(n, generator=g)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"x": self.x[i], "y": self.y[i], "id": i, "name": f"wave{i}"}


data = ConcatDataset([Waves(20, 1), Waves(12, 2)])
print(len(data), data.cumulative_sizes, data[25]["id"], data[-1]["name"])
torch.manual_seed(0)
loader = DataLoader(data, batch_size=5, shuffle=True, drop_last=True)
print(len(loader))
for batch in loader:
    print({k: (v.shape if torch.is_tensor(v) else v[:2]) for k, v in batch.items()}, batch["id"].tolist())
    break
print(list(BatchSampler(SequentialSampler(range(7)), 3, False)))
print(list(BatchSampler(RandomSampler(range(7), generator=torch.Generator().manual_seed(4)), 3, True)))
print(list(SubsetRandomSampler([3, 1, 4, 1, 5], generator=torch.Generator().manual_seed(1))))
w = WeightedRandomSampler([0.1, 0.2, 0.7], 10, replacement=True)
print(len(w), list(w))
print(list(RandomSampler(range(4), replacement=True, num_samples=9)))


def collate(items):
    xs = torch.stack([i["x"] for i in items]).unsqueeze(1)
    return xs, torch.tensor([i["y"].item() for i in items]).view(-1, 1)


loader = DataLoader(Subset(data, list(range(20))), batch_size=8, collate_fn=collate)
net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 2))
crit = nn.GaussianNLLLoss(eps=1e-4)
opt = torch.optim.RMSprop(net.parameters(), lr=0.005, alpha=0.95, momentum=0.5, centered=True)
for epoch in range(40):
    total, seen = 0.0, 0
    for xb, yb in loader:
        mean, logvar = net(xb).chunk(2, dim=1)
        loss = crit(mean, yb, logvar.exp())
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
        seen += xb.size(0)
    if epoch % 10 == 9:
        print(epoch, round(total / seen, 4))
loader = DataLoader(data, batch_sampler=BatchSampler(SequentialSampler(data), 16, drop_last=False), collate_fn=collate)
print([b[0].shape for b in loader], loader.batch_size, loader.dataset is data)
