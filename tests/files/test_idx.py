"""IDX files: every type, plain and packed, and every lie named."""

import gzip
import lzma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glassnet.errors import DTypeError, FileError, FormatError, ValueRangeError
from glassnet.files.idx import read_idx, write_idx

TYPES = ["u1", "i1", ">i2", "<i2", "i4", ">f4", "f8", ">f8"]
ARRAYS = st.sampled_from(TYPES).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@settings(max_examples=60)
@given(ARRAYS, st.sampled_from([bytes, gzip.compress, lzma.compress]))
def test_what_is_written_is_read(array, pack):
    result = read_idx(pack(write_idx(None, array)))
    assert result.dtype == array.dtype.newbyteorder("=")
    assert result.dtype.isnative
    assert result.shape == array.shape
    assert result.tobytes() == array.astype(result.dtype).tobytes()
    assert result.flags.writeable


def test_one_of_each_type_by_hand():
    """Type, one dimension of one number, and the number big-endian."""
    for code, stored, value in [
        ("08", "ff", 255),
        ("09", "ff", -1),
        ("0b", "0102", 258),
        ("0c", "ffffff00", -256),
        ("0d", "3fc00000", 1.5),
        ("0e", "bff8000000000000", -1.5),
    ]:
        data = bytes.fromhex("0000" + code + "01" + "00000001" + stored)
        assert read_idx(data).tolist() == [value]
        assert write_idx(None, read_idx(data)) == data


@pytest.mark.parametrize("name", ["a", "a.gz", "a.xz"])
def test_paths_pack_by_their_ending_and_read_by_content(tmp_path, name):
    data = write_idx(tmp_path / name, IMAGES)
    assert (tmp_path / name).read_bytes() == data
    (tmp_path / name).rename(tmp_path / "other")
    np.testing.assert_array_equal(read_idx(tmp_path / "other"), IMAGES)


def test_bool_becomes_uint8():
    np.testing.assert_array_equal(read_idx(write_idx(None, np.array([True, False]))), np.uint8([1, 0]))


HEADER = bytes.fromhex("00000803 00000002 00000003 00000004")
LIES = {
    "empty": (b"", "got the first bytes none; expected 00 00, a type (08, 09, 0b, 0c, 0d, 0e)"),
    "not IDX": (b"\x89PNG", "got the first bytes 89 50 4e 47"),
    "unknown type": (bytes.fromhex("00000a0100000000"), "got the first bytes 00 00 0a 01"),
    "half the sizes": (HEADER[:10], "got 6 bytes of sizes; expected 12 for 3 dimensions"),
    "one number missing": (HEADER + bytes(23), "got 23 bytes of numbers; expected 24 for uint8 of shape (2, 3, 4)"),
    "one number too many": (HEADER + bytes(25), "got more than 24 bytes of numbers; expected 24"),
    "2^96 numbers": (b"\0\0\x08\x03" + b"\xff" * 12, "a product that memory can hold"),
    "16 GB in 12 bytes": (b"\0\0\x0d\x01" + b"\xff" * 4 + b"abcd", "got an array of 17,179,869,180 bytes"),
    "255 dimensions": (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"x", "of 255 dimensions; expected at most 32"),
    "0 times a lot": (b"\0\0\x08\x03" + bytes(4) + b"\xff" * 8, "a product that memory can hold"),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress], ids=["plain", "gz", "xz"])
@pytest.mark.parametrize("name", LIES)
def test_lies_are_named(name, pack):
    data, complaint = LIES[name]
    with pytest.raises(FormatError) as caught:
        read_idx(pack(data))
    assert complaint in str(caught.value)
    assert ". Try " in str(caught.value)


def test_every_truncation_is_named():
    data = HEADER + bytes(24)
    for length in range(len(data)):
        with pytest.raises(FormatError):
            read_idx(data[:length])


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gz", "xz"])
def test_a_bomb_is_refused_unless_its_size_is_asked_for(pack):
    numbers = np.zeros(70_000_000, np.uint8)
    bomb = pack(write_idx(None, numbers))
    with pytest.raises(FormatError, match=r"got an array of 70,000,000 bytes in a file of .* Try limit=70000000"):
        read_idx(bomb)
    assert read_idx(bomb, limit=70_000_000).shape == numbers.shape


def test_a_limit_holds_for_plain_files_too():
    with pytest.raises(FormatError, match="an array of 24 bytes in a file of 40; expected at most 23"):
        read_idx(write_idx(None, IMAGES), limit=23)


def test_missing_file(tmp_path):
    with pytest.raises(FileError, match="expected a path that exists"):
        read_idx(tmp_path / "missing")


def test_what_cannot_be_written():
    with pytest.raises(DTypeError, match=r"got an array of int64; expected one of uint8, .*Try array\.astype"):
        write_idx(None, np.arange(3))
    with pytest.raises(DTypeError, match="float32"):
        write_idx(None, np.zeros(3, np.complex64))
    with pytest.raises(ValueRangeError, match="expected sizes up to 4,294,967,295"):
        write_idx(None, np.zeros((0, 1 << 32), np.uint8))
