"""How much memory there is, and how much this process has taken at most: asked of each system in its own way."""

from __future__ import annotations

import ctypes
import os
import sys

_UNKNOWN = 4 << 30  # where the system does not say how much there is


def physical_memory() -> int:
    """How many bytes of memory the machine has; 4 GiB where it does not say.

    >>> physical_memory() > 1 << 20
    True
    """
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return _UNKNOWN


def peak_memory() -> int | None:
    """The most bytes of memory that this process has had so far; None where the system does not say.

    >>> peak_memory() != 0
    True
    """
    if sys.platform == "win32":
        return _windows_peak()
    import resource  # which Windows has not

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _windows_memory() -> int:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((f"n{i}", ctypes.c_ulonglong) for i in range(7)),
        )

    status = Status(length=ctypes.sizeof(Status))
    known = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.n0) if known else _UNKNOWN


def _windows_peak() -> int | None:
    class Counters(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("faults", ctypes.c_ulong),
            *((f"n{i}", ctypes.c_size_t) for i in range(8)),
        )

    counters = Counters(length=ctypes.sizeof(Counters))
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong)
    known = kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.length)
    return int(counters.n0) if known else None
