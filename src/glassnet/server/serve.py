"""Starting and stopping the server: sockets, uvicorn with deadlines, one BLAS thread."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from glassnet.errors import FileError, complain
from glassnet.server import engines
from glassnet.server.app import make_app
from glassnet.server.collecting import Collector
from glassnet.server.keeping import Keeper
from glassnet.server.line import RESTARTING, Line
from glassnet.server.preparing import prepare
from glassnet.server.registry import Registry
from glassnet.server.safety import Guard, hosts_of
from glassnet.server.session import Limits
from glassnet.server.venue import InProcess

PORT = 8421
_HEADER_SECONDS = 10.0  # from the first byte of a request (or the connection) to the end of its headers
_SEND_BYTES = 128 * 1024  # that the system holds for a page: some frames, not megabytes for one that reads nothing
_LOCAL = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = ("0.0.0.0", "::")
CLASS_LIMITS = Limits(frames_per_second=20.0, resolution=50, keep_seconds=1800.0, outputs=600_000)


class DeadlineProtocol(H11Protocol):
    """uvicorn's HTTP with a deadline for headers: a client that sends them slowly for ever is cut off."""

    _deadline: Any = None

    def connection_made(self, transport: Any) -> None:
        """Begin to count."""
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Headers that are complete end the count."""
        super().data_received(data)
        self._note()

    def on_response_complete(self) -> None:
        """The next request on the same connection has its own time."""
        super().on_response_complete()
        if self.transport is not None and not self.transport.is_closing():
            self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._forget()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """From here on it is a WebSocket, which has deadlines of its own."""
        self._forget()
        super().handle_websocket_upgrade(event)

    def _note(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()

    def _expect_headers(self) -> None:
        self._forget()
        self._deadline = self.loop.call_later(_HEADER_SECONDS, self._cut)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.abort()


class Server:
    """A Playground's server that is started and stopped; `url` is where to go, once.

    Sessions train in `processes` processes (for a class one for each core, where the system allows), or if that is 0 in
    `workers` threads. `farewell` is the code and the sentence with which pages are closed when the server ends, `start`
    what pages open with: what follows the `#` of a link.

    >>> with Server(port=0) as server:
    ...     server.port > 0, server.address.startswith("http://127.0.0.1:")
    (True, True)
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = PORT,
        *,
        names: Iterable[str] = (),
        limits: Limits | None = None,
        models: str = "runs",
        workers: int | None = None,
        keeper: Keeper | None = None,
        report: Callable[[str], bytes] | None = None,
        processes: int | None = None,
        farewell: tuple[int, str] = (RESTARTING, ""),
        start: str = "",
    ) -> None:
        self.classroom = host not in _LOCAL
        self.socket = _bound(host, port)
        self.port = int(self.socket.getsockname()[1])
        self.given = list(names)
        self.names = [*_names_of(host), *self.given]
        hosts = hosts_of([*self.names, *_LOCAL], self.port)
        self.guard = Guard(hosts, f"glassnet-{self.port}", class_code=_code() if self.classroom else None)
        limits = limits or (CLASS_LIMITS if self.classroom else Limits())
        self.registry = Registry(limits, workers or max(2, os.cpu_count() or 1), models, keeper)
        processes = engines.number_of(self.classroom) if processes is None else processes
        self.venue = engines.Engines(limits, processes, models, keeper) if processes else InProcess(self.registry)
        self._collector: Collector | None = None
        app = make_app(self.registry, self.guard, report=report, venue=self.venue, tidy=self._tidy, start=start)
        self._uvicorn = uvicorn.Server(_config(app, replace(limits).message_bytes, farewell))
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where the page is, for a browser that has its cookie."""
        return f"http://{_spelled(self.names[0])}:{self.port}/"

    @property
    def url(self) -> str:
        """Where one browser is let in, once."""
        name = "127.0.0.1" if self.classroom else self.names[0]
        return f"http://{_spelled(name)}:{self.port}/?token={self.guard.launch}"

    @property
    def class_addresses(self) -> list[str]:
        """What a class types, to be asked for the code: the names that the machine was given, then its own address."""
        return [f"http://{_spelled(name)}:{self.port}" for name in [*self.given, self.names[0]]]

    @property
    def class_url(self) -> str:
        """Where a class is let in."""
        return f"{self.address}join?code={self.guard.class_code}"

    def run(self) -> None:
        """Serve until asked to stop (Ctrl-C), in a process that does nothing else."""
        with self._interruptible():
            self._collector = Collector()
            self._serve()

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Ctrl-C asks to stop from the first moment on; an exception may be lost in what Python does by itself."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, lambda *_: self.stop())
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _tidy(self) -> None:
        if self._collector is not None:
            self._collector.tidy()

    def _serve(self) -> None:
        prepare()
        asyncio.run(self._uvicorn.serve(sockets=[self.socket]))

    def stop(self) -> None:
        """Ask it to stop."""
        self._uvicorn.should_exit = True

    def __enter__(self) -> Server:
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)
        self._thread.start()
        while not self._uvicorn.started and self._thread.is_alive():
            self._thread.join(0.01)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join(10)


def _config(app: Any, message_bytes: int, farewell: tuple[int, str]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=DeadlineProtocol,
        ws=functools.partial(Line, farewell=farewell),  # type: ignore[arg-type]
        ws_max_size=message_bytes + 1024,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=16 * 1024,
        access_log=False,
        server_header=False,
        date_header=False,
        log_level="critical",
        lifespan="on",
        loop="asyncio",
    )


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens, on this port or, where it is taken and was not chosen, on the next free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    wanted = range(port, port + 20) if port == PORT else [port]
    problem: OSError | None = None
    for candidate in wanted:
        # without the protocol's name asyncio leaves Nagle's delay on, and a small answer waits 40 ms for the last one
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if os.name != "nt":  # on Windows it would let another program take the port over
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
            listening.bind((host, candidate))
            listening.listen(512)
            return listening
        except OSError as error:
            listening.close()
            problem = error
        except OverflowError as error:
            listening.close()
            problem = OSError(str(error))
    raise FileError(_no_place(host, port, problem))


def _no_place(host: str, port: int, problem: OSError | None) -> str:
    """Why nothing can listen there, and where it can."""
    code = problem.errno if problem else errno.EADDRINUSE
    if code in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", None)):
        got = f"got port {port} of {host}, where another program listens"
        return complain(got, "expected a free one", "Try --port 0, which finds one")
    if code in (errno.EADDRNOTAVAIL, getattr(errno, "WSAEADDRNOTAVAIL", None)) or isinstance(problem, socket.gaierror):
        got = f"got the address {host}, which is none of this machine's"
        return complain(got, "expected one of its own", "Try --host 127.0.0.1, or 0.0.0.0 for all of them")
    reason = problem.strerror or str(problem) if problem else "taken"
    return complain(f"got {host} port {port}: {reason}", "expected an address to listen on", "Try --port 0")


def _names_of(host: str) -> list[str]:
    """The names under which a server on this address is reached."""
    if host not in _EVERYWHERE:
        return [host]
    names = [_outward(), socket.gethostname().lower()]
    with contextlib.suppress(OSError):
        names += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [name for name in dict.fromkeys(names) if name]


def _outward() -> str:
    """The address of this machine on its network; nothing is sent to find it out."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation (RFC 5737), which nobody has
        return str(probe.getsockname()[0])
    return "127.0.0.1"


def _spelled(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _code() -> str:
    """A word that can be read aloud: letters and digits that look like no other."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(8))
