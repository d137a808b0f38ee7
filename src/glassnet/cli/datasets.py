"""`glassnet datasets`: what there is to learn."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from glassnet.cli.data import dataset_options, plain
from glassnet.cli.help import Page, wrapped
from glassnet.cli.options import Option, UsageError, parse
from glassnet.cli.terminal import Terminal
from glassnet.data.datasets import DATASETS, Recipe
from glassnet.errors import complain
from glassnet.train.kinds import shown

OPTIONS = [
    Option("json", None, "print the list as JSON, and nothing else"),
    Option("help", None, "show this page"),
]
PAGE = Page(
    usage="glassnet datasets [options]",
    says="List the data sets that can be learned by name, and the options that each takes.",
    examples=(("glassnet train spiral --n 1000 --noise 0.1", "a thousand points, a little astray"),),
)


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, OPTIONS)
    if parsed.flag("help"):
        return PAGE.show(OPTIONS)
    if parsed.arguments:
        name = parsed.arguments[0]
        hint = f"Try glassnet train {name} --help" if plain(name) in DATASETS else "Try glassnet datasets"
        raise UsageError(complain(f"got {shown(name)}", "expected no argument", hint))
    if parsed.flag("json"):
        return _print_json()
    terminal = Terminal(sys.stdout)
    terminal.say(*_lines(terminal))
    return 0


def _lines(terminal: Terminal) -> list[str]:
    column = max(map(len, DATASETS)) + 2
    lines: list[str] = []
    for task in ("classification", "regression"):
        lines += ["", terminal.bold(task)] if lines else [terminal.bold(task)]
        for recipe in DATASETS.values():
            if recipe.task == task:
                first, *more = wrapped(recipe.summary + _classes(recipe), terminal.width - column - 2)
                options = " ".join(option.spelled for option in dataset_options(recipe.name))
                lines += [f"  {recipe.name:<{column}}{first}", *(f"  {'':{column}}{line}" for line in more)]
                lines += [
                    f"  {'':{column}}{terminal.dim(line)}" for line in wrapped(options, terminal.width - column) if line
                ]
    return [
        *lines,
        "",
        *wrapped("A folder of IDX files of your own is learned by its name: glassnet train my-digits/", terminal.width),
    ]


def _classes(recipe: Recipe) -> str:
    return f" ({len(recipe.classes)} classes)" if recipe.classes else ""


def _print_json() -> int:
    from glassnet.files import strict_json

    listed = [
        {
            "name": recipe.name,
            "task": recipe.task,
            "summary": recipe.summary,
            "source": recipe.source,
            "classes": list(recipe.classes),
            "features": list(recipe.feature_names),
            "options": {option.spelled: option.usual for option in dataset_options(recipe.name)},
        }
        for recipe in DATASETS.values()
    ]
    sys.stdout.write(strict_json.dumps(listed, sort_keys=False))
    return 0
