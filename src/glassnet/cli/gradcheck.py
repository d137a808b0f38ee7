"""`glassnet gradcheck`: every derivative of a network's loss against differences of the loss itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.cli.data import OWN_DATA, as_usage, dataset_options, load_named, plain
from glassnet.cli.doctor import sign_of
from glassnet.cli.help import Page
from glassnet.cli.models import check_fits, data_of, load_trained
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.table import names_a_table
from glassnet.cli.terminal import Terminal
from glassnet.cli.whereabouts import run_path
from glassnet.data.datasets import DATASETS, DataSet
from glassnet.errors import complain
from glassnet.files import strict_json
from glassnet.files.os_errors import shown
from glassnet.train.derivatives import LIMIT, Checked, check_gradients
from glassnet.train.doctor.gathering import loss_of
from glassnet.train.doctor.measure import loss_name
from glassnet.train.kinds import Whole, nearest
from glassnet.train.preparation import Preparation
from glassnet.train.recipes import recipe_for
from glassnet.train.settings import Settings
from glassnet.train.training import Training

PAGE = Page(
    usage="glassnet gradcheck MODEL|DATASET [options]",
    says="Check backpropagation: the gradient of every weight against (L(w + h) - L(w - h)) / 2h, in float64. "
    "MODEL is a run (its folder, its name in `runs`, or last) or a model file; a DATASET is checked with the "
    "network that `glassnet train` would start with.",
    examples=(
        ("glassnet gradcheck moons", "the network that learns moons"),
        ("glassnet gradcheck last", "a network that has learnt"),
        ("glassnet gradcheck spiral --activation tanh --hidden 32,16", "one of your own"),
    ),
    notes=f"The relative error |a - n| / max(|a|, |n|, size), with size the typical gradient of the parameter, must "
    f"stay below {LIMIT:g}. Exit status: 0 if it does everywhere, else 1.",
)
_NETWORK = ("hidden", "activation", "init")


def options() -> list[Option]:
    """The options of the command."""
    settings = [Option(s.name, s.kind, s.says, s.aliases, "Network") for s in Settings.all() if s.name in _NETWORK]
    return [
        Option("examples", Whole(1, 10_000, "20"), "how many examples the loss is taken over", (), "Options", "20"),
        Option("entries", Whole(1, 1_000_000, "50"), "how many numbers of each parameter", (), "Options", "50"),
        *settings,
        *(option for option in OWN_DATA if option.name != "idx"),
        *dataset_options(),
        Option("json", None, "print the errors as JSON, and nothing else"),
        Option("help", None, "show this page"),
    ]


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, options())
    if parsed.flag("help"):
        return PAGE.show(options())
    if len(parsed.arguments) != 1:
        got = f"got {' and '.join(map(shown, parsed.arguments)) or 'nothing to check'}"
        raise UsageError(complain(got, "expected a model or a data set", "Try glassnet gradcheck moons"))
    model, prepare, data = _subject(parsed)
    examples = int(parsed.values.get("examples", 20))
    rows = np.linspace(0, len(data.x_train) - 1, min(examples, len(data.x_train))).astype(int)
    x, y = prepare(np.ascontiguousarray(data.x_train[rows])), data.y_train[rows]
    loss = loss_of(data.task)
    checked = check_gradients(model, loss, x, y, entries=int(parsed.values.get("entries", 50)))
    if parsed.flag("json"):
        figures = {"data": data.name, "limit": LIMIT, "parameters": [c._asdict() for c in checked]}
        sys.stdout.write(strict_json.dumps(figures, non_finite="null", sort_keys=False))
    else:
        terminal = Terminal(sys.stdout)
        about = f"{data.name}, {len(rows)} examples, {loss_name(loss)}"
        terminal.say(f"{terminal.dim('loss     ')}{about}, float64", "", *_lines(checked, terminal))
    return 0 if all(c.passed for c in checked) else 1


def _subject(parsed: Parsed) -> tuple[nn.Sequential, Preparation, DataSet]:
    """The network and the examples that the command line means."""
    name = parsed.arguments[0]
    chosen = {key: parsed.values[key] for key in _NETWORK if key in parsed.values}
    if plain(name) in DATASETS or names_a_table(name, parsed.values):
        data = load_named(name, parsed.values, "gradcheck")[0]
        with as_usage():
            settings = recipe_for(data, **chosen)
        training = Training(data, settings)
        return training.model, training.prepare, data
    if chosen:
        spelled = Option(next(iter(chosen)), None, "").spelled
        got = f"got {spelled} with the model {name}"
        raise UsageError(complain(got, "expected it with a data set", f"Try glassnet gradcheck {name}"))
    near = nearest(plain(name), DATASETS)
    if near is not None and not os.path.exists(run_path(name)) and os.path.basename(name) == name:
        got, expected = f"got {shown(name)}, which is neither a model nor a data set", "expected one of them"
        raise UsageError(complain(got, expected, f"Try glassnet gradcheck {near}"))
    trained = load_trained(name)
    data = data_of(trained, name)
    check_fits(trained, data)
    return trained.model, trained.prepare, data


def _lines(checked: Sequence[Checked], terminal: Terminal) -> list[str]:
    rows = [
        (c.name, f"{c.entries:,} of {c.size:,}", f"{c.error:.1e}", f"[{', '.join(map(str, c.at))}]",
         f"{c.analytic:.6g}, {c.numeric:.6g}")
        for c in checked
    ]  # fmt: skip
    name, share = (max(len(row[i]) for row in [("parameter", "checked"), *rows]) for i in (0, 1))
    head = f"  {'parameter':<{name}}  {'checked':>{share}}  relative error   worst entry: analytic, numeric"
    lines = [terminal.dim(head)]
    for c, row in zip(checked, rows, strict=True):
        sign = sign_of("good" if c.passed else "problem", terminal)
        text = f"{row[0]:<{name}}  {row[1]:>{share}}  {row[2]:>14}   {row[3]} {row[4]}"
        lines.append(f"{sign} {text if c.passed else terminal.bold(text)}")
    return [*lines, "", _verdict(checked, terminal)]


def _verdict(checked: Sequence[Checked], terminal: Terminal) -> str:
    worst: Any = max(checked, key=lambda c: c.error)
    if worst.passed:
        return f"every gradient is right: the largest relative error is {worst.error:.1e}, below {LIMIT:g}"
    text = f"got a relative error of {worst.error:.1e} in {worst.name}; expected below {LIMIT:g}."
    return terminal.bold(f"{text} Try glassnet.autograd.gradcheck on the operations of that layer.")
