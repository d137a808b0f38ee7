"""One step of a training told as it was: the numbers told are those that the training went through."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.errors import ValueRangeError
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


def test_the_text_is_written_and_says_what_it_leaves_out():
    said = []
    trained([TellStep(2, write=said.append, most=2)], clip_norm=0.1, l2=0.01)
    assert said[0].startswith("Step 2\n")
    assert "Not told here, though the training did it: clip norm, l2." in said[0]


def test_a_step_that_never_comes_is_not_told():
    teller = TellStep(100)
    trained([teller])
    assert teller.document is None
    with pytest.raises(ValueRangeError, match="counted from 1"):
        TellStep(0)
