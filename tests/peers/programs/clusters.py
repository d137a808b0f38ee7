"""Without gradients: k-means, nearest neighbours, principal components, a Parzen estimate, confusion counts."""

import torch

torch.manual_seed(4)
centres = torch.tensor([[0.0, 0.0], [4.0, 4.0], [0.0, 5.0]])
truth = torch.arange(3).repeat_interleave(20)
x = centres[truth] + 0.5 * torch.randn(60, 2)

means = x[torch.randperm(len(x))[:3]].clone()
for step in range(5):
    nearest = torch.cdist(x, means).argmin(dim=1)
    means = torch.stack([x[nearest == k].mean(0) for k in range(3)])
print(means, torch.bincount(nearest, minlength=3))

distances = torch.cdist(x, x).fill_diagonal_(float("inf"))
values, neighbours = distances.topk(5, largest=False)
votes = torch.nn.functional.one_hot(truth[neighbours], 3).sum(1)
predicted = votes.argmax(1)
print((predicted == truth).float().mean(), values.mean(), votes[:3])

matrix = torch.zeros(3, 3, dtype=torch.long)
for t, p in zip(truth, predicted):
    matrix[t, p] += 1
print(matrix, matrix.diag().sum().item() / len(truth), matrix.float() / matrix.sum(1, keepdim=True))
flat = torch.bincount(truth * 3 + predicted, minlength=9).reshape(3, 3)
print(torch.equal(flat, matrix))

centred = x - x.mean(0)
covariance = centred.T @ centred / (len(x) - 1)
print(covariance, torch.cov(x.T), torch.allclose(covariance, torch.cov(x.T)), torch.corrcoef(x.T))
spread, axes = torch.linalg.eigh(covariance)
u, s, vh = torch.linalg.svd(centred, full_matrices=False)
print(spread, s**2 / (len(x) - 1), axes.abs(), vh.abs())

grid = torch.stack(torch.meshgrid(torch.linspace(-1, 5, 4), torch.linspace(-1, 6, 4), indexing="xy"), -1).view(-1, 2)
density = torch.exp(-(torch.cdist(grid, x) ** 2) / 2).mean(1)
print(density.view(4, 4), density.max(0), grid[density.argmax()])
normed = (x - x.mean(0)) / x.std(0, unbiased=False)
print(normed.mean(0).abs() < 1e-6, normed.var(0, unbiased=False), x.quantile(torch.tensor([0.25, 0.75]), dim=0))
train, test = torch.randperm(60, generator=torch.Generator().manual_seed(1)).split([45, 15])
print(train[:5], test, len(set(train.tolist()) & set(test.tolist())))
