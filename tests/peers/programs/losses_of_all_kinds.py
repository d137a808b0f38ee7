"""Thirty losses, with the gradient of each."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
z = torch.randn(6, 4, requires_grad=True)
t = torch.tensor([0, 3, -100, 2, 1, 1])
cw = torch.tensor([1.0, 2.0, 0.5, 1.0])


def show(name, l):
    z.grad = None
    l.backward()
    print(name, l, z.grad[0], z.grad.norm())


show("ce", F.cross_entropy(z, t, weight=cw, ignore_index=-100, label_smoothing=0.1))
show("soft", F.cross_entropy(z, torch.softmax(torch.randn(6, 4), 1), label_smoothing=0.05))
lp = F.log_softmax(z, 1)
pt = lp.gather(1, t.clamp(min=0)[:, None]).squeeze(1)
show("focal", (-((1 - pt.exp()) ** 2) * pt)[t >= 0].mean())
teacher = torch.randn(6, 4)
T = 3.0
show("distil", F.kl_div(F.log_softmax(z / T, 1), F.softmax(teacher / T, 1), reduction="batchmean") * T * T)
show("kllog", F.kl_div(F.log_softmax(z, 1), F.log_softmax(teacher, 1), reduction="sum", log_target=True))
show("triplet", nn.TripletMarginLoss(0.5, swap=True)(z, z.roll(1, 0), z.flip(0)))
n = F.normalize(z, dim=1)
sim = n @ n.T / 0.5
sim = sim.masked_fill(torch.eye(6, dtype=torch.bool), -1e9)
show("ntxent", F.cross_entropy(sim, torch.tensor([3, 4, 5, 0, 1, 2])))


def mmd(a, b):
    k = lambda u, v: (-(torch.cdist(u, v) ** 2) / 2).exp().mean()
    return k(a, a) + k(b, b) - 2 * k(a, b)


show("mmd", mmd(z[:3] * 1.0, z[3:] + 0.1))
q = torch.tensor([0.1, 0.5, 0.9, 0.99])
e = torch.randn(6, 1) - z
show("quantile", torch.max(q * e, (q - 1) * e).mean())
show("huber", F.huber_loss(z, torch.zeros(6, 4), delta=0.3) + F.smooth_l1_loss(z, torch.ones(6, 4), reduction="sum"))
show(
    "ordinal", F.binary_cross_entropy_with_logits(z, (torch.arange(4) < t.clamp(min=0)[:, None]).float(), pos_weight=cw)
)
show("gnll", F.gaussian_nll_loss(z[:, :2], z[:, 2:].detach(), F.softplus(z[:, 2:]), full=True))
show("pnll", F.poisson_nll_loss(z, torch.ones(6, 4), full=True))
show("cos", F.cosine_embedding_loss(z, z.roll(1, 1), torch.tensor([1, -1, 1, -1, 1, -1.0]), margin=0.2))
show("rank", F.margin_ranking_loss(z[:, 0], z[:, 1], torch.ones(6), margin=0.1))
show("mm", F.multi_margin_loss(z, t.clamp(min=0), p=2))
show("ml", F.multilabel_soft_margin_loss(z, torch.eye(4)[t.clamp(min=0)]))
show("hinge", F.hinge_embedding_loss(z, torch.eye(4)[t.clamp(min=0)] * 2 - 1))
show("soft", F.soft_margin_loss(z, torch.eye(4)[t.clamp(min=0)] * 2 - 1))
al = F.softplus(z) + 1
S = al.sum(1, keepdim=True)
oh = F.one_hot(t.clamp(min=0), 4).float()
show("evid", (((oh - al / S) ** 2).sum(1) + (al * (S - al) / (S * S * (S + 1))).sum(1)).mean())
show("dice", 1 - (2 * (z.sigmoid() * oh).sum() + 1) / (z.sigmoid().sum() + oh.sum() + 1))
show("log", torch.log(torch.cosh(z)).mean())
show("l1", F.l1_loss(z, oh, reduction="none").sum(1).topk(3).values.mean())
show("gumbel", F.gumbel_softmax(z, tau=0.7, hard=True)[:, 0].sum())
show("entropy", torch.distributions.Categorical(logits=z).entropy().mean())
show("sort", (z.sort(1).values * torch.arange(4.0)).sum())
