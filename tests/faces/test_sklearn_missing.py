"""The scikit-learn face where scikit-learn is not installed."""

import sys

import pytest


def test_it_says_what_to_install(monkeypatch):
    for name in list(sys.modules):
        if name.startswith(("glassnet.faces.sklearn", "glassnet.sklearn", "sklearn")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError) as caught:
        import glassnet.sklearn  # noqa: F401
    assert str(caught.value) == (
        "glassnet.sklearn: got no scikit-learn; expected it. "
        "Try pip install 'glassnet[sklearn]', or nn.Sequential with glassnet.train.trainer.Trainer."
    )
