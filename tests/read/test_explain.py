"""Everything that is printed must be true: read back from its text, against the engine, against differences."""

import copy
import itertools
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.errors import DataError, GradientError, ShapeError, ValueRangeError
from glassnet.read.digits import as_printed, spell
from glassnet.read.explain import explain
from glassnet.read.formula import Rest, evaluate, leaves
from glassnet.read.text import formula_text

ACTIVATIONS = [nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Softplus, nn.Hardtanh]
OPTIMIZERS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD"]


def sigmoid_2_2_1():
    """A network whose every number is worked out by hand below."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Linear(2, 1), nn.Sigmoid()).double()
    values = [[[0.4, 0.6], [0.3, 0.5]], [0.1, 0.2], [[0.7, 0.8]], [0.3]]
    with torch.no_grad():
        for p, v in zip(model.parameters(), values, strict=True):
            p.copy_(torch.tensor(v, dtype=torch.float64))
    return model


@st.composite
def steps(draw):
    """A random network, data, a loss and an optimiser."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    torch.manual_seed(draw(st.integers(0, 10_000)))
    layers = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b), draw(st.sampled_from(ACTIVATIONS))()]
    loss = draw(st.sampled_from(["mse", "half-square", "mae", "huber", "cross-entropy", "bce"]))
    batch = draw(st.integers(1, 3))
    if loss == "bce":
        layers[-1] = nn.Sigmoid()
        y = torch.rand(batch, sizes[-1]).round()
    elif loss == "cross-entropy":
        layers.pop()
        y = torch.randint(0, sizes[-1], (batch,))
    else:
        y = torch.randn(batch, sizes[-1])
    x = torch.randn(batch, sizes[0])
    model = nn.Sequential(*layers)
    if draw(st.booleans()):
        model, x = model.double(), x.double()
        y = y.double() if loss != "cross-entropy" else y
    name = draw(st.sampled_from(OPTIMIZERS))
    return model, x, y, loss, getattr(torch.optim, name)(model.parameters(), lr=0.1)


def last_place(printed):
    """What one unit of the last printed digit is worth."""
    mantissa, _, exponent = printed.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def check_line(line, digits, reread):
    """Read the printed formula back; where it gives something else, the line must say so, and say what."""
    text = formula_text(line.formula, "numbers", digits, line.kind)
    printed, again, remark = line.printed(digits), reread(text), line.remark(digits)
    if not math.isfinite(again) or not math.isfinite(float(line.value)):
        return remark is not None
    if remark is None:
        unit = last_place(spell(line.value * (1 + 1e-9), digits)) if digits != "exact" else 0.0
        kept, said = again, float(printed)
        if digits == "exact":
            kept, said = (float(np.dtype(line.kind).type(v)) for v in (again, said))
        assert abs(kept - said) <= 0.5 * unit + 1e-15 * abs(kept), (text, printed, again)
        return False
    said = float(remark.rsplit(" ", 1)[-1].replace("−", "-"))
    assert abs(said - again) <= 0.51 * last_place(remark.rsplit(" ", 1)[-1]) + 1e-9 * abs(again), (text, remark)
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps(), st.sampled_from([1, 2, 3, 4, 6, 9, "exact"]), st.integers(2, 6))
def test_every_printed_result_comes_out_of_the_printed_formula_or_says_that_it_was_rounded(reread, step, digits, most):
    model, x, y, loss, optimizer = step
    lines = list(explain(model, x, y, loss=loss, optimizer=optimizer, most=most).equations())
    assert len(lines) > 8
    rounded = sum(check_line(line, digits, reread) for line in lines)
    if digits == 9:
        assert rounded < len(lines)  # a remark is the exception


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps(), st.integers(2, 6))
def test_every_formula_comes_to_the_number_on_the_tape(step, most):
    model, x, y, loss, optimizer = step
    for line in explain(model, x, y, loss=loss, optimizer=optimizer, most=most).equations():
        values = [np.asarray(leaf.value) for leaf in leaves(line.formula)]
        coarse = x.dtype == torch.float32 or any(a.dtype == np.float32 for a in (line.value, *values))
        fine, size = 1e-6 if coarse else 1e-13, 1.0 + sum(abs(float(v)) for v in values if np.isfinite(v))
        assert evaluate(line.formula) == pytest.approx(float(line.value), rel=20 * fine, abs=2 * fine * size), str(line)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps())
