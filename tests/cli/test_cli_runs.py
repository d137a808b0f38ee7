"""`glassnet runs`: lists, pages, comparisons and reports, as users meet them."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from glassnet.cli.main import main
from glassnet.train.history import HistoryFile
from glassnet.train.run_folder import write_json

SETTINGS = {"learning_rate": 0.1, "optimizer": "sgd", "batch_size": 20, "epochs": 3, "seed": 1, "hidden": [8]}


def made(name, accuracy=None, data="moons", date="2026-01-01T10:00:00", seconds=1.0, network="2-8-2", **settings):
    folder = Path("runs") / name
    folder.mkdir(parents=True)
    config = {
        "date": date, "network": network, "parameters": 42, "recipe": "default",
        "data": {"name": data, "task": "classification", "options": {}, "train": 400, "test": 100},
        "settings": {**SETTINGS, **settings},
    }  # fmt: skip
    write_json(str(folder / "config.json"), config)
    if accuracy is not None:
        figures = {"test_accuracy": accuracy, "test_loss": 1 - accuracy, "epochs_done": 3.0}
        write_json(str(folder / "result.json"), {**config, **figures, "seconds": {"training": seconds}})
    return folder


@pytest.fixture
def three():
    made("moons-1", 0.9, date="2026-01-01T10:00:00")
    made("moons-2", 0.95, date="2026-01-02T10:00:00", learning_rate=0.2, seconds=75.0)
    made("rings-1", 0.8, "rings", date="2026-01-03T10:00:00")


def names(out):
    return re.findall(r"^(\w+-\d)", out, re.M)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A run of the program itself."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    words = ["train", "moons", "--epochs", "8", "--hidden", "8", "--lr", "0.02", "--quiet", "--output", str(folder)]
    assert main(words) == 0
    return folder


# ---- the list -------------------------------------------------------------------------------------------------------


def test_the_newest_come_first(glassnet, three):
    done = glassnet("runs")
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        "run      data   accuracy    loss  epochs    time  network  begun\n"
        "rings-1  rings   80.00 %  0.2000       3  1.00 s  2-8-2    2026-01-03 10:00\n"
        "moons-2  moons   95.00 %  0.0500       3    1:15  2-8-2    2026-01-02 10:00\n"
        "moons-1  moons   90.00 %  0.1000       3  1.00 s  2-8-2    2026-01-01 10:00\n"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--sort accuracy", ["moons-2", "moons-1", "rings-1"]),
        ("--sort accuracy --reverse", ["rings-1", "moons-1", "moons-2"]),
        ("--sort loss", ["moons-2", "moons-1", "rings-1"]),
        ("--sort seconds --reverse", ["moons-2", "moons-1", "rings-1"]),
        ("--sort name", ["moons-1", "moons-2", "rings-1"]),
        ("--sort date --reverse", ["moons-1", "moons-2", "rings-1"]),
        ("--data MOONS", ["moons-2", "moons-1"]),
        ("--data moons --sort accuracy --limit 1", ["moons-2"]),
        ("--status done --data rings", ["rings-1"]),
    ],
)
def test_runs_are_sorted_and_chosen(glassnet, three, words, expected):
    assert names(glassnet(f"runs {words}").out) == expected


def test_runs_without_the_figure_come_last_in_any_order(glassnet, three):
    made("moons-3")
    for words in ("--sort accuracy", "--sort accuracy --reverse"):
        assert names(glassnet(f"runs {words}").out)[-1] == "moons-3"


def test_a_run_that_was_killed_is_listed_as_far_as_it_came(glassnet):
    folder = made("moons-1")
    with HistoryFile(folder) as file:
        file.append({"epoch": 2, "loss": 0.5, "test_accuracy": 0.75, "seconds": 0.5})
    with open(folder / "history.jsonl", "a") as file:
        file.write('{"epoch": 3')
    done = glassnet("runs")
    assert re.search(r"^moons-1  moons   75\.00 % +2  0\.50 s .* unfinished$", done.out, re.M)
    assert names(glassnet("runs --status unfinished").out) == ["moons-1"]


def test_a_spoilt_run_is_named_and_the_others_are_listed(glassnet, three):
    Path("runs/moons-1/result.json").write_text("{")
    done = glassnet("runs")
    assert done.status == 0
    assert names(done.out)[:3] == ["rings-1", "moons-2", "moons-1"]
    assert "moons-1: runs" in done.out.splitlines()[-1]
    assert "expected JSON" in done.out


def test_no_runs(glassnet, three):
    assert glassnet("runs --data mnist").out == "none of 3 runs in runs is like that; they are on moons, rings\n"
    Path("empty").mkdir()
    assert glassnet("runs empty").out == "no runs in empty: glassnet train moons makes one\n"


def test_programs_get_json(glassnet, three):
    found = glassnet("runs --json --sort accuracy").json
    assert (found[0]["run"], found[0]["accuracy"]) == (str(Path("runs/moons-2")), 0.95)
    assert found[0]["settings"]["learning_rate"] == 0.2


def test_a_folder_that_is_no_run(glassnet):
    done = glassnet("runs show elsewhere")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("glassnet: got elsewhere, which is neither a file nor a run in `runs`; expected")
    Path("elsewhere").mkdir()
    done = glassnet("runs show elsewhere")
    assert done.err.startswith("glassnet: got elsewhere, which is no run folder; expected")


# ---- one, or several ------------------------------------------------------------------------------------------------


def test_a_page_about_one_run(glassnet, learnt):
    done = glassnet("runs show", str(learnt))
    assert (done.status, done.err) == (0, "")
    assert re.search(r"^data +moons: classification, 400 train, 100 test examples$", done.out, re.M)
    assert re.search(
        r"^settings +optimizer adamw, learning rate 0\.02, batch size 20, epochs 8, seed 0", done.out, re.M
    )
    assert re.search(r"^status +done after 8 epochs$", done.out, re.M)
    assert re.search(r"^place +glassnet .* python 3", done.out, re.M)
    assert re.search(r"^ +loss  training \*  test o$", done.out, re.M)
    for name in ("predictions.safetensors", "mistakes.csv", "weights.safetensors", "activity.jsonl"):
        assert re.search(rf"^{name} +[\d.]+ kB", done.out, re.M)
    assert glassnet("runs", str(learnt)).out == done.out
    found = glassnet("runs show --json", str(learnt)).json
    assert len(found["history"]) == 8
    assert found["environment"]["packages"]["numpy"]


def test_a_comparison_shows_what_differs_and_nothing_else(glassnet, three):
    done = glassnet("runs compare moons-1 moons-2")
    assert done.out == (
        "               moons-1  moons-2\n"
        "learning rate      0.1      0.2\n"
        "\n"
        "accuracy       90.00 %  95.00 %\n"
        "loss            0.1000   0.0500\n"
        "seconds         1.00 s  75.00 s\n"
        "parameters          42       42\n"
        "epochs               3        3\n"
        "status            done     done\n"
    )


def test_runs_that_are_alike(glassnet, three):
    assert glassnet("runs compare moons-1 moons-1").out.splitlines()[1].split() == ["settings", *["the", "same"] * 2]


# ---- reports --------------------------------------------------------------------------------------------------------


def test_a_report_sets_the_result_beside_guessing_and_a_linear_model(glassnet, learnt):
    result = json.loads((learnt / "result.json").read_text(encoding="utf-8"))
    text = glassnet("runs report", str(learnt)).out
    found = re.search(r"^\| \*\*this network\*\* \| ([\d.]+) % \|", text, re.M)
    assert float(found[1]) == pytest.approx(100 * result["test_accuracy"], abs=0.006)
    assert re.search(r"^\| most frequent class \| 49\.00 % \| 0\.69\d\d \|$", text, re.M)
    assert re.search(r"^\| logistic regression \| 8\d\.\d\d % \|", text, re.M)
    assert "seed 0." in text
    assert re.search(r"^\| learning rate \| 0\.02 \|$", text, re.M)
    assert "glassnet train moons --epochs 8 --hidden 8 --lr 0.02 --quiet" in text
    assert text.count("\n## ") == 6
    for line in text.splitlines():
        assert not line.startswith("|") or line.endswith("|")


def test_a_report_into_a_file(glassnet, learnt):
    done = glassnet("runs report --no-baselines --output report.md", str(learnt))
    assert done.out == "written to report.md\n"
    text = Path("report.md").read_text(encoding="utf-8")
    assert "logistic" not in text
    assert text.startswith("# first\n")


def test_a_report_without_a_model_says_why_there_is_nothing_to_compare_with(glassnet, learnt, tmp_path):
    for name in ("config.json", "result.json", "predictions.safetensors"):
        (tmp_path / "run").mkdir(exist_ok=True)
        (tmp_path / "run" / name).write_bytes((learnt / name).read_bytes())
    text = glassnet("runs report run").out
    assert "No baselines: got the folder run without model.safetensors" in text


def test_names_in_a_report_cannot_become_tables_or_markup(glassnet):
    made("odd-1", 0.5, data="<script>|x|", network="`")
    text = glassnet("runs report odd-1 --no-baselines").out
    assert "<script>" not in text
    assert "|x|" not in text


# ---- runs that end badly --------------------------------------------------------------------------------------------


def test_a_loss_that_goes_astray_leaves_a_run_that_says_so(glassnet):
    line = "train sine --hidden none --optimizer sgd --momentum 0 --lr 3 --schedule constant --warm-up 0"
    done = glassnet(f"{line} --batch-size all --epochs 900 --output runs/bad")
    assert done.status == 1
    assert done.err.startswith("glassnet: got a loss that is not a number by step")
    page = glassnet("runs show bad").out
    assert re.search(r"^status +failed after [\d.]+ epochs: got a loss that is not a number by step \d+", page, re.M)
    assert re.search(r"^bad +sine .* failed$", glassnet("runs").out, re.M)


KILLED = "train moons --hidden 4 --epochs 1000000 --quiet --output runs/killed"


def test_a_run_that_was_killed_explains_itself(glassnet, program):
    words = [*program, *KILLED.split()]
    history = Path("runs/killed/history.jsonl")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        deadline = time.monotonic() + 60
        while not (history.exists() and history.stat().st_size > 3000) and time.monotonic() < deadline:
            time.sleep(0.01)
        running.kill()
        running.communicate()
    found = glassnet("runs --status unfinished --json").json[0]
    lines = history.read_bytes().count(b"\n")
    assert found["epochs"] == lines > 10
    assert (found["data"], found["settings"]["hidden"]) == ("moons", [4])
    assert glassnet("plot killed curves").status == 0
    assert "unfinished after" in glassnet("runs show killed").out


def test_event_files_are_written_where_they_are_asked_for(glassnet):
    assert glassnet("train moons --epochs 2 --hidden 4 --tensorboard --quiet --output runs/seen").status == 0
    (file,) = Path("runs/seen/tensorboard").iterdir()
    assert file.name.startswith("events.out.tfevents.")
    assert b"accuracy/test" in file.read_bytes()
    assert glassnet("train moons --epochs 2 --hidden 4 --quiet --output runs/unseen").status == 0
    assert not Path("runs/unseen/tensorboard").exists()
