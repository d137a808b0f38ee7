"""Derivatives of derivatives: slopes, curvature, Hessians, Jacobians, products with them."""

import torch

x = torch.tensor(1.5, requires_grad=True, dtype=torch.float64)
y = torch.exp(-x) * torch.sin(3 * x)
for order in range(1, 5):
    (y,) = torch.autograd.grad(y, x, create_graph=True)
    print(order, y.item())


def f(v):
    a, b, c = v
    return a**2 * b + torch.log(b) * c + torch.sigmoid(a * c)


v = torch.tensor([0.5, 2.0, -1.0], requires_grad=True)
(gradient,) = torch.autograd.grad(f(v), v, create_graph=True)
print(gradient.detach())
hessian = torch.stack([torch.autograd.grad(g, v, retain_graph=True)[0] for g in gradient])
print(hessian)
print(torch.allclose(hessian, hessian.T))
(product,) = torch.autograd.grad(gradient @ torch.tensor([1.0, 0.0, 2.0]), v)
print(product)

m = torch.arange(6.0).reshape(2, 3).requires_grad_()
z = (m.cumsum(1) ** 2).sum(0)
jacobian = torch.stack([torch.autograd.grad(z[i], m, retain_graph=True)[0] for i in range(3)])
print(jacobian.shape, jacobian)

u = torch.ones(3, requires_grad=True)
w = u * torch.tensor([1.0, 2.0, 3.0])
w.backward(torch.tensor([1.0, 0.1, 0.01]))
print(u.grad)
w = u * 5
w.sum().backward()
print(u.grad)
unused = torch.ones(1, requires_grad=True)
print(torch.autograd.grad((u**3).sum(), [u, unused], allow_unused=True))
print(torch.autograd.functional.jacobian(lambda t: t**2 * t.sum(), torch.tensor([1.0, 2.0])))
print(torch.autograd.functional.hessian(lambda t: (t**3).sum(), torch.tensor([1.0, 2.0])))
