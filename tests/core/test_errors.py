"""What a user of tensors is told after a mistake: what was got, what was expected, and a way that works."""

import re

import numpy as np
import pytest

import glassnet as torch
from glassnet.errors import (
    DTypeError,
    GlassnetError,
    GradientError,
    NotSupportedError,
    ReplayWarning,
    ShapeError,
    ValueRangeError,
)

BEATS = re.compile(r"^(?:[\w/() ]+: )?(?:got .+; expected|x has .+ but weight expects) .+\. Try .+[.…]$")
F = torch.nn.functional


def scope():
    """The tensors that the mistakes below are made with."""
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(size=(3, 4)).tolist())
    leaf = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    return {
        "torch": torch,
        "np": np,
        "F": F,
        "x": x,  # 3 rows of 4
        "w": torch.ones(3, 4),
        "r": torch.ones(3),
        "v": torch.ones(5),
        "c": torch.ones(2, 3, 4),
        "d": torch.ones(3, 4, dtype=torch.float64),
        "i": torch.arange(12).reshape(3, 4),
        "k": torch.tensor([0, 2, 7]),
        "z": torch.tensor(2.0),
        "e": torch.zeros(0),
        "leaf": leaf,
        "made": leaf * 2,
    }


# The mistake, the error, words that its message must hold (the user's own numbers), and the suggested way, which works.
MISTAKES = [
    ("x + v", ShapeError, ["(3, 4)", "(5,)", "axis -1"], "x.reshape(-1)[:5] + v"),
    ("x - v", ShapeError, ["(3, 4)", "(5,)"], None),
    ("x * r", ShapeError, ["4 against 3"], "x * r.unsqueeze(1)"),
    ("x / r", ShapeError, ["4 against 3"], "x / r.reshape(3, 1)"),
    ("x ** r", ShapeError, ["4 against 3"], "x ** r.unsqueeze(1)"),
    ("torch.maximum(x, r)", ShapeError, ["4 against 3"], "torch.maximum(x, r.unsqueeze(1))"),
    ("torch.atan2(x, r)", ShapeError, ["4 against 3"], None),
    ("x % r", ShapeError, ["4 against 3"], None),
    ("x == v", ShapeError, ["4 against 5"], None),
    ("x < v", ShapeError, ["4 against 5"], None),
    ("torch.logical_and(x, v)", ShapeError, ["4 against 5"], None),
    ("torch.where(x > 0, x, v)", ShapeError, ["(3, 4)", "(5,)"], None),
    ("x.masked_fill(v > 0, 0.0)", ShapeError, ["(3, 4)", "(5,)"], None),
    ("torch.lerp(x, v, 0.5)", ShapeError, ["(3, 4)", "(5,)"], None),
    ("x.clamp(v, v)", ShapeError, ["(3, 4)", "(5,)"], None),
    ("x @ w", ShapeError, ["(3, 4) @ (3, 4)", "4 and 3", ".T"], "x @ w.T"),
    ("x @ v", ShapeError, ["(3, 4)", "4 and 5"], None),
    ("v @ x", ShapeError, ["5 and 3"], None),
    ("c @ c", ShapeError, ["(2, 3, 4)"], "c @ c.mT"),
    ("x @ z", ShapeError, ["()"], "x * z"),
    ("torch.dot(r, v)", ShapeError, ["3 and 5"], None),
    ("F.linear(x, torch.ones(2, 3))", ShapeError, ["4 features", "expects 3", "Linear(4, 2)"],
     "torch.nn.Linear(4, 2)(x)"),
    ("x @ d.T", DTypeError, ["torch.float32", "torch.float64"], "x @ d.T.to(torch.float32)"),
    ("x.reshape(5, 2)", ShapeError, ["(3, 4)", "12 numbers", "(5, 2)"], "x.reshape(-1)"),
    ("x.view(7)", ShapeError, ["12 numbers", "(7,)"], "x.view(-1)"),
    ("x.reshape(5, -1)", ShapeError, ["(3, 4)", "(5, -1)"], "x.reshape(6, -1)"),
    ("x.expand(3, 5)", ShapeError, ["(3, 4)", "(3, 5)"], None),
    ("torch.broadcast_to(r, (3, 4))", ShapeError, ["(3,)", "(3, 4)"], None),
    ("x.permute(0, 0)", ShapeError, ["(3, 4)", "(0, 0)"], None),
    ("x.permute(0)", ShapeError, ["(3, 4)"], "x.permute(1, 0)"),
    ("c.t()", ShapeError, ["3 axes", "at most 2"], "c.transpose(-2, -1)"),
    ("torch.cat([x, v.reshape(1, 5)])", ShapeError, ["(3, 4)", "(1, 5)"], None),
    ("torch.cat([x, c])", ShapeError, ["(3, 4)", "(2, 3, 4)"], None),
    ("torch.stack([r, v])", ShapeError, ["(1, 3)", "(1, 5)"], None),
    ("x.split([1, 1], 1)", ShapeError, ["[1, 1]", "together 2", "4"], "x.split([1, 3], 1)"),
    ("torch.tensor([[1, 2], [3]])", ShapeError, ["uneven lengths"], "torch.tensor([[1, 2], [3, 0]])"),
    ("x.sum(2)", ValueRangeError, ["dim=2", "2 axes", "-2 to 1"], "x.sum(dim=1)"),
    ("x.mean(-3)", ValueRangeError, ["dim=-3"], "x.mean(dim=1)"),
    ("x.softmax(5)", ValueRangeError, ["dim=5"], "x.softmax(dim=1)"),
    ("x.log_softmax(2)", ValueRangeError, ["dim=2"], "x.log_softmax(dim=1)"),
    ("x.max(2)", ValueRangeError, ["dim=2"], "x.max(dim=1)"),
    ("x.argmax(2)", ValueRangeError, ["dim=2"], "x.argmax(dim=1)"),
    ("x.unsqueeze(4)", ValueRangeError, ["dim=4"], "x.unsqueeze(dim=2)"),
    ("x.squeeze(4)", ValueRangeError, ["dim=4"], "x.squeeze(dim=1)"),
    ("x.transpose(0, 2)", ValueRangeError, ["dim=2"], "x.transpose(0, 1)"),
    ("x.flatten(3)", ValueRangeError, ["dim=3"], "x.flatten(1)"),
    ("x.cumsum(2)", ValueRangeError, ["dim=2"], "x.cumsum(1)"),
    ("x.sort(2)", ValueRangeError, ["dim=2"], "x.sort(1)"),
    ("torch.cat([x, x], 2)", ValueRangeError, ["dim=2"], "torch.cat([x, x], dim=1)"),
    ("x.flip(2)", ValueRangeError, ["dim=2"], "x.flip(1)"),
    ("x.topk(9)", ValueRangeError, ["k=9", "at most 4"], "x.topk(k=4)"),
    ("x.gather(1, k.reshape(3, 1))", ValueRangeError, ["0 to 7", "0 to 3"], "x.gather(1, k.reshape(3, 1).clamp(0, 3))"),
    ("x[k]", GlassnetError, ["7"], None),
    ("x[3]", GlassnetError, ["3"], None),
    ("x[0, 0, 0]", GlassnetError, ["(3, 4)"], None),
    ("x[x]", DTypeError, ["torch.float32"], "x[x.long().clamp(0, 2)]"),
    ("F.one_hot(k, 3)", ValueRangeError, ["label 7 at row 2", "0 to 2"], "F.one_hot(k, 8)"),
    ("F.cross_entropy(x, k)", ValueRangeError, ["label 7 at row 2", "0 to 3"], None),
    ("F.nll_loss(x.log_softmax(1), -k)", ValueRangeError, ["label -2 at row 1", "0 to 3"], None),
    ("torch.randint(5, 5, (2,))", ValueRangeError, ["low=5, high=5"], "torch.randint(5, 6, (2,))"),
    ("e.max()", ShapeError, ["(0,)", "at least one"], None),
    ("torch.stack([r, r]).item()", ShapeError, ["(2, 3)", "6 numbers"], "torch.stack([r, r]).mean().item()"),
    ("bool(x > 0)", ShapeError, ["12 numbers"], "bool((x > 0).any())"),
    ("x.int().mean()", DTypeError, ["torch.int32"], "x.int().float().mean()"),
    ("i.softmax(1)", DTypeError, ["torch.int64"], "i.float().softmax(1)"),
    ("i.log_softmax(1)", DTypeError, ["torch.int64"], "i.float().log_softmax(1)"),
    ("i.std()", DTypeError, ["torch.int64"], "i.float().std()"),
    ("i.var(0)", DTypeError, ["torch.int64"], "i.float().var(0)"),
    ("i.requires_grad_()", DTypeError, ["torch.int64"], "i.float().requires_grad_()"),
    ("torch.tensor([1, 2], requires_grad=True)", DTypeError, ["torch.int64"],
     "torch.tensor([1.0, 2], requires_grad=True)"),
    ("torch.tensor(['a'])", DTypeError, ["list"], None),
    ("torch.tensor([1 + 2j])", DTypeError, ["complex128"], None),
    ("torch.set_default_dtype(torch.int64)", DTypeError, ["int64"], None),
    ("torch.from_numpy(np.zeros(2, 'complex64'))", DTypeError, ["complex64"], None),
    ("torch.from_numpy([1.0])", TypeError, ["list"], "torch.tensor([1.0])"),
    ("x.cuda()", NotSupportedError, ["GPU"], "x.to('cpu')"),
    ("x.to('cuda:0')", NotSupportedError, ["'cuda:0'"], "x.to('cpu')"),
    ("torch.zeros(2, device='cuda')", NotSupportedError, ["'cuda'"], "torch.zeros(2)"),
    ("torch.device('mps')", NotSupportedError, ["'mps'"], "torch.device('cpu')"),
    ("leaf.numpy()", GradientError, ["requires grad"], "leaf.detach().numpy()"),
    ("np.asarray(made)", GradientError, ["requires grad"], "np.asarray(made.detach())"),
    ("made.backward()", GradientError, ["(3,)"], "made.sum().backward()"),
    ("made.backward(torch.ones(4))", ShapeError, ["(4,)", "(3,)"], "made.backward(torch.ones_like(made))"),
    ("x.sum().backward()", GradientError, ["no gradient flows"], "x.requires_grad_().sum().backward()"),
    ("torch.autograd.grad(made.sum(), x.requires_grad_())", GradientError, ["[0]"],
     "torch.autograd.grad(made.sum(), x.requires_grad_(), allow_unused=True)"),
    ("made.requires_grad_(False)", GradientError, ["computed"], "made.detach()"),
    ("x.register_hook(print)", GradientError, ["does not require grad"], "x.requires_grad_().register_hook(print)"),
    ("leaf.add_(1)", GradientError, ["(3,)", "no_grad()"], "leaf.detach().add_(1)"),
    ("leaf.__setitem__(0, 1.0)", GradientError, ["(3,)", "no_grad()"], None),
    ("r.add_(c)", ShapeError, ["(3,)"], None),
    ("r.mul_(x.T)", ShapeError, ["(4, 3)", "(3,)"], "r * x.T"),
    ("i.div_(2)", DTypeError, ["torch.float32", "torch.int64"], "i.float().div_(2)"),
    ("r.copy_(v)", ShapeError, ["(5,)", "(3,)"], None),
    ("made[0:2].add_(1)", NotSupportedError, ["window"], "made.clone().add_(1)"),
    ("float(x)", ShapeError, ["12 numbers"], "float(x.mean())"),
    ("len(z)", TypeError, ["0-d"], "z.item()"),
    ("list(z)", TypeError, ["0-d"], "z.item()"),
    ("[1, 2][z]", TypeError, ["torch.float32"], "[1, 2, 3][z.long()]"),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "error", "words", "way"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_told_in_three_beats_with_the_users_numbers(mistake, error, words, way):
    with pytest.raises(error) as caught:
        eval(mistake, scope())
    message = str(caught.value)
    assert BEATS.search(message), message
    for word in words:
        assert word in message
    assert len(message) < 400
    if way is not None:
        eval(way, scope())


def test_the_table_is_long_enough_to_mean_something():
    assert len({m[0] for m in MISTAKES}) >= 60


@pytest.mark.parametrize(("error", "other"), [
    (ShapeError, RuntimeError), (DTypeError, RuntimeError), (GradientError, RuntimeError),
    (ValueRangeError, IndexError), (ValueRangeError, ValueError), (NotSupportedError, NotImplementedError),
])  # fmt: skip
def test_code_that_catches_pytorchs_errors_still_does(error, other):
    assert issubclass(error, GlassnetError)
    assert issubclass(error, other)


def test_a_change_in_place_names_the_operation_that_needed_the_value():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    loss = (y * y).sum()
    y.data.add_(1)
    with torch.no_grad():
        y.add_(1)
    with pytest.raises(GradientError, match=r"changed in place after mul had used it.*\.clone\(\)"):
        loss.backward()


def test_a_mistake_leaves_everything_as_it_was():
    x = torch.tensor([1.0, 2.0, 3.0])
    before = x.clone()
    for mistake in (lambda: x.add_(torch.ones(2, 3)), lambda: x.copy_(torch.ones(2)), lambda: x.mul_(torch.ones(4))):
        with pytest.raises(ShapeError):
            mistake()
        assert torch.equal(x, before)


def test_the_same_message_from_a_recorded_step():
    x, labels = torch.ones(3, 4), torch.tensor([0, 1, 2])
    step = torch.compile(lambda x, labels: F.cross_entropy(x, labels))
    for _ in range(3):
        step(x, labels)
    bad = torch.tensor([0, 9, 2])
    with pytest.raises(ValueRangeError) as eager:
        F.cross_entropy(x, bad)
    with pytest.raises(ValueRangeError) as replayed:
        step(x, bad)
    assert str(replayed.value) == str(eager.value)
    assert float(step(x, labels)) == pytest.approx(np.log(4))


def test_a_step_that_cannot_be_replayed_says_why():
    step = torch.compile(lambda x: x * x.sum().item())
    with pytest.warns(ReplayWarning, match=r"\.item\(\) reads a value"):
        step(torch.ones(2))
    assert step(torch.ones(3)).tolist() == [3.0, 3.0, 3.0]
