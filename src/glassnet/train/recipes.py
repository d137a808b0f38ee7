"""Settings that work: for every kind of data set and for every taste, so that a command needs no options.

`default` learns quickly, `good` learns as well as the same network can, `fast` is the shortest way to 97 % of MNIST,
`best` takes a larger network and minutes where that pays, and is `good` elsewhere. `patient` begins with many epochs
and stops once examples that were set apart no longer gain by them. `NAMED` are recipes with a name of their own:
`glassnet train mnist-best` is `glassnet train mnist --recipe best`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from glassnet.data.registry import DataSet
from glassnet.train.parts import OPTIMIZERS
from glassnet.train.schedule import PLATEAU
from glassnet.train.settings import Settings

_HELD_OUT = 0.1  # of the examples, where patience is asked for and no share of validation examples

RECIPES = ("default", "good", "fast", "best", "patient")


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
    epochs=30, augment="shift",
)  # fmt: skip
_BEST = replace(
    _GOOD, hidden=(1024, 512), normalization="batch", learning_rate=0.008, batch_size=250, epochs=54,
    augment="shift+rotate+scale+shear+elastic",
)  # fmt: skip
# Clothes stand straight and in the middle: only left and right can be exchanged.
_CLOTHES = replace(
    _GOOD, hidden=(512, 256), normalization="batch", dropout=0.2, batch_size=200, epochs=24, augment="flip"
)  # fmt: skip
_FAST = Settings(learning_rate=0.07, warm_up=0.2, batch_size=80, epochs=1)
_POINTS = Settings(
    hidden=(64, 64), optimizer="adamw", learning_rate=0.01, schedule="cosine", batch_size=20, epochs=5
)  # fmt: skip
_CURVES = replace(_POINTS, activation="tanh", batch_size=10)

IMAGES = {
    "default": Recipe(_QUICK, 60_000, 60),
    "good": Recipe(_GOOD, 60_000, 120),
    "fast": Recipe(_FAST, 60_000, 30),
    "best": Recipe(_BEST, 60_000, 240),
}
CLOTHES = {**IMAGES, "good": Recipe(_CLOTHES, 60_000, 240), "best": Recipe(_CLOTHES, 60_000, 240)}
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
# Small tables are learnt by heart unless something stands against it: weight decay and dropout.
_TABLE = Settings(
    hidden=(64, 32), optimizer="adamw", learning_rate=0.005, weight_decay=1.0, dropout=0.2, schedule="cosine",
    batch_size=32, epochs=5,
)  # fmt: skip
TABLES = {
    "default": Recipe(_TABLE, 3_000, 300),
    "good": Recipe(_TABLE, 12_000, 1000),
    "fast": Recipe(_TABLE, 1_000, 100),
}
for _table in (POINTS, CURVES, TABLES):
    _table["best"] = _table["good"]


def _patient(usual: Recipe, longer: int, patience: int) -> Recipe:
    """So many times the epochs; the rate is cut where nothing is gained, and where still nothing is, it stops."""
    waits = replace(usual.settings, schedule=PLATEAU, plateau_patience=max(1, patience // 3), patience=patience)
    return Recipe(waits, longer * usual.examples, longer * usual.most_epochs)


for _table in (IMAGES, CLOTHES):
    _table["patient"] = _patient(_table["default"], 10, 6)
for _table in (POINTS, CURVES, TABLES):
    _table["patient"] = _patient(_table["default"], 4, 15)

_LARGE = {"hidden": (128, 64), "batch_size": 128, "dropout": 0.0, "weight_decay": 0.01}
_HUGE = {**_LARGE, "batch_size": 512}

NAMED = {
    "mnist-good": ("mnist", "good"),
    "mnist-best": ("mnist", "best"),
    "fashion": ("fashion_mnist", "good"),
    "spirals": ("spiral", "default"),
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
    settings = _table_of(data)[recipe].for_examples(len(data.x_train))
    if _is_table(data) and len(data.x_train) >= 10_000:
        settings = replace(settings, **(_HUGE if len(data.x_train) >= 100_000 else _LARGE))
    optimizer = chosen.get("optimizer", settings.optimizer)
    if optimizer != settings.optimizer:
        chosen = {**_usual(optimizer), **chosen}
    if chosen.get("patience", settings.patience) and not hasattr(data, "x_valid"):
        chosen = {"validation": _HELD_OUT, **chosen}  # something has to tell when it is time to stop
    return replace(settings, **chosen)


def _table_of(data: DataSet) -> dict[str, Recipe]:
    if _is_table(data):
        return TABLES
    if data.task == "regression":
        return CURVES
    images = CLOTHES if data.name == "fashion_mnist" else IMAGES
    return images if data.x_train.ndim > 2 else POINTS


def _is_table(data: DataSet) -> bool:
    """Whether the examples are encoded rows, which know what of them is embedded."""
    return getattr(data, "embedded", None) is not None


def _usual(optimizer: str) -> dict[str, Any]:
    rule = OPTIMIZERS[optimizer]
    whole = {"batch_size": 0, "warm_up": 0.0, "schedule": "constant"} if rule.whole else {}
    return {"learning_rate": rule.rate, "weight_decay": 0.0, **whole}
