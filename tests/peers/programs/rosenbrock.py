"""Rosenbrock's valley, descended by L-BFGS with a closure and by three first-order methods."""

import torch


def valley(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


def descend(make, steps):
    p = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = make([p])
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        loss = valley(p)
        loss.backward()
        return loss

    for _ in range(steps):
        loss = optimizer.step(closure)
    print(type(optimizer).__name__, calls, f"{loss.item():.6e}", p.detach().tolist())


descend(lambda p: torch.optim.LBFGS(p, lr=0.1, max_iter=5), 20)
descend(lambda p: torch.optim.LBFGS(p, line_search_fn="strong_wolfe", history_size=5), 2)
descend(lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.8), 300)
descend(lambda p: torch.optim.Adam(p, lr=0.05), 300)
descend(lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9), 300)
