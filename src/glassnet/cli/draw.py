"""`glassnet draw`: the computational graph of an expression, a network or a saved model."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.cli.explain_kinds import DigitsKind, LayersKind, LooseNumbers
from glassnet.cli.explain_typed import computed, index_beside, origin_of_weights
from glassnet.cli.help import Page, wrapped
from glassnet.cli.models import data_of, load_trained
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.terminal import Terminal
from glassnet.cli.typed_network import ACTIVATIONS, typed_network
from glassnet.cli.whereabouts import model_path
from glassnet.errors import GlassnetError, complain
from glassnet.files.atomic import write_atomic
from glassnet.files.os_errors import shown
from glassnet.read.draw import GRAPH_GRAINS, draw
from glassnet.read.expression import looks_typed
from glassnet.read.graph import GRAPH_FORMATS, Graph
from glassnet.read.losses import LOSSES
from glassnet.train.kinds import Choice, Text, Whole

OPTIONS = [
    Option("given", Text("a=2,b=-3", "NAMES", "names with values"), "the values of an expression's names", ("at",),
           "What"),
    Option("layers", LayersKind(), "a network, by its sizes", (), "What"),
    Option("weights", LooseNumbers("0.4,0.6,0.1"), "its weights: for each layer W row by row, then b", (), "What",
           "random"),
    Option("seed", Whole(0, example="1"), "where random weights start", (), "What", "0"),
    Option("activation", Choice(ACTIVATIONS), "of the hidden layers", (), "What", "sigmoid"),
    Option("last", Choice(ACTIVATIONS), "what the last layer applies", (), "What", "sigmoid with bce, else none"),
    Option("x", LooseNumbers("1,0"), "the inputs", (), "What", "all 1"),
    Option("y", LooseNumbers("1"), "the target, or the number of the class", (), "What"),
    Option("loss", Choice(tuple(LOSSES)), "how wrong it is", (), "What", "what fits"),
    Option("index", Whole(0, example="7"), "of a saved model: an example of the test set, by its number", (), "What"),
    Option("grain", Choice(GRAPH_GRAINS), "a node for each tensor, or for each number", ("scale",), "How", "tensor"),
    Option("digits", DigitsKind(), "digits after the point, or exact", (), "How", "3"),
    Option("format", Choice(GRAPH_FORMATS), "how to write it", (), "Output", "a table; by --output's name"),
    Option("output", Text("graph.svg", "FILE", "a file"), "write into this file", (), "Output"),
    Option("help", None, "show this page", (), "Output"),
]  # fmt: skip
PAGE = Page(
    usage="glassnet draw [MODEL | EXPRESSION] [options]",
    says="Draw what was computed from what, with every value, its slope and the derivative along each edge. MODEL "
    "is a run (its folder, its name in `runs`, or last) or a model file; an EXPRESSION is built of names, numbers "
    "and functions.",
    examples=(
        ('glassnet draw "a*b+c" --given a=2,b=-3,c=10', "tables in the terminal"),
        ('glassnet draw "a*b+c" --given a=2,b=-3,c=10 --output graph.svg', "a picture"),
        ("glassnet draw --layers 2-2-1 --x 1,0 --y 1 --grain scalar", "number by number"),
        ("glassnet draw last --index 7 --output digit.svg", "a trained network"),
    ),
)
_SUFFIXES = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid", ".json": "json"}


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, OPTIONS)
    if parsed.flag("help"):
        return PAGE.show(OPTIONS)
    index_beside(parsed)
    format = _format(parsed)
    try:
        graph = _graph(parsed)
    except (UsageError, OSError):  # a file's trouble is no mistake in what was typed
        raise
    except GlassnetError as problem:
        words = re.sub("^(explain|draw): ", "", str(problem)).replace("grain='tensor'", "--grain tensor")
        words = re.sub(r"(got the name .* Try )(\w+=)", r"\1--given \2", words)
        raise UsageError(words) from None
    return _shown(graph, parsed, format)


def _format(parsed: Parsed) -> str | None:
    """The format that was asked for, by name or by the name of the file; None for tables."""
    path, format = parsed.values.get("output"), parsed.values.get("format")
    if path is None or format is not None:
        return format
    suffix = path[path.rfind(".") :].lower() if "." in path else ""
    if suffix not in _SUFFIXES and suffix != ".txt":
        got = f"got --output {shown(path)}"
        expected = f"expected a name that ends in {', '.join(_SUFFIXES)} or .txt"
        raise UsageError(complain(got, expected, "Try --output graph.svg"))
    return _SUFFIXES.get(suffix)


def _shown(graph: Graph, parsed: Parsed, format: str | None) -> int:
    terminal, path = Terminal(sys.stdout), parsed.values.get("output")
    if path is not None:
        text = graph.text(100) + "\n" if format is None else graph.render(format)
        write_atomic(path, text.encode())
        terminal.say(f"Written to {shown(path)}: {len(graph.nodes):,} nodes, {len(graph.edges):,} edges.")
    elif format is not None:
        sys.stdout.write(graph.render(format).rstrip("\n") + "\n")
    else:
        terminal.say(*graph.text(terminal.width, terminal.colour, terminal.unicode).splitlines())
        if "layers" in parsed.values and "weights" not in parsed.values:
            terminal.say("", *wrapped(origin_of_weights(parsed.values.get("seed", 0)), terminal.width))
    return 0


def _graph(parsed: Parsed) -> Graph:
    if len(parsed.arguments) + ("layers" in parsed.values) != 1:
        named = [*(["--layers"] if "layers" in parsed.values else []), *map(shown, parsed.arguments)]
        got = f"got {' and '.join(named) or 'nothing'} to draw"
        expected = "expected one of --layers, a model or an expression"
        raise UsageError(complain(got, expected, 'Try glassnet draw "a*b+c" --given a=2,b=-3,c=10'))
    if "layers" in parsed.values:
        return _network(parsed)
    word = parsed.arguments[0]
    typed = "given" in parsed.values
    looks = looks_typed(word, typed) and not os.path.exists(word)
    return _expression(word, parsed) if typed or (looks and "index" not in parsed.values) else _model(parsed)


def _how(parsed: Parsed) -> dict[str, Any]:
    return {"grain": parsed.values.get("grain", "tensor"), "digits": parsed.values.get("digits", 3)}


# ---- an expression ---------------------------------------------------------------------------------------------------


def _expression(text: str, parsed: Parsed) -> Graph:
    y, names = computed(text, parsed)
    return draw(y, names=names, title=text, **_how(parsed))


# ---- a network typed in, or a saved one ------------------------------------------------------------------------------


def _network(parsed: Parsed) -> Graph:
    values = parsed.values
    sizes, loss = values["layers"], values.get("loss")
    last = values.get("last", "sigmoid" if loss == "bce" else "none")
    model = typed_network(
        sizes, values.get("weights"), values.get("activation", "sigmoid"), last, values.get("seed", 0)
    )
    x = values.get("x", (1.0,) * sizes[0])
    if len(x) != sizes[0]:
        hint = f"Try --x {','.join(['1'] * min(sizes[0], 8))}"
        raise UsageError(complain(f"got {len(x)} numbers in --x", f"expected {sizes[0]}", hint))
    title = f"A network of {'-'.join(map(str, sizes))}"
    return draw(model, np.array(x), _target(parsed, sizes[-1]), loss=loss, title=title, **_how(parsed))


def _target(parsed: Parsed, outputs: int) -> Any:
    """What --y says: numbers, or the number of a class."""
    y, loss = parsed.values.get("y"), parsed.values.get("loss")
    hint = f"Try --y {','.join(['1'] * min(outputs, 8))}"
    if y is None:
        if loss is not None:
            raise UsageError(complain("got --loss without --y", "expected a target", hint))
        return None
    if loss == "cross-entropy" or (loss is None and outputs > 1 and len(y) == 1):
        return int(y[0])
    if len(y) != outputs:
        raise UsageError(complain(f"got {len(y)} numbers in --y", f"expected {outputs}", hint))
    return np.array(y)


def _model(parsed: Parsed) -> Graph:
    path, values = model_path(parsed.arguments[0]), parsed.values
    trained = load_trained(path)
    trained.model.eval()
    truth = None
    if "x" in values:
        features = trained.prepare.features
        if len(values["x"]) != features:
            hint = f"Try --x {','.join(['0.5'] * min(features, 8))}"
            raise UsageError(complain(f"got {len(values['x'])} numbers in --x", f"expected {features}", hint))
        x = np.array(values["x"], np.float32).reshape(trained.prepare.shape)
    else:
        data, index = data_of(trained, path), values.get("index", 0)
        if index >= len(data.x_test):
            last = len(data.x_test) - 1
            raise UsageError(complain(f"got --index {index}", f"expected 0 to {last}", f"Try --index {last}"))
        x, truth = data.x_test[index], data.y_test[index].tolist()
    y = _target(parsed, max(1, len(trained.classes))) if "y" in values else truth
    known = y if trained.task == "classification" or "y" in values else None
    return draw(trained.model, trained.prepare(x[None])[0], known, loss=values.get("loss"),
                title=f"The network in {shown(path)}", **_how(parsed))  # fmt: skip
