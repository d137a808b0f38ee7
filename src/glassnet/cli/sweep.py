"""`glassnet sweep`: train with many settings side by side, and see which do best."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from glassnet.cli.data import OWN_DATA, as_usage, dataset_options, load_named
from glassnet.cli.help import Page, labelled
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.progress import clock
from glassnet.cli.sweep_report import report, score_text
from glassnet.cli.table import is_table_data
from glassnet.cli.terminal import Terminal
from glassnet.cli.whereabouts import seen_from, without_folders
from glassnet.errors import FileError, FormatError, complain
from glassnet.files import strict_json
from glassnet.files.atomic import remove_stale_temporaries, write_atomic
from glassnet.files.bounded import read_bounded
from glassnet.files.os_errors import typed
from glassnet.scale.presets import PRESETS
from glassnet.scale.results import Results, shown_value
from glassnet.scale.space import Range, Space, Values, kind_of
from glassnet.scale.sweep import Progress, Sweep
from glassnet.scale.trial import limited, score_of
from glassnet.train.interrupt import Interrupt
from glassnet.train.kinds import Choice, Kind, Real, Text, Whole, shown
from glassnet.train.machine import Blas, describe_machine
from glassnet.train.recipes import NAMED, RECIPES, recipe_for
from glassnet.train.run_folder import MODEL, RESULT, RunFolder
from glassnet.train.settings import Settings
from glassnet.train.trained import Trained

PLAN, _TABLE = "sweep.json", "trials.csv"
_LARGEST_PLAN = 1 << 20


class Duration(Kind):
    """A length of time: 90s, 10m, 1.5h; a bare number is seconds.

    >>> Duration().read("10m"), Duration().read("90")
    (600.0, 90.0)
    """

    _UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__("a length of time such as 90s, 10m or 2h", "10m", "TIME")

    def read(self, word: str) -> float:
        """Seconds."""
        unit = self._UNITS.get(word[-1:].lower())
        return float(word[:-1]) * unit if unit else float(word)

    def holds(self, value: Any) -> bool:
        """Whether it is a positive, finite number of seconds."""
        return isinstance(value, int | float) and 0 < value < float("inf")


_OWN = [
    Option("grid", Text("learning_rate=0.01,0.1", "NAME=V,V"), "values to try; may be given often", (), "Search"),
    Option("random", Whole(1, 1_000_000, "50"), "draw so many; ranges such as 0.001..1 too", (), "Search"),
    Option("one_at_a_time", None, "from the first values, change one thing at a time", (), "Search"),
    Option("validation", Real(0.0, 1.0, True, "0.2"), "share of the examples to choose by", (), "Search", "0.2"),
    Option("subset", Whole(2, None, "10000"), "use so many training examples", (), "Search", "all"),
    Option("workers", Whole(1, 4096, "2"), "processes side by side", (), "Run", "one per processor"),
    Option("time_budget", Duration(), "begin no trial after this time", (), "Run"),
    Option("trial_timeout", Duration(), "end a training that takes longer, and count it as failed", (), "Run"),
    Option("recipe", Choice(RECIPES), "settings to start from", (), "Run", "default"),
    Option("output", Text(placeholder="FOLDER"), "a new folder for the results", (), "Run", "sweeps/…"),
    Option("resume", Text("sweeps/moons", "FOLDER"), "go on with a sweep that was stopped", (), "Run"),
    Option("quiet", None, "show nothing", (), "Run"),
    Option("json", None, "print result.json, and nothing else", (), "Run"),
    Option("help", None, "show this page", (), "Run"),
]
_LATER = ("workers", "time_budget", "trial_timeout", "quiet", "json")  # what may be different after a stop

PAGE = Page(
    usage="glassnet sweep DATASET --grid NAME=V,V [--grid …] [options]\n       glassnet sweep mnist-grid",
    says="Train a network with many settings, several at a time, and show which do best on examples that were set "
    "apart. The test set is looked at once, at the end, with the best.",
    examples=(
        ("glassnet sweep mnist-grid", "rate, width, depth, batch size: 192 networks"),
        ("glassnet sweep moons --grid width=4,16 --grid lr=0.01,0.1", "every combination"),
        ("glassnet sweep moons --random 50 --grid lr=0.001..1", "50 draws from a range"),
        ("glassnet sweep --resume sweeps/moons-…", "go on after a stop"),
    ),
    notes="Layers are sizes with x between them: --grid hidden=32,64x32; width and depth stand for so many layers of "
    "one size. Options of `glassnet train` hold for all trials.",
)


def options() -> list[Option]:
    """The options of the command: its own, those of a training, those of data sets."""
    own = {option.name for option in _OWN}
    trial = [Option(s.name, s.kind, s.says, s.aliases, "Training") for s in Settings.all() if s.name not in own]
    return [*_OWN, *trial, *(o for o in OWN_DATA if o.name not in own), *dataset_options()]


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    rest, grids = _taken_out(words)
    _refuse_lists(rest)
    parsed = parse(rest, options())
    if parsed.flag("help"):
        return PAGE.show(options())
    blas = Blas()
    if "resume" in parsed.values:
        plan = _resumed(parsed, grids)
    else:
        plan = understand(parsed, grids)
        name = plan.sweep.whole.name if plan.name not in PRESETS else plan.name
        plan.folder = RunFolder(name, parsed.values.get("output"), "sweeps").path
        _write(plan.folder, PLAN, {"format": 1, "words": list(words)})
    if blas.threads is not None:
        blas.threads = 1  # here as in the workers: the best is trained again as it was trained there
    return _Search(plan, parsed, blas).follow(Terminal(sys.stdout))


def _taken_out(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words without `--grid NAME=…`, and what stood behind each: the only option that may be given often."""
    rest: list[str] = []
    grids: list[str] = []
    waiting = iter(words)
    for word in waiting:
        name, equals, value = word.partition("=")
        if name.lower() != "--grid":
            rest.append(word)
        elif (given := value if equals else next(waiting, None)) is None or "=" not in given:
            got = f"got --grid {shown(given or '')}".rstrip(" '")
            raise UsageError(complain(got, "expected a setting and its values", "Try --grid learning_rate=0.01,0.1"))
        else:
            grids.append(given)
    return rest, grids


