"""Random splits, and k-fold cross-validation with subsets."""

import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset, random_split

torch.manual_seed(8)
x = torch.randn(103, 4)
y = (x @ torch.tensor([1.0, -1.0, 2.0, 0.0]) + 0.3 * torch.randn(103) > 0).float()
data = TensorDataset(x, y)
train, valid, test = random_split(data, [0.7, 0.15, 0.15], generator=torch.Generator().manual_seed(42))
print(len(train), len(valid), len(test), train.indices[:8], test.indices)
first, second = random_split(range(10), [6, 4])
print(list(first), list(second))


def fit(train, valid):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(8):
        for xb, yb in DataLoader(train, batch_size=16, shuffle=True, drop_last=True):
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(model(xb).squeeze(1), yb)
            loss.backward()
            optimizer.step()
    xv, yv = next(iter(DataLoader(valid, batch_size=len(valid))))
    with torch.no_grad():
        return ((model(xv).squeeze(1) > 0) == (yv > 0.5)).float().mean().item(), loss.item()


rest = ConcatDataset([train, valid])
folds = torch.arange(len(rest)).chunk(4)
scores = []
for i, held in enumerate(folds):
    kept = torch.cat([f for j, f in enumerate(folds) if j != i])
    accuracy, loss = fit(Subset(rest, kept.tolist()), Subset(rest, held.tolist()))
    scores.append(accuracy)
    print(f"fold {i}: accuracy {accuracy:.4f} loss {loss:.4f}")
print(f"{torch.tensor(scores).mean():.4f} +- {torch.tensor(scores).std():.4f}")
print(fit(rest, test))
