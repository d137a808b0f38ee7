"""What a training and a test say of themselves: the goal, one step in words, the gradient's length, the looks."""

import json
import re
from pathlib import Path

import pytest


@pytest.fixture
def moons(glassnet):
    assert glassnet("train moons --epochs 2 --hidden 3 --quiet --output run").status == 0
    return "run"


@pytest.mark.parametrize(
    ("line", "goal"),
    [
        ("moons --l2 0.01", "the smallest cross-entropy, on average over the examples + 0.01 · Σw²"),
        ("moons --label-smoothing 0.1", "the smallest cross-entropy, on average over the examples, of smoothed labels"),
        ("points.csv --target y --task regression", "the smallest squared error, on average over the examples"),
    ],
)
def test_the_header_names_what_is_made_small(glassnet, clean_place, line, goal):
    Path("points.csv").write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(40)), "utf-8")
    out = glassnet(f"train {line} --epochs 1 --output out").out
    assert re.search(rf"^goal +{re.escape(goal)}$", out, re.M)


def test_one_step_is_told_in_words(glassnet, clean_place):
    out = glassnet("train moons --epochs 1 --hidden 3 --output a --explain-step 2").out
    told = out[out.index("\nStep 2\n") :]
    order = [told.index(f"\n{part}\n") for part in ("Forward", "Loss", "Backward", "Update")]
    assert order == sorted(order)
    assert re.search(r"W⁽¹⁾′₁₁ = ", told) or "W′⁽¹⁾₁₁ = " in told
    late = glassnet("train moons --epochs 1 --hidden 3 --output b --explain-step 5000").out
    assert "step 5,000 is not told: this training ended after step 20" in late


def test_the_log_has_the_length_before_and_after_clipping(glassnet, clean_place):
    assert glassnet("train moons --epochs 3 --quiet --clip-norm 0.05 --output run").status == 0
    for line in Path("run/history.jsonl").read_text("utf-8").splitlines():
        figures = json.loads(line)
        assert figures["gradient_norm"] == pytest.approx(0.05, rel=1e-4)
        assert figures["gradient_norm_unclipped"] > 0.05


def test_looks_at_the_test_set_are_counted_and_said(glassnet, moons):
    first, second = glassnet(f"evaluate {moons}").out, glassnet(f"evaluate {moons}").out
    assert "look" not in first
    assert "look 3 at these test examples" in second
    assert glassnet(f"evaluate {moons} --json").json["looks"] == 4
    assert "look" not in glassnet(f"evaluate {moons} --train-set").out
    assert "looks" not in glassnet(f"evaluate {moons} moons --json --noise 0.3").json
    assert glassnet(f"evaluate {moons} --json").json["looks"] == 5


@pytest.mark.parametrize("text", ["", "[]", '{"looks": "many"}', '{"looks": -3}', "x" * 5000])
def test_a_count_that_cannot_be_read_begins_anew(glassnet, moons, text):
    Path("run/looked.json").write_text(text, "utf-8")
    assert glassnet(f"evaluate {moons} --json").json["looks"] == 2
