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

from glassnet.errors import FormatError, complain
from glassnet.files.os_errors import shown

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
MISSING = frozenset({b"", b"na", b"n/a", b"#n/a", b"nan", b"null", b"?", b"-"})  # in small letters

ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data", ".psv", ".parquet", ".pq")

_TRIED = "\t;|,"  # a decimal comma looks like a delimiter, so the comma is believed last
_SAMPLE_ROWS = 100
_LONG = 1 << 15
_MAGIC = {
    b"PAR1": ("Parquet", "Try renaming it to end in .parquet"),
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "Try saving the sheet as CSV"),
    b"\x1f\x8b": ("gzip", "Try renaming it to end in .gz"),
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
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
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
    ending = os.path.splitext(path.lower().removesuffix(".gz").removesuffix(".xz"))[1]
    return ending in ENDINGS


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
    if place >= 0:
        wide = head[:200].count(0) > len(head[:200]) / 3  # every other byte of plain text in UTF-16
        hint = "Try saving it as UTF-8" if wide else "Try another file: this one is not text"
        raise FormatError(complain(f"{shown(file)}: got a zero at byte {place:,}", "expected a table of text", hint))
    return Dialect()


def sniff(
    head: bytes,
    dialect: Dialect,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
) -> Dialect:
    """The dialect of a text whose first lines are `head` (in UTF-8, or any superset of ASCII).

    >>> sniff(b"city;price\\nUlm;1,5\\nRom;2,25\\n", Dialect())
    Dialect(delimiter=';', header=True, decimal=',', encoding='utf-8', bom=0, newline=b'\\n')
    >>> sniff(b"1\\t2\\n3\\t4\\n", Dialect()).header
    False
    """
    if len(head) > _LONG:  # the last line may be cut off
        head = head[: head.rfind(b"\n") + 1] or head
    newline = b"\r" if b"\n" not in head and b"\r" in head else b"\n"
    text = head.decode("latin-1")
    sign = _sign(delimiter) if delimiter else _likeliest(text)
    rows = _rows(text, sign)
    found = replace(dialect, delimiter=sign, newline=newline, decimal=decimal or _decimal(rows, sign))
    return replace(found, header=_has_header(rows) if header is None else header)


def _sign(delimiter: str) -> str:
    sign = DELIMITERS.get(delimiter.strip().lower(), delimiter)
    if len(sign) != 1 or sign in '"\r\n' or not sign.isascii():
        expected = f"expected one character, or one of {', '.join(DELIMITERS)}"
        raise FormatError(complain(f"got the delimiter {delimiter!r:.20}", expected, "Try semicolon"))
    return sign


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """The first rows that a delimiter makes of a text."""
    rows: list[list[str]] = []
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
    return best


def _decimal(rows: list[list[str]], delimiter: str) -> str:
    """A comma, if a column has numbers with a comma in them and none with a point."""
    if delimiter == ",":
        return "."
    columns = zip(*[row for row in rows[1:] if len(row) == len(rows[0])], strict=True) if rows else ()
    for column in columns:
        cells = [cell for cell in column if cell.strip().lower().encode("latin-1", "replace") not in MISSING]
        commas = sum(_DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells)
        if commas and all("." not in cell and _NUMBER.fullmatch(cell) for cell in cells):
            return ","
    return "."


def _has_header(rows: list[list[str]]) -> bool:
    """Names are not numbers, are not empty, and do not come back as values below them."""
    if not rows or any(_NUMBER.fullmatch(cell) for cell in rows[0]):
        return False
    if not rows[0][0].strip() and len(rows[0]) > 1:  # a column of row numbers often has no name
        return not any(_NUMBER.fullmatch(cell) or not cell.strip() for cell in rows[0][1:])
    below = [row for row in rows[1:] if len(row) == len(rows[0])]
    if not below:
        return len(rows) == 1
    return not any(cell in (row[j] for row in below) for j, cell in enumerate(rows[0]) if cell.strip())
