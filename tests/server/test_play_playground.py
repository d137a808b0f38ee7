"""The Playground without a connection: it learns, follows every setting, and takes edits back."""

import gc
import math
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet.errors import DataError, GlassnetError, NotSupportedError, ValueRangeError
from glassnet.server import commands as c
from glassnet.server import network, points, properties
from glassnet.server.playground import Playground
from glassnet.server.properties import defaults

SMALL = {"points": 60, "resolution": 10}


def weights(playground: Playground) -> np.ndarray:
    return network.flat([p.array.copy() for p in playground.learner.parameters])


@pytest.mark.parametrize("name", [name for name in properties.DATASETS if name != "own"])
def test_every_data_set_is_learnt_and_drawn(name):
    playground = Playground({**SMALL, "dataset": name, "learning_rate": 0.1})
    before = playground.judgement.train_loss
    playground.train(20)
    assert playground.judgement.train_loss < before
    assert len(playground.frame(1, 0.0, False)) > playground.layout.size


@pytest.mark.parametrize(
    ("dataset", "hidden", "changes"),
    [
        ("xor", [8], {"init": "normal"}),
        ("moons", [10], {"activation": "relu"}),
        ("circle", [4, 2], {"loss": "mse"}),
        ("three_gauss", [], {}),
        ("gauss", [], {"loss": "huber"}),
    ],
)
def test_it_solves_what_it_is_known_to_solve(dataset, hidden, changes):
    playground = Playground({"dataset": dataset, "hidden": hidden, "optimizer": "adam", "resolution": 10, **changes})
    playground.train(80)
    assert playground.judgement.test_score > 0.97


def test_a_step_is_pytorchs_own_grammar():
    playground = Playground(
        {**SMALL, "dataset": "gauss", "hidden": [3], "loss": "mse", "l2": 0.1, "learning_rate": 0.1}
    )
    layers = playground.learner.layers
    W, b = ([torch.tensor(getattr(layer, name).array.copy()) for layer in layers] for name in ("weight", "bias"))
    x, t = (torch.tensor(a.array.copy()) for a in playground.course.next())
    for p in (*W, *b):
        p.requires_grad_(True)
    o = torch.tanh(torch.tanh(x @ W[0].T + b[0]) @ W[1].T + b[1])
    loss = ((o - t) ** 2).mean() + 0.05 * ((W[0] ** 2).sum() + (W[1] ** 2).sum())
    loss.backward()
    playground.train(epochs=1 / len(playground.course.batches))
    for layer, weight, bias in zip(layers, W, b, strict=True):
        np.testing.assert_allclose(layer.weight.array, (weight - 0.1 * weight.grad).detach().numpy(), rtol=1e-12)
        np.testing.assert_allclose(layer.bias.array, (bias - 0.1 * bias.grad).detach().numpy(), rtol=1e-12)


def test_code_draws_the_same_border():
    page = Playground({"dataset": "moons", "hidden": [10], "activation": "relu", "learning_rate": 0.1, "seed": 1})
    n = page.points.train
    model = torch.nn.Sequential(torch.nn.Linear(2, 10), torch.nn.ReLU(), torch.nn.Linear(10, 1)).double()
    for number, layer in enumerate((model[0], model[2])):
        torch.nn.init.xavier_uniform_(layer.weight, generator=torch.Generator().manual_seed(1000 + number))
        torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, t = torch.tensor(page.points.x[:n]), torch.tensor(page.points.t[:n]).unsqueeze(1)
    for epoch in range(5):
        order = np.random.default_rng((1, epoch)).permutation(n)
        for i in range(0, n, 10):
            optimizer.zero_grad()
            scores = model(x[order[i : i + 10]])
            torch.nn.functional.binary_cross_entropy_with_logits(scores, t[order[i : i + 10]]).backward()
            optimizer.step()
    page.train(5)
    across, up = np.meshgrid(np.linspace(-6, 6, 40), np.linspace(-6, 6, 40))
    places = torch.tensor(np.column_stack((across.ravel(), up.ravel())))
    _, said = page.learner.judge(places, torch.zeros(1600, 1, dtype=torch.float64))
    np.testing.assert_allclose(torch.sigmoid(model(places)).array, said, rtol=0, atol=1e-12)


