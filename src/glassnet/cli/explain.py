"""`glassnet explain`: where a number comes from, for an example, a saved model, a network or an expression."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.cli.explain_figure import ALL_FIGURES, figure_of, list_figures, refuse_without_model
from glassnet.cli.explain_row import Example, add_row_steps, name_answer, row_of_file, tested_row
from glassnet.cli.help import Page
from glassnet.cli.models import check_fits, data_of, load_trained, refuse_plain_numbers
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.pictures import side_by_side
from glassnet.cli.predict_table import STANDARD_INPUT
from glassnet.cli.report import numbers, percent
from glassnet.cli.signed_picture import draw_signed
from glassnet.cli.table import READING
from glassnet.cli.terminal import Terminal
from glassnet.cli.typed_network import ACTIVATIONS, typed_network
from glassnet.data.dialect import is_table
from glassnet.errors import GlassnetError, complain
from glassnet.files.atomic import write_atomic
from glassnet.files.os_errors import shown
from glassnet.read.document import FORMATS, Document
from glassnet.read.examples.work import all_examples, find_example
from glassnet.read.explain import explain
from glassnet.read.expression import evaluate_text, looks_typed
from glassnet.read.grain import GRAINS
from glassnet.read.losses import LOSSES
from glassnet.read.why import Why, why
from glassnet.train.kinds import Choice, Kind, Numbers, Real, Text, Whole
from glassnet.train.trained import Trained

_OPTIMIZERS = ("sgd", "momentum", "adam", "adamw", "rmsprop", "adagrad", "nadam")


class DigitsKind(Kind):
    """A whole number from 1 to 15, or exact."""

    def __init__(self) -> None:
        super().__init__("a whole number from 1 to 15, or exact", "3", "N")

    def read(self, word: str) -> int | str:
        """The number, or the word."""
        return word.lower() if word.lower() == "exact" else int(word)

    def holds(self, value: Any) -> bool:
        """Whether it is one of them."""
        return value == "exact" or (isinstance(value, int) and 1 <= value <= 15)


class LayersKind(Kind):
    """Sizes of layers with hyphens between, 2-2-1; the first counts the inputs."""

    def __init__(self) -> None:
        super().__init__("at least two sizes with hyphens between", "2-2-1", "SIZES")

    def read(self, word: str) -> tuple[int, ...]:
        """The sizes."""
        return tuple(int(part) for part in word.replace(",", "-").split("-"))

    def holds(self, value: Any) -> bool:
        """Whether there are at least two, none of them too small or too large."""
        return isinstance(value, tuple) and len(value) > 1 and all(0 < n <= 100_000 for n in value)


class LooseNumbers(Numbers):
    """Numbers with commas, semicolons or spaces between."""

    def read(self, word: str) -> tuple[float, ...]:
        """The numbers in order."""
        return tuple(float(part) for part in word.replace(";", ",").replace(" ", ",").split(",") if part)


OPTIONS = [
    Option("example", Text("W03", "NAME", "the name of a worked example"), "a worked example; list shows all",
           group="What"),
    Option("index", Whole(0, example="7"), "a saved model's test example, or a row of TABLE, from 0",
           (), "What"),
    Option("x", LooseNumbers("1,0"), "the inputs", (), "What"),
    Option("y", LooseNumbers("1"), "the target, or the number of the class", (), "What"),
    Option("figure", Choice(ALL_FIGURES), "a printed figure: how it was worked out; alone, it lists them",
           (), "What"),
    Option("epoch", Whole(1, example="3"), "with --figure rate or epoch-loss: of which epoch", (), "What", "the last"),
    Option("given", Text("w=0.5,x=2", "NAMES", "names with values"), "the values of an expression's names", (), "What"),
    Option("layers", LayersKind(), "a network of your own, by its sizes", (), "Network"),
    Option("weights", LooseNumbers("0.4,0.6,0.1"), "its weights: for each layer W row by row, then b", (), "Network",
           "random"),
    Option("seed", Whole(0, example="1"), "where random weights start", (), "Network", "0"),
    Option("activation", Choice(ACTIVATIONS), "of the hidden layers", (), "Network", "sigmoid"),
    Option("last", Choice(ACTIVATIONS), "what the last layer applies", (), "Network", "sigmoid with bce, else none"),
    Option("loss", Choice(tuple(LOSSES)), "how wrong it is", (), "Network", "what fits"),
    Option("rate", Real(open=True, example="0.1"), "take one step, at this rate", (), "Network"),
    Option("optimizer", Choice(_OPTIMIZERS), "which takes the step", (), "Network", "sgd"),
    Option("why", None, "what each input added to the score of a class", (), "How"),
    Option("class", Whole(0, example="3"), "the class to tell about, from 0", (), "How", "the answer"),
    Option("grain", Choice(GRAINS), "how finely to tell", (), "How", "layer"),
    Option("layer", Whole(1, example="1"), "this layer only, from 1", (), "How"),
    Option("unit", Whole(1, example="5"), "the unit in its layer, from 1", (), "How"),
    Option("weight", Whole(1, example="2"), "the weight of the unit, from 1", (), "How"),
    Option("most", Whole(1, example="6"), "how many terms and numbers to show", (), "How", "6"),
    Option("gradcheck", None, "show each slope by differences as well", (), "How"),
    Option("digits", DigitsKind(), "digits after the point, or exact", (), "Output", "3"),
    Option("format", Choice(FORMATS), "how to write it", (), "Output", "terminal"),
    Option("output", Text("page.html", "FILE", "a file"), "write into this file", (), "Output"),
    *READING,
    Option("help", None, "show this page", (), "Output"),
]  # fmt: skip
PAGE = Page(
    usage="glassnet explain [MODEL [TABLE] | EXPRESSION] [options]",
    says="Tell where a number comes from, step by step: in words, in symbols, in numbers. MODEL is a run folder or a "
    "model file, TABLE a file with the columns of its training; an EXPRESSION is built of names, numbers and "
    "functions.",
    examples=(
        ("glassnet explain --example W03", "a worked example"),
        ("glassnet explain runs/mnist-… --index 7 --why", "why this digit"),
        ("glassnet explain runs/mnist-… --index 7 --layer 1 --unit 5", "one neuron"),
        ("glassnet explain runs/mnist-… --figure f1 --class 8", "a figure of its report"),
        ("glassnet explain runs/mnist-… --figure epoch-loss --epoch 2", "a loss that train printed"),
        ("glassnet explain runs/houses-… new.csv --index 3", "a row of a table, from 0"),
        ("glassnet explain --layers 2-2-1 --x 1,0 --y 1 --rate 0.1", "a step of your own"),
        ("glassnet explain 'sigmoid(w*x + b)' --given w=0.5,x=2,b=1", "an expression"),
    ),
)
_SUFFIXES = {".html": "html", ".htm": "html", ".md": "markdown", ".tex": "latex", ".json": "json"}


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    if words and words[-1] == "--figure":
        return list_figures(Terminal(sys.stdout))
    parsed = parse(words, OPTIONS)
    if parsed.flag("help"):
        return PAGE.show(OPTIONS)
    if parsed.values.get("example", "").lower() in ("list", "all"):
        return _list_examples()
    refuse_without_model(parsed)
    if "epoch" in parsed.values and "figure" not in parsed.values:
        got, hint = f"got --epoch {parsed.values['epoch']} alone", "Try --figure rate, or --figure epoch-loss"
        raise UsageError(complain(got, "expected it with a figure of that epoch", hint))
    terminal = Terminal(sys.stdout)
    try:
        document, lines = _document(parsed, terminal)
    except (UsageError, OSError):  # a file's trouble is no mistake in what was typed
        raise
    except GlassnetError as problem:
        raise UsageError(_as_typed(str(problem))) from None
    document.digits = parsed.values.get("digits", 3)
    return _shown(document, lines, parsed, terminal)


def _as_typed(message: str) -> str:
    """Options as they are typed here: --layer 1 --unit 2 for layer=1, unit=2; --given x=1 for x=1."""
    message = re.sub(r"^explain: ", "", message)
    message = re.sub(r"^why: got class (\d+) of (\d+); (.*Try )(\d+)", r"got --class \1; \3--class \4", message)
    message = re.sub(r"(got the name .* Try )(\w+=)", r"\1--given \2", message)
    return re.sub(r"(?:(?<=\d), )?\b(grain|layer|unit|weight|most|digits)='?(\w+)'?", r" --\1 \2", message)


def _document(parsed: Parsed, terminal: Terminal) -> tuple[Document, list[str]]:
    """What to tell, and a picture to put before it."""
    asked = [f"--{name}" for name in ("example", "layers") if name in parsed.values] + parsed.arguments[:1]
    if len(asked) != 1 or len(parsed.arguments) > (2 if _names_a_table(parsed) else 1):
        got = f"got {'nothing' if not asked else ' and '.join(map(shown, [*asked, *parsed.arguments[1:]]))} to explain"
        expected = "expected one of --example, --layers, a model or an expression"
        raise UsageError(complain(got, expected, "Try glassnet explain --example W03"))
    if "example" in parsed.values:
        return find_example(parsed.values["example"]).document(parsed.values.get("digits", 3)), []
    if "layers" in parsed.values:
        return _network(parsed), []
    if _is_expression(parsed.arguments[0], parsed):
        return _expression(parsed.arguments[0], parsed), []
    return _model(parsed, terminal)


def _names_a_table(parsed: Parsed) -> bool:
    """Whether the second word is a table, of which a row is to be explained."""
    return any(word == STANDARD_INPUT or is_table(word) or os.path.isfile(word) for word in parsed.arguments[1:])


# ---- an expression ---------------------------------------------------------------------------------------------------


def _is_expression(word: str, parsed: Parsed) -> bool:
    looks = looks_typed(word, "given" in parsed.values) and not os.path.exists(word)
    named = {"index", "x"} & parsed.values.keys() or len(parsed.arguments) > 1
    return "given" in parsed.values or (looks and not named)


def _expression(text: str, parsed: Parsed) -> Document:
    y, names = evaluate_text(text, _given(parsed.values.get("given", "")))
    if y.op is None:
        got = f"got {shown(text)}, a value as it stands"
        raise UsageError(complain(got, "expected something that is computed", "Try 'w*x + b' --given w=0.5,x=2,b=1"))
    return explain(y, names=names, title=text, **_how(parsed))


def _given(text: str) -> dict[str, Any]:
    """a=1,b=[1 2] as values by name."""
    values: dict[str, Any] = {}
    for part in filter(None, text.replace(";", ",").split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        try:
            if not equals or not name.isidentifier():
                raise ValueError(part)
            listed = value.startswith("[")
            values[name] = [float(v) for v in value.strip("[]").split()] if listed else float(value)
        except ValueError:
            hint = "Try --given w=0.5,x=2 or --given 'x=[1 2]'"
            raise UsageError(complain(f"got --given {shown(part)}", "expected a name and a number", hint)) from None
    return values


# ---- a network typed in ----------------------------------------------------------------------------------------------


def _network(parsed: Parsed) -> Document:
    values = parsed.values
    loss = values.get("loss")
    last = values.get("last", "sigmoid" if loss == "bce" else "none")
    model = typed_network(values["layers"], values.get("weights"), values.get("activation", "sigmoid"), last,
                          values.get("seed", 0))  # fmt: skip
    inputs = values["layers"][0]
    if "x" not in values or len(values["x"]) != inputs:
        got = f"got {len(values['x'])} numbers in --x" if "x" in values else "got no --x"
        raise UsageError(complain(got, f"expected {inputs}", f"Try --x {','.join(['1'] * min(inputs, 8))}"))
    y = _target(parsed, values["layers"][-1], loss)
    return _told(model, np.array(values["x"]), y, parsed)


def _target(parsed: Parsed, outputs: int, loss: str | None) -> Any:
    values = parsed.values
    if "y" not in values:
        for name in ("rate", "loss", "optimizer"):
            if name in values:
                hint = f"Try --y {','.join(['1'] * min(outputs, 8))}"
                raise UsageError(complain(f"got --{name} without --y", "expected a target to learn", hint))
        return None
    if loss == "cross-entropy" or (loss is None and outputs > 1 and len(values["y"]) == 1):
        return int(values["y"][0])
    if len(values["y"]) != outputs:
        hint = f"Try --y {','.join(['1'] * min(outputs, 8))}"
        raise UsageError(complain(f"got {len(values['y'])} numbers in --y", f"expected {outputs}", hint))
    return np.array(values["y"])


def _told(model: Any, x: np.ndarray, y: Any, parsed: Parsed, title: str | None = None) -> Document:
    values = parsed.values
    if parsed.flag("why"):
        digits = values.get("digits", 3)
        return why(model, x, values.get("class"), most=values.get("most", 6), digits=digits)
    optimizer = _optimizer(model, parsed) if "rate" in values or "optimizer" in values else None
    return explain(model, x, y, loss=values.get("loss"), optimizer=optimizer, title=title, **_how(parsed))


def _optimizer(model: Any, parsed: Parsed) -> Any:
    from glassnet import optim

    rate, name = parsed.values.get("rate", 0.1), parsed.values.get("optimizer", "sgd")
    makers = {"sgd": optim.SGD, "adam": optim.Adam, "adamw": optim.AdamW, "rmsprop": optim.RMSprop,
              "adagrad": optim.Adagrad, "nadam": optim.NAdam}  # fmt: skip
    if name == "momentum":
        return optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    return makers[name](model.parameters(), lr=rate)


def _how(parsed: Parsed) -> dict[str, Any]:
    """The options that say how finely to tell."""
    how = {key: parsed.values[key] for key in ("grain", "layer", "unit", "weight", "most") if key in parsed.values}
    return {**how, "gradcheck": parsed.flag("gradcheck")}


# ---- a saved model ---------------------------------------------------------------------------------------------------


def _model(parsed: Parsed, terminal: Terminal) -> tuple[Document, list[str]]:
    path = parsed.arguments[0]
    trained = load_trained(path)
    if "figure" in parsed.values:
        return figure_of(trained, path, parsed), []
    example = _example(trained, path, parsed)
    trained.model.eval()
    prepared = trained.prepare(example.x[None])[0]
    summary = [_answer(trained, example)]
    if "class" in parsed.values and not parsed.flag("why"):
        _aim_at_class(trained, parsed)
    learns = any(key in parsed.values for key in ("loss", "rate", "optimizer"))
    truth = example.truth if learns else None
    document = _told(trained.model, prepared, truth, parsed, f"{example.name} in {shown(path)}")
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
    row = tested_row(trained, data, index)
    return Example(data.x_test[index], f"test example {index}", data.y_test[index].tolist(), row)


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


# ---- what comes out --------------------------------------------------------------------------------------------------


def _shown(document: Document, lines: list[str], parsed: Parsed, terminal: Terminal) -> int:
    path, format = parsed.values.get("output"), parsed.values.get("format")
    if path is not None:
        suffix = path[path.rfind(".") :].lower() if "." in path else ""
        text = document.render(format or _SUFFIXES.get(suffix, "terminal"))
        write_atomic(path, text.encode())
        terminal.say(f"Written to {shown(path)}.")
        return 0
    if format not in (None, "terminal"):
        sys.stdout.write(document.render(format))
        return 0
    terminal.say(*lines, *document.text(terminal.width, terminal.colour, terminal.unicode).splitlines())
    return 0


def _list_examples() -> int:
    terminal = Terminal(sys.stdout)
    terminal.say(*(f"{terminal.bold(e.id)}  {e.title}" for e in all_examples().values()))
    return 0
