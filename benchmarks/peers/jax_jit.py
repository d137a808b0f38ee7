"""JAX with one compiled step, called from a Python loop; and the compiled scores."""

from functools import partial

import jax
import numpy as np

from benchmarks.peers import Runner
from benchmarks.peers._jax import State, arrays, first_state, layers_of, scores, train
from benchmarks.problem import Problem
from benchmarks.workloads import Workload


def recipes(workload: Workload) -> tuple[str, ...]:
    return ("jit",)


def prepare(problem: Problem, recipe: str) -> Runner:
    return _predictor(problem) if problem.workload.task == "predict" else _trainer(problem)


def _trainer(problem: Problem) -> Runner:
    workload = problem.workload
    x, y = arrays(problem)
    state, rng = first_state(problem), np.random.default_rng(0)

    @partial(jax.jit, donate_argnums=0)
    def step(state: State, x: jax.Array, y: jax.Array) -> State:
        return train(state, x, y, workload)

    @partial(jax.jit, donate_argnums=0)
    def step_on(state: State, x: jax.Array, y: jax.Array, rows: jax.Array) -> State:
        return train(state, x[rows], y[rows], workload)

    def unit() -> None:
        nonlocal state
        for _ in range(workload.epochs):
            if not workload.shuffled:
                state = step(state, x, y)
                continue
            order = rng.permutation(workload.rows).astype(np.int32)
            for start in range(0, workload.rows, workload.batch):
                state = step_on(state, x, y, order[start : start + workload.batch])
        jax.block_until_ready(state)

    return Runner(unit, lambda: layers_of(state))


def _predictor(problem: Problem) -> Runner:
    workload = problem.workload
    x, params = arrays(problem)[0], first_state(problem)["params"]
    compiled = jax.jit(partial(scores, activation=workload.activation))

    def unit() -> None:
        for _ in range(workload.epochs):
            compiled(params, x).block_until_ready()

    return Runner(unit, lambda: np.asarray(compiled(params, x)))
