"""An explanation as a page: MathML formulas that turn from symbols into numbers, without a script."""

from __future__ import annotations

from html import escape

from glassnet.read.digits import Digits, spell
from glassnet.read.document import Document, Step, Table
from glassnet.read.equation import Equation
from glassnet.read.mathml import MathWriter, operator, row
from glassnet.read.render import NUMBERS, SYMBOLS
from glassnet.read.to_tex import whereabouts
from glassnet.read.to_text import HEADINGS

_STYLE = """
.gn-explain{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:auto;color:#1f2430}
.gn-explain h2{font-size:1.3em;margin:.5em 0}.gn-explain h3{font-size:1.05em;margin:1.4em 0 .3em}
.gn-explain section{border-left:3px solid #d5d9e2;margin:.6em 0;padding:.1em 0 .1em 1em}
.gn-explain .words{color:#596073;font-size:.92em;margin:.2em 0}.gn-explain math{font-size:1.08em}
.gn-explain .eq{overflow-x:auto;margin:.25em 0}.gn-explain .neg{color:#b45f06}.gn-explain .pos{color:#1f5fbf}
.gn-explain .note{color:#596073;font-size:.85em}.gn-explain table{border-collapse:collapse;font-size:.92em}
.gn-explain td,.gn-explain th{text-align:left;padding:.2em .9em .2em 0;border-bottom:1px solid #e3e6ed}
.gn-explain .side{cursor:pointer;user-select:none}
.gn-explain:has(.gn-numbers:not(:checked)) .num,.gn-explain:has(.gn-symbols:not(:checked)) .sym{display:none}
@media (prefers-color-scheme:dark){.gn-page{background:#14171d}.gn-page .gn-explain{color:#e4e7ee}
.gn-page .neg{color:#ffaf3d}.gn-page .pos{color:#6fb1ff}.gn-page .words,.gn-page .note{color:#9aa3b5}
.gn-page section{border-color:#353b47}.gn-page td,.gn-page th{border-color:#353b47}}
"""
_SWITCHES = (
    '<p class="words"><label class="side"><input type="checkbox" class="gn-symbols" checked> symbols</label> '
    '<label class="side"><input type="checkbox" class="gn-numbers" checked> numbers</label></p>'
)


def document_html(document: Document, page: bool) -> str:
    """A whole page, or the part that a notebook shows."""
    body = [f'<div class="gn-explain"><style>{_STYLE}</style>', f"<h2>{escape(document.title)}</h2>"]
    if document.steps:
        body.append(_SWITCHES)
    body += [f"<p>{escape(line)}</p>" for line in document.summary]
    for part, steps in document.parts():
        body.append(f"<h3>{escape(HEADINGS.get(part, part))}</h3>")
        body += [_step(step, document.digits) for step in steps]
    body += [_table(table) for table in document.tables]
    body += [f'<p class="note">{escape(note)}</p>' for note in document.notes]
    body.append("</div>")
    inside = "\n".join(body)
    if not page:
        return inside
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>{escape(document.title)}</title>"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body class="gn-page">\n{inside}\n</body></html>\n'


def _step(step: Step, digits: Digits) -> str:
    writer = MathWriter(digits, step.result.dtype)
    whole = [writer.symbol(step.symbol), writer.write(step.formula, SYMBOLS)]
    lines = [_math(whole)]
    if step.whole:
        result = writer.array(step.result) if step.result.ndim else writer.number(spell(step.result, digits))
        remark = step.remark(digits)
        note = f' <span class="note">({escape(remark)})</span>' if remark else ""
        lines.append(_math([writer.symbol(step.symbol), writer.write(step.formula, NUMBERS), result], "num", note))
    lines += [_equation(line, digits) for line in step.lines]
    if step.more and step.lines:
        lines.append(f'<p class="note">… and {step.more:,} more</p>')
    words = f'<p class="words">{escape(step.words)} <span class="note">{escape(whereabouts(step))}</span></p>'
    return f"<section>{lines[0]}{words}{''.join(lines[1:])}</section>"


def _math(parts: list[str], kind: str = "", note: str = "") -> str:
    inside = operator("=").join(parts)
    return f'<div class="eq {kind}"><math xmlns="http://www.w3.org/1998/Math/MathML">{row(inside)}</math>{note}</div>'


def _equation(line: Equation, digits: Digits) -> str:
    """name = symbols = numbers = result; either side can be hidden."""
    writer = MathWriter(digits, line.kind)
    symbols, numbers = writer.write(line.formula, SYMBOLS), writer.write(line.formula, NUMBERS)
    result = writer.number(line.printed(digits))
    parts = [writer.symbol(line.symbol)]
    parts.append(f'<mrow class="sym">{operator("=")}{symbols}</mrow>')
    if numbers not in (symbols, result):
        parts.append(f'<mrow class="num">{operator("=")}{numbers}</mrow>')
    parts.append(operator("=") + result)
    math = f'<math xmlns="http://www.w3.org/1998/Math/MathML">{row(*parts)}</math>'
    remark = line.remark(digits)
    note = f' <span class="note">({escape(remark)})</span>' if remark else ""
    if line.numeric is not None:
        note += f' <span class="note">by differences {line.by_differences(digits)}{line.at_corner}</span>'
    return f'<div class="eq">{math}{note}</div>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in table.headers)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in r)}</tr>" for r in table.rows)
    return f"<h3>{escape(table.title)}</h3><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
