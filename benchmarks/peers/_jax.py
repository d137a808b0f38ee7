"""What the two JAX peers share: the network, the losses, SGD and Adam as pure functions."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.problem import Array, Layers, Problem
from benchmarks.workloads import Workload

State = dict[str, Any]


def scores(params: Any, x: jax.Array, activation: str) -> jax.Array:
    """(rows, outputs) before softmax or sigmoid."""
    *hidden, (W, b) = params
    act = jax.nn.relu if activation == "relu" else jnp.tanh
    for V, c in hidden:
        x = act(x @ V + c)
    return x @ W + b


def mean_loss(params: Any, x: jax.Array, y: jax.Array, workload: Workload) -> jax.Array:
    """The workload's loss, averaged over rows."""
    z = scores(params, x, workload.activation)
    if workload.loss == "cross_entropy":
        picked = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - picked)
    if workload.loss == "bce":
        return jnp.mean(jnp.logaddexp(0.0, z) - y * z)
    return jnp.mean((z - y) ** 2)


def first_state(problem: Problem) -> State:
    """Parameters, and Adam's moments where it needs them."""
    params = [(jnp.asarray(W), jnp.asarray(b)) for W, b in problem.layers]
    if problem.workload.optimizer == "sgd":
        return {"params": params}
    zeros = partial(jax.tree.map, jnp.zeros_like)
    return {"params": params, "m": zeros(params), "v": zeros(params), "step": jnp.zeros((), jnp.float32)}


def train(state: State, x: jax.Array, y: jax.Array, workload: Workload) -> State:
    """One step."""
    gradient = jax.grad(mean_loss)(state["params"], x, y, workload)
    update = adam if workload.optimizer == "adam" else gradient_descent
    return update(state, gradient, workload.rate)


def gradient_descent(state: State, gradient: Any, rate: float) -> State:
    return {"params": jax.tree.map(lambda w, g: w - rate * g, state["params"], gradient)}


def adam(state: State, gradient: Any, rate: float, beta1: float = 0.9, beta2: float = 0.999) -> State:
    """Adam (Kingma and Ba, 2015)."""
    step = state["step"] + 1
    m = jax.tree.map(lambda m, g: m + (1 - beta1) * (g - m), state["m"], gradient)
    v = jax.tree.map(lambda v, g: v + (1 - beta2) * (g * g - v), state["v"], gradient)
    root = jnp.sqrt(1 - beta2**step)
    scale = rate * root / (1 - beta1**step)
    params = jax.tree.map(lambda w, m, v: w - scale * m / (jnp.sqrt(v) + 1e-8 * root), state["params"], m, v)
    return {"params": params, "m": m, "v": v, "step": step}


def layers_of(state: State) -> Layers:
    return [(np.asarray(W), np.asarray(b)) for W, b in state["params"]]


def arrays(problem: Problem) -> tuple[jax.Array, jax.Array]:
    y: Array = problem.y.astype(np.int32) if problem.y.dtype == np.int64 else problem.y
    return jnp.asarray(problem.features()), jnp.asarray(y)
