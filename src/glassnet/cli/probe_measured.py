"""What `glassnet probe` measures without a model: width and depth, and where the figures of it come from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from glassnet import optim
from glassnet.cli.options import Option, Parsed, UsageError
from glassnet.cli.terminal import Terminal
from glassnet.errors import complain
from glassnet.files.atomic import write_atomic
from glassnet.files.os_errors import shown
from glassnet.read.capacity_depth import width_against_depth
from glassnet.read.capacity_width import width_against_error
from glassnet.read.document import Document
from glassnet.train.kinds import Choice
from glassnet.train.stories.measured import MEASURED, Learning, tell_depth, tell_descent, tell_width

_FOLDS = 3  # how often the tent is applied to itself, whose composition is learnt
_OF_MODELS = {
    "hidden": "parted", "units": "units", "folds": "regions", "collapse": "collapse", "slice": "slice-loss",
    "surface": "surface-loss",
}  # fmt: skip
FIGURE = Option(
    "figure", Choice(tuple(dict.fromkeys(name for names in MEASURED.values() for name in names))),
    "of width, depth, descent: where that figure comes from, step by step", (), "Without a model",
)  # fmt: skip


def width(parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    """How near one hidden layer comes to a curve."""
    widths, how = some(parsed.values.get("widths", (2, 4, 8, 16, 32, 64)), "widths", "2,4,8"), learning(parsed)
    found = width_against_error(parsed.values.get("curve", "sine"), widths, *how)
    return found, found.svg


def depth(parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    """Width against depth at equal parameters."""
    depths, how = some(parsed.values.get("depths", (1, 2, 3, 4)), "depths", "1,2,3"), learning(parsed)
    found = width_against_depth(
        how.optimizer, depths, parsed.values.get("parameters", 300), _FOLDS, how.steps, how.seeds
    )
    return found, found.svg


def learning(parsed: Parsed) -> Learning:
    """How the networks of a measurement learn: by which rule, how long, from which starts."""
    seed, rate = parsed.values.get("seed", 0), rates(parsed, 0.01)[0]

    def adam(parameters: Iterable[Any]) -> Any:
        return optim.Adam(parameters, lr=rate)

    return Learning(adam, parsed.values.get("steps", 1500), range(seed, seed + 3))


def rates(parsed: Parsed, usual: float) -> tuple[float, ...]:
    """The learning rates that were asked for."""
    asked = parsed.values.get("rate", (usual,))
    if min(asked) <= 0:
        got = f"got --rate {','.join(f'{v:g}' for v in asked)}"
        raise UsageError(complain(got, "expected numbers above 0", f"Try --rate {usual:g}"))
    return asked


def some(sizes: tuple[int, ...], name: str, example: str) -> tuple[int, ...]:
    """Sizes to try.

    Raises `UsageError` for none.
    """
    if not sizes:
        raise UsageError(complain(f"got --{name} none", "expected at least one", f"Try --{name} {example}"))
    return sizes


# ---- a figure --------------------------------------------------------------------------------------------------------


def refuse_figure(path: str | None, view: str, parsed: Parsed) -> None:
    """A figure of a model is `glassnet explain`'s, and each measurement has its own."""
    name = parsed.values.get("figure")
    if name is None:
        return
    if view not in MEASURED:
        command = f"explain {shown(path)} --figure {_OF_MODELS[view]}" if path else "probe width --figure built"
        got, expected = f"got --figure with {view}", f"expected {_either(list(MEASURED))}"
        raise UsageError(complain(got, expected, f"Try glassnet {command}"))
    if name not in MEASURED[view]:
        got, expected = f"got --figure {name} with {view}", f"expected {_either(MEASURED[view])}"
        raise UsageError(complain(got, expected, f"Try --figure {MEASURED[view][0]}"))
    if parsed.values.get("format") == "svg" or str(parsed.values.get("output", "")).lower().endswith(".svg"):
        got, expected = "got --figure as a picture", "expected text or JSON"
        raise UsageError(complain(got, expected, "Try --format json, or without"))


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def figure_of(view: str, result: Any, parsed: Parsed) -> Document:
    """How a figure of a measurement came about."""
    name = parsed.values["figure"]
    if view == "descent":
        return tell_descent(name, result)
    if view == "width":
        return tell_width(name, result, learning(parsed))
    return tell_depth(name, result, _FOLDS, learning(parsed))


def show_figure(document: Document, parsed: Parsed, format: str | None) -> int:
    """Tell it, or write it into a file; the exit status."""
    terminal, path = Terminal(sys.stdout), parsed.values.get("output")
    text = document.json() if format == "json" else document.text()
    if path is not None:
        write_atomic(path, (text.rstrip("\n") + "\n").encode())
        terminal.say(f"Written to {shown(path)}.")
    elif format == "json":
        sys.stdout.write(text.rstrip("\n") + "\n")
    else:
        terminal.say(*document.text(terminal.width, terminal.colour, terminal.unicode).splitlines())
    return 0
