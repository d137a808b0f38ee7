"""The cells of a lesson, run one after the other in this process, with what they printed, gave and drew."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple, TypeVar

from glassnet.errors import GlassnetError, complain
from glassnet.lessons.percent import Cell, Script

T = TypeVar("T")
_FORMS = (("_repr_svg_", "image/svg+xml"), ("_repr_html_", "text/html"))
_QUICK: ContextVar[bool] = ContextVar("quick", default=False)
_SINK: ContextVar[Callable[[Any], None] | None] = ContextVar("sink", default=None)


class LessonError(GlassnetError):
    """A cell that could not be run to its end."""


class Output(NamedTuple):
    """One thing that a cell left behind: text that it printed, its value, or what it showed; `data` by media type."""

    kind: Literal["stream", "result", "display"]
    data: dict[str, str]


def sized(full: T, quick: T) -> T:
    """How much to do: the first when a lesson is read, the second when all lessons are merely tried.

    >>> sized(1000, quick=10)
    1000
    """
    return quick if _QUICK.get() else full


@contextlib.contextmanager
def quickly(quick: bool = True) -> Iterator[None]:
    """Within it, `sized` gives the small sizes."""
    token = _QUICK.set(quick)
    try:
        yield
    finally:
        _QUICK.reset(token)


def show(thing: Any) -> None:
    """Show a picture, or anything else, in the middle of a cell: in Jupyter as a picture, elsewhere as a line of text.

    >>> show("three lines")
    'three lines'
    """
    sink = _SINK.get()
    if sink is not None:
        sink(thing)
    elif _in_jupyter():
        from IPython.display import display  # type: ignore[import-not-found]  # it is running, so it is there

        display(thing)
    else:
        print(repr(thing))


def _in_jupyter() -> bool:
    module = sys.modules.get("IPython")
    return module is not None and module.get_ipython() is not None


def run_script(script: Script, name: str = "lesson", quick: bool = False) -> list[list[Output]]:
    """Run the code cells in order, in one namespace of their own; what each of them left behind.

    Raises `LessonError` that names the cell, the line and the mistake.

    >>> from glassnet.lessons.percent import parse
    >>> run_script(parse("# %%\\nprint('two')\\n1 + 1\\n"))
    [[Output(kind='stream', data={'text/plain': 'two\\n'}), Output(kind='result', data={'text/plain': '2'})]]
    """
    space: dict[str, Any] = {"__name__": "__main__"}
    with quickly(quick):
        return [run_cell(cell, number, space, name) for number, cell in enumerate(script.code, 1)]


def run_cell(cell: Cell, number: int, space: dict[str, Any], name: str = "lesson") -> list[Output]:
    """Run one cell in a namespace; its outputs in the order in which they came."""
    outputs: list[Output] = []
    printed = io.StringIO()

    def shown(thing: Any, kind: Literal["result", "display"] = "display") -> None:
        _flush(printed, outputs)
        outputs.append(Output(kind, bundle(thing)))

    token = _SINK.set(shown)
    try:
        with contextlib.redirect_stdout(printed):
            value = _execute(cell, number, space, name)
        if value is not None:
            shown(value, "result")
    finally:
        _SINK.reset(token)
    _flush(printed, outputs)
    return outputs


def _flush(printed: io.StringIO, outputs: list[Output]) -> None:
    if printed.getvalue():
        outputs.append(Output("stream", {"text/plain": printed.getvalue()}))
        printed.seek(0)
        printed.truncate()


def _execute(cell: Cell, number: int, space: dict[str, Any], name: str) -> Any:
    """Run the statements of a cell; the value of the last one if it is an expression."""
    file = f"{name}, cell {number}"
    linecache.cache[file] = (len(cell.source), None, cell.source.splitlines(keepends=True), file)  # for tracebacks
    try:
        tree = ast.parse(cell.source, file)
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(compile(tree, file, "exec"), space)
            return None
        exec(compile(ast.Module(tree.body[:-1], []), file, "exec"), space)
        return eval(compile(ast.Expression(last.value), file, "eval"), space)
    except Exception as problem:
        raise _told(problem, cell, file) from problem


def _told(problem: Exception, cell: Cell, file: str) -> LessonError:
    line = _line_of(problem, file)
    place = f"{file}, line {line}" if line else file
    said = " ".join(str(problem).split()) or "no message"
    text = cell.source.splitlines()
    shown = f" in {text[line - 1].strip()!r}" if 0 < line <= len(text) else ""
    got = f"{place}: got {type(problem).__name__}{shown}: {said}"
    return LessonError(complain(got, "expected the cell to run", "Try running it alone, from the cells above it on"))


def _line_of(problem: Exception, file: str) -> int:
    """The last line of the cell itself on the way to the mistake."""
    if isinstance(problem, SyntaxError):
        return problem.lineno or 0
    line, trace = 0, problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def bundle(thing: Any) -> dict[str, str]:
    """A value by media type: always as text, and as a picture or a page if it knows how.

    >>> bundle([1, 2])
    {'text/plain': '[1, 2]'}
    """
    data = {"text/plain": repr(thing)}
    for method, media in _FORMS:
        if hasattr(thing, method) and not isinstance(thing, type):
            made = getattr(thing, method)()
            if made is not None:
                data[media] = made
    return data
