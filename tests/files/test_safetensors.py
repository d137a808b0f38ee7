"""Safetensors: exact bytes out, exact tensors in, and every lie named."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glassnet.errors import DTypeError, FileError, FormatError, ValueRangeError
from glassnet.files.safetensors import load, load_metadata, save, widened, write

GOLDEN = Path(__file__).parent / "golden" / "package.safetensors"
TYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1", "c8"]
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).filter(lambda name: name != "__metadata__")
ARRAYS = st.sampled_from(TYPES).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
)


def build(header, data=b""):
    """A file with a header of one's own."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(1,), begin=0, end=4):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@settings(max_examples=60)
@given(st.dictionaries(NAMES, ARRAYS, max_size=4), st.dictionaries(NAMES, NAMES, max_size=3), st.booleans())
def test_what_is_saved_is_loaded_to_the_last_bit(tensors, metadata, checksum):
    metadata.pop("sha256", None)
    data = save(None, tensors, metadata, checksum=checksum)
    loaded, loaded_metadata = load(data, checksum=checksum)
    assert loaded_metadata == metadata
    assert set(loaded) == set(tensors)
    for name, array in tensors.items():
        assert loaded[name].dtype == array.dtype
        assert loaded[name].shape == array.shape
        assert loaded[name].tobytes() == array.tobytes()
        assert loaded[name].flags.writeable


