"""Columns of a table: what their cells are, found from the cells themselves.

A column is numbers (`number`, or `whole` if none has a fraction), dates, or words (`boolean` for yes and no,
`category`, or `text` where almost every cell differs). Numbers are read by Horner's rule, one digit of all cells at a
time: a decimal of at most 2^53 over a power of ten of at most 10^22 is rounded once, to the nearest float64.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from glassnet.data.dialect import MISSING
from glassnet.data.quantities import with_unit
from glassnet.errors import DataError, complain

Kind = Literal["number", "whole", "date", "boolean", "category", "text"]

NUMERIC = ("number", "whole", "date")
_MOST_DIGITS = 18  # an int64 holds them
_EXACT = 1 << 53
_WIDEST_NUMBER = 32
_LOOK = 64  # cells that are tried one by one before a column is taken for numbers
# Each part takes all that it can and gives nothing back: or a long cell of digits is tried in n² ways.
_PLAIN = re.compile(rb"[+-]?(\d++(\.\d*+)?|\.\d++)([eE][+-]?\d++)?|[+-]?inf(inity)?", re.IGNORECASE)
_BOOLEANS = ({"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"})
_GAPS = ("<NA>", "NaT")  # pandas.NA and pandas.NaT
_AT_ONCE = 1 << 16
_FREE_TEXT = 0.5  # of the cells differ: names, remarks, keys
_FEW = 20


@dataclass(frozen=True, eq=False)
class Column:
    """One column: float64 numbers (NaN where missing; seconds since 1970 for dates), or codes of words (-1 there).

    >>> Column.of("size", ["S", "L", None, "L"])
    Column 'size': category, 4 rows, 1 missing, L, S
    """

    name: str
    kind: Kind
    values: np.ndarray  # (n,) float64, or int32 codes into `words`
    words: tuple[str, ...] = ()
    unit: str = ""  # of numbers, around a # that stands for them: "$#", "# kg"

    @classmethod
    def of(cls, name: str, values: Any) -> Column:
        """A column of plain values or of an array; None and NaN are missing.

        Raises `DataError` for what is no list of values.
        """
        array = _in_a_row(name, values)
        if array.dtype.kind in "biuf":
            return numbers(name, array.astype(np.float64)) if array.dtype.kind != "b" else _from_bools(name, array)
        if array.dtype.kind == "M":
            return _from_dates(name, array)
        return _from_objects(name, array.tolist())

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        gaps = int(self.missing.sum())
        more = f", {gaps} missing" if gaps else ""
        words = f", {', '.join(sorted(self.words[:8]))}" if self.words else ""
        return f"Column {self.name!r}: {self.kind}, {len(self)} rows{more}{words}"

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in NUMERIC

    @property
    def missing(self) -> np.ndarray:
        """Where nothing is known, `(n,)` of bool."""
        return np.isnan(self.values) if self.numeric else self.values < 0

    def take(self, rows: Any) -> Column:
        """Some of the rows: places, a mask or a slice."""
        return replace(self, values=self.values[rows])

    def spelled(self) -> Column:
        """The same values as words: numbers are written down, 1.0 as 1."""
        if not self.numeric:
            return self
        known = ~self.missing
        distinct, codes = np.unique(self.values[known], return_inverse=True)
        values = np.full(len(self), -1, np.int32)
        values[known] = codes
        spelled = [with_unit(spell(value, self.kind), self.unit) for value in distinct.tolist()]
        return Column(self.name, "category", values, tuple(spelled))

    def cell(self, row: int) -> str:
        """A value as text; empty where missing."""
        if self.missing[row]:
            return ""
        if not self.numeric:
            return self.words[int(self.values[row])]
        return with_unit(spell(float(self.values[row]), self.kind), self.unit)


def spell(value: float, kind: Kind = "number") -> str:
    """A number as one would write it.

    >>> spell(3.0), spell(0.1), spell(1e300), spell(86400.0, "date")
    ('3', '0.1', '1e+300', '1970-01-02')
    """
    if kind == "date":
        return str(np.datetime64(round(value), "s")).replace("T00:00:00", "")
    return str(int(value)) if value == value // 1 and abs(value) < 1e15 else repr(value)


def numbers(name: str, values: np.ndarray, kind: Kind = "number") -> Column:
    """A column of numbers, `whole` if none has a fraction."""
    if kind == "number":
        kind = "whole" if _are_whole(values) else "number"
    return Column(name, kind, values)


def _are_whole(values: np.ndarray) -> bool:
    """Whether there are numbers, and none of them has a fraction: found piece by piece, and mostly in the first."""
    some = False
    for first in range(0, len(values), _AT_ONCE):
        part = values[first : first + _AT_ONCE]
        known = part[~np.isnan(part)]
        if not (np.isfinite(known).all() and (known == np.floor(known)).all()):
            return False
        some = some or len(known) > 0
    return some


def words(name: str, codes: np.ndarray, distinct: Sequence[str]) -> Column:
    """A column of words: yes and no, categories, or free text if almost every cell differs."""
    kind: Kind = "category"
    if 1 <= len(distinct) <= 2 and any({word.lower() for word in distinct} <= pair for pair in _BOOLEANS):
        kind = "boolean"
    elif len(distinct) > max(_FEW, _FREE_TEXT * int((codes >= 0).sum())):
        kind = "text"
    return Column(name, kind, codes.astype(np.int32, copy=False), tuple(distinct))


def joined(columns: Sequence[Column]) -> Column:
    """Columns of the same name and sort, one under the other."""
    first = columns[0]
    if len(columns) == 1:
        return first
    if first.numeric:
        values = np.concatenate([column.values for column in columns])
        unit = next((column.unit for column in columns if column.unit), "")
        return replace(numbers(first.name, values, "date" if first.kind == "date" else "number"), unit=unit)
    places: dict[str, int] = {}
    codes: list[np.ndarray] = []
    for column in columns:
        table = np.array([*(places.setdefault(word, len(places)) for word in column.words), -1], np.int32)
        codes.append(table[column.values])
    return words(first.name, np.concatenate(codes), tuple(places))


# ---- from cells -----------------------------------------------------------------------------------------------------


def read_numbers(cells: np.ndarray, decimal: str = ".", missing: frozenset[bytes] = MISSING) -> tuple[Any, Any]:
    """Cells as float64, NaN where missing, and the places of the cells that are no numbers.

    Where most cells are none, no cell is read, and all places are given.

    >>> read_numbers(np.array([b"1.5", b"", b"-2e3", b"?", b"x"]))
    (array([ 1.5e+00, nan, -2.0e+03, nan, nan]), array([4]))
    """
    width = cells.dtype.itemsize
    look = cells[:: max(1, len(cells) // _LOOK)][:_LOOK]
    found = [_one(cell, decimal, missing) for cell in look.tolist()]
    values = np.full(len(cells), np.nan)
    if 2 * found.count(None) > len(look):  # words: not worth the reading
        return values, np.arange(len(cells))
    if len(look) == len(cells):  # a wide table has many short columns
        return np.array([np.nan if x is None else x for x in found]), np.array(_places_of_none(found), np.intp)
    if cells.dtype.kind != "S":  # too wide for an array: one at least is no number
        return _one_by_one(cells, np.arange(len(cells)), values, decimal, missing)
    if width > _WIDEST_NUMBER:
        cells = np.strings.strip(cells)
        width = cells.dtype.itemsize
    values, done = _horner(cells, min(width, _WIDEST_NUMBER), ord(decimal))
    return _one_by_one(cells, np.flatnonzero(~done), values, decimal, missing)


def _places_of_none(found: list[float | None]) -> list[int]:
    return [row for row, number in enumerate(found) if number is None]


def _horner(cells: np.ndarray, width: int, decimal: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of plain cells such as -12.5, and which cells are of that sort; empty ones are, as NaN."""
    letters = cells.view(np.uint8).reshape(len(cells), -1)
    longer = letters[:, width:].any(axis=1) if letters.shape[1] > width else np.zeros(len(cells), bool)
    letters = np.ascontiguousarray(letters[:, :width].T)  # (width, n)
    sign, empty = (letters[0] == ord("-")) | (letters[0] == ord("+")), letters[0] == 0
    whole, digits = np.zeros(len(cells), np.int64), np.zeros(len(cells), np.uint8)
    places, point, odd = np.zeros(len(cells), np.int8), np.zeros(len(cells), bool), longer
    for i, letter in enumerate(letters):
        digit = letter - np.uint8(48)
        plain = digit < 10
        np.copyto(whole, whole * 10 + digit, where=plain)
        digits += plain
        places += plain & point
        is_point = letter == decimal
        fits = plain | (letter == 0) | (is_point & ~point)
        odd |= ~(fits | sign) if i == 0 else ~fits
        point |= is_point
    done = ~odd & (digits > 0) & (digits <= _MOST_DIGITS) & (whole <= _EXACT)
    values = whole / (10.0 ** np.arange(_WIDEST_NUMBER + 1))[places]
    values = np.where(letters[0] == ord("-"), -values, values)
    return np.where(done, values, np.nan), done | empty


