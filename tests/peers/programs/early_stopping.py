"""Training stops when the validation loss has not fallen for a while; the best weights come back."""

import copy

import torch
from torch import nn

torch.manual_seed(17)
x = torch.rand(60, 1) * 6 - 3
y = torch.sin(x) + 0.25 * torch.randn_like(x)
x_train, y_train, x_valid, y_valid = x[:20], y[:20], x[20:], y[20:]


class EarlyStopping:
    def __init__(self, patience):
        self.patience, self.best, self.waited, self.weights = patience, float("inf"), 0, None

    def __call__(self, loss, model):
        if loss < self.best - 1e-4:
            self.best, self.waited, self.weights = loss, 0, copy.deepcopy(model.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience


model = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.MSELoss()
stop = EarlyStopping(patience=12)
for epoch in range(400):
    optimizer.zero_grad()
    loss = criterion(model(x_train), y_train)
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        valid = criterion(model(x_valid), y_valid).item()
    if epoch % 20 == 0:
        print(f"{epoch:3d} {loss.item():.4f} {valid:.4f}")
    if stop(valid, model):
        print("stopped at", epoch)
        break

print(f"last {valid:.4f} best {stop.best:.4f}")
print(model.load_state_dict(stop.weights))
with torch.no_grad():
    print(f"restored {criterion(model(x_valid), y_valid).item():.4f}")
