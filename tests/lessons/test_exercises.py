"""Every exercise: its solution is right, its wrong answers are not and are told why, its lesson asks for it."""

import re

import numpy as np
import pytest

from glassnet.errors import ValueRangeError
from glassnet.lessons import check, hint, reveal
from glassnet.lessons.catalogue import lessons
from glassnet.lessons.exercises import EXERCISES, collecting, find_exercise, judge
from glassnet.lessons.kit import workshop_files
from glassnet.lessons.percent import parse

SCRIPTS = {lesson.number: lesson.text for lesson in lessons()} | {0: dict(workshop_files())["moons.py"]}
ASKED = [(number, id) for number, text in SCRIPTS.items() for id in re.findall(r'^ *check\("([\d.]+)"', text, re.M)]
IDS = [id for _, id in ASKED]


@pytest.mark.parametrize("id", IDS)
def test_the_solution_is_right(id):
    verdict = judge(id, *find_exercise(id).solution)
    assert verdict.state == "right", verdict.message
    assert verdict.message.startswith("right: ")


@pytest.mark.parametrize("id", IDS)
def test_wrong_answers_are_told_why(id):
    task = find_exercise(id)
    assert len(task.wrong) >= 2
    for answer in task.wrong:
        verdict = judge(id, *answer)
        assert verdict.state == "wrong", answer
        assert "; expected" in verdict.message, verdict.message
        assert ". Try " in verdict.message, verdict.message


@pytest.mark.parametrize("id", IDS)
def test_dots_are_open(id):
    task = find_exercise(id)
    verdict = judge(id, *([...] * len(task.solution)))
    assert verdict.state == "open"
    assert task.asks in verdict.message


@pytest.mark.parametrize("id", IDS)
def test_senseless_answers_get_an_answer(id):
    count = len(find_exercise(id).solution)
    for answer in (None, "x", [], -1, np.zeros((2, 2)), lambda *a, **k: None):
        assert judge(id, *([answer] * count)).state == "wrong"


def test_every_exercise_belongs_to_its_lesson():
    assert len(IDS) == len(set(IDS))
    for number, id in ASKED:
        assert id.split(".")[0] == str(number)
        assert f"Exercise {id}" in SCRIPTS[number]
        assert find_exercise(id).hints
    assert set(EXERCISES) == set(IDS)


@pytest.mark.parametrize("number", SCRIPTS)
def test_every_lesson_lets_guess_and_answer(number):
    text = SCRIPTS[number]
    guesses = len(re.findall(r"^guess = \.\.\.", text, re.M))
    assert guesses >= 1
    assert len(re.findall(r"^reveal\(\s*guess", text, re.M)) == guesses
    assert sum(n == number for n, _ in ASKED) >= 3
    if number:
        assert "## Where the lectures are loose or wrong" in text
    assert len([c for c in parse(text).cells if c.kind == "markdown"]) >= 6


def test_check_prints_and_is_gathered(capsys):
    with collecting() as verdicts:
        check("1.1", (-1, -1), 1.5)
        check("1.1", ..., ...)
        check("1.1", (1, 1), 1)
    assert [v.state for v in verdicts] == ["right", "open", "wrong"]
    out = capsys.readouterr().out
    assert "1.1  right" in out
    assert "1.1  still open" in out
    assert "1.1  not yet: at (1, 1)" in out


def test_hints_come_one_at_a_time(capsys):
    for _ in range(len(find_exercise("1.3").hints) + 1):
        hint("1.3")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:-1] == list(find_exercise("1.3").hints)
    assert lines[-1] == "An answer: -1, 0.5"


@pytest.mark.parametrize("id", ["1.99", "99.1", "", "x", "1"])
def test_unknown_exercises(id):
    with pytest.raises(ValueRangeError, match="expected one of"):
        check(id, 1)


@pytest.mark.parametrize(
    ("guess", "truth", "said"),
    [
        (..., 4, "It is 4"),
        (4, 4, "You said 4, and it is 4."),
        (3, 4, "You said 3, it is 4."),
        (0.66, 0.659, "and it is 0.659."),
        (1e3, 101770, "it is 101,770."),
        ("a", 3, "You said a, it is 3."),
        ("A", "a", "and it is a."),
    ],
)
def test_reveal(guess, truth, said, capsys):
    reveal(guess, truth)
    assert said in capsys.readouterr().out
