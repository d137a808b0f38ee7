"""A recurrent cell unrolled by hand, one weight for all times, gradients clipped."""

import torch
import torch.nn as nn

torch.manual_seed(1)


class RNNCell(nn.Module):
    def __init__(self, i, h):
        super().__init__()
        self.i2h = nn.Linear(i + h, h)
        self.h2o = nn.Linear(h, 1)
        self.h = h

    def forward(self, xs):
        h = torch.zeros(xs.size(1), self.h)
        outs = []
        for x in xs:
            h = torch.tanh(self.i2h(torch.cat((x, h), 1)))
            outs.append(self.h2o(h))
        return torch.stack(outs)


t = torch.linspace(0, 8, 40)
seq = torch.sin(t).view(-1, 1, 1)
m = RNNCell(1, 12)
opt = torch.optim.Adam(m.parameters(), 0.01)
for e in range(60):
    out = m(seq[:-1])
    loss = ((out - seq[1:]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(m.parameters(), 0.5)
    opt.step()
    if e % 10 == 0:
        print(e, loss.item())
print(m(seq[:5]).detach().squeeze())
