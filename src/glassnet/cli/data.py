"""The data set that a command line means: a name of the list with its options, or a table or folder of one's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from glassnet.cli.options import Option, UsageError
from glassnet.cli.table import TABLE_OPTIONS, load_table_data, names_a_table, refuse_table_options
from glassnet.data.datasets import DATASETS, DataSet, Recipe, load_dataset
from glassnet.data.dialect import ENDINGS
from glassnet.data.folders import is_image_folder
from glassnet.data.images import idx_folder
from glassnet.data.registry import MOST_POINTS
from glassnet.errors import FileError, GlassnetError, complain
from glassnet.files.os_errors import typed
from glassnet.train.kinds import Kind, Real, Text, Whole, nearest, shown

GROUP = "Data"
IMAGE_SIZE = Option(
    "image_size", Whole(1, 4096, "32"), "height and width to which a folder's images are scaled", (), GROUP
)
IDX = Option("idx", Text("my-digits", "FOLDER", "a folder"), "a folder of IDX files, named as MNIST's", (), GROUP)
_KINDS: dict[str, tuple[Kind, str]] = {
    "n": (Whole(2, MOST_POINTS, "500"), "how many points are drawn"),
    "noise": (Real(below=1000.0, example="0.1"), "how far points stray"),
    "seed": (Whole(0, example="1"), "where the random numbers of the data start"),
    "test_fraction": (Real(below=1.0, example="0.2"), "the share kept for testing"),
}
_RENAMED = {"seed": "data_seed"}  # --seed is the training's


OWN_DATA = [IDX, IMAGE_SIZE, *TABLE_OPTIONS]


def dataset_options(name: str | None = None) -> list[Option]:
    """The options that a data set takes on the command line: those whose values are numbers. Without a name, all.

    >>> [option.spelled for option in dataset_options("rings")]
    ['--n', '--noise', '--data-seed', '--test-fraction', '--rings']
    """
    recipes = DATASETS.values() if name is None else [DATASETS[plain(name)]]
    found: dict[str, Option] = {}
    for recipe in recipes:
        for key, usual in _numbers(recipe).items():
            found.setdefault(key, _option(key, usual))
    return list(found.values())


def _numbers(recipe: Recipe) -> dict[str, float]:
    return {key: usual for key, usual in recipe.options.items() if type(usual) in (int, float)}


def _option(key: str, usual: float) -> Option:
    other = Whole(0, example=str(usual)) if isinstance(usual, int) else Real(example=str(usual))
    kind, says = _KINDS.get(key, (other, f"{key.replace('_', ' ')} of this data set"))
    return Option(_RENAMED.get(key, key), kind, says, (), GROUP, f"{usual:g}")


def plain(name: str) -> str:
    """A name as the list of data sets spells it."""
    return name.strip().lower().replace("-", "_")


def load_named(name: str, given: dict[str, Any], command: str = "train") -> tuple[DataSet, dict[str, Any]]:
    """The data set of that name, or in the table or folder of that name, and the options it was made with.

    `command` is what was typed before the name, for the advice.

    Raises `UsageError` for an unknown name or a value that the data set refuses, `FileError` for files.
    """
    recipe = DATASETS.get(plain(name))
    if recipe is None and names_a_table(name, given):
        _refuse_others(name, {"seed": 0, "test_fraction": 0.15}, given)
        return load_table_data(name, given, command)
    refuse_table_options(name, given)
    if recipe is None and not os.path.isdir(name):
        raise UsageError(_unknown(name))
    own = _numbers(recipe) if recipe else {}
    if recipe is None and is_image_folder(name):
        _refuse_others(name, {"seed": 0, "test_fraction": 0.15}, given)
        return _images(name, given)
    if "image_size" in given:
        got = f"got --image-size with {shown(name)}"
        raise UsageError(complain(got, "expected a folder of images", "Try without --image-size"))
    options = {key: given[_RENAMED.get(key, key)] for key in own if _RENAMED.get(key, key) in given}
    _refuse_others(name, own, given)
    if recipe is None:
        _refuse_run(name)
        return idx_folder(name), {"idx": name}
    with as_usage(options):
        return load_dataset(recipe.name, **options), options


def _refuse_run(folder: str) -> None:
    """A folder that a training wrote is an easy slip: it stands where the last command said so."""
    if os.path.isfile(os.path.join(folder, "config.json")) or os.path.isfile(os.path.join(folder, "model.safetensors")):
        got = f"got {shown(folder)}, which is a run"
        hint = f"Try glassnet runs show {typed(folder)}, or train --resume {typed(folder)} to go on with it"
        raise UsageError(complain(got, "expected data", hint))


def _images(name: str, given: dict[str, Any]) -> tuple[DataSet, dict[str, Any]]:
    """A folder with a sub-folder of images for each class."""
    from glassnet.data.folders import image_folder

    chosen = {key: given[key] for key in ("image_size", "data_seed", "test_fraction") if key in given}
    side = given.get("image_size")
    share, seed = given.get("test_fraction", 0.15), given.get("data_seed", 0)
    data = image_folder(name, size=(side, side) if side else None, test_fraction=share, seed=seed)
    return data, {"images": name, **chosen}


def _refuse_others(name: str, own: dict[str, float], given: dict[str, Any]) -> None:
    """An option of another data set would do nothing."""
    mine = [_option(key, usual) for key, usual in own.items()]
    for option in dataset_options():
        if option.name in given and option.name not in {known.name for known in mine}:
            expected = "expected none: it has no options"
            if mine:
                expected = f"expected only {', '.join(known.spelled for known in mine)}"
            raise UsageError(complain(f"got {option.spelled} with {name}", expected, f"Try without {option.spelled}"))


@contextmanager
def as_usage(options: dict[str, Any] | None = None) -> Iterator[None]:
    """Inside, a value that is refused is a mistake of the command line: it is named as it was typed there."""
    try:
        yield
    except (FileError, UsageError):
        raise
    except GlassnetError as problem:
        message = str(problem)
        for key in options or {}:
            message = message.replace(f"{key}=", Option(_RENAMED.get(key, key), None, "").spelled + " ")
        raise UsageError(message) from None


def _unknown(name: str) -> str:
    table = next((name + ending for ending in ENDINGS if os.path.exists(name + ending)), None)
    near = typed(table) if table else nearest(plain(name), DATASETS)
    hint = f"Try {near}" if near else "Try glassnet datasets, which lists them"
    names = ", ".join(DATASETS)
    expected = f"expected a table such as houses.csv, a folder of images or IDX files, or one of {names}"
    return complain(f"got the data set {shown(name)}", expected, hint)
