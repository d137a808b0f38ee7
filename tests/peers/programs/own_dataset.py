"""Data sets of one's own: dicts, transforms, collate functions, streams, samplers."""

import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, Sampler, SequentialSampler

torch.manual_seed(25)


class Waves(Dataset):
    def __init__(self, n, transform=None):
        self.phases = torch.rand(n) * 6
        self.transform = transform

    def __len__(self):
        return len(self.phases)

    def __getitem__(self, i):
        wave = torch.sin(torch.arange(4) + self.phases[i])
        sample = {"wave": wave, "phase": self.phases[i], "name": f"w{i}", "index": i, "half": i / 2}
        return self.transform(sample) if self.transform else sample


class Noise:
    def __init__(self, size):
        self.size = size

    def __call__(self, sample):
        return {**sample, "wave": sample["wave"] + self.size * torch.randn(4)}


for batch in DataLoader(Waves(7, Noise(0.1)), batch_size=3, shuffle=True):
    print(batch["name"], batch["index"], batch["half"], batch["phase"])
    print(batch["wave"])


def pad(samples):
    longest = max(len(s) for s in samples)
    rows = [torch.cat([s, torch.zeros(longest - len(s))]) for s in samples]
    return torch.stack(rows), torch.tensor([len(s) for s in samples])


ragged = [torch.arange(float(n)) for n in (3, 1, 4, 2)]
for rows, lengths in DataLoader(ragged, batch_size=2, collate_fn=pad):
    print(rows, lengths)


class Counter(IterableDataset):
    def __iter__(self):
        yield from ((i, i * i) for i in range(5))


print([[t.tolist() for t in batch] for batch in DataLoader(Counter(), batch_size=2)])


class ByLength(Sampler):
    def __init__(self, data):
        self.data = data

    def __iter__(self):
        return iter(sorted(range(len(self.data)), key=lambda i: len(self.data[i])))

    def __len__(self):
        return len(self.data)


print([len(s[0]) for s in DataLoader(ragged, sampler=ByLength(ragged))])
batches = BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=True)
print(list(batches), len(batches), [b.tolist() for b in DataLoader(range(5), batch_sampler=batches)])
print(next(iter(DataLoader([(1, "x", 2.5), (2, "y", 3.5)], batch_size=2))))
loader = DataLoader(Waves(5), batch_size=2, drop_last=True)
print(len(loader), len(loader.dataset), loader.batch_size, sum(1 for _ in loader))
