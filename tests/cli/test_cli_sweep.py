"""`glassnet sweep`, in this process and as one of its own."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from glassnet.cli.heatmap import heat_map
from glassnet.cli.sweep import Duration
from glassnet.cli.sweep_report import report
from glassnet.cli.terminal import Terminal
from glassnet.scale import space as spaces
from glassnet.scale.presets import PRESETS
from glassnet.scale.results import Results
from glassnet.train.trained import Trained

LONG = "sweep moons --n 100 --epochs 200 --grid seed=0,1,2,3,4,5,6,7,8,9 --grid width=4,8 --workers 2 --output s"
SMALL = "sweep moons --n 100 --epochs 2 --grid width=1,8 --grid lr=0.001,0.1 --workers 2"


def only_sweep(name="moons"):
    (folder,) = Path("sweeps").glob(f"{name}-*")
    return folder


class Screen(io.StringIO):
    """A terminal of 80 columns with colours."""

    encoding = "utf-8"

    def isatty(self):
        return True


def screen():
    return Terminal(Screen(), environ={"COLUMNS": "80", "TERM": "xterm-256color"})


def paper():
    return Terminal(io.StringIO(), environ={})


def made_up(space, score, failed=()):
    """Results whose scores are a rule of the choices."""
    trials = spaces.grid(space)
    found = {}
    for trial in trials:
        status = "failed" if trial.number in failed else "done"
        value = None if status == "failed" else score(**trial.choices)
        found[trial.number] = {
            "trial": trial.number, "choices": trial.choices, "status": status, "score": value, "seconds": 1.25,
            "seconds_per_epoch": 0.125, "epochs": 10.0, "parameters": 7, "worker": 1,
        }  # fmt: skip
    return Results(spaces.checked(space), trials, found)


TWO = {"learning_rate": (0.01, 0.1), "width": (8, 16, 32)}
GOLDEN = """\
the best of 6 trials, 1 of which failed
validation  learning_rate  width    time
   96.00 %            0.1     32  1.25 s
   88.00 %            0.1     16  1.25 s
   86.00 %           0.01     32  1.25 s
   78.00 %           0.01     16  1.25 s
   74.00 %           0.01      8  1.25 s
    failed            0.1      8  1.25 s

what each setting does, over all others (those that matter most first)
setting        value     mean  spread     best  failed  s/epoch
width              8  74.00 %  0.00 %  74.00 %       1    0.125
                  16  83.00 %  5.00 %  88.00 %            0.125
                  32  91.00 %  5.00 %  96.00 %            0.125
learning_rate   0.01  79.33 %  4.99 %  86.00 %            0.125
                 0.1  92.00 %  4.00 %  96.00 %       1    0.125

map of the best validation scores
learning_rate downwards, width to the right

      8    16   32
