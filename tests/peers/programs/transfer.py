"""Layers frozen and thawed, a head replaced, weights loaded by name."""

import torch
from torch import nn

torch.manual_seed(88)


class Net(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 8), nn.ReLU())
        self.head = nn.Linear(8, outputs)

    def forward(self, x):
        return self.head(self.body(x))


def train(model, x, y, steps, lr):
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    return f"{loss.item():.5f}"


x = torch.randn(80, 6)
old = Net(4)
print(train(old, x, (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0).long(), 60, 0.02))

new = Net(2)
weights = {name: w for name, w in old.state_dict().items() if not name.startswith("head")}
print(new.load_state_dict(weights, strict=False))
try:
    new.load_state_dict(old.state_dict())
except RuntimeError as problem:
    print("RuntimeError", "head.weight" in str(problem))
for p in new.body.parameters():
    p.requires_grad_(False)
y = (x[:, 0] * x[:, 1] > 0).long()
before = new.body[0].weight.clone()
print(train(new, x, y, 40, 0.05), torch.equal(before, new.body[0].weight), [p.grad is None for p in new.parameters()])
new.requires_grad_(True)
print(train(new, x, y, 40, 0.01), torch.equal(before, new.body[0].weight))
new.head = nn.Sequential(nn.Linear(8, 5), nn.Linear(5, 3))
print(new)
print(new(x[:2]).shape, sum(p.numel() for p in new.parameters()), new.get_submodule("head.1"))
del new.head
print([name for name, _ in new.named_children()], hasattr(new, "head"))
