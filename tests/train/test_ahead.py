"""Working ahead: in order, one piece at most, errors in their place; and batches that are the same as without."""

import threading

import numpy as np
import pytest
from numpy.random import default_rng

from glassnet import nn, optim
from glassnet.core.random import manual_seed
from glassnet.data.augment import Compose, ElasticTransform, RandomAffine, RandomErasing
from glassnet.train.ahead import ahead
from glassnet.train.batches import Batches
from glassnet.train.callbacks import Callback
from glassnet.train.preparation import Preparation
from glassnet.train.trainer import Trainer

IMAGES = default_rng(0).integers(0, 256, (50, 9, 9), np.uint8)
LABELS = np.arange(50)
CHANGES = [RandomAffine(20, (0.1, 0.1)), ElasticTransform(5, 2), RandomErasing()]


def test_results_come_in_order_and_no_more_than_one_ahead():
    begun, seen = [], []

    def work(n):
        begun.append(n)
        return n * n

    for result in ahead(work, range(20)):
        seen.append(result)
        assert len(begun) <= len(seen) + 1
    assert seen == [n * n for n in range(20)]
    assert list(ahead(work, [])) == []


def test_the_next_piece_is_begun_before_this_one_is_given():
    started = {n: threading.Event() for n in range(3)}

    def work(n):
        started[n].set()
        return n

    for n in ahead(work, range(3)):
        assert n == 2 or started[n + 1].wait(30)


def test_an_error_comes_where_its_result_would():
    seen = []
    with pytest.raises(ZeroDivisionError):
        seen.extend(ahead(lambda n: 1 / n, [1, 2, 0, 4]))
    assert seen == [1.0, 0.5]


def test_stopping_early_leaves_no_thread():
    before = threading.active_count()
    pieces = ahead(abs, range(1000))
    assert next(pieces) == 0
    pieces.close()
    assert threading.active_count() == before


def batches(augment):
    manual_seed(3)
    return Batches(IMAGES, LABELS, Preparation.fitted(IMAGES), 16, augment=augment)


def copies(dealt):
    return [(x.array.copy(), y.array.copy()) for x, y in dealt]


def same(one, two):
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])


@pytest.mark.parametrize("spare", [True, False])
def test_batches_made_ahead_are_those_of_one_thread(monkeypatch, spare):
    monkeypatch.setattr("glassnet.train.batches.one_is_spare", lambda: spare)
    together, alone = Compose(CHANGES, seed=7), Compose(CHANGES, seed=7)
    for _ in range(2):
        same(copies(batches(together)), copies(batches(lambda rows: alone(rows))))
        assert together.calls == alone.calls  # a lambda has no numbers: it is called batch by batch


def test_a_pass_left_in_its_middle_has_counted_what_was_dealt():
    augment = Compose(CHANGES, seed=7)
    some = iter(batches(augment))
    next(some), next(some)
    assert augment.calls == 2
    some.close()
    assert augment.calls == 2


class Snapshots(Callback):
    """The state after each step, as a kill at that moment would leave it behind."""

    def __init__(self):
        self.states = []

    def on_batch_end(self, trainer):
        self.states.append(trainer.state_dict())


def fitted(resume=None):
    """Weights after three passes over augmented images, and the states on the way."""
    manual_seed(1)
    model = nn.Linear(81, 50)
    watch = Snapshots()
    trainer = Trainer(model, "cross_entropy", optim.Adam(model.parameters()), callbacks=[watch])
    feed = Batches(IMAGES, LABELS, Preparation.fitted(IMAGES), 16, augment=Compose(CHANGES, seed=7))
    trainer.fit(feed, epochs=3, resume=resume)
    return model.weight.array.copy(), watch.states, feed.augment.calls


def test_a_training_on_augmented_images_goes_on_to_the_last_bit_from_any_step():
    weights, states, calls = fitted()
    assert len(states) == calls == 12
    for state in states[:-1]:
        resumed, _, all_calls = fitted(state)
        np.testing.assert_array_equal(resumed, weights)
        assert all_calls == 12
