"""Processes that die, and those that go on."""

import contextlib
import os
import signal
import time

import numpy as np
import pytest

from glassnet.errors import ValueRangeError
from glassnet.scale.workers import TaskTimeoutError, WorkerDied, Workers
from glassnet.train.machine import Blas


def hold(seconds):
    time.sleep(seconds)
    return os.getpid()


def die():
    os._exit(9)


def fail():
    raise ValueError("on purpose")


def nothing_to_hand_over():
    return lambda: None


def threads_of_products():
    np.ones((4, 4)) @ np.ones((4, 4))
    return Blas().threads


@pytest.fixture(scope="module")
def workers():
    with Workers(2) as made:
        yield made


def test_results_and_errors_come_back(workers):
    assert [f.result() for f in [workers.submit(pow, 2, n) for n in range(10)]] == [2**n for n in range(10)]
    assert workers.submit(sorted, [3, 1], reverse=True).result() == [3, 1]
    with pytest.raises(ValueError, match="on purpose"):
        workers.submit(fail).result()
    assert list(workers.map(abs, [-1, -2])) == [1, 2]


def test_two_work_side_by_side_in_processes_of_their_own(workers):
    pids = {future.result() for future in [workers.submit(hold, 0.2) for _ in range(2)]}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert pids == set(workers.pids)


def test_a_death_costs_one_task_and_the_others_go_on(workers):
    futures = [workers.submit(die), *(workers.submit(pow, 3, n) for n in range(5))]
    with pytest.raises(WorkerDied):
        futures[0].result()
    assert [future.result() for future in futures[1:]] == [3**n for n in range(5)]


def test_a_worker_killed_while_idle_is_noticed_at_the_next_task(workers):
    pids = {future.result() for future in [workers.submit(hold, 0.1) for _ in range(2)]}
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    for _ in range(4):
        with contextlib.suppress(WorkerDied):
            workers.submit(pow, 1, 1).result()
    assert workers.submit(pow, 5, 2).result() == 25


def test_what_cannot_be_handed_over_is_an_error_and_no_death(workers):
    with pytest.raises(RuntimeError):
        workers.submit(nothing_to_hand_over).result()
    with pytest.raises(Exception, match="lambda"):
        workers.submit(lambda: 1).result()
    assert workers.submit(pow, 2, 2).result() == 4


def test_a_worker_multiplies_on_one_thread(workers):
    if Blas().threads is None:
        pytest.skip("this BLAS does not tell")
    assert workers.submit(threads_of_products).result() == 1


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.3])  # also while the worker is being started
def test_cancelling_ends_what_runs_and_leaves_what_waits(moment):
    workers = Workers(1)
    futures = [workers.submit(hold, 60) for _ in range(3)]
    while not futures[0].running():
        time.sleep(0.001)
    time.sleep(moment)
    began = time.monotonic()
    workers.shutdown(cancel_futures=True)
    assert time.monotonic() - began < 30
    assert isinstance(futures[0].exception(), WorkerDied)
    assert all(future.cancelled() for future in futures[1:])
    with pytest.raises(RuntimeError, match="sent home"):
        workers.submit(pow, 1, 1)


def test_no_worker_is_a_mistake():
    with pytest.raises(ValueRangeError, match="expected at least 1"):
        Workers(0)


def test_a_task_that_never_ends_is_ended_and_the_others_go_on():
    with Workers(1, timeout=0.3) as workers:
        stuck = workers.submit(hold, 100_000)
        with pytest.raises(TaskTimeoutError, match=r"no answer within 0\.3 s"):
            stuck.result()
        workers.timeout = None  # how long an ordinary task takes here is a matter of luck
        assert workers.submit(pow, 2, 3).result() == 8
        assert len(workers.pids) == 1


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_time_that_is_none_is_a_mistake(timeout):
    with pytest.raises(ValueRangeError, match="expected seconds above 0, or None"):
        Workers(1, timeout=timeout)
