"""The worked example of CONTRIBUTING.md is followed to the letter: one row, and all that comes from it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import glassnet as torch
from glassnet.core.ops import OPS
from glassnet.core.tensor import apply, wrap
from glassnet.read.formula import Symbol, Value, evaluate
from glassnet.read.template import formula_of

spec = importlib.util.spec_from_file_location("pages_run", Path(__file__).with_name("pages_run.py"))
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)


@pytest.fixture
def without_new_rows():
    kept = dict(OPS)
    yield
    OPS.clear()
    OPS.update(kept)


def test_the_examples_do_what_they_say(without_new_rows):
    before = set(OPS)
    there = pages.run_page("../CONTRIBUTING.md")
    assert set(OPS) - before == {"cbrt"}
    op, a = OPS["cbrt"], np.random.default_rng(0).uniform(0.2, 2.0, (3, 4))
    np.testing.assert_array_equal(apply(op, wrap(a)).array, np.cbrt(a))
    np.testing.assert_allclose(evaluate(formula_of(op, [Value(Symbol("a"), a)], {})), np.cbrt(a), rtol=1e-12)
    check_two_steps_of(there["Lion"])


def check_two_steps_of(optimizer_class):
    w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_class([w], lr=0.1, betas=(0.5, 0.75))
    for gradient in ([1.0, -1.0], [-2.0, 0.0]):
        w.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
    # the first step is along sign(g) = (1, -1) and leaves m = 0.25·g; the second along sign(m + g) = (-1, -1)
    np.testing.assert_allclose(w.tolist(), [1.0 - 0.1 + 0.1, -2.0 + 0.1 + 0.1], rtol=1e-12)


def test_the_parts_that_it_lists_are_those_of_a_row():
    text = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text("utf-8")
    for part in ("say", "tex", "elementwise", "samples"):
        assert f"`{part}`" in text
        assert hasattr(OPS["exp"], part)
