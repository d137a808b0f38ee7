"""Bags of an embedding against sums by hand, with offsets that change in a recorded step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.nn import functional as F

TABLE = np.random.default_rng(0).normal(size=(7, 3))


def by_hand(numbers, offsets, mode, padding=None, weights=None):
    ends = [*offsets[1:], len(numbers)]
    rows = []
    for start, end in zip(offsets, ends, strict=True):
        kept = [i for i in range(start, end) if numbers[i] != padding]
        bag = np.array([TABLE[numbers[i]] * (1 if weights is None else weights[i]) for i in kept]).reshape(-1, 3)
        rows.append(getattr(bag, mode)(0) if len(bag) else np.zeros(3))
    return np.array(rows).reshape(-1, 3)


@st.composite
def bags(draw):
    lengths = draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
    numbers = [draw(st.integers(0, 6)) for _ in range(sum(lengths))]
    return numbers, np.cumsum([0, *lengths])[:-1].tolist()


@settings(max_examples=80, deadline=None)
@given(bags(), st.sampled_from(["sum", "mean", "max"]), st.sampled_from([None, 0, 3]))
def test_each_bag_is_what_its_rows_come_to(bag, mode, padding):
    numbers, offsets = bag
    numbers_, offsets_ = (torch.tensor(v, dtype=torch.int64) for v in (numbers, offsets))
    found = F.embedding_bag(numbers_, torch.tensor(TABLE), offsets_, mode=mode, padding_idx=padding)
    np.testing.assert_allclose(found, by_hand(numbers, offsets, mode, padding), rtol=1e-12, atol=1e-15)
    ended = torch.tensor([*offsets, len(numbers)])
    again = F.embedding_bag(
        numbers_, torch.tensor(TABLE), ended, mode=mode, padding_idx=padding, include_last_offset=True
    )
    assert torch.equal(again, found)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_rows_of_a_matrix_are_bags_too(mode):
    matrix = torch.tensor([[1, 2, 2], [6, 0, 3]])
    line = F.embedding_bag(matrix.reshape(-1), torch.tensor(TABLE), torch.tensor([0, 3]), mode=mode, padding_idx=0)
    found = F.embedding_bag(matrix, torch.tensor(TABLE), mode=mode, padding_idx=0)
    np.testing.assert_allclose(found, line, rtol=1e-13)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("with_offsets", [True, False])
def test_slopes(mode, with_offsets):
    at = torch.tensor([1, 4, 2, 5]) if with_offsets else torch.tensor([[1, 4], [2, 5]])
    offsets = torch.tensor([0, 1, 1]) if with_offsets else None
    table = torch.tensor(TABLE, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w: F.embedding_bag(at, w, offsets, mode=mode, padding_idx=4), (table,))


def test_the_weights_of_a_sum_are_learnt_too():
    at, offsets = torch.tensor([1, 4, 4]), torch.tensor([0, 2])
    weights = torch.tensor([0.5, 2.0, -1.0], dtype=torch.float64, requires_grad=True)
    table = torch.tensor(TABLE, requires_grad=True)
    bagged = F.embedding_bag(at, table, offsets, mode="sum", per_sample_weights=weights)
    np.testing.assert_allclose(bagged.detach(), by_hand([1, 4, 4], [0, 2], "sum", weights=[0.5, 2.0, -1.0]))
    assert torch.autograd.gradcheck(
        lambda w, p: F.embedding_bag(at, w, offsets, mode="sum", per_sample_weights=p), (table, weights)
    )


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_a_recorded_step_takes_new_offsets(mode):
    layer = nn.EmbeddingBag(7, 3, mode=mode, padding_idx=0)

    @torch.compile
    def step(at, offsets):
        layer.zero_grad()
        loss = (layer(at, offsets) ** 2).sum()
        loss.backward()
        return loss.detach()

    for i in range(5):
        rng = np.random.default_rng(i)
        at = torch.tensor(rng.integers(0, 7, 9))
        offsets = torch.tensor(np.sort([0, *rng.integers(0, 9, 3)]))
        loss, slope = step(at, offsets), layer.weight.grad.clone()
        expected = (layer(at, offsets) ** 2).sum()
        layer.zero_grad()
        expected.backward()
        np.testing.assert_allclose(loss, expected.detach(), rtol=1e-6)
        np.testing.assert_allclose(slope, layer.weight.grad, rtol=1e-5, atol=1e-7)
    assert step.replays == 3
    assert step.obstacle is None


def test_it_is_no_embedding_but_is_made_like_one():
    layer = nn.EmbeddingBag.from_pretrained(torch.tensor(TABLE), mode="sum", padding_idx=-1)
    assert repr(layer) == "EmbeddingBag(7, 3, mode='sum', padding_idx=6)"
    assert not isinstance(layer, nn.Embedding)
    assert not layer.weight.requires_grad
    assert not nn.EmbeddingBag(4, 2, padding_idx=1).weight[1].any()
