"""Custom autograd functions: several inputs, non-tensor arguments, needs_input_grad, double backward."""

import torch
from torch.autograd import Function, gradcheck, gradgradcheck


class Swish(Function):
    @staticmethod
    def forward(ctx, x, beta):
        s = torch.sigmoid(beta * x)
        ctx.save_for_backward(x, s)
        ctx.beta = beta
        return x * s

    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        print("needs", ctx.needs_input_grad)
        return g * (s + ctx.beta * x * s * (1 - s)), None


class MyLinear(Function):
    @staticmethod
    def forward(ctx, x, w, b=None):
        ctx.save_for_backward(x, w, b)
        y = x.mm(w.t())
        if b is not None:
            y += b.unsqueeze(0).expand_as(y)
        return y

    @staticmethod
    def backward(ctx, g):
        x, w, b = ctx.saved_tensors
        gx = gw = gb = None
        if ctx.needs_input_grad[0]:
            gx = g.mm(w)
        if ctx.needs_input_grad[1]:
            gw = g.t().mm(x)
        if b is not None and ctx.needs_input_grad[2]:
            gb = g.sum(0)
        return gx, gw, gb


class MinMax(Function):
    @staticmethod
    def forward(ctx, x):
        lo, hi = x.min(), x.max()
        ctx.x = x
        return lo, hi

    @staticmethod
    def backward(ctx, glo, ghi):
        x = ctx.x
        return (x == x.min()).float() * glo + (x == x.max()).float() * ghi


x = torch.linspace(-2, 2, 5, requires_grad=True)
y = Swish.apply(x, 1.5)
print(y)
y.sum().backward()
print(x.grad)
a, w, b = (
    torch.randn(*s, dtype=torch.double, generator=torch.Generator().manual_seed(1)).requires_grad_()
    for s in ((3, 2), (4, 2), (4,))
)
print(gradcheck(MyLinear.apply, (a, w, b)), gradgradcheck(MyLinear.apply, (a, w, b)))
out = MyLinear.apply(a, w)
print(out.grad_fn.name(), out.shape)
lo, hi = MinMax.apply(x)
(2 * lo + 3 * hi).backward()
print(x.grad, lo, hi)


class Sign(Function):
    @staticmethod
    def forward(x):
        return torch.sign(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where(x.abs() <= 1, g, torch.zeros_like(g))


t = torch.tensor([-1.5, -0.5, 0.0, 2.0], requires_grad=True)
Sign.apply(t).dot(torch.tensor([1.0, 2.0, 3.0, 4.0])).backward()
print(t.grad)


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


v = torch.tensor(2.0, requires_grad=True)
(d1,) = torch.autograd.grad(Cube.apply(v), v, create_graph=True)
(d2,) = torch.autograd.grad(d1, v, create_graph=True)
(d3,) = torch.autograd.grad(d2, v)
print(d1, d2, d3)
