"""Every command line that a lesson or the workshop names: it is there, with its options, and does what is said."""

import re

import pytest

from glassnet.cli import main as program
from glassnet.data.datasets import DATASETS
from glassnet.lessons.catalogue import find_lesson, lessons
from glassnet.lessons.kit import workshop_files

KIT = [text for name, text in workshop_files() if name.endswith((".md", ".py"))]
TEXTS = [lesson.text for lesson in lessons()] + KIT
NAMED = sorted({line for text in TEXTS for line in re.findall(r"`glassnet ([^`]+)`", text)})
SENTENCES = re.findall(r"^# \| [^|]+ \| `glassnet ([^`]+)` \|$", find_lesson("14").text, re.M)


@pytest.mark.parametrize("line", NAMED)
def test_a_command_that_is_named_is_there(line, glassnet):
    command, *words = line.split()
    assert command in program.COMMANDS
    page = glassnet(f"{command} --help").out
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"^ +{re.escape(option)}\b", page, re.M), option
    if command == "train":
        assert words[0].replace("-", "_") in DATASETS


def test_there_are_eight_sentences_to_take_home():
    assert len(SENTENCES) == 8


@pytest.mark.parametrize("line", [line for line in SENTENCES if line not in ("play", "train mnist")])
def test_a_sentence_to_take_home_has_its_command(line, glassnet):
    quickly = " --epochs 2" if line.startswith("train") else ""
    done = glassnet(line + quickly)
    assert (done.status, done.err) == (0, "")
    assert len(done.out.splitlines()) > 5


@pytest.mark.parametrize("seed", [0, 1])
def test_one_command_learns_xor(glassnet, seed):
    done = glassnet(f"train xor_gate --hidden 8 --activation tanh --seed {seed}")
    assert "100.00 % of 4 test examples right, 0 wrong" in done.out
