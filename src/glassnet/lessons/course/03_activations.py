# ---
# title: Activations, and folding space
# minutes: 25
# level: beginner
# needs: lesson 2
# learn: what the bend in each neuron is good for, why layers without it collapse into one, and how ReLU folds the plane
# ---

# %% [markdown]
# # 3. Activations, and folding space
#
# Between two layers stands a small function that bends. Take it away and a network of a hundred layers is worth one.
# Put it back and each neuron becomes a fold in the sheet on which the data are drawn.

# %%
import time

import numpy as np

import glassnet as torch
from glassnet import nn
from glassnet.data.datasets import load_dataset
from glassnet.lessons import bars, beside, check, curves, plane, reveal, show, sized

# %% [markdown]
# ## The usual six
#
# The derivatives are not typed in: the tape that trains networks gives them.

# %%
z = torch.linspace(-5, 5, 201).double().requires_grad_()
functions = {
    "step": lambda z: (z >= 0).double() + 0 * z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky relu": lambda z: nn.functional.leaky_relu(z, 0.01),
    "elu": nn.functional.elu,
}
values, slopes = {}, {}
for name, f in functions.items():
    y = f(z)
    values[name] = y.array.copy()
    slopes[name] = torch.autograd.grad(y.sum(), z)[0].array.copy()
beside(
    curves(values, z.array, title="what comes out", x_label="z", limits=(-1.3, 2.5), size=(420, 300)),
    curves(slopes, z.array, title="the slope", x_label="z", limits=(-0.1, 1.3), size=(420, 300)),
)

# %% [markdown]
# | name | formula | range | where it is used |
# |---|---|---|---|
# | step | 1 if z ≥ 0 else 0 | {0, 1} | the perceptron; its slope is 0, so it cannot be trained by descent |
# | sigmoid | 1 / (1 + e⁻ᶻ) | (0, 1) | the output, for yes or no |
# | tanh | (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ) | (−1, 1) | hidden layers, in older networks; centred at 0 |
# | ReLU | max(0, z) | [0, ∞) | hidden layers, today's usual choice |
# | leaky ReLU | z if z > 0 else 0.01 z | (−∞, ∞) | where ReLU units die |
# | ELU | z if z > 0 else α(eᶻ − 1) | (−α, ∞) | smooth relative of ReLU (once differentiable for α = 1, not twice) |
#
# How large can the slope of the sigmoid be, at most?

# %%
guess = ...

# %%
reveal(guess, float(slopes["sigmoid"].max()), "at z = 0, and s(1 - s) is largest when s is a half")
for name in ("sigmoid", "tanh"):
    print(f"{name:8} slope at 0: {slopes[name].max():.4f}, at 5: {slopes[name][-1]:.6f}")
print("ten sigmoids one after the other pass on at most 0.25 to the 10th =", f"{0.25**10:.2g}")

# %% [markdown]
# That last number is the **vanishing gradient** in one line. ReLU's slope is 0 or 1: what passes, passes whole.

# %%
z4 = torch.tensor([-5.0, -0.1, 0.0, 0.1, 5.0]).requires_grad_()
torch.relu(z4).sum().backward()
for a, slope in zip(z4.array, z4.grad.array):
    print(f"z = {a:5.1f}   ReLU {max(0, a):4.1f}   slope {slope:g}")

# %% [markdown]
# At exactly 0 ReLU has no slope; here, as in PyTorch, it is taken to be 0.
#
# ### Exercise 3.1
# Write leaky ReLU for arrays. (`max(0, z)` of plain Python fails on arrays; `np.maximum` and `np.where` do not.)


# %%
def leaky_relu(z, slope=0.01):
    return ...


check("3.1", ... if leaky_relu(np.ones(2)) is ... else leaky_relu)

# %% [markdown]
# ## Without the bend, everything collapses
#
# $W_2(W_1 x + b_1) + b_2 = (W_2 W_1)\,x + (W_2 b_1 + b_2)$. Two layers are one; so are a hundred.

# %%
rng = np.random.default_rng(0)
stack = [(rng.normal(size=(4, 4)) / 2, rng.normal(size=4)) for _ in range(100)]
W, b = np.eye(4), np.zeros(4)
for Wl, bl in stack:
    W, b = Wl @ W, Wl @ b + bl
x = h = rng.normal(size=4)
for Wl, bl in stack:
    h = Wl @ h + bl
print("a hundred layers:", h)
print("one layer:       ", W @ x + b)
assert np.allclose(h, W @ x + b, atol=1e-12)

# %% [markdown]
# ### Exercise 3.2
# Collapse this network by hand (or with NumPy): give the one weight matrix and the one bias.
#
# $W_1 = \begin{pmatrix}0.5 & 0.3\\ 0.2 & 0.4\end{pmatrix},\; b_1 = \begin{pmatrix}0.1\\ 0.2\end{pmatrix},\;
# W_2 = \begin{pmatrix}0.6 & 0.7\end{pmatrix},\; b_2 = 0.3$

# %%
W, b = ..., ...
check("3.2", W, b)