def _refuse_lists(words: Sequence[str]) -> None:
    """Raise `UsageError` for several values of a setting that has one: they are meant to be tried."""
    numbers = {name for s in Settings.all() if isinstance(s.kind, Real | Whole) for name in (s.name, *s.aliases)}
    for word, following in itertools.pairwise([*words, ""]):
        typed_, equals, value = word.partition("=")
        name, value = typed_.lstrip("-").lower().replace("-", "_"), value if equals else following
        if typed_.startswith("--") and name in numbers and "," in value:
            got = f"got {typed_} {shown(value)}"
            raise UsageError(complain(got, "expected one value, or several to try", f"Try --grid {name}={value:.80}"))


@dataclass
class Plan:
    """What one call of the command asks for."""

    name: str
    sweep: Sweep
    method: str
    data_options: dict[str, Any]
    folder: str = ""


def understand(parsed: Parsed, grids: Sequence[str], folder: str | None = None) -> Plan:
    """The search that a command line means.

    Raises `UsageError` for what cannot be followed.
    """
    values = parsed.values
    if len(parsed.arguments) != 1:
        got = f"got {' and '.join(parsed.arguments)}" if parsed.arguments else "got no data set"
        raise UsageError(complain(got, "expected one data set, or mnist-grid", "Try glassnet sweep mnist-grid"))
    name = parsed.arguments[0]
    preset = PRESETS.get(name.lower().replace("_", "-"))
    data_name, recipe = NAMED.get(name.lower(), (preset.data if preset else name, "default"))
    data, data_options = load_named(data_name, values, "sweep")
    mine = {option.name for option in _OWN}  # --validation and --time-budget are the search's, not its trainings'
    chosen = {s.name: values[s.name] for s in Settings.all() if s.name in values and s.name not in mine}
    method = _method(parsed)
    with as_usage():
        space: dict[str, Values] = {**(preset.space if preset else {}), **_space(grids)}
        if not space:
            expected = "expected a setting and its values"
            raise UsageError(complain("got no --grid", expected, f"Try glassnet sweep {typed(name)} --grid width=8,32"))
        subset = values.get("subset", preset.subset if preset else None)
        chosen = {**(preset.base if preset else {}), **chosen}
        options = {"method": method, "n": values.get("random", 50), "seed": chosen.get("seed", 0)}
        data = limited(data, subset, options["seed"])  # now: a recipe has more epochs for fewer examples
        base = recipe_for(data, values.get("recipe", recipe), **chosen)
        share = values.get("validation", 0.2)
        sweep = Sweep(data, space, base, validation=share, folder=folder, **options)
        return Plan(name, sweep, method, data_options, folder or "")


