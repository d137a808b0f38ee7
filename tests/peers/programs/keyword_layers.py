"""A classifier of points whose layers are made by keyword, printed, trained, and asked about a grid."""

import torch
from torch import nn

torch.manual_seed(5)


class Points(nn.Module):
    def __init__(self, units=12):
        super().__init__()
        self.layer_1 = nn.Linear(in_features=2, out_features=units, bias=False)  # the norm takes it away
        self.norm = nn.BatchNorm1d(num_features=units, eps=1e-4, momentum=0.2)
        self.bend = nn.LeakyReLU(negative_slope=0.05)
        self.drop = nn.Dropout(p=0.0)
        self.layer_2 = nn.Linear(in_features=units, out_features=1, bias=True)
        self.squash = nn.Sigmoid()

    def forward(self, x):
        h = self.drop(self.bend(self.norm(self.layer_1(x))))
        return self.squash(self.layer_2(h))


angles = torch.linspace(0, 6.2831855, steps=60)
inner = torch.stack([0.5 * torch.cos(angles), 0.5 * torch.sin(angles)], dim=1)
X = torch.cat([inner, 2.5 * inner], dim=0)
y = torch.cat([torch.zeros(60), torch.ones(60)]).unsqueeze(dim=1)

model = Points()
print(model)
print([(name, tuple(p.shape)) for name, p in model.named_parameters()])
print(model.layer_1.in_features, model.layer_1.out_features, model.layer_1.bias)

loss_fn = nn.BCELoss(reduction="mean")
optimizer = torch.optim.Adam(params=model.parameters(), lr=0.05, betas=(0.9, 0.99))
for epoch in range(40):
    model.train(mode=True)
    loss = loss_fn(input=model(X), target=y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch}: {loss.item():.4f}")

model.eval()
across, up = torch.meshgrid(torch.linspace(-1, 1, 5), torch.linspace(-1, 1, 5), indexing="xy")
grid = torch.cat((across.reshape(-1, 1), up.reshape(-1, 1)), dim=1)
with torch.inference_mode():
    chance = model(grid).reshape(across.shape)
    right = model(X).ge(0.5).eq(y.ge(0.5)).float().mean()
print(chance.round(decimals=2))
print(f"right: {right:.3f}")
