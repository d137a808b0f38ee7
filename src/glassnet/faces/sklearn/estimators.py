"""`MLPClassifier` and `MLPRegressor`, with scikit-learn's parameters, attributes and numbers.

G. E. Hinton, Connectionist learning procedures, 1989. D. P. Kingma and J. Ba, Adam, 2015.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin  # pyright: ignore[reportMissingImports]
from sklearn.metrics import accuracy_score, r2_score  # pyright: ignore[reportMissingImports]
from sklearn.preprocessing import LabelBinarizer  # pyright: ignore[reportMissingImports]
from sklearn.utils import column_or_1d  # pyright: ignore[reportMissingImports]
from sklearn.utils.metaestimators import available_if  # pyright: ignore[reportMissingImports]
from sklearn.utils.multiclass import (  # pyright: ignore[reportMissingImports]
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_is_fitted, validate_data  # pyright: ignore[reportMissingImports]

from glassnet.errors import DataError, complain
from glassnet.faces.sklearn import parameters
from glassnet.faces.sklearn.perceptron import Perceptron, takes_part

FLOATS = (np.float64, np.float32)


def _keep(estimator: Any, given: dict[str, Any]) -> None:
    """Every parameter as an attribute of the same name, unlooked at: `fit` looks, as scikit-learn has it."""
    vars(estimator).update({name: value for name, value in given.items() if name not in ("self", "__class__")})


class MLPClassifier(ClassifierMixin, Perceptron):
    """A multilayer perceptron that learns classes, or sets of labels where y is a table of 0 and 1.

    The loss is the cross-entropy plus alpha / 2 · Σ kernel² / n. After `fit`: `classes_`, `coefs_`, `intercepts_`,
    `loss_curve_`, `n_iter_` and the others that scikit-learn has, and `network_`, an `nn.Sequential` that gives scores.

    >>> import numpy as np
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array(["no", "yes", "yes", "no"])
    >>> clf = MLPClassifier((8,), "tanh", solver="lbfgs", random_state=1).fit(X, y)
    >>> clf.predict(X), clf.score(X, y)
    (array(['no', 'yes', 'yes', 'no'], dtype='<U3'), 1.0)
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
    ) -> None:
        _keep(self, locals())

    @available_if(takes_part)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """One epoch more; the first call is told all `classes`, since a part of the data need not have them all."""
        parameters.check(self)
        if _check_partial_fit_first_call(self, classes):
            labels = y if type_of_target(y).startswith("multilabel") else classes
            self._label_binarizer = LabelBinarizer().fit(labels)
        return self._fit(X, y, sample_weight, anew=not hasattr(self, "network_"), one_epoch=True)

    def predict(self, X: Any) -> np.ndarray:
        """The classes (n,), or tables of 0 and 1 (n, labels)."""
        check_is_fitted(self, "network_")
        return self._answers(self._seen(X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probabilities (n, classes), in the order of `classes_`; of several labels, each for itself."""
        check_is_fitted(self, "network_")
        p = self._seen(X)
        return np.hstack([1 - p, p]) if self.n_outputs_ == 1 else p

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of the probabilities."""
        with np.errstate(divide="ignore"):  # a probability may be 0
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    # ---- what targets are ------------------------------------------------------------------------------------------

    def _checked(self, X: Any, y: Any, anew: bool, more: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, multi_output=True, dtype=FLOATS, reset=anew)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if anew and not more:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._refuse_new_classes(unique_labels(y), exactly=not more)
        return X, self._label_binarizer.transform(y)

    def _refuse_new_classes(self, now: np.ndarray, exactly: bool) -> None:
        new, gone = set(now.tolist()) - set(self.classes_.tolist()), set(self.classes_.tolist()) - set(now.tolist())
        if new or (exactly and gone):
            got = f"{type(self).__name__}: got y with the classes {now.tolist()} after {self.classes_.tolist()}"
            hint = "Try warm_start=False" if exactly else "Try naming them all with classes= in the first partial_fit"
            raise DataError(complain(got, "expected the same classes as before", hint))

    def _output(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        return y if self.n_outputs_ == 1 else None  # several labels are not kept in proportion, nor in scikit-learn

    def _targets(self, y: np.ndarray) -> Any:
        return self._label_binarizer.inverse_transform(y)

    def _answers(self, outputs: np.ndarray) -> Any:
        return self._label_binarizer.inverse_transform(outputs.ravel() if self.n_outputs_ == 1 else outputs)

    def _scored(self, y: np.ndarray, answers: np.ndarray, weights: Any) -> float:
        return float(accuracy_score(y, answers, sample_weight=weights))


class MLPRegressor(RegressorMixin, Perceptron):
    """A multilayer perceptron that learns numbers: half the squared error, or half Poisson's deviance of exp(scores).

    After `fit`: `coefs_`, `intercepts_`, `loss_curve_`, `n_iter_` and the others that scikit-learn has, and `network_`.

    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 21)[:, None]
    >>> reg = MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", random_state=1).fit(X, X[:, 0] ** 2)
    >>> reg.score(X, X[:, 0] ** 2) > 0.99
    True
    """

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
    ) -> None:
        _keep(self, locals())

    @available_if(takes_part)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """One epoch more."""
        parameters.check(self)
        return self._fit(X, y, sample_weight, anew=not hasattr(self, "network_"), one_epoch=True)

    def predict(self, X: Any) -> np.ndarray:
        """The numbers (n,), or (n, outputs) where y had several."""
        check_is_fitted(self, "network_")
        return self._answers(self._seen(X))

    # ---- what targets are ------------------------------------------------------------------------------------------

    def _checked(self, X: Any, y: Any, anew: bool, more: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=FLOATS, reset=anew)
        if self.loss == "poisson" and (y < 0).any():
            got = f"{type(self).__name__}: got loss='poisson' and targets below 0, the least {y.min()}"
            raise DataError(complain(got, "expected targets of 0 or more", "Try loss='squared_error'"))
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _output(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _answers(self, outputs: np.ndarray) -> np.ndarray:
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def _scored(self, y: np.ndarray, answers: np.ndarray, weights: Any) -> float:
        return float(r2_score(y, answers, sample_weight=weights))
