"""Losses written by hand: focal, dice, mixup, label smoothing, quantile, ordinal, distillation."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(6)


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, weight=None, reduction="mean"):
        super().__init__()
        self.gamma, self.reduction = gamma, reduction
        self.register_buffer("weight", weight)

    def forward(self, logits, target):
        ce = F.cross_entropy(logits, target, weight=self.weight, reduction="none")
        pt = torch.exp(-ce)
        loss = (1 - pt) ** self.gamma * ce
        return {"mean": loss.mean, "sum": loss.sum}.get(self.reduction, lambda: loss)()


logits = torch.randn(6, 4, requires_grad=True)
target = torch.tensor([0, 3, 1, 1, 2, 0])
for r in ("mean", "sum", "none"):
    print(FocalLoss(1.5, torch.tensor([1.0, 2.0, 3.0, 4.0]), r)(logits, target))
print(list(FocalLoss(weight=torch.ones(4)).state_dict()), FocalLoss())
FocalLoss()(logits, target).backward()
print(logits.grad[0])


def mixup(x, y, alpha=0.4, k=4):
    lam = 0.3
    perm = torch.randperm(x.size(0))
    return lam * x + (1 - lam) * x[perm], lam * F.one_hot(y, k).float() + (1 - lam) * F.one_hot(y[perm], k).float()


xm, ym = mixup(torch.randn(6, 2), target)
print(ym, F.cross_entropy(logits.detach(), ym))


def dice(p, t, eps=1e-6):
    p, t = p.sigmoid().flatten(1), t.flatten(1)
    return 1 - ((2 * (p * t).sum(-1) + eps) / (p.sum(-1) + t.sum(-1) + eps)).mean()


print(dice(torch.randn(2, 3, 3), torch.ones(2, 3, 3).bernoulli_(0.5)))


def pinball(pred, y, qs):
    e = y.unsqueeze(-1) - pred
    return torch.max(qs * e, (qs - 1) * e).mean(0)


q = torch.tensor([0.1, 0.5, 0.9])
print(pinball(torch.zeros(50, 3), torch.randn(50), q))
theta = torch.zeros(3, requires_grad=True)
ys = torch.randn(500)
opt = torch.optim.Adam([theta], lr=0.05)
for _ in range(150):
    opt.zero_grad()
    pinball(theta.expand(500, 3), ys, q).sum().backward()
    opt.step()
print(theta)


def smooth(logits, y, eps=0.1):
    lp = F.log_softmax(logits, -1)
    return ((1 - eps) * -lp.gather(-1, y[:, None]).squeeze(-1) + eps * -lp.mean(-1)).mean()


print(smooth(logits, target), F.cross_entropy(logits, target, label_smoothing=0.1))
teacher = torch.randn(6, 4)
T = 3.0
print(
    F.kl_div(F.log_softmax(logits / T, 1), F.softmax(teacher / T, 1), reduction="batchmean") * T * T,
    nn.KLDivLoss(reduction="batchmean", log_target=True)(F.log_softmax(logits, 1), F.log_softmax(teacher, 1)),
)
cum = torch.sigmoid(torch.tensor([[2.0, 0.0, -1.0]]))
print(torch.cat([1 - cum[:, :1], cum[:, :-1] - cum[:, 1:], cum[:, -1:]], 1), (cum > 0.5).sum(1))
print(
    F.binary_cross_entropy(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0])),
    F.l1_loss(logits, teacher, reduction="sum"),
    torch.logsumexp(logits, 1).mean(),
    -(F.softmax(logits, 1) * F.log_softmax(logits, 1)).sum(1),
)
h = nn.HingeEmbeddingLoss()(torch.tensor([0.3, -0.2]), torch.tensor([1.0, -1.0]))
c = nn.CosineEmbeddingLoss(0.2)(logits[:2], teacher[:2], torch.tensor([1.0, -1.0]))
m = nn.MarginRankingLoss(0.1)(logits[0], teacher[0], torch.sign(teacher[1]))
print(h, c, m)
