"""A residual network of normalised blocks, held in a ModuleList."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, width, drop):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.5))
        self.drop = drop

    def forward(self, x):
        y = F.gelu(self.up(self.norm(x)))
        y = F.dropout(y, self.drop, training=self.training)
        return x + self.scale * self.down(y)


class Residual(nn.Module):
    def __init__(self, inputs, width, depth, outputs):
        super().__init__()
        self.stem = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(Block(width, 0.2) for _ in range(depth))
        self.head = nn.Linear(width, outputs)
        self.register_buffer("offset", torch.tensor([0.5, -0.5]))

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(F.silu(x)) + self.offset


torch.manual_seed(4)
model = Residual(7, 16, 3, 2)
x = torch.randn(64, 7)
y = torch.stack([x[:, :3].sum(1).tanh(), (x[:, 3] * x[:, 4]).sin()], dim=1)
optimizer = torch.optim.NAdam(model.parameters(), lr=0.004)
for step in range(100):
    model.train()
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        model.eval()
        print(step, f"{loss.item():.5f}", f"{F.mse_loss(model(x), y).item():.5f}")
for name, p in model.named_parameters():
    if "blocks.1" in name:
        print(name, tuple(p.shape), f"{p.norm().item():.4f}", f"{p.grad.norm().item():.5f}")
print([name for name, _ in model.named_buffers()], len(list(model.modules())), model.training)
print(model.blocks[0].scale[:4], len(model.blocks))
