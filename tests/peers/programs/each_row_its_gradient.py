"""Gradients of each row, three ways, and second derivatives."""

import warnings

import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vjp, vmap

torch.manual_seed(0)
warnings.simplefilter("ignore")
net = nn.Sequential(nn.Linear(3, 5), nn.Softplus(), nn.Linear(5, 2))
x, y = torch.randn(6, 3), torch.randint(0, 2, (6,))
params = {k: v.detach() for k, v in net.named_parameters()}


def loss(p, a, b):
    return nn.functional.cross_entropy(functional_call(net, p, (a.unsqueeze(0),)), b.unsqueeze(0))


per = vmap(grad(loss), in_dims=(None, 0, 0))(params, x, y)
slow = [
    torch.autograd.grad(nn.functional.cross_entropy(net(x[i : i + 1]), y[i : i + 1]), net.parameters())
    for i in range(6)
]
for k, (n, v) in enumerate(per.items()):
    print(n, v.shape, torch.allclose(v, torch.stack([s[k] for s in slow]), atol=1e-6))
norms = torch.stack([v.flatten(1).norm(dim=1) for v in per.values()]).norm(dim=0)
f = (1.0 / (norms + 1e-6)).clamp(max=0.5)
print(norms, f)
torch.manual_seed(1)
for k in params:
    params[k] = params[k] - 0.1 * (
        (per[k] * f.view(-1, *[1] * (per[k].dim() - 1))).mean(0) + 0.01 * torch.randn_like(params[k])
    )
print(params["2.bias"], vmap(loss, (None, 0, 0))(params, x, y))
flat = torch.cat([v.flatten(1) for v in per.values()], 1)
F = flat.T @ flat / 6
print(F.shape, torch.trace(F), torch.linalg.eigvalsh(F)[-3:])
J = vmap(jacrev(lambda a: functional_call(net, params, (a,))))(x)
print(J.shape, J[0])
H = hessian(lambda a: functional_call(net, params, (a,)).square().sum())(x[0])
print(H)
print(jvp(lambda a: functional_call(net, params, (a,)), (x,), (torch.ones_like(x),))[1][0])
out, back = vjp(lambda a: functional_call(net, params, (a,)), x)
print(back(torch.ones_like(out))[0][0])
print(
    vmap(torch.dot)(x, x),
    vmap(lambda a, b: a[:, None] * b, in_dims=(0, None))(x, torch.ones(2)).shape,
    vmap(lambda a: a.sum(), in_dims=1)(x),
)
print(
    jacfwd(lambda a: a.softmax(0))(torch.tensor([1.0, 2.0, 3.0])),
    jacrev(lambda a: (a.prod(), a.cumsum(0)))(torch.tensor([1.0, 2.0, 3.0])),
)
v = torch.randn(3)
hv = torch.autograd.functional.hvp(lambda a: (a**4).sum(), x[0], v)[1]
print(hv)


def sgd_hvp(p, vec):
    return jvp(grad(lambda q: loss({**params, "2.bias": q}, x[0], y[0])), (p,), (vec,))[1]


print(sgd_hvp(params["2.bias"], torch.ones(2)))
