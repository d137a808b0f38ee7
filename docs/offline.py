"""A built page shows everything without a network: the build fails where one would fetch something from elsewhere."""

import re
from pathlib import Path

_FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"'](?:https?:)?//[^\"']+|"
                      r"<link\b[^>]*\bhref=[\"'](?:https?:)?//[^\"']+|"
                      r"(?:url\(|@import )[\"']?(?:https?:)?//[^\"')]+", re.IGNORECASE)  # fmt: skip


def look(app: object, problem: Exception | None) -> None:
    """Look through pages and styles for addresses that a browser would fetch by itself."""
    from sphinx.errors import ExtensionError

    if problem is not None:
        return
    for path in sorted(Path(app.outdir).rglob("*")):
        if path.suffix in (".html", ".css", ".svg") and (address := fetched(path.read_text("utf-8"))):
            raise ExtensionError(f"{path.name}: got {address!r}; expected pages that need no network")


def fetched(text: str) -> str | None:
    """What a browser would fetch from elsewhere to show a page; a link to follow is no such thing."""
    found = _FETCHED.search(text)
    return found and found[0]


def setup(app: object) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("build-finished", look)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
