"""The scikit-learn face beside scikit-learn's own estimators: numbers, attributes, warnings, errors, and its tools."""

import copy
import doctest
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from threadpoolctl import threadpool_limits

import glassnet
from glassnet.faces.sklearn import estimators
from glassnet.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.peers


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Products of this size take longer on several threads, three times as long where the cores are busy."""
    with threadpool_limits(1):
        yield


RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 5))
TWO = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
THREE = np.array(["a", "b", "c"])[TWO + (X[:, 2] > 0)]
LABELS = np.c_[TWO, X[:, 2] > 0, X[:, 3] > 0].astype(int)
NUMBER = X @ np.arange(5.0) + X[:, 0] ** 2
NUMBERS = np.c_[NUMBER, X[:, 1] - NUMBER]
TASKS = {
    "two classes": (TheirClassifier, MLPClassifier, TWO),
    "three classes": (TheirClassifier, MLPClassifier, THREE),
    "labels": (TheirClassifier, MLPClassifier, LABELS),
    "a number": (TheirRegressor, MLPRegressor, NUMBER),
    "two numbers": (TheirRegressor, MLPRegressor, NUMBERS),
}
BASE = {"max_iter": 25, "random_state": 3, "hidden_layer_sizes": (12,)}
SETTINGS = {
    "as it comes": {},
    "tanh": {"activation": "tanh"},
    "logistic in batches": {"activation": "logistic", "batch_size": 32},
    "sgd": {"activation": "identity", "solver": "sgd"},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "n_iter_no_change": 3,
        "max_iter": 200,
    },
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "nesterovs_momentum": False, "momentum": 0.5},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 5},
    "two hidden layers": {"hidden_layer_sizes": (7, 6), "alpha": 0.1, "batch_size": 17},
    "in order, no penalty": {"hidden_layer_sizes": 8, "shuffle": False, "alpha": 0.0},
    "lbfgs": {"solver": "lbfgs", "max_iter": 15},
    "no hidden layer": {"hidden_layer_sizes": ()},
}


def fitted(estimator, y, **options):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        estimator.fit(X, y, **options)
    return estimator, [(w.category, str(w.message).splitlines()[0]) for w in heard]


def learnt(estimator):
    """The public attributes that a fit made, by name."""
    names = {*vars(estimator), "coefs_", "intercepts_"} - {"network_"}
    return {n: getattr(estimator, n) for n in sorted(names) if n.endswith("_") and not n.startswith("_")}


def same(mine, theirs):
    if isinstance(theirs, list) and len(theirs) and isinstance(theirs[0], np.ndarray):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    mine, theirs = np.asarray(mine), np.asarray(theirs)
    if mine.dtype != theirs.dtype or mine.shape != theirs.shape:
        return False
    return np.allclose(mine, theirs, rtol=1e-7, atol=1e-9) if theirs.dtype.kind == "f" else np.array_equal(mine, theirs)


def check_same(theirs, mine, y, **options):
    (theirs, they_warned), (mine, i_warned) = fitted(theirs, y, **options), fitted(mine, y, **options)
    assert i_warned == they_warned
    assert learnt(mine).keys() == learnt(theirs).keys()
    assert [n for n, value in learnt(theirs).items() if not same(learnt(mine)[n], value)] == []
    for method in ("predict", "predict_proba"):
        if hasattr(theirs, method):
            assert same(getattr(mine, method)(X), getattr(theirs, method)(X)), method
    assert mine.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-9)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_fit_gives_the_numbers_of_scikit_learn(setting, task):
    theirs, mine, y = TASKS[task]
    options = BASE | SETTINGS[setting]
    check_same(theirs(**options), mine(**options), y)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_of_examples(task, solver):
    theirs, mine, y = TASKS[task]
    options = BASE | {"solver": solver, "max_iter": 10, "early_stopping": solver == "adam"}
    check_same(theirs(**options), mine(**options), y, sample_weight=np.linspace(0.1, 2, 150))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_poisson(solver):
    options = BASE | {"loss": "poisson", "solver": solver}
    check_same(TheirRegressor(**options), MLPRegressor(**options), np.abs(NUMBER))


def test_float32_stays_float32():
    mine, _ = fitted(MLPRegressor(**BASE), NUMBER)
    small = MLPRegressor(**BASE)
    with pytest.warns(ConvergenceWarning):
        small.fit(X.astype("float32"), NUMBER)
    assert {w.dtype for w in small.coefs_} == {np.dtype("float32")}
    np.testing.assert_allclose(small.coefs_[0], mine.coefs_[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_fits_that_go_on(task):
    theirs, mine, y = TASKS[task]
    for options in ({}, {"solver": "sgd"}, {"solver": "lbfgs", "max_iter": 4}):
        a, b = (kind(**BASE | {"warm_start": True} | options) for kind in (theirs, mine))
        for _ in range(3):
            fitted(a, y)
            fitted(b, y)
        assert same(learnt(b)["coefs_"], learnt(a)["coefs_"])
        assert (b.n_iter_, b.t_) == (a.n_iter_, a.t_)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("task", TASKS)
def test_partial_fits_go_on_through_copies(task, copied):
    theirs, mine, y = TASKS[task]
    a, b = theirs(**BASE), mine(**BASE)
    for i in range(4):
        part = slice(30 * i, 30 * i + 30)
        told = {"classes": np.unique(THREE) if y is THREE else np.arange(3 if y is LABELS else 2)}
        told = told if i == 0 and theirs is TheirClassifier else {}
        a.partial_fit(X[part], y[part], **told)
        b.partial_fit(X[part], y[part], **told)
        b = copied(b)
    assert same(learnt(b)["coefs_"], learnt(a)["coefs_"])
    assert same(b.loss_curve_, a.loss_curve_)
    assert (b.n_iter_, b.t_) == (a.n_iter_, a.t_)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_it_passes_the_checks_for_estimators(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checks = check_estimator(
            kind(max_iter=60, learning_rate_init=0.02, hidden_layer_sizes=(20,)), on_fail=None, on_skip=None
        )
    assert [(c["check_name"], c["exception"]) for c in checks if c["status"] == "failed"] == []
    assert len(checks) > 50


def test_pipelines_searches_and_scores():
    table = np.c_[X, np.array(["u", "v", "w"])[np.arange(150) % 3]].astype(object)
    columns = ColumnTransformer([("numbers", StandardScaler(), [0, 1, 2, 3, 4]), ("words", OneHotEncoder(), [5])])
    options = BASE | {"max_iter": 3, "learning_rate_init": 0.02}
    grid = {"mlp__alpha": [1e-4, 10.0], "mlp__hidden_layer_sizes": [(4,), (8, 8)]}
    found = []
    for kind in (TheirClassifier, MLPClassifier):
        pipe = make_pipeline(columns, kind(**options))
        pipe.steps[1] = ("mlp", pipe.steps[1][1])
        with pytest.warns(ConvergenceWarning):
            search = GridSearchCV(pipe, grid, cv=3).fit(table, THREE)
        with pytest.warns(ConvergenceWarning):
            scores = cross_val_score(kind(**options), X, TWO, cv=3, scoring="neg_log_loss")
        found.append((search.best_params_, search.cv_results_["mean_test_score"].tolist(), scores))
    assert found[0][:2] == found[1][:2]
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-9)


def test_clones_files_and_names():
    model = clone(MLPClassifier((9,), alpha=0.5, random_state=1))
    assert repr(model) == "MLPClassifier(alpha=0.5, hidden_layer_sizes=(9,), random_state=1)"
    assert model.set_params(alpha=0.25).get_params()["alpha"] == 0.25
    fitted(model, THREE)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    assert (joblib.load(file).predict(X) == model.predict(X)).all()
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    with pytest.warns(ConvergenceWarning):
        model.fit(frame, THREE)
    assert model.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[["b", "a", "c", "d", "e"]])


def test_the_network_is_one_that_others_read():
    model, _ = fitted(MLPClassifier(**BASE), THREE)
    assert [type(layer).__name__ for layer in model.network_] == ["Linear", "ReLU", "Linear"]
    scores = model.network_(glassnet.from_numpy(X))
    np.testing.assert_allclose(scores.softmax(1).detach().numpy(), model.predict_proba(X))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    model.coefs_[0][:] = 0.0  # a window on the network's weights
    assert not model.network_[0].weight.any()


def test_fitting_draws_nothing_from_the_default_stream():
    glassnet.manual_seed(5)
    expected = glassnet.rand(3)
    glassnet.manual_seed(5)
    fitted(MLPRegressor(**BASE), NUMBER)
    assert glassnet.equal(glassnet.rand(3), expected)


def test_steps_are_replayed():
    model, _ = fitted(MLPClassifier(**BASE), TWO)
    assert model._learner.step.obstacle is None
    assert model._learner.step.replays > 20


@pytest.mark.parametrize(("solver", "rate"), [("adam", "constant"), ("sgd", "adaptive")])
def test_what_it_prints_is_what_scikit_learn_prints(capsys, solver, rate):
    printed = []
    for kind in (TheirClassifier, MLPClassifier):
        options = {"solver": solver, "learning_rate": rate, "n_iter_no_change": 2, "tol": 0.1, "verbose": True}
        fitted(kind(**BASE | options), TWO)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "did not improve more than tol" in printed[1]


# ---- mistakes --------------------------------------------------------------------------------------------------------

WRONG = [
    {"alpha": -1},
    {"activation": "relux"},
    {"solver": "adamw"},
    {"hidden_layer_sizes": (3, -1)},
    {"hidden_layer_sizes": "ab"},
    {"max_iter": 0},
    {"batch_size": 0},
    {"validation_fraction": 1.0},
    {"momentum": 2},
    {"early_stopping": 1},
    {"learning_rate_init": 0.0},
    {"beta_1": 1.0},
    {"n_iter_no_change": 0.5},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_parameter_is_refused_by_fit_with_one_that_works(wrong):
    with pytest.raises(ValueError):
        TheirClassifier(**wrong).fit(X, TWO)
    (name,) = wrong
    with pytest.raises(glassnet.errors.ValueRangeError, match=rf"^MLPClassifier: got {name}=.*Try {name}=") as caught:
        MLPClassifier(**wrong).fit(X, TWO)
    value = str(caught.value).rpartition(f"{name}=")[2].removesuffix(".")
    fitted(MLPClassifier(**{"max_iter": 2} | {name: eval(value)}), TWO)


MISTAKES = {
    "other features": (ValueError, lambda kind: kind(**BASE).fit(X, TWO).predict(X[:, :3])),
    "not fitted": (NotFittedError, lambda kind: kind(**BASE).predict(X)),
    "no coefs": (AttributeError, lambda kind: kind(**BASE).coefs_),
    "nan": (ValueError, lambda kind: kind(**BASE).fit(X * np.nan, TWO)),
    "lengths": (ValueError, lambda kind: kind(**BASE).fit(X, TWO[:5])),
    "no classes": (ValueError, lambda kind: kind(**BASE).partial_fit(X, TWO)),
    "new classes": (ValueError, lambda kind: kind(**BASE, warm_start=True).fit(X, TWO).fit(X, THREE)),
    "more classes": (ValueError, lambda kind: kind(**BASE).partial_fit(X, TWO, classes=[0, 1]).partial_fit(X, TWO + 1)),
    "part": (ValueError, lambda kind: kind(**BASE, early_stopping=True).partial_fit(X, TWO, classes=[0, 1])),
    "numbers": (ValueError, lambda kind: kind(**BASE).fit(X, NUMBER)),
    "no partial fit": (AttributeError, lambda kind: kind(solver="lbfgs").partial_fit),
    "unknown": (ValueError, lambda kind: kind().set_params(alphaa=1)),
    "tiny part": (
        ValueError,
        lambda kind: kind(**BASE, early_stopping=True, validation_fraction=0.01).fit(X[:20], LABELS[:20]),
    ),
}


@pytest.mark.parametrize("kind", [TheirClassifier, MLPClassifier])
@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_mistakes_raise_what_they_raise_there(name, kind):
    error, mistake = MISTAKES[name]
    with pytest.raises(error):
        mistake(kind)


def test_sparse_tables_are_refused_in_words():
    with pytest.raises(TypeError, match="dense data is required"):
        MLPClassifier(**BASE).fit(scipy.sparse.csr_matrix(X), TWO)


def test_poisson_refuses_numbers_below_0():
    with pytest.raises(glassnet.errors.DataError, match=r"loss='poisson'.*Try loss='squared_error'"):
        MLPRegressor(loss="poisson").fit(X, NUMBER)


@pytest.mark.filterwarnings("ignore")
def test_weights_that_are_not_finite_are_refused():
    options = {"solver": "sgd", "learning_rate_init": 1e6, "activation": "identity"}
    with pytest.raises(ValueError, match="not finite"):
        MLPRegressor(**BASE | options).fit(X * 1e3, NUMBER)


def test_the_examples_in_the_docstrings():
    assert doctest.testmod(estimators, optionflags=doctest.NORMALIZE_WHITESPACE) == (0, 4 + 4)
