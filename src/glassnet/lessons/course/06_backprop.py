# ---
# title: The chain rule, and backpropagation by hand
# minutes: 45
# level: middle
# needs: lessons 4 and 5; what a derivative is
# learn: to work out every gradient of a small network on paper, and why one backward pass is enough for all weights
# ---

# %% [markdown]
# # 6. The chain rule, and backpropagation by hand
#
# The gradient of a weight answers one question: *if I raise this weight a little, does the loss go up or down, and how
# fast?* Asking it for 100,000 weights one at a time takes 100,000 forward passes. Backpropagation answers for all of
# them in one pass backward. It is the chain rule, with the intermediate results kept.

# %%
import time

import numpy as np

import glassnet as torch
from glassnet import nn
from glassnet.basics import Value, columns
from glassnet.lessons import Picture, bars, check, curves, draw_boxes, reveal, show, sized
from glassnet.read.examples.work import find_example

# %% [markdown]
# ## The chain rule
#
# $y = \sin(x^2)$. Inside is $g = x^2$ with slope $2x$; outside is $\sin g$ with slope $\cos g$. The slopes multiply:
# $dy/dx = \cos(x^2) \cdot 2x$. At x = 1 that is about ...

# %%
guess = ...

# %%
x = torch.tensor(1.0).double().requires_grad_()
torch.sin(x**2).backward()
reveal(guess, x.grad.item(), "cos(1) times 2")
x = torch.tensor(2.0).double().requires_grad_()
torch.sin(x**2).backward()
print("at x = 2:", x.grad.item(), "=", np.cos(4.0), "*", 4.0)

# %% [markdown]
# ## Blame, shared out
#
# An analogy first. A project failed, and the director shares out the blame: 40 % to engineering, of that 70 % to the
# back end, and of that half to Alice. Her share is the product along the path. (Real gradients have signs and need not
# add up to 1. Else the picture holds.)

# %%
tree = {"sales": [0.6], "front end": [0.4, 0.3], "Alice": [0.4, 0.7, 0.5], "Bob": [0.4, 0.7, 0.5]}
for name, shares in tree.items():
    print(f"{name:10} {' x '.join(f'{s:.0%}' for s in shares)} = {np.prod(shares):.0%}")

places = {  # where each stands, under whom, and which share that one passes on
    "director": (230, 40, None, 1.0),
    "sales": (110, 105, "director", 0.6),
    "engineering": (350, 105, "director", 0.4),
    "front end": (270, 170, "engineering", 0.3),
    "back end": (430, 170, "engineering", 0.7),
    "Alice": (370, 235, "back end", 0.5),
    "Bob": (490, 235, "back end", 0.5),
}
picture, blame = Picture(560, 262, "the tree of blame"), {}
for name, (px, py, above, share) in places.items():
    blame[name] = share * blame.get(above, 1.0)
    if above:
        ax, ay = places[above][:2]
        picture.line(ax, ay + 20, px, py - 14, width=1 + 4 * share)
        picture.text((ax + px) / 2, (ay + py) / 2 + 6, f"x {share:.0%}", 11)
    picture.text(px, py, name, 13)
    picture.text(px, py + 15, f"{blame[name]:.0%}", 12, colour="#0877bd")
show(picture)

# %% [markdown]
# When several paths lead to the same number, the products are **added**. Here is the whole algorithm at work on single
# numbers. `Value` is 99 lines of plain Python; look at it with `Value??`.

# %%
w, b, inp = Value(0.5), Value(1.0), Value(2.0)
y = (w * inp + b).sigmoid()
loss = (y - 1) ** 2
loss.backward()
print(f"z = 2, y = {y.data:.6f}, loss = {loss.data:.6f}")
print(f"dL/dy = 2(y-1) = {2 * (y.data - 1):.6f};  dy/dz = y(1-y) = {y.data * (1 - y.data):.6f}")
print(
    f"dL/dw = {w.grad:.6f}   dL/db = {b.grad:.6f}   after a step of 0.1: w = {0.5 - 0.1 * w.grad:.6f}, b = {1 - 0.1 * b.grad:.6f}"
)

