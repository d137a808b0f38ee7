# ---
# title: Capacity, depth, and what the theorem promises
# minutes: 30
# level: advanced
# needs: lessons 3 and 9
# learn: what universal approximation says and what it does not, what depth buys, and how to see too little or too much capacity
# ---

# %% [markdown]
# # 12. Capacity, depth, and what the theorem promises
#
# *A network with a single hidden layer and finitely many units can approximate any continuous function on a compact
# subset of $\mathbb{R}^n$ to any accuracy, if its activation is not a polynomial* (Cybenko 1989 for sigmoids; Leshno and
# others 1993 for the condition). It sounds like the end of the matter. It is the beginning.

# %%
import numpy as np

import glassnet as torch
from glassnet import nn
from glassnet.data.datasets import load_dataset
from glassnet.lessons import beside, check, curves, plane, reveal, show, sized

# %% [markdown]
# ## More units, less error
#
# $\sin(2\pi x)$ on [0, 1] by n ReLU units. The weights of the first layer put a fold at every n-th of the interval; the
# second layer is then a least-squares problem, solved exactly. So this is what n units *can* do, whatever descent does.

# %%
x = np.linspace(0, 1, 401)
y = np.sin(2 * np.pi * x)


def best_with(units):
    folds = np.arange(units) / units
    H = np.column_stack((np.maximum(0, x[:, None] - folds), np.ones_like(x)))
    weights, *_ = np.linalg.lstsq(H, y, rcond=None)
    return H @ weights


widths = (2, 4, 8, 16, 32, 64)
errors = [float(np.abs(best_with(n) - y).max()) for n in widths]
print({n: f"{e:.2g}" for n, e in zip(widths, errors)})
assert all(a > b for a, b in zip(errors, errors[1:]))
show(
    beside(
        curves({"sin 2πx": y, "4 units": best_with(4), "8 units": best_with(8)}, x, title="a curve from folds"),
        curves(
            {"largest error": (np.log2(widths), errors)},
            title="width against error",
            x_label="log2 of the units",
            log=True,
        ),
    )
)

# %% [markdown]
# From 8 to 64 units, eight times as many: by what factor does the error fall, about?

# %%
guess = ...

# %%
reveal(guess, errors[2] / errors[5], "between folds the error goes with the square of their distance")

# %% [markdown]
# ### Exercise 12.1
# Build a **tent** by hand: a function of x that is $2x$ up to 1/2 and $2 - 2x$ after it, on [0, 1], as a sum of two ReLUs:
# $c_1 \max(0, x - s_1) + c_2 \max(0, x - s_2)$. Give the two pairs (c, s).

# %%
first, second = ..., ...  # (c1, s1), (c2, s2)
check("12.1", first, second)

# %% [markdown]
# ## What depth buys
#
# Put the tent into itself: tent(tent(x)) has two teeth, and so on. Each layer has two units. How many straight pieces
# have **eight** such layers?

# %%
guess = ...


# %%
def tent(x):
    return 2 * np.maximum(0, x) - 4 * np.maximum(0, x - 0.5)


fine = np.linspace(0, 1, 2**12 + 1)
layers, value = {}, fine
for depth in range(1, 9):
    value = tent(value)
    slopes = np.diff(value) * 2**12
    layers[depth] = 1 + int((np.abs(np.diff(slopes)) > 1e-6).sum())
reveal(guess, layers[8], "each layer folds everything before it once more: 2 to the depth")
for depth, pieces in layers.items():
    print(f"depth {depth}: {2 * depth:2} units, {pieces:3} pieces; one hidden layer needs {pieces - 1:3} units")

# %% [markdown]
# That is the strongest argument for depth: for *such* functions 2n units deep do the work of $2^n - 1$ side by side
# (Telgarsky 2015). Whether your problem is of that kind nobody knows beforehand.
#
# ## At equal cost
#
# The same number of parameters, once wide and once deep, on a target that is made by composing (a sine of a sine) and on
# points of a spiral.


# %%
def count(sizes):
    return sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))


wide, deep = (2, 64, 1), (2, 14, 13, 1)
print("wide", count(wide), "parameters, deep", count(deep))
print(
    "for MNIST: 784-10000-10 has",
    f"{count((784, 10_000, 10)):,}",
    "and 784-10x100-10 has",
    f"{count((784, *[100] * 10, 10)):,}",
)


def stack(sizes, activation=nn.Tanh):
    parts = []
    for a, b in zip(sizes, sizes[1:]):
        parts += [nn.Linear(a, b), activation()]
    return nn.Sequential(*parts[:-1])


