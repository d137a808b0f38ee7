"""The Trainer: its loop against one written by hand, its moments, its ways of ending, its forms of data."""

import os
import re
import signal
import warnings

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.data.dataset import TensorDataset
from glassnet.data.datasets import load_dataset
from glassnet.data.loader import DataLoader
from glassnet.errors import DataError, NonFiniteError, NotSupportedError, ShapeError, ValueRangeError
from glassnet.nn import functional as F
from glassnet.train.callbacks import BestWeights, Callback, EarlyStopping, ReduceOnPlateau, StopOnSpike, Watch
from glassnet.train.checkpoint import Checkpoints
from glassnet.train.pitfalls import PitfallWarning
from glassnet.train.trainer import Trainer

RNG = np.random.default_rng(1)
X = RNG.normal(size=(60, 4)).astype(np.float32)
Y = (X[:, 0] + 0.3 * X[:, 1] ** 2 > 0).astype(np.int64)
XV = RNG.normal(size=(40, 4)).astype(np.float32)
YV = (XV[:, 0] + 0.3 * XV[:, 1] ** 2 > 0).astype(np.int64)


def network(seed=0, *, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 2))


def trainer_of(model=None, rate=0.1, **options):
    model = model or network()
    return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=rate, momentum=0.9), **options)


def numbers(model):
    return [p.array.copy() for p in model.parameters()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


# ---- the loop -------------------------------------------------------------------------------------------------------


def test_it_is_the_loop_that_one_would_write_by_hand():
    trainer = trainer_of(network(3))
    torch.manual_seed(7)
    history = trainer.fit((X, Y), epochs=3, batch_size=16)

    model = network(3)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    torch.manual_seed(7)
    means = []
    for _ in range(3):
        losses = []
        for places in torch.randperm(60).split(16):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(torch.tensor(X)[places]), torch.tensor(Y)[places])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        means.append(np.mean(losses))
    for mine, plain in zip(trainer.model.parameters(), model.parameters(), strict=True):
        np.testing.assert_allclose(mine.array, plain.array, rtol=1e-5, atol=1e-6)
    assert history["loss"] == pytest.approx(means, rel=1e-5)


def test_all_steps_but_the_first_are_replayed():
    trainer = trainer_of()
    trainer.fit((X, Y), (XV, YV), epochs=5, batch_size=16)
    (program,) = trainer.learn.programs
    assert program.compiled.obstacle is None
    assert program.compiled.replays >= 19


def test_a_loss_that_cannot_be_replayed_runs_op_by_op():
    def loss(scores, y):
        if float(scores.sum()) > 1e9:  # a look at a number: nobody could replay that
            return scores.sum()
        return F.cross_entropy(scores, y)

    model = network()
    trainer = Trainer(model, loss, optim.SGD(model.parameters(), lr=0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = trainer.fit((X, Y), epochs=10, batch_size=16)
    assert history["loss"][-1] < history["loss"][0]


class Log(Callback):
    def __init__(self):
        self.heard = []

    def on_fit_start(self, trainer):
        self.heard.append("start")

    def on_epoch_start(self, trainer):
        self.heard.append(f"epoch {trainer.epoch}")

    def on_batch_end(self, trainer):
        assert trainer.scores.shape[0] == trainer.batch[0].shape[0]
        self.heard.append(f"batch {trainer.step}")

    def on_validation_end(self, trainer, figures):
        assert figures["validation_loss"] > 0
        self.heard.append("judged")

    def on_epoch_end(self, trainer, figures):
        figures["mine"] = trainer.epoch * 10
        self.heard.append("end")

    def on_fit_end(self, trainer):
        self.heard.append("over")


def test_the_moments_come_in_order_and_may_add_figures():
    log = Log()
    history = trainer_of(callbacks=[log]).fit((X, Y), (XV, YV), epochs=2, batch_size=30)
    one, two = ["epoch 1", "batch 1", "batch 2", "judged", "end"], ["epoch 2", "batch 3", "batch 4", "judged", "end"]
    assert log.heard == ["start", *one, *two, "over"]
    assert history["mine"] == [10, 20]


def test_the_same_seed_gives_the_same_bits_however_often_one_looks(monkeypatch):
    def run():
        trainer = trainer_of(network(5, dropout=0.3))
        torch.manual_seed(5)
        history = trainer.fit((X, Y), (XV, YV), epochs=3, batch_size=16)
        return numbers(trainer.model), history["loss"]

    first = run()
    monkeypatch.setattr("glassnet.train.trainer._LOOK_SECONDS", 0.0)
    second = run()
    assert same(first[0], second[0])
    assert first[1] == second[1]


def test_fit_again_starts_a_new_history_with_the_weights_that_are_there():
    trainer = trainer_of()
    first = trainer.fit((X, Y), epochs=5, batch_size=16)
    second = trainer.fit((X, Y), epochs=2, batch_size=16)
    assert [len(first), len(second)] == [5, 2]
    assert second["loss"][0] < first["loss"][0]
    assert second["epoch"] == [1, 2]


def test_judged_now_and_then():
    history = trainer_of().fit((X, Y), (XV, YV), epochs=7, validate_every=3)
    assert history["epoch"] == [3, 6, 7]


# ---- forms of data --------------------------------------------------------------------------------------------------


def forms():
    tensors = torch.tensor(X), torch.tensor(Y)
    return {
        "arrays": (X, Y),
        "lists of arrays": [X, Y],
        "tensors": tensors,
        "float64": (X.astype(np.float64), Y),
        "TensorDataset": TensorDataset(*tensors),
        "loader": DataLoader(TensorDataset(*tensors), batch_size=16, shuffle=True),
        "list of batches": [(X[i : i + 16], Y[i : i + 16]) for i in range(0, 60, 16)],
    }


@pytest.mark.parametrize("name", forms())
def test_every_form_of_data_is_learnt_from_and_judged_by(name):
    trainer = trainer_of(metrics=["accuracy"])
    data = forms()[name]
    history = trainer.fit(data, data, epochs=30, batch_size=16)
    assert history.last["validation_accuracy"] > 0.9
    assert trainer.steps_per_epoch == 4


def test_a_data_set_brings_its_preparation():
    data = load_dataset("moons")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01), metrics=["accuracy"])
    history = trainer.fit(data, data, epochs=40)
    assert history.last["validation_accuracy"] > 0.93
    assert trainer.predict(data.x_test).shape == (100, 2)
    raw = trainer.evaluate((data.x_test, data.y_test))
    assert raw["accuracy"] == history.last["validation_accuracy"]


