# ---
# title: Gradient descent and its relatives
# minutes: 35
# level: middle
# needs: lesson 7
# learn: what the learning rate does, why batches are small, and what momentum and Adam add, step by step
# ---

# %% [markdown]
# # 8. Gradient descent and its relatives
#
# Stand on a hillside in fog. You feel the slope under your feet and nothing else. Step downhill; feel again. The step is
# the slope times a **learning rate**, and most of the craft of training is in that one number.
#
# $$\theta \leftarrow \theta - \eta\, \nabla L(\theta)$$

# %%
import time

import numpy as np

import glassnet as torch
from glassnet import nn
from glassnet.data.datasets import load_dataset
from glassnet.lessons import Picture, beside, check, curves, plane, reveal, show, sized

# %% [markdown]
# ## One weight
#
# $L = w^2$, from w = 3; the slope is 2w. Guess: from which learning rate on does it **diverge**?

# %%
guess = ...


# %%
def descend(rate, start=3.0, steps=30):
    w, path = start, []
    for _ in range(steps):
        path.append(w)
        w = w - rate * 2 * w
    return np.array(path)


rates = np.linspace(0.01, 1.5, 150)
staying = rates[[abs(descend(r, steps=200)[-1]) < 3.01 for r in rates]]
reveal(guess, float(staying[-1]), "each step multiplies w by 1 - 2η, and that must stay between -1 and 1")
show(
    curves(
        {f"rate {r}": descend(r) ** 2 for r in (0.01, 0.3, 0.9, 1.02)},
        title="too small, right, bouncing, too large",
        x_label="step",
        y_label="loss",
        limits=(0, 15),
    )
)

# %% [markdown]
# The limit is 2 divided by the **curvature** (here 2). Where the valley is steeper, the rate must be smaller.
#
# ### Exercise 8.1
# $L = 5w^2$. What is the largest rate that does not diverge? And which rate jumps to the bottom in one step?

# %%
largest, perfect = ..., ...
check("8.1", largest, perfect)

# %% [markdown]
# One of the lectures has a table of three rates, *too small*, *just right*, *too large*, and leaves the numbers out. Take
# 0.0001, 0.01 and 1.0, and fill in what becomes of them on $L = w^2$:

# %%
print("             rate   w after 100 steps   loss (it was 1)")
for name, rate in {"too small": 0.0001, "just right": 0.01, "too large": 1.0}.items():
    end = descend(rate, start=1.0, steps=101)[-1]
    print(f"{name:10} {rate:6g}   {end:17.3f}   {end**2:15.3f}")

# %% [markdown]
# The first has hardly moved, the last jumps between 1 and −1 for ever. That 0.01 is right is luck: here 0.5 is.
#
# ## Two weights, and a ravine
#
# $L = \tfrac12(w_1^2 + 25 w_2^2)$ is 25 times steeper across than along. The rate has to suit the steep direction, and
# then it crawls in the other. Momentum remembers the way; Adam gives each weight a step of its own.


# %%
def path_of(make, steps=60):
    w = torch.tensor([-8.0, 1.5], requires_grad=True)
    optimizer = make([w])
    places = [w.array.copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * (w[0] ** 2 + 25 * w[1] ** 2)).backward()
        optimizer.step()
        places.append(w.array.copy())
    return np.array(places)


turn = np.linspace(0, 2 * np.pi, 80)
rings = {f"height {h}": (np.sqrt(2 * h) * np.cos(turn), np.sqrt(2 * h / 25) * np.sin(turn)) for h in (2, 30)}
rates = {"too small: 0.004": 0.004, "right: 0.035": 0.035, "too large: 0.0815": 0.0815}
walks = {name: path_of(lambda p, rate=rate: torch.optim.SGD(p, lr=rate), steps=25) for name, rate in rates.items()}
for name, p in walks.items():
    print(f"{name:18} after 25 steps at height {0.5 * (p[-1, 0] ** 2 + 25 * p[-1, 1] ** 2):7.2f} (from 60.12)")
show(
    curves(
        {name: (p[:, 0], p[:, 1]) for name, p in walks.items()} | rings,
        title="the walker with three rates",
        x_label="w1",
        y_label="w2",
        size=(560, 340),
    )
)

# %% [markdown]
# The limit is 2 divided by the largest curvature, 2/25 = 0.08. Just above it the walker swings from wall to wall, higher
# at every step. With the right rate, momentum and Adam beside it:

# %%
paths = {
    "SGD 0.035": path_of(lambda p: torch.optim.SGD(p, lr=0.035)),
    "momentum 0.9": path_of(lambda p: torch.optim.SGD(p, lr=0.035, momentum=0.9)),
    "Adam 0.4": path_of(lambda p: torch.optim.Adam(p, lr=0.4)),
}
show(
    curves(
        {name: (p[:, 0], p[:, 1]) for name, p in paths.items()},
        title="three ways down a ravine",
        x_label="w1",
        y_label="w2",
    )
)
show(
    curves(
        {n: 0.5 * (p[:, 0] ** 2 + 25 * p[:, 1] ** 2) for n, p in paths.items()}, title="loss", x_label="step", log=True
    )
)

