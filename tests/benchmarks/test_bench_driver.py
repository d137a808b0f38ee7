"""Children that are absent, crash, hang or chatter are reported, and the others go on."""

import os
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from benchmarks.driver import Child, PeerFailedError, first_line, has_turn, rounds_for, start, take_turns
from benchmarks.environment import THREAD_VARIABLES, child_environment
from benchmarks.measure import Plan, measure, variants
from benchmarks.peers import Peer
from benchmarks.problem import write_data
from benchmarks.results import Entry
from benchmarks.workloads import WORKLOADS
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import driver

HEAD = """
import os, sys, time
from benchmarks.peers import Runner

def recipes(workload):
    return ("only",)

"""

GOOD = """
def prepare(problem, recipe):
    print("a library says hello")
    os.write(1, b"and so does its C code\\n")
    learned = [(W, b + 1) for W, b in problem.layers]
    return Runner(lambda: None, lambda: None)
"""

RAISES = """
def prepare(problem, recipe):
    raise ValueError("no such kernel\\nand a long story")
"""

DIES = """
def prepare(problem, recipe):
    print("Illegal instruction (core dumped)", file=sys.stderr, flush=True)
    os._exit(132)
"""

DIES_LATER = """
def prepare(problem, recipe):
    units = iter([None, None])
    def unit():
        if next(units, "end") == "end":
            os._exit(9)
    return Runner(unit, lambda: None)
"""

HANGS = """
def prepare(problem, recipe):
    time.sleep(60)
"""

