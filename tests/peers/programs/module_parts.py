"""The parts of a module: parameters, buffers, children, hooks, state, applying and printing."""

import torch
from torch import nn


class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(3, 4)
        self.blocks = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 1), "b": nn.Linear(4, 2, bias=False)})
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))
        self.register_buffer("hidden", torch.ones(2), persistent=False)
        self.ps = nn.ParameterList([nn.Parameter(torch.zeros(2)), nn.Parameter(torch.ones(1, 2))])
        self.one = nn.ParameterDict({"k": nn.Parameter(torch.zeros(1))})
        self.drop = nn.Dropout(0.2)
        self.act = nn.Sequential(nn.ReLU(), nn.Identity(), nn.LeakyReLU(0.2, inplace=True), nn.Softmax(dim=-1))

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        for block in self.blocks:
            x = x + block(x)
        self.count += 1
        return self.heads["a"](x) * self.scale


torch.manual_seed(0)
m = Part()
print(m)
print([n for n, _ in m.named_parameters()])
print([n for n, _ in m.named_buffers()], [n for n, _ in m.named_children()], len(list(m.modules())))
print(list(m.state_dict()))
print(m(torch.ones(2, 3)), m.count)
print(sum(p.numel() for p in m.parameters()), sum(p.numel() for p in m.parameters() if p.requires_grad))


def init(layer):
    if isinstance(layer, nn.Linear):
        nn.init.constant_(layer.weight, 0.1)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


m.apply(init)
print(m(torch.ones(1, 3)).item(), m.training, m.eval().training, m.drop.training)
for p in m.fc1.parameters():
    p.requires_grad = False
print([n for n, p in m.named_parameters() if not p.requires_grad])
twin = Part()
print(twin.load_state_dict(m.state_dict()))
print(torch.equal(twin.fc1.weight, m.fc1.weight), twin.count)
try:
    nn.Linear(2, 2).load_state_dict({"weight": torch.ones(2, 3), "extra": torch.ones(1)})
except RuntimeError as problem:
    print("refused", "size mismatch" in str(problem) or "shape" in str(problem))
print(nn.Linear(2, 2).load_state_dict({"weight": torch.ones(2, 2), "extra": torch.ones(1)}, strict=False))
seen = []
handle = m.heads["a"].register_forward_hook(lambda mod, args, out: seen.append(tuple(out.shape)))
pre = m.register_forward_pre_hook(lambda mod, args: (args[0] * 2,))
print(m(torch.ones(1, 3)).item(), seen)
handle.remove()
pre.remove()
print(m(torch.ones(1, 3)).item(), seen)
print(m.get_parameter("fc1.weight").shape, m.get_submodule("blocks.1"), m.get_buffer("count"))
print(
    nn.Linear(2, 3).weight.shape,
    nn.Bilinear(2, 3, 4),
    nn.BatchNorm1d(3),
    nn.LayerNorm([2, 3]),
    nn.Embedding(3, 4, padding_idx=0),
)
print(
    nn.Conv2d(1, 2, 3, padding=1),
    nn.MaxPool2d(2),
    nn.CrossEntropyLoss(),
    nn.Dropout(0.1),
    nn.Flatten(),
    nn.GELU(),
    nn.ELU(),
)
print(
    nn.Sequential(nn.Linear(1, 2), nn.Tanh())[0], len(nn.Sequential(nn.ReLU(), nn.ReLU())), nn.Sequential(nn.ReLU())[:1]
)
m.zero_grad()
m(torch.ones(1, 3)).sum().backward()
print(m.fc1.weight.grad, m.scale.grad, m.blocks[0].bias.grad)
print(m.double().scale.dtype, m.float().scale.dtype, next(m.parameters()).device)
