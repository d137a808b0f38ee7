"""What a mistake leaves as it was, and errors that Python's own protocols ask for; all others are in tests/mistakes."""

import pytest

import glassnet as torch
from glassnet.errors import GlassnetError, GradientError

ones, tensor = torch.ones, torch.tensor


def learnt(*shape):
    return ones(*shape, requires_grad=True)


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
