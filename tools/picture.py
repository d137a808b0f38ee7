"""Take a picture of what a command shows in a terminal: python tools/picture.py OUT.svg WIDTH COMMAND… (POSIX)."""

import os
import pty
import re
import sys

from rich.console import Console
from rich.text import Text


def shown(command: list[str], width: int) -> str:
    """What the command writes to a terminal of that width; of a line drawn over and over, the last state."""
    os.environ |= {"COLUMNS": str(width), "LINES": "100", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    written = bytearray()

    def read(fd: int) -> bytes:
        data = os.read(fd, 65536)
        written.extend(data)
        return data  # an empty answer would mean the end

    pty.spawn(command, read)
    lines = [line.split("\r")[-1] for line in written.decode().replace("\r\n", "\n").split("\n")]
    return re.sub(r"\x1b\[[0-9;?]*[A-HJKSTfhln]", "", "\n".join(lines))


if __name__ == "__main__":
    out, width, *command = sys.argv[1:]
    console = Console(record=True, width=int(width), file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    console.print(Text.from_ansi(shown(command, int(width))))
    console.save_svg(out, title=" ".join(command).replace(sys.prefix + "/bin/", ""))
