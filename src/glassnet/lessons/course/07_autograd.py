# ---
# title: Autograd: the tape, forward and backward
# minutes: 30
# level: middle
# needs: lesson 6
# learn: what a framework records, how it walks back, and the mistakes that follow from not knowing it
# ---

# %% [markdown]
# # 7. Autograd: the tape, forward and backward
#
# Nobody derives the gradient of a large network by hand, and no framework does it with symbols either. It writes down
# each operation as it runs: that list is the **tape** (or graph). Going backward it multiplies each operation's own small
# derivative into what came from above.

# %%
import numpy as np

import glassnet as torch
from glassnet import explain, nn
from glassnet.basics import Value
from glassnet.core.ops import OPS
from glassnet.lessons import Annotated, check, curves, draw_graph, reveal, show, sized

# %% [markdown]
# ## One variable
#
# $y = x^2 + 3x$ at x = 2. What is the slope there?

# %%
guess = ...

# %%
x = torch.tensor([2.0], requires_grad=True)
y = x**2 + 3 * x
y.backward()
reveal(guess, x.grad.item(), "2x + 3 at x = 2")
print(y.item(), x.grad)

# %% [markdown]
# Here is the graph of that run, drawn from the scalar engine of lesson 6. Each box holds its value and its slope; the
# blue numbers are the local derivatives. Multiply along a path, add the paths up: that is all.

# %%
v = Value(2.0)
out = v**2 + v * 3.0
out.backward()
show(draw_graph(out, [(v, "x"), (out, "y")], "y = x² + 3x"))

# %% [markdown]
# ## A neuron with a loss

# %%
w, b, inp = Value(0.5), Value(1.0), Value(2.0)
y_hat = (w * inp + b).sigmoid()
loss = (y_hat + -1.0) ** 2
loss.backward()
show(draw_graph(loss, [(w, "w"), (b, "b"), (inp, "x"), (y_hat, "ŷ"), (loss, "L")], "L = (σ(wx + b) - 1)²"))

x = torch.tensor([2.0], requires_grad=True)
w = torch.tensor([0.5], requires_grad=True)
b = torch.tensor([1.0], requires_grad=True)
y = torch.sigmoid(w * x + b)
loss = (y - 1) ** 2
loss.backward()
print(w.grad, b.grad)

# %% [markdown]
# The engine can read its own tape aloud. Every line below is one or more rows of it, in the order in which they ran,
# then backward:

# %%
w, b, x = (torch.tensor(v, requires_grad=True) for v in (0.5, 1.0, 2.0))
print(explain((torch.sigmoid(w * x + b) - 1) ** 2, names={"w": w, "b": b, "x": x}).text(width=88))
print(f"the table of operations has {len(OPS)} rows, among them: {', '.join(list(OPS)[:12])}, …")

# %% [markdown]
# ### Exercise 7.1
# $f = (a + b)\,c$ with a = 1, b = 2, c = -4. Give the three slopes, without running anything.

# %%
da, db, dc = ..., ..., ...
check("7.1", da, db, dc)

# %% [markdown]
# ## Gradients add up
#
# `backward` **adds** to `.grad`. That is right within one graph (paths add up) and a trap between two. If you call it
# three times without clearing, on a loss whose slope is 7: what does `.grad` hold?

# %%
guess = ...

# %%
x = torch.tensor([2.0], requires_grad=True)
for _ in range(3):
    (x**2 + 3 * x).backward()
reveal(guess, x.grad.item(), "which is why every training step begins with zero_grad()")

# %% [markdown]
# So the loop that trains every network has five lines, and each has its reason. Rest the pointer on a line.

# %%
Annotated(
    [
        ("optimizer.zero_grad()", "forgets the slopes of the step before", "backward adds to what is there"),
        ("y = model(x)", "computes the answers, and writes the tape", "backward needs every number in between"),
        ("loss = criterion(y, t)", "makes one number of how wrong they are", "a slope is the slope of one number"),
        ("loss.backward()", "reads the tape backward", "every weight gets its slope, in one pass"),
        ("optimizer.step()", "moves each weight against its slope", "only now does the network change"),
    ]
)

# %% [markdown]
# ## The graph follows the program
#
# The tape is made anew in each run, so `if` and `for` are allowed: two inputs may leave two different tapes.


# %%
def wobbly(x):
    y = x
    while y.abs() < 10:  # how often this turns depends on the numbers
        y = y * 2 if y > 0 else y - 1
    return y


for start in (1.5, 6.0, -8.0):
    x = torch.tensor(start, requires_grad=True)
    y = wobbly(x)
    y.backward()
    node, way = y.grad_fn, []
    while node is not None and node.next_functions:
        way.append(node.name())
        node = node.next_functions[0][0]
    print(f"from {start:5}: y = {y.item():5}, slope {x.grad.item():g}; the way back: {', '.join(way)}")

# %% [markdown]
# Such a network trains like any other. This one sends a batch through its middle layer again and again until the numbers
# are large enough, and so has no fixed depth:


# %%
class Patient(nn.Module):
    """A middle layer that is used once to five times, as the numbers ask for."""

    def __init__(self):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(1, 8), nn.Linear(8, 8), nn.Linear(8, 1)
        self.used = 0

    def forward(self, x):
        h, self.used = torch.tanh(self.first(x)), 1
        h = torch.tanh(self.middle(h))
        while h.abs().mean() < 0.6 and self.used < 5:
            h, self.used = torch.tanh(2 * self.middle(h)), self.used + 1
        return self.last(h)


