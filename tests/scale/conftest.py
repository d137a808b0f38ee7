"""A small search, and the functions that test processes run."""

import pytest

from glassnet.data.datasets import load_dataset
from glassnet.scale.sweep import Sweep
from glassnet.train.settings import Settings

SPACE = {"width": (1, 4, 16), "learning_rate": (0.001, 0.1)}


@pytest.fixture(scope="session")
def moons():
    return load_dataset("moons", n=120)


@pytest.fixture
def small(moons):
    """Makes a search of six tiny trainings."""

    def make(folder=None, space=SPACE, **options):
        return Sweep(moons, space, Settings(epochs=2, batch_size=20), folder=folder, **options)

    return make
