"""Damage to a file's bytes and texts: random, but where it hurts, such as at a number that may be a length."""

import random
import re
from collections.abc import Callable, Sequence

LIES = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1]
SIGNS = [b"0", b"9", b"-1", b"1e9", b"[", b"]", b"{", b"}", b'"', b",", b":", b"null", b"\\u"]
NUMBERS = ["0", "-1", "7", "1e3", "0.5", "999999999", "9" * 18, "9" * 30, "1e400", "null", "[]", "NaN"]
_NUMBER = re.compile(r"-?\d+")


def flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def overwrite(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def drop(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randint(1, 9)]


def lie(data: bytearray, rng: random.Random) -> None:
    """A number where a length may stand."""
    width, order = rng.choice([2, 4, 8]), rng.choice(["little", "big"])
    at = rng.randrange(len(data))
    data[at : at + width] = (rng.choice(LIES) % (1 << 8 * width)).to_bytes(width, order)


def shift(data: bytearray, rng: random.Random) -> None:
    """A length off by little."""
    at = rng.randrange(len(data))
    data[at] = (data[at] + rng.choice([-2, -1, 1, 2, 16])) % 256


def splice(data: bytearray, rng: random.Random) -> None:
    start, length, at = rng.randrange(len(data)), rng.randint(1, 40), rng.randrange(len(data))
    data[at : at + rng.choice([0, length])] = data[start : start + length]


def retype(data: bytearray, rng: random.Random) -> None:
    """A digit, bracket or quote of text for another."""
    at = rng.randrange(len(data))
    data[at : at + 1] = rng.choice(SIGNS)


DAMAGE = [flip, overwrite, cut, drop, lie, shift, splice, retype]


def damaged(seed: bytes, rng: random.Random, ways: Sequence[Callable] = DAMAGE) -> bytes:
    """One to four kinds of damage at random places."""
    data = bytearray(seed)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        if data:
            rng.choice(ways)(data, rng)
    return bytes(data)


# Damage to texts


def reworded(text: str, rng: random.Random, words: Sequence[str]) -> str:
    """One word for another, between quotes: another of the text's own, or one of `words`."""
    pieces = text.split('"')
    pieces[rng.randrange(len(pieces))] = rng.choice(pieces if rng.random() < 0.3 else words)
    return '"'.join(pieces)


def renumbered(text: str, rng: random.Random) -> str:
    """One number for another, such as a size: one that lies, or one that is off by little."""
    numbers = list(_NUMBER.finditer(text))
    if not numbers:
        return text
    found = rng.choice(numbers)
    near = str(int(found.group()[:18]) + rng.choice([-1, 1, 8]))
    return text[: found.start()] + rng.choice([near, *NUMBERS]) + text[found.end() :]


def scrambled(text: str, rng: random.Random) -> str:
    """Damage to the bytes of a text."""
    return damaged(text.encode(), rng).decode("utf-8", "replace")


def hurt_text(text: str, rng: random.Random, words: Sequence[str]) -> str:
    """One of these three."""
    way = rng.randrange(3)
    if way == 0:
        return reworded(text, rng, words)
    return renumbered(text, rng) if way == 1 else scrambled(text, rng)


# Damage to tables

_CELLS = [b"", b'"', b'""', b'"""', b'"a""b"', b'x"', b'"x"y', b"1e999", b"-", b"nan", b"9" * 40, b"1,5", b"\xff\xfe"]
_CELLS += [b"2024-02-30", b"2024-02-29T25:00", b"true", b"inf", b"0x10", b"1_000", "é²½".encode(), b"=1+1", b" 7 "]
_BETWEEN = [b",", b";", b"\t", b"|", b"\n", b"\r\n", b"\r", b"\n\n", b",,", b'",', b',"']


def hurt_table(data: bytes, rng: random.Random) -> bytes:
    """A cell, a delimiter, a line end or a quote in the wrong place, or a row too many."""
    lines = data.split(b"\n")
    for _ in range(rng.choice([1, 1, 2, 3])):
        at = rng.randrange(len(lines))
        cells = lines[at].split(b",")
        place = rng.randrange(len(cells))
        way = rng.randrange(5)
        if way == 0:
            cells[place] = rng.choice(_CELLS)
        elif way == 1:
            cells[place] = b'"' + cells[place].replace(b'"', b'""') + b'"' * rng.randrange(3)
        elif way == 2:
            cells[place] += rng.choice(_BETWEEN)
        elif way == 3:
            lines.insert(at, rng.choice(lines))
        lines[at] = b",".join(cells)
        if way == 4:
            lines = [line.replace(b",", rng.choice(_BETWEEN[:4])) for line in lines]
    return rng.choice([b"\n", b"\n", b"\n", b"\r\n", b"\r"]).join(lines)
