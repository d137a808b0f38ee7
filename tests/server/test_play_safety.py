"""Only our own page drives the server: every Host × Origin × cookie × method, over HTTP and WebSocket."""

import asyncio
import contextlib
import itertools

import pytest

from glassnet.server import safety
from glassnet.server.app import make_app
from glassnet.server.page_files import PageFile, load, words
from glassnet.server.registry import Registry
from glassnet.server.safety import Guard, hosts_of
from glassnet.server.session import Limits

PORT = 8421
HOSTS = {
    f"127.0.0.1:{PORT}": True, f"localhost:{PORT}": True, f"[::1]:{PORT}": True, f"LOCALHOST:{PORT}": True,
    None: False, "": False, "127.0.0.1": False, "localhost": False, f"localhost.:{PORT}": False,
    f"localhost.evil:{PORT}": False, f"evil.localhost:{PORT}": False, f"127.0.0.1.evil:{PORT}": False,
    f"127.0.0.1:{PORT}.evil": False, "127.0.0.1:8422": False, f"[::1%25lo]:{PORT}": False, f"::1:{PORT}": False,
    f"0.0.0.0:{PORT}": False, f"2130706433:{PORT}": False, f"127.1:{PORT}": False, f"user@localhost:{PORT}": False,
    f"localhost:{PORT}, evil": False,
}  # fmt: skip
ORIGINS = {
    f"http://127.0.0.1:{PORT}": True, f"http://localhost:{PORT}": True, None: None,
    "null": False, "": False, f"https://127.0.0.1:{PORT}": False, f"http://localhost.evil:{PORT}": False,
    "http://localhost": False, f"http://evil:{PORT}": False, f"http://127.0.0.1:{PORT}.evil": False,
    f"http://localhost:{PORT}/path": False, f"http://user@localhost:{PORT}": False, "file://": False,
    f"http://localhost.:{PORT}": False,
}  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get")


