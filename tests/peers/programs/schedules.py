"""The rates of many schedules, step by step."""

import warnings

import torch
from torch.optim import lr_scheduler as schedules

warnings.simplefilter("ignore")
MAKERS = {
    "step": lambda o: schedules.StepLR(o, 4, 0.3),
    "multistep": lambda o: schedules.MultiStepLR(o, [3, 8], gamma=0.1),
    "constant": lambda o: schedules.ConstantLR(o, factor=0.25, total_iters=5),
    "linear": lambda o: schedules.LinearLR(o, start_factor=0.1, total_iters=6),
    "exponential": lambda o: schedules.ExponentialLR(o, 0.9),
    "polynomial": lambda o: schedules.PolynomialLR(o, total_iters=10, power=2.0),
    "cosine": lambda o: schedules.CosineAnnealingLR(o, T_max=10, eta_min=0.01),
    "restarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2),
    "lambda": lambda o: schedules.LambdaLR(o, lambda epoch: 0.95**epoch if epoch % 2 else 1.0),
    "multiplicative": lambda o: schedules.MultiplicativeLR(o, lambda epoch: 0.8),
    "cyclic": lambda o: schedules.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=3, mode="triangular2"),
    "one cycle": lambda o: schedules.OneCycleLR(o, max_lr=1.0, total_steps=14, anneal_strategy="linear"),
    "sequence": lambda o: schedules.SequentialLR(
        o, [schedules.LinearLR(o, 0.1, total_iters=4), schedules.ExponentialLR(o, 0.7)], milestones=[4]
    ),
    "chain": lambda o: schedules.ChainedScheduler([schedules.ConstantLR(o, 0.5, 3), schedules.ExponentialLR(o, 0.9)]),
}
for name, make in MAKERS.items():
    p = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([p], lr=0.5, momentum=0.9)
    scheduler = make(optimizer)
    rates = []
    for _ in range(13):
        p.grad = torch.ones(1)
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    print(f"{name:>14}", *[f"{r:.5f}" for r in rates])
    print(" " * 14, p.data, [round(r, 6) for r in scheduler.get_last_lr()])
