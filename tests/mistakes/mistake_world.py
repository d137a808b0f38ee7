"""Where the mistakes of the catalogue are made: a folder of small files, and a user who types."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from mistake_catalogue import Mistake, Step

import glassnet
from glassnet.cli.main import main
from glassnet.train.machine import Blas

NAMES = """
import glassnet as torch
import numpy as np
from glassnet import nn, optim
from glassnet.nn import functional as F
from pathlib import Path
"""
TRAININGS = (
    "train moons --n 40 --epochs 2 --hidden 4 --batch-size 10 --output moons-run",
    "train sine --n 40 --epochs 1 --hidden 4 --output sine-run",
    "train flowers.csv --target kind --epochs 2 --hidden 4 --output flowers-run",
    "train prices.csv --target price --epochs 1 --hidden 4 --output prices-run",
    "train mnist --recipe fast --epochs 1 --hidden 8 --batch-size 600 --output digits-run",
)


class UnansweredError(AssertionError):
    """What was to be a mistake went through, or what was to work did not."""


# ---- the folder -----------------------------------------------------------------------------------------------------


def build(folder: Path) -> Path:
    """Make the folder that every mistake is made in a copy of."""
    world = folder / "world"
    world.mkdir()
    with working_in(world, folder / "cache"):
        _write_tables()
        _write_images()
        for line in TRAININGS:
            run_quietly(f"{line} --quiet")
    return world


def _write_tables() -> None:
    rng = np.random.default_rng(5)
    lines = ["length,colour,kind"]
    for i in range(90):
        kind, colour = ("iris", "lily", "rose")[i % 3], ("red", "blue", "blue")[i % 3]
        lines.append(f"{i % 3 + rng.normal() * 0.2:.3f},{colour},{kind}")
    Path("flowers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    sizes = rng.uniform(50, 200, 60).round(1).tolist()
    noise = rng.normal(size=60).tolist()
    rows = [f"{size},{3 * size + 100 + n:.2f}" for size, n in zip(sizes, noise, strict=True)]
    Path("prices.csv").write_text("\n".join(["size,price", *rows]) + "\n", "utf-8")


def _write_images() -> None:
    from glassnet.files.png import write_png

    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13:16] = 255
    write_png("one.png", image)


@contextlib.contextmanager
def enter(world: Path, place: Path) -> Iterator[None]:
    """Work in a copy of the folder, with the machine's own settings out of the way."""
    shutil.copytree(world, place)
    with working_in(place, world.parent / "cache"):
        yield


@contextlib.contextmanager
def working_in(folder: Path, cache: Path) -> Iterator[None]:
    """Go there, keep data sets there, and leave everything as it was."""
    before, threads = Path.cwd(), Blas().threads
    surroundings = {**os.environ, "GLASSNET_CACHE": str(cache), "COLUMNS": "80"}
    surroundings.pop("OPENBLAS_CORETYPE", None)
    os.chdir(folder)
    try:
        with mock.patch.dict(os.environ, surroundings, clear=True):
            yield
    finally:
        os.chdir(before)
        glassnet.set_default_dtype(glassnet.float32)
        if threads is not None:
            Blas().threads = threads


@contextlib.contextmanager
def _no_server() -> Iterator[None]:
    """`glassnet play` listens, says where, and ends; no browser opens."""
    from glassnet.cli import play
    from glassnet.server import serve

    def ends(server: Any) -> None:
        server.registry.close()
        server.socket.close()

    with mock.patch.object(serve.Server, "run", ends), mock.patch.object(play.threading, "Timer"):
        yield


class _Here(Executor):
    """Does at once what workers would do side by side."""

    count, timeout = 1, None

    def __init__(self, *settings: Any) -> None:
        pass

    def submit(self, function: Any, /, *words: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(*words, **named))
        return done


def _no_processes() -> Any:
    """A sweep trains in this process, where nothing has to be started."""
    return mock.patch("glassnet.scale.sweep.Workers", _Here)


# ---- the user -------------------------------------------------------------------------------------------------------


def run_quietly(line: str) -> None:
    """Type a line that works."""
    status, _, told = _called(line)
    if status:
        raise UnansweredError(f"$ glassnet {line}\nended with {status}: {told}")


class Session:
    """One user at a Python prompt and a terminal, in one folder."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "session"}
        self.used: dict[str, str] = {}  # values of names that lines for the terminal were typed with
        exec(NAMES, self.names)

    def told(self, mistake: Mistake) -> str:
        """Type all up to the mistake; the message."""
        *before, last = mistake.steps
        for step in before:
            self.does(step)
        return self._steady(self._answer(last))

    def does(self, step: Step) -> None:
        """Type what works."""
        if step.sign == "$":
            return run_quietly(self._words_of(step))
        try:
            self._python(step.text)
        except Exception as problem:
            raise UnansweredError(f">>> {step.text}\n{type(problem).__name__}: {problem}") from problem

    def _answer(self, step: Step) -> str:
        if step.sign == "$":
            before = _listed()
            status, out, err = _called(self._words_of(step))
            if not status:
                raise UnansweredError(f"$ {step.text}\nwent through:\n{out}")
            if out or err.count("\n") != 1:
                raise UnansweredError(f"$ {step.text}\nsaid more than one line:\n{out}{err}")
            if status == 2 and _listed() != before:
                raise UnansweredError(f"$ {step.text}\nleft files behind: {_listed() - before}")
            return f"exit {status}: {err.strip()}"
        try:
            self._python(step.text)
        except Exception as problem:
            return f"{type(problem).__name__}: {problem}"
        raise UnansweredError(f">>> {step.text}\nwent through")

    def _python(self, text: str) -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                exec(compile(text, "session", "exec"), self.names)

    def _words_of(self, step: Step) -> str:
        """What follows `glassnet`; {name} stands for the value of a name at the prompt."""
        program, _, words = step.text.partition(" ")
        if program != "glassnet":
            raise UnansweredError(f"$ {step.text}\nis no line for glassnet")
        for name in re.findall(r"{(\w+)}", words):
            self.used[name] = str(self.names[name])
            words = words.replace(f"{{{name}}}", self.used[name])
        return words

    def _steady(self, message: str) -> str:
        """A message without what differs from one run or machine to the next."""
        here = re.escape(str(Path.cwd()))
        message = re.sub(rf"{here}[/\\]?", "…/", message)
        for name, value in self.used.items():
            message = message.replace(value, f"{{{name}}}")
        message = re.sub(r"\b[0-9a-f]{12}…", "{digest}…", message)  # of weights, whose last bits differ
        return " ".join(message.split())


def _listed() -> set[Path]:
    return set(Path().rglob("*"))


def _called(line: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    words = shlex.split(line)
    instead = {"play": _no_server, "sweep": _no_processes}.get(words[0] if words else "", contextlib.nullcontext)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), instead():
        status = main(words)
    return status, out.getvalue(), err.getvalue()
