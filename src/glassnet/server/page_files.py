"""The page's files: read once, served from memory by their exact names, so no path can lead anywhere else."""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass
from pathlib import Path

_TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".json": "application/json",
    ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".webmanifest": "application/manifest+json",
}  # fmt: skip
FOLDER = Path(__file__).parent / "page"


@dataclass(frozen=True)
class PageFile:
    """One file: its bytes, its type, and how long a browser may keep it."""

    body: bytes
    type: str
    cache: str
    tag: str


def load(folder: Path = FOLDER) -> dict[str, PageFile]:
    """The files by the path that a browser asks for; `/` is index.html. Without a built page, one that says so."""
    files = {}
    if (folder / "index.html").is_file():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.suffix in _TYPES:
                name = "/" + path.relative_to(folder).as_posix()
                files[name] = _file(path.read_bytes(), path.suffix, name.startswith("/assets/"))
        files["/"] = files["/index.html"]
    else:
        files["/"] = _file(_NOT_BUILT.encode(), ".html", False)
    return files


def _file(body: bytes, suffix: str, hashed: bool) -> PageFile:
    cache = "public, max-age=31536000, immutable" if hashed else "no-cache"  # a hashed name never changes its bytes
    return PageFile(body, _TYPES[suffix], cache, f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def words(title: str, *paragraphs: str) -> bytes:
    """A page of plain words; what a user has typed is shown as text."""
    body = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
    return _FRAME.format(title=html.escape(title), body=body).encode()


def code_wanted(title: str, *paragraphs: str) -> tuple[bytes, str]:
    """A page of plain words that asks for the code of a class, and its policy, which lets it be sent."""
    return words(title, *paragraphs).replace(b"</body>", _CODE + b"</body>"), _ASKING


_CODE = b"""<form action="/join"><p><label>The code on the board: <input name="code" size="12" maxlength="40" required
autofocus autocomplete="off" autocapitalize="none" spellcheck="false"></label> <button>Join</button></p></form>"""
_ASKING = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_FRAME = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title} · glassnet</title>
<style>body {{ font: 17px/1.6 system-ui, sans-serif; max-width: 34em; margin: 4em auto; padding: 0 1em;
color-scheme: light dark }} h1 {{ font-size: 20px }}
input, button {{ font: inherit; padding: .2em .5em }}</style></head>
<body><h1>{title}</h1>{body}</body>
</html>
"""
_NOT_BUILT = words(
    "The page has not been built",
    "The server runs, but this copy of glassnet was installed without its page.",
    "In a checkout of the repository, build it with: npm ci and npm run build, in the folder web.",
    "Or install a released version: pip install --force-reinstall glassnet",
).decode()
