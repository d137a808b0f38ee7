"""Dtype promotion, printing of everything."""

import torch

torch.manual_seed(0)
print(torch.tensor([1, 2]) + 0.5, torch.tensor([1, 2]) / 2, torch.tensor([1.0, 2.0]).double() + torch.ones(2))
print(torch.tensor([True, False]) + torch.tensor([1, 2]), torch.tensor(3) * torch.tensor([1.5], dtype=torch.float16))
print(
    torch.tensor([1e-8, 1.0, 1e8]),
    torch.tensor([1e5, 2e5]),
    torch.tensor([0.00001, 1000.0]),
    torch.tensor([float("nan"), float("inf"), -1.0]),
)
print(
    torch.tensor([[1.0, 2.5], [100.25, -3.0]]),
    torch.tensor([1e10]),
    torch.tensor([123456789.0]),
    torch.tensor([1.0, 2.0, 3.0]),
)
print(torch.zeros(0), torch.zeros(2, 0), torch.zeros(0, 3).shape, torch.tensor([]), torch.tensor([], dtype=torch.int64))
print(torch.arange(1100), torch.arange(2000.0).reshape(2, 1000))
print(torch.rand(3, 4, 5)[:, :2], torch.ones(2, 2, 2, 2, dtype=torch.bool))
print(
    torch.tensor(3.14159265, dtype=torch.float64),
    torch.tensor(-0.0),
    torch.tensor([0.1], dtype=torch.float64),
    torch.tensor(7),
    torch.tensor(True),
)
x = torch.tensor([1.0, 2.0], requires_grad=True)
print(x, x * 2, (x * 2).sum(), x.detach(), x.mean().item(), [x], {"x": x}, (x**2).exp().log().sqrt())
print(f"{x.sum():.3f} {x.max().item():>8.2f} {x[0]:5.1f}", str(x.shape), repr(x.size()), x.size(0), x.dtype, x.device)
torch.set_printoptions(precision=2, sci_mode=False, linewidth=60, threshold=20, edgeitems=2)
print(torch.rand(6, 6) * 1e4, torch.tensor([1e-5, 1.0]), torch.linspace(0, 1, 15))
torch.set_printoptions(profile="default")
torch.set_printoptions(sci_mode=True)
print(torch.tensor([0.5, 20.0]))
torch.set_printoptions(sci_mode=None)
print(
    torch.finfo(torch.float32).eps,
    torch.finfo(torch.float64).max,
    torch.iinfo(torch.int16).min,
    torch.finfo(torch.float32),
    torch.iinfo(torch.int8),
)
print(torch.Size([2, 3]).numel(), torch.Size((1,)) + torch.Size((2,)), torch.Size([4, 5])[-1], list(torch.Size([1, 2])))
print(
    torch.float32,
    torch.long,
    torch.get_default_dtype(),
    torch.tensor([1, 2]).type(),
    torch.tensor(1.0).type(torch.int32),
    torch.ones(1).type_as(torch.tensor(1)),
)
print(
    torch.device("cpu"),
    torch.device("cpu").type,
    torch.tensor(1.0).is_cuda,
    torch.cuda.is_available(),
    x.is_leaf,
    x.grad,
)
print(
    torch.tensor([[1, -10], [100, 7]]), torch.tensor([-1, 10], dtype=torch.int8), torch.tensor([255], dtype=torch.uint8)
)
print(
    torch.tensor([1.5, 2.5, -0.5]).round(),
    torch.tensor([1.7]).int(),
    torch.tensor([7, -7]) // 2,
    torch.tensor([7, -7]) % 3,
    torch.tensor([7.0, -7.0]).fmod(3),
)
print(
    torch.result_type(torch.tensor(1), 2.0),
    torch.promote_types(torch.int32, torch.float16),
    torch.can_cast(torch.float32, torch.int32),
)
print(
    torch.tensor([3, 1, 2]).sort(),
    torch.tensor([[1.0, 5.0], [7.0, 0.0]]).max(dim=1),
    torch.tensor([1.0, 3.0, 2.0]).topk(2),
    torch.tensor([1, 2, 2, 3]).unique(return_counts=True),
)
print(
    torch.tensor([1.0, 2.0, 3.0]).std(),
    torch.tensor([1.0, 2.0, 3.0]).var(unbiased=False),
    torch.var_mean(torch.tensor([1.0, 2.0, 4.0])),
    torch.std_mean(torch.tensor([1.0, 2.0, 4.0]), dim=0),
)
print(
    torch.tensor([4.0, 1.0]).argmin(),
    torch.tensor([[1, 2], [3, 4]]).sum(dim=(0, 1)),
    torch.tensor([1, 2, 3, 4]).median(),
    torch.mode(torch.tensor([1, 2, 2, 3])),
    torch.tensor([1.0, float("nan")]).nansum(),
    torch.aminmax(torch.tensor([3.0, 1.0, 2.0])),
)
print(
    bool(torch.tensor(1)),
    int(torch.tensor(2.7)),
    float(torch.tensor(3)),
    torch.tensor([2]).item(),
    [2, 3, 4][torch.tensor(1)],
    round(float(torch.tensor(2.345)), 2),
)