# %% [markdown]
# ## The three, in a few lines each
#
# ```
# SGD         w -= lr * g
# momentum    v = mu * v + g;                       w -= lr * v
# Adam        m = b1*m + (1-b1)*g                   the mean of the slopes
#             s = b2*s + (1-b2)*g²                  the mean of their squares
#             w -= lr * m̂ / (√ŝ + ε)                m̂, ŝ: divided by 1 - b1ᵗ, 1 - b2ᵗ
# ```
#
# Adam's very first step: the slope is 0.001, the rate 0.1. How far does it go?

# %%
guess = ...

# %%
w = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
adam = torch.optim.Adam([w], lr=0.1)
(0.001 * w).sum().backward()
adam.step()
reveal(guess, 1.0 - w.item(), "m̂/√ŝ is g/|g| at first: the sign of the slope, times the rate, whatever the size")

# %% [markdown]
# ### Exercise 8.2
# Write momentum: given `w`, the velocity `v` and the gradient `g`, return the new `(w, v)` as PyTorch does it (above).


# %%
def momentum_step(w, v, g, lr=0.1, mu=0.9):
    return ...


check("8.2", ... if momentum_step(1.0, 0.0, 1.0) is ... else momentum_step)

# %% [markdown]
# ## How many examples for one step?
#
# All of them (batch), one (stochastic), or a handful (mini-batch). 10,000 examples, batches of 100, 10 epochs: how many
# updates?

# %%
guess = ...

