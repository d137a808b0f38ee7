"""Readers under hostile files, in a process of its own: memory is limited, and whoever touches the system is recorded.

    python guarded_fuzz.py mutate FORMAT SEED COUNT     thousands of damaged files
    python guarded_fuzz.py promised [SHARE]             the whole volume that is promised, or a share such as 0.01
    python guarded_fuzz.py bombs [trace]                small files that ask for much

The last line of the output is a JSON object: what was accepted, refused, and what went wrong.
"""

import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from bombs import make_bombs
from damage import damaged
from hostile import FORMATS, Format

from glassnet.errors import DataError, FileError

SLACK = 24 << 20  # for the interpreter's own arenas and the readers' small change
ALLOWED_GROWTH = 64 << 20
MILLION = 1_000_000
ROUNDS = 20
PROMISED = {  # damaged files in all: ten million of glassnet's own formats, a million of each other
    **dict.fromkeys(("json", "safetensors"), 3 * MILLION),
    **dict.fromkeys(("checkpoint", "weights"), 3 * MILLION // 2),
    "model": MILLION,
    **dict.fromkeys(("idx", "packed", "png", "zip", "opcodes", "pt", "csv"), MILLION),
    "pt_key": MILLION // 10,
}

# The guard: no reader may run code, load modules, start processes, reach the network, or write

FORBIDDEN = ("exec", "compile", "import", "os.", "subprocess.", "socket.", "ctypes.", "marshal.", "pickle.", "shutil.")
events: list[str] = []
guarding = False


def watch(event: str, arguments: tuple) -> None:
    if not guarding:
        return
    if event.startswith(FORBIDDEN) or (event == "open" and writes(*arguments)):
        events.append(f"{event} {arguments!r}"[:200])


def writes(_path: object, mode: object, flags: object) -> bool:
    return bool(set(str(mode or "")) & set("wax+")) or bool(isinstance(flags, int) and flags & 0o3)


def limit_memory(growth: int) -> None:
    """On Linux, what this process may still take; elsewhere the limit has no force, and tracemalloc has to do."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + growth, most))


# Runs


class Tally:
    def __init__(self, refusals: tuple[type[Exception], ...] = (FileError,)) -> None:
        self.accepted = 0
        self.refused = 0
        self.slowest = 0.0
        self.others: list[str] = []
        self._refusals = refusals

    def read(self, reader: Callable, data: object, name: str) -> None:
        """One file under guard; `slowest` counts the processor's seconds, whatever else the machine does."""
        global guarding
        start = time.process_time()
        guarding = True
        try:
            reader(data)
            self.accepted += 1
        except self._refusals as error:
            self.refused += 1
            if not (str(error).count("; expected ") and ". Try " in str(error)):
                self.others.append(f"{name}: without three beats: {error}")
        except BaseException as error:
            self.others.append(f"{name}: {type(error).__name__}: {error}"[:300])
        finally:
            guarding = False
        self.slowest = max(self.slowest, time.process_time() - start)

    def report(self, **more: object) -> None:
        counts = {name: value for name, value in vars(self).items() if name[0] != "_"}
        print(json.dumps(counts | more | {"others": self.others[:20], "events": events[:20]}))


def warm_up(form: Format, seeds: list[bytes]) -> None:
    """What Python and NumPy load on first use is loaded before anybody watches."""
    for data in seeds:
        with contextlib.suppress(*form.refusals):
            form.read(data)


def mutate(name: str, seed: int, count: int) -> None:
    form = FORMATS[name]
    seeds = form.seeds()
    rng = random.Random(seed)
    ways = [damaged, *form.deep, *form.deep]
    tally = Tally(form.refusals)
    warm_up(form, seeds)
    sys.addaudithook(watch)
    limit_memory(ALLOWED_GROWTH + SLACK)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hostile"
        for turn in range(count):
            data = rng.choice(ways)(rng.choice(seeds), rng)
            target: object = data
            if turn % 100 == 0 and name != "json":
                path.write_bytes(data)
                target = path
            tally.read(form.read, target, f"turn {turn}")
    tally.report(count=count, a_second=round(count / (time.perf_counter() - start)))


def promised(share: float) -> None:
    """Every format in processes of their own, in rounds, so that whoever stops early has tried each of them."""
    for part in range(ROUNDS):
        for name, count in PROMISED.items():
            command = [sys.executable, __file__, "mutate", name, str(part + 1), str(round(count * share / ROUNDS))]
            result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
            told = result.stdout.splitlines()[-1] if result.returncode == 0 else result.stderr[-2000:]
            print(f"round {part + 1} of {ROUNDS}, {name}: {told}", flush=True)


def bombs(trace: bool) -> None:
    """Each file is refused, or read within its bounds; a traced peak is what it took beyond twice its size."""
    tally = Tally((FileError, DataError))
    made = {name: (reader, data) for name, reader, data in make_bombs()}
    for form in FORMATS.values():
        warm_up(form, form.seeds())
    sys.addaudithook(watch)
    peaks, seconds = {}, {}
    for name, (reader, data) in made.items():
        limit_memory(ALLOWED_GROWTH + 2 * len(data) + SLACK)
        if trace:
            tracemalloc.start()
        start = time.process_time()
        tally.read(reader, data, name)
        seconds[name] = round(time.process_time() - start, 4)
        peaks[name] = max(0, tracemalloc.get_traced_memory()[1] - 2 * len(data)) if trace else 0
        tracemalloc.stop()
    tally.report(peaks=peaks, seconds=seconds)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["mutate", name, seed, count]:
            mutate(name, int(seed), int(count))
        case ["promised", *share]:
            promised(float(share[0]) if share else 1.0)
        case ["bombs", *trace]:
            bombs(bool(trace))
        case _:
            sys.exit(__doc__)
