"""Compiled steps, state of optimizers, learning by hand with torch.func, in PyTorch's words."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
print(
    nn.MSELoss(),
    nn.CrossEntropyLoss(),
    torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9, nesterov=True),
    torch.optim.Adagrad([torch.zeros(1)]),
    torch.optim.Adadelta([torch.zeros(1)]),
)
m = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
sd = m.state_dict()
print(sd)
print(type(sd).__name__, sd.keys(), list(sd.values())[1].requires_grad)
print(list(m.named_modules())[1:], list(m.children())[0], next(m.named_parameters())[0])
o = torch.optim.Adam(m.parameters(), lr=0.1)
m(torch.ones(1, 2)).sum().backward()
o.step()
print(o.state_dict()["state"][1], o.state_dict()["param_groups"])
for group in o.param_groups:
    print({k: v for k, v in group.items() if k != "params"}, len(group["params"]))
p = nn.Parameter(torch.tensor([1.0]))
print(p, p.data, p.requires_grad, [p], nn.ParameterList([p]), nn.Parameter(torch.ones(1), requires_grad=False))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.b = self.a
        self.register_buffer("k", torch.arange(2))
        self.w = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        return self.b(self.a(x)) + self.w


n = Net()
print(
    n,
    [k for k, _ in n.named_parameters()],
    [k for k, _ in n.named_parameters(remove_duplicate=False)],
    list(n.state_dict()),
)
try:
    n.load_state_dict({"w": torch.zeros(2)})
except RuntimeError as e:
    print(str(e).splitlines()[:2])
try:
    n.load_state_dict({**n.state_dict(), "w": torch.zeros(3)})
except RuntimeError as e:
    print(str(e).splitlines()[:2])
try:
    n.missing
except AttributeError as e:
    print(e)
try:
    nn.Linear(2, 3)(torch.ones(4, 5))
except RuntimeError:
    print("RuntimeError")
try:
    torch.ones(2, 3) @ torch.ones(2, 3)
except RuntimeError:
    print("RuntimeError")
try:
    torch.zeros(2).item()
except RuntimeError:
    print("RuntimeError")
try:
    torch.ones(2, requires_grad=True).numpy()
except RuntimeError:
    print("RuntimeError")
try:
    F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 5]))
except IndexError:
    print("IndexError")
for bad in (
    (lambda: torch.tensor([1, 2])[5]),
    (lambda: torch.ones(2).view(3)),
    (lambda: torch.cat([torch.ones(2, 2), torch.ones(3, 3)])),
    (lambda: torch.tensor([[1], [2, 3]])),
    (lambda: torch.ones(3).reshape(2, 2)),
    (lambda: torch.tensor("a")),
    (lambda: torch.arange(3).requires_grad_()),
    (lambda: torch.optim.SGD([], lr=0.1)),
    (lambda: torch.optim.SGD([torch.ones(1)], lr=-1)),
    (lambda: nn.Sequential(3)),
    (lambda: torch.stack([])),
    (lambda: torch.ones(2).backward()),
    (lambda: nn.Module()(1)),
    (lambda: m.load_state_dict(3)),
    (lambda: torch.zeros(2).max(1)),
):
    try:
        bad()
        print("fine")
    except Exception as e:
        print("refused", isinstance(e, (RuntimeError, ValueError, IndexError, TypeError)))
