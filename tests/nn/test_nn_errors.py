"""Rarer mistakes with layers and losses, and what is no mistake; the common ones are in tests/mistakes."""

import re

import pytest

import glassnet as torch
from glassnet import nn
from glassnet.errors import GlassnetError, ShapeError
from glassnet.nn import functional as F

PAIRED = [F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.binary_cross_entropy,
          F.binary_cross_entropy_with_logits, F.poisson_nll_loss, F.kl_div, F.hinge_embedding_loss,
          F.soft_margin_loss, F.multilabel_soft_margin_loss]  # fmt: skip


@pytest.mark.parametrize("loss", PAIRED, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("a", "b", "fix"),
    [
        ((4,), (4, 1), "target.squeeze(1)"),
        ((4, 1), (4,), "output.squeeze(1)"),
        ((3, 4, 1), (3, 4), "output.squeeze(2)"),
        ((2, 3), (3, 2), "target.reshape(2, 3)"),
        ((), (1,), "target.squeeze(0)"),
    ],
)
def test_a_target_that_would_be_broadcast_is_refused_and_the_fix_works(loss, a, b, fix):
    output, target = torch.full(a, 0.5), torch.full(b, 0.5)
    with pytest.raises(ShapeError) as error:
        loss(output, target)
    text = str(error.value)
    assert text.startswith(f"{loss.__name__}: got input of shape {a} and target of shape {b}; expected the same shape")
    assert text.endswith(f"Try {fix}.")
    names = {"output": output, "target": target}
    names[fix.split(".")[0]] = eval(fix, dict(names))  # what a user would paste
    if loss not in (F.kl_div,) and a:
        assert loss(names["output"], names["target"]).shape == ()


def test_unequal_batches_are_told_apart_from_wrong_layers():
    with pytest.raises(ShapeError, match=r"input has 4 rows, target has 5"):
        F.mse_loss(torch.ones(4, 1), torch.ones(5, 1))
    with pytest.raises(ShapeError, match=r"a last layer whose output has the target's shape, \(4, 3\)"):
        F.mse_loss(torch.ones(4, 1), torch.ones(4, 3))


# a call | the error | parts of its message
MISTAKES = r"""
Dropout1d()(ones(3)) | ShapeError | got input of shape (3,) | expected 3 axes
F.dropout(ones(3), -0.1) | ValueRangeError | got p=-0.1 | between 0 and 1
F.batch_norm(ones(2, 3), None, None) | ValueRangeError | no running statistics | training=True
RMSNorm((3, 2))(ones(4, 2)) | ShapeError | normalized_shape (3, 2) | Try RMSNorm((4, 2))
Conv2d(3, 8, 3, groups=2) | ValueRangeError | 3 channels in and 8 out for 2 groups | Try groups=1
Conv2d(3, 8, 3, padding_mode='wrap') | ValueRangeError | got padding_mode='wrap' | circular
Conv2d(1, 8, 3)(ones(1, 1, 9, 9).double()) | DTypeError | input of torch.float64 | Try input.to(torch.float32)
F.pad(ones(1, 2), (1, 0), mode='mirror') | ValueRangeError | got mode='mirror' | 'reflect'
F.relu6(torch.arange(3)) | DTypeError | got input of torch.int64 | Try input.float()
F.softshrink(ones(2), -1.0) | ValueRangeError | got lambd=-1.0 | Try lambd=1.0
F.celu(ones(2), 0) | ValueRangeError | got alpha=0 | Try alpha=1.0
F.smooth_l1_loss(ones(2), ones(2), beta=-1) | ValueRangeError | got beta=-1 | Try beta=1
F.cross_entropy(ones(2, 3), tensor([0, 1]), label_smoothing=2.0) | ValueRangeError | label_smoothing=2.0 | 0 and 1
CrossEntropyLoss(label_smoothing=-1.0) | ValueRangeError | label_smoothing=-1.0 | between 0 and 1
F.multi_margin_loss(ones(2, 3), tensor([0, 1]), p=3) | ValueRangeError | got p=3 | 1 or 2
F.cosine_embedding_loss(ones(4, 2), ones(4, 2), ones(4, 1)) | ShapeError | target of shape (4, 1) | reshape((4,))
init.calculate_gain('leaky_relu', True) | ValueRangeError | slope of True | 0.01
init.orthogonal_(ones(3)) | ShapeError | got a tensor of shape (3,) | expected 2 or 3
F.gaussian_nll_loss(ones(2), ones(2), ones(2), eps=0) | ValueRangeError | got eps=0 | Try eps=1e-6
F.group_norm(ones(2, 3), 2) | ShapeError | got 3 channels for 2 groups | Try num_groups=1
init.eye_(ones(3)) | ShapeError | got a tensor of shape (3,) | expected 2 axes
init.dirac_(ones(3, 1, 1), groups=2) | ValueRangeError | 3 output channels for 2 groups | Try groups=1
"""
NAMES = {**vars(nn), **vars(torch.errors), "F": F, "torch": torch, "tensor": torch.tensor, "ones": torch.ones}


@pytest.mark.parametrize("line", MISTAKES.strip().splitlines())
def test_mistakes_are_answered(line):
    code, kind, *parts = line.split(" | ")
    with pytest.raises(eval(kind, NAMES)) as error:
        eval(code, NAMES)
    text = str(error.value)
    for part in parts:
        assert part in text
    assert re.search(r" Try \S", text), text
    assert text.endswith(".")
    assert isinstance(error.value, GlassnetError | TypeError)


def test_the_way_out_for_flattened_images_works():
    model = nn.Sequential(nn.Linear(784, 10))
    images = torch.ones(3, 28, 28)
    with pytest.raises(ShapeError, match="linear `0`: x has 28 features but weight expects 784"):
        model(images)
    assert nn.Sequential(nn.Flatten(), *model)(images).shape == (3, 10)


def test_softmax_before_cross_entropy_is_no_error():
    scores = torch.rand(4, 3)
    assert nn.CrossEntropyLoss()(torch.softmax(scores, 1), torch.tensor([0, 1, 2, 0])).item() > 0


def test_warnings_of_pytorch_are_given():
    with pytest.warns(UserWarning, match="dim=1 is taken"):
        nn.Softmax()(torch.ones(2, 2))
    with pytest.warns(UserWarning, match="reduction='sum' says the same"):
        nn.MSELoss(size_average=False)
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(torch.ones(2, 2), torch.ones(2, 2))
    with pytest.warns(UserWarning, match="no-op"):
        nn.init.kaiming_uniform_(torch.ones(0, 3))
