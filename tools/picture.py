"""Take pictures of what commands show in a terminal (POSIX), in SVG.

python tools/picture.py docs              # those of the README anew; docs predict doctor: only these two
python tools/picture.py OUT.svg WIDTH COMMAND…
"""

import os
import pty
import re
import shlex
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

FETCHED_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)  # from a server elsewhere; the picture does without
PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
OF_THE_README = {
    "train": (92, "train mnist"),  # first: the others look at its run
    "predict": (84, "predict last 7"),
    "explain": (88, "explain 'tanh(w*x + b)' --given w=0.5,x=2,b=-0.3"),
    "doctor": (100, "doctor last"),
}


def shown(command: list[str], width: int) -> str:
    """What the command writes to a terminal of that width; of a line drawn over and over, the last state."""
    os.environ |= {"COLUMNS": str(width), "LINES": "100", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    written = bytearray()

    def read(fd: int) -> bytes:
        data = os.read(fd, 65536)
        written.extend(data)
        return data  # an empty answer would mean the end

    if status := os.waitstatus_to_exitcode(pty.spawn(command, read)):
        raise SystemExit(f"got status {status} from {' '.join(command)}; expected 0. Try it by itself.")
    lines = [line.split("\r")[-1] for line in written.decode().replace("\r\n", "\n").split("\n")]
    return re.sub(r"\x1b\[[0-9;?]*[A-HJKSTfhln]", "", "\n".join(lines))


def take(out: str, width: int, command: list[str], title: str) -> None:
    """One picture."""
    console = Console(record=True, width=width, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    console.print(Text.from_ansi(shown(command, width)))
    svg = console.export_svg(title=title)
    Path(out).write_text(FETCHED_FONT.sub("", svg), encoding="utf-8", newline="\n")


def take_those_of_the_readme(names: list[str]) -> None:
    """Each by its command, one after the other in a folder of their own; only those of the names are kept."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, (width, words) in OF_THE_README.items():
            out = PICTURES / f"{name}.svg" if name in names or not names else Path(f"{name}.svg")
            command = [sys.executable, "-m", "glassnet", *shlex.split(words)]
            take(str(out), width, command, f"glassnet {words}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["docs"]:
        take_those_of_the_readme(sys.argv[2:])
    else:
        out, width, *command = sys.argv[1:]
        take(out, int(width), command, " ".join(command).replace(sys.prefix + "/bin/", ""))
