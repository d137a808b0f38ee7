"""Hooks: activations looked at on the way forward, gradients on the way back."""

import torch
from torch import nn

torch.manual_seed(14)
model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))
seen = {}


def keep(name):
    def hook(module, inputs, output):
        seen[name] = output.detach()

    return hook


handles = [layer.register_forward_hook(keep(str(i))) for i, layer in enumerate(model)]
before = model[0].register_forward_pre_hook(lambda module, inputs: (inputs[0] * 2,))
x = torch.tensor([[1.0, -1.0, 0.5]])
print(model(x))
for name, activation in seen.items():
    print(name, activation)
for handle in [*handles, before]:
    handle.remove()
seen.clear()
print(model(x), seen)

a = torch.tensor([1.0, 2.0], requires_grad=True)
b = a * 3
b.register_hook(lambda g: print("gradient of b:", g))
b.retain_grad()
c = (b**2).sum()
c.register_hook(lambda g: g * 0.5)
c.backward()
print(a.grad, b.grad)

weight = model[2].weight
handle = weight.register_hook(lambda g: g.clamp(-0.1, 0.1))
model(x).sum().backward()
print(weight.grad)
handle.remove()
model.zero_grad()
print(weight.grad)


def swap(module, grad_input, grad_output):
    print(type(module).__name__, [tuple(g.shape) for g in grad_output])


for layer in model:
    layer.register_full_backward_hook(swap)
model(x.requires_grad_()).sum().backward()
print(x.grad)
