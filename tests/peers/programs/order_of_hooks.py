"""Hooks of modules, tensors and gradients, and in which order they see what."""

from collections import OrderedDict

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(OrderedDict(a=nn.Linear(3, 5), r=nn.ReLU(), bn=nn.BatchNorm1d(5), b=nn.Linear(5, 2)))
acts, grads = {}, {}
hs = []
for n, m in net.named_children():
    hs.append(m.register_forward_hook(lambda m, i, o, n=n: acts.__setitem__(n, (i[0].shape, o.detach().mean()))))
    hs.append(
        m.register_full_backward_hook(
            lambda m, gi, go, n=n: grads.__setitem__(n, (None if gi[0] is None else gi[0].norm(), go[0].norm()))
        )
    )
hs.append(net.a.register_forward_pre_hook(lambda m, i: (i[0] * 2,)))
x = torch.randn(8, 3, requires_grad=True)
out = net(x)
out.register_hook(lambda g: g * 0.5)
out.pow(2).mean().backward()
for k in acts:
    print(k, acts[k], grads[k])
print(net.a.weight.grad)
for h in hs:
    h.remove()
net.zero_grad()
mid = net.a(x)
mid.retain_grad()
mid.relu().sum().backward()
print(mid.grad.sum(), mid.grad_fn.name(), [f and f.name() for f, _ in mid.grad_fn.next_functions])


def pre(module, grad_output):
    print("pre", len(grad_output), grad_output[0].shape)
    return (grad_output[0] * 2,)


h = net.b.register_full_backward_pre_hook(pre)
net.zero_grad()
net(x).sum().backward()
print(net.b.bias.grad)
h.remove()
h = net.register_forward_hook(lambda m, a, k, o: o + k.get("z", 0), with_kwargs=True) if False else None
sd_calls = []
net._register_state_dict_hook(lambda m, sd, p, l: sd_calls.append(p)) if hasattr(
    net, "_register_state_dict_hook"
) else sd_calls.append("")
sd = net.state_dict()
print(list(sd), len(sd_calls))

w = net.a.weight
h = w.register_post_accumulate_grad_hook(lambda p: print("acc", p.grad.norm()))
net.zero_grad()
net(x).sum().backward()
h.remove()
z = torch.ones(2, requires_grad=True)
y = z * 3
h1 = y.register_hook(lambda g: print("first", g))
h2 = y.register_hook(lambda g: g * 10)
(y.sum()).backward()
print(z.grad)
print(y.grad_fn.name(), y.is_leaf, z.is_leaf, y.requires_grad)
