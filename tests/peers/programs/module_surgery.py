"""Weight init loops and module surgery."""

import copy

import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, d, p=0.0):
        super().__init__()
        self.net = nn.Sequential(nn.LayerNorm(d, eps=1e-6), nn.Linear(d, 2 * d), nn.GLU(), nn.Dropout(p))
        self.register_buffer("scale", torch.full((d,), 0.5), persistent=False)
        self.register_parameter("skip", None)

    def forward(self, x):
        return x + self.scale * self.net(x)


class Deep(nn.Module):
    def __init__(self, d=6, depth=3, classes=4):
        super().__init__()
        self.blocks = nn.ModuleList(Block(d, 0.1) for _ in range(depth))
        self.heads = nn.ModuleDict({"cls": nn.Linear(d, classes), "reg": nn.Linear(d, 1)})
        self.apply(self._init)

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight, gain=nn.init.calculate_gain("leaky_relu", 0.1))
            if m.bias is not None:
                m.bias.data.fill_(0.01)
        elif isinstance(m, (nn.LayerNorm, nn.BatchNorm1d)):
            nn.init.ones_(m.weight)
            nn.init.zeros_(m.bias)

    def forward(self, x, head="cls"):
        for block in self.blocks:
            x = block(x)
        return self.heads[head](x)


torch.manual_seed(9)
m = Deep()
print(m)
print(len(list(m.modules())), [n for n, _ in m.named_buffers()], list(m.state_dict())[:4])
x = torch.randn(2, 6)
m.eval()
print(m(x))
print(m(x, head="reg").squeeze())
twin = copy.deepcopy(m)
with torch.no_grad():
    for p in twin.parameters():
        p.mul_(0.5)
    for p, q in zip(m.parameters(), twin.parameters()):
        q.data.copy_(0.9 * q + 0.1 * p)
print(twin(x))
m.blocks.append(Block(6))
m.blocks.insert(0, nn.Identity())
del m.blocks[1]
print(len(m.blocks), type(m.blocks[0]).__name__)
m.heads.update({"extra": nn.Linear(6, 2, bias=False)})
m.heads.pop("reg")
print(list(m.heads), "cls" in m.heads, m.heads["extra"])
for name, p in m.named_parameters():
    if "heads" not in name:
        p.requires_grad_(False)
print(sum(p.numel() for p in m.parameters() if p.requires_grad), sum(p.numel() for p in m.parameters()))
missing = twin.load_state_dict({k: v for k, v in m.state_dict().items() if k in twin.state_dict()}, strict=False)
print(missing.missing_keys[:3], missing.unexpected_keys)
try:
    Deep().load_state_dict({"heads.cls.weight": torch.zeros(3, 6)}, strict=False)
except RuntimeError as e:
    print(isinstance(e, RuntimeError), str(e).splitlines()[0])
for n, c in (
    ("kaiming_normal_", dict(mode="fan_out", nonlinearity="relu")),
    ("trunc_normal_", dict(std=0.02)),
    ("xavier_normal_", {}),
    ("orthogonal_", dict(gain=2.0)),
    ("dirac_", {}),
    ("sparse_", dict(sparsity=0.5)),
):
    w = torch.empty(4, 4, 3) if n == "dirac_" else torch.empty(8, 8)
    getattr(nn.init, n)(w, **c)
    print(n, f"{w.std():.3f}", f"{w.abs().sum():.3f}")
print(
    nn.init._calculate_fan_in_and_fan_out(torch.empty(5, 3)),
    nn.init._calculate_correct_fan(torch.empty(5, 3), "fan_in"),
)
lin = nn.Linear(2, 2)
lin.weight = nn.Parameter(torch.eye(2))
lin.bias = None
print(lin(torch.tensor([[1.0, 2.0]])), lin)
lin.reset_parameters()
seq = nn.Sequential(lin, nn.ReLU())
seq.add_module("last", nn.Linear(2, 1))
seq[1] = nn.Tanh()
seq.append(nn.Softmax(dim=0))
print(seq, seq[-1], seq[:2])
del seq[0]
print(len(seq))
seq.extend([nn.ReLU()])
print(seq.pop(-1))
print(seq + nn.Sequential(nn.ReLU()))
