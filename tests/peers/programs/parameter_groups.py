"""Weights decay, biases do not; the last layer learns faster; one rate is changed on the way."""

import torch
from torch import nn

torch.manual_seed(2)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
decayed = [p for name, p in model.named_parameters() if name.endswith("weight") and not name.startswith("2")]
plain = [p for name, p in model.named_parameters() if name.endswith("bias") and not name.startswith("2")]
optimizer = torch.optim.AdamW(
    [
        {"params": decayed, "weight_decay": 0.5},
        {"params": plain, "weight_decay": 0.0},
        {"params": model[2].parameters(), "lr": 0.02},
    ],
    lr=0.005,
)
print(optimizer)
x, y = torch.randn(40, 8), torch.randint(4, (40,))
for step in range(1, 121):
    loss = nn.CrossEntropyLoss()(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step == 60:
        for group in optimizer.param_groups:
            group["lr"] *= 0.1
    if step % 20 == 0:
        norms = [f"{p.norm().item():.4f}" for p in model.parameters()]
        print(step, f"{loss.item():.4f}", *norms, [round(g["lr"], 5) for g in optimizer.param_groups])

state = optimizer.state_dict()
print(sorted(state), sorted(state["state"][0]), [g["params"] for g in state["param_groups"]])
print(state["state"][0]["step"], state["state"][3]["exp_avg"])
