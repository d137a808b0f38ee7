# ---
# title: Forward, by hand
# minutes: 30
# level: beginner
# needs: lesson 3; what a product of matrices is
# learn: to compute a network's answer on paper, to know every shape on the way, and to count parameters
# ---

# %% [markdown]
# # 4. Forward, by hand
#
# A network's answer is arithmetic that fits on one sheet: weigh, bend, weigh, bend. We do it on paper once, with a
# network small enough, and then let the shapes grow.

# %%
import numpy as np

import glassnet as torch
from glassnet import explain, nn
from glassnet.basics import columns
from glassnet.lessons import check, draw_network, reveal, show

# %% [markdown]
# ## The whole recipe
#
# 1. $h^{(0)} = x$
# 2. weigh: $z^{(l)} = W^{(l)} h^{(l-1)} + b^{(l)}$
# 3. bend: $h^{(l)} = \sigma(z^{(l)})$
# 4. repeat 2 and 3 for $l = 1 \dots L$
# 5. $\hat y = h^{(L)}$
#
# In Python it has the same five lines:


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(x, W, b):
    h = x  # 1
    for l in range(len(W)):  # 4
        z = W[l] @ h + b[l]  # 2
        h = sigmoid(z)  # 3
    return h  # 5


# %% [markdown]
# ## By hand: 2-2-1 with sigmoids
#
# $x = (1, 2)$, and these weights. Take a pencil. What is the output? (Three digits are plenty.)

# %%
W = [np.array([[0.5, 0.3], [0.2, 0.4]]), np.array([[0.6, 0.7]])]
b = [np.array([0.1, 0.2]), np.array([0.3])]
x = np.array([1.0, 2.0])
guess = ...

# %%
y = forward(x, W, b)
reveal(guess, float(y[0]), "both hidden sums happen to be 1.2")
h = sigmoid(W[0] @ x + b[0])
show(draw_network([2, 2, 1], W, [x, h, y], title="forward: 2-2-1"))


def as_model(W, b, *activations):
    """The same weights as a module; a layer's weight is (outputs, inputs), as in PyTorch."""
    layers = []
    for Wl, bl, activation in zip(W, b, activations):
        linear = nn.Linear(Wl.shape[1], Wl.shape[0]).double()
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(Wl))
            linear.bias.copy_(torch.tensor(bl))
        layers += [linear, activation]
    return nn.Sequential(*layers)


model = as_model(W, b, nn.Sigmoid(), nn.Sigmoid())
print(explain(model, torch.tensor(x).unsqueeze(0)).text(width=88))
assert abs(model(torch.tensor(x)).item() - y[0]) < 1e-12

# %% [markdown]
# `explain` reads this from the tape of the very run that made the number. It does so for any model of yours.
#
# ### Exercise 4.1
# Your turn, with ReLU in the hidden layer and a sigmoid at the end: $x = (1, 0.5)$,
# $W_1 = \begin{pmatrix}0.5 & 0.8\\ -0.3 & 0.6\end{pmatrix}$, $b_1 = (-0.1, 0.2)$, $w_2 = (0.7, -0.5)$, $b_2 = -0.1$.
# Give $z$ (two numbers), $h$ (two numbers), the output's sum, and the output.

# %%
z, h, z_out, y_hat = ..., ..., ..., ...
check("4.1", z, h, z_out, y_hat)

# %% [markdown]
# ## Shapes
#
# Two conventions are in use, and half of all bugs live between them.
#
# | | samples are | a layer computes | $W$ is |
# |---|---|---|---|
# | textbooks, `glassnet.basics.columns` | columns: X is (features, m) | `W @ X + b` | (out, in) |
# | PyTorch, the engine here | rows: X is (m, features) | `X @ W.T + b` | (out, in) |
#
# The weights are the same; only the data are turned on their side.

# %%
rng = np.random.default_rng(0)
X = np.arange(6.0).reshape(3, 2)  # three samples of two features, in rows
W10, b10 = rng.normal(size=(10, 2)), rng.normal(size=10)
rows = X @ W10.T + b10  # (3, 10) = (3, 2) @ (2, 10)
cols = W10 @ X.T + b10[:, None]  # (10, 3) = (10, 2) @ (2, 3)
print(rows.shape, cols.shape, "largest difference", np.abs(rows - cols.T).max())

# %% [markdown]
# For 784-128-10 and m = 32 images, in columns: $Z_1$ is (128, 784)·(784, 32) = (128, 32), and $Z_2$ is
# (10, 128)·(128, 32) = (10, 32). The module `columns` has the whole network in this form, in functions of a few lines.

# %%
parameters = columns.initialize_parameters([784, 128, 10])
AL, caches = columns.forward(rng.random((784, 32)), parameters)
for number, (A, Wl, bl, Z) in enumerate(caches, 1):
    print(f"layer {number}: W {Wl.shape} @ A {A.shape} + b {bl.shape} = Z {Z.shape}")