def test_slopes_and_new_weights_are_those_of_training(step):
    model, x, y, loss, optimizer = step
    twin = copy.deepcopy(model)
    rival = type(optimizer)(twin.parameters(), lr=0.1)
    told = explain(model, x, y, loss=loss, optimizer=optimizer, grain="scalar")
    before = [p.array.copy() for p in model.parameters()]
    output = twin(x)
    from glassnet.read.losses import named_loss

    named_loss(loss)(output, y).backward()
    slopes = {(s.symbol.letter, s.symbol.layer): s.result for s in told.steps if s.symbol.slope}
    for i, (name, p) in enumerate(twin.named_parameters()):
        layer = str(1 + i // 2)
        assert np.array_equal(slopes["Wb"[i % 2], layer], p.grad.array), name
    rival.step()
    new = {(s.symbol.letter, s.symbol.layer): s.result for s in told.steps if s.symbol.new}
    for i, p in enumerate(twin.parameters()):
        at = ("Wb"[i % 2], str(1 + i // 2))
        np.testing.assert_allclose(new[at], p.array, rtol=1e-6, atol=1e-7)
    for p, was in zip(model.parameters(), before, strict=True):  # nothing was trained by telling
        assert np.array_equal(p.array, was)
        assert p.grad is None


def test_a_step_that_is_told_leaves_no_trace_and_with_keep_it_counts():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    x, y = torch.randn(5, 3), torch.tensor([0, 1, 0, 1, 1])

    def all_numbers():
        state = [t.array.copy() for s in optimizer.state.values() for t in s.values()]
        return [t.array.copy() for t in (*model.parameters(), *model.buffers())] + state

    def train():
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    train()
    before, random = all_numbers(), torch.get_rng_state()
    first = explain(model, x, y, optimizer=optimizer)
    assert all(map(np.array_equal, all_numbers(), before))
    assert torch.equal(torch.get_rng_state(), random)
    told = explain(model, x, y, optimizer=optimizer, keep=True)
    assert [line.value for line in first.equations()] == [line.value for line in told.equations()]
    kept = all_numbers()
    for t, was in zip((*model.parameters(), *model.buffers()), before, strict=False):
        t.array[...] = was
    assert not all(map(np.array_equal, kept, before))


def test_a_second_step_is_told_with_the_moments_of_the_first():
    model = sigmoid_2_2_1()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(2):
        told = explain(model, [0.5, 1.0], [1.0], loss="half-square", optimizer=optimizer, keep=True)
    text = told.text(200)
    assert "t′ = 1 + 1 = 2" in text
    assert "0.9·0 +" not in text


def test_a_step_by_hand():
    model = sigmoid_2_2_1()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    told = explain(model, [0.5, 1.0], [1.0], loss="half-square", optimizer=optimizer).text(100).splitlines()
    for line in (
        "  z⁽¹⁾₂ = W⁽¹⁾₂₁·x₁ + W⁽¹⁾₂₂·x₂ + b⁽¹⁾₂ = 0.3·0.5 + 0.5·1 + 0.2 = 0.85",
        "  a⁽¹⁾₁ = σ(z⁽¹⁾₁) = σ(0.9) = 0.711",  # 1 / (1 + e^-0.9) = 0.710950
        "  z⁽²⁾ = 0.7·0.711 + 0.8·0.701 + 0.3 = 1.358  (rounded; the digits shown give 1.3585)",  # 1.358118
        "  ŷ = σ(1.358) = 0.795",
        "  dŷ = 0.795 − 1 = −0.205",
        "dz⁽²⁾ = dŷ·ŷ·(1 − ŷ)",
        "  the slope of L along z⁽²⁾, also written δ⁽²⁾: dŷ times the local slope             1×1  rows 15–17",
        "  dW⁽²⁾₁₂ = dz⁽²⁾·a⁽¹⁾₂ = −0.0333·0.701 = −0.0233",
        "  da⁽¹⁾₁ = dz⁽²⁾·W⁽²⁾₁₁ = −0.0333·0.7 = −0.0233",
        "  W′⁽¹⁾₂₂ = W⁽¹⁾₂₂ − η·dW⁽¹⁾₂₂ = 0.5 − 0.5·(−0.00559) = 0.503",
        "  b′⁽²⁾ = 0.3 − 0.5·(−0.0333) = 0.317",
    ):
        assert line in told


def test_delta_is_named_where_a_loss_reaches_a_weighted_sum_and_nowhere_else():
    model = sigmoid_2_2_1()
    told = explain(model, [0.5, 1.0], [1.0], loss="half-square")
    named = [str(s.symbol.layer) for s in told.steps if "also written δ" in s.words]
    assert named == ["2", "1"]
    assert "also written delta(2)" in told.text(unicode=False)
    assert "δ" not in told.latex()  # pdflatex knows no Greek letter outside formulas
    assert "δ" not in explain(model, [0.5, 1.0]).text()


def test_slopes_stand_beside_differences():
    model = sigmoid_2_2_1()
    told = explain(model, [0.5, 1.0], [1.0], loss="bce", gradcheck=True, grain="scalar")
    checked = [line for line in told.equations() if line.symbol.slope]
    assert len(checked) == 9 + 2 + 2 + 1 + 1  # weights, a, z, z, ŷ
    for line in checked:
        assert line.numeric == pytest.approx(line.value, rel=1e-7, abs=1e-9)


def test_float32_slopes_are_checked_in_float64():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    told = explain(model, torch.randn(3, 4), torch.tensor([0, 1, 1]), gradcheck=True, grain="scalar")
    for line in told.equations():
        if line.symbol.slope:
            assert line.numeric == pytest.approx(float(line.value), rel=2e-4, abs=1e-6)


def test_long_sums_show_what_weighs_most_and_the_exact_rest():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
    x = torch.rand(1, 784)
    line = next(iter(explain(model, x, most=5).equations()))
    rest = [leaf for leaf in leaves(line.formula) if isinstance(leaf, Rest)]
    assert [r.count for r in rest] == [779]
    unit = line.symbol.index[0] - 1
    products = np.sort(np.abs(x.array[0] * model[0].weight.array[unit]))[::-1]
    shown = [f for f in line.formula.terms if type(f).__name__ == "Product"]
    sizes = sorted((abs(evaluate(f)) for f in shown), reverse=True)
    np.testing.assert_allclose(sizes, products[:5], rtol=1e-6)
    assert evaluate(line.formula) == pytest.approx(float(line.value), abs=1e-6)


def test_grains():
    model = sigmoid_2_2_1()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)

    def told(**how):
        return explain(model, [0.5, 1.0], [1.0], loss="half-square", optimizer=optimizer, **how)

    network = told(grain="network")
    assert not list(network.equations())
    assert "  z⁽¹⁾ = [0.5, 1] [[0.4, 0.6], [0.3, 0.5]]ᵀ + [0.1, 0.2] = [0.9, 0.85]" in network.text(100).splitlines()
    neuron = {symbol_name(line) for line in told(grain="neuron", layer=1, unit=2).equations()}
    assert neuron == {("z", (2,)), ("a", (2,)), ("L", ()), ("da", (2,)), ("dz", (2,)), ("dW", (2, 1)), ("dW", (2, 2)),
                      ("db", (2,)), ("W′", (2, 1)), ("W′", (2, 2)), ("b′", (2,))}  # fmt: skip
    weight = {symbol_name(line) for line in told(grain="weight", layer=1, unit=2, weight=1).equations()}
    assert {("dW", (2, 1)), ("W′", (2, 1)), ("z", (2,))} <= weight
    assert not weight & {("dW", (2, 2)), ("b′", (2,))}
    assert len(list(told(grain="scalar").equations())) == 5 + 1 + 1 + 6 + 9 + 9
    assert {symbol_name(line) for line in told(layer=1, unit=2).equations()} == neuron
    assert {symbol_name(line) for line in told(layer=1, unit=2, weight=1).equations()} == weight
    second = [line.symbol for line in told(grain="scalar", layer=2).equations()]
    assert len(second) == 2 + 1 + 2 + 3 + 3
    assert {symbol.layer for symbol in second} <= {"", "2"}


def test_what_is_left_out_is_counted():
    model = sigmoid_2_2_1()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
    told = explain(model, [0.5, 1.0], [1.0], loss="half-square", optimizer=optimizer, most=1)
    for step in told.steps:
        assert len(step.lines) + step.more == max(1, step.result.size)
        if step.lines and step.result.size > 1:
            assert abs(step.lines[0].value) == pytest.approx(np.abs(step.result).max())
    assert "  … and 3 more" in told.text(80).splitlines()


def symbol_name(line):
    s = line.symbol
    return ("d" if s.slope else "") + s.letter + ("′" if s.new else ""), s.index


class PlainPython(torch.optim.Optimizer):
    """An optimiser of one's own, whose steps no tape holds."""

    def __init__(self, params):
        super().__init__(params, {"lr": 0.5})

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.array -= group["lr"] * np.sign(p.grad.array)


def test_an_optimiser_in_plain_python_is_told_by_what_it_changed():
    model = sigmoid_2_2_1()
    optimizer = PlainPython(model.parameters())
    told = explain(model, [0.5, 1.0], [1.0], loss="half-square", optimizer=optimizer)
    moved = [step for step in told.steps if step.part == "update"]
    assert len(moved) == 4
    for step in moved:
        assert "no tape holds" in step.words
        for line in step.lines:
            assert evaluate(line.formula) == pytest.approx(float(line.value), abs=1e-12)
    assert model[0].weight.tolist() == [[0.4, 0.6], [0.3, 0.5]]


def test_any_recorded_tensor():
    a, b = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    told = explain(a * b + a, names={"a": a, "b": b})
    assert [(line.symbol.letter, float(line.value)) for line in told.equations()] == [
        ("u", 8.0),
        ("a", 4.0),
        ("b", 2.0),
    ]
    assert a.grad is None


def test_the_rows_are_those_of_the_tape():
    model = sigmoid_2_2_1()
    told = explain(model, [0.5, 1.0], [1.0], loss="mse")
    assert [(s.rows, s.ops) for s in told.steps[:4]] == [
        ((1,), ("linear",)), ((2,), ("sigmoid",)), ((3,), ("linear",)), ((4,), ("sigmoid",)),
    ]  # fmt: skip
    assert told.steps[4].ops == ("sub", "square", "mean")


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"x": [1.0, math.nan]}, DataError, r"got nan at position \[0, 1\] of x; expected finite numbers"),
        ({"x": [1.0, 2.0, 3.0]}, ShapeError, "has 3 features"),
        ({"x": [1.0, 2.0], "grain": "neurons"}, ValueRangeError, "Try grain='neuron'"),
        ({"x": [1.0, 2.0], "grain": "neuron"}, ValueRangeError, "got grain='neuron' without layer"),
        ({"x": [1.0, 2.0], "layer": 1, "weight": 2}, ValueRangeError, "got weight=2 without unit"),
        ({"x": [1.0, 2.0], "layer": 7}, ValueRangeError, "got layer=7; expected 1 to 2. Try layer=2"),
        ({"x": [1.0, 2.0], "grain": "neuron", "layer": 1, "unit": 3}, ValueRangeError, "expected 1 to 2. Try unit=2"),
        ({"x": [1.0, 2.0], "grain": "weight", "layer": 1, "unit": 1, "weight": 9}, ValueRangeError, "Try weight=2"),
        ({"x": [1.0, 2.0], "grain": "neuron", "layer": 0, "unit": 1}, ValueRangeError, "Try layer=1"),
        ({"x": [1.0, 2.0], "digits": 0}, ValueRangeError, "Try digits=3"),
        ({"x": [1.0, 2.0], "most": 0}, ValueRangeError, "Try most=6"),
        ({"x": [1.0, 2.0], "y": [1.0], "loss": "mes"}, ValueRangeError, "Try mse"),
        ({"x": [1.0, 2.0], "y": [1.0, 2.0], "loss": "mse"}, ShapeError, "expected one for each of the outputs"),
    ],
)
def test_mistakes_are_answered(how, error, said):
    with pytest.raises(error, match=said.replace("[0", r"\[0").replace(r"\\", "\\") if "\\" not in said else said):
        explain(sigmoid_2_2_1(), **how)


