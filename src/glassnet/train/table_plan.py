"""What a table is learnt for and from: the task, the columns that help, and what is odd about the others.

Everything is decided from the columns' summaries, so it is the same for a table in memory and for one that never is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from unicodedata import normalize

import numpy as np

from glassnet.data.columns import spell
from glassnet.data.registry import Task
from glassnet.data.summary import Summaries, Summary
from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.train.kinds import nearest
from glassnet.train.tabular import ONE_HOT_UP_TO, Target, labels_in

MOST_CLASSES_OF_NUMBERS = 10  # whole numbers of so few sorts are classes
MOST_CLASSES = 1_000
_LOOKED_AT = 200  # words of a column
_WITH_SIGNS = re.compile(
    r"[+-]?[^\w\s+-]?\s?[+-]?\d{1,3}([,.' ]\d{3})*([.,]\d+)?(\s?[%€$£¥]|\s[a-zA-Z]{1,3})?|\d+\s?[%€$£¥]"
)
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_MOST_SHOWN = 5  # words of a column that an advice lists
_EXACT = 2.0**53
_SHARES = (0.7, 0.15, 0.15)
_ROW_NAMES = frozenset({
    "", "id", "index", "row", "row id", "row nr", "row no", "row number", "rowid", "rownames", "nr", "no", "number",
    "num", "unnamed 0", "sno", "s no", "sr no", "sl no", "serial no", "serial number", "obs", "observation", "record",
    "record id", "lfd nr", "lfdnr", "laufende nummer", "zeile", "zeilennummer",
})  # fmt: skip


@dataclass(frozen=True)
class TableOptions:
    """What the user says about a table: the columns to predict, to leave out, to take as words, to keep together.

    `weight` is the column that says how much each row counts in learning; it is not learnt from.
    `shares` are those to learn from, to validate and to test on; `one_hot_up_to` is the number of words above which a
    column is embedded.
    """

    target: tuple[str, ...]
    task: Task | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    group: str | None = None
    drop_missing: bool = False
    one_hot_up_to: int = ONE_HOT_UP_TO
    shares: tuple[float, float, float] = _SHARES
    seed: int = 0
    weight: str | None = None

    @property
    def apart(self) -> tuple[str, ...]:
        """The columns that nothing is learnt from."""
        return (*self.target, *self.drop, *(name for name in (self.group, self.weight) if name is not None))


class Finding(NamedTuple):
    """Something to know before training: `warning` if it probably spoils the result, else `note`."""

    weight: Literal["note", "warning"]
    text: str


@dataclass
class Plan:
    """The task and the columns, and what was found on the way.

    >>> from glassnet.data.table import Table
    >>> table = Table.of({"id": [1, 2, 3], "x": [0.5, 1.5, 0.1], "y": ["a", "b", "a"]})
    >>> plan = Plan.of(Summaries.of(table), TableOptions(("y",)), "t.csv")
    >>> plan.task, plan.classes, plan.columns, plan.findings[0].text
    ('classification', ('a', 'b'), ['x'], "left out 'id': the rows' numbers")
    """

    file: str
    task: Task
    classes: tuple[str, ...]
    columns: list[str]
    options: TableOptions
    findings: list[Finding] = field(default_factory=list)
    separator: str = ""  # between the labels of a row, where one column has them all

    @classmethod
    def of(cls, summaries: Summaries, options: TableOptions, file: str) -> Plan:
        """Decide.

        Raises `DataError` for a table that cannot be learnt from, `ValueRangeError` for a column that is not there.
        """
        for name in (*options.apart, *options.categorical):
            _require(name, summaries, file)
        if options.weight in options.target:
            got = f"got the column {options.weight!r:.80} as target and as weight"
            raise ValueRangeError(complain(got, "expected two columns", "Try without --weight"))
        targets = [summaries[name] for name in options.target]
        findings: list[Finding] = []
        separator = _separator(targets, options.task)
        task = options.task or ("multilabel" if separator else _task(targets, findings, file))
        if separator:
            classes = _labels(targets[0], separator, findings)
        else:
            classes = _classes(task, targets, file, asked=options.task)
        plan = cls(file, task, classes, [], options, findings, separator)
        if task == "classification" or separator:
            plan._look_at_spelling(targets[0])
        plan._choose(summaries)
        return plan

    def target(self, learnt: Summaries) -> Target:
        """The target, its scale found in the rows that are learnt from."""
        names = self.options.target
        if self.separator:
            return Target(self.task, self.classes, column=names[0], separator=self.separator)
        if self.task != "regression":
            return Target(self.task, names, self.classes if self.task == "classification" else ())
        spreads = [learnt[name].std for name in names]
        return Target(
            self.task,
            names,
            (),
            tuple(learnt[name].mean for name in names),
            tuple(s if s > 0 else 1.0 for s in spreads),
        )

    def note(self, text: str) -> None:
        """Remember a finding."""
        self.findings.append(Finding("note", text))

    def warn(self, text: str) -> None:
        """Remember a finding that matters."""
        self.findings.append(Finding("warning", text))

    def note_empty(self, rows: int) -> None:
        """Remember rows with nothing in them, which were left out."""
        if rows:
            self.note(f"left out {rows:,} row{'s' * (rows > 1)} with nothing in {'them' if rows > 1 else 'it'}")

    def note_weights(self, weights: Sequence[np.ndarray] | None) -> None:
        """Remember that rows count differently, and how much those that are learnt from do."""
        if weights is not None:
            learnt = weights[0]
            least, mean, most = (f"{value:.4g}" for value in (learnt.min(), learnt.mean(), learnt.max()))
            self.note(f"rows count by {self.options.weight!r}: {least} to {most}, {mean} in the mean")

    def warn_of_leaks(self, exactly: Sequence[str], nearly: Sequence[str]) -> None:
        """Warn of columns each of which tells the target of all rows by itself, or of nearly all."""
        target = ", ".join(self.options.target)
        for name in dict.fromkeys([*exactly, *nearly]):
            alone = f"column {name!r} {'tells' if name in exactly else 'nearly tells'} the target {target!r} by itself"
            self.warn(f"{alone}: known only afterwards? (--drop {shlex.quote(name)})")

    def _look_at_spelling(self, target: Summary) -> None:
        """Warn of classes that are one class, written in several ways."""
        for words in alike(self.classes if self.separator else target.words):
            listed = ", ".join(repr(word[:20]) for word in words[:_MOST_SHOWN])
            says = f"{listed} are {len(words)} classes that differ in capitals or blanks only: write them alike"
            self.warn(f"target {target.name!r:.80}: {says}")

    def _choose(self, summaries: Summaries) -> None:
        """The columns that can help; the others are named."""
        options = self.options
        apart = set(options.apart)
        for summary in summaries:
            if summary.name in apart:
                continue
            reason = None if summary.name in options.categorical else _useless(summary)
            others = _no_numbers(summary) if summary.name not in options.categorical else None
            if others is not None:
                what = "left out" if reason else "taken for words"
                again = "reads the others as numbers"
                self.warn(f"{what} {summary.name!r}: {others[0]}; --missing {others[1]} {again}")
                if not reason:
                    self.columns.append(summary.name)
                continue
            if summary.kind == "whole" and max(-summary.least, summary.most) > _EXACT:
                self.note(f"{summary.name!r} has numbers above 2^53, which lose their last digits (--categorical)")
            if summary.constant or reason:
                self.note(f"left out {summary.name!r}: {reason or _constant(summary)}")
            else:
                self.columns.append(summary.name)
                self._note_spelling(summary)
        if not self.columns:
            why = "; ".join(finding.text for finding in self.findings) or "every column is a target or left out"
            got = f"{self.file}: got no column to learn from ({why:.200})"
            kept = next(
                (f"Try --categorical {s.name!r}" for s in summaries if s.kind == "text" and s.name not in apart), None
            )
            raise DataError(
                complain(got, "expected one at least", kept or "Try another --target, or a table with more")
            )

    def _note_spelling(self, summary: Summary) -> None:
        same = alike(summary.words) if summary.kind == "category" else []
        if same:
            example = " and ".join(repr(word[:20]) for word in same[0][:2])
            more = f", and {len(same) - 1:,} more like this" if len(same) > 1 else ""
            self.note(f"column {summary.name!r:.80}: {example} differ in capitals or blanks only{more}")


def alike(words: Iterable[str]) -> list[list[str]]:
    """The words that are the same but for capitals and blanks, those of each sort together.

    >>> alike(["Yes", "no", "YES", "yes ", "maybe"])
    [['YES', 'Yes', 'yes ']]
    """
    sorts: dict[str, list[str]] = {}
    for word in words:
        plain = "".join(normalize("NFKC", word).casefold().split())
        sorts.setdefault(plain, []).append(word)
    return [sorted(same) for same in sorts.values() if len(same) > 1]


def _require(name: str, summaries: Summaries, file: str) -> None:
    names = [summary.name for summary in summaries]
    if name not in names:
        close = nearest(name, names) or nearest(name.lower(), names) or names[-1]
        listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        raise ValueRangeError(
            complain(f"got the column {name!r:.80}", f"expected one of {file}: {listed}", f"Try {close!r}")
        )


def _separator(targets: Sequence[Summary], task: Task | None) -> str:
    """What stands between the labels of one column: a sign that makes many cells out of fewer labels; "" if none does.

    A comma may be part of a name, so it is believed only if the task was said to be multilabel.
    """
    if len(targets) > 1 or not targets[0].words or task not in (None, "multilabel"):
        return ""
    words = targets[0].words
    for sign in (";", "|") if task is None else (";", "|", ",", "/", " "):
        parts = [labels_in(word, sign) for word in words]
        if any(len(part) > 1 for part in parts) and len({label for part in parts for label in part}) <= len(words):
            return sign
    return ""


def _labels(target: Summary, separator: str, findings: list[Finding]) -> tuple[str, ...]:
    """All labels of a column, in the alphabet's order."""
    labels = sorted({label for word in target.words for label in labels_in(word, separator)})
    example = next(word for word in target.words if len(labels_in(word, separator)) > 1)
    says = f"target {target.name!r}: cells such as {example!r:.40} taken for several labels"
    findings.append(Finding("note", f"{says}; else --task classification"))
    return tuple(labels)


