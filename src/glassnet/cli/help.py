"""Pages of help, made from the tables of options."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from glassnet.cli.options import Option
from glassnet.cli.terminal import Terminal

_WIDEST = 100
_MARGIN = len("Usage  ")
_COLUMN, _NARROW_COLUMN = 30, 6  # where what something does begins: beside it, or below it on a narrow screen


@dataclass(frozen=True)
class Page:
    """What a command's page of help says besides its options."""

    usage: str
    says: str
    examples: tuple[tuple[str, str], ...] = ()
    notes: str = ""
    commands: tuple[tuple[str, str], ...] = ()
    heading: str = "Commands"  # above these

    def show(self, options: Sequence[Option]) -> int:
        """Print the page; the exit status of having done so."""
        terminal = Terminal(sys.stdout)
        terminal.say(*self.lines(options, terminal))
        return 0

    def lines(self, options: Sequence[Option], terminal: Terminal) -> list[str]:
        """The page, wrapped to the terminal."""
        width = min(terminal.width, _WIDEST)
        lines = [*_usage_lines(self.usage, width, terminal), "", *wrapped(self.says, width)]
        if self.commands:
            lines += ["", terminal.bold(self.heading)]
            for name, says in self.commands:
                lines += _row(f"  {name}", says, width)
        for group in dict.fromkeys(option.group for option in options):
            lines += ["", terminal.bold(group)]
            for option in options:
                if option.group == group:
                    lines += _option_lines(option, width, terminal)
        if self.notes:
            lines += ["", *wrapped(self.notes, width)]
        return [*lines, *_example_lines(self.examples, width, terminal)]


def _usage_lines(usage: str, width: int, terminal: Terminal) -> list[str]:
    """One way to type the command below the other."""
    lines: list[str] = []
    for way in usage.splitlines():
        first, *more = wrapped(way, width - _MARGIN)
        lines += [f"{'':{_MARGIN}}{first}", *(f"{'':{_MARGIN + 2}}{line}" for line in more)]
    return [f"{terminal.bold('Usage')}{lines[0][len('Usage') :]}", *lines[1:]]


def _option_lines(option: Option, width: int, terminal: Terminal) -> list[str]:
    typed = f"  {option.spelled}" + (f" {option.kind.placeholder}" if option.kind else "")
    names = getattr(option.kind, "names", ())
    details = [f": {', '.join(names)}"] if names else []
    details += [f" (--{alias})" for alias in option.aliases]
    details += [f" [{option.usual}]"] if option.usual else []
    return _row(typed, option.says + "".join(details), width)


def _row(typed: str, says: str, width: int) -> list[str]:
    """What is typed, and beside it what it does; below it where there is no room."""
    column = _COLUMN if width >= 2 * _COLUMN else _NARROW_COLUMN
    body = [f"{'':{column}}{line}" for line in wrapped(says, width - column)]
    if len(typed) + 2 > column:
        return [typed, *body]
    return [f"{typed:<{column}}{body[0].lstrip()}", *body[1:]]


def _example_lines(examples: Sequence[tuple[str, str]], width: int, terminal: Terminal) -> list[str]:
    """What is typed, and beside it what for; below it where there is no room."""
    if not examples:
        return []
    column = max((len(f"  {typed}    ") for typed, says in examples if len(f"  {typed}    {says}") <= width), default=0)
    lines = ["", terminal.bold("Examples")]
    for typed, says in examples:
        if len(f"  {typed}    ") <= column <= width - len(says):
            lines.append(f"{f'  {typed}':<{column}}{terminal.dim(says)}")
        else:
            below = wrapped(says, width - _NARROW_COLUMN) if says else []
            lines += [f"  {typed}", *(f"{'':{_NARROW_COLUMN}}{terminal.dim(line)}" for line in below)]
    return lines


def labelled(label: str, text: str, terminal: Terminal, room: int = 9) -> list[str]:
    """The text behind its label, in lines that fit the terminal and begin below each other."""
    first, *more = wrapped(text, terminal.width - room)
    return [f"{terminal.dim(f'{label:<{room}}')}{first}", *(f"{'':{room}}{line}" for line in more)]


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns.

    >>> wrapped("what each hidden layer applies", 16)
    ['what each hidden', 'layer applies']
    """
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
