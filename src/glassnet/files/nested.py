"""Values inside each other (dicts, lists, numbers, text, arrays) as one JSON text beside named arrays, and back.

JSON has fewer kinds than Python, so whatever it would blur is a list that begins with its kind:

    ["dict", [key, value], …]   ["ordered", [key, value], …]   ["list", value, …]   ["tuple", value, …]
    ["array", name]             ["scalar", name]                NumPy's, kept among the arrays
    ["floats", name]            ["ints", name]                  long lists of numbers, kept among the arrays
    ["float", "nan"]            ["int", "340282366920938463463374607431768211456"]

What comes back equals what went in, types included, to the last bit. Nothing in the text names code.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from glassnet.errors import FormatError, NotSupportedError, ValueRangeError, complain
from glassnet.files import strict_json
from glassnet.files.bounded import AGAIN

# What a caller's own kind of leaf is made of: its name in the text, and the array that holds it.
Leaf: TypeAlias = Callable[[Any], tuple[str, np.ndarray] | None]
Makers: TypeAlias = Mapping[str, Callable[[np.ndarray], Any]]

_DEEPEST = 30  # each level takes up to two brackets, and the reader stops at 64
_MOST_VALUES = 200_000  # beside the arrays; the reader stops there
_MOST_LISTED = 1_000_000  # numbers in such lists: in memory each takes five times what it takes in the file
_LONG_LIST = 64  # from here on a list of numbers costs less as an array
_IN_JSON = 2**63  # whole numbers below are written as such
_MOST_DIGITS = 4_000  # below where Python refuses to convert
_NOT_FINITE = ("inf", "-inf", "nan")
_MAPPINGS: dict[str, Callable[[Any], Any]] = {"dict": dict, "ordered": OrderedDict}
_SEQUENCES: dict[str, Callable[[Any], Any]] = {"list": list, "tuple": tuple}


def pack(value: Any, leaf: Leaf = lambda _: None) -> tuple[dict[str, np.ndarray], str]:
    """The arrays inside `value` by name, and everything else as text.

    An array's name is the way to it (`model.0.weight`). `leaf` may turn further objects into (kind, array).

    Raises:
        NotSupportedError: something else than dicts, lists, tuples, plain values and arrays, named by its place.
        ValueRangeError: more than 30 levels, more than 200,000 values beside the arrays, or a million in long lists.

    >>> pack({"epoch": 3, "weights": [np.ones(2)]})
    ({'weights.0': array([1., 1.])}, '["dict", ["epoch", 3], ["weights", ["list", ["array", "weights.0"]]]]\\n')
    """
    packer = _Packer(leaf)
    text = strict_json.dumps(packer.packed(value, ()), indent=None)
    if text.count(",") + text.count("[") > _MOST_VALUES:  # commas inside texts count too: look again
        packer.refuse_if_unreadable(text)
    return packer.arrays, text


def unpack(text: str, arrays: Mapping[str, np.ndarray], makers: Makers | None = None, source: str = "text") -> Any:
    """The value that `pack` took apart; `makers` turn an array into the caller's own kinds.

    Raises:
        FormatError: the text is not what `pack` writes, or names arrays that are not there.

    >>> unpack('["tuple", 1, ["array", "w"], ["float", "nan"]]', {"w": np.zeros(1)})
    (1, array([0.]), nan)
    """
    return _Unpacker(arrays, makers or {}, source).unpacked(strict_json.loads(text, source=f"{source}: structure"))


class _Packer:
    """The arrays found so far."""

    def __init__(self, leaf: Leaf) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._leaf = leaf
        self._listed = 0

    def packed(self, value: Any, place: tuple[Any, ...]) -> Any:
        """One value, at the end of the steps in `place`, as JSON."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _text(value, place)
        if isinstance(value, np.generic):
            return ["scalar", self._stored(np.asarray(value), place)]
        if isinstance(value, int | float):
            return _number(value, place)
        if isinstance(value, np.ndarray):
            return ["array", self._stored(value, place)]
        if isinstance(value, dict | list | tuple):
            return self._container(value, place)
        own = self._leaf(value)
        if own is None:
            expected = "expected tensors, arrays, dicts, lists, numbers and text, since files never hold code here"
            got = f"got {type(value).__name__} at {_spell(place)}"
            raise NotSupportedError(complain(got, expected, "Try saving its state_dict(), or leaving it out"))
        return [own[0], self._stored(own[1], place)]

    def _container(self, value: Any, place: tuple[Any, ...]) -> list[Any]:
        if len(place) >= _DEEPEST:
            got = f"got more than {_DEEPEST} levels at {_spell(place[:4])}…"
            raise ValueRangeError(complain(got, "expected fewer", "Try a flatter value"))
        if isinstance(value, dict):
            kind = "ordered" if isinstance(value, OrderedDict) else "dict"
            return [kind, *([_key(k, place), self.packed(v, (*place, k))] for k, v in value.items())]
        kind = "list" if isinstance(value, list) else "tuple"
        numbers = _numbers(value) if kind == "list" and len(value) >= _LONG_LIST else None
        if numbers is not None:
            self._listed += len(numbers)
            if self._listed > _MOST_LISTED:
                got = f"got more than {_MOST_LISTED:,} numbers in lists at {_spell(place)}"
                raise ValueRangeError(complain(got, "expected fewer", "Try NumPy arrays"))
            return ["floats" if numbers.dtype.kind == "f" else "ints", self._stored(numbers, place)]
        return [kind, *(self.packed(v, (*place, i)) for i, v in enumerate(value))]

    def _stored(self, array: np.ndarray, place: tuple[Any, ...]) -> str:
        """The name under which the array is kept; two places that read alike ("a.b") get two names."""
        wanted = name = ".".join(map(str, place)) or "value"
        count = 1
        while name in self.arrays or name == "__metadata__":
            count += 1
            name = f"{wanted}~{count}"
        self.arrays[name] = array
        return name

    def refuse_if_unreadable(self, text: str) -> None:
        """Raise now for what the reader would refuse later, when the value is gone."""
        try:
            strict_json.loads(text, max_items=_MOST_VALUES)
        except FormatError as error:
            got = f"got more than {_MOST_VALUES:,} values beside the arrays"
            hint = "Try NumPy arrays for long tables of numbers"
            raise ValueRangeError(complain(got, "expected fewer", hint)) from error


