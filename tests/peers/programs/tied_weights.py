"""Denoising autoencoder with tied weights and sparse code."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Tied(nn.Module):
    def __init__(self, n, code):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(code, n))
        self.enc_bias = nn.Parameter(torch.zeros(code))
        self.dec_bias = nn.Parameter(torch.zeros(n))
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.kaiming_uniform_(self.weight, a=5**0.5, mode="fan_out", nonlinearity="leaky_relu")
        fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(self.weight)
        bound = 1 / fan_in**0.5
        nn.init.uniform_(self.enc_bias, -bound, bound)

    def encode(self, x):
        return torch.sigmoid(F.linear(x, self.weight, self.enc_bias))

    def forward(self, x, noise=0.0):
        if self.training and noise > 0:
            x = x * (torch.rand_like(x) > noise).to(x.dtype)
        h = self.encode(x)
        return F.linear(h, self.weight.t(), self.dec_bias), h

    def extra_repr(self):
        return f"n={self.weight.shape[1]}, code={self.weight.shape[0]}"


torch.manual_seed(5)
basis = torch.randn(4, 16)
data = torch.randn(128, 4) @ basis / 2
ae = Tied(16, 6)
print(ae, sum(p.numel() for p in ae.parameters() if p.requires_grad))
opt = torch.optim.Adagrad(ae.parameters(), lr=0.1, lr_decay=0.01, weight_decay=1e-4)
for step in range(60):
    recon, h = ae(data, noise=0.2)
    sparsity = (0.1 * torch.log(0.1 / h.mean(0)) + 0.9 * torch.log(0.9 / (1 - h.mean(0)))).sum()
    loss = F.mse_loss(recon, data, reduction="sum") / len(data) + 0.1 * sparsity
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 15 == 0:
        print(step, f"{loss:.4f}", f"{sparsity.detach():.3f}")
ae.eval()
recon, h = ae(data[:3])
print(torch.round(recon, decimals=2)[:, :5])
print(h)
err = (recon - data[:3]).pow(2).mean(dim=1, keepdim=True)
print(err, err.T.shape, err.squeeze(-1).tolist() == err.flatten().tolist())
s = opt.state_dict()
print(s["param_groups"], sorted(s["state"][0]))
print(s["state"][0]["step"])
