# ---
# title: Softmax, and how wrong is wrong
# minutes: 25
# level: beginner
# needs: lesson 4; logarithms
# learn: to turn scores into probabilities, to choose and compute a loss, and to do both without overflow
# ---

# %% [markdown]
# # 5. Softmax, and how wrong is wrong
#
# A network ends in raw scores. For a choice among classes they become probabilities; for a price they stay as they are.
# Then one number has to say how wrong the answer was, for that number is all that learning ever sees.

# %%
import warnings

import numpy as np

import glassnet as torch
from glassnet import nn
from glassnet.lessons import bars, beside, check, curves, reveal, show

# %% [markdown]
# ## Softmax
#
# $$p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$$
#
# Scores 2, 1 and 0.1. What probability does the first one get? (A guess is enough.)

# %%
guess = ...

# %%
z = torch.tensor([2.0, 1.0, 0.1], dtype=torch.float64)
p = torch.softmax(z, dim=0)
reveal(guess, p[0].item(), "e² is 7.39 of 11.21 in all")
print("scores", z.tolist(), "->", [round(v, 3) for v in p.tolist()], "sum", p.sum().item())

# %% [markdown]
# A digit classifier gives ten scores. The largest, 3.1, stands for the 2.

# %%
scores = np.array([0.5, 0.2, 3.1, 1.0, -0.5, -1.0, -1.2, -1.1, -1.3, -1.15])
p = torch.softmax(torch.tensor(scores), dim=0).array
for digit in range(5):
    print(f"{digit}: score {scores[digit]:5.1f}   e^z {np.exp(scores[digit]):6.2f}   {p[digit]:6.1%}")
print(f"5 to 9 together: {p[5:].sum():.1%}; it is a {p.argmax()} with {p.max():.0%} confidence")
print(
    f"over the first five alone it would be {np.exp(3.1) / np.exp(scores[:5]).sum():.1%}: a softmax needs all its scores"
)
show(
    beside(
        bars({str(i): v for i, v in enumerate(scores)}, title="scores", size=(330, 0)),
        bars({str(i): v for i, v in enumerate(p)}, title="probabilities", size=(330, 0)),
    )
)

# %% [markdown]
# Dividing all scores by a **temperature** sharpens the answer (below 1) or flattens it (above 1). The order never
# changes.

# %%
for temperature in (0.5, 1, 2, 10):
    print(f"T = {temperature:<4} {np.round(torch.softmax(torch.tensor(scores / temperature), dim=0).array, 3)}")

# %% [markdown]
# ## Without overflow
#
# $e^{1000}$ is more than any float holds. But softmax does not change when the same number is taken from all scores;
# so take away the largest, and every exponent is 0 or less.

# %%
big = np.array([1000.0, 1001.0, 1002.0])
with warnings.catch_warnings(), np.errstate(all="ignore"):
    print("naive:  ", np.exp(big) / np.exp(big).sum())
print("shifted:", np.exp(big - big.max()) / np.exp(big - big.max()).sum())
print("engine: ", torch.softmax(torch.tensor(big), dim=0).array)

# %% [markdown]
# The sigmoid has the same trouble at -1000. Written as in the books, NumPy warns; and the usual cure, to clip the sum to
# ±500, is none in float32, where $e^{500}$ is infinite too. The engine takes whichever form has a negative exponent.

