"""Run folders: always new, never over an older one."""

import os
import re
import time
from pathlib import Path

import pytest

from glassnet.errors import FileError
from glassnet.files import strict_json
from glassnet.train.run_folder import LOCK, MODEL, RunFolder, model_in


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_is_named_after_its_data_and_the_time():
    folder = RunFolder("moons")
    assert re.fullmatch(r"runs.moons-\d{8}-\d{6}", folder.path)
    assert os.path.isdir(folder.path)


def test_two_runs_in_one_second_get_two_folders(monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda form: "20260101-120000")
    paths = [RunFolder("moons").path for _ in range(3)]
    assert [os.path.basename(path) for path in paths] == [
        "moons-20260101-120000", "moons-20260101-120000-2", "moons-20260101-120000-3",
    ]  # fmt: skip


def test_a_chosen_folder_is_made_with_those_above_it(here):
    assert RunFolder("moons", "a/b/c").model == os.path.join("a/b/c", MODEL)
    assert (here / "a" / "b" / "c").is_dir()


def test_an_empty_folder_is_taken(here):
    (here / "mine").mkdir()
    assert RunFolder("moons", "mine").path == "mine"


def test_a_folder_that_holds_something_is_left_alone(here):
    for name in ("mine", "mine-2"):
        (here / name).mkdir()
        (here / name / "notes.txt").write_text("keep me")
    with pytest.raises(FileError, match=r"got --output mine, which holds files; .* Try --output mine-3\."):
        RunFolder("moons", "mine")
    assert os.listdir("mine") == ["notes.txt"]


def test_a_file_in_the_way_is_named(here):
    (here / "mine").write_text("")
    with pytest.raises(FileError, match=r"mine, which is a file; .* Try --output mine-2"):
        RunFolder("moons", "mine")


def test_a_result_is_strict_json_and_what_is_not_finite_is_null():
    folder = RunFolder("moons")
    text = folder.write_result({"loss": float("nan"), "first": 1})
    assert strict_json.loads(text) == {"loss": None, "first": 1}
    with open(folder.result, encoding="utf-8") as written:
        assert written.read() == text
    assert text.index("loss") < text.index("first")


def test_only_a_folder_in_which_nothing_was_learnt_is_dropped():
    empty, full = RunFolder("moons"), RunFolder("moons")
    full.write_result({})
    begun, learnt = RunFolder("moons"), RunFolder("moons")
    for folder, lines in ((begun, b""), (learnt, b'{"epoch":1}\n')):
        Path(folder.path, "steps.jsonl").write_bytes(b'{"step":1}\n')  # one is written as soon as a second has gone by
        Path(folder.path, "history.jsonl").write_bytes(lines)
    for folder in (empty, full, begun, learnt):
        folder.drop()
    assert not os.path.exists(empty.path)
    assert not os.path.exists(begun.path)
    assert os.path.exists(full.result)
    assert os.path.exists(learnt.path)


def test_a_run_is_written_by_one_training_at_a_time(here):
    folder = RunFolder("moons", "my run")
    with folder.held():
        with pytest.raises(FileError, match=r"my run, which another training is writing; .* runs show 'my run'"):
            with folder.held():
                raise AssertionError("two at once")
        assert os.listdir("my run") == [LOCK]
        Path("my run", "config.json").write_bytes(b"{}")
    assert not os.path.exists("my run")  # nothing was learnt
    folder = RunFolder("moons", "my run")
    with folder.held():
        folder.write_result({})
    assert os.listdir("my run") == ["result.json"]


def test_a_run_folder_means_the_model_in_it(here):
    (here / "run").mkdir()
    assert model_in("run") == "run"
    (here / "run" / MODEL).write_bytes(b"")
    assert model_in("run") == os.path.join("run", MODEL)
    assert model_in("elsewhere.safetensors") == "elsewhere.safetensors"
