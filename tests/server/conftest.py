"""A running server, and a page that talks to it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import websockets

from glassnet.server import frames
from glassnet.server.serve import Server
from glassnet.server.session import Limits


class Page:
    """A page's side of one connection."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}
        self.layout: dict[str, Any] = {}
        self.state: dict[str, Any] = {}

    async def tell(self, type: str, **fields: Any) -> None:
        """Send a command."""
        await self.socket.send(json.dumps({"type": type, **fields}))

    async def next(self) -> dict[str, Any] | bytes:
        """What comes next; layouts and states are remembered."""
        message = await asyncio.wait_for(self.socket.recv(), 20)
        if isinstance(message, bytes):
            return message
        report = json.loads(message)
        kept = {"welcome": "welcome", "layout": "layout", "state_report": "state"}
        if report["type"] in kept:
            setattr(self, kept[report["type"]], report)
        return report

    async def report(self, *types: str) -> dict[str, Any]:
        """The next report of one of these types."""
        while True:
            message = await self.next()
            if isinstance(message, dict) and message["type"] in types:
                return message

    async def ask(self, type: str, **fields: Any) -> dict[str, Any]:
        """Send a command, and wait for its answer."""
        await self.tell(type, id=99, **fields)
        while True:
            message = await self.next()
            if isinstance(message, dict) and message.get("id") == 99:
                return message

    async def frame(self, credit: bool = True) -> bytes:
        """The next frame; its credit is given back."""
        while True:
            message = await self.next()
            if isinstance(message, bytes) and message[:4] == b"GNF1":
                if credit:
                    await self.tell("credit")
                return message

    async def ending(self) -> int:
        """The code with which the server closes the connection; what comes before is read."""
        try:
            while True:
                await self.next()
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0


def header(frame: bytes) -> dict[str, float]:
    """The numbers of a frame's header."""
    kinds = {"<u4": "<I", "<f8": "<d"}
    fields = frames.HEADER_TYPE.fields or {}
    return {name: struct.unpack_from(kinds[kind], frame, fields[name][1])[0] for name, kind, _ in frames.HEADER}


class Running:
    """A server with doors to it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cookie = self.join()

    def join(self) -> str:
        """The cookie of another browser that was let in."""
        self.server.guard.renew()
        status, headers, _ = self.get(f"/?token={self.server.guard.launch}", cookie=False)
        assert status == 303
        return headers["set-cookie"].split(";")[0]

    def get(
        self, path: str, cookie: bool = True, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask over HTTP."""
        if cookie:
            headers["Cookie"] = self.cookie
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()

    @contextlib.asynccontextmanager
    async def page(self, hello: bool = True, **fields: Any) -> AsyncIterator[Page]:
        """A page that is connected."""
        address = f"127.0.0.1:{self.server.port}"
        options = {"origin": f"http://{address}", "additional_headers": {"Cookie": self.cookie}, "compression": None}
        async with websockets.connect(f"ws://{address}/ws", max_size=2**25, **options) as socket:  # type: ignore[arg-type]
            page = Page(socket)
            if hello:
                await page.tell("hello", protocol=1, **fields)
                await page.report("welcome")
            yield page


@pytest.fixture
def running() -> Iterator[Running]:
    """A server of our own on a free port."""
    with Server(port=0, workers=2) as server:
        yield Running(server)


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    """A server for many small questions."""
    with Server(port=0, workers=1) as server:
        yield Running(server)


@pytest.fixture
def start() -> Iterator[Any]:
    """Servers with other limits: `start(Limits(...))`."""
    with contextlib.ExitStack() as stack:
        yield lambda limits=None, **options: Running(
            stack.enter_context(Server(port=0, workers=2, limits=limits or Limits(), **options))
        )


@pytest.fixture
def read_header() -> Any:
    """`header(frame)`."""
    return header
