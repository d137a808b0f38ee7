"""A kill at any moment loses no checkpoint whose save had returned, and leaves nothing half written behind.

`pytest --long` makes it ten thousand; for others:  python tests/reliability/kills.py FOLDER COUNT SEED
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

KILLS = 1000
PROGRAM = Path(__file__).parent / "kills.py"


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a thousand starts of Python would take minutes")


def killed(count, *options):
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a kill does not test the disk, so spare it
    with tempfile.TemporaryDirectory(dir=in_memory) as folder:
        command = [sys.executable, str(PROGRAM), os.path.join(folder, "checkpoints"), str(count), "1", *options]
        patience = 280 * max(1, count / KILLS)
        result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=patience)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.timeout(3000)
def test_a_thousand_kills(effort):
    report = killed(KILLS * effort)
    assert report["kills"] == KILLS * effort
    assert report["lost"] == []
    assert report["steps"] > KILLS / 20, "the trainings hardly got to save"
    assert report["during_a_save"] > KILLS / 50, "hardly a kill hit a save: nothing was tested"


def test_these_kills_find_what_overwriting_in_place_loses():
    assert killed(150, "careless")["lost"]
