"""Numbers as people write them: $1,200, 1.200,50 €, 45 %, 134.7 m2, (1,200), −3, 08:30.

A column is of such numbers if every cell is one, all with the same unit and the same sign between thousands. The unit
is part of the column: a model that learnt dollars says so when it is asked about euros. A unit is written around
a # that stands for the number: "$#", "# kg".
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

_CURRENCY = "$€£¥₹₽₩฿"
_GROUPS = ",.' \u2019\u00a0\u202f\u2009"  # what may stand between thousands
_MINUS = "\u2212\u2013-"  # minus, the dash that spreadsheets make of it, and last, where it is no range, the hyphen
_CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SGD|HKD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|US\\$|Rs\\.?|Fr\\.?"
_UNIT = rf"(?:%|‰|[{_CURRENCY}]|[A-Za-zµμ°Ω][\w°²³/.%]{{0,11}})"
_TIME = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?")
TIME = "h:mm"  # the unit of hours that are written so
_NO_UNITS = frozenset({"e", "x", "st", "nd", "rd", "th"})  # 1st is a place, not a quantity


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    """A number with all that may stand around it."""
    groups = re.escape(_GROUPS.replace(decimal, ""))
    number = rf"\d{{1,3}}(?:(?P<group>[{groups}])\d{{3}})(?:(?P=group)\d{{3}})*|\d+"
    return re.compile(
        rf"(?P<open>\()?(?P<sign>[+{_MINUS}])?\s?(?P<before>(?:[{_CURRENCY}]|{_CODES})\s?)?(?P<sign2>[+{_MINUS}])?"
        rf"(?P<whole>{number})(?:{re.escape(decimal)}(?P<part>\d*))?(?P<power>[eE][+-]?\d{{1,3}})?"
        rf"(?P<after>\s?{_UNIT})?(?P<close>\))?"
    )


def quantity(word: str, decimal: str = ".") -> tuple[float, str, str] | None:
    """A number, its unit and what stands between its thousands; None for what is no number.

    >>> quantity("$1,200.50"), quantity("(45 %)"), quantity("1.200,5 kg", decimal=",")
    ((1200.5, '$#', ','), (-45.0, '# %', ''), (1200.5, '# kg', '.'))
    >>> quantity("8:30"), quantity("B12"), quantity("1st")
    ((8.5, 'h:mm', ''), None, None)
    """
    time = _TIME.fullmatch(word)
    if time:
        hours, minutes, seconds, part = time.groups(default="0")
        return int(hours) + int(minutes) / 60 + float(f"{seconds}.{part}") / 3600, TIME, ""
    found = _pattern(decimal).fullmatch(word)
    if not found or bool(found["open"]) != bool(found["close"]) or (found["sign"] and found["sign2"]):
        return None
    before, after = found["before"] or "", found["after"] or ""
    if after.strip().lower() in _NO_UNITS or (before and after):
        return None
    whole = re.sub(r"\D", "", found["whole"])
    value = float(f"{whole}.{found['part'] or '0'}{found['power'] or ''}")
    negative = bool(found["open"]) ^ ((found["sign"] or found["sign2"] or "+") in _MINUS)
    return -value if negative else value, f"{before}#{after}" if before or after else "", found["group"] or ""


def with_unit(number: str, unit: str) -> str:
    """A number as it stands with its unit.

    >>> with_unit("5", "$#"), with_unit("8.5", "h:mm")
    ('$5', '8:30')
    """
    if unit == TIME:
        minutes = round(float(number) * 60)
        return f"{minutes // 60}:{minutes % 60:02d}"
    return unit.replace("#", number) if unit else number


def read_quantities(cells: np.ndarray, decimal: str, missing: frozenset[bytes]) -> tuple[np.ndarray, str] | None:
    """Cells of numbers with signs as float64, NaN where missing, and their unit; None if one is no such number.

    A 0 may stand without the unit.

    >>> read_quantities(np.array([b"$1,200", b"-$5", b"0", b"NA"]), ".", frozenset({b"na"}))
    (array([1200.,   -5.,    0.,   nan]), '$#')
    >>> read_quantities(np.array([b"5 A", b"7 B"]), ".", frozenset())
    """
    values: dict[bytes, float] = {}
    units: set[str] = set()
    groups: set[str] = set()
    raw = cells.tolist()
    for cell in dict.fromkeys(raw):
        word = cell.strip()
        if not word or word.lower() in missing:
            values[cell] = np.nan
            continue
        found = quantity(_text(word), decimal)
        if found is None:
            return None
        values[cell], unit, group = found
        units |= {unit} if unit or found[0] else set()
        groups |= {group} if group else set()
        if len(units) > 1 or len(groups) > 1:
            return None
    return np.array([values[cell] for cell in raw], np.float64), next(iter(units), "")


def _text(word: bytes) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError:
        return word.decode("cp1252", "replace")
