"""Fetching over HTTP, against a server on this machine that misbehaves in every way that servers do."""

import contextlib
import hashlib
import io
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from glassnet.data.download import ProgressLine, Remote, download
from glassnet.errors import FileError, FormatError

BODY = hashlib.shake_256(b"body").digest(300_000)
FILE = Remote("data.bin", len(BODY), hashlib.sha256(BODY).hexdigest())
ADVICE = "Try a connection"


class Handler(BaseHTTPRequestHandler):
    """Serves `server.body`; `server.faults` says, request by request, what goes wrong."""

    def do_GET(self):
        server = self.server
        fault = server.faults.pop(0) if server.faults else None
        wanted = self.headers.get("Range")
        server.requests.append((self.path, wanted))
        if fault == "503":
            self.send_error(503)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and fault != "ignore range" else 0
        if fault == "skip":
            start += 1000
        body = server.body[start:]
        self.send_response(206 if wanted and fault != "ignore range" else 200)
        if wanted and fault != "ignore range":
            total = len(server.body)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        if fault != "no length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:fault] if isinstance(fault, int) else body)
        self.close_connection = True

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving(body: bytes = BODY, faults: list | None = None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.body, server.faults, server.requests = body, list(faults or []), []
    server.url = f"http://127.0.0.1:{server.server_port}/files"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def get(folder, *mirrors: str, progress=lambda name, done, total: None) -> str:
    return download(FILE, mirrors, str(folder), progress=progress, advice=ADVICE)


def content(path: str) -> bytes:
    return Path(path).read_bytes()


def ranges(server) -> list:
    return [wanted for _, wanted in server.requests]


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with serving() as server:
        return server.url


def test_a_file_arrives_whole_under_its_name(tmp_path):
    seen = []
    with serving() as server:
        path = get(tmp_path / "new", server.url, progress=lambda *at: seen.append(at))
        assert server.requests == [("/files/data.bin", None)]
    assert path == str(tmp_path / "new" / "data.bin")
    assert content(path) == BODY
    assert sorted(os.listdir(tmp_path / "new")) == ["data.bin", "download.lock"]
    done = [done for _, done, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == ("data.bin", len(BODY), len(BODY))


def test_a_file_that_is_there_is_not_fetched_again(tmp_path, nobody):
    (tmp_path / "data.bin").write_bytes(BODY)
    assert get(tmp_path, nobody) == str(tmp_path / "data.bin")


def test_a_damaged_file_that_is_there_is_fetched_again(tmp_path):
    (tmp_path / "data.bin").write_bytes(BODY[:-1] + b"!")
    with serving() as server:
        path = get(tmp_path, server.url)
    assert content(path) == BODY


def test_a_connection_that_breaks_is_resumed_where_it_broke(tmp_path):
    with serving(faults=[100_000, 50_000]) as server:
        path = get(tmp_path, server.url)
        first, second, third = ranges(server)
    assert first is None
    at = [int(wanted.removeprefix("bytes=").rstrip("-")) for wanted in (second, third)]
    assert 0 < at[0] <= 100_000 < at[1] <= 150_000
    assert content(path) == BODY


def test_the_next_call_resumes_what_an_earlier_one_left(tmp_path):
    with serving(faults=[100_000, "503"]) as server:
        with pytest.raises(FileError):
            get(tmp_path, server.url)
        left = (tmp_path / "data.bin.part").stat().st_size
        assert 0 < left <= 100_000
        assert not (tmp_path / "data.bin").exists()
        path = get(tmp_path, server.url)
        assert ranges(server)[-1] == f"bytes={left}-"
    assert content(path) == BODY
    assert not (tmp_path / "data.bin.part").exists()


def test_a_server_that_ignores_the_range_starts_over_and_still_fits(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(BODY[:77_777])
    with serving(faults=["ignore range"]) as server:
        path = get(tmp_path, server.url)
        assert ranges(server) == ["bytes=77777-"]
    assert content(path) == BODY


def test_a_rest_that_is_whole_needs_no_server(tmp_path, nobody):
    (tmp_path / "data.bin.part").write_bytes(BODY)
    assert content(get(tmp_path, nobody)) == BODY


@pytest.mark.parametrize("rest", [b"?" * 5000, b"?" * len(BODY), b"?" * (len(BODY) + 1)])
def test_a_rest_of_something_else_is_thrown_away(tmp_path, rest: bytes):
    (tmp_path / "data.bin.part").write_bytes(rest)
    with serving() as server:
        path = get(tmp_path, server.url)
        assert ranges(server)[-1] is None
    assert content(path) == BODY


def test_a_server_without_lengths_is_good_enough(tmp_path):
    with serving(faults=["no length"]) as server:
        path = get(tmp_path, server.url)
    assert content(path) == BODY


def test_wrong_bytes_are_refused_and_not_kept(tmp_path):
    with serving(body=BODY[:-1] + b"!") as server:
        with pytest.raises(FormatError) as raised:
            get(tmp_path, server.url)
        assert len(server.requests) == 1
    message = str(raised.value)
    assert message.startswith(f"could not fetch data.bin ({server.url}: got 300000 bytes with SHA-256 ")
    assert f"; expected 300000 bytes with SHA-256 {FILE.sha256}. {ADVICE}." in message
    assert os.listdir(tmp_path) == ["download.lock"]


@pytest.mark.parametrize(
    ("body", "faults", "reason"),
    [
        (BODY[:-1], [], "the file there has 299999 bytes"),
        (BODY + b"x", [], "the file there has 300001 bytes"),
        (BODY + b"x" * 70_000, ["no length", "no length"], "the server sent more than 300000 bytes"),
        (BODY, ["503"], "HTTPError: HTTP Error 503"),
        (BODY, [0], "the connection ended after 0 of 300000 bytes"),
    ],
)
def test_a_mirror_that_does_not_help_is_named_with_the_reason(tmp_path, body, faults, reason):
    with serving(body, faults) as server, pytest.raises(FileError) as raised:
        get(tmp_path, server.url)
    assert f"({server.url}: {reason}" in str(raised.value)
    assert not (tmp_path / "data.bin").exists()


def test_a_server_that_skips_bytes_is_refused_and_what_was_here_is_kept(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(BODY[:500])
    with serving(faults=["skip"]) as server, pytest.raises(FileError, match="left out bytes 500 to 1500"):
        get(tmp_path, server.url)
    assert (tmp_path / "data.bin.part").read_bytes() == BODY[:500]


def test_the_next_mirror_goes_on_where_the_first_gave_up(tmp_path, nobody):
    with serving(faults=[100_000, "503"]) as bad, serving() as good:
        path = get(tmp_path, nobody, bad.url, good.url + "/")
        assert good.requests == [("/files/data.bin", f"bytes={_start(bad)}-")]
    assert content(path) == BODY


def _start(server) -> int:
    return int(ranges(server)[-1].removeprefix("bytes=").rstrip("-"))


@pytest.mark.parametrize("mirrors", [[], ["nonsense"], ["http://"]])
def test_no_mirror_that_answers_is_an_error_with_advice(tmp_path, mirrors):
    with pytest.raises(FileError, match=r"could not fetch data\.bin .*; expected .*\. Try a connection\."):
        get(tmp_path, *mirrors)


def test_no_network_is_an_error_with_advice(tmp_path, nobody):
    with pytest.raises(FileError, match=r"URLError: .*; expected 300000 bytes .*\. Try a connection\."):
        get(tmp_path, nobody)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match=r"expected to write .*GLASSNET_CACHE"):
        get(tmp_path / "file" / "folder", "http://127.0.0.1:9/")


def test_a_server_that_always_breaks_is_given_up(tmp_path):
    with serving(faults=[70_000] * 3 + [1] * 40) as server, pytest.raises(FileError):
        get(tmp_path, server.url)
    assert len(server.requests) <= 20


def test_two_at_once_fetch_only_once(tmp_path):
    paths = []
    with serving() as server:
        threads = [threading.Thread(target=lambda: paths.append(get(tmp_path, server.url))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == 1
    assert [content(path) == BODY for path in paths] == [True] * 4


def test_a_file_system_without_locks_still_gets_its_file(tmp_path, monkeypatch):
    def refuse(file, kind):
        raise OSError(37, "No locks available")

    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace(flock=refuse, LOCK_EX=2))
    with serving() as server:
        assert content(get(tmp_path, server.url)) == BODY


def test_on_windows_a_held_lock_is_asked_for_again(tmp_path, monkeypatch):
    answers, waits = [OSError(36, "held"), OSError(36, "held"), None], []

    def locking(descriptor, kind, length):
        answer = answers.pop(0)
        if answer:
            raise answer

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setattr("glassnet.data.download.time", SimpleNamespace(sleep=waits.append))
    (tmp_path / "data.bin").write_bytes(BODY)
    get(tmp_path)
    assert (answers, len(waits)) == ([], 2)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_rewrites_one_line(monkeypatch):
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    line = ProgressLine(every=0.0)
    line("data.bin", 1_000_000, 2_000_000)
    line("data.bin", 2_000_000, 2_000_000)
    assert screen.getvalue() == "\rdata.bin: 1.0 of 2.0 MB\rdata.bin: 2.0 of 2.0 MB\n"


def test_progress_on_a_terminal_is_not_written_for_every_block(monkeypatch):
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    line = ProgressLine(every=1000.0)
    for done in range(1, 100):
        line("data.bin", done, 100)
    assert screen.getvalue().count("\r") == 1


def test_progress_elsewhere_is_one_plain_line_per_file(capsys):
    line = ProgressLine()
    for done in (1_000_000, 1_500_000, 2_000_000):
        line("data.bin", done, 2_000_000)
    assert capsys.readouterr().err == "data.bin: 2.0 of 2.0 MB\n"
