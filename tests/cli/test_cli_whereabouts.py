"""A model file says what it was trained on, and nothing of the folders of whoever trained it."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from glassnet.files.png import write_png
from glassnet.train.model_file import load_model


@pytest.fixture
def project(tmp_path):
    """A project with a table in a folder of its own."""
    folder = tmp_path / "alice" / "project"
    (folder / "data").mkdir(parents=True)
    rows = "".join(f"{i % 7},{2 * (i % 7) + i % 3}\n" for i in range(80))
    (folder / "data" / "houses.csv").write_text("size,price\n" + rows, encoding="utf-8")
    os.chdir(folder)
    return folder


def kept_in(model):
    return load_model(model)[1]["data"]["options"]


def options_of(run):
    return json.loads(Path(run, "config.json").read_text(encoding="utf-8"))["data"]["options"]


LINE = "train data/houses.csv --target price --epochs 2 --quiet --output runs/a"


def test_a_model_file_has_the_name_alone(glassnet, project):
    assert glassnet(LINE).status == 0
    assert kept_in("runs/a/model.safetensors") == {"table": "houses.csv", "target": "price"}
    assert options_of("runs/a")["table"].replace(os.sep, "/") == "../../data/houses.csv"
    written = b"".join(path.read_bytes() for path in Path("runs/a").rglob("*") if path.is_file())
    assert b"alice" not in written
    assert b"data/houses.csv" not in Path("runs/a/model.safetensors").read_bytes()


def test_the_table_is_found_again_from_anywhere_and_after_a_move(glassnet, project, tmp_path):
    assert glassnet(LINE).status == 0
    first = glassnet("evaluate runs/a --json").json
    assert first["n"] == 12
    os.chdir(tmp_path)
    found = [glassnet(f"evaluate {project}/runs/a --json").json]
    shutil.move(tmp_path / "alice", tmp_path / "moved")
    found += [glassnet(f"evaluate moved/project/runs/a{file} --json").json for file in ("", "/model.safetensors")]
    assert [judged["loss"] for judged in found] == [first["loss"]] * 3


def test_a_model_that_was_given_away_asks_for_its_table(glassnet, project, tmp_path):
    assert glassnet(LINE).status == 0
    given = tmp_path / "bob"
    given.mkdir()
    shutil.copy("runs/a/model.safetensors", given)
    table = Path("data/houses.csv").resolve()
    os.chdir(given)
    done = glassnet("evaluate model.safetensors")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "glassnet: got model.safetensors, trained on houses.csv, which is neither in its old place nor here; expected "
        "the data that it was trained on. Try copying houses.csv here.\n"
    )
    shutil.copy(table, given)
    assert glassnet("evaluate model.safetensors").status == 0


def test_a_path_that_was_typed_whole_is_kept_where_it_was_typed(glassnet, project):
    whole = str(project / "data" / "houses.csv")
    assert glassnet("train --target price --epochs 2 --quiet --output runs/b", whole).status == 0
    assert kept_in("runs/b/model.safetensors")["table"] == "houses.csv"
    assert options_of("runs/b")["table"] == whole
    assert glassnet("evaluate runs/b --json").status == 0


@pytest.mark.parametrize("told", ["", "..", "/", "../../../nowhere/houses.csv", 5, None])
def test_a_run_that_says_nonsense_is_asked_no_further(glassnet, project, told):
    assert glassnet(LINE).status == 0
    config = json.loads(Path("runs/a/config.json").read_text(encoding="utf-8"))
    config["data"]["options"]["table"] = told
    Path("runs/a/config.json").write_text(json.dumps(config), encoding="utf-8")
    done = glassnet("evaluate runs/a")
    assert done.status == 1
    assert "Try copying houses.csv here." in done.err


def test_folders_of_images_are_found_again(glassnet, project):
    rng = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        Path("pictures", name).mkdir(parents=True)
        for i in range(10):
            write_png(f"pictures/{name}/{i}.png", rng.integers(0, 255, (4, 4), np.uint8))
    assert glassnet("train pictures --epochs 2 --hidden 4 --quiet --output runs/c").status == 0
    assert kept_in("runs/c/model.safetensors")["images"] == "pictures"
    assert glassnet("evaluate runs/c").status == 0


@pytest.fixture
def two_runs(glassnet, clean_place):
    for name, when in (("first", 1_000_000), ("second", 2_000_000)):
        assert glassnet(f"train moons --n 40 --epochs 1 --hidden 3 --quiet --output runs/{name}").status == 0
        os.utime(f"runs/{name}/config.json", (when, when))


@pytest.mark.parametrize(
    "line",
    [
        "predict {} 3", "evaluate {}", "doctor {} --json", "explain {} --index 3", "explain {} --figure parameters",
        "draw {} --index 2", "probe {} hidden", "gradcheck {}", "plot {}", "runs show {}", "runs {}", "report {}",
    ],
)  # fmt: skip
def test_a_run_goes_by_its_folder_its_name_or_last(glassnet, two_runs, line):
    by_folder = glassnet(line.format("runs/second"))
    assert (by_folder.status in (0, 1), by_folder.err) == (True, "")
    for word in ("second", "last"):
        assert glassnet(line.format(word)).status == by_folder.status, word


def test_last_is_the_newest_and_a_folder_of_that_name_wins(glassnet, two_runs):
    def shown(word):
        return glassnet(f"runs show {word}").out.splitlines()[0].split()[1].replace(os.sep, "/")

    assert shown("last") == "runs/second"
    os.utime("runs/first/config.json", (3_000_000, 3_000_000))
    assert shown("last") == "runs/first"
    shutil.copytree("runs/second", "last")
    assert shown("last") == "last"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("predict frist 3", "Try first."),
        ("evaluate secnd", "Try second."),
        ("doctor nowhere-at-all", "Try glassnet runs, which lists them."),
    ],
)
def test_a_name_that_nothing_has_is_answered_by_one_that_is_like_it(glassnet, two_runs, line, hint):
    done = glassnet(line)
    assert (done.status, done.out) == (1, "")
    assert "which is neither a file nor a run in `runs`" in done.err
    assert done.err.endswith(f"{hint}\n")


def test_a_training_goes_on_by_its_name(glassnet, clean_place):
    done = glassnet("train moons --n 40 --epochs 300000 --hidden 3 --time-budget 2.5 --quiet --output runs/long")
    assert done.status == 0
    assert glassnet("train --resume last --time-budget 2.7 --quiet").status == 0
