"""Validation rows of a table of their own that is larger than memory: encoded a piece at a time, into files.

What fits into memory is `table_data.with_validation`'s; both give the same numbers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glassnet.data.mapped import let_go, temporary
from glassnet.data.parquet import ParquetTable
from glassnet.data.table import TableFile
from glassnet.train.table_data import TableData, refuse_without_target
from glassnet.train.table_plan import Finding
from glassnet.train.tabular import Oddities
from glassnet.train.weighting import column_weights


def with_streamed_validation(data: TableData, file: TableFile | ParquetTable, weight: str | None = None) -> TableData:
    """The data with the rows of another table to validate on, read twice: once to count them, once to encode them.

    Nobody looks whether some of them are also among those to learn from.

    Raises what `with_validation` raises.
    """
    held = _Held.of(data, file, weight)
    odd = held.fill(data, file, weight)
    size = sum(array.nbytes for array in held.arrays) / 1e6
    notes = [f"larger than the memory given to tables: {size:,.0f} MB of encoded rows stay on disk", *odd.notes()]
    findings = (*data.findings, *(Finding("note", f"{file.name}: {note}") for note in notes))
    weights = data.weights
    if weights is not None and held.weights is not None:
        weights = (weights[0], held.weights, weights[2])
    return replace(
        data, x_valid=held.x, y_valid=held.y, rows=(data.rows[0], held.rows, data.rows[2]), apart=True, held=None,
        weights=weights, overlap=None, findings=findings,
    )  # fmt: skip


class _Held:
    """The encoded rows, their targets, their numbers, and how much each counts, in temporary files."""

    def __init__(self, x: np.ndarray, y: np.ndarray, rows: np.ndarray, weights: np.ndarray | None) -> None:
        self.x, self.y, self.rows, self.weights = x, y, rows, weights

    @classmethod
    def of(cls, data: TableData, file: TableFile | ParquetTable, weight: str | None) -> _Held:
        """Room for all rows of a file."""
        n = 0
        for table in file.pieces():
            refuse_without_target(table, data.code)
            n += len(table)
        weights = _room((n,), np.dtype(np.float32)) if weight is not None else None
        y = _room((n, *data.y_train.shape[1:]), data.y_train.dtype)
        return cls(_room((n, data.code.width), np.dtype(np.float32)), y, _room((n,), np.dtype(np.int64)), weights)

    @property
    def arrays(self) -> list[np.ndarray]:
        """All that there are."""
        return [array for array in (self.x, self.y, self.rows, self.weights) if array is not None]

    def fill(self, data: TableData, file: TableFile | ParquetTable, weight: str | None) -> Oddities:
        """Encode the rows; what was odd about them."""
        odd, first = Oddities(), 0
        for table in file.pieces():
            part = slice(first, first + len(table))
            self.x[part], self.y[part] = data.code.encode(table, odd), data.code.target.encode(table)
            self.rows[part] = np.arange(part.start, part.stop)
            if self.weights is not None:
                self.weights[part] = column_weights(table, weight or "")
            for array in self.arrays:
                let_go(array)
            first = part.stop
        return odd


def _room(shape: tuple[int, ...], kind: np.dtype) -> np.ndarray:
    return temporary(shape, kind, "tables")
