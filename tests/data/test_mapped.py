"""Arrays in files: the same rows as from memory, and memory that is given back."""

import os
import shutil
import sys
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from glassnet.core.random import manual_seed
from glassnet.data import mapped
from glassnet.data.folders import image_folder
from glassnet.data.images import idx_files
from glassnet.data.mapped import gathered, let_go
from glassnet.data.registry import split
from glassnet.errors import DataError, FileError, FormatError
from glassnet.files.idx import map_idx, write_idx
from glassnet.files.png import write_png
from glassnet.train.batches import Batches
from glassnet.train.preparation import Preparation


def _file(path: object, values: np.ndarray) -> np.memmap:
    array = np.memmap(path, values.dtype, "w+", shape=values.shape)
    array[...] = values
    return array


def test_rows_are_gathered_in_the_order_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "WINDOW", 64)  # two rows
    x = np.arange(120, dtype=np.float64).reshape(30, 4)
    places = np.random.default_rng(0).integers(0, 30, 100)
    np.testing.assert_array_equal(gathered(_file(tmp_path / "x", x), places), x[places])


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("window", [64, 400, 1 << 20])
def test_batches_of_a_file_are_those_of_memory(tmp_path, monkeypatch, window, prepared):
    monkeypatch.setattr(mapped, "WINDOW", window)
    x, y = np.random.default_rng(1).normal(size=(53, 3)).astype(np.float32), np.arange(53)
    prepare = Preparation.fitted(x) if prepared else None
    dealt = []
    for rows, labels in ((x, y), (_file(tmp_path / "x", x), _file(tmp_path / "y", y))):
        manual_seed(3)
        batches = Batches(rows, labels, prepare, 8)
        passed = [tuple(t.array.copy() for t in batch) for batch in batches]
        dealt.append(passed + [tuple(t.array.copy() for t in batch) for batch in batches.rest(2)])
    for ours, plain in zip(*dealt, strict=True):
        for a, b in zip(ours, plain, strict=True):
            np.testing.assert_array_equal(a, b)


def test_what_was_written_is_still_there_when_the_memory_is_given_back(tmp_path):
    array = _file(tmp_path / "x", np.arange(5000.0))
    let_go(array)
    np.testing.assert_array_equal(array, np.arange(5000.0))
    private = np.memmap(tmp_path / "x", np.float64, "c")
    private[0] = 7.0
    let_go(private)
    assert private[0] == 7.0  # its change is in memory alone


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux says how much of a file is in memory")
def test_a_pass_over_a_large_file_leaves_little_of_it_in_memory(tmp_path):
    assert sys.platform.startswith("linux")
    rows, features = 200_000, 64  # 51 MB
    x = np.memmap(tmp_path / "x", np.float32, "w+", shape=(rows, features))
    y = np.memmap(tmp_path / "y", np.int64, "w+", shape=(rows,))
    let_go(x)
    before, most = _mapped_megabytes(), 0.0
    for i, _ in enumerate(Batches(x, y, None, 512)):
        if i % 20 == 0:
            most = max(most, _mapped_megabytes())
    assert most - before < 25


def _mapped_megabytes() -> float:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssFile")) / 1024


@pytest.fixture
def small_memory(tmp_path, monkeypatch):
    """Half a megabyte counts as large, and windows of a quarter of one are in memory at a time."""
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mapped, "IN_MEMORY", 1 << 19)
    monkeypatch.setattr(mapped, "WINDOW", 1 << 18)


def peak(work):
    """What a piece of work gives, and the most bytes of Python's that it took."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_idx_files_larger_than_memory_are_not_read_into_it(tmp_path, small_memory, kind):
    x = np.random.default_rng(0).integers(0, 100, (40_000, 10, 10)).astype(kind)
    y = np.arange(len(x), dtype=np.uint8) % 7
    write_idx(tmp_path / "x", x)
    write_idx(tmp_path / "y", y)
    data, most = peak(lambda: idx_files(tmp_path / "x", tmp_path / "y", test_fraction=0.25, seed=3))
    assert most < 3 << 20  # of 4, 8 or 16 MB, and as much again for the two parts
    assert isinstance(data.x_train, np.memmap)
    assert (len(data.x_train), len(data.x_test)) == (30_000, 10_000)
    read = x if kind == np.uint8 else x.astype(np.float32)
    plain = split(read, y.astype(np.int64), np.random.default_rng(3), 0.25)
    for got, expected in zip((data.x_train, data.y_train, data.x_test, data.y_test), plain, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_number_that_is_none_is_found_wherever_it_is(tmp_path, small_memory):
    x = np.zeros((2_000, 10, 10), np.float32)
    x[1_999, 3, 4] = np.nan
    write_idx(tmp_path / "x", x)
    write_idx(tmp_path / "y", np.arange(len(x), dtype=np.uint8) % 2)
    with pytest.raises(DataError, match=r"got nan in row 1999, place \(3, 4\)"):
        idx_files(tmp_path / "x", tmp_path / "y")


def test_a_mapped_idx_file_is_checked_as_one_that_is_read(tmp_path):
    for array in (
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.arange(5, dtype=np.int32),
        np.zeros((0, 3), np.uint8),
    ):
        whole = write_idx(tmp_path / "x", array)
        np.testing.assert_array_equal(map_idx(tmp_path / "x"), array)
        for wrong in (whole + b"x", whole[:-1], whole[:3], b"\0\0" + b"\xff" * 20):
            (tmp_path / "x").write_bytes(wrong)
            with pytest.raises(FormatError):
                map_idx(tmp_path / "x")
    write_idx(tmp_path / "x.gz", np.arange(5, dtype=np.uint8))
    assert map_idx(tmp_path / "x.gz") is None


@pytest.fixture
def pictures(tmp_path):
    """Writes grey pictures, coloured from one of them on."""

    def write(count, shape, first_colour=None):
        for i in range(count):
            grey = first_colour is None or i < first_colour
            image = np.full(shape if grey else (*shape, 3), i, np.uint8)
            image[0, 0] = 200 if grey else (9, 8, 7)
            folder = tmp_path / "images" / "ab"[2 * i // count]
            folder.mkdir(parents=True, exist_ok=True)
            write_png(folder / f"{i:03d}.png", image)
        return tmp_path / "images"

    return write


def test_a_folder_of_images_is_not_held_in_memory(pictures, small_memory, monkeypatch):
    monkeypatch.setattr(mapped, "IN_MEMORY", 1 << 16)
    monkeypatch.setattr(mapped, "WINDOW", 1 << 14)
    folder = pictures(40, (80, 80))  # 256 KB, and as much again for the two parts
    data, most = peak(lambda: image_folder(folder))
    assert isinstance(data.x_train, np.memmap)
    assert most < 200_000


@pytest.mark.parametrize("first_colour", [None, 0, 13, 23])
def test_images_in_a_file_are_those_in_memory(pictures, small_memory, monkeypatch, first_colour):
    folder = pictures(24, (6, 9), first_colour)
    plain = image_folder(folder)
    assert type(plain.x_train) is np.ndarray
    monkeypatch.setattr(mapped, "IN_MEMORY", 1)
    monkeypatch.setattr(mapped, "WINDOW", 200)
    data = image_folder(folder)
    assert isinstance(data.x_test, np.memmap)
    np.testing.assert_array_equal(data.x_train, plain.x_train)
    np.testing.assert_array_equal(data.x_test, plain.x_test)


def test_a_full_disk_is_said_before_a_page_is_written(small_memory, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=9_999))
    with pytest.raises(FileError, match="room on the disk"):
        mapped.temporary((100, 100), np.uint8)
