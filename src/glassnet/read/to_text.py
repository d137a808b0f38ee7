"""An explanation on a terminal: amber for negative numbers, blue for positive ones, nothing wider than the screen."""

from __future__ import annotations

import unicodedata

import numpy as np

from glassnet.read.digits import Digits
from glassnet.read.document import Document, Step, Table
from glassnet.read.equation import Equation
from glassnet.read.render import NUMBERS, SYMBOLS
from glassnet.read.text import (
    FAINT,
    NAME,
    NEGATIVE,
    POSITIVE,
    RESULT,
    TextWriter,
    Token,
    Tokens,
    array_text,
    plain,
    symbol_text,
)

HEADINGS = {
    "preparation": "Preparation", "forward": "Forward", "answer": "Answer", "loss": "Loss", "backward": "Backward",
    "update": "Update", "why": "Taken apart", "figure": "Figure",
}  # fmt: skip
_NARROWEST = 8
_CODES = {NEGATIVE: "38;5;214", POSITIVE: "38;5;75", FAINT: "2", NAME: "", RESULT: "1", "bold": "1"}


def document_text(document: Document, width: int, colour: bool, unicode: bool) -> str:
    """The whole explanation, lines joined."""
    page = _Page(document.digits, width, colour, unicode)
    page.heading(document.title)
    for line in document.summary:
        page.words(line)
    for part, steps in document.parts():
        page.blank()
        page.heading(HEADINGS.get(part, part))
        for step in steps:
            page.step(step)
    for table in document.tables:
        page.table(table)
    if document.notes:
        page.blank()
    for note in document.notes:
        page.words(note)
    text = "\n".join(line.rstrip() for line in page.lines)
    return text if unicode else _in_ascii(text)


