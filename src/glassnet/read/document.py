"""What an explanation is: steps in order, each with words, symbols, numbers and where on the tape it happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.read.digits import Digits, check_digits
from glassnet.read.equation import Equation, whole_remark
from glassnet.read.formula import Formula, Symbol

FORMATS = ("terminal", "markdown", "latex", "html", "json")


@dataclass(eq=False)
class Step:
    """One thing that happened: `symbol` = `formula` for a whole tensor, and `lines` for numbers of it, one by one."""

    part: str  # forward, loss, backward or update
    words: str
    symbol: Symbol
    formula: Formula
    result: np.ndarray
    rows: tuple[int, ...] = ()  # on the tape
    ops: tuple[str, ...] = ()  # their names
    layer: str = ""
    lines: list[Equation] = field(default_factory=list[Equation])
    more: int = 0  # how many numbers have no line
    whole: bool = False  # whether the numbers of the whole are to be shown

    def remark(self, digits: Digits) -> str | None:
        """What there is to say of the numbers of the whole, where they are shown."""
        return whole_remark(self.formula, self.result, digits) if self.whole else None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result."""
        return self.result.shape


@dataclass(eq=False)
class Table:
    """Rows of words and numbers under a title."""

    title: str
    headers: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(eq=False)
class Document:
    """An explanation, which shows itself in a terminal, a notebook, LaTeX, HTML or JSON.

    `digits` after the point are shown, or all with "exact".
    """

    title: str
    steps: list[Step] = field(default_factory=list[Step])
    summary: list[str] = field(default_factory=list[str])
    tables: list[Table] = field(default_factory=list[Table])
    notes: list[str] = field(default_factory=list[str])
    digits: Digits = 3

    def with_digits(self, digits: Digits) -> Document:
        """The same with another number of digits."""
        return Document(self.title, self.steps, self.summary, self.tables, self.notes, check_digits(digits))

    def equations(self) -> Iterator[Equation]:
        """Every equation of single numbers."""
        for step in self.steps:
            yield from step.lines

    def parts(self) -> Iterator[tuple[str, list[Step]]]:
        """The steps, part by part: forward, loss, backward, update."""
        for part in dict.fromkeys(step.part for step in self.steps):
            yield part, [step for step in self.steps if step.part == part]

    def text(self, width: int = 100, colour: bool = False, unicode: bool = True) -> str:
        """For a terminal of so many columns."""
        from glassnet.read.to_text import document_text

        return document_text(self, width, colour, unicode)

    def markdown(self) -> str:
        """Markdown with formulas in LaTeX between dollar signs, as GitHub and notebooks show them."""
        from glassnet.read.to_tex import document_markdown

        return document_markdown(self)

    def latex(self) -> str:
        """A whole LaTeX document."""
        from glassnet.read.to_tex import document_latex

        return document_latex(self)

    def html(self, page: bool = True) -> str:
        """HTML with MathML, which needs no script and no network: a whole page, or the part for a notebook."""
        from glassnet.read.to_html import document_html

        return document_html(self, page)

    def json(self) -> str:
        """Every step as data."""
        from glassnet.read.to_json import document_json

        return document_json(self)

    def render(self, format: str, **options: Any) -> str:
        """In one of `FORMATS`.

        Raises `ValueRangeError` for another.
        """
        if format not in FORMATS:
            got, expected = f"explain: got the format {format!r}", f"expected one of {', '.join(FORMATS)}"
            raise ValueRangeError(complain(got, expected, "Try html"))
        if format == "terminal":
            return self.text(**options)
        return {"markdown": self.markdown, "latex": self.latex, "html": self.html, "json": self.json}[format]()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html(page=False)

    def _repr_markdown_(self) -> str:
        return self.markdown()