class _Unpacker:
    """The arrays that a text may name, each once."""

    def __init__(self, arrays: Mapping[str, np.ndarray], makers: Makers, source: str) -> None:
        self._arrays = dict(arrays)  # those not named yet
        self._listed = 0
        self._source = source
        self._makers: Makers = {
            "array": lambda array: array,
            "scalar": self._scalar,
            "floats": lambda array: self._list_of("f8", array),
            "ints": lambda array: self._list_of("i8", array),
            **makers,
        }

    def unpacked(self, part: Any) -> Any:
        """The value of one part of the text."""
        if part is None or isinstance(part, bool | int | float | str):
            return part
        if not isinstance(part, list) or not part or not isinstance(part[0], str):
            raise self._wrong(f"{part!r:.60}")
        kind, *entries = part
        if kind in self._makers:
            return self._makers[kind](self._array(kind, entries))
        if kind in _MAPPINGS:
            return _MAPPINGS[kind](self._pairs(entries))
        if kind in _SEQUENCES:
            return _SEQUENCES[kind]([self.unpacked(entry) for entry in entries])
        return self._number(kind, entries)

    def _number(self, kind: str, entries: list[Any]) -> int | float:
        word = entries[0] if len(entries) == 1 and isinstance(entries[0], str) else ""
        if kind == "float" and word in _NOT_FINITE:
            return float(word)
        if kind == "int" and word.lstrip("-").isdecimal() and word.isascii() and len(word) <= _MOST_DIGITS:
            return int(word)
        raise self._wrong(f"{[kind, *entries]!r:.60}")

    def _array(self, kind: str, entries: list[Any]) -> np.ndarray:
        if len(entries) != 1 or not isinstance(entries[0], str) or entries[0] not in self._arrays:
            raise self._wrong(f"a {kind} named {entries!r:.60}")
        return self._arrays.pop(entries[0])  # named once: a small text cannot ask for one large list many times

    def _scalar(self, array: np.ndarray) -> Any:
        if array.ndim:
            raise self._wrong(f"a scalar of shape {array.shape}")
        return array[()]

    def _list_of(self, code: str, array: np.ndarray) -> list[Any]:
        if array.ndim != 1 or array.dtype != np.dtype(code):
            raise self._wrong(f"a list kept as {array.dtype} of shape {array.shape}")
        self._listed += len(array)
        if self._listed > _MOST_LISTED:
            raise self._wrong(f"more than {_MOST_LISTED:,} numbers in lists")
        return array.tolist()

    def _pairs(self, entries: list[Any]) -> list[tuple[Any, Any]]:
        """The entries of a dict, each key once."""
        pairs = [self._pair(entry) for entry in entries]
        if len(dict(pairs)) != len(pairs):
            raise self._wrong(f"a key twice among {[key for key, _ in pairs]!r:.60}")
        return pairs

    def _pair(self, entry: Any) -> tuple[Any, Any]:
        if not isinstance(entry, list) or len(entry) != 2 or type(entry[0]) not in (str, int):
            raise self._wrong(f"the entry {entry!r:.60}")
        return entry[0], self.unpacked(entry[1])

    def _wrong(self, got: str) -> FormatError:
        return FormatError(complain(f"{self._source}: got {got}", "expected the structure of a saved value", AGAIN))


def _numbers(values: list[Any]) -> np.ndarray | None:
    """A list that holds floats alone, or whole numbers of 64 bits alone, as an array."""
    kinds = {type(value) for value in values}
    if kinds == {float}:
        return np.array(values, np.float64)
    if kinds == {int} and min(values) >= -_IN_JSON and max(values) < _IN_JSON:
        return np.array(values, np.int64)
    return None


def _number(value: float, place: tuple[Any, ...]) -> Any:
    if isinstance(value, float):
        return float(value) if value - value == 0 else ["float", repr(float(value))]
    if -_IN_JSON <= value < _IN_JSON:
        return int(value)
    if value.bit_length() > 3 * _MOST_DIGITS:
        got = f"got a whole number of {value.bit_length():,} bits at {_spell(place)}"
        raise ValueRangeError(complain(got, f"expected at most {3 * _MOST_DIGITS:,}", "Try bytes in a uint8 array"))
    return ["int", str(int(value))]


def _text(value: str, place: tuple[Any, ...]) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        got = f"got half a surrogate pair at {_spell(place)}"
        raise ValueRangeError(complain(got, "expected text that UTF-8 can hold", "Try repr(...) of it")) from error
    return str(value)


def _key(key: Any, place: tuple[Any, ...]) -> str | int:
    if isinstance(key, str):
        return _text(key, place)
    if isinstance(key, int) and not isinstance(key, bool) and -_IN_JSON <= key < _IN_JSON:
        return int(key)
    got = f"got the key {key!r:.60} at {_spell(place)}"
    raise NotSupportedError(complain(got, "expected text or a whole number of 64 bits", "Try str(key)"))


def _spell(place: tuple[Any, ...]) -> str:
    return ".".join(map(str, place))[:200] or "the top"