class _Page:
    def __init__(self, digits: Digits, width: int, colour: bool, unicode: bool) -> None:
        self.digits, self.width, self.colour, self.unicode = digits, max(30, width), colour, unicode
        self.lines: list[str] = []

    def blank(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def heading(self, text: str) -> None:
        self.lines.append(self.paint([Token(text, "bold")]))

    def words(self, text: str, indent: str = "") -> None:
        line = indent
        for word in text.split():
            if len(line) + len(word) + 1 > self.width and line.strip():
                self.lines.append(line)
                line = indent
            line += (" " if line.strip() else "") + word
        self.lines.append(line)

    def step(self, step: Step) -> None:
        writer = TextWriter(self.digits, step.result.dtype, self.unicode)
        name = writer.symbol(step.symbol)
        self.broken([name, writer.write(step.formula, SYMBOLS)], "")
        where = _where(step, self.unicode)
        gap = self.width - 2 - len(step.words) - len(where)
        if not where:
            self.words(step.words, "  ")
        elif gap >= 2:
            faint = self.paint([Token(where, FAINT)])
            self.lines.append(f"  {step.words}{' ' * gap}{faint}")
        else:
            self.words(f"{step.words} ({where.replace('  ', ', ')})", "  ")
        if step.whole:
            result = [Token(array_text(step.result, self.digits), RESULT)]
            numbers = writer.write(step.formula, NUMBERS)
            parts = [name, result] if plain(numbers) == plain(result) else [name, numbers, result]
            remark = step.remark(self.digits)
            self.broken(parts, "  ", [Token(f"  ({remark})", FAINT, 1)] if remark else [])
        elif not step.lines:
            shape = "×".join(map(str, step.shape)) or "one number"
            self.words(f"{symbol_text(step.symbol, self.unicode)}: {shape}, {_range(step.result, self.digits)}", "  ")
        for line in step.lines:
            self.equation(line, len(step.lines) == 1 and step.result.size == 1)
        if step.more and step.lines:
            self.lines.append(self.paint([Token(f"  … and {step.more:,} more", FAINT)]))

    def equation(self, line: Equation, only: bool) -> None:
        """name = symbols = numbers = result; the symbols are left out where the step has just said them."""
        writer = TextWriter(self.digits, line.kind, self.unicode)
        value = writer.number(line.printed(self.digits))
        parts = [writer.symbol(line.symbol)]
        numbers = writer.write(line.formula, NUMBERS)
        symbols = writer.write(line.formula, SYMBOLS)
        if not only and plain(symbols) != plain(numbers):
            parts.append(symbols)
        if plain(numbers) != plain(value):
            parts.append(numbers)
        parts.append([Token(t.text, t.style and RESULT + t.style) for t in value])
        after: Tokens = []
        if (remark := line.remark(self.digits)) is not None:
            after += [Token(f"  ({remark})", FAINT, 1)]
        if line.numeric is not None:
            after += [Token("  by differences ", FAINT, 1), *writer.number(line.by_differences(self.digits))]
            after += [Token(line.at_corner, FAINT)] if line.corner else []
        self.broken(parts, "  ", after)

    def broken(self, parts: list[Tokens], indent: str, after: Tokens | None = None) -> None:
        """Parts joined by equals signs: on one line if they fit, else a line each, broken between terms."""
        line: Tokens = [Token(indent)]
        for i, part in enumerate(parts):
            line += [*([Token(" = ")] if i else []), *part]
        line += after or []
        if _length(line) <= self.width:
            self.lines.append(self.paint(line))
            return
        inner = indent + "  "
        start: Tokens = [Token(indent), *parts[0]]
        for i, part in enumerate(parts[1:]):
            tail = (after or []) if i == len(parts) - 2 else []
            start = [*start, Token(" = "), *part, *tail] if not i else [Token(inner + "= "), *part, *tail]
            self._wrapped(start, inner + "    ")

    def _wrapped(self, tokens: Tokens, indent: str) -> None:
        line: Tokens = []
        levels = sorted({t.breaks for t in tokens if t.breaks}) or [0]
        room = self.width - len(indent)
        level = next((k for k in levels if all(_length(g) <= room for g in _groups(tokens, k))), levels[-1])
        for group in _groups(tokens, level):
            if line and _length(line) + _length(group) > self.width and _length(line) > len(indent):
                self.lines.append(self.paint(line))
                line = [Token(indent), group[0]._replace(text=group[0].text.lstrip()), *group[1:]]
            else:
                line += group
        self.lines.append(self.paint(line))

    def table(self, table: Table) -> None:
        self.blank()
        self.heading(table.title)
        rows = [table.headers, *table.rows]
        widths = _fitting([max(len(row[i]) for row in rows) for i in range(len(table.headers))], self.width)
        for r, row in enumerate(rows):
            columns = [_folded(cell, w) for cell, w in zip(row, widths, strict=True)]
            for i in range(max(map(len, columns))):
                cells = (column[i] if i < len(column) else "" for column in columns)
                line = "  ".join(f"{cell:<{w}}" for cell, w in zip(cells, widths, strict=True)).rstrip()
                self.lines.append(self.paint([Token(line, FAINT)]) if r == 0 else line)

    def paint(self, tokens: Tokens) -> str:
        if not self.colour:
            return "".join(t.text for t in tokens)
        return "".join(_painted(t) for t in tokens)


def _painted(token: Token) -> str:
    code = _CODES.get(token.style)
    if code is None and token.style.startswith(RESULT):
        code = "1;" + _CODES.get(token.style.removeprefix(RESULT), "")
    return f"\x1b[{code.rstrip(';')}m{token.text}\x1b[0m" if code and token.text.strip() else token.text


def _groups(tokens: Tokens, level: int) -> list[Tokens]:
    """Tokens between which a line is not broken, if it is broken at breaks up to a level."""
    groups: list[Tokens] = [[]]
    for t in tokens:
        if 0 < t.breaks <= level and groups[-1]:
            groups.append([])
        groups[-1].append(t)
    return groups


def _length(tokens: Tokens) -> int:
    return sum(len(t.text) for t in tokens)


def _where(step: Step, unicode: bool) -> str:
    if not step.rows:
        return ""
    first, last = step.rows[0], step.rows[-1]
    to = "–" if unicode else "-"
    rows = f"row {first}" if first == last else f"rows {first}{to}{last}"
    shape = "×".join(map(str, step.shape))
    return f"{shape}  {rows}" if shape else rows


def _range(array: np.ndarray, digits: Digits) -> str:
    if array.size == 0:
        return "no numbers"
    if array.size <= 8:
        return array_text(array, digits)
    low, high = (array_text(np.asarray(v), digits) for v in (array.min(), array.max()))
    return f"from {low} to {high}"


def _fitting(widths: list[int], width: int) -> list[int]:
    """Columns that fit side by side: the widest give way."""
    room = width - 2 * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _folded(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


_ASCII = str.maketrans({
    "−": "-", "·": "*", "×": "x", "…": "...", "–": "-", "∂": "d", "ŷ": "yhat", "⟨": "<", "⟩": ">", "′": "'", "≥": ">=",
    "≤": "<=", "→": "->", "‖": "|", "η": "lr", "β": "beta", "δ": "delta", "ε": "eps", "λ": "lambda", "μ": "mu",
    "σ": "sigmoid", "Σ": "sum", "⌊": "floor(", "⌋": ")",
})  # fmt: skip


def _in_ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_ASCII))
    return plain.encode("ascii", "replace").decode()
