"""The program `glassnet`: finds the command, runs it, and turns every mistake into one line and an exit status.

    0    done
    1    a file, data or a training that went wrong
    2    a command line that cannot be followed
    130  Ctrl-C (143: asked to end), after saving what there was

Only the module of the command that runs is imported: a program that starts in a blink is used more often.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from glassnet.cli.help import Page
from glassnet.cli.options import Option, UsageError
from glassnet.errors import GlassnetError, complain
from glassnet.version import __version__

Command = Callable[[Sequence[str]], int]


def _train(words: Sequence[str]) -> int:
    from glassnet.cli.train import run

    return run(words)


def _lr_find(words: Sequence[str]) -> int:
    from glassnet.cli.lr_find import run

    return run(words)


def _predict(words: Sequence[str]) -> int:
    from glassnet.cli.predict import run

    return run(words)


def _evaluate(words: Sequence[str]) -> int:
    from glassnet.cli.evaluate import run

    return run(words)


def _sweep(words: Sequence[str]) -> int:
    from glassnet.cli.sweep import run

    return run(words)


def _doctor(words: Sequence[str]) -> int:
    from glassnet.cli.doctor import run

    return run(words)


def _gradcheck(words: Sequence[str]) -> int:
    from glassnet.cli.gradcheck import run

    return run(words)


def _explain(words: Sequence[str]) -> int:
    from glassnet.cli.explain import run

    return run(words)


def _draw(words: Sequence[str]) -> int:
    from glassnet.cli.draw import run

    return run(words)


def _probe(words: Sequence[str]) -> int:
    from glassnet.cli.probe import run

    return run(words)


def _datasets(words: Sequence[str]) -> int:
    from glassnet.cli.datasets import run

    return run(words)


def _play(words: Sequence[str]) -> int:
    from glassnet.cli.play import run

    return run(words)


def _runs(words: Sequence[str]) -> int:
    from glassnet.cli.runs import run

    return run(words)


def _plot(words: Sequence[str]) -> int:
    from glassnet.cli.plot import run

    return run(words)


def _report(words: Sequence[str]) -> int:
    from glassnet.cli.html_report import run

    return run(words)


def _lessons(words: Sequence[str]) -> int:
    from glassnet.cli.lessons import run

    return run(words)


def _help(words: Sequence[str]) -> int:
    if words and words[0] != "help":
        return _find(words[0])([*words[1:], "--help"])
    return PAGE.show(OPTIONS)


COMMANDS: dict[str, tuple[Command, str]] = {
    "train": (_train, "learn a data set and keep the model"),
    "lr-find": (_lr_find, "find a learning rate that suits a network"),
    "predict": (_predict, "ask a model about images or numbers"),
    "evaluate": (_evaluate, "test a model again"),
    "runs": (_runs, "list, show and compare trainings"),
    "report": (_report, "tell a training in one HTML file"),
    "plot": (_plot, "see how a training went, and what came of it"),
    "sweep": (_sweep, "train with many settings and find the best"),
    "doctor": (_doctor, "say what is wrong with a training or with data"),
    "gradcheck": (_gradcheck, "check every derivative against differences"),
    "explain": (_explain, "tell where a number comes from"),
    "draw": (_draw, "draw what was computed from what"),
    "probe": (_probe, "look inside a network, and at what networks can do"),
    "datasets": (_datasets, "list what there is to learn"),
    "play": (_play, "see networks learn, in a browser"),
    "lessons": (_lessons, "learn how networks work, by a course that runs"),
    "help": (_help, "show a page of help"),
}
OPTIONS = [
    Option("version", None, "show the version"),
    Option("help", None, "show this page, or with a command its own"),
]
PAGE = Page(
    usage="glassnet COMMAND [options]",
    says="Neural networks under glass: train multilayer perceptrons and look at what they have learnt.",
    examples=(
        ("glassnet train mnist", "learn handwritten digits"),
        ("glassnet train --help", "all that can be chosen"),
        ("glassnet predict runs/mnist-… digit.png", "read an image"),
    ),
    commands=tuple((name, says) for name, (_, says) in COMMANDS.items()),
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the program with these words, or with those it was called with; the exit status."""
    words = sys.argv[1:] if words is None else words
    _open_what_is_closed()
    try:
        status = _dispatch(words)
        sys.stdout.flush()  # here, where a full disk or a reader that left can still be answered
        return status
    except UsageError as problem:
        return _fail(problem, 2)
    except GlassnetError as problem:
        return _fail(problem, 1)
    except BrokenPipeError:  # `glassnet … | head`: whoever read has had enough
        _stop_writing()
        return 1
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except MemoryError:
        advice = "Try smaller layers, or fewer examples"
        return _fail(complain("got a request for more memory than there is", "expected less", advice), 1)
    except Exception as problem:
        if isinstance(problem, OSError) and problem.filename is None and problem.errno in _NO_ROOM:
            _stop_writing()
            got = f"got '{problem.strerror}' on writing to the standard output"
            return _fail(complain(got, "expected room for it", "Try another place for it"), 1)
        return _fail(_unexpected(problem), 1)


_NO_SLIPS = ("export", "import", "convert")  # words of other programs, which are not meant to be report
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def _open_what_is_closed() -> None:
    """Streams that whoever called has closed (`>&-`, a service, pythonw) take what is written to nowhere."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _stop_writing() -> None:
    """What is still in the standard output's buffer would fail again at the end of the process."""
    with suppress(OSError, ValueError):  # a stream that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(words: Sequence[str]) -> int:
    if not words or words[0] in ("--help", "-h"):
        return PAGE.show(OPTIONS)
    if words[0] in ("--version", "-V", "version"):
        print(f"glassnet {__version__}")
        return 0
    return _find(words[0])(["--help" if word == "-h" else word for word in words[1:]])


def _find(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name][0]
    from glassnet.train.kinds import nearest, shown

    near = nearest(name.lower(), COMMANDS)
    slip = near and name.lower() not in _NO_SLIPS
    hint = f"Try glassnet {near}" if slip else "Try glassnet --help"
    raise UsageError(complain(f"got the command {shown(name)}", f"expected one of {', '.join(COMMANDS)}", hint))


def _fail(problem: object, status: int) -> int:
    with suppress(OSError):  # nobody listens: the status still tells
        print("glassnet:", " ".join(str(problem).split()), file=sys.stderr)
    return status


def _unexpected(problem: Exception) -> str:
    """A mistake of glassnet's own, with the place where it happened."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}, line {trace.tb_lineno}" if trace else "?"
    got = f"got {type(problem).__name__}: {problem} ({place})"
    return complain(got, "expected none: this is a mistake in glassnet", "Try reporting this line")


if __name__ == "__main__":
    sys.exit(main())