def test_the_same_seed_is_the_same_run_and_reset_repeats_it():
    first, second = (Playground({**SMALL, "dropout": 0.3, "optimizer": "adam"}) for _ in range(2))
    start = weights(first)
    first.train(5)
    second.train(5)
    np.testing.assert_array_equal(weights(first), weights(second))
    end = weights(first)
    first.reset()
    np.testing.assert_array_equal(weights(first), start)
    assert (first.step, first.course.epoch, first.curve.rows[0][0]) == (0, 0, 0)
    first.train(5)
    np.testing.assert_array_equal(weights(first), end)


def test_reroll_draws_other_weights_and_shows_the_seed():
    playground = Playground(SMALL)
    start, seed = weights(playground), playground.state["seed"]
    playground.reroll("weights")
    assert playground.state["seed"] != seed
    assert not np.array_equal(weights(playground), start)
    before = playground.points.x
    playground.reroll("data")
    assert not np.array_equal(playground.points.x, before)


LIVE = [
    {"learning_rate": 0.5}, {"l1": 0.01}, {"l2": 0.01}, {"dropout": 0.2}, {"activation": "relu"}, {"loss": "mse"},
    {"activations": ["sine", "gelu"]}, {"optimizer": "adam"}, {"optimizer": "rmsprop"}, {"momentum": 0.5},
    {"batch_size": 7}, {"speed": 10}, {"target_loss": 0.01}, {"resolution": 20}, {"noise": 0.3}, {"dataset": "xor"},
    {"train_share": 0.8}, {"points": 50}, {"show_test": True}, {"output": "tanh"},
]  # fmt: skip


@pytest.mark.parametrize("changes", LIVE, ids=str)
def test_settings_change_without_a_reset(changes):
    playground = Playground(SMALL)
    playground.train(3)
    before, step = weights(playground), playground.step
    playground.configure(changes)
    np.testing.assert_array_equal(weights(playground), before)
    assert playground.step == step
    playground.train(2)
    assert playground.step > step
    assert not np.array_equal(weights(playground), before)


def test_widening_keeps_the_weights():
    playground = Playground({**SMALL, "hidden": [3, 2]})
    playground.train(2)
    old = [layer.weight.array.copy() for layer in playground.learner.layers]
    playground.configure({"hidden": [5, 2], "features": ["x2", "x1", "x1*x2"]})
    new = [layer.weight.array for layer in playground.learner.layers]
    np.testing.assert_array_equal(new[0][:3, :2], old[0][:, ::-1])  # inputs keep their weights by name
    np.testing.assert_array_equal(new[1][:, :3], old[1])
    np.testing.assert_array_equal(new[2], old[2])
    playground.configure({"hidden": [3, 2], "features": ["x1", "x2"]})
    np.testing.assert_array_equal(playground.learner.layers[0].weight.array, old[0])


def test_a_refused_change_leaves_everything():
    playground = Playground(SMALL)
    before, state = weights(playground), dict(playground.state)
    for changes in (
        {"hidden": [3], "noise": 9},
        {"own_features": ["log(x1)"]},
        {"dataset": "own"},
        {"dataset": "formula", "formula": "1/0 +"},
    ):
        with pytest.raises(GlassnetError):
            playground.configure(changes)
        assert playground.state == state
        np.testing.assert_array_equal(weights(playground), before)
    playground.train(1)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "dataset": st.sampled_from(["circle", "three_gauss", "plane", "sine", "formula", "moons"]),
            "hidden": st.lists(st.integers(1, 5), max_size=3),
            "activation": st.sampled_from(properties.ACTIVATIONS),
            "output": st.sampled_from(properties.OUTPUTS),
            "loss": st.sampled_from(properties.LOSSES),
            "optimizer": st.sampled_from(properties.OPTIMIZERS),
            "init": st.sampled_from(properties.INITS),
            "l1": st.sampled_from([0.0, 0.01]),
            "dropout": st.sampled_from([0.0, 0.5]),
            "features": st.lists(st.sampled_from(properties.FEATURES), unique=True, max_size=4),
            "batch_size": st.integers(1, 40),
            "parity": st.booleans(),
        },
    )
)
@settings(max_examples=40)
def test_any_settings_go_together(changes):
    playground = Playground({"points": 30, "resolution": 10})
    playground.configure(changes)
    playground.train(1.5)
    frame = playground.frame(1, 0.0, True)
    assert len(frame) >= playground.layout.size
    report = playground.report()
    assert report.state["hidden"] == changes.get("hidden", [4, 2])
    assert math.isfinite(playground.judgement.train_loss)


# ---- edits --------------------------------------------------------------------------------------------------------


