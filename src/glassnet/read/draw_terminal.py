"""A computational graph as tables: values and gradients, then how the slopes came back."""

from __future__ import annotations

from glassnet.read.graph import CONSTANT, OPERATION, Graph, GraphNode
from glassnet.read.graph_events import backward, short

_NEGATIVE, _POSITIVE, _BOLD, _FAINT = "38;5;214", "38;5;75", "1", "2"
_MOST = 60  # rows of a table
_ASCII = str.maketrans({"−": "-", "·": "*", "×": "x", "…": "..", "σ": "s", "Σ": "sum", "ᵀ": "T", "²": "^2", "√": "sqrt",
                        "ŷ": "y^", "÷": "/", **{c: str(i) for i, c in enumerate("₀₁₂₃₄₅₆₇₈₉")},
                        **{c: str(i) for i, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}, "⁽": "(", "⁾": ")"})  # fmt: skip


def graph_text(graph: Graph, width: int, colour: bool, unicode: bool) -> str:
    """Both tables, lines joined."""
    page = _Page(width, colour)
    page.add(graph.title, _BOLD)
    page.add(_summary(graph), _FAINT)
    nodes = [node for node in graph.nodes if node.kind != CONSTANT]
    slopes = graph.result.gradient is not None
    head = ("", "how", "value", *((f"d{graph.goal}/d…",) if slopes else ()))
    page.table(head, [_row(graph, node, slopes) for node in nodes[:_MOST]])
    page.left_out(len(nodes) - _MOST)
    if slopes:
        said = [(event.says, event.rule) for event in backward(graph)]
        page.add("")
        page.add("Backward", _BOLD)
        for says, rule in said[:_MOST]:
            page.equation("  " + says, rule)
        page.left_out(len(said) - _MOST)
    text = "\n".join(page.lines)
    return text if unicode else text.translate(_ASCII).encode("ascii", "replace").decode()


def _summary(graph: Graph) -> str:
    operations = sum(node.kind == OPERATION for node in graph.nodes)
    held = sum(node.data.nbytes for node in graph.nodes)
    size = f"{held:,} bytes" if held < 10_000 else f"{held / 1e6:.1f} MB"
    return f"{len(graph.nodes):,} nodes, {operations:,} of them operations, {len(graph.edges):,} edges, {size}"


def _row(graph: Graph, node: GraphNode, slopes: bool) -> tuple[str, ...]:
    gradient = "" if node.gradient is None else short(node.gradient, graph)
    return (node.name, node.says or node.kind, short(node.data, graph), *((gradient,) if slopes else ()))


class _Page:
    def __init__(self, width: int, colour: bool) -> None:
        self.width, self.colour = max(width, 40), colour
        self.lines: list[str] = []

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text.strip() else text

    def add(self, text: str, code: str = "") -> None:
        self.lines.append(self.paint(text, code) if code else text)

    def left_out(self, count: int) -> None:
        if count > 0:
            self.add(f"  … and {count:,} more", _FAINT)

    def equation(self, text: str, rule: str) -> None:
        """A line and, behind it where there is room, the rule it follows."""
        if rule and len(text) + len(rule) + 3 <= self.width:
            self.lines.append(f"{text}   {self.paint(rule, _FAINT)}")
            return
        self._broken(text)
        if rule:
            self.add(f"      {rule}"[: self.width], _FAINT)

    def _broken(self, text: str) -> None:
        """A line, broken between equals signs if it is too long."""
        while len(text) > self.width:
            cut = text.rfind(" = ", 8, self.width)
            cut = cut if cut > 0 else text.rfind(" ", 8, self.width)
            if cut <= 0:
                break
            self.lines.append(text[:cut])
            text = "      " + text[cut + 1 :]
        self.lines.append(text)

    def table(self, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        """Columns as wide as they need; the words of the second are folded."""
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        room = self.width - sum(widths) - 2 * (len(widths) - 1)
        widths[1] = max(12, widths[1] + min(0, room))
        self.add("")
        self.add("  ".join(f"{h:<{w}}" for h, w in zip(head, widths, strict=True)).rstrip(), _FAINT)
        for row in rows:
            columns = [_folded(cell, w) for cell, w in zip(row, widths, strict=True)]
            for i in range(max(map(len, columns))):
                cells = [c[i] if i < len(c) else "" for c in columns]
                cells = [f"{cell:<{w}}" for cell, w in zip(cells, widths, strict=True)]
                self.lines.append("  ".join([*cells[:2], *(self._number(c) for c in cells[2:])]).rstrip())

    def _number(self, cell: str) -> str:
        words = cell.strip()
        if words in ("", "0"):
            return cell
        return self.paint(cell, _NEGATIVE if words.startswith("−") else _POSITIVE)


def _folded(cell: str, width: int) -> list[str]:
    """The words of a cell in lines of so many columns."""
    lines = [""]
    for word in cell.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("  " + word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
