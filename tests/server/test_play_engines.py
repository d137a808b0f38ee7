"""Sessions in processes of their own: the same to a page, whatever happens to a process."""

import asyncio
import contextlib
import itertools
import json
import os
import socket
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet import nn
from glassnet.server import engine, engines, registry
from glassnet.server import scheduler as scheduling
from glassnet.server.engine import Turns
from glassnet.server.keeping import Keeper
from glassnet.server.place import ANNEX, ENGINE, ENTRANCE
from glassnet.server.records import Splitter, record
from glassnet.server.scheduler import Scheduler
from glassnet.server.session import Limits
from glassnet.train.preparation import Preparation
from glassnet.train.trained import Trained

TINY = {"points": 40, "resolution": 10, "speed": 0.2}
needs_processes = pytest.mark.skipif(not engines.AVAILABLE, reason="this system hands no socket to another process")


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 255), st.binary(max_size=300))),
    st.lists(st.integers(0, 10_000), max_size=8),
    st.sampled_from([9, 10, 50, 4096]),
)
def test_records_are_whole_however_their_bytes_are_cut(records, cuts, size):
    data = b"".join(record(*r) for r in records)
    edges = [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    splitter = Splitter(size)
    assert [r for a, b in itertools.pairwise(edges) for r in splitter.feed(data[a:b])] == records


def test_a_record_that_is_larger_than_the_buffer_is_copied_once(monkeypatch):
    whole = record(1, 2, bytes(1_000_000)) + record(3, 4)
    splitter, moved = Splitter(1000), []
    keep = Splitter._keep
    monkeypatch.setattr(Splitter, "_keep", lambda self, at, need: (moved.append(at), keep(self, at, need))[1])
    found = [r for at in range(0, len(whole), 5000) for r in splitter.feed(whole[at : at + 5000])]
    assert found == [(1, 2, bytes(1_000_000)), (3, 4, b"")]
    assert len(splitter._buffer) == 1000  # nobody keeps a megabyte for one record
    assert sum(map(bool, moved)) < 5  # a part that has come stays where it is


@needs_processes
def test_an_engine_gives_turns_until_it_is_told_something():
    ours, theirs = socket.socketpair()
    scheduler, done = Scheduler(0), threading.Event()
    turns = Turns(scheduler, theirs)

    class Patient:
        turns = 0

        def turn(self):
            self.turns += 1
            done.set()
            return None if self.turns > 1 else time.monotonic() + 0.01

    def elsewhere():
        for job in jobs:  # woken by another thread while this one waits for nothing at all
            done.clear()
            scheduler.wake(job)
            assert done.wait(10)
        while jobs[0].turns < 2:
            time.sleep(0.001)
        ours.send(b"!")

    jobs = [Patient(), Patient()]
    sent, other = [], threading.Thread(target=elsewhere)
    with ours, theirs:
        other.start()
        assert turns.until_read(lambda: sent.append(sum(job.turns for job in jobs)))
        other.join()
    turns.close()
    assert jobs[0].turns == 2
    assert sent[-1] == sum(job.turns for job in jobs)  # what was said is sent before anybody waits


class Hurried:
    """A line that takes only so many bytes of a message."""

    def __init__(self, most):
        self.most, self.came = most, b""

    def sendmsg(self, parts):
        taken = b"".join(parts)[: self.most]
        self.came += taken
        return len(taken)

    def sendall(self, rest):
        self.came += rest


@pytest.mark.parametrize("most", [1, 1000, 10**6])
@pytest.mark.parametrize("count", [1, 512, 1300])
def test_all_is_sent_in_its_order_however_much_is_taken_at_once(count, most):
    parts = [b"%d," % i for i in range(count)]
    line = Hurried(most)
    engine._send_all(line, parts)
    assert line.came == b"".join(parts)


@needs_processes
def test_who_becomes_due_waits_for_others_and_who_is_told_something_for_nobody(monkeypatch):
    ours, theirs = socket.socketpair()
    scheduler, clock = Scheduler(0), [1000.0]
    for module in (engine, scheduling):
        monkeypatch.setattr(module, "monotonic", lambda: clock[0])

    class Job:
        turns = 0

        def __init__(self, due):
            self.due = due

        def turn(self):
            self.turns += 1
            return self.due if self.turns == 1 else None

    with ours, theirs:
        turns = Turns(scheduler, theirs)
        assert turns._wait() is None  # for as long as nobody is woken
        jobs = [Job(1000.0 + 0.001 * k) for k in (1, 3, 90)]
        for job in jobs:
            scheduler.wake(job)
        assert turns._wait() == 0
        scheduler.work(10)
        assert turns._wait() == 8  # 1 ms until the first of them is due, and what it waits for others
        clock[0] = 1000.0081
        assert turns._wait() == 0
        scheduler.work(10)
        assert [job.turns for job in jobs] == [2, 2, 1]
        assert turns._wait() > 80
        scheduler.wake(jobs[2])
        assert turns._wait() == 0
        turns.close()


@pytest.fixture
def engined(start, tmp_path):
    """A server with two engines, which keeps its sessions."""
    return start(processes=2, keeper=Keeper(str(tmp_path)))


def processes(running):
    return [line.process for line in running.server.venue.lines]


def place(running, page):
    """The line to the process in which the page's session is."""
    return running.server.venue._seat(page.welcome["session"]).engine


async def arrival(running, page, kind):
    """Wait until the page's session is in a process of that kind."""
    while place(running, page).kind != kind or running.server.venue._seat(page.welcome["session"]).moves:
        await asyncio.sleep(0.02)


@needs_processes
def test_a_page_does_all_that_it_does_otherwise(engined, read_header):
    async def talk():
        async with engined.page(state={**TINY, "dataset": "gauss"}) as page:
            name = page.welcome["session"]
            assert not page.welcome["resumed"]
            first = read_header(await page.frame())
            assert page.state["state"]["dataset"] == "gauss"
            assert first["layout"] == page.layout["layout"]
            await page.ask("run")
            heads = [read_header(await page.frame()) for _ in range(10)]
            assert [h["sequence"] for h in heads] == list(range(2, 12))
            assert (await page.ask("configure", changes={"hidden": [0]}))["type"] == "refusal"
            assert (await page.ask("pause"))["type"] == "done"
            step = page.state["step"]
            page.socket.transport.abort()
        async with engined.page(session=name) as again:
            assert again.welcome["resumed"]
            assert read_header(await again.frame())["step"] == step
            async with engined.page(session=name) as third:
                assert await again.ending() == 4001
                assert (await third.ask("step"))["type"] == "done"

    asyncio.run(talk())


@needs_processes
def test_the_engines_come_first(engined):
    async def talk():
        async with engined.page(state=TINY) as page:
            assert (await page.ask("digits_models"))["type"] == "digits_model_list"  # in an annex, where digits are
            assert place(engined, page).kind == ANNEX

    def kindness(process):
        if hasattr(os, "SCHED_IDLE") and os.sched_getscheduler(process.pid) == os.SCHED_IDLE:
            return "idle"
        return os.getpriority(os.PRIO_PROCESS, process.pid) - os.getpriority(os.PRIO_PROCESS, 0)

    asyncio.run(talk())
    found = {line.kind: kindness(line.process) for line in engined.server.venue.lines}
    assert found[ENGINE] == 0 < found[ENTRANCE] < 10  # it must get on, for who waits there is on the way to an engine
    assert found[ANNEX] == "idle" or found[ANNEX] >= 19


@needs_processes
def test_a_session_that_begins_anew_in_an_engine_is_found_again(start):
    running = start(Limits(keep_seconds=600.0), processes=1)  # which keeps nothing on disk

    async def talk():
        async with running.page(state=TINY) as page:
            name = page.welcome["session"]
            await page.tell("run")
            await arrival(running, page, ENGINE)
            engine = place(running, page)
        async with running.page(session=name) as page:
            assert page.welcome["resumed"]
            assert place(running, page) is engine
        running.server.venue._homes["gone"] = engine  # a session that has ended there
        async with running.page(session="gone") as page:
            other = page.welcome["session"]
            await page.ask("step", count=2)
        async with running.page(session=other) as page:
            assert page.welcome["resumed"]
            await page.frame()
            assert page.state["epoch"] == 2

    asyncio.run(talk())


@needs_processes
def test_refusals_come_through(start):
    running = start(Limits(sessions=1, messages_per_second=30), processes=1)

    async def talk():
        async with running.page(state={"hidden": [4000]}) as page:
            assert "hidden" in (await page.report("refusal"))["text"]
            for text in ("[", '{"type":"hello","protocol":1,"id":3}'):
                await page.socket.send(text)
                assert "; expected " in (await page.report("refusal"))["text"]
            for _ in range(100):
                await page.tell("look")
            assert await page.ending() == 4008

    asyncio.run(talk())


@needs_processes
def test_another_engine_is_started_when_the_first_has_enough(engined, monkeypatch):
    monkeypatch.setitem(engines._ENOUGH, ENGINE, 2)

    async def talk():
        async with engined.page(state=TINY) as a, engined.page(state=TINY) as b, engined.page(state=TINY) as c:
            pages = (a, b, c)
            for page in pages:
                await page.tell("run")
            for page in pages:
                await arrival(engined, page, ENGINE)
            return [place(engined, page) for page in pages]

    found = asyncio.run(talk())
    assert sorted(map(found.count, found)) == [1, 2, 2]
    assert [line.kind for line in engined.server.venue.lines] == [ENTRANCE, ENGINE, ENGINE]


@needs_processes
def test_an_engine_that_dies_takes_no_session_with_it(engined, read_header):
    async def talk():
        async with engined.page(state=TINY) as page:
            name = page.welcome["session"]
            await page.ask("step", count=5)
            engine = place(engined, page)
            old = engine.process
            assert (await page.ask("step"))["type"] == "done"
            path = Keeper(engined.server.venue.keeper.folder)._path(name)
            engine.transport.get_extra_info("socket").shutdown(1)  # as if the server were no more: it writes all down
            await asyncio.to_thread(old.wait, 20)
            assert os.path.exists(path)
            assert await page.ending() == 1012
        async with engined.page(session=name) as again:
            assert again.welcome["resumed"]
            assert again.welcome["session"] == name
            await again.frame()
            assert again.state["epoch"] == 6
            killed = place(engined, again).process
            assert killed.pid != old.pid
            killed.kill()
            assert await again.ending() == 1012
        async with engined.page(session=name) as third:  # what was written down is still there
            await third.frame()
            assert third.state["epoch"] == 6

    asyncio.run(talk())


@needs_processes
def test_a_model_is_opened_in_its_engine(engined, tmp_path):
    model = nn.Sequential(nn.Linear(784, 10))
    prepare = Preparation.fitted(np.zeros((3, 28, 28), np.uint8))
    path = tmp_path / "own.safetensors"
    Trained(model, prepare, "classification", tuple(map(str, range(10)))).save(path)
    origin = f"http://127.0.0.1:{engined.server.port}"

    def send(body, session):
        status, _, answer = engined.get(
            f"/api/model?session={session}&name=own", True, "POST", body=body, Origin=origin
        )
        return status, json.loads(answer)

    async def talk():
        async with engined.page(state=TINY) as page:
            name = page.welcome["session"]
            status, refused = await asyncio.to_thread(send, b"junk", name)
            assert status == 400
            assert "tmp" not in refused["text"]
            for nobody in ("nobody", "0.nobody", "1.nobody"):
                assert (await asyncio.to_thread(send, path.read_bytes(), nobody))[0] == 404
            assert (await asyncio.to_thread(send, path.read_bytes(), name))[0] == 200
            assert (await page.report("digits_state"))["model"] == "own"
            assert place(engined, page).kind == ANNEX
            await page.tell("credit", frames=2)
            await page.tell("run")  # where its digits are it stays, however short its turns
            for _ in range(10):
                await page.frame()
            assert place(engined, page).kind == ANNEX

    asyncio.run(talk())


@needs_processes
def test_the_end_of_the_server_is_the_end_of_its_engines(start):
    running = start(processes=1)

    async def talk():
        async with running.page(state=TINY) as page:
            await page.ask("step")

    asyncio.run(talk())
    entrance, engine = processes(running)
    running.server.__exit__()
    assert entrance.wait(20) == engine.wait(20) == 0


def test_a_class_has_engines_and_a_page_of_ones_own_has_none():
    assert engines.number_of(False) == 0
    assert (engines.number_of(True) > 0) == engines.AVAILABLE


@pytest.mark.parametrize("processes", [0, 1])
def test_pages_that_are_silent_make_room(start, monkeypatch, processes):
    monkeypatch.setattr(engines, "_LEAST_SESSIONS", 1)
    monkeypatch.setattr(registry, "_SILENT_SECONDS", 0.0)
    if processes:
        code = "from glassnet.server import engine, registry; registry._SILENT_SECONDS = 0.0; engine.main()"
        monkeypatch.setattr(engines, "COMMAND", (sys.executable, "-c", code))
    processes = processes if engines.AVAILABLE else 0
    running = start(Limits(sessions=2 - processes), processes=processes)  # one at the entrance, one who learns
    state = {"points": 20, "resolution": 10}

    async def come():
        async with running.page(state=state) as learns, contextlib.AsyncExitStack() as stack:
            await learns.ask("run")
            if processes:
                await arrival(running, learns, ENGINE)
            silent = await stack.enter_async_context(running.page(state=state))
            await silent.frame()
            async with running.page(state=state) as newcomer:
                await newcomer.frame()
                assert await silent.ending() == 4009
                await learns.frame()
                await newcomer.ask("run")
                async with running.page(hello=False) as late:
                    await late.tell("hello", protocol=1)
                    assert (await late.report("refusal"))["fatal"]
                    assert await late.ending() == 4013

    asyncio.run(come())
