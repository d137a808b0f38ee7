"""`glassnet probe`: what a network does inside, and what networks, optimisers and activations can do at all."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet import optim
from glassnet.cli.help import Page
from glassnet.cli.models import data_of, load_trained
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.probe_measured import FIGURE, depth, figure_of, rates, refuse_figure, show_figure, width
from glassnet.cli.probe_terminal import in_characters
from glassnet.cli.terminal import Terminal
from glassnet.data.datasets import DataSet
from glassnet.errors import GlassnetError, complain
from glassnet.files.atomic import write_atomic
from glassnet.files.os_errors import shown
from glassnet.read.capacity_width import CURVES
from glassnet.read.descent_paths import GROUNDS, Ground, Path, descend, paths_svg
from glassnet.read.draw_chart import Span
from glassnet.read.folds import folds, pieces_along
from glassnet.read.hidden import Grid, hidden, on_grid
from glassnet.read.probe_activations import ACTIVATIONS, activation_table
from glassnet.read.probe_collapse import collapse, without_activations
from glassnet.read.probe_json import probe_json
from glassnet.read.surface import loss_slice, loss_surface, weight_surface
from glassnet.train.kinds import Choice, Numbers, Real, Several, Sizes, Text, Whole, nearest
from glassnet.train.stories.ground import (
    EXAMPLES,
    REACH,
    REACH_OF_WEIGHTS,
    SLICE_POINTS,
    SURFACE_POINTS,
    learnt,
    two_weights,
)
from glassnet.train.stories.plane import box_of, with_preparation
from glassnet.train.trained import Trained

_WALKERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "sgd": (optim.SGD, {"lr": 0.05}),
    "momentum": (optim.SGD, {"lr": 0.02, "momentum": 0.9}),
    "nesterov": (optim.SGD, {"lr": 0.02, "momentum": 0.9, "nesterov": True}),
    "adam": (optim.Adam, {"lr": 0.1}),
    "adamw": (optim.AdamW, {"lr": 0.1}),
    "nadam": (optim.NAdam, {"lr": 0.1}),
    "radam": (optim.RAdam, {"lr": 0.1}),
    "adamax": (optim.Adamax, {"lr": 0.1}),
    "rmsprop": (optim.RMSprop, {"lr": 0.05}),
    "adagrad": (optim.Adagrad, {"lr": 0.5}),
    "adadelta": (optim.Adadelta, {"lr": 1.0, "rho": 0.9, "eps": 1e-3}),
    "asgd": (optim.ASGD, {"lr": 0.05}),
    "rprop": (optim.Rprop, {"lr": 0.05}),
    # two iterations to a step: with one, a line search that finds nothing would start from the same slope for ever
    "lbfgs": (optim.LBFGS, {"lr": 1.0, "max_iter": 2, "line_search_fn": "strong_wolfe"}),
}
_AS_LONG_AS_STEEP = ("sgd", "momentum", "nesterov", "asgd", "radam")  # whose (first) steps grow with the slope
_OF_MODELS = ("hidden", "units", "folds", "collapse", "slice", "surface")
_OF_NONE = ("activations", "descent", "width", "depth")
_SEEN = {
    "hidden": "each layer in 2-D; can a line part the classes?",
    "units": "what each unit of a layer gives over the plane",
    "folds": "where ReLUs bend; how many linear regions",
    "collapse": "what is left without activations: one layer",
    "slice": "the loss along a direction",
    "surface": "the loss over two directions or two weights",
    "activations": "activation functions with their derivatives",
    "descent": "the ways that optimisers take downhill",
    "width": "how near one hidden layer comes to a curve",
    "depth": "width against depth at equal parameters",
}
_FORMATS = ("svg", "json")
_FEW = 16  # lines that are shown although there is a picture
OPTIONS = [
    Option("layer", Whole(0, example="2"), "a layer, counted from 1 (0 are the inputs)", (), "Of a model", "the last"),
    Option("box", Numbers("-1,1,-1,1"), "the part of the plane: from, to, from, to", (), "Of a model", "the data's"),
    Option("n", Whole(1, example="500"), "how many examples to look at", (), "Of a model", "500"),
    Option("index", Whole(0, example="7"), "of many inputs: the test example to start from", (), "Of a model", "0"),
    Option("to", Whole(0, example="8"), "and the one to go to", (), "Of a model", "1"),
    Option("along", Choice(("gradient", "random")), "the direction of a slice", (), "Of a model", "gradient"),
    Option("weights", Text("0.weight[0,1],2.bias[0]", "W,W", "two weights"), "two weights for a surface", (),
           "Of a model", "random directions"),
    Option("reach", Real(open=True, example="1"), "how far to go, in lengths of the weights", (), "Of a model", "1"),
    Option("points", Whole(2, 201, example="25"), "how many to each side of a slice or a surface", (), "Of a model"),
    Option("ground", Choice(tuple(GROUNDS)), "the function to walk down", ("function",), "Without a model", "valley"),
    Option("optimizer", Several(tuple(_WALKERS)), "who walks", (), "Without a model", "sgd+momentum+adam"),
    Option("rate", Numbers("0.05"), "the learning rate, or several to walk with", (), "Without a model",
           "one that suits"),
    Option("start", Numbers("-2,1"), "where the walk begins", (), "Without a model", "the ground's"),
    Option("steps", Whole(1, 1_000_000, example="100"), "how many steps", (), "Without a model", "100; 1500 to learn"),
    Option("curve", Choice(tuple(CURVES)), "what one hidden layer shall follow", (), "Without a model", "sine"),
    Option("widths", Sizes(10_000, "2,4,8"), "widths to try", (), "Without a model", "2,4,8,16,32,64"),
    Option("depths", Sizes(20, "1,2,3"), "depths to try", (), "Without a model", "1,2,3,4"),
    Option("parameters", Whole(10, 100_000, example="300"), "how many each may have", (), "Without a model", "300"),
    Option("names", Several(tuple(ACTIVATIONS)), "which activations", (), "Without a model", "all"),
    FIGURE,
    Option("seed", Whole(0, example="1"), "where random numbers start", (), "How", "0"),
    Option("format", Choice(_FORMATS), "how to write it", (), "Output", "a table; by --output's name"),
    Option("output", Text("probe.svg", "FILE", "a file"), "write into this file", (), "Output"),
    Option("help", None, "show this page", (), "Output"),
]  # fmt: skip
PAGE = Page(
    usage="glassnet probe [MODEL] VIEW [options]",
    says="Look inside a trained network, or measure what networks can do. MODEL is a run (its folder, its name in "
    "`runs`, or last) or a model file.",
    examples=(
        ("glassnet probe last hidden --output hidden.svg", "how layers part classes"),
        ("glassnet probe last folds", "count its linear regions"),
        ("glassnet probe last surface --output loss.svg", "the ground it stands on"),
        ("glassnet probe descent --ground rosenbrock --optimizer adam+lbfgs", "two ways down"),
        ("glassnet probe descent --optimizer sgd --rate 0.001,0.05,0.11", "three rates"),
        ("glassnet probe activations --names sigmoid+relu", "their curves"),
        ("glassnet probe width", "how many units for a sine"),
        ("glassnet probe width --widths 8 --figure built", "where a number of it comes from"),
    ),
    commands=tuple(_SEEN.items()),
)


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, OPTIONS)
    if parsed.flag("help"):
        return _help()
    path, view = _asked(parsed)
    format = _format(parsed)
    refuse_figure(path, view, parsed)
    try:
        result, picture = _VIEWS[view](parsed) if path is None else _of_model(path, view, parsed)
        told = figure_of(view, result, parsed) if "figure" in parsed.values else None
    except UsageError:
        raise
    except (ValueError, RuntimeError, NotImplementedError) as problem:
        if isinstance(problem, GlassnetError) and not isinstance(problem, OSError):
            words = re.sub(r"^(explain|on_grid|descend|weight_surface): ", "", str(problem))
            words = re.sub(r"\b(layer|start)=(\d+|\([^()]*\))", _option, words)
            raise UsageError(words) from None
        raise
    return _shown(result, picture, parsed, format) if told is None else show_figure(told, parsed, format)


def _option(found: re.Match[str]) -> str:
    """layer=2 or start=(-2.5, 1.0) as they are typed here."""
    return f"--{found[1]} {found[2].strip('()').rstrip(',').replace(' ', '')}"


def _help() -> int:
    terminal = Terminal(sys.stdout)
    lines = PAGE.lines(OPTIONS, terminal)
    terminal.say(*(line.replace("Commands", "Views") if "Commands" in line else line for line in lines))
    return 0


def _asked(parsed: Parsed) -> tuple[str | None, str]:
    """The model, if there is one, and the view."""
    views = [word for word in parsed.arguments if word in _SEEN]
    others = [word for word in parsed.arguments if word not in _SEEN]
    if len(views) > 1 or len(others) > 1 or not parsed.arguments:
        got = f"got {' and '.join(map(shown, parsed.arguments)) or 'nothing'} to look at"
        expected = f"expected one of {', '.join(_OF_NONE)}, or a model and one of {', '.join(_OF_MODELS)}"
        near = nearest(others[-1], _SEEN) if len(others) == 2 else (views[0] if others and views else None)
        hint = f"Try glassnet probe {others[0]} {near}" if near else "Try glassnet probe activations"
        raise UsageError(complain(got, expected, hint))
    view = views[0] if views else "hidden"
    if not others and view in _OF_MODELS:
        hint = f"Try glassnet probe last {view}"
        raise UsageError(complain(f"got {view} without a model", "expected a run folder or a model file", hint))
    if others and view in _OF_NONE:
        near = nearest(others[0], _SEEN)
        hint = f"Try glassnet probe {near or view}"
        raise UsageError(complain(f"got {shown(others[0])} with {view}", "expected no model for that", hint))
    return (others[0] if others else None), view


def _format(parsed: Parsed) -> str | None:
    path, format = parsed.values.get("output"), parsed.values.get("format")
    if path is None or format is not None:
        return format
    suffix = path[path.rfind(".") + 1 :].lower() if "." in path else ""
    if suffix not in (*_FORMATS, "txt"):
        got, expected = f"got --output {shown(path)}", "expected a name that ends in .svg, .json or .txt"
        raise UsageError(complain(got, expected, "Try --output probe.svg"))
    return None if suffix == "txt" else suffix


def _shown(result: Any, picture: Callable[[], str], parsed: Parsed, format: str | None) -> int:
    terminal, path = Terminal(sys.stdout), parsed.values.get("output")
    lines = _text(result)
    text = "\n".join(lines) if format is None else picture() if format == "svg" else probe_json(result)
    if path is not None:
        write_atomic(path, (text.rstrip("\n") + "\n").encode())
        terminal.say(*(lines if len(lines) <= _FEW else []), f"Written to {shown(path)}.")
    elif format is not None:
        sys.stdout.write(text.rstrip("\n") + "\n")
    else:
        terminal.say(terminal.bold(lines[0]), *lines[1:], *in_characters(result, terminal))
    return 0


def _text(result: Any) -> list[str]:
    """The lines that tell a result."""
    if isinstance(result, list):  # of paths
        first = result[0].ground
        wide = max(len(path.name) for path in result)
        return [f"{first.name}: {first.formula}", *(f"{path.name:<{wide}}  {path.tell()}" for path in result)]
    return result.text().splitlines()


# ---- of a model ------------------------------------------------------------------------------------------------------


def _of_model(path: str, view: str, parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    trained = load_trained(path)
    trained.model.eval()
    if view == "collapse":
        collapsed = collapse(without_activations(trained.model))
        return collapsed, collapsed.svg
    return _ON_DATA[view](trained, data_of(trained, path), parsed)


def _examples(trained: Trained, data: DataSet, parsed: Parsed) -> tuple[np.ndarray, np.ndarray]:
    """Some test examples as the network sees them, and their targets."""
    n = parsed.values.get("n", 500)
    return trained.prepare(data.x_test[:n]), data.y_test[:n]


def _hidden(trained: Trained, data: DataSet, parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    x, y = _examples(trained, data, parsed)
    seen = hidden(trained.model, x, y if trained.task == "classification" else None)
    layer = parsed.values.get("layer")
    if layer is not None and layer >= len(seen.layers):
        last = len(seen.layers) - 1
        raise UsageError(complain(f"got --layer {layer}", f"expected 0 to {last}", f"Try --layer {last}"))
    return seen, lambda: seen.svg(None if layer is None else [0, layer])


def _units(trained: Trained, data: DataSet, parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    box = _box(trained, data, parsed)
    corners = trained.prepare(np.array(box, np.float64).T)  # the box as the network sees it
    (x0, y0), (x1, y1) = corners.tolist()
    last = max(1, len(list(trained.model)) - 1)
    grid = on_grid(trained.model, parsed.values.get("layer", last), ((x0, x1), (y0, y1)))
    grid = _Units(box, grid.values, grid.layer)
    return grid, grid.svg


class _Units(Grid):
    """A grid with a line for each unit."""

    def text(self) -> str:
        """The range of each unit, and where it is silent."""
        lines = [f"layer {self.layer.number}, {self.layer.name}: {self.values.shape[2]} units over the plane"]
        for k in range(self.values.shape[2]):
            v = self.values[..., k]
            lines.append(
                f"unit {k + 1:>3}: from {v.min():.3g} to {v.max():.3g}, 0 on {np.mean(v == 0):.1%}".replace("%", " %")
            )
        return "\n".join(lines)


def _box(trained: Trained, data: DataSet, parsed: Parsed) -> tuple[Span, Span]:
    """The part of the plane to look at, in the data's own numbers."""
    if trained.prepare.features != 2:
        got = f"got a network of {trained.prepare.features} inputs"
        raise UsageError(complain(got, "expected 2, a plane", "Try glassnet probe MODEL hidden"))
    box = parsed.values.get("box")
    if box is None:
        return box_of(data.x_test)
    if len(box) != 4 or not (box[0] < box[1] and box[2] < box[3]):
        got = f"got --box {','.join(f'{v:g}' for v in box)}"
        raise UsageError(complain(got, "expected four numbers: from, to, from, to", "Try --box -1,1,-1,1"))
    return (box[0], box[1]), (box[2], box[3])


