"""Gaussian process-like linear algebra, distances, closed forms beside gradient descent."""

import torch

torch.manual_seed(4)
X = torch.randn(30, 3, dtype=torch.float64)
w = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
y = X @ w + 0.1 * torch.randn(30, dtype=torch.float64)
closed = torch.linalg.solve(X.T @ X + 0.1 * torch.eye(3, dtype=torch.float64), X.T @ y)
print(closed, torch.linalg.lstsq(X, y.unsqueeze(1)).solution.squeeze(), torch.linalg.pinv(X) @ y)
th = torch.zeros(3, dtype=torch.float64, requires_grad=True)
opt = torch.optim.SGD([th], lr=0.05, momentum=0.9)
for _ in range(200):
    opt.zero_grad()
    loss = ((X @ th - y) ** 2).sum() / 30 + 0.1 / 30 * th.square().sum()
    loss.backward()
    opt.step()
print(th, torch.allclose(th, closed, atol=1e-6), torch.dist(th.detach(), closed) < 1e-6)
K = torch.exp(-0.5 * torch.cdist(X[:5], X[:5]) ** 2) + 1e-3 * torch.eye(5)
L = torch.linalg.cholesky(K)
print(
    L.diagonal(),
    torch.linalg.det(K),
    torch.logdet(K),
    torch.linalg.slogdet(K),
    torch.trace(K),
    torch.linalg.matrix_rank(K),
)
a = torch.linalg.solve(K, torch.ones(5, dtype=torch.float64))
print(a)
U, S, Vh = torch.linalg.svd(X, full_matrices=False)
print(
    S,
    torch.linalg.norm(U @ torch.diag(S) @ Vh - X) < 1e-10,
    torch.linalg.matrix_norm(X),
    torch.linalg.vector_norm(X, ord=1),
    torch.linalg.eigvalsh(X.T @ X),
)
Q, R = torch.linalg.qr(X[:4])
print((Q @ R - X[:4]).abs().max() < 1e-10, R.diagonal().abs())
P = torch.tensor([[2.0, 0.3], [0.3, 1.0]], requires_grad=True)
f = torch.logdet(P) + torch.linalg.inv(P).sum() + torch.linalg.solve(P, torch.ones(2)).sum()
f.backward()
print(f, P.grad)
e, v = torch.linalg.eigh(P.detach())
print(e, (v @ torch.diag(e) @ v.T - P.detach()).abs().max() < 1e-6)
print(
    torch.matrix_power(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), 5),
    torch.linalg.multi_dot([torch.ones(2, 3), torch.ones(3, 4), torch.ones(4, 1)]),
    torch.cross(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]), dim=0),
    torch.vdot(torch.ones(2), torch.ones(2)),
    torch.inner(torch.ones(2), torch.ones(2)),
    torch.cov(torch.tensor([[1.0, 2.0, 3.0], [3.0, 1.0, 0.0]])),
    torch.corrcoef(torch.tensor([[1.0, 2.0, 3.0], [3.0, 1.0, 0.0]])),
)
pca = X - X.mean(0)
val, vec = torch.linalg.eigh(pca.T @ pca / 29)
print(val.flip(0) / val.sum(), (pca @ vec).var(0))
print(
    torch.quantile(X[:, 0], torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)),
    X.median(0).values,
    torch.histc(X.float(), 5),
    torch.bincount(torch.tensor([1, 1, 3]), minlength=5),
    X[:, 0].argsort()[:4],
    torch.searchsorted(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.5])),
)
