"""One program at a time: others are told, a killed one lets go, and what it left is taken over."""

import os
import subprocess
import sys
import threading

import pytest

from glassnet.errors import FileError
from glassnet.files.lock import Lock

HOLDS = """
import sys, time
from glassnet.files.lock import Lock

print(Lock(sys.argv[1]).take(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


def test_another_program_keeps_it_until_it_is_killed(path):
    with subprocess.Popen([sys.executable, "-c", HOLDS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline().strip() == b"True"
        assert not Lock(path).take()
        holder.kill()
        holder.wait()
    assert os.path.exists(path)  # what a killed program leaves
    mine = Lock(path)
    assert mine.take()
    mine.release()
    assert not os.path.exists(path)


def test_to_let_go_of_what_is_not_held_takes_nothing_away(path):
    first, second = Lock(path), Lock(path)
    assert first.take()
    second.release()
    assert not second.take()
    first.release()
    first.release()
    assert second.take()
    second.release()


def test_of_many_at_once_one_at_a_time_has_it(path):
    holders, together, had = [], [], []

    def work():
        for _ in range(100):
            lock = Lock(path)
            if lock.take():
                holders.append(1)
                together.append(len(holders))
                had.append(1)
                holders.pop()
                lock.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert had
    assert set(together) == {1}


def test_a_folder_that_refuses_the_file_is_an_error(tmp_path):
    with pytest.raises(FileError, match="lock"):
        Lock(tmp_path / "nowhere" / "lock").take()


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system opens no link without following it")
def test_a_link_is_not_followed(path, tmp_path):
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(FileError):
        Lock(path).take()
    assert not os.path.exists(tmp_path / "elsewhere")
