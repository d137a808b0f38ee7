"""The columns of a text table made of its cells, block by block: numbers, dates, quantities, words.

What one block found holds for those that follow, so that a column is one sort of thing all the way down.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from glassnet.data.cells import Block
from glassnet.data.columns import Column, is_plain, numbers, read_numbers, read_words, words
from glassnet.data.dates import may_be_two_days, read_dates, seconds_of
from glassnet.data.dialect import MISSING_AMONG_NUMBERS, Dialect
from glassnet.data.quantities import read_quantities
from glassnet.errors import DataError, complain

_TYPO = 0.01  # of a column's cells that are no numbers are a mistake; more of them make it a column of words
_ENOUGH = 20
_MOSTLY, _LOOK = 0.9, 64  # of so many cells that are looked at


@dataclass
class Maker:
    """Makes columns of blocks, and remembers how many rows of numbers each column has had."""

    file: str
    names: list[str]
    dialect: Dialect
    missing: frozenset[bytes]
    as_words: set[str]
    copies: tuple[str, ...] = ()
    rows: int = 0
    numbers: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    suspects: dict[str, DataError] = field(default_factory=dict)
    codes: bool = True  # whether columns such as 007, 019 are words
    no_codes: frozenset[str] = frozenset()  # but not these
    widths: dict[str, int] = field(default_factory=dict)  # the longest cell in the first piece of a column of numbers

    def columns(self, block: Block, notes: dict[str, None]) -> tuple[Column, ...]:
        """The columns of one block; what the user should know of them goes into `notes`.

        Raises `DataError` for a few words among many numbers.
        """
        pairs = zip(self.names, block.columns, strict=True)
        columns = tuple(self._column(name, cells, block, notes) for name, cells in pairs)
        self.rows += len(block)
        return columns

    def copied(self, block: Block) -> tuple[Column, ...]:
        """Those that are asked for as they are written."""
        return tuple(_copied(n, cells) for n, cells in zip(self.names, block.columns, strict=True) if n in self.copies)

    def _column(self, name: str, cells: np.ndarray, block: Block, notes: dict[str, None]) -> Column:
        if name not in self.as_words and not self._of_codes(name, cells, notes):
            gaps = self.missing | MISSING_AMONG_NUMBERS
            values, wrong = read_numbers(cells, self.dialect.decimal, gaps)
            if not len(wrong) and not self._only_words(cells, values):
                if name in self.suspects and not np.isnan(values).all():
                    raise self.suspects[name]
                self.widths.setdefault(name, cells.dtype.itemsize)
                self.numbers[name] = self.numbers.get(name, 0) + int((~np.isnan(values)).sum())
                return numbers(name, values)
            found = self._written_otherwise(name, cells, gaps, notes)
            if found is not None:
                return found
            self._refuse_stray_word(name, cells, gaps, block)
            self._refuse_typo(name, cells, values, wrong, block)
            if name not in self.suspects:
                self.as_words.add(name)  # and so are the pieces that follow
        codes, distinct = read_words(cells, self.missing)
        texts, latin = decoded(distinct)
        if latin:
            notes[f"{self.file} is not UTF-8: read as Windows-1252 (Latin-1)"] = None
        if self.dialect.day_first is None and distinct and all(map(may_be_two_days, distinct)):
            says = f"{texts[0]!r:.20} may be two days: say which by --dates day-first or --dates month-first"
            notes[f"column {name!r:.80}: {says}"] = None
        return words(name, codes, texts)

    def _of_codes(self, name: str, cells: np.ndarray, notes: dict[str, None]) -> bool:
        """Whether cells are codes such as 007: as numbers they would lose what tells them from 7."""
        may_be = self.codes and name not in self.no_codes
        example = code_in(cells, self.missing | MISSING_AMONG_NUMBERS) if may_be else None
        if example is None or len(example) != self.widths.get(name, len(example)):
            return False
        self.as_words.add(name)
        digits = f"{len(example)} digits, some with a 0 in front"
        notes[f"column {name!r:.80}: {example.decode()!r:.40} is taken for a code: every cell has {digits}"] = None
        return True

    def _only_words(self, cells: np.ndarray, values: np.ndarray) -> bool:
        """Whether nothing is known but words that are gaps among numbers, and here are no gaps."""
        if not np.isnan(values).all():
            return False
        return any(cell.strip().lower() not in self.missing for cell in set(cells.tolist()))

    def _written_otherwise(
        self, name: str, cells: np.ndarray, gaps: frozenset[bytes], notes: dict[str, None]
    ) -> Column | None:
        """A column of dates, or of numbers with units and signs; None for words."""
        seconds = read_dates(cells, gaps, self.dialect.day_first)
        if seconds is not None and not np.isnan(seconds).all():
            return Column(name, "date", seconds)
        found = read_quantities(cells, self.dialect.decimal, gaps)
        if found is None or np.isnan(found[0]).all():
            return None
        values, unit = found
        row = next(
            i
            for i, cell in enumerate(cells.tolist())
            if values[i] == values[i] and not is_plain(cell, self.dialect.decimal)
        )
        example = decoded([bytes(cells[row]).strip()])[0][0]
        if name not in self.told:
            notes[f"column {name!r:.80}: {example!r:.40} is read as {values[row]:.15g}"] = None
            self.told.add(name)
        return replace(numbers(name, values), unit=unit)

    def _refuse_stray_word(self, name: str, cells: np.ndarray, gaps: frozenset[bytes], block: Block) -> None:
        """A few words among many dates are a mistake too: "Total" below the last of them."""
        known = [(row, word) for row, cell in enumerate(cells.tolist()) if (word := cell.strip()).lower() not in gaps]
        look = known[:: max(1, len(known) // _LOOK)]
        if not look or sum(self._is_date(word) for _, word in look) < _MOSTLY * len(look):
            return
        wrong = [row for row, word in known if not self._is_date(word)]
        good = len(known) - len(wrong)
        if wrong and good >= _ENOUGH and len(wrong) <= max(1, _TYPO * good):
            raise self._typo(name, cells, wrong[0], block, good, "a date")

    def _is_date(self, word: bytes) -> bool:
        return seconds_of(word, self.dialect.day_first) is not None

    def _refuse_typo(self, name: str, cells: np.ndarray, values: np.ndarray, wrong: np.ndarray, block: Block) -> None:
        """A few cells of words among many numbers are a mistake, and said to be one.

        Words at the end of a piece may be the first of many: the next piece tells.
        """
        good = int((~np.isnan(values)).sum()) + self.numbers.get(name, 0)
        few = good >= _ENOUGH and len(wrong) <= max(1, _TYPO * good)
        suspect = self.suspects.pop(name, None)
        if not few:
            return
        problem = suspect or self._typo(name, cells, int(wrong[0]), block, good)
        if wrong[0] < len(block) - len(wrong):
            raise problem
        self.suspects[name] = problem

    def _typo(
        self, name: str, cells: np.ndarray, row: int, block: Block, good: int, what: str = "a number"
    ) -> DataError:
        word = decoded([bytes(cells[row])])[0][0]
        where = f"{self.file}, row {self.rows + row + 1:,} (line {block.lines[row]:,}), column {name!r:.80}"
        if not self.rows and not row and not self.dialect.header:
            hint = "Try without --no-header (header=True) if that line has the columns' names, or correcting it"
            return DataError(complain(f"{where}: got {word!r:.60}", f"expected {what}, as below", hint))
        hint = f"Try correcting it, --missing {_pasted(word)} or --categorical {_pasted(name)}"
        return DataError(complain(f"{where}: got {word!r:.60}", f"expected {what}, as in {good:,} other rows", hint))

    def finish(self) -> None:
        """Raise what the last piece left open."""
        for problem in self.suspects.values():
            raise problem


def _copied(name: str, cells: np.ndarray) -> Column:
    """A column as it is written."""
    codes, distinct = read_words(cells, frozenset())
    return words(name, codes, decoded(distinct)[0])


def code_in(cells: np.ndarray, missing: frozenset[bytes] = MISSING_AMONG_NUMBERS) -> bytes | None:
    """A cell with a 0 before other digits, where all cells are digits and of one length, as postal codes are.

    >>> code_in(np.array([b"01234", b"98765", b""])), code_in(np.array([b"01234", b"987"]))
    (b'01234', None)
    >>> code_in(np.array([b"0", b"1"])), code_in(np.array([b"0.5", b"1.5"]))
    (None, None)
    """
    if cells.dtype.kind != "S" or not len(cells):  # so wide that there are long texts among them
        return None
    cells = np.strings.strip(cells)
    letters = cells.view(np.uint8).reshape(len(cells), -1)
    if letters.shape[1] < 2 or not ((letters[:, 0] == ord("0")) & (letters[:, 1] - np.uint8(48) < 10)).any():
        return None
    known = {cell for cell in set(cells.tolist()) if cell and cell.lower() not in missing}
    alike = len({len(cell) for cell in known}) == 1 and all(cell.isdigit() for cell in known)
    return min(known) if alike else None


def _pasted(word: str) -> str:
    """A word as it is pasted into a command line."""
    import shlex

    return shlex.quote(word[:60])


def decoded(cells: list[bytes]) -> tuple[list[str], bool]:
    """Cells as text, and whether they had to be read as Windows-1252."""
    try:
        return [cell.decode() for cell in cells], False
    except UnicodeDecodeError:
        return [cell.decode("cp1252", "replace") for cell in cells], True
