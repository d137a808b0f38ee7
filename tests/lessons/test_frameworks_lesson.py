"""Lesson 13 with the other libraries absent, broken, or in an older place: it always has numbers, and says whose."""

import sys
import types

import numpy as np
import pytest

from glassnet import keras as keras_face
from glassnet.core.generator import fork_rng
from glassnet.lessons.catalogue import find_lesson
from glassnet.lessons.running import run_cell

OTHERS = ("torch", "keras", "tensorflow", "jax", "jax.numpy")


@pytest.fixture
def space(monkeypatch):
    """What the lesson has defined before its comparison, where none of the other libraries can be imported."""
    for name in OTHERS:
        monkeypatch.setitem(sys.modules, name, None)
    names = {"__name__": "__main__"}
    with fork_rng():
        for number, cell in enumerate(find_lesson("13").script.code, 1):
            run_cell(cell, number, names)
            if "def theirs(" in cell.source:
                return names
    raise AssertionError("no comparison in the lesson")


@pytest.mark.parametrize("name", ["PyTorch", "Keras", "JAX"])
def test_an_absent_library_is_told(space, name):
    losses, said = space["theirs"](name)
    version, measured = space["MEASURED"][name]
    assert losses == measured
    assert said == f"{version}, measured once: not installed here"


def test_what_was_measured_once_is_what_comes_out_here(space):
    mine = [space["mine"]["NumPy by hand"][step] for step in space["LOOK"]]
    for _, measured in space["MEASURED"].values():
        np.testing.assert_allclose(measured, mine, atol=2e-6)


def test_keras_is_found_inside_an_older_tensorflow(space, monkeypatch):
    inside = types.ModuleType("keras")
    inside.Sequential, inside.layers, inside.optimizers = (
        keras_face.Sequential,
        keras_face.layers,
        keras_face.optimizers,
    )
    inside.losses, inside.__version__ = keras_face.losses, "2.15.0"
    tensorflow = types.ModuleType("tensorflow")
    tensorflow.keras = inside
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    losses, said = space["theirs"]("Keras")
    assert said == "2.15.0"
    np.testing.assert_allclose(losses, space["mine"]["NumPy by hand"], atol=1e-5)


def test_a_library_that_stops_is_told_by_its_mistake(space, monkeypatch):
    broken = types.ModuleType("keras")
    broken.Sequential = None
    broken.layers = types.SimpleNamespace(Dense=lambda *given, **named: None)
    monkeypatch.setitem(sys.modules, "keras", broken)
    losses, said = space["theirs"]("Keras")
    assert losses == space["MEASURED"]["Keras"][1]
    assert said.endswith("measured once: here it stops with TypeError")
