"""Every error that glassnet raises on purpose, and what it is also known as.

    GlassnetError                     the user's call cannot be carried out
    ├── ShapeError (RuntimeError, ValueError)  arrays whose sizes do not fit together
    ├── DTypeError (RuntimeError, TypeError)   numbers of the wrong kind
    ├── ValueRangeError (ValueError, IndexError, RuntimeError)  a value outside its bounds: a label, an index, a rate
    │   └── NonFiniteError            a NaN or an infinity that training made; `birth` says where it came from
    ├── GradientError (RuntimeError)  a derivative that cannot be had
    ├── NotSupportedError (NotImplementedError)   a PyTorch feature that glassnet leaves out, with what to use instead
    │   ├── LeftOutError (AttributeError)   a name of PyTorch's; `hasattr` says no
    │   └── LeftOutModuleError (ModuleNotFoundError)   a module of PyTorch's that is imported
    ├── DataError (ValueError)        a data set that cannot be trained on as it is
    └── FileError (OSError)           a file that cannot be read or written
        ├── MissingFileError (FileNotFoundError)   a file or folder that is not there
        └── FormatError (ValueError)  a file whose contents are not what they claim

Every message has three beats: what was got, what was expected, what to try. The Python types in brackets are
further bases, so code written for PyTorch (`except RuntimeError`) keeps working: PyTorch itself raises now one of them,
now another for mistakes of one kind.
"""

from __future__ import annotations

from typing import Any


class GlassnetError(Exception):
    """The user's call cannot be carried out."""


class ShapeError(GlassnetError, RuntimeError, ValueError):
    """Arrays whose sizes do not fit together."""


class DTypeError(GlassnetError, RuntimeError, TypeError):
    """Numbers of the wrong kind."""


class ValueRangeError(GlassnetError, ValueError, IndexError, RuntimeError):
    """A value outside what the operation defines."""


class NonFiniteError(ValueRangeError):
    """A NaN or an infinity that training made; `birth` says by which operation, layer, step and row."""

    def __init__(self, message: str, birth: Any = None) -> None:
        super().__init__(message)
        self.birth = birth


class GradientError(GlassnetError, RuntimeError):
    """A derivative that cannot be had."""


class NotSupportedError(GlassnetError, NotImplementedError):
    """A feature of PyTorch that glassnet leaves out."""


class LeftOutError(NotSupportedError, AttributeError):
    """A name of PyTorch's that glassnet leaves out; programs that ask `hasattr` first are told no."""


class LeftOutModuleError(NotSupportedError, ModuleNotFoundError):
    """A module of PyTorch's that glassnet leaves out; programs that import it in a `try` go on without."""


class DataError(GlassnetError, ValueError):
    """A data set that cannot be trained on as it is."""


class FileError(GlassnetError, OSError):
    """A file that cannot be read or written."""


class MissingFileError(FileError, FileNotFoundError):
    """A file or a folder that is not there."""


class FormatError(FileError, ValueError):
    """A file whose contents are not what they claim to be."""


class ReplayWarning(UserWarning):
    """A step that cannot be replayed and therefore runs op by op."""


def complain(got: str, expected: str, hint: str) -> str:
    """One message in three beats.

    >>> print(complain("got 3 features", "expected 2", "Try Linear(3, 5)"))
    got 3 features; expected 2. Try Linear(3, 5).
    """
    return f"{got}; {expected}. {hint}."
