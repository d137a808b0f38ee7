"""A training that runs again to tell a figure has as many threads as it had: on others its steps would differ."""

import json

import pytest

from glassnet.read.document import Document
from glassnet.train.machine import Blas, threads_at
from glassnet.train.runs import Run
from glassnet.train.stories import FIGURES, Figure, Subject, tell_figure


@pytest.mark.parametrize(
    ("kept", "expected"),
    [({"blas": {"threads": 1}}, 1), ({"blas": {"threads": "1"}}, 2), ({"blas": 1}, 2), ({}, 2)],
    ids=["one", "no number", "no BLAS", "nothing kept"],
)
def test_a_figure_is_told_on_as_many_threads_as_the_run_had(tmp_path, monkeypatch, kept, expected):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "environment.json").write_text(json.dumps(kept), encoding="utf-8")
    seen = []

    def tell(subject):
        seen.append(Blas().threads)
        return Document("told")

    monkeypatch.setitem(FIGURES, "told", Figure("told", "nothing", "a teller that looks", tell))
    with threads_at(2):
        assert tell_figure("told", Subject(None, "run", lambda: None, Run(str(tmp_path)))).title == "told"
        assert (seen, Blas().threads) == ([expected], 2)


def test_threads_are_put_back_whatever_happens():
    def fails():
        with threads_at(1):
            seen.append(Blas().threads)
            raise KeyError

    seen = []
    with threads_at(2):
        with pytest.raises(KeyError):
            fails()
        assert (seen, Blas().threads) == ([1], 2)
