"""A classifier of ten classes of random images: Adam, a schedule, evaluation, a confusion matrix."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)
centres = torch.randn(10, 64)
labels = torch.randint(0, 10, (600,))
images = (centres[labels] + 1.3 * torch.randn(600, 64)).view(-1, 1, 8, 8)
train = DataLoader(TensorDataset(images[:480], labels[:480]), batch_size=64, shuffle=True)
test = DataLoader(TensorDataset(images[480:], labels[480:]), batch_size=100)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 48)
        self.fc2 = nn.Linear(48, 24)
        self.fc3 = nn.Linear(24, 10)

    def forward(self, x):
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def evaluate():
    model.eval()
    loss, correct = 0, 0
    with torch.no_grad():
        for x, target in test:
            output = model(x)
            loss += F.cross_entropy(output, target, reduction="sum").item()
            correct += output.argmax(dim=1).eq(target).sum().item()
    return loss / len(test.dataset), correct


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = StepLR(optimizer, step_size=3, gamma=0.5)
for epoch in range(1, 10):
    model.train()
    running = 0.0
    for x, target in train:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        running += loss.item()
    scheduler.step()
    test_loss, correct = evaluate()
    rate = scheduler.get_last_lr()[0]
    print(f"epoch {epoch}: {running / len(train):.4f} / {test_loss:.4f}, {correct}/120 right, rate {rate:.6f}")

confusion = torch.zeros(10, 10, dtype=torch.int64)
for t, p in zip(labels[480:], model(images[480:]).argmax(1), strict=True):
    confusion[t, p] += 1
print(confusion)
print(confusion.diag() / confusion.sum(1))
