"""Where sessions live: in the server's own process, or in others (`engines.py`). To a connection it is all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from glassnet.server.outbox import Outbox
from glassnet.server.registry import Registry
from glassnet.server.session import Limits


class Seat(Protocol):
    """A page's place in a session."""

    @property
    def name(self) -> str:
        """The session's name, by which a page comes back to it."""
        ...

    def hear(self, text: str) -> bool:
        """A command, as it came; False if there are too many already."""
        ...

    def credit(self, frames: int, outbox: Outbox) -> None:
        """The page behind that outbox has drawn so many frames."""
        ...


class Venue(Protocol):
    """Where sessions live."""

    limits: Limits

    async def start(self) -> None:
        """Be ready for the first page."""

    async def enter(self, name: str | None, state: dict[str, Any] | None, outbox: Outbox) -> tuple[Seat, bool]:
        """A place in the session of that name, or in a new one; whether it was there.

        Raises `NoRoomError` when there is none to spare, `ValueRangeError` for a state that cannot be.
        """
        ...

    async def leave(self, seat: Seat, outbox: Outbox) -> None:
        """The page has gone."""

    async def open_model(self, name: str, body: bytes, file: str) -> None:
        """Give a session a model of the user's own.

        Raises `KeyError` when there is no session of that name, `GlassnetError` for what is no model.
        """

    async def sweep(self) -> None:
        """Now and then: write down what has changed, end what nobody comes back to."""

    async def close(self) -> None:
        """End everything."""


class InProcess:
    """Sessions in threads of the server's own process."""

    def __init__(self, registry: Registry) -> None:
        self.registry, self.limits = registry, registry.limits
        # few: newcomers wait for each other rather than crowd those who are in
        self._door = ThreadPoolExecutor(2, "door")

    async def _let(self, work: Callable[..., Any], *args: Any) -> Any:
        """Have something done at the door: it may wait for a session's turn to end."""
        return await asyncio.get_running_loop().run_in_executor(self._door, work, *args)

    async def start(self) -> None:
        """There is nothing to begin."""

    async def enter(self, name: str | None, state: dict[str, Any] | None, outbox: Outbox) -> tuple[Seat, bool]:
        """A place in the session of that name, or in a new one; whether it was there."""
        return await self._let(self.registry.open, name, state, outbox)

    async def leave(self, seat: Any, outbox: Outbox) -> None:
        """The page has gone."""
        await self._let(seat.detach, outbox)

    async def open_model(self, name: str, body: bytes, file: str) -> None:
        """Give a session a model of the user's own."""
        await asyncio.to_thread(self.registry.open_model, name, body, file)

    async def sweep(self) -> None:
        """Write down what has changed, end what nobody comes back to."""
        await asyncio.to_thread(self.registry.sweep)

    async def close(self) -> None:
        """End everything."""
        self._door.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self.registry.close)
