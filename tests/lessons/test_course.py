"""The lessons themselves: each runs from its first cell to its last, as it is shipped."""

import ast
import json

import pytest

from glassnet.core.generator import fork_rng
from glassnet.lessons.catalogue import find_lesson, lessons
from glassnet.lessons.kit import workshop_files
from glassnet.lessons.notebook import as_notebook
from glassnet.lessons.percent import parse
from glassnet.lessons.running import run_script

SCRIPTS = {lesson.name: lesson.text for lesson in lessons()} | {"workshop": dict(workshop_files())["moons.py"]}


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_runs(name):
    script = parse(SCRIPTS[name])
    with fork_rng():
        outputs = run_script(script, name, quick=True)
    assert len(outputs) == len(script.code)
    shown = [output for cell in outputs for output in cell]
    assert any("image/svg+xml" in output.data for output in shown), "a lesson without a picture"
    assert any("still open" in output.data["text/plain"] for output in shown)
    assert "not yet" not in "".join(output.data["text/plain"] for output in shown)
    json.loads(as_notebook(script, outputs))


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_needs_nothing_that_is_not_installed(name):
    """At the top of a cell only the library, NumPy and Python's own are imported; anything else is tried inside."""
    for node in ast.walk(ast.parse(SCRIPTS[name])):
        if isinstance(node, ast.Import | ast.ImportFrom) and node.col_offset == 0:
            module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            assert (module or "").split(".")[0] in {"glassnet", "numpy", "time", "warnings", "math", "itertools"}


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_its_head_is_complete(lesson):
    assert lesson.title
    assert 15 <= lesson.minutes <= 60
    assert lesson.level in ("beginner", "middle", "advanced")
    assert lesson.needs
    assert lesson.learn
    assert f"# # {lesson.number}. " in lesson.text
    assert find_lesson(str(lesson.number)) is lesson
    assert all(len(line) <= 160 for line in lesson.text.splitlines())


def test_numbers_and_hours():
    assert [lesson.number for lesson in lessons()] == list(range(1, len(lessons()) + 1))
    assert 6 <= sum(lesson.minutes for lesson in lessons()) / 60 <= 8
