"""`glassnet explain MODEL --figure NAME`: where a figure of a report comes from."""

from __future__ import annotations

from glassnet.cli.models import check_fits, data_of
from glassnet.cli.options import Parsed, UsageError
from glassnet.cli.terminal import Terminal
from glassnet.errors import ValueRangeError, complain
from glassnet.files.os_errors import shown
from glassnet.read.document import Document
from glassnet.train.run_story import RUN_FIGURES, tell_run_figure
from glassnet.train.runs import Run, is_run
from glassnet.train.score_story import FIGURES, tell_figure, tell_parameters
from glassnet.train.trained import Trained

ALL_FIGURES = (*FIGURES, *RUN_FIGURES)
_OF_EPOCHS = ("epoch-loss", "rate")
_OF_EXAMPLES = ("index", "x", "y", "layer", "unit", "weight", "grain", "rate", "optimizer")


def figure_of(trained: Trained, path: str, parsed: Parsed) -> Document:
    """How a figure of a model was worked out, from the test examples of the data it was trained on."""
    name, values = parsed.values["figure"], parsed.values
    clash = next((f"--{key}" for key in _OF_EXAMPLES if key in values), None) or ("--why" * parsed.flag("why"))
    if clash or len(parsed.arguments) > 1:
        got = f"got --figure with {clash or shown(parsed.arguments[1])}"
        hint = f"Try glassnet explain {shown(path)} --figure {name}"
        raise UsageError(complain(got, "expected a model alone: a figure is of all test examples", hint))
    if "epoch" in values and name not in _OF_EPOCHS:
        got, hint = f"got --epoch with --figure {name}", f"Try --figure {_OF_EPOCHS[0]} --epoch {values['epoch']}"
        raise UsageError(complain(got, f"expected it with {' or '.join(_OF_EPOCHS)}", hint))
    if name in RUN_FIGURES:
        return _of_run(trained, path, parsed)
    if name == "parameters":
        return tell_parameters(trained.model)
    data = data_of(trained, path)
    check_fits(trained, data)
    learnt = not len(data.x_test)
    test = trained.evaluate(*((data.x_train, data.y_train) if learnt else (data.x_test, data.y_test)))
    part = "training" if learnt else "test"
    try:
        return tell_figure(name, test, data.classes, values.get("class"), of=part, most=values.get("most", 6))
    except ValueRangeError as problem:
        said, _, near = str(problem).rpartition("Try ")
        option = "--class" if said.startswith("got class") else "--figure"
        said = said.replace("got class", "got --class").replace("got the figure", "got --figure")
        raise UsageError(f"{said}Try {option} {near}") from None


def _of_run(trained: Trained, path: str, parsed: Parsed) -> Document:
    """A figure that the training printed as it went."""
    name, values = parsed.values["figure"], parsed.values
    if not is_run(path):
        got, hint = f"got --figure {name} with a model file", "Try the folder that `glassnet train` named"
        raise UsageError(complain(got, "expected a run folder, which has the history", hint))
    try:
        return tell_run_figure(
            name, Run(path), values.get("epoch"), lambda: data_of(trained, path), most=values.get("most", 6)
        )
    except ValueRangeError as problem:
        said = str(problem).replace("got epoch", "got --epoch").replace("Try ", "Try --epoch ")
        raise UsageError(said) from None


def list_figures(terminal: Terminal) -> int:
    """Every figure that can be asked for."""
    width = max(map(len, ALL_FIGURES))
    says = dict.fromkeys(FIGURES, "a figure of `evaluate` and `report`") | {"parameters": "how many numbers it learns"}
    terminal.say(*(f"{terminal.bold(f'{name:<{width}}')}  {text}" for name, text in (says | RUN_FIGURES).items()))
    return 0


def refuse_without_model(parsed: Parsed) -> None:
    """A figure is of a trained model, not of an example or a network typed in."""
    if "figure" in parsed.values and not parsed.arguments:
        got = "got --figure without a model"
        raise UsageError(
            complain(got, "expected a run folder or a model file", "Try glassnet explain runs/… --figure loss")
        )
