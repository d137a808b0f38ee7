"""Tables of other libraries, known by what they can do: pandas, polars, pyarrow; dicts, and NumPy's own arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.errors import DataError, complain

Columns = list[tuple[str, Any]]


def columns_of(values: Any) -> tuple[Columns, bool]:
    """Names and values of a frame's columns, and whether the names are the frame's own.

    Nothing is imported: a pandas or polars frame has `columns` and `frame[name]`, a pyarrow table `column_names` and
    `column(name)`, and whatever they give has `to_numpy`.

    Raises `DataError` for anything else.

    >>> columns_of({"x": [1, 2]})
    ([('x', [1, 2])], True)
    """
    if isinstance(values, Mapping):
        return [(str(name), column) for name, column in values.items()], True
    if hasattr(values, "column_names") and hasattr(values, "column"):
        return [(str(name), _array(values.column(i))) for i, name in enumerate(values.column_names)], True
    if hasattr(values, "columns") and hasattr(values, "__getitem__"):
        return _of_frame(values), True
    try:
        array = np.asarray(values)
    except ValueError as problem:
        got = f"got a {type(values).__name__} of rows of different length"
        raise DataError(complain(got, "expected a frame, a dict of columns or an array", "Try a dict")) from problem
    if array.dtype.names:
        return [(name, array[name]) for name in array.dtype.names], True
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        got = f"got a {type(values).__name__} of shape {array.shape}"
        raise DataError(complain(got, "expected a frame, a dict of columns or an array (n, columns)", "Try a dict"))
    return [(f"column {j + 1}", array[:, j]) for j in range(array.shape[1])], False


def _of_frame(frame: Any) -> Columns:
    """By position where there is `iloc`: two columns of a pandas frame may share a name."""
    names = list(frame.columns)
    at = getattr(frame, "iloc", None)
    return [(str(name), _array(frame[name] if at is None else at[:, j])) for j, name in enumerate(names)]


def _array(column: Any) -> Any:
    """A column as an array: plain numbers as they are, whatever may have gaps as objects."""
    if isinstance(column, np.ndarray | list | tuple):
        return column
    kind = getattr(column, "dtype", None)
    plain = isinstance(kind, np.dtype) and kind.kind in "biufM"
    listed = getattr(column, "to_list", None) or getattr(column, "to_pylist", None)
    if plain or listed is None or (kind is not None and _never_missing(column)):
        return column.to_numpy() if hasattr(column, "to_numpy") else np.asarray(column)
    return np.array([*listed(), None], object)[:-1]  # the None keeps NumPy from guessing a type


def _never_missing(column: Any) -> bool:
    """Whether a polars column holds plain numbers without a gap, which need no list."""
    is_number = getattr(getattr(column, "dtype", None), "is_numeric", None)
    return bool(is_number and is_number() and not column.null_count())