# %% [markdown]
# What flows where, in one step: numbers forward, slopes backward, and then the update.

# %%
show(
    draw_boxes(
        [
            ("what there is", ["x = 2", "w = 0.5", "b = 1", "target 1"]),
            ("forward", ["z = wx + b = 2", f"a = σ(z) = {y.data:.4f}", f"L = (a − 1)² = {loss.data:.5f}"]),
            ("backward", [f"dL/da = {2 * (y.data - 1):.4f}", f"dL/dw = {w.grad:.5f}", f"dL/db = {b.grad:.5f}"]),
            ("update, rate 0.1", [f"w' = {0.5 - 0.1 * w.grad:.5f}", f"b' = {1 - 0.1 * b.grad:.5f}"]),
        ],
        title="one step of one neuron",
    )
)

# %% [markdown]
# Is it true? **Nudge and look**: raise w a little, and see what the loss does.

# %%
h = 1e-5
nudged = [((1 / (1 + np.exp(-((0.5 + d) * 2 + 1)))) - 1) ** 2 for d in (-h, h)]
print("by nudging:", (nudged[1] - nudged[0]) / (2 * h), "  by the chain rule:", w.grad)

# %% [markdown]
# ## A whole network on paper
#
# 2-2-1, sigmoids everywhere, $x = (0.5, 1)$, target 1, loss $\tfrac12(y - \hat y)^2$. Four equations do everything
# ($\odot$ multiplies number by number):
#
# $$\delta^{(L)} = \frac{\partial L}{\partial a^{(L)}} \odot \sigma'(z^{(L)}), \qquad
# \delta^{(l)} = (W^{(l+1)})^T \delta^{(l+1)} \odot \sigma'(z^{(l)})$$
# $$\frac{\partial L}{\partial W^{(l)}} = \delta^{(l)} (a^{(l-1)})^T, \qquad \frac{\partial L}{\partial b^{(l)}} = \delta^{(l)}$$

# %%
W1, b1 = np.array([[0.4, 0.6], [0.3, 0.5]]), np.array([0.1, 0.2])
W2, b2 = np.array([[0.7, 0.8]]), np.array([0.3])
x, y = np.array([0.5, 1.0]), 1.0


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


z1 = W1 @ x + b1
a1 = sigmoid(z1)
z2 = W2 @ a1 + b2
y_hat = sigmoid(z2)
print("forward:  z1", z1, " a1", a1.round(6), " z2", z2.round(6), " ŷ", y_hat.round(6))
print("loss:    ", 0.5 * (y - y_hat[0]) ** 2)

# %% [markdown]
# ### Exercise 6.1
# The output's δ: first $\sigma'(z_2) = \hat y(1 - \hat y)$, then $\delta_2 = (\hat y - y)\,\sigma'(z_2)$. (Four digits.)

# %%
slope, delta2 = ..., ...
check("6.1", slope, delta2)

# %% [markdown]
# ### Exercise 6.2
# Go on: the gradients of $W_2$ (two numbers) and $b_2$; then $\delta_1$ (two numbers); then the gradients of $W_1$ (2 x 2).

# %%
dW2, db2, delta1, dW1 = ..., ..., ..., ...
check("6.2", dW2, db2, delta1, dW1)

# %% [markdown]
# ### Exercise 6.3
# One step with rate 0.5. The new $W_2$, and: is the loss smaller now? (Give two numbers, and True or False.)

# %%
new_W2, smaller = ..., ...
check("6.3", new_W2, smaller)

# %% [markdown]
# The same by the tape, number by number, beside what the lecture prints. Run this cell *after* your own attempt.

# %%
example = find_example("W03")
work = example.work()
for name in ("yhat", "loss = 1/2 (y-yhat)^2", "sigma'(z2)", "delta2 = dL/dz2", "dL/dW2", "loss after the update"):
    print(f"{name:24} {work.values[name]}")
