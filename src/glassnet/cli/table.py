"""Tables on the command line: `glassnet train houses.csv --target price`, and what may be said about them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from glassnet.cli.options import Option, UsageError
from glassnet.data.dialect import DELIMITERS, is_table
from glassnet.errors import ValueRangeError, complain
from glassnet.train.kinds import Choice, Kind, Text, Whole, nearest, shown

if TYPE_CHECKING:
    from glassnet import nn
    from glassnet.cli.terminal import Terminal
    from glassnet.data.parquet import ParquetTable
    from glassnet.data.registry import DataSet
    from glassnet.data.table import Table, TableFile  # imported by those commands alone that read one
    from glassnet.train.table_data import TableData
    from glassnet.train.trained import Trained

GROUP = "Tables"
_USUAL_TARGETS = ("target", "label", "class", "y", "outcome", "price", "species", "quality")


class Names(Kind):
    """Names of columns with commas between."""

    def __init__(self, example: str = "name,cabin", of: str = "columns") -> None:
        super().__init__(f"{of} with commas between", example, of.upper())

    def read(self, word: str) -> str:
        """The text itself: a name may hold a comma, which only the table can tell."""
        return word

    def holds(self, value: Any) -> bool:
        """Whether there is anything."""
        return isinstance(value, str) and bool(value.strip(" ,"))


READING = [
    Option("header", None, "the first line has the columns' names", (), GROUP, "found out"),
    Option("no_header", None, "the first line is data; columns are called column 1, column 2, …", (), GROUP),
    Option("delimiter", Choice(tuple(DELIMITERS)), "what stands between cells", (), GROUP, "found out"),
    Option("decimal", Choice(("point", "comma")), "how 1.5 is written", (), GROUP, "found out"),
    Option("dates", Choice(("day-first", "month-first")), "how 3/4/2024 is meant", (), GROUP, "found out"),
    Option("missing", Names("none,unknown", "words"), "more words that stand for a missing value", (), GROUP),
]
TABLE_OPTIONS = [
    Option("target", Names("price"), "the column to predict; several for several labels or values", (), GROUP),
    Option("task", Choice(("classification", "multilabel", "regression")), "what to learn", (), GROUP, "found out"),
    Option("drop", Names(), "columns to leave out", (), GROUP),
    Option("categorical", Names("zip"), "columns of numbers, or of many texts, to take as categories", (), GROUP),
    Option("one_hot_up_to", Whole(0, 1000, "32"), "categories of more words are embedded", (), GROUP, "32"),
    Option("group", Names("patient"), "rows with the same value here stay in one part", (), GROUP),
    Option("weight", Names("times"), "column that says how much each row counts in learning", (), GROUP),
    Option("validation_file", Text("valid.csv", "FILE"), "a table of its own to choose the best epoch by", (), GROUP),
    Option("drop_missing", None, "leave out rows without a target", (), GROUP),
    Option(
        "memory", Whole(1, 1 << 40, "500"), "megabytes above which a table stays on disk", (), GROUP, "a quarter of all"
    ),
    *READING,
]
_PARTS = {"validation": 0.15, "test_fraction": 0.15}  # what is not learnt from
_MOST_APART = 0.99
_NAMES = {option.name for option in TABLE_OPTIONS}


def names_a_table(name: str, given: dict[str, Any]) -> bool:
    """Whether a word of the command line is a table's path."""
    return is_table(name) or (os.path.isfile(name) and "target" in given)


def refuse_table_options(name: str, given: dict[str, Any]) -> None:
    """Raise `UsageError` for an option of tables with something that is none."""
    for option in TABLE_OPTIONS:
        if option.name in given:
            hint = f"Try without {option.spelled}, or a file such as houses.csv"
            raise UsageError(complain(f"got {option.spelled} with {shown(name)}", "expected a table", hint))


