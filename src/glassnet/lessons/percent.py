"""A lesson's source: a Python file cut into cells, which runs as it is.

    # ---
    # title: A neuron
    # ---

    # %% [markdown]
    # Text, as Markdown in comments.

    # %%
    1 + 1

This is the percent format of jupytext, Spyder, VS Code and PyCharm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["markdown", "code"]
_FENCE = "# ---"


@dataclass(frozen=True)
class Cell:
    """A piece of text or of program; `line` is where it starts in its file, counted from 1."""

    kind: Kind
    source: str
    line: int = 1


@dataclass(frozen=True)
class Script:
    """The cells of a file, and what its head says about it."""

    cells: tuple[Cell, ...]
    head: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def code(self) -> list[Cell]:
        """The cells that run."""
        return [cell for cell in self.cells if cell.kind == "code"]


def parse(text: str) -> Script:
    """The cells of a source; empty ones are left out.

    >>> script = parse("# %% [markdown]\\n# # Adding\\n\\n# %%\\n1 + 1\\n")
    >>> [(cell.kind, cell.source, cell.line) for cell in script.cells]
    [('markdown', '# Adding', 2), ('code', '1 + 1', 5)]
    """
    lines = text.splitlines()
    head, at = _head(lines)
    cells: list[Cell] = []
    kind, start = "code", at
    for i in range(at, len(lines) + 1):
        if i == len(lines) or lines[i].startswith("# %%"):
            cells += _cell(kind, lines[start:i], start + 1)
            if i < len(lines):
                kind, start = "markdown" if "[markdown]" in lines[i] else "code", i + 1
    return Script(tuple(cells), head)


def _head(lines: list[str]) -> tuple[dict[str, str], int]:
    """What stands between the two fences at the top, and the number of the line after them."""
    if not lines or lines[0].rstrip() != _FENCE:
        return {}, 0
    end = next((i for i in range(1, len(lines)) if lines[i].rstrip() == _FENCE), 0)
    said = [line.removeprefix("#").strip().partition(":") for line in lines[1:end]]
    return {name.strip(): value.strip() for name, colon, value in said if colon}, end + 1


def _cell(kind: str, lines: list[str], line: int) -> list[Cell]:
    while lines and not lines[0].strip():
        lines, line = lines[1:], line + 1
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if not lines:
        return []
    if kind == "markdown":
        return [Cell("markdown", "\n".join(_uncommented(text) for text in lines), line)]
    return [Cell("code", "\n".join(lines), line)]


def _uncommented(line: str) -> str:
    return line[2:] if line.startswith("# ") else line.removeprefix("#")