print("(all of it: glassnet explain --example W03)")

# %% [markdown]
# And one weight alone, $W_1$ from $x_2$ to the first hidden unit: five factors lie on its way to the loss, and their
# product is its gradient. As matrices the same five have these shapes:

# %%
a, y_out = sigmoid(W1 @ x + b1), sigmoid(W2 @ sigmoid(W1 @ x + b1) + b2)
factors = [
    ("dL/dŷ", y_out - y, (y_out - y)[0]),
    ("dŷ/dz2", y_out * (1 - y_out), (y_out * (1 - y_out))[0]),
    ("dz2/da1", W2, W2[0, 0]),
    ("da1/dz1", np.diag(a * (1 - a)), (a * (1 - a))[0]),
    ("dz1/dW1", x, x[1]),
]
product = 1.0
for name, whole, number in factors:
    product *= number
    print(f"{name:8} {whole.shape!s:7} on this way {number:9.6f}   product so far {product:9.6f}")
print(f"the gradient by the tape: {work.values['dL/dW1_12']:.6f}")
assert abs(product - work.values["dL/dW1_12"]) < 1e-12

# %% [markdown]
# ## In matrices, and for any depth
#
# For many samples at once, in columns, with ReLU and a sigmoid at the end: the module `columns` does it in ten lines.
# They must agree with the engine.

# %%
rng = np.random.default_rng(0)
parameters = columns.initialize_parameters([3, 5, 4, 1], seed=1)
X, Y = rng.normal(size=(3, 7)), (rng.random((1, 7)) > 0.5).astype(float)
AL, caches = columns.forward(X, parameters)
gradients = columns.backward(AL, Y, caches)

layers = []
for l in (1, 2, 3):
    linear = nn.Linear(*parameters[f"W{l}"].shape[::-1]).double()
    with torch.no_grad():
        linear.weight.copy_(torch.tensor(parameters[f"W{l}"]))
        linear.bias.copy_(torch.tensor(parameters[f"b{l}"][:, 0]))
    layers += [linear, nn.ReLU() if l < 3 else nn.Sigmoid()]
model = nn.Sequential(*layers)
nn.functional.binary_cross_entropy(model(torch.tensor(X.T.copy())), torch.tensor(Y.T.copy())).backward()
for l in (1, 2, 3):
    off = np.abs(model[2 * l - 2].weight.grad.array - gradients[f"dW{l}"]).max()
    print(f"dW{l}: largest difference from the engine {off:.1e}")
    assert off < 1e-12

# %% [markdown]
# Who is to blame most? All parameters of that network, by the size of their gradient; the update is proportional to it.

# %%
blame = [
    (f"{name}{list(place)}", float(p.grad.array[place]))
    for name, p in model.named_parameters()
    for place in np.ndindex(p.array.shape)
]
for name, g in sorted(blame, key=lambda pair: -abs(pair[1]))[:5]:
    print(f"{name:18} gradient {g:+.4f}   a step of 0.1 adds {-0.1 * g:+.4f}")

# %% [markdown]
# ### Exercise 6.4
# Write the backward pass of one layer `Z = W @ A + b` (samples in columns): given `dZ` `(out, m)`, `A` `(in, m)` and `W`,
# return `dW`, `db` `(out, 1)` and `dA`. The loss is a sum here: no division by m.


# %%
def layer_backward(dZ, A, W):
    return ...  # dW, db, dA


check("6.4", ... if layer_backward(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1))) is ... else layer_backward)

# %% [markdown]
# ## Why backward?
#
# 784-128-10 has 101,770 parameters. How many forward passes would nudging need, with a nudge up and a nudge down each?

# %%
guess = ...

# %%
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
total = sum(p.numel() for p in net.parameters())
reveal(guess, 2 * total, "and backpropagation needs one forward and one backward pass")
xb, tb = torch.randn(32, 784), torch.randint(0, 10, (32,))


def best(work, times=sized(20, quick=3)):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


