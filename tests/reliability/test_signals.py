"""Ctrl-C and a request to end, at any moment: the step is finished and saved, and the status says which it was."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SIGNALS = 200
PROGRAM = Path(__file__).parent / "signals.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX can send these signals to another process")
@pytest.mark.timeout(3000)
def test_two_hundred_signals(effort):
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        command = [sys.executable, str(PROGRAM), os.path.join(folder, "checkpoints"), str(SIGNALS * effort), "1"]
        result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=280 * effort)
    assert result.returncode == 0, result.stderr[-2000:]
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["wrong"] == []
    assert report["same_bits"], "200 interruptions on the way, and the same numbers as without"
    for doing in ("load", "train", "test", "save"):
        assert report["hit"].get(doing, 0) >= 5, f"hardly a signal came during {doing}"
    assert report["slowest"] < 20, "a hang: it takes milliseconds"
