"""Runs read back: whole ones, killed ones, and folders that strangers filled."""

import json

import numpy as np
import pytest

from glassnet.errors import FileError, FormatError
from glassnet.train.evaluation import classification
from glassnet.train.history import HistoryFile
from glassnet.train.predictions import write_predictions
from glassnet.train.run_folder import write_json
from glassnet.train.runs import Run, differences, find_runs, is_run, places


def made(folder, result=None, config=None, history=()):
    folder.mkdir(parents=True)
    if result is not None:
        write_json(str(folder / "result.json"), result)
    if config is not None:
        write_json(str(folder / "config.json"), config)
    if history:
        with HistoryFile(folder) as file:
            for entry in history:
                file.append(entry)
    return Run(str(folder))


CONFIG = {
    "date": "2026-01-31T12:00:00+0100", "network": "2-8-2", "parameters": 42, "recipe": "default",
    "data": {"name": "moons", "task": "classification", "options": {"noise": 0.2}, "classes": ["a", "b"]},
    "settings": {"learning_rate": 0.1, "seed": 7, "hidden": [8]},
}  # fmt: skip
RESULT = {**CONFIG, "test_accuracy": 0.9, "test_loss": 0.25, "epochs_done": 3.0, "seconds": {"training": 1.5}}


def test_a_run_that_was_completed(tmp_path):
    run = made(tmp_path / "a", RESULT, CONFIG, [{"epoch": 1, "loss": 0.5}])
    assert (run.name, run.data, run.task, run.status, run.seed) == ("a", "moons", "classification", "done", 7)
    assert run.date == "2026-01-31 12:00:00"
    figures = {name: run.metric(name) for name in ("accuracy", "loss", "seconds", "parameters", "epochs", "r2")}
    assert figures == {"accuracy": 0.9, "loss": 0.25, "seconds": 1.5, "parameters": 42, "epochs": 3, "r2": None}
    assert run.settings["data noise"] == 0.2
    assert run.settings["network"] == "2-8-2"
    assert run.history["loss"] == [0.5]


def test_a_run_that_was_killed_has_its_history_and_its_configuration(tmp_path):
    lines = [
        {"epoch": 1, "loss": 0.5, "seconds": 0.1},
        {"epoch": 2, "loss": 0.4, "seconds": 0.2, "test_accuracy": 0.75},
    ]
    run = made(tmp_path / "a", None, CONFIG, lines)
    assert run.status == "unfinished"
    assert (run.metric("accuracy"), run.metric("epochs"), run.metric("seconds")) == (0.75, 2, 0.2)
    assert run.metric("parameters") == 42
    assert run.predictions is None


@pytest.mark.parametrize(
    ("more", "status"), [({"stopped": "SIGINT"}, "stopped"), ({"failed": "no number"}, "failed"), ({}, "done")]
)
def test_how_a_run_ended(tmp_path, more, status):
    assert made(tmp_path / "a", {**RESULT, **more}).status == status


def test_a_run_of_an_older_program_has_its_history_in_the_result(tmp_path):
    run = made(tmp_path / "a", {**RESULT, "history": [{"epoch": 1, "loss": 0.5}], "machine": {"python": "3.11"}})
    assert run.history["loss"] == [0.5]
    assert places(run)["python"] == "3.11"
    assert run.config["network"] == "2-8-2"


def test_no_run(tmp_path):
    assert not is_run(tmp_path)
    with pytest.raises(FileError, match="which is no run folder; expected a folder that `glassnet train` wrote"):
        Run(str(tmp_path))
    assert find_runs(tmp_path / "nowhere") == []


def test_runs_are_found_and_a_spoilt_one_spoils_no_other(tmp_path):
    made(tmp_path / "b", RESULT)
    made(tmp_path / "a", RESULT)
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "result.json").write_text('{"seed": NaN}')
    found = find_runs(tmp_path)
    assert [run.name for run in found] == ["a", "b", "bad"]
    assert [bool(run.problems) for run in found] == [False, False, True]
    assert "got the word NaN" in found[2].problems[0]


ODD = {"data": {"name": 5, "task": None, "classes": 7}, "date": 12, "test_accuracy": "high"}


@pytest.mark.parametrize(
    "junk", ["[]", "1", '"text"', "{}", '{"data": [], "settings": 3, "seconds": "long"}', json.dumps(ODD)]
)
def test_results_of_other_forms_are_runs_of_which_little_is_known(tmp_path, junk):
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "result.json").write_text(junk)
    run = Run(str(folder))
    assert (run.data, run.task, run.date, run.seed, run.classes) == ("?", "?", "", None, [])
    assert all(run.metric(name) is None for name in ("accuracy", "seconds", "epochs"))
    assert isinstance(run.settings, dict)
    assert run.history.entries == []


def test_a_file_that_is_not_json_is_named(tmp_path):
    run = made(tmp_path / "a", RESULT)
    (tmp_path / "a" / "environment.json").write_text("{")
    with pytest.raises(FormatError, match=r"environment\.json"):
        _ = run.environment


def test_settings_that_differ(tmp_path):
    first = made(tmp_path / "a", RESULT)
    other = json.loads(json.dumps(RESULT))
    other["settings"] = {"learning_rate": 0.2, "seed": 7, "hidden": [8], "dropout": 0.5}
    second = made(tmp_path / "b", other)
    assert differences([first, second]) == {"learning_rate": [0.1, 0.2], "dropout": [None, 0.5]}
    assert differences([first, first]) == {}


def test_where_it_took_place(tmp_path):
    run = made(tmp_path / "a", RESULT)
    git = {"commit": "c0ffee" + "0" * 34, "branch": "main", "dirty": True}
    write_json(
        str(tmp_path / "a" / "environment.json"), {"glassnet": "1", "blas": {"core": "Zen", "threads": 2}, "git": git}
    )
    found = places(run)
    assert found["commit"] == "c0ffee0000 with changes"
    assert (found["kernels"], found["threads"]) == ("Zen", 2)


def test_the_judgement_is_the_one_that_was_kept(tmp_path):
    run = made(tmp_path / "a", RESULT)
    write_predictions(tmp_path / "a", classification(np.eye(2), np.array([0, 0])), ["a", "b"], of="training")
    test, of = run.predictions
    assert (test.accuracy, of) == (0.5, "training")
