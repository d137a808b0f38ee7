"""`glassnet explain MODEL`: a saved model on an example of its data, on a row of a table, or on numbers typed in."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet import nn
from glassnet.cli.explain_kinds import number_of_class
from glassnet.cli.explain_row import Example, add_row_steps, name_answer, name_of_input, row_of_file, tested_row
from glassnet.cli.explain_told import tell
from glassnet.cli.models import check_fits, data_of, load_trained, refuse_plain_numbers
from glassnet.cli.options import Parsed, UsageError
from glassnet.cli.pictures import side_by_side
from glassnet.cli.report import numbers, percent
from glassnet.cli.signed_picture import draw_signed
from glassnet.cli.table import READING
from glassnet.cli.terminal import Terminal
from glassnet.errors import complain
from glassnet.files.os_errors import shown
from glassnet.read.document import Document
from glassnet.read.why import Why
from glassnet.train.trained import Trained


def explain_model(parsed: Parsed, terminal: Terminal) -> tuple[Document, list[str]]:
    """A saved model on one example, and a picture of what each pixel added."""
    path = parsed.arguments[0]
    trained = load_trained(path)
    if "class" in parsed.values:
        table = trained.prepare.table
        names = trained.classes or (table.target.names if table is not None else ())
        parsed.values["class"] = number_of_class(parsed.values["class"], names)
    example = _example(trained, path, parsed)
    trained.model.eval()
    prepared = trained.prepare(example.x[None])[0]
    summary = [_answer(trained, example)]
    if "class" in parsed.values and not parsed.flag("why"):
        _aim_at_class(trained, parsed)
    learns = any(key in parsed.values for key in ("loss", "rate", "optimizer"))
    truth = example.truth if learns else None
    document = tell(trained.model, prepared, truth, parsed, f"{example.name} in {shown(path)}", name_of_input(trained))
    if trained.task != "classification":  # several values are no scores to compare
        document.summary = [line for line in document.summary if "is the largest output" not in line]
    if isinstance(document, Why):
        name_answer(document, trained)
    document.summary = summary + document.summary
    document.notes += example.notes
    if not {"layer", "unit", "weight"} & parsed.values.keys():
        add_row_steps(document, trained, example)
    picture = trained.image_shape is not None and isinstance(document, Why) and terminal.unicode
    return document, _drawn(document, trained, terminal) if picture and isinstance(document, Why) else []


def _example(trained: Trained, path: str, parsed: Parsed) -> Example:
    """The example that the command line means."""
    if len(parsed.arguments) > 1:
        return row_of_file(trained, parsed)
    _refuse_reading(parsed)
    if "x" in parsed.values:
        return _typed(trained, path, parsed)
    if "index" not in parsed.values:
        got, expected = f"got {shown(path)} without an example", "expected --index or --x"
        hint = f"Try glassnet explain {shown(path)} --index 7"
        if trained.prepare.table is not None:
            expected, hint = (
                "expected --index, or a table and --index",
                f"{hint}, or new.csv --index 0 for its first row",
            )
        raise UsageError(complain(got, expected, hint))
    data, index = data_of(trained, path), parsed.values["index"]
    check_fits(trained, data)
    if index >= len(data.x_test):
        expected = f"expected 0 to {len(data.x_test) - 1}"
        raise UsageError(complain(f"got --index {index}", expected, f"Try --index {len(data.x_test) - 1}"))
    row, where = tested_row(trained, data, index)
    return Example(data.x_test[index], f"test example {index}{where}", data.y_test[index].tolist(), row)


def _typed(trained: Trained, path: str, parsed: Parsed) -> Example:
    """The numbers of --x."""
    values = parsed.values["x"]
    refuse_plain_numbers(trained, f"glassnet explain {shown(path)} new.csv --index 0, ")
    if len(values) != trained.prepare.features:
        hint = f"Try --x {','.join(['0.5'] * min(trained.prepare.features, 8))}"
        raise UsageError(complain(f"got {len(values)} numbers in --x", f"expected {trained.prepare.features}", hint))
    truth = None if "y" not in parsed.values else _typed_truth(trained, parsed.values["y"])
    return Example(np.array(values, np.float32).reshape(trained.prepare.shape), "the example", truth)


def _refuse_reading(parsed: Parsed) -> None:
    for option in READING:
        if option.name in parsed.values:
            hint = f"Try without {option.spelled}, or a model and a table: glassnet explain RUN new.csv --index 0"
            raise UsageError(complain(f"got {option.spelled} without a table", "expected one to read", hint))


def _typed_truth(trained: Trained, y: tuple[float, ...]) -> Any:
    return int(y[0]) if trained.task == "classification" else np.array(y)


def _answer(trained: Trained, example: Example) -> str:
    """What the model says of the example, in a sentence."""
    answer, name = trained.predict(example.x[None])[0], example.name[0].upper() + example.name[1:]
    if trained.task != "classification":
        return f"{name}: {numbers(answer)}."
    best, truth = int(answer.argmax()), example.truth
    known = "" if truth is None else ", right" if truth == best else f", wrong: it is {trained.classes[truth]}"
    return f"{name}: {trained.classes[best]} with {percent(answer[best])}{known}."


def _aim_at_class(trained: Trained, parsed: Parsed) -> None:
    """Tell the output unit of one class: its neuron in the last layer."""
    layers = [m for m in trained.model.modules() if list(m.named_parameters(recurse=False))]
    last = [m for m in layers if isinstance(m, nn.Linear)][-1]
    klass, values = parsed.values["class"], parsed.values
    if klass >= last.out_features:
        expected = f"expected 0 to {last.out_features - 1}"
        raise UsageError(complain(f"got --class {klass}", expected, f"Try --class {last.out_features - 1}"))
    values.setdefault("layer", layers.index(last) + 1)
    values.setdefault("unit", klass + 1)


def _drawn(answer: Why, trained: Trained, terminal: Terminal) -> list[str]:
    """What each pixel added, amber against the class and blue for it."""
    shape = trained.image_shape
    assert shape is not None
    picture = draw_signed(answer.inputs.reshape(shape), terminal)
    for_it, against = answer.inputs[answer.inputs > 0].sum(), answer.inputs[answer.inputs < 0].sum()
    words = [f"for it      {for_it:+.3f}", f"against it  {against:+.3f}", f"biases      {answer.biases:+.3f}",
             f"score       {answer.score:+.3f}"]  # fmt: skip
    above = max(0, (len(picture) - len(words)) // 2)
    return [*side_by_side([picture, [""] * above + words], [shape[1], terminal.width]), ""]
