"""State dicts renamed, mended, shared and saved; tied weights and copies."""

import copy
import io

import torch
from torch import nn

torch.manual_seed(0)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(6, 3, bias=False)
        self.dec = nn.Linear(3, 6)
        self.dec.weight = nn.Parameter(self.enc.weight.t())
        self.emb = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.emb.weight
        self.register_buffer("scale", torch.tensor([2.0]))
        self.register_buffer("tmp", torch.zeros(1), persistent=False)

    def forward(self, x, i):
        return self.dec(torch.tanh(self.enc(x))) * self.scale, self.head(self.emb(i))


m = Tied()
print(
    [n for n, _ in m.named_parameters()],
    [n for n, _ in m.named_parameters(remove_duplicate=False)],
    len(list(m.parameters())),
    sum(p.numel() for p in m.parameters()),
)
sd = m.state_dict()
print({k: tuple(v.shape) for k, v in sd.items()})
new = {("model." + k if not k.startswith("enc") else k.replace("enc", "encoder")): v for k, v in sd.items()}
back = {k.removeprefix("model.").replace("encoder", "enc"): v for k, v in new.items()}
print(m.load_state_dict(back))
r = m.load_state_dict({"enc.weight": sd["enc.weight"] * 2, "bogus": torch.ones(1)}, strict=False)
print(r.missing_keys, r.unexpected_keys)
try:
    m.load_state_dict({"enc.weight": torch.ones(2, 2), "extra": torch.ones(1)})
except RuntimeError:
    print("RuntimeError")
x, i = torch.randn(4, 6), torch.tensor([0, 3, 3])
a, b = m(x, i)
(a.pow(2).mean() + b.logsumexp(-1).sum()).backward()
print(m.emb.weight.grad, m.head.weight.grad is m.emb.weight.grad, m.enc.weight.grad.norm())
c = copy.deepcopy(m)
print(c.head.weight is c.emb.weight, c.emb.weight.grad is not None)
f = io.BytesIO()
torch.save({"model": m.state_dict(), "epoch": 3, "rng": torch.get_rng_state()}, f)
f.seek(0)
k = torch.load(f)
print(k["epoch"], list(k["model"])[:2])
m.load_state_dict(k["model"])
big = nn.Sequential(nn.Linear(6, 3, bias=False), nn.Linear(3, 2))
own = big.state_dict()
own.update({"0.weight": m.state_dict()["enc.weight"]})
big.load_state_dict(own)
for p in big[0].parameters():
    p.requires_grad_(False)
opt = torch.optim.SGD(filter(lambda p: p.requires_grad, big.parameters()), lr=0.1)
big(x).sum().backward()
opt.step()
print(big[0].weight.grad, big[1].weight)
with torch.no_grad():
    for p, q in zip(c.parameters(), m.parameters()):
        p.lerp_(q, 0.1)
print(c.enc.weight)
m.load_state_dict(c.state_dict(), assign=True)
print(m.enc.weight is c.enc.weight, type(m.enc.weight).__name__)
print(nn.utils.parameters_to_vector(big.parameters()).shape)
nn.utils.vector_to_parameters(torch.arange(26.0), big.parameters())
print(big[1].bias)
del big[1]
big.append(nn.Identity())
big.insert(0, nn.Flatten())
print(big)
print(big.get_submodule("1"), [type(t).__name__ for t in big.modules()])