def load_table_data(path: str, given: dict[str, Any], command: str = "train") -> tuple[Any, dict[str, Any]]:
    """The data set that a table's path and the options make, and those options as a model remembers them.

    `command` is what was typed before the path, for the advice.

    Raises `UsageError` for a column that is not there, `FileError` and `DataError` for the file.
    """
    from glassnet.train.table_data import table_data
    from glassnet.train.table_plan import TableOptions
    from glassnet.train.table_stream import fits, streamed_data

    _check_header(given)
    in_memory = fits(path, given.get("memory"))
    table = read(path, given) if in_memory else _first(path, given)
    try:
        named = {
            key: named_columns(key, given[key], table)
            for key in ("target", "drop", "categorical", "group", "weight")
            if key in given
        }
        _refuse_dropped_targets(named)
        options = TableOptions(
            target=named.get("target") or _no_target(path, table, command),
            task=given.get("task"),
            drop=named.get("drop", ()),
            categorical=named.get("categorical", ()),
            group=named["group"][0] if "group" in named else None,
            drop_missing=bool(given.get("drop_missing")),
            one_hot_up_to=given.get("one_hot_up_to", 32),
            seed=given.get("data_seed", 0),
            weight=named["weight"][0] if "weight" in named else None,
            shares=_shares(given),
        )
        if in_memory:
            data = table_data(table, options)
        else:
            data = streamed_data(_source(path, given), options, given.get("memory"))
        if "validation_file" in given:
            data = _validated(data, table, given, options.weight)
    except ValueRangeError as problem:
        raise UsageError(str(problem)) from None
    kept = {key: value for key, value in given.items() if key in _NAMES or key in (*_PARTS, "data_seed")}
    if table.day_first is not None:  # so that other tables are read as this one was
        kept["dates"] = "day-first" if table.day_first else "month-first"
    return data, {"table": path, **kept}


def _shares(given: dict[str, Any]) -> tuple[float, float, float]:
    """The parts of a table: what --validation and --test-fraction leave is learnt from."""
    held, tested = (given.get(key, usual) for key, usual in _PARTS.items())
    if "validation_file" in given:
        if "validation" in given:
            got = f"got --validation {held:g} and --validation-file {shown(given['validation_file'])}"
            raise UsageError(complain(got, "expected one of them", "Try without --validation"))
        held = 0.0
    if held + tested > _MOST_APART:
        got = f"got --validation {held:g} and --test-fraction {tested:g}"
        raise UsageError(complain(got, "expected a share to learn from", "Try --validation 0.15 --test-fraction 0.15"))
    return round(1 - held - tested, 12), held, tested


def _validated(data: TableData, table: Table, given: dict[str, Any], weight: str | None) -> TableData:
    """The data with the validation rows of --validation-file, which is read as the table was."""
    from glassnet.train.held_rows import with_streamed_validation
    from glassnet.train.table_data import with_validation
    from glassnet.train.table_stream import fits

    alike = {key: given[key] for key in ("missing", "dates", "decimal") if key in given}
    if table.day_first is not None:
        alike["dates"] = "day-first" if table.day_first else "month-first"
    path, words, alike = given["validation_file"], data.code.as_words, {**alike, "codes": False}
    if not fits(path, given.get("memory")):
        return with_streamed_validation(data, _source(path, alike, words), weight)
    return with_validation(data, read(path, alike, words), weight)


def _refuse_dropped_targets(named: dict[str, tuple[str, ...]]) -> None:
    """What is to be predicted cannot be left out; that it is no input goes without saying."""
    both = next((name for name in named.get("target", ()) if name in named.get("drop", ())), None)
    if both is not None:
        got = f"got --target {shlex.quote(both)} and --drop {shlex.quote(both)}"
        raise UsageError(complain(got, "expected it in one of them", f"Try without --drop {shlex.quote(both)}"))


def is_table_data(data: DataSet) -> bool:
    """Whether the examples of a data set are rows of a table."""
    return hasattr(data, "findings")


def lines_before(data: DataSet, model: nn.Module, terminal: Terminal) -> list[str]:
    """What is said before a table is learnt from; nothing about other data."""
    if not is_table_data(data):
        return []
    from glassnet.cli.table_report import table_rows

    return table_rows(cast("TableData", data), model, terminal)


def figures_before(data: DataSet) -> dict[str, Any]:
    """The same in figures, for `result.json`."""
    if not is_table_data(data):
        return {}
    from glassnet.train.table_data import preflight

    return preflight(cast("TableData", data))


def origin_of(data: DataSet, of: str) -> Any:
    """Where the test or training examples of a data set come from; None for what is no table."""
    return cast("TableData", data).origin(2 if of == "test" else 0) if is_table_data(data) else None


def memory_used(data: DataSet) -> dict[str, Any]:
    """The most memory that a training from a table took, in megabytes; nothing about other data."""
    if not is_table_data(data):
        return {}
    from glassnet.train.memory import peak_memory

    most = peak_memory()
    return {"peak_memory_megabytes": round(most / 1e6)} if most is not None else {}


def recorded(options: dict[str, Any]) -> dict[str, Any]:
    """Of the options that a model file says it was trained with, those that are options and right ones."""
    found: dict[str, Any] = {}
    for option in TABLE_OPTIONS:
        value = options.get(option.name)
        flag = option.kind is None and value is True
        if flag or (option.kind is not None and value is not None and option.kind.holds(value)):
            found[option.name] = value
    for name in _PARTS:
        share = options.get(name)
        if isinstance(share, float) and 0 <= share < 1:
            found[name] = share
    seed = options.get("data_seed")
    return {**found, "data_seed": seed} if type(seed) is int and seed >= 0 else found


