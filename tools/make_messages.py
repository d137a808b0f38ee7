"""Write what follows from the definitions in glassnet.server: the page's types, and the manual's list of settings.

python tools/make_messages.py            # writes web/src/messages.ts and docs/play-settings.md
python tools/make_messages.py --check    # status 1 if a file is not what would be written
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from glassnet.server import frames, messages, properties
from glassnet.server.commands import Command
from glassnet.server.reports import Report
from glassnet.train.doctor.in_layers import LONGEST_GRADIENT

_ROOT = Path(__file__).resolve().parents[1]
_TYPES = {float: "number", int: "number", str: "string", bool: "boolean", type(None): "null"}
_NAMES = {"StateReport": "StateMessage"}
_READERS = {"<u4": "Uint32", "<f8": "Float64"}


def main(words: list[str]) -> int:
    """Write the files, or compare them."""
    stale = 0
    for path, text in files().items():
        if "--check" not in words:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
            print(f"wrote {path.relative_to(_ROOT)}")
        elif not path.exists() or path.read_text("utf-8") != text:
            stale = 1
            print(f"{path.relative_to(_ROOT)} is out of date: run python tools/make_messages.py")
    return stale


def files() -> dict[Path, str]:
    """Every file that is written, with its text."""
    return {_ROOT / "web" / "src" / "messages.ts": typescript(), _ROOT / "docs" / "play-settings.md": manual()}


def manual() -> str:
    """The settings, for readers."""
    rooms = {"playground": "Playground", "digits": "Digits", "page": "The page"}
    lines = [
        "# The settings of the Playground",
        "",
        "Written by `tools/make_messages.py` from `src/glassnet/server/properties.py`. A link carries them as",
        "`key=value`; what it leaves out has its default. *Touches* says what a change does to a running training:",
        "nothing (it goes on), data (other examples, the weights stay), network (weights that still have a place",
        "stay), weights (it starts anew).",
    ]
    for room, title in rooms.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| setting | key | default | may be | touches | |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_line(p) for p in properties.PROPERTIES if p.room == room]
    return "\n".join([*lines, ""])


def _line(p: properties.Property) -> str:
    default = json.dumps(p.default, ensure_ascii=False)
    return f"| `{p.name}` | `{p.key}` | `{default}` | {p.kind.expected} | {p.touches} | {p.says} |"


def typescript() -> str:
    """The whole file."""
    parts = [
        "// Written by tools/make_messages.py from src/glassnet/server: change it there, not here.\n",
        _properties(),
        *_interfaces(),
        _frames(),
    ]
    return "\n".join(parts)


def _properties() -> str:
    names = [f"  {p.name}: {_kind(p.kind)} // {p.says}" for p in properties.PROPERTIES]
    rows = [f"  {json.dumps(_row(p), ensure_ascii=False)}," for p in properties.PROPERTIES]
    choices = [
        f"export const {name} = {json.dumps(list(getattr(properties, name)), ensure_ascii=False)} as const"
        for name in ("DATASETS_2D", "DATASETS_HEIGHT", "DATASETS_1D", "DATASETS", "FEATURES", "ACTIVATIONS", "LOSSES",
                     "OUTPUTS", "OPTIMIZERS", "INITS")
    ]  # fmt: skip
    limits = [
        f"export const {name} = {getattr(properties, name)}" for name in ("MOST_LAYERS", "MOST_UNITS", "MOST_DRAWN")
    ]
    return "\n".join(
        [
            f"export const PROTOCOL = {messages.PROTOCOL}",
            f"export const MOST_BYTES = {messages.MOST_BYTES}",
            *limits,
            f"export const LONGEST_GRADIENT = {LONGEST_GRADIENT:g} // of all together; beyond it they explode",
            *choices,
            "",
            "/** Everything that is set. */",
            "export interface State {",
            *names,
            "}",
            "",
            "export type Kind =",
            "  | { kind: 'number'; least: number; most: number; whole: boolean }",
            "  | { kind: 'choice'; names: readonly string[] }",
            "  | { kind: 'flag' }",
            "  | { kind: 'text'; most: number }",
            "  | { kind: 'many'; of: Kind; least: number; most: number; once: boolean }",
            "",
            "export interface Property {",
            "  name: keyof State",
            "  key: string // in a link",
            "  type: Kind",
            "  default: unknown",
            "  says: string",
            "  touches: 'nothing' | 'data' | 'network' | 'weights'",
            "  room: 'playground' | 'digits' | 'page'",
            "}",
            "",
            "export const PROPERTIES: readonly Property[] = [",
            *rows,
            "]",
            "",
        ]
    )


def _kind(kind: properties.Kind) -> str:
    if isinstance(kind, properties.Many):
        inner = _kind(kind.of)
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if isinstance(kind, properties.Choice):
        return " | ".join(f"'{name}'" for name in kind.names)
    return (
        "number"
        if isinstance(kind, properties.Number)
        else "boolean"
        if isinstance(kind, properties.Flag)
        else "string"
    )


def _row(p: properties.Property) -> dict[str, Any]:
    row = {field.name: getattr(p, field.name) for field in dataclasses.fields(p)}
    kind = row.pop("kind")
    return {"name": row.pop("name"), "key": row.pop("key"), "type": _spec(kind), **row}


def _spec(kind: properties.Kind) -> dict[str, Any]:
    values = {f.name: getattr(kind, f.name) for f in dataclasses.fields(kind)}
    values = {key: _spec(v) if dataclasses.is_dataclass(v) else v for key, v in values.items()}
    return {"kind": type(kind).__name__.lower(), **values}


def _interfaces() -> Iterable[str]:
    parts = [kind for module in messages.REPORT_MODULES for kind in vars(module).values() if _is_part(kind)]
    yield from (_interface(kind, None) for kind in parts)
    for kinds, union in ((messages.COMMANDS, "Command"), (messages.REPORTS, "Report")):
        yield from (_interface(kind, name) for name, kind in kinds.items())
        yield f"export type {union} =\n" + "\n".join(f"  | {_name(kind)}" for kind in kinds.values()) + "\n"


def _is_part(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind) and kind is not Report and not issubclass(kind, Report)  # type: ignore[arg-type]


def _name(kind: type) -> str:
    return _NAMES.get(kind.__name__, kind.__name__)


def _interface(kind: type, name: str | None) -> str:
    lines = [f"/** {' '.join(inspect.cleandoc(kind.__doc__ or '').split())} */", f"export interface {_name(kind)} {{"]
    if name is not None:
        lines.append(f"  type: '{name}'")
    optional = issubclass(kind, Command)  # a report always has all of its fields
    for field, (hint, must) in messages.fields_of(kind).items():
        lines.append(f"  {field}{'' if must or not optional else '?'}: {_hint(hint)}")
    return "\n".join([*lines, "}", ""])


def _hint(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return " | ".join(json.dumps(a).replace('"', "'") for a in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(map(_hint, arguments))
    if origin is list:
        inner = _hint(arguments[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if origin is dict:
        value = "unknown" if arguments[1] is Any else _hint(arguments[1])
        return f"Record<string, {value}>"
    return _TYPES.get(hint) or _name(hint)


def _frames() -> str:
    lines = ["/** Where the numbers of a frame's header are, in bytes. */", "export const HEADER = {"]
    for name, kind, says in frames.HEADER:
        offset = (frames.HEADER_TYPE.fields or {})[name][1]
        lines.append(f"  {name}: {{ offset: {offset}, type: '{_READERS[kind]}' }}, // {says}")
    constants = ("HEADER_BYTES", "FRAME", "POINTS", "FILTERS", "RUNNING", "NOT_A_NUMBER", "CURVE_ANEW")
    lines += ["} as const"]
    lines += [f"export const {name} = {getattr(frames, name)}" for name in constants]
    lines.append(f"export const CURVE = {json.dumps(list(frames.CURVE))} as const // float64 each")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
