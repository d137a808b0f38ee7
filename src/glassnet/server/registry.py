"""All sessions of a server: who is there, who may come back, who has to go."""

from __future__ import annotations

import itertools
import os
import secrets
import tempfile
import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from glassnet.errors import GlassnetError, complain
from glassnet.server import moving
from glassnet.server.keeping import Keeper
from glassnet.server.outbox import Outbox
from glassnet.server.place import Place
from glassnet.server.scheduler import Scheduler
from glassnet.server.session import Limits, Session

if TYPE_CHECKING:
    from glassnet.server.digits import DigitsLab

_GOLDEN = 0.6180339887498949  # multiples of it, less what is whole, lie evenly: frames are not all due at once
_SILENT_SECONDS = 120.0  # after which the place of a page that trains nothing may be given to another


class NoRoomError(GlassnetError):
    """There are as many sessions as the server takes."""


class Registry:
    """Sessions by name. A name is a secret: whoever knows it may come back to the session.

    Playgrounds take turns on `workers` threads; digits, whose turns are longer, on one of their own. In a class `place`
    gives a session its place among the processes.
    """

    def __init__(
        self,
        limits: Limits,
        workers: int = 2,
        models: str = "runs",
        keeper: Keeper | None = None,
        place: Callable[[Session], Place | None] = lambda session: None,
    ) -> None:
        self.limits, self.models, self.place = limits, models, place
        self.scheduler = Scheduler(workers)
        self.heavy = Scheduler(1, name="digits")
        self.sessions: dict[str, Session] = {}
        self.labs: dict[str, DigitsLab] = {}
        self.keeper = keeper
        self._shares = itertools.count(monotonic() % 1, _GOLDEN)  # not the same ones as in another process
        self._lock = threading.Lock()

    def open(self, name: str | None, state: dict[str, Any] | None, outbox: Outbox) -> tuple[Session, bool]:
        """The session of that name, or a new one, with a page connected to it; whether it was there.

        Raises `NoRoomError` when there is none to spare, `ValueRangeError` for a state that cannot be.
        """
        with self._lock:
            session = self.sessions.get(name or "")
        if session is None:
            self._make_room()
        # what takes a while, or a session's own lock, is done while ours is not held
        while session is None or not session.attach(outbox):  # one that is known may end in this very moment
            session = self._new(name, state)
        self.scheduler.wake(session)
        return session, session.name == name

    def _new(self, name: str | None, state: dict[str, Any] | None) -> Session:
        """A new session, or the one of that name that is kept on disk."""
        kept = self.keeper.find(name) if self.keeper is not None and name else None
        if name is None or kept is None:
            name = secrets.token_urlsafe(18)
        return self._added(Session(name, self.limits, state, kept))

    def _added(self, session: Session) -> Session:
        """A session is ours; or the one of its name that was here before it."""
        session.digits = lambda command, values, outbox: self._digits(session, command, values, outbox)
        session.wake = lambda: self.scheduler.wake(session)
        session.place = self.place(session)
        with self._lock:
            return self.sessions.setdefault(session.name, session)

    def give_up(self, session: Session, outbox: Outbox) -> bytes | None:
        """What another process needs to go on with a session, which ends here; None if it has to stay."""
        with session.lock:
            if session.name in self.labs or session.outbox is not outbox:
                if session.place is not None:
                    session.place.stays = session.name in self.labs
                return None
            body = moving.taken_down(session, outbox)
            session.outbox = None
            with self._lock:
                self.sessions.pop(session.name, None)
            session.close()
        self.scheduler.forget(session)
        return body

    def go_on(self, body: bytes, connect: Callable[[moving.Arrived], Outbox]) -> Session:
        """Go on with the session that another process has given up, with the page that `connect` gives it."""
        self._make_room()
        arrived = moving.brought_back(body, self.limits)
        session = self._added(arrived.session)
        session.go_on(connect(arrived), next(self._shares) % 1)
        self.scheduler.wake(session)
        return session

    def _digits(self, session: Session, command: Any, values: dict[str, Any], outbox: Outbox | None) -> None:
        lab = self.lab(session)
        lab.tell(command, dict(values), outbox)
        self.heavy.wake(lab)

    def lab(self, session: Session) -> DigitsLab:
        """The session's room of digits, made when it is first asked for something."""
        from glassnet.server.digits import DigitsLab  # which most processes of a class never need

        with self._lock:
            if session.name not in self.labs:
                self.labs[session.name] = DigitsLab(self.models, self.limits.frames_per_second)
            return self.labs[session.name]

    def open_model(self, name: str, body: bytes, file: str) -> None:
        """Give a session's room of digits a model of the user's own, through the safe reader, which wants a file.

        Raises `KeyError` when there is no session of that name, `GlassnetError` for what is no model.
        """
        from glassnet.train.trained import Trained

        session = self.sessions[name]
        handle, path = tempfile.mkstemp(suffix=".safetensors")
        try:
            with os.fdopen(handle, "wb") as written:
                written.write(body)
            trained = Trained.load(path)
        except GlassnetError as problem:
            raise GlassnetError(str(problem).replace(path, file[:60])) from None
        finally:
            os.unlink(path)
        lab = self.lab(session)
        lab.offer(file[:60], trained, session.outbox)
        self.heavy.wake(lab)

    def _make_room(self) -> None:
        """End the session that others need least, if there are as many as may be.

        Raises `NoRoomError` when all are needed.
        """
        with self._lock:
            oldest = self._oldest() if len(self.sessions) >= self.limits.sessions else None
        if oldest is not None:
            oldest.put_away()
            self._end(oldest)

    def _oldest(self) -> Session:
        """The session that makes room for a new one: alone for longest, or else one whose page has been silent."""
        alone = [s for s in self.sessions.values() if s.left_at is not None]
        if not alone:
            silent = [s for s in self.sessions.values() if self._rests(s)]
            if silent:
                return min(silent, key=lambda s: s.last_command)
            got = f"got a page beyond the {self.limits.sessions} that this server takes"
            raise NoRoomError(complain(got, "expected fewer", "Try again later, or glassnet play on your own machine"))
        return min(alone, key=lambda s: s.left_at or 0.0)

    def _rests(self, session: Session) -> bool:
        """Whether nothing is learnt in a session, and its page has asked for nothing in a while."""
        lab = self.labs.get(session.name)
        learns = session.playground.running or (lab is not None and lab.running)
        return not learns and session.last_command < monotonic() - _SILENT_SECONDS

    def _end(self, session: Session) -> None:
        """End a session that is alone, once it is written down."""
        with self._lock:
            self.sessions.pop(session.name, None)
        self._keep(session)
        if not session.close():  # somebody has come back to it in this very moment
            with self._lock:
                self.sessions.setdefault(session.name, session)
            return
        self.scheduler.forget(session)
        with self._lock:
            lab = self.labs.pop(session.name, None)
        if lab is not None:
            lab.close()
            self.heavy.forget(lab)

    def sweep(self) -> int:
        """Write down what has changed, and end the sessions that nobody has come back to in time; how many."""
        self.keep()
        limit = monotonic() - self.limits.keep_seconds
        with self._lock:
            old = [s for s in self.sessions.values() if s.left_at is not None and s.left_at < limit]
        for session in old:
            self._end(session)
        return len(old)

    def keep(self) -> None:
        """Write down every session that has changed since it was last written."""
        for session in list(self.sessions.values()):
            self._keep(session)

    def _keep(self, session: Session) -> None:
        mark = session.mark
        if self.keeper is not None and mark != session.kept:
            with session.lock:
                if session.closed:  # another process goes on with it
                    return
                self.keeper.keep(session.name, session.playground)
            session.kept = mark

    def close(self) -> None:
        """End everything, once all is written down."""
        for lab in self.labs.values():
            lab.close()
        self.scheduler.stop()
        self.heavy.stop()
        self.keep()
        if self.keeper is not None:
            self.keeper.tidy()
