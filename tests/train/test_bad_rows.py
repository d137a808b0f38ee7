"""What spoils a training is found before its first step: numbers that are not finite, labels without an output."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn, optim
from glassnet.errors import DataError
from glassnet.train import bad_rows
from glassnet.train.bad_rows import first_not_finite
from glassnet.train.trainer import Trainer

X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(60, 1)).astype(np.float32)
ARRAYS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3, max_side=8), elements=st.floats(width=32))


@given(ARRAYS)
def test_the_first_one_is_found(array):
    wrong = np.argwhere(~np.isfinite(array)).tolist()
    assert first_not_finite(array) == (tuple(wrong[0]) if wrong else None)


def test_rows_are_looked_at_in_blocks(monkeypatch):
    monkeypatch.setattr(bad_rows, "_ROWS", 12)
    x = X.copy()
    x[41, 2] = np.inf
    assert first_not_finite(x) == (41, 2)
    assert first_not_finite(np.full((9, 2), 3e38, np.float32)) is None  # only their sum is infinite
    assert first_not_finite(np.zeros((0, 2), np.float32)) is None
    assert first_not_finite(np.arange(3)) is None


def fit(x, y, validation=None, loss="mse", model=None):
    model = model or nn.Sequential(nn.Linear(3, 1))
    trainer = Trainer(model, loss, optim.SGD(model.parameters(), lr=0.01))
    return trainer, lambda: trainer.fit((x, y), validation, epochs=1)


def spoilt(array, value, row=7):
    other = array.copy()
    other[row, -1] = value
    return other


@pytest.mark.parametrize(
    ("x", "y", "validation", "said"),
    [
        (spoilt(X, np.nan), Y, None, "got nan in row 7, column 2 of the examples to learn from"),
        (spoilt(X, -np.inf), Y, None, "got -inf in row 7, column 2 of the examples to learn from"),
        (X, spoilt(Y, np.nan), None, "got nan in row 7, column 0 of the targets to learn from"),
        (X, Y, (spoilt(X, np.nan, 59), Y), "got nan in row 59, column 2 of the examples to validate on"),
        (X, Y, (X, spoilt(Y, np.inf)), "got inf in row 7, column 0 of the targets to validate on"),
    ],
)
def test_row_and_column_are_named_before_anything_is_learnt(x, y, validation, said):
    trainer, go = fit(x, y, validation)
    before = trainer.weights()
    with pytest.raises(DataError, match=said):
        go()
    assert trainer.step == 0
    assert all(np.array_equal(before[name], array) for name, array in trainer.weights().items())


class Filled(nn.Module):
    """A model for missing values."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x):
        return self.linear(torch.where(x == x, x, torch.zeros_like(x)))


def known_only(scores, y):
    """A loss for missing targets."""
    known = y == y
    return (torch.where(known, scores - y, torch.zeros_like(y)) ** 2).sum() / known.float().sum().clamp(min=1.0)


def test_who_leaves_missing_values_out_may_have_them():
    assert np.isfinite(fit(spoilt(X, np.nan), Y, model=Filled())[1]().last["loss"])
    assert np.isfinite(fit(X, spoilt(Y, np.nan), loss=known_only)[1]().last["loss"])
    with pytest.raises(DataError, match="row 7"):
        fit(spoilt(X, np.inf), Y, model=Filled())[1]()


def classify(y, loss="cross_entropy", validation=None):
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 3))
    trainer = Trainer(model, loss, optim.SGD(model.parameters(), lr=0.01))
    return trainer, lambda: trainer.fit((X, y), validation, epochs=1, batch_size=10)


@pytest.mark.parametrize(
    ("label", "row", "said"),
    [
        (3, 59, r"got label 3 in row 59 of the targets to learn from; expected 0 to 2, one for each output. Try a last "
         "layer with 4 outputs"),
        (-1, 0, r"got label -1 in row 0 of the targets to learn from; expected 0 to 2, .* Try y - y.min\(\)"),
    ],
)  # fmt: skip
def test_a_label_without_an_output_is_named_before_anything_is_learnt(label, row, said):
    y = np.arange(60) % 3
    y[row] = label
    trainer, go = classify(y)
    with pytest.raises(DataError, match=said):
        go()
    assert trainer.step == 0
    with pytest.raises(DataError, match=f"got label {label} in row {row} of the targets to validate on"):
        classify(np.arange(60) % 3, validation=(X, y))[1]()


def test_labels_that_are_right_or_ignored_change_nothing():
    y = np.arange(60) % 3
    y[5] = -100
    torch.manual_seed(0)
    trainer, go = classify(y)
    state = torch.get_rng_state()
    go()
    after = torch.get_rng_state()
    assert trainer.step == 6
    torch.manual_seed(0)
    trainer, go = classify(y, loss=nn.functional.cross_entropy)  # which is not looked at beforehand
    assert torch.equal(torch.get_rng_state(), state)
    go()
    assert torch.equal(torch.get_rng_state(), after)
    assert classify(y, loss=nn.CrossEntropyLoss(ignore_index=-100))[1]()
