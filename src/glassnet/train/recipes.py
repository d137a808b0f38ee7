"""Settings that work: for every kind of data set and for every taste, so that a command needs no options.

`default` learns quickly, `good` learns as well as the same network can, `fast` is the shortest way to 97 % of MNIST.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from glassnet.data.registry import DataSet
from glassnet.train.parts import OPTIMIZERS
from glassnet.train.settings import Settings

RECIPES = ("default", "good", "fast")


class Recipe(NamedTuple):
    """Settings for data of a certain size; with less data, each example is seen more often."""

    settings: Settings
    examples: int  # how many there are to learn from where the settings were found
    most_epochs: int

    def for_examples(self, n: int) -> Settings:
        """The settings with as many epochs as show the network what it would have seen of the full size."""
        epochs = self.settings.epochs * max(1.0, self.examples / n)
        return replace(self.settings, epochs=max(self.settings.epochs, min(round(epochs), self.most_epochs)))


# Batch sizes that divide MNIST's 60,000 examples leave no short batch, for which a step would be compiled again.
_QUICK = Settings(learning_rate=0.1, batch_size=120, epochs=3)
_GOOD = Settings(
    optimizer="adamw", learning_rate=0.005, weight_decay=0.1, schedule="one-cycle", warm_up=0.0, batch_size=120,
    epochs=12,
)  # fmt: skip
_FAST = Settings(learning_rate=0.07, warm_up=0.2, batch_size=80, epochs=1)
_POINTS = Settings(
    hidden=(64, 64), optimizer="adamw", learning_rate=0.01, schedule="cosine", batch_size=20, epochs=5
)  # fmt: skip
_CURVES = replace(_POINTS, activation="tanh", batch_size=10)

IMAGES = {"default": Recipe(_QUICK, 60_000, 60), "good": Recipe(_GOOD, 60_000, 120), "fast": Recipe(_FAST, 60_000, 30)}
POINTS = {
    "default": Recipe(_POINTS, 8_000, 500),
    "good": Recipe(_POINTS, 40_000, 2500),
    "fast": Recipe(_POINTS, 3_000, 200),
}
CURVES = {
    "default": Recipe(_CURVES, 9_600, 500),
    "good": Recipe(_CURVES, 40_000, 2500),
    "fast": Recipe(_CURVES, 3_000, 200),
}


def recipe_for(data: DataSet, recipe: str = "default", **chosen: Any) -> Settings:
    """The recipe's settings for a data set, with those in their place that somebody has chosen.

    Another optimiser brings its own rate with it, unless a rate was chosen too; LBFGS and Rprop also take all examples
    at once.

    >>> from glassnet.data.datasets import load_dataset
    >>> settings = recipe_for(load_dataset("moons"), optimizer="sgd", batch_size=10)
    >>> settings.learning_rate, settings.epochs, settings.hidden
    (0.1, 100, (64, 64))
    """
    table = CURVES if data.task == "regression" else IMAGES if data.x_train.ndim > 2 else POINTS
    settings = table[recipe].for_examples(len(data.x_train))
    optimizer = chosen.get("optimizer", settings.optimizer)
    if optimizer != settings.optimizer:
        chosen = {**_usual(optimizer), **chosen}
    return replace(settings, **chosen)


def _usual(optimizer: str) -> dict[str, Any]:
    rule = OPTIMIZERS[optimizer]
    whole = {"batch_size": 0, "warm_up": 0.0, "schedule": "constant"} if rule.whole else {}
    return {"learning_rate": rule.rate, "weight_decay": 0.0, **whole}
