"""Write optim.json, walks of PyTorch's optimisers and schedules: `python tests/golden/make_optim.py` (torch 2.13)."""

import json
import pathlib

import numpy as np

if __name__ == "__main__":  # a test run only looks for doctests here, and it may have no torch
    import torch

START = [1.0, -2.0, 0.5, 3.0]
SNAPSHOTS = [1, 2, 3, 10, 40]
EPOCHS = [0, 1, 2, 3, 5, 9, 10, 11, 19, 20, 21, 39, 40, 41, 63, 99, 100, 120]

OPTIMISERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.01, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1, "betas": [0.8, 0.95], "eps": 1e-3}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.2}),
    ("Adamax", {"lr": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "momentum_decay": 0.01}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.1}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "betas": [0.7, 0.9]}),
    ("RMSprop", {"lr": 0.02}),
    ("RMSprop", {"lr": 0.02, "momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.3, "lr_decay": 0.05, "initial_accumulator_value": 0.1}),
    ("Adadelta", {"rho": 0.8}),
    ("Rprop", {"lr": 0.05, "step_sizes": [1e-4, 0.3]}),
    ("ASGD", {"lr": 0.1, "t0": 5, "lambd": 0.01}),
]

SCHEDULES = [
    ("StepLR", {"step_size": 10, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [3, 20, 20, 99], "gamma": 0.3}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 40}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 40}),
    ("ExponentialLR", {"gamma": 0.97}),
    ("PolynomialLR", {"total_iters": 100, "power": 1.7}),
    ("CosineAnnealingLR", {"T_max": 20, "eta_min": 0.003}),
    ("CosineAnnealingWarmRestarts", {"T_0": 10, "T_mult": 2, "eta_min": 0.001}),
    ("OneCycleLR", {"max_lr": 0.4, "total_steps": 121}),
    ("OneCycleLR", {"max_lr": [0.4, 0.2], "total_steps": 121, "anneal_strategy": "linear", "three_phase": True}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 9, "step_size_down": 12}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 10, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 10, "mode": "exp_range", "gamma": 0.98}),
]


def slope(w, step):
    """A landscape that shifts from step to step."""
    return np.sin(w * (1 + 0.3 * step)) + 0.1 * w


def walk(name, options):
    w = torch.tensor(START, requires_grad=True)
    optimiser = getattr(torch.optim, name)([w], **options)
    seen = {}
    for step in range(1, max(SNAPSHOTS) + 1):
        w.grad = torch.tensor(slope(w.detach().numpy(), step))
        optimiser.step()
        if step in SNAPSHOTS:
            seen[step] = w.tolist()
    return seen


def rates(name, options):
    groups = [{"params": [torch.zeros(1)]}, {"params": [torch.zeros(1)], "lr": 0.02}]
    optimiser = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimiser, **options)
    seen = {}
    for epoch in range(max(EPOCHS) + 1):
        if epoch in EPOCHS:
            seen[epoch] = [[g["lr"] for g in optimiser.param_groups], optimiser.param_groups[0]["momentum"]]
        optimiser.step()
        scheduler.step()
    return seen


def valley():
    """L-BFGS through Rosenbrock's valley, with a line search and without."""
    seen = []
    for options in ({"line_search_fn": "strong_wolfe", "max_iter": 8}, {"lr": 0.001, "history_size": 3, "max_iter": 6}):
        x = torch.tensor([-1.2, 1.0], requires_grad=True)
        optimiser = torch.optim.LBFGS([x], **options)

        def closure(x=x, optimiser=optimiser):
            optimiser.zero_grad()
            loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
            loss.backward()
            return loss

        losses = [optimiser.step(closure).item() for _ in range(3)]
        seen.append({"options": options, "losses": losses, "x": x.tolist(), "asked": optimiser.state[x]["func_evals"]})
    return seen


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    golden = {
        "start": START,
        "walks": [{"name": n, "options": o, "seen": walk(n, o)} for n, o in OPTIMISERS],
        "rates": [{"name": n, "options": o, "seen": rates(n, o)} for n, o in SCHEDULES],
        "valley": valley(),
    }
    text = json.dumps(golden, separators=(",", ":"))
    pathlib.Path(__file__).with_name("optim.json").write_text(text + "\n", encoding="utf-8")
