"""Every schedule's rates, step by step, and what optimisers say and save of themselves."""

import torch
from torch import nn
from torch.optim import lr_scheduler as S

make = {
    "step": lambda o: S.StepLR(o, 2, 0.5),
    "multi": lambda o: S.MultiStepLR(o, [1, 4], 0.1),
    "exponential": lambda o: S.ExponentialLR(o, 0.9),
    "cosine": lambda o: S.CosineAnnealingLR(o, 5, 0.01),
    "restarts": lambda o: S.CosineAnnealingWarmRestarts(o, 3, 2),
    "linear": lambda o: S.LinearLR(o, 0.1, 1.0, 4),
    "constant": lambda o: S.ConstantLR(o, 0.25, 3),
    "lambda": lambda o: S.LambdaLR(o, lambda e: 1 / (1 + e)),
    "times": lambda o: S.MultiplicativeLR(o, lambda e: 0.8),
    "poly": lambda o: S.PolynomialLR(o, 5, 2.0),
    "one cycle": lambda o: S.OneCycleLR(o, 1.0, total_steps=8),
    "cyclic": lambda o: S.CyclicLR(o, 0.01, 0.1, 3),
    "sequence": lambda o: S.SequentialLR(o, [S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.5)], [2]),
    "chained": lambda o: S.ChainedScheduler([S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.5)]),
}
for name, schedule in make.items():
    p = nn.Parameter(torch.ones(1))
    o = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    s = schedule(o)
    rates = [s.get_last_lr()[0]]
    for _ in range(6):
        o.step()
        s.step()
        rates.append(s.get_last_lr()[0])
    print(
        name, [f"{r:.5f}" for r in rates], f"{o.param_groups[0]['lr']:.5f}", s.last_epoch if name != "chained" else ""
    )
p = nn.Parameter(torch.tensor([1.0, -2.0]))
for o in (torch.optim.SGD([p], lr=0.1), torch.optim.Adam([p]), torch.optim.AdamW([p], lr=0.01), torch.optim.RMSprop([p]),
          torch.optim.Adagrad([p]), torch.optim.Adadelta([p]), torch.optim.NAdam([p]), torch.optim.RAdam([p]),
          torch.optim.Rprop([p]), torch.optim.Adamax([p])):  # fmt: skip
    print(o)
    for _ in range(2):
        o.zero_grad()
        (p**2).sum().backward()
        o.step()
    print(p, sorted(o.state[p]), list(o.state_dict()), o.state_dict()["param_groups"][0]["params"])
groups = torch.optim.SGD([{"params": [p], "lr": 0.5}, {"params": [nn.Parameter(torch.ones(1))]}], lr=0.1, momentum=0.5)
print(groups, len(groups.param_groups), groups.defaults["lr"])
plateau = S.ReduceLROnPlateau(groups, factor=0.1, patience=1)
for value in (1.0, 1.0, 1.0, 1.0, 0.5):
    plateau.step(value)
    print([g["lr"] for g in groups.param_groups], plateau.get_last_lr())
