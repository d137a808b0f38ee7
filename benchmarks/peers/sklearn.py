"""scikit-learn's MLPClassifier and MLPRegressor: same weights to start from, same batches, no early stopping.

Plain SGD keeps nothing between steps, so `fit` with a warm start runs all epochs of a unit in one call. Adam's moments
live on only under `partial_fit`, an epoch a call.
"""

import warnings
from typing import Any

import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers import Runner
from benchmarks.problem import Array, Layers, Problem
from benchmarks.workloads import Workload


def recipes(workload: Workload) -> tuple[str, ...]:
    if workload.task == "predict":
        return ("predict_proba",)
    return ("partial_fit",) if workload.optimizer == "adam" else ("fit with warm start",)


def prepare(problem: Problem, recipe: str) -> Runner:
    # each call would look for NaN in all of the data first
    sklearn.set_config(assume_finite=True)
    warnings.simplefilter("ignore", ConvergenceWarning)
    workload = problem.workload
    x, y = problem.features(), problem.y.ravel()
    estimator = _estimator(problem, y)
    if workload.task == "predict":
        return Runner(lambda: _repeat(estimator, x, workload.epochs), lambda: _scores(estimator, x))
    if recipe == "partial_fit":
        return Runner(lambda: _epochs(estimator, x, y, workload.epochs), lambda: _layers(estimator))
    return Runner(lambda: estimator.fit(x, y), lambda: _layers(estimator))


def _estimator(problem: Problem, y: Array) -> Any:
    """An estimator that has seen one small batch (which makes its arrays), then given the problem's weights."""
    workload = problem.workload
    regression = workload.loss == "mse"
    estimator = (MLPRegressor if regression else MLPClassifier)(
        hidden_layer_sizes=workload.layers[1:-1],
        activation=workload.activation,
        solver=workload.optimizer,
        alpha=0.0,
        momentum=0.0,
        learning_rate_init=workload.rate,
        batch_size=workload.batch,
        max_iter=workload.epochs,
        shuffle=workload.shuffled,
        tol=0.0,
        n_iter_no_change=10**9,
        random_state=0,
    )
    few = slice(0, min(16, workload.rows))
    classes = {} if regression else {"classes": list(range(10)) if workload.loss == "cross_entropy" else [0, 1]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the small batch is smaller than batch_size
        estimator.partial_fit(problem.features(few), y[few], **classes)
    for coefs, intercepts, (W, b) in zip(estimator.coefs_, estimator.intercepts_, problem.layers, strict=True):
        coefs[...], intercepts[...] = W, b
    # the moments of the small batch go; the next call makes new ones
    vars(estimator).pop("_optimizer", None)
    # only now: with a warm start the small batch would have had to hold every class
    return estimator.set_params(warm_start=True)


def _epochs(estimator: Any, x: Array, y: Array, epochs: int) -> None:
    for _ in range(epochs):
        estimator.partial_fit(x, y)


def _repeat(estimator: Any, x: Array, times: int) -> None:
    for _ in range(times):
        estimator.predict_proba(x)


def _scores(estimator: Any, x: Array) -> Array:
    """The logarithms of the probabilities: the scores up to a constant per row."""
    return estimator.predict_log_proba(x)


def _layers(estimator: Any) -> Layers:
    return list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
