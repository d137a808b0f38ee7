"""`glassnet train`: learn a data set, show what came of it, keep the model."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from glassnet.cli.data import OWN_DATA, as_usage, dataset_options, load_named, plain
from glassnet.cli.help import Page, labelled
from glassnet.cli.onlooker import LIVE_SECONDS, check_looks, looked_at
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.progress import Progress
from glassnet.cli.report import percent, report
from glassnet.cli.resume import checkpoints_in, reopened, without_machine
from glassnet.cli.table import figures_before, is_table_data, lines_before, memory_used
from glassnet.cli.terminal import Terminal
from glassnet.cli.whereabouts import seen_from, without_folders
from glassnet.data.datasets import DATASETS, DataSet
from glassnet.errors import ValueRangeError, complain
from glassnet.files.os_errors import typed
from glassnet.train.amounts import amount
from glassnet.train.callbacks import Callback
from glassnet.train.evaluation import Evaluation
from glassnet.train.interrupt import Interrupt
from glassnet.train.kinds import Choice, Text, Whole
from glassnet.train.machine import Blas, describe_machine, lowered_kernels, threads_that_pay
from glassnet.train.moments import MomentsFile
from glassnet.train.parts import WITH_DECAY, WITH_MOMENTUM
from glassnet.train.pitfalls import settings_tried_on_test
from glassnet.train.predictions import write_predictions
from glassnet.train.recipes import NAMED, RECIPES, recipe_for
from glassnet.train.recording import WRITE_SECONDS, Recorder
from glassnet.train.run_folder import MODEL, TENSORBOARD, RunFolder
from glassnet.train.settings import Settings
from glassnet.train.telling import TellStep
from glassnet.train.trained import Trained
from glassnet.train.training import Moment, Training
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
_MANY_TRIED = 4  # settings that saw the same test examples, from which on a word is said about it
_MOST_NAMES = 64


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


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    began = time.perf_counter()
    parsed = parse(words, options_for())
    if parsed.flag("help"):
        return PAGE.show(options_for(next((name for name in parsed.arguments if plain(name) in DATASETS), None)))
    blas = Blas()
    folder, state, words = None, None, list(words)
    if "resume" in parsed.values:
        parsed, words, folder, state = reopened(parsed, options_for())
    request = understand(parsed, words)
    set_threads(blas, request)
    check_looks(parsed)
    if parsed.flag("overfit_one_batch"):
        from glassnet.cli.sanity import overfit

        return overfit(request)
    quiet = request.flag("quiet") or request.flag("json")
    warning = lowered_kernels(blas.core)
    if warning and not quiet:
        print(f"glassnet: {warning}", file=sys.stderr)
    state = without_machine(state, quiet) if state is not None else None
    folder = folder or RunFolder(request.data.name, parsed.values.get("output"))
    terminal = Terminal(sys.stdout)
    looks = looked_at(folder.path, parsed, Terminal(sys.stderr) if quiet else terminal, quiet)
    with folder.held(), looks as onlooker:
        run = _Run(request, folder, blas, warning, began + onlooker.waited, state)
        status = run.follow(terminal, quiet)
        onlooker.end(status)
    return status


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


class _Run:
    """A training from its first step to its last line."""

    def __init__(
        self,
        request: Request,
        folder: RunFolder,
        blas: Blas,
        warning: str | None,
        began: float,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.request, self.folder, self.blas, self.warning, self.began = request, folder, blas, warning, began
        about = {"words": request.words}
        pace = LIVE_SECONDS if request.flag("live") else WRITE_SECONDS
        self.recorder = Recorder(folder.path, result=False, write_seconds=pace)
        self.teller = TellStep(request.parsed.values.get("explain_step", 1), write=None)
        listeners = [self.recorder, *self._for_tensorboard()]
        listeners += [self.teller] if "explain_step" in request.parsed.values else []
        guard = request.flag("nan_guard")
        self.training = Training(request.data, request.settings, checkpoints_in(folder), state, about, listeners, guard)
        self._from_the_start = state is None
        self.start = self.training.before()
        self.recorder.config = self.configuration()
        self.loading = time.perf_counter() - began
        self._unheard: OSError | None = None  # why nobody reads what is said any more

    def follow(self, terminal: Terminal, quiet: bool) -> int:
        """Train, save, show; the exit status."""
        request, training = self.request, self.training
        if not quiet:
            self._tell(lambda: terminal.say(*self._opening(terminal), ""))
        with Interrupt(ask=lambda: training.stop("a signal")) as interrupt:
            try:
                last = self._learn(Progress(terminal, quiet))
            except ValueRangeError as problem:
                self._note_failure(problem)
                raise
            self._save()
            known = last.test if last is not None and last.part == "test" and training.stopped is None else None
            test = known if known is not None else training.test()
            write_predictions(self.folder.path, test, request.data.classes, self._judged)
            text = self.folder.write_result(self.result(test, interrupt.name))
        if self._unheard is not None and not interrupt.status:
            raise self._unheard
        if request.flag("json"):
            sys.stdout.write(text)
        elif not quiet:
            lines = report(test, request.data, training.tested[0], terminal, self._judged)
            terminal.say("", *lines, "", *self._told_step(terminal), *self._closing(terminal, interrupt.name))
        return interrupt.status

    def _tell(self, say: Callable[[], None]) -> None:
        """Show something. A reader that has left (`| head`) or a full disk behind the standard output ends no training:
        it goes on in silence, and what went wrong is said once all is kept."""
        if self._unheard is None:
            try:
                say()
            except OSError as problem:
                self._unheard = problem

    def _told_step(self, terminal: Terminal) -> list[str]:
        """The step that --explain-step asked for."""
        if "explain_step" not in self.request.parsed.values:
            return []
        told, step = self.teller.document, self.teller.step
        if told is None:
            return [f"step {step:,} is not told: this training ended after step {self.training.trainer.step:,}", ""]
        return [*told.text(terminal.width, terminal.colour, terminal.unicode).splitlines(), ""]

    def _note_failure(self, problem: Exception) -> None:
        """A loss that went astray is told in the run's folder, if there was an epoch before."""
        training = self.training
        if training.history:
            told = {"history": training.history, "epochs_done": training.epochs_done, "failed": str(problem)}
            self.folder.write_result({**self.recorder.config, **told})

    def _for_tensorboard(self) -> list[Callback]:
        if not self.request.flag("tensorboard"):
            return []
        from glassnet.train.tensorboard import TensorBoard

        settings = self.request.settings.as_dict()
        text = "\n".join(["| setting | value |", "| --- | --- |", *(f"| {n} | {v} |" for n, v in settings.items())])
        return [TensorBoard(os.path.join(self.folder.path, TENSORBOARD), text=text)]

    @property
    def _judged(self) -> str:
        """The examples that the network is tested on."""
        return "test" if len(self.request.data.x_test) else "training"

    def _learn(self, progress: Progress) -> Moment | None:
        """Train to the end, or until a signal comes; the last moment."""
        moment = None
        if self._from_the_start:
            self._tell(partial(progress.begin, self.start))
        with MomentsFile(self.folder.path, self.training) as file:
            try:
                for moment in self.training:
                    file.keep(moment)
                    self._tell(partial(progress.show, moment))
                self._tell(progress.end)
            finally:
                self._tell(progress.clear)
        return moment

    def _save(self) -> None:
        request, training = self.request, self.training
        about = {
            "data": {"name": request.data.name, "options": without_folders(request.data_options)},
            "settings": request.settings.as_dict(),
            "epochs_done": training.epochs_done,
        }
        trained = Trained(training.model, training.prepare, request.data.task, request.data.classes, about)
        trained.save(self.folder.model)

    def configuration(self) -> dict[str, Any]:
        """What the run is, before its first step, for `config.json`."""
        request, training = self.request, self.training
        data = request.data
        return {
            "format": 1,
            "command": ["glassnet", "train", *request.words],
            "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "data": {
                "name": data.name,
                "task": data.task,
                "options": seen_from(self.folder.path, request.data_options),
                "train": training.examples,
                "validation": len(training.validation[0]) if training.validation is not None else 0,
                "test": len(data.x_test),
                "features": data.n_features,
                "classes": list(data.classes),
                "shape": list(data.x_train.shape[1:]),
                "feature_names": _few(data.feature_names),
                **figures_before(data),
            },
            "network": request.shape,
            "parameters": training.parameters,
            "recipe": request.recipe,
            "settings": request.settings.as_dict(),
        }

    def result(self, test: Evaluation, stopped: str | None) -> dict[str, Any]:
        """Everything that is known about the run, for `result.json`."""
        training = self.training
        return {
            **self.recorder.config,
            **test.as_dict(),
            "before": self.start.figures(),
            "history": training.history,
            "epochs_done": training.epochs_done,
            "stopped": stopped or training.stopped,
            "best_epoch": training.best_epoch,
            "seconds": {
                "loading": self.loading,
                "training": training.seconds,
                "total": time.perf_counter() - self.began,
            },
            "examples_per_second": _ratio(training.epochs_done * training.examples, training.seconds),
            **memory_used(self.request.data),
            "machine": describe_machine(self.blas),
            "warnings": [self.warning] if self.warning else [],
            "model": MODEL,
        }

    def _opening(self, terminal: Terminal) -> list[str]:
        data, s = self.request.data, self.request.settings
        changing = f"{s.schedule} rate up to" if s.schedule != "constant" or s.warm_up else "rate"
        batch = f"batches of {s.batch_size}" if s.batch_size else "all examples at once"
        updates = self.training.updates
        batch += f", {updates:,} update{'s' * (updates > 1)} an epoch"
        epochs = f"{s.epochs} epoch{'s' if s.epochs > 1 else ''}"
        names = ("dropout", "weight_decay", "label_smoothing", "l1", "l2", "mixup", "ema", "clip_norm", "clip_value")
        extras = {name.replace("_", " "): getattr(s, name) for name in names}
        chosen = [f"{name} {value:g}" for name, value in extras.items() if value]
        chosen += [f"images changed by {s.augment}"] if s.augment != "none" else []
        between = f" after {s.normalization} norm" if s.normalization != "none" else ""
        rows = {
            "data": f"{data.name}: {self._examples()}",
            "network": f"{self.request.shape}, {s.activation}{between}, {self.training.parameters:,} parameters",
            "learning": ", ".join(
                [s.optimizer, f"{changing} {s.learning_rate:g}", batch, epochs, *chosen, f"seed {s.seed}"]
            ),
            "goal": self.training.goal,
            "machine": self._machine(),
        }
        table = lines_before(data, self.training.model, terminal)
        return [*(line for label, text in rows.items() for line in labelled(label, text, terminal)), *table]

    def _examples(self) -> str:
        training, held = self.training, self.training.validation
        chosen = f", {len(held[0]):,} to choose the best epoch by" if held is not None else ""
        return f"{training.examples:,} examples to learn from{chosen}, {len(self.request.data.x_test):,} to test on"

    def _machine(self) -> str:
        core, threads = self.blas.core, self.blas.threads
        kernels = f"{self.blas.name} {core}" if core else self.blas.name or "a BLAS that does not give its name"
        return kernels + (f", {threads} thread{'s' if threads > 1 else ''}" if threads else "")

    def _closing(self, terminal: Terminal, stopped: str | None) -> list[str]:
        training, path = self.training, self.folder.path
        seen = round(training.epochs_done * training.examples)
        speed = _ratio(seen, training.seconds)
        took = f"{seen:,} examples in {training.seconds:.2f} s ({speed:,.0f}/s)"
        lines = [*self._verdict(), *self._tried(terminal), f"{training.parameters:,} parameters, {took}"]
        lines += [f"{most:,} MB of memory at most" for most in memory_used(self.request.data).values()]
        reached = f"after {training.epochs_done:.2f} of {self.request.settings.epochs} epochs"
        if stopped:
            what = "that of its best epoch" if training.best_epoch else "what it had learnt by then"
            lines.insert(0, terminal.bold(f"stopped by {_who(stopped)} {reached}: the model is {what}"))
            lines.append(terminal.dim(f"to go on: glassnet train --resume {typed(path)}"))
        elif training.stopped:
            lines.insert(0, f"stopped {reached}: {training.stopped}")
        index = min(7, max(0, len(self.request.data.x_test) - 1))
        example = "NEW.csv" if is_table_data(self.request.data) else index
        hints = f"try glassnet predict {typed(path)} {example}", f"where from? glassnet explain {typed(path)} --figure"
        return [*lines, f"saved in {terminal.bold(path)}", *map(terminal.dim, hints)]

    def _tried(self, terminal: Terminal) -> list[str]:
        """A word to those who try settings until the test set likes one."""
        tried = settings_tried_on_test(self.folder.path)
        if tried < _MANY_TRIED:
            return []
        advice = "to choose among settings take --validation 0.1, and look at the test examples once, at the end"
        return labelled("note", f"{tried} other settings were tried on these test examples: {advice}", terminal)

    def _verdict(self) -> list[str]:
        """How far what was learnt and what was not are apart, and which epoch was the best."""
        training = self.training
        gap = training.gap()
        if gap is None:
            return []
        name, learnt, held = gap
        shown = [percent(value) if name == "accuracy" else amount(value) for value in (learnt, held)]
        judged, held_out = (len(x) for x, _ in training.compared())
        count = f"{judged:,}" if judged == training.examples else f"{judged:,} of {training.examples:,}"
        line = f"{name} {shown[0]} on {count} examples learnt from, {shown[1]} on {held_out:,} {training.part} examples"
        best = f"the weights are those of epoch {training.best_epoch}, the best by {training.settings.monitor}"
        return [line, best] if training.best_epoch else [line]


def _few(names: Sequence[str]) -> list[str]:
    """Names of features, where they are few enough to be read."""
    return [str(name) for name in names] if len(names) <= _MOST_NAMES else []


def _who(signal: str) -> str:
    return "Ctrl-C" if signal == "SIGINT" else signal


def _ratio(amount: float, seconds: float) -> float:
    return amount / seconds if seconds else 0.0
