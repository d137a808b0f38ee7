# ---
# title: A neuron, and gates made of it
# minutes: 25
# level: beginner
# needs: Python, sums and products
# learn: what one neuron computes, the line it draws, the gates it can be, and how it learns from mistakes
# ---

# %% [markdown]
# # 1. A neuron, and gates made of it
#
# A neuron does two things, one after the other. It **weighs**: every input is multiplied by a weight of its own, the
# products are added, and a bias is added to that. Then it **decides**: a function of that one sum is its answer.
#
# $$z = w_1 x_1 + w_2 x_2 + \dots + w_n x_n + b, \qquad y = f(z)$$
#
# Everything in this course is made of copies of this. So we look at one copy until it holds no secret.
#
# How to work through a lesson: run the cells from the top. Where a cell asks for a guess, put it in place of the dots
# *before* you run the next cell. Where a cell ends in `check(...)`, replace the dots by your answer and run it again.

# %%
import numpy as np

import glassnet as torch
from glassnet import nn
from glassnet.basics import GATES, Neuron, Perceptron, check_gate
from glassnet.data.datasets import load_dataset
from glassnet.lessons import beside, check, curves, draw_neuron, hint, plane, reveal, show, sized

# %% [markdown]
# ## One neuron, with numbers
#
# Three inputs (2, 3, -1), three weights (0.5, -0.3, 0.8), a bias of 1, and as the function a **step**: 1 if the sum is
# at least 0, else 0. Guess first: will it fire?

# %%
guess = ...  # 1 if it fires, 0 if not

# %%
neuron = Neuron(weight=(0.5, -0.3, 0.8), bias=1.0, activation="step")
x = (2.0, 3.0, -1.0)
reveal(guess, int(neuron(x)), "the three products and the bias add up to 0.3, which is not below 0")
print(neuron.tell(x))
show(draw_neuron(neuron, x, cell=True))

# %% [markdown]
# Blue lines are positive weights, orange ones negative. Below stands what a nerve cell has in its place: the dendrites
# take in, the cell body sums, and the axon carries the answer on. The likeness ends about there: a nerve cell answers in
# pulses over time, and nobody has found backpropagation in it.
#
# The same in plain Python is two lines. The engine does it with one product of matrices, for many neurons and many
# inputs at once; the numbers are the same.


# %%
def by_loop(inputs, weights, bias):
    z = sum(a * w for a, w in zip(inputs, weights)) + bias
    return 1 if z >= 0 else 0


layer = nn.Linear(3, 1)
with torch.no_grad():
    layer.weight.copy_(torch.tensor([[0.5, -0.3, 0.8]]))
    layer.bias.copy_(torch.tensor([1.0]))
print("by loop:", by_loop(x, (0.5, -0.3, 0.8), 1.0))
print("engine: ", "z =", round(layer(torch.tensor([x])).item(), 6))

# %% [markdown]
# ## One neuron, three names
#
# Change only the function that decides, and the neuron gets another name in the textbooks.

# %%
for activation in ("step", "sigmoid", "identity"):
    same = Neuron((0.5, -0.3, 0.8), 1.0, activation)
    print(f"{activation:9} y = {same(x):<8.4g} {same.model}")

# %% [markdown]
# So **logistic regression is a network of one neuron**. To see that this is meant literally: train a sigmoid neuron
# until nothing moves any more, and compare it with Newton's method, the way statisticians fit logistic regression.

# %%
moons = load_dataset("moons", n=200, noise=0.15, seed=1)
X, t = moons.x_train.astype(np.float64), moons.y_train.astype(np.float64)

