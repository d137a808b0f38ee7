"""k-fold, grid search, learning curves; sorting, statistics and masks along the way."""

import itertools

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, SubsetRandomSampler, TensorDataset

X = torch.linspace(-3, 3, 90).unsqueeze(1)
y = torch.sin(X) + 0.2 * torch.randn(90, 1, generator=torch.Generator().manual_seed(1))
data = TensorDataset(X, y)


def kfold(n, k, seed=0):
    idx = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    for part in idx.chunk(k):
        mask = torch.ones(n, dtype=torch.bool)
        mask[part] = False
        yield idx[mask[idx]], part


def fit(width, lr, train, seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1))
    opt = torch.optim.Rprop(net.parameters(), lr=lr) if width == 8 else torch.optim.Adamax(net.parameters(), lr=lr)
    for _ in range(15):
        for xb, yb in DataLoader(data, batch_size=36, sampler=SubsetRandomSampler(train.tolist())):
            opt.zero_grad()
            nn.MSELoss()(net(xb), yb).backward()
            opt.step()
    return net


results = {}
for width, lr in itertools.product((4, 8), (0.01, 0.03)):
    scores = []
    for train, val in kfold(90, 3):
        net = fit(width, lr, train).eval()
        with torch.no_grad():
            scores.append(nn.functional.mse_loss(net(X[val]), y[val]))
    s = torch.stack(scores)
    results[width, lr] = s
    print(width, lr, s, f"{s.mean():.4f} ± {s.std():.4f}")
best = min(results, key=lambda k: results[k].mean().item())
print(best)
t = torch.stack(list(results.values()))
print(
    t.shape,
    t.mean(1).argsort(),
    t.min(dim=1),
    t.sort(descending=True).indices[0],
    torch.stack([t.mean(1), t.std(1, unbiased=False)], dim=1),
)
val, idx = torch.kthvalue(t.flatten(), 3)
print(val, idx, t.flatten().topk(2, largest=False).values, t.median(dim=1), t.cummin(1).values[0])
ok = t < t.mean()
print(
    ok,
    t[ok].numel(),
    torch.where(ok, t, torch.nan).nanmean(1),
    ok.any(1),
    ok.all(0),
    ok.float().mean(),
    torch.count_nonzero(ok, dim=1),
)
print(
    torch.unique(torch.tensor([3, 1, 2, 3]), return_inverse=True, return_counts=True),
    torch.unique_consecutive(torch.tensor([1, 1, 2, 1])),
    torch.isin(torch.tensor([1, 5]), torch.tensor([5, 6])),
    torch.diff(torch.tensor([1.0, 4.0, 9.0])),
    torch.combinations(torch.arange(3)),
    torch.cartesian_prod(torch.arange(2), torch.arange(2)),
)
sub = Subset(data, [5, 2])
print(
    len(sub),
    sub[0][0],
    [
        len(s)
        for s in torch.utils.data.random_split(range(10), [0.5, 0.3, 0.2], generator=torch.Generator().manual_seed(0))
    ],
    list(torch.utils.data.random_split(range(5), [3, 2], generator=torch.Generator().manual_seed(0))[0]),
)
z = (X - X.mean()) / X.std()
print(
    z.mean().abs() < 1e-6,
    z.std(),
    torch.std_mean(y, dim=0),
    ((y - y.mean()) ** 2).sum().sqrt(),
    1 - ((net(X) - y) ** 2).sum() / ((y - y.mean()) ** 2).sum() > 0,
)
print(list(kfold(5, 2))[0])
