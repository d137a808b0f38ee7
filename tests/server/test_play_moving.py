"""Sessions that go on in another process: to the bit, with all that can be taken back, and unnoticed by their pages."""

import asyncio
import json
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import ValueRangeError
from glassnet.server import commands as c
from glassnet.server import engines, moving, place, records, registry
from glassnet.server import session as sessions
from glassnet.server.outbox import Outbox
from glassnet.server.place import ANNEX, ENGINE, ENTRANCE, Place, seconds_of_turn
from glassnet.server.properties import defaults
from glassnet.server.records import record
from glassnet.server.registry import Registry
from glassnet.server.session import Limits, Session

SMALL = {"points": 30, "resolution": 10, "batch_size": 7, "hidden": [3]}
needs_processes = pytest.mark.skipif(not engines.AVAILABLE, reason="this system hands no socket to another process")


def begun(**changes) -> tuple[Session, Outbox]:
    session, outbox = Session("s", Limits(), {**SMALL, **changes}), Outbox(lambda: None)
    session.attach(outbox)
    session.turn()
    outbox.take()
    outbox.credit(2)
    return session, outbox


def moved(session: Session, outbox: Outbox) -> tuple[Session, Outbox]:
    arrived = moving.brought_back(moving.taken_down(session, outbox), session.limits)
    outbox = Outbox(lambda: None, arrived.guest, arrived.credits)
    arrived.session.go_on(outbox)
    return arrived.session, outbox


def do(session: Session, outbox: Outbox, command: c.Command) -> list[dict]:
    session.tell(command)
    session.turn()
    outbox.credit(2)
    return [json.loads(item) for item in outbox.take() if isinstance(item, str)]


def everything(session: Session) -> list:
    playground = session.playground
    learner = playground.learner
    arrays = [p.array for p in learner.parameters] + [learner.memory(), *learner.held, *learner.keep, learner.gradients]
    report = playground.report()
    return [*[a.tobytes() for a in arrays], report, playground.layout, playground.points.x.tobytes()]


def rows(session: Session) -> np.ndarray:
    return np.array(session.playground.curve.rows)


COMMANDS = [
    c.Step("batch", 3), c.Step("epoch", 2), c.Step("sample", 2), c.Edit(1, 2, 0, 1.5), c.Edit(1, 2, 0, 2.5, stroke="a"),
    c.Edit(1, 2, 0, 3.5, stroke="a"), c.Freeze(1, 0), c.Freeze(2, 0, 1), c.Ablate(1, 1), c.Undo(), c.Undo(), c.Redo(),
    c.AddPoints([[1, 2, 0]], stroke=3), c.AddPoints([[2, 2, 0]], stroke=3), c.AddPoints([[1, 1, 2]]),
    c.MovePoint(0, 0.5, 0.5), c.ErasePoints([1, 2]), c.Configure({"activation": "relu"}), c.Reset(),
    c.Configure({"hidden": [4, 2]}), c.Configure({"optimizer": "adam", "dropout": 0.2}),
    c.Configure({"dataset": "xor"}), c.PutWeights([0.25] * 13),
    c.OpenLink("#seed=0.5&batchSize=30&regularization=L1&regularizationRate=0.1"),
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=12), st.sets(st.integers(0, 11)))
def test_nobody_can_tell_that_a_session_was_moved(commands, moves):
    stays, goes = begun(), begun()
    for i, command in enumerate([*commands, c.Step("batch", 12), c.Undo()]):
        if i in moves:
            goes = moved(*goes)
        assert do(*stays, command) == do(*goes, command)
        assert everything(stays[0]) == everything(goes[0])
        # what a step needs is the same to the bit; a loss that is told may be added up in another order
        np.testing.assert_allclose(rows(stays[0]), rows(goes[0]), rtol=1e-12)


def test_a_page_is_told_nothing_but_the_next_frame():
    session, outbox = begun()
    do(session, outbox, c.Run(1))
    sequence = session._sequence
    session, outbox = moved(session, outbox)
    assert session.playground.running
    session.pace.tick = 0.0
    session.turn()
    items = outbox.take()
    assert [item[:4] for item in items] == [b"GNF1"]
    assert int.from_bytes(items[0][8:12], "little") == sequence + 1
    assert int.from_bytes(items[0][12:16], "little") & 4 == 0  # the curve goes on


