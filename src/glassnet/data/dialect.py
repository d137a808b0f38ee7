"""What kind of text table a file is: its encoding, what stands between its cells, whether names stand above them.

All of it is found in the first bytes of a file, and every finding can be overruled by the caller.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections import Counter
from dataclasses import dataclass, replace

from glassnet.data.dates import day_comes_first
from glassnet.data.quantities import quantity
from glassnet.data.streams import respaced
from glassnet.errors import FormatError, complain
from glassnet.files.os_errors import shown

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
MISSING = frozenset(  # in small letters
    {
        b"",
        b"na",
        b"n/a",
        b"#n/a",
        b"#na",
        b"n.a.",
        b"<na>",
        b"nan",
        b"-nan",
        b"nat",
        b"null",
        b"(null)",
        b"\\n",
        b"?",
        b"-",
    }
    | {b"1.#ind", b"-1.#ind", b"1.#qnan", b"-1.#qnan"}  # what C's library writes on Windows
    | {b"#null!", b"#div/0!", b"#value!", b"#ref!", b"#name?", b"#num!"}  # and a spreadsheet
)
MISSING_AMONG_NUMBERS = frozenset(  # among words they may be words: no garage, an unknown artist
    {b"none", b"nil", b"unknown", b"missing", b"not available", b"k.a.", b".", b"..", b"--", b"---", b"\xe2\x80\x93"}
)

_GAPS = MISSING | MISSING_AMONG_NUMBERS

ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data", ".psv", ".parquet", ".pq")
PACKED = (".gz", ".xz", ".zip")

_TRIED = "\t;|,"  # a decimal comma looks like a delimiter, so the comma is believed last
_SAMPLE_ROWS = 100
_ENOUGH = 5  # numbers that all have three digits behind their comma: it stands between thousands
_LONG = 1 << 15
_MOST_ABOVE = 20  # lines of a title
_MAGIC = {
    b"PAR1": ("Parquet", "Try renaming it to end in .parquet"),
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "Try saving the sheet as CSV"),
    b"\x1f\x8b": ("gzip inside of it", "Try unpacking it"),
    b"\x89PNG": ("a PNG image", "Try glassnet predict MODEL IMAGE for images"),
    b"%PDF": ("a PDF document", "Try exporting the table as CSV"),
    b"SQLite": ("a database", "Try exporting the table as CSV"),
    b"\x89HDF": ("HDF5", "Try saving the table as CSV"),
}
_BOMS = (  # UTF-32 before UTF-16: one begins like the other
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*|\s*[+-]?\d{1,3}(\.\d{3})+,\d+\s*")
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(,\d{3})+\s*")
_COMMA_NUMBER = re.compile(r"\s*[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?([eE][+-]?\d+)?\s*")
_SEP = re.compile(r"\ufeff?sep=(.)", re.IGNORECASE)
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*")


@dataclass(frozen=True)
class Dialect:
    """How the bytes of a text table are read."""

    delimiter: str = ","
    header: bool = True
    decimal: str = "."
    encoding: str = "utf-8"
    bom: int = 0  # bytes before the first cell
    newline: bytes = b"\n"  # b"\r" for files of very old machines; b"\r\n" counts as b"\n"
    day_first: bool | None = None  # whether 3/4/2024 is in April; None if nothing tells
    skipped: int = 0  # lines before the first row: a title, comments, and `sep=;`
    title: str = ""  # the first of them, if it is one
    blank: str | None = None  # "first" or "last": which column has cells and no name

    @property
    def named(self) -> str:
        """The delimiter in words.

        >>> Dialect(delimiter=";").named
        'semicolon'
        """
        return next((name for name, sign in DELIMITERS.items() if sign == self.delimiter), repr(self.delimiter))


def is_table(path: str) -> bool:
    """Whether a path names a file that is read as a table, by its ending.

    >>> is_table("houses.csv"), is_table("digits/"), is_table("old/houses.TSV.gz")
    (True, False, True)
    """
    path = path.lower()
    plain = next((path.removesuffix(ending) for ending in PACKED if path.endswith(ending)), path)
    return os.path.splitext(plain)[1] in ENDINGS


def find_encoding(head: bytes, file: str) -> Dialect:
    """The encoding that the first bytes of a file give away; UTF-8 unless they say otherwise.

    Raises `FormatError` for a file that is not text.
    """
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return Dialect(encoding=encoding, bom=len(bom))
    for magic, (kind, hint) in _MAGIC.items():
        if head.startswith(magic):
            raise FormatError(complain(f"{shown(file)}: got {kind}", "expected a table of text, such as CSV", hint))
    place = head.find(0)
    if place < 0:
        return Dialect()
    wide = _wide(head)
    if wide is not None:
        return Dialect(encoding=wide)
    got = f"{shown(file)}: got a zero at byte {place:,}"
    hint = "Try another file: this one is not text"
    raise FormatError(complain(got, "expected a table of text", hint))


def _wide(head: bytes) -> str | None:
    """UTF-16 that does not say so: of many letters one byte is 0, the same one of each pair, and the other never."""
    head = head[: len(head) // 2 * 2]
    zeros = [head[first::2].count(0) for first in (0, 1)]
    if min(zeros) or max(zeros) <= max(2, len(head) / 8):  # digits and delimiters among Cyrillic letters
        return None
    return "utf-16-le" if zeros[1] else "utf-16-be"


def sniff(
    head: bytes,
    dialect: Dialect,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
    day_first: bool | None = None,
    names: frozenset[str] = frozenset(),
) -> Dialect:
    """The dialect of a text whose first lines are `head` (in UTF-8, or any superset of ASCII).

    A first row that has one of the `names` in it is a header, even if others of its cells are numbers.

    >>> found = sniff(b"city;price\\nUlm;1,5\\nRom;2,25\\n", Dialect())
    >>> found.delimiter, found.header, found.decimal
    (';', True, ',')
    >>> sniff(b"1\\t2\\n3\\t4\\n", Dialect()).header
    False
    """
    if len(head) > _LONG:  # the last line may be cut off
        head = head[: head.rfind(b"\n") + 1] or head
    newline = b"\r" if b"\n" not in head and b"\r" in head else b"\n"
    text = head.decode("latin-1")
    if newline == b"\r":
        text = text.replace("\r", "\n")
    lines = text.replace("\r\n", "\n").split("\n")  # not `splitlines`: it cuts at bytes inside of letters such as Å
    skipped, said = _before_the_rows(lines)
    title = next((line for line in lines[:skipped] if line.strip()), "")
    text = "\n".join(lines[skipped:])
    sign = _sign(delimiter) if delimiter else said or _likeliest(text)
    rows = _rows(text, sign)
    if day_first is None:
        day_first = day_comes_first(cell for row in rows[1:] for cell in row)
    found = replace(dialect, delimiter=sign, newline=newline, day_first=day_first, skipped=skipped)
    found = replace(found, title="" if said or title.startswith("#") else _text(title).strip(f'" {_TRIED}'))
    found = replace(found, decimal=decimal or _decimal(rows, sign))
    named = _has_header(rows) or _names_one_of(rows, names) if header is None else header
    return replace(found, header=named, blank=_without_a_name(rows) if named else None)


def _before_the_rows(lines: list[str]) -> tuple[int, str | None]:
    """How many lines come before the first row, and the delimiter that Excel's `sep=;` names.

    That may be a title. Lines that begin with # are remarks, unless they are all, or the last has the cells of the row
    below: names.
    """
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    excel = _SEP.fullmatch(lines[first]) if lines else None
    if excel:
        return first + 1, excel[1]
    begin = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    last = next((i for i in range(begin - 1, -1, -1) if lines[i].startswith("#")), None)
    if last is None:
        return _lines_above(lines), None
    below = "\n".join(lines[begin:])
    sign = _likeliest(below)
    cells = [len(row) for row in (*_rows(lines[last], sign), *_rows(below, sign)[:1])]
    names = len(set(cells)) == 1 and cells[0] > 1
    return (last if names else begin), None


def _lines_above(lines: list[str]) -> int:
    """How many lines of a title, an account or a period stand above the names, as reports are written.

    The names are the first full row of words; what is above has fewer cells, and an empty line or a single cell of
    words in each line shows that it is no part of the table.
    """
    sign = _likeliest("\n".join(lines))
    counts = Counter(map(len, _rows("\n".join(lines), sign)))
    width = counts.most_common(1)[0][0] if counts else 0
    above = [_cells(line, sign) for line in lines[:_MOST_ABOVE]]
    first = next((i for i, cells in enumerate(above) if len(cells) == width and all(cells)), 0)
    title = [[cell for cell in cells if cell] for cells in above[:first]]
    inside = any(line.count('"') % 2 for line in lines[:first])  # a name of several lines
    if inside or not any(title) or any(map(_NUMBER.fullmatch, above[first])):
        return 0
    single = width > 2 and not any(len(cells) > 1 or any(map(_NUMBER.fullmatch, cells)) for cells in title)
    parted = [] in title[1:] and all(len(cells) < width for cells in title)
    return first if single or parted else 0


def _cells(line: str, sign: str) -> list[str]:
    return [cell.strip() for row in _rows(line, sign)[:1] for cell in row]


def _without_a_name(rows: list[list[str]]) -> str | None:
    """Which column the header leaves out, where all rows have a cell more than it: an empty one behind the last
    delimiter, or the names of rows before the first."""
    wide = {len(row) for row in rows[1:]}
    if not rows or len(rows[0]) < 2 or wide != {len(rows[0]) + 1}:
        return None
    return "last" if not any(row[-1].strip() for row in rows[1:]) else "first"


def _sign(delimiter: str) -> str:
    sign = DELIMITERS.get(delimiter.strip().lower(), delimiter)
    if len(sign) != 1 or sign in '"\r\n' or not sign.isascii():
        expected = f"expected one character, or one of {', '.join(DELIMITERS)}"
        raise FormatError(complain(f"got the delimiter {delimiter!r:.20}", expected, "Try semicolon"))
    return sign


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """The first rows that a delimiter makes of a text."""
    rows: list[list[str]] = []
    if delimiter == " ":
        text = respaced(text.encode("latin-1")).decode("latin-1")
    try:
        for row in csv.reader(io.StringIO(text, newline=None), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    return rows


def _likeliest(text: str) -> str:
    """The delimiter that gives the most rows the same number of cells, if that is more than one."""
    best, most = ",", 0.0
    for sign in _TRIED:
        counts = Counter(map(len, _rows(text, sign)))
        cells, rows = counts.most_common(1)[0] if counts else (0, 0)
        share = rows / max(1, counts.total())
        if cells > 1 and share > most:
            best, most = sign, share
    padded = best == "\t" and "  " in text  # a tab among blanks that line the cells up
    return " " if (padded or not most) and _has_blanks_between(text) else best


def _has_blanks_between(text: str) -> bool:
    """Whether blanks make rows of the same number of cells, and mostly numbers."""
    rows = _rows(text, " ")
    if len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        return False
    below = [cell for row in rows[1:] or rows for cell in row]
    return 2 * sum(_NUMBER.fullmatch(cell) is not None for cell in below) >= len(below)


def _decimal(rows: list[list[str]], delimiter: str) -> str:
    """A comma, if a column has numbers with a comma in them and none with a point.

    Where commas stand between cells too, one of them must be no comma between thousands; elsewhere one among some.
    """
    columns = zip(*[row for row in rows[1:] if len(row) == len(rows[0])], strict=True) if rows else ()
    for column in columns:
        cells = [cell for cell in column if cell.strip().lower().encode("latin-1", "replace") not in _GAPS]
        commas = [cell for cell in cells if _DECIMAL_COMMA.fullmatch(cell)]
        if all(map(_THOUSANDS.fullmatch, commas)) and (delimiter == "," or len(commas) >= _ENOUGH):
            continue
        if (commas and all(map(_COMMA_NUMBER.fullmatch, cells))) or _has_comma_quantities(cells):
            return ","
    return "."


def _has_comma_quantities(cells: list[str]) -> bool:
    """Whether all are numbers with a decimal comma, and signs around them that no plain number has: 1.200,50 €."""
    words = [_text(cell).strip() for cell in cells]
    return any("," in word and not quantity(word) for word in words) and all(quantity(word, ",") for word in words)


def _names_one_of(rows: list[list[str]], names: frozenset[str]) -> bool:
    """Whether the first row has one of the names that the user or a model knows columns by."""
    cells = {_text(cell).strip() for cell in rows[0]} if rows else set[str]()
    return bool(cells & names)


def _text(cell: str) -> str:
    """A cell of bytes that were taken for Latin-1, as it is meant."""
    raw = cell.encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _has_header(rows: list[list[str]]) -> bool:
    """Names are not numbers, are not empty, and do not come back as values below them."""
    if not rows or any(_NUMBER.fullmatch(cell) for cell in rows[0]):
        return False
    if not rows[0][0].strip() and len(rows[0]) > 1:  # a column of row numbers often has no name
        return not any(_NUMBER.fullmatch(cell) or not cell.strip() for cell in rows[0][1:])
    below = [row for row in rows[1:] if len(row) == len(rows[0])]
    if not below:
        return len(rows) == 1 or _without_a_name(rows) is not None
    return not any(cell in (row[j] for row in below) for j, cell in enumerate(rows[0]) if cell.strip())
