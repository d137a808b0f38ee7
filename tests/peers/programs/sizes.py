"""Shapes, kinds and what tensors say of themselves."""

import numpy as np
import torch

x = torch.zeros(2, 3)
s = x.shape
print(s, x.size(), x.size(0), x.size(-1), s[0], s[1:], s.numel(), len(s), tuple(s), list(s))
print(s + torch.Size([4]), s + (5,), (1,) + s, s * 2, s == (2, 3), torch.Size([]), torch.Size((1,)) == torch.Size([1]))
rows, columns = x.shape
print(rows, columns, x.numel(), x.nelement(), x.dim(), x.ndim, x.dtype, x.device, x.layout, x.is_leaf, x.requires_grad)
print(x.type(), x.long().type(), x.stride(), x.t().stride(), x.t().is_contiguous(), x.element_size(), x.itemsize)
print(x.is_floating_point(), torch.is_tensor(x), torch.is_floating_point(x.long()), torch.numel(x))
try:
    x.t().view(-1)
except RuntimeError:
    print("not a view")
print(x.t().reshape(-1).shape, x.view(-1).shape, x.view(3, -1).shape, x.flatten().shape, x.ravel().shape)
print(x.unsqueeze(1).shape, x.unsqueeze(-1).shape, x[None].shape, x[..., None].shape, x[:, None].shape)
print(torch.zeros(1, 2, 1).squeeze().shape, torch.zeros(1, 2, 1).squeeze(0).shape, x.expand(4, 2, 3).shape)
print(torch.broadcast_shapes((2, 1), (1, 3)), torch.broadcast_tensors(x, torch.ones(3))[1].shape)
print(repr(torch.float32), torch.int64, torch.bool, torch.finfo(torch.float32).eps, torch.iinfo(torch.int8).max)
print(x.double().dtype, x.half().dtype, x.int().dtype, x.bool().dtype, x.byte().dtype, (x + 1).long().dtype)
print((x.long() + 1.5).dtype, (x.long() / 2).dtype, (x.int() // 2).dtype, (x > 0).sum().dtype, x.long().float().mean())
a = np.arange(3.0)
t = torch.from_numpy(a)
a[0] = 9
print(t, t.dtype, torch.tensor(a), torch.as_tensor(a), t.numpy() is not None, torch.from_numpy(a.astype("float32")))
t[1] = -1
print(a, np.asarray(torch.ones(2)), torch.ones(2).numpy().dtype, np.float32(2) * torch.ones(1), torch.ones(2).tolist())
print(
    torch.tensor(3).item(), torch.tensor([True]).item(), float(torch.tensor(2.5)), int(torch.tensor(7)), bool(t[0] > 1)
)
print(f"{torch.tensor(1.23456):.2f} {torch.tensor(7)} {torch.tensor([1.5])}", torch.tensor(0.1 + 0.2).item())
print(torch.scatter_add(torch.zeros(2, 3), 1, torch.tensor([[0], [2]]), torch.ones(2, 3)))
print(torch.arange(6).reshape(2, 3).scatter(1, torch.tensor([[0, 1], [2, 2]]), torch.tensor([[7, 8, 9], [5, 6, 7]])))
