import importlib
import subprocess
import sys

import pytest

import glassnet.train
from glassnet.train import Callback, Trainer


@pytest.mark.parametrize("name", glassnet.train.__all__)
def test_what_a_program_needs_can_be_had_from_the_room_itself(name):
    found = getattr(glassnet.train, name)
    assert getattr(importlib.import_module(found.__module__), name) is found


def test_they_are_the_ones_that_train():
    assert Trainer.__module__ == "glassnet.train.trainer"
    assert Callback.__module__ == "glassnet.train.callbacks"
    with pytest.raises(ImportError, match="Trainr"):
        exec("from glassnet.train import Trainr")


def test_the_room_loads_nothing_by_itself():
    said = "import sys, glassnet.train; print([m for m in sys.modules if m.startswith('glassnet.train.')])"
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout == "[]\n"
