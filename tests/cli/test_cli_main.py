"""The program as a whole: pages of help, lists, and every mistake answered in one line with its exit status."""

import errno
import re
import subprocess
import sys

import pytest

from glassnet.cli import main as main_module
from glassnet.cli.train_request import options_for
from glassnet.data.datasets import DATASETS
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
        (
            MemoryError(),
            1,
            "got a request for more memory than there is; expected less. Try smaller layers, or fewer examples.",
        ),
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