def _one_by_one(
    cells: np.ndarray, rows: np.ndarray, values: np.ndarray, decimal: str, missing: frozenset[bytes]
) -> tuple[np.ndarray, np.ndarray]:
    """Fill in the cells that take more thought; the places of those that are no numbers."""
    wrong: list[int] = []
    for row, cell in zip(rows.tolist(), cells[rows].tolist(), strict=True):
        number = _one(cell, decimal, missing)
        if number is None:
            wrong.append(row)
        else:
            values[row] = number
    return values, np.array(wrong, np.intp)


def is_plain(cell: bytes, decimal: str = ".") -> bool:
    """Whether a cell is a number without any sign but those of its own: -1.5e3.

    >>> is_plain(b" -1.5e3"), is_plain(b"$5"), is_plain(b"")
    (True, False, False)
    """
    return bool(cell.strip()) and _one(cell, decimal, frozenset()) is not None


def _one(cell: bytes, decimal: str, missing: frozenset[bytes]) -> float | None:
    word = cell.strip()
    if word.lower() in missing or not word:
        return np.nan
    if decimal == ",":
        word = word.replace(b".", b"x").replace(b",", b".")
    return float(word) if _PLAIN.fullmatch(word) else None


def read_words(cells: np.ndarray, missing: frozenset[bytes] = MISSING) -> tuple[np.ndarray, list[bytes]]:
    """Codes of the cells, -1 where missing, and the distinct cells, in the order in which they came.

    >>> read_words(np.array([b"b", b"a", b" b", b"NA"]))
    (array([ 0,  1,  0, -1], dtype=int32), [b'b', b'a'])
    """
    places: defaultdict[bytes, int] = defaultdict()
    places.default_factory = places.__len__  # a cell not seen before gets the next number
    raw = np.fromiter(map(places.__getitem__, cells.tolist()), np.int32, len(cells))
    distinct: dict[bytes, int] = {}
    codes = np.empty(len(places), np.int32)
    for cell, place in places.items():
        word = cell.strip()
        gap = not word or word.lower() in missing
        codes[place] = -1 if gap else distinct.setdefault(word, len(distinct))
    return codes[raw], list(distinct)


