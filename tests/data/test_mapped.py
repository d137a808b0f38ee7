"""Arrays in files: the same rows as from memory, and memory that is given back."""

import os
import sys

import numpy as np
import pytest

from glassnet.core.random import manual_seed
from glassnet.data import mapped
from glassnet.data.mapped import gathered, let_go
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
