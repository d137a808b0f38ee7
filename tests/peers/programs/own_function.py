"""Operations with derivatives of one's own: a straight-through step, a clipped line."""

import torch
from torch.autograd import Function


class Step(Function):
    @staticmethod
    def forward(ctx, x):
        return (x > 0).float()

    @staticmethod
    def backward(ctx, grad):
        return grad


class Clipped(Function):
    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward(x)
        ctx.low, ctx.high = low, high
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        inside = (x >= ctx.low) & (x <= ctx.high)
        return grad * inside, None, None


x = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
y = Step.apply(x)
(y * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
print(y, x.grad)
x.grad = None
z = Clipped.apply(x, 0.0, 1.0)
(z**2).sum().backward()
print(z, x.grad)

torch.manual_seed(0)
weights = torch.randn(4, 1, requires_grad=True)
data = torch.randn(30, 4)
target = (data[:, :1] + data[:, 1:2] > 0).float()
optimizer = torch.optim.SGD([weights], lr=0.1)
for epoch in range(40):
    optimizer.zero_grad()
    loss = ((Step.apply(data @ weights) - target) ** 2).mean()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 9:
        print(epoch, loss.item())
print(weights)