def test_a_layer_that_is_not_there_is_an_error():
    with pytest.raises(ValueRangeError, match="layer=7"):
        explain(sigmoid_2_2_1(), [1.0, 2.0], grain="neuron", layer=7, unit=1)


def test_a_tensor_without_a_story_is_an_error():
    with pytest.raises(GradientError, match="nothing is known about"):
        explain(torch.tensor([1.0, 2.0]))


def test_weights_that_are_nan_are_named():
    model = sigmoid_2_2_1()
    model[2].weight.data[0, 1] = math.nan
    with pytest.raises(DataError, match=r"nan at position \[0, 1\] of 2.weight"):
        explain(model, [1.0, 2.0])


def test_a_function_is_a_model_too():
    w = torch.tensor([[0.5, -1.0]], requires_grad=True)

    def model(x):
        return torch.tanh(x @ w.T)

    told = explain(model, [1.0, 2.0], [1.0], loss="square", names={"w": w}, gradcheck=True)
    lines = {(line.symbol.letter, line.symbol.slope): line for line in told.equations()}
    assert lines["ŷ", False].value == pytest.approx(math.tanh(-1.5))
    (slope,) = (step for step in told.steps if step.symbol.slope and step.symbol.letter == "w")
    for line in slope.lines:
        assert line.numeric == pytest.approx(float(line.value), rel=1e-4)