def _method(parsed: Parsed) -> str:
    at_random, alone = "random" in parsed.values, parsed.flag("one_at_a_time")
    if at_random and alone:
        got = "got --random and --one-at-a-time"
        raise UsageError(complain(got, "expected one way to search", "Try --random 50 alone"))
    return "random" if at_random else "one-at-a-time" if alone else "grid"


def _space(grids: Sequence[str]) -> Space:
    found: dict[str, Values] = {}
    for name, values in map(_values, grids):
        if name in found:
            expected = "expected all its values at once"
            both = ",".join(given.partition("=")[2] for given in grids if _values(given)[0] == name)
            raise UsageError(complain(f"got --grid for {name} twice", expected, f"Try --grid {name}={both}"))
        found[name] = values
    return found


def _values(given: str) -> tuple[str, Values]:
    """`lr=0.01,0.1` as a setting's full name and its values; `lr=0.001..1` as a range.

    >>> _values("lr=0.01,0.1"), _values("hidden=32,64x32"), _values("width=4..64")
    (('learning_rate', (0.01, 0.1)), ('hidden', ((32,), (64, 32))), ('width', Range(low=4, high=64)))
    """
    typed, _, words = given.partition("=")
    name, kind = kind_of(typed)
    low, dots, high = words.partition("..")
    if dots:
        return name, Range(*(kind.parse(f"--grid {name} from", end) for end in (low, high)))
    try:
        return name, tuple(kind.parse(f"--grid {name}", word) for word in words.split(","))
    except ValueError as problem:  # typed with a sign here, not a blank
        raise UsageError(str(problem).replace(f"--grid {name} ", f"--grid {name}=")) from None


def _resumed(parsed: Parsed, grids: Sequence[str]) -> Plan:
    """The search of a folder, as its own command line described it."""
    folder = parsed.values["resume"]
    others = sorted(set(parsed.values) - {"resume", *_LATER})
    if grids or parsed.arguments or others:
        got = f"got {' '.join([*parsed.arguments, *map(_spelled, others), *(['--grid'] * bool(grids))])} with --resume"
        expected = "expected the folder alone: what is searched stands in it"
        raise UsageError(complain(got, expected, f"Try glassnet sweep --resume {typed(folder)}"))
    plan = planned(folder)
    remove_stale_temporaries(folder)  # of a process that was killed while it wrote
    return plan


def planned(folder: str) -> Plan:
    """The search that a folder holds.

    Raises `FileError` for a folder that no sweep wrote.
    """
    rest, grids = _taken_out(_plan_words(os.path.join(folder, PLAN)))
    return understand(parse(rest, options()), grids, folder)


def _spelled(name: str) -> str:
    return Option(name, None, "").spelled


