"""Everything that can be chosen about a training: one dataclass, from which the command line takes its options.

A field of `Settings` is a setting, an option of `glassnet train`, an entry of `result.json` and a line of the help
page. Its default is the default recipe for images; `recipes` has the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from glassnet.errors import ValueRangeError, complain
from glassnet.train.kinds import Choice, Kind, PerClass, Real, Several, Sizes, Whole, WholeOrAll
from glassnet.train.parts import ACTIVATIONS, AUGMENTATIONS, INITS, NORMALIZATIONS, OPTIMIZERS, WITH_MOMENTUM
from glassnet.train.schedule import PLATEAU, SCHEDULES

# of validation examples; which there are depends on the task
MONITORS = ("loss", "accuracy", "exact", "rmse", "mae", "r2")


class Setting(NamedTuple):
    """What is known of one setting besides its value."""

    name: str
    kind: Kind
    says: str
    aliases: tuple[str, ...]


def _setting(default: Any, kind: Kind, says: str, *aliases: str) -> Any:
    return field(default=default, metadata={"kind": kind, "says": says, "aliases": aliases})


@dataclass(frozen=True)
class Settings:
    """How a network is made and trained.

    Raises `ValueRangeError` for a value outside its range and for settings that contradict each other.

    >>> Settings(hidden=(32,), epochs=5).hidden
    (32,)
    >>> Settings(dropout=1.0)
    Traceback (most recent call last):
        ...
    glassnet.errors.ValueRangeError: got dropout=1.0; expected a number of at least 0 and below 1. Try dropout=0.1.
    """

    hidden: tuple[int, ...] = _setting((128, 64), Sizes(), "sizes of the hidden layers")
    activation: str = _setting("relu", Choice(tuple(ACTIVATIONS)), "what each hidden layer applies to its sums")
    init: str = _setting("default", Choice(tuple(INITS)), "how the weights start")
    optimizer: str = _setting("sgd", Choice(tuple(OPTIMIZERS)), "the rule by which the weights are updated")
    learning_rate: float = _setting(0.1, Real(open=True, example="0.1"), "the size of the updates at its highest", "lr")
    momentum: float = _setting(
        0.9, Real(below=1.0, example="0.9"), "how much of the last update goes on (sgd, rmsprop)"
    )
    schedule: str = _setting("linear", Choice((*SCHEDULES, PLATEAU)), "how the rate changes while training goes on")
    warm_up: float = _setting(0.1, Real(below=1.0), "the share of the training in which the rate rises to its highest")
    plateau_patience: int = _setting(
        5, Whole(1, example="5"), "epochs without a better figure after which the rate is cut (plateau)"
    )
    plateau_factor: float = _setting(
        0.5, Real(below=1.0, open=True, example="0.5"), "what is left of the rate after a cut (plateau)"
    )
    batch_size: int = _setting(128, WholeOrAll(1, example="128"), "examples for each update")
    epochs: int = _setting(2, Whole(1, most=10_000_000, example="10"), "how often each example is seen")
    dropout: float = _setting(0.0, Real(below=1.0), "the share of hidden units left out at each step")
    weight_decay: float = _setting(0.0, Real(below=1e6, example="0.01"), "how strongly weights are pulled to zero")
    label_smoothing: float = _setting(0.0, Real(below=1.0), "how much certainty is shared among the other classes")
    seed: int = _setting(
        0, Whole(0, most=2**63 - 1, example="1"), "where the random numbers start: same seed, same run"
    )

    validation: float = _setting(0.0, Real(below=1.0), "the share of examples held out to choose the best epoch by")
    patience: int = _setting(0, Whole(0, example="10"), "epochs without a better figure until it stops (0: none)")
    min_delta: float = _setting(0.0, Real(example="0.001"), "how much better counts as better")
    monitor: str = _setting("loss", Choice(MONITORS), "the figure of the validation examples that decides")
    clip_norm: float = _setting(0.0, Real(example="5"), "the longest that all gradients together may be (0: any)")
    clip_value: float = _setting(0.0, Real(example="1"), "the largest number that a gradient may have (0: any)")
    l1: float = _setting(0.0, Real(below=1e6, example="0.0001"), "penalty on absolute weights")
    l2: float = _setting(0.0, Real(below=1e6, example="0.0001"), "penalty on squared weights")
    max_norm: float = _setting(0.0, Real(example="3"), "the longest that the weights into a unit may be (0: any)")
    accumulate: int = _setting(1, Whole(1, most=1_000_000, example="4"), "batches whose gradients make one update")
    ema: float = _setting(0.0, Real(below=1.0, example="0.999"), "decay of a running average of weights (0: none)")
    mixup: float = _setting(0.0, Real(below=100.0, example="0.2"), "how strongly pairs of examples are mixed (0: none)")
    class_weight: str = _setting(
        "none",
        PerClass(("none", "balanced")),
        "how much classes count: balanced lets rare ones count as much as others",
    )
    time_budget: float = _setting(0.0, Real(example="60"), "seconds after which it stops (0: none)")

    normalization: str = _setting("none", Choice(tuple(NORMALIZATIONS)), "what keeps each layer's sums on one scale")
    augment: str = _setting("none", Several(AUGMENTATIONS), "changes that training images undergo at every look")
    augment_strength: float = _setting(1.0, Real(below=100.0, example="0.5"), "how far augmentation goes")

    def __post_init__(self) -> None:
        for setting in Settings.all():
            setting.kind.check(setting.name, getattr(self, setting.name))
        if self.optimizer == "lbfgs" and (self.batch_size or self.dropout):
            got = f"got lbfgs with batch_size={self.batch_size}, dropout={self.dropout:g}"
            expected = "expected all examples at once and no dropout: it compares losses along a line"
            raise ValueRangeError(complain(got, expected, "Try batch_size=0 (--batch-size all), dropout=0"))
        for name in ("clip_norm", "clip_value", "mixup"):
            if self.optimizer == "lbfgs" and getattr(self, name):
                got = f"got lbfgs with {name}={getattr(self, name):g}"
                raise ValueRangeError(complain(got, "expected the bare step: it compares losses", "Try adam"))

    @classmethod
    def all(cls) -> list[Setting]:
        """The settings in order.

        >>> [setting.name for setting in Settings.all()[:3]]
        ['hidden', 'activation', 'init']
        """
        return [Setting(f.name, f.metadata["kind"], f.metadata["says"], f.metadata["aliases"]) for f in fields(cls)]

    def as_dict(self) -> dict[str, Any]:
        """The settings by name, as they are written into files; the momentum only where it has an effect."""
        shown = {f.name: getattr(self, f.name) for f in fields(self)}
        if self.optimizer not in WITH_MOMENTUM:
            shown["momentum"] = None
        return {**shown, "hidden": list(self.hidden)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """The settings that `as_dict` described; what it does not name has its default.

        >>> Settings.from_dict(Settings(hidden=(8,), optimizer="adam").as_dict()).hidden
        (8,)
        """
        known = {setting.name for setting in cls.all()}
        given = {name: value for name, value in values.items() if name in known and value is not None}
        return cls(**{**given, "hidden": tuple(given.get("hidden", cls.hidden))})
