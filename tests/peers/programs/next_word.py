"""Words guessed from the two before; then an autoencoder with two groups of parameters, and losses one by one."""

from collections import Counter, OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import clip_grad_value_, parameters_to_vector, vector_to_parameters

torch.manual_seed(99)
text = "the cat sat on the mat the dog sat on the log a cat and a dog".split()
vocab = {w: i for i, (w, _) in enumerate(sorted(Counter(text).items()))}
print(vocab)
ctx = 2
data = [([text[i - 2], text[i - 1]], text[i]) for i in range(ctx, len(text))]


class NGram(nn.Module):
    def __init__(self, v, d, c):
        super().__init__()
        self.embeddings = nn.Embedding(v, d)
        self.linear1 = nn.Linear(c * d, 32)
        self.linear2 = nn.Linear(32, v)

    def forward(self, inputs):
        e = self.embeddings(inputs).view((1, -1))
        return F.log_softmax(self.linear2(F.relu(self.linear1(e))), dim=1)


losses = []
lf = nn.NLLLoss()
m = NGram(len(vocab), 8, ctx)
opt = torch.optim.SGD(m.parameters(), lr=0.05)
for epoch in range(10):
    tot = 0
    for c, t in data:
        idx = torch.tensor([vocab[w] for w in c], dtype=torch.long)
        m.zero_grad()
        l = lf(m(idx), torch.tensor([vocab[t]], dtype=torch.long))
        l.backward()
        opt.step()
        tot += l.item()
    losses.append(round(tot, 4))
print(losses)
print(m.embeddings.weight[vocab["cat"]])
v = parameters_to_vector(m.parameters())
print(v.shape, v[:3])
vector_to_parameters(v * 0.5, m.parameters())
print(m.linear2.bias[:3])
net = nn.Sequential(OrderedDict([("fc1", nn.Linear(4, 8)), ("act", nn.GELU()), ("fc2", nn.Linear(8, 4))]))
print(net, net.fc1, net[1], len(net), list(net.state_dict()))
opt = torch.optim.Adam(
    [
        {"params": [p for n, p in net.named_parameters() if n.endswith("weight")], "weight_decay": 1e-2},
        {"params": [p for n, p in net.named_parameters() if n.endswith("bias")]},
    ],
    lr=1e-2,
)
sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=1)
x = torch.randn(16, 4)
for e in range(8):
    out = net(x)
    loss = F.smooth_l1_loss(out, x) + 1e-3 * sum(p.abs().sum() for p in net.parameters())
    opt.zero_grad()
    loss.backward()
    clip_grad_value_(net.parameters(), 0.1)
    opt.step()
    sched.step(1.0)
    print(f"{e} {loss:.5f} {opt.param_groups[0]['lr']:.5f} {opt.param_groups[1]['weight_decay']}")
p = F.log_softmax(torch.randn(3, 5), 1)
q = F.softmax(torch.randn(3, 5), 1)
print(nn.KLDivLoss(reduction="batchmean")(p, q), F.kl_div(p, q, reduction="sum"), F.cosine_similarity(p, q))
print(F.one_hot(torch.tensor([0, 2]), 3), F.pad(torch.ones(1, 2), (1, 1)), F.normalize(torch.tensor([[3.0, 4.0]])))
print(
    nn.HuberLoss()(p, q),
    nn.BCELoss()(q, torch.ones_like(q)),
    nn.L1Loss(reduction="none")(p, q)[0],
    nn.MarginRankingLoss()(p[0], q[0], torch.ones(5)),
    nn.TripletMarginLoss()(p, q, p + 1),
    nn.CosineEmbeddingLoss()(p, q, torch.ones(3)),
)
print(
    F.cross_entropy(p, torch.tensor([1, 0, 4]), weight=torch.tensor([1.0, 2, 3, 4, 5]), label_smoothing=0.1),
    F.cross_entropy(p, q),
    F.cross_entropy(p, torch.tensor([1, -100, 4])),
)
print(opt.state_dict()["param_groups"][0]["lr"], sched.state_dict()["best"], list(opt.state_dict()["state"])[:2])
