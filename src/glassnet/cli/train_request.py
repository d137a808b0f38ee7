"""What one call of `glassnet train` asks for: its options, its page of help, the data and settings that are meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from glassnet.cli.data import OWN_DATA, as_usage, dataset_options, load_named
from glassnet.cli.help import Page
from glassnet.cli.options import Option, Parsed, UsageError
from glassnet.data.datasets import DataSet
from glassnet.errors import complain
from glassnet.train.kinds import Choice, Text, Whole
from glassnet.train.machine import Blas, threads_that_pay
from glassnet.train.parts import WITH_DECAY, WITH_MOMENTUM
from glassnet.train.recipes import NAMED, RECIPES, recipe_for
from glassnet.train.schedule import PLATEAU
from glassnet.train.settings import Settings
from glassnet.train.weighting import class_weight_named

_GROUPS = {
    "Network": ("hidden", "activation", "init", "dropout", "normalization"),
    "Regularisation": (
        "weight_decay", "label_smoothing", "l1", "l2", "max_norm", "clip_norm", "clip_value", "mixup", "ema",
        "class_weight", "augment", "augment_strength",
    ),
    "Stopping": ("validation", "patience", "min_delta", "monitor", "time_budget"),
}  # fmt: skip
_RUN = "Run"


def options_for(dataset: str | None = None) -> list[Option]:
    """All options of the command, with those of one data set or of all."""
    settings = [
        Option(
            s.name, s.kind, s.says, s.aliases, next((g for g, names in _GROUPS.items() if s.name in names), "Learning")
        )
        for s in Settings.all()
    ]
    settings.sort(key=lambda option: ("Network", "Learning", *_GROUPS).index(option.group))
    run = [
        Option("recipe", Choice(RECIPES), "settings to start from", (), _RUN, "default"),
        Option("threads", Whole(1, 4096, "2"), "threads for products of matrices", (), _RUN, "as many as pay"),
        Option("output", Text(placeholder="FOLDER"), "a new folder for the model and the result", (), _RUN, "runs/…"),
        Option("resume", Text(placeholder="RUN"), "go on with a run that was stopped, from its checkpoint", (), _RUN),
        Option("tensorboard", None, "also write event files for TensorBoard into the run's folder", (), _RUN),
        Option("open", None, "at the end, write a report and open it in a browser", (), _RUN),
        Option("live", None, "watch it learn, in a browser: curves, weights, confusions as they come", (), _RUN),
        Option("no_browser", None, "with --live, only print the address", (), _RUN),
        Option("nan_guard", None, "stop a NaN before it reaches a weight, and say where it was born", (), _RUN),
        Option("explain_step", Whole(1, example="1"), "at the end, tell that step: every number of it", (), _RUN),
        Option("overfit_one_batch", None, "only see whether one batch can be learnt by heart", (), _RUN),
        Option("quiet", None, "show nothing", (), _RUN),
        Option("json", None, "print result.json, and nothing else", (), _RUN),
        Option("help", None, "show this page", (), _RUN),
    ]
    return [*settings, *OWN_DATA, *dataset_options(dataset), *run]


PAGE = Page(
    usage="glassnet train DATA [options]",
    says="Learn a data set with a multilayer perceptron, show what it has learnt, and keep the model. DATA is a name "
    "of `glassnet datasets`, a table (CSV, TSV, Parquet), or a folder of images or IDX files.",
    examples=(
        ("glassnet train mnist", "handwritten digits: 98 % in about a second"),
        ("glassnet train mnist-good", "the same network at its best: half a minute"),
        ("glassnet train mnist-best", "a larger one on bent images: minutes"),
        ("glassnet train moons --hidden 8 --activation tanh", "two half moons"),
        ("glassnet train houses.csv --target price", "a table of your own"),
        ("glassnet train my-images/", "a folder with one sub-folder of images for each class"),
        ("glassnet train mnist-good --live", "watch it learn, in a browser"),
    ),
    notes="What is not given comes from the recipe for the data set. A data set's own options are shown by "
    "`glassnet train DATASET --help`.",
)


@dataclass(frozen=True)
class Request:
    """What one call of the command asks for."""

    data: DataSet
    data_options: dict[str, Any]
    settings: Settings
    recipe: str
    parsed: Parsed
    words: list[str]

    def flag(self, name: str) -> bool:
        """Whether a flag was given."""
        return self.parsed.flag(name)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The widths of the network's layers, such as 784, 128, 64, 10."""
        return (self.data.n_features, *self.settings.hidden, self.data.n_outputs)

    @property
    def shape(self) -> str:
        """The same in words: 784-128-64-10."""
        return "-".join(map(str, self.sizes))


