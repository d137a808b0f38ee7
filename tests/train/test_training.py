"""The training loop: what it learns, what it tells, how it stops, and that the same seed gives the same bits."""

import numpy as np
import pytest

import glassnet as torch
from glassnet.data.datasets import DataSet, load_dataset
from glassnet.errors import DataError, ValueRangeError
from glassnet.nn import functional as F
from glassnet.train import trainer as trainer_module
from glassnet.train.callbacks import Callback
from glassnet.train.recipes import recipe_for
from glassnet.train.schedule import rate_at
from glassnet.train.settings import Settings
from glassnet.train.training import Training

MOONS = load_dataset("moons")
QUICK = recipe_for(MOONS, epochs=3, hidden=(8,))


def trained(data=MOONS, settings=QUICK):
    run = Training(data, settings)
    return run, list(run)


def weights(run):
    return [p.array.tobytes() for p in run.model.parameters()]


@pytest.mark.parametrize("name", ["moons", "xor", "circle", "spiral", "three_spirals", "rings", "xor_gate", "and"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_small_sets_are_learned_to_97_percent_by_default(name, seed):
    data = load_dataset(name)
    _, moments = trained(data, recipe_for(data, seed=seed))
    assert moments[-1].test.accuracy >= 0.97


@pytest.mark.parametrize(("name", "least"), [("sine", 0.99), ("plane", 0.99), ("abs", 0.99), ("gauss_regression", 0.9)])
def test_heights_are_learned_by_default(name, least):
    data = load_dataset(name)
    _, moments = trained(data, recipe_for(data))
    assert moments[-1].test.r2 >= least
    assert moments[-1].accuracy is None


def test_the_same_seed_gives_the_same_bits():
    settings = recipe_for(MOONS, epochs=3, hidden=(8,), dropout=0.2, seed=4)
    assert weights(trained(MOONS, settings)[0]) == weights(trained(MOONS, settings)[0])
    assert weights(trained(MOONS, settings)[0]) != weights(trained(MOONS, QUICK)[0])


def test_epoch_zero_is_told_and_changes_nothing():
    settings = recipe_for(MOONS, epochs=2, hidden=(8,), dropout=0.3, normalization="batch", validation=0.2)
    run = Training(MOONS, settings)
    start = run.before()
    with torch.no_grad():
        run.model.eval()
        x, y = run.learned
        loss = F.cross_entropy(run.model(torch.tensor(run.prepare(x))), torch.tensor(y)).item()
        run.model.train()
    assert (start.epoch, start.done, start.part, start.test.n) == (0, 0.0, "validation", 80)
    assert start.loss == pytest.approx(loss, rel=1e-6)
    assert list(start.figures()) == ["loss", "validation_loss", "validation_accuracy"]
    list(run)
    assert weights(run) == weights(trained(MOONS, settings)[0])


def test_looking_often_changes_nothing(monkeypatch):
    settings = recipe_for(MOONS, epochs=2, hidden=(8,), dropout=0.3)
    before = weights(trained(MOONS, settings)[0])
    monkeypatch.setattr(trainer_module, "_LOOK_SECONDS", 0.0)
    run, moments = trained(MOONS, settings)
    assert len(moments) > run.steps
    assert weights(run) == before


def test_it_is_the_loop_that_one_would_write_by_hand():
    """The same numbers as a plain loop without compile, batches in the same order."""
    settings = recipe_for(MOONS, epochs=4, hidden=(8,), optimizer="sgd", schedule="cosine", batch_size=30)
    run, moments = trained(MOONS, settings)

    torch.manual_seed(settings.seed)
    model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    x, y = torch.tensor(run.prepare(MOONS.x_train)), torch.tensor(MOONS.y_train)
    losses, steps = [], 4 * 14
    for _ in range(4):
        for places in torch.randperm(400).split(30):
            optimizer.param_groups[0]["lr"] = rate_at("cosine", 0.1, len(losses) / steps, settings.warm_up)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[places]), y[places])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    for mine, plain in zip(run.model.parameters(), model.parameters(), strict=True):
        np.testing.assert_allclose(mine.array, plain.array, rtol=1e-5, atol=1e-6)
    assert moments[-1].loss == pytest.approx(np.mean(losses[-14:]), rel=1e-4)


