"""The 58 worked examples: every value computed here, and held to the exact one."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from glassnet.errors import ValueRangeError
from glassnet.read.examples.work import all_examples, facts, find_example
from glassnet.read.formula import evaluate

EXACT = json.loads((Path(__file__).parents[1] / "golden" / "worked_examples.json").read_text("utf-8"))
# Differences and random starts: their size is what counts, not their digits.
SMALL = {("W03", "largest difference from central differences"), ("W43", "one output: max |backward - numeric|"),
         ("W27", "max |100-layer linear net - its single matrix| for one random input")}  # fmt: skip
BY_DIFFERENCES = ("one output: median ratio backward/numeric", "three outputs: median ratio backward/numeric")


def test_all_are_there():
    assert list(all_examples()) == [f"W{i:02d}" for i in range(1, 59)] == sorted(EXACT) == sorted(facts())


@pytest.mark.parametrize("name", sorted(EXACT))
def test_values_are_exact(name):
    values = all_examples()[name].work().values
    for fact, exact in EXACT[name].items():
        check(name, fact, values[fact], exact)


def check(name, fact, value, exact):
    wanted = exact["exact"]
    if isinstance(wanted, bool | str) or (isinstance(wanted, list) and isinstance(wanted[0], str)):
        assert value == wanted, fact
    elif (name, fact) in SMALL:
        assert 0 <= value < 1e-9, fact
    elif exact["verdict"] == "measured":  # from other random numbers
        ratio = np.divide(value, wanted)
        assert ((ratio > 0.6) & (ratio < 1.7)).all(), (fact, value, wanted)
    else:
        fine = 1e-6 if fact in BY_DIFFERENCES else 1e-12
        np.testing.assert_allclose(np.array(value, float), np.array(wanted, float), rtol=fine, atol=1e-14, err_msg=fact)


@pytest.mark.parametrize("name", sorted(EXACT))
def test_an_example_is_told_and_every_line_of_it_is_true(name):
    document = all_examples()[name].document()
    for line in document.equations():
        size = max(1.0, abs(float(line.value)))
        if line.remark("exact") is not None:
            assert evaluate(line.formula) == pytest.approx(float(line.value), rel=1e-12, abs=1e-12 * size)
    text = document.text(80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith(f"{name}  ")
    table = document.tables[0]
    assert [row[0] for row in table.rows] == list(EXACT[name])
    assert len(document.notes[0]) > 15  # what there is to say
    assert not re.search(r"\bseeds?\b|\d{3}:\d", text)


def test_the_lecture_stands_beside():
    rows = {row[0]: row for row in find_example("W03").document().tables[0].rows}
    assert rows["z2"] == ("z2", "1.358", "1.359", "rounded before it was used again")
    assert rows["delta2 = dL/dz2"] == ("delta2 = dL/dz2", "−0.0333", "−0.033", "rounded")
    assert rows["yhat after the update"] == ("yhat after the update", "0.801", "", "")
    assert "a mistake" in find_example("w58").document().tables[0].rows[0][3]


def test_digits_as_asked():
    assert find_example("W3").document("exact").tables[0].rows[2][:2] == ("a1_1", "0.7109495026250039")


@pytest.mark.parametrize(
    ("name", "hint"), [("W99", "W49"), ("chain", "W08"), ("", "W"), ("W1O", "W10"), ("xyz", "W03")]
)
def test_an_unknown_name_gets_the_nearest(name, hint):
    with pytest.raises(ValueRangeError, match=f"Try --example {hint}"):
        find_example(name)
