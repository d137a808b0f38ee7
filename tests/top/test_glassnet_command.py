"""The program's first moment: Ctrl-C while the package is read is silent, afterwards it is the program's business."""

import signal
import subprocess
import sys

PRESSED = """
import signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that started the tests in the background ignores it

class Finder:
    def find_spec(name, path=None, target=None):
        if name == "glassnet":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder)
import glassnet_command
glassnet_command.main()
"""
AFTERWARDS = """
import signal, sys
import glassnet_command

signal.signal(signal.SIGINT, signal.SIG_IGN if {ignored} else signal.default_int_handler)
sys.argv = ["glassnet", "--version"]
before = signal.getsignal(signal.SIGINT)
print(glassnet_command.main(), signal.getsignal(signal.SIGINT) is before)
"""


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)


def test_ctrl_c_while_the_package_is_read_is_silent():
    done = run(PRESSED)
    assert (done.stdout, done.stderr) == ("", "")
    assert done.returncode in (-signal.SIGINT, 3)  # 3 on Windows


def test_the_handler_is_put_back_and_one_that_ignores_is_left_alone():
    for ignored in (False, True):
        done = run(AFTERWARDS.format(ignored=ignored))
        assert done.stdout.splitlines()[-1] == "0 True", done.stderr
