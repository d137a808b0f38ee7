"""One step of a training told as it was: the numbers told are those that the training went through."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.errors import ValueRangeError
from glassnet.read.text import symbol_text
from glassnet.train.callbacks import Callback
from glassnet.train.telling import TellStep
from glassnet.train.trainer import Trainer

RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(20, 3)).astype(np.float32), RNG.integers(0, 2, 20)
OPTIMIZERS = {
    "sgd": lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9),
    "adam": lambda ps: optim.Adam(ps, lr=0.05),
}


def trained(teller, optimizer="sgd", **how):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    weights = {}

    class Keep(TellStep):
        def on_batch_end(self, trainer):
            weights[trainer.step] = [p.array.copy() for p in trainer.model.parameters()]

    chosen = OPTIMIZERS[optimizer](model.parameters())
    trainer = Trainer(model, "cross_entropy", chosen, callbacks=[*teller, Keep()], **how)
    history = trainer.fit((X, Y), epochs=3, batch_size=8)
    return weights, history


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("step", [1, 2, 6, 9])
def test_the_weights_that_are_told_are_those_of_the_training(step, optimizer):
    teller = TellStep(step, write=None, grain="scalar")
    weights, _ = trained([teller], optimizer, schedule="cosine")
    assert teller.document.title == f"Step {step}"
    new = {s.symbol.letter + s.symbol.layer: s.result for s in teller.document.steps if s.symbol.new}
    for name, value in zip(("W1", "b1", "W2", "b2"), weights[step], strict=True):
        np.testing.assert_allclose(new[name], value, rtol=2e-5, atol=1e-6)


def test_the_training_is_not_touched():
    alone, history = trained([])
    told, same = trained([TellStep(2, write=None)])
    assert history.entries[-1]["loss"] == same.entries[-1]["loss"]
    for step in alone:
        for p, q in zip(alone[step], told[step], strict=True):
            np.testing.assert_array_equal(p, q)


EXTRAS = {
    "l2": {"l2": 0.01},
    "l1": {"l1": 0.02},
    "clip norm": {"clip_norm": 0.1},
    "short enough": {"clip_norm": 100.0},
    "clip value": {"clip_value": 0.02},
    "max norm": {"max_norm": 0.4},
    "mixup": {"mixup": 0.4},
    "accumulate": {"accumulate": 2},
    "class weight": {"class_weight": "balanced"},
    "smoothing": {"label_smoothing": 0.1},
    "ema": {"ema": 0.9},
    "all": {"l1": 0.01, "l2": 0.01, "clip_norm": 0.1, "clip_value": 0.03, "max_norm": 0.4, "mixup": 0.4, "ema": 0.9,
            "accumulate": 2, "class_weight": "balanced", "label_smoothing": 0.1},
}  # fmt: skip


def told(step=2, optimizer="sgd", grain="scalar", **how):
    teller = TellStep(step, write=None, grain=grain, most=40)
    weights, _ = trained([teller], optimizer, **how)
    return teller.document, weights


def results(document):
    return {symbol_text(s.symbol): s.result for s in document.steps}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("extra", EXTRAS)
def test_whatever_else_a_step_did_is_told_too(extra, optimizer):
    document, weights = told(optimizer=optimizer, **EXTRAS[extra])
    found, shortened = results(document), "max_norm" in EXTRAS[extra]
    for name, value in zip(("W{}⁽¹⁾", "b{}⁽¹⁾", "W{}⁽²⁾", "b{}⁽²⁾"), weights[2], strict=True):
        last = name.format("″" if shortened and name[0] == "W" else "′")
        np.testing.assert_allclose(found[last], value, rtol=1e-4, atol=2e-6)
    assert not document.notes


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_number_follows_from_its_formula(extra):
    document, _ = told(**EXTRAS[extra])
    assert any(symbol_text(line.symbol).startswith("W″" if "max" in extra else "W′") for line in document.equations())
    for line in document.equations():
        assert line.recomputed(9) == pytest.approx(float(line.value), rel=1e-4, abs=2e-6), symbol_text(line.symbol)


def test_a_penalty_is_a_term_of_its_own_with_a_slope_of_its_own():
    document, weights = told(l2=0.01)
    found, before = results(document), weights[1]
    assert found["P"] == pytest.approx(0.01 * sum((w * w).sum() for w in before if w.ndim > 1), rel=1e-5)
    assert found["L"] == pytest.approx(found["E"] + found["P"], rel=1e-6)
    assert "dW⁽²⁾ = 0.02·W⁽²⁾ + dz⁽²⁾ᵀ a⁽¹⁾" in document.text(200)


def test_clipping_tells_the_length_the_factor_and_what_is_left():
    document, _ = told(clip_norm=0.1)
    found = results(document)
    names = ("W⁽¹⁾", "b⁽¹⁾", "W⁽²⁾", "b⁽²⁾")
    length = np.sqrt(sum((found["d" + name] ** 2).sum() for name in names))
    assert found["N"] == pytest.approx(length, rel=1e-5)
    assert found["f"] == pytest.approx(0.1 / length, rel=1e-4)
    for name in names:
        np.testing.assert_allclose(found["c" + name], found["d" + name] * (0.1 / length), rtol=1e-4)
    words = next(s.words for s in document.steps if symbol_text(s.symbol) == "f")
    assert words.endswith("0.1 long together: clipped")


def test_gathered_gradients_are_the_mean_over_all_their_examples():
    first, _ = told(step=1, accumulate=2)
    second, _ = told(step=2, accumulate=2)
    assert first.notes == ["No update yet: the gradients of 2 batches make one; try step 2."]
    assert not [s for s in first.steps if s.part == "update"]
    for name in ("W⁽¹⁾", "b⁽²⁾"):
        mean = (results(first)["d" + name] + results(second)["d" + name]) / 2  # both batches have 8 examples
        np.testing.assert_allclose(results(second)["g" + name], mean, rtol=1e-4, atol=1e-7)


def test_the_last_batch_of_an_epoch_makes_its_update_alone():
    document, _ = told(step=3, accumulate=2)
    np.testing.assert_allclose(results(document)["gW⁽²⁾"], results(document)["dW⁽²⁾"], rtol=1e-6)


def test_the_average_is_told_as_its_update():
    document, weights = told(ema=0.9)
    keep, found = min(3 / 12, 0.9), results(document)
    begun = trained([TellStep(1, write=None)], ema=0.9)[0][1]
    assert found["δ"] == pytest.approx(keep, rel=1e-6)
    line = next(line for line in document.equations() if symbol_text(line.symbol).startswith("eW′⁽¹⁾₁₁"))
    assert line.value == pytest.approx(line.recomputed(9), rel=1e-4)
    assert abs(float(line.value) - weights[2][0][0, 0]) <= abs(begun[0][0, 0] - weights[2][0][0, 0]) + 1e-6


def test_what_no_tape_holds_is_named():
    torch.manual_seed(0)
    model, teller = nn.Linear(3, 2), TellStep(1, write=None)
    optimizer = optim.LBFGS(model.parameters(), max_iter=3)
    trainer = Trainer(model, "cross_entropy", optimizer, callbacks=[teller], l2=0.01, max_norm=0.5)
    trainer.fit((X, Y), epochs=1, batch_size=20)
    assert teller.document.notes == ["Not told here, though the training did it: max norm."]
    assert "P" in results(teller.document)


def test_a_rate_of_zero_is_said():
    document, _ = told(step=1, warm_up=0.5, schedule="cosine")
    assert document.notes == [
        "The rate of this step is 0 as the warm-up begins, so it moves no weight: try a later step, such as 2."
    ]
    assert not told(step=2, warm_up=0.5, schedule="cosine")[0].notes


@pytest.mark.parametrize("grain", ["network", "layer"])
@pytest.mark.parametrize("format", ["terminal", "markdown", "latex", "html", "json"])
def test_all_of_it_shows_in_every_format(grain, format):
    assert "Step 2" in told(grain=grain, **EXTRAS["all"])[0].render(format)


def test_a_step_that_never_comes_is_not_told():
    teller = TellStep(100)
    trained([teller])
    assert teller.document is None
    with pytest.raises(ValueRangeError, match="counted from 1"):
        TellStep(0)


class _Losses(Callback):
    """The loss of every step."""

    def __init__(self):
        self.each, self._before = [], 0.0

    def on_epoch_start(self, trainer):
        self._before = 0.0

    def on_batch_end(self, trainer):
        total = float(trainer.learn.total.array)
        self.each.append(total - self._before)
        self._before = total


@pytest.mark.parametrize("how", [{}, {"mixup": 0.4}, {"accumulate": 2}], ids=str)
@pytest.mark.parametrize("step", range(1, 7))
def test_the_masks_of_dropout_are_those_of_the_very_step(step, how):
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
    x, y = torch.randn(12, 3), torch.randint(0, 2, (12,))
    teller, heard = TellStep(step, write=None), _Losses()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    Trainer(model, "cross_entropy", optimizer, callbacks=[teller, heard], **how).fit((x, y), epochs=2, batch_size=4)
    losses = [s for s in teller.document.steps if s.part == "loss" and not s.shape]
    assert float(losses[-1].result) == pytest.approx(heard.each[step - 1], rel=1e-5)
    assert not any("drawn anew" in note for note in teller.document.notes)


def test_masks_that_cannot_be_drawn_again_are_said_to_be_others():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(12, 3), torch.randint(0, 2, (12,))), batch_size=4, shuffle=True
    )
    teller = TellStep(1, write=None)
    Trainer(model, "cross_entropy", torch.optim.SGD(model.parameters(), lr=0.1), callbacks=[teller]).fit(
        loader, epochs=1
    )
    assert any("drawn anew" in note for note in teller.document.notes)


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_round_of_a_training_is_told(shuffle):
    """Shuffle, cut, update, repeat: where in that round the step stands."""
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    teller = TellStep(5, write=None)
    trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1), callbacks=[teller])
    trainer.fit((X, Y), epochs=3, batch_size=8, shuffle=shuffle)
    place, round_ = teller.document.summary[0].split(". ", 1)
    assert place == "Epoch 2 of 3, batch 2 of 3: 8 examples"
    order = "are shuffled anew for each epoch" if shuffle else "come as they lie"
    assert round_ == (
        f"All examples {order} and are cut into batches; each batch makes one update; then comes the next epoch."
    )


def test_batches_whose_gradients_are_gathered_make_one_update():
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    teller = TellStep(2, write=None)
    rule = optim.SGD(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y)), batch_size=8)
    Trainer(model, "cross_entropy", rule, callbacks=[teller], accumulate=2).fit(loader, epochs=1)
    assert "come as they lie and are cut into batches; every 2 batches make one update" in teller.document.summary[0]
