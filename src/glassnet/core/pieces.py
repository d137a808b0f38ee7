"""Large arrays piece by piece: a piece goes through all lines of an update before the next one does.

An update of a million weights is a dozen lines, and each of them would fetch its arrays from memory anew: together they
are larger than a processor's cache. Taken in pieces, what one line made is still in the cache when the next one reads
it, and what is read nowhere else needs room for one piece only. Every number is made by the same operations as before,
so the results are the same bits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet.core.kinds import ARRAYS
from glassnet.core.source import Line, Loop, place_of, same_place

Array = np.ndarray
_LARGE = 1 << 19  # numbers in an array from which on the lines of an update do not find their arrays in the cache
_PIECE = 1 << 15  # numbers at a time
_LITTLE = 1 << 10  # numbers of an array that may be made earlier than it was
_EXACT = frozenset((
    np.add, np.subtract, np.multiply, np.divide, np.sqrt, np.square, np.negative, np.absolute, np.maximum, np.minimum,
    np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.sign, np.positive,
))  # fmt: skip
"""Functions that make each number from one number of each operand, rounded in one way wherever it stands."""


def in_pieces(lines: Sequence[Line], keep: Sequence[Array]) -> list[Line | Loop]:
    """The lines in an order that does the same, those that fill large arrays gathered into loops.

    Little lines between them (a rate, a power of beta) come before the loop, where nothing says that they must not.
    The arrays in `keep` are wanted whole by somebody else.
    """
    found = list(_gathered(lines))
    for i, loop in enumerate(found):
        if isinstance(loop, Loop):
            outside = [a for other in found if other is not loop for line in lines_of(other) for a in _memory(line)]
            found[i] = _with_little_room(loop, [*keep, *outside])
    return found


def lines_of(item: Line | Loop) -> Sequence[Line]:
    """The lines of a loop; a line is its own."""
    return item.lines if isinstance(item, Loop) else [item]


def _gathered(lines: Sequence[Line]) -> Iterator[Line | Loop]:
    gathered: list[Line] = []
    for line in lines:
        if gathered and not _fits(line, gathered):
            if _may_come_before(line, gathered):
                yield line
                continue
            yield from _loop(gathered)
            gathered = []
        if _is_large(line):
            gathered.append(line)
        else:
            yield line
    yield from _loop(gathered)


def _loop(lines: list[Line]) -> Sequence[Line | Loop]:
    if len(lines) < 2:
        return lines
    whole = _made(lines[0])
    rows = max(1, _PIECE * len(whole) // whole.size)
    ends = [*range(0, len(whole), rows), len(whole)]
    return [Loop(lines, whole.shape, [(slice(a, b), b - a) for a, b in itertools.pairwise(ends)])]


def _with_little_room(loop: Loop, outside: Sequence[Array]) -> Loop:
    """The loop with room for one piece of what only its own lines read."""
    inside = [a for line in loop.lines for a in _memory(line)]
    for out in {place_of(_made(line)): _made(line) for line in loop.lines}.values():
        touching = [a for a in inside if np.may_share_memory(a, out)]
        own = all(same_place(a, out) for a in touching) and not any(np.may_share_memory(a, out) for a in outside)
        if own and _written_first(out, loop.lines):
            little = np.empty((loop.parts[0][1], *loop.shape[1:]), out.dtype)
            loop.little.append(little)
            loop.lines = [_with(line, out, little) for line in loop.lines]
    return loop


def _written_first(out: Array, lines: Sequence[Line]) -> bool:
    """Whether the loop makes this before it reads it."""
    first = next(line for line in lines if any(same_place(a, out) for a in _memory(line)))
    return same_place(first.out, out) and not any(same_place(a, out) for a in _arrays(first.args))


def _with(line: Line, old: Array, new: Array) -> Line:
    """The line with another array in the place of one."""

    def now(a: Any) -> Any:
        return new if isinstance(a, ARRAYS) and same_place(a, old) else a

    reads, args = [now(a) for a in line.reads], tuple(now(a) for a in line.args)
    return replace(line, reads=reads, args=args, out=now(line.out))


def _made(line: Line) -> Array:
    assert line.out is not None
    return line.out


def _is_large(line: Line) -> bool:
    """Whether a line fills a large array number by number, from others of its shape, rows of it and numbers."""
    out = line.out
    if out is None or line.view or line.function not in _EXACT or not out.ndim or len(out) < 2 or out.size < _LARGE:
        return False
    return out.flags.c_contiguous and all(_suits(a, out) for a in _arrays(line.args))


def _suits(a: Array, out: Array) -> bool:
    if a.shape == out.shape:
        return a.flags.c_contiguous and _apart_or_same(a, out)
    return (a.ndim < out.ndim or a.shape[0] == 1) and not np.may_share_memory(a, out)


def _fits(line: Line, gathered: Sequence[Line]) -> bool:
    """Whether a line may be run piece by piece after these: what they share, they share number by number."""
    return (
        _is_large(line)
        and _made(line).shape == _made(gathered[0]).shape
        and all(_apart_or_same(a, b) for other in gathered for a, b in _conflicts(line, other))
    )


def _may_come_before(line: Line, gathered: Sequence[Line]) -> bool:
    """Whether a little line has nothing to do with what these make, and they nothing with what it makes."""
    if line.view:
        return True  # it looks at memory, and reads nothing
    if any(a.size > _LITTLE for a in _memory(line)):
        return False
    return not any(np.may_share_memory(a, b) for other in gathered for a, b in _conflicts(line, other))


def _conflicts(line: Line, other: Line) -> Iterator[tuple[Array, Array]]:
    """What one line writes beside what the other reads or writes."""
    for writer, reader in ((line, other), (other, line)):
        for a in _written(writer):
            for b in _memory(reader):
                yield a, b


def _apart_or_same(a: Array, b: Array) -> bool:
    """Whether two arrays share nothing, or each number in the same place, if perhaps as another dtype."""
    starts = (x.__array_interface__["data"][0] for x in (a, b))
    same = a.shape == b.shape and a.strides == b.strides and next(starts) == next(starts)
    return same or not np.may_share_memory(a, b)


def _arrays(args: Sequence[Any]) -> list[Array]:
    return [a for a in args if isinstance(a, ARRAYS)]


def _written(line: Line) -> list[Array]:
    """What a line may write: its result, or all that is handed to a function that may do more than that."""
    return [line.out] if isinstance(line.function, np.ufunc) and line.out is not None else _memory(line)


def _memory(line: Line) -> list[Array]:
    """Everything that a line reads or writes."""
    return _arrays((*line.args, line.out, getattr(line.function, "__self__", None)))
