"""Pictures of a training for papers and slides, by matplotlib (`pip install glassnet[plot]`).

Every function returns a `matplotlib.figure.Figure`, which `figure.savefig("picture.png")` writes; nothing is shown by
itself, and no window is opened. Colours are those of Okabe and Ito (2008), which colour-blind readers can tell apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.errors import DataError, NotSupportedError, complain
from glassnet.train.activity import Activity
from glassnet.train.amounts import amount
from glassnet.train.boundary import Surface, curve, surface
from glassnet.train.evaluation import Classification, Regression
from glassnet.train.figures import History
from glassnet.train.metrics import calibration_curve, ece
from glassnet.train.rate_finder import RateTest

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # pyright: ignore[reportMissingImports] -- an extra
    from matplotlib.figure import Figure  # pyright: ignore[reportMissingImports] -- an extra

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
_MOST_POINTS = 2_000
_FAINT = "#888888"
_MOST_ANNOTATED = 25  # classes up to which the numbers stand in the cells
_GALLERY = (3, 6)


def figure(width: float = 7.0, height: float = 4.5, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """A new figure of so many inches and its axes.

    Raises `NotSupportedError` where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure as New  # pyright: ignore[reportMissingImports] -- an extra
    except ImportError:
        got, hint = "got no matplotlib", "Try pip install 'glassnet[plot]'; `glassnet plot RUN` draws in the terminal"
        raise NotSupportedError(complain(got, "expected it, for pictures in files", hint)) from None
    made = New(figsize=(width, height), layout="constrained")
    return made, made.subplots(rows, columns)


def loss_curves(history: History, title: str = "") -> Figure:
    """The losses over the epochs, and beside them accuracy or R² where the history has one.

    A dotted line marks each epoch after which the rate was cut (`ReduceOnPlateau`).
    """
    endings = [name for name in ("loss", "accuracy", "r2") if any(n.endswith(name) for n in _shown_names(history))]
    if not endings:
        raise DataError(complain("got an empty history", "expected an epoch", "Try a longer training"))
    drawn, axes = figure(5.0 * len(endings) + 1, 4.0, 1, len(endings))
    for ax, ending in zip(np.atleast_1d(axes), endings, strict=True):
        for name in (n for n in _shown_names(history) if n.endswith(ending)):
            xs, ys = zip(*((e["epoch"], e[name]) for e in history if _is_number(e.get(name))), strict=True)
            marker = "o" if len(xs) < 3 else None
            ax.plot(xs, ys, label=_said(name, ending), color=_colour_of(name), marker=marker)
        _label(ax, "epoch", "R²" if ending == "r2" else ending)
        if ending == "loss" and all(line.get_ydata().min() > 0 for line in ax.lines):  # type: ignore[union-attr]
            ax.set_yscale("log")
        for number, epoch in enumerate(_cuts(history)):
            label = "the rate is cut" if ending == "loss" and not number else None
            ax.axvline(epoch, color=_FAINT, linestyle=":", linewidth=1, zorder=0, label=label)
        ax.legend(frameon=False)
    _entitle(drawn, title)
    return drawn


def _cuts(history: History) -> list[float]:
    """The epochs after which the rate was cut."""
    return [float(entry["epoch"]) for entry in history if _is_number(entry.get("rate_cut_to"))]


