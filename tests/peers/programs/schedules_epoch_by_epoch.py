"""Schedulers printed epoch by epoch, warm-up chained with cosine, restart from state."""

import torch
from torch import nn, optim
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)


def fresh(lr=0.1, **kw):
    return optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr, **kw)


def show(name, make, n=8, **kw):
    opt = fresh(**kw)
    s = make(opt)
    lrs = []
    for _ in range(n):
        lrs.append(opt.param_groups[0]["lr"])
        opt.step()
        s.step()
    print(f"{name:28s}", " ".join(f"{x:.5f}" for x in lrs), s.last_epoch)


show("StepLR", lambda o: StepLR(o, 3, 0.5))
show("MultiStepLR", lambda o: MultiStepLR(o, [2, 5, 5], gamma=0.1))
show("LinearLR", lambda o: LinearLR(o, 0.25, total_iters=4))
show("ConstantLR", lambda o: ConstantLR(o, factor=0.5, total_iters=3))
show("PolynomialLR", lambda o: PolynomialLR(o, total_iters=6, power=2.0))
show("Exponential", lambda o: ExponentialLR(o, 0.9))
show("Multiplicative", lambda o: MultiplicativeLR(o, lambda e: 1 / e))
show("Cosine", lambda o: CosineAnnealingLR(o, T_max=4, eta_min=0.01), n=10)
show("WarmRestarts", lambda o: CosineAnnealingWarmRestarts(o, T_0=2, T_mult=2), n=10)
show("Cyclic", lambda o: CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=3, mode="triangular2"), momentum=0.9)
show(
    "OneCycle",
    lambda o: OneCycleLR(o, max_lr=1.0, total_steps=10, pct_start=0.3, anneal_strategy="linear", three_phase=True),
    momentum=0.9,
)
show(
    "Sequential", lambda o: SequentialLR(o, [LinearLR(o, 0.1, total_iters=3), CosineAnnealingLR(o, 5)], milestones=[3])
)
opt = fresh()
s = SequentialLR(opt, [ConstantLR(opt, 0.1, total_iters=2), StepLR(opt, 2, 0.1)], [3])
for _ in range(4):
    opt.step()
    s.step()
state = s.state_dict()
print(sorted(state), state["last_epoch"], state["_milestones"])
opt2 = fresh()
s2 = SequentialLR(opt2, [ConstantLR(opt2, 0.1, total_iters=2), StepLR(opt2, 2, 0.1)], [3])
s2.load_state_dict(state)
opt2.load_state_dict(opt.state_dict())
for _ in range(3):
    opt.step()
    s.step()
    opt2.step()
    s2.step()
    print(s.get_last_lr(), s2.get_last_lr())
opt = fresh(1.0)
plateau = ReduceLROnPlateau(
    opt, mode="max", factor=0.3, patience=1, threshold=0.01, threshold_mode="abs", cooldown=1, min_lr=0.05
)
for acc in [0.5, 0.6, 0.605, 0.604, 0.6, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]:
    plateau.step(acc)
    print(f"{opt.param_groups[0]['lr']:.4f} {plateau.num_bad_epochs} {plateau.best:.3f}", end=" | ")
print()
print({k: v for k, v in plateau.state_dict().items() if not callable(v)})
print(StepLR(fresh(), 5).state_dict())
cyc = CyclicLR(
    fresh(momentum=0.9),
    0.1,
    0.2,
    step_size_up=2,
    step_size_down=3,
    scale_fn=lambda x: 0.5 ** (x - 1),
    scale_mode="cycle",
)
for _ in range(6):
    cyc.optimizer.step()
    cyc.step()
    print(f"{cyc.get_last_lr()[0]:.4f} {cyc.optimizer.param_groups[0]['momentum']:.4f}", end=" ")
print()
