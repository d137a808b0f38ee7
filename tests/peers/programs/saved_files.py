"""State saved to a file and loaded again: modules, optimisers, plain tensors, dictionaries."""

import os
import tempfile

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
x, y = torch.randn(16, 2), torch.randn(16, 1)


def train(steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
    return round(loss.item(), 4)


print(train(3))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pt")
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "best": 0.5}, path)
    after = train(3)
    checkpoint = torch.load(path)
    print(sorted(checkpoint), checkpoint["epoch"], checkpoint["best"])
    print(net.load_state_dict(checkpoint["net"]), optimizer.load_state_dict(checkpoint["optimizer"]))
    print(train(3) == after)
    torch.save(net.state_dict(), path)
    twin = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1))
    twin.load_state_dict(torch.load(path, weights_only=True))
    print(all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), twin.state_dict().values())))
    print(torch.equal(net.eval()(x), twin.eval()(x)))
    torch.save(torch.arange(6.0).view(2, 3), path)
    print(torch.load(path))
    torch.save([torch.ones(2), {"a": torch.zeros(1, dtype=torch.long)}, "words", 3, 2.5, None, True], path)
    print(torch.load(path))
    torch.save({"x": x[:2], "n": (1, 2)}, path)
    print(torch.load(path)["x"], torch.load(path)["n"])
for name, t in net.state_dict().items():
    print(name, tuple(t.shape), t.dtype, t.requires_grad)
