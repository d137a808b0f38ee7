"""The scikit-learn-style face: `from glassnet.sklearn import MLPClassifier, MLPRegressor`."""

from typing import NoReturn

from glassnet.errors import LeftOutModuleError, complain
from glassnet.faces.sklearn import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]


def __getattr__(name: str) -> NoReturn:
    """Only for names that are not there: `from glassnet.sklearn import SVC` says what there is."""
    if not name[0].isupper():
        raise AttributeError(f"module 'glassnet.sklearn' has no attribute {name!r}")
    got = f"glassnet.sklearn.{name}: got an estimator that glassnet leaves out"
    raise LeftOutModuleError(complain(got, "expected MLPClassifier or MLPRegressor", f"Try {name} of sklearn itself"))