@pytest.mark.parametrize(
    ("last", "y", "rows"),
    [
        (nn.Sigmoid(), [1.0, 0.0], "bce"), (nn.Identity(), 1, "log_softmax"), (nn.Identity(), [0.5, 1.0], "square"),
        (nn.Tanh(), [0.5, 1.0], "square"),
    ],
)  # fmt: skip
def test_a_loss_that_is_not_named_is_the_one_that_fits(last, y, rows):
    told = explain(nn.Sequential(nn.Linear(2, 2), last), [1.0, 2.0], y)
    assert rows in {op for step in told.steps if step.part == "loss" for op in step.ops}


def test_loss_modules_and_functions():
    model, x = sigmoid_2_2_1(), [0.5, 1.0]
    told = [explain(model, x, [1.0], loss=loss) for loss in ("mse", nn.MSELoss(), nn.functional.mse_loss)]
    assert len({str(document) for document in told}) == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps(), st.sampled_from([2, 3, 6, 12]))
def test_whole_tensors_come_out_of_their_printed_formulas_or_say_so(step, digits):
    model, x, y, loss, optimizer = step
    told = explain(model, x, y, loss=loss, optimizer=optimizer, grain="network", digits=digits)
    shown = [s for s in told.steps if s.whole]
    assert shown
    for s in shown:
        again = np.asarray(evaluate(s.formula, lambda v, kind=s.result.dtype: as_printed(v, digits, kind)), float)
        again = again.ravel()
        printed = as_printed(np.atleast_1d(s.result), digits).ravel()
        size = np.maximum(np.abs(printed), 1e-300)
        unit = np.where(size >= 1, 10.0**-digits, 10.0 ** (np.floor(np.log10(size)) - digits + 1))
        unit = np.where(printed == 0, 10.0**-digits, unit)
        if s.remark(digits) is None:
            assert (np.abs(again - printed) <= 0.51 * unit).all(), (s.words, again, printed)


