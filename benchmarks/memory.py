"""How much memory this process has held at most."""

import sys
from pathlib import Path


def peak_megabytes() -> float:
    """The peak resident size in MB (10⁶ bytes).

    >>> peak_megabytes() > 1
    True
    """
    if sys.platform == "linux":
        return _from_proc()
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


def _from_proc() -> float:
    # getrusage would also count the parent: a forked child starts with the peak of the process it was copied from
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError("got no VmHWM line in /proc/self/status; expected the peak resident size. Try another kernel.")
