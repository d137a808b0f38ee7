"""Every exercise: its solution is right, its wrong answers are not and are told why, its lesson asks for it."""

import re

import numpy as np
import pytest

from glassnet.core.tensor import wrap
from glassnet.errors import ValueRangeError
from glassnet.lessons import check, hint, reveal
from glassnet.lessons.catalogue import lessons
from glassnet.lessons.exercises import EXERCISES, collecting, find_exercise, judge
from glassnet.lessons.kit import workshop_files
from glassnet.lessons.percent import Cell, parse
from glassnet.lessons.running import run_cell

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


def in_its_place(answer, solution):
    """The answer, where one of its kind is asked for, and the right parts beside it."""
    return tuple(answer if callable(part) else part for part in solution)


SENSELESS = [None, "x", [], -1, 3.5, float("nan"), {1: 2}, np.zeros((2, 2)), lambda *a, **k: None]


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("answer", SENSELESS, ids=lambda answer: f"{type(answer).__name__}")
def test_senseless_answers_are_told_in_the_words_of_the_exercise(id, answer):
    verdict = judge(id, *([answer] * len(find_exercise(id).solution)))
    assert verdict.state == "wrong"
    assert re.search(r"; expected .+\. Try .+\.$", verdict.message), verdict.message
    for of_python in ("TypeError", "Traceback", "NoneType", "not iterable", "no len()", "__", "shape ()"):
        assert of_python not in verdict.message


WITH_FUNCTIONS = [id for id in IDS if any(callable(part) for part in find_exercise(id).solution) and id != "13.2"]


@pytest.mark.parametrize("id", WITH_FUNCTIONS)
def test_a_function_that_forgets_to_return_is_told_so(id):
    answer = in_its_place(lambda *a, **k: None, find_exercise(id).solution)
    assert "your function gives None; expected" in judge(id, *answer).message


@pytest.mark.parametrize("id", WITH_FUNCTIONS)
def test_a_function_that_is_not_written_yet_is_open(id):
    assert judge(id, *in_its_place(lambda *a, **k: ..., find_exercise(id).solution)).state == "open"


@pytest.mark.parametrize("id", WITH_FUNCTIONS)
def test_what_a_function_gives_is_shown_when_it_cannot_be_compared(id):
    for given in ("word", np.zeros((3, 7)), object, (1, 2)):
        verdict = judge(id, *in_its_place(lambda *a, given=given, **k: given, find_exercise(id).solution))
        assert verdict.state == "wrong", (given, verdict)
        assert "; expected" in verdict.message


def test_a_mistake_in_a_function_is_told_with_its_line():
    cell = Cell("code", "def f(z):\n    top = z.max()\n    return z / (top - top.nothing)\n")
    space = {}
    run_cell(cell, 1, space)
    said = judge("5.1", space["f"]).message
    assert "your function ends in AttributeError at 'return z / (top - top.nothing)'" in said
    assert "expected softmax over the last axis" in said


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("1.1", ((-1, -1),), 'got 1 answer; expected 2: weight, bias. Try check("1.1", (…, …), …).'),
        ("1.1", (3, 1.5), 'weight: got 3; expected numbers as in (…, …). Try check("1.1", (…, …), …).'),
        ("1.1", ((-1, -1), "1.5"), "bias: got '1.5'; expected one number. Try check(\"1.1\", (…, …), …)."),
        ("2.2", ([1, 2], 3), "hidden: got [1, 2]; expected numbers as in [((…, …), …), ((…, …), …)]."),
        ("3.3", (7,), 'got 7; expected a function, by its name and without brackets. Try check("3.3", …).'),
        ("5.3", (3,), 'got 3; expected letters, in quotes. Try check("5.3", "…").'),
        ("6.3", ([0.7118, 0.8117], "yes"), "smaller: got 'yes'; expected True or False."),
        ("4.1", ((0.8,), (1, 1), 1, 1), "z: got 1 number; expected 2 numbers. Try row times input plus bias."),
    ],
)
def test_the_form_of_an_answer_is_told_before_its_content(id, answer, said):
    assert said in judge(id, *answer).message


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("1.1", (np.array([-1, -1]), np.float32(1.5))),
        ("1.1", ([-2.0, -2.0], [3])),
        ("1.3", ((-1,), 0.5)),
        ("3.2", ((0.44, 0.46), (0.5,))),
        ("3.2", (np.array([[0.44, 0.46]]), np.array([0.5]))),
        ("4.2", (((64, 784), [256, 784], (64, 256), (64, 10)),)),
        ("5.3", ("C, A, B, D",)),
        ("5.3", (["c", "a", "b", "d"],)),
        ("6.3", (np.array([[0.7118, 0.8117]]), np.True_)),
        ("7.1", (wrap(np.array(-4.0)), wrap(np.array([-4.0])), 3)),
        ("7.4", ("a c d",)),
        ("13.3", ("C",)),
    ],
)
def test_a_right_answer_may_come_in_another_form(id, answer):
    verdict = judge(id, *answer)
    assert verdict.state == "right", verdict.message


def test_a_mean_for_a_sum_is_told_as_a_factor():
    def mean(dZ, A, W):
        return dZ @ A.T / A.shape[1], dZ.sum(axis=1, keepdims=True), W.T @ dZ

    assert "dW: your numbers are 0.2 times those of the chain rule" in judge("6.4", mean).message


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
        ("25 %", 0.25, "You said 25 %, and it is 0.25."),
        ("101,770", 101770, "and it is 101,770."),
        ("30%", 0.25, "it is 0.25."),
        ([1, 2], 0.25, "it is 0.25."),
        ("A", "a", "and it is a."),
    ],
)
def test_reveal(guess, truth, said, capsys):
    reveal(guess, truth)
    assert said in capsys.readouterr().out
