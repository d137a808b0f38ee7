"""Operations with slopes of their own: rounding, reversing, two results; groups of parameters."""

import torch
from torch import nn
from torch.autograd import Function

torch.manual_seed(0)


class Reverse(Function):
    @staticmethod
    def forward(ctx, x, lam):
        ctx.lam = lam
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return g.neg() * ctx.lam, None


class RoundSTE(Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x, scale)
        return (x / scale).round() * scale

    @staticmethod
    def backward(ctx, g):
        x, scale = ctx.saved_tensors
        q = (x / scale).round()
        gs = None
        if ctx.needs_input_grad[1]:
            gs = (g * (q - x / scale)).sum().reshape(scale.shape)
        return g * (x.abs() < 2), gs


class TwoOut(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b, a + b

    @staticmethod
    def backward(ctx, g1, g2):
        a, b = ctx.saved_tensors
        print("back", g1, g2)
        return g1 * b + g2, g1 * a + g2


class Swish(Function):
    @staticmethod
    def forward(x, beta):
        return x * torch.sigmoid(beta * x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, beta = inputs
        ctx.save_for_backward(x, beta, output)

    @staticmethod
    def backward(ctx, g):
        x, beta, y = ctx.saved_tensors
        s = torch.sigmoid(beta * x)
        return g * (s + x * beta * s * (1 - s)), (g * x * x * s * (1 - s)).sum()


feat = nn.Linear(4, 6)
dom = nn.Linear(6, 2)
cls = nn.Linear(6, 3)
scale = nn.Parameter(torch.tensor(0.1))
beta = nn.Parameter(torch.tensor(1.0))
opt = torch.optim.AdamW(
    [
        {"params": feat.parameters(), "lr": 1e-2},
        {"params": [*dom.parameters(), *cls.parameters()], "weight_decay": 0.1},
        {"params": [scale, beta], "lr": 1e-3, "weight_decay": 0},
    ],
    lr=5e-3,
)
print(opt)
x = torch.randn(20, 4)
y = torch.randint(0, 3, (20,))
d = torch.randint(0, 2, (20,))
for i in range(4):
    h = Swish.apply(RoundSTE.apply(feat(x), scale), beta)
    loss = nn.functional.cross_entropy(cls(h), y) + nn.functional.cross_entropy(dom(Reverse.apply(h, 0.3)), d)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(i, loss, scale.grad, beta.grad, feat.weight.grad.norm())
a = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor([3.0, 4.0], requires_grad=True)
p, s = TwoOut.apply(a, b)
print(p, s, p.grad_fn.name())
(p.sum() + 2 * s.sum()).backward()
print(a.grad, b.grad)
p, s = TwoOut.apply(a, b)
a.grad = None
p.sum().backward()
print(a.grad)
print(
    torch.autograd.gradcheck(
        Swish.apply,
        (
            torch.randn(3, dtype=torch.double, requires_grad=True),
            torch.tensor(0.7, dtype=torch.double, requires_grad=True),
        ),
    )
)
(g,) = torch.autograd.grad(Swish.apply(a, beta).sum(), a, create_graph=True)
print(torch.autograd.grad(g.sum(), a))
