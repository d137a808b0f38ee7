"""A small convolutional network on bars: upright, lying, diagonal."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(9)
n = 96
kinds = torch.arange(n) % 3
images = 0.4 * torch.randn(n, 1, 12, 12)
for i in range(n):
    at = i % 12
    if kinds[i] == 0:
        images[i, 0, :, at] += 1.5
    elif kinds[i] == 1:
        images[i, 0, at, :] += 1.5
    else:
        images[i, 0] += 1.5 * torch.eye(12)


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, kernel_size=3, stride=2, bias=False),
            nn.BatchNorm2d(6),
            nn.LeakyReLU(0.1),
        )
        self.classifier = nn.Linear(6 * 2 * 2, 3)

    def forward(self, x):
        x = self.features(x)
        x = x.view(x.size(0), -1)
        return self.classifier(x)


model = ConvNet()
print(model)
print([tuple(p.shape) for p in model.parameters()])
print(model.features(images[:2]).shape)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
for epoch in range(12):
    order = torch.randperm(n)
    for batch in order.split(24):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images[batch]), kinds[batch])
        loss.backward()
        optimizer.step()
    print(epoch, f"{loss.item():.4f}", (model(images).argmax(1) == kinds).float().mean().item())
print(model.features[0].weight.grad.norm())
print(F.avg_pool2d(images[:1], 4))