def _plan_words(path: str) -> list[str]:
    """The words that a sweep was begun with."""
    if not os.path.exists(path):
        folder = os.path.dirname(path)
        got = f"got --resume {shown(folder)}, which holds no {PLAN}"
        raise FileError(complain(got, "expected the folder of a sweep", "Try the folder that `glassnet sweep` named"))
    plan = strict_json.loads(bytes(read_bounded(path, _LARGEST_PLAN)), source=path)
    words = plan.get("words") if isinstance(plan, dict) else None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise FormatError(complain(f"{path}: got no words", "expected a command line", "Try a new sweep"))
    return words


def _write(folder: str, name: str, value: Any) -> str:
    text = strict_json.dumps(value, non_finite="null", sort_keys=False)
    write_atomic(os.path.join(folder, name), text.encode())
    return text


class _Stopped(BaseException):
    """A signal has come: what is done is kept, what runs is left."""


class _Search:
    """A search from its first trial to its last line."""

    def __init__(self, plan: Plan, parsed: Parsed, blas: Blas) -> None:
        self.plan, self.sweep, self.parsed, self.blas = plan, plan.sweep, parsed, blas
        self.sweep.keep_in(plan.folder)
        self.workers = parsed.values.get("workers") or os.cpu_count() or 1
        self.quiet = parsed.flag("quiet") or parsed.flag("json")
        self.began, self.seconds = time.monotonic(), 0.0

    def follow(self, terminal: Terminal) -> int:
        """Search, train the best again, save, show; the exit status."""
        live = _Live(terminal, self.quiet, self.sweep.data.task)
        if not self.quiet:
            terminal.say(*self._opening(terminal), "")
        with Interrupt(ask=_stop) as interrupt:
            with suppress(_Stopped):
                budget, timeout = map(self.parsed.values.get, ("time_budget", "trial_timeout"))
                self.sweep.run(workers=self.workers, time_budget=budget, listen=live.show, trial_timeout=timeout)
        live.clear()
        results = self.sweep.known()
        self.seconds = time.monotonic() - self.began
        test = self._refit(results) if interrupt.signal is None and results.best else None
        write_atomic(os.path.join(self.plan.folder, _TABLE), results.csv().encode())
        text = _write(self.plan.folder, RESULT, self._result(results, test, interrupt.name))
        if self.parsed.flag("json"):
            sys.stdout.write(text)
        elif not self.quiet:
            terminal.say(*report(results, terminal), *self._closing(results, test, terminal, interrupt.name))
        return interrupt.status

    def _refit(self, results: Results) -> float | None:
        """The best settings once more, on all examples, and what the test set says to them."""
        best = results.best
        if best is None or not results.complete:
            return None
        training = self.sweep.refit(best["choices"])
        for _ in training:
            pass
        data = self.sweep.whole
        options = without_folders(self.plan.data_options)
        about = {
            "data": {"name": data.name, "options": options},
            "settings": training.settings.as_dict(),
            "sweep": best,
        }
        trained = Trained(training.model, training.prepare, data.task, data.classes, about)
        trained.save(os.path.join(self.plan.folder, MODEL))
        return score_of(training.test()) if len(data.x_test) else None

    def _result(self, results: Results, test: float | None, stopped: str | None) -> dict[str, Any]:
        data, options = self.sweep.data, seen_from(self.plan.folder, self.plan.data_options)
        sizes = {"train": len(data.x_train), "validation": len(data.x_test)}
        return {
            "format": 1,
            "data": {"name": data.name, "options": options, **sizes},
            "method": self.plan.method,
            "seed": self.sweep.seed,
            "space": {name: _plain(values) for name, values in results.space.items()},
            "settings": self.sweep.base.as_dict(),
            "trials": len(results.trials),
            "done": len(results.by_number),
            "failed": sum(result["status"] != "done" for result in results.by_number.values()),
            "stopped": stopped,
            "best": results.best,
            "test_score": test,
            "effects": {name: [effect._asdict() for effect in results.effects(name)] for name in results.space},
            "seconds": self.seconds,
            "worker_seconds": sum(result["seconds"] for result in results.by_number.values()),
            "workers": self.workers,
            "machine": describe_machine(self.blas),
        }

    def _opening(self, terminal: Terminal) -> list[str]:
        data, sweep = self.sweep.data, self.sweep
        space = ", ".join(f"{name} {_range(values)}" for name, values in sweep.space.items())
        kind = {"grid": "every combination", "random": "random draws", "one-at-a-time": "one thing at a time"}
        rows = {
            "data": f"{data.name}: {len(data.x_train):,} examples to learn from, {len(data.x_test):,} to choose by",
            "search": f"{len(sweep.trials)} trainings, {kind[self.plan.method]}",
            "settings": space,
            "machine": f"{self.workers} worker{'s' if self.workers > 1 else ''}, one thread each",
            "folder": self.plan.folder,
        }
        return [line for label, text in rows.items() for line in labelled(label, text, terminal)]

    def _closing(self, results: Results, test: float | None, terminal: Terminal, stopped: str | None) -> list[str]:
        folder, best = self.plan.folder, results.best
        lines = ["", *self._took(results)]
        if test is not None and best is not None:
            name = "accuracy" if self.sweep.whole.task == "classification" else terminal.r2
            n, figure = len(self.sweep.whole.x_train), score_text(test, results.task)
            lines.append(f"the best, trained again on all {n:,} examples: test {name} {terminal.bold(figure)}")
            lines.append(f"saved in {terminal.bold(folder)}")
            example = "NEW.csv" if is_table_data(self.sweep.whole) else min(7, max(0, len(self.sweep.whole.x_test) - 1))
            lines.append(terminal.dim(f"try glassnet predict {typed(folder)} {example}"))
        if not results.complete:
            done, all_of_them = len(results.by_number), len(results.trials)
            reason = "stopped" if stopped else "the time was over"
            lines.append(terminal.bold(f"{reason} after {done} of {all_of_them} trials"))
            lines.append(f"go on with glassnet sweep --resume {typed(folder)}")
        return lines

    def _took(self, results: Results) -> list[str]:
        """The time by the clock, and that of all workers together, trials of earlier calls included."""
        n = len(results.by_number)
        work = sum(result["seconds"] for result in results.by_number.values())
        here = " here" if "resume" in self.parsed.values else ""
        return [f"{n:,} trial{'s' * (n != 1)}: {self.seconds:,.1f} s{here}, {work:,.1f} s of work"] if n else []


