"""The gamma and error functions beside numbers worked out with 40 digits, at their ends, and with their slopes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet.errors import ValueRangeError

inf, nan = math.inf, math.nan

# (x, the value), by mpmath with 40 digits
LGAMMA = [
    (1e-300, 690.7755278982137),
    (1e-08, 18.42068073818021),
    (0.3, 1.0957979948180756),
    (0.5, 0.5723649429247001),
    (0.999999, 5.772164873855652e-07),
    (1.0000001, -5.772155829918507e-08),
    (1.4616, -0.12148629003589732),
    (1.5, -0.12078223763524522),
    (1.99999, -4.227811104241674e-06),
    (2.0000001, 4.227843666532498e-08),
    (2.5, 0.2846828704729192),
    (3.5, 1.2009736023470743),
    (9.99, 12.779315214350193),
    (10.5, 13.940625219403763),
    (170.5, 704.0044277342047),
    (10000000000.0, 220258509288.81058),
    (-0.5, 1.2655121234846454),
    (-1e-09, 20.723265837523627),
    (-3.7, -1.3797399049658245),
]
DIGAMMA = [
    (1e-08, -100000000.57721564),
    (0.3, -3.502524222200133),
    (1.0, -0.5772156649015329),
    (1.4616, -3.110625123034165e-05),
    (2.5, 0.7031566406452432),
    (9.99, 2.250700372831201),
    (10000000000.0, 23.025850929890456),
    (-0.5, 0.03648997397857652),
    (-3.7, -0.8450768588704194),
]
POLYGAMMA_1 = [
    (0.001, 1000001.6425331958),
    (0.3, 12.245364546107732),
    (1.0, 1.6449340668482264),
    (2.5, 0.49035775610023485),
    (9.99, 0.10527695014824179),
    (10000.0, 0.00010000500016666666),
    (-0.5, 8.934802200544679),
    (-3.7, 14.84242186412428),
]
POLYGAMMA_2 = [
    (0.001, -2000000002.3976321),
    (0.3, -75.27253658872604),
    (1.0, -2.4041138063191885),
    (2.5, -0.2362040516417274),
    (9.99, -0.011073070531461051),
    (10000.0, -1.000100005e-08),
]
POLYGAMMA_5 = [
    (0.001, 1.1999999999999998e20),
    (0.3, 164634.84609922304),
    (1.0, 122.0811674381339),
    (2.5, 0.5785691785671835),
    (9.99, 0.00030755170866456327),
    (10000.0, 2.4006000599999993e-19),
]
ERFC = [
    (-5.0, 1.9999999999984626),
    (-0.3, 1.3286267594591274),
    (0.3, 0.6713732405408726),
    (0.99, 0.1614919304446302),
    (1.0, 0.15729920705028513),
    (3.0, 2.209049699858544e-05),
    (6.49, 4.3817001500585106e-20),
    (6.51, 3.368369310429816e-20),
    (10.0, 2.088487583762545e-45),
    (26.0, 5.663192408856143e-296),
    (26.8, 2.484962157e-314),
]
ERFINV = [
    (1e-300, 8.86226925452758e-301),
    (1e-08, 8.86226925452758e-09),
    (0.3, 0.2724627147267543),
    (0.49999, 0.4769251504153166),
    (0.50001, 0.4769474021116977),
    (-0.9, -1.1630871536766743),
    (0.999999, 3.458910737275499),
    (0.9999999999999999, 5.8635847487551676),
]

FUNCTIONS = {
    "lgamma": (torch.lgamma, LGAMMA),
    "digamma": (torch.digamma, DIGAMMA),
    "polygamma(1)": (lambda x: torch.polygamma(1, x), POLYGAMMA_1),
    "polygamma(2)": (lambda x: torch.polygamma(2, x), POLYGAMMA_2),
    "polygamma(5)": (lambda x: torch.polygamma(5, x), POLYGAMMA_5),
    "erfc": (torch.erfc, ERFC),
    "erfinv": (torch.erfinv, ERFINV),
}
BESIDE_A_ROOT = 1e-15  # lgamma and digamma cross 0 between their poles: there the difference counts, not the ratio


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_to_the_last_digits(name):
    function, golden = FUNCTIONS[name]
    x, expected = np.array(golden).T
    np.testing.assert_allclose(
        function(torch.tensor(x)).numpy(), expected, rtol=5e-15, atol=BESIDE_A_ROOT * (name[0] in "ld")
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_is_the_rounded_value(name):
    function, golden = FUNCTIONS[name]
    x = np.array(golden).T[0].astype(np.float32)
    found = function(torch.tensor(x))
    assert found.dtype == torch.float32
    wide = function(torch.tensor(x.astype(np.float64))).numpy()
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found.numpy(), wide.astype(np.float32))


def test_the_ends():
    x = torch.tensor([0.0, -0.0, -1.0, inf, -inf, nan], dtype=torch.float64)
    np.testing.assert_array_equal(torch.lgamma(x).numpy(), [inf, inf, inf, inf, inf, nan])
    np.testing.assert_array_equal(torch.digamma(x).numpy(), [-inf, inf, nan, inf, nan, nan])
    np.testing.assert_array_equal(torch.erfc(x).numpy(), [1, 1, 1 + math.erf(1), 0, 2, nan])
    y = torch.tensor([1.0, -1.0, 1.5, 0.0, nan], dtype=torch.float64)
    np.testing.assert_array_equal(torch.erfinv(y).numpy(), [inf, -inf, nan, 0, nan])


@given(st.floats(0.01, 1e6))
def test_one_step_up(x):
    """Γ(x + 1) = x Γ(x), and what follows from it for the derivatives."""
    x = torch.tensor([x], dtype=torch.float64)
    for function, step in (
        (torch.lgamma, torch.log(x)),
        (torch.digamma, 1 / x),
        (lambda v: torch.polygamma(1, v), -1 / x**2),
    ):
        below, above = function(x).item(), function(x + 1).item()
        assert above - below == pytest.approx(step.item(), rel=1e-9, abs=1e-13 * (1 + abs(below)))


@given(st.floats(-5.5, 5.5))
def test_erfinv_undoes_erf(x):
    y = torch.erf(torch.tensor([x], dtype=torch.float64))
    unit = 2e-16 * math.sqrt(math.pi) * math.exp(x * x)  # by how much one unit of y moves x
    assert torch.erfinv(y).item() == pytest.approx(x, rel=1e-12, abs=4 * unit)


def test_slopes_follow_each_other():
    x = torch.tensor([0.3, 1.7, 4.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.lgamma(x).sum(), x, create_graph=True)
    np.testing.assert_allclose(slope.numpy(force=True), torch.digamma(x).numpy(force=True), rtol=1e-13)
    (second,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
    np.testing.assert_allclose(second.numpy(force=True), torch.polygamma(1, x).numpy(force=True), rtol=1e-13)
    (third,) = torch.autograd.grad(second.sum(), x)
    np.testing.assert_allclose(third.numpy(force=True), torch.polygamma(2, x.detach()).numpy(force=True), rtol=1e-13)


def test_more_dimensions_and_whole_numbers():
    x = torch.tensor([3.0, 5.5], dtype=torch.float64)
    by_hand = 0.5 * math.log(math.pi) + torch.lgamma(x) + torch.lgamma(x - 0.5)
    np.testing.assert_allclose(torch.mvlgamma(x, 2).numpy(), by_hand.numpy(), rtol=1e-14)
    assert torch.lgamma(torch.tensor([4])).item() == pytest.approx(math.log(6))  # whole numbers become floats
    assert x.polygamma(1).tolist() == torch.polygamma(1, x).tolist()


def test_orders_that_there_are_not():
    with pytest.raises(ValueRangeError, match="expected an order of 0 or more"):
        torch.polygamma(-1, torch.ones(2))
    with pytest.raises(ValueRangeError, match="expected 1 dimension or more"):
        torch.mvlgamma(torch.ones(2), 0)


def test_the_names_of_torch_special():
    x = torch.tensor([0.2, 0.7])
    pairs = {"gammaln": torch.lgamma, "psi": torch.digamma, "expit": torch.sigmoid, "erfinv": torch.erfinv}
    for name, function in pairs.items():
        assert getattr(torch.special, name)(x).tolist() == function(x).tolist()