def set_threads(blas: Blas, request: Request) -> None:
    """As many as were asked for, else as pay, and never more than the BLAS would take by itself."""
    asked, usual = request.parsed.values.get("threads"), blas.threads
    if asked is not None:
        blas.threads = asked
    elif usual is not None:
        batch = request.settings.batch_size or len(request.data.x_train)
        blas.threads = min(usual, threads_that_pay(request.sizes, batch))


def understand(parsed: Parsed, words: list[str], command: str = "train") -> Request:
    """The data and the settings that a command line means; `command` is which one, for the advice.

    Raises `UsageError` for what cannot be followed.
    """
    values = dict(parsed.values)
    arguments = [*parsed.arguments, *([values["idx"]] if "idx" in values else [])]
    if len(arguments) != 1:
        got = f"got {' and '.join(arguments)}" if arguments else "got no data set"
        hint = f"Try glassnet {command} {arguments[0] if arguments and 'idx' not in values else 'mnist'}"
        if "idx" in values:
            hint = f"Try glassnet {command} --idx {values['idx']}"
        raise UsageError(complain(got, "expected one data set", hint))
    chosen = {setting.name: values[setting.name] for setting in Settings.all() if setting.name in values}
    name, usual = NAMED.get(arguments[0].lower(), (arguments[0], "default"))
    data, data_options = load_named(name, values, command)
    recipe = values.get("recipe", usual)
    with as_usage():
        settings = recipe_for(data, recipe, **chosen)
        _check_effect(chosen, settings)
        _check_task(settings, data)
    with as_usage({"class_weight": settings.class_weight}):
        class_weight_named(settings.class_weight, data.classes)
    return Request(data, data_options, settings, recipe, parsed, words)


def _check_effect(chosen: dict[str, Any], settings: Settings) -> None:
    """An option that would do nothing is a misunderstanding."""
    for name, rules in (("momentum", WITH_MOMENTUM), ("weight_decay", WITH_DECAY)):
        if chosen.get(name) and settings.optimizer not in rules:
            spelled = Option(name, None, "").spelled
            expected = f"expected one of {', '.join(rules)}, which have it"
            got = f"got {spelled} with {settings.optimizer}"
            raise UsageError(complain(got, expected, f"Try --optimizer {rules[0]}"))
    _check_plateau(chosen, settings)


def _check_plateau(chosen: dict[str, Any], settings: Settings) -> None:
    for name in ("plateau_patience", "plateau_factor"):
        if name in chosen and settings.schedule != PLATEAU:
            got = f"got {Option(name, None, '').spelled} with the schedule {settings.schedule}"
            raise UsageError(complain(got, f"expected the schedule {PLATEAU}", f"Try --schedule {PLATEAU}"))


def _check_task(settings: Settings, data: DataSet) -> None:
    """Only classes can count by their weights."""
    if settings.class_weight != "none" and data.task != "classification":
        task = {"regression": "a regression", "multilabel": "several labels"}[data.task]
        hint = "Try --weight with a column, or neither" if data.task == "regression" else "Try without it"
        got = f"got --class-weight {settings.class_weight} for {task}"
        raise UsageError(complain(got, "expected a classification", hint))
