"""The page for teachers: its commands run, and what it says of the course, the slides and the page is so."""

import importlib.util
import re
from pathlib import Path

import pytest

from glassnet.lessons.catalogue import lessons
from glassnet.lessons.kit import workshop_files

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "teaching.md").read_text("utf-8")
SLIDES = dict(workshop_files())["slides.md"].split("\n---\n")

spec = importlib.util.spec_from_file_location("pages_run", Path(__file__).with_name("pages_run.py"))
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)


def test_its_commands_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pages.run_page("teaching.md")
    assert (tmp_path / "course" / "02_xor.ipynb").is_file()


def test_what_it_says_of_the_course():
    assert "Fourteen lessons, about seven hours" in TEXT
    assert len(lessons()) == 14
    assert round(sum(lesson.minutes for lesson in lessons()) / 60) == 7
    first = lessons()[0].text
    assert len(re.findall(r"^check\(", first, re.M)) == 4
    assert "four exercises are still open" in TEXT


@pytest.mark.parametrize(
    ("number", "words"),
    [(2, "Which side?"), (4, "Does it fire?"), (6, "ReLU"), (7, "Folds add up"), (8, "A layer is a product"),
     (9, "How wrong?"), (10, "Which way?"), (11, "Five lines"), (12, "How big a step?"), (13, "At home")],
)  # fmt: skip
def test_the_slides_have_the_numbers_it_gives(number, words):
    assert words in SLIDES[number - 1]


@pytest.mark.parametrize("said", ["A line for the moons", "Three ReLU neurons on the moons"])
def test_the_scenes_are_called_so(said):
    assert f"*{said}*" in TEXT
    assert f'title: "{said}"' in (ROOT / "web" / "src" / "lib" / "scenes.ts").read_text("utf-8")
    assert f"*{said}*" in dict(workshop_files())["script.md"]


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("This code lets nobody in", "src/glassnet/server/app.py"),
        ("got no Jupyter on this machine", "src/glassnet/cli/lessons.py"),
        ("still open", "src/glassnet/lessons/exercises.py"),
        ("<picture:", "src/glassnet/lessons/pictures.py"),
    ],
)
def test_what_it_quotes_is_what_the_program_says(said, where):
    assert said in TEXT
    assert said in (ROOT / where).read_text("utf-8")
