"""The moves of L-BFGS as they are told: every line comes out of its formula, the last is where the weights are."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.read.explain import explain
from glassnet.read.formula import Value, evaluate, leaves
from glassnet.read.text import symbol_text


def problem(seed, hidden=3, dtype="float64"):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 2))
    model = model.double() if dtype == "float64" else model
    rng = np.random.default_rng(seed)
    return model, rng.normal(size=(7, 2)), rng.normal(size=(7, 2))


def told_of(model, x, y, **options):
    how = {key: options.pop(key) for key in ("grain", "most", "layer", "unit", "weight") if key in options}
    optimizer = torch.optim.LBFGS(model.parameters(), **options)
    return explain(model, x, torch.tensor(y, dtype=model[0].weight.dtype), loss="mse", optimizer=optimizer, **how)


def updates(document):
    return [step for step in document.steps if step.part == "update"]


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("grain", ["layer", "scalar"])
@pytest.mark.parametrize("seed", range(4))
def test_every_line_comes_out_of_its_formula(seed, grain, search):
    document = told_of(*problem(seed), lr=0.7, max_iter=6, line_search_fn=search, grain=grain, history_size=3)
    lines = [line for step in updates(document) for line in step.lines]
    assert len(lines) > 50
    for line in lines:
        assert float(evaluate(line.formula)) == pytest.approx(float(line.value), rel=1e-9, abs=1e-12), line.symbol
    assert max(document.latex()) < "ŀ"


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_the_last_lines_are_the_weights_that_the_optimiser_leaves(search):
    model, x, y = problem(5)
    twin = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    twin.load_state_dict(model.state_dict())
    document = told_of(model, x, y, lr=0.7, max_iter=6, line_search_fn=search, grain="scalar")
    optimizer = torch.optim.LBFGS(twin.parameters(), lr=0.7, max_iter=6, line_search_fn=search)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(twin(torch.tensor(x)), torch.tensor(y))
        loss.backward()
        return loss

    optimizer.step(closure)
    new = [float(line.value) for step in updates(document) for line in step.lines if line.symbol.new]
    left = np.concatenate([p.array.reshape(-1) for p in twin.parameters()])
    assert new == pytest.approx(left.tolist(), rel=1e-12)
    assert optimizer.journal is None


def test_a_vector_that_is_used_was_told_before():
    """With the scalar grain no number is used that no line came to; what backpropagation found elsewhere is given."""
    document = told_of(*problem(2), lr=0.7, max_iter=4, grain="scalar", most=100)
    known = {symbol_text(line.symbol) for step in document.steps for line in step.lines}
    given = ("x", "W⁽", "b⁽", "g", "η", "t")
    for step in updates(document):
        for line in step.lines:
            for leaf in leaves(line.formula):
                if isinstance(leaf, Value):
                    name = symbol_text(leaf.symbol)
                    own = name in known or name.startswith(given) or name[:2] in _PAIRS
                    assert own, (name, step.words)


_PAIRS = tuple(a + b for a in "syqr" for b in "Wb")  # kept as s₁, y₁; q begins as −slopes, which are told


def test_a_line_search_tells_how_each_length_was_chosen():
    chosen = aside = bent = 0
    for seed in (9, 13, 14, 54):
        model, x, y = problem(seed, hidden=2)
        document = told_of(
            model, 6 * x, 9 * y, lr=200.0, max_iter=8, max_eval=60, line_search_fn="strong_wolfe", most=2
        )
        for step in updates(document):
            chosen += "cubic through the points" in step.words
            aside += "off the end" in step.words
            bent += len(step.lines) == 3 and "cubic" in step.words
            for line in step.lines:
                assert float(evaluate(line.formula)) == pytest.approx(float(line.value), rel=1e-9, abs=1e-12)
    assert chosen > 20
    assert bent > 10
    assert aside >= 1


@pytest.mark.parametrize("digits", [1, 3, 8, "exact"])
def test_what_is_printed_holds_or_says_that_it_was_rounded(digits):
    model, x, y = problem(3, dtype="float32")
    document = told_of(model, x.astype(np.float32), y, lr=0.5, max_iter=5).with_digits(digits)
    for line in document.equations():
        assert line.holds(digits) or line.remark(digits)
    for format in ("terminal", "markdown", "latex", "html", "json"):
        assert document.render(format)


def test_one_weight_is_followed_through_all_moves():
    document = told_of(*problem(1), lr=0.7, max_iter=5, layer=1, unit=2, weight=1)
    names = {symbol_text(line.symbol) for step in updates(document) for line in step.lines}
    assert {n for n in names if "W" in n} >= {"pW⁽¹⁾₂₁", "sW⁽¹⁾₂₁", "yW⁽¹⁾₂₁", "W₁⁽¹⁾₂₁", "W′⁽¹⁾₂₁"}
    assert all("⁽²⁾" not in n and "₂₁" in n for n in names if "W" in n or "b" in n)


def test_what_was_remembered_from_steps_before_is_used():
    model, x, y = problem(4)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.7, max_iter=3)
    target = torch.tensor(y)
    explain(model, x, target, loss="mse", optimizer=optimizer, keep=True)
    document = explain(model, x, target, loss="mse", optimizer=optimizer)
    first = updates(document)[0]
    assert "curvature" in first.words
    for line in document.equations():
        assert float(evaluate(line.formula)) == pytest.approx(float(line.value), rel=1e-9, abs=1e-12)


def test_of_whole_tensors_only_the_change_is_told():
    steps = updates(told_of(*problem(1), max_iter=2, grain="network"))
    assert len(steps) == 4
    assert all("what it changed" in step.words for step in steps)
