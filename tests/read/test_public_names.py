"""explain, why and draw stand at the top level, and a program that does not ask for them does not load them."""

import subprocess
import sys

import pytest

import glassnet as torch
from glassnet.read.draw import draw
from glassnet.read.explain import explain
from glassnet.read.why import why

READERS = {"draw": draw, "explain": explain, "why": why}


@pytest.mark.parametrize("name", READERS)
def test_the_readers_stand_at_the_top_level(name):
    assert getattr(torch, name) is READERS[name]
    assert name in dir(torch)


def test_they_are_loaded_when_they_are_asked_for():
    program = (
        "import sys, glassnet; assert not [m for m in sys.modules if m.startswith('glassnet.read')], 'loaded early'; "
        "glassnet.why; assert 'glassnet.read.why' in sys.modules; from glassnet import explain; print(explain.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("explain\n", "")


def test_a_name_that_is_nowhere_is_still_refused():
    with pytest.raises(AttributeError, match="no attribute 'explian'"):
        torch.explian  # noqa: B018