def as_in_training(trained: Trained, given: dict[str, Any]) -> dict[str, Any]:
    """How to read a table for a model: as the table was that it learnt from, unless the command line says otherwise.

    What belongs to a file (its delimiter, its header) is not taken over; what belongs to the cells is. Which columns
    are codes such as 007 the model knows by now.
    """
    data = trained.about.get("data")
    options = data.get("options") if isinstance(data, dict) else None
    known = recorded(options) if isinstance(options, dict) else {}
    names = tuple(feature.name for feature in trained.table_code.features)
    read_alike = {key: known[key] for key in ("missing", "dates") if key in known}
    return {**read_alike, **given, "codes": False, "names": names}


def read(path: str, given: dict[str, Any], words: Sequence[str] = ()) -> Table:
    """The table at a path, read as the options say."""
    _check_header(given)
    if path.lower().endswith((".parquet", ".pq")):
        from glassnet.data.parquet import read_parquet

        return read_parquet(path)
    return _file(path, given, words).read()


def _file(path: str, given: dict[str, Any], words: Sequence[str] = ()) -> TableFile:
    from glassnet.data.table import TableFile

    header = True if given.get("header") else False if given.get("no_header") else None
    decimal = {"comma": ",", "point": "."}.get(given.get("decimal", ""))
    missing = tuple(word.strip() for word in given.get("missing", "").split(",") if word.strip())
    kept = {*words, *given.get("categorical", "").split(",")}
    order = {"day-first": True, "month-first": False}.get(given.get("dates", ""))
    delimiter, as_words = given.get("delimiter"), tuple(sorted(kept - {""}))
    regression = given.get("task") == "regression"  # whose targets are amounts: 00120 is 120
    return TableFile(
        path, delimiter, header, decimal, as_words, missing, day_first=order, codes=given.get("codes", True),
        copies=_names_in(given.get("keep", "")), numbers=_names_in(given["target"] if regression else ""),
        names=(*given.get("names", ()), *_names_in(given.get("target", ""))),
    )  # fmt: skip


def _names_in(text: str) -> tuple[str, ...]:
    """What an option may name before the table is open: the whole text, and each part between commas."""
    return tuple(dict.fromkeys(name.strip() for name in (text, *text.split(",")) if name.strip()))


def _source(path: str, given: dict[str, Any], words: Sequence[str] = ()) -> TableFile | ParquetTable:
    """What a table is read from piece by piece."""
    from glassnet.data.parquet import ParquetTable

    return ParquetTable(path) if path.lower().endswith((".parquet", ".pq")) else _file(path, given, words)


def _first(path: str, given: dict[str, Any]) -> Table:
    """The first piece of a large table: its columns' names."""
    return next(iter(pieces(path, given)))


def _check_header(given: dict[str, Any]) -> None:
    if given.get("header") and given.get("no_header"):
        raise UsageError(complain("got --header and --no-header", "expected one of them", "Try without either"))


def pieces(path: str, given: dict[str, Any], words: Sequence[str] = ()) -> Iterator[Table]:
    """The table at a path in pieces; the columns of `words` stay as they are written."""
    _check_header(given)
    return _source(path, given, words).pieces()


def named_columns(key: str, text: str, table: Table) -> tuple[str, ...]:
    """The columns that an option names; the whole text may be the name of one.

    >>> from glassnet.data.table import Table
    >>> named_columns("drop", "b, a", Table.of({"a": [1], "b": [2], "b, c": [3]}))
    ('b', 'a')
    """
    if text.strip() in table:
        return (text.strip(),)
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    absent = [name for name in names if name not in table]
    if absent:
        raise UsageError(_absent(Option(key, None, "").spelled, absent[0], table))
    return names


def _absent(option: str, name: str, table: Table) -> str:
    close = nearest(name.lower(), [known.lower() for known in table.names])
    near = next((known for known in table.names if known.lower() == close), table.names[-1])
    listed = ", ".join(table.names[:12]) + (", …" if len(table.names) > 12 else "")
    got = f"{table.name}: got {option} {shown(name)}"
    return complain(got, f"expected one of {listed}", f"Try {option} {shlex.quote(near)}")


def _no_target(path: str, table: Table, command: str) -> tuple[str, ...]:
    """Say which columns there are; the one that is most often the target is suggested."""
    likely = next((name for name in table.names if name.lower() in _USUAL_TARGETS), table.names[-1])
    listed = ", ".join(table.names[:12]) + (", …" if len(table.names) > 12 else "")
    hint = f"Try glassnet {command} {shlex.quote(path)} --target {shlex.quote(likely)}"
    raise UsageError(complain(f"got {shown(path)} without --target", f"expected the column to predict: {listed}", hint))
