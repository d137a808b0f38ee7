"""A training that was killed and resumed is, to the last bit, the one that was never interrupted."""

import hashlib
import warnings

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.core.random import get_rng_state
from glassnet.data.dataset import TensorDataset
from glassnet.data.loader import DataLoader
from glassnet.errors import DataError
from glassnet.optim import lr_scheduler
from glassnet.train import saving
from glassnet.train.callbacks import BestWeights, Callback, EarlyStopping, ReduceOnPlateau, StopOnSpike
from glassnet.train.checkpoint import Checkpoints, read_checkpoint, write_checkpoint
from glassnet.train.trainer import Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 6)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
HELD = X[:20], Y[:20]
EPOCHS, SIZE = 3, 16  # four steps an epoch, the last of two examples


def network(norm=False, dropout=0.0):
    layers = [nn.Linear(6, 8), *([nn.BatchNorm1d(8)] if norm else []), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 2)]
    return nn.Sequential(*layers)


class Snapshots(Callback):
    """The state after each step, as a kill at that moment would leave it behind."""

    def __init__(self):
        self.states = []

    def on_batch_end(self, trainer):
        self.states.append(trainer.state_dict())


class Silent(Snapshots):
    """Has the same moments, and keeps nothing; a resumed training must find the callbacks it had."""

    def on_batch_end(self, trainer):
        pass


Silent.__name__ = "Snapshots"


def digest(trainer):
    """One SHA-256 over everything that a training leaves behind, but the clock."""
    h = hashlib.sha256()
    for name, array in trainer.weights().items():
        h.update(name.encode() + array.tobytes())
    _feed(h, trainer.optimizer.state_dict()["state"])
    h.update(get_rng_state().tobytes())
    for figures in trainer.history:
        h.update(repr({k: v for k, v in figures.items() if k != "seconds"}).encode())
    return h.hexdigest()


def _feed(h, value):
    if isinstance(value, dict):
        for key, part in value.items():
            h.update(repr(key).encode())
            _feed(h, part)
    elif isinstance(value, list | tuple):
        for part in value:
            _feed(h, part)
    else:
        h.update(np.asarray(getattr(value, "array", value)).tobytes() if value is not None else b"-")


def started(make, seed=3):
    torch.manual_seed(seed)
    return make()


def check_every_step(make, fit, every=1):
    """Resume after each step of a training and compare its end with that of the unbroken one."""
    trainer = started(make)
    snapshots = Snapshots()
    trainer.callbacks.append(snapshots)
    fit(trainer, None)
    whole = digest(trainer)
    assert len(snapshots.states) >= EPOCHS
    for k, state in list(enumerate(snapshots.states))[::every]:
        resumed = started(make, seed=1000 + k)  # other weights and another stream, until the state is loaded
        resumed.callbacks.append(Silent())
        fit(resumed, state)
        assert digest(resumed) == whole, f"after step {k + 1}"


def fit_arrays(trainer, resume):
    return trainer.fit((X, Y), HELD, EPOCHS, batch_size=SIZE, resume=resume)


OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.01),
    "nadam": lambda p: optim.NAdam(p, lr=0.01),
    "radam": lambda p: optim.RAdam(p, lr=0.01),
    "adamax": lambda p: optim.Adamax(p, lr=0.01),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.02, lr_decay=0.01),
    "adadelta": lambda p: optim.Adadelta(p, lr=1.0),
    "asgd": lambda p: optim.ASGD(p, lr=0.1),
    "rprop": lambda p: optim.Rprop(p, lr=0.01),
    "lbfgs": lambda p: optim.LBFGS(p, lr=0.5, max_iter=3, line_search_fn="strong_wolfe"),
}
SCHEDULES = {
    "constant": {},
    "one-cycle": {"schedule": "one-cycle"},
    "linear after a rise": {"schedule": "linear", "warm_up": 0.2},
    "a function": {"schedule": lambda t: 1 - t / 2},
    "plateau": {"callbacks": [ReduceOnPlateau("loss", patience=1)]},
}
SCHEDULERS = {
    "StepLR": (lambda o: lr_scheduler.StepLR(o, 1, gamma=0.5), "epoch"),
    "CosineAnnealingLR": (lambda o: lr_scheduler.CosineAnnealingLR(o, 12), "step"),
    "CosineAnnealingWarmRestarts": (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5), "step"),
    "OneCycleLR": (lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=13), "step"),
    "CyclicLR": (lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=3), "step"),
    "LambdaLR": (lambda o: lr_scheduler.LambdaLR(o, lambda e: 0.9**e), "step"),
    "PolynomialLR": (lambda o: lr_scheduler.PolynomialLR(o, 12), "step"),
    "ReduceLROnPlateau": (lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0), "epoch"),
    "SequentialLR": (
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, total_iters=4), lr_scheduler.ExponentialLR(o, 0.9)], [4]
        ),
        "step",
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser(name):
    def make():
        model = network(norm=name != "lbfgs", dropout=0.0 if name == "lbfgs" else 0.3)
        return Trainer(model, "cross_entropy", OPTIMIZERS[name](model.parameters()), schedule="cosine")

    check_every_step(make, fit_arrays, every=2)


