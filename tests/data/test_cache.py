"""The cache of well-known files: trusted cheaply, checked when touched, never in the way."""

import hashlib
import logging
import os
import sys

import numpy as np
import pytest

from glassnet.data import cache
from glassnet.data.cache import SEAL, Canonical, cache_folder, load_cached, map_cached
from glassnet.errors import FileError, FormatError

PIXELS = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
CONTENTS = bytes([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 3]) + PIXELS.tobytes()
PICTURES = Canonical("pictures", (5, 4, 3), hashlib.md5(CONTENTS).hexdigest())


class Origin:
    """A fetch that gives the canonical bytes, in two pieces, and counts how often it was asked."""

    def __init__(self, contents: bytes = CONTENTS) -> None:
        self.contents, self.asked = contents, 0

    def __call__(self, files):
        for _ in files:
            self.asked += 1
            yield "the origin", [self.contents[:10], self.contents[10:]]


def forbidden(files):
    raise AssertionError("the cache should have answered")


@pytest.fixture
def filled(tmp_path):
    """A folder whose cached file is whole and sealed."""
    load_cached(str(tmp_path), [PICTURES], Origin())
    return tmp_path


def test_size_and_header_follow_from_the_shape():
    assert PICTURES.header == CONTENTS[:16]
    assert PICTURES.size == len(CONTENTS) == 76


def test_the_first_load_fetches_and_the_second_maps(tmp_path):
    folder = tmp_path / "not" / "yet"
    origin = Origin()
    for _ in range(2):
        (array,) = load_cached(str(folder), [PICTURES], origin)
        np.testing.assert_array_equal(array, PIXELS)
        assert array.dtype == np.uint8
    assert origin.asked == 1
    assert os.listdir(folder) == ["pictures"]
    assert (folder / "pictures").read_bytes() == CONTENTS
    assert int((folder / "pictures").stat().st_mtime) == SEAL


def test_only_what_is_missing_is_fetched(filled):
    labels = Canonical("labels", (4,), hashlib.md5(header := bytes([0, 0, 8, 1, 0, 0, 0, 4, 3, 2, 1, 0])).hexdigest())
    origin = Origin(header)
    first, second = load_cached(str(filled), [PICTURES, labels], origin)
    assert origin.asked == 1
    np.testing.assert_array_equal(first, PIXELS)
    assert second.tolist() == [3, 2, 1, 0]


def test_writing_to_an_array_leaves_the_cached_file_alone(filled):
    (array,) = load_cached(str(filled), [PICTURES], forbidden)
    array[:] = 255
    assert (filled / "pictures").read_bytes() == CONTENTS
    (again,) = load_cached(str(filled), [PICTURES], forbidden)
    np.testing.assert_array_equal(again, PIXELS)


@pytest.mark.parametrize("at", [0, 7, 16, 40, 75])
def test_a_changed_byte_is_found_wherever_it_is(filled, at: int):
    path = filled / "pictures"
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(bytes([CONTENTS[at] ^ 0x10]))
    origin = Origin()
    (array,) = load_cached(str(filled), [PICTURES], origin)
    np.testing.assert_array_equal(array, PIXELS)
    assert origin.asked == 1
    assert path.read_bytes() == CONTENTS


@pytest.mark.parametrize("contents", [b"", b"x", CONTENTS[:-1], CONTENTS + b"x", bytes(76)])
def test_a_file_of_another_length_or_without_its_header_is_made_anew(filled, contents: bytes):
    path = filled / "pictures"
    path.write_bytes(contents)
    os.utime(path, (SEAL, SEAL))  # even where the seal lies
    origin = Origin()
    load_cached(str(filled), [PICTURES], origin)
    assert origin.asked == 1
    assert path.read_bytes() == CONTENTS


def test_a_file_that_was_copied_keeps_its_worth_and_is_sealed_again(filled):
    path = filled / "pictures"
    os.utime(path)
    load_cached(str(filled), [PICTURES], forbidden)
    assert int(path.stat().st_mtime) == SEAL


