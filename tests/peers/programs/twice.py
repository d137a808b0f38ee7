"""One graph, read once or more often: what may be read again, and what may not."""

import torch
from torch import nn

w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def again(make, **options):
    w.grad = None
    y = make()
    y.backward(**options)
    try:
        y.backward()
        print("twice", w.grad)
    except RuntimeError:
        print("refused", w.grad)


again(lambda: (w * w).sum())
again(lambda: (w * w).sum(), retain_graph=True)
again(lambda: (w + 1).sum())
again(lambda: (w * 2).sum())
again(lambda: w.mean())
again(lambda: torch.cat([w, w]).reshape(2, 3).t()[0].sum())
again(lambda: w.exp().sum())
again(lambda: (w - 1).view(3, 1).expand(3, 2).sum(0).mean())

shared = w * w
first, second = shared.sum(), (shared * 2).sum()
first.backward()
try:
    second.backward()
    print("both")
except RuntimeError:
    print("the shared part was spent")

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
loss = net(w.detach()).sum()
a = torch.autograd.grad(loss, net[0].weight, retain_graph=True)[0]
b = torch.autograd.grad(loss, net[0].weight)[0]
print(torch.equal(a, b))
try:
    torch.autograd.grad(loss, net[0].weight)
except RuntimeError:
    print("no third time")

x = torch.tensor(0.5, requires_grad=True)
y = x.sin()
slopes = []
for _ in range(4):
    (y,) = torch.autograd.grad(y, x, create_graph=True)
    slopes.append(y.item())
print([round(s, 4) for s in slopes])

penalty_net = nn.Linear(2, 1)
point = torch.randn(5, 2, requires_grad=True)
(slope,) = torch.autograd.grad(penalty_net(point).sum(), point, create_graph=True)
penalty = ((slope.norm(2, dim=1) - 1) ** 2).mean()
penalty.backward()
print(penalty, penalty_net.weight.grad, penalty_net.bias.grad)
