"""`glassnet train`, in this process and as one of its own."""

import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from glassnet.data.datasets import load_dataset
from glassnet.files.idx import write_idx
from glassnet.train.trained import Trained
from glassnet.version import __version__

PLACES = {"seconds", "examples_per_second", "date", "command", "machine"}


def only_run(name):
    (folder,) = Path("runs").glob(f"{name}-*")
    return folder


def test_a_training_shows_and_keeps_what_it_has_learnt(glassnet):
    done = glassnet("train xor_gate")
    folder = only_run("xor_gate")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("data     xor_gate: 4 examples to learn from, 4 to test on\nnetwork  2-64-64-2, relu")
    assert "100.00 % of 4 test examples right, 0 wrong" in done.out
    assert f"saved in {folder}" in done.out
    assert done.out.endswith(f"where from? glassnet explain {folder} --figure\n")
    assert "suggested-rate" in glassnet(f"explain {folder} --figure").out
    assert "\x1b" not in done.out
    assert "\r" not in done.out
    there = {p.name for p in folder.iterdir()} - {"checkpoints"}  # which a busy machine has the time for
    assert sorted(there) == [
        "activity.jsonl", "config.json", "confusion.jsonl", "environment.json", "ground.safetensors", "history.jsonl",
        "mistakes.csv", "model.safetensors", "predictions.safetensors", "result.json", "steps.jsonl",
        "weights.safetensors",
    ]  # fmt: skip


def test_the_model_in_the_folder_is_the_one_that_was_tested(glassnet):
    result = glassnet("train moons --epochs 5 --json").json
    data, trained = load_dataset("moons"), Trained.load(only_run("moons") / "model.safetensors")
    test = trained.evaluate(data.x_test, data.y_test)
    assert test.accuracy == result["test_accuracy"]
    assert test.confusion.tolist() == result["confusion"]
    assert trained.about["settings"] == result["settings"]
    assert trained.classes == ("upper", "lower")


def test_json_prints_the_result_and_nothing_else(glassnet):
    done = glassnet("train moons --epochs 3 --n 100 --data-seed 3 --seed 7 --json")
    assert done.err == ""
    assert done.out == (only_run("moons") / "result.json").read_text(encoding="utf-8")
    result = done.json
    assert result["command"][:3] == ["glassnet", "train", "moons"]
    assert result["data"]["options"] == {"n": 100, "seed": 3}
    assert (result["data"]["train"], result["data"]["test"]) == (80, 20)
    assert (result["settings"]["seed"], result["settings"]["epochs"]) == (7, 3)
    assert len(result["history"]) == 3
    assert result["parameters"] == 2 * 64 + 64 + 64 * 64 + 64 + 64 * 2 + 2
    assert result["machine"]["glassnet"] == __version__
    assert result["stopped"] is None


def test_quiet_prints_nothing(glassnet):
    assert glassnet("train moons --epochs 2 --quiet") == (0, "", "")
    assert only_run("moons").is_dir()


def test_the_same_command_gives_the_same_numbers(glassnet):
    first, second = (glassnet("train spiral --epochs 4 --dropout 0.1 --json").json for _ in range(2))
    history = [[{k: v for k, v in e.items() if k != "seconds"} for e in r["history"]] for r in (first, second)]
    assert history[0] == history[1]
    assert first["confusion"] == second["confusion"]
    assert first["test_loss"] == second["test_loss"]


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("--hidden 5,4 --activation elu", {"hidden": [5, 4], "activation": "elu"}),
        ("--hidden none", {"hidden": []}),
        ("--init xavier_normal", {"init": "xavier_normal"}),
        ("--optimizer SGD --lr 0.2 --momentum 0.5", {"optimizer": "sgd", "learning_rate": 0.2, "momentum": 0.5}),
        ("--schedule one_cycle --warm-up 0", {"schedule": "one-cycle", "warm_up": 0.0}),
        ("--batch-size all", {"batch_size": 0}),
        ("--dropout 0.5 --weight-decay 0.01", {"dropout": 0.5, "weight_decay": 0.01}),
        ("--label-smoothing 0.1", {"label_smoothing": 0.1}),
        ("--optimizer lbfgs --epochs 2", {"optimizer": "lbfgs", "batch_size": 0, "learning_rate": 1.0}),
    ],
)
def test_options_become_settings(glassnet, options, settings):
    result = glassnet(f"train moons --n 60 --epochs 3 {options} --json").json
    assert {key: result["settings"][key] for key in settings} == settings


