"""Layers and losses inside a compiled step: the replay does what running op by op does, and keeps what it changes."""

import copy

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.core.random import get_rng_state, set_rng_state
from glassnet.errors import ValueRangeError
from glassnet.nn import functional as F


def trained(model, loss, batches, compiled):
    """The losses of gradient descent over the batches, run as it is or compiled; and how often it was replayed."""

    def step(x, y):
        model.zero_grad()
        value = loss(model(x), y)
        value.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.05 * p.grad
        return value

    run = torch.compile(step) if compiled else step
    losses = [run(x, y).item() for x, y in batches]
    return losses, run.replays if compiled else 0


def same_in_both(model, loss, batches):
    twin, state = copy.deepcopy(model), get_rng_state()
    losses, _ = trained(model, loss, batches, compiled=False)
    after = get_rng_state()
    set_rng_state(state)
    replayed, times = trained(twin, loss, batches, compiled=True)
    assert times == len(batches) - 2  # the first two are watched
    np.testing.assert_allclose(replayed, losses, rtol=2e-6)
    assert np.array_equal(get_rng_state(), after)
    for (name, a), b in zip(twin.state_dict().items(), model.state_dict().values(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-5, atol=2e-6, err_msg=name)
    return model


def batches(count=6, rows=12, features=4, target=None, seed=0):
    torch.manual_seed(seed)
    make = target or (lambda: torch.randint(0, 3, (rows,)))
    return [(torch.randn(rows, features), make()) for _ in range(count)]


def head(*layers):
    return nn.Sequential(nn.Linear(4, 6), *layers, nn.Linear(6, 3))


MIDDLES = [
    nn.ReLU(), nn.LeakyReLU(0.1), nn.ELU(), nn.SELU(), nn.GELU(), nn.SiLU(), nn.Mish(), nn.Hardtanh(), nn.Hardswish(),
    nn.Softplus(), nn.PReLU(), nn.Softshrink(), nn.Dropout(0.3), nn.AlphaDropout(0.2), nn.BatchNorm1d(6),
    nn.BatchNorm1d(6, momentum=None), nn.LayerNorm(6), nn.RMSNorm(6), nn.GroupNorm(2, 6), nn.Softmax(1),
    nn.Sequential(nn.Linear(6, 12), nn.GLU()), nn.ReLU(inplace=True), nn.ELU(inplace=True),
    nn.Dropout(0.3, inplace=True),
]  # fmt: skip


@pytest.mark.parametrize("middle", MIDDLES, ids=repr)
def test_layers(middle):
    torch.manual_seed(1)
    same_in_both(head(copy.deepcopy(middle)), nn.CrossEntropyLoss(), batches())


def test_images():
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Unflatten(1, (1, 6, 6)),
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.2),
        nn.Conv2d(4, 4, 2, padding=1, padding_mode="reflect", groups=2),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    )
    same_in_both(model, nn.CrossEntropyLoss(label_smoothing=0.1), batches(features=36))


def test_words():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Embedding(9, 4, padding_idx=0), nn.Flatten(), nn.Linear(12, 3))
    data = [(torch.randint(0, 9, (12, 3)), torch.randint(0, 3, (12,))) for _ in range(6)]
    same_in_both(model, nn.CrossEntropyLoss(), data)
    assert model[0].weight[0].tolist() == [0.0] * 4


WEIGHT = torch.tensor([0.5, 1.0, 3.0])
NUMBER_LOSSES = [
    nn.MSELoss(), nn.L1Loss(), nn.SmoothL1Loss(beta=0.5), nn.HuberLoss(delta=0.3), nn.BCEWithLogitsLoss(),
    nn.BCEWithLogitsLoss(weight=WEIGHT, pos_weight=WEIGHT), nn.PoissonNLLLoss(), nn.SoftMarginLoss(),
    nn.MultiLabelSoftMarginLoss(), nn.HingeEmbeddingLoss(),
]  # fmt: skip
CLASS_LOSSES = [
    nn.CrossEntropyLoss(), nn.CrossEntropyLoss(weight=WEIGHT), nn.CrossEntropyLoss(label_smoothing=0.2),
    nn.CrossEntropyLoss(reduction="sum"), nn.MultiMarginLoss(p=2, weight=WEIGHT),
]  # fmt: skip