# %% [markdown]
# ### Exercise 4.2
# Images of 28 x 28 pixels, a batch of 64, in **rows**, through `nn.Linear(784, 256)`, ReLU, `nn.Linear(256, 10)`.
# Give four shapes: of the input, of the first weight, of what the hidden layer gives, of the output.

# %%
shapes = ...  # [(…, …), (…, …), (…, …), (…, …)]
check("4.2", shapes)

# %% [markdown]
# ## Counting
#
# A layer of $n$ inputs and $m$ outputs has $nm$ weights and $m$ biases. How many numbers does 784-128-10 have?

# %%
guess = ...


# %%
def count(sizes):
    terms = [(n * m, m) for n, m in zip(sizes, sizes[1:])]
    print(
        "-".join(map(str, sizes)), "=", " + ".join(f"{w:,} + {b:,}" for w, b in terms), "=", f"{sum(map(sum, terms)):,}"
    )
    return sum(map(sum, terms))


reveal(guess, count([784, 128, 10]), "nearly all of them between the pixels and the hidden layer")
for sizes in (
    [2, 1],
    [2, 2, 1],
    [2, 10, 1],
    [4, 3, 2],
    [784, 10],
    [784, 128, 64, 10],
    [784, 10_000, 10],
    [784] + [100] * 10 + [10],
):
    count(sizes)
show(draw_network([4, 3, 2]))

# %% [markdown]
# ### Exercise 4.3
# A network 10-?-1 with one hidden layer has 121 parameters. How many hidden units?

# %%
units = ...
check("4.3", units)

# %% [markdown]
# ### Exercise 4.4
# Write `forward_rows(X, W, b)`: X is `(m, features)`, `W` and `b` are lists as above, hidden layers are ReLU, and the
# last layer has **no** activation. It returns `(m, outputs)`.


# %%
def forward_rows(X, W, b):
    return ...


check("4.4", ... if forward_rows(np.ones((1, 2)), [np.ones((1, 2))], [np.ones(1)]) is ... else forward_rows)

# %% [markdown]
# ## A network is a function
#
# Put all parameters into one long vector θ, and a network is nothing but $f(x; \theta)$. Learning means looking for a
# good θ. `functional_call` takes it at its word.

# %%
from glassnet.func import functional_call

theta = {name: p.detach() for name, p in model.named_parameters()}
print({name: p.array.tolist() for name, p in theta.items()})
print("f(x; θ) =", functional_call(model, theta, torch.tensor(x)).item(), "  model(x) =", model(torch.tensor(x)).item())
print("f(x; 0) =", functional_call(model, {name: 0 * p for name, p in theta.items()}, torch.tensor(x)).item())

# %% [markdown]
# A network is also a **composition**: layers inside layers. The formula can be read off the model, and it is a line of NumPy:


# %%
def strip_and_formula(model):
    """The way of x through a model of linear layers and sigmoids, as a strip and as one formula."""
    strip, formula, layer = "x", "x", 0
    for part in model:
        if isinstance(part, nn.Linear):
            layer += 1
            strip, formula = f"{strip} → [W{layer}, b{layer}]", f"W{layer} @ {formula} + b{layer}"
        else:
            strip, formula = f"{strip} → σ → h{layer}", f"sigmoid({formula})"
    return strip.removesuffix(f"h{layer}") + "ŷ", formula


torch.manual_seed(0)
three = nn.Sequential(
    nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 1), nn.Sigmoid()
).double()
strip, formula = strip_and_formula(three)
print(strip)
print("ŷ =", formula)
W1, W2, W3 = (part.weight.array for part in (three[0], three[2], three[4]))
b1, b2, b3 = (part.bias.array for part in (three[0], three[2], three[4]))
by_formula = sigmoid(W3 @ sigmoid(W2 @ sigmoid(W1 @ x + b1) + b2) + b3)[0]  # typed off the line above
print("by the formula:", by_formula, "  by the model:", three(torch.tensor(x)).item())
assert abs(by_formula - three(torch.tensor(x)).item()) < 1e-12

# %% [markdown]
# ## Where the lectures are loose or wrong
#
# * **How many layers?** One slide says L = 5 for input, three hidden, output; its own formula runs $l = 1 \dots L$ with
#   $h^{(0)} = x$, which makes L = 4. Here a layer is what has weights.
# * **The "made-up" $W_1$** of one lecture is a 3 x 2 matrix, but the network it is said to come from has two hidden
#   units and 9 parameters. With three hidden units there are $3 \cdot 2 + 3 + 3 + 1 = 13$.
# * **Rounded numbers are carried on.** A hand calculation prints 0.461 + 0.538 + 0.3 = 1.299 from 0.769; the exact sum is
#   1.299082. It is harmless here, and less so in the backward pass of lesson 6.
# * The numbers of one worked example were lost from the slides; those of exercise 4.1 are supplied, and fit the
#   output of 59 % that survived.
