"""Credits on their way from a page to its session."""

import asyncio
from types import SimpleNamespace

import pytest

from glassnet.server.connection import Connection, Porter
from glassnet.server.session import Limits


def heard(*steps):
    """The credits and commands that come to a session, when messages come and the line becomes clear or not."""
    passed = []

    async def talk():
        websocket = SimpleNamespace(scope={"role": "owner"})
        connection = Connection(SimpleNamespace(limits=Limits()), websocket, Porter())
        connection.line = SimpleNamespace(clear=True, send=passed.append)
        connection.seat = SimpleNamespace(
            credit=lambda frames, outbox: passed.append(frames), hear=lambda text: bool(passed.append(text)) or True
        )
        for step in steps:
            if isinstance(step, bool):
                connection.line.clear = step
                if step:
                    connection._clear()
            else:
                connection._hear(step)

    asyncio.run(talk())
    return passed


ONE, TWO = '{"type":"credit"}', '{"type":"credit","frames":2}'


def test_credits_of_a_page_that_reads_are_passed_on_at_once():
    assert heard(ONE, TWO, ONE) == [1, 2, 1]


def test_credits_count_once_what_was_sent_has_been_taken():
    assert heard(False, ONE, TWO) == []
    assert heard(False, ONE, TWO, True, ONE) == [3, 1]
    assert heard(False, True) == []


@pytest.mark.parametrize(
    "text",
    ['{"type":"credit","frames":-1}', '{"type":"credit","frames":1234}', '{"type":"credit","frames":1,"id":3}',
     '{"type": "credit"}', '{"type":"credit"}x', '{"type":"look"}'],
)  # fmt: skip
def test_whatever_else_is_a_command(text):
    assert heard(text) == [text]
