"""What `glassnet explain` has in common for a network typed in and a saved one: how finely to tell, and which step."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.cli.options import Parsed
from glassnet.read.document import Document
from glassnet.read.explain import explain
from glassnet.read.why import why

OPTIMIZERS = (
    "sgd", "momentum", "nesterov", "adam", "adamw", "nadam", "radam", "adamax", "rmsprop", "adagrad", "adadelta",
    "asgd", "rprop", "lbfgs",
)  # fmt: skip


def tell(model: Any, x: np.ndarray, y: Any, parsed: Parsed, title: str | None = None, inputs: Any = None) -> Document:
    """A document on an example, as the options say: why, or step by step.

    `inputs` names the inputs of the model.
    """
    values = parsed.values
    if parsed.flag("why"):
        digits = values.get("digits", 3)
        return why(model, x, values.get("class"), most=values.get("most", 6), digits=digits, inputs=inputs)
    optimizer = _optimizer(model, parsed) if "rate" in values or "optimizer" in values else None
    return explain(model, x, y, loss=values.get("loss"), optimizer=optimizer, title=title, **how(parsed))


def _optimizer(model: Any, parsed: Parsed) -> Any:
    from glassnet import optim

    name = parsed.values.get("optimizer", "sgd")
    if name == "lbfgs":  # as `train` has it
        return optim.LBFGS(model.parameters(), lr=parsed.values.get("rate", 1.0), line_search_fn="strong_wolfe")
    rate = parsed.values.get("rate", 0.1)
    if name in ("momentum", "nesterov"):
        return optim.SGD(model.parameters(), lr=rate, momentum=0.9, nesterov=name == "nesterov")
    kinds: list[type[optim.Optimizer]] = [kind for kind in vars(optim).values() if isinstance(kind, type)]
    made: Any = next(kind for kind in kinds if kind.__name__.lower() == name)
    return made(model.parameters(), lr=rate)


def how(parsed: Parsed) -> dict[str, Any]:
    """The options that say how finely to tell."""
    how = {key: parsed.values[key] for key in ("grain", "layer", "unit", "weight", "most") if key in parsed.values}
    return {**how, "gradcheck": parsed.flag("gradcheck")}