def _task(targets: Sequence[Summary], findings: list[Finding], file: str) -> Task:
    """Several columns of 0 and 1 are labels; words and a few whole numbers are classes; other numbers are heights."""
    if len(targets) > 1:
        return "multilabel" if all(map(_yes_or_no, targets)) else "regression"
    target = targets[0]
    if not target.numeric:
        _refuse_free_text(target, file)
        if _of_codes(target):
            says = f"target {target.name!r}: codes such as {min(target.words)!r:.40} taken for classes"
            findings.append(Finding("note", f"{says}; else --task regression"))
        return "classification"
    few = int(target.most - target.least) < MOST_CLASSES_OF_NUMBERS if target.known - target.infinite else False
    if target.kind != "whole" or not few:
        return "regression"
    if target.most - target.least > 1:
        span = f"{spell(target.least)} to {spell(target.most)}"
        findings.append(
            Finding("note", f"target {target.name!r}: whole numbers {span} taken for classes; else --task regression")
        )
    return "classification"


def _refuse_free_text(target: Summary, file: str) -> None:
    """Raise `DataError` for a target of words that hardly ever come again."""
    if target.kind != "text" or _numbers_in_words(target) is not None:
        return
    others = _no_numbers(target)
    got = f"{file}, column {target.name!r}: got {len(target.words):,} different texts in {target.known:,} rows"
    hint = "Try --task regression" if _of_codes(target) else "Try another --target"
    if others is not None:
        got = f"{file}, column {target.name!r}: got {others[0]}"
        raise DataError(complain(got, "expected numbers", f"Try --missing {others[1]} --drop-missing"))
    raise DataError(complain(got, "expected classes that come again, or numbers", hint))


