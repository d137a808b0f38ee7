"""Early stopping, checkpoints in memory and on disk, resuming bit for bit."""

import copy
import io
import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)
X = torch.randn(160, 5)
coef = torch.tensor([1.0, -2.0, 0.0, 0.5, 3.0])
y = (X @ coef + 0.3 * torch.randn(160)).unsqueeze(1)
ds = torch.utils.data.TensorDataset(X, y)
train, val = torch.utils.data.random_split(ds, [0.75, 0.25], generator=torch.Generator().manual_seed(42))
print(len(train), len(val), val.indices[:5])


class EarlyStopping:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta, self.best, self.bad, self.state = patience, min_delta, float("inf"), 0, None

    def __call__(self, loss, model):
        if loss < self.best - self.min_delta:
            self.best, self.bad = loss, 0
            self.state = copy.deepcopy(model.state_dict())
            return False
        self.bad += 1
        return self.bad >= self.patience


net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(inplace=True), nn.Dropout(p=0.2), nn.Linear(16, 1))
opt = torch.optim.Adam(net.parameters(), lr=0.02, amsgrad=True, eps=1e-4)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 60)
stop = EarlyStopping(8, 1e-3)


def run_epoch(net, opt):
    net.train()
    g = torch.Generator()
    g.manual_seed(0)
    for xb, yb in torch.utils.data.DataLoader(train, 32, shuffle=True, generator=g):
        opt.zero_grad()
        F.smooth_l1_loss(net(xb), yb, beta=0.5).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()


@torch.no_grad()
def evaluate(net):
    net.eval()
    xs, ys = zip(*val)
    return F.mse_loss(net(torch.stack(xs)), torch.stack(ys)).item()


for epoch in range(60):
    run_epoch(net, opt)
    sched.step()
    loss = evaluate(net)
    if epoch % 10 == 0:
        print(epoch, f"{loss:.4f} {sched.get_last_lr()[0]:.5f}")
    if stop(loss, net):
        print("stopped")
        break
net.load_state_dict(stop.state)
print(f"{stop.best:.4f} {evaluate(net):.4f}")
buf = io.BytesIO()
torch.save(
    {
        "epoch": epoch,
        "model": net.state_dict(),
        "opt": opt.state_dict(),
        "sched": sched.state_dict(),
        "rng": torch.get_rng_state(),
        "loss": [stop.best],
    },
    buf,
)
run_epoch(net, opt)
a = evaluate(net)
buf.seek(0)
ck = torch.load(buf, weights_only=True)
print(list(ck), ck["opt"]["param_groups"][0]["lr"], type(ck["model"]).__name__)
net2 = nn.Sequential(nn.Linear(5, 16), nn.ReLU(inplace=True), nn.Dropout(p=0.2), nn.Linear(16, 1))
opt2 = torch.optim.Adam(net2.parameters(), lr=1.0, amsgrad=True)
print(net2.load_state_dict(ck["model"]))
opt2.load_state_dict(ck["opt"])
torch.set_rng_state(ck["rng"])
run_epoch(net2, opt2)
b = evaluate(net2)
print(a == b, opt2.param_groups[0]["eps"])
with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, "model.pt")
    torch.save(net.state_dict(), path)
    print(os.path.exists(path), all(torch.equal(v, net.state_dict()[k]) for k, v in torch.load(path).items()))
    torch.save([torch.arange(3), {"a": torch.ones(2, dtype=torch.float64)}], path)
    print(torch.load(path, map_location="cpu"))
    torch.save(torch.tensor(3.5), path)
    print(torch.load(path, map_location=torch.device("cpu")))
