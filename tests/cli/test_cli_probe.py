"""`glassnet probe`."""

import json
from xml.etree import ElementTree

import pytest

from glassnet.read.descent_paths import GROUNDS


@pytest.fixture
def run(glassnet):
    glassnet("train moons --epochs 2 --n 80 --hidden 4 --activation relu --quiet --output run")
    return "run"


def test_views_of_a_model(glassnet, run, clean_place):
    for view, words in (
        ("hidden", "a line parts"),
        ("units", "layer 2, ReLU: 4 units over the plane"),
        ("folds", "linear regions for x1 from"),
        ("collapse", "2-4-2 without activations: 2 linear layers are one"),
        ("slice", "loss along the gradient"),
        ("surface --points 5", "5 by 5 points"),
        ("surface --points 3 --weights 0.weight[0,1],2.bias[0]", "loss over 0.weight[0, 1] and 2.bias[0]"),
    ):
        done = glassnet(f"probe {run} {view}")
        assert (done.status, done.err) == (0, ""), view
        assert words in done.out, view
        done = glassnet(f"probe {run} {view} --output v.svg")
        assert done.out.endswith("Written to v.svg.\n")
        ElementTree.fromstring((clean_place / "v.svg").read_text(encoding="utf-8"))
        assert isinstance(glassnet(f"probe {run} {view} --format json").json, dict)


def test_without_a_view_layers_are_shown(glassnet, run):
    assert glassnet(f"probe {run}").out == glassnet(f"probe {run} hidden").out


def test_regions_are_counted_in_the_datas_own_numbers(glassnet, run):
    whole = glassnet(f"probe {run} folds --format json").json
    xs = [x for region in whole["regions"] for x, _ in region["corners"]]
    assert (min(xs), max(xs)) == tuple(whole["box"][0])
    part = glassnet(f"probe {run} folds --box 0,0.001,0,0.001 --format json").json
    assert len(part["regions"]) < len(whole["regions"])


def test_of_many_inputs_the_way_between_two_examples(glassnet, digits_run):
    done = glassnet(f"probe {digits_run} folds --index 3 --to 8")
    assert done.status == 0
    assert "straight pieces on the way" in done.out
    assert glassnet(f"probe {digits_run} folds --to 99999").err.startswith("glassnet: got --to 99999; expected 0 to ")
    assert "got a network of 784 inputs; expected 2, a plane" in glassnet(f"probe {digits_run} units").err


def test_views_without_a_model(glassnet, clean_place):
    for line, words in (
        ("activations --names relu+tanh", "max(0, z)"),
        ("descent --ground rosenbrock --optimizer adam+lbfgs --steps 5", "lbfgs 1"),
        ("width --widths 2,4 --steps 5", "built RMS"),
        ("depth --depths 1,2 --parameters 40 --steps 5", "test RMS"),
    ):
        done = glassnet(f"probe {line} --output v.svg")
        assert (done.status, done.err) == (0, ""), line
        assert words in glassnet(f"probe {line}").out
        ElementTree.fromstring((clean_place / "v.svg").read_text(encoding="utf-8"))
        json.loads(glassnet(f"probe {line} --format json").out, parse_constant=pytest.fail)


WALKERS = [
    "sgd", "momentum", "nesterov", "adam", "adamw", "nadam", "radam", "adamax", "rmsprop", "adagrad", "adadelta",
    "asgd", "rprop", "lbfgs",
]  # fmt: skip


def test_every_optimiser_walks(glassnet):
    done = glassnet(f"probe descent --ground bowl --steps 3 --optimizer {'+'.join(WALKERS)}")
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == WALKERS


@pytest.mark.parametrize("ground", GROUNDS)
def test_whoever_is_given_no_rate_comes_down(glassnet, ground):
    done = glassnet(f"probe descent --ground {ground} --optimizer {'+'.join(WALKERS)} --format json")
    for path in json.loads(done.out):
        start, end = path["heights"][0], path["heights"][-1]
        assert end < 0.7 * start or ground == "saddle", path["name"]
        assert end < start, path["name"]


def test_several_rates_walk_side_by_side(glassnet):
    done = glassnet("probe descent --optimizer sgd --rate 0.001,0.05,0.11 --steps 60")
    lines = done.out.splitlines()[1:]
    assert [line.split()[1] for line in lines] == ["0.001", "0.05", "0.11"]
    assert [line.endswith("diverged") for line in lines] == [False, False, True]  # 0.11 · 20 > 2


def test_units_that_are_not_straight_have_no_folds(glassnet):
    glassnet("train moons --epochs 1 --n 40 --hidden 3 --activation tanh --quiet --output bent")
    done = glassnet("probe bent folds")
    assert done.status == 2
    assert "got Tanh" in done.err