0.01  74.0 78.0 86.0
0.1   -    88.0 96.0"""


def two():
    return made_up(TWO, lambda learning_rate, width: 0.7 + 0.1 * (learning_rate > 0.05) + width / 200, failed=(3,))


def test_the_report_is_the_golden_one():
    assert "\n".join(line.rstrip() for line in report(two(), paper())) == GOLDEN


def test_the_map_in_colour_has_a_cell_for_each_trial():
    (*_, line, _, legend) = heat_map(two(), screen())
    cells = re.findall(r"\x1b\[38;5;(\d+);48;5;(\d+)m▀{3}", line)
    assert len(cells) == 3
    upper, lower = zip(*cells, strict=True)
    assert lower[0] == "236"  # the one that failed
    assert lower[2] == "228"  # the best has the lightest colour
    assert upper[0] == "17"  # the worst the darkest
    assert "74.0" in legend
    assert "96.0" in legend
    assert line.startswith("\x1b[2m0.01·0.1")


def test_the_exercise_fits_80_columns_in_colour_and_without():
    grid = made_up(
        PRESETS["mnist-grid"].space,
        lambda learning_rate, width, depth, batch_size: min(0.99, learning_rate * width / depth / batch_size),
    )
    for terminal in (screen(), paper()):
        lines = report(grid, terminal)
        plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
        assert max(map(len, plain)) <= terminal.width
        assert "learning_rate and width downwards, depth and batch_size to the right" in plain
    heading = plain.index(next(line for line in plain if line.split() == ["1", "2", "3"]))
    assert plain[heading + 1].split() == ["16", "32", "64", "128"] * 3
    assert plain[heading + 2].split()[:3] == ["0.001", "32", "0.2"]


def test_a_search_of_ranges_alone_has_no_map():
    trials = spaces.random({"dropout": spaces.Range(0.0, 0.5)}, 4)
    found = {
        t.number: {"trial": t.number, "choices": t.choices, "status": "done", "score": 0.5, "seconds": 1.0}
        for t in trials
    }
    results = Results({"dropout": spaces.Range(0.0, 0.5)}, trials, found)
    assert heat_map(results, paper()) == []
    assert "dropout" in "\n".join(report(results, paper()))


def test_five_settings_are_shown_by_the_four_that_matter():
    space = dict.fromkeys(("width", "depth", "batch_size", "epochs", "seed"), (1, 2))
    results = made_up(space, lambda width, depth, batch_size, epochs, seed: (width + depth + batch_size + epochs) / 9)
    lines = heat_map(results, paper())
    assert "width and depth downwards, batch_size and epochs to the right" in lines[1]


def test_a_sweep_shows_and_keeps_what_it_has_found(glassnet):
    done = glassnet(SMALL)
    folder = only_sweep()
    assert (done.status, done.err) == (0, "")
    assert "4 trainings, every combination" in done.out
    assert "64 examples to learn from, 16 to choose by" in done.out
    assert f"saved in {folder}" in done.out
    assert done.out.endswith(f"try glassnet predict {folder} 7\n")
    assert "\x1b" not in done.out
    assert sorted(p.name for p in folder.iterdir()) == [
        "model.safetensors", "result.json", "sweep.json", "trials.csv", "trials.jsonl",
    ]  # fmt: skip
    result = json.loads((folder / "result.json").read_text())
    trials = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    assert result["best"]["score"] == max(trial["score"] for trial in trials)
    assert (result["trials"], result["done"], result["failed"]) == (4, 4, 0)
    rows = list(csv.DictReader(io.StringIO((folder / "trials.csv").read_text())))
    assert {int(row["trial"]): float(row["score"]) for row in rows} == {t["trial"]: t["score"] for t in trials}
    assert [float(row["score"]) for row in rows] == sorted((t["score"] for t in trials), reverse=True)


def test_the_model_in_the_folder_is_the_best_trained_again(glassnet):
    from glassnet.data.datasets import load_dataset

    result = glassnet(SMALL, "--json").json
    data, trained = load_dataset("moons", n=100), Trained.load(only_sweep() / "model.safetensors")
    assert trained.evaluate(data.x_test, data.y_test).accuracy == result["test_score"]
    assert list(trained.about["settings"]["hidden"]) == [result["best"]["choices"]["width"]] * 2
    assert trained.about["settings"]["learning_rate"] == result["best"]["choices"]["learning_rate"]


def test_the_same_words_give_the_same_scores(glassnet):
    words = "sweep moons --n 100 --epochs 2 --random 5 --grid lr=0.001..1 --grid hidden=4,8x4 --seed 3 --quiet --output"
    for name in ("one", "two"):
        assert glassnet(words, name) == (0, "", "")
    one, two = (
        {
            t["trial"]: (t["choices"], t["score"])
            for t in map(json.loads, Path(n, "trials.jsonl").read_text().splitlines())
        }
        for n in ("one", "two")
    )
    assert one == two
    assert len(one) == 5


def test_a_killed_sweep_is_gone_on_with(program, glassnet):
    journal = Path("s/trials.jsonl")
    process = subprocess.Popen([*program, *LONG.split()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.stat().st_size > 500) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait()
    before = [line for line in journal.read_bytes().split(b"\n")[:-1] if line]
    assert 0 < len(before) < 20
    Path("s/.glassnet-0123456789abcdef.tmp").write_bytes(b"half")
    for _ in range(200):  # the kernel may still be closing its files
        done = glassnet("sweep --resume s --quiet")
        if "another sweep" not in done.err:
            break
        time.sleep(0.05)
    assert (done.status, done.err) == (0, "")
    after = journal.read_bytes().splitlines()
    assert after[: len(before)] == before
    assert sorted(json.loads(line)["trial"] for line in after) == list(range(20))
    assert json.loads(Path("s/result.json").read_text())["done"] == 20
    assert not list(Path("s").glob("*.tmp"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_what_is_done_and_says_how_to_go_on(program, number, status):
    process = subprocess.Popen([*program, *LONG.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal, deadline = Path("s/trials.jsonl"), time.monotonic() + 60
    while not (journal.exists() and journal.stat().st_size > 500) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (status, "")
    assert re.search(r"stopped after \d+ of 20 trials\ngo on with glassnet sweep --resume s\n", out)
    result = json.loads(Path("s/result.json").read_text())
    assert result["stopped"] == signal.Signals(number).name
    assert result["test_score"] is None
    assert not Path("s/model.safetensors").exists()


def test_a_named_recipe_can_be_searched_from(glassnet):
    result = glassnet("sweep mnist-good --subset 60 --epochs 1 --grid width=2,3 --workers 1 --json").json
    assert result["data"] == {"name": "mnist", "options": {}, "train": 48, "validation": 12}
    assert result["settings"]["augment"] == "shift"


def test_a_time_budget_ends_a_sweep(glassnet):
    done = glassnet(
        "sweep moons --n 100 --epochs 3 --grid width=4,8 --grid seed=1,2,3 --time-budget 0.001s --workers 1"
    )
    assert done.status == 0
    assert re.search("the time was over after [0-5] of 6 trials", done.out)  # what had begun may still end
    folder = only_sweep()
    assert glassnet(f"sweep --resume {folder} --quiet") == (0, "", "")
    assert json.loads((folder / "result.json").read_text())["done"] == 6


def test_a_folder_without_a_sweep_is_named(glassnet):
    Path("empty").mkdir()
    done = glassnet("sweep --resume empty")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "glassnet: got --resume empty, which holds no sweep.json; expected the folder of a sweep. "
        "Try the folder that `glassnet sweep` named.\n"
    )


@pytest.mark.parametrize("text", ["", "[]", '{"words": 3}', '{"words": [3]}'])
def test_a_damaged_plan_is_named(glassnet, text):
    Path("bad").mkdir()
    Path("bad/sweep.json").write_text(text)
    done = glassnet("sweep --resume bad")
    assert (done.status, done.out) == (1, "")
    assert "sweep.json" in done.err


def test_help_lists_what_can_be_chosen(glassnet):
    out = glassnet("sweep --help").out
    for word in (
        "--grid NAME=V,V",
        "--random",
        "--one-at-a-time",
        "--time-budget",
        "--resume",
        "mnist-grid",
        "--dropout",
    ):
        assert word in out
    assert "sweep" in glassnet("--help").out


def test_a_name_of_a_preset_has_the_exercises_trials():
    preset = PRESETS["mnist-grid"]
    assert len(spaces.grid(preset.space)) == 192
    assert preset.subset == 10_000
    assert preset.data == "mnist"


@pytest.mark.parametrize(("word", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), ("7", 7)])
def test_lengths_of_time(word, seconds):
    assert Duration().parse("--time-budget", word) == seconds


def test_influence_and_fifths_of_a_range():
    trials = spaces.random({"learning_rate": spaces.Range(0.001, 1.0)}, 50, seed=2)
    found = {
        t.number: {"trial": t.number, "choices": t.choices, "status": "done", "score": t.choices["learning_rate"]}
        for t in trials
    }
    effects = Results({"learning_rate": spaces.Range(0.001, 1.0)}, trials, found).effects("learning_rate")
    assert [effect.trials for effect in effects] == [10] * 5
    assert all(np.diff([effect.mean for effect in effects]) > 0)
    for effect in effects:
        assert effect.value[0] <= effect.mean <= effect.value[1]


def test_a_regression_is_judged_by_r2(glassnet):
    done = glassnet("sweep sine --epochs 2 --grid width=2,8 --grid lr=0.001,0.01 --workers 1")
    assert done.status == 0
    assert "test R² " in done.out
    assert re.search(r"^validation R² +width", done.out, re.M)
    head = done.out.partition("what each setting does")[0]
    assert re.search(r"\n +-?\d\.\d{4} +\d+ +0\.\d+ ", head)
    assert "%" not in done.out


def test_trainings_that_take_too_long_are_ended(glassnet):
    line = "sweep moons --n 100 --epochs 10000000 --grid width=4,8 --workers 2 --trial-timeout 0.4s --output s"
    result = glassnet(f"{line} --json").json
    assert (result["done"], result["failed"], result["best"]) == (2, 2, None)
    trials = [json.loads(row) for row in Path("s/trials.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {trial["reason"] for trial in trials} == {"no answer within 0.4 s"}


def test_the_best_of_a_table_finds_its_table_again(glassnet, tmp_path):
    rows = "".join(f"{i % 7},{'ab'[i % 7 > 3]}\n" for i in range(140))
    Path("t.csv").write_text("x,y\n" + rows, encoding="utf-8")
    line = "sweep t.csv --target y --grid width=4 --epochs 2 --workers 1 --output s --quiet"
    assert glassnet(line).status == 0
    assert glassnet("evaluate s --json").json["n"] == 21
    assert str(tmp_path).encode() not in b"".join(p.read_bytes() for p in Path("s").iterdir())


def test_the_time_of_a_search_is_said_and_kept(glassnet, tmp_path):
    done = glassnet("sweep moons --n 40 --grid width=2,4 --epochs 1 --workers 1 --output timed")
    assert done.status == 0
    (wall, work) = re.search(r"^2 trials: ([\d.]+) s, ([\d.]+) s of work$", done.out, re.M).groups()
    result = json.loads((tmp_path / "timed" / "result.json").read_text("utf-8"))
    assert float(wall) == pytest.approx(result["seconds"], abs=0.051)
    assert float(work) == pytest.approx(result["worker_seconds"], abs=0.051)
    again = glassnet("sweep --resume timed")
    assert re.search(rf"^2 trials: [\d.]+ s here, {work} s of work$", again.out, re.M)


@pytest.mark.parametrize("typed", ["--learning-rate 0.001,0.01", "--lr=0.001,0.01", "--batch-size 8,16"])
def test_several_values_are_meant_to_be_tried(glassnet, typed):
    done = glassnet(f"sweep moons --n 40 --epochs 1 {typed}")
    assert (done.status, done.out) == (2, "")
    hint = done.err.rstrip().rpartition("Try ")[2].rstrip(".")
    assert "expected one value, or several to try" in done.err
    assert glassnet(f"sweep moons --n 40 --epochs 1 --workers 1 --quiet --output s {hint}").status == 0
