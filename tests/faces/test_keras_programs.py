"""Programs as users of Keras write them print what Keras 3 prints (keras_programs.json, made by Keras itself)."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
PRINTED = json.loads((GOLDEN / "keras_programs.json").read_text("utf-8"))
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def maker():
    spec = importlib.util.spec_from_file_location("make_keras_programs", GOLDEN / "make_keras_programs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()
PROGRAMS = MAKER.programs()


def with_glassnet(text):
    """The program with `import keras` exchanged, and no word besides."""
    text = re.sub(r"^(\s*)import keras$", r"\1from glassnet import keras", text, flags=re.M)
    return re.sub(r"^(\s*)from keras", r"\1from glassnet.keras", text, flags=re.M)


def test_every_program_has_its_numbers():
    assert list(PRINTED) == list(PROGRAMS)
    assert len(PROGRAMS) > 60


@pytest.mark.parametrize("title", PROGRAMS)
def test_a_program_prints_what_keras_prints(title):
    mine = MAKER.printed(with_glassnet(PROGRAMS[title]), with_glassnet(MAKER.BEGIN))
    assert NUMBER.sub("#", mine) == NUMBER.sub("#", PRINTED[title])
    told, expected = ([float(n) for n in NUMBER.findall(text)] for text in (mine, PRINTED[title]))
    assert told == pytest.approx(expected, rel=1e-3, abs=3e-4)
