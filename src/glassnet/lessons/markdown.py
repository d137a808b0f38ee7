"""Markdown to HTML, as much of it as slides and lessons use: headings, lists, tables, code, emphasis, links."""

from __future__ import annotations

import re
from html import escape

_INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<!\w)\*(?!\s)(.+?)(?<!\s)\*(?!\w)"), r"<em>\1</em>"),
    (re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)"), r'<a href="\2">\1</a>'),
)
_ITEM = re.compile(r"^(?:[-*]|(\d+)\.)\s+(.*)")


def to_html(text: str) -> str:
    """The HTML of a Markdown text; whatever looks like HTML in it is shown as it stands.

    >>> to_html("## A *neuron*")
    '<h2>A <em>neuron</em></h2>'
    """
    blocks: list[str] = []
    lines = text.strip().splitlines()
    at = 0
    while at < len(lines):
        if lines[at].startswith("```"):
            end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith("```")), len(lines))
            blocks.append(f"<pre><code>{escape(chr(10).join(lines[at + 1 : end]))}</code></pre>")
            at = end + 1
            continue
        end = next((i for i in range(at, len(lines)) if not lines[i].strip() or lines[i].startswith("```")), len(lines))
        if end > at:
            blocks.append(_block(lines[at:end]))
        at = end if end < len(lines) and lines[end].startswith("```") else end + 1
    return "\n".join(blocks)


def _block(lines: list[str]) -> str:
    first = lines[0]
    if first.startswith("#"):
        level = len(first) - len(first.lstrip("#"))
        rest = _block(lines[1:]) if lines[1:] else ""
        return f"<h{level}>{inline(first.lstrip('#').strip())}</h{level}>{rest}"
    if _ITEM.match(first):
        return _list(lines)
    if first.startswith("|") and len(lines) > 1 and set(lines[1]) <= set("|-: "):
        return _table(lines)
    return f"<p>{inline(' '.join(line.strip() for line in lines))}</p>"


def _list(lines: list[str]) -> str:
    items: list[str] = []
    ordered = False
    for line in lines:
        found = _ITEM.match(line)
        if found:
            ordered = found[1] is not None
            items.append(found[2])
        else:
            items[-1] += " " + line.strip()
    tag = "ol" if ordered else "ul"
    return f"<{tag}>{''.join(f'<li>{inline(item)}</li>' for item in items)}</{tag}>"


def _table(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in (lines[0], *lines[2:])]
    parts = [
        "".join(f"<{tag}>{inline(cell)}</{tag}>" for cell in row)
        for row, tag in zip(rows, ["th", *["td"] * len(rows)], strict=False)
    ]
    return f"<table>{''.join(f'<tr>{part}</tr>' for part in parts)}</table>"


def inline(text: str) -> str:
    """Emphasis, code and links within a line.

    >>> inline("a **bold** `x < y`")
    'a <strong>bold</strong> <code>x &lt; y</code>'
    """
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:  # what stands in code is not looked at again
        kept.append(f"<code>{found[1]}</code>")
        return f"\x00{len(kept) - 1}\x00"

    text = _INLINE[0][0].sub(keep, escape(text, quote=False))
    for pattern, form in _INLINE[1:]:
        text = pattern.sub(form, text)
    return re.sub(r"\x00(\d+)\x00", lambda found: kept[int(found[1])], text)
