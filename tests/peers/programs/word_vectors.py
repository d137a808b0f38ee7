"""Bags of words: an embedding, a mean that leaves padding out, a linear classifier."""

import torch
from torch import nn

torch.manual_seed(21)
VOCABULARY = ["<pad>", "good", "bad", "fine", "awful", "film", "plot", "very", "not", "great"]
INDEX = {word: i for i, word in enumerate(VOCABULARY)}
TEXTS = ["good film", "awful plot", "very good plot", "not good", "not bad film", "great", "bad very bad film", "fine"]
LABELS = torch.tensor([1, 0, 1, 0, 1, 1, 0, 1])

longest = max(len(t.split()) for t in TEXTS)
tokens = torch.zeros(len(TEXTS), longest, dtype=torch.long)
for row, text in enumerate(TEXTS):
    words = [INDEX[w] for w in text.split()]
    tokens[row, : len(words)] = torch.tensor(words)
print(tokens)


class BagOfWords(nn.Module):
    def __init__(self, size=5):
        super().__init__()
        self.embedding = nn.Embedding(len(VOCABULARY), size, padding_idx=0)
        self.classify = nn.Linear(size, 2)

    def forward(self, tokens):
        there = (tokens != 0).unsqueeze(-1).float()
        mean = (self.embedding(tokens) * there).sum(1) / there.sum(1)
        return self.classify(mean)


model = BagOfWords()
print(model)
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.3)
for epoch in range(60):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(tokens), LABELS)
    loss.backward()
    optimizer.step()
    if epoch % 15 == 0:
        print(epoch, round(loss.item(), 4))
print(model.embedding.weight[0], model.embedding.weight.grad[0].abs().sum())
print(torch.softmax(model(tokens), dim=-1)[:, 1])
near = torch.cosine_similarity(model.embedding.weight[INDEX["good"]], model.embedding.weight[INDEX["great"]], dim=0)
print(f"{near.item():.4f}")
