"""What the README shows is what the program prints, and what was measured."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("readme_table", ROOT / "tools" / "readme_table.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def results():
    return json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))


def test_the_step_that_is_shown_is_the_one_that_is_printed():
    shown = re.search(r"^```python\n(def step\(x, y\):\n.*?)```$", README, re.M | re.S)
    example = ROOT / "examples" / "replayed_step.py"
    done = subprocess.run([sys.executable, example], capture_output=True, encoding="utf-8", timeout=60)
    assert shown is not None, "the README shows no step"
    assert shown[1].strip() in done.stdout


def test_the_table_of_speed_is_that_of_the_last_recorded_run(tool, results):
    """Else: python tools/readme_table.py"""
    assert tool.section(results) in README


def test_the_goals_that_were_missed_are_counted(tool, results):
    from benchmarks.goals import judge_all  # which the tool has put within reach
    from benchmarks.results import from_json

    judged = judge_all([from_json(stored) for stored in results["workloads"]])
    missed = sum(one.verdict != "pass" for one in judged)
    assert re.search(rf"\b{missed} of {len(judged)}\s+goals\s+were\s+missed", README.replace("\n", " "))


def test_a_row_has_the_best_of_each_peer_and_a_gap_where_one_is_missing(tool):
    from benchmarks.results import Entry, Measurement

    times = {"glassnet": [2.0, 1.0], "pytorch": [4.0], "import torch": [3.0]}
    entries = [Entry(peer, status="measured", values=values) for peer, values in times.items()]
    row = tool.row("a job", Measurement("W0", "", "ms/step", 10.0, entries))
    assert row == "| a job | 10.0 ms | 40.0 ms (`import torch` alone 30.0 ms) | | |"
