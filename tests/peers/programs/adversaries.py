"""Two networks against each other: one forges samples of a normal distribution, one tells them apart."""

import torch
import torch.nn as nn

torch.manual_seed(3)
forger = nn.Sequential(nn.Linear(2, 12), nn.LeakyReLU(0.2), nn.Linear(12, 1))
judge = nn.Sequential(nn.Linear(1, 12), nn.LeakyReLU(0.2), nn.Linear(12, 1), nn.Sigmoid())
criterion = nn.BCELoss()
forger_steps = torch.optim.Adam(forger.parameters(), lr=0.005, betas=(0.5, 0.999))
judge_steps = torch.optim.Adam(judge.parameters(), lr=0.005, betas=(0.5, 0.999))
real_label, fake_label = torch.ones(32, 1), torch.zeros(32, 1)
for step in range(201):
    real = 3 + 0.5 * torch.randn(32, 1)
    fake = forger(torch.randn(32, 2))

    judge_steps.zero_grad()
    judge_loss = criterion(judge(real), real_label) + criterion(judge(fake.detach()), fake_label)
    judge_loss.backward()
    judge_steps.step()

    forger_steps.zero_grad()
    forger_loss = criterion(judge(fake), real_label)
    forger_loss.backward()
    forger_steps.step()
    if step % 40 == 0:
        print(f"{step:3d} judge {judge_loss.item():.4f} forger {forger_loss.item():.4f} mean {fake.mean().item():.4f}")
with torch.no_grad():
    samples = forger(torch.randn(500, 2))
print(f"{samples.mean():.3f} {samples.std():.3f} {samples.median():.3f}")