def test_editing_a_weight_answers_and_is_taken_back():
    playground = Playground(SMALL)
    playground.train(3)
    before, loss = weights(playground), playground.judgement.train_loss
    playground.edit(c.Edit(1, 2, 1, 5.0))
    assert playground.learner.layers[0].weight.array[2, 1] == 5
    assert playground.judgement.train_loss != loss
    playground.edit(c.Edit(3, 0, None, -2.0))
    assert playground.learner.layers[2].bias.array[0] == -2
    assert playground.undo()
    assert playground.undo()
    assert not playground.undo()
    np.testing.assert_array_equal(weights(playground), before)
    assert playground.judgement.train_loss == loss
    assert playground.undo(again=True)
    assert playground.learner.layers[0].weight.array[2, 1] == 5


def test_all_weights_come_back_at_once():
    kept = Playground({"dataset": "xor", "hidden": [3], "seed": 4})
    kept.train(5)
    values = np.concatenate([p.array.reshape(-1) for p in kept.learner.parameters])
    other = Playground({"dataset": "xor", "hidden": [3]})
    before = other.judgement.train_loss
    other.put_weights(values.tolist())
    assert other.judgement.train_loss == pytest.approx(kept.judgement.train_loss, rel=1e-12)
    assert np.concatenate([p.array.reshape(-1) for p in other.learner.parameters]).tolist() == values.tolist()
    assert other.edited
    other.undo()
    assert other.judgement.train_loss == pytest.approx(before, rel=1e-12)


@pytest.mark.parametrize(
    ("values", "word"), [([1.0], "expected 13"), ([0.0] * 12 + [float("nan")], "got the weight nan")]
)
def test_weights_of_another_network_are_refused(values, word):
    playground = Playground({"dataset": "xor", "hidden": [3]})
    with pytest.raises(ValueRangeError, match=word):
        playground.put_weights(values)


def test_a_drag_is_one_edit():
    playground = Playground(SMALL)
    before = weights(playground)
    for value in (1.0, 2.0, 3.0):
        playground.edit(c.Edit(1, 0, 0, value, stroke=4))
    playground.undo()
    np.testing.assert_array_equal(weights(playground), before)
    playground.undo(again=True)
    assert playground.learner.layers[0].weight.array[0, 0] == 3


@pytest.mark.parametrize("optimizer", properties.OPTIMIZERS)
def test_what_is_frozen_stays(optimizer):
    playground = Playground({**SMALL, "optimizer": optimizer})
    playground.train(2)
    playground.freeze(c.Freeze(1, 0))
    playground.freeze(c.Freeze(2, 1, 3))
    before = [p.array.copy() for p in playground.learner.parameters]
    playground.train(3)
    after = playground.learner.parameters
    np.testing.assert_array_equal(after[0].array[0], before[0][0])
    assert after[1].array[0] == before[1][0]
    assert after[2].array[1, 3] == before[2][1, 3]
    assert not np.array_equal(after[0].array[1], before[0][1])
    assert [1, 0, -1] in playground.report().frozen
    playground.edit(c.Edit(1, 0, 0, 9.0))
    playground.train(1)
    assert after[0].array[0, 0] == 9  # frozen at its new value
    playground.freeze(c.Freeze(1, 0, on=False))
    playground.train(1)
    assert after[0].array[0, 0] != 9


def test_a_unit_left_out_says_nothing_and_comes_back():
    playground = Playground({**SMALL, "hidden": [2]})
    playground.train(5)
    loss = playground.judgement.train_loss
    playground.ablate(1, 0, True)
    layers = [layer.weight.array for layer in playground.learner.layers]
    biases = [layer.bias.array for layer in playground.learner.layers]
    hidden = np.tanh(playground.course.x @ layers[0].T + biases[0]) * [0, 1]
    _, outputs = playground.learner.judge(*playground.course.train)
    np.testing.assert_allclose(outputs[:, 0], 1 / (1 + np.exp(-(hidden @ layers[1][0] + biases[1]))), rtol=1e-9)
    assert playground.report().ablated == [[1, 0]]
    playground.ablate(1, 0, False)
    assert playground.judgement.train_loss == pytest.approx(loss, rel=1e-12)
    with pytest.raises(ValueRangeError, match="output"):
        playground.ablate(2, 0, True)


