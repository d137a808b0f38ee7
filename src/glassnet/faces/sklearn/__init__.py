"""A scikit-learn-style face: `from glassnet.sklearn import MLPClassifier`, at work in pipelines and searches.

The two estimators have the parameters, the attributes and, for the same `random_state`, the numbers of those in
`sklearn.neural_network`; their steps are replayed by glassnet's engine, and `network_` is an `nn.Sequential` which
everything that reads networks can read. scikit-learn itself brings what is around them: it comes with
`pip install glassnet[sklearn]`.
"""

from glassnet.errors import LeftOutModuleError, complain

try:
    from glassnet.faces.sklearn.estimators import MLPClassifier, MLPRegressor
except ImportError as problem:
    if "sklearn" not in (problem.name or ""):
        raise
    _hint = "Try pip install 'glassnet[sklearn]', or nn.Sequential with glassnet.train.trainer.Trainer"
    raise LeftOutModuleError(complain("glassnet.sklearn: got no scikit-learn", "expected it", _hint)) from None

__all__ = ["MLPClassifier", "MLPRegressor"]
