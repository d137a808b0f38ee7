"""Data sets: those that come with names, tables and folders of one's own, and loaders of batches."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassnet.data.table import Table


def read_table(source: Any, **options: Any) -> "Table":
    """The table in a file (CSV, TSV, Parquet), a frame, a dict of columns, or an array `(n, columns)`.

    `glassnet.data.table.read_table` has the options, and is imported only when a table is read.

    >>> read_table({"x": [1.0, 2.5], "city": ["Ulm", "Rom"]})
    Table 'table': 2 rows, x (number), city (category)
    """
    from glassnet.data.table import read_table

    return read_table(source, **options)
