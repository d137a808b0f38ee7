"""Higher-order: Hessians, Jacobians, gradient penalty, implicit layers, HVPs."""

import torch
from torch import nn
from torch.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp

torch.manual_seed(8)
net = nn.Sequential(nn.Linear(2, 8), nn.Softplus(beta=2), nn.Linear(8, 1)).double()
x = torch.randn(5, 2, dtype=torch.double, requires_grad=True)
u = net(x)
du = torch.autograd.grad(u, x, torch.ones_like(u), create_graph=True)[0]
lap = sum(
    torch.autograd.grad(du[:, i], x, torch.ones(5, dtype=torch.double), create_graph=True)[0][:, i] for i in range(2)
)
print(u.squeeze(), du[:2], lap)
penalty = ((du.norm(2, dim=1) - 1) ** 2).mean() + (lap**2).mean()
penalty.backward()
print(net[0].weight.grad, net[2].bias.grad)
f = lambda z: net(z).sum()
H = hessian(f, x[0].detach())
print(H, torch.linalg.eigvalsh(H))
v = torch.tensor([1.0, -1.0], dtype=torch.double)
print(hvp(f, x[0].detach(), v)[1], vhp(f, x[0].detach(), v)[1], H @ v)
print(jacobian(lambda a, b: (a * b, a.sum() + b), (torch.arange(2.0), torch.ones(2))))
print(jvp(lambda a: a**3, torch.arange(3.0), torch.ones(3)), vjp(lambda a: a**3, torch.arange(3.0), torch.ones(3))[1])
from torch.func import functional_call, grad, vmap

params = {k: p.detach() for k, p in net.named_parameters()}


def loss(params, x, y):
    return ((functional_call(net, params, (x.unsqueeze(0),)) - y) ** 2).squeeze()


per = vmap(grad(loss), in_dims=(None, 0, 0))(params, x.detach(), torch.zeros(5, 1, dtype=torch.double))
print({k: tuple(g.shape) for k, g in per.items()}, per["2.bias"].squeeze())


def sqrt_newton(a, n=30):
    y = torch.ones_like(a)
    for _ in range(n):
        y = 0.5 * (y + a / y)
    return y


a = torch.tensor([2.0, 9.0], requires_grad=True)
(g,) = torch.autograd.grad(sqrt_newton(a).sum(), a, create_graph=True)
(g2,) = torch.autograd.grad(g.sum(), a)
print(g, g2, 0.5 / a.detach().sqrt(), -0.25 * a.detach() ** -1.5)
w = torch.tensor([1.0, 2.0], requires_grad=True)
inner = (w**2 * torch.tensor([1.0, 3.0])).sum()
(gi,) = torch.autograd.grad(inner, w, create_graph=True)
fast = w - 0.1 * gi
outer = (fast**3).sum()
outer.backward(retain_graph=True)
print(w.grad)
w.grad = None
(outer * 2).backward(inputs=[w])
print(w.grad)
y = torch.stack([w[0] * w[1], w[0] / w[1], w.prod()])
print(torch.autograd.grad(y, w, grad_outputs=torch.tensor([1.0, 10.0, 100.0])))
with torch.enable_grad():
    print((w * 2).requires_grad)
