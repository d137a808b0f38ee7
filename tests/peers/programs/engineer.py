"""A training class of the kind engineers write: config, metrics, logging, resume."""

import dataclasses
import math
import random
from collections import defaultdict
from typing import Optional

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor, optim
from torch.nn import Parameter
from torch.utils.data import DataLoader, TensorDataset, random_split


@dataclasses.dataclass
class Config:
    width: int = 16
    depth: int = 2
    dropout: float = 0.1
    lr: float = 3e-3
    steps: int = 60
    warmup: int = 10
    device: str = "cuda" if torch.cuda.is_available() else "cpu"


def set_seed(seed):
    random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


class MLP(nn.Module):
    def __init__(self, cfg: Config, n_in: int, n_out: int) -> None:
        super().__init__()
        dims = [n_in] + [cfg.width] * cfg.depth
        layers: list[nn.Module] = []
        for a, b in zip(dims[:-1], dims[1:]):
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.GELU(), nn.Dropout(cfg.dropout)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(cfg.width, n_out)
        self.temperature = Parameter(torch.ones(1))

    def forward(self, x: Tensor, y: Optional[Tensor] = None):
        logits = self.head(self.body(x.flatten(1))) / self.temperature
        return logits if y is None else (logits, F.cross_entropy(logits, y))

    def configure_optimizer(self, cfg):
        decay = [p for n, p in self.named_parameters() if p.dim() >= 2]
        rest = [p for n, p in self.named_parameters() if p.dim() < 2]
        return optim.AdamW(
            [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
            lr=cfg.lr,
            betas=(0.9, 0.95),
            eps=1e-4,
        )


class Mean:
    def __init__(self):
        self.total, self.count = 0.0, 0

    def update(self, v, n=1):
        self.total += float(v) * n
        self.count += n

    @property
    def value(self):
        return self.total / max(1, self.count)


def lr_at(step, cfg):
    if step < cfg.warmup:
        return (step + 1) / cfg.warmup
    p = (step - cfg.warmup) / (cfg.steps - cfg.warmup)
    return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * p))


cfg = Config()
set_seed(1234)
print(cfg, torch.rand(1), random.random().__round__(6))
centers = torch.tensor([[2.0, 0], [-1, 1.7], [-1, -1.7]])
y = torch.randint(0, 3, (240,))
X = centers[y] + torch.randn(240, 2)
train, val = random_split(TensorDataset(X, y), (200, 40))
g = torch.Generator()
g.manual_seed(7)
loader = DataLoader(train, batch_size=40, shuffle=True, generator=g, pin_memory=False, num_workers=0, drop_last=False)
model = MLP(cfg, 2, 3).to(cfg.device)
opt = model.configure_optimizer(cfg)
print(
    [len(p["params"]) for p in opt.param_groups],
    sum(p.numel() for p in model.parameters()),
    next(model.parameters()).device,
)
history = defaultdict(list)
step = 0
while step < cfg.steps:
    for xb, yb in loader:
        for group in opt.param_groups:
            group["lr"] = cfg.lr * lr_at(step, cfg)
        model.train()
        _, loss = model(xb.to(cfg.device, non_blocking=True), yb)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        history["loss"].append(loss.item())
        history["norm"].append(norm.item())
        step += 1
        if step % 20 == 0:
            model.eval()
            m, acc = Mean(), Mean()
            with torch.no_grad():
                for xb, yb in DataLoader(val, batch_size=16):
                    logits, l = model(xb, yb)
                    m.update(l, len(xb))
                    acc.update((logits.argmax(-1) == yb).float().mean(), len(xb))
            print(f"step {step:3d} | lr {opt.param_groups[0]['lr']:.6f} | loss {m.value:.3f} | acc {acc.value:.3f}")
print({k: round(float(np.mean(v)), 3) for k, v in history.items()})
print(
    model.temperature.data.shape,
    model.head.weight.grad is not None,
    opt.state[model.head.weight]["step"],
    sorted(opt.state[model.head.weight]),
)
print(
    torch.tensor(history["loss"][:3]).numpy().round(3),
    np.asarray(torch.ones(2)),
    torch.as_tensor(np.arange(3.0)),
    torch.from_numpy(np.eye(2, dtype=np.float32)),
)