def _no_numbers(summary: Summary) -> tuple[str, str] | None:
    """Of a column of words most of which are numbers: the others in words, and as --missing takes them."""
    others = [(word, count) for word, count in summary.words.most_common() if not _NUMBER.fullmatch(word)]
    total = sum(count for _, count in others)
    if not others or 2 * total > summary.known or len(summary.words) - len(others) <= MOST_CLASSES_OF_NUMBERS:
        return None
    listed = ", ".join(repr(word[:20]) for word, _ in others[:3]) + (", …" if len(others) > 3 else "")
    given = shlex.quote(",".join(word for word, _ in others[:_MOST_SHOWN]))
    return f"{total:,} of {summary.known:,} cells that are no numbers ({listed})", given


def _of_codes(summary: Summary) -> bool:
    """Whether a column's words are digits, some with a 0 in front: keys or postal codes, but perhaps amounts."""
    return all(map(str.isdigit, summary.words)) and any(len(word) > 1 and word[0] == "0" for word in summary.words)


def _yes_or_no(summary: Summary) -> bool:
    if summary.numeric:
        return summary.kind == "whole" and summary.least >= 0 and summary.most <= 1
    return summary.kind == "boolean" or len(summary.words) <= 2


def _classes(task: Task, targets: Sequence[Summary], file: str, asked: Task | None) -> tuple[str, ...]:
    if task == "classification" and len(targets) > 1:
        got = f"{file}: got {len(targets)} targets, {' and '.join(repr(target.name) for target in targets[:4])}"
        hint = f"Try --target {shlex.quote(targets[-1].name)}"
        raise DataError(complain(got, "expected one, whose values are the classes", hint))
    for target in targets:
        where = f"{file}, column {target.name!r}: got"
        if not target.known:
            raise DataError(complain(f"{where} no value in any row", "expected a target", "Try another --target"))
        if task == "regression" and (not target.numeric or target.kind == "date"):
            found = "dates" if target.kind == "date" else f"{len(target.words)} words such as {min(target.words)!r:.40}"
            hint = "Try --task classification" if target.words else "Try another --target"
            hint = f"Try --target {shlex.quote(target.name)} alone" if target.words and len(targets) > 1 else hint
            hint = "Try --task regression" if asked is None and _of_codes(target) else hint
            raise DataError(complain(f"{where} {found}", "expected numbers, for regression", hint))
        if task == "multilabel" and not _yes_or_no(target):
            raise DataError(complain(f"{where} more than 0 and 1", "expected 0 or 1 in each", "Try --task regression"))
        if target.constant and target.known == target.rows:
            only = spell(target.least, target.kind) if target.numeric else next(iter(target.words))
            got = f"{where} {only!r:.40} in every row"
            raise DataError(complain(got, "expected two values at least", "Try another --target, or more rows"))
    if task == "multilabel":
        return tuple(target.name for target in targets)
    return _words_of(targets[0], file) if task == "classification" else ()


