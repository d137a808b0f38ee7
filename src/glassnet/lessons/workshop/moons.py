# ---
# title: The workshop: two moons
# minutes: 35
# level: beginner
# needs: a little Python
# learn: why a line fails, what a fold does, and which line of the program is which formula
# ---

# %% [markdown]
# # Two moons: from a line to a network
#
# The notebook of the meeting. Part 1 looks, part 2 computes, part 3 writes the network, part 4 trains it.

# %%
import numpy as np

import glassnet as torch
import glassnet.nn as nn
from glassnet.data.datasets import load_dataset
from glassnet.lessons import beside, check, curves, hint, plane, reveal, show, sized

moons = load_dataset("moons", n=500, noise=0.2, seed=0, test_fraction=0.2)
X, y = torch.tensor(moons.x_train), torch.tensor(moons.y_train).float().unsqueeze(1)
plane(moons.x_train, moons.y_train, title="two moons")

# %% [markdown]
# ## 1. The limit of a line
#
# No hidden layer: one neuron with a sigmoid, which is logistic regression. What share of the points will the best line
# have on the right side?

# %%
guess = ...


# %%
def train(model, steps=1000, rate=0.01):
    """The five lines of the meeting, repeated. Gives the losses, and how far the weights moved at each step."""
    criterion, optimizer = nn.BCELoss(), torch.optim.Adam(model.parameters(), lr=rate)
    losses, moves = [], []
    for _ in range(steps):
        before = [p.array.copy() for p in model.parameters()]
        optimizer.zero_grad()
        outputs = model(X)
        loss = criterion(outputs, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        moves.append(np.sqrt(sum(((p.array - b) ** 2).sum() for p, b in zip(model.parameters(), before))))
    return losses, moves


def share_right(model):
    return float(((model(X).array > 0.5) == (y.array > 0.5)).mean())


torch.manual_seed(0)
line = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
train(line, sized(1500, quick=500), 0.05)
(w1, w2), b = line[0].weight.array[0], line[0].bias.array[0]
reveal(guess, share_right(line), "and it stays there, however long one waits")
print(f"z = {w1:.2f} x1 {w2:+.2f} x2 {b:+.2f}")
plane(moons.x_train, moons.y_train, line, lines=[(w1, w2, b)], title="the best line")

# %% [markdown]
# ### Exercise 0.1
# Four points: (0, 0) and (1, 1) are orange, (0, 1) and (1, 0) blue. How many of them can a line have right, at most?

# %%
answer = ...
check("0.1", answer)

# %% [markdown]
# ## 2. A fold
#
# `max(0, z)` passes what is positive and makes the rest 0. Three neurons fold the plane along three lines.
#
# ### Exercise 0.2
# Into how many pieces do **three** lines cut the plane, at most?

# %%
answer = ...
check("0.2", answer)

# %% [markdown]
# ## 3. The network
#
# `nn.Linear(2, 10)` multiplies: X is (N, 2), its weight (10, 2), and X Wᵀ + b is (N, 10).


# %%
class Moons(nn.Module):
    def __init__(self, hidden=10):
        super().__init__()
        self.layer_1 = nn.Linear(in_features=2, out_features=hidden)
        self.relu = nn.ReLU()
        self.layer_2 = nn.Linear(in_features=hidden, out_features=1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return self.sigmoid(self.layer_2(self.relu(self.layer_1(x))))


torch.manual_seed(4)
model = Moons()
print(
    sum(p.numel() for p in model.parameters()),
    "parameters; the loss before training:",
    nn.BCELoss()(model(X), y).item(),
)

# %% [markdown]
# ### Exercise 0.3
# Match each line with its formula. The lines: `model.layer_1(x)`, `nn.ReLU()`, `nn.BCELoss()`, `optimizer.step()`.
# The formulas:
#
# * **a** max(0, z)
# * **b** −[y ln ŷ + (1−y) ln(1−ŷ)]
# * **c** W ← W − α ∇W
# * **d** x Wᵀ + b

# %%
letters = ...  # four letters, in the order of the lines
check("0.3", letters)

# %% [markdown]
# ## 4. Training
#
# First one weight by hand: nudge it, and see which way the loss goes. Then ask `backward`.


# %%
def loss_now():
    with torch.no_grad():
        return nn.BCELoss()(model(X), y).item()


weight = model.layer_2.weight
nn.BCELoss()(model(X), y).backward()
start, h = loss_now(), 1e-2
with torch.no_grad():
    weight[0, 0] += h
print(
    f"nudged up by {h}: the loss changes by {loss_now() - start:+.6f}; the slope times the nudge says {weight.grad[0, 0].item() * h:+.6f}"
)
with torch.no_grad():
    weight[0, 0] -= h

# %%
losses, moves = train(model, sized(1000, quick=1000))
print(f"loss {losses[0]:.2f} -> {losses[-1]:.3f}, {share_right(model):.1%} right")
beside(
    curves({"loss": losses}, title="the loss falls", x_label="step"),
    curves(
        {"step": moves}, title="and the weights come to rest", x_label="step", y_label="length of the step", log=True
    ),
)

# %%
plane(moons.x_train, moons.y_train, model, title="2-10-1 after 1000 steps")

# %% [markdown]
# ### Exercise 0.4
# Look at both curves. Give the **mean** length of the first ten steps divided by that of the last ten (from `moves`).

# %%
ratio = ...
check("0.4", ratio, moves)

# %% [markdown]
# ### Three learning rates


# %%
def by_rate(rate):
    torch.manual_seed(0)
    fresh = Moons()
    optimizer = torch.optim.SGD(fresh.parameters(), lr=rate)
    path = []
    for _ in range(sized(1000, quick=100)):
        optimizer.zero_grad()
        loss = nn.BCELoss()(fresh(X), y)
        loss.backward()
        optimizer.step()
        path.append(loss.item())
    return path


paths = {f"rate {r}": by_rate(r) for r in (0.001, 1.0, 30.0)}
for name, path in paths.items():
    verdict = (
        "diverges: lower the rate" if max(path) > 2 * path[0] else "too slow" if path[-1] > 0.7 * path[0] else "learns"
    )
    print(f"{name:10} loss {path[0]:.2f}, at its highest {max(path):.2f}, at the end {path[-1]:.3f}: {verdict}")
curves(paths, title="too small, right, too large", x_label="step", limits=(0, 2))

# %% [markdown]
# ## The same border, from the Playground and from code
#
# `glassnet play` trains on the engine that you train on here. The Playground's own points, its first weights (drawn from
# its seed), its batches in its order: then ten lines of code draw **the same border**, pixel by pixel.

# %%
from glassnet.server.playground import Playground

SEED, EPOCHS = 1, sized(60, quick=2)
page = Playground(
    {"dataset": "moons", "noise": 0.1, "hidden": [10], "activation": "relu", "learning_rate": 0.1, "seed": SEED}
)
n = page.points.train
points, classes = page.points.x[:n], page.points.t[:n]
page.train(EPOCHS)

code = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 1)).double()
for number, layer in enumerate((code[0], code[2])):
    nn.init.xavier_uniform_(layer.weight, generator=torch.Generator().manual_seed(1000 * SEED + number))
    nn.init.zeros_(layer.bias)
