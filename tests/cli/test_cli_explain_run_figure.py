"""`glassnet explain RUN --figure NAME`: what a training printed comes out again, and mistakes are answered."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from glassnet.train.run_story import RUN_FIGURES


def trained(glassnet, more="", schedule="cosine"):
    line = f"train moons --epochs 4 --hidden 3 --batch-size 32 --validation 0.1 --schedule {schedule} --output run"
    done = glassnet(f"{line} {more}")
    assert done.status == 0, done.err
    return done.out


def told(glassnet, figure):
    return glassnet(f"explain run --figure {figure} --format json").json["steps"][-1]["result"]


def history():
    return [json.loads(line) for line in Path("run/history.jsonl").read_text("utf-8").splitlines()]


def test_the_table_of_figures_is_that_of_the_run(glassnet, clean_place):
    printed = trained(glassnet, "--accumulate 3")
    result = json.loads(Path("run/result.json").read_text("utf-8"))
    for entry in history():
        loss = told(glassnet, f"epoch-loss --epoch {entry['epoch']}")
        assert loss == pytest.approx(entry["loss"], rel=1e-6)
        assert f"{entry['epoch']}    {loss:.5f}" in printed
    assert told(glassnet, "best-epoch") == min(e["validation_loss"] for e in history())
    assert f"Epoch {result['best_epoch']}." in glassnet("explain run --figure best-epoch").out
    assert f"{told(glassnet, 'updates'):.0f} updates an epoch" in printed
    assert told(glassnet, "updates") == 4  # 360 examples, batches of 32, three to an update
    assert f"({told(glassnet, 'speed'):,.0f}/s)" in printed


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine", "one-cycle", "step", "exponential"])
@pytest.mark.parametrize("warm_up", [0.0, 0.4])
def test_the_rate_of_every_epoch(glassnet, clean_place, schedule, warm_up):
    trained(glassnet, f"--warm-up {warm_up}", schedule)
    for entry in history():
        document = glassnet(f"explain run --figure rate --epoch {entry['epoch']} --digits exact")
        assert "The history says" not in document.out
        assert told(glassnet, f"rate --epoch {entry['epoch']}") == pytest.approx(entry["rate"], rel=1e-9)
        given = re.search(r"these numbers give (\S+)\)", document.out.split("rate = ")[-1])
        assert given is None or float(given[1]) == pytest.approx(entry["rate"], rel=1e-6, abs=1e-12)


def test_the_calibration_error_is_that_of_the_chart(glassnet, clean_place):
    trained(glassnet)
    chart = glassnet("plot run calibration").out
    assert f"expected calibration error {told(glassnet, 'calibration'):.4f}" in chart


def test_the_suggested_rate_is_that_of_lr_find(glassnet, clean_place):
    trained(glassnet)
    found = glassnet("lr-find moons --hidden 3 --batch-size 32 --validation 0.1 --json").json
    assert told(glassnet, "suggested-rate") == pytest.approx(found["suggestion"], rel=1e-6)


def test_every_figure_is_listed(glassnet, clean_place):
    listed = glassnet("explain --figure").out
    assert all(re.search(rf"^{name}\b", listed, re.MULTILINE) for name in (*RUN_FIGURES, "accuracy", "parameters"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("explain run --figure rate --epoch 9", r"got --epoch 9; .* from 1 to 4 .*Try --epoch 4"),
        ("explain run --figure loss --epoch 2", r"got --epoch with --figure loss; .* Try --figure epoch-loss"),
        ("explain run --index 2 --epoch 2", r"got --epoch 2 alone; .* Try --figure rate"),
        ("explain run --figure rate --index 2", r"got --figure with --index"),
        ("explain run/model.safetensors --figure rate", r"got --figure rate with a model file; .* Try the folder"),
    ],
)
def test_mistakes_are_answered(glassnet, clean_place, line, said):
    trained(glassnet)
    done = glassnet(line)
    assert (done.status, done.out) == (2, "")
    assert re.search(said, done.err)


def test_a_run_without_validation_has_no_best_epoch(glassnet, clean_place):
    assert glassnet("train moons --epochs 2 --hidden 3 --quiet --output run").status == 0
    done = glassnet("explain run --figure best-epoch")
    assert done.status != 0
    assert "Try train … --validation 0.1" in done.err
    assert np.isfinite(told(glassnet, "epoch-loss"))  # the last epoch, where none is named