# %%
reveal(guess, 10 * -(-10_000 // 100), "100 updates in each epoch")
data = load_dataset("moons", n=sized(1000, quick=300), noise=0.2, seed=0, test_fraction=0.2)
X, t = torch.tensor(data.x_train), torch.tensor(data.y_train).float().unsqueeze(1)


def train(batch, epochs, rate):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    losses, updates = [], 0
    for _ in range(epochs):
        order = torch.randperm(len(X))  # shuffled anew in each epoch
        for start in range(0, len(X), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(model(X[rows]), t[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            updates += 1
    with torch.no_grad():
        final = nn.functional.binary_cross_entropy_with_logits(model(X), t).item()
    return losses, updates, final


for name, batch in (("batch", len(X)), ("mini-batch", 32), ("stochastic", 1)):
    start = time.perf_counter()
    losses, updates, final = train(batch, sized(5, quick=1), 0.1)
    took = time.perf_counter() - start
    print(f"{name:11} {updates:5} updates, {took / updates * 1e6:5.0f} µs each, loss over all data {final:.3f}")

# %% [markdown]
# An update with 32 examples costs little more than one with a single example, because the products of matrices are
# made for it. And its direction is far less noisy: the spread of the gradient falls like $1/\sqrt{n}$.

# %%
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))


def spread(batch, draws=sized(200, quick=40)):
    found = []
    for _ in range(draws):
        rows = torch.randint(0, len(X), (batch,))
        model.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(model(X[rows]), t[rows]).backward()
        found.append(model[0].weight.grad.array.reshape(-1).copy())
    return float(np.std(found, axis=0).mean())


ratio = spread(32) / spread(1)
print(f"noise with 32 against noise with 1: {ratio:.3f}   1/√32 = {1 / np.sqrt(32):.3f}")

# %% [markdown]
# On a map that can be drawn: two weights, 200 examples, and the path of each of the three from the same start. All
# examples go straight down; one at a time staggers, and does not come to rest; 20 at a time are in between.

# %%
rng = np.random.default_rng(3)
given = rng.normal(size=(200, 2)).astype(np.float32)
wanted = given @ np.array([1.5, -1.0], np.float32) + rng.normal(0, 0.8, 200).astype(np.float32)


def walk(batch, steps=sized(60, quick=20)):
    w, places = np.array([-1.0, 2.0]), []
    for _ in range(steps):
        places.append(w.copy())
        rows = rng.permutation(200)[:batch]
        w = w - 0.1 * given[rows].T @ (given[rows] @ w - wanted[rows]) / batch  # the slope of half the mean square
    return np.array(places)


walks = {
    f"{name}, {batch} for a step": walk(batch)
    for name, batch in (("batch", 200), ("mini-batch", 20), ("stochastic", 1))
}
least = np.linalg.lstsq(given, wanted, rcond=None)[0]
bowl, turn = np.linalg.cholesky(given.T @ given / 200), np.linspace(0, 2 * np.pi, 60)
rings = {
    f"{high:g} above the least loss": least[:, None]
    + np.linalg.solve(bowl.T, np.sqrt(2 * high) * np.array([np.cos(turn), np.sin(turn)]))
    for high in (0.1, 1.5)
}
show(
    curves(
        {
            **{name: tuple(path.T) for name, path in walks.items()},
            **{name: tuple(ring) for name, ring in rings.items()},
        },
        title="batch, mini-batch, stochastic: three paths on one bowl",
        x_label="w1",
        y_label="w2",
        size=(560, 380),
    )
)
for name, path in walks.items():
    late = path[len(path) // 2 :]
    print(
        f"{name:26} ends {np.linalg.norm(path[-1] - least):.2f} from the bottom; its later steps spread by {late.std(0).mean():.3f}"
    )

# %% [markdown]
# So this is what is good about mini-batches, and where it was seen:
#
# * **efficient**: in the table of updates, one with 32 examples costs little more than one with a single example;
# * **robust**: in the picture, what is left of the noise keeps the walker moving. On this bowl that only keeps him from
#   the very bottom; where the ground has shallow hollows it can carry him out of one, which the slope of all cannot;
# * **scalable**: an update looks at 32 rows, be there 1,000 of them or a billion. Only the batch has to fit into memory.
#
# Training is these four steps, over and over: **shuffle** the examples, **cut** them into batches, **update** once for
# each batch, **repeat** for every epoch. `glassnet train moons --explain-step 3` says where in this round its step stands.
#
# ### Exercise 8.3
# 60,000 images, one fifth put aside for validation, batches of 32, 10 epochs. Updates per epoch, and in all?

# %%
per_epoch, in_all = ..., ...
check("8.3", per_epoch, in_all)

# %% [markdown]
# ## Guard rails
#
# **Clipping**: if the gradient of all weights together is longer than 5, shorten it to 5. **Schedules**: large steps
# first, small ones later.
#
# ### Exercise 8.4
# The gradient is (6, 8). What does clipping to a norm of 5 make of it?

# %%
clipped = ...  # (…, …)
check("8.4", clipped)

# %%
schedules = {
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 20, gamma=0.3),
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 60),
    "one cycle": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=61),
}
lines = {}
for name, make in schedules.items():
    o = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    s, lines[name] = make(o), []
    for _ in range(60):
        lines[name].append(o.param_groups[0]["lr"])
        o.step()
        s.step()
show(curves(lines, title="learning rate over the epochs", x_label="epoch", y_label="rate"))

# %% [markdown]
# Or let the loss decide: when it has not fallen for a while, **take a third of the rate**. The drops can be seen in the
# loss: after each of them it is calmer, and lower.

# %%
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=5)
losses, rates = [], []
for epoch in range(sized(60, quick=12)):
    rates.append(optimizer.param_groups[0]["lr"])
    order = torch.randperm(len(X))
    for start in range(0, len(X), 32):
        rows = order[start : start + 32]
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(model(X[rows]), t[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        losses.append(nn.functional.binary_cross_entropy_with_logits(model(X), t).item())
    plateau.step(losses[-1])
drops = [epoch for epoch in range(1, len(rates)) if rates[epoch] < rates[epoch - 1]]
print("the rate drops before the epochs", drops)
for first, last in zip([0, *drops], [*drops, len(rates)]):
    print(f"  rate {rates[first]:7.4f}: loss {min(losses[first:last]):.4f} to {max(losses[first:last]):.4f}")
show(curves({"loss": losses, "rate": rates}, title="a rate that falls on a plateau", x_label="epoch", log=True))

# %% [markdown]
# ## The landscape of a real network
#
# 101,770 weights make a landscape that nobody can draw. But one can walk along one direction and note the loss. Here
# is the slice along the gradient, for 784-128-10 on a batch of digits.

# %%
digits = load_dataset("mnist")
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
xb = torch.tensor(digits.x_train[:256].reshape(256, 784) / np.float32(255))
tb = torch.tensor(digits.y_train[:256])
nn.functional.cross_entropy(net(xb), tb).backward()
at, heights = np.linspace(-2, 12, sized(57, quick=15)), []
begin = [p.array.copy() for p in net.parameters()]
with torch.no_grad():
    for s in at:
        for p, p0 in zip(net.parameters(), begin):
            p.copy_(torch.tensor(p0 - np.float32(s) * p.grad.array))
        heights.append(nn.functional.cross_entropy(net(xb), tb).item())
print(
    f"loss here {heights[int(np.argmin(np.abs(at)))]:.3f}; lowest on this line at a rate of {at[int(np.argmin(heights))]:.2f}: {min(heights):.3f}"
)
show(
    curves(
        {"loss": heights},
        at,
        title="downhill along the gradient of 101,770 weights",
        x_label="learning rate",
        y_label="loss",
    )
)

# %% [markdown]
# ## Where the lectures are loose or wrong
#
# * **"Gets stuck in local minima"**: in a network's landscape flat places and saddles are the usual trouble. On the
#   ravine above nothing is stuck, and plain descent is still slow.
# * **"Larger batches are more stable but slower"**: an update takes longer, an epoch takes *less* time, and for the same
#   number of epochs there are fewer updates. Say which one is meant.
# * **"Water always finds the valley"** and the walker in fog: the walker feels a slope in 100,000 directions at once, and
#   his step is not one metre but proportional to the slope. On a plateau he nearly stops.
# * **A table of learning rates** (0.0001, 0.01, 1.0) is good for plain SGD on a small problem only. With Adam 1.0 is
#   hopeless, and 0.001 the usual start; on $w^2$ 1.0 bounces for ever.
# * **SGD 0.01 for ten epochs "reaches 97 %"** on MNIST: with batches of 64 it reaches about 93 % (lesson 10).
