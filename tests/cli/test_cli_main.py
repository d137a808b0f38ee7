"""The program as a whole: pages of help, lists, and every mistake answered in one line with its exit status."""

import errno
import re
import subprocess
import sys

import numpy as np
import pytest

from glassnet import nn
from glassnet.cli import main as main_module
from glassnet.cli.train import options_for
from glassnet.data.datasets import DATASETS
from glassnet.files.png import write_png
from glassnet.train.model_file import save_model
from glassnet.train.settings import Settings
from glassnet.version import __version__

# ---- help -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["", "--help", "-h", "help"])
def test_the_first_page_lists_the_commands(glassnet, line):
    done = glassnet(line)
    assert done.status == 0
    assert done.out.startswith("Usage  glassnet COMMAND [options]\n")
    assert all(f"\n  {name} " in done.out for name in main_module.COMMANDS)


@pytest.mark.parametrize("name", [name for name in main_module.COMMANDS if name != "help"])
def test_every_command_has_a_page_with_examples(glassnet, name):
    pages = {glassnet(line).out for line in (f"{name} --help", f"{name} -h", f"help {name}")}
    (page,) = pages
    assert page.startswith(f"Usage  glassnet {name}")
    assert "\nExamples\n  glassnet " in page
    assert max(map(len, page.splitlines())) <= 100


def test_the_page_of_train_names_every_setting_and_every_choice(glassnet):
    page = glassnet("train --help").out
    words = set(re.findall(r"[\w-]+", page))
    for setting in Settings.all():
        assert f"--{setting.name.replace('_', '-')}" in words
        assert set(getattr(setting.kind, "names", ())) <= words


def test_a_data_set_s_own_options_are_on_its_page(glassnet):
    assert "--rings N" in glassnet("train rings --help").out
    assert "--rings" not in glassnet("train moons --help").out


def test_every_option_of_train_says_what_it_does():
    options = options_for()
    assert all(option.says for option in options)
    spelled = [name for option in options for name in option.names]
    assert len(spelled) == len(set(spelled))


def test_the_version(glassnet):
    assert glassnet("--version") == (0, f"glassnet {__version__}\n", "")


def test_the_list_of_data_sets_is_whole(glassnet):
    done = glassnet("datasets")
    assert all(re.search(rf"^  {name} ", done.out, re.M) for name in DATASETS)
    listed = glassnet("datasets --json").json
    assert [entry["name"] for entry in listed] == list(DATASETS)
    assert listed[list(DATASETS).index("rings")]["options"]["--rings"] == "4"
    assert listed[list(DATASETS).index("fashion_mnist")]["options"] == {}


# ---- mistakes -------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    """Files that things can go wrong with."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("not a model\n")
    write_png(tmp_path / "white.png", np.full((40, 30), 255, np.uint8))
    preparation = {"shape": [2], "scale": 1.0, "offset": 0.0}
    about = {"task": "classification", "classes": ["a", "b"], "preparation": preparation}
    model = nn.Sequential(nn.Linear(2, 2))
    save_model("points.safetensors", model, {**about, "data": {"name": "moons", "options": {}}})
    save_model("orphan.safetensors", model, about)
    image = {**about, "preparation": {"shape": [28, 28], "scale": 1.0, "offset": 0.0}}
    save_model("image.safetensors", nn.Sequential(nn.Linear(784, 2)), image)


SETS = ", ".join(DATASETS)
OWN = "a table such as houses.csv, a folder of images or IDX files"
ACTIVATIONS = "relu, tanh, sigmoid, leaky_relu, gelu, silu, elu, selu, softplus, mish, identity"
OPTIMIZERS = "sgd, adam, adamw, nadam, radam, adamax, rmsprop, adagrad, adadelta, asgd, rprop, lbfgs"

