"""`glassnet probe width|depth|descent --figure NAME`: each figure is worked out to the number that was printed."""

import json
import re

import pytest

from glassnet.errors import DataError
from glassnet.read.capacity_width import width_against_error
from glassnet.read.formula import evaluate
from glassnet.train.stories.measured import MEASURED, tell_depth, tell_descent, tell_width

WIDTH, DEPTH, DESCENT = "width --widths 3 --steps 4", "depth --depths 2 --parameters 60 --steps 4", "descent --steps 9"
PRINTED = {
    "built": (WIDTH, lambda found: found["rows"][0]["built"]),
    "at-worst": (WIDTH, lambda found: found["rows"][0]["built_worst"]),
    "learnt": (WIDTH, lambda found: found["rows"][0]["learnt"]),
    "test": (DEPTH, lambda found: found["shapes"][0]["error"]),
    "pieces": (DEPTH, lambda found: found["shapes"][0]["pieces"]),
    "parameters": (DEPTH, lambda found: found["shapes"][0]["parameters"]),
    "distance": (f"{DESCENT} --optimizer adam --ground himmelblau", None),
}


@pytest.fixture
def told(monkeypatch):
    """The documents that the command tells, as it tells them."""
    documents = []
    for tell in (tell_width, tell_depth, tell_descent):

        def keep(*args, tell=tell):
            documents.append(tell(*args))
            return documents[-1]

        monkeypatch.setattr(f"glassnet.cli.probe_measured.{tell.__name__}", keep)
    return documents


@pytest.mark.parametrize("figure", PRINTED)
def test_the_last_step_comes_to_what_is_printed(glassnet, told, figure):
    line, found = PRINTED[figure]
    printed = glassnet(f"probe {line} --format json").json
    done = glassnet(f"probe {line} --figure {figure}")
    assert (done.status, done.err) == (0, "")
    (document,) = told
    for equation in document.equations():
        assert float(evaluate(equation.formula)) == pytest.approx(float(equation.value), rel=1e-9, abs=1e-12)
    if found is not None:
        assert float(document.steps[-1].result) == pytest.approx(found(printed), rel=1e-12)
    else:
        shown = re.search(r"([\d.e-]+) from the lowest point", glassnet(f"probe {line}").out)[1]
        assert f"{float(document.steps[-1].result):.2g}" == shown


def test_the_parameters_of_a_width(glassnet, told):
    assert "10 parameters" in glassnet(f"probe {WIDTH} --figure parameters").out  # (1 + 1)·3 + (3 + 1)·1
    assert float(told[0].steps[-1].result) == 10


@pytest.mark.parametrize("ground", ["valley", "saddle", "rosenbrock", "beale"])
def test_the_height_is_that_of_the_last_place(glassnet, told, ground):
    line = f"probe descent --ground {ground} --optimizer momentum --steps 5"
    (path,) = glassnet(f"{line} --format json").json
    done = glassnet(f"{line} --figure height")
    assert (done.status, done.err) == (0, "")
    forward = [step for step in told[0].steps if step.part == "forward"]
    assert float(forward[-1].result) == pytest.approx(path["heights"][-1], rel=1e-12)
    assert [row[0] for row in told[0].tables[0].rows] == ["0", "1", "2", "3", "4", "5"]
    assert float(told[0].tables[0].rows[-1][3]) == pytest.approx(path["heights"][-1], rel=1e-5)


def test_of_several_the_last_width_is_told_and_it_is_said(glassnet):
    done = glassnet("probe width --widths 2,3 --steps 2 --figure built")
    assert done.out.startswith("The error of 3 units built for sine\n")
    assert "The last of 2 widths; --widths N tells another." in done.out


def test_it_can_be_written_down(glassnet, clean_place):
    assert glassnet(f"probe {WIDTH} --figure built --output f.json").out == "Written to f.json.\n"
    written = json.loads((clean_place / "f.json").read_text("utf-8"))
    assert written["steps"][-1]["name"] == "built"
    assert glassnet(f"probe {WIDTH} --figure built --format json").json == written


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("width --figure pieces", "got --figure pieces with width; expected built, at-worst, learnt or parameters."),
        ("activations --figure height", "got --figure with activations; expected width, depth or descent."),
        ("width --figure built --output a.svg", "got --figure as a picture; expected text or JSON."),
        ("descent --ground saddle --figure distance", "got saddle, which falls for ever; expected ground with"),
    ],
)
def test_mistakes(glassnet, line, said):
    done = glassnet(f"probe {line}")
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert "Try " in done.err


def test_a_figure_of_a_model_is_explains(glassnet, clean_place):
    glassnet("train moons --epochs 1 --n 80 --hidden 4 --quiet --output run")
    done = glassnet("probe run hidden --figure built")
    assert done.status == 2
    hint = re.search(r"Try glassnet (explain run --figure parted)\.", done.err)[1]
    assert glassnet(hint).status == 0


def test_every_figure_has_a_title_and_is_told():
    assert {name for names in MEASURED.values() for name in names} == {*PRINTED, "height"}


def test_what_was_not_trained_has_no_learnt_error():
    with pytest.raises(DataError, match="got a measurement in which nothing was trained"):
        tell_width("learnt", width_against_error("abs", (2,)), None)
