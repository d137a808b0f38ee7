"""torch.autograd.Function: several inputs and results, saved tensors, contexts, second derivatives, old grammar."""

import torch
from torch.autograd import Function, Variable, gradcheck


class Exp(Function):
    @staticmethod
    def forward(ctx, i):
        result = i.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, grad_output):
        (result,) = ctx.saved_tensors
        return grad_output * result


class LinearFunction(Function):
    @staticmethod
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight, bias)
        output = input.mm(weight.t())
        if bias is not None:
            output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input)
        if bias is not None and ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


class SumAndProduct(Function):
    @staticmethod
    def forward(a, b, scale):
        return (a + b) * scale, a * b

    @staticmethod
    def setup_context(ctx, inputs, output):
        a, b, scale = inputs
        ctx.save_for_backward(a, b)
        ctx.scale = scale

    @staticmethod
    def backward(ctx, gs, gp):
        a, b = ctx.saved_tensors
        return gs * ctx.scale + gp * b, gs * ctx.scale + gp * a, None


class Rounded(Function):
    @staticmethod
    def forward(ctx, x):
        places = x.argmax()
        ctx.mark_non_differentiable(places)
        return x.round(), places

    @staticmethod
    def backward(ctx, g, _):
        return g


x = torch.tensor([0.0, 1.0], requires_grad=True)
y = Exp.apply(x)
print(y)
(first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
print(first.detach(), torch.autograd.grad(first.sum(), x)[0])
z = Exp.apply(x).sum()
z.backward()
try:
    z.backward()
except RuntimeError:
    print("saved tensors were given back")
torch.manual_seed(0)
i = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
w = torch.randn(4, 3, dtype=torch.double, requires_grad=True)
b = torch.randn(4, dtype=torch.double, requires_grad=True)
print(gradcheck(LinearFunction.apply, (i, w, b), eps=1e-6, atol=1e-4), LinearFunction.apply(i, w).shape)
out = LinearFunction.apply(i, w, b)
print(out, out.grad_fn.name())
out.sum().backward()
print(w.grad, b.grad)
s, p = SumAndProduct.apply(x, x * 2, 10.0)
print(s, p)
x.grad = None
(s.sum() + p.sum()).backward()
print(x.grad)
r, place = Rounded.apply(x * 1.4)
print(r, place, place.requires_grad)
old = Variable(torch.ones(2), requires_grad=True)
(old * 3).sum().backward()
print(old, old.grad, old.data)
