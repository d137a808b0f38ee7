"""Pictures of a run in characters: curves in braille, images and planes in half blocks, histograms in eighths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.cli.charts import Curve, chart, mark
from glassnet.cli.help import wrapped
from glassnet.cli.pictures import side_by_side
from glassnet.cli.report import percent
from glassnet.cli.signed_picture import draw_signed
from glassnet.cli.terminal import Terminal
from glassnet.data.datasets import DataSet
from glassnet.train.activity import Activity, Histogram
from glassnet.train.boundary import Surface, curve, surface
from glassnet.train.evaluation import Classification
from glassnet.train.figures import History
from glassnet.train.metrics import calibration_curve, ece

_WIDEST = 76
_PLANE_ROWS = 22
_EDGE = 2  # pixels of an image that say little
_EIGHTHS, _STEPS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
_MOST_UNITS, _MOST_POINTS = 24, 300
_GROUNDS = (18, 94, 22, 88, 53, 24, 58, 236)  # of 256 colours: dark ones, for the classes' regions
_FAINT = (17, 58, 22, 52, 53, 23, 58, 235)  # darker, where the network is not sure
_POINTS = (75, 215, 114, 203, 176, 117, 227, 255)
_LETTERS = "ox+*#@%&"


def history_charts(history: History, curves_of: Callable[[History, str], list[Curve]], terminal: Terminal) -> list[str]:
    """A chart of the losses, and one of accuracy or R² where there is one; then the learning rate."""
    lines: list[str] = []
    for ending, title in (("loss", "loss"), ("accuracy", "accuracy"), ("r2", terminal.r2)):
        curves = curves_of(history, ending)
        if curves:
            heights = np.concatenate([c.y for c in curves])
            log = ending == "loss" and heights.min() > 0 and heights.max() > 20 * heights.min()
            scale = " (logarithmic)" if log else ""
            bounds = (0.0, 1.0) if ending == "accuracy" and heights.min() == heights.max() else None  # no share is 1.4
            cuts = [float(e["epoch"]) for e in history if "rate_cut_to" in e] if ending == "loss" else []
            said = f", {mark(terminal)} the rate is cut" if cuts else ""
            how = {"title": title + scale + said, "x_label": "epoch", "log_y": bool(log), "bounds": bounds}
            drawn = chart(curves, terminal, height=10, marks=cuts, **how)
            lines += [*drawn, ""]
    rates = [(float(e["epoch"]), float(e["rate"])) for e in history if isinstance(e.get("rate"), int | float)]
    if len({rate for _, rate in rates}) > 1:
        curve = Curve("at the end of each epoch", *zip(*rates, strict=True))
        lines += [*chart([curve], terminal, height=5, title="learning rate", x_label="epoch"), ""]
    return lines[:-1]


# ---- weights --------------------------------------------------------------------------------------------------------


def weight_pictures(weights: np.ndarray, shape: tuple[int, int], terminal: Terminal) -> list[str]:
    """What units look for: as many images beside each other as fit, in two rows, without the edges of large ones."""
    edge = _EDGE if min(shape) >= 10 * _EDGE else 0
    width = shape[1] - 2 * edge
    across = max(1, (terminal.width + 2) // (width + 2))
    order = np.argsort(-np.abs(weights).sum(axis=1), kind="stable")[: 2 * across]
    lines: list[str] = []
    for start in range(0, len(order), across):
        units = order[start : start + across].tolist()
        images = [
            weights[u].reshape(shape)[edge : shape[0] - edge, edge : shape[1] - edge].astype(float) for u in units
        ]
        # the shades are those of square roots: squares make them even, or the noise would be as loud as the pattern
        blocks = [
            [*draw_signed(image * np.abs(image), terminal), f"unit {u}"] for u, image in zip(units, images, strict=True)
        ]
        lines += [*side_by_side(blocks, [width] * len(blocks), gap=2), ""]
    said = "blue: brightness there speaks for the unit, amber: against it" if terminal.colour else "+ for, - against"
    caption = f"{said}; the strongest {len(order)} of {len(weights)} units that were kept"
    return [*lines, *map(terminal.dim, wrapped(caption, terminal.width))]


def weight_rows(weights: np.ndarray, names: Sequence[str], terminal: Terminal) -> list[str]:
    """The weights of each unit as numbers, of few features, or as a row of signed cells, of many."""
    units, features = weights.shape
    order = np.argsort(-np.linalg.norm(weights, axis=1), kind="stable")[:_MOST_UNITS]
    shown = weights[order].astype(float)
    if 9 * features + 9 > terminal.width:
        across = terminal.width - 2
        return [*draw_signed(shown[:, :across], terminal), terminal.dim(f"units downwards, {features} features across")]
    heads = [name[:8] for name in names] or [f"x{j + 1}" for j in range(features)]
    lines = [terminal.dim("     unit" + "".join(f"{name:>9}" for name in heads))]
    most = float(np.abs(weights).max()) or 1.0
    for unit, row in zip(order.tolist(), shown, strict=True):
        cells = [_signed(float(w), f"{w:9.3f}", most, terminal) for w in row]
        lines.append(f"{unit:>9}" + "".join(cells))
    more = units - len(shown)
    return [*lines, *([terminal.dim(f"and {more} more units, with smaller weights")] if more > 0 else [])]


def _signed(w: float, text: str, most: float, terminal: Terminal) -> str:
    if abs(w) < 0.1 * most:
        return terminal.dim(text)
    return terminal.paint(text, "34" if w > 0 else "33")


# ---- judgement ------------------------------------------------------------------------------------------------------


def calibration_chart(test: Classification, terminal: Terminal, bins: int = 10) -> list[str]:
    """For each range of confidence: how many examples, how sure, how often right, as two bars."""
    found = calibration_curve(test.probabilities, test.labels, bins, probabilities=True)
    lines = [terminal.dim(f"{'confidence':>12}{'examples':>10}{'right':>9}")]
    for sure, right, count in zip(found.confidence.tolist(), found.right.tolist(), found.count.tolist(), strict=True):
        bar = terminal.paint(terminal.bar(right, 24, "━ "), "36")
        gap = right - sure
        says = "" if abs(gap) < 0.02 else terminal.paint("too sure" if gap < 0 else "not sure enough", "33")
        lines.append(f"{percent(sure, 1):>12}{count:>10,}{percent(right, 1):>9}  {bar}  {says}")
    error = ece(test.probabilities, test.labels, bins, probabilities=True)
    return [
        *lines,
        "",
        f"expected calibration error {terminal.bold(f'{error:.4f}')}: how far the two are apart on average",
    ]


# ---- the plane ------------------------------------------------------------------------------------------------------


def boundary_picture(trained: Any, data: DataSet, terminal: Terminal) -> list[str]:
    """The plane in the colours of the classes, with the test points; the curve of a network of one feature."""
    x, y = (data.x_test, data.y_test) if len(data.x_test) else (data.x_train, data.y_train)
    some = slice(None, None, max(1, len(x) // _MOST_POINTS))
    names = [*data.feature_names, "target"]
    if data.n_features == 1 and data.task == "regression":
        xs, ys = curve(trained, x.reshape(-1, 1), 200)
        points = Curve("test points", x[some].reshape(-1).tolist(), y[some, 0].tolist())
        line = Curve("network", xs.tolist(), ys.tolist())
        return chart([line, points], terminal, height=16, x_label=names[0], title=names[1], joined=False)
    width = min(terminal.width, _WIDEST)
    said = surface(trained, x, width, 2 * _PLANE_ROWS)
    if data.task == "regression":
        lines = draw_signed(said.values[::-1, :, 0], terminal)
        return [*lines, *_corners(said, names, width, terminal)]
    places = _cells(said, x[some])
    draw = _coloured if terminal.colour and terminal.unicode else _lettered
    key = _key(trained.classes, terminal)
    wrong = int((trained.predict(x).argmax(axis=1) != y).sum())
    lines = [*draw(said, places, y[some]), *_corners(said, names, width, terminal)]
    return [*lines, f"{key}   {wrong} of {len(x)} points on the wrong side"]


def _cells(said: Surface, points: np.ndarray) -> list[tuple[int, int]]:
    """Row, from the top, and column of each point on the grid."""
    height, width = said.classes.shape
    across = (points[:, 0] - said.x[0]) / (said.x[-1] - said.x[0]) * (width - 1)
    up = (points[:, 1] - said.y[0]) / (said.y[-1] - said.y[0]) * (height - 1)
    rows = (height - 1 - np.rint(up)).clip(0, height - 1).astype(int)
    return list(zip(rows.tolist(), np.rint(across).clip(0, width - 1).astype(int).tolist(), strict=True))


def _coloured(said: Surface, places: Sequence[tuple[int, int]], labels: np.ndarray) -> list[str]:
    """Half blocks: two places of the grid in each cell, points brighter than the ground."""
    classes, sure = said.classes[::-1], said.sure[::-1]
    middle = (1 + 1 / said.values.shape[2]) / 2
    grounds, faint = (
        np.array([scale[i % len(scale)] for i in range(said.values.shape[2])]) for scale in (_GROUNDS, _FAINT)
    )
    colours = np.where(sure > middle, grounds[classes], faint[classes])
    for (row, column), label in zip(places, labels.tolist(), strict=True):
        colours[row, column] = _POINTS[label % len(_POINTS)]
    lines = []
    for upper, lower in zip(colours[::2].tolist(), colours[1::2].tolist(), strict=True):
        cells = (f"\x1b[38;5;{u};48;5;{w}m▀" for u, w in zip(upper, lower, strict=True))
        lines.append("".join(cells) + "\x1b[0m")
    return lines


def _lettered(said: Surface, places: Sequence[tuple[int, int]], labels: np.ndarray) -> list[str]:
    """Without colours: the boundary as dots, points as letters."""
    classes = said.classes[::-1][::2]
    edge = np.zeros(classes.shape, bool)
    edge[:, 1:] |= classes[:, 1:] != classes[:, :-1]
    edge[1:] |= classes[1:] != classes[:-1]
    cells = [["." if e else " " for e in row] for row in edge.tolist()]
    for (row, column), label in zip(places, labels.tolist(), strict=True):
        cells[row // 2][column] = _LETTERS[label % len(_LETTERS)]
    return ["".join(row) for row in cells]


def _corners(said: Surface, names: Sequence[str], width: int, terminal: Terminal) -> list[str]:
    left, right = f"{said.x[0]:.3g}", f"{said.x[-1]:.3g}"
    middle = f"{names[0]} across, {names[1]} upwards from {said.y[0]:.3g} to {said.y[-1]:.3g}"
    return [terminal.dim(f"{left}{middle:^{max(0, width - len(left) - len(right))}}{right}")]


def _key(classes: Sequence[str], terminal: Terminal) -> str:
    if terminal.colour and terminal.unicode:
        signs = [f"\x1b[38;5;{_POINTS[i % len(_POINTS)]}m█\x1b[0m" for i in range(len(classes))]
    else:
        signs = [_LETTERS[i % len(_LETTERS)] for i in range(len(classes))]
    return "  ".join(f"{sign} {name}" for sign, name in zip(signs, classes, strict=True))


# ---- inside the layers ----------------------------------------------------------------------------------------------


def activation_rows(activity: Activity, terminal: Terminal) -> list[str]:
    """For each layer, at its first look and at its last: mean, spread, idle units and the histogram."""
    first, last = activity.looks[0], activity.looks[-1]
    width = max(len(f"{layer.name} {layer.kind}") for layer in last.layers)
    heading = f"{'layer':<{width}}  {'step':>7}  {'mean':>8}  {'spread':>8}  {'idle units':>11}   histogram"
    lines = [terminal.dim(heading)]
    for layer in last.layers:
        for look in dict.fromkeys((first.step, last.step)):
            source = first if look == first.step else last
            seen = next((each for each in source.layers if each.name == layer.name), layer)
            name = f"{seen.name} {seen.kind}" if look == first.step else ""
            idle = f"{seen.dead} dead" if seen.dead else f"{seen.saturated} satur." if seen.saturated else ""
            idle = f"{idle:>11}" if not idle else terminal.paint(f"{idle:>11}", "33")
            bars = terminal.paint(histogram_bars(seen.histogram, terminal), "36")
            lines.append(f"{name:<{width}}  {look:>7,}  {seen.mean:>8.3f}  {seen.std:>8.3f}  {idle}  |{bars}|")
    return lines


def histogram_bars(histogram: Histogram, terminal: Terminal) -> str:
    """A histogram as one line, the highest bar full; a rare range still shows.

    >>> import io
    >>> histogram_bars(Histogram(0.0, 1.0, (0, 1, 8, 80)), Terminal(io.StringIO(), environ={}))
    ' ▁▁█'
    """
    most = max(histogram.counts, default=0) or 1
    scale = _EIGHTHS if terminal.unicode else _STEPS
    return "".join(scale[max(round(8 * n / most), 1 if n else 0)] for n in histogram.counts)


def gradient_charts(activity: Activity, terminal: Terminal) -> list[str]:
    """The typical gradient of each layer's weights over the steps, and by how much steps change them."""
    looks, lines = activity.looks, list[str]()
    names = [p.name for p in looks[-1].weights]
    shown = names if len(names) <= 4 else [names[0], names[len(names) // 2], names[-1]]
    flows, moves = [], []
    for name in shown:
        seen = [(look.step + 1.0, p) for look in looks for p in look.weights if p.name == name]
        flows.append(Curve(name, [s for s, _ in seen], [p.gradient_rms for _, p in seen]))
        moved = [(s, p.update) for s, p in seen if p.update is not None]
        if moved:
            moves.append(Curve(name, [s for s, _ in moved], [float(u) for _, u in moved]))
    how = {"log_x": True, "log_y": True, "x_label": "step (logarithmic)"}
    lines += [*chart(flows, terminal, title="typical gradient", **how), ""]
    if moves:
        lines += [*chart(moves, terminal, title="|update| / |weights|", **how), ""]
        lines.append(terminal.dim("about 1/1000 is usual; far below, a layer hardly learns; far above, it jumps"))
    return lines