def test_the_step_is_replayed():
    run, _ = trained(MOONS, recipe_for(MOONS, epochs=5, hidden=(8,), batch_size=100, dropout=0.1))
    (program,) = run.trainer.learn.programs
    assert program.compiled.replays >= run.steps - 1  # all but the first, which sets the optimiser up


def test_moments_tell_how_far_it_is():
    run, moments = trained()
    assert [m.epoch for m in moments if m.test is not None] == [1, 2, 3]
    done = [m.done for m in moments]
    assert done == sorted(done)
    assert done[-1] == 1
    assert moments[-1].seconds_left == 0
    assert run.seconds == moments[-1].seconds > 0
    assert moments[-1].examples_per_second == pytest.approx(3 * 400 / run.seconds)


def test_the_history_holds_what_the_tests_said():
    run, moments = trained()
    assert [entry["epoch"] for entry in run.history] == [1, 2, 3]
    assert run.history[-1]["test_accuracy"] == moments[-1].test.accuracy == run.test().accuracy
    assert run.history[-1]["loss"] == moments[-1].loss


def test_many_epochs_are_tested_now_and_then_and_at_the_end():
    run, _ = trained(MOONS, recipe_for(MOONS, epochs=151, hidden=(), batch_size=0))
    assert 30 <= len(run.history) <= 60
    assert run.history[-1]["epoch"] == 151


def test_stopping_ends_it_after_the_present_step():
    run, asked = Training(MOONS, recipe_for(MOONS, epochs=1000, hidden=(8,))), []
    for moment in run:
        if moment.epoch >= 2:
            asked.append(run.trainer.step)
            run.stop()
    assert run.trainer.step <= asked[0] + 1
    assert np.isfinite(run.test().loss)


def test_a_stop_from_inside_a_step_is_heeded_at_once():
    class StopAtFive(Callback):
        def on_batch_end(self, trainer):
            if trainer.step == 5:
                trainer.stop()

    run = Training(MOONS, QUICK, callbacks=[StopAtFive()])
    list(run)
    assert run.trainer.step == 5
    assert run.epochs_done == 5 / 20


def test_a_loss_that_is_no_number_ends_it_with_the_rate_to_try():
    with pytest.raises(ValueRangeError, match=r"not a number by step 20, .* Try --learning-rate 0\.1\."):
        trained(MOONS, recipe_for(MOONS, optimizer="sgd", learning_rate=1e9))


def test_without_examples_to_test_on_it_is_tested_on_those_it_learned_from():
    data = load_dataset("moons", test_fraction=0.0)
    run, moments = trained(data, recipe_for(data, epochs=2))
    assert run.tested[0] is data.x_train
    assert moments[-1].test.n == 500


def test_more_outputs_than_one():
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    data = DataSet("two", "regression", "", "", (), ("a", "b", "c"), x, x[:, :2] * 2, x[:50], x[:50, :2] * 2)
    _, moments = trained(data, Settings(hidden=(), optimizer="adam", learning_rate=0.1, epochs=20, batch_size=20))
    assert moments[-1].test.r2 > 0.99


@pytest.mark.parametrize(("part", "row"), [("x_train", 3), ("x_test", 0), ("y_train", 2)])
def test_numbers_that_are_not_finite_are_found_before_the_first_step(part, row):
    arrays = {"x_train": np.zeros((5, 2), np.float32), "y_train": np.zeros((5, 1), np.float32)}
    arrays |= {"x_test": np.zeros((2, 2), np.float32), "y_test": np.zeros((2, 1), np.float32)}
    arrays[part][row, 0] = np.nan
    data = DataSet("bad", "regression", "", "", (), ("a", "b"), **arrays)
    with pytest.raises(DataError, match=f"in row {row}; expected finite numbers"):
        Training(data, QUICK)


def test_no_examples_are_refused():
    empty = np.zeros((0, 2), np.float32), np.zeros(0, np.int64)
    data = DataSet("none", "classification", "", "", ("a", "b"), ("x", "y"), *empty, *empty)
    with pytest.raises(DataError, match="got 0 examples of 2 features"):
        Training(data, QUICK)