def test_threads_are_set_and_written_down(glassnet):
    threads = glassnet("train moons --epochs 1 --threads 1 --json").json["machine"]["blas"]["threads"]
    assert threads in (1, None)  # None: a BLAS that cannot be asked


def test_regression_reports_its_error(glassnet):
    done = glassnet("train sine --epochs 20")
    assert re.search(r"^R² 0\.\d{4} on 40 test examples, typical error \(RMSE\) 0\.\d+$", done.out, re.M)
    result = json.loads((only_run("sine") / "result.json").read_text(encoding="utf-8"))
    assert {"test_loss", "test_rmse", "test_mae", "test_r2"} <= set(result)


def test_a_chosen_folder_is_used_once(glassnet, tmp_path):
    assert glassnet("train moons --epochs 1 --quiet --output mine").status == 0
    before = (tmp_path / "mine" / "model.safetensors").read_bytes()
    again = glassnet("train moons --epochs 2 --quiet --output mine")
    assert again.status == 1
    assert again.err == (
        "glassnet: got --output mine, which holds files; expected a new folder. Try --output mine-2.\n"
    )
    assert (tmp_path / "mine" / "model.safetensors").read_bytes() == before


def test_nothing_is_left_behind_by_a_training_that_fails(glassnet):
    done = glassnet("train moons --optimizer sgd --lr 1e30 --quiet")
    assert done.status == 1
    assert done.err.startswith("glassnet: got a loss that is not a number")
    assert not list(Path("runs").iterdir())


def test_images_of_one_s_own(glassnet, tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 90).astype(np.uint8)
    images = np.zeros((90, 6, 6), np.uint8)
    images[np.arange(90), labels * 2] = 255
    (tmp_path / "bars").mkdir()
    write_idx(tmp_path / "bars" / "train-images-idx3-ubyte.gz", images)
    write_idx(tmp_path / "bars" / "train-labels-idx1-ubyte", labels)
    for words in ("bars", "--idx bars"):
        result = glassnet(f"train {words} --json").json
        assert result["test_accuracy"] == 1
        assert result["data"]["name"] == "bars"
        assert result["network"] == "36-128-64-3"


def test_digits_begin_as_good_as_chance(digits_run):
    before = json.loads(Path(digits_run, "result.json").read_text("utf-8"))["before"]
    assert before["loss"] == pytest.approx(math.log(10), abs=0.1)
    assert before["test_accuracy"] == pytest.approx(0.1, abs=0.06)


def test_mnist_by_the_fast_recipe(digits_run):
    result = json.loads((digits_run / "result.json").read_text(encoding="utf-8"))
    assert result["test_accuracy"] >= 0.97
    assert result["parameters"] == 109_386
    assert np.sum(result["confusion"]) == 10_000
    assert os.path.getsize(digits_run / "model.safetensors") < 450_000


def test_older_kernels_are_reported_but_not_in_quiet(glassnet, monkeypatch):
    warning = "OPENBLAS_CORETYPE=Nehalem keeps OpenBLAS …"
    monkeypatch.setattr("glassnet.cli.train.lowered_kernels", lambda core: warning)
    assert glassnet("train moons --epochs 1").err == f"glassnet: {warning}\n"
    assert glassnet("train moons --epochs 1 --quiet").err == ""
    done = glassnet("train moons --epochs 1 --json")
    assert (done.err, done.json["warnings"]) == ("", [warning])


# ---- as a process -------------------------------------------------------------------------------------------------


