"""One network for two or three inputs: distances, triplets, cosines; weights shared between layers."""

import torch
from torch import nn

torch.manual_seed(71)
groups = torch.arange(60) % 3
points = torch.randn(60, 4) + 2 * torch.eye(4)[groups]
embed = nn.Sequential(nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 2))
optimizer = torch.optim.SGD(embed.parameters(), lr=0.05)
triplet = nn.TripletMarginLoss(margin=0.5)
for epoch in range(60):
    anchor, positive = points[:-3], points[3:]
    negative = points.roll(1, 0)[:-3]
    loss = triplet(embed(anchor), embed(positive), embed(negative))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 12 == 0:
        print(epoch, f"{loss.item():.5f}")
with torch.no_grad():
    e = nn.functional.normalize(embed(points), dim=1)
    means = torch.stack([e[groups == k].mean(0) for k in range(3)])
    print(means, (means[:, None] - means[None]).pow(2).sum(-1).sqrt())
a, b = embed(points[:5]).detach(), embed(points[5:10]).detach()
same = torch.tensor([1, -1, 1, -1, 1])
print(nn.CosineEmbeddingLoss(margin=0.2)(a, b, same), nn.MarginRankingLoss(0.1)(a[:, 0], b[:, 0], same.float()))
print(nn.HingeEmbeddingLoss()((a - b).norm(dim=1), same), nn.PairwiseDistance()(a, b))
print(nn.SoftMarginLoss()(a[:, 0], same.float()), nn.MultiMarginLoss()(a, torch.tensor([0, 1, 0, 1, 0])))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Linear(4, 2, bias=False)

    def forward(self, x):
        return nn.functional.linear(self.down(x), self.down.weight.t())


tied = Tied()
optimizer = torch.optim.Adam(tied.parameters(), lr=0.05)
for _ in range(80):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(tied(points), points)
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}", len(list(tied.parameters())))
