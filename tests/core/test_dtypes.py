"""Kinds of numbers: what comes out of which, and how dtypes behave."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import glassnet as torch
from glassnet.core.dtypes import promote
from glassnet.errors import GlassnetError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "dtypes.json").read_text(encoding="utf-8"))
PYTHON = {"python int": 2, "python float": 2.0, "python bool": True}

# Where glassnet gives another dtype, knowingly: PyTorch's any and all of bytes are bytes, a power of bools is a bool.
DIFFERENT = {
    "any": {"uint8"},
    "all": {"uint8"},
    "pow": {"bool, python bool", "bool(), python bool"},
    "sign": {"bool"},
    "square": {"bool"},
}


def operand(name):
    if name in PYTHON:
        return PYTHON[name]
    return torch.ones(() if name.endswith("()") else 2, dtype=getattr(torch, name.removesuffix("()")))


def compute(name, operands):
    if name == "where":
        return torch.where(torch.ones(2) > 0, *operands)
    if name == "cat":
        return torch.cat(operands)
    if name == "bitwise_not":
        return ~operands[0]
    if name.startswith("."):
        return getattr(operands[0], name[1:])()
    if name.startswith("__") or name.endswith("_"):
        return getattr(operands[0], name)(*operands[1:])
    if name.endswith("0") and name != "log10":
        return getattr(torch, name[:-1])(*operands, (0,) if name == "flip0" else 0)
    return getattr(torch, name)(*operands)


def dtype_of(name, key):
    try:
        result = compute(name, [operand(o) for o in key.split(", ")])
    except GlassnetError:
        return "error"
    result = result[0] if isinstance(result, tuple) else result
    return str(result.dtype).removeprefix("torch.")


@pytest.mark.parametrize("name", GOLDEN)
def test_results_have_pytorchs_dtypes(name):
    expected = {k: right for k, right in GOLDEN[name].items() if right != "error"}  # where PyTorch answers at all
    wrong = {k: (dtype_of(name, k), right) for k, right in expected.items() if dtype_of(name, k) != right}
    assert set(wrong) == DIFFERENT.get(name, set()), wrong


@pytest.mark.parametrize(
    "name", ["add_", "mul_", "div_", "softmax0", "mean", "std", "var", "norm", "__and__", "bitwise_not"]
)
def test_errors_where_pytorch_has_errors(name):
    refused = {k for k, right in GOLDEN[name].items() if right == "error"}
    assert refused == {k for k in GOLDEN[name] if dtype_of(name, k) == "error"}


def test_names_and_synonyms():
    assert torch.float is torch.float32
    assert torch.double is torch.float64
    assert torch.half is torch.float16
    assert torch.long is torch.int64
    assert torch.int is torch.int32
    assert torch.short is torch.int16
    assert repr(torch.float32) == str(torch.float32) == "torch.float32"
    assert torch.float32.is_floating_point
    assert not torch.int64.is_floating_point
    assert (torch.float64.itemsize, torch.bool.itemsize) == (8, 1)


def test_equal_to_what_they_stand_for():
    assert torch.float32 == np.float32
    assert torch.float32 == np.dtype("float32")
    assert torch.float32 != torch.float64
    assert torch.float32 != "nonsense"
    assert {torch.float32: 1}[torch.float32] == 1
    assert hash(torch.int64) == hash(np.dtype("int64"))


def test_there_is_one_of_each():
    assert copy.deepcopy(torch.float32) is torch.float32
    assert pickle.loads(pickle.dumps(torch.float32)) is torch.float32
    assert torch.ones(1).dtype is torch.float32


@pytest.mark.parametrize("form", [torch.float64, np.float64, "float64", np.dtype("float64")])
def test_ways_to_ask_for_a_dtype(form):
    assert torch.ones(1, dtype=form).dtype is torch.float64
    assert torch.ones(1).to(dtype=form).dtype is torch.float64


def test_python_types_as_dtypes():
    assert torch.ones(1, dtype=float).dtype is torch.float64
    assert torch.ones(1, dtype=bool).dtype is torch.bool
    assert torch.ones(1, dtype=int).dtype is torch.int64


def test_dtypes_of_new_tensors():
    assert torch.tensor([1, 2]).dtype is torch.int64
    assert torch.tensor([1, 2.0]).dtype is torch.float32
    assert torch.tensor([True, False]).dtype is torch.bool
    assert torch.tensor([True, 2]).dtype is torch.int64
    assert torch.tensor(np.float64(1)).dtype is torch.float64
    assert torch.tensor(np.ones(2)).dtype is torch.float64
    assert torch.tensor(np.ones(2, np.float32)).dtype is torch.float32
    assert torch.tensor([]).dtype is torch.float32
    assert torch.full((2,), 1).dtype is torch.int64
    assert torch.full((2,), True).dtype is torch.bool
    assert torch.arange(3).dtype is torch.int64
    assert torch.arange(0, 1, 0.5).dtype is torch.float32
    assert torch.zeros(1).dtype is torch.eye(2).dtype is torch.rand(1).dtype is torch.linspace(0, 1, 2).dtype
    assert torch.randint(0, 3, (2,)).dtype is torch.randperm(3).dtype is torch.int64
    assert torch.tensor(0.1, dtype=torch.float64).item() == 0.1


def test_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.get_default_dtype() is torch.float64
        assert torch.tensor([0.1]).item() == 0.1
        assert torch.rand(1).dtype is torch.zeros(1).dtype is torch.float64
        assert (torch.arange(2) / 2).dtype is torch.float64
        assert (torch.ones(1, dtype=torch.float32) * 0.1).dtype is torch.float32
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.zeros(1).dtype is torch.float32


def test_float64_comes_only_from_float64():
    """The table over every row lives in test_table.py; here, Python's numbers, which are float64 at heart."""
    x = torch.ones(3)
    results = [x * 0.1, 0.1 - x, x / 3, x**2, x**0.5, 2.0**x, x.mean() * 2.0, x.clamp(0.1, 0.9), x.std(), x.norm()]
    results += [torch.where(x > 0, x, 0.5), torch.maximum(x, torch.tensor(0.5)), x * np.float64(2.0)]
    results += [torch.tensor([1, 2]) * 0.5, x * torch.tensor(2.0, dtype=torch.float64)]
    assert {y.dtype for y in results} == {torch.float32}


