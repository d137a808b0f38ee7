"""Run folders that were damaged, or that a stranger filled: one named error, or a page that tells what there is."""

import copy
import io
import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassnet.cli.main import main
from glassnet.cli.plot import PICTURES, Subject
from glassnet.cli.run_page import comparison, run_page
from glassnet.cli.run_report import report_of
from glassnet.cli.runs import summary, table
from glassnet.cli.terminal import Terminal
from glassnet.errors import GlassnetError
from glassnet.train.notebook import run_html
from glassnet.train.runs import Run, find_runs

QUIET = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
OFFLINE = [name for name in PICTURES if name not in ("lr", "boundary", "mistakes")]  # that need no data


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "whole"
    words = "train moons --n 40 --epochs 3 --hidden 3 --quiet --output"
    assert main([*words.split(), str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def place(whole):
    """A copy in a folder of its own, to be damaged."""
    runs = whole.parent / "runs"
    shutil.copytree(whole, runs / "spoilt")
    return runs / "spoilt"


def look_at(folder):
    """Everything that can be asked of a run; how often it was refused."""
    terminal, refused = Terminal(io.StringIO(), environ={}), list[str]()
    asked = [
        lambda: table(find_runs(folder.parent), terminal),
        lambda: [summary(run) for run in find_runs(folder.parent)],
        lambda: run_page(Run(str(folder)), terminal),
        lambda: comparison([Run(str(folder)), Run(str(folder))], terminal),
        lambda: report_of(Run(str(folder)), baselines=False),
        lambda: run_html(Run(str(folder))),
        *(lambda name=name: PICTURES[name][0](Subject(Run(str(folder))), terminal) for name in OFFLINE),
    ]
    for ask in asked:
        try:
            ask()
        except GlassnetError as problem:
            refused.append(str(problem))
    assert all(len(message) < 2_000 for message in refused)
    return len(refused)


def test_a_whole_run_can_be_looked_at(whole):
    assert look_at(whole) == 0


@QUIET
@given(st.data())
def test_a_byte_that_was_changed(whole, place, data):
    name = data.draw(st.sampled_from(sorted(p.name for p in whole.iterdir() if p.name != "mistakes.csv")))
    good = (whole / name).read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    try:
        (place / name).write_bytes(good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :])
        look_at(place)
    finally:
        (place / name).write_bytes(good)


@QUIET
@given(st.data())
def test_a_value_that_is_something_else(whole, place, data):
    name = data.draw(st.sampled_from(["result.json", "config.json", "environment.json"]))
    values = copy.deepcopy(json.loads((whole / name).read_text(encoding="utf-8")))
    inside = values
    while True:
        key = data.draw(st.sampled_from(sorted(inside)))
        if isinstance(inside[key], dict) and inside[key] and data.draw(st.booleans()):
            inside = inside[key]
            continue
        inside[key] = data.draw(JUNK)
        break
    try:
        (place / name).write_text(json.dumps(values), encoding="utf-8")
        look_at(place)
    finally:
        shutil.copy(whole / name, place / name)


@QUIET
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["epoch", "loss", "test_loss", "rate", "test_accuracy"]), JUNK), max_size=4
    )
)
def test_a_history_of_anything(place, whole, entries):
    lines = [json.dumps({"epoch": i, **entry}) for i, entry in enumerate(entries, 1)]
    try:
        (place / "history.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        look_at(place)
    finally:
        shutil.copy(whole / "history.jsonl", place / "history.jsonl")


@pytest.mark.parametrize("name", ["result.json", "history.jsonl", "predictions.safetensors", "weights.safetensors"])
def test_a_file_that_is_missing_or_empty(whole, place, name):
    for spoil in (lambda path: path.unlink(), lambda path: path.write_bytes(b"")):
        try:
            spoil(place / name)
            look_at(place)
        finally:
            shutil.copy(whole / name, place / name)
