"""Runs a page of the documentation: its programs in order in one namespace, its command lines in the same folder."""

import contextlib
import io
import re
import shlex
from pathlib import Path

from glassnet.cli.main import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PEER = re.compile(r"^(?:import|from) (?:torch|safetensors)\b", re.MULTILINE)
PRINTED = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)
STATUS = re.compile(r"# exits with (\d+)$")


def blocks(page):
    """(language, text) of each block that runs, in order."""
    return BLOCK.findall((DOCS / page).read_text("utf-8"))


def run_page(page, peers=False):
    """Run a page in the working folder, without the blocks that need another framework unless asked; its namespace."""
    namespace = {"__name__": page}
    for language, text in blocks(page):
        if language == "console":
            run_console(text)
        elif peers or not PEER.search(text):
            check_printed(text, run_python(text, page, namespace))
    return namespace


def run_python(text, page, namespace):
    """What a program prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(text, f"docs/{page}", "exec"), namespace)
    return said.getvalue()


def check_printed(text, said):
    """Each line that a program prints stands behind its `print`; in a loop the same line comes again."""
    told, lines = PRINTED.findall(text), said.splitlines()
    assert list(dict.fromkeys(lines)) == list(dict.fromkeys(told)), text


def run_console(text):
    """Every `$ glassnet …` ends with the status that stands behind it, else with 0."""
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        assert words[:2] == ["$", "glassnet"], line
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as problem:
            status = main(words[2:])
        wanted = STATUS.search(line)
        assert status == int(wanted[1] if wanted else 0), (line, problem.getvalue())
