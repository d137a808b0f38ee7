"""What `glassnet play WORD` opens, and what it says of a word that is nothing."""

import http.client
import os
import urllib.parse
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.cli import play
from glassnet.cli.main import main
from glassnet.cli.options import UsageError
from glassnet.cli.play_opening import DRAWN, opening
from glassnet.server import serve
from glassnet.server.properties import BY_NAME, DATASETS
from glassnet.server.serve import Server


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A folder with two runs in `runs`, of which `b` is the newest."""
    monkeypatch.chdir(tmp_path)
    for age, name in ((2, "a"), (1, "b, c")):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_text("")
        moment = folder.stat().st_mtime - 100 * age
        os.utime(folder, (moment, moment))
    return tmp_path / "runs"


@pytest.mark.parametrize("name", DRAWN)
def test_every_data_set_of_the_page_opens(name):
    assert opening(name, "runs").link == f"d={name}"
    assert opening(name.upper().replace("_", "-"), "runs").link == f"d={name}"
    assert BY_NAME["dataset"].key == "d"


def test_what_is_drawn_is_all_but_the_users_own():
    assert set(DATASETS) - set(DRAWN) == {"own"}


@pytest.mark.parametrize(
    ("word", "link"),
    [("digits", "R=digits"), ("MNIST", "R=digits"), ("graph", "R=graph"), ("runs", "R=runs"), ("#d=xor", "d=xor")],
)
def test_rooms_and_links_open(word, link, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert opening(word, "runs").link == link


@pytest.mark.parametrize("word", ["runs/a", "a", "runs/a/model.safetensors", "runs/a/"])
def test_a_run_opens_wherever_it_is_named(runs, word):
    found = opening(word, "runs")
    assert (found.link, found.models) == ("R=runs&N=a", str(runs))


def test_the_newest_run_and_the_folder_of_them_all_open(runs):
    assert opening("last", "runs").link == "R=runs&N=b%2C%20c"
    assert opening(str(runs), "elsewhere").models == str(runs)
    assert opening("a", str(runs)).models == str(runs)


@pytest.mark.parametrize("word", ["moonz", "last", "nowhere/run", "", "own", "#", "a.csv", "#" + "x" * 30_000])
def test_another_word_is_answered_with_all_that_it_could_be(word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(UsageError, match=r"^got .+; expected .+\. Try .+\.$") as refused:
        opening(word, "runs")
    assert "#" in word or all(name in str(refused.value) for name in ("circle", "moons", "chirp", "digits"))
    assert len(str(refused.value)) < 500


def test_a_slip_is_answered_with_the_name_that_was_meant():
    with pytest.raises(UsageError, match="Try glassnet play moons"):
        opening("mons", "runs")


@given(st.text(min_size=1, max_size=80))
def test_a_link_keeps_what_it_says_and_breaks_no_address(text):
    link = opening("#" + text, "runs").link
    assert link.isascii()
    assert link.isprintable()
    assert " " not in link
    assert urllib.parse.unquote(link) == urllib.parse.unquote(text)


def places(server: Server, *paths: str) -> list[str | None]:
    """Where the server sends who comes to these addresses."""
    found = []
    for path in paths:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        with closing(connection):
            connection.request("GET", path)
            found.append(connection.getresponse().getheader("location"))
    return found


@pytest.mark.parametrize(
    ("start", "owners", "pupils"),
    [("", "/", "/"), ("d=moons", "/#d=moons", "/#d=moons"), ("R=runs&N=a%2Cb", "/#R=runs&N=a%2Cb", "/")],
)
def test_whoever_is_let_in_begins_with_it(start, owners, pupils):
    with Server("0.0.0.0", 0, processes=0, workers=1, start=start) as server:
        token, code = server.guard.launch, server.guard.class_code
        assert places(server, f"/?token={token}", f"/join?code={code}") == [owners, pupils]


def test_the_command_hands_it_on(monkeypatch, runs):
    made = []

    class Made(Server):
        def __init__(self, *args, **options):
            made.append((options["start"], options["models"]))
            super().__init__(*args, **options)

        def run(self):
            self.registry.close()
            self.socket.close()

    monkeypatch.setattr(serve, "Server", Made)
    monkeypatch.setattr(play.webbrowser, "open", lambda url: None)
    for words in (["spiral"], ["a"], [], ["last", "--models", "runs"]):
        assert main(["play", "--port=0", "--no-browser", *words]) == 0
    runs = str(runs)
    assert made == [("d=spiral", "runs"), ("R=runs&N=a", runs), ("", "runs"), ("R=runs&N=b%2C%20c", runs)]
