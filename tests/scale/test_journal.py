"""The journal: whatever a kill leaves of it can be read, and counts each trial once."""

import errno
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import FileError, FormatError
from glassnet.scale import journal as journals
from glassnet.scale.journal import Journal


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "trials.jsonl"


@pytest.mark.parametrize("cut", range(1, 84))
def test_a_line_cut_anywhere_is_run_again_and_the_others_stay(path, cut):
    with Journal(path) as journal:
        for number in range(3):
            journal.add({"trial": number, "score": number / 8})
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    left = sum(len(b"".join(whole.splitlines(True)[: n + 1])) <= len(whole) - cut for n in range(3))
    with Journal(path) as journal:
        assert sorted(journal.results) == list(range(left))
        for number in range(3):
            assert journal.add({"trial": number, "score": number / 8}) == (number >= left)
    assert path.read_bytes() == whole


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), max_size=20))
def test_each_trial_counts_once_as_it_stood_first(tmp_path_factory, results):
    path = tmp_path_factory.mktemp("journal") / "trials.jsonl"
    first = {}
    with Journal(path) as journal:
        for number, score in results:
            assert journal.add({"trial": number, "score": score}) == (number not in first)
            first.setdefault(number, score)
    with Journal(path) as journal:
        assert {number: result["score"] for number, result in journal.results.items()} == first
    assert len(path.read_bytes().splitlines()) == len(first)


def test_what_is_no_number_is_written_as_null(path):
    with Journal(path) as journal:
        journal.add({"trial": 0, "train_loss": float("nan")})
    assert lines(path) == [{"trial": 0, "train_loss": None}]


@pytest.mark.parametrize(
    "line", [b"[1]", b'{"trial": "0"}', b'{"trial": true}', b"{", b'{"trial": 0, "trial": 1}', b""]
)
def test_a_line_that_is_no_trial_is_named(path, line):
    path.write_bytes(b'{"trial": 0}\n' + line + b"\n")
    with pytest.raises(FormatError, match=r"trials\.jsonl, line 2"):
        Journal(path)


@pytest.mark.skipif(journals.fcntl is None, reason="Windows has no such lock")
def test_a_second_writer_is_kept_out(path):
    with Journal(path), pytest.raises(FileError, match="which another sweep is writing"):
        Journal(path)
    Journal(path).close()


def test_a_full_disk_leaves_no_half_line(path, monkeypatch):
    with Journal(path) as journal:
        journal.add({"trial": 0})
        before, write, calls = path.read_bytes(), os.write, []

        def full(descriptor, data):
            calls.append(len(data))
            if len(calls) == 1:
                return write(descriptor, data[:5])
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(FileError, match=r"trials\.jsonl"):
            journal.add({"trial": 1})
        monkeypatch.undo()
        assert path.read_bytes() == before
        assert 1 not in journal.results
        assert journal.add({"trial": 1})
    assert [line["trial"] for line in lines(path)] == [0, 1]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileError, match="nowhere"):
        Journal(tmp_path / "nowhere" / "trials.jsonl")
