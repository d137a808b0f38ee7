"""A model of a disk that loses power: what may be on it, given the calls that a program has made so far.

`Recorder` notes the calls of `os` that change a folder. `crashes` gives every disk that a power cut could leave, after
every prefix of those calls:

- a write, or a truncation, is sure to be there once its file was flushed (fsync); until then it may be missing, or,
  if it is the last one of its file that is there, be there in part;
- a name (made, changed or taken away) is sure once its folder was flushed; until then it may be missing, each one on
  its own, in any order: more disorder than any file system shows;
- a rename happens whole or not at all.

Reference: T. S. Pillai et al., "All File Systems Are Not Created Equal: On the Complexity of Crafting Crash-Consistent
Applications", OSDI 2014, whose ALICE enumerates the same states.
"""

import itertools
import os
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

_MOST_SUBSETS = 128  # of the calls that are not sure yet; more are drawn at random


class Event(NamedTuple):
    """One call: what it did, to which file (a number) or name, with which bytes or other name."""

    kind: str  # create, write, truncate, flush; mkdir, rename, unlink, flush_folder; told
    what: Any
    more: Any = None


class Crash(NamedTuple):
    """A disk after a power cut."""

    told: int  # the last success that the program had told of
    files: dict[str, bytes]
    folders: frozenset[str]


class Recorder:
    """Notes what the program under test does to files below `root`, while it really does it."""

    def __init__(self, root: str, patch: Any) -> None:
        self.events: list[Event] = []
        self._root = root
        self._open: dict[int, tuple[str, Any]] = {}
        self._files: dict[str, int] = {}
        self._numbers = itertools.count()
        for name in ("open", "close", "write", "fsync", "replace", "unlink", "mkdir"):
            patch.setattr(os, name, self._spy(getattr(os, name), getattr(self, f"_after_{name}")))

    def told(self, number: int) -> None:
        """The program says that its work up to `number` is safe."""
        self.events.append(Event("told", number))

    def _spy(self, real: Any, after: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            result = real(*args, **options)
            after(result, *args)
            return result

        return call

    def _after_open(self, descriptor: int, path: Any, flags: int, *_: Any) -> None:
        path = os.path.abspath(path)
        if not path.startswith(self._root):
            return
        if flags & os.O_DIRECTORY:
            self._open[descriptor] = "folder", path
        elif flags & os.O_CREAT:
            if path not in self._files:
                self._files[path] = next(self._numbers)
                self.events.append(Event("create", path, self._files[path]))
            elif flags & os.O_TRUNC:
                self.events.append(Event("truncate", self._files[path]))
            self._open[descriptor] = "file", self._files[path]

    def _after_close(self, _: None, descriptor: int) -> None:
        self._open.pop(descriptor, None)

    def _after_write(self, count: int, descriptor: int, view: Any) -> None:
        if descriptor in self._open:
            self.events.append(Event("write", self._open[descriptor][1], bytes(view)[:count]))

    def _after_fsync(self, _: None, descriptor: int) -> None:
        if descriptor in self._open:
            kind, what = self._open[descriptor]
            self.events.append(Event("flush" if kind == "file" else "flush_folder", what))

    def _after_replace(self, _: None, source: Any, target: Any) -> None:
        source, target = os.path.abspath(source), os.path.abspath(target)
        self._files[target] = self._files.pop(source)
        self.events.append(Event("rename", source, target))

    def _after_unlink(self, _: None, path: Any) -> None:
        path = os.path.abspath(path)
        if self._files.pop(path, None) is not None:
            self.events.append(Event("unlink", path))

    def _after_mkdir(self, _: None, path: Any, *__: Any) -> None:
        self.events.append(Event("mkdir", os.path.abspath(path)))


def crashes(events: list[Event], seed: int = 0) -> Iterator[Crash]:
    """Every disk that a power cut after any prefix of the events could leave, some of them more than once."""
    rng = random.Random(seed)
    for length in range(len(events) + 1):
        past = events[:length]
        unsure = [at for at in range(length) if _is_unsure(at, past)]
        for missing in _subsets(unsure, rng):
            torn = _last_write(past, missing, unsure)
            for share in (1.0,) if torn is None else (1.0, 0.5, 0.01):
                yield _disk(past, missing, torn, share)


def _is_unsure(at: int, past: list[Event]) -> bool:
    """Whether nothing has made this event sure yet."""
    event, later = past[at], past[at + 1 :]
    if event.kind in ("write", "truncate"):
        return Event("flush", event.what) not in later
    if event.kind in ("create", "rename", "unlink", "mkdir"):
        return Event("flush_folder", os.path.dirname(event.what)) not in later
    return False


def _subsets(unsure: list[int], rng: random.Random) -> Iterator[frozenset[int]]:
    if 2 ** len(unsure) <= _MOST_SUBSETS:
        sizes = range(len(unsure) + 1)
        yield from map(frozenset, itertools.chain.from_iterable(itertools.combinations(unsure, n) for n in sizes))
        return
    yield frozenset()
    yield frozenset(unsure)
    for _ in range(_MOST_SUBSETS - 2):
        yield frozenset(at for at in unsure if rng.random() < 0.5)


def _last_write(past: list[Event], missing: frozenset[int], unsure: list[int]) -> int | None:
    """The last write that may be there in part."""
    there = [at for at in unsure if past[at].kind == "write" and at not in missing]
    return there[-1] if there else None


def _disk(past: list[Event], missing: frozenset[int], torn: int | None, share: float) -> Crash:
    names: dict[str, int] = {}
    contents: dict[int, bytearray] = {}
    ends: dict[int, int] = {}  # where the program's next write goes, whether or not the last one arrived
    folders: set[str] = set()
    moved: dict[str, int] = {}  # what each name meant to the program
    told = 0
    for at, (kind, what, more) in enumerate(past):
        there = at not in missing
        match kind:
            case "told":
                told = what
            case "create":
                moved[what], contents[more], ends[more] = more, bytearray(), 0
                if there:
                    names[what] = more
            case "truncate":
                ends[what] = 0
                if there:
                    contents[what].clear()
            case "write":
                part = more[: int(len(more) * share)] if at == torn else more
                if there:
                    _put(contents[what], ends[what], part)
                ends[what] += len(more)
            case "rename":
                number = moved[more] = moved.pop(what)
                if there:
                    names.pop(what, None)
                    names[more] = number
            case "unlink":
                moved.pop(what, None)
                if there:
                    names.pop(what, None)
            case "mkdir" if there:
                folders.add(what)
    return Crash(told, {name: bytes(contents[n]) for name, n in names.items()}, frozenset(folders))


def _put(contents: bytearray, at: int, data: bytes) -> None:
    """A write at its place; what never arrived before it reads as zeros."""
    contents.extend(bytes(max(0, at - len(contents))))
    contents[at : at + len(data)] = data
