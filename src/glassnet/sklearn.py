"""The scikit-learn-style face: `from glassnet.sklearn import MLPClassifier, MLPRegressor`."""

from glassnet.faces.sklearn import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