def _shown_names(history: History) -> list[str]:
    """The names of figures that some epoch has a number for."""
    names = [name for name in history.names if any(_is_number(entry.get(name)) for entry in history)]
    return [name for name in names if name != "batch_accuracy"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _said(name: str, ending: str) -> str:
    return name.removesuffix(ending).rstrip("_") or "training"


def _colour_of(name: str) -> str:
    return COLOURS[1] if name.startswith("validation") else COLOURS[3] if name.startswith("test") else COLOURS[0]


def decision_boundary(trained: Any, data: DataSet, title: str = "") -> Figure:
    """What the network says all over the plane, with the test points in it; for one feature, its curve.

    Mistakes are ringed.
    """
    x, y = (data.x_test, data.y_test) if len(data.x_test) else (data.x_train, data.y_train)
    some = slice(None, None, max(1, len(x) // _MOST_POINTS))
    drawn, ax = figure(6.0, 5.0)
    if data.n_features == 1 and data.task == "regression":
        _draw_curve(ax, trained, x[some].reshape(-1, 1), y[some])
    else:
        said = surface(trained, x, 300, 240)
        draw = _draw_classes if data.task == "classification" else _draw_heights
        draw(drawn, ax, said, x[some], y[some], trained)
    names = [*data.feature_names, "target"]
    _label(ax, names[0], names[1])
    _entitle(drawn, title)
    return drawn


def _draw_curve(ax: Axes, trained: Any, x: np.ndarray, y: np.ndarray) -> None:
    ax.scatter(x[:, 0], y[:, 0], s=14, color=COLOURS[7], alpha=0.5, label="test points", linewidths=0)
    ax.plot(*curve(trained, x), color=COLOURS[3], label="network", linewidth=2)
    ax.legend(frameon=False)


def _draw_classes(drawn: Figure, ax: Axes, said: Surface, x: np.ndarray, y: np.ndarray, trained: Any) -> None:
    count = said.values.shape[2]
    colours = np.array([_rgb(COLOURS[i % len(COLOURS)]) for i in range(count)])
    strength = np.clip((said.sure - 1 / count) / (1 - 1 / count), 0, 1)[..., None] * 0.55 + 0.08
    image = 1 - strength * (1 - colours[said.classes])  # white where the network does not know
    extent = (said.x[0], said.x[-1], said.y[0], said.y[-1])
    ax.imshow(image, origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    if count == 2:
        ax.contour(said.x, said.y, said.values[..., 1], levels=[0.5], colors="black", linewidths=1.2)
    wrong = trained.predict(x).argmax(axis=1) != y
    for i, name in enumerate(trained.classes):
        chosen = y == i
        ax.scatter(*x[chosen].T, s=26, color=COLOURS[i % len(COLOURS)], edgecolors="white", linewidths=0.6, label=name)
    ax.scatter(*x[wrong].T, s=90, facecolors="none", edgecolors="black", linewidths=1.2, label=f"wrong ({wrong.sum()})")
    ax.legend(fontsize=8, loc="best")


def _draw_heights(drawn: Figure, ax: Axes, said: Surface, x: np.ndarray, y: np.ndarray, trained: Any) -> None:
    heights = said.values[..., 0]
    most = float(np.abs(heights).max()) or 1.0
    extent = (said.x[0], said.x[-1], said.y[0], said.y[-1])
    shades = {"cmap": "RdBu_r", "vmin": -most, "vmax": most}
    image = ax.imshow(heights, origin="lower", extent=extent, aspect="auto", **shades)
    ax.scatter(*x.T, c=y[:, 0], s=26, edgecolors="white", linewidths=0.6, **shades)
    drawn.colorbar(image, ax=ax)


def _rgb(colour: str) -> tuple[float, float, float]:
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return r, g, b


def weight_images(weights: np.ndarray, shape: tuple[int, int], title: str = "") -> Figure:
    """What each unit of the first layer looks for, `(units, height * width)`: blue for, red against."""
    count = min(len(weights), 32)
    columns = min(8, count)
    rows = -(-count // columns)
    drawn, axes = figure(1.2 * columns, 1.2 * rows + 0.4, rows, columns)
    for i, ax in enumerate(np.atleast_1d(axes).reshape(-1)):
        ax.set_axis_off()
        if i < count:
            most = float(np.abs(weights[i]).max()) or 1.0
            ax.imshow(weights[i].reshape(shape).astype(np.float64), cmap="RdBu", vmin=-most, vmax=most)
    _entitle(drawn, title)
    return drawn


def weight_matrix(weights: np.ndarray, names: Sequence[str] = (), title: str = "") -> Figure:
    """The first layer's weights `(units, features)` as a table of colours, for examples that are no images."""
    units, features = weights.shape
    drawn, ax = figure(min(12.0, 2.0 + 0.35 * features), min(10.0, 1.5 + 0.22 * units))
    most = float(np.abs(weights).max()) or 1.0
    image = ax.imshow(weights.astype(np.float64), cmap="RdBu", vmin=-most, vmax=most, aspect="auto")
    if len(names) == features <= 40:
        ax.set_xticks(
            range(features), names, rotation=60 if features > 4 else 0, ha="right" if features > 4 else "center"
        )
    _label(ax, "feature", "unit")
    drawn.colorbar(image, ax=ax)
    _entitle(drawn, title)
    return drawn


def confusion(test: Classification, classes: Sequence[str] = (), title: str = "") -> Figure:
    """The confusion matrix: rows are the true classes, each coloured by its shares."""
    counts = test.confusion
    n = len(counts)
    names = list(classes) if len(classes) == n else [str(i) for i in range(n)]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(12.0, 2.5 + 0.45 * n)
    drawn, ax = figure(side + 0.6, side)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if n <= _MOST_ANNOTATED:
        for i, j in np.ndindex(n, n):
            if counts[i, j]:
                ax.text(
                    j, i, f"{counts[i, j]}", ha="center", va="center", color="white" if shares[i, j] > 0.5 else "black"
                )
    slanted = max(map(len, names)) > 3
    ax.set_xticks(range(n), names, rotation=45 if slanted else 0, ha="right" if slanted else "center")
    ax.set_yticks(range(n), names)
    _label(ax, "said", "true", grid=False)
    drawn.colorbar(image, ax=ax, label="share of the true class")
    _entitle(drawn, title or f"{100 * test.accuracy:.2f} % of {test.n:,} right")
    return drawn


def mistakes(test: Classification, x: np.ndarray, classes: Sequence[str], title: str = "") -> Figure:
    """The images `(n, height, width)` that the network was most certainly wrong about.

    Raises `DataError` where examples are no images, or nothing was wrong.
    """
    if x.ndim not in (3, 4):
        got = f"got examples of shape {x.shape[1:]}"
        raise DataError(complain(got, "expected images", "Try the file mistakes.csv in the run's folder"))
    worst = test.worst(_GALLERY[0] * _GALLERY[1])
    if not worst:
        raise DataError(complain("got no mistakes", "expected at least one", "Try a harder data set"))
    columns = min(_GALLERY[1], len(worst))
    rows = -(-len(worst) // columns)
    drawn, axes = figure(1.6 * columns, 1.95 * rows + 0.3, rows, columns)
    for ax, i in zip(np.atleast_1d(axes).reshape(-1), [*worst, *[None] * (rows * columns - len(worst))], strict=True):
        ax.set_axis_off()
        if i is not None:
            said = int(test.said[i])
            ax.imshow(x[i], cmap="gray_r")
            sure = 100 * float(test.probabilities[i, said])
            ax.set_title(f"true {classes[test.labels[i]]}\nsaid {classes[said]}, {sure:.1f} %", fontsize=8)
    _entitle(drawn, title)
    return drawn


def errors(test: Regression, title: str = "") -> Figure:
    """Predictions of a regression against their targets: on the line, they are right."""
    drawn, ax = figure(5.0, 5.0)
    some = slice(None, None, max(1, test.n // _MOST_POINTS))
    true, said = test.targets[some].reshape(-1), test.predictions[some].reshape(-1)
    ends = [float(min(true.min(), said.min())), float(max(true.max(), said.max()))]
    ax.plot(ends, ends, color="grey", linewidth=1)
    ax.scatter(true, said, s=14, color=COLOURS[0], alpha=0.6, linewidths=0)
    _label(ax, "true", "said")
    _entitle(drawn, title or f"R² {test.r2:.4f}, typical error {amount(test.rmse)}")
    return drawn


def calibration(test: Classification, bins: int = 10, title: str = "") -> Figure:
    """How sure the network is and how often it is right; below, how many examples it was so sure about."""
    found = calibration_curve(test.probabilities, test.labels, bins, probabilities=True)
    drawn, (above, below) = figure(5.0, 5.5, 2, 1)
    above.get_gridspec().set_height_ratios([3, 1])
    above.plot([0, 1], [0, 1], color="grey", linewidth=1, label="perfect")
    above.plot(found.confidence, found.right, "o-", color=COLOURS[0], label="network")
    above.set(xlim=(0, 1), ylim=(0, 1.02))
    above.legend(frameon=False)
    below.hist(test.probabilities.max(axis=1), np.linspace(0, 1, bins + 1), color=COLOURS[0])
    below.set(xlim=(0, 1), yscale="log")
    _label(above, "", "share right")
    _label(below, "confidence", "examples")
    error = ece(test.probabilities, test.labels, bins, probabilities=True)
    _entitle(drawn, title or f"expected calibration error {error:.4f}")
    return drawn


def activations(activity: Activity, title: str = "") -> Figure:
    """What each layer says: its mean and spread over the steps, and its histogram at the end."""
    looks = _looks(activity)
    names = [layer.name for layer in looks[-1].layers]
    drawn, axes = figure(10.0, 1.5 * len(names) + 0.8, len(names), 2)
    for (left, right), layer in zip(np.atleast_2d(axes), looks[-1].layers, strict=True):
        series = [(look.step, each) for look in looks for each in look.layers if each.name == layer.name]
        steps, mean, std = (np.array(v) for v in zip(*((s, e.mean, e.std) for s, e in series), strict=True))
        left.fill_between(steps, mean - std, mean + std, color=COLOURS[5], alpha=0.4, linewidth=0)
        left.plot(steps, mean, color=COLOURS[0], marker="o" if len(steps) < 3 else None)
        idle = f"\n{layer.dead} dead" if layer.dead else f"\n{layer.saturated} saturated" if layer.saturated else ""
        left.set_ylabel(f"{layer.name} {layer.kind}{idle}", fontsize=8)
        _bars(right, layer.histogram, COLOURS[0])
    np.atleast_2d(axes)[-1][0].set_xlabel("step")
    np.atleast_2d(axes)[-1][1].set_xlabel("what the layer said at the end")
    _entitle(drawn, title)
    return drawn


def _bars(ax: Axes, histogram: Any, colour: str) -> None:
    edges = np.linspace(histogram.low, histogram.high, len(histogram.counts) + 1)
    if edges[0] < edges[-1]:
        ax.stairs(histogram.counts, edges, fill=True, color=colour)
    ax.set_yticks([])


def gradient_flow(activity: Activity, title: str = "") -> Figure:
    """The typical gradient of each layer's weights, and by how much a step changes them, over the steps."""
    looks = _looks(activity)
    drawn, (left, right) = figure(10.0, 4.2, 1, 2)
    for i, parameter in enumerate(looks[-1].weights):
        seen = [(look.step + 1, p) for look in looks for p in look.weights if p.name == parameter.name]
        moved = [(s, p.update) for s, p in seen if p.update]
        how = {"color": COLOURS[i % len(COLOURS)], "marker": "o" if len(seen) < 10 else None, "markersize": 4}
        left.plot([s for s, _ in seen], [p.gradient_rms for _, p in seen], label=parameter.name, **how)
        right.plot([s for s, _ in moved], [u for _, u in moved], **how)
    right.axhline(1e-3, color="grey", linewidth=1, linestyle="--")
    right.text(0.99, 1e-3, "1/1000: usual", transform=right.get_yaxis_transform(), ha="right", va="bottom", fontsize=8)
    for ax, says in ((left, "typical gradient"), (right, "|update| / |weights|")):
        ax.set_yscale("log")
        ax.set_xscale("log")
        _label(ax, "steps, and one", says)
    left.legend(frameon=False, fontsize=8)
    _entitle(drawn, title)
    return drawn


def _looks(activity: Activity) -> list[Any]:
    if not len(activity) or not activity.looks[-1].layers:
        got = "got no looks into the layers"
        raise DataError(complain(got, "expected some", "Try a run of `glassnet train`, or the callback Recorder"))
    return activity.looks


def rate_finder(test: RateTest, rate: float | None = None, title: str = "") -> Figure:
    """The loss against the learning rate, with the rate that is suggested and, if it is known, the rate used."""
    drawn, ax = figure(6.5, 4.2)
    ax.plot(test.rates, test.losses, color=COLOURS[0])
    top = 1.3 * float(test.losses[: test.lowest + 1].max())
    ax.set_ylim(max(0.0, float(test.losses.min()) * 0.9), top)
    ax.set_xscale("log")
    marks = [(test.suggestion, COLOURS[2], f"suggested {test.suggestion:.2g}")]
    marks += [(test.largest, COLOURS[3], f"no longer above {test.largest:.2g}")]
    marks += [(rate, COLOURS[7], f"used {rate:.2g}")] if rate is not None else []
    for place, colour, says in marks:
        ax.axvline(place, color=colour, linestyle="--", linewidth=1.2, label=says)
    ax.legend(frameon=False)
    _label(ax, "learning rate", "smoothed loss")
    _entitle(drawn, title)
    return drawn


def _label(ax: Axes, x: str, y: str, grid: bool = True) -> None:
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)
    if grid:
        ax.grid(alpha=0.25, linewidth=0.6)
        ax.set_axisbelow(True)


def _entitle(drawn: Figure, title: str) -> None:
    if title:
        drawn.suptitle(title, fontsize=11)
