"""An actor with a critic, and an autoencoder of distributions: gradients through log_prob, entropy, rsample and kl."""

import torch
import torch.nn as nn
from torch.amp import GradScaler, autocast
from torch.distributions import Bernoulli, Categorical, Normal, kl_divergence

torch.manual_seed(7)
body, actor, critic = nn.Linear(4, 16), nn.Linear(16, 3), nn.Linear(16, 1)
opt = torch.optim.Adam([*body.parameters(), *actor.parameters(), *critic.parameters()], lr=0.02)
scaler = GradScaler("cuda", enabled=False)
for step in range(40):
    s = torch.randn(8, 4)
    with autocast("cuda", enabled=torch.cuda.is_available()):
        h = torch.tanh(body(s))
        policy, value = Categorical(logits=actor(h)), critic(h).squeeze(-1)
        action = policy.sample()
        reward = (action == s[:, :3].argmax(1)).float()
        advantage = reward - value.detach()
        loss = -(policy.log_prob(action) * advantage).mean() + (reward - value).pow(2).mean()
        loss = loss - 0.01 * policy.entropy().mean()
    opt.zero_grad()
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    scaler.step(opt)
    scaler.update()
    if step % 8 == 0:
        print(step, f"{loss.item():.4f} {reward.mean().item():.3f} {policy.entropy().mean().item():.4f}")
print(scaler.is_enabled(), scaler.get_scale(), scaler.state_dict())

encoder, decoder = nn.Linear(6, 4), nn.Linear(2, 6)
opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
x = (torch.rand(16, 6) > 0.5).float()
for step in range(30):
    mean, log_scale = encoder(x).chunk(2, dim=-1)
    q = Normal(mean, log_scale.exp())
    likelihood = Bernoulli(logits=decoder(q.rsample())).log_prob(x).sum(-1)
    loss = (kl_divergence(q, Normal(torch.zeros(2), torch.ones(2))).sum(-1) - likelihood).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 6 == 0:
        print(step, f"{loss.item():.4f}")
