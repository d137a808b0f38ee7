"""A search: the same whatever runs it, whatever dies, and blind to the test set."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from random import Random

import numpy as np
import pytest

from glassnet.data.datasets import load_dataset
from glassnet.errors import ValueRangeError
from glassnet.scale.sweep import JOURNAL, Sweep
from glassnet.scale.trial import held_out, limited
from glassnet.scale.workers import Workers
from glassnet.train.settings import Settings


def numbers(folder):
    """The trials that stand in a journal."""
    return [json.loads(line)["trial"] for line in (folder / JOURNAL).read_bytes().splitlines()]


def scores(results):
    """What must not depend on who did the work."""
    kept = ("trial", "choices", "status", "score", "validation_loss", "train_loss")
    return [{name: results.by_number[n].get(name) for name in kept} for n in sorted(results.by_number)]


@pytest.fixture(scope="session")
def expected(moons):
    space = {"width": (1, 4, 16), "learning_rate": (0.001, 0.1)}
    return scores(Sweep(moons, space, Settings(epochs=2, batch_size=20)).run(ThreadPoolExecutor(1), workers=1))


def test_every_executor_gives_the_same_results(small, expected):
    processes = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    with processes, ThreadPoolExecutor(2) as threads:
        for executor in (None, threads, processes, lambda: ThreadPoolExecutor(1)):
            results = small().run(executor, workers=2)
            assert scores(results) == expected
            assert results.complete


def test_the_best_is_the_one_with_the_highest_validation_score(small):
    results = small().run(ThreadPoolExecutor(1))
    assert results.best["score"] == max(result["score"] for result in results.by_number.values())
    assert [r["score"] for r in results.done] == sorted((r["score"] for r in results.done), reverse=True)


def test_the_test_set_plays_no_part(moons):
    """With other test examples, and other answers to them, nothing changes."""
    poisoned = replace(moons, x_test=moons.x_test * 0 + 7, y_test=1 - moons.y_test)
    space = {"learning_rate": (0.001, 0.1)}
    runs = [Sweep(data, space, Settings(epochs=2)).run(ThreadPoolExecutor(1)) for data in (moons, poisoned)]
    assert scores(runs[0]) == scores(runs[1])


def test_what_is_held_out_is_not_learnt_from_and_keeps_the_classes_shares():
    data = load_dataset("gauss", n=1000)
    numbered = replace(data, x_train=np.arange(len(data.x_train) * 2, dtype=np.float32).reshape(-1, 2))
    parts = held_out(numbered, 0.3, seed=4)
    rows = [set(map(tuple, part.tolist())) for part in (parts.x_train, parts.x_test)]
    assert not rows[0] & rows[1]
    assert rows[0] | rows[1] == set(map(tuple, numbered.x_train.tolist()))
    assert len(parts.x_test) == 240
    shares = [np.bincount(y) / len(y) for y in (parts.y_train, parts.y_test)]
    np.testing.assert_allclose(*shares, atol=0.005)
    whole = dict(zip(map(tuple, numbered.x_train.tolist()), numbered.y_train.tolist(), strict=True))
    assert [whole[tuple(row)] for row in parts.x_test.tolist()] == parts.y_test.tolist()
    other = held_out(numbered, 0.3, seed=5)
    assert not np.array_equal(other.x_test, parts.x_test)


@pytest.mark.parametrize(("n", "share", "kept"), [(2, 0.01, 1), (2, 0.99, 1), (10, 0.99, 9), (10, 0.24, 2)])
def test_something_is_left_on_both_sides(n, share, kept):
    data = replace(load_dataset("gauss", n=100), x_train=np.zeros((n, 2), np.float32), y_train=np.arange(n) % 2)
    parts = held_out(data, share, seed=0)
    assert (len(parts.x_train), len(parts.x_test)) == (n - kept, kept)


def test_a_subset_is_what_is_searched_and_what_the_best_is_trained_on(moons):
    sweep = Sweep(moons, {"width": (4,)}, Settings(epochs=1), subset=50, validation=0.2)
    assert (len(sweep.data.x_train), len(sweep.data.x_test)) == (40, 10)
    training = sweep.refit({"width": 4})
    assert len(training.data.x_train) == 50
    np.testing.assert_array_equal(training.data.x_test, moons.x_test)
    assert limited(moons, 10**6, 0) is moons


def test_a_training_that_diverges_is_a_result(small):
    space = {"learning_rate": (0.01, 1e30)}
    results = small(space=space, seed=1).run(ThreadPoolExecutor(1))
    failed = results.by_number[1]
    assert (failed["status"], failed["score"]) == ("failed", None)
    assert "not a number" in failed["reason"] or "finite" in failed["reason"]
    assert results.best["trial"] == 0
    assert results.done[-1] is failed


def test_a_journal_is_gone_on_with(small, expected, tmp_path):
    first = small(tmp_path)
    heard = []

    def listen(progress):
        heard.append(progress)
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.run(Workers, listen=listen)
    assert len((tmp_path / JOURNAL).read_text().splitlines()) == 2
    ran = []
    results = small(tmp_path).run(ThreadPoolExecutor(1), listen=lambda progress: ran.append(progress.result["trial"]))
    assert scores(results) == expected
    assert len(ran) == 4
    assert sorted(numbers(tmp_path)) == list(range(6))
    again = small(tmp_path).run(Mortal([True]))  # nothing is left to do
    assert scores(again) == expected


def test_the_journal_of_another_search_is_refused(small, tmp_path):
    small(tmp_path, space={"width": (1,)}).run(ThreadPoolExecutor(1))
    with pytest.raises(ValueRangeError, match="another folder"):
        small(tmp_path, space={"width": (2,)}).run(ThreadPoolExecutor(1))
    with pytest.raises(ValueRangeError, match="another folder"):
        small(tmp_path, space={"depth": (1,)}).run(ThreadPoolExecutor(1))


def test_no_trial_begins_when_the_time_is_over(small):
    assert small().run(ThreadPoolExecutor(1), time_budget=0).by_number == {}
    spent = itertools.count()
    some = small().run(
        ThreadPoolExecutor(1), workers=1, time_budget=0.5, listen=lambda _: time.sleep(0.3 * next(spent))
    )
    assert 1 <= len(some.by_number) < 6


def test_progress_counts_and_knows_the_best_so_far(small):
    heard = []
    small().run(ThreadPoolExecutor(1), workers=1, listen=heard.append)
    assert [progress.done for progress in heard] == [1, 2, 3, 4, 5, 6]
    best = [progress.best["score"] for progress in heard]
    assert best == list(itertools.accumulate((progress.result["score"] for progress in heard), max))
    assert heard[-1].seconds_left == 0
    assert heard[0].trials == 6


class Mortal(Executor):
    """Breaks for good at some tasks, as a pool of processes does when a worker dies."""

    def __init__(self, doomed):
        self.doomed, self.broken = doomed, False

    def submit(self, fn, /, *args, **kwargs):
        if self.broken:
            raise BrokenProcessPool
        future = Future()
        if self.doomed and self.doomed.pop(0):
            self.broken = True
            future.set_exception(BrokenProcessPool())
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_an_executor_that_breaks_is_made_anew(small, expected):
    doom, made = [False, True, False, False, True, True, False], []

    def make():
        made.append(Mortal(doom))
        return made[-1]

    assert scores(small().run(make, workers=1)) == expected
    assert len(made) == 4


def test_an_executor_that_breaks_and_cannot_be_made_anew_is_an_error(small, tmp_path):
    with pytest.raises(BrokenExecutor):
        small(tmp_path).run(Mortal([False, False, True]), workers=1)
    assert len((tmp_path / JOURNAL).read_text().splitlines()) == 2


def test_executors_that_are_made_broken_are_given_up(small):
    class Broken(Executor):
        def submit(self, fn, /, *args, **kwargs):
            raise BrokenProcessPool

    with pytest.raises(BrokenExecutor):
        small().run(Broken, workers=2)


def test_a_trial_that_always_kills_its_worker_ends_as_failed(small):
    results = small(space={"width": (4,)}).run(lambda: Mortal([True]), workers=1, deaths=2)
    assert results.by_number[0]["reason"] == "its worker died 3 times"
    assert results.best is None


def test_200_killed_workers_change_nothing(moons, tmp_path):
    """Each trial is counted once, and every score is that of the run in which nobody died.

    A fast machine ends a sweep before so many are killed; then there is another one.
    """
    space = {"seed": tuple(range(40)), "width": (3, 5)}
    base = Settings(epochs=8, batch_size=20, learning_rate=0.05)
    undisturbed = scores(Sweep(moons, space, base).run(Workers))
    kills, sweeps = 0, 0
    while kills < 200:
        sweeps += 1
        assert sweeps < 100
        folder, heard = tmp_path / str(sweeps), []
        folder.mkdir()
        killed, results = among_killers(Sweep(moons, space, base, folder=folder), sweeps, 200 - kills, heard)
        kills += killed
        assert scores(results) == undisturbed
        assert Counter(heard) == dict.fromkeys(range(80), 1)
        assert Counter(numbers(folder)) == dict.fromkeys(range(80), 1)


def among_killers(sweep, seed, most, heard):
    """Run a sweep while its workers are killed at random moments, each at most once: how many were, and the results."""
    workers, kills, ended = Workers(2), 0, threading.Event()

    def massacre():
        nonlocal kills
        random, struck = Random(seed), set()
        while not ended.is_set() and kills < most:
            time.sleep(random.random() * 0.1)
            for pid in set(workers.pids) - struck:
                struck.add(pid)
                kills += kill(pid)

    killer = threading.Thread(target=massacre)
    killer.start()
    try:
        tell = lambda progress: heard.append(progress.result["trial"])  # noqa: E731
        results = sweep.run(lambda: workers, deaths=10**6, listen=tell)
    finally:
        ended.set()
        killer.join()
    return kills, results


def kill(pid):
    try:
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    except OSError:
        return 0
    return 1


PARENT = """
import sys
from glassnet.data.datasets import load_dataset
from glassnet.scale.sweep import Sweep
from glassnet.scale.workers import Workers
from glassnet.train.settings import Settings

