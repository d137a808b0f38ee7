"""Functions that people reach for now and then."""

import torch

x = torch.tensor([[3.0, 1.0, 2.0], [0.5, 4.0, -1.0]])
print(
    torch.einsum("ij,kj->ik", x, x),
    torch.einsum("ij->j", x),
    torch.einsum("bi,bi->b", x, x),
    torch.einsum("ii", x @ x.T),
)
print(torch.cdist(x, x), torch.topk(x, 2), x.topk(1, dim=0, largest=False).indices)
print(torch.nonzero(x > 1), torch.nonzero(x > 1, as_tuple=True), torch.where(x > 1), (x > 1).nonzero().shape)
print(x.sort(descending=True), x.argsort(1), x.max(dim=1), x.min(), x.argmax(), x.argmax(1), x.median(dim=1))
print(torch.unique(torch.tensor([3, 1, 3, 2])), torch.unique(torch.tensor([1, 1, 2]), return_counts=True))
print(torch.bincount(torch.tensor([0, 1, 1, 5])), torch.histc(x, 4, 0, 4), torch.cumsum(x, 1), torch.cumprod(x, 0))
print(
    torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")[1],
    torch.cartesian_prod(torch.arange(2), torch.arange(2)),
)
print(torch.linspace(0, 1, 5), torch.logspace(0, 2, 3), torch.arange(0, 1, 0.25), torch.eye(2), torch.full((2,), 7))
print(torch.tril(torch.ones(3, 3)), torch.triu(torch.ones(2, 2), 1), torch.diag(torch.tensor([1, 2])), x.diagonal())
print(torch.allclose(x, x + 1e-9), torch.equal(x, x.clone()), torch.isclose(x, x).all(), (x == x).all(), x.eq(x).any())
print(
    x.clamp(0, 2), x.clip(min=1), torch.sign(x), x.round(), torch.floor(x), x.abs().sqrt(), x.pow(2), x.exp()[0], x % 2
)
print(
    x.mean(0),
    x.std(),
    x.var(1),
    x.std(1, unbiased=False),
    x.norm(),
    x.norm(dim=1),
    x.sum((0, 1)),
    x.prod(1),
    x.mean(1, keepdim=True),
)
print(
    torch.stack([x, x]).shape,
    torch.cat([x, x], 1).shape,
    torch.vstack([x, x]).shape,
    x.split([1, 2], 1)[1],
    x.chunk(2)[0],
    x.unbind(1)[0],
)
print(
    torch.outer(x[0], x[1]),
    torch.dot(x[0], x[1]),
    torch.mv(x, x[0]),
    torch.bmm(x[None], x.T[None]),
    x.T.matmul(x).shape,
    torch.trace(x),
)
print(
    torch.gather(x, 1, torch.tensor([[0], [2]])),
    x.take(torch.tensor([0, 5])),
    x.index_select(1, torch.tensor([2, 0])),
    x[:, [0, 2]],
)
print(
    x.flip(1),
    x.roll(1, 1),
    x.repeat(1, 2),
    x.repeat_interleave(2, 0),
    torch.rot90(x),
    x.masked_select(x > 1),
    x[x > 1],
    x[-1, ::2],
)
print(
    torch.isnan(torch.tensor([1.0, float("nan"), float("inf")])),
    torch.nan_to_num(torch.tensor([float("nan"), float("inf")]), posinf=1.0),
)
print(
    torch.logsumexp(x, 1),
    torch.softmax(x, -1),
    torch.sigmoid(x[0]),
    torch.lerp(x[0], x[1], 0.5),
    torch.quantile(x, 0.5),
    x.cummax(1).values,
)
print(
    torch.linalg.inv(x @ x.T),
    torch.linalg.det(x @ x.T),
    torch.linalg.solve(x @ x.T, torch.ones(2)),
    torch.linalg.norm(x),
    torch.linalg.matrix_rank(x),
)
print(
    torch.bitwise_and(torch.tensor(6), torch.tensor(3)),
    torch.tensor([True, False]) & torch.tensor(True),
    ~torch.tensor([True, False]),
    torch.logical_xor(x > 1, x > 2),
)
print(
    torch.tensor([1, 2]) / 2,
    torch.tensor([5, -5]) // 2,
    torch.tensor([5, -5]) % 3,
    torch.div(torch.tensor([5.0, -5.0]), 2, rounding_mode="trunc"),
    2 ** torch.tensor([1, 2]),
)
print(
    torch.searchsorted(torch.tensor([1.0, 3.0, 5.0]), torch.tensor([2.0, 5.0])),
    torch.bucketize(torch.tensor([2.0, 9.0]), torch.tensor([1.0, 3.0])),
    torch.diff(x),
    torch.nn.functional.one_hot(torch.tensor([0, 2]), 4),
)
print(
    x.fill_diagonal_(0.0),
    torch.tensor([[1.0, 2.0], [3.0, 4.0]]).inverse(),
    torch.logdet(torch.tensor([[2.0, 0.0], [0.0, 3.0]])),
    tuple(torch.slogdet(torch.tensor([[2.0, 0.0], [0.0, -3.0]]))),
)
