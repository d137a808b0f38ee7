"""A clean place for every test of the command line, and one model of digits for all of them."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from glassnet.cli.main import main
from glassnet.train.machine import Blas


class Outcome(NamedTuple):
    """What a call of the program left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out, parse_constant=pytest.fail)


@pytest.fixture(scope="session")
def digits_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("glassnet-cache")


@pytest.fixture(autouse=True)
def clean_place(tmp_path, monkeypatch, digits_cache):
    """An empty working folder, a cache of the tests' own, plain output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GLASSNET_CACHE", str(digits_cache))
    for name in ("COLUMNS", "OPENBLAS_CORETYPE"):
        monkeypatch.delenv(name, raising=False)
    threads = Blas().threads
    yield tmp_path
    if threads is not None:
        Blas().threads = threads


@pytest.fixture
def glassnet(capsys):
    """Call the program in this process."""

    def call(line, *more):
        status = main([*line.split(), *more])
        return Outcome(status, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory, digits_cache):
    """A run folder with a model of MNIST, trained once, by the fast recipe."""
    folder = tmp_path_factory.mktemp("digits") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLASSNET_CACHE", str(digits_cache))
        status = main(["train", "mnist", "--recipe", "fast", "--quiet", "--output", str(folder)])
    assert status == 0
    return Path(folder)


@pytest.fixture
def program():
    """The words that start the program as a process of its own."""
    return [sys.executable, "-m", "glassnet.cli.main"]
