"""Following gradients or not: blocks, decorators, plain calls, generators."""

import torch
from torch import nn

w = torch.ones(2, requires_grad=True)


def on():
    return torch.is_grad_enabled(), (w * 2).requires_grad


@torch.no_grad
def bare():
    return on()


@torch.no_grad()
def called():
    return on()


@torch.inference_mode
def inference():
    return torch.is_grad_enabled()


@torch.inference_mode()
def inference_called():
    return torch.is_grad_enabled()


@torch.set_grad_enabled(False)
def decorated():
    return on()


@torch.enable_grad()
def enabled():
    return on()


@torch.no_grad()
def batches(n):
    for i in range(n):
        yield i, torch.is_grad_enabled()
    return "done"


def outer():
    result = yield from batches(2)
    print(result)


print(on(), bare(), called(), inference(), inference_called(), decorated(), enabled())
for i, inside in batches(2):
    print(i, inside, torch.is_grad_enabled())
print(list(outer()))
with torch.no_grad():
    print(on(), enabled())
    with torch.enable_grad():
        print(on())
    with torch.set_grad_enabled(True):
        print(on())
    print(on())
previous = torch.set_grad_enabled(False)
print(on())
torch.set_grad_enabled(True)
print(on())
for training in (True, False):
    with torch.set_grad_enabled(training):
        y = nn.Linear(2, 1)(w)
        print(y.requires_grad, y.grad_fn is None)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return self.layer(x)

    @torch.no_grad()
    def predict(self, x):
        return self(x).argmax(-1)


torch.manual_seed(1)
print(Model().predict(torch.randn(4, 2)))