def test_bytes_without_a_preparation_are_numbers():
    x = RNG.integers(0, 255, (30, 4), dtype=np.uint8)
    trainer = trainer_of(rate=1e-4)
    with pytest.warns(PitfallWarning, match="got inputs from 0 to"):
        trainer.fit((x, Y[:30]), epochs=1)
    assert trainer.batch[0].array.dtype == np.float32
    assert trainer.batch[0].array.max() > 200


def test_a_share_is_held_out_evenly():
    trainer = trainer_of(metrics=["accuracy"])
    trainer.fit((X, Y), 0.25, epochs=1)
    x, y = trainer._validation
    assert trainer.feed.examples + len(x) == 60
    assert abs(y.mean() - Y.mean()) < 0.05


def test_validation_by_a_function():
    history = trainer_of().fit((X, Y), lambda trainer: {"spread": float(trainer.predict(XV).std())}, epochs=2)
    assert len(history["spread"]) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X, Y[:50]), "got 60 examples and 50 targets; expected equally many"),
        ((X[:0], Y[:0]), "expected equally many of each, at least one"),
        ("moons", "got str to learn from"),
        (iter([(X, Y)]), "which can be run through only once"),
        ((np.array([["a"]]), Y[:1]), "expected numbers"),
        ([(X, Y, Y, Y)], r"expected \(x, y\) or \(x, y, weights\)"),
    ],
)
def test_data_that_cannot_be_learnt_from(data, message):
    with pytest.raises(DataError, match=message):
        trainer_of().fit(data, epochs=1)


def test_a_loader_without_a_length():
    class Stream:
        def __iter__(self):
            return iter([(X[:30], Y[:30]), (X[30:], Y[30:])])

    history = trainer_of().fit(Stream(), epochs=2)
    assert len(history) == 2
    with pytest.raises(DataError, match="a schedule by time for a loader without a length"):
        trainer_of(schedule="cosine").fit(Stream(), epochs=2)


# ---- asked by itself ------------------------------------------------------------------------------------------------


def test_evaluate_and_predict_leave_the_model_as_it_was():
    trainer = trainer_of(network(dropout=0.5), metrics={"right": lambda s, y: float((s.argmax(1) == y).mean())})
    trainer.model.train()
    first, second = trainer.evaluate((XV, YV)), trainer.evaluate((XV, YV))
    assert first == second
    assert trainer.model.training
    assert set(first) == {"loss", "right"}
    model = trainer.model.eval()
    expected = F.cross_entropy(model(torch.tensor(XV)), torch.tensor(YV)).item()
    assert first["loss"] == pytest.approx(expected, rel=1e-6)
    assert np.allclose(trainer.predict(XV), model(torch.tensor(XV)).detach().array)


