"""A small adversarial pair: detached samples, two optimisers, labels that are smoothed, a penalty on slopes."""

import torch
from torch import nn

torch.manual_seed(3)
generator = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
critic = nn.Sequential(nn.Linear(1, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
for module in (generator, critic):
    for layer in module:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_normal_(layer.weight, gain=nn.init.calculate_gain("leaky_relu", 0.2))
            nn.init.zeros_(layer.bias)
loss_fn = nn.BCEWithLogitsLoss()
optimizer_g = torch.optim.Adam(generator.parameters(), lr=0.01, betas=(0.5, 0.999))
optimizer_c = torch.optim.Adam(critic.parameters(), lr=0.01, betas=(0.5, 0.999))
for step in range(40):
    real = 3 + 0.5 * torch.randn(16, 1)
    noise = torch.randn(16, 2)
    fake = generator(noise)
    optimizer_c.zero_grad()
    real_loss = loss_fn(critic(real), torch.full((16, 1), 0.9))
    fake_loss = loss_fn(critic(fake.detach()), torch.zeros(16, 1))
    mix = torch.rand(16, 1)
    between = (mix * real + (1 - mix) * fake.detach()).requires_grad_(True)
    scores = critic(between)
    slopes = torch.autograd.grad(
        outputs=scores,
        inputs=between,
        grad_outputs=torch.ones_like(scores),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    penalty = ((slopes.view(16, -1).norm(2, dim=1) - 1) ** 2).mean()
    (real_loss + fake_loss + 0.1 * penalty).backward()
    optimizer_c.step()
    optimizer_g.zero_grad()
    generator_loss = loss_fn(critic(fake), torch.ones(16, 1))
    generator_loss.backward()
    optimizer_g.step()
    if step % 10 == 9:
        print(step, real_loss + fake_loss, penalty, generator_loss)
with torch.no_grad():
    sample = generator(torch.randn(200, 2))
print(sample.mean(), sample.std(), sample.shape, sample.requires_grad)
