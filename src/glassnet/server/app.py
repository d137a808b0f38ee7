"""The server's doors: the page's files, the WebSocket of its sessions, and the guard before both.

Nothing here trains: commands go to the scheduler's threads, and what they say comes back through an outbox.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from glassnet.errors import GlassnetError, complain
from glassnet.files import strict_json
from glassnet.server import messages, page_files
from glassnet.server.connection import Connection, Porter
from glassnet.server.registry import Registry
from glassnet.server.report_door import Reporter
from glassnet.server.reports import Done
from glassnet.server.safety import Guard, security_headers
from glassnet.server.venue import InProcess, Venue

_UPLOAD_SECONDS = 60.0
_SWEEP_SECONDS = 10.0
_USED_LINK = (
    "This link lets nobody in any more",
    "A link from the terminal works once, in one browser. Press Enter in the terminal for a new one.",
)
_WRONG_CODE = (
    "This code lets nobody in",
    "Look at it again, letter by letter, or ask for today's: there is a new one at each start.",
)
_CODE_WANTED = ("A class is in here", "Whoever runs it has written a code on the board.")


def make_app(
    registry: Registry,
    guard: Guard,
    files: dict[str, page_files.PageFile] | None = None,
    report: Callable[[str], bytes] | None = None,
    venue: Venue | None = None,
    tidy: Callable[[], object] = lambda: None,
    start: str = "",
) -> ASGIApp:
    """The whole server as one ASGI application; `report` writes the report of the run in a folder.

    Sessions live in the registry's threads, or in the `venue` that is given; `tidy` is called now and then. Whoever is
    let in begins with what `start`, the end of a link, says; a class not with a run, which is no affair of its own.
    """
    first = f"/#{start}" if start else "/"
    place = venue or InProcess(registry)
    served = page_files.load() if files is None else files

    async def page(request: Request) -> Response:
        return _file(served, request)

    async def join(request: Request) -> Response:
        code = request.query_params.get("code", "").strip().lower()  # as it may have been typed
        return _admitted(guard, code, request, _WRONG_CODE if code else _CODE_WANTED, _for_class(first))

    async def home(request: Request) -> Response:
        token = request.query_params.get("token")
        return _file(served, request) if token is None else _admitted(guard, token, request, _USED_LINK, first)

    async def upload(request: Request) -> Response:
        return await _upload(place, request)

    reporter = Reporter(registry.models, report)

    async def report_of(request: Request) -> Response:
        return await reporter.answer(request)

    porter = Porter()

    async def socket(websocket: WebSocket) -> None:
        await Connection(place, websocket, porter, classroom=guard.class_code is not None).run()

    routes = [
        Route("/", home, methods=["GET"]),
        Route("/join", join, methods=["GET"]),
        Route("/api/model", upload, methods=["POST"]),
        Route("/report", report_of, methods=["GET"]),
        Route("/{path:path}", page, methods=["GET"]),
        WebSocketRoute("/ws", socket),
    ]
    return Doorkeeper(Starlette(routes=routes, lifespan=lambda app: _sweeping(place, tidy)), guard, set(served))


@contextlib.asynccontextmanager
async def _sweeping(venue: Venue, tidy: Callable[[], object]) -> AsyncIterator[None]:
    """While the server runs, sessions that nobody came back to are ended."""

    async def sweep() -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            await venue.sweep()
            tidy()

    await venue.start()
    task = asyncio.create_task(sweep())
    try:
        yield
    finally:
        task.cancel()
        await venue.close()


class Doorkeeper:
    """Looks at every request before anything else does, and signs every answer with the security headers."""

    def __init__(self, app: ASGIApp, guard: Guard, files: set[str]) -> None:
        self.app, self.guard, self.files = app, guard, files
        signed = {**security_headers(guard.hosts), "server": "glassnet"}
        self.headers = [(key.encode(), value.encode()) for key, value in signed.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        socket = scope["type"] == "websocket"
        verdict = self.judge(scope, socket)
        if socket:
            await self._socket(verdict, scope, receive, send)
        elif verdict.passes:
            scope["role"] = verdict.role
            await self.app(scope, receive, self._signed(send))
        else:
            await self._closed(scope, verdict)(scope, receive, self._signed(send))

    def _closed(self, scope: Scope, verdict: Any) -> Response:
        """Why a request is refused; whoever has typed the bare address of a class is asked for its code."""
        if verdict.status == 401 and self.guard.class_code is not None and scope["path"] == "/":
            return _asks(*_CODE_WANTED)
        body = page_files.words("This door stays closed", verdict.reason)
        return Response(body, verdict.status, media_type="text/html")

    def judge(self, scope: Scope, socket: bool) -> Any:
        """The guard's verdict on a request."""
        headers: dict[str, list[str]] = {}
        for key, value in scope["headers"]:
            headers.setdefault(key.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        path = scope["path"]
        # the page's own files say nothing about anybody; a token or a code lets its bearer in
        letting_in = path == "/join" or (path == "/" and b"token=" in scope.get("query_string", b""))
        is_file = path in self.files and path not in ("/", "/index.html")
        return self.guard.judge(
            "GET" if socket else scope["method"], headers, socket=socket, open=letting_in or is_file
        )

    async def _socket(self, verdict: Any, scope: Scope, receive: Receive, send: Send) -> None:
        if verdict.passes and scope["path"] == "/ws":
            scope["role"] = verdict.role
            await self.app(scope, receive, send)
            return
        await receive()  # the handshake, which is refused: 403 before any WebSocket exists
        await send({"type": "websocket.close", "code": 4010})

    def _signed(self, send: Send) -> Send:
        async def sign(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", [])
                stricter = {key for key, _ in own} & {b"content-security-policy"}  # a report brings its own policy
                message["headers"] = [*own, *(pair for pair in self.headers if pair[0] not in stricter)]
            await send(message)

        return sign


def _file(files: dict[str, page_files.PageFile], request: Request) -> Response:
    file = files.get(request.url.path)
    if file is None:
        body = page_files.words("There is nothing here", "Try the address without what follows the port.")
        return Response(body, 404, media_type="text/html")
    headers = {"cache-control": file.cache, "etag": file.tag, "content-type": file.type}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers=headers)


def _for_class(first: str) -> str:
    return "/" if "R=runs" in first else first


def _admitted(guard: Guard, token: str, request: Request, refusal: tuple[str, str], first: str) -> Response:
    """A cookie for a token, and the way to the page, which begins as `first` says."""
    secret = guard.admit(token, request.client.host if request.client else "")
    if secret is None:
        if guard.role_of(request.headers.getlist("cookie")) is not None:
            return RedirectResponse("/", 303)  # the same link again, in the browser that it has let in
        if guard.class_code is not None and request.url.path == "/join":
            return _asks(*refusal)
        return Response(page_files.words(*refusal), 401, media_type="text/html")
    answer = RedirectResponse(first, 303, headers={"cache-control": "no-store"})
    answer.set_cookie(guard.cookie, secret, httponly=True, samesite="lax", path="/")
    return answer


def _asks(title: str, text: str) -> Response:
    body, policy = page_files.code_wanted(title, text)
    headers = {"content-security-policy": policy, "cache-control": "no-store"}
    return Response(body, 401, headers, media_type="text/html")


async def _upload(venue: Venue, request: Request) -> Response:
    """A model file of the user's own, for the session that the query names."""
    if request.scope.get("role") != "owner":
        return _json(
            403,
            messages.refusal(
                GlassnetError(complain("got a model", "expected none in a class", "Try your own machine"))
            ),
        )
    name, file = (request.query_params.get(key, usual) for key, usual in (("session", ""), ("name", "model")))
    try:
        async with asyncio.timeout(_UPLOAD_SECONDS):
            body = await _body(request, venue.limits.model_bytes)
        await venue.open_model(name, body, file)
    except KeyError:
        return _json(404, messages.refusal(GlassnetError(complain("got no session", "expected one", "Try reloading"))))
    except TimeoutError:
        return _json(
            408,
            messages.refusal(GlassnetError(complain("got a slow upload", "expected it within a minute", "Try again"))),
        )
    except GlassnetError as problem:
        return _json(400, messages.refusal(problem))
    return _json(200, Done())


async def _body(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            got = f"got a file of more than {most // 2**20} MiB"
            raise GlassnetError(complain(got, "expected a smaller one", "Try a model of digits"))
        parts.append(part)
    return b"".join(parts)


def _json(status: int, report: Any) -> Response:
    body = messages.write(report)
    strict_json.loads(body)
    return Response(body, status, media_type="application/json", headers={"cache-control": "no-store"})
