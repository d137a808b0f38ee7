"""Whatever is asked over HTTP is answered, and never with a mistake of our own; whoever came and went is forgotten."""

import asyncio
import gc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.server.app import make_app
from glassnet.server.connection import Connection
from glassnet.server.learner import Learner
from glassnet.server.line import Line
from glassnet.server.outbox import Outbox
from glassnet.server.page_files import PageFile
from glassnet.server.playground import Playground
from glassnet.server.registry import Registry
from glassnet.server.safety import Guard, hosts_of
from glassnet.server.session import Limits, Session

HOST = "127.0.0.1:8421"
WORDS = st.text(st.characters(codec="latin-1"), max_size=30)
PATHS = st.one_of(
    st.sampled_from(
        ["/", "/ws", "/join", "/report", "/api/model", "/index.html", "/a.js", "/../etc", "//", "/%00", "*"]
    ),
    WORDS.map(lambda w: "/" + w),
)
NAMES = st.sampled_from(["token", "code", "session", "name", "run", "folder", "x"])
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "host",
                "origin",
                "cookie",
                "range",
                "content-length",
                "content-type",
                "if-none-match",
                "accept-encoding",
                "te",
            ]
        ),
        st.one_of(WORDS, st.sampled_from([HOST, f"http://{HOST}", "RIGHT", "bytes=5-1", "-1", "gzip", "*"])),
    ),
    max_size=5,
)
REQUEST = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "", "BREW"]),
        "path": PATHS,
        "query": st.lists(st.tuples(NAMES, WORDS), max_size=3).map(lambda q: "&".join("=".join(p) for p in q)),
        "headers": HEADERS,
        "usual": st.sampled_from(["", "in", "out"]),  # with the right host and origin too, and the cookie or none
        "body": st.lists(st.binary(max_size=200), max_size=3),
    }
)


@pytest.fixture(scope="module")
def door():
    """The application, and the cookie that it wants."""
    guard = Guard(hosts_of(["127.0.0.1"], 8421), "glassnet")
    secret = guard.admit(guard.launch)
    registry = Registry(Limits(model_bytes=300), workers=1)
    files = {"/": PageFile(b"page", "text/html", "no-cache", '"1"'), "/a.js": PageFile(b"1", "text/js", "x", '"2"')}
    yield make_app(registry, guard, files), f"glassnet={secret}"
    registry.close()


async def answered(app, cookie, request):
    """The status of an answer, and the heads that were sent before its end."""
    headers = [(k, cookie if v == "RIGHT" else v) for k, v in request["headers"]]
    if request["usual"]:
        headers = [h for h in headers if h[0] not in ("host", "origin", "cookie")]
        headers += [("host", HOST), ("origin", f"http://{HOST}")]
        headers += [("cookie", cookie)] if request["usual"] == "in" else []
    path = request["path"]
    scope = {
        "type": "http", "method": request["method"], "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": request["query"].encode(), "scheme": "http", "http_version": "1.1",
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers], "client": None, "server": None,
    }  # fmt: skip
    parts = [{"type": "http.request", "body": b, "more_body": True} for b in request["body"]]
    parts.append({"type": "http.request", "body": b"", "more_body": False})
    coming, sent = iter(parts), []

    async def receive():
        return next(coming, {"type": "http.disconnect"})

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    starts = [m["status"] for m in sent if m["type"] == "http.response.start"]
    assert len(starts) == 1
    assert not sent[-1].get("more_body", False)
    return starts[0]


def test_every_request_is_answered_and_none_with_a_mistake_of_ours(door, effort):
    seen = Counter()

    @settings(max_examples=100 * effort)
    @given(st.lists(REQUEST, min_size=10, max_size=10))
    def ask(requests):
        async def all_of_them():
            return [await answered(*door, request) for request in requests]

        statuses = asyncio.run(all_of_them())
        assert all(200 <= s < 500 for s in statuses), list(zip(statuses, requests, strict=True))
        seen.update(statuses)

    ask()
    assert {200, 404, 405, 421} <= set(seen)


def kinds():
    """How many there are of what a connection makes."""
    gc.collect()
    wanted = (Session, Playground, Learner, Outbox, Line, Connection)
    return Counter(type(o).__name__ for o in gc.get_objects() if isinstance(o, wanted))


def test_nothing_stays_of_those_who_came_and_went(start, effort):
    running = start(Limits(keep_seconds=0.0))
    state = {"points": 20, "resolution": 10}

    async def come_and_go(count):
        for i in range(count):
            async with running.page(state=state) as page:
                await page.ask("step")
                if i % 2:
                    page.socket.transport.abort()
        registry = running.server.registry
        while registry.sessions or running.server._uvicorn.server_state.connections:
            await asyncio.to_thread(registry.sweep)
            await asyncio.sleep(0.01)
        while running.server._uvicorn.server_state.tasks:
            await asyncio.sleep(0.01)

    asyncio.run(come_and_go(3))
    before = kinds()
    asyncio.run(come_and_go(40 * effort))
    after = kinds()
    assert all(after[name] <= before[name] + 4 for name in after), (before, after)  # one for each would be 40
