"""The figure of `runs show`: how large each file of a run is, and what in it takes how many bytes."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from typing import Any

import numpy as np

from glassnet.errors import DataError, complain
from glassnet.files import strict_json
from glassnet.files.bounded import read_bounded
from glassnet.read.document import Document, Step
from glassnet.read.formula import Formula, Number, Rest, Symbol, over, plus, times
from glassnet.train.stories.lines import largest, told, value
from glassnet.train.stories.subject import Subject

_MOST_BYTES = 256 << 20
_LENGTH = 8  # bytes of a safetensors file that say how long its head is
_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}


def files(subject: Subject) -> Document:
    """The size of every file in the run folder, to the byte."""
    folder = subject.run.folder.path
    names = sorted(name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name)))
    if not names:
        raise DataError(complain("got a run folder without files", "expected some", "Try another run"))
    document = Document("The files of a run")
    for number, name in enumerate(names, 1):
        document.steps += _file(os.path.join(folder, name), name, number, subject.most)
    document.notes.append("A kB is 1,000 bytes, a MB 1,000 kB. Folders in it are not measured.")
    return document


def _file(path: str, name: str, number: int, most: int) -> list[Step]:
    """What a file is made of, and its size as it is printed."""
    data = bytes(read_bounded(path, _MOST_BYTES))
    steps = _tensors(data, name, number) if name.endswith(".safetensors") else []
    steps = steps or [_text(data, name, number, most)]
    unit, word = (1e6, "MB") if len(data) >= 1e6 else (1e3, "kB")
    shown = over(value("f", len(data), number), Number(unit))
    return [*steps, told(f"{name}: its bytes in {word}", Symbol(word, "", (number,)), shown, len(data) / unit)]


# ---- tensors ---------------------------------------------------------------------------------------------------------


def _tensors(data: bytes, name: str, number: int) -> list[Step]:
    """The head of a safetensors file, which says what its tensors are, and the numbers behind it."""
    length = int.from_bytes(data[:_LENGTH], "little")
    head = strict_json.loads(data[_LENGTH : _LENGTH + length], source=name)
    entries = {key: entry for key, entry in head.items() if key != "__metadata__"}
    kinds = Counter[str]()
    for entry in entries.values():
        kinds[entry["dtype"]] += math.prod(entry["shape"])
    if not kinds.keys() <= _BYTES.keys() or _LENGTH + length + sum(n * _BYTES[k] for k, n in kinds.items()) != len(
        data
    ):
        return []
    h = value("h", length, number)
    parts: list[Formula] = [times(value("N", n, number, i), Number(float(_BYTES[kind])))
                            for i, (kind, n) in enumerate(kinds.items(), 1)]  # fmt: skip
    held = ", ".join(f"{n:,} numbers of {_BYTES[kind]} bytes ({kind})" for kind, n in kinds.items())
    words = f"{name}: {_LENGTH} bytes that say how long its head is, the head (h), {held}"
    formula = plus(Number(float(_LENGTH)), h, *parts)
    return [_head(data[_LENGTH : _LENGTH + length], head, name, number),
            told(words, Symbol("f", "", (number,)), formula, len(data))]  # fmt: skip


def _head(raw: bytes, head: dict[str, Any], name: str, number: int) -> Step:
    """The head: its texts, its tensors with their names, shapes and places, spaces at the end."""
    texts = head.get("__metadata__", {})
    spaces = len(raw) - len(raw.rstrip(b" "))
    sizes = {key: len(_spelled(key, text)) for key, text in texts.items()}
    terms: list[Formula] = [value("t", size, number, i) for i, size in enumerate(sizes.values(), 1)]
    tensors = len(raw) - spaces - sum(sizes.values())
    words = [f"{name}, its head: {', '.join(map(_called, sizes))}" if sizes else f"{name}, its head"]
    words.append(f"names, shapes and places of its {len(head) - ('__metadata__' in head):,} tensors (p)")
    words.append(f"{spaces} spaces, so that the numbers begin at a multiple of 8")
    formula = plus(*terms, value("p", tensors, number), value("spaces", spaces, number))
    return told("; ".join(words), Symbol("h", "", (number,)), formula, len(raw))


def _spelled(key: str, text: str) -> bytes:
    """A text of the head with its name, as it is written there."""
    return b":".join(json.dumps(part, ensure_ascii=False).encode() for part in (key, text))


def _called(key: str) -> str:
    kinds = {"glassnet": "what the layers are and how to use them", "sha256": "a checksum over every byte"}
    return kinds.get(key, f"the text {key!r}")


# ---- lines -----------------------------------------------------------------------------------------------------------


def _text(data: bytes, name: str, number: int, most: int) -> Step:
    """The bytes of every line: the longest are shown."""
    size = Symbol("f", "", (number,))
    if b"\0" in data:
        return told(f"{name}: its bytes, which are no text", size, value("b", len(data), number), len(data))
    sizes = np.array([len(line) + 1 for line in data.split(b"\n")], np.float64)
    sizes[-1] -= 1  # what follows the last end of a line, mostly nothing
    sizes = sizes[sizes > 0]
    shown = largest(sizes, most)
    terms: list[Formula] = [value("l", sizes[i], int(i) + 1) for i in shown]
    if len(shown) < len(sizes):
        terms.append(Rest(len(sizes) - len(shown), float(np.delete(sizes, shown).sum())))
    words = f"{name}: the bytes of its {len(sizes):,} line{'s' * (len(sizes) != 1)}, with their ends"
    return told(words, size, plus(*terms) if terms else Number(0.0), len(data))
