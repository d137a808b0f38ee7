"""Property tests draw the same cases at every run, so that a failure is one for everybody.

`pytest --hypothesis-seed=random` explores others. `pytest --long` goes on ten times as long where that may find more.
"""

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="fuzz, kill and interrupt ten times as often")


@pytest.fixture(scope="session")
def effort(request):
    """How many times as much as in an ordinary run the tests that could go on for ever do."""
    return 10 if request.config.getoption("--long") else 1