def test_bytes_are_learned_as_bytes():
    """Images stay uint8: training on them is training on their scaled values."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (200, 5, 4), dtype=np.uint8), rng.integers(0, 3, 200)
    data = DataSet("tiny", "classification", "", "", ("a", "b", "c"), (), x, y, x[:20], y[:20])
    run, moments = trained(data, Settings(hidden=(64,), epochs=40, batch_size=20, optimizer="adam", learning_rate=0.01))
    assert run.batches._x.dtype == np.uint8
    assert moments[-1].test.accuracy == 1


# ---- validation, patience, resume -----------------------------------------------------------------------------------


def test_a_share_is_held_out_and_decides():
    run, moments = trained(MOONS, recipe_for(MOONS, epochs=30, hidden=(8,), validation=0.25))
    assert (run.examples, len(run.validation[0])) == (300, 100)
    assert {m.part for m in moments} == {"validation"}
    losses = [entry["validation_loss"] for entry in run.history]
    assert run.best_epoch == 1 + int(np.argmin(losses))
    from glassnet.train.evaluation import evaluate

    assert evaluate(run.model, run.prepare, *run.validation).loss == pytest.approx(min(losses))


def test_patience_ends_it_and_brings_the_best_back():
    settings = recipe_for(MOONS, epochs=500, hidden=(8,), validation=0.2, patience=3, learning_rate=0.5)
    run, moments = trained(MOONS, settings)
    assert run.stopped == "no better validation_loss for 3 epochs"
    assert moments[-1].epoch < 500
    assert run.best_epoch < moments[-1].epoch


def test_patience_holds_a_tenth_out_where_nothing_was_said():
    assert recipe_for(MOONS, patience=5).validation == 0.1
    assert recipe_for(MOONS, patience=5, validation=0.3).validation == 0.3


def test_the_gap_between_learnt_and_held_out():
    run, _ = trained(MOONS, recipe_for(MOONS, epochs=3, validation=0.2))
    name, learnt, held = run.gap()
    assert name == "accuracy"
    assert 0.5 < learnt <= 1
    assert held == pytest.approx(run.judgement.test.accuracy)


def test_a_stopped_training_goes_on_from_its_folder(tmp_path):
    settings = recipe_for(MOONS, epochs=6, hidden=(8,), dropout=0.2, validation=0.2)
    whole, _ = trained(MOONS, settings)

    class StopAt(Callback):
        def on_batch_end(self, trainer):
            if trainer.step == 37:
                trainer.stop("SIGTERM")

    half = Training(MOONS, settings, checkpoints=str(tmp_path), callbacks=[StopAt()])
    list(half)
    from glassnet.train.checkpoint import Checkpoints

    state = Checkpoints(tmp_path).newest()[1]
    rest = Training(MOONS, settings, resume=state, callbacks=[StopAt()])
    list(rest)
    assert weights(rest) == weights(whole)
    strip = lambda run: [{k: v for k, v in e.items() if k != "seconds"} for e in run.history]  # noqa: E731
    assert strip(rest) == strip(whole)


def test_a_short_training_writes_no_checkpoint(tmp_path):
    list(Training(MOONS, QUICK, checkpoints=str(tmp_path / "none")))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "option",
    [
        {"clip_norm": 1.0}, {"clip_value": 0.1}, {"l1": 1e-4}, {"l2": 1e-4}, {"max_norm": 2.0}, {"accumulate": 3},
        {"ema": 0.9}, {"mixup": 0.2}, {"class_weight": "balanced"},
    ],
    ids=str,
)  # fmt: skip
def test_every_option_learns(option):
    _, moments = trained(MOONS, recipe_for(MOONS, **option))
    assert moments[-1].test.accuracy >= 0.94


def test_a_time_budget_ends_it():
    run, _ = trained(MOONS, recipe_for(MOONS, epochs=100_000, hidden=(4,), time_budget=0.3))
    assert run.stopped == "the time budget of 0.3 s is spent"
    assert 0.3 <= run.seconds < 3
