"""A constant operand changed in place before backward is noticed, wherever the derivative needs its old value."""

import pytest

import glassnet as torch
from glassnet.errors import GradientError


@pytest.mark.parametrize(
    "use",
    [
        lambda w, a: w * a,
        lambda w, a: a * w,
        lambda w, a: w / a,
        lambda w, a: w @ a,
        lambda w, a: torch.where(a > 5, w, w * a),
    ],
)
def test_a_changed_operand_is_an_error(use):
    w, a = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([1.0, 2.0])
    y = use(w, a).sum()
    a.mul_(10)
    with pytest.raises(GradientError, match=r"changed in place after .* had used it"):
        y.backward()
    assert w.grad is None


def test_an_operand_whose_value_is_not_needed_may_change():
    w, a = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([1.0, 2.0])
    y = (w + a).sum()
    a.mul_(10)
    y.backward()
    assert w.grad.tolist() == [1.0, 1.0]
