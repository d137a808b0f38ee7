"""`glassnet doctor`: what is wrong with a training or with data, why it matters, and what to change."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from glassnet.cli.data import OWN_DATA, as_usage, dataset_options, load_named
from glassnet.cli.help import Page, wrapped
from glassnet.cli.models import check_fits, data_of, load_trained
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.terminal import Terminal
from glassnet.cli.whereabouts import model_path
from glassnet.data.datasets import DataSet
from glassnet.errors import complain
from glassnet.files import strict_json
from glassnet.files.os_errors import shown, typed
from glassnet.train.doctor.finding import Finding
from glassnet.train.doctor.findings import FINDINGS, diagnose
from glassnet.train.doctor.gathering import case_of_data, case_of_run, flat, in_memory, start_of
from glassnet.train.doctor.preflight import Line, preflight
from glassnet.train.doctor.story import Moment, story
from glassnet.train.kinds import Choice, Text
from glassnet.train.recipes import RECIPES, recipe_for
from glassnet.train.settings import Settings
from glassnet.train.training import Training

PAGE = Page(
    usage="glassnet doctor RUN [DATA] [options]\n       glassnet doctor --data DATA [options]",
    says="Say what is wrong with a training, why it matters and what to change. RUN is a run folder, its name in "
    "`runs`, `last` for the newest, or a model file; its model is looked at again on its data. With --data, check a "
    "data set, and the network that would learn it, before the first step.",
    examples=(
        ("glassnet doctor runs/mnist-20260101-120000", "after a training"),
        ("glassnet doctor --data moons", "before one"),
        ("glassnet doctor --data houses.csv --target price", "a table of your own"),
        ("glassnet doctor runs/my-run --json", "for programs"),
    ),
    notes="Exit status: 0 when no problem is found (there may be hints), 1 when there are problems, 2 for a command "
    "line that cannot be followed.",
)
_SIGNS = {"problem": ("✗", "x", "31"), "hint": ("!", "!", "33"), "good": ("✓", "+", "32")}
_INDENT = 4


def options() -> list[Option]:
    """The options of the command."""
    return [
        Option("data", Text("moons", "DATA", "a data set"), "check this before a training: a name, table or folder"),
        Option("recipe", Choice(RECIPES), "with --data: the settings of this recipe", (), "Options", "default"),
        *OWN_DATA,
        *dataset_options(),
        Option("json", None, "print the findings as JSON, and nothing else"),
        Option("help", None, "show this page"),
    ]


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, options())
    if parsed.flag("help"):
        return PAGE.show(options())
    if "idx" in parsed.values:
        parsed.values.setdefault("data", parsed.values["idx"])
    if "data" in parsed.values:
        if parsed.arguments:
            got = f"got --data {parsed.values['data']} and {parsed.arguments[0]}"
            raise UsageError(complain(got, "expected one of them", f"Try glassnet doctor {typed(parsed.arguments[0])}"))
        return _before(parsed)
    if not 1 <= len(parsed.arguments) <= 2:
        got = f"got {' and '.join(map(shown, parsed.arguments)) or 'no run'}"
        hint = "Try glassnet doctor last, or glassnet doctor --data moons"
        raise UsageError(complain(got, "expected a run folder, and perhaps a data set", hint))
    return _after(parsed)


def _after(parsed: Parsed) -> int:
    """Findings on a training that is over."""
    path = model_path(parsed.arguments[0])
    trained = load_trained(path)
    named = len(parsed.arguments) == 2
    data = load_named(parsed.arguments[1], parsed.values)[0] if named else data_of(trained, path)
    check_fits(trained, data)
    whole, data = data, in_memory(data)
    case = case_of_run(path, trained, data)
    found, told = diagnose(case), story(case.held or ())
    terminal = Terminal(sys.stdout)
    if parsed.flag("json"):
        return _print_json({"run": path, "data": data.name, "story": [m._asdict() for m in told]}, [], found)
    about = f"{_described(data)}{_of_more(data, whole)}"
    terminal.say(f"{terminal.dim('run      ')}{path}", f"{terminal.dim('data     ')}{about}", "")
    terminal.say(*story_lines(told, terminal))
    terminal.say(*finding_lines(found, terminal))
    return _status(found, [])


def _before(parsed: Parsed) -> int:
    """Checks and findings on data that is not learnt yet."""
    data = load_named(parsed.values["data"], parsed.values, "doctor --data")[0]
    with as_usage():
        settings = recipe_for(data, parsed.values.get("recipe", "default"))
    if parsed.flag("json"):
        return _print_json({"data": data.name}, *examine(data, settings))
    return show_checks(data, settings, Terminal(sys.stdout))


def show_checks(data: DataSet, settings: Settings, terminal: Terminal) -> int:
    """Print what can be known before a training with these settings; the exit status that says whether it is well."""
    lines, found = examine(data, settings)
    terminal.say(f"{terminal.dim('data     ')}{_described(data)}", "", *check_lines(lines, terminal), "")
    terminal.say(*finding_lines(found, terminal))
    return _status(found, lines)


def examine(data: DataSet, settings: Settings) -> tuple[list[Line], list[Finding]]:
    """What can be known before a training with these settings: the checks, and findings on data and start."""
    training = Training(data, settings)
    case = case_of_data(data, training.prepare)
    case.train = flat(*training.learned)
    if isinstance(training.validation, tuple):
        case.validation = flat(*training.validation)
    model, loss, prepare = training.model, training.trainer.loss, training.prepare
    lines = preflight(model, loss, case.train, case.validation, case.test, prepare=prepare, plain=case.plain)
    case.activity = start_of(model, data, prepare)
    return lines, diagnose(case)


def _described(data: DataSet) -> str:
    return f"{data.name}: {len(data.x_train):,} examples to learn from, {len(data.x_test):,} to test on"


def _of_more(data: DataSet, whole: DataSet) -> str:
    """That not all examples of a table on disk are looked at."""
    if len(data.x_train) == len(whole.x_train):
        return ""
    return f", evenly spaced among {len(whole.x_train):,} and {len(whole.x_test):,} on disk"


# ---- as text --------------------------------------------------------------------------------------------------------


def check_lines(lines: Sequence[Line], terminal: Terminal) -> list[str]:
    """The checks before a training: sign, name, and the numbers beside it."""
    column = max((len(line.name) for line in lines), default=0) + 4
    shown: list[str] = []
    for line in lines:
        first, *more = wrapped(line.text, terminal.width - column)
        name = f"{line.name:<{column - 2}}"
        sign = sign_of("good" if line.passed else "problem", terminal)
        shown += [f"{sign} {name if line.passed else terminal.bold(name)}{first}"]
        shown += [f"{'':{column}}{rest}" for rest in more]
    failed = sum(not line.passed for line in lines)
    return [*shown, "", f"{len(lines) - failed} of {len(lines)} checks passed"]


def story_lines(told: Sequence[Moment], terminal: Terminal) -> list[str]:
    """The losses as a table, with what was to be said of them; nothing where no other examples were judged."""
    if not told:
        return []
    head = terminal.dim(f"{'epoch':>9}{'learnt examples':>18}{'others':>12}   diagnosis")
    signs = {"overfitting": "problem", "learning well": "good", "no progress": "hint"}
    rows = [
        f"{m.epoch:>9g}{m.loss:>18.4g}{m.held_loss:>12.4g}   "
        + (f"{sign_of(signs[m.verdict], terminal)} {m.verdict}" if m.verdict in signs else f"  {m.verdict}")
        for m in told
    ]
    return [head, *rows, ""]


def finding_lines(found: Sequence[Finding], terminal: Terminal) -> list[str]:
    """The findings, each a headline with three beats beneath, and a line that counts them."""
    lines: list[str] = []
    for finding in found:
        lines += [f"{sign_of(finding.level, terminal)} {terminal.bold(finding.headline)}"]
        beats = {"seen": finding.seen, "why": finding.why, "try": finding.change}
        for word, text in beats.items():
            if word == "seen" or finding.level != "good":
                lines += _beat(word, text, terminal)
        pasted = [f"glassnet train … {finding.option}"] if finding.option.startswith("--") else []
        pasted += finding.code.splitlines()
        lines += [f"{'':{_INDENT + 6}}{terminal.dim(text)}" for text in pasted]
        lines += [""]
    return [*lines, _counted(found, terminal)]


def _beat(word: str, text: str, terminal: Terminal) -> list[str]:
    first, *more = wrapped(text, terminal.width - _INDENT - 6)
    return [f"{'':{_INDENT}}{terminal.dim(f'{word:<6}')}{first}", *(f"{'':{_INDENT + 6}}{line}" for line in more)]


def _counted(found: Sequence[Finding], terminal: Terminal) -> str:
    problems, hints = (sum(f.level == level for f in found) for level in ("problem", "hint"))
    if not problems and not hints:
        return f"healthy: none of {len(FINDINGS) - 1} known troubles was found"
    counts = ((problems, "problem"), (hints, "hint"))
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count)


def sign_of(level: str, terminal: Terminal) -> str:
    """The sign of a problem, a hint or something good, in its colour; a plain letter where the stream has no others."""
    sign, plain, colour = _SIGNS[level]
    try:
        sign.encode(getattr(terminal.stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        sign = plain
    return terminal.paint(sign, colour)


# ---- for programs and shells ----------------------------------------------------------------------------------------


def _print_json(about: dict[str, Any], lines: Sequence[Line], found: Sequence[Finding]) -> int:
    checks = [line._asdict() for line in lines]
    findings = [asdict(finding) for finding in found]
    report = {**about, **({"checks": checks} if checks else {}), "findings": findings}
    sys.stdout.write(strict_json.dumps(report, non_finite="null", sort_keys=False))
    return _status(found, lines)


def _status(found: Sequence[Finding], lines: Sequence[Line]) -> int:
    return int(any(f.level == "problem" for f in found) or any(not line.passed for line in lines))