def test_train_on_batch_gives_the_loss_before_the_update():
    trainer = trainer_of()
    expected = F.cross_entropy(trainer.model(torch.tensor(X)), torch.tensor(Y)).item()
    assert trainer.train_on_batch(X, Y) == pytest.approx(expected, rel=1e-6)
    losses = [trainer.train_on_batch(X, Y) for _ in range(20)]
    assert losses[-1] < losses[0] < expected
    assert trainer.step == 21


def test_evaluation_with_weights_is_a_weighted_mean():
    trainer = trainer_of()
    weights = np.r_[np.ones(20), np.zeros(20)]
    assert trainer.evaluate((XV, YV, weights))["loss"] == pytest.approx(trainer.evaluate((XV[:20], YV[:20]))["loss"])


# ---- ways of ending -------------------------------------------------------------------------------------------------


class BreakOff(Callback):
    """Ends a training after the third epoch in one of the ways in which trainings end."""

    def __init__(self, way):
        self.way = way

    def on_batch_end(self, trainer):
        if trainer.epoch < 4:
            return
        if self.way == "SIGINT":
            signal.raise_signal(signal.SIGINT)
        elif self.way == "SIGTERM":
            signal.raise_signal(signal.SIGTERM)
        elif self.way == "stop":
            trainer.stop("enough")
        elif self.way == "nan":
            for p in trainer.model.parameters():
                p.array[...] = np.nan
        elif self.way == "error":
            raise RuntimeError("a bug of the user's")


@pytest.mark.parametrize("way", ["epochs done", "patience", "stop", "SIGINT", "SIGTERM", "nan", "error", "budget"])
def test_the_best_weights_come_back_in_every_way_of_ending(way, tmp_path, monkeypatch):
    class Keep(Callback):
        def __init__(self):
            self.of_epoch = {}

        def on_validation_end(self, trainer, figures):
            self.of_epoch[trainer.epoch] = (figures["validation_loss"], numbers(trainer.model))

    keep, best = Keep(), EarlyStopping(patience=3) if way == "patience" else BestWeights()
    extras = {"time_budget": 0.01} if way == "budget" else {}
    if way == "budget":
        monkeypatch.setattr("glassnet.train.trainer._LOOK_SECONDS", 0.0)
    # a rate so large that the best epoch is not the last
    trainer = trainer_of(rate=1.5, callbacks=[keep, best, BreakOff(way)], checkpoints=Checkpoints(tmp_path), **extras)
    epochs = 6 if way != "patience" else 500
    expected = {"SIGINT": KeyboardInterrupt, "SIGTERM": SystemExit, "nan": NonFiniteError, "error": RuntimeError}
    if way in expected:
        with pytest.raises(expected[way]):
            trainer.fit((X, Y), (XV, YV), epochs=epochs, batch_size=10)
    else:
        trainer.fit((X, Y), (XV, YV), epochs=epochs, batch_size=10)
    if way == "budget" and not keep.of_epoch:
        return  # a slow machine did not finish an epoch in that time
    epoch = min(keep.of_epoch, key=lambda e: keep.of_epoch[e][0])
    assert best.best_epoch == epoch
    assert same(numbers(trainer.model), keep.of_epoch[epoch][1])
    reasons = {"stop": "enough", "SIGINT": "interrupted", "SIGTERM": "interrupted", "epochs done": None}
    if way in reasons:
        assert trainer.history.stopped == reasons[way]
        assert trainer.checkpoints.newest()[1]["progress"]["step"] == trainer.step


def test_a_loss_that_is_no_number_gives_the_last_finite_weights_back():
    model = network()
    before = numbers(model)
    with pytest.raises(ValueRangeError, match=r"not a number by step 6, in epoch 1, at learning rate .* Try a rate of"):
        trainer_of(model, rate=1e38).fit((X, Y), epochs=3, batch_size=10)
    assert same(numbers(model), before)


def test_the_nan_guard_names_the_culprit():
    x = X.copy()
    x[3, 2] = np.nan
    model = network()
    before = numbers(model)
    with pytest.raises(NonFiniteError) as caught:
        trainer_of(model, nan_guard=True).fit([(x, Y)], epochs=1)  # batches, which nobody looks through beforehand
    assert caught.value.birth is not None
    assert same(numbers(model), before)


