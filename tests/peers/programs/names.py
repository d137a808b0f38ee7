"""Made-up names from a character model: indices into a table of vectors, a hidden layer, sampling."""

import torch
import torch.nn.functional as F

words = [
    "anna",
    "bert",
    "clara",
    "dora",
    "emil",
    "frida",
    "gerd",
    "hanna",
    "ida",
    "jana",
    "karl",
    "lena",
    "marta",
    "nora",
]
letters = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(letters)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
block = 3


def build(words):
    X, Y = [], []
    for w in words:
        context = [0] * block
        for ch in w + ".":
            X.append(context)
            Y.append(stoi[ch])
            context = [*context[1:], stoi[ch]]
    return torch.tensor(X), torch.tensor(Y)


Xtr, Ytr = build(words)
print(Xtr.shape, Xtr.dtype, Ytr.shape, Xtr[:4])
g = torch.Generator().manual_seed(2147483647)
C = torch.randn((len(stoi), 4), generator=g)
W1 = torch.randn((12, 30), generator=g) * (5 / 3) / 12**0.5
b1 = torch.randn(30, generator=g) * 0.01
W2 = torch.randn((30, len(stoi)), generator=g) * 0.01
b2 = torch.zeros(len(stoi))
parameters = [C, W1, b1, W2, b2]
print(sum(p.nelement() for p in parameters))
for p in parameters:
    p.requires_grad = True
lossi = []
for i in range(300):
    ix = torch.randint(0, Xtr.shape[0], (16,), generator=g)
    emb = C[Xtr[ix]]
    h = torch.tanh(emb.view(-1, 12) @ W1 + b1)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Ytr[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 200 else 0.02
    for p in parameters:
        p.data += -lr * p.grad
    lossi.append(loss.log10().item())
print(torch.tensor(lossi).view(-1, 50).mean(1))

g = torch.Generator().manual_seed(2147483647 + 10)
for _ in range(6):
    out, context = [], [0] * block
    while True:
        emb = C[torch.tensor([context])]
        h = torch.tanh(emb.view(1, -1) @ W1 + b1)
        probs = F.softmax(h @ W2 + b2, dim=1)
        ix = torch.multinomial(probs, num_samples=1, generator=g).item()
        context = [*context[1:], ix]
        out.append(ix)
        if ix == 0:
            break
    print("".join(itos[i] for i in out))

N = torch.zeros((len(stoi), len(stoi)), dtype=torch.int32)
for w in words:
    chs = [".", *w, "."]
    for ch1, ch2 in zip(chs, chs[1:], strict=False):  # noqa: RUF007 - as users write it
        N[stoi[ch1], stoi[ch2]] += 1
P = (N + 1).float()
P /= P.sum(1, keepdim=True)
print(N[0], P[0].sum(), P[stoi["a"]])
