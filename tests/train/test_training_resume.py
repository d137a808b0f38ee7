"""A training by settings that is stopped anywhere and gone on with: the numbers of one that never was, to the last bit.

`test_trainer_resume.py` takes the loop apart; here it is what `glassnet train` adds to it: tables, in memory and on
disk, embeddings, weights of rows and classes, images that are changed at every look.
"""

import csv

import numpy as np
import pytest

from glassnet.data.datasets import load_dataset
from glassnet.data.registry import DataSet
from glassnet.data.table import TableFile
from glassnet.train.callbacks import Callback
from glassnet.train.saving import read
from glassnet.train.settings import Settings
from glassnet.train.table_data import table_data
from glassnet.train.table_plan import TableOptions
from glassnet.train.table_stream import streamed_data
from glassnet.train.training import Training

COMMON = {"hidden": (6,), "batch_size": 16, "dropout": 0.2, "schedule": "cosine", "optimizer": "adamw"}
OPTIONS = {
    "a regression": TableOptions(("price",), one_hot_up_to=2, categorical=("zip",)),
    "classes": TableOptions(("kind",), weight="times"),
}


@pytest.fixture
def houses(tmp_path):
    rng = np.random.default_rng(4)
    path = tmp_path / "houses.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["size", "zip", "kind", "times", "price"])
        for _ in range(150):
            size, zip_code = rng.uniform(30, 200), int(rng.integers(0, 5))
            kind = "hut" if size < 80 + 20 * rng.normal() else "house"
            rows.writerow([f"{size:.2f}", zip_code, kind, rng.integers(1, 4), f"{9 * size + 50 * zip_code:.1f}"])
    return TableFile(path, piece=1024)


def images():
    data = np.random.default_rng(2).integers(0, 256, (50, 8, 8), dtype=np.uint8)
    labels = np.arange(50) % 3
    few = data[:9], labels[:9]
    return DataSet("dots", "classification", "", "", tuple("abc"), (), data, labels, *few)


MAKERS = {
    "table in memory": (lambda file: table_data(file.read(), OPTIONS["a regression"]), {"ema": 0.9}),
    "table on disk": (lambda file: streamed_data(file, OPTIONS["a regression"]), {"accumulate": 3}),
    "weighted table on disk": (lambda file: streamed_data(file, OPTIONS["classes"]), {"class_weight": "balanced"}),
    "mixed table": (lambda file: table_data(file.read(), OPTIONS["classes"]), {"mixup": 0.3, "max_norm": 1.0}),
    "images": (lambda file: images(), {"augment": "shift+rotate+elastic", "normalization": "batch"}),
    "points on a plateau": (
        lambda file: load_dataset("moons", n=120),
        {"schedule": "plateau", "plateau_patience": 1, "min_delta": 9.0, "validation": 0.2, "warm_up": 0.4},
    ),
    "points": (lambda file: load_dataset("moons", n=120), {"validation": 0.2, "patience": 2, "clip_norm": 0.5}),
}


class StopAt(Callback):
    """Ends a training after so many steps; 0: never."""

    def __init__(self, step):
        self.step = step

    def on_batch_end(self, trainer):
        if trainer.step == self.step:
            trainer.stop("enough")


def trained(data, settings, stop_at=0, folder=None, resume=None):
    training = Training(data, settings, folder, resume, callbacks=[StopAt(stop_at)])
    list(training)
    return training


@pytest.mark.parametrize("after", [1, 7, 10])
@pytest.mark.parametrize("name", MAKERS)
def test_stopped_anywhere(houses, tmp_path, name, after):
    make, extras = MAKERS[name]
    settings = Settings(epochs=3, **{**COMMON, **extras})
    whole = trained(make(houses), settings)
    half = trained(make(houses), settings, after, str(tmp_path / "checkpoints"))
    assert half.trainer.step == after
    assert half.trainer.step < whole.trainer.step
    resumed = trained(make(houses), settings, resume=read(tmp_path / "checkpoints"))
    for name, array in whole.trainer.weights().items():
        assert array.tobytes() == resumed.trainer.weights()[name].tobytes()
    figures = [[{k: v for k, v in e.items() if k != "seconds"} for e in t.history] for t in (whole, resumed)]
    assert figures[0] == figures[1]
    assert resumed.best_epoch == whole.best_epoch