# ---- from Python's and NumPy's values -------------------------------------------------------------------------------


def _in_a_row(name: str, values: Any) -> np.ndarray:
    """Values as an array `(n,)`."""
    got, hint = f"a {type(values).__name__}", "Try a list with one value for each row"
    try:
        array = np.asarray(None if isinstance(values, str | bytes | Mapping) else values)
    except ValueError:  # lists of different length
        array, got = np.asarray(None), "a list with lists of different length in it"
    if array.ndim == 1:
        return array
    if array.ndim > 1:
        got, hint = f"values of shape {array.shape}", "Try a column for each number of a row"
    raise DataError(complain(f"column {name!r:.80}: got {got}", "expected one value for each row", hint))


def _from_bools(name: str, array: np.ndarray) -> Column:
    return Column(name, "boolean", array.astype(np.int32), ("false", "true"))


def _from_dates(name: str, array: np.ndarray) -> Column:
    seconds = array.astype("datetime64[us]").astype(np.int64) / 1e6
    return Column(name, "date", np.where(np.isnat(array), np.nan, seconds))


def _is_gap(value: Any) -> bool:
    """None, NaN, and what pandas writes for them, without asking pandas."""
    return value is None or (isinstance(value, float | np.floating) and value != value) or str(value) in _GAPS


def _from_objects(name: str, values: list[Any]) -> Column:
    """Values of mixed types: numbers if all are, booleans if all are, else their texts."""
    gaps = np.array([_is_gap(value) for value in values], bool)
    known = [value for value, gap in zip(values, gaps.tolist(), strict=True) if not gap]
    if all(isinstance(value, bool | np.bool_) for value in known) and known:
        codes = np.array([-1 if gap else int(value) for value, gap in zip(values, gaps, strict=True)], np.int32)
        return Column(name, "boolean", codes, ("false", "true"))
    if all(isinstance(value, int | float | np.number) for value in known):
        return numbers(name, np.array([np.nan if gap else float(v) for v, gap in zip(values, gaps, strict=True)]))
    if all(hasattr(value, "isoformat") or isinstance(value, np.datetime64) for value in known):
        dates = [None if gap else np.datetime64(v) for v, gap in zip(values, gaps, strict=True)]
        return _from_dates(name, np.array(dates, "datetime64[us]"))
    cells = np.array([b"" if gap else str(value).encode() for value, gap in zip(values, gaps, strict=True)], object)
    codes, distinct = read_words(cells)
    return words(name, codes, [word.decode() for word in distinct])