def test_a_file_of_the_package_is_read_and_written_byte_for_byte():
    tensors, metadata = load(GOLDEN)
    assert metadata == {"made by": 'the "package"\n'}
    np.testing.assert_array_equal(tensors["fc1.weight"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(tensors["mask"], [True, False, True])
    assert tensors["steps"] == 7
    assert tensors["éß 漢"].shape == (0, 4)
    assert save(None, tensors, metadata) == GOLDEN.read_bytes()


def test_saved_to_a_path(tmp_path):
    path = tmp_path / "a.safetensors"
    data = save(path, {"w": np.ones((2, 3), np.float32).T})
    assert path.read_bytes() == data
    np.testing.assert_array_equal(load(path)[0]["w"], np.ones((3, 2)))


def test_order_and_padding_of_a_small_file_by_hand():
    """A float32, then two bytes by name; the header is padded to 8, so that numbers start at a multiple of 8."""
    data = save(None, {"b": np.uint8([1]), "c": np.float32([1.0]), "a": np.uint8([2])})
    size = int.from_bytes(data[:8], "little")
    assert size % 8 == 0
    assert list(json.loads(data[8 : 8 + size])) == ["c", "a", "b"]
    assert data[8 + size :] == b"\x00\x00\x80\x3f\x02\x01"


def test_byte_order_and_layout_of_the_caller_do_not_matter():
    plain = save(None, {"w": np.arange(6, dtype="<i4").reshape(2, 3)})
    assert save(None, {"w": np.arange(6, dtype=">i4").reshape(2, 3)}) == plain
    assert save(None, {"w": np.arange(12, dtype="<i4")[::2].reshape(2, 3) // 2}) == plain


@given(st.integers(0, 0xFFFF))
def test_bfloat16_widens_exactly(bits):
    """Sign, exponent and 7 bits of fraction by hand, for every number that is finite."""
    value = float(widened(np.array([bits], np.uint16))[0])
    sign, exponent, fraction = bits >> 15, (bits >> 7) & 0xFF, bits & 0x7F
    if exponent == 0xFF:
        assert not np.isfinite(value)
    else:
        magnitude = (fraction / 128 + (exponent > 0)) * 2.0 ** (max(exponent, 1) - 127)
        assert value == (-magnitude if sign else magnitude)


def test_bfloat16_is_read():
    data = build({"w": entry("BF16", (2,), 0, 4)}, np.array([0x3FC0, 0xC000], "<u2").tobytes())
    np.testing.assert_array_equal(load(data)[0]["w"], np.float32([1.5, -2]))


LIES = {
    "empty file": (b"", "got 0 bytes where the header's length should be"),
    "half a length": (b"\x01\0\0", "got 3 bytes where the header's length"),
    "length beyond the file": (b"\x09" + bytes(7) + b"{}      ", "got a header of 9 bytes; expected at most 8"),
    "length of 8 EiB": (b"\xff" * 7 + b"\x7f{}", "got a header of 9,223,372,036,854,775,807 bytes"),
    "no brace first": (build(b" {}"), "got a header b' {}'"),
    "no space last": (build(b"{}\n"), "got a header"),
    "not JSON": (build(b"{'a'}"), "header, line 1, column 2"),
    "not UTF-8": (build(b'{"\xff":1}'), "expected UTF-8"),
    "a name twice": (build(b'{"a":1,"a":2}'), "the key 'a' twice"),
    "deep": (build(b'{"a":' + b"[" * 99 + b"]" * 99 + b"}"), "more than 3 brackets"),
    "a number for an entry": (build({"a": 1}), "tensor 'a' described by 1"),
    "a field too many": (build({"a": entry() | {"x": 1}}, bytes(4)), "expected dtype, shape and data_offsets"),
    "a field too few": (build({"a": {"dtype": "F32", "shape": []}}, bytes(4)), "expected dtype, shape"),
    "unknown type": (build({"a": entry("F8_E4M3")}, bytes(4)), "of the type 'F8_E4M3'; expected one of U64"),
    "type that is a list": (build({"a": entry() | {"dtype": []}}, bytes(4)), "of the type []"),
    "negative size": (build({"a": entry("F32", (-1,))}, bytes(4)), "whole numbers from 0"),
    "size true": (build({"a": entry("F32", (True,))}, bytes(4)), "whole numbers from 0"),
    "size 1.0": (build({"a": entry("F32", (1.0,))}, bytes(4)), "whole numbers from 0"),
    "three offsets": (build({"a": entry() | {"data_offsets": [0, 4, 4]}}, bytes(4)), "whole numbers from 0"),
    "huge product": (build({"a": entry("F32", (1 << 40, 1 << 40))}, bytes(4)), "a product that memory can hold"),
    "huge beside 0": (build({"a": entry("F32", (0, 1 << 62, 1 << 62), 0, 0)}), "a product that memory can hold"),
    "8 PiB asked for (CVE-2026-0897)": (build({"a": entry("F32", (1 << 46,), 0, 1 << 48)}), "0 bytes of data"),
    "too many dimensions": (build({"a": entry("F32", (1,) * 33)}, bytes(4)), "of 33 dimensions; expected at most 32"),
    "size and offsets differ": (build({"a": entry("F32", (2,))}, bytes(4)), "expected 8 bytes for F32[2]"),
    "offsets backwards": (build({"a": entry("F32", (1,), 4, 0)}, bytes(4)), "at bytes 4 to 0"),
    "gap": (build({"a": entry("F32", (1,), 4, 8)}, bytes(8)), "at byte 4; expected it at 0"),
    "overlap": (build({"a": entry(), "b": entry("U8", (4,), 2, 6)}, bytes(6)), "at byte 2; expected it at 4"),
    "same bytes twice": (build({"a": entry(), "b": entry()}, bytes(4)), "at byte 0; expected it at 4"),
    "bytes after": (build({"a": entry()}, bytes(5)), "got 5 bytes of data; expected 4"),
    "bytes missing": (build({"a": entry()}, bytes(3)), "got 3 bytes of data; expected 4"),
    "metadata a list": (build({"__metadata__": []}), "metadata that is not text"),
    "metadata a number": (build({"__metadata__": {"a": 1}}), "metadata that is not text"),
    "bool of 2": (build({"a": entry("BOOL", (1,), 0, 1)}, b"\x02"), "with the BOOL 2; expected 0 or 1"),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_are_named(name):
    data, complaint = LIES[name]
    with pytest.raises(FormatError) as caught:
        load(data)
    assert complaint in str(caught.value)
    assert ". Try " in str(caught.value)


def test_a_header_beyond_the_cap(tmp_path):
    path = tmp_path / "a"
    with open(path, "wb") as file:
        file.write((1 << 25).to_bytes(8, "little"))
        file.truncate(1 << 26)
    with pytest.raises(FormatError, match="got a header of 33,554,432 bytes; expected at most 16,777,216"):
        load(path)
    with pytest.raises(FileError, match="expected at most 1,000"):
        load(path, limit=1000)


def test_what_cannot_be_saved():
    with pytest.raises(DTypeError, match=r"tensor 'w': got the type <U1; expected one of U64, .*Try w\.astype"):
        save(None, {"w": np.array("a")})
    with pytest.raises(DTypeError):
        save(None, {"w": np.array([object()])})
    for name in ("__metadata__", 3):
        with pytest.raises(ValueRangeError, match="got a tensor named"):
            save(None, {name: np.zeros(1)})
    for metadata in ({"a": 1}, {1: "a"}):
        with pytest.raises(ValueRangeError, match="expected text for text"):
            save(None, {}, metadata)
    with pytest.raises(ValueRangeError, match="half a surrogate pair"):
        save(None, {"\ud800": np.zeros(1)})


# The checksum

SEALED = save(None, {"w": np.arange(3, dtype=np.float32), "on": np.array([True])}, {"model": "2-1"}, checksum=True)


def test_the_checksum_is_sha256_of_the_file_with_the_checksum_blanked():
    seal = json.loads(SEALED[8 : 8 + SEALED[0]])["__metadata__"]["sha256"]
    blank = SEALED.replace(seal.encode(), b"glassnet:" + b"0" * 64)
    assert seal == "glassnet:" + hashlib.sha256(blank).hexdigest()
    assert load(SEALED)[1] == {"model": "2-1"}


@pytest.mark.parametrize("at", range(len(SEALED)))
def test_every_damaged_byte_is_named(at):
    """Every other value of the byte in the header, where bytes mean something; every bit in the rest."""
    header = 8 <= at < 8 + SEALED[0]
    for value in range(256) if header else [SEALED[at] ^ 1 << bit for bit in range(8)]:
        if value != SEALED[at]:
            damaged = SEALED[:at] + bytes([value]) + SEALED[at + 1 :]
            with pytest.raises(FormatError):
                load(damaged)


def test_every_truncation_and_extension_is_named():
    for length in range(len(SEALED)):
        with pytest.raises(FormatError):
            load(SEALED[:length])
    with pytest.raises(FormatError):
        load(SEALED + b"\0")


def test_without_a_checksum_damage_is_named_or_legal():
    """No other exception, and never another number of bytes than the file holds."""
    tensors = {"w": np.arange(3, dtype=np.float32), "on": np.array([True])}
    data = save(None, tensors)
    size = sum(array.nbytes for array in tensors.values())
    for at in range(len(data)):
        for bit in range(8):
            try:
                loaded, _ = load(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            except FormatError:
                continue
            assert at >= 8
            held = sum(array.nbytes // (2 if b'"BF16"' in data else 1) for array in loaded.values())
            assert held == size


def test_a_checksum_on_demand():
    with pytest.raises(FormatError, match=r"got no checksum; expected one\. Try save\(\.\.\., checksum=True\)"):
        load(save(None, {}), checksum=True)
    assert load(SEALED, checksum=True)[1] == {"model": "2-1"}


def test_a_blank_checksum_is_none_and_fails():
    start = SEALED.index(b"glassnet:") + 9
    with pytest.raises(FormatError, match="got contents with SHA-256"):
        load(SEALED[:start] + b"0" * 64 + SEALED[start + 64 :])


def test_somebody_elses_sha256_is_metadata():
    for value in ("ab" * 32, "sha256:" + "ab" * 32, "later"):
        assert load(save(None, {}, {"sha256": value}))[1] == {"sha256": value}
    seal = "glassnet:" + "0" * 64
    for metadata in ({"sha256": "x"}, {"note": f"as {seal}"}):
        with pytest.raises(ValueRangeError, match="beside checksum=True"):
            save(None, {}, metadata, checksum=True)
    with pytest.raises(ValueRangeError, match="a second checksum"):
        save(None, {seal: np.zeros(1)}, checksum=True)
    assert load(save(None, {}, {"note": "glassnet:mnist"}, checksum=True))[1] == {"note": "glassnet:mnist"}


def test_written_without_a_copy(tmp_path):
    tensors = {"w": np.arange(6.0).reshape(2, 3).T, "on": np.array(True)}
    size = write(tmp_path / "a", tensors, {"a": "b"}, checksum=True)
    assert (tmp_path / "a").read_bytes() == save(None, tensors, {"a": "b"}, checksum=True)
    assert size == (tmp_path / "a").stat().st_size


def test_metadata_alone(tmp_path):
    write(tmp_path / "a", {"w": np.zeros(3)}, {"a": "b"}, checksum=True)
    assert load_metadata(tmp_path / "a") == {"a": "b"}
    data = (tmp_path / "a").read_bytes()
    for damaged in (data[:-1], data[:50], b"", data.replace(b"glassnet:", b"glassnet;")):
        with pytest.raises(FormatError):
            load_metadata(damaged)


def test_what_no_reader_would_take_is_not_written(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(ValueRangeError, match=r"got names and metadata of 16,777,2.. bytes; expected less"):
        write(tmp_path / "a", {}, {"note": "x" * (16 << 20)})
    assert (tmp_path / "a").read_bytes() == b"old"
