"""Sessions, turns and outboxes, without a network."""

import itertools
import json
import threading
import time

import numpy as np
import pytest

from glassnet.errors import ValueRangeError
from glassnet.server import commands as c
from glassnet.server import handlers, learning, messages
from glassnet.server import scheduler as scheduling
from glassnet.server import session as sessions
from glassnet.server.outbox import MOST_CREDITS, Outbox
from glassnet.server.registry import NoRoomError, Registry
from glassnet.server.scheduler import Scheduler
from glassnet.server.session import Limits, Session

QUICK = {"points": 30, "resolution": 10}


def session_with_page(limits: Limits | None = None) -> tuple[Session, Outbox]:
    session, outbox = Session("s", limits or Limits(), dict(QUICK)), Outbox(lambda: None)
    session.attach(outbox)
    session.turn()
    return session, outbox


def reports(outbox: Outbox) -> list[dict]:
    return [json.loads(item) for item in outbox.take() if isinstance(item, str)]


def ask(session: Session, outbox: Outbox, command: c.Command) -> list[dict]:
    outbox.take()
    session.tell(command)
    session.turn()
    return reports(outbox)


@pytest.mark.parametrize("change", [{"target_loss": 0.5}, {"most_epochs": 2}, {"target_loss": 0.5, "points": 40}])
def test_a_training_that_a_setting_stops_says_why(change):
    session, outbox = session_with_page()
    ask(session, outbox, c.Configure({"dataset": "gauss", "learning_rate": 0.3}))
    ask(session, outbox, c.Step("epoch", 20))
    assert session.playground.judgement.train_loss < 0.4
    quiet = ask(session, outbox, c.Configure({"target_loss": 0.45}))  # nothing is learnt: there is nothing to stop
    assert "stopped" not in [r["type"] for r in quiet]
    ask(session, outbox, c.Configure({"target_loss": 0.0}))
    session.tell(c.Run())
    session.tell(c.Configure(change, id=3))
    outbox.take()
    session.turn()
    said = reports(outbox)
    assert [r["reason"] for r in said if r["type"] == "stopped"] == ["target" if "target_loss" in change else "epochs"]
    assert [r["type"] for r in said if r.get("id") == 3] == ["done"]
    assert not session.playground.running


def test_a_new_page_is_told_everything():
    _, outbox = session_with_page()
    items = outbox.take()
    kinds = [json.loads(i)["type"] if isinstance(i, str) else i[:4] for i in items]
    assert kinds == ["state_report", "layout", b"GNP1", b"GNF1"]


EVERY = [
    c.Configure({"noise": 0.2}, 1), c.Run(1), c.Pause(1), c.Step("epoch", 2, id=1), c.Step("batch", 2, id=1),
    c.Step("sample", 2, id=1), c.Step("operation", 2, id=1), c.Reset(1), c.Reroll("data", 1), c.Look(1),
    c.Edit(1, 0, 0, 0.5, None, 1), c.PutWeights([0.1] * 25, 1), c.Graph("w*x", "", 1),
    c.Undo(1), c.Redo(1), c.Freeze(1, 0, None, True, 1), c.Ablate(1, 0, True, 1),
    c.AddPoints([[1, 1, 0]], False, None, 1), c.MovePoint(0, 1.0, 1.0, None, 1), c.LabelPoints([0], 1, None, 1),
    c.ErasePoints([0], None, 1), c.PasteTable("1,2,0\n3,4,1", None, 1), c.Inspect(1, 0, 0, True, None, 1),
    c.Histogram(True, 1), c.Space(1, 1), c.OpenLink("#seed=1", 1),
]  # fmt: skip


@pytest.mark.parametrize("command", EVERY, ids=lambda command: messages.type_name(type(command)))
def test_every_command_has_one_answer_with_its_number(command):
    session, outbox = session_with_page()
    answers = [report for report in ask(session, outbox, command) if report.get("id") == 1]
    assert len(answers) == 1
    assert answers[0]["type"] != "refusal", answers[0]


def test_every_command_of_the_protocol_is_tried_above():
    tried = {type(command) for command in EVERY} | {c.Hello, c.Credit}
    assert tried == {kind for kind in messages.COMMANDS.values() if not issubclass(kind, c.DigitsCommand)}


