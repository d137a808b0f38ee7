"""Contrastive pairs, cosine, triplet; meta-learning loop with parameter dictionaries."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(13)
enc = nn.Sequential(nn.Linear(6, 12), nn.SELU(), nn.Linear(12, 4))
for m in enc.modules():
    if isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight, nonlinearity="linear")
        nn.init.constant_(m.bias, 0)


def info_nce(a, b, tau=0.2):
    a, b = F.normalize(a, dim=-1), F.normalize(b, dim=-1)
    logits = a @ b.mT / tau
    target = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


opt = torch.optim.NAdam(enc.parameters(), lr=3e-3, momentum_decay=1e-3)
base = torch.randn(32, 6)
for i in range(40):
    a, b = (base + 0.1 * torch.randn_like(base) for _ in range(2))
    loss = info_nce(enc(a), enc(b))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 10 == 0:
        print(i, f"{loss.item():.4f}")
with torch.inference_mode():
    e = enc(base[:4])
    print(F.cosine_similarity(e[0], e, dim=-1), torch.cdist(e, e), F.pairwise_distance(e[:2], e[2:]))
    print(
        F.triplet_margin_loss(e[:1], e[1:2], e[2:3], margin=0.3),
        F.margin_ranking_loss(e[0], e[1], torch.ones(4), margin=0.1),
        F.cosine_embedding_loss(e[:2], e[2:], torch.tensor([1, -1])),
    )
    print(nn.CosineSimilarity(dim=1)(e, e.roll(1, 0)), nn.TripletMarginLoss(p=1, swap=True)(e[:1], e[1:2], e[2:3]))
theta = {"w": torch.randn(3, 1, requires_grad=True), "b": torch.zeros(1, requires_grad=True)}
for task in range(3):
    g = torch.Generator().manual_seed(task)
    xs, xq = torch.randn(8, 3, generator=g), torch.randn(8, 3, generator=g)
    true = torch.randn(3, 1, generator=g)
    fast = theta
    for _ in range(2):
        inner = F.mse_loss(xs @ fast["w"] + fast["b"], xs @ true)
        grads = torch.autograd.grad(inner, list(fast.values()), create_graph=True)
        fast = {k: v - 0.1 * g for (k, v), g in zip(fast.items(), grads)}
    outer = F.mse_loss(torch.addmm(fast["b"], xq, fast["w"]), xq @ true)
    for v in theta.values():
        v.grad = None
    outer.backward()
    print(f"{outer.item():.4f}", theta["w"].grad.flatten(), theta["b"].grad)
    with torch.no_grad():
        for v in theta.values():
            v -= 0.05 * v.grad
print(
    theta["w"],
    torch.baddbmm(torch.zeros(1, 2, 2), torch.ones(1, 2, 3), torch.ones(1, 3, 2), beta=1, alpha=2),
    torch.addcmul(torch.ones(2), torch.ones(2), torch.full((2,), 3.0), value=0.5),
    torch.addcdiv(torch.ones(2), torch.ones(2), torch.full((2,), 4.0)),
    torch.addmv(torch.zeros(2), torch.eye(2), torch.ones(2)),
    torch.addr(torch.zeros(2, 2), torch.ones(2), torch.arange(2.0)),
)
