"""Safetensors files against the package that owns the format: the same bytes out, the same tensors in."""

import itertools
import json

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import SafetensorError
from safetensors import numpy as package
from safetensors.torch import save as save_torch

from glassnet.errors import FormatError
from glassnet.files.safetensors import load, save

pytestmark = pytest.mark.peers

TYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1", "c8"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = TEXT.filter(lambda name: name != "__metadata__")
ARRAYS = st.sampled_from(TYPES).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, ARRAYS, max_size=6), st.none() | st.dictionaries(TEXT, TEXT, max_size=1))
def test_the_same_bytes(tensors, metadata):
    assume(tensors or metadata != {})  # the package writes JSON that it cannot read itself: {},"__metadata__":{}}
    assert save(None, tensors, metadata) == package.save(tensors, metadata=metadata)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(TEXT, TEXT, min_size=2, max_size=5))
def test_the_same_header_where_the_package_orders_metadata_by_chance(metadata):
    ours, theirs = save(None, {"w": np.ones(2)}, metadata), package.save({"w": np.ones(2)}, metadata=metadata)
    assert len(ours) == len(theirs)
    size = int.from_bytes(ours[:8], "little")
    assert json.loads(ours[8 : 8 + size]) == json.loads(theirs[8 : 8 + size])
    assert ours[8 + size :] == theirs[8 + size :]


def test_every_type_at_once_in_the_packages_order():
    tensors = {f"{n:02}{kind}": np.ones(n, kind) for n, kind in enumerate(TYPES)}
    for seed in range(20):
        shuffled = {name: tensors[name] for name in np.random.default_rng(seed).permutation(list(tensors)).tolist()}
        assert save(None, shuffled) == package.save(shuffled)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, ARRAYS, max_size=4), st.booleans())
def test_each_reads_what_the_other_wrote(tensors, checksum):
    theirs = package.load(save(None, tensors, {"a": "b"}, checksum=checksum))
    ours, _ = load(package.save(tensors))
    for result in (ours, theirs):
        assert set(result) == set(tensors)
        for name, array in tensors.items():
            assert result[name].dtype == array.dtype
            assert result[name].shape == array.shape
            assert result[name].tobytes() == array.tobytes()


def test_bfloat16_from_pytorch():
    numbers = torch.randn(50, generator=torch.Generator().manual_seed(1)).bfloat16()
    loaded, _ = load(save_torch({"w": numbers, "x": torch.arange(3)}))
    np.testing.assert_array_equal(loaded["w"], numbers.float().numpy())
    np.testing.assert_array_equal(loaded["x"], [0, 1, 2])


def test_what_the_package_refuses_is_refused_here():
    """Every bit of a small file flipped: ours may be stricter, never laxer."""
    data = package.save({"w": np.arange(3, dtype=np.float32), "b": np.ones(2)}, metadata={"k": "v"})
    refused = 0
    for at, bit in itertools.product(range(len(data)), range(8)):
        damaged = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        try:
            package.load(damaged)
        except (SafetensorError, TypeError, KeyError):
            refused += 1
            with pytest.raises(FormatError):
                load(damaged)
    assert refused > 500
