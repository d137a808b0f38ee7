"""JSON without surprises: what two readers could understand differently, or one could choke on, is refused."""

import json
import math
import re
from collections import Counter
from typing import Any, Literal, NoReturn, TypeAlias

import numpy as np

from glassnet.errors import DTypeError, FormatError, ValueRangeError, complain

Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

_DEEPEST = 64
_MOST_DIGITS = 20  # of an integer: 64 bits and a sign

_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # closed or not, so that no search turns back
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STEPS = np.zeros(256, np.int8)  # what each sign does to the depth
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1


def loads(data: bytes | str, *, max_depth: int = _DEEPEST, max_items: int = 200_000, source: str = "JSON") -> Any:
    """The value that a JSON text holds, if every reader must see the same one.

    Refused: duplicate keys, NaN and Infinity, numbers beyond float64 or 20 digits, text that is not UTF-8, half a
    surrogate pair, more than `max_depth` brackets inside each other, more than `max_items` values.

    Raises:
        FormatError: with the `source`, and the line and column where there is one.

    >>> loads('{"loss": [0.5, 0.25]}')
    {'loss': [0.5, 0.25]}
    >>> loads('{"seed": 1, "seed": 2}', source="run.json")
    Traceback (most recent call last):
    glassnet.errors.FormatError: run.json: got the key 'seed' twice; expected each key once. Try removing one.

    Reference: RFC 8259 (2017), and RFC 7493 (2015), which names the traps.
    """
    text = _decoded(data, source)
    _check_size(text, max_depth, max_items, source)
    hooks = _Hooks(source)
    try:
        return json.loads(
            text,
            object_pairs_hook=hooks.no_duplicates,
            parse_constant=hooks.no_constant,
            parse_int=hooks.integer,
            parse_float=hooks.finite,
        )
    except json.JSONDecodeError as error:
        got = f"{source}, line {error.lineno}, column {error.colno}: got {_excerpt(text, error.pos)}"
        raise FormatError(complain(got, "expected JSON", f"Try a JSON checker; it says: {error.msg}")) from error


def dumps(
    value: object, *, indent: int | None = 2, sort_keys: bool = True, non_finite: Literal["refuse", "null"] = "refuse"
) -> str:
    """A JSON text that ends in one newline; equal values give equal texts, whatever order their keys came in.

    NumPy's numbers and arrays are written as numbers and lists. `non_finite="null"` writes NaN and infinities as null.

    Raises:
        ValueRangeError: NaN or an infinity, named by its place, unless `non_finite="null"`.
        DTypeError: something that JSON cannot say, named by its place.

    >>> print(dumps({"loss": np.float32(0.5), "epoch": 3}, indent=None), end="")
    {"epoch": 3, "loss": 0.5}
    >>> dumps({"loss": [0.5, float("nan")]})
    Traceback (most recent call last):
    glassnet.errors.ValueRangeError: got nan at loss[1]; expected a finite number. Try dumps(..., non_finite='null').
    """
    plain = _plain(value, (), null=non_finite == "null")
    return json.dumps(plain, indent=indent, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False) + "\n"


