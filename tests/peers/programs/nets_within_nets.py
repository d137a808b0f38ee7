"""Learning to learn, a net that makes weights, ensembles, an equation solved by steps, a fixed point."""

import warnings

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

torch.manual_seed(0)
warnings.simplefilter("ignore")
net = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
outer = torch.optim.Adam(net.parameters(), 1e-2)
for it in range(4):
    outer.zero_grad()
    total = 0.0
    for task in range(3):
        amp, ph = 1 + task, 0.3 * task
        xs, xq = torch.rand(5, 1) * 4 - 2, torch.rand(5, 1) * 4 - 2
        f = lambda v: amp * torch.sin(v + ph)
        fast = dict(net.named_parameters())
        for _ in range(2):
            l = ((functional_call(net, fast, xs) - f(xs)) ** 2).mean()
            gs = torch.autograd.grad(l, fast.values(), create_graph=True)
            fast = {k: p - 0.05 * g for (k, p), g in zip(fast.items(), gs)}
        total = total + ((functional_call(net, fast, xq) - f(xq)) ** 2).mean()
    total.backward()
    outer.step()
    print(it, total, net[0].weight.grad.norm())


class Hyper(nn.Module):
    def __init__(self):
        super().__init__()
        self.z = nn.Parameter(torch.randn(3))
        self.w = nn.Linear(3, 8)
        self.b = nn.Linear(3, 2)

    def forward(self, x):
        return functional_call(target, {"weight": self.w(self.z).view(2, 4), "bias": self.b(self.z)}, (x,))


target = nn.Linear(4, 2)
h = Hyper()
h(torch.ones(3, 4)).sum().backward()
print(h.z.grad, target.weight.grad)
lr = torch.tensor(0.1, requires_grad=True)
w = torch.tensor([1.0, -1.0])
for i in range(3):
    w = w - lr * (2 * (w - torch.tensor([3.0, 2.0])))
v = ((w - torch.tensor([3.0, 2.0])) ** 2).sum()
v.backward()
print(v, lr.grad)
models = [nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)) for _ in range(3)]
p, b = stack_module_state(models)
x = torch.randn(5, 2)
preds = vmap(lambda p, b, x: functional_call(models[0], (p, b), (x,)), in_dims=(0, 0, None))(p, b, x)
print(preds.shape, preds.mean(0).squeeze(), preds.std(0).squeeze())


def odefunc(t, y, A):
    return y @ A.T * torch.cos(t)


A = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], requires_grad=True)
y = torch.tensor([[1.0, 0.0]])
ts = torch.linspace(0, 1, 11)
for t0, t1 in zip(ts[:-1], ts[1:]):
    y = y + (t1 - t0) * odefunc(t0, y, A)
y.square()[0, 0].backward()
print(y, A.grad)
W = nn.Parameter(0.3 * torch.randn(3, 3))
inp = torch.randn(2, 3)
zst = torch.zeros(2, 3)
with torch.no_grad():
    for _ in range(60):
        zst = torch.tanh(zst @ W.T + inp)
zz = zst.clone().requires_grad_()
fz = torch.tanh(zz @ W.T + inp)


def bh(g):
    out = g
    for _ in range(60):
        out = torch.autograd.grad(fz, zz, out, retain_graph=True)[0] + g
    return out


res = torch.tanh(zst @ W.T + inp)
res.register_hook(bh)
res.sum().backward()
print(W.grad)
