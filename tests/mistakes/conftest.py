"""The reader of the catalogue, and the place where mistakes are made, lie beside the tests."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A folder with a few small tables, images, models and runs: what a user has when making mistakes."""
    from mistake_world import build

    return build(tmp_path_factory.mktemp("mistakes"))


@pytest.fixture
def place(world, tmp_path, monkeypatch):
    """A copy of that folder to make one mistake in."""
    from mistake_world import enter

    with enter(world, tmp_path / "here"):
        yield