@pytest.mark.parametrize(
    ("kinds", "common"),
    [
        (["float32", "float64"], "float64"),
        (["uint8", "int8"], "int16"),
        (["int64", "float16"], "float16"),
        (["bool", "uint8"], "uint8"),
        (["float32", "float64()"], "float32"),
        (["int32", "float64()"], "float64"),
        (["bool()", "bool()"], "bool"),
    ],
)
def test_promotion(kinds, common):
    arrays = [np.zeros(() if k.endswith("()") else 1, k.removesuffix("()")) for k in kinds]
    assert promote(arrays) == promote(arrays[::-1]) == np.dtype(common)


def test_conversions_follow_gradients():
    x = torch.tensor([1.5, -2.5], requires_grad=True)
    y = x.double()
    (y * y).sum().backward()
    assert (y.dtype, x.grad.dtype, x.grad.tolist()) == (torch.float64, torch.float32, [3.0, -5.0])
    assert x.to(torch.float32) is x
    assert x.to(torch.float32, copy=True) is not x
    assert x.type_as(torch.ones(1).double()).dtype is torch.float64
    assert x.long().tolist() == [1, -2]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ([np.float64(1)], torch.float64),
        ([2.0, np.float64(1)], torch.float64),
        ([[1], [np.float64(2)]], torch.float64),
        ([np.float32(1), np.float64(2)], torch.float64),
        ([np.arange(2.0), [1, 2]], torch.float64),
        ([np.float32(1), 2.0], torch.float32),
        ([np.int32(1), 2.5], torch.float32),
        ([1.0, 2], torch.float32),
    ],
)
def test_numbers_of_numpy_bring_their_dtype_into_a_list(data, kind):
    assert torch.tensor(data).dtype is kind


def test_where_asks_for_a_condition():
    with pytest.raises(GlassnetError, match=r"where: got a condition of torch.float32; expected a boolean tensor"):
        torch.where(torch.ones(2), 1.0, 2.0)
    assert torch.where(torch.ones(2) != 0, 1.0, 2.0).tolist() == [1.0, 1.0]
