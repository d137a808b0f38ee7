"""BatchNorm, LayerNorm, Dropout, Embedding: what changes when."""

import torch
from torch import nn

torch.manual_seed(77)
bn = nn.BatchNorm1d(3, eps=1e-3, momentum=None)
for k in range(3):
    bn(torch.randn(10, 3) * (k + 1) + k)
print(bn.running_mean, bn.running_var, bn.num_batches_tracked, bn)
bn.eval()
print(bn(torch.ones(2, 3)))
bn.reset_running_stats()
print(bn.running_var, bn.num_batches_tracked)
free = nn.BatchNorm1d(2, affine=False, track_running_stats=False)
print(free, free.weight, free.running_mean, free(torch.tensor([[1.0, 2.0], [3.0, 6.0]])), list(free.state_dict()))
x3 = torch.randn(2, 3, 5)
print(
    nn.BatchNorm1d(3)(x3).mean((0, 2)).abs().max() < 1e-6,
    nn.LayerNorm([3, 5])(x3).std(unbiased=False),
    nn.LayerNorm(5, elementwise_affine=False)(x3)[0, 0],
    nn.GroupNorm(3, 6)(torch.randn(2, 6)).shape,
)
ln = nn.LayerNorm(4, bias=False)
print(ln, [n for n, _ in ln.named_parameters()], nn.RMSNorm(4)(torch.arange(4.0)))
v = torch.randn(4, requires_grad=True)
w = torch.tensor([1.0, 2.0, 3.0, 4.0])
(ln(v) * w).sum().backward()
print(v.grad, v.grad.sum().abs() < 1e-5, ln.weight.grad)
d = nn.Dropout(0.5)
x = torch.ones(2, 8)
print(
    d(x),
    d.eval()(x),
    d.training,
    nn.Dropout(0.0).train()(x).sum(),
    nn.Dropout(1.0)(x).sum(),
    nn.functional.dropout(x, 0.25),
)
print(
    nn.AlphaDropout(0.3)(torch.zeros(1, 6)),
    nn.Dropout1d(0.5)(torch.ones(1, 4, 2)),
    nn.Dropout2d(0.5)(torch.ones(1, 2, 2, 2)),
)
try:
    nn.BatchNorm1d(3)(torch.randn(1, 3))
except ValueError:
    print("ValueError")
try:
    nn.Dropout(1.5)
except ValueError:
    print("ValueError")
e = nn.Embedding(5, 3, padding_idx=1)
i = torch.tensor([[0, 1], [4, 1]])
e(i).sum().backward()
print(e.weight.grad, e(i)[0, 1], e)
with torch.no_grad():
    e.weight[2] = 7
    e.weight[e.padding_idx].fill_(0)
print(e(torch.tensor([2])), e.weight.requires_grad, e.num_embeddings, e.embedding_dim)
net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.2))
net.eval()
print([m.training for m in net.modules()])
net.train()
net[1].eval()
print([m.training for m in net])
net.double()
print(net[0].weight.dtype, net[1].running_mean.dtype, net[1].num_batches_tracked.dtype)
net.float()
net.to(torch.float64)
print({k: v.dtype for k, v in net.state_dict().items()})
net.requires_grad_(False)
print(any(p.requires_grad for p in net.parameters()))
print(
    net.get_parameter("0.weight").shape,
    net.get_buffer("1.running_var").shape,
    net.get_submodule("2"),
    isinstance(net[0], nn.Linear),
    net[0].in_features,
    net[0].out_features,
)
f = nn.Flatten(0, 1)
u = nn.Unflatten(1, (2, 2))
print(
    f(torch.ones(2, 3, 4)).shape,
    u(torch.ones(2, 4)).shape,
    f,
    u,
    nn.Identity(3, foo=1)(5),
    nn.Bilinear(2, 3, 4),
    nn.PReLU(3),
    nn.Softmax(dim=1),
    nn.CosineSimilarity(),
    nn.PairwiseDistance(p=1),
    nn.MaxPool1d(2),
    nn.AvgPool2d(2, 1),
    nn.Conv1d(1, 2, 3, padding=1),
    nn.AdaptiveAvgPool2d(1),
)