optimizer = torch.optim.SGD(code.parameters(), lr=0.1)
inputs, targets = torch.tensor(points), torch.tensor(classes).unsqueeze(1)
for epoch in range(EPOCHS):
    order = np.random.default_rng((SEED, epoch)).permutation(n)
    for i in range(0, n, 10):
        optimizer.zero_grad()
        scores = code(inputs[order[i : i + 10]])
        nn.functional.binary_cross_entropy_with_logits(scores, targets[order[i : i + 10]]).backward()
        optimizer.step()


def by_code(places):
    return torch.sigmoid(code(torch.tensor(places))).array


def by_playground(places):
    return page.learner.judge(torch.tensor(places), torch.zeros(len(places), 1, dtype=torch.float64))[1]


across, up = np.meshgrid(np.linspace(-6, 6, 100), np.linspace(-6, 6, 100))
places = np.column_stack((across.ravel(), up.ravel()))
shades = [np.round(127 * said(places)) for said in (by_code, by_playground)]
print(f"{np.count_nonzero(shades[0] != shades[1])} of {len(places):,} pixels differ")
beside(
    plane(points, classes, by_code, title="ten lines of code"),
    plane(points, classes, by_playground, title="the Playground"),
)

# %% [markdown]
# ## How often does it work?
#
# The loss that the meeting saw, from about 0.7 to about 0.05, is what *most* starts reach. Some get stuck where hardly
# a fold is of use, a little below the loss of the best line.

# %%
ends = []
for seed in range(sized(12, quick=2)):
    torch.manual_seed(seed)
    fresh = Moons()
    ends.append(train(fresh, sized(1000, quick=300))[0][-1])
print("final losses:", np.round(sorted(ends), 3), " stuck above 0.15:", sum(e > 0.15 for e in ends))
print("the best line:", round(nn.BCELoss()(line(X), y).item(), 3))

# %% [markdown]
# ## At home
#
# Change `hidden`; change `"moons"` to `"spiral"` in the first cell (and give it more units and steps). Keep a table of
# what you tried: units, seed, final loss.

# %%
for hidden in (1, 3, 30):
    torch.manual_seed(4)
    fresh = Moons(hidden)
    train(fresh, sized(1000, quick=100))
    print(f"hidden units: {hidden:2}   {share_right(fresh):.1%} right")