# %%
for z in (np.float64(-1000), np.float32(-500)):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        naive = 1 / (1 + np.exp(-z))
    print(f"naive sigmoid of {z:g} in {z.dtype}: {naive:g}, with the warning {str(warned[0].message)!r}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it would stop here
        print(f"engine:  sigmoid of {z:g}: {torch.sigmoid(torch.tensor(z)).item():g}, without one")

# %% [markdown]
# ### Exercise 5.1
# Write softmax over the **last** axis of an array of any shape, so that it survives scores of 1000.


# %%
def softmax(z):
    return ...


check("5.1", ... if softmax(np.ones(2)) is ... else softmax)

# %% [markdown]
# ## Cross-entropy: the price of surprise
#
# If the true class got probability $p$, the loss is $-\ln p$. With one-hot targets the formula with the sum,
# $-\sum_i y_i \ln \hat y_i$, says the same: all other terms are 0. Guess: how much dearer is 1 % than 50 %?

# %%
guess = ...  # how many times the loss

# %%
for probability in (0.99, 0.5, 0.01):
    print(f"p = {probability:4.0%}   loss {-np.log(probability):.6f}")
reveal(guess, float(np.log(0.01) / np.log(0.5)), "and it has no upper end: confident and wrong is dear")
q = np.linspace(0.005, 0.995, 199)
show(
    curves(
        {"truth is 1": -np.log(q), "truth is 0": -np.log(1 - q)},
        q,
        title="binary cross-entropy",
        x_label="ŷ",
        y_label="loss",
    )
)
target = torch.tensor([2])
one_hot = torch.zeros(1, 10).double()
one_hot[0, 2] = 1.0
row = torch.tensor(scores).unsqueeze(0)
print("by class number:", nn.functional.cross_entropy(row, target).item())
print("by one-hot row: ", nn.functional.cross_entropy(row, one_hot).item(), " one-hot:", one_hot[0].tolist())

# %% [markdown]
# ### Exercise 5.2
# A classifier of ten classes that knows nothing gives 0.1 to each. What is its loss? And with 1000 classes?
# (This number is worth remembering: it is what the first line of your training log should show.)

# %%
ten, thousand = ..., ...
check("5.2", ten, thousand)

# %%
# the claim, tried: weights from chance and small, and a picture of noise for a 7
rng = np.random.default_rng(0)
W1, W2 = rng.normal(size=(128, 784)) * 0.01, rng.normal(size=(10, 128)) * 0.01
p = torch.softmax(torch.tensor(W2 @ np.maximum(0, W1 @ rng.random(784))), dim=0).array
print("ten guesses:", p.round(3), "  loss for a 7:", round(-np.log(p[7]), 3))
assert np.all(np.abs(p - 0.1) < 0.005)

# %% [markdown]
# ## Squares, and absolute values
#
# For numbers instead of classes: the mean of the squares (MSE) or of the absolute values (MAE). 5.2 instead of 4.0
# costs $1.2^2 = 1.44$. Squares make one outlier loud. Fit one constant to five prices, one of them mistyped:

# %%
prices = np.array([300.0, 310, 320, 330, 3400])
best = {"MSE": prices.mean(), "MAE": np.median(prices)}
for name, value in best.items():
    clean = {"MSE": prices[:4].mean(), "MAE": np.median(prices[:4])}[name]
    print(
        f"best constant under {name}: {value:7.1f}   without the outlier: {clean:6.1f}   moved by {value - clean:.1f}"
    )

# %% [markdown]
# ### Exercise 5.3
# Which loss and which last layer? Give a letter for each task.
#
# 1. which of ten digits
# 2. tomorrow's temperature
# 3. spam or not
# 4. which of ten objects are in a photo (any number of them)
#
# The letters:
#
# * **a** linear output with MSE
# * **b** one sigmoid unit with binary cross-entropy
# * **c** ten softmax units with cross-entropy
# * **d** ten sigmoid units with binary cross-entropy

# %%
letters = ...  # such as "abcd", in the order of the tasks
check("5.3", letters)

# %% [markdown]
# ## The gradient that everything else cancels into
#
# Softmax followed by cross-entropy has the simplest slope there is: **probability minus truth**, $p - y$. Each score is
# pushed by exactly as much as it was wrong. The tape agrees:

# %%
z = torch.tensor([[2.0, 1.0, 0.1]], dtype=torch.float64, requires_grad=True)
nn.functional.cross_entropy(z, torch.tensor([1])).backward()
print("from the tape:", z.grad.array[0].round(6))
print("p - y:        ", (torch.softmax(z.detach(), dim=1).array[0] - np.array([0, 1, 0])).round(6))

# %% [markdown]
# ### Exercise 5.4
# One sigmoid output says 0.7953 where the truth is 1. Give the slope of the loss along the **score** (the sum before the
# sigmoid) for binary cross-entropy, and for $\tfrac12(\hat y - y)^2$.

# %%
bce_slope, square_slope = ..., ...
check("5.4", bce_slope, square_slope)

# %% [markdown]
# The second is six times smaller, though the answer is the same: under squares a sigmoid that is far off learns slowly,
# because its own flat slope is a factor. This is why cross-entropy replaced squares for classes.
#
# ## Where the lectures are loose or wrong
#
# * **Four conventions for the squared error**: mean, sum, half of it, and half of the mean. They differ by a factor in the
#   gradient, so the same learning rate means something else. One lecture uses two of them, both called MSE.
# * **Its `cross_entropy` averages over all numbers**, classes included, but its `backward` divides by the samples only:
#   for ten outputs the printed loss is a tenth of what the gradient belongs to.
# * **A tiny ε of 1e-15** against log 0 vanishes in float32, where 1 - 1e-15 *is* 1. PyTorch (and the engine) instead
#   stops each logarithm at -100; best is to keep the score and never form the probability.
# * **The softmax table** shows five scores of ten; its percentages need the other five, which were left out. The ones
#   used above are supplied so that the printed percentages come out.
# * **A "sigmoid or softmax" output for classes** is two different things: see exercise 5.3, tasks 1 and 4.

# %%
y_hat = np.float32(0.0)
print("float32, 1 - 1e-15 == 1:", np.float32(1) - np.float32(1e-15) == np.float32(1))
print(
    "BCE at ŷ = 0, y = 1: clipped at 1e-15:",
    round(-np.log(1e-15), 2),
    "  engine:",
    nn.functional.binary_cross_entropy(torch.tensor([0.0]), torch.tensor([1.0])).item(),
)
print(
    "from the score -1000:",
    nn.functional.binary_cross_entropy_with_logits(torch.tensor([-1000.0]), torch.tensor([1.0])).item(),
)
