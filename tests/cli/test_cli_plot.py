"""`glassnet plot`: every picture in the terminal, and what is said where one cannot be drawn."""

import builtins
import io
import json
import re
import shutil

import numpy as np
import pytest

from glassnet.cli.main import main
from glassnet.cli.plot import PAGE, PICTURES
from glassnet.cli.plot_terminal import boundary_picture, histogram_bars, weight_pictures, weight_rows
from glassnet.cli.terminal import Terminal
from glassnet.data.datasets import load_dataset
from glassnet.train.activity import Histogram
from glassnet.train.first_layer import FirstLayer
from glassnet.train.runs import Run


def trained(folder, *words):
    assert main(["train", *words, "--quiet", "--output", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    return trained(
        tmp_path_factory.mktemp("runs") / "points", "moons", "--epochs", "10", "--hidden", "6", "--lr", "0.02"
    )


@pytest.fixture(scope="module")
def heights(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("runs") / "heights", "sine", "--epochs", "20")


def test_every_picture_has_its_line_on_the_page_of_help():
    assert [name for name, _ in PAGE.commands] == list(PICTURES)


@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_of_points_can_be_drawn(glassnet, points, picture):
    done = glassnet("plot", str(points), picture)
    assert (done.status, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert len(done.out.splitlines()) > 3
    assert max(map(len, done.out.splitlines())) <= 100


def test_the_curves_end_at_the_figures_of_the_run(glassnet, points):
    result = json.loads((points / "result.json").read_text(encoding="utf-8"))
    out = glassnet("plot", str(points)).out
    assert "loss" in out
    assert "training *  test o" in out
    assert re.search(rf"^ +{result['history'][0]['loss']:.3g} ", out, re.M)
    assert "learning rate  at the end of each epoch" in out


def test_the_confusion_is_that_of_the_result(glassnet, points):
    result = json.loads((points / "result.json").read_text(encoding="utf-8"))
    rows = re.findall(r"^(?:upper|lower) +(\S+) +(\S+) +[\d.]+ %", glassnet("plot", str(points), "confusion").out, re.M)
    assert [[int(n.replace("·", "0")) for n in row] for row in rows] == result["confusion"]


def test_the_boundary_lies_between_the_classes(points):
    class Known:
        classes = ("left", "right")

        def predict(self, x):
            return np.stack([x[:, 0] < 0.5, x[:, 0] >= 0.5], axis=1).astype(float)

    lines = boundary_picture(Known(), load_dataset("moons"), Terminal(io.StringIO(), environ={}))
    dots = {line.index(".") for line in lines[:22] if "." in line}
    assert len(dots) == 1
    wrong = (load_dataset("moons").x_test[:, 0] >= 0.5).astype(int) != load_dataset("moons").y_test
    assert f"{wrong.sum()} of 100 points on the wrong side" in lines[-1]


def test_the_points_of_a_boundary_are_all_there(glassnet, points):
    *picture, _, _ = glassnet("plot", str(points), "boundary").out.splitlines()
    signs = "".join(picture)
    assert 60 < signs.count("o") + signs.count("x") <= 100  # some share a cell


def test_weights_of_any_epoch(glassnet, points):
    kept = FirstLayer.read(points)
    first, last = (glassnet(f"plot {points} weights --epoch {epoch}").out for epoch in (0, 10))
    assert "after epoch 0" in first
    assert "after epoch 10" in last
    shown = {float(n) for n in re.findall(r"-?\d\.\d{3}", first)}
    assert shown == {round(float(w), 3) for w in kept.kept[0].reshape(-1)}
    assert first != last
    done = glassnet(f"plot {points} weights --epoch 999")
    assert done.status == 2
    assert re.search(r"got --epoch 999; expected 0 to 10, the last of .*\. Try --epoch 10\.", done.err)


def test_weights_are_told_by_sign_and_the_strongest_first():
    lines = weight_rows(np.array([[0.0, 0.1], [2.0, -3.0]]), ["a", "b"], Terminal(io.StringIO(), environ={}))
    assert lines == ["     unit        a        b", "        1    2.000   -3.000", "        0    0.000    0.100"]


def test_a_regression_has_its_curve_and_its_errors(glassnet, heights):
    assert "network *  test points o" in glassnet("plot", str(heights), "boundary").out
    assert glassnet("plot", str(heights), "mistakes").out.startswith("largest errors\n")
    assert "R²" in glassnet("plot", str(heights)).out
    done = glassnet("plot", str(heights), "calibration")
    assert done.status == 1
    assert re.search(r"a regression; expected a classification. Try glassnet plot \S* curves", done.err)


def test_a_perfect_run_has_no_mistakes_to_show(glassnet):
    assert glassnet("train and --quiet --output gate").status == 0
    assert glassnet("plot gate mistakes").out == "none of 4 test examples was wrong\n"


def test_histograms_show_rare_ranges():
    ascii_only = Terminal(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), environ={})
    assert histogram_bars(Histogram(0.0, 1.0, (0, 1, 800)), ascii_only) == " .@"
    assert histogram_bars(Histogram(0.0, 1.0, ()), ascii_only) == ""


def test_looks_cover_the_training(points):
    looks = Run(str(points)).activity.looks
    assert looks[0].step == 0
    assert looks[-1].step == 200


# ---- mistakes of the user -------------------------------------------------------------------------------------------


def test_files_have_a_known_ending_and_a_folder(glassnet, points):
    done = glassnet(f"plot {points} --png picture.bmp")
    assert done.status == 2
    assert done.err == (
        "glassnet: got --png picture.bmp; expected a name that ends in .png, .pdf, .svg. Try --png picture.png.\n"
    )
    done = glassnet(f"plot {points} --png nowhere/picture.png")
    assert done.status == 1
    assert "expected a folder nowhere that exists" in done.err


def test_without_matplotlib_its_extra_is_named(glassnet, points, monkeypatch):
    really = builtins.__import__

    def without(name, *rest):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return really(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    done = glassnet(f"plot {points} --png picture.png")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "glassnet: got no matplotlib; expected it, for pictures in files. Try pip install 'glassnet[plot]'; "
        "`glassnet plot RUN` draws in the terminal.\n"
    )


def test_a_run_without_looks_or_epochs_says_so(glassnet, points, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(points, copy)
    (copy / "activity.jsonl").unlink()
    done = glassnet("plot copy gradients")
    assert done.status == 1
    assert "got copy without looks into the layers; expected activity.jsonl" in done.err
    for name in ("history.jsonl", "result.json"):
        (copy / name).unlink()
    done = glassnet("plot copy")
    assert (done.status, done.out) == (1, "")
    assert "got copy without a finished epoch" in done.err


def test_without_kept_predictions_the_model_is_asked_again(glassnet, points, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(points, copy)
    (copy / "predictions.safetensors").unlink()
    assert glassnet("plot copy confusion").out == glassnet("plot", str(points), "confusion").out


def test_the_rate_finder_leaves_no_trace(glassnet, points):
    before = sorted((p.name, p.stat().st_mtime_ns) for p in points.iterdir())
    out = glassnet("plot", str(points), "lr").out
    assert "this run went up to 0.02" in out
    assert sorted((p.name, p.stat().st_mtime_ns) for p in points.iterdir()) == before


def test_images_of_weights_stand_beside_each_other_without_their_edges():
    weights = np.zeros((5, 784))
    weights[3].reshape(28, 28)[14, 14] = 1.0
    weights[1].reshape(28, 28)[14, 14] = -2.0
    weights[2].reshape(28, 28)[0, 0] = 9.0  # at the edge, which is left out
    terminal = Terminal(io.StringIO(), environ={})
    terminal.width = 79
    lines = weight_pictures(weights, (28, 28), terminal)
    first = lines[:13]
    assert first[12].split() == ["unit", "2", "unit", "1", "unit", "3"]
    assert [(line.index("-"), line.index("+")) for line in first[:12] if "-" in line] == [(26 + 12, 52 + 12)]
    assert sum(line.startswith("unit ") for line in lines) == 2
    assert max(map(len, lines)) <= 79


def test_the_accuracy_of_one_epoch_stays_a_share(glassnet, tmp_path):
    assert glassnet("train moons --n 40 --epochs 1 --hidden 3 --quiet", "--output", str(tmp_path / "one")).status == 0
    lines = glassnet("plot", str(tmp_path / "one")).out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().startswith("accuracy"))
    assert [lines[start + 1].split()[0], lines[start + 10].split()[0]] == ["1", "0"]
