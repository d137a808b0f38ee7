"""Arguments by their names, single numbers along an axis, masks that are repeated, bits read anew."""

import torch
from torch import nn

x = torch.arange(6.0).view(2, 3)
print(x.flip(dims=[0]), torch.flip(x, dims=(0, 1)), torch.permute(x, dims=(1, 0)), torch.reshape(x, shape=(3, 2)))
print(x.tile(dims=(2,)), x.expand(size=(2, 2, 3)).shape, x.repeat(repeats=(2, 1)), torch.zeros(size=(2, 1)))
print(
    torch.ones(size=(2,)), torch.empty(size=(3, 1)).shape, torch.zeros_like(x, device="cpu"), torch.eye(2, device="cpu")
)
torch.manual_seed(0)
print(torch.rand(size=(2,)), torch.randn(size=(2, 1)), torch.randn_like(x, device="cpu"), torch.randint_like(x, 5))
print(torch.normal(torch.zeros(5, dtype=torch.float64), 2.0), torch.normal(0.0, 1.0, (2,), dtype=torch.float64))
print(torch.empty(4).geometric_(0.3), torch.empty(3, dtype=torch.float64).geometric_(0.7))
for name in ("median", "sort", "topk", "kthvalue", "mode", "cummax", "cummin", "cumsum", "cumprod", "softmax"):
    one = torch.tensor(3.0, requires_grad=True)
    y = getattr(one, name)(*{"topk": (1,), "kthvalue": (1,)}.get(name, (0,)))
    values = y if isinstance(y, torch.Tensor) else y[0]
    (values * 2).backward()
    print(name, values.detach(), one.grad)
print(torch.tensor(2.0).quantile(0.5, dim=0), torch.var_mean(x, True), torch.std_mean(x, False))
print(x.masked_select(torch.tensor([True, False, True])), torch.tensor(3.0).masked_select(torch.tensor(True)))
print(
    torch.tensor([1.0, -2.5]).view(torch.int32), torch.ones(2, 3).view(torch.uint8).shape, x.stride(0), x.t().stride(1)
)
print(torch.linspace(-2, 4, 8, dtype=torch.int64), torch.diag_embed(torch.ones(2, 3), dim1=0, dim2=2)[:, 0])
print(torch.zeros(0, 4).chunk(2), torch.diagonal_scatter(torch.zeros(4, 4, 2), torch.ones(2, 2), 2, 0, 1).sum((0, 1)))
places = torch.tensor([[0, 1, 1]])
print(torch.ones(2, 3).scatter(0, places, value=5.0), torch.ones(2, 3).scatter_(0, places, 5.0, reduce="add"))
print(torch.full((2, 3), 3.0).scatter_(0, places, 2.0, reduce="multiply"))
print(torch.tensor([2, 3], dtype=torch.int8).cumprod(0), x.prod(dtype=torch.float64), x.cumsum(1, dtype=torch.float64))
print(torch.bincount(torch.tensor([0, 2, 2]), torch.tensor([0.5, 1.0, 2.0])), torch.rsub(x, 1, alpha=2))
print(
    torch.diff(torch.arange(4.0), prepend=torch.zeros(1), append=torch.full((2,), 9.0)),
    torch.nansum(x, 1, dtype=torch.float64),
)
print(torch.einsum(x, [0, 1], x, [2, 1], [0, 2]), torch.einsum(x, [..., 1], [1]))
total = torch.zeros(2, 3)
print(torch.trunc(x + 0.7, out=total), total, torch.logaddexp(x, x, out=total) is total, torch.tril(x, out=total))
y = torch.zeros(2, 3, requires_grad=True) * 1
y[1, :] = torch.ones(1, 1, 3) * 9
print(y.detach(), x[[]], x[:, []].shape)
p = nn.Parameter(torch.ones(1))
p.decays = False
print(p.decays, hasattr(p, "other"))
both = nn.ParameterDict({"a": torch.ones(1)}) | nn.ParameterDict({"b": torch.zeros(2)})
print(list(both), len(both.copy()))
optimizer = torch.optim.SGD([p], lr=0.1)
optimizer.register_step_pre_hook(lambda o, args, kwargs: print("before", args[0] is o, len(args), kwargs))
optimizer.step()
print(torch.func.vmap(lambda v: v.sum(), chunk_size=1)(x))
times, worth = torch.tensor([1, 2, 3]), torch.tensor([0.5, 1.0, 2.0])
print(
    torch.cov(x, fweights=times), torch.cov(x + x**2, aweights=worth), torch.cov(x[:1], fweights=times, aweights=worth)
)
