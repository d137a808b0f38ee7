"""A file of a run damaged, cut, replaced or gone: whatever is asked of the run, it is answered in words."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from glassnet.cli.main import main

ASKED = [
    "runs .",
    "runs show X",
    "runs X whole",
    "report X --no-baselines --output report.html",
    "plot X",
    "doctor X",
    "explain X --figure loss",
    "explain X --index 0",
    "predict X rows.csv",
    "predict X 0",
    "evaluate X",
    "evaluate X rows.csv",
    "draw X",
    "train --resume X --quiet --time-budget 0.05",
]
DAMAGES = {
    "gone": lambda rng, good: None,
    "empty": lambda rng, good: b"",
    "cut": lambda rng, good: good[: rng.randrange(len(good))],
    "longer": lambda rng, good: good + good[-rng.randrange(1, 100) :],
    "changed": lambda rng, good: _changed(rng, good),
    "another value": lambda rng, good: _another_value(rng, good),
    "noise": lambda rng, good: rng.randbytes(100),
    "null": lambda rng, good: b"null",
    "a list": lambda rng, good: b"[1, 2]\n{}\n",
}
VALUES = [b"-1", b"1e999", b"null", b'"x"', b"99999999999999999999", b"[]", b"{}", b"0", b"NaN", b"1e300"]


def _changed(rng, good):
    data = bytearray(good)
    for _ in range(rng.choice([1, 1, 3, 20])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def _another_value(rng, good):
    """A value of JSON in another's place: what stands between a colon or a comma and the next."""
    places = [i for i, byte in enumerate(good[:50_000]) if byte in b":,"]
    if not places:
        return b"{}"
    begin = rng.choice(places) + 1
    end = next((i for i in range(begin, len(good)) if good[i] in b",}]\n"), len(good))
    return good[:begin] + rng.choice(VALUES) + good[end:]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a table and two runs that learnt it: one to its end, one that was stopped."""
    folder = tmp_path_factory.mktemp("damaged")
    rows = [f"{i % 13},{'ab'[i % 2]},{'yes' if i % 13 > 6 else 'no'}" for i in range(60)]
    (folder / "rows.csv").write_text("x,colour,answer\n" + "\n".join(rows) + "\n")
    here = os.getcwd()
    os.chdir(folder)
    try:
        words = "train rows.csv --target answer --hidden 3 --quiet --tensorboard --epochs 2 --output whole"
        assert main(words.split()) == 0
    finally:
        os.chdir(here)
    return folder


@pytest.fixture
def stopped(place, program):
    if not (place / "stopped").exists():
        flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {}
        words = "train rows.csv --target answer --hidden 3 --quiet --epochs 1000000 --output stopped"
        with subprocess.Popen([*program, *words.split()], cwd=place, **flags) as running:
            history, deadline = place / "stopped" / "history.jsonl", time.monotonic() + 60
            while not (history.exists() and history.stat().st_size > 500) and time.monotonic() < deadline:
                time.sleep(0.01)
            running.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGTERM)
            running.wait(timeout=60)
    return place


@pytest.fixture
def ask(place, monkeypatch, glassnet):
    """Ask a copy of a run, one file of which was damaged."""
    monkeypatch.chdir(place)

    def asking(run, file, damaged, line):
        shutil.rmtree("X", ignore_errors=True)
        shutil.copytree(run, "X")
        path = Path("X", file)
        if damaged is None:
            path.unlink()
        else:
            path.write_bytes(damaged)
        done = glassnet(line)
        assert done.status in (0, 1, 2)
        assert "Traceback" not in done.err
        if done.status and not line.startswith("doctor"):  # which ends with 1 for what it has found
            assert done.err.startswith("glassnet: ")
            assert len(done.err) < 2_000
        return done

    return asking


def files_of(run):
    return sorted(str(path.relative_to(run)) for path in Path(run).rglob("*") if path.is_file())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("run", ["whole", "stopped"])
def test_whatever_is_damaged_is_answered_in_words(stopped, ask, run, seed):
    rng = random.Random(f"{run} {seed}")
    for _ in range(30):
        file, line = rng.choice(files_of(stopped / run)), rng.choice(ASKED)
        good = (stopped / run / file).read_bytes()
        name = rng.choice(list(DAMAGES))
        try:
            ask(run, file, DAMAGES[name](rng, good), line)
        except Exception as problem:
            raise AssertionError(f"{line!r} with {file} {name}") from problem


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("model.safetensors", "predict X rows.csv"),
        ("model.safetensors", "evaluate X"),
        ("model.safetensors", "draw X"),
        ("model.safetensors", "explain X --index 0"),
        ("result.json", "runs show X"),
    ],
)
@pytest.mark.parametrize("name", ["cut", "noise", "empty"])
def test_the_damaged_file_is_named(stopped, ask, file, line, name):
    good = (stopped / "whole" / file).read_bytes()
    done = ask("whole", file, DAMAGES[name](random.Random(name), good), line)
    assert done.status == 1
    assert file in done.err


@pytest.mark.parametrize("name", ["cut", "noise", "changed"])
def test_a_damaged_checkpoint_is_named(stopped, ask, name):
    (newest,) = [file for file in files_of(stopped / "stopped") if file.startswith("checkpoints")][-1:]
    good = (stopped / "stopped" / newest).read_bytes()
    done = ask("stopped", newest, DAMAGES[name](random.Random(name), good), ASKED[-1])
    assert done.status == 1
    assert os.path.basename(newest) in done.err


@pytest.mark.parametrize("name", ["cut", "noise", "empty"])
def test_a_report_is_made_of_what_is_whole_and_says_what_is_not(stopped, ask, name):
    good = (stopped / "whole" / "result.json").read_bytes()
    done = ask("whole", "result.json", DAMAGES[name](random.Random(name), good), ASKED[3])
    assert done.status == 0
    assert "without about" in done.out
    assert os.path.join("X", "result.json") in done.out
