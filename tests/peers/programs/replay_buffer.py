"""Q-learning with a replay buffer and a target network; Python's own random numbers choose."""

import copy
import random
from collections import deque

import torch
import torch.nn as nn
import torch.optim as optim

random.seed(0)
torch.manual_seed(6)
q = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 2))
target = copy.deepcopy(q)
opt = optim.RMSprop(q.parameters(), lr=1e-3)
buf = deque(maxlen=200)
eps = 1.0
state = torch.zeros(2)
for step in range(150):
    if random.random() < eps:
        a = random.randrange(2)
    else:
        with torch.no_grad():
            a = q(state).argmax().item()
    nxt = (state + torch.tensor([0.1 if a else -0.1, 0.05])).clamp(-1, 1)
    r = -abs(nxt[0].item() - 0.5)
    buf.append((state, a, r, nxt))
    state = nxt if step % 20 else torch.zeros(2)
    eps *= 0.98
    if len(buf) >= 32:
        b = random.sample(buf, 16)
        S = torch.stack([t[0] for t in b])
        A = torch.tensor([t[1] for t in b])
        R = torch.tensor([t[2] for t in b])
        N = torch.stack([t[3] for t in b])
        with torch.no_grad():
            y = R + 0.9 * target(N).max(1)[0]
        loss = nn.SmoothL1Loss()(q(S).gather(1, A.view(-1, 1)).squeeze(), y)
        opt.zero_grad()
        loss.backward()
        for p in q.parameters():
            p.grad.data.clamp_(-1, 1)
        opt.step()
    if step % 25 == 0 and step > 30:
        target.load_state_dict(q.state_dict())
        print(step, f"{loss.item():.5f}", state)
