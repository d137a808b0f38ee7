"""gzip and xz: unpacked as far as asked, and damage named."""

import gzip
import io
import lzma
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import FileError, FormatError
from glassnet.files import compressed
from glassnet.files.bounded import opened
from glassnet.files.compressed import inflated, packed_like, unpacked

PACKERS = {"gzip": gzip.compress, "xz": lzma.compress, "plain": bytes}


def read(data, *counts):
    with opened(data) as source:
        stream = unpacked(source)
        return [stream.read(count) for count in counts or (-1,)]


@given(st.binary(min_size=1, max_size=300), st.sampled_from(sorted(PACKERS)), st.integers(1, 50))
def test_unpacks_what_was_packed_in_any_steps(data, packer, step):
    data = b"\x00" + data  # nothing that looks packed by itself
    pieces = read(PACKERS[packer](data), *[step] * (len(data) // step + 2))
    assert b"".join(pieces) == data


@pytest.mark.parametrize("packer", ["gzip", "xz"])
def test_streams_one_after_another(packer):
    pack = PACKERS[packer]
    assert read(pack(b"ab") + pack(b"") + pack(b"c")) == [b"abc"]


@pytest.mark.parametrize("packer", ["gzip", "xz"])
def test_every_truncation_is_named(packer):
    data = PACKERS[packer](bytes(range(64)) * 3)
    for length in range(6, len(data)):
        with pytest.raises(FormatError, match="compressed data"):
            read(data[:length])


@pytest.mark.parametrize("packer", ["gzip", "xz"])
def test_what_follows_has_to_be_packed_too(packer):
    with pytest.raises(FormatError, match="compressed data"):
        read(PACKERS[packer](b"abc") + b"garbage")


def test_too_many_streams(monkeypatch):
    monkeypatch.setattr(compressed, "_MOST_MEMBERS", 3)
    assert read(gzip.compress(b"a") * 3) == [b"aaa"]
    with pytest.raises(FormatError, match="got more bytes after the compressed data"):
        read(gzip.compress(b"a") * 4)


@pytest.mark.parametrize("packer", ["gzip", "xz"])
def test_a_bomb_grows_no_further_than_asked(packer):
    bomb = PACKERS[packer](bytes(50_000_000))
    with opened(bomb) as source:
        assert unpacked(source).read(10) == bytes(10)
        assert source.position <= 1 << 16


def test_a_dictionary_of_gigabytes_is_refused():
    """The header of an xz file says how much memory to set aside: here 1.5 GiB for four bytes."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 16}]
    data = bytearray(lzma.compress(b"four", filters=filters))
    at = data.index(b"\x21\x01", 12) + 2  # the dictionary's size, as 2 or 3 times a power of 2
    data[at] = 37
    header_size = (data[12] + 1) * 4
    data[12 + header_size - 4 : 12 + header_size] = zlib.crc32(data[12 : 12 + header_size - 4]).to_bytes(4, "little")
    with pytest.raises(FormatError, match="Memory usage limit exceeded"):
        read(bytes(data))


@given(st.binary(max_size=100))
def test_zlib_and_bare_deflate(data):
    with opened(zlib.compress(data)) as source:
        assert inflated(source).read() == data
    bare = zlib.compressobj(wbits=-15)
    with opened(bare.compress(data) + bare.flush()) as source:
        assert inflated(source, bare=True).read() == data
    with opened(zlib.compress(data) + b"x") as source, pytest.raises(FormatError, match="more bytes after"):
        inflated(source).read()


def test_packed_by_the_ending_of_the_name():
    assert gzip.decompress(packed_like("a.gz", b"data")) == b"data"
    assert lzma.decompress(packed_like("a.xz", b"data")) == b"data"
    assert packed_like("a", b"data") == b"data"
    assert packed_like("a.gz", b"data") == packed_like("b.gz", b"data"), "no time, no name"


def test_a_python_without_lzma(monkeypatch):
    monkeypatch.setitem(sys.modules, "lzma", None)
    with pytest.raises(FileError, match=r"got an xz file; expected Python's lzma module .*Try unpacking it with `xz"):
        read(lzma.compress(b"x"))


def test_is_a_plain_stream():
    with opened(gzip.compress(b"a\nb")) as source:
        stream = unpacked(source)
        assert stream.raw.readinto(bytearray()) == 0
        assert isinstance(stream, io.BufferedIOBase)
        assert stream.readlines() == [b"a\n", b"b"]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_who_reads_to_the_end_says_where_that_may_be(pack):
    with opened(pack(b"7" * 100_000)) as source:
        assert len(unpacked(source, 100_000).read()) == 100_000
    with opened(pack(b"7" * 100_001)) as source:
        with pytest.raises(
            FormatError, match=r"got more than 100,000 bytes packed into \d+; expected fewer\. Try unpack"
        ):
            unpacked(source, 100_000).read()
