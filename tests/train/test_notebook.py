"""What a notebook shows: well-formed markup, nothing of the user's in it unescaped, a chart that grows."""

import sys
import types
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import glassnet as torch
from glassnet.train.figures import History
from glassnet.train.notebook import LiveChart, history_html, lines_of, run_html, svg_chart
from glassnet.train.run_folder import write_json
from glassnet.train.runs import Run
from glassnet.train.trainer import Trainer

SVG = "{http://www.w3.org/2000/svg}"


def parsed(html):
    return ET.fromstring(html)


def curves(html):
    """The points of every curve of a page."""
    lines = [e for e in parsed(html).iter(f"{SVG}polyline") if e.get("stroke") != "currentColor"]
    return [[tuple(map(float, pair.split(","))) for pair in line.get("points").split()] for line in lines]


@example([2e254, 1e-54])
@example([1.7e308, -1.7e308])
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30))
def test_every_point_lies_within_the_picture(losses):
    history = History([{"epoch": i, "loss": loss} for i, loss in enumerate(losses, 1)])
    finite = [loss for loss in losses if np.isfinite(loss)]
    found = curves(history_html(history))
    assert len(found) == (1 if finite else 0)
    for curve in found:
        assert len(curve) == len(finite)
        assert all(-0.1 <= x <= 360.1 and -0.1 <= y <= 190.1 for x, y in curve)


def test_a_loss_that_falls_is_drawn_downwards():
    (curve,) = curves(history_html(History([{"epoch": i, "loss": 1 / i} for i in range(1, 10)])))
    xs, ys = zip(*curve, strict=True)
    assert list(xs) == sorted(xs)
    assert list(ys) == sorted(ys)  # y points downwards in a picture


def test_long_curves_are_thinned_and_keep_their_last_point():
    history = History([{"epoch": i, "loss": float(i % 7)} for i in range(1, 10_001)])
    (curve,) = curves(history_html(history))
    assert len(curve) <= 402
    assert curve[-1][0] == 350


def test_training_and_validation_are_told_apart():
    history = History([{"epoch": 1, "loss": 1.0, "validation_loss": 2.0, "validation_accuracy": 0.5}])
    assert [line.name for line in lines_of(history, "loss")] == ["training", "validation"]
    assert len(curves(history._repr_html_())) == 3


def test_names_cannot_become_markup():
    hostile = "<script>alert('x')</script>"
    history = History([{"epoch": 1, "loss": 1.0, f"{hostile}_loss": 2.0}])
    history.stopped = hostile
    assert "<script>" not in history_html(history)
    assert "<script>" not in svg_chart(lines_of(history, "loss"), hostile)
    parsed(history_html(history))


def test_a_run_shows_what_it_was(tmp_path):
    hostile = "<img src=x>"
    write_json(
        str(tmp_path / "result.json"),
        {"data": {"name": hostile, "task": "classification"}, "network": hostile, "test_accuracy": 0.5,
         "settings": {"optimizer": hostile, "seed": 3}, "history": [{"epoch": 1, "loss": 0.25}]},
    )  # fmt: skip
    html = Run(str(tmp_path))._repr_html_()
    assert "<img" not in html
    assert "0.5000" in html
    assert len(curves(html)) == 1


def test_a_spoilt_run_says_so_in_a_notebook_too(tmp_path):
    (tmp_path / "result.json").write_text("{,}")
    assert "expected JSON" in run_html(Run(str(tmp_path)))


# ---- models ---------------------------------------------------------------------------------------------------------


def test_a_model_is_a_table_of_its_layers():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2, bias=False))
    rows = [["".join(cell.itertext()) for cell in row] for row in parsed(model._repr_html_()).iter("tr")]
    assert rows == [
        ["name", "layer", "shapes", "parameters"],
        ["0", "Linear(in_features=4, out_features=3, bias=True)", "weight 3 × 4, bias 3", "15"],
        ["1", "ReLU()", "", "–"],
        ["2", "Linear(in_features=3, out_features=2, bias=False)", "weight 2 × 3", "6"],
        ["21 parameters"],
    ]


def test_shared_and_frozen_parameters_are_counted_once_and_named():
    layer = torch.nn.Linear(2, 2)
    model = torch.nn.Module()
    model.first, model.second = layer, torch.nn.Linear(2, 2)
    model.second.weight = layer.weight
    layer.weight.requires_grad_(False)
    html = model._repr_html_()
    assert "8 parameters" in html
    assert "4 of them frozen" in html
    assert "(shared)" in html


def test_a_class_with_odd_markup_in_its_repr_is_escaped():
    class Odd(torch.nn.Module):
        def extra_repr(self):
            return "<b>&"

    html = torch.nn.Sequential(Odd())._repr_html_()
    assert "Odd(&lt;b&gt;&amp;)" in html


# ---- live -----------------------------------------------------------------------------------------------------------


def trained(chart, epochs=3):
    model = torch.nn.Linear(1, 1)
    x = torch.ones(4, 1)
    trainer = Trainer(model, "mse", torch.optim.SGD(model.parameters(), lr=0.1), callbacks=[chart])
    return trainer.fit((x, x), (x, x), epochs=epochs)


def test_without_a_notebook_lines_are_printed(capsys):
    trained(LiveChart(most=5), epochs=20)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch 1 of 20  loss ")
    assert lines[-1].startswith("epoch 20 of 20  loss ")
    assert len(lines) <= 7
    assert all("validation loss" in line for line in lines)


@pytest.fixture
def notebook(monkeypatch):
    """IPython, as far as a chart knows it: what was shown, and how often it was replaced."""
    shown = []

    class Handle:
        def update(self, page):
            shown.append(page._repr_html_())

    def display(page, display_id):
        assert display_id is True
        shown.append(page._repr_html_())
        return Handle()

    ipython, displaying = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    displaying.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", displaying)
    return shown


def test_in_a_notebook_one_chart_grows(notebook, capsys):
    history = trained(LiveChart(), epochs=3)
    assert capsys.readouterr().out == ""
    assert len(notebook) >= 2  # the first, and the whole
    assert all(len(curves(page)) == 2 for page in notebook)
    assert len(curves(notebook[-1])[0]) == len(history) == 3


def test_ipython_in_a_terminal_gets_lines(notebook, capsys, monkeypatch):
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: types.SimpleNamespace())
    trained(LiveChart(), epochs=1)
    assert notebook == []
    assert capsys.readouterr().out.startswith("epoch 1 of 1")
