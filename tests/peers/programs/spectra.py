"""Spectral and weight norm, parametrizations, and slopes of decompositions."""

import torch
from torch import nn
from torch.nn.utils import parametrizations as P
from torch.nn.utils import parametrize

torch.manual_seed(0)
D = nn.Sequential(P.spectral_norm(nn.Linear(2, 16)), nn.LeakyReLU(0.2), P.spectral_norm(nn.Linear(16, 1)))
G = nn.Sequential(P.weight_norm(nn.Linear(4, 16)), nn.ReLU(), nn.Linear(16, 2))
print(D)
print([n for n, _ in G.named_parameters()])
od, og = (
    torch.optim.Adam(D.parameters(), 1e-3, betas=(0.5, 0.9)),
    torch.optim.Adam(G.parameters(), 1e-3, betas=(0.5, 0.9)),
)
real = torch.randn(32, 2) * 0.5 + 2
for i in range(4):
    z = torch.randn(32, 4)
    fake = G(z)
    eps = torch.rand(32, 1)
    mix = (eps * real + (1 - eps) * fake.detach()).requires_grad_()
    (g,) = torch.autograd.grad(D(mix).sum(), mix, create_graph=True)
    gp = ((g.norm(2, dim=1) - 1) ** 2).mean()
    ld = D(fake.detach()).mean() - D(real).mean() + 10 * gp
    od.zero_grad()
    ld.backward()
    od.step()
    lg = -D(G(z)).mean()
    og.zero_grad()
    lg.backward()
    og.step()
    print(i, f"{ld.item():.5f} {lg.item():.5f} {gp.item():.5f}")
print(torch.linalg.svdvals(D[0].weight)[0] > 0.5, parametrize.is_parametrized(D[0]))


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)

    def right_inverse(self, A):
        return A.triu()


l = nn.Linear(3, 3)
parametrize.register_parametrization(l, "weight", Symmetric())
print(torch.equal(l.weight, l.weight.T), l)
l.weight = torch.eye(3) * 2
print(l.weight)
l(torch.ones(1, 3)).sum().backward()
print(l.parametrizations.weight.original.grad)
parametrize.remove_parametrizations(l, "weight")
print(l, l.weight)
# covariance layer: Cholesky factor learnt by likelihood
A = torch.randn(4, 4, dtype=torch.double)
A = (A @ A.T + 4 * torch.eye(4, dtype=torch.double)).requires_grad_()
L = torch.linalg.cholesky(A)
(L * torch.arange(16.0, dtype=torch.double).view(4, 4)).sum().backward()
print(L, A.grad)
A.grad = None
torch.linalg.cholesky(A, upper=True).diagonal().log().sum().backward()
print(A.grad)
w = torch.linalg.eigvalsh(A.detach())
B = torch.randn(5, 3, dtype=torch.double, requires_grad=True)
s = torch.linalg.svdvals(B)
(s * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
print(s, B.grad, s.grad_fn.name())
B.grad = None
torch.linalg.matrix_norm(B, "nuc").backward()
print(B.grad)
B.grad = None
torch.linalg.matrix_norm(B, 2).backward()
print(B.grad)
u, s, vh = torch.linalg.svd(B, full_matrices=False)
B.grad = None
((u @ vh) * torch.arange(15.0).view(5, 3)).sum().backward()
print(B.grad)
C = torch.randn(3, 3, dtype=torch.double)
C = (C + C.T).requires_grad_()
v, V = torch.linalg.eigh(C)
(v.exp().sum() + (V**2)[0, 1]).backward()
print(v, C.grad)
print(
    torch.autograd.gradgradcheck(
        lambda a: torch.linalg.svdvals(a), (torch.randn(3, 2, dtype=torch.double, requires_grad=True),)
    ),
    torch.autograd.gradcheck(
        lambda a: torch.linalg.eigh(a + a.T)[1].abs(), (torch.randn(3, 3, dtype=torch.double, requires_grad=True),)
    ),
)
