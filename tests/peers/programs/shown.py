"""What a result prints: the operation that made it, for losses, layers and plain arithmetic."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
x = torch.rand(4, 3, requires_grad=True)
t, labels = torch.rand(4, 3), torch.tensor([0, 2, 1, 1])
for loss in (
    F.mse_loss(x, t),
    F.l1_loss(x, t),
    F.smooth_l1_loss(x, t),
    F.huber_loss(x, t),
    F.binary_cross_entropy(x, t),
    F.binary_cross_entropy_with_logits(x, t),
    F.cross_entropy(x, labels),
    F.cross_entropy(x, labels, label_smoothing=0.1),
    F.cross_entropy(x, t),
    F.nll_loss(x.log_softmax(1), labels),
    F.kl_div(x.log_softmax(1), t, reduction="batchmean"),
):
    print(loss)
for layer in (
    nn.Linear(3, 2),
    nn.Linear(3, 2, bias=False),
    nn.BatchNorm1d(3),
    nn.LayerNorm(3),
    nn.ReLU(),
    nn.LeakyReLU(),
    nn.ELU(),
    nn.SiLU(),
    nn.GELU(),
    nn.Softplus(),
    nn.Softmax(1),
    nn.LogSoftmax(1),
    nn.Hardtanh(),
    nn.Tanh(),
    nn.Sigmoid(),
    nn.PReLU(),
):
    print(layer(x))
    print(layer(x).grad_fn.name())
for y in (1 - x[0], 1 / x[0], 2 ** x[0], x.t() @ x, x @ x[0], x[0] @ x[0], x.var(), x.std(0), x.max(1)[0], x.min(),
          x.amax(0), x.unsqueeze(0), x.sum().clamp(min=0), x[0].log1p(), torch.stack([x[0], x[1]]), x.squeeze(),
          x.prod(), x.norm(), x.transpose(0, 1), x.T, torch.where(x > 0.5, x, 0.0), x.median(), x.sort()[0],
          nn.Embedding(3, 2)(labels), x.split(2)[1], x[labels], x.repeat(1, 2), x.logsumexp(1), x.cumsum(0)):  # fmt: skip
    print(y)
h = (x * 2).sum()
print(h.grad_fn.next_functions[0][0].name(), type(h.grad_fn).__name__, x.grad_fn, h.is_leaf)