def test_a_score_that_is_no_number_is_an_error_and_not_class_0():
    model = network()
    with pytest.raises(NonFiniteError, match="for example 1; expected finite numbers"):
        trainer_of(model).evaluate((np.array([[0.0] * 4, [np.inf, -np.inf, 0, 0]], np.float32), np.array([0, 0])))


def test_stopping_by_the_time_budget():
    history = trainer_of(time_budget=0.2).fit((X, Y), epochs=10_000_000, batch_size=10)
    assert history.stopped == "the time budget of 0.2 s is spent"
    assert 0.2 <= history.seconds < 5


def test_patience_counts_epochs_without_a_better_figure():
    losses = iter([1.0, 0.5, 0.6, 0.49, 0.52, 0.47, 0.3])
    stopping = EarlyStopping("validation_loss", patience=3, min_delta=0.05)
    history = trainer_of(callbacks=[stopping]).fit((X, Y), lambda trainer: {"validation_loss": next(losses)}, epochs=7)
    assert len(history) == 5  # 0.49 is no better than 0.5 by 0.05
    assert (stopping.best, stopping.best_epoch) == (0.5, 2)
    assert history.stopped == "no better validation_loss for 3 epochs"


def test_patience_does_not_count_the_epochs_before_it_starts():
    losses = iter([0.1, 1.0, 0.9, 0.95, 0.95])
    stopping = EarlyStopping("validation_loss", patience=2, start_from=3)
    history = trainer_of(callbacks=[stopping]).fit((X, Y), lambda trainer: {"validation_loss": next(losses)}, epochs=5)
    assert (len(history), stopping.best_epoch) == (5, 3)


def test_a_plateau_cuts_the_rate_on_top_of_the_schedule():
    losses = iter([1.0, 1.0, 1.0, 1.0, 0.5, 0.5])
    plateau = ReduceOnPlateau(patience=2, factor=0.1)
    trainer = trainer_of(callbacks=[plateau], schedule="linear")
    history = trainer.fit((X, Y), lambda trainer: {"validation_loss": next(losses)}, epochs=6, batch_size=60)
    shares = [1, 5 / 6, 4 / 6, 0.1 * 3 / 6, 0.1 * 2 / 6, 0.1 * 1 / 6]
    assert history["rate"] == pytest.approx([0.1 * share for share in shares])


def test_after_a_cut_the_plateau_rests_before_it_counts_again():
    plateau = ReduceOnPlateau(patience=1, factor=0.5, cooldown=2)
    trainer = trainer_of(callbacks=[plateau])
    history = trainer.fit((X, Y), lambda trainer: {"validation_loss": 1.0}, epochs=8, batch_size=60)
    shares = [1, 1, 1 / 2, 1 / 2, 1 / 2, 1 / 4, 1 / 4, 1 / 4]  # cut after epochs 2, 5 and 8; two of rest after each
    assert history["rate"] == pytest.approx([0.1 * share for share in shares])
    assert plateau.share == 1 / 8


def test_a_spike_stops_it():
    losses = iter([1.0, 0.5, 0.6, 5.1])

    class Pretend(Callback):
        def on_epoch_end(self, trainer, figures):
            figures["loss"] = next(losses)

    history = trainer_of(callbacks=[Pretend(), StopOnSpike(factor=10)]).fit((X, Y), epochs=9)
    assert history.stopped == "loss rose from 0.5 to 5.1; a smaller learning rate may help"
    assert len(history) == 4


def test_the_figure_to_watch_must_be_there():
    with pytest.raises(DataError, match=r"got monitor='validation_loss'; expected one of loss, rate. Try fit"):
        trainer_of(callbacks=[EarlyStopping()]).fit((X, Y), epochs=1)


@pytest.mark.parametrize(
    ("name", "rising"),
    [("validation_accuracy", True), ("loss", False), ("rmse", False), ("validation_r2", True), ("roc_auc", True)],
)
def test_which_way_is_up_is_known_from_the_name(name, rising):
    watch = Watch(name)
    assert [watch.better(v) for v in (0.5, 0.6, float("nan"))] == [True, rising, False]


# ---- options that are refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip_norm": 0.0}, "got clip_norm=0.0; expected above 0, or None. Try clip_norm=1.0."),
        ({"l2": -1.0}, "got l2=-1.0; expected 0 or more"),
        ({"accumulate": 0}, "got accumulate=0; expected 1 or more batches"),
        ({"schedule": "cosin"}, "got schedule='cosin'; expected one of constant, linear"),
        ({"warm_up": 1.0}, "got warm_up=1.0; expected a share of the steps"),
        ({"schedule_per": "batch"}, "expected epoch or step"),
        ({"metrics": ["acuracy"]}, "got the metric 'acuracy'; .* Try accuracy."),
        ({"ema": 1.0}, "got decay=1.0; expected at least 0 and below 1"),
    ],
)
def test_options_outside_their_range(options, message):
    with pytest.raises(ValueRangeError, match=message):
        trainer_of(**options)


