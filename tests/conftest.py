"""Every run is the same run, so that a failure is one for everybody, and no test owes its numbers to those before it.

Property tests draw the same cases, the tests are shuffled in the same way, and every generator starts anew for each of
them. `pytest --hypothesis-seed=random --randomly-seed=default` explores others. `pytest --long` goes on ten times as
long where that may find more.
"""

import copy

import numpy as np
import pytest
from hypothesis import settings

import glassnet

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="fuzz, kill and interrupt ten times as often")


@pytest.fixture(scope="session")
def effort(request):
    """How many times as much as in an ordinary run the tests that could go on for ever do."""
    return 10 if request.config.getoption("--long") else 1


_beginnings = {}  # (module, name) of a generator that a test file keeps for its tests -> its state once all were read


def _generators(item):
    module = getattr(item, "module", None)  # a doctest has none
    kept = vars(module).items() if module else ()
    return {(module.__name__, name): value for name, value in kept if isinstance(value, np.random.Generator)}


def pytest_collection_finish(session):
    for item in session.items:
        for key, generator in _generators(item).items():
            _beginnings.setdefault(key, copy.deepcopy(generator.bit_generator.state))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Begin with random numbers that are the same whichever tests ran before."""
    glassnet.manual_seed(0)
    for key, generator in _generators(item).items():
        generator.bit_generator.state = _beginnings[key]
