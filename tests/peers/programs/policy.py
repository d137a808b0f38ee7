"""A policy that is rewarded: sampled actions, log-probabilities, a baseline, entropy."""

import torch
import torch.nn as nn

torch.manual_seed(5)
policy = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(dim=-1))
opt = torch.optim.Adam(policy.parameters(), lr=0.02)
baseline = 0
for ep in range(40):
    s = torch.randn(8, 4)
    probs = policy(s)
    a = torch.multinomial(probs, 1).squeeze(1)
    r = (a == s[:, :3].argmax(1)).float()
    logp = probs.gather(1, a.unsqueeze(1)).squeeze(1).log()
    ent = -(probs * probs.log()).sum(1).mean()
    loss = -(logp * (r - baseline)).mean() - 0.01 * ent
    opt.zero_grad()
    loss.backward()
    opt.step()
    baseline = 0.9 * baseline + 0.1 * r.mean().item()
    if ep % 8 == 0:
        print(ep, f"{loss.item():.4f} {r.mean().item():.3f} {baseline:.4f} {ent.item():.4f}")
