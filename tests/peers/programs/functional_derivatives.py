"""Jacobians, Hessians and products with them, in both of PyTorch's grammars."""

import torch
import torch.autograd.functional as AF
from torch import func, nn

x = torch.tensor([1.0, 2.0, 3.0])
A = torch.arange(6.0).reshape(2, 3)
print(AF.jacobian(lambda v: A @ v**2, x))
print(AF.jacobian(lambda a, b: (a * b, a.sum()), (x, x + 1)))
print(AF.hessian(lambda v: (v**3).sum(), x))
print(AF.hessian(lambda a, b: (a**2 * b).sum(), (x, x)))
print(AF.vjp(lambda v: v**2, x, torch.ones(3)))
print(AF.jvp(lambda v: v**2, x, torch.ones(3)))
print(AF.vhp(lambda v: (v**3).sum(), x, torch.ones(3)))
print(AF.hvp(lambda v: (v**3).sum(), x, torch.ones(3)))
print(func.grad(torch.sin)(torch.tensor(0.0)))
print(func.grad(func.grad(lambda v: v**4))(torch.tensor(2.0)))
print(func.grad(lambda a, b: (a * b).sum(), argnums=1)(x, x * 2))
print(func.grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(x, x * 2))
print(func.grad_and_value(lambda v: (v**2).sum())(x))
print(func.grad(lambda v: ((v**2).sum(), v * 2), has_aux=True)(x))
value, back = func.vjp(lambda a, b: a * b, x, x + 1)
print(value, back(torch.ones(3)))
print(func.jacrev(lambda v: A @ v)(x))
print(func.vmap(torch.dot)(A, A))
print(torch.vmap(lambda a, b: a * b, in_dims=(0, None))(A, x))
print(func.vmap(lambda row: row.sum(), in_dims=1)(A))
print(func.vmap(func.grad(lambda v: (v**2).sum()))(A))

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
params = {name: p.detach() for name, p in net.named_parameters()}


def loss(params, x, y):
    return ((func.functional_call(net, params, (x,)) - y) ** 2).mean()


slopes = func.grad(loss)(params, A, torch.ones(2, 1))
for name, slope in slopes.items():
    print(name, slope)
rows = func.vmap(func.grad(loss), in_dims=(None, 0, 0))(params, A.unsqueeze(1), torch.ones(2, 1, 1))
print({name: tuple(r.shape) for name, r in rows.items()}, rows["2.bias"])
print(net[0].weight.grad)