with torch.no_grad():
    forward = best(lambda: nn.functional.cross_entropy(net(xb), tb))


def there_and_back(net):
    net.zero_grad()  # else each gradient is added to the last one, and that is timed too
    nn.functional.cross_entropy(net(xb), tb).backward()


both = best(lambda: there_and_back(net))
print(f"a forward pass {forward * 1e3:.2f} ms; forward and backward {both * 1e3:.2f} ms")
print(
    f"so nudging every weight: {2 * total * forward:.0f} s; backpropagation is {2 * total * forward / both:,.0f} times faster"
)

# %% [markdown]
# The same idea as with one neuron, on a bigger graph. How big? Here is the tape of that one step.

# %%
from glassnet.core.mode import recording

with recording() as tape:
    lost = nn.functional.cross_entropy(net(xb), tb)
    forward_nodes = len(tape.nodes)
    lost.backward()
for part, nodes in (("forward", tape.nodes[:forward_nodes]), ("backward", tape.nodes[forward_nodes:])):
    kept = sum(t.array.nbytes for t in nodes if not t.op.view)  # a window on another result costs nothing
    print(f"{part:8} {len(nodes):3} nodes, {kept:9,} bytes:", ", ".join(t.op.name for t in nodes))
there, back = 2 * 32 * (784 * 128 + 128 * 10), 2 * 32 * (784 * 128 + 2 * 128 * 10)  # the pixels need no slope
print(f"behind these few names: {there:,} additions and multiplications in the products forward, {back:,} backward")

# %% [markdown]
# Is the price of the backward pass a constant? A constant *factor*: look at growing networks.

# %%
for width in sized((64, 256, 1024), quick=(64, 256)):
    grown = nn.Sequential(nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 10))
    with torch.no_grad():
        there = best(lambda: nn.functional.cross_entropy(grown(xb), tb))
    and_back = best(lambda: there_and_back(grown))
    print(f"{width:5} units: forward {there * 1e3:6.2f} ms, with backward {and_back / there:.1f} times that")

# %% [markdown]
# ## Nudging is still good for one thing: checking
#
# Finite differences are slow and rough, and therefore an honest witness. How rough depends on the nudge: too large and
# the curve bends away, too small and the subtraction eats the digits. The error has the shape of a U.

# %%
true = np.cos(1.0) * 2
steps = 10.0 ** -np.arange(1, 15)
errors = [abs((np.sin((1 + s) ** 2) - np.sin((1 - s) ** 2)) / (2 * s) - true) + 1e-17 for s in steps]
show(
    curves(
        {"error": (np.log10(steps), errors)},
        title="finite differences",
        x_label="log10 of the nudge",
        y_label="error",
        log=True,
    )
)
print(f"best nudge: {steps[int(np.argmin(errors))]:.0e}, error {min(errors):.1e}")

# %% [markdown]
# `glassnet gradcheck` does this for every weight of a network, and `torch.autograd.gradcheck` for a function.
#
# ## Where the lectures are loose or wrong
#
# * **The pseudocode forgets the last layer.** Its loop runs `l = L-1 .. 1` and fills `dW[l]`, `db[l]` there; `dW[L]` and
#   `db[L]` are used by the update and never computed. Two lines are missing before the loop:
#   `dW[L] = delta[L] * a[L-1].T` and `db[L] = delta[L]`. One `*` means a matrix product there, another a product
#   number by number.
# * **16 of 28 printed numbers are off in the last digit**, because rounded values were carried on: $z_2$ is printed as
#   1.359 and is 1.358118; the loss as 0.0208 and is 0.020920. A calculation on paper should carry two digits more than
#   it prints.
# * **A function `cross_entropy` and its `backward`** differ by the number of outputs: with one output they agree to 1e-9,
#   with three the gradient is three times that of the printed loss.
# * **"O(1) overhead"** of automatic differentiation: the cost is a small *factor* (two to four forward passes), not a
#   constant number of seconds, and it keeps every intermediate result in memory.
