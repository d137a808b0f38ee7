"""Ctrl-C in the first moments of `glassnet play` for a class: it ends, says nothing, and leaves nobody behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from glassnet.server import engines

pytestmark = pytest.mark.skipif(not engines.AVAILABLE, reason="this system has no process group to interrupt")
CLASS = [sys.executable, "-m", "glassnet_command", "play", "--port=0", "--no-browser", "--host", "0.0.0.0"]


def interrupted(tmp_path, *pauses):
    """The status and what was said, when Ctrl-C comes so many seconds after the address, and after each other.

    As in a terminal, everybody hears it. What is said ends when the last process has, for all hold the same pipe.
    """
    environment = {**os.environ, "GLASSNET_CACHE": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        CLASS, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment, start_new_session=True, text=True,
    )  # fmt: skip
    try:
        first = process.stdout.readline()
        for pause in pauses:
            time.sleep(pause)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
        rest, complaints = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, first + rest, complaints


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.2, 0.3, 0.5, 0.9])
def test_it_ends_in_silence_at_any_moment(tmp_path, pause):
    status, said, complaints = interrupted(tmp_path, pause)
    assert (status, complaints) == (0, "")
    assert said.startswith("Playground  http://127.0.0.1:")


def test_whoever_is_started_meanwhile_hears_no_interrupt_and_we_still_do():
    asks = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with engines._deaf():
        deaf = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    hears = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    assert (deaf.stdout, hears.stdout) == ("True\n", "False\n")


@pytest.fixture
def _heard():
    """Ctrl-C as Python takes it, also where the tests themselves are started deaf to it, as in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heard")
def test_an_interrupt_that_comes_meanwhile_is_not_lost():
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - as soon as it is over
        with engines._deaf():
            signal.raise_signal(signal.SIGINT)
            assert signal.SIGINT in signal.sigpending()
        time.sleep(1.0)
