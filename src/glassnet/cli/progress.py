"""What is seen while a network trains: one row for each epoch, and below them a line that moves."""

from __future__ import annotations

from time import perf_counter

from glassnet.cli.help import wrapped
from glassnet.cli.pictures import visible
from glassnet.cli.terminal import Terminal
from glassnet.train.amounts import amount
from glassnet.train.callbacks import RateCut
from glassnet.train.evaluation import Classification
from glassnet.train.multilabel import Multilabel
from glassnet.train.training import Moment

_MOST_ROWS = 20
_BAR = 24
_NARROW = 46  # screens below this many columns get a table with fewer gaps
_REDRAW_SECONDS = 0.05  # epochs can be shorter than an eye can follow


class Progress:
    """Shows the moments of a training.

    A terminal gets the live line and the rows; a file gets the rows alone; `quiet` shows nothing.
    """

    def __init__(self, terminal: Terminal, quiet: bool = False) -> None:
        self.terminal, self.quiet = terminal, quiet
        self._live = terminal.live and not quiet
        self._shown = 0  # columns that the live line takes at present
        self._last_row = 0  # the epoch of the last row
        self._headed = False
        self._next_redraw = 0.0
        self._judged: Moment | None = None  # the latest moment with a judgement

    def begin(self, moment: Moment) -> None:
        """Add the row of epoch 0: how the network does before it has learnt anything."""
        if not self.quiet:
            self._say_row(moment)

    def show(self, moment: Moment) -> None:
        """Redraw the live line, or add a row if an epoch has ended."""
        if self.quiet:
            return
        due = moment.epoch - self._last_row >= moment.epochs / _MOST_ROWS or moment.epoch == moment.epochs
        if moment.test is not None:
            self._judged = moment
            if due:
                self._say_row(moment)
        if moment.cut is not None:
            self._say_cut(moment.cut)
        if self._live and moment.done < 1 and perf_counter() >= self._next_redraw:
            self._redraw(self._line(moment))
            self._next_redraw = perf_counter() + _REDRAW_SECONDS

    def end(self) -> None:
        """Add the row of the last epoch that was judged: a training may stop between two rows."""
        self.clear()
        if not self.quiet and self._judged is not None and self._judged.epoch > self._last_row:
            self._say_row(self._judged)

    def _say_row(self, moment: Moment) -> None:
        self.clear()
        if not self._headed:
            self._headed = True
            self.terminal.say(self.terminal.dim(_heading(moment, self.terminal)))
        self.terminal.say(_row(moment, self.terminal.width))
        self._last_row = moment.epoch

    def _say_cut(self, cut: RateCut) -> None:
        """Add a line about a rate that was cut, whether or not its epoch has a row."""
        self.clear()
        waited = f"{cut.epochs} epoch{'s' * (cut.epochs > 1)}"
        why = f"{cut.monitor.replace('_', ' ')} no better than {amount(cut.best)} for {waited}"
        text = f"after epoch {cut.epoch} the rate goes from {cut.before:.4g} to {cut.after:.4g}: {why}"
        self.terminal.say(*map(self.terminal.dim, wrapped(text, self.terminal.width)))

    def clear(self) -> None:
        """Take the live line away."""
        self._next_redraw = 0.0
        if self._shown:
            blanks = " " * min(self._shown + len("^C"), self.terminal.width)  # the terminal itself shows a Ctrl-C
            self.terminal.stream.write(f"\r{blanks}\r")
            self.terminal.stream.flush()
            self._shown = 0

    def _redraw(self, line: str) -> None:
        columns = visible(line)
        blanks = " " * max(0, self._shown - columns)  # over what is left of a longer line
        self.terminal.stream.write(f"\r{line}{blanks}")
        self.terminal.stream.flush()
        self._shown = max(columns, self._shown) if blanks else columns

    def _line(self, moment: Moment) -> str:
        """The parts that fit, the bar taking what is left over."""
        accuracy = f"accuracy {100 * moment.accuracy:.1f} %" if moment.accuracy is not None else ""
        parts = [
            f"epoch {moment.epoch} of {moment.epochs}",
            f"loss {moment.loss:.4f}",
            accuracy,
            f"{moment.examples_per_second:,.0f} examples/s",
            f"{clock(moment.seconds_left)} left",
        ]
        text = "  ".join(part for part in parts if part)
        room = self.terminal.width - len("^C") - 1  # where the terminal writes a Ctrl-C, not on a line of its own
        width = min(_BAR, room - len(text) - 2)
        if width < 4:
            return text[:room]
        return f"{self.terminal.bar(moment.done, width)}  {text}"


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, or hours and minutes.

    >>> clock(4.2), clock(75), clock(7500), clock(float("inf"))
    ('0:05', '1:15', '2:05:00', '?')
    """
    if seconds == float("inf"):
        return "?"
    whole = -int(-seconds // 1)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _heading(moment: Moment, terminal: Terminal) -> str:
    part = "valid." if moment.part == "validation" else moment.part
    named = isinstance(moment.test, Classification | Multilabel)
    if terminal.width < _NARROW:
        return f"{'epoch':>5} {'loss':>8} {'accuracy' if named else 'RMSE':>9} {'time':>8}"
    figures = f"{f'{part} accuracy':>13}" if named else f"{f'{part} error (RMSE)':<17}      {terminal.r2}"
    return f"{'epoch':>6}  {'loss':>9}  {figures}  {'time':>8}"


def _row(moment: Moment, width: int) -> str:
    test = moment.test
    if width < _NARROW:
        named = isinstance(test, Classification | Multilabel)
        figure = f"{100 * test.accuracy:.2f} %" if named else amount(test.rmse) if test else ""
        return f"{moment.epoch:>5} {moment.loss:>8.5f} {figure:>9} {moment.seconds:>6.2f} s"
    if isinstance(test, Classification | Multilabel):
        width = 13 if moment.part == "validation" else 11
        figures = f"{100 * test.accuracy:{width}.2f} %"
    else:
        figures = f"{amount(test.rmse):>17} {test.r2:7.4f}" if test else ""
    return f"{moment.epoch:>6}  {moment.loss:>9.5f}  {figures}  {moment.seconds:>6.2f} s"