LISTED = ", ".join(main_module.COMMANDS)
USAGE = {  # exit status 2
    "trian mnist": f"got the command trian; expected one of {LISTED}. Try glassnet train.",
    "help prdict": f"got the command prdict; expected one of {LISTED}. Try glassnet predict.",
    "--verbose": f"got the command --verbose; expected one of {LISTED}. Try glassnet --help.",
    "train": "got no data set; expected one data set. Try glassnet train mnist.",
    "train moons xor": "got moons and xor; expected one data set. Try glassnet train mnist.",
    "train mnits": f"got the data set mnits; expected {OWN}, or one of {SETS}. Try mnist.",
    "train no/such/folder": f"got the data set no/such/folder; expected {OWN}, or one of {SETS}. "
    "Try glassnet datasets, which lists them.",
    "train moons --epochs 0": "got --epochs 0; expected a whole number from 1 to 10,000,000. Try --epochs 10.",
    "train moons --epochs 1.5": "got --epochs 1.5; expected a whole number from 1 to 10,000,000. Try --epochs 10.",
    "train moons --epochs": "got --epochs without a value; expected a whole number from 1 to 10,000,000. "
    "Try --epochs 10.",
    "train moons --eposch 5": "got the option --eposch; expected one that this command has. Try --epochs.",
    "train moons --lr 0": "got --learning-rate 0; expected a number above 0. Try --learning-rate 0.1.",
    "train moons --lr nan": "got --learning-rate nan; expected a number above 0. Try --learning-rate 0.1.",
    "train moons --lr -1": "got --learning-rate -1; expected a number above 0. Try --learning-rate 0.1.",
    "train moons --hidden 8,,4": "got --hidden 8,,4; expected whole numbers from 1 to 1,000,000 with commas between, "
    "or none. "
    "Try --hidden 128,64.",
    "train moons --activation rleu": f"got --activation rleu; expected one of {ACTIVATIONS}. Try --activation relu.",
    "train moons --optimizer adma": f"got --optimizer adma; expected one of {OPTIMIZERS}. Try --optimizer adam.",
    "train moons --init kaiming": "got --init kaiming; expected one of default, kaiming_uniform, kaiming_normal, "
    "xavier_uniform, xavier_normal, orthogonal, normal, zeros. Try --init kaiming_uniform.",
    "train moons --schedule cos": "got --schedule cos; expected one of constant, linear, cosine, one-cycle, step, "
    "exponential. Try --schedule cosine.",
    "train moons --recipe bst": "got --recipe bst; expected one of default, good, fast, best. Try --recipe best.",
    "train moons --dropout 1": "got --dropout 1; expected a number of at least 0 and below 1. Try --dropout 0.1.",
    "train moons --batch-size 0": "got --batch-size 0; expected a whole number of at least 1, or all. "
    "Try --batch-size 128.",
    "train moons --seed -1": "got --seed -1; expected a whole number from 0 to 9,223,372,036,854,775,807. Try "
    "--seed 1.",
    "train moons --threads 0": "got --threads 0; expected a whole number from 1 to 4,096. Try --threads 2.",
    "train moons --momentum 0.5": "got --momentum with adamw; expected one of sgd, rmsprop, which have it. "
    "Try --optimizer sgd.",
    "train moons --optimizer lbfgs --batch-size 20": "got lbfgs with batch_size=20, dropout=0; expected all "
    "examples at "
    "once and no dropout: it compares losses along a line. Try batch_size=0 (--batch-size all), dropout=0.",
    "train moons --n 1": "got --n 1; expected a whole number from 2 to 10,000,000. Try --n 500.",
    "train moons --noise -1": "got --noise -1; expected a number of at least 0 and below 1000. Try --noise 0.1.",
    "train moons --test-fraction 1": "got --test-fraction 1; expected a number of at least 0 and below 1. "
    "Try --test-fraction 0.2.",
    "train rings --rings 1": "got --rings 1; expected a whole number of at least 2 and at most 100. Try --rings 2.",
    "train moons --rings 3": "got --rings with moons; expected --n, --noise, --data-seed, --test-fraction. "
    "Try without --rings.",
    "train mnist --noise 0.5": "got --noise with mnist; expected none: it has no options. Try without --noise.",
    "train moons --quiet=1": "got --quiet=1; expected --quiet alone. Try --quiet.",
    "train moons --output=": "got --output ''; expected a name. Try --output runs/first.",
    "datasets all": "got all; expected no argument. Try glassnet train all --help.",
    "predict": "got no model; expected a run folder or a model file. Try glassnet predict runs/….",
    "predict points.safetensors": "got nothing to predict; expected an image, a table, a number of a test example, or "
    "--x. Try glassnet predict points.safetensors --x 0.5,0.5.",
    "predict points.safetensors --x 1,2,3": "got 3 numbers in --x; expected 2, one for each feature. Try --x 0.5,0.5.",
    "predict points.safetensors --x a": "got --x a; expected numbers with commas between. Try --x 0.5,1.2.",
    "predict points.safetensors --x inf,1": "got --x inf,1; expected numbers with commas between. Try --x 0.5,1.2.",
    "predict points.safetensors 100": "got test example 100; expected 0 to 99. Try 99.",
    "predict points.safetensors white.png": "got the image white.png for a model of 2 features; expected numbers. "
    "Try --x 0.5,0.5.",
    "predict orphan.safetensors 3": "got orphan.safetensors, which does not say what it was trained on; "
    "expected a data "
    "set. Try glassnet evaluate orphan.safetensors mnist.",
    "evaluate": "got 0 arguments; expected a model, and perhaps a data set. Try glassnet evaluate runs/….",
    "evaluate a b c": "got 3 arguments; expected a model, and perhaps a data set. Try glassnet evaluate runs/….",
    "evaluate points.safetensors sine": "got data set sine (regression, 1 features, 1 outputs); expected "
    "classification, 2 features, 2 outputs. Try the data set that the model was trained on.",
    "evaluate points.safetensors three_spirals": "got data set three_spirals (classification, 2 features, 3 outputs); "
    "expected classification, 2 features, 2 outputs. Try the data set that the model was trained on.",
}
FILES = {  # exit status 1
    "train empty": "got folder empty without train-images-idx3-ubyte; expected it (or its .gz or .xz) there. "
    "Try naming the files: idx_files(images, labels), or adding train-images-idx3-ubyte.",
    "train moons --output notes.txt": "got --output notes.txt, which is a file; expected a new folder. "
    "Try --output notes.txt-2.",
    "predict nothing.safetensors 7": "got 'No such file or directory' on trying to open nothing.safetensors; "
    "expected a "
    "path that exists. Try checking the spelling.",
    "predict empty 7": "got the folder empty without model.safetensors; expected a run folder. "
    "Try the folder that `glassnet train` named.",
    "predict notes.txt 7": "notes.txt: got a header of 8,029,109,312,199,880,558 bytes; expected at most 4, "
    "what follows "
    "its length. Try copying or downloading the file again.",
    "predict image.safetensors notes.txt": "notes.txt: got the first bytes 6e 6f 74 20 61 20 6d 6f; expected a "
    "PNG image. "
    "Try saving it as PNG.",
    "predict image.safetensors white.png": "got a picture of 30 × 40 pixels that are all alike; expected "
    "something drawn "
    "on it. Try another picture.",
    "evaluate notes.txt": "notes.txt: got a header of 8,029,109,312,199,880,558 bytes; expected at most 4, what "
    "follows "
    "its length. Try copying or downloading the file again.",
    "train moons --lr 1e30 --optimizer sgd --quiet": "got a loss that is not a number by step 20, "
    "at learning "
    "rate 1e+30; expected a finite one. Try --learning-rate 0.1.",
}


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("line", "message"), USAGE.items())
def test_a_command_line_that_cannot_be_followed_ends_with_status_2(glassnet, line, message):
    assert glassnet(line) == (2, "", f"glassnet: {message}\n")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("line", "message"), FILES.items())
