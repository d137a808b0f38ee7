"""Mistakes are caught by the exceptions that PyTorch raises."""

import torch
import torch.nn.functional as F
from torch import nn

x, w = torch.ones(2, 3), torch.ones(2, requires_grad=True)


def caught(kind, mistake):
    try:
        mistake()
    except kind:
        print(kind.__name__, "caught")


for mistake in (
    lambda: x + torch.ones(4),
    lambda: x @ x,
    lambda: torch.cat([x, torch.ones(2, 2)]),
    lambda: x.view(5),
    lambda: x.split(0),
    lambda: x.gather(1, torch.tensor([[9], [0]])),
    lambda: torch.topk(x, 9),
    lambda: w.numpy(),
    lambda: w.backward(),
    lambda: x.sum().backward(),
    lambda: w.add_(1),
    lambda: torch.ones(2, dtype=torch.long, requires_grad=True),
    lambda: torch.randperm(-1),
    lambda: torch.eye(-2),
    lambda: torch.multinomial(torch.tensor([1.0, 1.0]), 3),
    lambda: F.binary_cross_entropy(x * 2, x),
    lambda: nn.Linear(2, 3)(x),
    lambda: nn.Linear(3, 2)(x.double()),
    lambda: nn.BatchNorm1d(4)(x),
    lambda: nn.LayerNorm(4)(x),
    lambda: nn.Linear(2, 2).load_state_dict({}),
    lambda: torch.linalg.inv(torch.zeros(2, 2)),
    lambda: bool(x),
    lambda: x.item(),
    lambda: nn.Parameter(torch.tensor([1, 2])),
    lambda: (w * 2).backward(),
    lambda: torch.autograd.grad(w.sum(), torch.ones(1, requires_grad=True)),
):
    caught(RuntimeError, mistake)
for mistake in (
    lambda: x[5],
    lambda: x[0, 7],
    lambda: x.sum(4),
    lambda: x.squeeze(5),
    lambda: x[torch.tensor([9])],
    lambda: F.cross_entropy(x, torch.tensor([0, 5])),
    lambda: nn.Embedding(3, 2)(torch.tensor([3])),
):
    caught(IndexError, mistake)
for mistake in (
    lambda: torch.tensor([[1], [1, 2]]),
    lambda: F.cross_entropy(x, torch.tensor([0])),
    lambda: F.binary_cross_entropy(x, torch.ones(2)),
    lambda: F.binary_cross_entropy_with_logits(x, torch.ones(2)),
    lambda: nn.BatchNorm1d(3)(x[:1]),
    lambda: nn.Dropout(2),
    lambda: torch.optim.SGD([w], lr=-1),
    lambda: torch.optim.SGD([], lr=0.1),
    lambda: torch.optim.SGD([w], lr=0.1, nesterov=True),
    lambda: torch.optim.Adam([w], betas=(1.0, 0.9)),
    lambda: torch.utils.data.random_split(range(5), [2, 2]),
    lambda: torch.utils.data.DataLoader(x, batch_size=0),
    lambda: nn.init.calculate_gain("unheard of"),
    lambda: nn.init.xavier_uniform_(torch.ones(2)),
):
    caught(ValueError, mistake)
for mistake in (
    lambda: torch.tensor("a"),
    lambda: x + "a",
    lambda: x.T @ 5,
    lambda: len(torch.tensor(1)),
    lambda: torch.optim.SGD(w, lr=0.1),
    lambda: nn.Sequential(nn.Linear(2, 2), 3),
    lambda: torch.from_numpy([1]),
):
    caught(TypeError, mistake)
for mistake in (lambda: x.unheard_of, lambda: torch.unheard_of, lambda: nn.UnheardOf):
    caught(AttributeError, mistake)
