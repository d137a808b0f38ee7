"""JAX with the whole epoch in one compiled function: `lax.scan` over the batches."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import Runner
from benchmarks.peers._jax import State, arrays, first_state, layers_of, train
from benchmarks.problem import Problem
from benchmarks.workloads import Workload

GATHER, SLICE, FULL = "gather each batch", "shuffle, then slice", "full batch"


def recipes(workload: Workload) -> tuple[str, ...]:
    if workload.task == "predict":
        return ()
    return (GATHER, SLICE) if workload.shuffled else (FULL,)


def prepare(problem: Problem, recipe: str) -> Runner:
    workload = problem.workload
    x, y = arrays(problem)
    compiled = jax.jit(partial(EPOCHS[recipe], workload), donate_argnums=0)
    state, rng = first_state(problem), np.random.default_rng(0)

    def unit() -> None:
        nonlocal state
        for order in _orders(workload, rng):
            state = compiled(state, x, y, order)
        jax.block_until_ready(state)

    return Runner(unit, lambda: layers_of(state))


def _orders(workload: Workload, rng: np.random.Generator) -> list[np.ndarray]:
    """The rows to visit in each compiled call; epochs without a short last batch are strung into one call."""
    if not workload.shuffled:
        return [np.zeros(0, np.int32)]
    orders = [rng.permutation(workload.rows).astype(np.int32) for _ in range(workload.epochs)]
    return orders if workload.rows % workload.batch else [np.concatenate(orders)]


def full_batch(workload: Workload, state: State, x: jax.Array, y: jax.Array, order: jax.Array) -> State:
    return jax.lax.fori_loop(0, workload.epochs, lambda _, s: train(s, x, y, workload), state)


def gather_each_batch(workload: Workload, state: State, x: jax.Array, y: jax.Array, order: jax.Array) -> State:
    full = len(order) - len(order) % workload.batch

    def body(s: State, rows: jax.Array) -> tuple[State, None]:
        return train(s, x[rows], y[rows], workload), None

    state, _ = jax.lax.scan(body, state, order[:full].reshape(-1, workload.batch))
    return state if full == len(order) else body(state, order[full:])[0]


def shuffle_then_slice(workload: Workload, state: State, x: jax.Array, y: jax.Array, order: jax.Array) -> State:
    full = len(order) - len(order) % workload.batch
    x, y = x[order], y[order]
    stacked = [jnp.reshape(part[:full], (-1, workload.batch, *part.shape[1:])) for part in (x, y)]

    def body(s: State, batch: list[jax.Array]) -> tuple[State, None]:
        return train(s, *batch, workload), None

    state, _ = jax.lax.scan(body, state, stacked)
    return state if full == len(order) else train(state, x[full:], y[full:], workload)


EPOCHS = {GATHER: gather_each_batch, SLICE: shuffle_then_slice, FULL: full_batch}
