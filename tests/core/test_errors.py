"""Mistakes in values, kinds and gradients, and what their makers are told."""

import copy

import numpy as np
import pytest

import glassnet as torch
from glassnet.errors import DTypeError, GlassnetError, GradientError, NotSupportedError, ShapeError, ValueRangeError

ones, zeros, tensor = torch.ones, torch.zeros, torch.tensor
F = torch.nn.functional
INT, LONG = torch.int32, torch.int64


def learnt(*shape):
    return ones(*shape, requires_grad=True)


# name: (the mistake, the error, what the message must say in this order, the fix that it suggests)
MISTAKES = {
    # ---- indices and labels
    "index": (lambda: ones(3)[5], IndexError, ["5"], lambda: ones(3)[2]),
    "too many indices": (lambda: ones(3)[0, 0], IndexError, ["window: got"], lambda: ones(3)[0]),
    "indices": (lambda: ones(3)[tensor([0, 7])], IndexError, ["7"], lambda: ones(3)[tensor([0, 2])]),
    "fractional index": (
        lambda: ones(3)[tensor([0.5])],
        DTypeError,
        ["got torch.float32 numbers as an index", "Try index.long()"],
        lambda: ones(3)[tensor([0.5]).long()],
    ),
    "mask": (
        lambda: ones(3)[tensor([True, False])],
        ShapeError,
        ["got a mask of shape (2,) for a tensor of shape (3,)", "Try a comparison"],
        lambda: ones(3)[ones(3) > 0],
    ),
    "assigning too much": (
        lambda: ones(3).__setitem__(slice(0, 2), ones(3)),
        ShapeError,
        ["(3,)", "(2,)"],
        lambda: ones(3).__setitem__(slice(0, 3), ones(3)) is None,
    ),
    "gather": (
        lambda: torch.gather(ones(2, 3), 1, tensor([[0], [5]])),
        ValueRangeError,
        ["gather: got indices from 0 to 5; expected 0 to 2 along axis 1", "Try index.clamp(0, 2)"],
        lambda: torch.gather(ones(2, 3), 1, tensor([[0], [5]]).clamp(0, 2)),
    ),
    "label too large": (
        lambda: F.cross_entropy(ones(2, 3), tensor([0, 3])),
        ValueRangeError,
        ["got label 3 at row 1; expected labels from 0 to 2", "3 columns", "Try a last layer with 4 outputs"],
        lambda: F.cross_entropy(ones(2, 4), tensor([0, 3])),
    ),
    "label too small": (
        lambda: F.cross_entropy(ones(2, 3), tensor([0, -1])),
        ValueRangeError,
        ["got label -1 at row 1"],
        lambda: F.cross_entropy(ones(2, 3), tensor([0, 1])),
    ),
    "one_hot": (
        lambda: F.one_hot(tensor([0, 5]), 3),
        ValueRangeError,
        ["5", "expected", "2"],
        lambda: F.one_hot(tensor([0, 5]), 6),
    ),
    "bincount": (
        lambda: torch.bincount(tensor([1, -1])),
        ValueRangeError,
        ["the least of them -1", "expected one line of whole numbers from 0"],
        lambda: torch.bincount(tensor([1, 1])),
    ),
    "bincount of floats": (
        lambda: torch.bincount(ones(2)),
        ValueRangeError,
        ["torch.float32 numbers", "Try .reshape(-1).long()"],
        lambda: torch.bincount(ones(2).reshape(-1).long()),
    ),
    # ---- kinds of numbers
    "mean of integers": (
        lambda: tensor([1, 2]).mean(),
        DTypeError,
        ["mean: got torch.int64 numbers; expected floating point", "Try tensor.float().mean()"],
        lambda: tensor([1, 2]).float().mean(),
    ),
    "softmax of integers": (
        lambda: torch.softmax(tensor([1, 2]), 0),
        DTypeError,
        ["softmax: got torch.int64", "Try tensor.float()"],
        lambda: tensor([1, 2]).float().softmax(0),
    ),
    "var of integers": (
        lambda: tensor([1, 2]).var(),
        DTypeError,
        ["var: got torch.int64"],
        lambda: tensor([1, 2]).float().var(),
    ),
    "norm of integers": (
        lambda: tensor([3, 4]).norm(),
        DTypeError,
        ["norm: got torch.int64"],
        lambda: tensor([3, 4]).float().norm(),
    ),
    "difference of bools": (
        lambda: tensor([True]) - tensor([False]),
        DTypeError,
        ["sub: got numbers of torch.bool and torch.bool", "Try .long(), or ~ and ^"],
        lambda: tensor([True]) ^ tensor([False]),
    ),
    "minus a bool": (lambda: -tensor([True]), DTypeError, ["neg: got numbers of torch.bool"], lambda: ~tensor([True])),
    "bits of floats": (
        lambda: ones(1) & ones(1),
        DTypeError,
        ["bit_and: got numbers of torch.float32", "bit by bit", "Try .long()"],
        lambda: ones(1).long() & ones(1).long(),
    ),
    "not a float": (lambda: ~ones(1), DTypeError, ["bit_not: got numbers of torch.float32"], lambda: ~(ones(1) > 0)),
    "whole division by 0": (
        lambda: tensor([1]) // 0,
        ValueRangeError,
        ["by 0", "Try .float() first"],
        lambda: tensor([1]).float() // 0,
    ),
    "a fraction in place": (
        lambda: tensor([1]).add_(0.5),
        DTypeError,
        ["in place: got a result of torch.float32 for a tensor of torch.int64", "Try x = x.float() first"],
        lambda: tensor([1]).float().add_(0.5),
    ),
    "an unknown dtype": (
        lambda: ones(1, dtype="flot32"),
        DTypeError,
        ["got the dtype 'flot32'", "expected one of", "float32", "Try torch.float32"],
        lambda: ones(1, dtype=torch.float32),
    ),
    "a foreign dtype": (
        lambda: torch.from_numpy(np.ones(2, np.uint16)),
        DTypeError,
        ["got numbers of NumPy dtype uint16", "Try array.astype('float32')"],
        lambda: torch.from_numpy(np.ones(2, np.uint16).astype("float32")),
    ),
    "the default dtype": (
        lambda: torch.set_default_dtype(LONG),
        DTypeError,
        ["torch.int64 as default dtype", "Try"],
        lambda: torch.get_default_dtype(),
    ),
    # ---- data
    "uneven lists": (
        lambda: tensor([[1, 2], [3]]),
        ShapeError,
        ["got nested lists of uneven lengths", "expected a rectangular array", "Try padding"],
        lambda: tensor([[1, 2], [3, 0]]),
    ),
    "words": (
        lambda: tensor(["1.5"]),
        DTypeError,
        ["got list holding", "expected numbers", "float()"],
        lambda: tensor([float("1.5")]),
    ),
    "None": (lambda: tensor(None), DTypeError, ["got NoneType"], lambda: tensor(0.0)),
    "complex numbers": (lambda: tensor([1j]), DTypeError, ["complex"], lambda: tensor([1j.imag])),
    "an empty range": (
        lambda: torch.arange(3, 0),
        ValueRangeError,
        ["arange: got start=3, end=0, step=1", "Try step=-1"],
        lambda: torch.arange(3, 0, step=-1),
    ),
    "a range without a step": (
        lambda: torch.arange(0, 3, 0),
        ValueRangeError,
        ["step=0", "Try step=1"],
        lambda: torch.arange(0, 3, step=1),
    ),
    "linspace": (
        lambda: torch.linspace(0, 1, -2),
        ValueRangeError,
        ["linspace: got steps=-2", "Try steps=2"],
        lambda: torch.linspace(0, 1, steps=2),
    ),
    "a negative size": (lambda: zeros(-1), ShapeError, ["-1"], lambda: zeros(1)),
    "half a size": (
        lambda: zeros(5 / 2),
        DTypeError,
        ["got the sizes (2.5,)", "Try int(), or //"],
        lambda: zeros(5 // 2),
    ),
    "randint": (
        lambda: torch.randint(3, 3, (2,)),
        ValueRangeError,
        ["randint: got low=3, high=3; expected low below high", "Try randint(3, 4, size)"],
        lambda: torch.randint(3, 4, size=(2,)),
    ),
    "clamp without bounds": (
        lambda: ones(2).clamp(),
        ValueRangeError,
        ["clamp: got no bound", "Try clamp(min=0)"],
        lambda: ones(2).clamp(min=0),
    ),
    # ---- gradients
    "gradient of integers": (
        lambda: tensor([1, 2], requires_grad=True),
        DTypeError,
        ["got requires_grad=True for a tensor of torch.int64", "Try tensor.float().requires_grad_()"],
        lambda: tensor([1, 2]).float().requires_grad_(),
    ),
    "backward of several numbers": (
        lambda: (learnt(2) * 2).backward(),
        GradientError,
        ["backward: got a result of shape (2,)", "expected a single number", "Try .mean() or .sum() first"],
        lambda: (learnt(2) * 2).sum().backward() is None,
    ),
    "backward of a constant": (
        lambda: ones(1).backward(),
        GradientError,
        ["no gradient flows to", "requires_grad=True"],
        lambda: learnt(1).backward() is None,
    ),
    "a gradient of another shape": (
        lambda: (learnt(2) * 2).backward(ones(3)),
        ShapeError,
        ["a gradient of shape (3,) for a result of shape (2,)", "Try torch.ones_like(result)"],
        lambda: (learnt(2) * 2).backward(torch.ones_like(learnt(2))) is None,
    ),
    "an unused input": (
        lambda: torch.autograd.grad(learnt(1).sum(), learnt(1)),
        GradientError,
        ["got inputs [0]", "Try allow_unused=True"],
        lambda: torch.autograd.grad(learnt(1).sum(), learnt(1), allow_unused=True),
    ),
    "NumPy of a weight": (
        lambda: learnt(1).numpy(),
        GradientError,
        ["got .numpy() on a tensor that requires grad", "Try tensor.detach().numpy()"],
        lambda: learnt(1).detach().numpy().size == 1,
    ),
    "changing a weight": (
        lambda: learnt(1).add_(1),
        GradientError,
        ["got a leaf of shape (1,)", "expected the change inside no_grad()", "Try with torch.no_grad()"],
        lambda: torch.no_grad(lambda: learnt(1).add_(1))(),
    ),
    "freezing a result": (
        lambda: (learnt(1) * 2).requires_grad_(False),
        GradientError,
        ["expected a leaf", "Try tensor.detach()"],
        lambda: (learnt(1) * 2).detach(),
    ),
    "a hook on a constant": (
        lambda: ones(1).register_hook(print),
        GradientError,
        ["register_hook: got", "Try tensor.requires_grad_() first"],
        lambda: ones(1).requires_grad_().register_hook(print),
    ),
    "a deep copy of a result": (
        lambda: copy.deepcopy(learnt(1) * 2),
        GradientError,
        ["deep copy of a computed tensor", "Try tensor.detach().clone()"],
        lambda: copy.deepcopy((learnt(1) * 2).detach().clone()),
    ),
    "gradcheck of a constant": (
        lambda: torch.autograd.gradcheck(torch.sin, ones(2)),
        GradientError,
        ["no input that requires grad", "Try requires_grad=True"],
        lambda: torch.autograd.gradcheck(torch.sin, learnt(2).double()),
    ),
    "growing in place": (
        lambda: ones(2).add_(ones(3, 2)),
        ShapeError,
        ["in place: got a result of shape (3, 2) for a tensor of shape (2,)", "x = x + y"],
        lambda: ones(2) + ones(3, 2),
    ),
    "changing a window": (
        lambda: (learnt(2) * 2)[0].add_(1.0),
        NotSupportedError,
        ["got a window", "Try storing a new value, y[0] = y[0] * 2"],
        lambda: (lambda y: y.__setitem__(0, y[0] * 2) or y)(learnt(2) * 2),
    ),
    # ---- numbers out of tensors
    "item of several": (
        lambda: ones(2).item(),
        ShapeError,
        ["got a tensor of shape (2,) with 2 numbers; expected exactly one for .item()", "Try .tolist()"],
        lambda: ones(2).tolist(),
    ),
    "truth of several": (
        lambda: bool(ones(2)),
        ShapeError,
        ["got the truth of 2 numbers", "Try tensor.any() or tensor.all()"],
        lambda: bool(ones(2).all()),
    ),
    # ---- what there is not
    "a GPU": (
        lambda: ones(1, device="cuda"),
        NotSupportedError,
        ["got device='cuda'; expected 'cpu'", "Try leaving device out"],
        lambda: ones(1),
    ),
    "to a GPU": (lambda: ones(1).to("cuda:0"), NotSupportedError, ["got device='cuda:0'"], lambda: ones(1).to("cpu")),
    "cuda()": (
        lambda: ones(1).cuda(),
        NotSupportedError,
        ["cuda(): got a request for a GPU", "or .to('cpu')"],
        lambda: ones(1).to("cpu"),
    ),
    "a GPU as device": (lambda: torch.device("cuda"), NotSupportedError, ["device"], lambda: torch.device("cpu")),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_answered_in_three_beats_with_a_fix_that_works(name, answered):
    answered(*MISTAKES[name])


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: len(tensor(1.0)), r"got len\(\) of a 0-d tensor; expected at least one axis\. Try tensor\.item\(\)\."),
        (lambda: list(tensor(1.0)), r"got a loop over a 0-d tensor; expected .*\. Try tensor\.item\(\)\."),
        (lambda: [1, 2][ones(1)], r"got torch\.float32 as an index; expected an integer\. Try tensor\.long\(\)\."),
        (lambda: torch.from_numpy([1]), r"from_numpy: got list; expected a NumPy array\. Try torch\.tensor\(data\)\."),
    ],
)
def test_protocols_of_python_keep_their_own_errors(mistake, message):
    with pytest.raises(TypeError, match=message):
        mistake()


def test_a_mistake_changes_nothing():
    x = tensor([1.0, 2.0, 3.0])
    for mistake in (lambda: x.add_(ones(2)), lambda: x.copy_(ones(2)), lambda: x.__setitem__(slice(0, 2), ones(3)),
                    lambda: x.mul_(ones(2, 3)), lambda: x.__setitem__(7, 1.0)):  # fmt: skip
        with pytest.raises(GlassnetError):
            mistake()
        assert x.tolist() == [1.0, 2.0, 3.0]


def test_a_failed_backward_leaves_no_gradient():
    w = learnt(2)
    h = w * 2.0
    y = torch.sin(h) + w
    with torch.no_grad():
        h.add_(1.0)
    with pytest.raises(GradientError):
        y.sum().backward()
    assert w.grad is None