# %% [markdown]
# ## What it looks like
#
# The same network of ten hidden units on two moons, once with nothing between its layers, once with ReLU.

# %%
moons = load_dataset("moons", n=300, noise=0.15, seed=0)
X, t = torch.tensor(moons.x_train), torch.tensor(moons.y_train).float().unsqueeze(1)


def learn(model, steps, rate=0.02):
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(model(X), t).backward()
        optimizer.step()
    return model


def chance(model):
    return lambda p: 1 / (1 + np.exp(-model(torch.tensor(p).float()).array))


torch.manual_seed(3)
flat = learn(nn.Sequential(nn.Linear(2, 10), nn.Identity(), nn.Linear(10, 1)), sized(800, quick=100))
bent = learn(nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 1)), sized(800, quick=200))
for name, model in (("identity", flat), ("ReLU", bent)):
    right = ((model(X).array > 0) == (t.array > 0.5)).mean()
    print(f"{name:9} {right:.1%} right")
beside(
    plane(moons.x_train, moons.y_train, chance(flat), title="without activation"),
    plane(moons.x_train, moons.y_train, chance(bent), title="with ReLU"),
)

# %% [markdown]
# ## Folds
#
# A ReLU unit is 0 on one side of its line $w \cdot x + b = 0$ and rises on the other: it **folds** the sheet there.
# Between the folds the network is a plane. The picture shows the ten folds of the trained network. In how many pieces
# do they cut the plane? First: in how many *can* three lines cut it, at most?

# %%
guess = ...

# %%
reveal(guess, 1 + 3 + 3, "1 piece, one more for each line, and one more for each crossing of two lines")
first = bent[0]
folds = [(*w, b) for w, b in zip(first.weight.array, first.bias.array)]
corner = np.abs(moons.x_train).max() * 1.3
grid = np.stack(np.meshgrid(np.linspace(-corner, corner, 400), np.linspace(-corner, corner, 400)), -1).reshape(-1, 2)
on = grid @ first.weight.array.T + first.bias.array > 0  # which units are awake at each point
print("pieces that the grid meets:", len(np.unique(on, axis=0)), "of at most", 1 + 10 + 45)
plane(moons.x_train, moons.y_train, chance(bent), lines=folds, title="ten folds")

# %% [markdown]
# ### Exercise 3.3
# Write the largest number of pieces into which `n` lines can cut a plane, as a function of n.


# %%
def pieces(n):
    return ...


check("3.3", ... if pieces(1) is ... else pieces)

# %% [markdown]
# ## Units that die
#
# A ReLU unit that is 0 for *every* example gets a slope of 0 from all of them: it never moves again. A leaky one does.

# %%
for activation in (nn.ReLU(), nn.LeakyReLU(0.01)):
    torch.manual_seed(0)
    dead = nn.Sequential(nn.Linear(2, 1), activation)
    with torch.no_grad():
        dead[0].bias.fill_(-100.0)  # pushed far to the wrong side, as one step that was too large may do
    nn.functional.mse_loss(dead(X), t).backward()
    print(f"{type(activation).__name__:10} gradient of the weights: {dead[0].weight.grad.array[0]}")
awake = on.mean(axis=0)
hidden = np.maximum(0, moons.x_train @ first.weight.array.T + first.bias.array)
print(f"zeros among the trained network's hidden numbers: {(hidden == 0).mean():.0%}")
print(f"dead units of ten (0 on every training point): {(hidden == 0).all(axis=0).sum()}")

# %% [markdown]
# The family side by side: what it costs, where its mean lies when sums come evenly from both sides, and whether a unit
# can die.

# %%
sums = torch.randn(sized(1_000_000, quick=100_000))
for name, can_die in (("relu", "yes"), ("leaky relu", "no"), ("elu", "no")):
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        out = functions[name](sums)
        seconds.append(time.perf_counter() - begin)
    each = min(seconds) / len(sums) * 1e9
    print(f"{name:10} {each:5.2f} ns a number, mean {out.mean().item():.3f}, can die: {can_die}")

# %% [markdown]
# ### Exercise 3.4
# ELU is $z$ for $z > 0$ and $e^z - 1$ below. Write its **derivative** as a function of `z`, for arrays.


# %%
def elu_slope(z):
    return ...


check("3.4", ... if elu_slope(np.ones(2)) is ... else elu_slope)

# %% [markdown]
# ## Where the lectures are loose or wrong
#
# * **"No vanishing gradient"** for ReLU holds for the activation alone. The weights multiply too: with weights that are
#   too small the gradient vanishes through ReLU as well (lesson 9 measures it).
# * **"ELU is smooth everywhere"**: for α = 1 its first derivative is continuous; the second jumps at 0 from 1 to 0.
# * **"tanh converges faster because it is centred at 0"** is a tendency, not a law.
# * **"Depth is useless without activation"**: useless for what the network can *express*. It still changes how descent
#   moves; deep linear networks are studied for that.
# * **"Paper folding"** is exact for ReLU and an image for sigmoid and tanh, which bend without a crease.
# * **Three ReLU units "solve moons within seconds"**: they can, but from most starts they do not; ten do. The workshop
#   notebook counts how often.
