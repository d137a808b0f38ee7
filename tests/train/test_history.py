"""The history of a run: appended whole, readable whatever a kill left of it."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import FileError, FormatError
from glassnet.train.history import HistoryFile, read_history
from glassnet.train.run_folder import HISTORY

FIGURES = st.dictionaries(
    st.sampled_from(["loss", "rate", "test_accuracy", "späße\n"]), st.floats(allow_nan=False, allow_infinity=False)
)


def written(folder, entries):
    with HistoryFile(folder) as file:
        for entry in entries:
            file.append(entry)
    return folder / HISTORY


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("history")


@given(st.lists(FIGURES, max_size=5), st.data())
def test_a_kill_at_any_byte_costs_at_most_the_last_line(place, figures, data):
    path = place / HISTORY
    path.unlink(missing_ok=True)
    entries = [{"epoch": i, **found} for i, found in enumerate(figures, 1)]
    whole = written(place, entries).read_bytes()
    kept = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:kept])
    lines = whole[:kept].count(b"\n")
    assert read_history(place).entries == entries[:lines]
    written(place, [{"epoch": 1000, "loss": 1.0}])  # whoever goes on cuts off what was torn
    assert read_history(place).entries == [*entries[:lines], {"epoch": 1000, "loss": 1.0}]


def test_a_torn_line_longer_than_a_block_is_cut_off(tmp_path):
    first = {"epoch": 1, "loss": 0.5}
    path = written(tmp_path, [first])
    with open(path, "ab") as file:
        file.write(b'{"epoch": 2, "note": "' + b"x" * 200_000)
    assert read_history(tmp_path).entries == [first]
    written(tmp_path, [{"epoch": 2}])
    assert path.read_bytes() == b'{"epoch": 1, "loss": 0.5}\n{"epoch": 2}\n'


def test_nothing_but_a_torn_line_is_an_empty_history(tmp_path):
    (tmp_path / HISTORY).write_bytes(b'{"epoch"')
    assert read_history(tmp_path).entries == []
    assert written(tmp_path, []).read_bytes() == b""


def test_every_line_can_be_read_before_the_next_one_is_written(tmp_path):
    with HistoryFile(tmp_path) as file:
        for epoch in range(1, 4):
            file.append({"epoch": epoch})
            assert len(read_history(tmp_path)) == epoch


def test_epochs_that_were_run_again_take_the_place_of_the_first_run(tmp_path):
    epochs = [1, 2, 3, 2, 3, 4]
    written(tmp_path, [{"epoch": epoch, "line": i} for i, epoch in enumerate(epochs)])
    assert [(e["epoch"], e["line"]) for e in read_history(tmp_path)] == [(1, 0), (2, 3), (3, 4), (4, 5)]


def test_the_mean_of_the_last_weights_stands_beside_its_epoch(tmp_path):
    written(tmp_path, [{"epoch": 1}, {"epoch": 2}, {"epoch": 2, "averaged": True}])
    assert len(read_history(tmp_path)) == 3


@pytest.mark.parametrize("line", [b"[1]", b'{"loss": 1}', b"{,}", b'{"epoch": 1.5}', b"\xff", b""])
def test_a_whole_line_that_is_something_else_is_named(tmp_path, line):
    (tmp_path / HISTORY).write_bytes(b'{"epoch": 1}\n' + line + b"\n")
    with pytest.raises(FormatError, match=r"history\.jsonl, line 2"):
        read_history(tmp_path)


@pytest.mark.parametrize("taken", [0, 1, 7])
def test_a_full_disk_leaves_no_half_line(tmp_path, monkeypatch, taken):
    write = os.write
    with HistoryFile(tmp_path) as file:
        file.append({"epoch": 1})

        def fails(descriptor, data):
            if taken and len(data) > taken:
                return write(descriptor, bytes(data)[:taken])
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", lambda d, data: fails(d, data) if len(data) > taken else fails(d, b""))
        with pytest.raises(FileError, match=r"history\.jsonl .* room on the disk"):
            file.append({"epoch": 2, "loss": 0.25})
        monkeypatch.undo()
        assert (tmp_path / HISTORY).read_bytes() == b'{"epoch": 1}\n'
        file.append({"epoch": 2})
    assert [e["epoch"] for e in read_history(tmp_path)] == [1, 2]


def test_numbers_that_are_not_finite_are_null(tmp_path):
    path = written(tmp_path, [{"epoch": 1, "loss": float("inf")}])
    assert path.read_bytes() == b'{"epoch": 1, "loss": null}\n'


def test_no_folder_is_a_named_error(tmp_path):
    with pytest.raises(FileError, match=r"history\.jsonl"):
        HistoryFile(tmp_path / "nowhere")
