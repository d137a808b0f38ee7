"""What a notebook shows of a training: a history as curves, a run as a page, a chart that grows while a network learns.

The curves are SVG in the page itself, in the page's own text colour, so that they suit light and dark themes; nothing
is loaded from elsewhere, and no name or text of the user's can become markup.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from html import escape
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from glassnet.errors import GlassnetError
from glassnet.train.callbacks import Callback, Figures
from glassnet.train.figures import History

if TYPE_CHECKING:
    from glassnet.train.runs import Run
    from glassnet.train.trainer import Trainer

_WIDTH, _HEIGHT = 360, 190
_LEFT, _TOP, _BOTTOM, _RIGHT = 52, 22, 26, 10
_MOST_POINTS = 400
_COLOURS = {"training": "#0072B2", "validation": "#E69F00", "test": "#D55E00"}  # Okabe and Ito (2008)
_OTHERS = ("#009E73", "#CC79A7", "#56B4E9")
_UPDATE_SECONDS = 0.3
_CELL = "padding:2px 12px 2px 0;text-align:left;vertical-align:top"


class Line(NamedTuple):
    """A named curve."""

    name: str
    points: list[tuple[float, float]]


def lines_of(history: History, ending: str) -> list[Line]:
    """The curves of a history whose names end like that, such as loss and validation_loss.

    >>> lines_of(History([{"epoch": 1, "loss": 0.5, "test_loss": 0.7}]), "loss")
    [Line(name='training', points=[(1.0, 0.5)]), Line(name='test', points=[(1.0, 0.7)])]
    """
    names = [n for n in history.names if n != "batch_accuracy" and (n == ending or n.endswith(f"_{ending}"))]
    found = []
    for name in names:
        pairs = [(float(e["epoch"]), float(e[name])) for e in history if _is_number(e.get(name))]
        if pairs:
            found.append(Line(name.removesuffix(ending).rstrip("_") or "training", pairs))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


# ---- curves ---------------------------------------------------------------------------------------------------------


def svg_chart(lines: Sequence[Line], title: str, width: int = _WIDTH, height: int = _HEIGHT) -> str:
    """Curves with a legend and the ends of both axes, as an `<svg>` of its own.

    A loss that falls to less than a twentieth is drawn on a logarithmic scale. Of very long curves, evenly spaced
    points are drawn.
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    log = bool(ys) and title == "loss" and 0 < 20 * min(ys) < max(ys)
    (left, right), (low, high) = _range(xs), _ends(ys)
    inner_w, inner_h = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        if log:  # of each for itself, and halves: ratios and distances of huge losses are no float64
            y, bottom, top = math.log(y), math.log(low), math.log(high)
        else:
            y, bottom, top = y / 2, low / 2, high / 2
        up = (y - bottom) / (top - bottom)
        return _LEFT + (x - left) / (right - left) * inner_w, _TOP + (1 - up) * inner_h

    drawn = [_curve([place(*p) for p in _thinned(line.points)], _colour(i, line.name)) for i, line in enumerate(lines)]
    scale = " (logarithmic)" if log else ""
    label = f"{title}{scale} over epochs {left:g} to {right:g}: " + ", ".join(
        f"{line.name} {line.points[-1][1]:.4g} at the end" for line in lines
    )
    return (
        f"<svg role='img' aria-label='{escape(label, quote=True)}' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}' xmlns='http://www.w3.org/2000/svg' font-family='sans-serif' font-size='11' "
        f"fill='currentColor'>{_frame(width, height)}{_numbers(left, right, low, high, width, height)}"
        f"{''.join(drawn)}{_legend(lines, title + scale)}</svg>"
    )


