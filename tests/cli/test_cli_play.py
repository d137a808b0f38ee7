"""`glassnet play`: what it prints, what it opens, and what it refuses."""

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
        play.threading, "Timer", lambda _, call, args: type("Now", (), {"start": lambda self: call(*args)})()
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


def test_a_class_gets_an_address_with_a_code(opened, capsys):
    assert main(["play", "--port=0", "--no-browser", "--host", "0.0.0.0", "--name", "lab-pc"]) == 0
    assert "/join?code=" in capsys.readouterr().out


def test_a_taken_port_is_named(opened, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["play", "--port", str(taken.getsockname()[1])]) == 1
    message = capsys.readouterr().err
    assert str(taken) not in message
    assert "where another program listens; expected a free one. Try --port 0" in message


@pytest.mark.parametrize("words", [["moons"], ["--port", "99999"], ["--port", "x"], ["--prot", "1"], ["--host"]])
def test_a_wrong_line_is_answered_with_status_2(words, opened, capsys):
    assert main(["play", *words]) == 2
    assert "Try " in capsys.readouterr().err


def test_an_address_of_another_machine_is_refused(opened, capsys):
    assert main(["play", "--host", "203.0.113.7", "--port", "0"]) == 1
    assert "203.0.113.7" in capsys.readouterr().err


def test_there_is_a_page_of_help(capsys):
    assert main(["play", "--help"]) == 0
    assert "--no-browser" in capsys.readouterr().out
