"""Every stream of random numbers that a training may draw from: where each stands, and going back there."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.core.generator import default_generator
from glassnet.errors import FormatError, complain

_WORDS = 625  # of Python's Mersenne Twister: 624 and the place among them
_AGAIN = "Try the value that rng_state() gave"


def rng_state() -> dict[str, Any]:
    """Where the streams stand: glassnet's, Python's `random`, and NumPy's own if it is in use.

    Arrays and plain values, as a checkpoint holds them. A `Generator` or NumPy generator of one's own is not among
    them: save its state beside this.

    >>> import glassnet as torch
    >>> state = rng_state()
    >>> first = torch.rand(3), random.random()
    >>> set_rng_state(state)
    >>> second = torch.rand(3), random.random()
    >>> torch.equal(first[0], second[0]), first[1] == second[1]
    (True, True)
    """
    version, words, spare = random.getstate()
    streams: dict[str, Any] = {
        "glassnet": default_generator.state_bytes(),
        "python": {"version": version, "words": np.array(words, np.uint32), "spare": spare},
    }
    if "numpy.random" in sys.modules:  # importing it takes 10 ms, and what is not imported has drawn nothing
        streams["numpy"] = _of_numpy()
    return streams


def set_rng_state(state: Mapping[str, Any]) -> None:
    """Go back to where `rng_state` was called; a stream that it does not name is left alone.

    Raises `FormatError` for anything that is not such a state, before any stream has moved.
    """
    moves = [_MOVES[name](value) for name, value in state.items() if name in _MOVES]
    for move in moves:
        move()


def _of_numpy() -> dict[str, Any]:
    state: Any = np.random.get_state(legacy=False)  # noqa: NPY002  (the stream that users' own code draws from)
    return {
        "kind": state["bit_generator"],
        "state": dict(state["state"]),
        "has_spare": state["has_gauss"],
        "spare": state["gauss"],
    }


def _to_glassnet(value: Any) -> Any:
    type(default_generator)().set_state(value)  # raises if it is not a state
    return lambda: default_generator.set_state(value)


def _to_python(value: Any) -> Any:
    try:
        words = np.asarray(value["words"])
        if words.shape != (_WORDS,) or words.dtype != np.uint32:
            raise _wrong("python", f"words of {words.dtype} and shape {words.shape}")
        state = (value["version"], tuple(words.tolist()), value["spare"])
        random.Random().setstate(state)
    except (LookupError, TypeError, ValueError) as error:
        raise _wrong("python", str(error) or type(error).__name__) from error
    return lambda: random.setstate(state)


def _to_numpy(value: Any) -> Any:
    try:
        state = {
            "bit_generator": value["kind"],
            "state": value["state"],
            "has_gauss": value["has_spare"],
            "gauss": value["spare"],
        }
        kind = np.random.get_state(legacy=False)["bit_generator"]  # type: ignore[index, call-overload]  # noqa: NPY002
        if value["kind"] != kind:
            raise _wrong("numpy", f"a stream of {value['kind']!r:.40} where NumPy now uses {kind}")
        np.random.RandomState().set_state(state)  # type: ignore[arg-type]
    except (LookupError, TypeError, ValueError) as error:
        raise _wrong("numpy", str(error) or type(error).__name__) from error
    return lambda: np.random.set_state(state)  # type: ignore[arg-type]  # noqa: NPY002


def _wrong(stream: str, got: str) -> FormatError:
    text = complain(f"set_rng_state: got {got} for the stream {stream!r}", "expected where such a stream stood", _AGAIN)
    return FormatError(text)


_MOVES = {"glassnet": _to_glassnet, "python": _to_python, "numpy": _to_numpy}
