"""A line from its handshake to its end, spoken to by hand and by another implementation."""

import asyncio
import base64
import contextlib
import os
from types import SimpleNamespace

import pytest
import websockets

from glassnet.server import line, wire
from glassnet.server.session import Limits

TINY = {"points": 40, "resolution": 10, "speed": 0.2}


def masked(opcode, body=b"", first=None):
    assert len(body) < 126
    return bytes([first or 0x80 | opcode, 0x80 | len(body)]) + b"abcd" + wire.unmasked(body, b"abcd")


def request(running, **changes):
    """The lines of a handshake."""
    port = running.server.port
    headers = {
        "Host": f"127.0.0.1:{port}", "Origin": f"http://127.0.0.1:{port}", "Cookie": running.cookie,
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **changes,
    }  # fmt: skip
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join(["GET /ws HTTP/1.1", *lines, "", ""]).encode()


@contextlib.asynccontextmanager
async def by_hand(running, **changes):
    """A connection after its handshake: reader, writer, status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.server.port)
    try:
        writer.write(request(running, **changes))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        yield reader, writer, int(head.split()[1])
    finally:
        writer.close()


async def heard(reader):
    """The next frame: kind and bytes."""
    first, size = await asyncio.wait_for(reader.readexactly(2), 20)
    if size >= 126:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    return first & 15, await reader.readexactly(size)


async def farewell(reader):
    """The code with which the server closes; what comes before is read."""
    while True:
        opcode, body = await heard(reader)
        if opcode == wire.CLOSE:
            return int.from_bytes(body[:2], "big")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 101), ({"Sec-WebSocket-Version": "12"}, 400), ({"Sec-WebSocket-Version": None}, 400),
        ({"Sec-WebSocket-Key": None}, 400), ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400),
        ({"Sec-WebSocket-Key": "no base 64 at all!!"}, 400), ({"Origin": "http://evil"}, 403), ({"Cookie": None}, 403),
    ],
)  # fmt: skip
def test_a_handshake_is_as_the_standard_says_or_refused(running, changes, status):
    async def talk():
        async with by_hand(running, **changes) as (reader, _, answered):
            assert answered == status
            if status != 101:
                assert await asyncio.wait_for(reader.read(), 20) == b""

    asyncio.run(talk())


WRONG = {
    "no mask": (b"\x81\x01a", 1002), "a word that is no text": (masked(1, b"\xff\xfe"), 1007),
    "a control in parts": (masked(9, b"a", first=9), 1002), "a farewell of one byte": (masked(8, b"x"), 1002),
    "a code that nobody may send": (masked(8, b"\x03\xed"), 1002),
    "a long message": (b"\x81\xff\0\0\0\0\x0f\0\0\0", 1009),
    "a farewell": (masked(8, b"\x03\xe8bye"), 1000), "bytes": (masked(2, b"abc"), 4008),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_ends_with_its_code(running, what):
    data, code = WRONG[what]

    async def talk():
        async with by_hand(running) as (reader, writer, _):
            writer.write(data)
            assert await farewell(reader) == code

    asyncio.run(talk())


def test_a_ping_is_answered_with_its_own_bytes(running):
    async def talk():
        async with by_hand(running) as (reader, writer, _):
            writer.write(masked(9, b"are you there"))
            assert await heard(reader) == (wire.PONG, b"are you there")

    asyncio.run(talk())


def test_a_flood_of_pings_ends_the_connection(start):
    running = start(Limits(messages_per_second=20))

    async def talk():
        async with running.page(state=TINY) as page:
            page.socket.transport.write(masked(9, b"?") * 500)
            assert await page.ending() == 4008

    asyncio.run(talk())


def test_long_messages_count_for_more(start):
    running = start(Limits(messages_per_second=20))

    async def talk():
        async with running.page(state=TINY) as page:
            with contextlib.suppress(websockets.ConnectionClosed):
                for _ in range(3):
                    await page.socket.send('{"type": "look", "x": "' + "x" * 100_000 + '"}')
            assert await page.ending() == 4008

    asyncio.run(talk())


class Wire:
    """A transport that goes nowhere."""

    def __init__(self):
        self.said, self.aborted = b"", False

    def write(self, data):
        self.said += data

    def abort(self):
        self.aborted = True

    def pause_reading(self):
        pass


def opened():
    """A line by itself, with its transport."""
    config = SimpleNamespace(loaded_app=None, ws_max_size=1000)
    lone, transport = line.Line(config, SimpleNamespace(connections=set(), tasks=set()), {}), Wire()
    lone.connection_made(transport)
    lone._stage = "open"
    return lone, transport


def test_a_page_that_is_gone_is_noticed():
    async def talk():
        lone, transport = opened()
        for _ in range(3):
            lone._look()
            assert not transport.said
            lone._look()
            assert transport.said == wire.head(wire.PING, 6) + b"there?"
            transport.said = b""
            lone.data_received(masked(10, b"there?"))  # it is
        for _ in range(3):
            assert not transport.aborted
            lone._look()
        assert transport.aborted
        lone.connection_lost(None)

    asyncio.run(talk())


def test_a_message_that_never_ends_is_not_waited_for(monkeypatch):
    async def talk():
        lone, transport = opened()
        lone.data_received(b"\x81\xfe\3\0abcd")
        for _ in range(3):
            lone.data_received(b"x")
            lone._look()
        assert not transport.said
        monkeypatch.setattr(line, "_MESSAGE_SECONDS", -1.0)
        lone._look()
        assert transport.said == wire.head(wire.CLOSE, 2) + (4008).to_bytes(2, "big")
        lone.connection_lost(None)
        assert lone.lost.result() == 4008

    asyncio.run(talk())


def test_one_who_takes_nothing_is_cut_off(start, monkeypatch):
    monkeypatch.setattr(line, "_MESSAGE_SECONDS", 0.5)
    running = start()

    async def talk():
        async with by_hand(running) as (reader, writer, _):
            reader._transport.pause_reading()
            writer.write(masked(1, b'{"type":"hello","protocol":1}'))
            sessions = running.server.registry.sessions
            while not sessions:
                await asyncio.sleep(0.01)
            (session,) = sessions.values()
            for _ in range(400):  # far more than sockets hold
                if session.outbox is not None:
                    session.outbox.report("x" * 100_000)
            while session.left_at is None:
                await asyncio.sleep(0.01)

    asyncio.run(talk())


def test_early_messages_are_kept_in_order_and_not_without_end(running):
    async def talk():
        async with by_hand(running) as (reader, writer, _):
            writer.write(masked(1, b'{"type":"hello","protocol":1,"id":1}'))
            writer.write(b"".join(masked(1, b'{"type":"look","id":%d}' % i) for i in (2, 3, 4)))
            ids = []
            while len(ids) < 4:
                opcode, body = await heard(reader)
                if opcode == wire.TEXT and b'"id": null' not in body and b'"id": ' in body:
                    ids.append(int(body.rpartition(b'"id": ')[2].split(b"}")[0].split(b",")[0]))
            assert ids == [1, 2, 3, 4]
        async with by_hand(running) as (reader, writer, _):
            writer.write(masked(1, b'{"type":"hello","protocol":1}') + masked(1, b"{}") * 100)
            assert await farewell(reader) == 4008

    asyncio.run(talk())
