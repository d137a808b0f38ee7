"""Newton's method for logistic regression, with a Hessian from autograd and a linear solve."""

import torch

torch.manual_seed(4)
X = torch.randn(50, 3, dtype=torch.float64)
y = (X[:, 0] - X[:, 1] + 0.3 * torch.randn(50, dtype=torch.float64) > 0).double()
w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
for i in range(6):
    p = torch.sigmoid(X @ w)
    loss = torch.nn.functional.binary_cross_entropy(p, y) + 0.01 * (w**2).sum()
    (g,) = torch.autograd.grad(loss, w, create_graph=True)
    H = torch.stack([torch.autograd.grad(gi, w, retain_graph=True)[0] for gi in g])
    with torch.no_grad():
        w -= torch.linalg.solve(H, g)
    print(i, loss.item(), g.norm().item())
print(w)
