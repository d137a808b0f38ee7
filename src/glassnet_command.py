"""The program `glassnet` from its first moment: while NumPy and the package are being read, Ctrl-C ends it in silence.

It stands beside the package, because Python runs all of `glassnet/__init__.py` before any module inside it, and would
answer a Ctrl-C there with thirty lines about its import system.
"""

import signal
import sys


def main() -> int:
    """Run the program with the words that it was called with; the exit status."""
    pythons_own = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else a shell said to ignore it
    if pythons_own:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from glassnet.cli.main import main as run

    if pythons_own:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


if __name__ == "__main__":
    sys.exit(main())