def _stop() -> None:
    raise _Stopped


def _plain(values: Values) -> Any:
    if isinstance(values, Range):
        return {"from": values.low, "to": values.high}
    return [list(value) if isinstance(value, tuple) else value for value in values]


def _range(values: Values) -> str:
    if isinstance(values, Range):
        return f"{values.low:g}..{values.high:g}"
    return "/".join(map(shown_value, values))


class _Live:
    """One line that moves: how many trials are done, and the best so far."""

    def __init__(self, terminal: Terminal, quiet: bool, task: str) -> None:
        self.terminal, self.task = terminal, task
        self._live, self._shown = terminal.live and not quiet, 0
        self._next = 0.0

    def show(self, progress: Progress) -> None:
        """Redraw the line."""
        if not self._live or time.monotonic() < self._next:
            return
        best = f"  best {score_text(progress.best['score'], self.task)}" if progress.best else ""
        text = f"{progress.done} of {progress.trials} trials{best}  {clock(progress.seconds_left)} left"
        bar = self.terminal.bar(progress.done / progress.trials, 24) if self.terminal.width >= len(text) + 27 else ""
        self.clear()
        self.terminal.stream.write(f"\r{bar}  {text}"[: None if bar else self.terminal.width])
        self.terminal.stream.flush()
        self._shown, self._next = len(text) + 27, time.monotonic() + 0.05

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self.terminal.stream.write("\r" + " " * min(self._shown, self.terminal.width) + "\r")
            self._shown = 0
