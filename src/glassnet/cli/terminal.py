"""What a stream can show: a live line, colours, block characters, and how wide it is.

`NO_COLOR` (no-color.org) and `TERM=dumb` are respected; a file or a pipe gets plain lines. Nothing is drawn by an
escape sequence where a plain character will do.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

_CODES = re.compile("\x1b\\[[0-9;]*m")  # of colours and weights, which take no columns
_NARROWEST, _WIDTH_OF_FILES = 20, 100
_SPELLED = str.maketrans(
    {"²": "^2", "±": "+-", "×": "x", "·": ".", "–": "-", "−": "-", "…": "...", "√": "sqrt", "π": "pi", "α": "alpha",
     "Σ": "sum", "←": "<-", "→": "->", "‖": "||"}
)  # fmt: skip


class Terminal:
    """A stream and its abilities.

    >>> import io
    >>> Terminal(io.StringIO(), environ={}).live
    False
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        self.stream = stream
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[attr-defined]  # a strange name must not end a run
        screen = _is_screen(stream)
        self.live = screen and environ.get("TERM") != "dumb"
        self.colour = self.live and not environ.get("NO_COLOR") and _understands_escapes(stream)
        self.unicode = _can_write(stream, "█▀▄░━·×²")
        self.width = max(_NARROWEST, _columns(stream, environ) - 1 if screen else _WIDTH_OF_FILES)

    def say(self, *lines: str) -> None:
        """Write lines; a stream that has no such signs gets them spelled out, a narrow screen gets them folded."""
        shown = [part for line in lines for part in folded(line.rstrip(), self.width)] if self.live else lines
        text = "".join(line.rstrip() + "\n" for line in shown)
        self.stream.write(text if self.unicode else text.translate(_SPELLED))
        self.stream.flush()

    def paint(self, text: str, code: str) -> str:
        """The text in a colour or weight, where there are any; `code` is ANSI's (1 bold, 2 dim, 31 red, …).

        >>> import io
        >>> Terminal(io.StringIO(), environ={}).paint("98 %", "1")
        '98 %'
        """
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text.strip() else text

    def bold(self, text: str) -> str:
        """What matters."""
        return self.paint(text, "1")

    def dim(self, text: str) -> str:
        """What matters less."""
        return self.paint(text, "2")

    def bar(self, share: float, width: int, signs: str = "█░") -> str:
        """A bar of `width` columns, of which `share` is filled; `signs` are the full and the empty column.

        >>> import io
        >>> Terminal(io.StringIO(), environ={}).bar(0.5, 4)
        '██░░'
        """
        full = round(min(max(share, 0.0), 1.0) * width)
        on, off = signs if self.unicode else ("#", signs[1].replace("░", "."))
        return on * full + self.dim(off * (width - full))

    @property
    def r2(self) -> str:
        """The coefficient of determination."""
        return "R²" if self.unicode else "R2"


def folded(line: str, width: int) -> list[str]:
    """The line in pieces of at most `width` columns, broken at blanks; a drawing of blocks stays as it is.

    >>> folded("  saved in runs/moons", 12), folded("short", 12)
    (['  saved in', '    runs/moons'], ['short'])
    """
    if len(line) <= width or len(_CODES.sub("", line)) <= width or any(sign in line for sign in "█▀▄░━"):
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    first, *words = line.split()
    pieces = [f"{indent[2:]}{first}"]
    for word in words:
        longer = f"{pieces[-1]} {word}"
        if len(_CODES.sub("", longer)) <= width:
            pieces[-1] = longer
        else:
            pieces.append(f"{indent}{word}")
    return pieces


def _is_screen(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # closed, or no stream at all
        return False


def _columns(stream: TextIO, environ: Mapping[str, str]) -> int:
    wanted = environ.get("COLUMNS", "")
    if wanted.isdigit() and int(wanted):
        return int(wanted)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _understands_escapes(stream: TextIO) -> bool:
    """Windows' console has to be told; everything else that calls itself a terminal does."""
    if sys.platform != "win32":
        return True
    import ctypes
    import msvcrt

    kernel = ctypes.windll.kernel32
    handle, mode = msvcrt.get_osfhandle(stream.fileno()), ctypes.c_ulong()
    virtual_terminal = 0x4
    return bool(
        kernel.GetConsoleMode(handle, ctypes.byref(mode))
        and kernel.SetConsoleMode(handle, mode.value | virtual_terminal)
    )
