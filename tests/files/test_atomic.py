"""Writing is whole or not at all: under any error, any kill, any power cut, and beside other writers."""

import errno
import itertools
import os
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassnet.errors import FileError
from glassnet.files import atomic
from glassnet.files.atomic import remove_stale_temporaries, write_atomic

POSIX = pytest.mark.skipif(os.name == "nt", reason="a matter of POSIX files")
OLD, NEW = b"old contents", [b"new ", b"", bytearray(b"con"), memoryview(b"tents"), np.arange(5, dtype=np.int16)]
NEW_BYTES = b"new contents" + np.arange(5, dtype=np.int16).tobytes()


def leftovers(folder):
    return [name for name in os.listdir(folder) if name.endswith(".tmp")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(pieces=st.lists(st.binary(max_size=50), max_size=5))
def test_the_pieces_arrive_in_order(tmp_path, pieces):
    path = tmp_path / "a"
    assert write_atomic(path, iter(pieces)) == sum(map(len, pieces))
    assert path.read_bytes() == b"".join(pieces)
    assert not leftovers(tmp_path)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6).reshape(2, 3).T,
        np.zeros((0, 4)),
        np.array(1 + 2j),
        np.arange(3, dtype=">i4"),
        np.array([True]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_are_written_row_by_row(tmp_path, array):
    write_atomic(tmp_path / "a", array)
    assert (tmp_path / "a").read_bytes() == array.tobytes()


def test_a_name_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert write_atomic("a", b"x") == 1
    assert (tmp_path / "a").read_bytes() == b"x"


@POSIX
def test_permissions_stay(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(OLD)
    path.chmod(0o640)
    write_atomic(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@POSIX
def test_a_new_file_has_the_permissions_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "a", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@POSIX
def test_a_link_is_replaced_and_its_target_left_alone(tmp_path):
    (tmp_path / "target").write_bytes(OLD)
    (tmp_path / "link").symlink_to("target")
    write_atomic(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == OLD
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"new"


@POSIX
def test_what_must_not_be_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to(os.devnull)
    for name, word in [("pipe", "a pipe"), ("null", "a device"), (".", "a folder"), (os.devnull, "a device")]:
        with pytest.raises(FileError, match=word):
            write_atomic(tmp_path / name, b"x")
    assert sorted(os.listdir(tmp_path)) == ["null", "pipe"]


def test_messages_name_the_path_the_bytes_and_the_way_out(tmp_path):
    with pytest.raises(FileError, match=r"missing.a\.json.*; expected a path that exists. Try .*making the folder"):
        write_atomic(tmp_path / "missing" / "a.json", b"x")
    with pytest.raises(TypeError):
        write_atomic(tmp_path / "a", "text")  # type: ignore[arg-type]
    assert not os.listdir(tmp_path)


def test_an_error_of_the_caller_passes_through(tmp_path):
    (tmp_path / "a").write_bytes(OLD)

    def pieces():
        yield b"half"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        write_atomic(tmp_path / "a", pieces())
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == OLD


# Errors of the system: each call fails once with each error


class FailingSystem:
    """Counts the calls of one function of `os` and makes one of them fail."""

    def __init__(self, patch, name, fail_at=None, number=errno.EIO):
        self.calls = 0
        self.real = getattr(os, name)
        self.name, self.fail_at, self.number = name, fail_at, number
        patch.setattr(os, name, self)

    def __call__(self, *args, **kwargs):
        self.calls += 1
        if self.calls - 1 != self.fail_at:
            return self.real(*args, **kwargs)
        if self.name == "close":
            self.real(*args, **kwargs)
        raise OSError(self.number, os.strerror(self.number))


ERRORS = [errno.ENOSPC, errno.EIO, errno.EINTR, errno.EDQUOT, errno.EMFILE]


@pytest.mark.parametrize("number", ERRORS, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace", "close", "chmod", "stat", "lstat", "fstat"])
def test_every_failing_call_leaves_the_old_or_the_new_contents(tmp_path, name, number):
    path = tmp_path / "a"
    for fail_at in itertools.count():
        path.write_bytes(OLD)
        with pytest.MonkeyPatch.context() as patch:
            system = FailingSystem(patch, name, fail_at, number)
            try:
                write_atomic(path, NEW)
                error = None
            except FileError as caught:
                error = caught
        if system.calls <= fail_at:
            assert error is None
            assert fail_at or name == "chmod" or os.name == "nt", f"os.{name} is never called: nothing was tested"
            break
        assert error is not None, f"os.{name} failed and nobody said so"
        assert error.errno == number
        assert str(path) in str(error)
        assert path.read_bytes() in (OLD, NEW_BYTES)
        assert not leftovers(tmp_path)


def test_no_room_names_the_bytes(tmp_path, monkeypatch):
    FailingSystem(monkeypatch, "write", 1, errno.ENOSPC)
    with pytest.raises(FileError, match=r"a \(9 bytes\); expected room on the disk\. Try freeing space"):
        write_atomic(tmp_path / "a", [b"four", b"five."])


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, view: real(descriptor, view[:3]))
    assert write_atomic(tmp_path / "a", NEW) == len(NEW_BYTES)
    assert (tmp_path / "a").read_bytes() == NEW_BYTES


# Power cuts: what the disk may hold after any prefix of the calls


def record(monkeypatch, path):
    """The calls of one `write_atomic` that change the disk, in order."""
    events = []

    def spy(name, note):
        real = getattr(os, name)

        def call(*args, **kwargs):
            result = real(*args, **kwargs)
            events.append((name, note(*args)))
            return result

        monkeypatch.setattr(os, name, call)

    spy("write", lambda _, view: bytes(view))
    spy("fsync", lambda descriptor: stat.S_ISDIR(os.fstat(descriptor).st_mode))
    spy("replace", lambda *_: None)
    write_atomic(path, [b"new ", b"contents"])
    monkeypatch.undo()
    return events


def possible_contents(events):
    """What the path may hold if the power fails after these calls: what was not flushed may be there in part."""
    written, safe, moved, move_safe = b"", b"", False, False
    for name, note in events:
        if name == "write":
            written += note
        elif name == "replace":
            moved = True
        elif note:
            move_safe = moved
        else:
            safe = written
    new = {safe + written[len(safe) :][:count] for count in range(len(written) - len(safe) + 1)}
    return (new if moved else set()) | (set() if move_safe else {OLD})


def test_a_power_cut_leaves_the_old_or_the_new_contents(tmp_path, monkeypatch):
    if os.name == "nt":
        monkeypatch.setattr(os, "O_DIRECTORY", 0, raising=False)
    (tmp_path / "a").write_bytes(OLD)
    events = record(monkeypatch, tmp_path / "a")
    for length in range(len(events) + 1):
        assert possible_contents(events[:length]) <= {OLD, b"new contents"}
    if os.name != "nt":
        assert possible_contents(events) == {b"new contents"}


# Kills and other writers

WRITER = """
import sys
from glassnet.files.atomic import write_atomic
path = sys.argv[1]
print("ready", flush=True)
for n in range(10**9):
    write_atomic(path, [bytes([n % 256])] * 20000)
"""


def test_a_kill_at_any_moment_leaves_one_whole_file(tmp_path):
    rng = np.random.default_rng(5)
    path = tmp_path / "a"
    path.write_bytes(bytes(20000))
    stale = 0
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(rng.uniform(0, 0.05))
            remove_stale_temporaries(tmp_path)  # may take a file between its opening and its lock: another is made
            alive = child.poll() is None
            child.kill()
        assert alive, "a clean-up must not trouble who writes"
        contents = path.read_bytes()
        assert len(contents) == 20000
        assert len(set(contents)) == 1
        stale += remove_stale_temporaries(tmp_path)
        assert not leftovers(tmp_path)
    assert stale > 0, "no kill hit a write: nothing was tested"


def test_a_live_writers_temporary_stays_and_a_dead_ones_goes(tmp_path):
    (tmp_path / ".glassnet-0123.tmp").write_bytes(b"left by a dead process")
    (tmp_path / "notes.tmp").write_bytes(b"somebody else's")
    counts = []

    def pieces():
        yield b"one"
        counts.append(remove_stale_temporaries(tmp_path))
        yield b"two"

    write_atomic(tmp_path / "a", pieces())
    assert counts == [1 if os.name != "nt" else counts[0]]
    assert sorted(os.listdir(tmp_path)) == ["a", "notes.tmp"]
    assert (tmp_path / "a").read_bytes() == b"onetwo"
    assert remove_stale_temporaries(tmp_path / "missing") == 0
    with pytest.raises(FileError, match="on trying to look into"):
        remove_stale_temporaries(tmp_path / "a")


def test_many_writers_and_a_cleaner_at_once(tmp_path):
    stop = threading.Event()

    def clean():
        while not stop.is_set():
            remove_stale_temporaries(tmp_path)

    def write(value):
        for _ in range(40):
            write_atomic(tmp_path / "a", [bytes([value])] * 1000)

    cleaner = threading.Thread(target=clean)
    writers = [threading.Thread(target=write, args=(value,)) for value in range(4)]
    cleaner.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    stop.set()
    cleaner.join()
    contents = (tmp_path / "a").read_bytes()
    assert len(contents) == 1000
    assert len(set(contents)) == 1
    assert os.listdir(tmp_path) == ["a"]


# Other systems' ways, played here


@POSIX
def test_without_locks_only_an_idle_temporary_goes(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(atomic.fcntl, "flock", no_locks)
    assert write_atomic(tmp_path / "a", b"x") == 1
    fresh, idle = tmp_path / ".glassnet-fresh.tmp", tmp_path / ".glassnet-idle.tmp"
    fresh.write_bytes(b"")
    idle.write_bytes(b"")
    os.utime(idle, (time.time() - 4000,) * 2)
    assert remove_stale_temporaries(tmp_path) == 1
    assert fresh.exists()


def test_where_an_open_file_cannot_be_renamed_it_is_closed_first(tmp_path, monkeypatch):
    order = []
    real_close, real_replace = os.close, os.replace
    monkeypatch.setattr(atomic, "fcntl", None)
    monkeypatch.setattr(os, "close", lambda fd: (order.append("close"), real_close(fd)))
    monkeypatch.setattr(os, "replace", lambda *paths: (order.append("replace"), real_replace(*paths)))
    write_atomic(tmp_path / "a", b"x")
    monkeypatch.undo()
    assert order[:2] == ["close", "replace"]
    assert (tmp_path / "a").read_bytes() == b"x"
    (tmp_path / ".glassnet-1.tmp").write_bytes(b"")
    monkeypatch.setattr(atomic, "fcntl", None)
    assert remove_stale_temporaries(tmp_path) == 1


def test_a_target_held_for_a_moment_is_tried_again(tmp_path, monkeypatch):
    real, refusals = os.replace, [1, 2]

    def replace(*paths):
        if refusals:
            refusals.pop()
            raise PermissionError(errno.EACCES, "in use")
        real(*paths)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(atomic, "_REPLACE_ATTEMPTS", 3)
    write_atomic(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"
    refusals[:] = [1, 2, 3]
    with pytest.raises(FileError, match="permission"):
        write_atomic(tmp_path / "a", b"y")
    assert (tmp_path / "a").read_bytes() == b"x"
    assert not leftovers(tmp_path)


@POSIX
def test_a_full_flush_is_used_where_there_is_one(tmp_path, monkeypatch):
    asked = []

    def control(descriptor, command):
        asked.append(command)
        if len(asked) > 1:
            raise OSError(errno.ENOTSUP, "not on this disk")

    monkeypatch.setattr(atomic.fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(atomic.fcntl, "fcntl", control)
    write_atomic(tmp_path / "a", b"x")
    write_atomic(tmp_path / "a", b"y")
    assert asked == [51, 51]
    assert (tmp_path / "a").read_bytes() == b"y"


def test_folders_that_cannot_be_opened_at_all(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_DIRECTORY", raising=False)
    write_atomic(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


@POSIX
@pytest.mark.parametrize("number", [errno.EINVAL, errno.EACCES])
def test_folders_that_cannot_be_flushed_are_no_error(tmp_path, monkeypatch, number):
    FailingSystem(monkeypatch, "fsync", 1, number)
    write_atomic(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"
