"""Saving and loading tensors with plain data around them."""

import io
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.errors import FileError, FormatError, NotSupportedError
from glassnet.files import safetensors, strict_json


def through_a_file(obj):
    file = io.BytesIO()
    torch.save(obj, file)
    file.seek(0)
    return torch.load(file)


plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8)
nested = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(nested)
def test_plain_data_comes_back_as_it_was(data):
    assert through_a_file(data) == data


def test_a_state_dict_is_an_ordinary_safetensors_file(tmp_path):
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    torch.save(model.state_dict(), tmp_path / "model.safetensors")
    arrays, _ = safetensors.load(tmp_path / "model.safetensors")
    assert sorted(arrays) == sorted(model.state_dict())
    back = torch.load(tmp_path / "model.safetensors")
    assert list(back) == list(model.state_dict())
    assert all(np.array_equal(back[k].array, t.array) for k, t in model.state_dict().items())


def test_structure_kinds_and_dtypes_survive():
    data = {"a": (torch.arange(3), [torch.tensor(2.5, dtype=torch.float64)]), 7: OrderedDict(b=np.ones((2, 0)))}
    back = through_a_file(data)
    assert isinstance(back["a"], tuple)
    assert back["a"][0].dtype == torch.int64
    assert back["a"][1][0].shape == ()
    assert isinstance(back[7], OrderedDict)
    assert back[7]["b"].shape == (2, 0)


@pytest.mark.parametrize("thing", [nn.Linear(1, 1), {"m": [nn.ReLU()]}, {1.5: 2}, {"f": print}])
def test_objects_are_refused_with_what_to_do(thing):
    with pytest.raises(NotSupportedError, match=r"got .*; expected .*\. Try "):
        torch.save(thing, io.BytesIO())


@pytest.mark.parametrize(
    "structure", [["tensor", "b"], ["call", "print"], [], {"a": 1}, ["dict", ["a"]], ["float", "1"], ["list", [3]]]
)
def test_a_structure_that_lies_is_named(structure):
    data = safetensors.save(None, {"a": np.ones(2)}, {"structure": strict_json.dumps(structure)})
    with pytest.raises(FormatError, match=r"load: got"):
        torch.load(io.BytesIO(data))


def test_a_missing_file_is_one_error(tmp_path):
    with pytest.raises(FileError, match=r"nothing\.pt"):
        torch.load(tmp_path / "nothing.pt")


def test_names_that_read_alike_do_not_meet():
    data = {"a": {"b": torch.zeros(1), 1: torch.ones(1), "1": torch.ones(2)}, "a.b": torch.zeros(2)}
    back = through_a_file(data)
    assert back["a"]["b"].shape == back["a"][1].shape == (1,)
    assert back["a.b"].shape == back["a"]["1"].shape == (2,)


@pytest.mark.parametrize("number", [2**200, -(2**64), 2**63, -(2**63)])
def test_whole_numbers_of_any_size(number):
    assert through_a_file({"n": number, "list": [number] * 70}) == {"n": number, "list": [number] * 70}


def test_a_header_whose_length_begins_like_a_zip():
    """0x4b50 bytes: the file begins with PK, and is none."""
    bare = len(safetensors.save(None, {"w": np.ones(2)}, {"note": ""})) - 8 - 16
    data = safetensors.save(None, {"w": np.ones(2)}, {"note": "x" * (0x4B50 - bare)})
    assert data[:3] == b"PK\0"
    assert torch.load(io.BytesIO(data))["w"].shape == (2,)


@pytest.mark.parametrize("structure", [["dict", ["a", 1], ["a", 2]], ["ints", "a"], ["scalar", "a"], ["int", "1_0"]])
def test_more_structures_that_lie(structure):
    data = safetensors.save(None, {"a": np.ones(2)}, {"structure": strict_json.dumps(structure)})
    with pytest.raises(FormatError, match=r"load: got"):
        torch.load(io.BytesIO(data))


def test_an_error_names_the_file(tmp_path):
    path = tmp_path / "weights.safetensors"
    torch.save({"w": torch.ones(3)}, path)
    for damaged in (path.read_bytes()[:-1], b"", b"PK\3\4 and no zip", b"\x80\x02\x8a\x0a of old"):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match=r"weights\.safetensors: got .*; expected .*\. Try "):
            torch.load(path)


def test_what_cannot_be_saved_leaves_the_file_alone(tmp_path):
    path = tmp_path / "a"
    torch.save({"w": torch.ones(3)}, path)
    before = path.read_bytes()
    with pytest.raises(NotSupportedError):
        torch.save({"f": print}, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("order", ['["b"]', '["a", "a"]', "[]", "{}", '["a", "b"]'])
def test_an_order_that_lies(order):
    data = safetensors.save(None, {"a": np.ones(2)}, {"order": order})
    with pytest.raises(FormatError, match=r"load: got an order of"):
        torch.load(io.BytesIO(data))
