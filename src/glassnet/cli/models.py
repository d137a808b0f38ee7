"""The model that a command line means, and the data it belongs to."""

from __future__ import annotations

import os
from typing import Any

from glassnet.cli.data import as_usage, load_named
from glassnet.cli.options import UsageError
from glassnet.cli.resume import CHECKPOINTS
from glassnet.cli.table import recorded
from glassnet.cli.whereabouts import KINDS, check_found, locate, model_path
from glassnet.data.datasets import DATASETS, DataSet
from glassnet.errors import FileError, complain
from glassnet.files.os_errors import reported, shown, typed
from glassnet.train.run_folder import MODEL, model_in
from glassnet.train.runs import is_run
from glassnet.train.trained import Trained

_OTHER_FILES = (".csv", ".tsv", ".parquet", ".png", ".jpg", ".jpeg", ".json")


def load_trained(path: str) -> Trained:
    """The model in a file or in a run folder, at a path or as `model_path` takes it.

    Raises `FileError` when there is none.
    """
    path = model_path(path)
    file = model_in(path)
    if os.path.isdir(os.path.join(file, CHECKPOINTS)):
        got = f"got the folder {shown(path)} without {MODEL}: its training was cut off"
        hint = f"Try glassnet train --resume {typed(path)}, which goes on with it"
        raise FileError(complain(got, "expected the folder of a run that has ended", hint))
    if os.path.isdir(file):
        raise FileError(_no_model(path))
    if file.lower().endswith(_OTHER_FILES) and os.path.isfile(file):
        folder = os.path.dirname(path)
        making = f"glassnet train {typed(path)}, which makes one"
        hint = f"Try the folder, {shown(folder)}" if is_run(folder) else f"Try {making}"
        raise FileError(complain(f"got {shown(path)}, which is data", "expected a run folder or a model file", hint))
    trained = Trained.load(file)
    locate(trained, file)
    return trained


def _no_model(path: str) -> str:
    """Why a folder holds no model: nobody trained there, or too little for one."""
    with reported("look into", path):
        os.listdir(path)
    got = f"got the folder {shown(path)} without {MODEL}"
    if is_run(path):
        got += ": its training was cut off before the first checkpoint, or still goes on"
        return complain(got, "expected the folder of a run that has ended", "Try training anew")
    return complain(got, "expected a run folder", "Try the folder that `glassnet train` named")


def data_of(trained: Trained, file: str) -> DataSet:
    """The data set that a model was trained on, made again with the same options.

    Raises `UsageError` when the file does not say, or what it says cannot be made.
    """
    about = trained.about.get("data")
    name, options = (about.get("name"), about.get("options")) if isinstance(about, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(options, dict):
        got = f"got {shown(file)}, which does not say what it was trained on"
        raise UsageError(complain(got, "expected a data set", f"Try glassnet evaluate {typed(file)} mnist"))
    for kind in KINDS:
        if isinstance(options.get(kind), str):
            check_found(options[kind], file)
    if isinstance(options.get("table"), str):
        return load_named(options["table"], recorded(options))[0]
    if isinstance(options.get("images"), str):
        kept = {key: options[key] for key in ("image_size", "data_seed", "test_fraction") if key in options}
        return load_named(options["images"], kept)[0]
    if isinstance(options.get("idx"), str):
        return load_named(options["idx"], {})[0]
    return load_named(name, _known(name, options))[0]


def _known(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Of what a file says, only numbers for options that the data set has: a file may not choose folders or mirrors."""
    usual = DATASETS[name].options if name in DATASETS else {}
    known = {key: value for key, value in options.items() if type(value) in (int, float) and key in usual}
    return {"data_seed" if key == "seed" else key: value for key, value in known.items()}


def refuse_plain_numbers(trained: Trained, before: str = "") -> None:
    """Raise `UsageError` for --x with a model of a table: which number belongs to which column is not to be guessed."""
    if trained.prepare.table is not None:
        names = ",".join(feature.name for feature in trained.prepare.table.features)
        hint = f"Try {before}a CSV file with the columns {names:.200}"
        raise UsageError(complain("got --x for a model of a table", "expected rows with names", hint))


def check_fits(trained: Trained, data: DataSet) -> None:
    """Raise `UsageError` unless the model can be asked about the data's examples."""
    with as_usage():
        features, outputs = trained.prepare.features, len(trained.classes)
        if data.n_features != features or data.task != trained.task or (outputs and outputs != data.n_outputs):
            got = f"got data set {data.name} ({data.task}, {data.n_features} features, {data.n_outputs} outputs)"
            expected = f"expected {trained.task}, {features} features" + (f", {outputs} outputs" if outputs else "")
            raise UsageError(complain(got, expected, "Try the data set that the model was trained on"))
