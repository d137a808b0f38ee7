"""Sequences of different lengths in one tensor, and hooks that see a gradient where it has arrived."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.errors import GradientError, ShapeError, ValueRangeError
from glassnet.nn.utils.rnn import pad_sequence, unpad_sequence


def sequences():
    return [torch.arange(1.0, 1 + n).reshape(n, 1) * torch.tensor([[1.0, 10.0]]) for n in (2, 3, 1)]


def test_the_longest_sets_the_length():
    y = pad_sequence(sequences(), batch_first=True, padding_value=-1)
    assert y.shape == (3, 3, 2)
    assert y[2].tolist() == [[1, 10], [-1, -1], [-1, -1]]
    assert pad_sequence(sequences(), padding_value=-1).equal(y.transpose(0, 1))
    assert pad_sequence(sequences(), True, padding_side="left")[0].tolist() == [[0, 0], [1, 10], [2, 20]]


def test_padding_is_undone():
    for first in (True, False):
        back = unpad_sequence(pad_sequence(sequences(), first), torch.tensor([2, 3, 1]), first)
        assert [b.tolist() for b in back] == [s.tolist() for s in sequences()]


def test_gradients_reach_the_sequences():
    x, y = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
    (pad_sequence([x, y]) * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert x.grad.tolist() == [1, 3]
    assert y.grad.tolist() == [2]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match=r"shapes \(2, 2\) and, at 1, \(2, 3\); expected"):
        pad_sequence([torch.ones(2, 2), torch.ones(2, 3)])
    with pytest.raises(ShapeError, match="got an empty list"):
        pad_sequence([])
    with pytest.raises(ValueRangeError, match="padding_side='middle'"):
        pad_sequence([torch.ones(2)], padding_side="middle")


def test_fans_by_their_names():
    w = torch.empty(5, 3, 2, 2)
    assert nn.init._calculate_fan_in_and_fan_out(w) == (12, 20)
    assert nn.init._calculate_correct_fan(w, "fan_out") == 20
    with pytest.raises(ValueRangeError, match="got mode='fan'"):
        nn.init._calculate_correct_fan(w, "fan")


def test_a_hook_after_accumulation_sees_the_sum():
    w = torch.tensor([2.0], requires_grad=True)
    seen = []
    handle = w.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.item()))
    for _ in range(2):
        (3 * w).backward()
    assert seen == [3, 6]
    handle.remove()
    (3 * w).backward()
    assert seen == [3, 6]


def test_updates_while_gradients_arrive():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    optimizers = {p: torch.optim.SGD([p], lr=0.1) for p in net.parameters()}

    def update(p):
        optimizers[p].step()
        p.grad = None

    for p in net.parameters():
        p.register_post_accumulate_grad_hook(update)
    before = net[0].weight.detach().clone()
    net(torch.ones(4, 2)).sum().backward()
    assert all(p.grad is None for p in net.parameters())
    assert not np.array_equal(before.numpy(), net[0].weight.detach().numpy())


def test_a_computed_tensor_has_no_place_where_gradients_add_up():
    w = torch.tensor([2.0], requires_grad=True)
    with pytest.raises(GradientError, match="got a tensor that was computed, by MulBackward0"):
        (w * 2).register_post_accumulate_grad_hook(print)
