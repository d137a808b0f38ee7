"""`glassnet predict`: what a saved model says to an image, a test example or plain numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from glassnet.cli.help import Page, wrapped
from glassnet.cli.models import check_fits, data_of, load_trained, refuse_plain_numbers
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.pictures import draw, side_by_side, visible
from glassnet.cli.report import numbers, percent
from glassnet.cli.table import GROUP, READING, Names
from glassnet.cli.terminal import Terminal
from glassnet.cli.whereabouts import model_path
from glassnet.errors import complain
from glassnet.files import strict_json
from glassnet.files.os_errors import shown
from glassnet.train.kinds import Numbers, Text, Whole
from glassnet.train.picture import prepared
from glassnet.train.trained import Trained

OUTPUT = Option("output", Text("answers.csv", "FILE", "a path"), "where a table's answers go", (), GROUP, "shown")
KEEP = Option("keep", Names("id"), "columns of the table to repeat beside the answers", (), GROUP)
OPTIONS = [
    Option("index", Whole(0, example="7"), "an example of the test set, by its number"),
    Option("x", Numbers(), "the features of one example"),
    Option("top", Whole(1, example="3"), "how many classes to show", (), "Options", "3"),
    Option("json", None, "print the answers as JSON, and nothing else"),
    OUTPUT,
    KEEP,
    *READING,
    Option("help", None, "show this page"),
]
PAGE = Page(
    usage="glassnet predict MODEL [TABLE | IMAGE | NUMBER]… [options]",
    says="Ask a saved model. MODEL is a run folder, its name in `runs`, `last` for the newest, or a model file. TABLE "
    "is a CSV, TSV or Parquet file with the columns of the training (- for CSV on standard input), IMAGE a PNG (with "
    "glassnet[images] also a JPEG and others) of any size, NUMBER an example of the test set. A table is answered by "
    "a CSV: for each row the prediction and how likely each class is. Images are made grey, light on dark, scaled and "
    "centred as MNIST's were.",
    examples=(
        ("glassnet predict runs/mnist-20260101-120000 7", "test image 7"),
        ("glassnet predict model.safetensors digit.png", "an image of your own"),
        ("glassnet predict runs/houses-… new.csv --output answers.csv", "the rows of a table"),
        ("head -5 new.csv | glassnet predict runs/houses-… -", "rows from another program"),
        ("glassnet predict model.safetensors --x 0.5,-1.2", "a point"),
    ),
)
_BAR = 24
_SHARE = 12  # columns of a share and the gaps on both sides of its bar
_YES = 0.5  # the least probability of a label that is given
_GAP = 3  # between a drawing and what is beside it


class Question(NamedTuple):
    """One example: what it is called, its numbers, its label or target (if known), what was done to it."""

    name: str
    x: np.ndarray
    truth: Any = None
    done: tuple[str, ...] = ()
    row: str = ""  # of a table, in words


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, OPTIONS)
    if parsed.flag("help"):
        return PAGE.show(OPTIONS)
    if not parsed.arguments:
        raise UsageError(
            complain("got no model", "expected a run folder or a model file", "Try glassnet predict last 7")
        )
    parsed.arguments[0] = model_path(parsed.arguments[0])
    trained = load_trained(parsed.arguments[0])
    tables = [word for word in parsed.arguments[1:] if not _is_number(word)]
    if trained.prepare.table is not None and tables:
        from glassnet.cli.predict_table import predict_table

        return predict_table(trained, tables, parsed)
    _refuse_table_words(parsed)
    questions = list(_questions(trained, parsed))
    if not questions:
        hint = (
            "7"
            if trained.image_shape
            else "new.csv"
            if trained.prepare.table
            else f"--x {','.join(['0.5'] * trained.prepare.features)}"
        )
        got, expected = "got nothing to predict", "expected an image, a table, a number of a test example, or --x"
        raise UsageError(complain(got, expected, f"Try glassnet predict {shown(parsed.arguments[0])} {hint}"))
    answers = trained.predict(np.stack([question.x for question in questions]))
    if parsed.flag("json"):
        listed = [_as_dict(question, answer, trained) for question, answer in zip(questions, answers, strict=True)]
        sys.stdout.write(strict_json.dumps(listed, sort_keys=False))
        return 0
    terminal = Terminal(sys.stdout)
    for question, answer in zip(questions, answers, strict=True):
        terminal.say(*_shown(question, answer, trained, parsed.values.get("top", 3), terminal))
    return 0


def _refuse_table_words(parsed: Parsed) -> None:
    for option in (*READING, OUTPUT, KEEP):
        if option.name in parsed.values:
            expected = "expected a model of a table, and a table to predict"
            raise UsageError(complain(f"got {option.spelled}", expected, f"Try without {option.spelled}"))


def _questions(trained: Trained, parsed: Parsed) -> Iterator[Question]:
    _refuse_loose_numbers(trained, parsed.arguments[1:])
    for word in parsed.arguments[1:]:
        if _is_number(word):
            yield _from_test_set(trained, parsed.arguments[0], int(word))
        else:
            yield _from_image(trained, word)
    if "index" in parsed.values:
        yield _from_test_set(trained, parsed.arguments[0], parsed.values["index"])
    if "x" in parsed.values:
        yield _from_numbers(trained, parsed.values["x"])


def _refuse_loose_numbers(trained: Trained, words: Sequence[str]) -> None:
    """The features of an example, typed without --x in front of them."""
    typed_apart = len(words) == trained.prepare.features and any("." in word for word in words)
    if typed_apart and trained.image_shape is None and all(map(_is_real, words)):
        got = f"got the numbers {' '.join(words)} by themselves"
        raise UsageError(complain(got, "expected --x before them", f"Try --x={','.join(words)}"))


def _is_real(word: str) -> bool:
    try:
        return isfinite(float(word)) and not os.path.exists(word)
    except ValueError:
        return False


def _is_number(word: str) -> bool:
    """Whether a word means an example of the test set; a file of that name goes first."""
    return word.removeprefix("-").isdecimal() and not os.path.exists(word)


def _from_image(trained: Trained, path: str) -> Question:
    shape = trained.image_shape
    if shape is None:
        hint = f"Try --x {','.join(['0.5'] * trained.prepare.features)}"
        what = "image" if path.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")) else "file"
        got = f"got the {what} {shown(path)} for a model of {trained.prepare.features} features"
        raise UsageError(complain(got, "expected numbers", hint))
    from glassnet.data.folders import read_pixels  # by those commands alone that look at a file

    image, done = prepared(read_pixels(path), shape)
    return Question(shown(path), image, None, done)


def _from_test_set(trained: Trained, file: str, index: int) -> Question:
    data = data_of(trained, file)
    check_fits(trained, data)
    last = len(data.x_test) - 1
    if not 0 <= index <= last:
        hint = f"Try {max(0, last) if index > 0 else 0}"
        raise UsageError(complain(f"got test example {index}", f"expected 0 to {last}", hint))
    truth = trained.prepare.restored(data.y_test[index : index + 1])[0].tolist()
    tell = getattr(data, "example", None)
    row = f"{tell(2, index)} of {data.source}" if tell is not None else ""
    return Question(f"test example {index}", data.x_test[index], truth, row=row)


def _from_numbers(trained: Trained, values: tuple[float, ...]) -> Question:
    refuse_plain_numbers(trained)
    if len(values) != trained.prepare.features:
        expected = f"expected {trained.prepare.features}, one for each feature"
        hint = f"Try --x {','.join(['0.5'] * min(trained.prepare.features, 8))}"
        raise UsageError(complain(f"got {len(values)} numbers in --x", expected, hint))
    x = np.array(values, np.float32).reshape(trained.prepare.shape)
    return Question(f"({numbers(x)})", x)


def _as_dict(question: Question, answer: np.ndarray, trained: Trained) -> dict[str, Any]:
    known = {} if question.truth is None else {"truth": _named(question.truth, trained)}
    done = {"prepared": list(question.done)} if question.done else {}
    about = {"example": question.name, **({"row": question.row} if question.row else {})}
    if trained.task == "regression":
        return {**about, "prediction": answer.tolist(), **known, **done}
    shares = dict(zip(trained.classes, answer.tolist(), strict=True))
    return {**about, "prediction": _named(_said(answer, trained), trained), **known, "probabilities": shares, **done}


def _said(answer: np.ndarray, trained: Trained) -> Any:
    """The class that was named, or 1 for each label that was given and 0 for the others."""
    if trained.task == "multilabel":
        return (answer > _YES).astype(float).tolist()
    return int(answer.argmax())


def _named(truth: Any, trained: Trained) -> Any:
    """The class of a label, the labels of several; the target of a regression as it is."""
    if trained.task == "multilabel":
        return [name for name, there in zip(trained.classes, truth, strict=True) if there > _YES]
    return trained.classes[truth] if trained.task == "classification" else truth


def _shown(question: Question, answer: np.ndarray, trained: Trained, top: int, terminal: Terminal) -> list[str]:
    """The drawing of an image, and beside it the answer."""
    if trained.task == "regression":
        known = "" if question.truth is None else f"  (truth {numbers(np.array(question.truth))})"
        words = [f"{question.name}  {terminal.bold(numbers(answer))}{known}", *_row(question, terminal)]
    else:
        words = _classes(question, answer, trained, top, terminal)
    if question.x.ndim != 2 or question.x.dtype != np.uint8:
        return [*words, ""]
    drawing = draw(question.x, terminal)
    if question.x.shape[1] + _GAP + max(map(visible, words)) > terminal.width:
        return [*drawing, "", *words, ""]
    above = max(0, (len(drawing) - len(words)) // 2)
    return [*side_by_side([drawing, [""] * above + words], [question.x.shape[1], terminal.width]), ""]


def _classes(question: Question, answer: np.ndarray, trained: Trained, top: int, terminal: Terminal) -> list[str]:
    shares = answer.tolist()
    several = trained.task == "multilabel"  # which all are answered, likely ones in bold
    order = list(range(len(shares))) if several else sorted(range(len(shares)), key=lambda i: -shares[i])[:top]
    label = max(len(trained.classes[i]) for i in order)
    bar = max(0, min(_BAR, terminal.width - label - _SHARE))
    rows = [f"{trained.classes[i]:>{label}}  {terminal.bar(shares[i], bar)}  {percent(shares[i]):>8}" for i in order]
    said = _said(answer, trained)
    rows = [
        terminal.bold(row) if (said[i] if several else i == said) else row for i, row in zip(order, rows, strict=True)
    ]
    if question.truth is not None:
        right, truth = question.truth == said, _named(question.truth, trained)
        true = " + ".join(truth) or "none of them" if several else truth
        verdict = f"{'right' if right else 'wrong'}: it is {true}" if question.row or not right else "right"
        rows += ["", terminal.paint(verdict, "32" if right else "31")]
    return [question.name, *_row(question, terminal), *(terminal.dim(line) for line in question.done), "", *rows]


def _row(question: Question, terminal: Terminal) -> list[str]:
    return [terminal.dim(line) for line in wrapped(question.row, terminal.width)] if question.row else []
