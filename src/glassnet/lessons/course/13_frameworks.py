# ---
# title: The same network in four grammars
# minutes: 25
# level: middle
# needs: lessons 6 to 8
# learn: to read and write one network in PyTorch, Keras, JAX and here, and to know that the numbers are the same
# ---

# %% [markdown]
# # 13. The same network in four grammars
#
# PyTorch says `loss.backward()`, Keras `model.fit`, JAX `grad(f)`. Underneath it is one computation. To see that, give
# all of them the same weights, the same data and the same rule, and compare the losses to six digits.
#
# Everything below runs here without any of them. Those that are installed are run as well; for the others the losses
# are shown that were measured with them once, and it is said which.

# %%
import numpy as np

import glassnet as torch
from glassnet import func, keras, nn
from glassnet.lessons import Picture, check, curves, reveal, show, sized

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (64, 2)).astype(np.float32)
t = (X[:, :1] * X[:, 1:] > 0).astype(np.float32)  # XOR as a field
W1, W2 = (rng.normal(size=shape).astype(np.float32) for shape in ((8, 2), (1, 8)))  # (out, in)
b1, b2 = np.zeros(8, np.float32), np.zeros(1, np.float32)
RATE, STEPS, LOOK = 0.5, 51, (0, 10, 50)

# %% [markdown]
# ## PyTorch's grammar
#
# The function gets the *module* that it is to use: `torch`, or this library under that name. Not a letter differs.


# %%
def in_torch(torch):
    nn = torch.nn
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    with torch.no_grad():
        for p, value in zip(model.parameters(), (W1, b1, W2, b2)):
            p.copy_(torch.tensor(value))
    criterion, optimizer = nn.BCEWithLogitsLoss(), torch.optim.SGD(model.parameters(), lr=RATE)
    x, y, losses = torch.tensor(X), torch.tensor(t), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% [markdown]
# ## Keras' grammar
#
# The loop is inside `fit`. A layer's kernel is (in, out): turned round against PyTorch's.


# %%
def in_keras(keras):
    model = keras.Sequential([keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
    model.build((None, 2))
    model.set_weights([W1.T, b1, W2.T, b2])
    model.compile(optimizer=keras.optimizers.SGD(RATE), loss=keras.losses.BinaryCrossentropy(from_logits=True))
    history = model.fit(X, t, batch_size=64, epochs=STEPS, shuffle=False, verbose=0)
    return history.history["loss"]


# %% [markdown]
# ## JAX's grammar
#
# No objects: parameters go in, gradients come out, and the update makes new parameters.


# %%
def in_jax():
    import jax
    import jax.numpy as jnp

    def loss(parameters):
        W1, b1, W2, b2 = parameters
        z = jnp.tanh(X @ W1.T + b1) @ W2.T + b2
        return jnp.mean(jnp.maximum(z, 0) - z * t + jnp.log1p(jnp.exp(-jnp.abs(z))))

    step, parameters, losses = jax.jit(jax.value_and_grad(loss)), (W1, b1, W2, b2), []
    for _ in range(STEPS):
        value, gradients = step(parameters)
        parameters = tuple(p - RATE * g for p, g in zip(parameters, gradients))
        losses.append(float(value))
    return losses


def in_functional():
    """The same with `glassnet.func`, which has JAX's `grad`."""
    x, y = torch.tensor(X), torch.tensor(t)

    def loss(parameters):
        W1, b1, W2, b2 = parameters
        z = torch.tanh(x @ W1.T + b1) @ W2.T + b2
        return nn.functional.binary_cross_entropy_with_logits(z, y)

    parameters, losses = tuple(torch.tensor(p) for p in (W1, b1, W2, b2)), []
    for _ in range(STEPS):
        gradients, value = func.grad_and_value(loss)(parameters)
        parameters = tuple(p - RATE * g for p, g in zip(parameters, gradients))
        losses.append(value.item())
    return losses


# %% [markdown]
# And once by hand, in NumPy, by the equations of lesson 6:


# %%
def in_numpy():
    w1, c1, w2, c2, losses = W1.copy(), b1.copy(), W2.copy(), b2.copy(), []
    for _ in range(STEPS):
        a = np.tanh(X @ w1.T + c1)
        z = a @ w2.T + c2
        losses.append(float(np.mean(np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z))))))
        dz = (1 / (1 + np.exp(-z)) - t) / len(X)
        da = dz @ w2 * (1 - a * a)
        w2, c2, w1, c1 = w2 - RATE * dz.T @ a, c2 - RATE * dz.sum(0), w1 - RATE * da.T @ X, c1 - RATE * da.sum(0)
    return losses


# %% [markdown]
# By how much will the loss after 50 steps differ between NumPy by hand and the others, in float32? Guess the power of
# ten.

# %%
guess = ...  # such as 1e-3

# %%
MEASURED = {  # losses before steps 0, 10 and 50, where the library is not installed
    "PyTorch": ("2.13.0", [1.002542, 0.618259, 0.347797]),
    "Keras": ("3.15.1 on JAX", [1.002542, 0.618259, 0.347797]),
    "JAX": ("0.10.2", [1.002542, 0.618259, 0.347797]),
}