def test_commands_that_wait_and_credits_go_along():
    session, outbox = begun()
    outbox.credits = 1
    said = ['{"type": "step", "count": 2, "id": 5}', '{"type": "grün', "\0[[[", '{"type": "look", "id": 6}']
    for text in said:
        session.hear(text)
    session, outbox = moved(session, outbox)
    assert list(session.inbox) == said
    assert outbox.credits == 1
    while session.inbox:
        session.turn()
    reports = [json.loads(item) for item in outbox.take() if isinstance(item, str)]
    assert [r["type"] for r in reports if r["type"] in ("refusal", "done")] == ["done", "refusal", "refusal", "done"]


def test_a_step_that_is_shown_by_operations_is_finished():
    session, outbox = begun()
    do(session, outbox, c.Step("operation", 3))
    whole, other = begun()
    do(whole, other, c.Step("batch", 1))
    session, outbox = moved(session, outbox)
    assert session.playground.step == 1
    assert everything(session)[:4] == everything(whole)[:4]


def test_after_a_move_a_loss_that_is_no_number_leads_back_to_the_last_good_weights():
    session, outbox = begun(optimizer="momentum")
    do(session, outbox, c.Step("epoch", 3))
    session, outbox = moved(session, outbox)
    step, before = session.playground.step, everything(session)[0]
    session.playground.learner.layers[0].bias.array[0] = np.nan  # what a step that is too long would do
    told = do(session, outbox, c.Step("epoch", 1))
    assert [r["reason"] for r in told if r["type"] == "stopped"] == ["nan"]
    assert session.playground.step == step
    assert np.isfinite(session.playground.judgement.train_loss)
    assert everything(session)[0] == before


def test_a_session_that_is_given_up_is_gone_and_one_with_digits_stays():
    rooms, outbox = Registry(Limits(sessions=1)), Outbox(lambda: None)
    other = Registry(Limits(sessions=1))
    try:
        session, _ = rooms.open(None, dict(SMALL), outbox)
        assert rooms.give_up(session, Outbox(lambda: None)) is None  # another page has taken its place
        body = rooms.give_up(session, outbox)
        assert body is not None
        assert not rooms.sessions
        assert session.closed
        assert session.turn() is None
        assert not rooms.open(None, dict(SMALL), Outbox(lambda: None))[1]  # there is room
        new = other.go_on(body, lambda arrived: Outbox(lambda: None))
        assert new.name == session.name
        assert new.wake is not None
        other.lab(new)
        assert new.outbox is not None
        assert other.give_up(new, new.outbox) is None
    finally:
        rooms.close()
        other.close()


# ---- where it belongs ---------------------------------------------------------------------------------------------


def placed(kind: str, **changes) -> tuple[Session, Outbox, list[str]]:
    session, outbox = begun(**changes)
    asked: list[str] = []
    session.place = Place(kind, asked.append)
    return session, outbox, asked


LARGE = {"hidden": [128] * 8, "points": 580, "batch_size": 5000, "speed": 100}


@pytest.mark.parametrize(
    "command", [c.Configure(LARGE, 1), c.Step("epoch", 1000, id=1), c.DigitsTrain(1), c.PasteTable("1,2,0", None, 1)]
)
def test_what_takes_long_waits_for_an_annex_but_not_for_ever(monkeypatch, command):
    now = [100.0]
    monkeypatch.setattr(place, "monotonic", lambda: now[0])
    session, outbox, asked = placed(ENGINE)
    session.digits = lambda command, state, outbox: None
    assert do(session, outbox, command) == []
    assert asked == [ANNEX]
    session.turn()
    assert asked == [ANNEX]  # it does not ask all the time
    assert len(session.inbox) == 1
    now[0] += 60.0
    session.turn()
    assert not session.inbox
    session, outbox, asked = placed(ANNEX)
    session.digits = lambda command, state, outbox: None
    do(session, outbox, command)
    assert not session.inbox
    assert asked == []


