"""`glassnet train … --live` and `--open`: who is waited for, what is said, and when it ends."""

import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
import websockets

from glassnet.cli import onlooker
from glassnet.cli.live import page_of
from glassnet.errors import FileError

TIMEOUT = 60


class FakeServer:
    """The server's process as far as the training sees it: what was asked of it, in order."""

    def __init__(self, folder):
        self.folder, self.asked, self.alive = folder, [], True

    def address(self):
        return "http://127.0.0.1:8421/?token=t#R=runs"

    def wait(self, word, seconds):
        self.asked.append(f"wait for {word}")
        return True

    def stay(self, nobody):
        self.asked.append("stay" if nobody is None else f"stay, nobody for {nobody:g} s")

    def close(self):
        self.asked.append("close")


@pytest.fixture
def fake(monkeypatch):
    """No process, a page that was built, and no terminal; the servers that were made."""
    made = []
    monkeypatch.setattr(onlooker, "LiveServer", lambda folder: made.append(FakeServer(folder)) or made[-1])
    monkeypatch.setattr(onlooker, "_check_page", lambda: None)
    monkeypatch.setattr("sys.stdin", None)
    return made


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was asked for; there is one."""
    addresses = []
    monkeypatch.setenv("BROWSER", "one")
    monkeypatch.setattr("webbrowser.open", lambda address: addresses.append(address) or True)
    return addresses


def test_the_page_is_opened_waited_for_and_kept(glassnet, fake, opened):
    done = glassnet("train moons --epochs 2 --output run --live")
    assert done.status == 0
    assert opened == ["http://127.0.0.1:8421/?token=t#R=runs"]
    assert fake[0].asked == ["wait for seen", "stay, nobody for 60 s", "close"]
    assert Path(fake[0].folder) == Path("run")
    assert done.out.startswith("live     http://127.0.0.1:8421/?token=t#R=runs\n")
    assert done.out.endswith("the page stays until you close it, or press Ctrl-C here\n")


def test_without_a_browser_nobody_is_waited_for(glassnet, fake, opened):
    assert glassnet("train moons --epochs 2 --live --no-browser --quiet").err.strip().endswith("#R=runs")
    assert opened == []
    assert fake[0].asked == ["stay, nobody for 60 s", "close"]


def test_where_there_is_no_screen_no_browser_is_started(glassnet, fake, monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(onlooker.sys, "platform", "linux")
    monkeypatch.setattr("webbrowser.open", lambda address: pytest.fail("a browser in the terminal"))
    assert "http://127.0.0.1:8421/" in glassnet("train moons --epochs 1 --live").out


def test_quiet_says_nothing_where_a_browser_shows_it(glassnet, fake, opened):
    done = glassnet("train moons --epochs 2 --live --json")
    assert done.json["epochs_done"] == 2
    assert done.err == ""


def test_ctrl_c_ends_what_stays_and_the_training_was_done(glassnet, fake, opened, monkeypatch):
    def stay(self, nobody):
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeServer, "stay", stay)
    assert glassnet("train moons --epochs 2 --live --quiet").status == 0
    assert fake[0].asked[-1] == "close"


def test_a_training_that_fails_ends_the_server_too(glassnet, fake, opened):
    assert glassnet("train moons --epochs 20 --lr 1e30 --optimizer sgd --live").status == 1
    assert fake[0].asked == ["wait for seen", "close"]


def test_the_time_for_the_page_is_not_the_trainings(glassnet, fake, opened, monkeypatch):
    clock = iter([100.0, 160.0])
    monkeypatch.setattr(onlooker, "perf_counter", lambda: next(clock))
    spent = glassnet("train moons --epochs 2 --live --json").json["seconds"]
    assert -60 < spent["loading"] < spent["total"] < 0  # a minute, which this page has only pretended to take


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("train moons --live --overfit-one-batch", 2, "got --live with --overfit-one-batch"),
        ("train moons --open --overfit-one-batch", 2, "got --open with --overfit-one-batch"),
        ("train moons --no-browser", 2, "got --no-browser without --live"),
    ],
)
def test_what_would_do_nothing_is_refused(glassnet, line, status, words):
    done = glassnet(line)
    assert (done.status, done.out) == (status, "")
    assert words in done.err
    assert not Path("runs").exists()


def test_a_page_that_was_not_built_is_known_before(glassnet, monkeypatch, tmp_path):
    monkeypatch.setattr("glassnet.server.page_files.FOLDER", tmp_path)
    done = glassnet("train moons --live")
    assert done.status == 1
    assert "npm run build" in done.err
    assert not Path("runs").exists()


# ---- a run that goes on ---------------------------------------------------------------------------------------------


@pytest.fixture
def half(glassnet):
    """A run that was stopped by its time, with what is left to do."""
    result = glassnet("train moons --epochs 1000000 --time-budget 0.2 --output half --json").json
    return f"train --resume half --time-budget 100 --epochs {int(result['epochs_done']) + 3}"


def test_a_resumed_run_can_be_watched(glassnet, half, fake, opened):
    done = glassnet(f"{half} --live")
    assert done.status == 0
    assert Path(fake[0].folder) == Path("half")
    steps = [json.loads(line)["step"] for line in Path("half/steps.jsonl").read_text(encoding="utf-8").splitlines()]
    assert steps == sorted(steps)


def test_a_resumed_run_can_end_with_its_report(glassnet, half, monkeypatch):
    told = []
    monkeypatch.setattr("glassnet.cli.html_report.load_template", lambda: "")
    monkeypatch.setattr("glassnet.cli.html_report.tell", lambda folder, *_: told.append(folder))
    assert glassnet(f"{half} --open --quiet").status == 0
    assert told == ["half"]


def test_how_a_run_was_watched_is_said_each_time(glassnet, fake, opened):
    line = "train moons --epochs 1000000 --time-budget 0.2 --output half --live --no-browser --quiet"
    assert glassnet(line).status == 0
    epochs = int(json.loads(Path("half/result.json").read_text(encoding="utf-8"))["epochs_done"]) + 2
    assert glassnet(f"train --resume half --time-budget 100 --epochs {epochs} --quiet").status == 0
    assert len(fake) == 1


# ---- the process ----------------------------------------------------------------------------------------------------


def cookie_of(url):
    """What a browser is given for an address with a token."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)
    connection.request("GET", f"/?{parts.query}")
    answer = connection.getresponse()
    connection.close()
    assert answer.status == 303
    return answer.headers["set-cookie"].split(";")[0]


