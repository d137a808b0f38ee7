"""The course as files: lessons and the workshop copied into a folder, and a file of answers checked."""

from __future__ import annotations

import importlib.resources
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from glassnet.errors import FileError, ValueRangeError, complain
from glassnet.files.atomic import make_folder, write_atomic
from glassnet.files.bounded import read_bounded
from glassnet.lessons.catalogue import Lesson, lessons
from glassnet.lessons.exercises import Verdict, collecting
from glassnet.lessons.notebook import as_notebook, from_notebook
from glassnet.lessons.percent import Script, parse
from glassnet.lessons.running import LessonError, run_cell, run_script
from glassnet.lessons.slides import as_page

_LARGEST = 20 << 20  # a notebook with pictures in it
WORKSHOP = "workshop"


class Copied(NamedTuple):
    """One file of the course in a folder, and whether it was written or had been changed there and was kept."""

    path: Path
    state: str  # written, same, kept


def copy_course(
    folder: str, chosen: tuple[Lesson, ...] = (), *, run: bool = False, force: bool = False
) -> list[Copied]:
    """Write lessons (all of them and the workshop, if none is chosen) into a folder, as programs and as notebooks.

    A file that is there and differs holds somebody's answers: it is kept, unless `force` is set. With `run` the
    notebooks are executed first and hold their outputs.
    """
    make_folder(folder)
    written: list[Copied] = []
    for lesson in chosen or lessons():
        written.append(_put(Path(folder, lesson.file), lesson.text, force))
        outputs = run_script(lesson.script, lesson.name) if run else []
        written.append(_put(Path(folder, lesson.name + ".ipynb"), as_notebook(lesson.script, outputs), force))
    if not chosen:
        make_folder(str(Path(folder, WORKSHOP)))
        written += [_put(Path(folder, WORKSHOP, name), text, force) for name, text in workshop_files(run)]
    return written


def workshop_files(run: bool = False) -> Iterator[tuple[str, str]]:
    """The files of the workshop: its script, its slides as text and as a page, its notebook."""
    inside = importlib.resources.files("glassnet.lessons").joinpath(WORKSHOP)
    for name in ("script.md", "slides.md", "moons.py"):
        yield name, inside.joinpath(name).read_text("utf-8")
    yield "slides.html", as_page(inside.joinpath("slides.md").read_text("utf-8"))
    script = parse(inside.joinpath("moons.py").read_text("utf-8"))
    yield "moons.ipynb", as_notebook(script, run_script(script, "moons") if run else [])


def _put(path: Path, text: str, force: bool) -> Copied:
    data = text.encode()
    if path.exists():
        if path.read_bytes() == data:
            return Copied(path, "same")
        if not force:
            return Copied(path, "kept")
    write_atomic(path, data)
    return Copied(path, "written")


def read_lesson(path: str) -> Script:
    """The cells of a program or of a notebook.

    Raises `ValueRangeError` for another kind of file, `FileError` for one that cannot be read.
    """
    kind = Path(path).suffix.lower()
    if kind not in (".py", ".ipynb"):
        got = f"lessons: got the file {path}"
        raise ValueRangeError(complain(got, "expected a .py or an .ipynb", "Try glassnet lessons check 01_neuron.py"))
    data = read_bounded(path, _LARGEST)
    if kind == ".ipynb":
        return from_notebook(data, path)
    try:
        return parse(data.decode())
    except UnicodeDecodeError:
        raise FileError(
            complain(f"{path}: got bytes that are not UTF-8", "expected a program", "Try saving it as UTF-8")
        ) from None


def lessons_in(folder: str) -> list[Path]:
    """The programs and notebooks in a folder that have answers to check; of two of one name the one changed last.

    Raises `FileError` for one that cannot be read.
    """
    newest: dict[str, Path] = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() not in (".py", ".ipynb") or not path.is_file():
            continue
        other = newest.get(path.stem)
        if other is None or path.stat().st_mtime > other.stat().st_mtime:
            newest[path.stem] = path
    return [path for path in newest.values() if any("check(" in cell.source for cell in read_lesson(str(path)).code)]


class Report(NamedTuple):
    """The verdicts on the answers in a file, and the mistake that ended it before its end, if one did."""

    verdicts: list[Verdict]
    problem: LessonError | None


def check_file(path: str, quick: bool = False) -> Report:
    """Run a lesson's file, which is a program, as `python` would, and gather what its checks say.

    A cell with a mistake does not end it: the cells after it are tried too, and the first mistake is told.
    """
    from glassnet.lessons.running import quickly

    script = read_lesson(path)
    space: dict[str, object] = {"__name__": "__main__"}
    problem: LessonError | None = None
    folder = str(Path(path).resolve().parent)
    sys.path.insert(0, folder)  # as python does
    try:
        with collecting() as verdicts, quickly(quick):
            for number, cell in enumerate(script.code, 1):
                try:
                    run_cell(cell, number, space, Path(path).name)
                except LessonError as mistake:
                    problem = problem or mistake
    finally:
        sys.path.remove(folder)
    return Report(_last_of_each(verdicts), problem)


def _last_of_each(verdicts: list[Verdict]) -> list[Verdict]:
    """Who checks twice means the second."""
    return list({verdict.id: verdict for verdict in verdicts}.values())