@pytest.mark.parametrize(
    "command", [c.Configure({"learning_rate": 1.0}, 1), c.Configure({"hidden": "x", "batch_size": 0}, 1), c.Run(1),
                c.Configure({"hidden": [8, 8]}, 1), c.Step("epoch", 1, id=1), c.Inspect(1, 0, id=1)], ids=str,
)  # fmt: skip
def test_what_is_short_is_done_at_once(command):
    session, outbox, asked = placed(ENGINE)
    assert [r for r in do(session, outbox, command) if r.get("id") == 1]
    assert asked == []


@pytest.mark.parametrize(
    ("command", "put_off"),
    [(c.Step("epoch", 5), False), (c.PasteTable("1,2,0\n3,4,1"), False), (c.Configure({"hidden": [32, 32]}), False),
     (c.Configure(LARGE), True), (c.Step("epoch", 1000), True), (c.DigitsModels(), True)], ids=str,
)  # fmt: skip
def test_at_the_entrance_one_may_take_a_little_longer(command, put_off):
    session, outbox, asked = placed(ENTRANCE, points=500, batch_size=10)
    do(session, outbox, command)
    assert bool(session.inbox) == put_off
    assert asked == [ANNEX] * put_off


def test_whoever_begins_to_learn_asks_for_an_engine():
    session, outbox, asked = placed(ENTRANCE)
    do(session, outbox, c.Step("epoch", 1))
    assert asked == []
    do(session, outbox, c.Run())
    assert asked == [ENGINE]
    session, outbox, asked = placed(ENTRANCE)
    outbox.credits = 0
    session.tell(c.Run())
    session.turn()
    assert asked == []  # nobody looks
    assert session.playground.step == 4 * 1 - 1 or session.pace.tick > 0  # the first step waits a moment
    session, outbox, asked = placed(ENTRANCE, hidden=[128] * 8, points=580)
    do(session, outbox, c.Run())
    assert asked == [ANNEX]


