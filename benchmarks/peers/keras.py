"""Keras on its JAX backend: `fit` with and without several steps an execution, and bare steps for small networks."""

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"  # read once, on import; its fastest backend on a CPU without TensorFlow

import jax
import keras
import numpy as np

from benchmarks.peers import Runner
from benchmarks.problem import Layers, Problem
from benchmarks.workloads import Workload

FIT, FIT_MANY, BARE = "fit", "fit, 16 steps an execution", "train_on_batch"
MANY_STEPS = 16


def recipes(workload: Workload) -> tuple[str, ...]:
    if workload.task == "predict":
        return ("predict_on_batch", "jitted stateless_call")
    if workload.rows <= 500:
        return (BARE,)  # `fit` costs milliseconds an epoch, and these epochs have one to fifty tiny steps
    return (FIT, FIT_MANY)


def prepare(problem: Problem, recipe: str) -> Runner:
    workload, model = problem.workload, _network(problem)
    x = problem.features()
    if workload.task == "predict":
        return _predictor(model, x, workload.epochs, recipe)
    _compile(model, workload, steps=MANY_STEPS if recipe == FIT_MANY else 1)
    if recipe == BARE:
        return Runner(lambda: _bare_steps(model, problem, x), lambda: _layers(model))

    def unit() -> None:
        model.fit(x, problem.y, batch_size=workload.batch, epochs=workload.epochs, shuffle=True, verbose=0)

    return Runner(unit, lambda: _layers(model))


def _network(problem: Problem) -> Any:
    *hidden, last = problem.workload.layers[1:]
    layers = [keras.layers.Dense(width, activation=problem.workload.activation) for width in hidden]
    model = keras.Sequential([keras.Input((problem.workload.layers[0],)), *layers, keras.layers.Dense(last)])
    model.set_weights([part for layer in problem.layers for part in layer])
    return model


def _compile(model: Any, workload: Workload, steps: int) -> None:
    losses = {
        "cross_entropy": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "bce": keras.losses.BinaryCrossentropy(from_logits=True),
        "mse": keras.losses.MeanSquaredError(),
    }
    kind = keras.optimizers.Adam if workload.optimizer == "adam" else keras.optimizers.SGD
    model.compile(optimizer=kind(workload.rate), loss=losses[workload.loss], steps_per_execution=steps)


def _bare_steps(model: Any, problem: Problem, x: np.ndarray) -> None:
    workload, rng = problem.workload, np.random.default_rng(0)
    for _ in range(workload.epochs):
        order = rng.permutation(workload.rows) if workload.shuffled else slice(None)
        x_epoch, y_epoch = x[order], problem.y[order]
        for start in range(0, workload.rows, workload.batch):
            stop = start + workload.batch
            model.train_on_batch(x_epoch[start:stop], y_epoch[start:stop])


def _predictor(model: Any, x: np.ndarray, times: int, recipe: str) -> Runner:
    if recipe == "predict_on_batch":
        call = model.predict_on_batch
    else:
        state = [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]
        compiled = jax.jit(lambda x: model.stateless_call(*state, x)[0])
        x = jax.numpy.asarray(x)

        def call(x: Any) -> Any:
            return compiled(x).block_until_ready()

    def unit() -> None:
        for _ in range(times):
            call(x)

    return Runner(unit, lambda: np.asarray(call(x)))


def _layers(model: Any) -> Layers:
    parts = model.get_weights()
    return list(zip(parts[::2], parts[1::2], strict=True))