@pytest.mark.parametrize("optimizer", ["momentum", "adamw"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_by_time(name, optimizer):
    def make():
        model = network(dropout=0.2)
        options = {k: [type(c)("loss", patience=1) for c in v] if k == "callbacks" else v for k, v in
                   SCHEDULES[name].items()}  # fmt: skip
        return Trainer(model, "cross_entropy", OPTIMIZERS[optimizer](model.parameters()), **options)

    check_every_step(make, fit_arrays, every=3)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler(name):
    def make():
        model = network(dropout=0.2)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        scheduler, per = SCHEDULERS[name]
        return Trainer(model, "cross_entropy", optimizer, schedule=scheduler(optimizer), schedule_per=per)

    check_every_step(make, fit_arrays, every=3)


@pytest.mark.parametrize(
    "extras",
    [
        {"clip_norm": 0.5, "l1": 0.001, "l2": 0.01, "max_norm": 1.0},
        {"clip_value": 0.05, "mixup": 0.3, "label_smoothing": 0.1},
        {"accumulate": 3},
        {"ema": 0.9, "class_weight": "balanced"},
        {"swa": 0.7},
        {"nan_guard": True},
        {"accumulate": 2, "ema": 0.9, "mixup": 1.0, "nan_guard": True},
    ],
    ids=lambda extras: "+".join(extras),
)
def test_everything_that_a_step_can_do(extras):
    def make():
        model = network(norm=True, dropout=0.2)
        return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01), metrics=["accuracy"], **extras)

    check_every_step(make, fit_arrays)


def test_callbacks_remember_what_they_waited_for():
    def make():
        model = network(dropout=0.2)
        callbacks = [EarlyStopping(patience=2), StopOnSpike()]
        return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=1.0), callbacks=callbacks)

    check_every_step(
        make, lambda trainer, resume: trainer.fit((X, Y), HELD, 8, batch_size=SIZE, resume=resume), every=3
    )


@pytest.mark.parametrize("own", [False, True])
def test_a_loader_with_the_default_stream_or_its_own(own):
    data = TensorDataset(torch.tensor(X), torch.tensor(Y))

    def make():
        model = network(dropout=0.3)
        return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01))

    def fit(trainer, resume):
        generator = torch.Generator().manual_seed(5) if own else None
        loader = DataLoader(data, batch_size=SIZE, shuffle=True, generator=generator)
        return trainer.fit(loader, HELD, EPOCHS, resume=resume)

    check_every_step(make, fit)


def test_a_data_set_that_draws_for_each_example():
    class Noisy(TensorDataset):
        def __getitem__(self, i):
            x, y = super().__getitem__(i)
            return x + 0.1 * torch.randn(6), y

    data = Noisy(torch.tensor(X), torch.tensor(Y))

    def make():
        model = network(dropout=0.3)
        return Trainer(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01))

    def fit(trainer, resume):
        return trainer.fit(DataLoader(data, batch_size=SIZE, shuffle=True), None, EPOCHS, resume=resume)

    check_every_step(make, fit)


# ---- through files --------------------------------------------------------------------------------------------------


def adam():
    model = network(norm=True, dropout=0.2)
    return Trainer(model, "cross_entropy", optim.AdamW(model.parameters(), lr=0.01), schedule="one-cycle")


def test_a_state_goes_through_a_file(tmp_path):
    trainer = started(adam)
    snapshots = Snapshots()
    trainer.callbacks.append(snapshots)
    fit_arrays(trainer, None)
    path = tmp_path / "state.safetensors"
    write_checkpoint(path, snapshots.states[5])
    resumed = started(adam, seed=9)
    resumed.callbacks.append(Silent())
    fit_arrays(resumed, read_checkpoint(path))
    assert digest(resumed) == digest(trainer)


class StopAt(Callback):
    """Ends a training after so many steps; 0: never."""

    def __init__(self, step):
        self.step = step

    def on_batch_end(self, trainer):
        if trainer.step == self.step:
            trainer.stop("enough")


@pytest.mark.parametrize("extras", [{}, {"swa": 0.9}, {"ema": 0.9}, {"accumulate": 3}], ids=str)
@pytest.mark.parametrize("after", [1, 4, 7, 11])
def test_stopped_and_resumed_from_its_folder(tmp_path, after, extras):
    def fit(step, resume=None):
        def make():
            model = network(norm=True, dropout=0.2)
            optimizer = optim.AdamW(model.parameters(), lr=0.01)
            callbacks = [StopAt(step), BestWeights()]
            return Trainer(
                model, "cross_entropy", optimizer, callbacks=callbacks, checkpoints=Checkpoints(tmp_path), **extras
            )

        trainer = started(make, seed=3 if resume is None else 77)
        fit_arrays(trainer, resume)
        return trainer

    whole = digest(fit(0))
    half = fit(after)
    assert (half.stopped, half.step) == ("enough", after)
    assert digest(half) != whole
    fit(after)
    assert digest(fit(0, resume=tmp_path)) == whole


