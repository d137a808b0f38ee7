"""`glassnet train --schedule plateau`: a rate that is cut when a figure gets no better."""

import json
import re
from pathlib import Path

import pytest

MOONS = "train moons --n 60 --hidden 3 --batch-size 16 --learning-rate 0.01 --warm-up 0 --schedule plateau"


def history(run):
    return [json.loads(line) for line in Path(run, "history.jsonl").read_text("utf-8").splitlines()]


def test_the_rate_is_cut_said_and_kept(glassnet):
    line = f"{MOONS} --epochs 8 --plateau-patience 2 --plateau-factor 0.2 --min-delta 9 --validation 0.2"
    done = glassnet(f"{line} --output run")
    assert done.status == 0
    opening = " ".join(done.out.partition("goal")[0].split())
    assert "rate 0.01, times 0.2 after 2 epochs without a better validation loss" in opening
    entries = history("run")
    rates = [1e-2] * 3 + [2e-3] * 2 + [4e-4] * 2 + [8e-5]
    assert [entry["rate"] for entry in entries] == pytest.approx(rates)
    assert [entry["epoch"] for entry in entries if "rate_cut_to" in entry] == [3, 5, 7]
    told = " ".join(done.out.split())
    best = f"validation loss no better than {entries[0]['validation_loss']:.4g} for 2 epochs"
    for epoch, before, after in ((3, "0.01", "0.002"), (5, "0.002", "0.0004"), (7, "0.0004", "8e-05")):
        assert f"after epoch {epoch} the rate goes from {before} to {after}: {best}" in told
    drawn = glassnet("plot run").out.splitlines()
    assert re.search(r"loss.*, [▴^] the rate is cut", drawn[0])
    (row,) = [line for line in drawn[1:] if re.fullmatch(r" +[▴^][▴^ ]*", line)]
    start, *places = (at.start() for at in re.finditer(r"[▴^]", row))
    assert [place - start for place in places] == pytest.approx([2 * (places[1] - start) / 4, places[1] - start], abs=1)


def test_without_validation_examples_the_loss_in_training_decides(glassnet):
    done = glassnet(f"{MOONS} --epochs 3 --plateau-patience 1 --min-delta 9 --output run")
    told = " ".join(done.out.split())
    assert "1 epoch without a better loss in training" in told
    assert "after epoch 2 the rate goes from 0.01 to 0.005: loss no better than" in told
    assert [entry["rate"] for entry in history("run")] == pytest.approx([0.01, 0.01, 0.005])


def test_a_figure_that_gets_better_leaves_the_rate_alone(glassnet):
    done = glassnet(f"{MOONS} --epochs 12 --plateau-patience 11 --output run")
    assert "the rate goes" not in done.out
    assert {entry["rate"] for entry in history("run")} == {0.01}


def test_the_patience_of_a_plateau_wants_one(glassnet):
    done = glassnet("train moons --plateau-patience 3")
    assert (done.status, done.out) == (2, "")
    assert "got --plateau-patience with the schedule" in done.err
    assert done.err.endswith("expected the schedule plateau. Try --schedule plateau.\n")
