"""`glassnet train --resume`, patience and validation, and the check on one batch, as users meet them."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from glassnet.files.lock import Lock


def figures(result):
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in result["history"]]


def stopped_run(program, folder, epochs=1_000_000):
    """A training that is asked to end once epochs are behind it; the process's status."""
    flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {}
    line = f"train moons --epochs {epochs} --dropout 0.1 --validation 0.2 --batch-size 40 --output {folder}"
    words = [*program, *line.split()]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **flags) as running:
        history, deadline = Path(folder, "history.jsonl"), time.monotonic() + 60
        while not (history.exists() and history.stat().st_size > 500) and time.monotonic() < deadline:
            time.sleep(0.01)
        running.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGTERM)
        out, err = running.communicate(timeout=60)
    assert err == b""
    assert b"to go on: glassnet train --resume " + folder.encode() in out
    return running.returncode


def test_a_stopped_run_goes_on_to_the_same_numbers(program, glassnet):
    assert stopped_run(program, "half") == (143 if os.name != "nt" else 128 + signal.SIGBREAK)
    half = json.loads(Path("half/result.json").read_text(encoding="utf-8"))
    assert 0 < half["epochs_done"] < 1_000_000
    whole = int(half["epochs_done"]) + 30  # far enough beyond the stop, and no further
    resumed = glassnet(f"train --resume half --epochs {whole} --json").json
    assert resumed["epochs_done"] == whole
    assert resumed["stopped"] is None
    assert resumed["command"][:3] == ["glassnet", "train", "moons"]
    assert figures(resumed)[: len(half["history"])] == figures(half)
    assert resumed["before"] == half["before"]
    again = glassnet("evaluate half --json").json
    assert again["loss"] == pytest.approx(resumed["test_loss"])


def test_a_run_goes_on_in_one_program_at_a_time(program, glassnet):
    stopped_run(program, "half")
    before = {path.name: path.read_bytes() for path in Path("half").iterdir() if path.is_file()}
    other = Lock("half/.lock")  # as if it went on elsewhere
    assert other.take()
    done = glassnet("train --resume half --epochs 1000000")
    assert (done.status, done.out) == (1, "")
    assert "got half, which another training is writing; " in done.err
    other.release()
    assert {path.name: path.read_bytes() for path in Path("half").iterdir() if path.is_file()} == before


def test_a_run_that_was_killed_is_asked_to_go_on_first(glassnet):
    Path("killed/checkpoints").mkdir(parents=True)
    done = glassnet("predict killed 7")
    assert done.status == 1
    assert done.err == (
        "glassnet: got the folder killed without model.safetensors: its training was cut off; expected the folder of "
        "a run that has ended. Try glassnet train --resume killed, which goes on with it.\n"
    )


def test_what_can_not_be_resumed(glassnet):
    assert glassnet("train moons --epochs 1 --quiet --output short").status == 0
    done = glassnet("train --resume short")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "glassnet: got --resume short, which has no folder `checkpoints`; expected the folder of a run that was "
        "stopped, or took longer than two seconds. Try training anew.\n"
    )
    done = glassnet("train moons --resume short")
    assert (done.status, done.err[:48]) == (2, "glassnet: got moons with --resume short; expecte")
    done = glassnet("train --resume short --hidden 3")
    assert done.status == 2
    assert done.err.startswith("glassnet: got --hidden with --resume; expected only --epochs, --time-budget")