def fit(sizes, X, t, loss_of, steps, seed, activation=nn.Tanh, rate=0.01, method=torch.optim.Adam):
    torch.manual_seed(seed)
    model = stack(sizes, activation)
    optimizer = method(model.parameters(), lr=rate)
    X, t = torch.tensor(X), torch.tensor(t)

    @torch.compile
    def step(x, y):
        optimizer.zero_grad()
        loss_of(model(x), y).backward()
        optimizer.step()

    for _ in range(steps):
        step(X, t)
    return model


rng = np.random.default_rng(0)
points = rng.uniform(-1, 1, (1500, 2)).astype(np.float32)
target = np.sin(3 * np.sin(3 * points[:, :1] + 2 * points[:, 1:])).astype(np.float32)
spiral = load_dataset("spiral", n=600, noise=0.0, seed=0, test_fraction=0.3)
seeds, steps = sized(3, quick=1), sized(3000, quick=150)
for name, sizes in (("wide", wide), ("deep", deep)):
    error, right = [], []
    for seed in range(seeds):
        model = fit(sizes, points[:500], target[:500], nn.functional.mse_loss, steps, seed)
        error.append(float(np.sqrt(((model(torch.tensor(points[500:])).array - target[500:]) ** 2).mean())))
        t = spiral.y_train.astype(np.float32)[:, None]
        model = fit(
            sizes, spiral.x_train / np.float32(5), t, nn.functional.binary_cross_entropy_with_logits, steps, seed
        )
        right.append(
            float(((model(torch.tensor(spiral.x_test / np.float32(5))).array[:, 0] > 0) == spiral.y_test).mean())
        )
    print(
        f"{name}: sine of a sine, test error {np.mean(error):.3f};  spiral, {np.mean(right):.1%} right (mean of {seeds} starts)"
    )

# %% [markdown]
# | | shallow and wide | deep and narrow | what supports it |
# |---|---|---|---|
# | parameters for n folds of folds | about 2ⁿ | about n (or n² with wider layers) | the tents above, for such functions |
# | features | side by side | built on one another | a claim; lesson 11 shows how little one sees of it here |
# | generalises | worse | better | the two measurements above; no law |
# | composition | must be unrolled | comes by itself | the tents above |
#
# How the border grows with depth: no hidden layer on two clouds, one on XOR, three on a spiral.


# %%
def chance(model, scale=1):
    """What the model gives as a probability, at points in the plane."""
    return lambda p: 1 / (1 + np.exp(-np.clip(model(torch.tensor(p / scale).float()).array, -50, 50)))


drawn = []
for name, sizes in (("gauss", (2, 1)), ("xor", (2, 8, 1)), ("spiral", (2, 24, 24, 24, 1))):
    points2 = load_dataset(name, n=300, seed=0, test_fraction=0.1)
    t2 = points2.y_train.astype(np.float32)[:, None]
    loss2, x2 = nn.functional.binary_cross_entropy_with_logits, points2.x_train / np.float32(5)
    model = fit(sizes, x2, t2, loss2, sized(1500, quick=200), 0)
    drawn.append(
        plane(points2.x_train, points2.y_train, chance(model, 5), title=f"{name}: {'-'.join(map(str, sizes))}")
    )
show(beside(*drawn))

# %% [markdown]
# ### Exercise 12.2
# Write the parameter count of a dense network of given sizes, $P = \sum_l (n_l + 1)\, n_{l+1}$.


# %%
def parameters(sizes):
    return ...


check("12.2", ... if parameters([1, 1]) is ... else parameters)

# %% [markdown]
# ## "Deeper is more powerful"
#
# Ten layers of sigmoids against two, on moons, with the usual start and plain gradient descent. Which one has the lower
# loss after training?

# %%
guess = ...  # "two" or "ten"

# %%
moons = load_dataset("moons", n=300, noise=0.15, seed=0)
mt = moons.y_train.astype(np.float32)[:, None]
ends = {}
for name, depth in (("two", 2), ("ten", 10)):
    for method, rate in ((torch.optim.SGD, 1.0), (torch.optim.Adam, 0.01)):
        model = fit(
            (2, *[10] * depth, 1),
            moons.x_train,
            mt,
            nn.functional.binary_cross_entropy_with_logits,
            sized(2000, quick=500),
            0,
            nn.Sigmoid,
            rate,
            method,
        )
        scores = model(torch.tensor(moons.x_train))
        ends[name, method.__name__] = nn.functional.binary_cross_entropy_with_logits(scores, torch.tensor(mt)).item()
plain = {name: ends[name, "SGD"] for name in ("two", "ten")}
reveal(guess, min(plain, key=plain.get), "ln 2 = 0.693 is knowing nothing, and that is where ten layers stay")
for (name, method), loss in ends.items():
    print(f"{name} layers, {method:4}: loss {loss:.3f}")