def _folds(trained: Trained, data: DataSet, parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    if trained.prepare.features != 2:
        return _along(trained, data, parsed)
    found = folds(with_preparation(trained), _box(trained, data, parsed))
    n = parsed.values.get("n", 200)
    y = data.y_test[:n] if trained.task == "classification" else None
    return found, lambda: found.svg(data.x_test[:n].astype(np.float64), y)


def _along(trained: Trained, data: DataSet, parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    """Of more than two inputs: the straight pieces from one example to another."""
    ends = [parsed.values.get("index", 0), parsed.values.get("to", 1)]
    for name, k in zip(("index", "to"), ends, strict=True):
        if k >= len(data.x_test):
            last = len(data.x_test) - 1
            raise UsageError(complain(f"got --{name} {k}", f"expected 0 to {last}", f"Try --{name} {last}"))
    start, end = trained.prepare(data.x_test[ends])
    pieces = pieces_along(trained.model, start, end)
    return pieces, pieces.svg


def _slice(trained: Trained, data: DataSet, parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    x, y, loss = _learnt(trained, data, parsed)
    values = parsed.values
    found = loss_slice(trained.model, x, y, loss, values.get("along", "gradient"), values.get("reach", REACH),
                       values.get("points", SLICE_POINTS), values.get("seed", 0))  # fmt: skip
    return found, found.svg


def _surface(trained: Trained, data: DataSet, parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    (x, y, loss), values = _learnt(trained, data, parsed), parsed.values
    points = values.get("points", SURFACE_POINTS)
    if "weights" in values:
        chosen = _two_weights(values["weights"])
        found = weight_surface(trained.model, x, y, chosen, loss, values.get("reach", REACH_OF_WEIGHTS), points)
    else:
        reach, seed = values.get("reach", REACH), values.get("seed", 0)
        found = loss_surface(trained.model, x, y, loss, None, reach, points, seed)
    return found, found.svg


def _learnt(trained: Trained, data: DataSet, parsed: Parsed) -> tuple[np.ndarray, Any, Any]:
    """Some examples that were learnt from, and the loss."""
    return learnt(trained, data, parsed.values.get("n", EXAMPLES))


def _two_weights(text: str) -> tuple[Any, Any]:
    """0.weight[0,1],2.bias[0] as names and places."""
    found = two_weights(text)
    if found is None:
        got, expected = f"got --weights {shown(text)}", "expected two weights with their places"
        raise UsageError(complain(got, expected, "Try --weights '0.weight[0,1],2.bias[0]'"))
    return found


_ON_DATA: dict[str, Callable[[Trained, DataSet, Parsed], tuple[Any, Callable[[], str]]]] = {
    "hidden": _hidden, "units": _units, "folds": _folds, "slice": _slice, "surface": _surface,
}  # fmt: skip


# ---- without a model -------------------------------------------------------------------------------------------------


def _activations(parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    names = parsed.values.get("names")
    table = activation_table(None if names in (None, "none") else names.split("+"))
    return table, table.svg


def _descent(parsed: Parsed) -> tuple[Any, Callable[[], str]]:
    values = parsed.values
    ground = values.get("ground", "valley")
    names = values.get("optimizer", "sgd+momentum+adam")
    if names == "none":
        expected = f"expected some of {', '.join(_WALKERS)} with + between"
        raise UsageError(complain("got --optimizer none", expected, "Try --optimizer adam"))
    paths: list[Path] = []
    for name in names.split("+"):
        rule, options = _WALKERS[name]
        for rate in rates(parsed, _suiting(name, GROUNDS[ground])):
            here, steps = {**options, "lr": rate}, values.get("steps", 100)
            paths.append(descend(ground, rule, steps, values.get("start"), f"{name} {rate:g}", **here))
    return paths, lambda: paths_svg(paths)


def _suiting(name: str, ground: Ground) -> float:
    """The rate of a walker who was given none: smaller on steep ground, where steps grow with the slope."""
    usual = _WALKERS[name][1]["lr"]
    return usual * ground.rate / Ground.rate if name in _AS_LONG_AS_STEEP else usual


_VIEWS: dict[str, Callable[[Parsed], tuple[Any, Callable[[], str]]]] = {
    "activations": _activations, "descent": _descent, "width": width, "depth": depth,
}  # fmt: skip
