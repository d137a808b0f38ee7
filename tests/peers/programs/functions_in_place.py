"""Functions that hand back what they were given, change it in place, or return slopes of other shapes."""

import torch
from torch.autograd import Function


class Reversal(Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.weight = weight
        return x

    @staticmethod
    def backward(ctx, g):
        return -ctx.weight * g, None


class Doubled(Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 2


class Swapped(Function):
    @staticmethod
    def forward(ctx, a, b):
        return b, a

    @staticmethod
    def backward(ctx, gb, ga):
        return ga * 10, gb * 100


class TooLarge(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g.expand(3, 2) * torch.tensor([[1.0], [2.0], [3.0]])


class Wrong(TooLarge):
    @staticmethod
    def backward(ctx, g):
        return torch.ones(3)


class Forgotten(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2


x = torch.tensor([1.0, 2.0], requires_grad=True)
for start in (lambda: x, lambda: x * 3, lambda: (x * 3).exp()):
    x.grad = None
    y = Reversal.apply(start(), 0.5)
    (y * torch.tensor([1.0, 10.0])).sum().backward()
    print(y, x.grad)
x.grad = None
y = x * 1
z = Doubled.apply(y)
print(z is y, y)
(z * z).sum().backward()
print(x.grad)
try:
    Doubled.apply(x)
except RuntimeError:
    print("a leaf is not changed in place")
print(Doubled.apply(torch.ones(2)))
a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
p, q = Swapped.apply(a * 1, b * 1)
(p * 2 + q * 3).backward()
print(a.grad, b.grad)
x.grad = None
TooLarge.apply(x).sum().backward()
print(x.grad)
for kind in (Wrong, Forgotten):
    try:
        kind.apply(x).sum().backward()
    except RuntimeError:
        print(kind.__name__, "refused")
for hook in (lambda g: torch.ones(3), lambda g: 5):
    w = torch.ones(2, requires_grad=True)
    w.register_hook(hook)
    try:
        (w * 2).sum().backward()
    except (RuntimeError, TypeError):
        print("refused")
v = torch.tensor([1.0, 2.0], requires_grad=True)
print(torch.autograd.grad(v**2 * torch.tensor([1.0, 5.0]), v, torch.eye(2), is_grads_batched=True))