def test_names_of_losses():
    model = network()
    with pytest.raises(ValueRangeError, match="got the loss 'crossentropy'; expected a function, a module or one of"):
        Trainer(model, "crossentropy", optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(ValueRangeError, match=r"got label_smoothing=0\.1 with MSELoss"):
        Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1), label_smoothing=0.1)


def test_a_search_along_a_line_takes_the_bare_step():
    model = network()
    with pytest.raises(NotSupportedError, match="got clip_norm, accumulate with LBFGS"):
        Trainer(model, "mse", optim.LBFGS(model.parameters()), clip_norm=1.0, accumulate=2)


def test_a_target_that_would_be_broadcast_is_refused():
    model = nn.Linear(4, 1)
    with pytest.raises((ShapeError, UserWarning)):
        Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1)).fit((X, X[:, 0]), epochs=1)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="only POSIX systems can time a signal inside the process")
def test_a_signal_at_any_moment_is_heeded_within_a_step(tmp_path):
    """SIGTERM after a random time: the training can be resumed, and ends as it would have ended."""
    before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        for i in range(8):
            trainer = trainer_of(network(2), checkpoints=Checkpoints(tmp_path / str(i)))
            torch.manual_seed(2)
            signal.setitimer(signal.ITIMER_REAL, 0.02 + 0.011 * i)
            with pytest.raises(SystemExit) as ended:
                trainer.fit((X, Y), (XV, YV), epochs=1_000_000, batch_size=10)
            assert ended.value.code == 143
            state = trainer.checkpoints.newest()[1]
            assert state["progress"]["step"] == trainer.step
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_metric_that_was_written_for_tensors_is_told_what_it_gets():
    def share(scores, y):
        return (scores.argmax(1) == y).float().mean()

    def by_tensors(scores, y):
        return (torch.from_numpy(scores).argmax(1) == torch.from_numpy(y)).float().mean()

    with pytest.raises(DataError, match=r"metric `share`: .* Try torch.from_numpy\(scores\)"):
        trainer_of(metrics=[share]).fit((X, Y), (X, Y), epochs=1)
    last = trainer_of(metrics=[by_tensors, "accuracy"]).fit((X, Y), (X, Y), epochs=1).last
    assert last["validation_by_tensors"] == pytest.approx(last["validation_accuracy"])


@pytest.mark.parametrize("swa", [-0.1, 3])
def test_a_share_of_epochs_is_one(swa):
    with pytest.raises(ValueRangeError, match=rf"got swa={swa}; expected a share of the epochs, 0 to 1"):
        trainer_of(swa=swa)


@pytest.mark.parametrize(
    ("monitor", "validation", "hint"),
    [
        ("validation_los", (X, Y), "Try monitor='validation_loss'"),
        ("validation_loss", None, "Try fit(..., validation=(x, y))"),
        ("rte", None, "Try monitor='rate'"),
    ],
)
def test_a_monitor_that_is_not_there_is_answered_by_the_nearest(monitor, validation, hint):
    with pytest.raises(DataError, match=re.escape(hint)):
        trainer_of(callbacks=[EarlyStopping(monitor)]).fit((X, Y), validation, epochs=1)


def test_the_average_is_of_the_last_epochs_alone_and_batch_norm_fits_it():
    """With swa=0.5 of six epochs the weights after the fourth, fifth and sixth are averaged, each once."""

    class Seen(Callback):
        def __init__(self):
            self.after = []

        def on_epoch_end(self, trainer, figures):
            self.after.append(trainer.weights())

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2))
    seen = Seen()
    trainer = trainer_of(model, swa=0.5, callbacks=[seen])
    trainer.fit((X, Y), epochs=6, batch_size=20, shuffle=False)
    for name in ("0.weight", "1.weight", "3.bias"):
        mean = np.mean([weights[name] for weights in seen.after[3:]], axis=0)
        np.testing.assert_allclose(trainer.weights()[name], mean, rtol=2e-6, atol=1e-7)
    hidden = X @ trainer.weights()["0.weight"].T + trainer.weights()["0.bias"]
    means = [hidden[start : start + 20].mean(axis=0) for start in (0, 20, 40)]
    np.testing.assert_allclose(trainer.weights()["1.running_mean"], np.mean(means, axis=0), rtol=1e-5, atol=1e-6)