if __name__ == "__main__":
    sweep = Sweep(load_dataset("moons", n=120), {"seed": tuple(range(30))}, Settings(epochs=3), folder=sys.argv[1])
    workers = Workers(2)
    sweep.run(lambda: workers, listen=lambda progress: print(progress.done, *workers.pids, flush=True))
"""


def test_a_killed_sweep_leaves_no_worker_behind_and_is_gone_on_with(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    pids, done = set(), 0
    for at in (3, 7, 30):
        process = subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True)
        with process:
            for line in process.stdout:
                done, *seen = map(int, line.split())
                pids.update(seen)
                if done >= at:
                    process.kill()
                    break
        kept = numbers(tmp_path)
        assert len(kept) == len(set(kept)) >= min(at, 30)
    assert done == 30
    deadline = time.monotonic() + 20
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not list(filter(alive, pids))


def alive(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return os.path.isdir("/proc") is False


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"validation": 0.0}, "got validation=0.0"),
        ({"validation": 1.0}, "got validation=1.0"),
        ({"method": "clever"}, "expected one of grid, one-at-a-time, random"),
    ],
)
def test_options_without_sense_are_refused(small, options, says):
    with pytest.raises(ValueRangeError, match=says):
        small(**options)


def test_settings_that_contradict_each_other_are_refused_before_anything_runs(small):
    with pytest.raises(ValueRangeError, match="lbfgs"):
        small(space={"optimizer": ("sgd", "lbfgs")})


ENDLESS = {"epochs": (10_000_000, 2)}  # the first would take hours


def test_a_trial_that_never_ends_counts_as_failed_once(small, tmp_path):
    with Workers(1, timeout=0.5) as workers:

        def listen(progress):
            workers.timeout = None  # how long the second one takes here is a matter of luck

        results = small(tmp_path, space=ENDLESS).run(workers, workers=1, listen=listen)
    assert [results.by_number[i]["status"] for i in (0, 1)] == ["failed", "done"]
    assert results.by_number[0]["reason"] == "no answer within 0.5 s"
    assert numbers(tmp_path) == [0, 1]
    again = small(tmp_path, space=ENDLESS).run(Mortal([True]))  # nothing is left to do
    assert again.by_number[0]["status"] == "failed"


def test_a_time_for_each_trial_needs_processes_that_can_be_ended(small):
    with pytest.raises(ValueRangeError, match=r"Try Workers\(2, timeout=5\)"):
        small().run(ThreadPoolExecutor(1), trial_timeout=5)