def test_an_onlooker_who_goes_away_leaves_a_checkpoint(tmp_path):
    trainer = started(adam)
    trainer.checkpoints = Checkpoints(tmp_path)
    for look in trainer.moments((X, Y), HELD, EPOCHS, batch_size=SIZE):
        if look.epoch == 2:
            break
    resumed = started(adam, seed=5)
    fit_arrays(resumed, tmp_path)
    whole = started(adam)
    fit_arrays(whole, None)
    assert digest(resumed) == digest(whole)


def test_an_onlooker_who_spoils_the_weights_and_goes_away_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    monkeypatch.setattr(saving, "_EPOCH_SECONDS", 0.0)
    trainer = started(adam)
    trainer.checkpoints = Checkpoints(tmp_path)
    for look in trainer.moments((X, Y), HELD, EPOCHS, batch_size=SIZE):
        if look.epoch == 2:
            assert np.isnan(trainer.train_on_batch(X[:SIZE] * np.nan, Y[:SIZE]))
            break
    resumed = started(adam, seed=5)
    fit_arrays(resumed, tmp_path)
    whole = started(adam)
    fit_arrays(whole, None)
    assert digest(resumed) == digest(whole)


class EachLoss(Callback):
    """The loss of every epoch, judged or not."""

    def __init__(self):
        self.losses = []

    def on_epoch_end(self, trainer, figures):
        self.losses.append(figures["loss"])


def test_an_epoch_that_was_not_judged_is_compared_by_its_loss(tmp_path, monkeypatch):
    """Of the accuracy that is watched more is better, of the loss that stands in for it less."""
    monkeypatch.setattr(saving, "_EPOCH_SECONDS", 0.0)
    trainer, scores, accuracies = started(adam), [], iter([0.5, 0.75])
    each = EachLoss()
    trainer.callbacks += [BestWeights("validation_accuracy"), each]
    trainer.checkpoints = Checkpoints(tmp_path)
    monkeypatch.setattr(trainer, "save", lambda score, higher_is_better: scores.append((score, higher_is_better)))
    trainer.fit((X, Y), lambda _: {"validation_accuracy": next(accuracies)}, 4, batch_size=SIZE, validate_every=2)
    assert scores == [(each.losses[0], False), (0.5, True), (each.losses[2], False), (0.75, True)]


def test_more_epochs_after_the_last(tmp_path):
    trainer = started(adam)
    trainer.checkpoints = Checkpoints(tmp_path)
    fit_arrays(trainer, None)
    longer = started(adam, seed=8)
    history = longer.fit((X, Y), HELD, EPOCHS + 2, batch_size=SIZE, resume=tmp_path)
    assert [figures["epoch"] for figures in history] == [1, 2, 3, 4, 5]


def test_another_machine_is_reported(tmp_path, monkeypatch):
    trainer = started(adam)
    trainer.checkpoints = Checkpoints(tmp_path)
    fit_arrays(trainer, None)
    state = trainer.checkpoints.newest()[1]
    state["machine"]["blas"] = {**state["machine"]["blas"], "threads": 4096}
    with pytest.warns(saving.ResumeWarning, match="BLAS threads: 4096 then, .* now"):
        started(adam).fit((X, Y), HELD, EPOCHS + 1, batch_size=SIZE, resume=state)
    del state["machine"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        started(adam).fit((X, Y), HELD, EPOCHS + 1, batch_size=SIZE, resume=state)


def _saved():
    trainer = started(adam)
    fit_arrays(trainer, None)
    return trainer.state_dict()


@pytest.mark.parametrize(
    ("make", "data", "size", "message"),
    [
        (
            lambda: nn.Linear(6, 3),
            (X, Y),
            SIZE,
            r"got `0.weight` of shape \(8, 6\); expected nothing, as in this model",
        ),
        (lambda: network(), (X, Y), SIZE, r"got `1.weight` of shape \(8,\); expected nothing, as in this model"),
        (lambda: network(norm=True), (X[:20], Y[:20]), 5, "got a training with examples 50; expected 20, as here"),
        (lambda: network(norm=True), (X, Y), 10, "batches in an epoch 4; expected 5, as here"),
    ],
)
def test_the_state_of_another_training_is_refused(make, data, size, message):
    state, model = _saved(), make()
    trainer = Trainer(model, "cross_entropy", optim.AdamW(model.parameters(), lr=0.01))
    before = trainer.weights()
    with pytest.raises(DataError, match=message):
        trainer.fit(data, None, EPOCHS, batch_size=size, resume=state)
    assert all(np.array_equal(a, b) for a, b in zip(before.values(), trainer.weights().values(), strict=True))


def test_another_optimiser_and_other_callbacks_are_refused():
    state, model = _saved(), network(norm=True)
    with pytest.raises(DataError, match="the optimiser AdamW; expected SGD, as here"):
        Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1)).fit(
            (X, Y), resume=state, batch_size=SIZE
        )
    trainer = adam()
    trainer.callbacks = [EarlyStopping()]
    with pytest.raises(DataError, match="with callbacks none; expected EarlyStopping, as here"):
        trainer.fit((X, Y), HELD, resume=state, batch_size=SIZE)
