"""Learning without gradients: k-means, a perceptron, a memory, least squares."""

import torch

torch.manual_seed(10)
X = torch.cat([torch.randn(30, 2) + c for c in torch.tensor([[0.0, 0], [4, 4], [-4, 3]])])
C = X[torch.randperm(len(X))[:3]].clone()
for it in range(6):
    d = torch.cdist(X, C)
    a = d.argmin(dim=1)
    for k in range(3):
        if (a == k).any():
            C[k] = X[a == k].mean(dim=0)
    print(it, d.min(1).values.pow(2).sum().item(), torch.bincount(a, minlength=3).tolist())
print(C)
w = torch.zeros(3)
y = (X[:, 0] + X[:, 1] > 1).int() * 2 - 1
Xb = torch.cat((X, torch.ones(len(X), 1)), 1)
errors = []
for e in range(5):
    err = 0
    for xi, yi in zip(Xb, y):
        if yi * (w @ xi) <= 0:
            w += yi * xi
            err += 1
    errors.append(err)
print(errors, w)
P = torch.tensor([[1.0, -1, 1, -1, 1, -1], [1, 1, 1, -1, -1, -1]])
W = (P.T @ P) / 6
W.fill_diagonal_(0)
s = torch.tensor([1.0, -1, 1, -1, 1, 1])
for _ in range(3):
    s = torch.sign(W @ s)
print(s, -0.5 * s @ W @ s)
A = torch.vander(torch.linspace(-1, 1, 9), 4, increasing=True)
b = torch.linspace(-1, 1, 9) ** 3
print(torch.linalg.lstsq(A, b.unsqueeze(1)).solution.flatten().abs() > 0.5)
