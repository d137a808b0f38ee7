"""Texts of many lengths as bags of embedded words, and every way to fill a bag."""

import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(0)


class TextModel(nn.Module):
    def __init__(self, vocab, dim, classes):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab, dim, sparse=False)
        self.fc = nn.Linear(dim, classes)
        self.init_weights()

    def init_weights(self):
        self.embedding.weight.data.uniform_(-0.5, 0.5)
        self.fc.weight.data.uniform_(-0.5, 0.5)
        self.fc.bias.data.zero_()

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


g = torch.Generator().manual_seed(1)
data = []
for i in range(64):
    n = int(torch.randint(1, 8, (1,), generator=g))
    words = torch.randint(0, 30, (n,), generator=g)
    data.append((int(words.float().mean() > 15), words))


def collate(batch):
    labels, texts, offsets = [], [], [0]
    for label, words in batch:
        labels.append(label)
        texts.append(words)
        offsets.append(words.size(0))
    return torch.tensor(labels, dtype=torch.int64), torch.cat(texts), torch.tensor(offsets[:-1]).cumsum(dim=0)


loader = DataLoader(data, batch_size=8, shuffle=True, collate_fn=collate)
model = TextModel(30, 8, 2)
print(model)
criterion = nn.CrossEntropyLoss()
opt = torch.optim.SGD(model.parameters(), lr=2.0)
sched = torch.optim.lr_scheduler.StepLR(opt, 1, gamma=0.5)
for epoch in range(3):
    total, right = 0, 0
    for label, text, off in loader:
        opt.zero_grad()
        out = model(text, off)
        loss = criterion(out, label)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        right += (out.argmax(1) == label).sum().item()
        total += label.size(0)
    sched.step()
    print(epoch, f"{right / total:.3f}", f"{loss.item():.4f}", f"{norm:.4f}", sched.get_last_lr())
for mode in ("sum", "mean", "max"):
    torch.manual_seed(3)
    b = nn.EmbeddingBag(6, 3, mode=mode, padding_idx=0)
    y = b(torch.tensor([1, 2, 0, 5, 5]), torch.tensor([0, 2, 2, 3]))
    print(b, y, y.grad_fn.name())
    (y * torch.arange(12.0).view(4, 3)).sum().backward()
    print(b.weight.grad)
    b.weight.grad = None
    y = b(torch.tensor([[1, 2, 0], [3, 3, 4]]))
    (y**2).sum().backward()
    print(y, b.weight.grad)
b = nn.EmbeddingBag(6, 3, mode="sum", include_last_offset=True)
w = torch.tensor([0.5, 2.0, 1.0, -1.0], requires_grad=True)
y = b(torch.tensor([1, 2, 4, 5]), torch.tensor([0, 1, 4]), per_sample_weights=w)
y.sum().backward()
print(y, w.grad, b.weight.grad)
b = nn.EmbeddingBag(4, 2, max_norm=1.0)
print(b(torch.tensor([[0, 1]])), b.weight)
print(isinstance(b, nn.Embedding), list(b.state_dict()))
