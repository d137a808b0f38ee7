"""What one server carries: a class, a class with hostile guests, one who takes all, thousands who come and go.

    python -m benchmarks.classroom              200 pages, 20 frames a second, a step in each; 30 pages, ten steps
    python -m benchmarks.classroom --hostile    100 pages, alone and beside each kind of harm
    python -m benchmarks.classroom --fair       199 pages and a greedy one
    python -m benchmarks.classroom --soak       pages that come and go (--connects 10000)
    python -m benchmarks.classroom --minutes 60 thirty pages that learn for an hour: what memory do they take?
    python -m benchmarks.classroom --all        all of it but the hour, in under five minutes

Server and pages share the machine and are processes of their own; `benchmarks/classroom.md` says what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess

import numpy as np

from benchmarks import machine
from benchmarks.classroom_client import enter
from benchmarks.classroom_hostile import KINDS, LARGEST
from benchmarks.classroom_room import HEADING, Room, light, room
from benchmarks.environment import ROOT, child_environment, python

_SETTLING = 4.0  # seconds in which those who begin to learn come to their engines, and every step is recorded


def main() -> None:
    """Measure what the options ask for."""
    parser = argparse.ArgumentParser(description="What one server of the Playground carries.")
    parser.add_argument("--hostile", action="store_true", help="100 pages beside each kind of harm (W3)")
    parser.add_argument("--fair", action="store_true", help="199 light pages and a greedy one (W4)")
    parser.add_argument("--soak", action="store_true", help="pages that come and go (W4)")
    parser.add_argument("--all", action="store_true", help="everything")
    parser.add_argument("--clients", type=int, default=0, help="this many pages instead of the table, or of 100")
    parser.add_argument("--steps", type=int, default=1, help="steps in a frame, with --clients")
    parser.add_argument("--rounds", type=int, default=3, help="how often the class is measured; the median counts")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each figure is taken")
    parser.add_argument("--connects", type=int, default=1000, help="how many come and go")
    parser.add_argument("--minutes", type=float, default=0.0, help="how long thirty pages learn, for their memory")
    parser.add_argument(
        "--processes", type=int, help="engines; 0 for threads of the server; left out: one for each core"
    )
    options = parser.parse_args()
    print(f"{machine.cpu_model()}, {machine.cores()} cores, load before {machine.load()}")
    asyncio.run(_measure(options))


async def _measure(options: argparse.Namespace) -> None:
    some = options.hostile or options.fair or options.soak or options.minutes
    if options.all or not some:
        await classes(options)
    if options.all or options.hostile:
        await hostile(options)
    if options.all or options.fair:
        await fair(options)
    if options.all or options.soak:
        await soak(options)
    if options.minutes:
        await lasting(options)


def _processes(options: argparse.Namespace) -> list[str]:
    return [] if options.processes is None else ["--processes", str(options.processes)]


async def classes(options: argparse.Namespace) -> None:
    """W2: the median of some rounds, each with a server of its own."""
    kinds = [(options.clients, options.steps)] if options.clients else [(200, 1), (30, 10)]
    print(f"\n{'pages x steps':>14}  {HEADING}")
    for count, steps in kinds:
        found = []
        for _ in range(options.rounds):
            async with room(*_processes(options)) as server:
                pupils = await server.fill(light(count, steps))
                found.append(await server.watch(pupils, options.seconds, warm=_SETTLING))
            print(f"{count:>8} x {steps:<3}  {found[-1].row()}", flush=True)
        late = np.median([f.late for f in found], axis=0)
        drops, megabytes = (float(np.median([getattr(f, name) for f in found])) for name in ("drops", "megabytes"))
        print(f"{'median':>14}  p95 {late[1]:.1f} ms, p99 {late[2]:.1f} ms, {drops:.0f} dropped, {megabytes:.0f} MB")


async def hostile(options: argparse.Namespace) -> None:
    """W3: honest pages alone, then beside each kind of harm, and alone again; can another one come in?"""
    print(f"\n{f'{options.clients or 100} pages and':>16}  {HEADING}")
    async with room(*_processes(options)) as server:
        pupils = await server.fill(light(options.clients or 100))
        alone = await server.watch(pupils, options.seconds / 2, warm=_SETTLING + 2.0)  # none of them is a newcomer then
        print(f"{'nobody':>16}  {alone.row()}", flush=True)
        for kind in KINDS:
            guests = subprocess.Popen(
                python("-m", "benchmarks.classroom_hostile", kind, str(server.address[1]), server.cookie),
                env=child_environment(), cwd=ROOT,
            )  # fmt: skip
            try:
                figures = await server.watch(pupils, options.seconds / 2, warm=4.0)
                status, came = await asyncio.to_thread(server.status), await _newcomer(server)
            finally:
                guests.kill()
                guests.wait()
            ratio = figures.late[1] / alone.late[1]
            print(f"{kind:>16}  {figures.row()}  p95 x {ratio:.2f}, status {status}, newcomer {came}", flush=True)
            await asyncio.sleep(1.0)
        lost = sum(pupil.over.done() for pupil in pupils)
        print(f"{'nobody':>16}  {(await server.watch(pupils, options.seconds / 2)).row()}  {lost} honest pages lost")


async def _newcomer(server: Room) -> str:
    try:
        newcomer = await enter(server.address, server.cookie, {})
    except TimeoutError:
        return "waits"
    newcomer.leave()
    return "let in" if newcomer.session else f"refused ({newcomer.ended})"


async def fair(options: argparse.Namespace) -> None:
    """W4: is anybody passed over, when one takes all that is to be had?"""
    async with room(*_processes(options)) as server:
        pupils = await server.fill([LARGEST, *light(199)])
        figures = await server.watch(pupils, options.seconds, warm=_SETTLING)
    steps = np.array(figures.steps[1:])
    print(f"\n199 pages and a greedy one: min/median steps {steps.min() / np.median(steps):.3f}")
    print(f"{'':>14}  {HEADING}\n{'':>14}  {figures.row()}")


async def soak(options: argparse.Namespace) -> None:
    """W4: what stays of those who have come and gone; first so many that the server's places are taken."""
    async with room(*_processes(options)) as server:
        await _come_and_go(server, 400)
        before = server.megabytes
        await _come_and_go(server, options.connects)
        after = server.megabytes
    print(f"\n{options.connects} came and went: {before:.1f} MB, then {after:.1f} MB ({after / before - 1:+.1%})")


async def lasting(options: argparse.Namespace) -> None:
    """W4: what a class that learns for long takes, looked at ten times on the way."""
    async with room(*_processes(options)) as server:
        await server.fill(light(30, 10))
        found = []
        for _ in range(10):
            await asyncio.sleep(options.minutes * 6)
            found.append(server.megabytes)
    print(f"\n30 pages for {options.minutes:g} minutes: {', '.join(f'{size:.1f}' for size in found)} MB")


async def _come_and_go(server: Room, count: int) -> None:
    async def some(numbers: range) -> None:
        for i in numbers:
            pupil = await enter(server.address, server.cookie, light(1)[0] | {"seed": i})
            pupil.leave()

    await asyncio.gather(*(some(range(k, count, 4)) for k in range(4)))


if __name__ == "__main__":
    main()