@pytest.fixture(scope="module")
def door():
    """The application behind a guard that has let one browser in; `ask(...)` gives the status."""
    guard = Guard(hosts_of(["127.0.0.1", "localhost", "::1"], PORT), "glassnet")
    secret = guard.admit(guard.launch)
    registry = Registry(Limits(hello_seconds=0.01), workers=1)
    files = {"/": PageFile(b"page", "text/html", "no-cache", '"1"')}
    app = make_app(registry, guard, files)
    cookies = {"right": f"glassnet={secret}", "none": None, "wrong": "glassnet=x" + secret, "other": f"other={secret}"}

    def ask(kind, method, host, origin, cookie, path="/"):
        pairs = (("host", host), ("origin", origin), ("cookie", cookies[cookie]))
        headers = [(k.encode(), v.encode()) for k, v in pairs if v is not None]
        path = "/ws" if kind == "websocket" else path
        scope = {"type": kind, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
        scope |= {"method": method, "scheme": "http", "http_version": "1.1", "root_path": "", "subprotocols": []}
        return asyncio.run(_status(app, scope))

    yield ask
    registry.close()


async def _status(app, scope):
    """The status of an answer; for a WebSocket 101 or 403."""
    sent = []
    first = {"type": "websocket.connect"} if scope["type"] == "websocket" else {"type": "http.request", "body": b""}
    coming = iter([first])

    async def receive():
        return next(coming, {"type": "websocket.disconnect", "code": 1000})

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    if scope["type"] == "websocket":
        return 101 if sent[0]["type"] == "websocket.accept" else 403
    headers = dict(sent[0]["headers"])
    assert headers[b"x-frame-options"] == b"DENY"
    assert b"script-src 'self';" in headers[b"content-security-policy"]
    assert b"unsafe-eval" not in headers[b"content-security-policy"]
    return sent[0]["status"]


HTTP_CASES = list(itertools.product(HOSTS, ORIGINS, ("right", "none", "wrong"), METHODS[:3]))


def test_every_case_over_http(door):
    assert len(HTTP_CASES) >= 500
    for host, origin, cookie, method in HTTP_CASES:
        status = door("http", method, host, origin, cookie)
        allowed = HOSTS[host] and ORIGINS[origin] is not False and cookie == "right"
        allowed = allowed and (method != "POST" or ORIGINS[origin])
        passed = status in (200, 404, 405)  # behind the guard
        assert passed == bool(allowed), (host, origin, cookie, method, status)
        assert status < 500


@pytest.mark.parametrize("cookie", ["right", "none", "wrong", "other"])
def test_every_case_over_websockets(door, cookie):
    for host, origin in itertools.product(HOSTS, ORIGINS):
        allowed = HOSTS[host] and ORIGINS[origin] is True and cookie == "right"
        assert door("websocket", "GET", host, origin, cookie) == (101 if allowed else 403), (host, origin)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/", "/ws", "/api/model", "/../secret", "/%2e%2e/x", "//", "/index.html", "/x" * 200])
def test_other_methods_and_paths(door, method, path):
    status = door("http", method, f"localhost:{PORT}", f"http://localhost:{PORT}", "right", path)
    known = {"/": ("GET", "HEAD")}
    if method in known.get(path, ()):
        assert status == 200
    else:
        assert status in (403, 404, 405)


def test_two_hosts_or_origins_are_none(door):
    guard = Guard(hosts_of(["localhost"], PORT), "c")
    good, origin = f"localhost:{PORT}", f"http://localhost:{PORT}"
    assert guard.judge("GET", {"host": [good, good], "origin": [origin]}, open=True).status == 421
    assert guard.judge("GET", {"host": [good], "origin": [origin, "null"]}, open=True).status == 403


def test_a_launch_token_works_once():
    guard = Guard(frozenset(), "c")
    token = guard.launch
    secret = guard.admit(token)
    assert secret is not None
    assert guard.role_of([f"a=b; c={secret}"]) == "owner"
    assert guard.admit(token) is None
    guard.renew()
    assert guard.launch != token
    assert guard.admit(token) is None


def test_a_class_code_lets_everybody_in_but_not_as_the_owner():
    guard = Guard(frozenset(), "c", class_code="abcd")
    first, second = guard.admit("abcd"), guard.admit("abcd")
    assert first != second
    assert guard.role_of([f"c={first}"]) == "class"
    assert guard.admit("abce") is None
    assert guard.admit("") is None


def test_nothing_is_let_in_by_an_empty_word():
    guard = Guard(frozenset(), "c", launch=None)
    assert guard.admit("") is None
    assert guard.role_of(["c="]) is None


def test_words_are_compared_in_constant_time(monkeypatch):
    seen = []
    monkeypatch.setattr(safety.hmac, "compare_digest", lambda a, b: seen.append((a, b)) or a == b)
    guard = Guard(frozenset(), "c")
    secret = guard.admit(guard.launch)
    guard.role_of([f"c={secret}"])
    assert len(seen) == 2


def test_many_cookies_cost_little(monkeypatch):
    guard = Guard(frozenset(), "c")
    guard.admit(guard.launch)
    compared = []
    monkeypatch.setattr(safety, "same", lambda a, b: compared.append(a) or False)
    assert guard.role_of(["c=x;" * 100_000] * 3) is None
    assert len(compared) <= 4


def test_what_a_user_typed_is_text_not_html():
    assert b"<script>" not in words("<script>", "<img onerror=x>")


def test_the_page_is_served_from_its_folder_alone(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<html>")
    (tmp_path / "assets" / "a.js").write_text("1")
    (tmp_path / "secret.pem").write_text("no")
    with contextlib.suppress(OSError):  # Windows asks for a privilege
        (tmp_path / "link.html").symlink_to(tmp_path / "secret.pem")
    files = load(tmp_path)
    assert set(files) == {"/", "/index.html", "/assets/a.js"}
    assert "immutable" in files["/assets/a.js"].cache
    assert files["/"].cache == "no-cache"


def test_without_a_built_page_the_server_says_how_to_build_it(tmp_path):
    assert b"npm run build" in load(tmp_path)["/"].body


def test_there_is_an_end_to_the_visitors_that_a_code_lets_in(monkeypatch):
    monkeypatch.setattr(safety, "_MOST_VISITORS", 2)
    guard = Guard(hosts_of(["localhost"], PORT), "glassnet", class_code="code")
    assert [guard.admit("code") is not None for _ in range(3)] == [True, True, False]
    owner = guard.admit(guard.launch)  # nobody can lock the owner out
    assert owner is not None
    assert guard.role_of([f"glassnet={owner}"]) == "owner"


def test_who_uses_the_code_again_and_again_takes_nobody_elses_place(monkeypatch):
    monkeypatch.setattr(safety, "_MOST_OF_ONE", 3)
    monkeypatch.setattr(safety, "_MOST_VISITORS", 8)
    guard = Guard(hosts_of(["localhost"], PORT), "glassnet", class_code="code")
    owner, ada = guard.admit(guard.launch, "10.0.0.9"), guard.admit("code", "10.0.0.1")
    greedy = [guard.admit("code", "10.0.0.9") for _ in range(50)]
    bob = guard.admit("code", "10.0.0.2")

    def roles(*secrets):
        return [guard.role_of([f"glassnet={secret}"]) for secret in secrets]

    assert roles(owner, ada, bob) == ["owner", "class", "class"]
    assert roles(*greedy) == [None] * 47 + ["class"] * 3
