"""`glassnet explain`: where a number comes from, for an example, a saved model, a network or an expression."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

from glassnet.cli.explain_figure import FigureKind, figure_of, list_figures, refuse_without_figure, refuse_without_model
from glassnet.cli.explain_kinds import ClassKind, DigitsKind, LayersKind, LooseNumbers
from glassnet.cli.explain_model import explain_model
from glassnet.cli.explain_told import OPTIMIZERS
from glassnet.cli.explain_typed import explain_expression, explain_network, index_beside, is_expression
from glassnet.cli.help import Page
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.predict_table import STANDARD_INPUT
from glassnet.cli.table import READING
from glassnet.cli.terminal import Terminal
from glassnet.cli.typed_network import ACTIVATIONS
from glassnet.cli.whereabouts import model_path
from glassnet.data.dialect import is_table
from glassnet.errors import GlassnetError, complain
from glassnet.files.atomic import write_atomic
from glassnet.files.os_errors import shown
from glassnet.read.document import FORMATS, Document
from glassnet.read.examples.work import all_examples, find_example
from glassnet.read.grain import GRAINS
from glassnet.read.losses import LOSSES
from glassnet.train.kinds import Choice, Numbers, Real, Text, Whole

OPTIONS = [
    Option("example", Text("W03", "NAME", "the name of a worked example"), "a worked example; list shows all",
           group="What"),
    Option("index", Whole(0, example="7"), "a saved model's test example, or a row of TABLE, from 0",
           (), "What"),
    Option("x", LooseNumbers("1,0"), "the inputs", (), "What"),
    Option("y", LooseNumbers("1"), "the target, or the number of the class", (), "What"),
    Option("figure", FigureKind(), "a printed figure, such as f1: how it was worked out; alone, it lists all",
           (), "What"),
    Option("epoch", Whole(0, example="3"), "with a figure of an epoch: which", (), "What", "the last"),
    Option("step", Whole(0, example="8"), "with a figure of a look into the layers: after which step", (), "What",
           "the last"),
    Option("distance", Numbers("0.5"), "with slice-loss, surface-loss: how far to move (for a surface A,B)", (),
           "What", "the lowest"),
    Option("along", Text("gradient", "WAY", "a direction"), "in which direction: gradient, random, or two weights", (),
           "What"),
    Option("n", Whole(1, example="500"), "over how many examples", (), "What", "500"),
    Option("to", Whole(0, example="8"), "with pieces: the example to go to", (), "What", "1"),
    Option("given", Text("w=0.5,x=2", "NAMES", "names with values"), "the values of an expression's names", ("at",),
           "What"),
    Option("layers", LayersKind(), "a network of your own, by its sizes", (), "Network"),
    Option("weights", LooseNumbers("0.4,0.6,0.1"), "its weights: for each layer W row by row, then b", (), "Network",
           "random"),
    Option("seed", Whole(0, example="1"), "where random weights start", (), "Network", "0"),
    Option("activation", Choice(ACTIVATIONS), "of the hidden layers", (), "Network", "sigmoid"),
    Option("last", Choice(ACTIVATIONS), "what the last layer applies", (), "Network", "sigmoid with bce, else none"),
    Option("loss", Choice(tuple(LOSSES)), "how wrong it is", (), "Network", "what fits"),
    Option("rate", Real(open=True, example="0.1"), "take one step, at this rate", (), "Network"),
    Option("optimizer", Choice(OPTIMIZERS), "which takes the step", (), "Network", "sgd"),
    Option("why", None, "what each input added to the score of a class", (), "How"),
    Option("class", ClassKind(), "the class to tell about: its name, or its number from 0", (), "How", "the answer"),
    Option("grain", Choice(GRAINS), "how finely to tell", (), "How", "layer"),
    Option("layer", Whole(0, example="1"), "this layer only, from 1 (of a figure, 0: the inputs)", (), "How"),
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
    says="Tell where a number comes from, step by step: in words, in symbols, in numbers. MODEL is a run (its "
    "folder, its name in `runs`, or last) or a model file, TABLE a file with the columns of its training; an "
    "EXPRESSION is built of names, numbers and functions.",
    examples=(
        ("glassnet explain --example W03", "a worked example"),
        ("glassnet explain last --index 7 --why", "why this digit"),
        ("glassnet explain last --index 7 --layer 1 --unit 5", "one neuron"),
        ("glassnet explain last --figure f1 --class 8", "a figure of its report"),
        ("glassnet explain last --figure epoch-loss --epoch 2", "a loss that train printed"),
        ("glassnet explain last new.csv --index 3", "a row of a table, from 0"),
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
    index_beside(parsed)
    refuse_without_model(parsed)
    refuse_without_figure(parsed)
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
    message = re.sub(r"without (layer|unit|weight);", r"without --\1;", message)
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
        return explain_network(parsed), []
    if is_expression(parsed.arguments[0], parsed):
        return explain_expression(parsed.arguments[0], parsed), []
    parsed.arguments[0] = model_path(parsed.arguments[0])
    if "figure" in parsed.values:
        return figure_of(parsed.arguments[0], parsed), []
    return explain_model(parsed, terminal)


def _names_a_table(parsed: Parsed) -> bool:
    """Whether the second word is a table, of which a row is to be explained."""
    return any(word == STANDARD_INPUT or is_table(word) or os.path.isfile(word) for word in parsed.arguments[1:])


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