@pytest.mark.parametrize(
    ("layer", "unit", "source"), [(0, 0, None), (9, 0, None), (1, 99, None), (1, 0, 99), (-1, 0, 0)]
)
def test_there_is_no_such_weight(layer, unit, source):
    playground = Playground(SMALL)
    with pytest.raises(ValueRangeError, match="got "):
        playground.edit(c.Edit(layer, unit, source, 1.0))


def test_painting_points_and_taking_them_back():
    playground = Playground(SMALL)
    playground.train(2)
    before, n = weights(playground), len(playground.points.x)
    playground.change_points(lambda p: points.added(p, np.array([[1.0, 2.0, 1.0]]), False), 1)
    assert playground.state["dataset"] == "own"
    assert (len(playground.points.x), playground.points.train) == (n + 1, 31)
    np.testing.assert_array_equal(weights(playground), before)
    playground.change_points(lambda p: points.erased(p, [0, 1]))
    playground.change_points(lambda p: points.moved(p, 0, 3.0, 3.0))
    playground.change_points(lambda p: points.labelled(p, [0], 0))
    assert playground.points.x[0].tolist() == [3.0, 3.0]
    playground.train(1)
    for _ in range(4):
        assert playground.undo()
    assert (playground.state["dataset"], len(playground.points.x)) == ("circle", n)
    assert playground.undo(again=True)
    assert len(playground.points.x) == n + 1


def test_painting_for_long_keeps_the_step_fast():
    playground = Playground({**SMALL, "points": 20, "batch_size": 7})
    for i in range(150):
        playground.change_points(lambda p, i=i: points.added(p, np.array([[i / 30 - 2.5, 1.0, i % 2]]), False), 1)
        playground.train(1)
    assert playground.learner._step.obstacle is None
    assert playground.learner._judge.obstacle is None
    assert playground.learner._step.replays > 0
    assert playground.undo()
    assert len(playground.points.x) == 20  # one long stroke


def test_a_third_class_grows_an_output():
    playground = Playground(SMALL)
    playground.change_points(lambda p: points.added(p, np.array([[1.0, 2.0, 2.0]]), False))
    assert playground.sizes[-1] == 3
    assert playground.learner.head.output == "softmax"
    playground.train(1)


def test_all_points_can_go():
    playground = Playground(SMALL)
    playground.change_points(lambda p: points.erased(p, range(60)))
    playground.running = True
    assert playground.train(3) is None
    playground.frame(1, 0.0, False)
    assert math.isnan(playground.judgement.train_loss)
    playground.change_points(lambda p: points.added(p, np.array([[1.0, 2.0, 1.0], [1.0, -2.0, 0.0]]), False))
    playground.train(3)


@pytest.mark.parametrize(
    ("text", "task", "classes", "n"),
    [
        ("1,2,0\n3,4,1", "classification", ("0", "1"), 2),
        ("x;y;c\n1;2;red\n3;4;blue\n\n", "classification", ("blue", "red"), 2),
        ("1 2 0.5\n3 4 0.25\n", "regression", (), 2),
        ("1\t2\n3\t4", "regression", (), 2),
        ("[[1., 2., 0.],\n [3., 4., 1.]]", "classification", ("0", "1"), 2),
        ("1,2,10\n3,4,9", "classification", ("9", "10"), 2),
    ],
)
def test_tables_are_read(text, task, classes, n):
    table = points.table(text, None, 0.5, 0)
    assert (table.task, table.classes, len(table.x)) == (task, classes, n)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "0 rows"),
        ("1,2,3", "1 rows"),
        ("1,2\n3,4,5", "line 2"),
        ("1,2,a\nx,4,b", "line 2, column 1"),
        ("1,2,3,4\n1,2,3,4", "x1, x2 and"),
        ("1,2,0.5\n3,inf,0.5", "line 2, column 2"),
        ("1,2,a\n1,2,a", "1 classes"),
        ("1e9,2,0\n1,2,1", "million"),
        ("\n".join(f"1,2,{i % 2}" for i in range(6000)), "6,000"),
    ],
)
def test_broken_tables_are_named_by_line(text, word):
    with pytest.raises(DataError, match=word):
        points.table(text, None, 0.5, 0)


@given(st.text(alphabet="1,.;-\n ae[]\t", max_size=60))
def test_any_text_is_a_table_or_refused(text):
    try:
        table = points.table(text, None, 0.5, 0)
    except DataError:
        return
    assert np.isfinite(table.x).all()


# ---- why it stops, step by step, what is behind a number ---------------------------------------------------------


