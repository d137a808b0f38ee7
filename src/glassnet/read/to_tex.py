"""An explanation as Markdown with LaTeX formulas, and as a whole LaTeX document."""

from __future__ import annotations

from collections.abc import Iterator

from glassnet.read.digits import Digits, spell
from glassnet.read.document import Document, Step, Table
from glassnet.read.equation import Equation
from glassnet.read.render import NUMBERS, SYMBOLS
from glassnet.read.tex import TexWriter
from glassnet.read.to_text import HEADINGS

_PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb,geometry,graphicx,longtable}
\geometry{margin=2.5cm}
\allowdisplaybreaks
\newsavebox{\formula}
\newcommand{\fit}[1]{\sbox{\formula}{$\displaystyle #1$}\ifdim\wd\formula>0.8\linewidth
  \resizebox{0.8\linewidth}{!}{\usebox{\formula}}\else\usebox{\formula}\fi}
\begin{document}
"""
_LONG = 60  # signs of a formula in LaTeX, beyond which it may be wider than a page
_SPECIAL = str.maketrans(
    {c: "\\" + c for c in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)

_MARKED = str.maketrans({"\\": "\\\\", "$": "\\$", "<": "&lt;"})  # names of columns may hold anything


def document_markdown(document: Document) -> str:
    """Headings, sentences, and formulas between dollar signs."""
    lines = [f"## {document.title}", ""]
    lines += [line + "\n" for line in document.summary]
    for part, steps in document.parts():
        lines += [f"### {HEADINGS.get(part, part)}", ""]
        for step in steps:
            lines += [_sentence(step).translate(_MARKED), "", *_displayed(step, document.digits), ""]
    for table in document.tables:
        lines += [f"### {table.title}", "", *_table_lines(table), ""]
    lines += [note + "\n" for note in document.notes]
    return "\n".join(lines).rstrip() + "\n"


def document_latex(document: Document) -> str:
    """A file for pdflatex, xelatex or lualatex."""
    lines = [_PREAMBLE, rf"\section*{{{_text(document.title)}}}"]
    lines += [_text(line) for line in document.summary]
    for part, steps in document.parts():
        lines += [rf"\subsection*{{{HEADINGS.get(part, part)}}}"]
        for step in steps:
            lines += ["", _text(_sentence(step)), r"\begin{align*}", _aligned(step, document.digits, fit=True),
                      r"\end{align*}"]  # fmt: skip
    for table in document.tables:
        lines += [rf"\subsection*{{{_text(table.title)}}}", *_latex_table(table)]
    lines += [_text(note) + "\n" for note in document.notes]
    return "\n".join([*lines, r"\end{document}", ""])


def whereabouts(step: Step) -> str:
    """The shape of a result, and its rows on the tape."""
    shape = [f"shape {'×'.join(map(str, step.shape))}"] if step.shape else []
    if not step.rows:
        return ", ".join(shape)
    first, last = step.rows[0], step.rows[-1]
    return ", ".join([*shape, f"tape row {first}" if first == last else f"tape rows {first}–{last}"])


def _sentence(step: Step) -> str:
    where = f" ({whereabouts(step)})" if whereabouts(step) else ""
    return f"{step.words[:1].upper()}{step.words[1:]}{where}."


def _displayed(step: Step, digits: Digits) -> Iterator[str]:
    yield rf"$$\begin{{aligned}}{_aligned(step, digits)}\end{{aligned}}$$"
    if step.more and step.lines:
        yield f"… and {step.more:,} more"


def _fitted(tex: str, fit: bool) -> str:
    """A formula as it is, or on a page no wider than that."""
    return rf"\fit{{{tex}}}" if fit and len(tex) > _LONG else tex


def _aligned(step: Step, digits: Digits, fit: bool = False) -> str:
    writer = TexWriter(digits, step.result.dtype)
    lines = [f"{writer.symbol(step.symbol)} &= {_fitted(writer.write(step.formula, SYMBOLS), fit)}"]
    if step.whole:
        lines.append(f"&= {_fitted(writer.write(step.formula, NUMBERS), fit)}")
        result = writer.array(step.result) if step.result.ndim else writer.number(spell(step.result, digits))
        remark = step.remark(digits)
        lines.append(f"&= {result}" + (rf" \quad\text{{({_text(remark)})}}" if remark else ""))
    for line in step.lines:
        lines.append(equation_tex(line, digits, fit))
    return " \\\\\n".join(lines)


def equation_tex(line: Equation, digits: Digits, fit: bool = False) -> str:
    """name = symbols = numbers = result, with what there is to say about it; `fit` for a page, a line each if long."""
    writer = TexWriter(digits, line.kind)
    symbols, numbers = writer.write(line.formula, SYMBOLS), writer.write(line.formula, NUMBERS)
    result = writer.number(line.printed(digits))
    parts = [symbols, *([numbers] if numbers not in (symbols, result) else []), result]
    remark = line.remark(digits)
    said = rf" \quad\text{{({_text(remark)})}}" if remark else ""
    if line.numeric is not None:
        checked = writer.number(line.by_differences(digits))
        said += rf" \quad\text{{by differences }} {checked}\text{{{line.at_corner}}}"
    between = " = " if not fit or sum(map(len, parts)) <= _LONG else " \\\\\n&= "
    return f"{writer.symbol(line.symbol)} &= {between.join(_fitted(part, fit) for part in parts)}{said}"


def _table_lines(table: Table) -> list[str]:
    head = "| " + " | ".join(table.headers) + " |"
    rule = "|" + " --- |" * len(table.headers)
    return [head, rule, *("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in table.rows)]


def _latex_table(table: Table) -> list[str]:
    columns = "l" * (len(table.headers) - 1) + r"p{7cm}"
    rows = [" & ".join(_text(cell) for cell in row) + r" \\" for row in (table.headers, *table.rows)]
    return [rf"\begin{{longtable}}{{{columns}}}", rows[0], r"\hline", *rows[1:], r"\end{longtable}"]


_MATHS = {
    "⁽": "$^($", "⁾": "$^)$", "ŷ": r"$\hat{y}$", "−": "$-$", "≈": r"$\approx$", "≥": r"$\ge$", "≤": r"$\le$",
    "½": "1/2",
    "×": r"$\times$", "·": r"$\cdot$", "σ": r"$\sigma$", "η": r"$\eta$", "→": r"$\to$", "√": r"$\surd$", "′": "'",
    "ℓ": r"$\ell$", "∞": r"$\infty$", "β": r"$\beta$", "δ": r"$\delta$", "ε": r"$\varepsilon$", "…": r"\ldots{}",
    "ᵀ": r"$^\top$", "Σ": r"$\Sigma$", "λ": r"$\lambda$", "μ": r"$\mu$", "∂": r"$\partial$", "≠": r"$\ne$",
    "Δ": r"$\Delta$", "γ": r"$\gamma$", "⌊": r"$\lfloor$", "⌋": r"$\rfloor$", "ᵢ": "$_i$", "←": r"$\gets$", "ⁿ": "$^n$",
    "–": "--", "α": r"$\alpha$", "Π": r"$\Pi$", "ρ": r"$\rho$",
    **{c: f"$_{i}$" for i, c in enumerate("₀₁₂₃₄₅₆₇₈₉")}, **{c: f"$^{i}$" for i, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}  # fmt: skip


def _text(words: str) -> str:
    """Words as LaTeX text."""
    return "".join(_MATHS.get(c, c) for c in words.translate(_SPECIAL))
