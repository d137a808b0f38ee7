"""Settings that work: for every kind of data set and for every taste, so that a command needs no options.

`default` learns quickly, `good` learns as well as the same network can, `fast` is the shortest way to 97 % of MNIST.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from glassnet.data.registry import DataSet
from glassnet.train.parts import OPTIMIZERS
from glassnet.train.settings import Settings

RECIPES = ("default", "good", "fast")

# Batch sizes that divide MNIST's 60,000 examples leave no short batch, for which a step would be compiled again.
IMAGES = {
    "default": Settings(learning_rate=0.1, batch_size=120, epochs=3),
    "good": Settings(optimizer="adamw", learning_rate=0.005, weight_decay=0.1, schedule="one-cycle", warm_up=0.0,
                     batch_size=120, epochs=12),
    "fast": Settings(learning_rate=0.07, warm_up=0.2, batch_size=80, epochs=1),
}  # fmt: skip
_POINTS = Settings(
    hidden=(32, 32), activation="tanh", optimizer="adamw", learning_rate=0.02, schedule="cosine", batch_size=32, epochs=60
)
POINTS = {"default": _POINTS, "good": replace(_POINTS, epochs=300), "fast": replace(_POINTS, epochs=30)}
_CURVES = replace(_POINTS, hidden=(64, 64), epochs=200, learning_rate=0.01)
CURVES = {"default": _CURVES, "good": replace(_CURVES, epochs=1000), "fast": replace(_CURVES, epochs=60)}


def recipe_for(data: DataSet, recipe: str = "default", **chosen: Any) -> Settings:
    """The recipe's settings for a data set, with those in their place that somebody has chosen.

    Another optimiser brings its own rate with it, unless a rate was chosen too; LBFGS and Rprop also take all examples
    at once.

    >>> from glassnet.data.datasets import load_dataset
    >>> settings = recipe_for(load_dataset("moons"), optimizer="sgd", epochs=5)
    >>> settings.learning_rate, settings.epochs, settings.hidden
    (0.1, 5, (32, 32))
    """
    table = CURVES if data.task == "regression" else IMAGES if data.x_train.ndim > 2 else POINTS
    settings = table[recipe]
    rule = OPTIMIZERS.get(chosen.get("optimizer", ""))
    if rule is not None and chosen["optimizer"] != settings.optimizer:
        chosen.setdefault("learning_rate", rule.rate)
        chosen.setdefault("weight_decay", 0.0)
        if rule.whole:
            chosen.setdefault("batch_size", 0)
            chosen.setdefault("warm_up", 0.0)
            chosen.setdefault("schedule", "constant")
    return replace(settings, **chosen)