class _Hooks:
    """What the standard parser calls for each object and number."""

    def __init__(self, source: str) -> None:
        self.source = source

    def refuse(self, got: str, expected: str, hint: str) -> NoReturn:
        raise FormatError(complain(f"{self.source}: got {got}", f"expected {expected}", hint))

    def no_duplicates(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            twice = next(key for key, count in counts.items() if count > 1)
            self.refuse(f"the key {twice[:60]!r} twice", "each key once", "Try removing one")
        return result

    def no_constant(self, word: str) -> NoReturn:
        self.refuse(f"the word {word}", "numbers that JSON has", "Try null")

    def integer(self, digits: str) -> int:
        if len(digits) > _MOST_DIGITS:
            self.refuse(f"an integer of {len(digits):,} digits", f"at most {_MOST_DIGITS}", "Try a string, or a float")
        return int(digits)

    def finite(self, digits: str) -> float:
        number = float(digits)
        if not math.isfinite(number):
            self.refuse(f"the number {digits[:40]}", "one that float64 can hold", "Try null")
        return number


def _decoded(data: bytes | str, source: str) -> str:
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        got = f"{source}: got byte 0x{data[error.start]:02x} at {error.start:,}"
        raise FormatError(complain(got, "expected UTF-8 text", "Try saving it as UTF-8")) from error


def _check_size(text: str, max_depth: int, max_items: int, source: str) -> None:
    """Count brackets and commas before the parser, which recurses and allocates, sees them."""
    if _SURROGATE.search(text):
        for match in _STRING.finditer(text):
            _check_surrogates(match.group(), source)
    if _opened(text) <= max_depth and _items(text) <= max_items:
        return  # most texts are short: even with what stands inside strings there are not too many
    signs = _STRING.sub("", text)
    if _depth(signs) > max_depth:
        limit = f"{max_depth} brackets inside each other"
    elif _items(signs) > max_items:
        limit = f"{max_items:,} values"
    else:
        return
    raise FormatError(complain(f"{source}: got more than {limit}", "expected fewer", "Try a smaller file"))


def _opened(text: str) -> int:
    return text.count("[") + text.count("{")


def _items(text: str) -> int:
    return text.count(",") + _opened(text)


def _depth(signs: str) -> int:
    """The most brackets that are open at once, in a text without its strings."""
    codes = np.frombuffer(signs.encode("ascii", "replace"), np.uint8)
    steps = _STEPS[codes]
    return int(np.cumsum(steps[steps != 0], dtype=np.int32).max(initial=0))


def _check_surrogates(token: str, source: str) -> None:
    if not _SURROGATE.search(token):
        return
    try:
        json.loads(token).encode()
    except UnicodeEncodeError as error:
        got = f"{source}: got half a surrogate pair in {token[:60]}"
        raise FormatError(complain(got, "expected whole characters", "Try writing the text again")) from error
    except json.JSONDecodeError:
        pass  # the parser will say where


def _excerpt(text: str, position: int) -> str:
    return repr(text[position : position + 20]) if position < len(text) else "the end of the text"


def _plain(value: object, place: tuple[str | int, ...], null: bool) -> Json:
    """`value` in JSON's own types, or an error that names the place."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, float):
        return _number(float(value), place, null)
    if len(place) >= _DEEPEST:
        got = f"got more than {_DEEPEST} levels at {_spell(place[:4])}…"
        raise ValueRangeError(complain(got, "expected fewer", "Try a flatter value"))
    if isinstance(value, dict):
        return {_key(key, place): _plain(item, (*place, key), null) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, (*place, index), null) for index, item in enumerate(value)]
    got = f"got a {type(value).__name__} at {_spell(place)}"
    raise DTypeError(complain(got, "expected numbers, text, lists, or dicts", "Try str(...) or vars(...) of it"))


def _number(value: float, place: tuple[str | int, ...], null: bool) -> float | None:
    if math.isfinite(value):
        return value
    if null:
        return None
    hint = "Try dumps(..., non_finite='null')"
    raise ValueRangeError(complain(f"got {value} at {_spell(place)}", "expected a finite number", hint))


def _text(value: str, place: tuple[str | int, ...]) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        got = f"got half a surrogate pair at {_spell(place)}"
        raise ValueRangeError(complain(got, "expected text that UTF-8 can hold", "Try repr(...) of it")) from error
    return str(value)


def _key(key: object, place: tuple[str | int, ...]) -> str:
    if isinstance(key, str):
        return _text(key, place)
    got = f"got the key {key!r} at {_spell(place)}"
    raise DTypeError(complain(got, "expected text: JSON would turn 1 and '1' into one key", f"Try str({key!r})"))


def _spell(place: tuple[str | int, ...]) -> str:
    """A place inside a value, as Python would be asked for it."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.lstrip(".")[:200] or "the top"