def test_a_sealed_file_is_trusted_without_a_checksum(filled, monkeypatch):
    monkeypatch.setattr(cache, "checked", forbidden)
    assert map_cached(str(filled), PICTURES) is not None


def test_wrong_bytes_from_the_origin_are_refused_and_not_kept(tmp_path):
    with pytest.raises(FormatError) as raised:
        load_cached(str(tmp_path), [PICTURES], Origin(CONTENTS[:-1] + b"!"))
    message = str(raised.value)
    assert message.startswith("pictures of the origin: got 76 bytes with MD5 ")
    assert f"expected 76 bytes with MD5 {PICTURES.md5}. Try " in message
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_leaves_the_data_in_memory(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    origin = Origin()
    with caplog.at_level(logging.INFO, logger="glassnet"):
        for times in (1, 2):
            (array,) = load_cached(str(tmp_path / "file" / "cache"), [PICTURES], origin)
            np.testing.assert_array_equal(array, PIXELS)
            array[0] = 1  # as writable as a mapped one
            assert origin.asked == times
    assert all(record.levelno == logging.INFO for record in caplog.records)
    assert "pictures stays in memory only" in caplog.text


def test_a_folder_where_the_file_should_be_leaves_the_data_in_memory(tmp_path):
    (tmp_path / "pictures").mkdir()
    (array,) = load_cached(str(tmp_path), [PICTURES], Origin())
    np.testing.assert_array_equal(array, PIXELS)
    assert os.listdir(tmp_path) == ["pictures"]


@pytest.mark.parametrize("error", [PermissionError(13, "denied"), OSError(28, "full"), OSError(30, "read-only")])
def test_a_disk_that_refuses_leaves_the_data_in_memory_and_no_rest(tmp_path, monkeypatch, error):
    def refuse(*args):
        raise error

    monkeypatch.setattr(os, "replace", refuse)
    (array,) = load_cached(str(tmp_path), [PICTURES], Origin())
    np.testing.assert_array_equal(array, PIXELS)
    assert os.listdir(tmp_path) == []


def test_a_file_that_cannot_be_sealed_is_checked_each_time(tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError(1, "not yours")

    monkeypatch.setattr(os, "utime", refuse)
    load_cached(str(tmp_path), [PICTURES], Origin())
    (array,) = load_cached(str(tmp_path), [PICTURES], forbidden)
    np.testing.assert_array_equal(array, PIXELS)
    (tmp_path / "pictures").write_bytes(CONTENTS[:-1] + b"!")
    origin = Origin()
    load_cached(str(tmp_path), [PICTURES], origin)
    assert origin.asked == 1


@pytest.mark.parametrize(
    ("platform", "environment", "ending"),
    [
        ("linux", {"XDG_CACHE_HOME": "{root}"}, ["{root}", "glassnet"]),
        ("linux", {"XDG_CACHE_HOME": "relative"}, [".cache", "glassnet"]),
        ("linux", {}, [".cache", "glassnet"]),
        ("darwin", {"XDG_CACHE_HOME": "{root}"}, ["Library", "Caches", "glassnet"]),
        ("win32", {"LOCALAPPDATA": "C:\\Local"}, ["C:\\Local", "glassnet", "Cache"]),
        ("win32", {}, ["glassnet", "Cache"]),
    ],
)
def test_each_system_has_its_own_folder_for_caches(monkeypatch, tmp_path, platform, environment, ending):
    for name in ("GLASSNET_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.replace("{root}", str(tmp_path)))
    monkeypatch.setattr(sys, "platform", platform)
    folder = cache_folder().replace("/", os.sep)
    assert folder.endswith(os.sep.join(ending).replace("{root}", str(tmp_path)))


def test_the_user_can_choose_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == str(tmp_path / "mine")
    monkeypatch.setenv("GLASSNET_CACHE", "~")
    assert cache_folder() == os.path.expanduser("~")


def test_errors_of_the_cache_are_file_errors():
    assert issubclass(FormatError, FileError)