def test_it_stops_at_the_target_and_after_the_epochs():
    playground = Playground({**SMALL, "dataset": "gauss", "target_loss": 0.1, "learning_rate": 0.3})
    playground.running = True
    stopped = playground.train(500)
    assert (stopped.reason, playground.running) == ("target", False)
    assert playground.judgement.train_loss <= 0.1
    playground.configure({"target_loss": 0.0, "most_epochs": playground.course.epoch + 3})
    assert playground.train(500).reason == "epochs"


def test_it_says_why_the_loss_is_not_a_number_and_goes_back():
    playground = Playground({**SMALL, "learning_rate": 100.0, "activation": "relu", "loss": "mse", "output": "linear"})
    stopped = playground.train(100)
    assert stopped.reason == "nan"
    assert "learning rate 100" in stopped.text
    assert np.isfinite(weights(playground)).all()
    assert f"back at epoch {playground.course.now:g}." in stopped.text
    playground.configure({**stopped.fixes, "learning_rate": 0.01})
    playground.reset()
    assert playground.train(5) is None


def test_it_goes_back_to_the_moment_of_its_weights():
    changes = {**SMALL, "batch_size": 7, "learning_rate": 0.05, "optimizer": "adam"}
    playground = Playground(changes)
    playground.advance(2 * 5 + 1, math.inf)  # two epochs and a batch
    playground.configure({"l2": 1e-9})  # it is looked at in the middle of an epoch
    sound, place, step = weights(playground), (playground.course.epoch, playground.course.at), playground.step
    rows = list(playground.curve.rows)
    playground.frame(1, 0.0, False)
    playground.learner.layers[0].bias.array[0] = np.nan  # what a step that is too long would do
    stopped = playground.train(3)
    assert (stopped.reason, stopped.epoch) == ("nan", 3.0)
    np.testing.assert_array_equal(weights(playground), sound)
    assert ((playground.course.epoch, playground.course.at), playground.step) == (place, step)
    assert playground.judgement.epoch == playground.course.now
    assert playground.curve.rows == rows
    assert playground.curve.take(False)[1]  # the page is to begin its curve anew
    again = Playground(changes)
    again.advance(2 * 5 + 1, math.inf)
    np.testing.assert_array_equal(playground.course.next()[0].array, again.course.next()[0].array)


def test_too_strong_a_penalty_is_named():
    playground = Playground({**SMALL, "learning_rate": 10.0, "l2": 5.0})
    stopped = playground.train(2000)
    assert "L2" in stopped.text
    assert stopped.fixes["l2"] < 5


def test_a_frame_of_numbers_that_are_none_is_made(read_header):
    playground = Playground(SMALL)
    playground.learner.layers[0].weight.array[0, 0] = np.nan
    playground.learner.layers[1].weight.array[0, 0] = np.inf
    playground.judgement = playground.course.judge(playground.learner)
    head = read_header(playground.frame(1, 0.0, True))
    assert head["flags"] & 2
    assert math.isnan(head["train_loss"])


def test_a_step_by_operations_ends_where_the_batch_would():
    stepped, whole = (Playground({**SMALL, "optimizer": "momentum"}) for _ in range(2))
    start = weights(stepped)
    reports = [stepped.one_operation(None)]
    while reports[-1].index < reports[-1].total - 1:
        np.testing.assert_array_equal(weights(stepped), start)
        reports.append(stepped.one_operation(None))
    whole.advance(1, math.inf)
    np.testing.assert_array_equal(weights(stepped), weights(whole))
    assert [r.phase for r in reports] == sorted(
        [r.phase for r in reports], key=["forward", "loss", "backward", "update"].index
    )
    assert {r.phase for r in reports} == {"forward", "loss", "backward", "update"}
    assert all(read < r.index for r in reports for read in r.reads)
    assert "W1" in reports[0].text
    assert "b1" in reports[0].text


def test_a_run_in_the_middle_of_operations_makes_the_update_first():
    stepped, whole = (Playground(SMALL) for _ in range(2))
    for _ in range(4):
        stepped.one_operation(None)
    stepped.advance(2, math.inf)
    whole.advance(3, math.inf)
    np.testing.assert_allclose(weights(stepped), weights(whole), rtol=1e-12)


