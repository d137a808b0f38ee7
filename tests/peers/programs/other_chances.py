"""Gamma, beta, Dirichlet, Poisson and geometric numbers, their quantities, and a policy that draws from a beta."""

import torch
from torch import distributions as D

torch.manual_seed(0)
for d in [
    D.Gamma(torch.tensor([0.3, 1.0, 7.5]), torch.tensor([1.0, 2.0, 0.5])),
    D.Beta(torch.tensor([0.5, 2.0]), torch.tensor([0.5, 5.0])),
    D.Dirichlet(torch.tensor([[0.5, 1.0, 3.0], [10.0, 10.0, 10.0]])),
    D.Poisson(torch.tensor([0.0, 0.5, 4.0, 30.0, 1000.0])),
    D.Geometric(torch.tensor([0.1, 0.5, 1.0])),
    D.Geometric(logits=torch.tensor([0.2])),
]:
    x = d.sample((4,))
    print(d, d.batch_shape, d.event_shape, d.support)
    print(x)
    print(d.log_prob(x), d.mean, d.variance, d.stddev, d.mode if not isinstance(d, D.Geometric) else 0)
    if not isinstance(d, D.Poisson):
        print(d.entropy())
    print(torch.rand(2), torch.randn(3))
    print(d.expand((2, *d.batch_shape)).sample().shape)
print(torch.poisson(torch.tensor([[1.0, 20.0], [3.0, 0.0]])))
a = torch.tensor([2.0, 3.0], requires_grad=True)
b = torch.tensor([1.0, 4.0], requires_grad=True)
p, q = D.Gamma(a, b), D.Gamma(b, a)
kl = D.kl_divergence(p, q)
kl.sum().backward()
print(kl, a.grad, b.grad)
a.grad = b.grad = None
kl = D.kl_divergence(D.Beta(a, b), D.Beta(b, a))
kl.sum().backward()
print(kl, a.grad, b.grad)
print(D.kl_divergence(D.Dirichlet(torch.tensor([1.0, 2.0])), D.Dirichlet(torch.tensor([3.0, 1.0]))))
print(D.kl_divergence(D.Poisson(torch.tensor([1.0, 2.0])), D.Poisson(torch.tensor([3.0, 1.0]))))
print(D.kl_divergence(D.Geometric(torch.tensor([0.1, 0.2])), D.Geometric(torch.tensor([0.3, 0.1]))))
# policy gradient with a Beta policy
torch.manual_seed(2)
net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
opt = torch.optim.Adam(net.parameters(), 1e-2)
for i in range(5):
    s = torch.randn(16, 3)
    conc = torch.nn.functional.softplus(net(s)) + 1
    pi = D.Beta(conc[:, 0], conc[:, 1])
    with torch.no_grad():
        act = pi.sample()
    reward = -((act - 0.7) ** 2)
    loss = -(pi.log_prob(act) * (reward - reward.mean())).mean() - 0.01 * pi.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(i, round(loss.item(), 5), act.mean())
for bad in (
    lambda: D.Gamma(-1.0, 1.0),
    lambda: D.Poisson(torch.tensor(2.0)).log_prob(torch.tensor(0.5)),
    lambda: D.Geometric(0.0),
):
    try:
        bad()
    except ValueError:
        print("refused")