def test_turns_that_have_become_long_lead_to_an_annex_and_back(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(place, "monotonic", lambda: now[0])
    session, _, asked = placed(ENGINE)
    session.playground.running = True
    for _ in range(4):
        session.place.took(0.050, session)  # steps that are recorded
    session.place.took(0.0001, session)
    assert asked == []
    for _ in range(4):
        session.place.took(0.015, session)
    assert asked == [ANNEX]
    session, _, asked = placed(ANNEX)
    session.playground.running = True
    session.place.took(0.0001, session)
    assert asked == []
    now[0] += 11.0
    session.place.took(0.0001, session)
    assert asked == [ENGINE]


def test_frames_of_those_who_arrive_together_are_not_due_together(monkeypatch):
    monkeypatch.setattr(registry, "Scheduler", lambda *args, **options: SimpleNamespace(wake=id, forget=id))
    monkeypatch.setattr(sessions, "monotonic", lambda: 100.0)
    here, there = (Registry(Limits(frames_per_second=20.0)) for _ in range(2))
    ticks = []
    for _ in range(20):
        outbox = Outbox(lambda: None)
        session, _ = here.open(None, dict(SMALL), outbox)
        ticks.append(there.go_on(here.give_up(session, outbox), lambda arrived: Outbox(lambda: None)).pace.tick - 100.0)
    assert min(ticks) >= 0.0
    assert max(ticks) < 0.05
    assert np.diff(sorted(ticks)).max() < 2 * 0.05 / 20


def test_longer_turns_are_expected_of_more_work():
    usual = {**defaults(), "resolution": 50}
    for changes in ({"speed": 10}, {"points": 5000}, {"hidden": [64, 64]}, {"resolution": 100}, {"batch_size": 1}):
        assert seconds_of_turn({**usual, **changes}) > seconds_of_turn(usual)


# ---- between processes --------------------------------------------------------------------------------------------


class NoWire:
    """The server's end of a line that leads nowhere."""

    def __init__(self):
        self.sent = []

    def write(self, data):
        self.sent.append(data)


def say(line, data):
    """An engine says something to the server."""
    line.get_buffer(-1)[: len(data)] = data
    line.buffer_updated(len(data))


def lines(*kinds: str) -> list[engines.EngineLine]:
    made = [engines.EngineLine(kind, 10, lambda line, name, kind: None) for kind in kinds]
    for line in made:
        line.connection_made(NoWire())
    return made


async def said(line: engines.EngineLine) -> list[tuple[int, bytes]]:
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    data = b"".join(line.transport.sent)
    line.transport.sent.clear()
    return [(kind, body) for _, kind, body in records.Splitter().feed(data)]


def seated(line: engines.EngineLine) -> engines.RemoteSeat:
    seat = line.seats[7] = engines.RemoteSeat(line, 7, Outbox(lambda: None))
    return seat


def test_a_turn_that_others_interrupt_is_not_a_long_one():
    asked: list[str] = []
    session = Session("s", Limits(), {"points": 20, "resolution": 10})
    session.attach(Outbox(lambda: None))
    session.place = here = Place(ENGINE, asked.append)
    session.playground.running = True
    for _ in range(100):
        assert here.clock is time.perf_counter
        here.passed(1.0, session)  # was that its work, or others in its way?
        assert here.clock is time.thread_time
        here.passed(0.001, session)
    assert (asked, here.seconds < 0.0011) == ([], True)
    for _ in range(20):
        here.passed(0.01, session)
    assert (asked, here.clock) == ([ANNEX], time.thread_time)
    assert Place(ANNEX, asked.append).clock is time.thread_time  # with what the engines leave, all is interrupted


def test_credits_wait_for_each_other_and_commands_for_nobody(monkeypatch):
    async def talk(seconds):
        monkeypatch.setattr(engines, "_CREDIT_SECONDS", seconds)
        (line,) = lines(ENGINE)
        seat = seated(line)
        seat.credit(1, seat.outbox)
        seat.credit(2, seat.outbox)
        if not seconds:
            while not line.transport.sent:
                await asyncio.sleep(0.001)
            return await said(line), len(line.transport.sent)
        assert await said(line) == []
        seat.hear("one")
        seat.credit(1, seat.outbox)
        sent = await said(line)
        assert line._later is None
        return sent

    credits = [(records.CREDIT, b"\x01"), (records.CREDIT, b"\x02")]
    assert asyncio.run(talk(0.0)) == (credits, 0)
    assert asyncio.run(talk(600.0)) == [*credits, (records.HEAR, b"one"), (records.CREDIT, b"\x01")]


def test_what_a_page_says_on_the_way_is_kept_back():
    async def talk():
        source, target = lines(ENTRANCE, ENGINE)
        seat = seated(source)
        task = asyncio.create_task(seat.move(target))
        assert await said(source) == [(records.GIVE_UP, b"")]
        seat.hear("one")
        seat.credit(2, seat.outbox)
        assert await said(source) == await said(target) == []
        say(source, record(7, records.TEXT, b"last") + record(7, records.GIVEN_UP, b"all"))
        await asyncio.sleep(0)
        seat.tell(records.LEAVE)
        assert await said(target) == [(records.GO_ON, b"all")]
        say(target, record(7, records.ENTERED, b'{"name": "s", "resumed": true}'))
        await task
        assert seat.outbox.take() == ["last"]
        assert await said(target) == [(records.HEAR, b"one"), (records.CREDIT, b"\2"), (records.LEAVE, b"")]
        assert (source.seats, target.seats) == ({}, {})

    asyncio.run(talk())


def test_a_session_that_has_to_stay_is_told_what_was_kept_back():
    async def talk():
        source, target = lines(ANNEX, ENGINE)
        seat = seated(source)
        task = asyncio.create_task(seat.move(target))
        await said(source)
        seat.hear("one")
        say(source, record(7, records.STAYS))
        await task
        assert seat.engine is source
        assert await said(source) == [(records.HEAR, b"one")]
        assert target.seats == {}

    asyncio.run(talk())


def test_a_process_that_ends_on_the_way():
    async def talk(ends, given_up):
        source, target = lines(ENTRANCE, ENGINE)
        seat = seated(source)
        task = asyncio.create_task(seat.move(target))
        await said(source)
        if given_up:
            say(source, record(7, records.GIVEN_UP, b"all"))
            await asyncio.sleep(0)
        (source if ends == "source" else target).connection_lost(None)
        if given_up and ends == "source":  # which has nothing of it any more
            say(target, record(7, records.ENTERED, b'{"name": "s", "resumed": true}'))
            return await task
        if ends == "target" and not given_up:  # the source goes on with it
            say(source, record(7, records.GIVEN_UP, b"all"))
            await asyncio.sleep(0)
            assert await said(source) == [(records.GO_ON, b"all")]
            say(source, record(7, records.ENTERED, b'{"name": "s", "resumed": true}'))
            await task
            assert (seat.engine, seat.outbox.lost) == (source, False)
            return None
        with pytest.raises(ConnectionError):
            await task
        assert seat.outbox.lost
        return None

    for ends in ("source", "target"):
        for given_up in (False, True):
            asyncio.run(talk(ends, given_up))


def test_a_session_that_cannot_go_on_loses_its_page():
    async def talk():
        source, target = lines(ENTRANCE, ENGINE)
        seat = seated(source)
        task = asyncio.create_task(seat.move(target))
        await said(source)
        say(source, record(7, records.GIVEN_UP, b"all"))
        await asyncio.sleep(0)
        say(target, record(7, records.REFUSED, b'{"no_room": false, "text": "got nothing"}'))
        with pytest.raises(ValueRangeError):
            await task

    asyncio.run(talk())


def test_those_who_begin_together_are_let_in_at_once_and_then_one_after_the_other(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(engines, "monotonic", lambda: now[0])
    (line,) = lines(ENGINE)

    def come() -> bool:
        takes = line.takes()
        if takes:
            line.seats[len(line.seats)] = object()
        return takes

    assert [come() for _ in range(5)] == [True] * 5
    now[0] += 30.1
    assert [come() for _ in range(3)] == [True, False, False]
    now[0] += 2.1
    assert [come() for _ in range(2)] == [True, False]
    now[0] += 60.0
    assert [come() for _ in range(2)] == [True, False]
    now[0] += 60.0
    line.most = len(line.seats)
    assert not come()


async def arrival(running, name, kind):
    seat = running.server.venue._seat(name)
    while seat.engine.kind != kind or seat.moves:
        await asyncio.sleep(0.01)


@needs_processes
def test_from_the_entrance_to_an_engine_to_an_annex_with_one_connection(start, read_header):
    running = start(Limits(frames_per_second=20.0, resolution=30), processes=1)

    async def talk():
        async with running.page(state={**SMALL, "resolution": 30}) as page:
            name = page.welcome["session"]
            heads = [read_header(await page.frame())]
            await page.ask("edit", layer=1, unit=0, source=0, value=2.5)
            await page.tell("credit", frames=2)
            await page.ask("run")
            await arrival(running, name, ENGINE)
            heads += [read_header(await page.frame()) for _ in range(8)]
            layout = page.layout["layout"]
            assert (await page.ask("configure", changes={"points": 5000, "speed": 100}))["type"] == "done"
            assert running.server.venue._seat(name).engine.kind == ANNEX
            await page.tell("credit", frames=2)
            heads.append(read_header(await page.frame()))
            assert page.layout["layout"] == layout + 1
            assert (await page.ask("undo"))["type"] == "done"
            page.socket.transport.abort()
        async with running.page(session=name) as again:
            assert again.welcome["resumed"]
            assert running.server.venue._seat(name).engine.kind == ANNEX
            await again.frame()
            assert (await again.ask("look"))["type"] == "done"
        return heads

    heads = asyncio.run(talk())
    sequences = [head["sequence"] for head in heads]
    assert sequences == sorted(set(sequences))
    assert [head["step"] for head in heads] == sorted(head["step"] for head in heads)


@needs_processes
def test_a_page_that_goes_while_its_session_is_moved_finds_it_again(start):
    running = start(Limits(frames_per_second=20.0), processes=1)

    async def talk():
        for _ in range(10):
            async with running.page(state=SMALL) as page:
                name = page.welcome["session"]
                await page.ask("step", count=2)
                await page.tell("run")
                page.socket.transport.abort()
            async with running.page(session=name) as again:
                assert again.welcome["resumed"]
                await again.frame()
                assert again.state["epoch"] >= 2

    asyncio.run(talk())
