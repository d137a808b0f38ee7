"""The catalogue of mistakes: what users type, what they are told to the letter, and the way out that they read in it.

An entry of `catalogue/*.txt` reads

    | == Adding rows of different lengths
    | >>> torch.ones(3) + torch.ones(4)
    | ShapeError: add: got shapes (3,) and (4,), …; expected equal sizes, or 1. Try .reshape or .unsqueeze.
    | fix:
    | >>> torch.ones(3).unsqueeze(1) + torch.ones(4)

`>>> ` is a line of Python, `... ` goes on with it, `$ ` is a line for the terminal, in which `{name}` stands for the
value of that name. All but the last line before the message prepare the mistake and work; the lines after `fix:` come
next, in the same place, and all work. A message is wrapped for reading: line ends and indentation stand for single
blanks.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "catalogue"
WIDTH = 116


@dataclass(frozen=True)
class Step:
    """One thing that the user types: Python, or a line for the terminal."""

    sign: str  # ">>>" or "$"
    text: str

    @property
    def lines(self) -> list[str]:
        first, *rest = self.text.split("\n")
        return [f"{self.sign} {first}", *(f"... {line}".rstrip() for line in rest)]


@dataclass(frozen=True)
class Mistake:
    """One entry: the steps up to the mistake, the message, and the steps of the way out."""

    title: str
    steps: tuple[Step, ...]
    message: str
    fix: tuple[Step, ...]

    @property
    def typed(self) -> str:
        """All that is typed up to the mistake, as one text."""
        return "\n".join(step.text for step in self.steps)

    @property
    def typed_to_mend(self) -> str:
        """All that is typed to mend it, as one text."""
        return "\n".join(step.text for step in self.fix)

    @property
    def advice(self) -> str:
        """The third beat: what the message says to try."""
        return self.message.rpartition("Try ")[2]


@dataclass(frozen=True)
class Chapter:
    """One file of the catalogue: a heading, and its entries."""

    path: Path
    heading: str
    mistakes: tuple[Mistake, ...]

    def with_messages(self, messages: dict[str, str]) -> Chapter:
        """The same chapter, with those messages under their titles."""
        told = (replace(m, message=messages.get(m.title, m.message)) for m in self.mistakes)
        return replace(self, mistakes=tuple(told))

    def write(self) -> None:
        """Write the file anew."""
        entries = "\n".join(_written(mistake) for mistake in self.mistakes)
        self.path.write_text(f"{self.heading}\n\n{entries}", "utf-8", newline="\n")


def chapters() -> list[Chapter]:
    """The files of the catalogue, by name."""
    return [_read(path) for path in sorted(FOLDER.glob("*.txt"))]


def all_mistakes() -> list[Mistake]:
    """Every entry of every file."""
    return [mistake for chapter in chapters() for mistake in chapter.mistakes]


def _read(path: Path) -> Chapter:
    heading, *entries = re.split(r"^== ", path.read_text("utf-8"), flags=re.M)
    return Chapter(path, heading.strip(), tuple(_entry(entry, path) for entry in entries))


def _entry(text: str, path: Path) -> Mistake:
    title, _, body = text.partition("\n")
    before, fix, after = body.partition("fix:\n")
    if not fix:
        raise ValueError(f"{path.name}, {title!r}: no line 'fix:'")
    steps, message = _steps(before)
    mending, rest = _steps(after)
    if rest:
        raise ValueError(f"{path.name}, {title!r}: {rest!r} stands after the fix")
    return Mistake(title.strip(), steps, message, mending)


def _steps(text: str) -> tuple[tuple[Step, ...], str]:
    """The typed lines at the beginning, and all after them as one line."""
    steps: list[Step] = []
    rest: list[str] = []
    for line in text.splitlines():
        sign, _, typed = line.partition(" ")
        if sign in (">>>", "$"):
            steps.append(Step(sign, typed))
        elif sign == "..." and steps and not rest:
            steps[-1] = replace(steps[-1], text=f"{steps[-1].text}\n{typed}")
        else:
            rest.append(line.strip())
    return tuple(steps), " ".join(rest).strip()


def _written(mistake: Mistake) -> str:
    lines = [f"== {mistake.title}", *(line for step in mistake.steps for line in step.lines)]
    lines += textwrap.wrap(
        mistake.message, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    lines += ["fix:", *(line for step in mistake.fix for line in step.lines)]
    return "\n".join(lines) + "\n"