def test_differences_at_a_corner_are_named():
    model = nn.Sequential(nn.Linear(1, 1), nn.ReLU()).double()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[2.0]]))
        model[0].bias.copy_(torch.tensor([-2.0]))
    told = explain(model, [1.0], [1.0], loss="square", gradcheck=True)  # z is exactly 0
    corners = [(line.symbol.letter, line.corner) for line in told.equations() if line.numeric is not None]
    assert sorted(corners) == [("W", True), ("b", True), ("z", True), ("ŷ", False)]
    assert "by differences −1, at a corner where the slope jumps" in told.text(100).replace("−1.000", "−1")
    smooth = explain(sigmoid_2_2_1(), [0.5, 1.0], [1.0], loss="mse", gradcheck=True)
    assert not any(line.corner for line in smooth.equations())


@pytest.mark.parametrize(
    ("y", "loss"), [(torch.tensor([1.0, 0.0]), "mse"), (torch.tensor(1), None), (torch.tensor([1]), None)]
)
def test_one_example_and_its_target_need_no_axis_of_a_batch(y, loss):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2))
    x = torch.tensor([1.0, -2.0, 0.5])
    alone = explain(model, x, y, loss=loss)
    batch = explain(model, x[None], y[None] if y.array.shape in ((2,), ()) else y, loss=loss)
    assert alone.json() == batch.json()


@pytest.mark.parametrize("name", ["Adam", "NAdam", "RAdam", "Adamax"])
def test_with_one_digit_a_rate_near_one_is_not_one(name, reread):
    model = sigmoid_2_2_1()
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.01)
    told = explain(model, [0.5, 1.0], [1.0], loss="mse", optimizer=optimizer, digits=1)
    lines = [line for step in told.steps if step.part == "update" for line in step.lines]
    texts = [formula_text(line.formula, "numbers", 1, line.kind) for line in lines]
    assert any("0.999" in text for text in texts)
    assert all(np.isfinite(reread(text)) for text in texts)


class Estimator:
    """As scikit-learn has them: it holds a network, and is none."""

    network_ = nn.Sequential(nn.Linear(2, 1))


class Pipeline:
    """Steps with names, of which the last learns."""

    steps = [("scale", object()), ("learn", Estimator())]  # noqa: RUF012


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        (Estimator(), r"Try explain\(model\.network_, x\)"),
        (Pipeline(), r"Try explain\(model\[-1\]\.network_, model\[:-1\]\.transform\(x\)\)"),
        (object(), r"Try explain\(model, x\)"),
    ],
)
def test_who_holds_a_network_is_asked_for_it(model, hint):
    with pytest.raises(DataError, match=hint):
        explain(model, [1.0, 2.0])
