"""Arithmetic, kinds of numbers and broadcasting, as a first lesson shows them."""

import numpy as np
import torch

a = torch.tensor([1, 2, 3])
b = torch.tensor([0.5, 1.5, -2.0])
print(a + b, a * 2, a / 2, a // 2, a**2, -a, 2 - b, 2**a, b.abs(), a % 2)
print((a + b).dtype, (a * 2).dtype, (a / 2).dtype, (a > 1).dtype, (a + True).dtype)
print(torch.add(a, 10), torch.sub(b, 1, alpha=2), torch.mul(a, a), torch.div(b, 3), torch.pow(b, 2), torch.matmul(a, a))
column, row = torch.tensor([[1.0], [2.0]]), torch.tensor([10.0, 20.0, 30.0])
print(column + row, (column * row).sum(dim=0, keepdim=True), (column - row).shape)
print(torch.exp(b), torch.log(torch.tensor([1.0, 10.0])), torch.sqrt(torch.tensor(2.0)), torch.sin(b), torch.tanh(b))
print(torch.relu(b), torch.sigmoid(b), torch.sign(b), torch.floor(b), torch.ceil(b), torch.maximum(b, torch.zeros(3)))
m = torch.arange(1.0, 7).view(2, 3)
print(m @ m.T, m.T @ m, torch.mm(m, m.t()), m.mv(b), torch.dot(b, b), torch.bmm(m.view(1, 2, 3), m.T.unsqueeze(0)))
n = np.array([[1.0, 2.0], [3.0, 4.0]])
t = torch.from_numpy(n)
n[0, 0] = 99
print(t, t.dtype, torch.tensor(n).float(), torch.as_tensor([1, 2]).numpy(), t.numpy().dtype)
print(torch.zeros(2, 3).shape, torch.ones_like(m), torch.rand(2, 2).shape, torch.empty(0).numel(), torch.eye(2))
print(m.min(), m.mean(), m.sum().item(), m.std(), m.median(), m.max(1).values, m.argmax(), m.prod())
print(torch.tensor(5).item() + 1, float(torch.tensor(2.5)), int(torch.tensor(7.9)), bool(torch.tensor(0)))
print(torch.tensor([1.0]).is_floating_point(), torch.is_tensor(a), isinstance(a, torch.Tensor), type(a).__name__)
print(
    torch.tensor([0.1]) + torch.tensor([0.2]) == torch.tensor([0.3]),
    torch.tensor(1 / 3),
    torch.tensor(1 / 3, dtype=torch.float64),
)
print(
    torch.finfo(torch.float32).eps,
    torch.iinfo(torch.int64).max,
    torch.float32.itemsize if hasattr(torch.float32, "itemsize") else 4,
)
print(torch.get_default_dtype(), torch.tensor([1, 2.0]).dtype, torch.tensor([True, 2]).dtype, torch.pi, torch.inf)
print("cuda" if torch.cuda.is_available() else "cpu", torch.device("cpu"), a.to("cpu").device)
for wrong in (
    lambda: torch.ones(2) + torch.ones(3),
    lambda: m @ m,
    lambda: m.view(4, 2),
    lambda: torch.tensor([1, 2]).mean(),
):
    try:
        wrong()
    except RuntimeError:
        print("RuntimeError")
try:
    a[5]
except IndexError:
    print("IndexError")