# %% [markdown]
# The deep one can represent everything the shallow one can. It merely cannot be *trained* so: the gradient has vanished
# (lesson 9). Adam, whose steps do not get shorter with the gradient, digs itself out in time. Representing, finding and
# generalising are three different things:
#
# | the theorem | the catch |
# |---|---|
# | a good network of one hidden layer exists | it may need exponentially many units |
# | it exists | descent may not find it: 2 ReLU units and XOR, lesson 2 |
# | it fits on the compact set | nothing is said about points outside, or between noisy ones |
#
# ## Too little, right, too much
#
# Noisy moons, three capacities, and the same training. The verdict is computed, not typed.

# %%
few = load_dataset("moons", n=120, noise=0.3, seed=1, test_fraction=0.5)
ft = few.y_train.astype(np.float32)[:, None]
pictures = []
for sizes in ((2, 1), (2, 6, 1), (2, 100, 100, 1)):
    model = fit(
        sizes, few.x_train, ft, nn.functional.binary_cross_entropy_with_logits, sized(2000, quick=300), 0, nn.ReLU
    )
    scores = [
        ((model(torch.tensor(p)).array[:, 0] > 0) == q).mean()
        for p, q in ((few.x_train, few.y_train), (few.x_test, few.y_test))
    ]
    gap = scores[0] - scores[1]
    verdict = (
        "overfitting: less capacity, more data, decay"
        if gap > 0.08
        else "underfitting: more capacity"
        if scores[0] < 0.87
        else "about right"
    )
    print(
        f"{'-'.join(map(str, sizes)):12} {count(sizes):6,} parameters  train {scores[0]:.1%}  test {scores[1]:.1%}  {verdict}"
    )
    pictures.append(plane(few.x_train, few.y_train, chance(model), title="-".join(map(str, sizes))))
show(beside(*pictures))

# %% [markdown]
# ### Exercise 12.3
# Which sentence follows from the theorem?
#
# * **a** a network with one hidden layer can be trained to any accuracy
# * **b** for every continuous f on [0, 1] and every ε there is a number of units with which some weights stay within ε
#   of f
# * **c** wide networks generalise
# * **d** any function whatever can be represented

# %%
letter = ...
check("12.3", letter)

# %% [markdown]
# ## Winning tickets
#
# Frankle and Carbin (2019) removed the smallest weights of a trained network, put the rest back to where they had
# *started*, and trained again: often as good. Here on a small scale, with masks kept during training.

# %%
mnist = load_dataset("mnist")
n = sized(10_000, quick=1500)
dx, dt = mnist.x_train[:n].reshape(n, 784) / np.float32(255), mnist.y_train[:n]
vx, vt = mnist.x_test.reshape(-1, 784) / np.float32(255), mnist.y_test


def trained(start, masks, epochs=sized(4, quick=1)):
    model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    model.load_state_dict(start)
    weights = [model[0].weight, model[2].weight]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, t, held = torch.tensor(dx), torch.tensor(dt), [torch.tensor(m) for m in masks]
    with torch.no_grad():
        for w, m in zip(weights, held):
            w.mul_(m)
    for _ in range(epochs):
        order = torch.randperm(n)
        for s in range(0, n - 63, 64):
            rows = order[s : s + 64]
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), t[rows]).backward()
            for w, m in zip(weights, held):
                w.grad.mul_(m)
            optimizer.step()
    with torch.no_grad():
        return model, float((model(torch.tensor(vx)).array.argmax(axis=1) == vt).mean())


torch.manual_seed(0)
start = {k: v.clone() for k, v in nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10)).state_dict().items()}
whole = [np.ones((64, 784), np.float32), np.ones((10, 64), np.float32)]
full, right = trained(start, whole)
print(f"100 % of the weights: {right:.1%}")
for share in sized((0.5, 0.2, 0.1), quick=(0.2,)):
    masks = []
    for layer in (full[0], full[2]):
        size = np.abs(layer.weight.array)
        masks.append((size >= np.quantile(size, 1 - share)).astype(np.float32))
    print(f"{share:4.0%} of the weights, from their old start: {trained(start, masks)[1]:.1%}")

# %% [markdown]
# ## Where the lectures are loose or wrong
#
# * **"Any function is learnable"** is not the theorem. *Continuous* functions on a *compact* set are *representable*, as
#   closely as one likes. Learning is not mentioned.
# * **"Stack enough layers, and you can approximate any function"**: one hidden layer is enough for that; and without a
#   non-polynomial activation no number of layers is.
# * **"O(2ⁿ) against O(n²) parameters"** holds for families like the tents. It is no law about all functions.
# * **"Deep networks generalise better than wide shallow ones"** is stated as a fact; it depends on the data, and in our
#   comparison at equal cost you have seen by how much for two of them.
# * **The lottery ticket** paper is by Frankle and **Carbin**, not "Carlin".
