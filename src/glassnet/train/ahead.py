"""Doing the next piece of work while this one is looked at: one thread, one piece ahead, everything in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work(item)` for each item, the next one begun in another thread before this one is given.

    It pays where the work lets go of Python's lock, as NumPy does in long loops. An error comes where its result would
    have come. Whoever stops early waits for the piece that was begun.

    >>> list(ahead(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    from concurrent.futures import ThreadPoolExecutor  # 5 ms that only those pay who need it

    rest = iter(items)
    with ThreadPoolExecutor(1) as thread:
        begun = [thread.submit(work, item) for item in _first(rest)]
        while begun:
            result = begun.pop().result()
            begun += [thread.submit(work, item) for item in _first(rest)]
            yield result


def _first(rest: Iterator[Item]) -> Iterator[Item]:
    for item in rest:
        yield item
        return
