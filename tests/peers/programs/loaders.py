"""Datasets, loaders and samplers in all the ways in which people put them together."""

import torch
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)

x = torch.arange(10.0).unsqueeze(1)
y = torch.arange(10)
data = TensorDataset(x, y)
print(len(data), data[3], data[2:4][0].shape)
for a, b in DataLoader(data, batch_size=4):
    print(a.shape, b)
torch.manual_seed(1)
print([b.tolist() for _, b in DataLoader(data, batch_size=3, shuffle=True)])
print([b.tolist() for _, b in DataLoader(data, batch_size=3, shuffle=True, drop_last=True)])
g = torch.Generator().manual_seed(7)
loader = DataLoader(data, batch_size=5, shuffle=True, generator=g)
print([b.tolist() for _, b in loader], [b.tolist() for _, b in loader], len(loader), len(loader.dataset))
train, test = random_split(data, [7, 3], generator=torch.Generator().manual_seed(0))
print(len(train), len(test), train.indices, list(test.indices), train[0])
print([len(s) for s in random_split(data, [0.5, 0.25, 0.25])])
print(Subset(data, [9, 0])[0], len(ConcatDataset([data, Subset(data, [1])])), ConcatDataset([data, data])[12])
torch.manual_seed(3)
weights = torch.tensor([0.1, 0.9, 3.0])
print(list(WeightedRandomSampler(weights, 8, replacement=True)), list(WeightedRandomSampler([1.0, 1.0, 2.0], 3, False)))
print(list(RandomSampler(range(5))), list(SequentialSampler(range(4))), list(RandomSampler(range(4), True, 6)))
print(list(SubsetRandomSampler([4, 5, 6])), list(BatchSampler(SequentialSampler(range(5)), 2, False)))
sampler = WeightedRandomSampler([1.0] * 10, 10)
print([b.tolist() for _, b in DataLoader(data, batch_size=5, sampler=sampler)])


class Words(Dataset):
    def __init__(self):
        self.rows = [[1], [2, 3], [4, 5, 6], [7]]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return {"ids": torch.tensor(self.rows[i]), "length": len(self.rows[i]), "name": f"row {i}"}


def padded(batch):
    longest = max(b["length"] for b in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    for i, b in enumerate(batch):
        ids[i, : b["length"]] = b["ids"]
    return ids, torch.tensor([b["length"] for b in batch]), [b["name"] for b in batch]


for batch in DataLoader(Words(), batch_size=2, collate_fn=padded):
    print(batch)
print(default_collate([{"a": 1, "b": (2.0, "x")}, {"a": 3, "b": (4.0, "y")}]))
print(next(iter(DataLoader([(1, 2.5), (3, 4.5)], batch_size=2))))
print(next(iter(DataLoader(range(6), batch_size=3))), [v for v in DataLoader([1, 2], batch_size=None)])
