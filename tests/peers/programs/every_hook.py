"""Hooks of all kinds on a small network."""

import torch
from torch import nn

torch.manual_seed(2)
net = nn.Sequential(nn.Linear(3, 5), nn.ELU(), nn.Linear(5, 2))
seen = {}


def keep(name):
    def hook(module, args, output):
        seen[name] = output.detach()

    return hook


handles = [m.register_forward_hook(keep(n)) for n, m in net.named_modules() if n]
x = torch.randn(4, 3)
net(x)
print({k: v.shape for k, v in seen.items()})
for h in handles:
    h.remove()
seen.clear()
net(x)
print(len(seen))


def with_kwargs(module, args, kwargs, output):
    print("kwargs", sorted(kwargs), len(args))
    return output * 2


class Scale(nn.Module):
    def forward(self, x, *, scale=1.0):
        return x * scale


s = Scale()
h = s.register_forward_hook(with_kwargs, with_kwargs=True)
print(s(torch.ones(2), scale=3.0))
h.remove()
pre = s.register_forward_pre_hook(
    lambda m, args, kwargs: (args, {"scale": kwargs.get("scale", 1) + 1}), with_kwargs=True
)
print(s(torch.ones(2), scale=3.0))
pre.remove()


def grads(module, grad_input, grad_output):
    print(
        type(module).__name__,
        [None if g is None else tuple(g.shape) for g in grad_input],
        [tuple(g.shape) for g in grad_output],
    )
    return tuple(None if g is None else g.clamp(-0.1, 0.1) for g in grad_input)


hs = [m.register_full_backward_hook(grads) for m in net]
x.requires_grad_()
net(x).sum().backward()
print(x.grad.abs().max() <= 3, net[0].weight.grad.abs().sum())
for h in hs:
    h.remove()
bp = net.register_full_backward_pre_hook(lambda m, g: (g[0] * 10,))
net.zero_grad()
net(x).sum().backward()
print(net[2].bias.grad)
bp.remove()
w = net[0].weight
hw = w.register_hook(lambda g: print("grad of w", g.shape, f"{g.norm():.4f}"))
acc = w.register_post_accumulate_grad_hook(lambda p: print("accumulated", p.grad is not None, p.shape))
net(x).pow(2).mean().backward()
acc.remove()
hw.remove()
h = net[0](x)
h.retain_grad()
a = net[1](h)
a.register_hook(lambda g: g * 0)
net[2](a).sum().backward()
print(h.grad.abs().sum(), h.is_leaf, h.requires_grad, w.is_leaf)
with torch.no_grad():
    print(net(x).requires_grad, net(x).grad_fn)


def always(module, args):
    return (args[0] * 0 + 1,)


k = net.register_forward_pre_hook(always)
print(net(x)[0] == net(x)[1])
k.remove()
order = []
net[0].register_forward_hook(lambda *a: order.append("first"))
net[0].register_forward_hook(lambda *a: order.append("zeroth"), prepend=True)
net(x)
print(order)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
opt.register_step_pre_hook(lambda o, a, k: print("before step", type(o).__name__))
opt.register_step_post_hook(lambda o, a, k: print("after step"))
opt.step()