def theirs(name):
    """The losses of a library if it is here, else those measured with it once."""
    try:
        if name == "PyTorch":
            import torch as real

            return in_torch(real), real.__version__
        if name == "Keras":
            try:
                import keras as real
            except ImportError:  # an older TensorFlow has it inside
                from tensorflow import keras as real

            return in_keras(real), real.__version__
        import jax

        return in_jax(), jax.__version__
    except ImportError:
        version, losses = MEASURED[name]
        return losses, f"{version}, measured once: not installed here"
    except Exception as problem:  # it is there, and does not run
        version, losses = MEASURED[name]
        return losses, f"{version}, measured once: here it stops with {type(problem).__name__}"


mine = {
    "here, PyTorch's grammar": in_torch(torch),
    "here, Keras' grammar": in_keras(keras),
    "here, functional": in_functional(),
    "NumPy by hand": in_numpy(),
}
rows = {name: ([losses[k] for k in LOOK], "") for name, losses in mine.items()}
for name in MEASURED if sized(True, quick=False) else ():
    losses, version = theirs(name)
    rows[name] = ([losses[k] for k in LOOK] if len(losses) == STEPS else losses, version)
for name, (losses, version) in rows.items():
    print(f"{name:24} " + "  ".join(f"{loss:.6f}" for loss in losses) + f"   {version}")
every = np.array([losses for losses, _ in rows.values()])
off = float(np.abs(every - every[0]).max())
reveal(guess, off, "they differ in the order in which sums are rounded, and in nothing else")
assert off < 1e-5
show(curves(dict(mine.items()), title="four lines, one curve", x_label="step", y_label="loss"))

# %% [markdown]
# ### Exercise 13.1
# A PyTorch layer has `weight` of shape (10, 784). What is the shape of the same layer's kernel in Keras? And if a batch
# of 32 goes in: what shape does each give out?

# %%
kernel, out = ..., ...
check("13.1", kernel, out)

# %% [markdown]
# ## A word-for-word dictionary
#
# | | PyTorch, and here | Keras, and `glassnet.keras` | JAX, and `glassnet.func` |
# |---|---|---|---|
# | a layer | `nn.Linear(784, 128)` | `layers.Dense(128)` | `x @ W.T + b` |
# | weight | (out, in) | (in, out) | as you like |
# | parameters | `model.parameters()` | `model.weights` | an argument |
# | a class is | an integer, scores go to the loss | an integer, `sparse_categorical_crossentropy` | as you like |
# | gradient | `loss.backward()` | inside `fit` | `grad(loss)(parameters)` |
# | update | `optimizer.step()` | inside `fit` | new parameters |
# | the graph | follows the program | compiled at the first call | traced by `jit` |
# | debug | print anywhere | callbacks, or `run_eagerly` | print outside `jit` |
# | to serve it | export, ONNX (TorchScript is legacy) | TF Serving, ONNX | export |
# | style | Python classes, and a loop of your own | layers and `fit` | functions without state |
# | to learn | some days | an afternoon | some days, and think in functions |
#
# The work is the same everywhere: **data → model → loss → optimiser → train → evaluate**.
#
# ### Exercise 13.2
# Translate into PyTorch's grammar: `keras.Sequential([Dense(128, activation="relu", input_shape=(784,)), Dense(10,
# activation="softmax")])` with `sparse_categorical_crossentropy`. Give the `nn.Sequential` that belongs with
# `nn.CrossEntropyLoss`.

# %%
model = ...
check("13.2", model)

# %% [markdown]
# ### Exercise 13.3
# `fit(x, y, batch_size=32, epochs=10, validation_split=0.2)` with 60,000 examples. **Which** examples are the
# validation part?
#
# * **a** 20 % at random
# * **b** the first 20 %
# * **c** the last 20 %, before shuffling
# * **d** the last 20 %, after shuffling

# %%
letter = ...
check("13.3", letter)

# %% [markdown]
# ## When to leave
#
# This library is for multilayer perceptrons that you can look into. Go to **PyTorch** for convolutions and attention at
# scale, for GPUs, for other people's models; to **Keras/TensorFlow** to put a model on a phone or behind a server that
# speaks TF Serving; to **JAX** for research in which the function is the object. Your weights come along: `torch.load`
# here reads `.pt` files, and safetensors go both ways.
#
# ## Where the lectures are loose or wrong
#
# * **"PyTorch is define-by-run, TensorFlow is not"** was true until 2019. Both run eagerly now, both compile.
# * **"Softmax, then CrossEntropyLoss"**: in PyTorch the loss contains the softmax. With both, the network still learns, a
#   little, which makes it a mean mistake. (`glassnet doctor` names it.)
# * **`input_shape=` inside `Dense`** still works in Keras 3 with a warning; an `Input` layer is the present way.
# * **A training loop printed in two halves**, 36 lines apart, is one loop. Joined, it is what `in_torch` does.
# * **Deployment: TorchScript** is called legacy by its own documentation; ONNX or `torch.export` took its place.
