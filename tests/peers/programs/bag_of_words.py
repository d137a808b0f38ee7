"""Matrix factorisation and bag-of-words classification with embeddings."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(11)
vocab = {w: i for i, w in enumerate("<pad> good bad fine awful film plot actor the a was".split())}
texts = ["the film was good", "the plot was bad", "a fine actor", "awful film", "the actor was fine", "bad bad plot"]
labels = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
ids = [torch.tensor([vocab[w] for w in t.split()]) for t in texts]
X = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=0)
print(X, X.dtype)


class Bag(nn.Module):
    def __init__(self, v, d):
        super().__init__()
        self.emb = nn.Embedding(v, d, padding_idx=0)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(d, 1)

    def forward(self, x):
        mask = (x != 0).unsqueeze(-1)
        e = self.emb(x).masked_fill(~mask, 0.0)
        mean = e.sum(1) / mask.sum(1)
        return self.fc(self.drop(mean)).squeeze(-1)


net = Bag(len(vocab), 4)
print(net)
opt = torch.optim.AdamW(
    [{"params": net.emb.parameters(), "lr": 0.1, "weight_decay": 0.0}, {"params": net.fc.parameters()}], lr=0.05
)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_lambda=[lambda e: 0.95**e, lambda e: 1 / (1 + e)])
for epoch in range(25):
    net.train()
    loss = F.binary_cross_entropy_with_logits(net(X), labels, pos_weight=torch.tensor(1.5))
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
print(f"{loss.item():.4f}", [f"{x:.5f}" for x in sched.get_last_lr()])
print(net.emb.weight[0], net.emb.weight.grad[0].abs().sum())
net.eval()
print(torch.sigmoid(net(X)).gt(0.5).int(), net(X).detach().round(decimals=3))
emb = F.normalize(net.emb.weight.detach(), p=2, dim=1)
sim = emb @ emb.T
vals, idx = sim[vocab["good"]].topk(3)
words = list(vocab)
print([(words[i], f"{v:.2f}") for v, i in zip(vals, idx)])
frozen = nn.Embedding.from_pretrained(torch.arange(6.0).view(3, 2), freeze=True)
print(frozen(torch.tensor([[0, 2], [1, 1]])), frozen.weight.requires_grad, frozen)
