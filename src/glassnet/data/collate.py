"""From a list of examples to one batch: numbers, arrays and tensors are stacked, containers keep their form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.core import dtypes, factories, layout
from glassnet.core.mode import mode
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, DTypeError, ShapeError, complain


def default_collate(batch: Sequence[Any]) -> Any:
    """The examples of a batch as one, with a new first axis for tensors, arrays and numbers.

    Python floats become float64, as in PyTorch. Dicts and named tuples keep their type, tuples become lists, strings
    stay as they are. Examples of unequal shapes raise a `ShapeError`, other kinds of objects a `TypeError`.

    >>> default_collate([(0.5, "a"), (1.5, "b")])
    [tensor([0.5000, 1.5000], dtype=torch.float64), ('a', 'b')]
    """
    if not batch:
        raise DataError(
            complain("default_collate: got an empty batch", "expected examples", "Try a sampler with indices")
        )
    first = batch[0]
    for kinds, collate in _BY_KIND:
        if isinstance(first, kinds):
            return collate(batch)
    if isinstance(first, Mapping | Sequence):
        return _rebuilt(first, lambda parts: default_collate(parts), batch)
    given = "None" if first is None else type(first).__name__
    raise TypeError(
        f"default_collate: got {given} as an example; expected tensors, arrays, numbers, strings, dicts or sequences "
        "of them. Try DataLoader(..., collate_fn=your own function from a list of examples to a batch)."
    )


def default_convert(data: Any) -> Any:
    """An example as it is, with its arrays as tensors: what a `DataLoader` without batches does.

    >>> default_convert({"x": np.array([1, 2]), "name": "a"})
    {'x': tensor([1, 2]), 'name': 'a'}
    """
    if isinstance(data, np.ndarray | np.generic):
        return data if data.dtype.kind in "SaUO" else wrap(np.asarray(data))
    if isinstance(data, Mapping | Sequence) and not isinstance(data, str | bytes):
        return _rebuilt(data, lambda parts: default_convert(parts[0]), [data])
    return data


def _rebuilt(first: Any, make: Callable[[Sequence[Any]], Any], batch: Sequence[Any]) -> Any:
    """A container like the first one, each of its entries made of that entry of all of them."""
    if isinstance(first, Mapping):
        entries: Any = {key: make([d[key] for d in batch]) for key in first}
    else:
        _check_lengths(batch)
        entries = [make(parts) for parts in zip(*batch, strict=True)]
    kind: Any = type(first)
    if hasattr(first, "_fields"):
        return kind(*entries)
    if kind in (dict, list, tuple):  # PyTorch, too, makes lists of plain tuples
        return entries
    try:
        return kind(entries)
    except TypeError:  # a container with a constructor of its own
        return entries


def _check_lengths(batch: Sequence[Any]) -> None:
    lengths = sorted({len(example) for example in batch})
    if len(lengths) > 1:
        got = f"default_collate: got examples of lengths {', '.join(map(str, lengths))} in one batch"
        raise ShapeError(complain(got, "expected equal lengths", "Try a collate_fn that pads the shorter ones"))


def _tensors(batch: Sequence[Tensor]) -> Tensor:
    shapes = sorted({tuple(t.array.shape) for t in batch})
    if len(shapes) > 1:
        got = f"default_collate: got examples of shapes {', '.join(map(str, shapes))} in one batch"
        raise ShapeError(complain(got, "expected equal shapes", "Try a collate_fn that pads or crops them"))
    if mode.grad and any(t.needs_grad for t in batch):
        return layout.stack(batch)
    common = dtypes.promote([t.array for t in batch])
    return wrap(np.stack([t.array for t in batch], dtype=common))


def _arrays(batch: Sequence[np.ndarray]) -> Tensor:
    if batch[0].dtype.kind in "SaUO":
        got = f"default_collate: got an array of {batch[0].dtype}"
        raise DTypeError(complain(got, "expected numbers", "Try a collate_fn, or leaving the column out"))
    return _tensors([factories.from_numpy(array) for array in batch])


def _numpy_numbers(batch: Sequence[Any]) -> Tensor:
    return factories.from_numpy(np.asarray(batch))


def _floats(batch: Sequence[float]) -> Tensor:
    return factories.tensor(batch, dtype=np.float64)


def _words(batch: Sequence[Any]) -> Sequence[Any]:
    return batch


_BY_KIND: list[tuple[Any, Callable[[Any], Any]]] = [
    (Tensor, _tensors),
    (np.ndarray, _arrays),
    (np.bool_ | np.number, _numpy_numbers),
    (float, _floats),
    (int, factories.tensor),
    (str | bytes, _words),
]
