"""Reinforcement: a bandit and REINFORCE on a tiny corridor; categorical sampling by hand."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(12)
probs = torch.tensor([0.2, 0.5, 0.75])
q, n = torch.zeros(3), torch.zeros(3)
for t in range(200):
    a = torch.randint(3, (1,)).item() if torch.rand(1).item() < 0.1 else int(q.argmax())
    r = torch.bernoulli(probs[a])
    n[a] += 1
    q[a] += (r - q[a]) / n[a]
print(q, n)
policy = nn.Sequential(nn.Embedding(5, 8), nn.Tanh(), nn.Linear(8, 2))
value = nn.Embedding(5, 1)
opt = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=0.05)
returns_seen = []
for episode in range(40):
    s, logps, rewards, entropies, values = 2, [], [], [], []
    for _ in range(12):
        logits = policy(torch.tensor(s))
        p = logits.softmax(-1)
        a = torch.multinomial(p, 1).squeeze()
        logps.append(F.log_softmax(logits, -1)[a])
        entropies.append(-(p * p.log()).sum())
        values.append(value(torch.tensor(s)).squeeze())
        s += 1 if a.item() == 1 else -1
        done = s in (0, 4)
        rewards.append(1.0 if s == 4 else -0.05)
        if done:
            break
    G, out = 0.0, []
    for r in reversed(rewards):
        G = r + 0.95 * G
        out.insert(0, G)
    out = torch.tensor(out)
    v = torch.stack(values)
    adv = out - v.detach()
    loss = -(torch.stack(logps) * adv).mean() + 0.5 * F.mse_loss(v, out) - 0.01 * torch.stack(entropies).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    returns_seen.append(out[0].item())
    if episode % 10 == 9:
        print(episode, f"{loss.item():.4f} {sum(returns_seen[-10:]) / 10:.3f}", len(rewards))
print(policy(torch.arange(5)).softmax(-1)[:, 1], value.weight.squeeze())
old = torch.tensor([0.1, -0.3])
new = torch.tensor([0.4, -0.2], requires_grad=True)
A = torch.tensor([1.0, -2.0])
ratio = (new - old).exp()
ppo = -torch.min(ratio * A, ratio.clamp(0.8, 1.2) * A).mean()
ppo.backward()
print(ppo, new.grad)
net, target = nn.Linear(2, 2), nn.Linear(2, 2)
target.load_state_dict(net.state_dict())
batch = torch.randn(5, 2), torch.randint(2, (5, 1)), torch.rand(5), torch.randn(5, 2), torch.zeros(5)
with torch.no_grad():
    y = batch[2] + 0.9 * target(batch[3]).max(1)[0] * (1 - batch[4])
loss = F.smooth_l1_loss(net(batch[0]).gather(1, batch[1]).squeeze(1), y)
loss.backward()
print(loss, net.weight.grad)
for tp, p in zip(target.parameters(), net.parameters()):
    tp.data.mul_(0.99).add_(p.data, alpha=0.01)
print(
    target.weight,
    torch.multinomial(torch.tensor([[0.1, 0.9], [0.5, 0.5]]), 3, replacement=True),
    torch.normal(0.0, 1.0, (2,)),
    torch.normal(torch.zeros(2), torch.ones(2)),
)
