"""LBFGS with the strong Wolfe search, in double precision: every loss and count."""

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(20, 2).double()
Y = torch.sin(X.sum(1, keepdim=True))
net = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
opt = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=5, history_size=10, line_search_fn="strong_wolfe")


def closure():
    opt.zero_grad()
    loss = ((net(X) - Y) ** 2).mean()
    loss.backward()
    return loss


for i in range(24):
    loss = opt.step(closure)
    state = opt.state_dict()["state"][0]
    print(i, f"{loss.item():.5g}", state["func_evals"], state["n_iter"])
x = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
opt = torch.optim.LBFGS([x], max_iter=40, history_size=5, line_search_fn="strong_wolfe")


def valley():
    opt.zero_grad()
    loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    loss.backward()
    return loss


print(opt.step(valley), x, valley())
