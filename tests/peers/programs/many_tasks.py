"""Multi-task network, EMA of weights, SWA, gradient accumulation, freezing and unfreezing."""

import copy

import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn

torch.manual_seed(31)


class Multi(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(4, 12), nn.BatchNorm1d(12), nn.ReLU())
        self.heads = nn.ModuleDict({k: nn.Linear(12, n) for k, n in {"age": 1, "kind": 3}.items()})
        self.log_vars = nn.ParameterDict({k: nn.Parameter(torch.zeros(())) for k in self.heads})

    def forward(self, x):
        h = self.trunk(x)
        return {k: head(h) for k, head in self.heads.items()}


X = torch.randn(96, 4)
Y = {"age": X[:, :1] * 2 - X[:, 1:2], "kind": (X[:, 2] > 0).long() + (X[:, 3] > 1).long()}
net = Multi()
print(net)
ema = copy.deepcopy(net).requires_grad_(False)
swa = AveragedModel(net)
opt = torch.optim.SGD(
    [
        {"params": net.trunk.parameters(), "lr": 0.02},
        {"params": net.heads.parameters()},
        {"params": net.log_vars.parameters(), "momentum": 0.0},
    ],
    lr=0.05,
    momentum=0.9,
    weight_decay=1e-3,
)
swa_sched = SWALR(opt, swa_lr=0.01, anneal_epochs=3, anneal_strategy="linear")
accum = 3
for step in range(24):
    xb = X[step % 4 * 24 :][:24]
    out = net(xb)
    losses = {
        "age": nn.functional.mse_loss(out["age"], Y["age"][step % 4 * 24 :][:24]),
        "kind": nn.functional.cross_entropy(out["kind"], Y["kind"][step % 4 * 24 :][:24]),
    }
    total = sum(torch.exp(-net.log_vars[k]) * l + net.log_vars[k] for k, l in losses.items())
    (total / accum).backward()
    if (step + 1) % accum == 0:
        nn.utils.clip_grad_value_(net.parameters(), 0.5)
        opt.step()
        opt.zero_grad()
        with torch.no_grad():
            for e, p in zip(ema.parameters(), net.parameters()):
                e.lerp_(p, 0.2)
            for e, b in zip(ema.buffers(), net.buffers()):
                e.copy_(b)
        if step > 12:
            swa.update_parameters(net)
            swa_sched.step()
    if step % 8 == 7:
        print(
            step,
            f"{total.item():.4f}",
            {k: f"{v.item():.4f}" for k, v in losses.items()},
            [round(g["lr"], 5) for g in opt.param_groups],
        )
print({k: v.item() for k, v in net.log_vars.items()})
update_bn(torch.utils.data.DataLoader(X, batch_size=32), swa)
for m in (net, ema, swa):
    m.eval()
    o = m(X[:2])
    print(o["age"].squeeze(), o["kind"][0])
print(swa.n_averaged, len(list(swa.parameters())), list(swa.state_dict())[:3])
for p in net.trunk.parameters():
    p.requires_grad = False
trainable = filter(lambda p: p.requires_grad, net.parameters())
opt2 = torch.optim.Adam(trainable, lr=1e-2)
print(len(opt2.param_groups[0]["params"]), [n for n, p in net.named_parameters() if not p.requires_grad])
net.train()
net(X)["age"].sum().backward()
print(
    net.trunk[0].weight.grad is None or net.trunk[0].weight.grad.abs().sum().item() >= 0,
    net.heads["age"].weight.grad.shape,
)
opt2.add_param_group({"params": [net.trunk[0].weight.requires_grad_()], "lr": 1e-4})
print(opt2)
