"""Dates as tables write them: 2024-02-29, 29.02.2024, 2/29/2024, 29 Feb 2024, each with a time of day if there is one.

Whether 3/4/2024 is in March or in April is not in the cell: the file's other cells say it, or the caller does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

import numpy as np

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = "(?P<name>[a-zA-Z]{3,9})"
_TIME = re.compile(
    rb"(?:[T,]\s*|\s+)(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d)(?:\.(?P<f>\d{1,9}))?)?\s?(?P<half>[AaPp][Mm])?"
    rb"(?P<zone>\s?Z|\s?[+-]\d\d:?\d\d)?"
)
_DAYS = tuple(
    re.compile(pattern.encode())
    for pattern in (
        r"(?P<y>\d{4})(?P<sign>[-/.])(?P<mo>\d{1,2})(?P=sign)(?P<d>\d{1,2})",
        r"(?P<d>\d{1,2})\.\s?(?P<mo>\d{1,2})\.\s?(?P<y>\d{4}|\d\d)",
        r"(?P<first>\d{1,2})(?P<sign>[-/])(?P<second>\d{1,2})(?P=sign)(?P<y>\d{4}|\d\d)",
        rf"(?P<d>\d{{1,2}})[. -]+{_MONTH}\.?[, -]+(?P<y>\d{{4}})",
        rf"{_MONTH}\.?\s(?P<d>\d{{1,2}}),?\s(?P<y>\d{{4}})",
    )
)
_EITHER = re.compile(r"\s*(\d{1,2})([-/])(\d{1,2})\2(?:\d{4}|\d\d)(?:[T ,].*)?")
_CENTURY = 69  # 69 is 1969, 68 is 2068, as in POSIX
_EPOCH = date(1970, 1, 1).toordinal()


def day_comes_first(cells: Iterable[str]) -> bool | None:
    """Whether dates such as 29/2/2024 begin with the day: told by a number above 12; None if no cell tells.

    >>> day_comes_first(["3/4/2024", "29/2/2024"]), day_comes_first(["2/29/2024"]), day_comes_first(["3/4/2024"])
    (True, False, None)
    """
    said: set[bool] = set()
    for cell in cells:
        found = _EITHER.fullmatch(cell)
        if found:
            first, second = int(found[1]), int(found[3])
            said |= {True} if first > 12 >= second else {False} if second > 12 >= first else set()
    return said.pop() if len(said) == 1 else None


def may_be_two_days(cell: bytes) -> bool:
    """Whether a cell is a date of which nobody knows what is its day and what its month.

    >>> may_be_two_days(b"3/4/2024"), may_be_two_days(b"3.4.2024")
    (True, False)
    """
    found = _EITHER.fullmatch(cell.decode("latin-1"))
    return bool(found) and 1 <= int(found[1]) <= 12 and 1 <= int(found[3]) <= 12


def seconds_of(cell: bytes, day_first: bool | None = None) -> float | None:
    """A date as seconds since 1970 (of its time zone, if it names one, in UTC); None for what is no date.

    >>> seconds_of(b"2.1.1970"), seconds_of(b"Jan 2, 1970 1:00 AM"), seconds_of(b"1/2/1970")
    (86400.0, 90000.0, None)
    >>> seconds_of(b"1970-01-01T01:00+01:00")
    0.0
    """
    for pattern in _DAYS:
        found = pattern.match(cell)
        if found:
            days = _days(found.groupdict(), day_first)
            micros = _micros(cell[found.end() :])
            return None if days is None or micros is None else (days * 86_400_000_000 + micros) / 1e6
    return None


def _days(part: dict[str, bytes | None], day_first: bool | None) -> int | None:
    """Days since 1970; None for 30 February, and where nobody knows which is the month."""
    day, month = part.get("d"), part.get("mo")
    if "first" in part:
        if day_first is None:
            return None
        day, month = (part["first"], part["second"]) if day_first else (part["second"], part["first"])
    number = _month((part["name"] or b"").decode()) if "name" in part else int(month or 0)
    year = int(part["y"] or 0)
    if len(part["y"] or b"") == 2:
        year += 1900 if year >= _CENTURY else 2000
    try:
        return date(year, number, int(day or 0)).toordinal() - _EPOCH
    except ValueError:
        return None


def _month(name: str) -> int:
    """The number of a month by its English name, 0 for another word."""
    name = name.lower()
    listed = _MONTHS if len(name) == 3 else _LONG_MONTHS
    return listed.index(name) + 1 if name in listed else 9 if name == "sept" else 0


def _micros(text: bytes) -> int | None:
    """The time behind a date in microseconds, 0 for none; None for anything else."""
    if not text or text == b"Z":
        return 0
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hour, minute, second = int(found["h"]), int(found["m"]), int(found["s"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (found["half"].lower() == b"pm")
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = int((found["f"] or b"0").ljust(9, b"0")[:6])
    return ((hour * 60 + minute - _offset(found["zone"])) * 60 + second) * 1_000_000 + fraction


def _offset(zone: bytes | None) -> int:
    """Minutes that a zone is ahead of UTC."""
    digits = re.sub(rb"\D", b"", zone or b"")
    if not digits:
        return 0
    return (-1 if b"-" in (zone or b"") else 1) * (int(digits[:2]) * 60 + int(digits[2:]))


def read_dates(cells: np.ndarray, missing: frozenset[bytes], day_first: bool | None = None) -> np.ndarray | None:
    """Cells of dates as seconds since 1970, NaN where missing; None if one is no date.

    >>> read_dates(np.array([b"1970-01-02", b"1970-01-01T00:01", b""]), frozenset({b""}))
    array([8.64e+04, 6.00e+01,      nan])
    """
    seconds = np.full(len(cells), np.nan)
    seen: dict[bytes, float] = {}
    for i, cell in enumerate(cells.tolist()):
        if cell not in seen:
            word = cell.strip()
            gap = not word or word.lower() in missing
            number = np.nan if gap else seconds_of(word, day_first)
            if number is None:
                return None
            seen[cell] = number
        seconds[i] = seen[cell]
    return seconds