NO_RECIPE = """
def recipes(workload):
    return ()
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_data({"moons"}, tmp_path)
    return tmp_path


@pytest.fixture
def peer_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes a peer out of source text, importable in children only."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))

    def make(name: str, source: str, head: str = HEAD) -> Peer:
        (tmp_path / f"{name}.py").write_text(head + source, encoding="utf-8")
        return Peer(name, name, (), module=name)

    return make


def begun(peer: Peer, data: Path) -> Entry:
    entry, child = start(peer, 1, WORKLOADS["W1"], data)
    if child:
        child.close()
    return entry


def test_an_absent_package_is_told_by_name(peer_of, data: Path) -> None:
    entry = begun(peer_of("needy", "", head="import a_package_that_nobody_has\n"), data)
    assert (entry.status, entry.reason) == ("absent", "No module named 'a_package_that_nobody_has'")


def test_a_peer_without_such_a_mode_is_absent(peer_of, data: Path) -> None:
    entry = begun(peer_of("modeless", NO_RECIPE), data)
    assert (entry.status, entry.reason) == ("absent", "has no such mode")


def test_an_exception_is_told_by_its_first_line(peer_of, data: Path) -> None:
    entry = begun(peer_of("raising", RAISES), data)
    assert (entry.status, entry.reason) == ("failed", "ValueError: no such kernel")


def test_a_crash_is_told_by_exit_status_and_last_words(peer_of, data: Path) -> None:
    entry = begun(peer_of("dying", DIES), data)
    assert (entry.status, entry.reason) == ("failed", "exit status 132: Illegal instruction (core dumped)")


def test_a_hang_is_ended(peer_of, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "PREPARE_SECONDS", 3.0)
    entry = begun(peer_of("hanging", HANGS), data)
    assert (entry.status, entry.reason) == ("failed", "no answer within 3 s")


def test_what_a_peer_prints_is_not_taken_for_an_answer(peer_of, data: Path) -> None:
    entry = begun(peer_of("chatty", GOOD), data)
    assert (entry.status, entry.recipe) == ("measured", "only")
    assert entry.values[0] >= 0


def test_others_go_on_when_one_dies_in_its_turn(peer_of, data: Path) -> None:
    peers = (peer_of("good", GOOD), peer_of("later", DIES_LATER), peer_of("gone", "", head="import nobody_has_this\n"))
    said: list[str] = []
    plan = Plan(peers=peers, threads=(1,), rounds=4, budget=1.0)
    good, later, gone = measure(WORKLOADS["W1"], plan, data, said.append).entries
    assert (good.status, len(good.values)) == ("measured", 4)
    assert later.status == "failed"
    assert later.reason.startswith("exit status 9")
    assert (gone.status, gone.values) == ("absent", [])
    assert any("preparing later" in line for line in said)


def test_the_floor_is_measured_for_real(data: Path) -> None:
    floor = Peer("floor", "floor", ("numpy",))
    entry, child = start(floor, 1, WORKLOADS["W1"], data)
    assert child is not None
    try:
        take_turns([(entry, child)], rounds=3, budget=1.0)
    finally:
        child.close()
    assert len(entry.values) == 3
    assert 0 < entry.minimum <= entry.median


def test_a_child_whose_end_was_not_awaited_is_reported(data: Path) -> None:
    child = Child("benchmarks.peers.floor", "no such workload", data, 1)
    try:
        with pytest.raises(PeerFailedError, match="KeyError: 'no such workload'"):
            child.ask(20.0, do="prepare", tune=True)
    finally:
        child.close()


class Recorder:
    """Stands in for a child: writes down whose turn it was."""

    def __init__(self, name: str, turns: list[str]) -> None:
        self._name, self._turns = name, turns

    def ask(self, seconds: float, **command: object) -> dict[str, float]:
        self._turns.append(self._name)
        return {"seconds": 1.0}


def test_rounds_interleave_the_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "SETTLE_SECONDS", 0.0)
    turns: list[str] = []
    runners = [
        (Entry(name, status="measured", values=[seconds]), Recorder(name, turns))
        for name, seconds in (("A", 0.1), ("B", 0.1), ("slow", 9.0))
    ]
    take_turns(runners, rounds=6, budget=1.0)
    assert "".join(turns) == "ABslowAB" * 3  # the slow one has three turns, spread over six rounds
    assert [len(entry.values) for entry, _ in runners] == [6, 6, 3]


@given(turns=st.integers(1, 60), rounds=st.integers(1, 60))
def test_turns_are_as_many_as_planned_and_begin_in_the_first_round(turns: int, rounds: int) -> None:
    turns = min(turns, rounds)
    taken = [number for number in range(rounds) if has_turn(number, turns, rounds)]
    assert len(taken) == turns
    assert taken[0] == 0
    gaps = [after - before for before, after in pairwise(taken)]
    assert not gaps or max(gaps) - min(gaps) <= 1


@given(seconds=st.floats(0, 1e3), rounds=st.integers(1, 50), budget=st.floats(0, 60))
def test_rounds_fit_the_budget_or_are_three(seconds: float, rounds: int, budget: float) -> None:
    number = rounds_for(seconds, rounds, budget)
    assert min(3, rounds) <= number <= rounds
    assert number <= 3 or number * seconds <= budget


def test_children_get_no_inherited_tuning_and_the_threads_they_are_told() -> None:
    inherited = {"OPENBLAS_CORETYPE": "Haswell", "OMP_WAIT_POLICY": "active", "OPENBLAS_L2_SIZE": "1", "HOME": "x"}
    got = child_environment(2, inherited)
    assert {name: got[name] for name in THREAD_VARIABLES} == dict.fromkeys(THREAD_VARIABLES, "2")
    assert got["HOME"] == "x"
    assert not {"OPENBLAS_CORETYPE", "OMP_WAIT_POLICY", "OPENBLAS_L2_SIZE"} & set(got)
    assert not set(THREAD_VARIABLES) & set(child_environment(None, inherited))


def test_only_peers_whose_threads_are_a_choice_are_measured_twice() -> None:
    peers = (Peer("a", "a", (), threaded=True), Peer("b", "b", ()))
    plan = Plan(peers=peers, threads=(1, 2), rounds=1, budget=1.0)
    assert variants(plan) == [(peers[0], 1), (peers[0], 2), (peers[1], None)]


@given(st.text(max_size=400))
def test_a_reason_is_one_short_line(text: str) -> None:
    line = first_line(text)
    assert "\n" not in line
    assert len(line) <= 160


def test_the_worker_refuses_to_run_before_it_is_prepared(data: Path) -> None:
    child = Child("benchmarks.peers.floor", "W1", data, 1)
    try:
        with pytest.raises(PeerFailedError, match="expected prepare first"):
            child.ask(20.0, do="run")
    finally:
        child.close()


def test_this_python_runs_the_children() -> None:
    assert driver.python("-c", "pass")[0] == sys.executable
