"""How weights begin: every initialiser, gains, and what depth does to a signal."""

import torch
from torch import nn

torch.manual_seed(99)
w = torch.empty(4, 6)
print(nn.init.uniform_(w, -1, 2), nn.init.normal_(w, 1.0, 0.1))
print(nn.init.xavier_uniform_(w), nn.init.xavier_normal_(w, gain=2.0))
print(nn.init.kaiming_uniform_(w, nonlinearity="relu"), nn.init.kaiming_normal_(w, mode="fan_out"))
print(nn.init.trunc_normal_(w, std=0.5), nn.init.constant_(w, 0.3), nn.init.ones_(w[0]), nn.init.zeros_(w[1]))
print(nn.init.eye_(torch.empty(3, 3)), nn.init.sparse_(torch.empty(5, 3), sparsity=0.4))
q = nn.init.orthogonal_(torch.empty(4, 4))
print((q @ q.T - torch.eye(4)).abs().max().item() < 1e-5)
print([round(nn.init.calculate_gain(n), 6) for n in ("linear", "relu", "tanh", "sigmoid", "selu")])
print(nn.Linear(3, 2).weight, nn.Linear(3, 2).bias, nn.Embedding(3, 2).weight, nn.Conv2d(1, 1, 2).weight)


def initialise(module):
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)


x = torch.randn(64, 50)
for start in (None, initialise):
    torch.manual_seed(10)
    layers = nn.Sequential(*[m for _ in range(6) for m in (nn.Linear(50, 50), nn.ReLU())])
    if start:
        layers.apply(start)
    signal, spread = x, []
    for layer in layers:
        signal = layer(signal)
        spread.append(signal.std().item())
    print([f"{s:.4f}" for s in spread[1::2]])
print(torch.rand(3), torch.randn(2, 9), torch.randint(5, (4,)), torch.randperm(6), torch.rand(2, dtype=torch.float64))
print(torch.normal(2.0, 0.5, (3,)), torch.bernoulli(torch.full((6,), 0.5)), torch.multinomial(torch.ones(5), 3))