def _words_of(target: Summary, file: str) -> tuple[str, ...]:
    """The classes of a column: numbers in their order, words in the alphabet's."""
    written = _numbers_in_words(target)
    if written is not None and len(target.words) > MOST_CLASSES_OF_NUMBERS:
        got = f"{file}, column {target.name!r}: got numbers written as {written!r:.40}"
        raise DataError(complain(got, "expected numbers such as 1234.5", "Try writing them without signs"))
    if len(target.words) > MOST_CLASSES:
        got = f"{file}, column {target.name!r}: got {len(target.words):,} different values"
        hint = "Try --task regression" if _of_codes(target) else "Try another --target"
        raise DataError(complain(got, f"expected at most {MOST_CLASSES:,} classes", hint))
    if not target.numeric:
        return tuple(sorted(target.words))
    return ()  # found in the rows themselves: a summary of numbers does not list them


def _useless(summary: Summary) -> str | None:
    """Why a column cannot help, if so."""
    if summary.kind == "text":
        written = _numbers_in_words(summary)
        if written is not None:
            return f"numbers written as {written!r:.40}: write them without signs, or use --categorical"
        return f"{len(summary.words):,} different texts in {summary.known:,} cells (--categorical keeps it)"
    row_name = " ".join(re.findall(r"\w+", summary.name.lower().replace("_", " ")))
    named = row_name in _ROW_NAMES or row_name.endswith(" id") or summary.name.endswith(("Id", "ID"))
    if summary.kind == "whole" and summary.consecutive and summary.rows > 2 and (named or row_name == "column 1"):
        return "the rows' numbers"
    return None


def _numbers_in_words(summary: Summary) -> str | None:
    """One of a column's words, if all are numbers with a sign of money, a unit or points between thousands."""
    words = list(summary.words)[:_LOOKED_AT]
    if not words or not all(map(_WITH_SIGNS.fullmatch, words)):
        return None
    return next((word for word in words if not word.isdigit()), None)


def _constant(summary: Summary) -> str:
    if not summary.known:
        return "nothing but missing values"
    value = spell(summary.mean, summary.kind) if summary.numeric else next(iter(summary.words))
    return f"{value!r:.40} in every row"
