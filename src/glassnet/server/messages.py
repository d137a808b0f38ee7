"""Every message between a session and whoever watches it, both ways: the one definition.

A command comes from the page, a report goes to it. Both are JSON objects whose `type` is the name of the dataclass in
snake case; the fields are the dataclass's own. What is sent many times a second is binary (`frames.py`).
`tools/make_messages.py` writes the same for TypeScript, so the page is checked against these files.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from typing import Any, Literal

from glassnet.errors import FormatError, GlassnetError, complain
from glassnet.files import strict_json
from glassnet.server import commands, digits_reports, reports, run_reports
from glassnet.server.commands import Command
from glassnet.server.reports import Refusal, Report

PROTOCOL = 1
MOST_BYTES = 512 * 1024  # of one command: a CSV of 5,000 rows takes half of it


def type_name(kind: type) -> str:
    """What a message is called on the wire.

    >>> from glassnet.server.reports import StateReport
    >>> type_name(commands.AddPoints), type_name(StateReport)
    ('add_points', 'state_report')
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


COMMANDS: dict[str, type[Command]] = {
    type_name(kind): kind
    for family in (Command, commands.DigitsCommand, commands.OwnersCommand)
    for kind in family.__subclasses__()
    if kind not in (commands.DigitsCommand, commands.OwnersCommand)
}
REPORT_MODULES = (reports, digits_reports, run_reports)
REPORTS: dict[str, type[Report]] = {
    type_name(kind): kind
    for module in REPORT_MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Report) and kind is not Report
}
_FIELDS: dict[type, dict[str, tuple[Any, bool]]] = {}


def fields_of(kind: type) -> dict[str, tuple[Any, bool]]:
    """The fields of a message: their types, and whether they must be given."""
    if kind not in _FIELDS:
        hints = typing.get_type_hints(kind)
        missing = dataclasses.MISSING
        _FIELDS[kind] = {
            f.name: (hints[f.name], f.default is missing and f.default_factory is missing)
            for f in dataclasses.fields(kind)
        }
    return _FIELDS[kind]


def read(text: str) -> Command:
    """The command in a text.

    Raises `FormatError` for what is no command, too long, or has fields that are missing, unknown or of another type.

    >>> read('{"type": "step", "grain": "batch", "id": 3}')
    Step(grain='batch', count=1, phase=None, id=3)
    """
    if len(text) > MOST_BYTES:
        hint = "Try fewer points at a time"
        raise FormatError(complain(f"got a message of {len(text):,} signs", f"expected at most {MOST_BYTES:,}", hint))
    value = strict_json.loads(text, max_depth=8, max_items=40_000, source="message")
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        hint = 'Try {"type": "run"}'
        raise FormatError(complain(f"got the message {text[:40]!r}", "expected an object with a type", hint))
    name = value.pop("type")
    kind = COMMANDS.get(name)
    if kind is None:
        hint = "Try reloading the page: it may be of another version"
        raise FormatError(
            complain(f"got a message of type {name[:40]!r}", f"expected one of {', '.join(COMMANDS)}", hint)
        )
    return _made(kind, name, value)


def id_in(text: str) -> int | None:
    """The id that a text carries which is no command, so that its refusal can be told from others; None without one.

    >>> id_in('{"type": "stp", "id": 3}'), id_in("{")
    (3, None)
    """
    try:
        value = json.loads(text) if len(text) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        return None
    id = value.get("id") if isinstance(value, dict) else None
    return id if type(id) is int else None


def _made(kind: type[Command], name: str, values: dict[str, Any]) -> Command:
    known = fields_of(kind)
    odd = [key for key in values if key not in known] + [
        key for key, (_, must) in known.items() if must and key not in values
    ]
    if odd:
        got = f"{name}: got {'an unknown field' if odd[0] not in known else 'no field'} {odd[0][:40]!r}"
        raise FormatError(complain(got, f"expected {', '.join(known)}", "Try the fields of the protocol"))
    for key, value in values.items():
        if not fits(value, known[key][0]):
            got = f"{name}: got {key} = {value!r:.60}"
            raise FormatError(complain(got, f"expected {spelled(known[key][0])}", "Try a value of that type"))
    return kind(**values)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value that came out of JSON is of a type. A whole number is a float too; true is not a number."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return any(value == a and type(value) is type(a) for a in arguments)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, a) for a in arguments)
    if origin is list:
        return type(value) is list and all(fits(item, arguments[0]) for item in value)
    if origin is dict or hint is dict:
        return type(value) is dict
    if hint is float:
        return type(value) in (int, float)
    return value is None if hint is type(None) else type(value) is hint


def spelled(hint: Any) -> str:
    """A type in words.

    >>> spelled(list[float] | None)
    'list of number or null'
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return " or ".join(map(str, arguments))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(spelled, arguments))
    if origin is list:
        return f"list of {spelled(arguments[0])}"
    words = {float: "number", int: "whole number", str: "text", bool: "true or false", type(None): "null"}
    return words.get(hint, "object")


def write(report: Report) -> str:
    """A report as a text: strict JSON, in which a number that is not finite is null.

    >>> from glassnet.server.reports import Done
    >>> write(Done(id=3))
    '{"type": "done", "id": 3}'
    """
    return strict_json.dumps(
        {"type": type_name(type(report)), **_plain(report)}, indent=None, sort_keys=False, non_finite="null"
    ).rstrip("\n")


def _plain(value: Any) -> Any:
    """Dataclasses as dicts, however deep: `dataclasses.asdict` without its copies of what lies in them."""
    if dataclasses.is_dataclass(value):
        value = vars(value)
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if type(value) is list else value


def refusal(problem: Exception, id: int | None = None, field: str | None = None, fatal: bool = False) -> Refusal:
    """An error as the report that says so; its three beats are taken apart again where it has them.

    >>> refusal(FormatError("got 1 point; expected two. Try adding one.")).hint
    'Try adding one.'
    """
    text = str(problem) if isinstance(problem, GlassnetError) else _unexpected(problem)
    got, semicolon, rest = text.partition("; expected ")
    expected, _, hint = rest.partition(". Try ")
    if not semicolon:
        return Refusal(text, field=field, fatal=fatal, id=id)
    return Refusal(text, got, f"expected {expected}", f"Try {hint}" if hint else "", field, fatal, id)


def _unexpected(problem: Exception) -> str:
    """A mistake of glassnet's own; too little memory is the user's to mend."""
    if isinstance(problem, MemoryError):
        return complain("got a request for more memory than there is", "expected less", "Try a smaller network")
    got = f"got {type(problem).__name__}: {problem}"
    return complain(
        got, "expected none: this is a mistake in glassnet", "Try reloading the page, and reporting this line"
    )