@pytest.mark.parametrize("loss", NUMBER_LOSSES, ids=repr)
def test_losses_of_numbers(loss):
    torch.manual_seed(1)
    same_in_both(head(nn.Tanh()), loss, batches(target=lambda: torch.rand(12, 3).round()))


@pytest.mark.parametrize("loss", CLASS_LOSSES, ids=repr)
def test_losses_of_classes(loss):
    torch.manual_seed(1)
    same_in_both(head(nn.Tanh()), loss, batches())


def test_bce_after_a_sigmoid():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 1), nn.Sigmoid())
    same_in_both(model, nn.BCELoss(), batches(target=lambda: torch.rand(12, 1).round()))


@pytest.mark.parametrize("options", [{}, {"weight": WEIGHT}, {"label_smoothing": 0.2}])
def test_a_replay_ignores_other_rows_than_the_recording(options):
    def target():
        labels = torch.randint(0, 3, (12,))
        labels[torch.rand(12) < 0.3] = 7
        return labels

    torch.manual_seed(1)
    same_in_both(head(nn.Tanh()), nn.CrossEntropyLoss(ignore_index=7, **options), batches(target=target))


def test_a_label_that_is_no_class_is_refused_on_replay_too():
    model, loss = head(nn.Tanh()), nn.CrossEntropyLoss()
    step = torch.compile(torch.no_grad()(lambda x, y: loss(model(x), y)))
    for x, y in batches(4):
        step(x, y)
    assert step.replays > 0
    for wrong in (3, -1, -99):
        with pytest.raises(ValueRangeError, match=f"got label {wrong} at row 5"):
            step(x, torch.where(torch.arange(12) == 5, wrong, y))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_rows_without_a_label_may_come_after_the_recording(reduction):
    model, loss, x = head(nn.Tanh()), nn.CrossEntropyLoss(reduction=reduction), torch.randn(12, 4)
    y = torch.arange(12) % 3

    def step(x, y):
        model.zero_grad()
        value = loss(model(x), y)
        value.backward()
        return value

    compiled = torch.compile(step)
    none = [torch.zeros(12) > 0, torch.arange(12) % 5 == 0, torch.arange(12) > 0, torch.arange(12) >= 0]
    for missing in (none[0], none[0], none[0], *none[1:], none[0], none[2]):
        labels = torch.where(missing, -100, y)
        replayed = compiled(x, labels), [p.grad.clone() for p in model.parameters()]
        wanted = step(x, labels), [p.grad for p in model.parameters()]
        np.testing.assert_allclose(replayed[0].item(), wanted[0].item(), rtol=1e-6)
        for a, b in zip(replayed[1], wanted[1], strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-8)
            assert not missing.all() or not a.any()
    assert compiled.replays == 6


def test_an_index_outside_the_table_is_refused_on_replay_too():
    table = nn.Embedding(4, 2)
    look = torch.compile(torch.no_grad()(lambda at: table(at) * 2))
    good = torch.tensor([[0, 3], [1, 1]])
    for _ in range(4):
        look(good)
    assert look.replays == 2
    for wrong in (4, -1, 2**40):
        with pytest.raises(ValueRangeError, match=rf"got index {wrong} at position \[1, 0\]"):
            look(torch.tensor([[0, 3], [wrong, 1]]))
    assert torch.equal(look(good), table.weight[good] * 2)


def test_switching_to_evaluation_is_noticed():
    model = head(nn.BatchNorm1d(6), nn.Dropout(0.5))
    forward = torch.compile(lambda x: model(x))
    x = torch.randn(12, 4)
    with torch.no_grad():
        for _ in range(4):
            forward(x)
        seen = model[1].num_batches_tracked.item()
        model.eval()
        outputs = [forward(x) for _ in range(4)]
    assert seen == 4
    assert model[1].num_batches_tracked.item() == 4
    assert all(torch.allclose(y, outputs[0], rtol=1e-5) for y in outputs)


def test_fresh_masks_are_drawn_at_every_replay():
    drop = torch.compile(lambda x: F.dropout(x, 0.5))
    seen = {tuple(drop(torch.ones(64)).tolist()) for _ in range(8)}
    assert len(seen) == 8
    assert drop.replays >= 5
