"""`glassnet play`: what it prints, what it opens, and what it refuses."""

import re
import socket

import pytest

from glassnet.cli import play
from glassnet.cli.main import main
from glassnet.server import serve


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was sent to; the server itself does not run."""
    seen: list[str] = []
    monkeypatch.setattr(play.webbrowser, "open", seen.append)
    monkeypatch.setattr(
        play.threading,
        "Timer",
        lambda _, call, args: type("Now", (), {"start": lambda self: call(*args), "cancel": lambda self: None})(),
    )
    monkeypatch.setattr(serve.Server, "run", lambda self: (self.registry.close(), self.socket.close()))
    return seen


def test_it_prints_the_address_and_opens_it(opened, capsys):
    assert main(["play", "--port", "0"]) == 0
    printed = capsys.readouterr().out
    assert opened[0] in printed
    assert opened[0].startswith("http://127.0.0.1:")
    assert "token=" in opened[0]
    assert "class" not in printed


def test_it_opens_no_browser_if_asked(opened, capsys):
    assert main(["play", "--port=0", "--no-browser"]) == 0
    assert opened == []
    assert "http://127.0.0.1:" in capsys.readouterr().out


@pytest.mark.parametrize("let_in", [["--host", "0.0.0.0"], ["--class"]])
def test_a_class_gets_an_address_with_a_code(opened, capsys, let_in):
    assert main(["play", "--port=0", "--no-browser", *let_in, "--name", "Lab-PC"]) == 0
    printed = capsys.readouterr().out
    code = re.search(r"/join\?code=(\w{8})\n", printed).group(1)
    assert re.search(r"^class +http://lab-pc:\d+  or  http://[^ /]+:\d+$", printed, re.MULTILINE)
    assert re.search(rf"^code +{code}$", printed, re.MULTILINE)


def test_a_folder_that_is_not_there_is_told(opened, capsys, tmp_path):
    assert main(["play", "--port=0", "--no-browser", "--models", str(tmp_path)]) == 0
    assert "models " not in capsys.readouterr().out
    assert main(["play", "--port=0", "--no-browser", "--models", "nowhere"]) == 0
    assert "there is no folder nowhere yet" in capsys.readouterr().out


def test_a_taken_port_is_named(opened, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["play", "--port", str(taken.getsockname()[1])]) == 1
    message = capsys.readouterr().err
    assert str(taken) not in message
    assert "where another program listens; expected a free one. Try --port 0" in message


@pytest.mark.parametrize(
    "words",
    [
        ["moonz"],
        ["moons", "xor"],
        ["--port", "99999"],
        ["--port", "x"],
        ["--prot", "1"],
        ["--host"],
        ["--name", "Frau Müller"],
    ],
)
def test_a_wrong_line_is_answered_with_status_2(words, opened, capsys):
    assert main(["play", *words]) == 2
    assert "Try " in capsys.readouterr().err


def test_an_address_of_another_machine_is_refused(opened, capsys):
    assert main(["play", "--host", "203.0.113.7", "--port", "0"]) == 1
    assert "203.0.113.7" in capsys.readouterr().err


def test_there_is_a_page_of_help(capsys):
    assert main(["play", "--help"]) == 0
    assert "--no-browser" in capsys.readouterr().out


def test_a_name_that_can_be_none_is_answered_with_one_that_can(capsys):
    assert main(["play", "--host", "0.0.0.0", "--port", "0", "--name", "Lab PC 3!"]) == 2
    assert "Try --name lab-pc-3, if " in capsys.readouterr().err