@pytest.mark.parametrize(
    "command",
    [c.Configure({"hidden": [999]}, 1), c.PutWeights([1.0], 1), c.Graph("w*", "", 1),
     c.Edit(9, 9, None, 1.0, None, 1), c.ErasePoints([10**6], None, 1),
     c.AddPoints([[1, 2]], False, None, 1), c.AddPoints([], False, None, 1), c.PasteTable("x", None, 1),
     c.MovePoint(-1, 0.0, 0.0, None, 1), c.Inspect(1, 0, None, False, [1.0], 1), c.Inspect(-1, 0, None, False, None, 1),
     c.AddPoints([[0.0, 0.0, 1.5]], False, None, 1), c.LabelPoints([0], 99, None, 1)],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_three_beats(command):
    session, outbox = session_with_page()
    refused = [r for r in ask(session, outbox, command) if r["type"] == "refusal"]
    assert len(refused) == 1
    assert refused[0]["id"] == 1
    assert refused[0]["got"].startswith("got") or ": got " in refused[0]["got"]
    assert refused[0]["expected"].startswith("expected")
    assert refused[0]["hint"].startswith("Try")


def test_frames_cost_credits_and_the_latest_is_sent():
    session, outbox = session_with_page()
    session.tell(c.Run())
    sent, until = 0, time.monotonic() + 0.3  # time for more frames than there are credits
    while time.monotonic() < until:
        session.turn()
        sent += sum(isinstance(i, bytes) and i[:4] == b"GNF1" for i in outbox.take())
    assert sent == MOST_CREDITS  # one of them the first picture
    assert session.playground.course.epoch > 0
    session.tell(c.Credit(5))
    session.turn()
    assert outbox.credits <= MOST_CREDITS


def test_training_waits_while_nobody_looks():
    session, outbox = session_with_page()
    session.tell(c.Run())
    session.turn()
    session.detach(outbox)
    step = session.playground.step
    assert session.turn() is None
    assert session.playground.step == step
    assert session.playground.running


def test_a_frame_that_was_missed_is_made_up_for_and_no_more_than_one(monkeypatch):
    session, outbox = session_with_page(Limits(frames_per_second=20.0))
    monkeypatch.setattr(sessions, "_SLICE", 60.0)  # a turn does all it has to, however slow the machine
    clock = [100.0]
    monkeypatch.setattr(sessions, "monotonic", lambda: clock[0])
    session.tell(c.Run(1))
    session.turn()  # the first frame is due at once, the next at 100.05, 100.10 …
    sequence = session._sequence

    def frames(now: float) -> int:
        clock[0] = now
        before = session._sequence
        for _ in range(6):
            outbox.credit(1)
            session.turn()
            outbox.take()
        return session._sequence - before

    assert sequence > 0
    assert frames(100.049) == 0
    assert frames(100.051) == 1
    assert frames(100.151) == 2  # the one of 100.10 is late, and comes
    assert frames(100.451) <= 3  # of six that were due most are left out
    assert frames(100.501) == 1  # and the next are in step again


def test_an_outbox_that_nobody_empties_overflows():
    outbox = Outbox(lambda: None)
    for _ in range(1000):
        outbox.report("x")
    assert outbox.overflow
    assert outbox.pending <= 500


def test_a_session_takes_only_so_many_commands():
    session, _ = session_with_page()
    assert not all(session.tell(c.Look()) for _ in range(2000))


def test_a_class_has_no_memory_for_the_largest_networks():
    session, outbox = session_with_page(Limits(outputs=10_000))
    ask(session, outbox, c.Configure({"hidden": [20], "points": 100}))
    for changes in ({"points": 1000}, {"hidden": [128]}):
        [refused] = [r for r in ask(session, outbox, c.Configure(changes)) if r["type"] == "refusal"]
        assert "expected at most 10,000" in refused["text"]
    assert session.playground.state["hidden"] == [20]
    assert session.playground.state["points"] == 100
    with pytest.raises(ValueRangeError, match="fewer points"):
        Session("x", Limits(outputs=10), {})


def test_a_long_step_leaves_time_for_others():
    session, outbox = session_with_page()
    session.tell(c.Configure({"hidden": [128] * 8, "points": 5000, "batch_size": 1}))
    session.turn()
    ask(session, outbox, c.Step("epoch", 1000, id=1))
    assert session.playground.course.epoch < 1000


class Greedy:
    """A job that always wants more."""

    def __init__(self) -> None:
        self.turns = 0

    def turn(self) -> float:
        self.turns += 1
        np.dot(np.ones((60, 60)), np.ones((60, 60)))
        return 0.0


def test_turns_are_shared_fairly():
    scheduler = Scheduler(1)
    jobs = [Greedy() for _ in range(40)]
    for job in jobs:
        scheduler.wake(job)
    while min(job.turns for job in jobs) < 100:
        time.sleep(0.005)
    scheduler.stop()
    counts = np.array([job.turns for job in jobs])
    assert counts.max() - counts.min() <= 1


def test_turns_are_shared_fairly_without_a_thread():
    scheduler, jobs = Scheduler(0), [Greedy() for _ in range(40)]
    for job in jobs:
        scheduler.wake(job)
    for most in (1, 7, 40, 100, 13):
        assert scheduler.work(most) == 0.0
        counts = [job.turns for job in jobs]
        assert max(counts) - min(counts) <= 1
    assert sum(counts) == scheduler.turns == 161


def test_without_a_thread_whoever_works_is_told_when_to_come_again():
    class Later:
        turns = 0

        def turn(self) -> float | None:
            self.turns += 1
            return (None, 1e9, 2e9)[self.turns % 3]

    rung = []
    scheduler, jobs = Scheduler(0, alarm=lambda: rung.append(1)), [Later(), Later()]
    for job in jobs:
        scheduler.wake(job)
    assert scheduler.work(1) == 0.0  # the other one waits
    assert scheduler.work(10) == 1e9
    scheduler.wake(jobs[0])
    assert scheduler.work(10) == 1e9
    scheduler.wake(jobs[0])
    scheduler.wake(jobs[1])
    scheduler.forget(jobs[1])
    scheduler.work(10)
    assert (jobs[0].turns, jobs[1].turns) == (3, 1)
    assert len(rung) == 5
    scheduler.stop()


class Quick:
    """A job whose turns are nothing."""

    def __init__(self) -> None:
        self.turns = 0

    def turn(self) -> float:
        self.turns += 1
        return time.monotonic() + 0.001


class Stuck:
    """A job whose turn goes on until it is let go."""

    def __init__(self, go: threading.Event) -> None:
        self.go, self.begun = go, threading.Event()

    def turn(self) -> None:
        self.begun.set()
        self.go.wait(60)


def test_short_turns_do_not_wait_for_long_ones():
    scheduler, quick, go = Scheduler(3), [Quick() for _ in range(20)], threading.Event()
    for job in quick:
        scheduler.wake(job)
    while min(job.turns for job in quick) < 2:  # how long its turns are is known after the first
        time.sleep(0.001)
    stuck = [Stuck(go) for _ in range(5)]
    for job in stuck:
        scheduler.wake(job)
    while not all(job.begun.is_set() for job in stuck[:2]):
        time.sleep(0.001)
    before = [job.turns for job in quick]
    while not all(job.turns >= b + 20 for job, b in zip(quick, before, strict=True)):
        time.sleep(0.001)
    assert not stuck[4].begun.is_set()  # both other threads were taken all the while
    go.set()
    scheduler.stop()


def test_a_turn_that_was_only_interrupted_is_not_a_long_one(monkeypatch):
    clock, work = iter([0.0, 1.0, 1.0, 1.001]), iter([5.0, 5.001])
    monkeypatch.setattr(scheduling, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(scheduling, "thread_time", lambda: next(work))
    scheduler, entry = Scheduler(1), scheduling._Entry(Greedy())
    scheduler.stop()
    entry.seconds, entry.suspect = 0.001, False
    scheduler._clocked(entry)
    assert entry.suspect  # a second has gone by: was that its own work?
    scheduler._timed(entry)
    assert not entry.suspect
    assert entry.seconds == pytest.approx(0.001)
    scheduler._clocked(entry)
    assert not entry.suspect


def test_a_job_whose_turns_become_long_is_found_out(monkeypatch):
    clock, work = iter([0.0, 1.0]), iter([0.0, 1.0])
    monkeypatch.setattr(scheduling, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(scheduling, "thread_time", lambda: next(work))
    scheduler, entry = Scheduler(2), scheduling._Entry(Greedy())
    scheduler.stop()
    entry.seconds, entry.suspect = 0.001, False
    scheduler._clocked(entry)
    scheduler._timed(entry)
    assert entry.suspect
    assert scheduler._lane(entry) is scheduler._long


class Overlap:
    """A job that notices if two threads are in its turn."""

    def __init__(self) -> None:
        self.inside, self.worst, self.turns = 0, 0, 0

    def turn(self) -> None:
        self.inside += 1
        self.worst = max(self.worst, self.inside)
        time.sleep(0.0005)
        self.turns += 1
        self.inside -= 1


def test_a_job_is_in_one_turn_at_a_time_and_no_wake_is_lost():
    scheduler = Scheduler(4)
    job = Overlap()
    for _ in range(200):
        scheduler.wake(job)
        time.sleep(0.0002)
    before = job.turns
    scheduler.wake(job)
    deadline = time.monotonic() + 5
    while job.turns <= before and time.monotonic() < deadline:
        time.sleep(0.001)
    scheduler.stop()
    assert job.turns > before
    assert job.worst == 1


def test_a_waiting_job_is_woken_early_by_a_command():
    class Patient:
        def __init__(self) -> None:
            self.seen = threading.Semaphore(0)

        def turn(self) -> float:
            self.seen.release()
            return time.monotonic() + 3600

    scheduler, job = Scheduler(1), Patient()
    scheduler.wake(job)
    assert job.seen.acquire(timeout=5)
    time.sleep(0.02)
    scheduler.wake(job)
    assert job.seen.acquire(timeout=5)
    scheduler.stop()


def test_the_registry_makes_room_from_those_who_left():
    registry = Registry(Limits(sessions=2), workers=1)
    boxes = [Outbox(lambda: None) for _ in range(3)]
    first, resumed = registry.open(None, dict(QUICK), boxes[0])
    assert not resumed
    registry.open(None, dict(QUICK), boxes[1])
    with pytest.raises(NoRoomError, match="Try again later"):
        registry.open(None, dict(QUICK), boxes[2])
    first.detach(boxes[0])
    third, _ = registry.open(None, dict(QUICK), boxes[2])
    assert set(registry.sessions) >= {third.name}
    assert first.name not in registry.sessions
    assert len(registry.sessions) == 2
    registry.close()


def test_sessions_that_nobody_comes_back_to_are_ended():
    registry = Registry(Limits(keep_seconds=0.0), workers=1)
    for _ in range(20):
        outbox = Outbox(lambda: None)
        session, _ = registry.open(None, dict(QUICK), outbox)
        session.detach(outbox)
    time.sleep(0.01)
    assert registry.sweep() == 20
    assert not registry.sessions
    registry.close()


@pytest.mark.parametrize("grain", ["operation", "sample", "batch", "epoch"])
def test_no_step_however_long_holds_the_others_up(monkeypatch, grain):
    session, outbox = session_with_page()
    ticks = itertools.count()
    for module in (sessions, handlers, learning):
        monkeypatch.setattr(module, "perf_counter", lambda: 0.25 * next(ticks))  # a machine that is slow
    before = session.playground.step
    session.tell(c.Step(grain, 10_000, id=1))
    session.turn()
    answers = [r for r in reports(outbox) if r.get("id") == 1]
    assert [r["type"] for r in answers] == ["operation_report" if grain == "operation" else "done"]
    assert next(ticks) < 12
    assert session.playground.step - before < 6


def test_a_mistake_of_our_own_stops_one_session_and_no_thread(monkeypatch, caplog):
    monkeypatch.setattr(sessions, "_SLICE", 60.0)  # a turn does all it has to, however slow the machine
    session, outbox = session_with_page()
    session.tell(c.Run())
    monkeypatch.setattr(session.playground, "frame", lambda *_: 1 / 0)
    session.turn()
    said = [r for r in reports(outbox) if r["type"] == "refusal"]
    assert "mistake in glassnet" in said[0]["text"]
    assert said[0]["hint"].startswith("Try")
    assert not session.playground.running

    class Broken:
        def turn(self) -> None:
            raise ZeroDivisionError

    scheduler, done = Scheduler(1), threading.Event()
    scheduler.wake(Broken())

    class Whole:
        def turn(self) -> None:
            done.set()

    scheduler.wake(Whole())
    assert done.wait(5)
    scheduler.stop()
    assert "a turn failed" in caplog.text
