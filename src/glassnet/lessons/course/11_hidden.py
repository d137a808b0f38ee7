# ---
# title: What hidden layers learn
# minutes: 30
# level: middle
# needs: lesson 10
# learn: to look inside a trained network: its weights, what wakes a unit, how separable each layer is, and what not to believe
# ---

# %% [markdown]
# # 11. What hidden layers learn
#
# Before networks, people wrote the features: how much ink, how many loops, how many strokes. Then a simple classifier
# chose. A network learns both. This lesson puts the two beside each other, and then looks into the hidden layers to see
# what was learned, and what was not.

# %%
import numpy as np

import glassnet as torch
from glassnet import nn
from glassnet.data.datasets import load_dataset
from glassnet.lessons import beside, check, curves, images, plane, reveal, show, sized

mnist = load_dataset("mnist")
n = sized(20_000, quick=2500)
train_x, train_t = mnist.x_train[:n], mnist.y_train[:n]
test_x, test_t = mnist.x_test[: sized(5000, quick=1000)], mnist.y_test[: sized(5000, quick=1000)]

# %% [markdown]
# ## Features by hand
#
# Four of them: the mean grey, the share of dark pixels, the number of strokes that a row crosses (averaged), and the
# **loops**: how many white pixels the ink encloses.


# %%
def loops(ink):
    """White regions that do not touch the edge, by letting the outside flow in from all sides, step by step."""
    free = ~ink
    outside = np.zeros_like(free)
    outside[:, 0], outside[:, -1], outside[:, :, 0], outside[:, :, -1] = (
        free[:, 0],
        free[:, -1],
        free[:, :, 0],
        free[:, :, -1],
    )
    for _ in range(40):
        grown = outside.copy()
        grown[:, 1:] |= outside[:, :-1]
        grown[:, :-1] |= outside[:, 1:]
        grown[:, :, 1:] |= outside[:, :, :-1]
        grown[:, :, :-1] |= outside[:, :, 1:]
        outside = grown & free
    return (free & ~outside).sum(axis=(1, 2))  # enclosed white pixels: 0 for a 1, many for a 0


def features(x):
    grey = x / np.float32(255)
    ink = grey > 0.5
    crossings = (np.diff(ink.astype(np.int8), axis=2) == 1).sum(axis=2).mean(axis=1)
    return np.column_stack((grey.mean((1, 2)), ink.mean((1, 2)), crossings, loops(ink))).astype(np.float32)


by_hand, by_hand_test = features(train_x), features(test_x)
mean, std = by_hand.mean(axis=0), by_hand.std(axis=0)
for d in (0, 1, 8):
    print(d, "mean of the four features:", by_hand[train_t == d].mean(axis=0).round(3))

# %% [markdown]
# Which share of the test digits will logistic regression read, from these four numbers?

# %%
guess = ...


# %%
def train(net, x, t, epochs, rate=0.1, batch=64):
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)
    x, t = torch.tensor(x), torch.tensor(t)

    @torch.compile
    def step(xb, tb):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(xb), tb)
        loss.backward()
        optimizer.step()

    for _ in range(epochs):
        order = torch.randperm(len(x))
        for start in range(0, len(x) - batch + 1, batch):
            step(x[order[start : start + batch]], t[order[start : start + batch]])
    return net


def accuracy(net, x, t):
    with torch.no_grad():
        return float((net(torch.tensor(x)).array.argmax(axis=1) == t).mean())


def flat(x):
    return x.reshape(len(x), -1) / np.float32(255)


torch.manual_seed(0)
linear = train(nn.Linear(4, 10), (by_hand - mean) / std, train_t, 5)
net = train(
    nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)),
    flat(train_x),
    train_t,
    sized(5, quick=3),
    0.05,
)
hand, learned = accuracy(linear, (by_hand_test - mean) / std, test_t), accuracy(net, flat(test_x), test_t)
reveal(guess, hand, "four numbers by hand")
print(f"features by hand    + classifier learned: {hand:.1%}")
print(f"features learned    + classifier learned: {learned:.1%}")

# %% [markdown]
# More features by hand would help; each costs thought, and none of them would be of use for faces or for prices.
#
# ### Exercise 11.1
# Try: write one feature of images `(n, 28, 28)` (0 to 255) that tells 1s from 0s. It gives one number for each image;
# the check trains nothing, it only asks whether a threshold separates 95 % of 200 of them.


# %%
def feature(images):
    return ...


check("11.1", ... if feature(np.zeros((1, 28, 28))) is ... else feature)

# %% [markdown]
# ## First-layer weights are pictures
#
# Each hidden unit has one weight for each pixel, so it can be drawn. A net **without** hidden layer has ten such
# pictures, and they do look like digits. Do those of the hidden layer?

# %%
guess = ...  # "yes" or "no"

# %%
torch.manual_seed(0)
flat_net = train(nn.Linear(784, 10), flat(train_x), train_t, sized(3, quick=1), 0.02)
show(
    images(
        flat_net.weight.array.reshape(10, 28, 28),
        [str(d) for d in range(10)],
        signed=True,
        title="no hidden layer: one for each digit",
    )
)
show(images(net[0].weight.array[:20].reshape(20, 28, 28), signed=True, title="hidden layer: strokes, spots and noise"))
reveal(guess, "no", "a hidden unit shares its work with all others; it need not mean anything alone")

