"""Whether examples are the same, found out in a moment however many they are."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn, optim
from glassnet.data.dataset import TensorDataset
from glassnet.data.loader import DataLoader
from glassnet.errors import DataError
from glassnet.train import fingerprint as module
from glassnet.train.callbacks import Callback
from glassnet.train.checkpoint import write_checkpoint
from glassnet.train.fingerprint import fingerprint
from glassnet.train.saving import ResumeWarning
from glassnet.train.trainer import Trainer

X = np.random.default_rng(3).normal(size=(60, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
NUMBERS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, max_side=9))


@given(NUMBERS, st.data())
def test_any_changed_number_is_seen(array, data):
    place = tuple(data.draw(st.integers(0, side - 1)) for side in array.shape)
    other = array.copy()
    other[place] ^= data.draw(st.integers(1, 255))
    assert fingerprint([array]) == fingerprint([array.copy()])
    assert fingerprint([array]) != fingerprint([other])


@given(NUMBERS)
def test_shape_type_and_the_array_it_is_in_count(array):
    prints = {fingerprint([array]), fingerprint([array, array]), fingerprint([array.astype(np.int16)])}
    prints.add(fingerprint([array[None]]))
    assert len(prints) == 4


def test_memory_that_lies_in_another_order_holds_the_same():
    array = np.arange(600.0).reshape(20, 30)
    assert fingerprint([np.asfortranarray(array)]) == fingerprint([np.asfortranarray(array).copy(order="F")])
    assert fingerprint([array[:, ::2]]) == fingerprint([array[:, ::2].copy()])


def test_of_a_large_array_both_ends_and_pieces_between_are_looked_at(monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 16)
    monkeypatch.setattr(module, "_PIECES", 5)
    array = np.arange(1000) % 251
    data = array.astype(np.uint8)
    seen = {place for place in range(1000) if fingerprint([data]) != fingerprint([_with(data, place)])}
    assert seen >= {*range(16), *range(984, 1000)}
    assert len(seen) == 5 * 16
    assert fingerprint([data]) != fingerprint([data[:-1]])


def _with(data, place):
    other = data.copy()
    other[place] += 1
    return other


# ---- in a training that goes on -------------------------------------------------------------------------------------


def trainer():
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
    return Trainer(model, "cross_entropy", optim.Adam(model.parameters()))


def state_after(train, validation=None):
    made = trainer()
    made.fit(train, validation, epochs=2, batch_size=20)
    return made.state_dict()


@pytest.mark.parametrize(
    ("train", "validation", "words"),
    [
        ((X + np.float32(0.5), Y), (X, Y), "examples to learn from"),
        ((X, 1 - Y), (X, Y), "examples to learn from"),
        ((X, Y, np.linspace(1, 2, 60)), (X, Y), "examples to learn from"),
        ((X[::-1], Y[::-1]), (X, Y), "examples to learn from"),
        ((X, Y), (X, 1 - Y), "validation examples"),
    ],
)
def test_other_data_are_refused_before_anything_changes(train, validation, words):
    state, made = state_after((X, Y), (X, Y)), trainer()
    before = made.weights()
    with pytest.raises(DataError, match=rf"resume: got other {words} than at the checkpoint \(fingerprint"):
        made.fit(train, validation, epochs=3, batch_size=20, resume=state)
    assert all(np.array_equal(before[name], array) for name, array in made.weights().items())


def test_the_same_data_go_on_in_whatever_form_they_come():
    state = state_after((X, Y), (X, Y))
    pair = TensorDataset(torch.tensor(X), torch.tensor(Y))
    assert len(trainer().fit(pair, pair, epochs=3, batch_size=20, resume=state)) == 3


def test_a_loader_is_known_by_its_tensors():
    def loader(x):
        return DataLoader(TensorDataset(torch.tensor(x), torch.tensor(Y)), batch_size=20, shuffle=True)

    state = state_after(loader(X))
    assert len(trainer().fit(loader(X), epochs=3, resume=state)) == 3
    with pytest.raises(DataError, match="other examples to learn from"):
        trainer().fit(loader(X * 2), epochs=3, resume=state)


def test_data_that_nobody_can_look_through_are_known_by_their_first_batch():
    batches = [(X[:30], Y[:30]), (X[30:], Y[30:])]
    state = state_after(batches)
    assert len(trainer().fit(batches, epochs=3, resume=state)) == 3
    with pytest.warns(ResumeWarning, match="got another first batch than the epoch of the checkpoint began with"):
        assert len(trainer().fit([(X[:30] * 2, Y[:30]), batches[1]], epochs=3, resume=state)) == 3


class Drawn(torch.utils.data.Dataset):
    """Examples with noise from the default stream, or from one of their own."""

    def __init__(self, own=None):
        self.own = own

    def __len__(self):
        return 60

    def __getitem__(self, i):
        noise = torch.randn(4) if self.own is None else torch.tensor(self.own.normal(size=4).astype(np.float32))
        return torch.tensor(X[i]) + noise, torch.tensor(int(Y[i]))


@pytest.mark.parametrize("after", [1, 3, 4])
def test_examples_that_are_drawn_come_again_unless_their_stream_is_unknown(tmp_path, after):
    def loader(own=None):
        return DataLoader(Drawn(own), batch_size=20, shuffle=True)

    def stopped(own=None):
        made = trainer()
        made.callbacks.append(StopAt(after))
        made.fit(loader(own), epochs=3)
        path = tmp_path / "state.safetensors"
        write_checkpoint(path, made.state_dict())
        return path

    def going_on():
        made = trainer()
        made.callbacks.append(StopAt(0))
        return made

    path, stream = stopped(), torch.get_rng_state()
    ready = going_on()
    ready.fit(loader(), epochs=3, resume=path)
    assert ready.step == 9
    assert not torch.equal(torch.get_rng_state(), stream)
    path = stopped(np.random.default_rng(1))
    with pytest.warns(ResumeWarning, match="a data set with random numbers of its own"):
        going_on().fit(loader(np.random.default_rng(1)), epochs=3, resume=path)


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_batch_end(self, trainer):
        if trainer.step == self.step:
            trainer.stop("enough")


def test_a_checkpoint_of_before_has_no_fingerprint():
    state = {name: part for name, part in state_after((X, Y)).items() if name != "data"}
    assert len(trainer().fit((X * 2, Y), epochs=3, batch_size=20, resume=state)) == 3
