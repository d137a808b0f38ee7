"""No file, however damaged or hostile, runs code, hangs, takes memory without bounds, or raises a foreign error.

The files are read in processes of their own (guarded_fuzz.py), where memory is limited and an audit hook watches.
`pytest --long` tries ten times as many, `python tests/files/guarded_fuzz.py promised` 17 million.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import glassnet.files

HERE = Path(__file__).parent
COUNTS = {"json": 100_000, "safetensors": 50_000, "checkpoint": 20_000, "weights": 25_000, "model": 16_000}
COUNTS |= {"idx": 60_000, "packed": 40_000, "png": 30_000, "zip": 20_000, "opcodes": 40_000, "pt": 12_000}
COUNTS |= {"pt_key": 3_000, "csv": 8_000}
MARGIN = 4 << 20  # what the interpreter itself allocates meanwhile


def guarded(*arguments):
    command = [sys.executable, str(HERE / "guarded_fuzz.py"), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=200)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


def assert_sound(report):
    assert report["others"] == []
    assert report["events"] == []
    assert report["slowest"] < 10, "a hang: these files take milliseconds"


def test_every_format_is_tried():
    listed = subprocess.run([sys.executable, str(HERE / "hostile.py")], capture_output=True, text=True, timeout=60)
    assert listed.stdout.split() == list(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_damaged_files(name, effort):
    count = COUNTS[name] * effort
    report = guarded("mutate", name, 1, count)
    assert_sound(report)
    assert report["accepted"] + report["refused"] == count
    assert report["refused"] > count / 2, "too little damage"
    assert report["accepted"] > count / 100, "damage that never gets past the first check tests only that one"


def test_small_files_that_ask_for_much():
    report = guarded("bombs", *([] if sys.platform == "linux" else ["trace"]))
    assert_sound(report)
    assert report["accepted"] + report["refused"] == len(report["peaks"]) >= 63
    assert 1 <= report["accepted"] <= 25, "some are legal and just small enough"
    assert max(report["peaks"].values()) <= (64 << 20) + MARGIN


def test_the_guard_itself_sees_and_limits():
    """A reader that misbehaves in each of these ways would be caught."""
    program = f"""
import sys, json
sys.path.insert(0, {str(HERE)!r})
import guarded_fuzz as fuzz, numpy, tempfile, os
sys.addaudithook(fuzz.watch)
path = os.path.join(tempfile.mkdtemp(), "x")
fuzz.limit_memory(200 << 20)
tally = fuzz.Tally()
tally.read(lambda data: exec("1"), b"", "exec")
tally.read(lambda data: __import__("this_module_is_not_there"), b"", "import")
tally.read(lambda data: open(path, "w").close(), b"", "write")
tally.read(lambda data: os.open(path, os.O_WRONLY), b"", "write again")
tally.read(lambda data: open(path).close(), b"", "read")
tally.read(lambda data: os.system("true"), b"", "system")
tally.read(lambda data: numpy.ones(1 << 26), b"", "memory")
tally.read(lambda data: {{}}["x"], b"", "error")
tally.report()
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    report = json.loads(result.stdout.splitlines()[-1])
    seen = {event.split(" ")[0] for event in report["events"]}
    assert {"exec", "compile", "import", "open", "os.system"} <= seen
    assert sum(event.startswith("open") for event in report["events"]) == 2
    failures = {text.split(":")[0] for text in report["others"]}
    assert {"import", "error"} <= failures
    assert "memory" in failures or sys.platform != "linux"


FORBIDDEN_MODULES = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "joblib",
    "importlib",
    "runpy",
    "code",
    "ctypes",
    "subprocess",
}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "getattr", "setattr", "globals", "vars"}


@pytest.mark.parametrize("path", sorted(Path(glassnet.files.__file__).parent.glob("*.py")), ids=lambda path: path.name)
def test_no_reader_could_run_a_file(path):
    """No module here imports anything that runs data, nor calls what turns text into names or code.

    `getattr` is allowed for the constants of `os` and `fcntl` that not every system has.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
            assert not names & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in FORBIDDEN_MODULES
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            is_constant = node.func.id == "getattr" and isinstance(node.args[1], ast.Constant)
            assert is_constant, f"line {node.lineno}: {node.func.id}"
        elif isinstance(node, ast.keyword):
            assert node.arg != "allow_pickle"
