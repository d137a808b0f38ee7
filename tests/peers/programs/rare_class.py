"""A rare class: class weights, label smoothing, a weighted sampler."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(30)
labels = torch.cat([torch.zeros(90), torch.ones(22), torch.full((8,), 2.0)]).long()
points = torch.randn(120, 2) + torch.tensor([[0.0, 0.0], [2.0, 1.0], [-1.0, 2.5]])[labels]
counts = labels.bincount()
weights = 1.0 / counts.float()
print(counts, weights)


def train(loader, criterion):
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(20):
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
    with torch.no_grad():
        guessed = model(points).argmax(1)
        recalls = [(guessed[labels == k] == k).float().mean().item() for k in range(3)]
        return [round(r, 4) for r in recalls], criterion(model(points), labels).item()


data = TensorDataset(points, labels)
print(train(DataLoader(data, batch_size=20, shuffle=True), nn.CrossEntropyLoss()))
print(train(DataLoader(data, batch_size=20, shuffle=True), nn.CrossEntropyLoss(weight=weights)))
print(train(DataLoader(data, batch_size=20, shuffle=True), nn.CrossEntropyLoss(label_smoothing=0.1)))
sampler = WeightedRandomSampler(weights[labels], num_samples=120, replacement=True)
print(train(DataLoader(data, batch_size=20, sampler=sampler), nn.CrossEntropyLoss()))
print(torch.cat([y for _, y in DataLoader(data, batch_size=20, sampler=sampler)]).bincount(minlength=3))
masked = labels.clone()
masked[::3] = -100
print(
    nn.CrossEntropyLoss()(torch.ones(120, 3), masked),
    nn.CrossEntropyLoss(reduction="sum")(points @ torch.ones(2, 3), masked),
)