def test_a_file_gets_plain_lines(program):
    done = subprocess.run(
        [*program, "train", "moons", "--epochs", "2"], capture_output=True, encoding="utf-8", timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not re.search("[\x1b\r]", done.stdout)
    assert re.search(r"^ +2 +0\.\d{5} +\d+\.\d\d % +\d+\.\d\d s$", done.stdout, re.M)


def test_a_reader_who_has_had_enough_is_no_mistake(program):
    with subprocess.Popen([*program, "datasets"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        assert running.stderr.read() == b""


def test_a_training_goes_on_when_its_reader_leaves(program):
    words = [*program, "train", "moons", "--epochs", "50", "--output", "unheard"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 1  # as for every command whose output nobody took
    assert json.loads(Path("unheard/result.json").read_text("utf-8"))["epochs_done"] == 50
    assert Trained.load("unheard/model.safetensors").classes == ("upper", "lower")


def test_what_is_to_be_typed_next_can_be_pasted(glassnet):
    done = glassnet("train moons --epochs 1 --output", "my runs/first ß")
    said = re.search(r"^try glassnet (.*)$", done.out, re.M)[1]
    assert glassnet("", *shlex.split(said)).status == 0


def test_an_encoding_without_blocks_is_no_mistake(program):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*program, "train", "sine", "--epochs", "2"], capture_output=True, env=environment, timeout=60
    )
    assert done.returncode == 0
    assert b"R2 " in done.stdout
    assert done.stdout.isascii()


def interrupted(program, *signals):
    """A long training that gets these signals once it has begun; (status, output, folder)."""
    flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {}
    words = [*program, "train", "moons", "--epochs", "9000000", "--output", "stopped"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **flags) as running:
        history, deadline = Path("stopped/history.jsonl"), time.monotonic() + 60
        while not (history.exists() and history.stat().st_size > 500) and time.monotonic() < deadline:
            time.sleep(0.01)
        for number in signals:
            running.send_signal(number)
        out, err = running.communicate(timeout=60)
    return running.returncode, out.decode("utf-8"), err.decode("utf-8")


def stop_signal():
    return signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGINT


def test_ctrl_c_leaves_a_model_that_can_be_used(program, glassnet):
    status, out, err = interrupted(program, stop_signal())
    assert err == ""
    assert status == (130 if os.name != "nt" else 128 + signal.SIGBREAK)
    assert re.search(r"stopped by (Ctrl-C|SIGBREAK) after \d+\.\d\d of 9000000 epochs: the model is what", out)
    result = json.loads(Path("stopped/result.json").read_text(encoding="utf-8"))
    assert result["stopped"] in ("SIGINT", "SIGBREAK")
    again = glassnet("evaluate stopped --json").json
    assert (again["accuracy"], again["loss"]) == (result["test_accuracy"], pytest.approx(result["test_loss"]))


def test_a_request_to_end_is_heeded_too(program):
    if os.name == "nt":  # there it ends a process without asking
        number, expected = stop_signal(), 128 + signal.SIGBREAK
    else:
        number, expected = signal.SIGTERM, 143
    assert interrupted(program, number)[0] == expected
    assert Trained.load("stopped/model.safetensors").classes == ("upper", "lower")


def test_the_program_starts_without_what_it_does_not_need():
    code = (
        "import sys; from glassnet.cli.main import main; main(['train', 'moons', '--epochs', '1', '--quiet'])\n"
        "unwanted = {'rich', 'typer', 'click', 'argparse', 'threadpoolctl', 'asyncio', 'multiprocessing', 'unittest'}\n"
        "print(sorted(unwanted & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--batch-size 100", "batches of 100, 4 updates an epoch, 1 epoch"),
        ("--batch-size 30", "batches of 30, 14 updates an epoch, 1 epoch"),
        ("--batch-size 30 --accumulate 4", "batches of 30, 4 updates an epoch, 1 epoch"),
        ("--batch-size all", "all examples at once, 1 update an epoch, 1 epoch"),
    ],
)
def test_the_updates_of_an_epoch_are_told(glassnet, options, said):
    assert said in " ".join(glassnet(f"train moons --epochs 1 {options}").out.split())


def test_settings_that_are_chosen_by_the_test_set_are_noticed(glassnet):
    """Only other settings on the same test examples count: no seed, no other data, no run with a validation part."""
    for options in ("--seed 1", "--seed 2", "--n 300", "--noise 0.3", "--lr 0.1 --validation 0.2", "--lr 0.2 --n 300"):
        assert "settings were tried" not in glassnet(f"train moons --epochs 1 {options}").out
    for width in (2, 3, 4):
        assert "other settings were tried" not in glassnet(f"train moons --epochs 1 --hidden {width}").out
    told = " ".join(glassnet("train moons --epochs 1 --hidden 5").out.split())
    assert "note 4 other settings were tried on these test examples: to choose among settings take --validation" in told
    assert "tried on these" not in glassnet("train moons --epochs 1 --hidden 7 --validation 0.1").out


def test_the_guard_against_nan_advises_what_can_be_typed(glassnet):
    line = "train moons --n 40 --optimizer sgd --learning-rate 1e6 --epochs 9"
    done = glassnet(f"{line} --nan-guard --quiet")
    assert done.status == 1
    assert done.err.endswith("Try a smaller learning rate, or --clip-norm 1.\n")
    assert "torch." not in done.err
