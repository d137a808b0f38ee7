"""The first things that one does with tensors: made, shaped, joined, multiplied, changed in place, printed."""

import numpy as np
import torch

data = [[1, 2], [3, 4]]
x_data = torch.tensor(data)
np_array = np.array(data)
x_np = torch.from_numpy(np_array)
x_ones = torch.ones_like(x_data)
print(f"Ones Tensor: \n {x_ones} \n")
torch.manual_seed(7)
x_rand = torch.rand_like(x_data, dtype=torch.float)
print(f"Random Tensor: \n {x_rand} \n")
shape = (
    2,
    3,
)
print(torch.rand(shape), torch.ones(shape), torch.zeros(shape))
tensor = torch.rand(3, 4)
print(f"Shape of tensor: {tensor.shape}")
print(f"Datatype of tensor: {tensor.dtype}")
print(f"Device tensor is stored on: {tensor.device}")
tensor = torch.ones(4, 4)
print(f"First row: {tensor[0]}")
print(f"First column: {tensor[:, 0]}")
print(f"Last column: {tensor[..., -1]}")
tensor[:, 1] = 0
print(tensor)
t1 = torch.cat([tensor, tensor, tensor], dim=1)
print(t1)
y1 = tensor @ tensor.T
y2 = tensor.matmul(tensor.T)
y3 = torch.rand_like(y1)
torch.matmul(tensor, tensor.T, out=y3)
print(y1, y2, y3)
z1 = tensor * tensor
z3 = torch.rand_like(tensor)
torch.mul(tensor, tensor, out=z3)

print(z1, z3)
agg = tensor.sum()
agg_item = agg.item()
print(agg_item, type(agg_item))
print(f"{tensor} \n")
tensor.add_(5)
print(tensor)
t = torch.ones(5)
n = t.numpy()
t.add_(1)
print(f"t: {t}")
print(f"n: {n}")
n = np.ones(5)
t = torch.from_numpy(n)
np.add(n, 1, out=n)
print(f"t: {t}")
print(torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1)[1])
print(torch.linspace(0, 1, 5), torch.logspace(0, 2, 3), torch.eye(3), torch.full((2, 2), 3.5))
a = torch.arange(6.0).view(2, 3)
print(a.mean(dim=0), a.std(), a.var(dim=1, keepdim=True), a.cumsum(1), a.prod())
print(torch.where(a > 2, a, -a), a.clamp(1, 4), a.masked_fill(a > 3, 0))
print(
    torch.sort(torch.tensor([3.0, 1.0, 2.0]), descending=True),
    torch.unique(torch.tensor([3, 1, 3])),
    torch.bincount(torch.tensor([0, 1, 1])),
)
print(a.unsqueeze(0).shape, a.expand(4, 2, 3).shape, torch.stack([a, a]).size(), a.repeat(2, 1), a.t())
print(
    torch.einsum("ij,kj->ik", a, a),
    torch.outer(a[0], a[1]),
    torch.tril(torch.ones(3, 3)),
    torch.triu(torch.ones(3, 3), 1),
)
print(a.long(), a.bool(), a.to(torch.float64), a.int().dtype, a.numel(), a.dim(), a.tolist(), a.type())
print(
    torch.tensor(3.14159),
    torch.tensor([1e-8, 1.0]),
    torch.tensor([1e10, 1.0]),
    torch.tensor([float("nan"), float("inf"), 1.0]),
    torch.tensor([True, False]),
)
print(
    torch.randn(3, 3).abs().max(dim=1),
    torch.randperm(10),
    torch.randint(0, 5, (2, 4)),
    torch.bernoulli(torch.full((6,), 0.5)),
    torch.multinomial(torch.tensor([0.1, 0.2, 0.7]), 5, replacement=True),
    torch.normal(0.0, 1.0, (3,)),
)
print(
    torch.allclose(a, a + 1e-9),
    torch.isnan(a).any(),
    (a == 2).nonzero(),
    torch.argsort(-a[0]),
    a.flip(1),
    torch.roll(a, 1, 1),
    torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij"),
)
print(
    a.new_zeros(2),
    a.split(2, dim=1),
    torch.chunk(a, 3, dim=1),
    a.gather(1, torch.tensor([[0], [2]])),
    torch.zeros(2, 3).scatter_(1, torch.tensor([[0], [2]]), 1.0),
)
print(
    torch.cdist(a, a),
    a.norm(),
    torch.dist(a, a + 1),
    torch.dot(a[0], a[1]),
    torch.cross(a[0], a[1], dim=0),
    a.quantile(0.5),
    a.median(),
    a.mode(),
)
print(
    torch.get_default_dtype(),
    torch.is_tensor(a),
    torch.numel(a),
    a.element_size(),
    a.stride(),
    a.is_contiguous(),
    a.t().is_contiguous(),
)
