"""What tensors and modules look like when printed."""

import math

import torch
from torch import nn

print(torch.tensor(3), torch.tensor(2.5), torch.tensor(True), torch.tensor([]))
print(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1e-8, 1.0]), torch.tensor([1e6, 1.5]), torch.tensor([123456.789]))
print(torch.tensor([[0.1, -22.5], [1000.25, 3.0]]))
print(torch.tensor([math.nan, math.inf, -1.0]), torch.tensor([math.inf]))
print(torch.tensor([1, 200, -30000]), torch.tensor([True, False]), torch.tensor([1, 2], dtype=torch.uint8))
print(torch.tensor([0.5], dtype=torch.float64), torch.zeros(2, 0), torch.zeros(2, 3, 2))
print(torch.arange(2000), torch.arange(3000.0).reshape(100, 30))
x = torch.ones(2, requires_grad=True)
print(x, x * 2, (x * 2).sum(), x.exp().detach())
print(nn.Parameter(torch.zeros(2)))
print(x.shape, x.dtype, x.size(), repr(torch.float32), f"{torch.tensor(3.14159):.2f}", str(torch.tensor(2)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.layers = nn.ModuleList([nn.Linear(4, 4, bias=False) for _ in range(2)])
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 1), "b": nn.Identity()})
        self.drop = nn.Dropout(0.1, inplace=True)
        self.act = nn.LeakyReLU(0.2)

    def extra_repr(self):
        return "four wide"


print(Block())
print(nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.MaxPool2d(2), nn.Flatten(), nn.Softmax(dim=1)))
print(nn.Embedding(10, 3), nn.GELU(), nn.Softplus(), nn.ELU(), nn.CrossEntropyLoss(), nn.MSELoss(), nn.Hardtanh())
print(torch.optim.SGD([x], lr=0.1))
print(list(Block().state_dict()))
for name, module in Block().named_modules():
    print(repr(name), type(module).__name__)
torch.set_printoptions(precision=2)
print(torch.tensor([1.23456, 2.0]))
torch.set_printoptions(precision=4, sci_mode=False)
print(torch.tensor([1e-8, 1.0]))
torch.set_printoptions(profile="default")
