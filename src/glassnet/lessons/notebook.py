"""Jupyter notebooks (nbformat 4.5), written and read without Jupyter."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any

from glassnet.errors import FormatError, complain
from glassnet.files import strict_json
from glassnet.lessons.percent import Cell, Script
from glassnet.lessons.running import Output

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def as_notebook(script: Script, outputs: Sequence[Sequence[Output]] = ()) -> str:
    """A notebook of these cells; `outputs` are those of the code cells, in order, if they were run.

    >>> from glassnet.lessons.percent import parse
    >>> from_notebook(as_notebook(parse("# %%\\n1 + 1\\n"))).cells
    (Cell(kind='code', source='1 + 1', line=1),)
    """
    left = iter(outputs)
    ran = bool(outputs)
    count = 0
    cells: list[dict[str, Any]] = []
    for i, cell in enumerate(script.cells):
        entry: dict[str, Any] = {"cell_type": cell.kind, "id": f"cell-{i:03d}", "metadata": {}}
        entry["source"] = cell.source.splitlines(keepends=True)
        if cell.kind == "code":
            count += 1
            entry["execution_count"] = count if ran else None
            entry["outputs"] = [_output(output, count) for output in next(left, ())]
        cells.append(entry)
    about = {"kernelspec": _KERNEL, "language_info": {"name": "python", "version": platform.python_version()}}
    return strict_json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def _output(output: Output, count: int) -> dict[str, Any]:
    if output.kind == "stream":
        return {
            "output_type": "stream",
            "name": "stdout",
            "text": output.data["text/plain"].splitlines(keepends=True),
        }
    entry: dict[str, Any] = {"data": dict(output.data), "metadata": {}}
    if output.kind == "display":
        return {"output_type": "display_data", **entry}
    return {"output_type": "execute_result", "execution_count": count, **entry}


def from_notebook(text: bytes | str, source: str = "notebook") -> Script:
    """The cells of a notebook; whatever it shows as outputs is left out.

    Raises `FormatError` for what is not a notebook of version 4.
    """
    data = strict_json.loads(text, source=source)
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list) or data.get("nbformat") != 4:
        got = f"{source}: got JSON that is not a notebook of version 4"
        raise FormatError(complain(got, "expected cells and nbformat 4", "Try saving it again from Jupyter"))
    return Script(tuple(_cell(cell, source) for cell in cells if _is_known(cell)))


def _is_known(cell: Any) -> bool:
    return isinstance(cell, dict) and cell.get("cell_type") in ("markdown", "code")


def _cell(cell: dict[str, Any], source: str) -> Cell:
    text = cell.get("source", "")
    text = "".join(text) if isinstance(text, list) and all(isinstance(line, str) for line in text) else text
    if not isinstance(text, str):
        got = f"{source}: got a cell whose source is not text"
        raise FormatError(complain(got, "expected lines", "Try saving it again from Jupyter"))
    return Cell(cell["cell_type"], text)
