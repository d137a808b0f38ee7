"""`glassnet lessons`: the course, listed, copied, opened, and its answers checked."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.cli.help import Page, wrapped
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.terminal import Terminal
from glassnet.errors import NotSupportedError, ValueRangeError, complain
from glassnet.files.os_errors import typed
from glassnet.train.kinds import nearest, shown

if TYPE_CHECKING:
    from glassnet.lessons.catalogue import Lesson

PAGE = Page(
    usage="glassnet lessons [copy FOLDER | open N | check FILE | check FOLDER] [options]",
    says="The course: lessons that run, with questions to guess at and exercises that are checked. Without a word the "
    "lessons are listed; copy takes numbers to copy only those. A lesson is a Python program in cells and, with the "
    "same cells, a Jupyter notebook.",
    examples=(
        ("glassnet lessons", "what there is"),
        ("glassnet lessons copy course", "all of them, and the workshop, into a folder"),
        ("glassnet lessons open 1", "start with the first, in Jupyter"),
        ("glassnet lessons check course/01_neuron.py", "are my answers right?"),
    ),
    notes="check runs the file, as python would: check only files that you would run. Exit status: 0 if all answers "
    "are right, 1 if some are open or wrong.",
)
OPTIONS = [
    Option("run", None, "copy: run the notebooks first, so that they hold their outputs (some minutes)"),
    Option("force", None, "copy: replace files that were changed in the folder"),
    Option("quick", None, "check: with small sizes, to be done sooner"),
    Option("help", None, "show this page"),
]
_USUAL_FOLDER = "glassnet-lessons"
_SIGNS = {"right": ("✓", "+", "32"), "wrong": ("✗", "x", "31"), "open": ("·", ".", "2")}


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, OPTIONS)
    if parsed.flag("help"):
        return PAGE.show(OPTIONS)
    verb, *rest = parsed.arguments or ["list"]
    verbs = {"list": _list, "copy": _copy, "open": _open, "check": _check}
    if verb not in verbs:
        if verb.isdecimal():
            hint = f"Try glassnet lessons open {_found(verb).number}"
            raise UsageError(complain(f"got {verb}", f"expected one of {', '.join(verbs)} before it", hint))
        near = nearest(verb.lower(), verbs)
        got, hint = f"got {shown(verb)}", f"Try glassnet lessons {near or '--help'}"
        raise UsageError(complain(got, f"expected one of {', '.join(verbs)}", hint))
    return verbs[verb](rest, parsed)


def _list(rest: Sequence[str], parsed: Parsed) -> int:
    from glassnet.lessons.catalogue import lessons

    if rest:
        got = f"got {shown(rest[0])} after list"
        raise UsageError(complain(got, "expected nothing", f"Try glassnet lessons open {rest[0]}"))
    terminal = Terminal(sys.stdout)
    column = max(len(lesson.title) for lesson in lessons()) + 2
    for lesson in lessons():
        about = f"{lesson.title:<{column}}{lesson.minutes:3} min  {lesson.level}"
        terminal.say(f"{lesson.number:3}  {about}")
        for line in wrapped(lesson.learn, min(terminal.width, 100) - 5):
            terminal.say(f"     {terminal.dim(line)}")
    hours = sum(lesson.minutes for lesson in lessons()) / 60
    terminal.say(
        "", f"{len(lessons())} lessons, about {hours:.1f} hours, and a workshop of 35 minutes, which copy brings."
    )
    terminal.say("Begin with: glassnet lessons open 1   or: glassnet lessons copy course")
    return 0


def _copy(rest: Sequence[str], parsed: Parsed) -> int:
    from glassnet.lessons.kit import copy_course

    if not rest:
        got = "got copy without a folder"
        raise UsageError(complain(got, "expected where to put the lessons", "Try glassnet lessons copy course"))
    chosen = tuple(_found(word) for word in rest[1:])
    copied = copy_course(rest[0], chosen, run=parsed.flag("run"), force=parsed.flag("force"))
    terminal = Terminal(sys.stdout)
    kept = [entry.path for entry in copied if entry.state == "kept"]
    terminal.say(f"{len(copied) - len(kept)} files of the course are in {rest[0]}")
    if kept:
        names = ", ".join(path.name for path in kept)
        terminal.say(*wrapped(f"kept as you changed them: {names} (--force replaces them)", terminal.width))
    terminal.say(f"Try: glassnet lessons check {typed(Path(rest[0], (chosen or (_found('1'),))[0].file))}")
    return 0


def _open(rest: Sequence[str], parsed: Parsed) -> int:
    from glassnet.lessons.kit import copy_course

    if not 1 <= len(rest) <= 2:
        got = f"got {' and '.join(map(shown, rest)) or 'nothing'} to open"
        raise UsageError(complain(got, "expected the number of a lesson", "Try glassnet lessons open 1"))
    lesson, folder = _found(rest[0]), rest[1] if len(rest) == 2 else _USUAL_FOLDER
    program = _jupyter()
    copy_course(folder, (lesson,), force=parsed.flag("force"))
    path = Path(folder, lesson.name)
    if program is None:
        got = "got no Jupyter on this machine"
        hint = f"Try pip install jupyterlab, or python {path}.py"
        raise NotSupportedError(complain(got, f"expected one to open {path}.ipynb with", hint))
    return subprocess.call([*program, f"{path}.ipynb"])


def _jupyter() -> list[str] | None:
    """The words that start Jupyter, here or anywhere on the path."""
    for module, words in (("jupyterlab", ["jupyterlab"]), ("notebook", ["notebook"])):
        if importlib.util.find_spec(module) is not None:
            return [sys.executable, "-m", *words]
    found = shutil.which("jupyter-lab") or shutil.which("jupyter-notebook")
    return [found] if found else None


def _check(rest: Sequence[str], parsed: Parsed) -> int:
    from glassnet.lessons.kit import check_file

    if len(rest) != 1:
        got = f"got {' and '.join(map(shown, rest)) or 'nothing'} to check"
        raise UsageError(complain(got, "expected one file", "Try glassnet lessons check course/01_neuron.py"))
    if Path(rest[0]).is_dir():
        return _check_folder(rest[0], parsed.flag("quick"))
    if rest[0].isdecimal() and not Path(rest[0]).exists():
        hint = f"Try glassnet lessons check {_found(rest[0]).file}, in the folder that copy wrote"
        raise UsageError(complain(f"got {rest[0]}", "expected the file with your answers", hint))
    try:
        report = check_file(rest[0], parsed.flag("quick"))
    except ValueRangeError as problem:
        raise UsageError(str(problem)) from None
    terminal = Terminal(sys.stdout)
    for verdict in report.verdicts:
        good, plain, colour = _SIGNS[verdict.state]
        sign = terminal.paint(good if terminal.unicode else plain, colour)
        said = verdict.message.partition(". Put")[0] if verdict.state == "open" else verdict.message
        first, *more = wrapped(said, terminal.width - 9)
        terminal.say(f"{sign} {verdict.id:5}  {first}", *(f"         {line}" for line in more))
    right = sum(verdict.state == "right" for verdict in report.verdicts)
    terminal.say(f"{right} of {len(report.verdicts)} right" if report.verdicts else f"{rest[0]}: no check(…) in it")
    if report.problem is not None:
        terminal.say(*wrapped(f"a cell failed: {report.problem}", terminal.width))
    return 0 if right == len(report.verdicts) > 0 and report.problem is None else 1


def _check_folder(folder: str, quick: bool) -> int:
    """A line for every lesson in a folder; of a program and its notebook the one that was changed last counts."""
    from glassnet.lessons.kit import check_file, lessons_in

    paths = lessons_in(folder)
    if not paths:
        hint = f"Try glassnet lessons copy {typed(folder)}"
        raise UsageError(complain(f"got {shown(folder)} without lessons", "expected some with check(…) in them", hint))
    terminal, wide, good = Terminal(sys.stdout), max(len(path.name) for path in paths), True
    for path in paths:
        report = check_file(str(path), quick)
        right = sum(verdict.state == "right" for verdict in report.verdicts)
        open_ones = sum(verdict.state == "open" for verdict in report.verdicts)
        said = f"{right} of {len(report.verdicts)} right" + (f", {open_ones} open" if open_ones else "")
        said += f"; {report.problem}" if report.problem is not None else ""
        first, *more = wrapped(said, terminal.width - wide - 2)
        terminal.say(f"{path.name:<{wide}}  {first}", *(" " * (wide + 2) + line for line in more))
        good = good and right == len(report.verdicts) and report.problem is None
    terminal.say("", f"Each answer: glassnet lessons check {typed(str(paths[0]))}")
    return 0 if good else 1


def _found(word: str) -> Lesson:
    from glassnet.lessons.catalogue import find_lesson

    if word.lower() == "workshop":
        got, expected = f"got {word} by itself", "expected a lesson: the workshop comes with all of them"
        raise UsageError(complain(got, expected, "Try glassnet lessons copy course"))
    try:
        return find_lesson(word)
    except ValueRangeError as problem:
        raise UsageError(str(problem)) from None
