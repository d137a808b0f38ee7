"""What the two estimators have in common: fitting by epochs or by L-BFGS, stopping, scores of a network."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize  # pyright: ignore[reportMissingImports] -- scikit-learn brings it
from sklearn.base import BaseEstimator  # pyright: ignore[reportMissingImports]
from sklearn.exceptions import ConvergenceWarning  # pyright: ignore[reportMissingImports]
from sklearn.model_selection import train_test_split  # pyright: ignore[reportMissingImports]
from sklearn.utils import check_random_state, shuffle  # pyright: ignore[reportMissingImports]
from sklearn.utils.validation import _check_sample_weight, validate_data  # pyright: ignore[reportMissingImports]

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.errors import DataError, complain
from glassnet.faces.sklearn import learning, parameters
from glassnet.faces.sklearn.learning import Learner

LEAST_RATE = 1e-6  # below it an adaptive rate is not divided any more: the training stops
BATCH = 200  # rows in a batch unless told


class Perceptron(BaseEstimator):
    """A multilayer perceptron with scikit-learn's parameters; a subclass says what targets are."""

    network_: nn.Sequential
    _learner: Any  # None until the first step; so are these:
    _order: Any
    _best: Any
    best_loss_: Any
    best_validation_score_: Any
    validation_scores_: Any
    if TYPE_CHECKING:  # the parameters, which the subclasses name, and what a fit makes

        def __getattr__(self, name: str) -> Any: ...

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Learn from examples X (n, features) with targets y; with `warm_start`, from where the last fit ended."""
        parameters.check(self)
        return self._fit(X, y, sample_weight, anew=not (self.warm_start and hasattr(self, "network_")))

    def _fit(self, X: Any, y: Any, sample_weight: Any, anew: bool, one_epoch: bool = False) -> Any:
        X, y = self._checked(X, y, anew, one_epoch)
        y = y.reshape(len(y), -1).astype(X.dtype, copy=False)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=X.dtype)
        self._random_state = check_random_state(self.random_state)
        if anew:
            self._begin(X, y)
        if self.solver == "lbfgs":
            self._descend_at_once(X, y, weights)
        else:
            self._descend(X, y, weights, one_epoch)
        if not all(np.isfinite(p.array).all() for p in self.network_.parameters()):
            got = f"{type(self).__name__}: got weights that are not finite after {self.n_iter_} epochs"
            raise DataError(complain(got, "expected finite ones", "Try StandardScaler() before it, or a smaller rate"))
        return self

    def _begin(self, X: np.ndarray, y: np.ndarray) -> None:
        sizes = self.hidden_layer_sizes
        hidden = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        self.n_outputs_, self.n_layers_ = y.shape[1], len(hidden) + 2
        self.out_activation_ = self._output()
        units = [X.shape[1], *hidden, y.shape[1]]
        self.network_ = learning.network(units, self.activation, self._random_state, X.dtype)
        self.n_iter_ = self.t_ = 0
        self._learner = None
        if self.solver != "lbfgs":
            self.loss_curve_, self._waited = [], 0
            self.best_loss_ = None if self.early_stopping else math.inf
            self.validation_scores_ = [] if self.early_stopping else None
            self.best_validation_score_ = -math.inf if self.early_stopping else None
            self._best = None

    # ---- epochs ----------------------------------------------------------------------------------------------------

    def _descend(self, X: np.ndarray, y: np.ndarray, weights: Any, one_epoch: bool) -> None:
        if self._learner is None or not one_epoch:
            self._learner = Learner(self.network_, self.out_activation_, self.alpha, self._optimizer())
        (X, y, weights), held = self._held_apart(X, y, weights, one_epoch)
        size = self._batch_size(len(X))
        try:
            self.n_iter_ = 0
            for _ in range(1 if one_epoch else self.max_iter):
                self._epoch(X, y, weights, size)
                if self._to_stop(held):
                    break
            else:
                if not one_epoch:
                    said = f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                    warnings.warn(said + "hasn't converged yet.", ConvergenceWarning, stacklevel=4)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        if held is not None and self._best is not None:
            self._put(self._best)

    def _optimizer(self) -> Any:
        params = list(self.network_.parameters())
        if self.solver == "sgd":
            return learning.sgd(params, self.learning_rate_init, self.momentum, self.nesterovs_momentum)
        return learning.adam(params, self.learning_rate_init, (self.beta_1, self.beta_2), self.epsilon)

    def _held_apart(self, X: np.ndarray, y: np.ndarray, weights: Any, one_epoch: bool) -> tuple[Any, Any]:
        """What is learnt from; and, with early stopping, what is only scored."""
        if not self.early_stopping:
            return (X, y, weights), None
        if one_epoch:
            got = f"{type(self).__name__}.partial_fit: got early_stopping=True"
            raise DataError(complain(got, "expected False", "Try early_stopping=False, or fit"))
        kept = [X, y] if weights is None else [X, y, weights]
        parts: list[Any] = train_test_split(
            *kept, random_state=self._random_state, test_size=self.validation_fraction, stratify=self._strata(y)
        )
        learnt, (X_held, y_held, *w_held) = parts[::2], parts[1::2]
        if len(X_held) < 2:
            got = f"{type(self).__name__}: got validation_fraction={self.validation_fraction} of {len(X)} examples"
            raise DataError(complain(got, "expected two examples or more in it", "Try validation_fraction=0.2"))
        return (*learnt, None)[:3], (X_held, self._targets(y_held), *w_held)

    def _batch_size(self, n: int) -> int:
        if self.batch_size == "auto":
            return min(BATCH, n)
        if self.batch_size > n:
            said = "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
            warnings.warn(said, stacklevel=5)
        return min(self.batch_size, n)

    def _epoch(self, X: np.ndarray, y: np.ndarray, weights: Any, size: int) -> None:
        total = 0.0
        for at in self._batches(len(X), size):
            batch = [wrap(a[at]) for a in (X, y, weights) if a is not None]
            total += self._learner.step(*batch).item() * len(batch[0])
        self.n_iter_ += 1
        self.t_ += len(X)
        self.loss_ = total / len(X)
        self.loss_curve_.append(self.loss_)
        if self.verbose:
            print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
        if self.solver == "sgd" and self.learning_rate == "invscaling":
            self._rate = self.learning_rate_init / (self.t_ + 1) ** self.power_t

    def _batches(self, n: int, size: int) -> Iterator[Any]:
        order = np.arange(n)
        if self.shuffle:  # each epoch composes a new shuffle with the first order
            self._order = shuffle(order if self.n_iter_ == 0 else self._order, random_state=self._random_state)
            order = self._order
        for start in range(0, n, size):
            yield order[start : start + size] if self.shuffle else slice(start, start + size)

    @property
    def _rate(self) -> float:
        return self._learner.optimizer.param_groups[0]["lr"]

    @_rate.setter
    def _rate(self, value: float) -> None:
        self._learner.optimizer.param_groups[0]["lr"] = value

    # ---- stopping --------------------------------------------------------------------------------------------------

    def _to_stop(self, held: Any) -> bool:
        """Whether neither loss nor score got better by `tol` for more than `n_iter_no_change` epochs."""
        better = self._loss_is_better() if held is None else self._score_is_better(*held)
        self._waited = 0 if better else self._waited + 1
        if self._waited <= self.n_iter_no_change:
            return False
        seen = "Training loss" if held is None else "Validation score"
        said = f"{seen} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."
        if self.solver == "sgd" and self.learning_rate == "adaptive" and self._rate > LEAST_RATE:
            self._rate, self._waited = self._rate / 5, 0
            self._say(f"{said} Setting learning rate to {self._rate:f}")
            return False
        small = self.solver == "sgd" and self.learning_rate == "adaptive"
        self._say(f"{said} Learning rate too small. Stopping." if small else f"{said} Stopping.")
        return True

    def _say(self, line: str) -> None:
        if self.verbose:
            print(line)

    def _loss_is_better(self) -> bool:
        better = not self.loss_ > self.best_loss_ - self.tol
        self.best_loss_ = min(self.loss_, self.best_loss_)
        return better

    def _score_is_better(self, X: np.ndarray, y: np.ndarray, weights: Any = None) -> bool:
        answers = self._answers(self._outputs(X))
        whole = answers.dtype.kind != "f" or np.isfinite(answers).all()
        score = self._scored(y, answers, weights) if whole else math.nan
        self.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        better = not score < self.best_validation_score_ + self.tol
        if score > self.best_validation_score_:
            self.best_validation_score_ = score
            self._best = [p.array.copy() for p in self.network_.parameters()]
        return better

    def _put(self, arrays: list[np.ndarray]) -> None:
        for p, array in zip(self.network_.parameters(), arrays, strict=True):
            p.array[...] = array

    # ---- all examples at once --------------------------------------------------------------------------------------

    def _descend_at_once(self, X: np.ndarray, y: np.ndarray, weights: Any) -> None:
        """SciPy's L-BFGS-B over all numbers of the network (D. C. Liu and J. Nocedal, 1989)."""
        params = list(self.network_.parameters())
        ends = np.cumsum([p.array.size for p in params])[:-1]
        learner = Learner(self.network_, self.out_activation_, self.alpha, None)
        batch = [wrap(a) for a in (X, y, weights) if a is not None]

        def loss_and_slopes(flat: np.ndarray) -> tuple[float, np.ndarray]:
            self._put([part.reshape(p.array.shape) for part, p in zip(np.split(flat, ends), params, strict=True)])
            loss = learner.step(*batch).item()
            return loss, np.concatenate([p.grad.array.reshape(-1) for p in params]).astype(float)  # type: ignore[union-attr]

        options = {"maxfun": self.max_fun, "maxiter": self.max_iter, "gtol": self.tol}
        begin = np.concatenate([p.array.reshape(-1) for p in params])
        found = optimize.minimize(loss_and_slopes, begin, jac=True, method="L-BFGS-B", options=options)
        loss_and_slopes(found.x)
        self.n_iter_, self.loss_ = min(found.nit, self.max_iter), found.fun
        if found.status:
            said = f"lbfgs failed to converge after {found.nit} iteration(s) (status={found.status}):\n{found.message}"
            warnings.warn(f"{said}\nTry a larger max_iter, or standardised features.", ConvergenceWarning, stacklevel=4)

    # ---- use -------------------------------------------------------------------------------------------------------

    def _outputs(self, X: np.ndarray) -> np.ndarray:
        """What the network gives, (n, outputs), behind the output's activation."""
        dtype = next(self.network_.parameters()).array.dtype
        with no_grad():
            z = self.network_(wrap(np.ascontiguousarray(X, dtype)))
            return learning.OUTPUTS[self.out_activation_](z).array

    def _seen(self, X: Any) -> np.ndarray:
        numbers: Any = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return self._outputs(numbers)

    @property
    def coefs_(self) -> list[np.ndarray]:
        """The kernels (inputs, outputs), layer by layer: windows on the network's weights."""
        return [layer.weight.array.T for layer in self._linears()]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases, layer by layer: windows on the network's."""
        return [layer.bias.array for layer in self._linears()]

    def _linears(self) -> list[Any]:
        if "network_" not in vars(self):
            raise AttributeError(f"{type(self).__name__}: got no weights yet; expected a fit. Try fit(X, y).")
        return [layer for layer in self.network_ if isinstance(layer, nn.Linear)]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = copy.copy(self)
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return made

    # ---- what a subclass says --------------------------------------------------------------------------------------

    def _checked(self, X: Any, y: Any, anew: bool, more: bool) -> tuple[np.ndarray, np.ndarray]:
        """X as numbers, y as columns of numbers."""
        raise NotImplementedError

    def _output(self) -> str:
        """The activation behind the last layer."""
        raise NotImplementedError

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """What a split keeps the shares of."""
        return None

    def _targets(self, y: np.ndarray) -> np.ndarray:
        """Columns of numbers as the user had them."""
        return y

    def _answers(self, outputs: np.ndarray) -> np.ndarray:
        """What `predict` gives for outputs of the network."""
        raise NotImplementedError

    def _scored(self, y: np.ndarray, answers: np.ndarray, weights: Any) -> float:
        """How good answers are."""
        raise NotImplementedError


def takes_part(estimator: Any) -> bool:
    """Whether an estimator has a `partial_fit`: its solver must take batches."""
    return estimator.solver != "lbfgs"
