"""`glassnet explain RUN --figure NAME`: the same figures as the report's, and mistakes answered."""

import re
from pathlib import Path

import pytest


@pytest.fixture
def moons(glassnet):
    assert glassnet("train moons --epochs 2 --hidden 3 --quiet --output run").status == 0
    return "run"


def test_figures_are_those_of_the_report(glassnet, moons):
    report = glassnet(f"evaluate {moons} --json").json
    for name in ("accuracy", "loss"):
        told = glassnet(f"explain {moons} --figure {name} --format json").json
        assert told["steps"][-1]["result"] == pytest.approx(report[name], rel=1e-9)
    one = glassnet(f"explain {moons} --figure recall --class 1").out
    assert f"Recall of lower: {100 * report['per_class_accuracy'][1]:.2f} %." in one
    assert "r₀" not in one
    parameters = glassnet(f"explain {moons} --figure parameters").out
    assert parameters.startswith("The parameters of a network\n17 parameters.")


def test_figures_of_a_table(glassnet, clean_place):
    Path("houses.csv").write_text("size,price\n" + "".join(f"{i},{3 * i + i % 5}\n" for i in range(80)), "utf-8")
    assert glassnet("train houses.csv --target price --epochs 3 --quiet --output run").status == 0
    report = glassnet("evaluate run --json").json
    for name in ("rmse", "r2", "loss"):
        told = glassnet(f"explain run --figure {name} --format json").json
        assert told["steps"][-1]["result"] == pytest.approx(report[name], rel=1e-6)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("explain run --figure rmse", r"got --figure rmse; expected one of accuracy, .*\. Try --figure accuracy"),
        ("explain run --figure recall --class 7", r"got --class 7 of 2; expected 0 to 1\. Try --class 1"),
        (
            "explain run --figure loss --index 3",
            r"got --index with --figure loss; .* Try glassnet explain run --figure loss",
        ),
        ("explain run --figure loss --why", r"got --figure with --why"),
        ("explain run moons --figure loss", r"got"),
        ("explain --figure loss", r"got --figure without a model"),
        ("explain --example W03 --figure loss", r"got --figure without a model"),
        ("explain run --figure beauty", r"beauty"),
    ],
)
def test_mistakes_are_answered(glassnet, moons, line, said):
    done = glassnet(line)
    assert (done.status, done.out) == (2, "")
    assert re.search(said, done.err)
    assert "Try" in done.err