def _range(xs: Sequence[float]) -> tuple[float, float]:
    low, high = (min(xs), max(xs)) if xs else (0.0, 1.0)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _ends(ys: Sequence[float]) -> tuple[float, float]:
    low, high = (min(ys), max(ys)) if ys else (0.0, 1.0)
    if high - low > 1e-6 * max(abs(low), abs(high), 1e-6):
        return low, high
    room = 0.5 * abs(low) or 0.5  # a curve that never changes runs along the middle
    return low - room, high + room


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    step = -(-len(points) // _MOST_POINTS)
    return points[::step] + ([points[-1]] if (len(points) - 1) % step else [])


def _colour(i: int, name: str) -> str:
    return _COLOURS.get(name, _OTHERS[i % len(_OTHERS)])


def _curve(points: Sequence[tuple[float, float]], colour: str) -> str:
    x, y = points[-1]
    path = " ".join(f"{u:.1f},{v:.1f}" for u, v in points)
    line = f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='1.8' stroke-linejoin='round'/>"
    return f"{line}<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5' fill='{colour}'/>"


def _frame(width: int, height: int) -> str:
    corner = f"{_LEFT},{_TOP} {_LEFT},{height - _BOTTOM} {width - _RIGHT},{height - _BOTTOM}"
    return f"<polyline points='{corner}' fill='none' stroke='currentColor' stroke-opacity='0.35'/>"


def _numbers(left: float, right: float, low: float, high: float, width: int, height: int) -> str:
    below = height - _BOTTOM + 15
    return (
        f"<text x='{_LEFT - 5}' y='{_TOP + 8}' text-anchor='end'>{high:.3g}</text>"
        f"<text x='{_LEFT - 5}' y='{height - _BOTTOM}' text-anchor='end'>{low:.3g}</text>"
        f"<text x='{_LEFT}' y='{below}'>{left:g}</text>"
        f"<text x='{(width + _LEFT) / 2:.0f}' y='{below}' text-anchor='middle' fill-opacity='0.7'>epoch</text>"
        f"<text x='{width - _RIGHT}' y='{below}' text-anchor='end'>{right:g}</text>"
    )


def _legend(lines: Sequence[Line], title: str) -> str:
    words = "".join(
        f"<tspan dx='10' fill='{_colour(i, line.name)}'>{escape(line.name)}</tspan>" for i, line in enumerate(lines)
    )
    return f"<text x='{_LEFT}' y='14'><tspan font-weight='bold'>{escape(title)}</tspan>{words}</text>"


# ---- pages ----------------------------------------------------------------------------------------------------------


def history_html(history: History) -> str:
    """The charts of a history, and what it says in one line.

    >>> history_html(History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])).count("<polyline")
    2
    """
    charts = [svg_chart(lines, name) for name in ("loss", "accuracy", "r2") if (lines := lines_of(history, name))]
    return f"<div>{''.join(charts)}<div style='opacity:0.75'>{escape(repr(history))}</div></div>"


def run_html(run: Run) -> str:
    """A run on one page: what it was, how good it is, its curves; what cannot be read is said."""
    try:
        rows = _rows(run)
        charts = history_html(run.history) if run.history.entries else ""
    except GlassnetError as problem:
        return f"<div><b>{escape(run.name)}</b><div>{escape(str(problem))}</div></div>"
    cells = "".join(
        f"<tr><td style='{_CELL};opacity:0.7'>{escape(name)}</td><td style='{_CELL}'>{escape(value)}</td></tr>"
        for name, value in rows.items()
    )
    return f"<div><b>{escape(run.name)}</b><table style='border-collapse:collapse'>{cells}</table>{charts}</div>"


def _rows(run: Run) -> dict[str, str]:
    settings = run.settings
    names = ("optimizer", "learning_rate", "batch_size", "epochs", "seed")
    figures = {name: run.metric(name) for name in ("accuracy", "r2", "loss", "parameters")}
    rows = {"data": run.data, "network": str(settings.get("network") or "?"), "status": run.status}
    rows["settings"] = ", ".join(f"{n.replace('_', ' ')} {settings[n]}" for n in names if settings.get(n) is not None)
    for name, value in figures.items():
        if value is not None:
            rows[name] = f"{value:,.10g}" if name == "parameters" else f"{value:.4f}"
    return {**rows, "begun": run.date} if run.date else rows


# ---- while a network learns -----------------------------------------------------------------------------------------


class LiveChart(Callback):
    """Curves that grow while a network learns, in a notebook; anywhere else, a line for each epoch.

    A training of many short epochs is drawn a few times a second; of the lines, at most about `most` are printed.

    >>> import glassnet as torch
    >>> from glassnet.train.trainer import Trainer
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> _ = torch.nn.init.zeros_(model.weight)
    >>> trainer = Trainer(model, "mse", torch.optim.SGD(model.parameters(), lr=0.25), callbacks=[LiveChart()])
    >>> _ = trainer.fit((torch.ones(4, 1), torch.ones(4, 1)), epochs=2)
    epoch 1 of 2  loss 1  rate 0.25
    epoch 2 of 2  loss 0.25  rate 0.25
    """

    def __init__(self, most: int = 50) -> None:
        self.most = max(1, most)
        self.history = History()
        self._handle: Any = None
        self._display: Any = None
        self._next = 0.0
        self._said = 0

    def on_fit_start(self, trainer: Trainer) -> None:
        """Make room for the chart."""
        self.history = History([dict(figures) for figures in trainer.history])
        self._display, self._said, self._next = notebook_display(), 0, 0.0
        self._handle = None

    def on_epoch_end(self, trainer: Trainer, figures: Figures) -> None:
        """Draw, or say, how it stands."""
        self.history.add(dict(figures))
        self.history.seconds = trainer.seconds
        if self._display is None:
            self._say(trainer, figures)
        elif monotonic() >= self._next:
            self._draw()

    def on_fit_end(self, trainer: Trainer) -> None:
        """Draw it once more, whole."""
        self.history.stopped, self.history.seconds = trainer.stopped, trainer.seconds
        if self._display is not None and self.history.entries:
            self._draw()

    def _say(self, trainer: Trainer, figures: Figures) -> None:
        every = -(-trainer.epochs // self.most)
        if trainer.epoch == 1 or trainer.epoch == trainer.epochs or trainer.epoch - self._said >= every:
            self._said = trainer.epoch
            shown = [f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items() if _told(name, value)]
            print(f"epoch {trainer.epoch} of {trainer.epochs}", *shown, sep="  ", flush=True)

    def _draw(self) -> None:
        page = _Page(history_html(self.history))
        if self._handle is None:
            self._handle = self._display(page, display_id=True)
        else:
            self._handle.update(page)
        self._next = monotonic() + _UPDATE_SECONDS


def _told(name: str, value: Any) -> bool:
    return name not in ("epoch", "seconds") and _is_number(value)


class _Page:
    """What IPython's display understands."""

    def __init__(self, html: str) -> None:
        self.html = html

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return "a chart of the training"


def notebook_display() -> Any:
    """IPython's `display` if this is a notebook that can show pictures, else None; nothing is imported for it.

    >>> notebook_display() is None
    True
    """
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None
    if shell is None or not hasattr(shell, "kernel"):  # a terminal shows no pictures
        return None
    from IPython.display import display  # type: ignore[import-not-found]

    return display