def test_damaged_checkpoints_are_named(program, glassnet):
    stopped_run(program, "spoilt")
    for path in Path("spoilt/checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    done = glassnet("train --resume spoilt")
    assert (done.status, done.out) == (1, "")
    assert "got no whole checkpoint among" in done.err
    assert "Traceback" not in done.err


def test_another_machine_is_named_in_one_line(program, glassnet, monkeypatch):
    stopped_run(program, "moved")
    assert glassnet("train --resume moved --epochs 1").err == ""
    monkeypatch.setattr("glassnet.train.checkpoint.changed_machine", lambda state: ["BLAS threads: 1 then, 2 now"])
    done = glassnet("train --resume moved --epochs 1")
    assert done.status == 0
    assert done.err == (
        "glassnet: got another machine (BLAS threads: 1 then, 2 now); the last bits may differ from an unbroken "
        "training\n"
    )


def test_patience_is_explained_at_the_end(glassnet):
    done = glassnet("train moons --patience 3 --lr 0.3 --epochs 400")
    assert "360 examples to learn from, 40 to choose the best epoch by, 100 to test on" in done.out
    assert re.search(r"^ epoch +loss  valid\. accuracy +time$", done.out, re.M)
    assert re.search(r"^stopped after \d+\.00 of 400 epochs: no better validation_loss for 3 epochs$", done.out, re.M)
    said = r"^accuracy .* % on 360 examples learnt from, .* % on 40 validation examples"
    assert re.search(said + r": a gap of -?[\d.]+ points$", done.out, re.M)
    assert re.search(r"^the weights are those of epoch \d+, the best by loss$", done.out, re.M)


def test_the_gap_is_shown_for_regression_too(glassnet):
    done = glassnet("train sine --epochs 10 --n 100")
    said = r"^rmse (0\.\d+) on 80 examples learnt from, (0\.\d+) on 20 test examples: a gap of (-?\d\.\S+)$"
    learnt, held, gap = map(float, re.search(said, done.out, re.M).groups())
    assert gap == pytest.approx(held - learnt, abs=1e-3)


def test_of_very_many_examples_the_gap_says_how_many_were_judged(glassnet, monkeypatch):
    monkeypatch.setattr("glassnet.train.training._MOST_COMPARED", 40)
    done = glassnet("train moons --epochs 1 --n 100")
    said = r"^accuracy .* % on 40 of 80 examples learnt from, .* % on 20 test examples"
    assert re.search(said + r": a gap of -?[\d.]+ points$", done.out, re.M)


def test_a_time_budget_is_kept(glassnet):
    result = glassnet("train moons --epochs 10000000 --time-budget 0.3 --json").json
    assert result["stopped"] == "the time budget of 0.3 s is spent"
    assert 0.3 <= result["seconds"]["training"] < 5


def test_one_batch_by_heart(glassnet):
    done = glassnet("train moons --overfit-one-batch")
    assert done.status == 0
    assert done.out.startswith("PASS  the network learns one batch by heart: the loss went from 0.")
    done = glassnet("train sine --overfit-one-batch --lr 1e-9")
    assert done.status == 1
    assert done.out.startswith("FAIL  the network cannot learn one batch by heart")
    result = glassnet("train moons --overfit-one-batch --json").json
    assert result["passed"] is True
    assert not Path("runs").exists()


def test_a_table_that_has_changed_is_noticed(glassnet, tmp_path):
    rows = [f"{i % 7},{2 * (i % 7) + i % 3}" for i in range(80)]
    table = Path("houses.csv")
    table.write_text("\n".join(["size,price", *rows]), encoding="utf-8")
    line = "train houses.csv --target price --epochs 1000000 --time-budget 0.2 --quiet --output run"
    assert glassnet(line).status == 0
    again = "train --resume run --time-budget 0.4 --quiet"
    table.write_text("\n".join(["size,price", *rows[:-1], "6,99"]), encoding="utf-8")
    done = glassnet(again)
    assert (done.status, done.out) == (1, "")
    assert re.fullmatch(
        r"glassnet: resume: got other (examples to learn from|validation examples) than at the checkpoint "
        r"\(fingerprint [0-9a-f]{16}, then [0-9a-f]{16}\); expected the same, to go on to the same numbers. "
        r"Try the data as they were, or a new training.\n",
        done.err,
    )
    table.write_text("\n".join(["size,price", *rows]), encoding="utf-8")
    assert glassnet(again).status == 0
