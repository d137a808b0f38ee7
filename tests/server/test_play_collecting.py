"""What sessions leave behind when they end, and when Python's collector runs."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading

import pytest

from glassnet.server import collecting, registry
from glassnet.server.outbox import Outbox
from glassnet.server.place import ENTRANCE, Place
from glassnet.server.session import Limits

CHANGES = {
    "never trained": [],
    "trained": ['{"type": "step", "count": 3}'],
    "another activation": ['{"type": "step"}', '{"type": "configure", "changes": {"activation": "relu"}}'],
    "other layers": ['{"type": "step"}', '{"type": "configure", "changes": {"hidden": [5]}}', '{"type": "step"}'],
    "other points": ['{"type": "configure", "changes": {"points": 100}}', '{"type": "step"}'],
    "frozen": ['{"type": "freeze", "layer": 1, "unit": 0}', '{"type": "step"}', '{"type": "undo"}'],
    "edited": ['{"type": "edit", "layer": 1, "unit": 0, "source": 0, "value": 2}', '{"type": "undo"}'],
    "by operations": ['{"type": "step", "grain": "operation", "count": 3}'],
    "refused": ['{"type": "configure", "changes": {"hidden": [100000]}}', "{"],
    "as TensorFlow Playground": ['{"type": "configure", "changes": {"parity": true}}', '{"type": "step"}'],
}


class NoThreads:
    """A scheduler whose jobs have their turns in the test."""

    def __init__(self, *args, **options):
        self.known = 0

    def wake(self, job):
        self.known += 1

    def forget(self, job):
        self.known = 0

    def stop(self):
        pass


@pytest.fixture
def rooms(monkeypatch):
    monkeypatch.setattr(registry, "Scheduler", NoThreads)
    return registry.Registry(Limits(keep_seconds=-1.0, sessions=3))


def lived(rooms, commands):
    outbox = Outbox(lambda: None)
    session, _ = rooms.open(None, {"points": 20, "resolution": 10}, outbox)
    for text in commands:
        session.hear(text)
        session.turn()
        outbox.credit(2)
        outbox.take()
    session.detach(outbox)
    assert rooms.sweep() == 1


@pytest.mark.parametrize("what", CHANGES)
def test_a_session_that_ends_leaves_nothing_to_be_collected(rooms, what):
    lived(rooms, CHANGES[what])  # what is made once, and stays
    gc.collect()
    gc.disable()
    try:
        lived(rooms, CHANGES[what])
        left = gc.collect()
    finally:
        gc.enable()
    assert left == 0


def moved(monkeypatch, commands):
    """A session that is given up by one process, goes on in another, and ends there."""
    monkeypatch.setattr(registry, "Scheduler", NoThreads)
    options = {"place": lambda session: Place(ENTRANCE, lambda kind: session.wake())}
    here, there = (registry.Registry(Limits(keep_seconds=-1.0), **options) for _ in range(2))
    outbox = Outbox(lambda: None)
    session, _ = here.open(None, {"points": 20, "resolution": 10}, outbox)
    for text in commands:
        session.hear(text)
        session.turn()
    other = Outbox(lambda: None)
    session = there.go_on(here.give_up(session, outbox), lambda arrived: other)
    session.hear('{"type": "step"}')
    session.turn()
    session.detach(other)
    assert there.sweep() == 1


@pytest.mark.parametrize("what", CHANGES)
def test_a_session_that_is_moved_leaves_nothing_to_be_collected(monkeypatch, what):
    moved(monkeypatch, CHANGES[what])
    gc.collect()
    gc.disable()
    try:
        moved(monkeypatch, CHANGES[what])
        left = gc.collect()
    finally:
        gc.enable()
    assert left == 0


def test_memory_is_given_back_or_nothing_is_said_of_it():
    assert collecting.give_back() is None


def test_whoever_comes_back_while_a_session_ends_has_one_that_lives(rooms):
    outbox = Outbox(lambda: None)
    session, _ = rooms.open(None, None, outbox)
    session.detach(outbox)
    assert session.close()  # what another thread may do at any moment
    assert not session.attach(Outbox(lambda: None))
    assert session.turn() is None
    rooms.sessions.clear()
    other, resumed = rooms.open(session.name, None, Outbox(lambda: None))
    assert other is not session
    assert not resumed


def test_a_session_with_a_page_does_not_end(rooms):
    session, _ = rooms.open(None, None, Outbox(lambda: None))
    rooms._end(session)
    assert rooms.sessions[session.name] is session
    assert not session.closed
    assert session.turn() is None  # and it works


def test_the_oldest_makes_room_and_its_turn_is_waited_for(rooms):
    names = []
    for _ in range(3):
        outbox = Outbox(lambda: None)
        session, _ = rooms.open(None, None, outbox)
        names.append(session)
        session.detach(outbox)
    oldest = names[0]
    done = []
    with oldest.lock:  # it is in a turn
        late = threading.Thread(target=lambda: done.append(rooms.open(None, None, Outbox(lambda: None))))
        late.start()
        late.join(0.1)
        assert not done
        assert not oldest.closed
    late.join(10)
    assert done
    assert oldest.closed
    assert oldest.name not in rooms.sessions


def test_the_collector_looks_at_everything_once_in_a_while_only():
    code = (
        "import gc, json\n"
        "from glassnet.server import collecting\n"
        "collecting._BETWEEN_SECONDS = 0.0\n"
        "c = collecting.Collector()\n"
        "class Loop: pass\n"
        "def loops(n):\n"
        "    for _ in range(n):\n"
        "        a = Loop(); a.self = a; a.more = [[] for _ in range(9)]\n"
        "kept = [[i] for i in range(200_000)]\n"
        "before = gc.get_stats()[2]['collections']\n"
        "loops(50_000); kept += [[i] for i in range(400_000)]\n"
        "print(gc.get_stats()[2]['collections'] - before, c.tidy(), gc.get_freeze_count() > 1000)\n"
        "collecting._BETWEEN_SECONDS = 60.0\n"
        "print(c.tidy(), c.tidy(), gc.get_stats()[2]['collections'] - before)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split("\n")[:2] == ["0 True True", "True False 2"]
