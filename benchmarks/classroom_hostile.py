"""Clients that mean harm, or know no better: `python -m benchmarks.classroom_hostile KIND PORT COOKIE`, until killed.

They run in a process of their own, so that the pages whose times are taken share a processor with them, but no loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
import sys
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.classroom_client import CREDIT, Pupil, command, enter

Address = tuple[str, int]
LARGEST: dict[str, Any] = {"hidden": [128] * 8, "points": 580, "batch_size": 5000, "speed": 100}  # for a class


async def slow_headers(address: Address, cookie: str) -> None:
    """300 requests whose headers come a byte at a time, for ever."""

    async def one() -> None:
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(*address)
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
                while not writer.is_closing():
                    await asyncio.sleep(1)
                    writer.write(b"a")
                    await writer.drain()
            await asyncio.sleep(0.1)

    await asyncio.gather(*(one() for _ in range(300)))


async def idle(address: Address, cookie: str) -> None:
    """150 pages that come in, and then say nothing."""
    for _ in range(150):
        await enter(address, cookie, {})
    await asyncio.Event().wait()


async def non_reader(address: Address, cookie: str) -> None:
    """50 pages that are as the honest ones, give more credits than they may, and read nothing of what they are sent."""
    pupils = [await enter(address, cookie, {"batch_size": 25, "speed": 0.1}) for _ in range(50)]
    for pupil in pupils:
        pupil.transport.pause_reading()
        pupil.tell("run")
    while True:
        for pupil in pupils:
            pupil.transport.write(CREDIT * 5)
            pupil.tell("look")
        await asyncio.sleep(0.5)


async def _again(address: Address, cookie: str, harm: Callable[[Pupil], Awaitable[None]], many: int) -> None:
    """So many pages at a time that come in, do harm, are thrown out, and come again."""

    async def one() -> None:
        while True:
            with contextlib.suppress(OSError, TimeoutError):
                pupil = await enter(address, cookie, {"points": 20, "resolution": 10})
                await harm(pupil)
                await asyncio.wait({pupil.over}, timeout=10)
                pupil.leave()
            await asyncio.sleep(0.1)

    await asyncio.gather(*(one() for _ in range(many)))


async def large_json(address: Address, cookie: str) -> None:
    """A message of 15 MB, and as many of half a megabyte as will go."""
    large, middling = command("configure", changes={"x": "y" * 15_000_000}), command("look", x="[" * 500_000)
    turns = itertools.cycle((large, middling * 20))

    async def harm(pupil: Pupil) -> None:
        pupil.transport.write(next(turns))

    await _again(address, cookie, harm, 4)


async def deflate_bomb(address: Address, cookie: str) -> None:
    """Messages that say that they are compressed, of which a kilobyte would be a megabyte."""
    packed = zlib.compress(b"0" * 100_000_000, 9)
    frame = struct.pack("!BBQ4x", 0xC1, 0x80 | 127, len(packed)) + packed

    async def harm(pupil: Pupil) -> None:
        pupil.transport.write(frame)

    await _again(address, cookie, harm, 4)


async def large_net(address: Address, cookie: str) -> None:
    """Networks of 10,000 units, which are refused, and the largest that are not, trained and changed all the time."""
    pupils = [await enter(address, cookie, {}) for _ in range(2)]
    for pupil in pupils:
        pupil.tell("configure", changes={"hidden": [10_000]})
        pupil.tell("configure", changes=LARGEST)
        pupil.tell("run")
    for layers in itertools.cycle((7, 8)):
        for pupil in pupils:
            pupil.tell("configure", changes={"hidden": [10_000]})
            pupil.tell("configure", changes={"hidden": [128] * layers})
            pupil.tell("configure", changes={"points": 5000})
            pupil.tell("run")
        await asyncio.sleep(1.0)


async def digits(address: Address, cookie: str) -> None:
    """Four pages that learn digits without a pause."""
    pupils = [await enter(address, cookie, {}) for _ in range(4)]
    while True:
        for pupil in pupils:
            pupil.tell("digits_train")
        await asyncio.sleep(2.0)


async def reconnect_storm(address: Address, cookie: str) -> None:
    """Pages that are cut off as soon as they are in, and come back: half of them to the same session."""

    async def one(i: int) -> None:
        name = None
        while True:
            with contextlib.suppress(OSError, TimeoutError):
                pupil = await enter(address, cookie, {"points": 20}, name)
                name = pupil.session if i % 2 else None
                pupil.leave()

    await asyncio.gather(*(one(i) for i in range(10)))


KINDS = {
    harm.__name__: harm
    for harm in (slow_headers, idle, non_reader, large_json, deflate_bomb, large_net, digits, reconnect_storm)
}


def main() -> None:
    """Do harm."""
    kind, port, cookie = sys.argv[1:]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(KINDS[kind](("127.0.0.1", int(port)), cookie))


if __name__ == "__main__":
    main()
