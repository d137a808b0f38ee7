"""A server with its pages: who they are, how long they waited, what both ends took."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import math
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
import psutil

from benchmarks.classroom_client import Pupil, enter
from benchmarks.environment import ROOT, child_environment, python

FRAMES = 20  # a second, for each page
_AT_ONCE = 8  # pages that come in together


@dataclass(frozen=True)
class Figures:
    """What was seen in some seconds. Times in milliseconds; drops are frames that should have come, and did not."""

    pages: int
    seconds: float
    late: tuple[float, float, float]  # p50, p95, p99 from the moment a frame is due to its last byte at the page
    answer: tuple[float, float, float]  # the same from a question to its answer
    frames: int
    drops: int
    server: float  # cores
    client: float
    megabytes: float
    steps: tuple[float, ...]  # of each page

    def row(self) -> str:
        """One line of a table."""
        late, answer = ("/".join(f"{v:.1f}" for v in times) for times in (self.late, self.answer))
        return (
            f"{late:>18}  {answer:>18}  {self.drops:>6} of {self.frames + self.drops:<7} {self.megabytes:>5.0f}  "
            f"{self.server:>5.2f} + {self.client:.2f}"
        )


HEADING = f"{'late ms p50/95/99':>18}  {'answer p50/95/99':>18}  {'dropped':>17}  {'MB':>5}  cores server + client"


class Room:
    """A server in a process of its own, and the door to it."""

    def __init__(self, process: subprocess.Popen[str], told: dict[str, Any]) -> None:
        self.address = "127.0.0.1", int(told["port"])
        self.process, self.load = psutil.Process(process.pid), psutil.Process()
        self.cookie = self._admitted(told["url"])

    def _admitted(self, url: str) -> str:
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/" + url.split("/", 3)[3])
            return str(connection.getresponse().getheader("set-cookie")).split(";")[0]

    def status(self) -> int:
        """What the server answers to somebody who asks for the page."""
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/", headers={"Cookie": self.cookie})
            return connection.getresponse().status

    @property
    def megabytes(self) -> float:
        """The resident size of the server and its engines; what they share counts for each."""
        return sum(float(p.memory_info().rss) for p in self._all()) / 1e6

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    async def fill(self, states: Sequence[dict[str, Any]]) -> list[Pupil]:
        """A page for each state, each of which has drawn its first frame, and trains."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def come(state: dict[str, Any]) -> Pupil:
            async with gate:
                return await enter(self.address, self.cookie, state)

        pupils = list(await asyncio.gather(*map(come, states)))
        for pupil in pupils:  # not all in the same moment, as they would not
            pupil.tell("run")
            await asyncio.sleep(1 / FRAMES / len(pupils))
        return pupils

    async def watch(self, pupils: Sequence[Pupil], seconds: float, warm: float = 2.0) -> Figures:
        """Count what comes, after a while that is not counted; each page asks something every five seconds."""
        await asyncio.sleep(warm)
        for pupil in pupils:
            pupil.due, pupil.came, pupil.answers, pupil.watching = [], [], [], True
        steps, begin, before = [p.step for p in pupils], monotonic(), self._times()
        asked = 0
        while (now := monotonic()) - begin < seconds:
            if asked < (now - begin) * max(1.0, len(pupils) / 5):  # each every five seconds
                asked += 1
                pupils[asked % len(pupils)].ask(asked, "configure", changes={"learning_rate": 0.03})
            await asyncio.sleep(0.005)
        for pupil in pupils:
            pupil.watching = False
        took, after = monotonic() - begin, self._times()
        late = np.concatenate([np.array(p.came) - np.array(p.due) for p in pupils])
        answers = np.concatenate([np.array(p.answers) for p in pupils])
        drops = [max(0, round(took * FRAMES) - 1 - len(p.came)) for p in pupils]
        server, client = ((b - a) / took for a, b in zip(before, after, strict=True))
        return Figures(
            len(pupils), took, _percentiles(late), _percentiles(answers), len(late), sum(drops), server, client,
            self.megabytes, tuple(p.step - s for p, s in zip(pupils, steps, strict=True)),
        )  # fmt: skip

    def _times(self) -> tuple[float, float]:
        """The processor time that the server and this process have taken."""
        server = [p.cpu_times() for p in self._all()]
        client = self.load.cpu_times()
        return sum(t.user + t.system for t in server), client.user + client.system


def _percentiles(times: np.ndarray) -> tuple[float, float, float]:
    if not len(times):
        return math.nan, math.nan, math.nan
    p50, p95, p99 = np.percentile(times * 1000, (50, 95, 99))
    return float(p50), float(p95), float(p99)


@contextlib.asynccontextmanager
async def room(*options: str) -> AsyncIterator[Room]:
    """A server that is there, and is gone at the end."""
    process = subprocess.Popen(
        python("-m", "benchmarks.classroom_server", *options),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=child_environment(), cwd=ROOT, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Room(process, json.loads(await asyncio.to_thread(process.stdout.readline)))
    finally:
        process.stdin.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            print("the server did not end by itself", file=sys.stderr)


def light(count: int, steps: int = 1) -> list[dict[str, Any]]:
    """States of pages that do so many steps in a frame: the Playground's own network, over 250 points."""
    return [{"batch_size": 25, "speed": 0.1 * steps, "seed": i} for i in range(count)]
