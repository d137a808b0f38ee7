"""`glassnet explain MODEL --figure NAME`: where a figure of a report comes from."""

from __future__ import annotations

from glassnet.cli.models import check_fits, data_of
from glassnet.cli.options import Parsed, UsageError
from glassnet.errors import ValueRangeError, complain
from glassnet.files.os_errors import shown
from glassnet.read.document import Document
from glassnet.train.score_story import tell_figure, tell_parameters
from glassnet.train.trained import Trained

_OF_EXAMPLES = ("index", "x", "y", "layer", "unit", "weight", "grain", "rate", "optimizer")


def figure_of(trained: Trained, path: str, parsed: Parsed) -> Document:
    """How a figure of a model was worked out, from the test examples of the data it was trained on."""
    name, values = parsed.values["figure"], parsed.values
    clash = next((f"--{key}" for key in _OF_EXAMPLES if key in values), None) or ("--why" * parsed.flag("why"))
    if clash or len(parsed.arguments) > 1:
        got = f"got --figure with {clash or shown(parsed.arguments[1])}"
        hint = f"Try glassnet explain {shown(path)} --figure {name}"
        raise UsageError(complain(got, "expected a model alone: a figure is of all test examples", hint))
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


def refuse_without_model(parsed: Parsed) -> None:
    """A figure is of a trained model, not of an example or a network typed in."""
    if "figure" in parsed.values and not parsed.arguments:
        got = "got --figure without a model"
        raise UsageError(
            complain(got, "expected a run folder or a model file", "Try glassnet explain runs/… --figure loss")
        )
