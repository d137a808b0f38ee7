"""NaN on the way back: where it comes from."""

import torch

x = torch.tensor([1.0, 0.0], requires_grad=True)
(torch.sqrt(x) * torch.tensor([1.0, 0.0])).sum().backward()
print(x.grad)
torch.autograd.set_detect_anomaly(True)
for name, make in {
    "sqrt": lambda: (torch.sqrt(x) * torch.tensor([1.0, 0.0])).sum(),
    "div": lambda: (x / x).sum(),
    "log": lambda: (x * torch.log(x)).sum(),
    "fine": lambda: (x * 2).sum(),
    "pow": lambda: (x**0.5 * 0).sum(),
}.items():
    try:
        make().backward()
        print(name, "went")
    except RuntimeError as problem:
        print(name, [word for word in str(problem).split() if "Backward" in word])
with torch.autograd.set_detect_anomaly(False):
    (torch.sqrt(x) * torch.tensor([1.0, 0.0])).sum().backward()
print(x.grad)
torch.autograd.set_detect_anomaly(False)
print(torch.isnan(x.grad).any().item(), torch.nan_to_num(x.grad).isfinite().all().item())
