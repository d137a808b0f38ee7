"""A lesson as one page of Markdown, with what its cells printed and drew."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.lessons.percent import Script
from glassnet.lessons.running import Output


def as_markdown(script: Script, outputs: Sequence[Sequence[Output]] = ()) -> str:
    """The page in MyST's Markdown, in which drawings are raw HTML.

    >>> from glassnet.lessons.percent import parse
    >>> print(as_markdown(parse("# %% [markdown]\\n# # Adding\\n\\n# %%\\n1 + 1\\n")))
    # Adding
    <BLANKLINE>
    ```python
    1 + 1
    ```
    <BLANKLINE>
    """
    left = iter(outputs)
    parts: list[str] = []
    for cell in script.cells:
        if cell.kind == "markdown":
            parts.append(cell.source)
        else:
            parts.append(fenced(cell.source, "python"))
            parts += [_output(output) for output in next(left, ())]
    return "\n\n".join(parts) + "\n"


def _output(output: Output) -> str:
    for media in ("image/svg+xml", "text/html"):
        if media in output.data:
            return fenced(output.data[media], "{raw} html")
    return fenced(output.data["text/plain"].rstrip("\n"), "text")


def fenced(text: str, kind: str) -> str:
    """Text between fences that are longer than any inside it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{kind}\n{text}\n{fence}"
