"""Reading stays inside its budget, and shortfalls are named before anything is allocated."""

import errno
import io
import math
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import FileError, FormatError
from glassnet.files.bounded import Source, opened, read_bounded

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@given(st.binary(max_size=200), st.integers(0, 200))
def test_read_bounded_is_all_or_an_error(data, limit):
    if len(data) <= limit:
        assert read_bounded(data, limit) == data
    else:
        with pytest.raises(FileError, match=rf"got {len(data)} bytes; expected at most {limit}\."):
            read_bounded(data, limit)


def test_a_file_and_its_bytes_read_alike(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"\r\n\x1a\0abc")
    assert read_bounded(path, 7) == read_bounded(path.read_bytes(), 7) == b"\r\n\x1a\0abc"
    with pytest.raises(FileError, match=r"a\.bin: got 7 bytes; expected at most 6\. Try limit=7"):
        read_bounded(path, 6)


def test_a_huge_sparse_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FileError, match="got 1,099,511,627,776 bytes; expected at most 4,294,967,296"), opened(path):
        pass


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileError, match=r"missing; expected a path that exists") as caught:
        read_bounded(tmp_path / "missing", 10)
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(FileError, match="which is a folder; expected a plain file"):
        read_bounded(tmp_path, 10)


@POSIX
def test_pipes_and_devices_neither_block_nor_flow(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="which is a pipe"):
        read_bounded(tmp_path / "pipe", 10)
    with pytest.raises(FileError, match="which is a device"):
        read_bounded("/dev/zero", 10)


@POSIX
def test_links_and_second_names_on_request(tmp_path):
    (tmp_path / "secret").write_bytes(b"s")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    assert read_bounded(tmp_path / "link", 10) == b"s"
    with pytest.raises(FileError, match="which is a link"):
        read_bounded(tmp_path / "link", 10, follow_links=False)
    assert read_bounded(tmp_path / "secret", 10, follow_links=False) == b"s"
    os.link(tmp_path / "secret", tmp_path / "second")
    with pytest.raises(FileError, match="a file with 2 names"):
        read_bounded(tmp_path / "second", 10, follow_links=False)


@POSIX
@pytest.mark.parametrize("guard", ["O_NOFOLLOW", None])
def test_a_link_put_in_place_at_the_last_moment(tmp_path, monkeypatch, guard):
    """The file is exchanged for a link between the look and the opening, with and without the system's own guard."""
    path, secret = tmp_path / "a", tmp_path / "secret"
    path.write_bytes(b"a")
    secret.write_bytes(b"s")
    if guard is None:
        monkeypatch.setattr(os, "O_NOFOLLOW", 0)
    real = os.open

    def swap_and_open(name, flags, *rest, **more):
        path.unlink()
        path.symlink_to(secret)
        monkeypatch.setattr(os, "open", real)
        return real(name, flags, *rest, **more)

    monkeypatch.setattr(os, "open", swap_and_open)
    with pytest.raises(FileError, match=r"exchanged while it was opened|expected a file, not a link"):
        read_bounded(path, 10, follow_links=False)


@POSIX
def test_a_pipe_put_in_place_at_the_last_moment_does_not_block(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"a")
    real = os.open

    def swap_and_open(name, flags, *rest, **more):
        path.unlink()
        os.mkfifo(path)
        assert flags & os.O_NONBLOCK, "this would wait for a writer for ever"
        return real(name, flags, *rest, **more)

    monkeypatch.setattr(os, "open", swap_and_open)
    with pytest.raises(FileError, match="which is a pipe"):
        read_bounded(path, 10)


class _Failing(io.BytesIO):
    def read(self, size=-1):
        raise OSError(errno.EIO, "Input/output error")

    readinto = read


class _Shrinking(io.BytesIO):
    def read(self, size=-1):
        return super().read(1)

    def readinto(self, buffer):
        return 1


@pytest.mark.parametrize("read", [Source.read, Source.read_array])
def test_trouble_while_reading_is_named(read):
    with pytest.raises(FileError, match=r"on trying to read a \(3 bytes\); expected a disk that works"):
        read(Source(_Failing(b"abc"), "a", 3), 3, "x")
    with pytest.raises(FormatError, match="got 1 bytes of x; expected 3: the file shrank"):
        read(Source(_Shrinking(b"abc"), "a", 3), 3, "x")


@given(st.binary(max_size=50), st.lists(st.integers(0, 30), max_size=5))
def test_reads_take_exactly_what_they_ask_for(data, counts):
    with opened(data) as source:
        at = 0
        for count in counts:
            if at + count > len(data):
                with pytest.raises(FormatError, match=f"got {len(data) - at} bytes where it should be"):
                    source.read(count, "it")
                assert source.remaining == len(data) - at
            else:
                assert source.read_array(count, "it").tobytes() == data[at : at + count]
                at += count
        assert source.position == at


def test_seeking_beyond_the_end():
    with opened(b"abc") as source:
        source.seek(3, "x")
        assert source.remaining == 0
        for place in (4, -1):
            with pytest.raises(FormatError, match=f"x at byte {place}; expected at most 3"):
                source.seek(place, "x")


@given(st.lists(st.integers(-2, 1 << 64), max_size=40), st.sampled_from([1, 2, 8]))
def test_byte_counts_are_right_or_refused(shape, itemsize):
    with opened(b"") as source:
        try:
            count = source.byte_count(shape, itemsize, "an array")
        except FormatError:
            held = math.prod(max(size, 1) for size in shape)
            assert min(shape, default=0) < 0 or len(shape) > 32 or held > 1 << 48
        else:
            assert count == math.prod(shape) * itemsize
            assert np.empty(tuple(min(size, 0) for size in shape)).ndim == len(shape)


def test_the_largest_array():
    with opened(b"") as source:
        assert source.byte_count([1 << 24, 1 << 24], 8, "an array") == 1 << 51
        with pytest.raises(FormatError, match="a product that memory can hold"):
            source.byte_count([1 << 24, (1 << 24) + 1], 1, "an array")


def test_sizes_with_more_digits_than_python_prints_are_shortened():
    with opened(b"") as source, pytest.raises(FormatError, match="…"):
        source.byte_count([10**6000], 1, "an array")


def test_the_budget_is_the_callers_or_grows_with_the_file():
    with opened(b"12345") as source:
        assert source.within(100, 100, "x") == 100
        assert source.budget(None) == (64 << 20) + 100
        with pytest.raises(FormatError, match=r"x of 101 bytes in a file of 5; expected at most 100\. Try limit=101"):
            source.within(101, 100, "x")


def test_too_little_memory_is_named():
    with pytest.raises(FileError, match=r"got contents that do not fit in memory \(no .*Try closing"), opened(b"12"):
        raise MemoryError
    with pytest.raises(FileError, match="Unable to allocate"), opened(b"12"):
        np.empty(1 << 60, np.uint8)
