"""`glassnet explain MODEL --figure NAME`: where a figure that a command printed comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from glassnet.cli.explain_kinds import number_of_class
from glassnet.cli.explain_sweep import SWEEP_FIGURES, AskedSweep, is_sweep
from glassnet.cli.models import check_fits, data_of, load_trained
from glassnet.cli.options import Parsed, UsageError
from glassnet.cli.terminal import Terminal
from glassnet.data.registry import DataSet
from glassnet.errors import ValueRangeError, complain
from glassnet.files.os_errors import shown
from glassnet.read.document import Document
from glassnet.train.kinds import Kind, nearest
from glassnet.train.runs import Run, is_run
from glassnet.train.stories import FIGURES, Figure, Subject, tell_figure
from glassnet.train.stories.measured import MEASURED
from glassnet.train.trained import Trained

ALL_FIGURES = {**FIGURES, **SWEEP_FIGURES}
_CHOOSING = (
    "class",
    "epoch",
    "index",
    "layer",
    "step",
    "unit",
    "weight",
    "distance",
    "along",
    "seed",
    "n",
    "to",
)  # of a figure
_OF_FIGURES = ("epoch", "step", "distance", "along", "n", "to")  # and of nothing else
_OF_EXAMPLES = ("x", "y", "grain", "rate", "optimizer")

_MEASURED = {f"probe {view}": ", ".join(names) for view, names in MEASURED.items()}


class FigureKind(Kind):
    """The name of a figure; there are too many to list them with an option."""

    def __init__(self) -> None:
        super().__init__("a figure that `glassnet explain --figure` lists", "f1", "NAME")

    def read(self, word: str) -> str:
        """The name as it is spelled here."""
        return word.strip().lower().replace("_", "-")

    def holds(self, value: Any) -> bool:
        """Whether it is one of them."""
        return value in ALL_FIGURES

    def suggestion(self, word: str) -> str:
        """The name that was most likely meant."""
        return nearest(self.read(word), ALL_FIGURES) or self.example


def figure_of(path: str, parsed: Parsed) -> Document:
    """How a figure came about, of the run, the model file or the sweep at a path."""
    name, values = parsed.values["figure"], parsed.values
    _refuse_others(path, parsed)
    if name in SWEEP_FIGURES:
        asked = AskedSweep(path, values.get("index"), values.get("most", 6))
        return _told(lambda: SWEEP_FIGURES[name].tell(asked))
    trained = load_trained(path)
    folder = Run(path) if is_run(path) and not is_sweep(path) else None
    chosen = {key: values[key] for key in (*_CHOOSING, "most") if key in values and key != "class"}
    subject = Subject(trained, path, lambda: _data(trained, path), folder, **chosen)
    if "class" in values:
        subject = replace(subject, klass=number_of_class(values["class"], subject.names))
    return _told(lambda: tell_figure(name, subject))


def _data(trained: Trained, path: str) -> DataSet:
    data = data_of(trained, path)
    check_fits(trained, data)
    return data


def _refuse_others(path: str, parsed: Parsed) -> None:
    """Options that mean an example, or that this figure does not take."""
    name, values = parsed.values["figure"], parsed.values
    clash = next((f"--{key}" for key in _OF_EXAMPLES if key in values), None) or ("--why" * parsed.flag("why"))
    plain = f"Try glassnet explain {shown(path)} --figure {name}"
    if clash or len(parsed.arguments) > 1:
        got = f"got --figure with {clash or shown(parsed.arguments[1])}"
        raise UsageError(complain(got, "expected a model alone: a figure is of all its examples", plain))
    for key in _CHOOSING:
        if key in values and key not in ALL_FIGURES[name].takes:
            able = [figure for figure, row in ALL_FIGURES.items() if key in row.takes]
            got, expected = f"got --{key} with --figure {name}", f"expected it with {_either(able)}"
            near = f"validation-{name}" if key == "epoch" and name != "loss" else able[0]
            hint = f"Try --figure {near if near in able else able[0]} --{key} {values[key]}"
            if key in ("index", "layer", "unit", "weight", "seed") and not is_sweep(path):
                expected, hint = "expected a figure of all examples, or an example", plain
            raise UsageError(complain(got, expected, hint))


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _told(tell: Callable[[], Document]) -> Document:
    """A document; or what is wrong with what was asked, in the words of the command line."""
    try:
        return tell()
    except ValueRangeError as problem:
        said, _, near = str(problem).rpartition("Try ")
        for word in _CHOOSING:
            if said.startswith(f"got {word} "):
                raise UsageError(f"{said.replace(f'got {word}', f'got --{word}', 1)}Try --{word} {near}") from None
        said = said.replace("got the figure", "got --figure")
        raise UsageError(f"{said}Try {'--figure ' * (near.rstrip('.') in ALL_FIGURES)}{near}") from None


def list_figures(terminal: Terminal) -> int:
    """Every figure that can be asked for, by the commands that print them."""
    wide = max(map(len, ALL_FIGURES)) + 4
    rows: dict[str, list[Figure]] = {}
    for row in ALL_FIGURES.values():
        rows.setdefault(row.printed, []).append(row)
    lines: list[str] = []
    for printed, figures in rows.items():
        lines += ["", terminal.bold(printed)]
        for row in figures:
            words = " ".join([row.says, *(f"[--{option}]" for option in row.takes)])
            first, *more = textwrap.wrap(words, max(24, terminal.width - wide))
            lines += [f"  {row.name:<{wide - 2}}{first}", *(" " * wide + line for line in more)]
    terminal.say(*lines[1:], "", terminal.bold("predict, and the worst mistakes of a report"))
    terminal.say("  no figure of all examples but of one: glassnet explain MODEL --index N")
    terminal.say("", terminal.bold("of no model: ask the command itself, such as glassnet probe width --figure built"))
    wide = max(map(len, _MEASURED)) + 4
    for command, names in _MEASURED.items():
        first, *more = textwrap.wrap(names, max(24, terminal.width - wide))
        terminal.say(f"  {command:<{wide - 2}}{first}", *(" " * wide + line for line in more))
    return 0


def refuse_without_model(parsed: Parsed) -> None:
    """A figure is of a trained model, not of an example or a network typed in."""
    if "figure" not in parsed.values or (parsed.arguments and not _typed(parsed.values)):
        return
    got = "got --figure without a model"
    hint = f"Try glassnet explain last --figure {parsed.values['figure']}"
    raise UsageError(complain(got, "expected a run folder, a model file or the folder of a sweep", hint))


def refuse_without_figure(parsed: Parsed) -> None:
    """An epoch, a step or a distance is one of a figure, not of an example."""
    for key in _OF_FIGURES:
        if key in parsed.values and "figure" not in parsed.values:
            able = [figure for figure, row in ALL_FIGURES.items() if key in row.takes]
            value = parsed.values[key]
            typed = ",".join(f"{v:g}" for v in value) if isinstance(value, tuple) else value
            got, hint = f"got --{key} {typed} alone", f"Try --figure {able[0]}, or --figure {able[-1]}"
            raise UsageError(complain(got, f"expected it with a figure of {_MEANT[key]}", hint))


_MEANT = {"epoch": "that epoch", "step": "that step", "distance": "a slice or a surface", "along": "a direction",
          "n": "so many examples", "to": "the way between two examples"}  # fmt: skip


def _typed(values: dict[str, Any]) -> bool:
    return bool({"example", "layers", "given"} & values.keys())
