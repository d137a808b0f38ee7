"""`glassnet evaluate`: how good a saved model is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from glassnet.cli.data import IDX, dataset_options, load_named
from glassnet.cli.help import Page
from glassnet.cli.models import check_fits, data_of, load_trained
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.predict_table import named_file
from glassnet.cli.report import report
from glassnet.cli.table import READING, as_in_training, names_a_table, pieces
from glassnet.cli.terminal import Terminal
from glassnet.cli.whereabouts import data_options, model_path
from glassnet.data.datasets import DATASETS, DataSet
from glassnet.errors import complain
from glassnet.files import strict_json
from glassnet.files.os_errors import shown, typed
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.in_pieces import judged
from glassnet.train.looked import count_look, said_of_looks
from glassnet.train.multilabel import Multilabel
from glassnet.train.runs import Run, is_run
from glassnet.train.trained import Trained

PAGE = Page(
    usage="glassnet evaluate MODEL [DATA] [options]",
    says="Test a saved model on the data set it was trained on, or on other data of the same kind: a name, a table "
    "with the target (- for CSV on standard input), a folder. MODEL is a run folder, its name in `runs`, `last` for "
    "the newest, or a model file.",
    examples=(
        ("glassnet evaluate runs/mnist-20260101-120000", "the test set again"),
        ("glassnet evaluate runs/houses-… new.csv", "the rows of a table"),
        ("glassnet evaluate model.safetensors moons --noise 0.4", "harder points"),
    ),
)


def options() -> list[Option]:
    """The options of the command."""
    return [
        IDX,
        *READING,
        *dataset_options(),
        Option("train_set", None, "test on the examples that it learnt from"),
        Option("json", None, "print the figures as JSON, and nothing else"),
        Option("help", None, "show this page"),
    ]


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, options())
    if parsed.flag("help"):
        return PAGE.show(options())
    arguments = [*parsed.arguments, *([parsed.values["idx"]] if "idx" in parsed.values else [])]
    if not 1 <= len(arguments) <= 2:
        got = f"got {' and '.join(map(shown, arguments)) or 'no model'}"
        raise UsageError(complain(got, "expected a model, and perhaps a data set", "Try glassnet evaluate last"))
    arguments[0] = model_path(arguments[0])
    trained = load_trained(arguments[0])
    if trained.prepare.table is not None and len(arguments) == 2 and arguments[1] not in DATASETS:
        return _evaluate_table(trained, arguments[0], arguments[1], parsed)
    if len(arguments) == 2 and names_a_table(arguments[1], parsed.values):
        raise UsageError(_no_table(arguments[1], trained))
    data = load_named(arguments[1], parsed.values)[0] if len(arguments) == 2 else data_of(trained, arguments[0])
    check_fits(trained, data)
    if len(arguments) == 2:
        _check_classes(trained, data)
    learnt = parsed.flag("train_set") or not len(data.x_test)
    x, y = (data.x_train, data.y_train) if learnt else (data.x_test, data.y_test)
    of = "training" if learnt else "test"
    tell = getattr(data, "example", None)
    say = partial(tell, 0 if learnt else 2) if tell is not None else None
    found = judged(trained.model, trained.prepare, x, y, say=say)
    looks = count_look(arguments[0]) if len(arguments) == 1 and not learnt else None
    if parsed.flag("json"):
        sys.stdout.write(_as_json(found.test, data, of, looks))
        return 0
    terminal = Terminal(sys.stdout)
    terminal.say(f"{terminal.dim('data     ')}{data.name}: {len(x):,} {of} examples", _loss(found.test, terminal), "")
    terminal.say(*report(found.test, data, x, terminal, of, found.say), *said_of_looks(looks))
    return 0


def _no_table(path: str, trained: Trained) -> str:
    """A model that has no columns cannot be judged by the rows of a table."""
    about = trained.about.get("data")
    name = about.get("name") if isinstance(about, dict) else None
    got = f"got the table {shown(path)} for a model of {shown(name) if name else 'no table'}"
    hint = f"Try {name}, or a model that was trained on a table" if name in DATASETS else "Try a model of a table"
    return complain(got, f"expected data of that kind, with {trained.prepare.features} features", hint)


def _check_classes(trained: Trained, data: DataSet) -> None:
    """What one data set calls its first class has nothing to do with the first class of another."""
    if trained.classes and tuple(trained.classes) != tuple(data.classes):
        got = f"got data set {data.name} with the classes {_few(data.classes)}"
        expected = f"expected those of the model, {_few(trained.classes)}"
        raise UsageError(complain(got, expected, "Try the data set that the model was trained on"))


def _few(classes: Sequence[str]) -> str:
    return ", ".join(classes[:4]) + (", …" if len(classes) > 4 else "")


def _learnt_from(trained: Trained, model: str, path: str) -> list[str]:
    """A word about a table that the model was trained on: it knows most of its rows by heart, perhaps."""
    table = data_options(trained).get("table")
    if not isinstance(table, str) or not (os.path.exists(table) and os.path.exists(path)):
        return []
    if not os.path.samefile(table, path):
        return []
    run = Run(model) if is_run(model) else None
    counts = run.config.get("data") if run is not None else None
    learnt, tested = (counts.get(part) if isinstance(counts, dict) else None for part in ("train", "test"))
    many = f"{learnt:,}" if isinstance(learnt, int) else "most"
    alone = f"the {tested:,} test rows" if isinstance(tested, int) and tested else "the test rows"
    return [f"{many} of these rows were learnt from; to judge {alone} alone: glassnet evaluate {typed(model)}"]


def _evaluate_table(trained: Trained, model: str, path: str, parsed: Parsed) -> int:
    """Judge a model on the raw rows of a table that has the target too, a piece at a time."""
    from glassnet.train.table_data import judged_data
    from glassnet.train.tabular import Oddities
    from glassnet.train.tally import Tally

    odd, tally, notes = Oddities(), Tally(), dict[str, None]()
    data: Any = None
    with named_file(path) as file:
        for piece in pieces(file, as_in_training(trained, parsed.values), trained.table_code.as_words):
            data = judged_data(trained, piece, odd)
            notes.update(dict.fromkeys(finding.text for finding in data.findings))
            tally.add(trained.evaluate(data.x_test, data.y_test), partial(data.example, 2))
    test = tally.evaluation
    for note in (*_learnt_from(trained, model, path), *notes, *odd.notes()):
        print(f"glassnet: {note}", file=sys.stderr)
    if parsed.flag("json"):
        sys.stdout.write(_as_json(test, data, "all"))
        return 0
    terminal = Terminal(sys.stdout)
    terminal.say(f"{terminal.dim('data     ')}{data.source}: {test.n:,} examples", _loss(test, terminal), "")
    terminal.say(*report(test, data, data.x_test, terminal, say=tally.said.__getitem__))
    return 0


_LOSSES = {
    Classification: "cross-entropy",
    Multilabel: "binary cross-entropy",
    Regression: "squared error, in the units that were learnt",
}


def _loss(test: Evaluation, terminal: Terminal) -> str:
    """What a training makes small, on these examples."""
    words = next(words for kind, words in _LOSSES.items() if isinstance(test, kind))
    return f"{terminal.dim('loss     ')}{test.loss:.4g} ({words}, on average)"


def _as_json(test: Evaluation, data: DataSet, of: str, looks: int | None = None) -> str:
    figures = {"data": data.name, "examples": of, "n": test.n, "classes": list(data.classes), **test.as_dict("")}
    figures |= {"looks": looks} if looks is not None else {}
    return strict_json.dumps(figures, non_finite="null", sort_keys=False)
