"""Every activation and loss as module and function, printed and differentiated."""

import torch
import torch.nn as nn
import torch.nn.functional as F

x = torch.tensor([-2.0, -0.5, 0.0, 0.7, 3.0])
acts = [
    nn.ReLU(),
    nn.ReLU6(),
    nn.LeakyReLU(0.2),
    nn.PReLU(init=0.3),
    nn.ELU(0.5),
    nn.SELU(),
    nn.CELU(1.5),
    nn.GELU(),
    nn.GELU(approximate="tanh"),
    nn.SiLU(),
    nn.Mish(),
    nn.Softplus(2.0, 10.0),
    nn.Softsign(),
    nn.Tanh(),
    nn.Sigmoid(),
    nn.Hardtanh(-0.5, 0.5),
    nn.Hardsigmoid(),
    nn.Hardswish(),
    nn.LogSigmoid(),
    nn.Softshrink(0.4),
    nn.Hardshrink(0.6),
    nn.Tanhshrink(),
    nn.Threshold(0.1, 20.0),
    nn.Softmin(dim=0),
    nn.Softmax(dim=-1),
    nn.LogSoftmax(dim=0),
    nn.Identity(),
]
for a in acts:
    v = x.clone().requires_grad_()
    y = a(v)
    y.pow(2).sum().backward()
    print(a, y.detach(), v.grad)
g = torch.Generator().manual_seed(0)
p, t = torch.randn(4, 3, generator=g), torch.rand(4, 3, generator=g)
lab = torch.tensor([0, 2, 1, 2])
sign = torch.tensor([[1.0, -1.0, 1.0]]).expand(4, 3)
losses = [
    (nn.MSELoss(), t),
    (nn.L1Loss(reduction="sum"), t),
    (nn.SmoothL1Loss(beta=0.3), t),
    (nn.HuberLoss(delta=0.4), t),
    (nn.BCEWithLogitsLoss(reduction="none"), t),
    (nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2.0, 3.0])), t),
    (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5]), ignore_index=1), lab),
    (nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum"), lab),
    (nn.CrossEntropyLoss(), t.softmax(1)),
    (nn.PoissonNLLLoss(full=True), t),
    (nn.PoissonNLLLoss(log_input=False, reduction="sum"), t),
    (nn.SoftMarginLoss(), sign),
    (nn.HingeEmbeddingLoss(margin=0.5), sign),
    (nn.MultiLabelSoftMarginLoss(), (t > 0.5).float()),
    (nn.MultiMarginLoss(p=2, margin=0.7), lab),
    (nn.KLDivLoss(reduction="batchmean"), t.softmax(1)),
    (nn.KLDivLoss(reduction="sum", log_target=True), t.log_softmax(1)),
]
for l, target in losses:
    q = (
        (p.log_softmax(1) if isinstance(l, nn.KLDivLoss) else p.abs() if getattr(l, "log_input", True) is False else p)
        .clone()
        .requires_grad_()
    )
    out = l(q, target)
    out.sum().backward()
    print(l, out, q.grad.abs().sum())
print(
    F.nll_loss(p.log_softmax(1), lab, reduction="none"),
    F.binary_cross_entropy(t, t.round()),
    F.gaussian_nll_loss(p, t, t + 1, full=True),
)
print(
    F.softmax(p, 1).argmax(1),
    F.gumbel_softmax(p, hard=True).sum(1),
    F.glu(torch.ones(4)),
    F.normalize(p, p=1, dim=0)[0],
    F.layer_norm(p, (3,))[0],
    F.batch_norm(p, None, None, training=True)[0],
    F.rms_norm(p, (3,))[0],
)
print(
    F.one_hot(lab, 4),
    F.pad(p[:1], (1, 2), value=-1),
    F.embedding(lab, p.T[:3]),
    F.dropout(p, 0.5, training=False).equal(p),
    F.logsigmoid(x),
    F.hardtanh(x),
    F.threshold(x, 0, -1),
    F.softsign(x),
    F.prelu(x, torch.tensor([0.1])),
    F.bilinear(p[:1], p[:1], torch.ones(2, 3, 3)),
)
