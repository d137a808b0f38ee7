"""A moving average of a model, deep copies, tied and frozen weights, a loss with a buffer, groups without decay."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)


class Tied(nn.Module):
    def __init__(self, words=6, size=4):
        super().__init__()
        self.table = nn.Embedding(words, size)
        self.mix = nn.Linear(size, size)
        self.out = nn.Linear(size, words, bias=False)
        self.out.weight = self.table.weight

    def forward(self, ids):
        return self.out(torch.tanh(self.mix(self.table(ids))))


class Focal(nn.Module):
    def __init__(self, classes, gamma=2.0):
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weights", torch.linspace(0.5, 1.5, classes))

    def forward(self, scores, labels):
        logs = F.log_softmax(scores, dim=-1)
        picked = logs.gather(1, labels.unsqueeze(1)).squeeze(1)
        return (-self.weights[labels] * (1 - picked.exp()) ** self.gamma * picked).mean()


model, loss_fn = Tied(), Focal(6)
print([n for n, _ in model.named_parameters()], len(model.state_dict()), model.out.weight is model.table.weight)
average = copy.deepcopy(model)
print(average.out.weight is average.table.weight, average.out.weight is model.out.weight)
for p in average.parameters():
    p.requires_grad_(False)
decay = [p for p in model.parameters() if p.ndim > 1]
rest = [p for p in model.parameters() if p.ndim <= 1]
groups = [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=0.05)
ids = torch.randint(0, 6, (32,))
labels = (ids + 1) % 6
for step in range(30):
    loss = loss_fn(model(ids), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for a, p in zip(average.parameters(), model.parameters()):
            a.lerp_(p, 0.1)
    if step % 10 == 9:
        print(step, loss, loss_fn(average(ids), labels))
print((model(ids).argmax(1) == labels).float().mean(), average.mix.weight[0])
print({k: v.shape for k, v in loss_fn.state_dict().items()}, loss_fn)
frozen = copy.deepcopy(model).requires_grad_(False)
print(any(p.requires_grad for p in frozen.parameters()), frozen(ids).requires_grad)
snapshot = {k: v.clone() for k, v in model.state_dict().items()}
with torch.no_grad():
    model.mix.bias.fill_(3.0)
print(model.load_state_dict(snapshot), torch.equal(model.mix.bias, snapshot["mix.bias"]))
