"""docs/coverage.md: every target of every row exists, and what names a number computes it."""

import importlib
import importlib.util
import inspect
import math
import tomllib
from pathlib import Path

import pytest

from glassnet.cli import main as program
from glassnet.lessons.catalogue import find_lesson
from glassnet.lessons.kit import workshop_files
from glassnet.read.examples.work import facts, find_example

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "coverage.toml").read_text("utf-8")
ROWS = {name: row for section in tomllib.loads(TEXT).values() for name, row in section.items()}
WORKSHOP = dict(workshop_files())


def tool():
    spec = importlib.util.spec_from_file_location("coverage_page", ROOT / "tools" / "coverage_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = tool()
TARGETS = sorted({target for row in ROWS.values() for target in TOOL.targets(row)})


def holds(text, words):
    """Whether the words stand there, in one line or over the end of one."""
    return " ".join(words.split()) in " ".join(text.replace("\n# ", "\n").split()) or words in text


def lesson(rest):
    number, _, words = rest.partition("#")
    assert holds(find_lesson(number).text, words.replace("\n# ", "\n"))


def workshop(rest):
    file, _, words = rest.partition("#")
    assert holds(WORKSHOP[file], words)


def example(rest):
    """It computes, and where the lecture's number is right to the last digit, that number."""
    values = find_example(rest).work().values
    for fact in facts()[rest]:
        assert fact["name"] in values
        if fact["verdict"] == "exact" and isinstance(fact["lecture"], int | float):
            assert math.isclose(values[fact["name"]], fact["lecture"], abs_tol=1e-9)


def run(rest, capsys):
    """The command is there, and its page of help has the options."""
    name, command, *options = rest.split()
    assert name == "glassnet"
    assert command in program.COMMANDS
    assert program.main([command, "--help"]) == 0
    page = capsys.readouterr().out
    for option in options:
        assert f"  {option} " in page or f"  {option}\n" in page, option


def api(rest):
    """A name that can be imported, or reached from one that can."""
    parts = rest.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part)
        return
    raise AssertionError(rest)


def file(rest):
    path, _, words = rest.partition("#")
    assert (ROOT / path).is_file()
    assert not words or words in (ROOT / path).read_text("utf-8")


def test(rest):
    path, _, name = rest.partition("::")
    assert (ROOT / path).is_file()
    assert f"def {name}(" in (ROOT / path).read_text("utf-8") if name else True


test.__test__ = False  # a kind of target, not a test
KINDS = {"lesson": lesson, "workshop": workshop, "example": example, "run": run, "api": api, "file": file, "test": test}


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_exists(target, capsys):
    kind, _, rest = target.partition(":")
    follow = KINDS[kind]
    follow(rest, capsys) if "capsys" in inspect.signature(follow).parameters else follow(rest)


def test_every_demand_has_its_row():
    assert list(ROWS) == [f"C{n:03d}" for n in range(1, 348)]
    for name, (topic, where, *note) in ROWS.items():
        assert topic, name
        assert where or note, name
        assert not note or note[0].startswith(("partly: ", "not yet: ")), name


def test_every_worked_example_is_a_target():
    named = {target.partition(":")[2] for target in TARGETS if target.startswith("example:")}
    assert named >= {f"W{n:02d}" for n in range(1, 59)} - {"W36"}


def test_the_page_is_written_from_the_table():
    assert (ROOT / "docs" / "coverage.md").read_text("utf-8") == TOOL.page(TEXT), "run python tools/coverage_page.py"


@pytest.mark.parametrize(
    "target",
    [
        "lesson:3#no such words",
        "example:W99",
        "run:glassnet fly",
        "api:glassnet.nn.Nope",
        "file:nope.md",
        "test:tests/lessons/test_kit.py::test_nope",
        "run:glassnet train --nope",
    ],
)
def test_a_target_that_is_not_there_is_noticed(target, capsys):
    with pytest.raises((AssertionError, ValueError, AttributeError)):
        test_the_target_exists(target, capsys)