# %% [markdown]
# ## What wakes a unit?
#
# Ask the data: which test images make a unit of the *second* hidden layer largest?

# %%
with torch.no_grad():
    layers = [flat(test_x)]
    for part in net:
        layers.append(part(torch.tensor(layers[-1])).array)
h1, h2 = layers[2], layers[4]
rows = []
for unit in np.argsort(-h2.std(axis=0))[:3]:
    top = np.argsort(-h2[:, unit])[:10]
    digits, counts = np.unique(test_t[top], return_counts=True)
    print(f"unit {unit}: its ten favourites are {dict(zip(digits.tolist(), counts.tolist()))}")
    show(images(test_x[top], title=f"unit {unit}"))
print(f"zeros in the hidden layers: {np.mean(h1 == 0):.0%} and {np.mean(h2 == 0):.0%}")

# %% [markdown]
# ## How separable is each layer?
#
# A **linear probe**: train one linear layer on the numbers of each layer in turn. Whatever its accuracy, the network has
# *made available* that much. First for XOR, where everything can be seen.

# %%
torch.manual_seed(2)
xor = load_dataset("xor", n=400, seed=0)
px, pt = xor.x_train / np.float32(5), xor.y_train
small = train(
    nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2)),
    px,
    pt,
    sized(150, quick=60),
    0.1,
    32,
)


def probe(x, t, classes, xt, tt, epochs):
    torch.manual_seed(0)
    m, s = x.mean(axis=0), x.std(axis=0) + 1e-6
    return accuracy(train(nn.Linear(x.shape[1], classes), (x - m) / s, t, epochs, 0.05), (xt - m) / s, tt)


def inside(net, x):
    """The input and what each activation lets through."""
    seen, h = [x], torch.tensor(x)
    with torch.no_grad():
        for part in net:
            h = part(h)
            if not isinstance(part, nn.Linear):
                seen.append(h.array)
    return seen


for name, x in zip(("input", "hidden 1", "hidden 2"), inside(small, px)):
    print(f"XOR, {name:9} a line through it gets {probe(x, pt, 2, x, pt, sized(40, quick=15)):.1%}")
for name, x, xt in zip(("input", "hidden 1", "hidden 2"), inside(net, flat(train_x)), inside(net, flat(test_x))):
    print(f"digits, {name:9} linear probe {probe(x, train_t, 10, xt, test_t, sized(3, quick=1)):.1%}")

# %% [markdown]
# ## A map of hidden space
#
# 32 numbers for each digit, turned so that the two directions of largest spread lie on the paper (principal components,
# Pearson 1901). Orange: threes; blue: eights. Left the pixels, right the second hidden layer.


# %%
def map_of(x):
    centred = x - x.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:2].T


some = np.flatnonzero(np.isin(test_t, (3, 8)))[:300]
which = test_t[some] == 8
show(
    beside(
        plane(map_of(flat(test_x[some]).astype(float)), which, title="pixels", labels=("first", "second")),
        plane(map_of(h2[some].astype(float)), which, title="hidden layer 2", labels=("first", "second")),
    )
)

# %% [markdown]
# ### Exercise 11.2
# Write the first step of it: given `x` `(n, features)`, return the share of the total variance that its first **two**
# principal components hold.


# %%
def share_of_two(x):
    return ...


check("11.2", ... if share_of_two(np.random.default_rng(0).normal(size=(9, 3))) is ... else share_of_two)

# %% [markdown]
# ## Is a unit needed?
#
# Switch one off (set it to 0) and measure again.


# %%
def without(unit):
    with torch.no_grad():
        h = np.maximum(0, flat(test_x) @ net[0].weight.array.T + net[0].bias.array)
        h[:, unit] = 0
        out = net[4](torch.relu(net[2](torch.tensor(h))))
        return float((out.array.argmax(axis=1) == test_t).mean())


losses = np.array([learned - without(unit) for unit in range(64)])
print(
    f"all units: {learned:.1%}; without the most needed one: {learned - losses.max():.1%}; units that cost under 0.1 %: {(losses < 0.001).sum()} of 64"
)

# %% [markdown]
# ### Exercise 11.3
# Which statement did this lesson *show* for this network?
#
# * **a** layer 1 finds edges, layer 2 loops, layer 3 digits
# * **b** what a line cannot separate in the input it separates better in hidden layers
# * **c** each hidden unit stands for one digit
# * **d** features by hand are always worse

# %%
letter = ...
check("11.3", letter)

# %% [markdown]
# ## Where the lectures are loose or wrong
#
# * **"Layer 1: edges, layer 2: corners, layer 3: parts, layer 4: faces"** was found in *convolutional* networks on
#   photographs (Zeiler and Fergus 2014). A dense network on MNIST shows blobs and strokes in layer 1, and after that
#   nothing that one could name. The story is good; this network is not its evidence.
# * **"Hidden units ask: is there a loop at the bottom?"** is how one would do it by hand. Nobody told the units to.
# * **"Digit-like weights"** appear without a hidden layer only, as above.
# * **"Each layer is more abstract"**: the probes support a weaker sentence: each layer makes the answer easier to read
#   off linearly.
