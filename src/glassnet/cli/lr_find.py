"""`glassnet lr-find DATA`: which learning rate suits a network, in a second; nothing is trained or written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.cli.help import Page
from glassnet.cli.options import Option, UsageError, parse
from glassnet.cli.terminal import Terminal
from glassnet.cli.train_request import options_for, set_threads, understand
from glassnet.errors import complain
from glassnet.files import strict_json
from glassnet.train.kinds import Real, Whole
from glassnet.train.machine import Blas
from glassnet.train.parts import OPTIMIZERS
from glassnet.train.rate_finder import RateTest, find_rate
from glassnet.train.training import Training

_LEFT_OUT = (  # of the options of a training: what a second of rising rates has no use for
    "learning_rate", "schedule", "warm_up", "plateau_patience", "plateau_factor", "epochs", "recipe", "output",
    "resume", "overfit_one_batch", "tensorboard", "open", "nan_guard", "patience", "min_delta", "monitor",
    "time_budget", "ema", "json", "live", "no_browser", "explain_step",
)  # fmt: skip
_ROWS = 10
_EIGHTHS = " ▁▂▃▄▅▆▇█"

PAGE = Page(
    usage="glassnet lr-find DATA [options]",
    says="Find a learning rate: the rate rises step by step until the loss explodes, and the curve tells which rate "
    "learns fastest and which is too high (Smith, 2015). Options are those of `glassnet train`.",
    examples=(
        ("glassnet lr-find mnist", "for the default network"),
        ("glassnet lr-find moons --optimizer adam --hidden 8", "for another one"),
        ("glassnet lr-find mnist --batch-sizes", "and which batch size learns fastest"),
    ),
    notes="The suggestion is the middle of the fall, where the loss falls most steeply.",
)


def options() -> list[Option]:
    """Those of the training, and the range."""
    own = [
        Option("smallest", Real(open=True, example="1e-6"), "the rate to begin with", (), "Search", "1e-06"),
        Option("largest", Real(open=True, example="10"), "the rate to end with", (), "Search", "10"),
        Option("steps", Whole(20, 100_000, "200"), "steps between them", (), "Search", "200"),
        Option("batch_sizes", None, "also time batch sizes and measure the noise of the gradient", (), "Search"),
        Option("json", None, "print the rates, the losses and the suggestion as JSON, and nothing else", (), "Search"),
    ]
    return [*own, *(option for option in options_for() if option.name not in _LEFT_OUT)]


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, options())
    if parsed.flag("help"):
        return PAGE.show(options())
    request = understand(parsed, list(words), "lr-find")
    if OPTIMIZERS[request.settings.optimizer].whole:
        got = f"got {request.settings.optimizer}, which takes all examples at once"
        raise UsageError(complain(got, "expected an optimiser that learns from batches", "Try --optimizer sgd"))
    low, high = parsed.values.get("smallest"), parsed.values.get("largest")
    if low is not None and high is not None and low >= high:
        got, hint = f"got --smallest {low:g} and --largest {high:g}", f"Try --smallest {high:g} --largest {low:g}"
        raise UsageError(complain(got, "expected a range that rises", hint))
    set_threads(Blas(), request)
    training, values = Training(request.data, request.settings), parsed.values
    trainer, terminal = training.trainer, Terminal(sys.stdout)
    how = {name: values[name] for name in ("smallest", "largest", "steps") if name in values}
    parts = training.model, trainer.loss, trainer.optimizer, training.learned
    batch_size = request.settings.batch_size or training.examples
    test = find_rate(*parts, batch_size=batch_size, prepare=training.prepare, **how)
    sizes = None
    if parsed.flag("batch_sizes"):
        from glassnet.train.batch_size import suggest_batch_size

        sizes = suggest_batch_size(*parts, prepare=training.prepare)
    if parsed.flag("json"):
        sys.stdout.write(strict_json.dumps(_as_dict(test, sizes), non_finite="null", sort_keys=False))
    elif not parsed.flag("quiet"):
        said = [*_verdict(request, test, terminal), *_sizes(sizes, training.examples, terminal)]
        terminal.say(*picture(test, terminal), "", *said)
    return 0


def _as_dict(test: RateTest, sizes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"suggestion": test.suggestion, "largest": test.largest}
    found |= {"rates": test.rates.tolist(), "losses": test.losses.tolist()}
    if sizes is not None:
        found["batch_sizes"] = {**sizes._asdict(), "suggestion": sizes.suggestion}
    return found


def _verdict(request: Any, test: RateTest, terminal: Terminal) -> list[str]:
    suggestion = f"{test.suggestion:.2g}"
    command = " ".join(["glassnet train", *_for_training(request.words), "--learning-rate", suggestion])
    return [
        f"the loss falls fastest at {terminal.bold(suggestion)}, and no longer above {test.largest:.2g}",
        terminal.dim(f"try {command}"),
        terminal.dim("where from? glassnet explain RUN --figure suggested-rate, once that has run"),
    ]


def _for_training(words: Sequence[str]) -> list[str]:
    """The words of this command line without those that only it understands."""
    rest, kept = iter(words), list[str]()
    for word in rest:
        name, equals, _ = word.partition("=")
        plain = name.lstrip("-").replace("-", "_").lower()
        if not word.startswith("--") or plain not in ("smallest", "largest", "steps", "batch_sizes"):
            kept.append(word)
        elif plain != "batch_sizes" and not equals:
            next(rest, None)
    return kept


def _sizes(sizes: Any, examples: int, terminal: Terminal) -> list[str]:
    if sizes is None:
        return []
    from glassnet.train.batch_size import usual_batch_size

    lines = ["", terminal.dim(" batch    examples/s   time to learn the same")]
    for size, speed, cost in zip(sizes.sizes, sizes.examples_per_second, sizes.cost, strict=True):
        mark = terminal.bold("  best") if size == sizes.suggestion else ""
        lines.append(f"{size:>6}  {speed:>12,.0f}   {cost:>6.2f} ×{mark}")
    return [
        *lines,
        f"the gradient's noise equals the gradient at about {sizes.noise_scale:,.0f} examples (at the start)",
        f"what is usual for {examples:,} examples: batches of {usual_batch_size(examples)}",
    ]


def picture(test: RateTest, terminal: Terminal, rows: int = _ROWS) -> list[str]:
    """The curve: the rate to the right, on a logarithmic scale, the smoothed loss upwards."""
    width = min(terminal.width - 12, 64)
    at = np.linspace(0, len(test.rates) - 1, width)
    losses = np.interp(at, np.arange(len(test.rates)), test.losses)
    low, high = float(losses.min()), float(min(losses.max(), 1.3 * test.losses[: test.lowest + 1].max()))
    heights = np.clip((losses - low) / max(high - low, 1e-12), 0, 1) * rows
    lines = [_row(heights, row, low, high, rows, terminal) for row in range(rows - 1, -1, -1)]
    marks = {"suggestion": test.suggestion, "largest": test.largest}
    return [*lines, *_axis(test, marks, width, terminal)]


def _row(heights: np.ndarray, row: int, low: float, high: float, rows: int, terminal: Terminal) -> str:
    label = f"{high:8.3g}" if row == rows - 1 else f"{low:8.3g}" if row == 0 else " " * 8
    filled = np.clip(heights - row, 0, 1)
    if terminal.unicode:
        bars = "".join(_EIGHTHS[max(round(8 * f), 1 if row == 0 else 0)] for f in filled.tolist())
    else:
        bars = "".join("#" if f >= 0.5 or row == 0 else " " for f in filled.tolist())
    return f"{terminal.dim(label)}  {terminal.paint(bars, '34')}".rstrip()


def _axis(test: RateTest, marks: dict[str, float], width: int, terminal: Terminal) -> list[str]:
    """A mark below the suggested rate, and the rates at both ends."""
    logs = np.log(test.rates)
    span = max(float(logs[-1] - logs[0]), 1e-12)
    place = round((np.log(marks["suggestion"]) - logs[0]) / span * (width - 1))
    mark = "▲" if terminal.unicode else "^"
    left, right = f"{test.rates[0]:.2g}", f"{test.rates[-1]:.2g}"
    middle = f"{marks['suggestion']:.2g}"
    start = min(max(place - len(middle) // 2, len(left) + 1), width - len(right) - len(middle) - 1)
    scale = f"{left}{' ' * (start - len(left))}{middle}".ljust(width - len(right)) + right
    return [" " * (10 + place) + terminal.bold(mark), " " * 10 + scale + terminal.dim("  rate")]
