"""Gradients of gradients in a loop: weights from which one step learns a new task."""

import torch

torch.manual_seed(3)


def net(x, w):
    return torch.tanh(x @ w[0] + w[1]) @ w[2] + w[3]


W = [torch.randn(1, 10) * 0.5, torch.zeros(10), torch.randn(10, 1) * 0.5, torch.zeros(1)]
W = [w.requires_grad_() for w in W]
opt = torch.optim.Adam(W, lr=0.01)
for it in range(30):
    total = 0.0
    for task in range(3):
        a = torch.rand(1) * 4 + 1
        x = torch.rand(10, 1) * 4 - 2
        y = a * torch.sin(x)
        loss = ((net(x, W) - y) ** 2).mean()
        g = torch.autograd.grad(loss, W, create_graph=True)
        fast = [w - 0.05 * gi for w, gi in zip(W, g)]
        xq = torch.rand(10, 1) * 4 - 2
        total = total + ((net(xq, fast) - a * torch.sin(xq)) ** 2).mean()
    opt.zero_grad()
    total.backward()
    opt.step()
    if it % 6 == 0:
        print(it, total.item())
print(W[2].flatten())