def test_what_goes_wrong_with_files_and_numbers_ends_with_status_1(glassnet, line, message):
    assert glassnet(line) == (1, "", f"glassnet: {message}\n")


WITH_FIX = re.compile(r"train (?P<data>\w+) --\S+( (?P<value>\S+))?")


@pytest.mark.parametrize("line", [line for line in USAGE if WITH_FIX.fullmatch(line) and " Try --" in USAGE[line]])
def test_the_fix_that_is_proposed_works(glassnet, line):
    """What the message says to try, typed in the place of what was wrong, is accepted."""
    fix = USAGE[line].partition(" Try ")[2].removesuffix(".")
    data, value = WITH_FIX.fullmatch(line).group("data", "value")
    if " " not in fix and value is not None:  # only the name was wrong
        fix = f"{fix} {value}"
    few = "" if "--epochs" in fix else "--epochs 1"
    done = glassnet(f"train {data} {fix} {few} --quiet")
    assert (done.status, done.err) == (0, "")


def test_a_mistake_of_the_program_s_own_is_one_line_too(glassnet, monkeypatch):
    def broken(words):
        return 1 // len([])

    monkeypatch.setitem(main_module.COMMANDS, "datasets", (broken, ""))
    done = glassnet("datasets")
    assert done.status == 1
    assert re.fullmatch(
        r"glassnet: got ZeroDivisionError: .* \(test_cli_main\.py, line \d+\); expected none: this is a mistake in "
        r"glassnet\. Try reporting this line\.\n",
        done.err,
    )


@pytest.mark.parametrize(
    ("problem", "status", "message"),
    [
        (KeyboardInterrupt(), 130, "stopped"),
        (MemoryError(), 1, "got a request for more memory than there is; expected less. Try fewer examples."),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            "got 'No space left on device' on writing to the standard output; expected room for it. "
            "Try another place for it.",
        ),
    ],
)
def test_the_other_ways_to_end(glassnet, monkeypatch, problem, status, message):
    def ending(words):
        raise problem

    monkeypatch.setitem(main_module.COMMANDS, "datasets", (ending, ""))
    assert glassnet("datasets") == (status, "", f"glassnet: {message}\n")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize(("word", "status"), [("datasets", 0), ("trian", 2)])
def test_a_closed_stream_changes_nothing_but_what_is_seen(stream, word, status):
    text = f"import sys; sys.{stream} = None; from glassnet.cli.main import main; sys.exit(main(['{word}']))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, getattr(done, stream)) == (status, "")
    assert "mistake in glassnet" not in done.stderr


def test_as_a_process_a_mistake_has_its_status_and_no_traceback(program):
    done = subprocess.run([*program, "train", "moonz"], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"glassnet: got the data set moonz; .* Try moons\.\n", done.stderr)