def test_samples_add_up_to_the_batch():
    stepped, whole = (Playground(SMALL) for _ in range(2))
    start = weights(stepped)
    for _ in range(9):
        stepped.one_sample()
        np.testing.assert_array_equal(weights(stepped), start)
    stepped.one_sample()
    whole.advance(1, math.inf)
    np.testing.assert_allclose(weights(stepped), weights(whole), rtol=1e-12)


@pytest.mark.parametrize("at", [None, [1.0, -2.0]])
def test_the_numbers_behind_a_unit_add_up(at):
    playground = Playground({**SMALL, "features": ["x1", "x2", "x1*x2"], "optimizer": "adam"})
    playground.train(3)
    found = playground.inspect(c.Inspect(2, 1, source=0, line=True, at=at))
    assert found.sum == pytest.approx(found.bias + sum(term.product for term in found.terms), rel=1e-9)
    assert found.output == pytest.approx(math.tanh(found.sum), rel=1e-9)
    assert found.slope == pytest.approx(1 - found.output**2, rel=1e-9)
    assert len(found.memory) == 2
    middle = len(found.line_values) // 2
    assert found.line_losses[middle] == pytest.approx(playground.judgement.train_loss)
    finer = Playground({**SMALL, "features": ["x1", "x2", "x1*x2"], "optimizer": "adam"})
    finer.train(3)
    losses = []
    for move in (-1e-5, 1e-5):
        finer.learner.layers[1].weight.array[1, 0] += move
        losses.append(finer.course.judge(finer.learner).train_loss)
        finer.learner.layers[1].weight.array[1, 0] -= move
    assert found.line_slope == pytest.approx((losses[1] - losses[0]) / 2e-5, rel=1e-5, abs=1e-9)


def test_histograms_count_every_weight():
    playground = Playground(SMALL)
    report = playground.histogram(True, 1)
    assert [sum(s.counts) for s in report.now] == [layer.weight.array.size for layer in playground.learner.layers]
    assert set(report.inits) == set(properties.INITS)


def test_parity_refuses_what_would_change_its_numbers():
    playground = Playground()
    playground.open_link("#seed=1")
    for call in (lambda: playground.freeze(c.Freeze(1, 0)), lambda: playground.one_operation(None)):
        with pytest.raises(NotSupportedError, match="Try switching parity off"):
            call()
    playground.train(2)
    before, x = weights(playground), playground.points.x
    playground.configure({"parity": False})
    np.testing.assert_array_equal(weights(playground), before)
    np.testing.assert_array_equal(playground.points.x, x)
    playground.freeze(c.Freeze(1, 0))
    playground.train(2)
    assert playground.learner.has_tape


def test_large_networks_are_drawn_in_part():
    playground = Playground({"hidden": [128] * 8, "resolution": 100, "points": 20})
    assert playground.layout.grid_resolution < 100
    assert playground.layout.resolution == 100
    assert sum(u.grid is not None for u in playground.layout.units) == 2 + 32 * 8
    assert len(playground.frame(1, 0.0, True)) < 3_000_000


def test_the_middle_of_a_heat_map_is_the_networks_own_output():
    playground = Playground({**SMALL, "resolution": 11, "dataset": "plane", "hidden": [3]})
    playground.train(5)
    frame = playground.frame(1, 0.0, True)
    blocks = {b.name: b for b in playground.layout.blocks}
    scale = float(np.frombuffer(frame, "<f4", 1, blocks["output_scales"].offset)[0])
    output = np.frombuffer(frame, "i1", 121, blocks["output"].offset).reshape(11, 11) * scale / 127
    found = playground.inspect(c.Inspect(2, 0, at=[6.0, 6.0]))
    assert output[0, 10] == pytest.approx(found.output, abs=scale / 200)
    assert output[5, 5] == pytest.approx(playground.inspect(c.Inspect(2, 0, at=[0.0, 0.0])).output, abs=scale / 200)


def test_the_state_is_whole():
    assert set(Playground(SMALL).report().state) == set(defaults())


def test_a_network_that_is_rebuilt_gives_its_memory_back_without_the_collector():
    playground = Playground({"hidden": [3], "points": 20, "dropout": 0.1})
    playground.train(6)
    assert playground.learner._step.replays
    old = weakref.ref(playground.learner)
    programs = [weakref.ref(f.program) for f in (playground.learner._step, playground.learner._judge)]
    gc.disable()
    try:
        playground.configure({"hidden": [3, 2]})
        assert [old(), *(program() for program in programs)] == [None] * 3
    finally:
        gc.enable()
    playground.train(3)
    assert playground.judgement.train_loss > 0
