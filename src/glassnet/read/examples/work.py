"""What an example is made with: expressions and networks are computed, told, and compared with the lecture's values."""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor
from glassnet.errors import ValueRangeError, complain
from glassnet.read.digits import Digits, check_digits, signed
from glassnet.read.document import Document, Step, Table
from glassnet.read.explain import explain
from glassnet.read.expression import evaluate_text
from glassnet.read.text import array_text

_VERDICTS = {
    "exact": "the same",
    "rounds-correctly": "rounded",
    "last-digit-off": "rounded before it was used again",
    "rounded-by-lecture": "a round figure",
    "blank": "",
    "check": "",
    "measured": "measured",
    "illustrative": "made up to illustrate",
    "qualitative": "said in words",
    "consistent": "agrees",
    "wrong": "a mistake",
}


@dataclass
class Work:
    """What an example computes: a value for each fact, and steps that tell how."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    steps: list[Step] = field(default_factory=list[Step])

    def compute(self, name: str, text: str, result: str = "u", **given: Any) -> Any:
        """Work out an expression, tell it, and keep its value under a name; what comes back is plain numbers."""
        y, names = evaluate_text(text, given)
        if y.op is not None:
            y.name = result
            steps = explain(y, names=names, most=8).steps
            steps = [step for step in steps if step.part == "forward"]
            for step in steps:
                step.words = f"{name}: {step.words}"
            self.steps += steps
        return self.keep(name, y)

    def keep(self, name: str, value: Any) -> Any:
        """Keep a value under a name; what comes back is plain numbers."""
        plain = value.array.tolist() if isinstance(value, Tensor) else value
        plain = plain.tolist() if isinstance(plain, np.ndarray | np.generic) else plain
        self.values[name] = plain
        return plain

    def tell(self, document: Document) -> Document:
        """Add the steps of an explanation."""
        self.steps += document.steps
        return document


@dataclass(frozen=True)
class Example:
    """An example by name; what its function says of it is shown below its values."""

    id: str
    title: str
    run: Callable[[Work], None]

    def work(self) -> Work:
        """Compute it."""
        work = Work()
        self.run(work)
        return work

    def document(self, digits: Digits = 3) -> Document:
        """Its steps, and a table of its values beside the lecture's."""
        check_digits(digits)
        work = self.work()
        rows = [_row(fact, work.values[fact["name"]], digits) for fact in facts()[self.id]]
        lecture = any(row[2] for row in rows)
        if lecture:
            table = Table("Beside the lecture", ("value", "here", "lecture", ""), rows)
        else:
            table = Table("Values", ("value", "here"), [row[:2] for row in rows])
        notes = [" ".join((self.run.__doc__ or "").split())]
        return Document(f"{self.id}  {self.title}", work.steps, [], [table], notes, digits)


EXAMPLES: dict[str, Example] = {}


def example(id: str, title: str) -> Callable[[Callable[[Work], None]], Callable[[Work], None]]:
    """Enter a function into the list of examples."""

    def enter(function: Callable[[Work], None]) -> Callable[[Work], None]:
        EXAMPLES[id] = Example(id, title, function)
        return function

    return enter


@functools.cache
def facts() -> dict[str, list[dict[str, Any]]]:
    """For each example its values, in order: what the lecture prints (None: nothing), and the verdict on it."""
    return json.loads(importlib.resources.files("glassnet.read.examples").joinpath("facts.json").read_text("utf-8"))


def all_examples() -> dict[str, Example]:
    """Every example, by its name, in order.

    >>> len(all_examples())
    58
    """
    from glassnet.read.examples import counts, gates, losses, networks, slopes

    assert all((counts, gates, losses, networks, slopes))
    return {id: EXAMPLES[id] for id in sorted(EXAMPLES)}


def find_example(name: str) -> Example:
    """The example of that name, such as W03 (w3 will do).

    Raises `ValueRangeError` for a name that is not there.

    >>> find_example("w3").title
    'Complete backpropagation of a 2-2-1 sigmoid network'
    """
    known = all_examples()
    plain = name.strip().upper()
    plain = f"W{int(plain[1:]):02d}" if plain[:1] == "W" and plain[1:].isdigit() else plain
    if plain in known:
        return known[plain]
    said = [e.id for e in known.values() if name.strip().lower() in e.title.lower()]
    hint = (said or difflib.get_close_matches(plain.replace("O", "0"), known, 1) or ["W03"])[0]
    got = f"explain: got the example {name!r:.40}"
    raise ValueRangeError(complain(got, "expected W01 to W58", f"Try --example {hint}, or --example list"))


def _row(fact: dict[str, Any], value: Any, digits: Digits) -> tuple[str, ...]:
    lecture = fact["lecture"]
    why = fact.get("why") or (
        _VERDICTS[fact["verdict"]] if lecture is not None or fact["verdict"] == "measured" else ""
    )
    return fact["name"], _shown(value, digits), "" if lecture is None else _shown(lecture, "exact"), why


def _shown(value: Any, digits: Digits) -> str:
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return ", ".join(value)
    if isinstance(value, list):
        return array_text(np.array(value, float), digits)
    return signed(value, digits)