torch.manual_seed(0)
unit = nn.Linear(2, 1).double()
optimizer = torch.optim.LBFGS(unit.parameters(), lr=1, max_iter=100, line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = nn.functional.binary_cross_entropy_with_logits(unit(torch.tensor(X)).squeeze(1), torch.tensor(t))
    loss.backward()
    return loss


optimizer.step(closure)

design, newton = np.column_stack((X, np.ones(len(X)))), np.zeros(3)
for _ in range(25):
    p = 1 / (1 + np.exp(-design @ newton))
    newton += np.linalg.solve(design.T * (p * (1 - p)) @ design, design.T @ (t - p))
trained = [*unit.weight.array[0], unit.bias.array[0]]
print("trained neuron:  ", np.round(trained, 4))
print("Newton's method: ", np.round(newton, 4))
assert np.allclose(trained, newton, atol=1e-3)

# %% [markdown]
# ## Gates
#
# Now let the inputs be 0 or 1, and ask for logic. AND fires when both inputs do: two weights of 1 and a bias of -1.5
# leave room for exactly that. Each gate is a **line** in the plane, and the answer is the side on which a point lies.

# %%
points = [[0, 0], [0, 1], [1, 0], [1, 1]]
pictures = []


def fires(line):
    """Where w1 x1 + w2 x2 + b is at least 0."""
    return lambda p: p @ np.array(line[:2]) + line[2] >= 0


for name in ("AND", "OR", "NAND"):
    gate = GATES[name]
    n = gate.layers[0][0]
    if name != "NAND":  # that one is for you
        print(f"{name:4} w = {n.weight}, b = {n.bias}: fires on the blue side of {n.boundary}")
        for row in check_gate(name, n.weight, n.bias):
            print(f"     {row.x}: z = {row.z:5.2f} -> {row.got}")
    title = name if name == "NAND" else f"{name}: {n.boundary}"
    line = (*n.weight, n.bias)
    pictures.append(plane(points, gate.outputs, fires(line), lines=[line], title=title, margin=0.5))
pictures.append(plane(points, GATES["XOR"].outputs, title="XOR: no line", margin=0.5))
beside(*pictures)

# %% [markdown]
# NOT has one input, and a **negative weight**: this input speaks *against* firing.

# %%
print(GATES["NOT"].layers[0][0].boundary, "|", GATES["NOT"].says)
print(GATES["NOT"].table())

# %% [markdown]
# ### Exercise 1.1
# Find weights and a bias that make NAND: 1, 1, 1, 0 for the inputs 00, 01, 10, 11. (The picture above shows its line;
# the numbers are for you to find. Any right ones count. `hint("1.1")` helps, one hint at a time.)

# %%
weight, bias = ..., ...
check("1.1", weight, bias)

# %% [markdown]
# ### Exercise 1.2
# Three people vote. Find a neuron of three inputs that fires when **at least two** of them say 1.

# %%
weight, bias = ..., ...
check("1.2", weight, bias)

# %% [markdown]
# ### Exercise 1.3
# Another way to NAND: two neurons in sequence, an AND and behind it a NOT. Give the second neuron's weight and bias.

# %%
weight, bias = ..., ...
check("1.3", weight, bias)

# %% [markdown]
# ## Learning from mistakes
#
# Rosenblatt's perceptron (1958) finds the weights by itself. For each example in turn: if the answer is right do
# nothing; if not, move every weight by the input, up if it should have fired, down if it should not.
#
# $$w \leftarrow w + \eta\,(t - y)\,x, \qquad b \leftarrow b + \eta\,(t - y)$$
#
# From zeros, with rate 1: how many rounds through the four rows of AND until a round has no mistake?

# %%
guess = ...  # a number of rounds

# %%
learned = Perceptron().fit(points, [0, 0, 0, 1])
reveal(guess, learned.epochs_, "the bias has to find its way down while the weights grow")
for name in ("AND", "OR", "XOR"):
    p = Perceptron(max_epochs=100).fit(points, GATES[name].outputs)
    what = f"w = {p.weight_}, b = {p.bias_:g}" if p.converged_ else "never right in a whole round"
    print(f"{name:4} {p.epochs_:3} rounds: {what}; mistakes per round {p.mistakes_[:8]}{' …' if p.epochs_ > 8 else ''}")

# %% [markdown]
# AND and OR are learned in a few rounds; XOR never. That is not bad luck, and lesson 2 proves it.
#
# ### Exercise 1.4
# Write one step of the rule: a function of the weights `w` (an array), the bias `b`, one input `x` (an array) and its
# target `t`, with rate 1 and a step that fires at `z >= 0`. It returns the new `(w, b)`.


# %%
def learn_one(w, b, x, t):
    return ...  # (new w, new b)


check("1.4", ... if learn_one(np.zeros(2), 0.0, np.ones(2), 1) is ... else learn_one)

# %% [markdown]
# ## What one neuron cannot do
#
# Two half moons reach into each other. Whatever the weights, the neuron's answer changes along one straight line. The
# best line leaves a point in six or so on the wrong side (where the moons lie closer to it, one in eight).

# %%
w1, w2, b = trained
right = np.mean((X @ np.array([w1, w2]) + b > 0) == (t > 0.5))
print(f"the best line has {right:.0%} of these moons on the right side")
plane(X, t, lambda p: 1 / (1 + np.exp(-(p @ np.array([w1, w2]) + b))), lines=[(w1, w2, b)], title="one neuron on moons")

# %% [markdown]
# ## Where the lectures are loose or wrong
#
# * **What happens at exactly 0?** One set of slides lets the step fire at $z \ge 0$, another at $z > 0$, a third says
#   "exceeds". It matters: from zeros the first z *is* 0, so the learning rule ends elsewhere. Both below are right.
# * **"The first artificial neuron"** is given to Rosenblatt in one place; McCulloch and Pitts drew theirs in 1943. What
#   was new in 1958 is that it learned.
# * **The letter σ** stands for a step on one slide and for the sigmoid on the next. Here σ is always the sigmoid.
# * **"The line wobbles endlessly"** on moons: it does not. Logistic regression has one best line and settles on it, as
#   the comparison with Newton's method above shows. It is merely not good enough.

# %%
for fires in (True, False):
    p = Perceptron(fires_at_zero=fires).fit(points, [0, 0, 0, 1])
    print(f"fires at z = 0: {fires!s:5}  AND is learned as w = {p.weight_}, b = {p.bias_:g} in {p.epochs_} rounds")