torch.manual_seed(0)
patient = Patient()
optimizer = torch.optim.Adam(patient.parameters(), lr=0.02)
losses, times = [], []
for _ in range(sized(300, quick=30)):
    x = torch.rand(16, 1) * 4 - 2  # another batch, and perhaps another depth
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(patient(x), torch.sin(2 * x))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    times.append(patient.used)
print("the middle layer was used", {k: times.count(k) for k in sorted(set(times))}, "(times: steps)")
print(f"loss {np.mean(losses[:10]):.3f} -> {np.mean(losses[-10:]):.3f}")

# %% [markdown]
# And whatever you write out of known operations has a derivative at once. Here is an activation of three lines:


# %%
def swish(z):
    return z * torch.sigmoid(z)


z = torch.linspace(-6, 6, 121).double().requires_grad_()
y = swish(z)
(slope,) = torch.autograd.grad(y.sum(), z, create_graph=True)
(bend,) = torch.autograd.grad(slope.sum(), z)  # the derivative of the derivative: the rules are made of operations too
show(
    curves(
        {"swish": y.detach().array, "slope": slope.detach().array, "bend": bend.array},
        z.detach().array,
        title="no derivative was typed in",
    )
)

# %% [markdown]
# ### Exercise 7.2
# The slope of swish at 0, exactly. (Work it out: product rule.)

# %%
slope_at_0 = ...
check("7.2", slope_at_0)

# %% [markdown]
# ## Three ways to a derivative
#
# | | how | good for | weak at |
# |---|---|---|---|
# | by hand | algebra | seeing why | long, and easy to get wrong |
# | by differences | nudge and look | checking | slow (two runs for each number), rough |
# | by the tape | chain rule on what ran | everything else | keeps all intermediate results in memory |
#
# All three on the neuron from above, $y = \sigma(wx + b)$ with $x = 2$, $w = 0.5$, $b = 1$ and the loss $(y - 1)^2$. By hand:
#
# $$\frac{dL}{dw} = 2\,(y - 1)\; y\,(1 - y)\; x$$

# %%
w, x, b = 0.5, 2.0, 1.0


def loss_at(w):
    return (1 / (1 + np.exp(-(w * x + b))) - 1) ** 2


y = 1 / (1 + np.exp(-(w * x + b)))
print("by hand:       ", 2 * (y - 1) * y * (1 - y) * x)
for h in (1e-2, 1e-5, 1e-12):
    print(f"by differences: {(loss_at(w + h) - loss_at(w - h)) / (2 * h)}   (nudged by {h:g})")
leaf = torch.tensor(w, dtype=torch.float64, requires_grad=True)
((torch.sigmoid(leaf * x + b) - 1) ** 2).backward()
print("by the tape:   ", leaf.grad.item())

# %% [markdown]
# ### Exercise 7.3
# Write the second way: `numeric_gradient(f, x)` for a function from an array to a number. Leave `x` as it was.


# %%
def numeric_gradient(f, x, h=1e-5):
    return ...  # an array like x


check("7.3", ... if numeric_gradient(np.sum, np.zeros(1)) is ... else numeric_gradient)

# %%
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
xs = torch.randn(6, 3).double().requires_grad_()
print("gradcheck of a network:", torch.autograd.gradcheck(lambda t: model(t).sum(), (xs,)))

# %% [markdown]
# ## Gradients as a function
#
# JAX turns the thing round: `grad(f)` *is* a function. The same engine does that too.

# %%
from glassnet.func import grad, hessian, vmap


def f(x):
    return torch.sin(x**2)


print(
    "f'(1) =",
    grad(f)(torch.tensor(1.0).double()).item(),
    "  f''(1) =",
    grad(grad(f))(torch.tensor(1.0).double()).item(),
)
print("at many places at once:", vmap(grad(f))(torch.linspace(0, 2, 5).double()).array.round(4))
print("Hessian of x'y + y²:", hessian(lambda v: v[0] * v[1] + v[1] ** 2)(torch.tensor([1.0, 2.0])).tolist())

# %% [markdown]
# ## Cutting the tape
#
# `no_grad()` records nothing (for measuring), `detach()` gives the number without its past. An update must be made
# without a tape: it is not part of the function.
#
# ### Exercise 7.4
# Which of these leave a gradient in `w` after `loss.backward()`? Give the letters.
#
# * **a** `loss = (w * x).sum()`
# * **b** `loss = (w.detach() * x).sum()`
# * **c** `loss = (w * x.detach()).sum()`
# * **d** `loss = (w * x).detach().sum() + w.sum()`

# %%
letters = ...  # such as "ab"
check("7.4", letters)

# %% [markdown]
# ## Where the lectures are loose or wrong
#
# * **"One line"**: `loss.backward()` is one line, but only because the forward pass left a tape. Under `no_grad()` it is
#   an error.
# * **"Dynamic graphs, eager, functional"** is given as the difference between PyTorch, TensorFlow and JAX. Today all
#   three run eagerly and all three compile. What stays different is the grammar: `loss.backward()`, a
#   `GradientTape`, `grad(f)`.
# * **A printed snippet had its line breaks destroyed**; restored it gives `tensor([-0.0501])` and `tensor([-0.0250])`, as
#   above.
# * **Numerical differentiation is called unstable.** With central differences in float64 and a nudge of 1e-5 it is good
#   to ten digits. It is slow, that is all; and as a check it is unbeaten.