@contextlib.asynccontextmanager
async def page_at(url):
    """A page at an address with a token: what it asks for is answered."""
    parts = urllib.parse.urlsplit(url)
    where, headers = f"{parts.hostname}:{parts.port}", {"Cookie": cookie_of(url)}
    address = f"ws://{where}/ws"
    async with websockets.connect(
        address, origin=f"http://{where}", additional_headers=headers, max_size=2**25
    ) as wire:
        await wire.send(json.dumps({"type": "hello", "protocol": 1}))

        async def ask(**command):
            await wire.send(json.dumps({**command, "id": 7}))
            while True:
                message = await asyncio.wait_for(wire.recv(), TIMEOUT)
                if isinstance(message, str) and json.loads(message).get("id") == 7:
                    return json.loads(message)

        yield ask


async def watched(url, enough):
    """How a run stood, each time that a page asked, until it has seen enough."""
    name = urllib.parse.unquote(url.split("N=")[1])
    seen = []
    async with page_at(url) as ask:
        while not enough(seen):
            seen.append(await ask(type="run_show", name=name))
            await asyncio.sleep(0.05)
        return seen, await ask(type="run_at", name=name, epoch=0)


def steps_of(stories):
    """The steps at which a run was seen while it learned."""
    learning = [story for story in stories if story["there"] and story["summary"]["status"] == "learning"]
    return {story["steps"]["step"] for story in learning if story["steps"]}


def test_a_page_sees_a_training_while_it_runs_and_ends_with_it(program, tmp_path):
    flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {}
    line = "train moons --epochs 1000000 --output run --live --no-browser --quiet"
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*program, *line.split()], **streams, **flags) as training:
        address = re.search(r"http://\S+", training.stderr.readline()).group()
        seen, moment = asyncio.run(watched(address, lambda seen: len(steps_of(seen)) > 3 and seen[-1]["weights"]))
        training.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGTERM)
        assert training.wait(TIMEOUT) == (143 if os.name != "nt" else 128 + signal.SIGBREAK)
    assert seen[-1]["planned"] == 1_000_000
    assert moment["weights_epoch"] == 0
    parts = urllib.parse.urlsplit(address)
    with pytest.raises(OSError):  # whoever listened there has gone with it
        socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT).close()


def test_the_server_says_when_a_page_comes_and_goes(tmp_path):
    live = onlooker.LiveServer(str(tmp_path / "runs" / "one"))
    try:

        async def visit():
            async with page_at(live.address()) as ask:
                assert (await ask(type="run_show", name="one"))["there"] is False
                return await asyncio.to_thread(live.wait, "seen", TIMEOUT)

        assert asyncio.run(visit())
        live.stay(nobody=0.0)  # until it has gone, which it has
        assert live._last == "gone"
    finally:
        live.close()
    assert not live.alive


def test_the_server_ends_when_whoever_started_it_does(tmp_path):
    words = [sys.executable, "-m", "glassnet.cli.live", str(tmp_path / "runs" / "one")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline().startswith("http://127.0.0.1:")
        server.stdin.close()
        assert server.wait(TIMEOUT) == 0


def test_a_server_that_cannot_start_says_why(monkeypatch, tmp_path):
    python, popen = sys.executable, subprocess.Popen
    monkeypatch.setattr(onlooker.sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(FileError, match=r"got no server for the page: .*Try without --live"):
        onlooker.LiveServer(str(tmp_path))
    script = tmp_path / "refuses.py"
    script.write_text("import sys; sys.exit('glassnet: got no port; expected one. Try later')", encoding="utf-8")
    monkeypatch.setattr(onlooker.subprocess, "Popen", lambda words, **k: popen([python, str(script)], **k))
    live = onlooker.LiveServer(str(tmp_path))
    with pytest.raises(FileError, match="got no port"):
        live.address()
    live.close()


def test_the_address_opens_the_run():
    assert page_of("http://h:1/?token=t", "a b,ü") == "http://h:1/?token=t#R=runs&N=a%20b%2C%C3%BC"
