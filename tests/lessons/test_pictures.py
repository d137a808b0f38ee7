"""Drawings: well-formed, with the numbers in the right places; and the Markdown of slides."""

import io
import itertools
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from glassnet import nn
from glassnet.basics import Neuron, Value
from glassnet.core.generator import fork_rng, manual_seed
from glassnet.errors import ValueRangeError
from glassnet.lessons import (
    Annotated,
    Picture,
    bars,
    beside,
    curves,
    draw_boxes,
    draw_graph,
    draw_network,
    draw_neuron,
    images,
    plane,
)
from glassnet.lessons.charts import answers
from glassnet.lessons.markdown import inline, to_html
from glassnet.lessons.pictures import BLUE, ORANGE, Axes, decades, png, ticks

SVG = "{http://www.w3.org/2000/svg}"


def parsed(picture):
    return ET.fromstring(picture.svg())


def find(picture, tag):
    return list(parsed(picture).iter(SVG + tag))


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_png_is_read_back_by_pillow(rows, columns, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(pixels)))), pixels)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_within_and_evenly_spaced(low, span):
    found = ticks(low, low + span)
    assert 1 <= len(found) <= 12
    assert all(low - 1e-6 * span <= v <= low + span * (1 + 1e-6) for v in found)
    steps = np.diff(found)
    assert np.allclose(steps, steps[:1], rtol=1e-4, atol=1e-9)


def test_ticks_of_nothing():
    assert ticks(2, 2) == [2]
    assert decades(1e-20, 1) == [1e-20, 1e-16, 1e-12, 1e-8, 1e-4, 1.0]


@pytest.mark.parametrize("log", [False, True])
def test_places_on_the_axes(log):
    axes = Axes(Picture(200, 100), (0, 10), (1, 100), log, left=0, top=0, right=0, bottom=0)
    assert axes.at(0, 1) == (0, 100)
    assert axes.at(10, 100) == (200, 0)
    x, y = axes.at(5, 10)
    assert x == 100
    assert math.isclose(y, 50 if log else 100 - 100 * 9 / 99)


def test_names_and_titles_are_escaped():
    for picture in (
        curves({"a < b & c": [1, 2], '"x"': [2, 1]}, title="<script>", x_label="&", y_label="<"),
        bars({"<b>": 1.0, "&": -1.0}),
        plane([[0, 0], [1, 1]], [0, 1], title="<>", labels=("<", "&")),
        images(np.zeros((2, 3, 3)), ["<", "&"]),
    ):
        assert parsed(picture).tag == SVG + "svg"


def test_a_line_breaks_where_there_is_no_number():
    picture = curves({"y": [1, 2, math.nan, 3, 4, math.inf, 5]})
    assert [len(line.get("points").split()) for line in find(picture, "polyline")] == [2, 2]
    with pytest.raises(ValueRangeError, match="expected finite ones"):
        curves({"y": [math.nan]})
    with pytest.raises(ValueRangeError):
        curves({"y": [-1.0]}, log=True)


def test_points_have_the_colours_of_their_classes():
    dots = find(plane([[0, 0], [1, 1], [2, 0]], [0, 1, 1]), "circle")
    assert [dot.get("fill") for dot in dots] == [ORANGE, BLUE, BLUE]
    assert [float(d.get("cx")) for d in dots] == sorted(float(d.get("cx")) for d in dots)


def test_the_field_behind_them_is_the_models():
    picture = plane([[-1, -1], [1, 1]], [0, 1], lambda p: p[:, 0] > 0, cells=4)
    data = find(picture, "image")[0].get("href").partition(",")[2]
    import base64

    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)
    assert pixels.shape == (4, 4, 3)
    assert (pixels[:, :2, 0] > pixels[:, :2, 2]).all()  # left: orange
    assert (pixels[:, 2:, 2] > pixels[:, 2:, 0]).all()  # right: blue


def test_a_module_and_a_function_are_asked_alike():
    with fork_rng():
        manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        points = np.random.default_rng(0).normal(size=(5, 2))
        first, last = model[0], model[2]
        h = np.maximum(0, points.astype(np.float32) @ first.weight.array.T + first.bias.array)
        assert np.allclose(answers(model, points), (h @ last.weight.array.T + last.bias.array)[:, 0], atol=1e-6)


@pytest.mark.parametrize("line", [(1, 1, -1), (1, 0, -0.5), (0, 1, -0.5), (-2, 3, 0.1)])
def test_a_line_is_drawn_where_it_is_zero(line):
    points = np.array([[0.0, 0], [1, 1]])
    picture = plane(points, [0, 1], lines=[line], margin=0)
    [drawn] = [mark for mark in find(picture, "line") if mark.get("stroke-dasharray")]
    (ax, ay), (bx, by) = [(float(d.get("cx")), float(d.get("cy"))) for d in find(picture, "circle")]
    for end in "12":
        x = (float(drawn.get("x" + end)) - ax) / (bx - ax)
        y = (float(drawn.get("y" + end)) - ay) / (by - ay)
        assert abs(line[0] * x + line[1] * y + line[2]) < 0.01 * (abs(line[0]) + abs(line[1]))


def test_a_line_that_is_none_is_left_out():
    assert not [m for m in find(plane([[0, 0]], [0], lines=[(0, 0, 1)]), "line") if m.get("stroke-dasharray")]


def test_weights_are_coloured_by_sign_and_as_wide_as_they_are_large():
    picture = draw_network([2, 1], [[[1.0, -3.0]]], [[5, 6], [7]])
    one, other = find(picture, "line")
    assert (one.get("stroke"), other.get("stroke")) == (BLUE, ORANGE)
    assert float(other.get("stroke-width")) > float(one.get("stroke-width"))
    assert {t.text for t in find(picture, "text")} >= {"5", "6", "7", "input", "output"}
    for sizes in ([3], [2, 0], [2, 99, 1]):
        with pytest.raises(ValueRangeError):
            draw_network(sizes)


def test_a_neuron_shows_every_number():
    texts = {t.text for t in find(draw_neuron(Neuron((0.5, -0.3, 0.8), 1.0), (2.0, 3.0, -1.0)), "text")}
    assert texts >= {"w1 = 0.5, product 1", "w2 = -0.3, product -0.9", "w3 = 0.8, product -0.8", "b = 1", "0.3", "1"}


def test_a_graph_has_a_box_for_each_value_and_its_slope():
    a, b = Value(2.0), Value(-3.0)
    y = a * b + a
    y.backward()
    picture = draw_graph(y, [(a, "a")])
    texts = [t.text for t in find(picture, "text")]
    assert len(find(picture, "rect")) == 1 + 4
    assert {"a", "slope -2", "slope 2", "-4"} <= set(texts)
    assert len(find(picture, "line")) == 4
    deep = a
    for _ in range(70):
        deep = deep + 1.0
    with pytest.raises(ValueRangeError, match="expected at most"):
        draw_graph(deep)


def test_beside_keeps_both():
    row = beside(bars({"a": 1.0}, title="one"), bars({"b": 2.0, "c": 3.0}, title="two"))
    assert row.title == "one, two"
    assert len(find(row, "rect")) == 1 + 3


def test_pictures_are_saved(tmp_path):
    picture = bars({"a": 1.0})
    picture.save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text("utf-8") == picture.svg()


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A\n\ntext *of* **it**", "<h1>A</h1>\n<p>text <em>of</em> <strong>it</strong></p>"),
        ("- a\n- b\n  and more", "<ul><li>a</li><li>b and more</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("```\na < b\n\n# c\n```", "<pre><code>a &lt; b\n\n# c</code></pre>"),
        (
            "| a | b |\n|---|---|\n| 1 | `2` |",
            "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><code>2</code></td></tr></table>",
        ),
        ("<script>", "<p>&lt;script&gt;</p>"),
        ("a_b_c 2*3*4", "<p>a_b_c 2*3*4</p>"),
        ("", ""),
    ],
)
def test_markdown(text, html):
    assert to_html(text) == html


@given(st.text())
def test_markdown_never_lets_html_through(text):
    for tag in ("<script", "<img", "<a onclick"):
        assert tag not in to_html(tag + text + "\n\n" + text + tag)


def test_nothing_in_code_is_looked_at_again():
    assert inline("`*a*` *b*") == "<code>*a*</code> <em>b</em>"


def test_boxes_stand_in_a_row_with_an_arrow_from_each_to_the_next():
    picture = draw_boxes([("forward", ["z = 2", "a = <0.9>"]), ("backward", ["dL/dz = 1"]), ("update", [])], "a step")
    boxes = [r for r in find(picture, "rect") if r.get("rx") == "8"]
    edges = [(float(r.get("x")), float(r.get("x")) + float(r.get("width"))) for r in boxes]
    assert len(edges) == 3
    assert all(right + 30 < left for (_, right), (left, _) in itertools.pairwise(edges))
    assert edges[-1][1] < picture.width
    assert len(find(picture, "path")) == 2
    assert "a = <0.9>" in {t.text for t in find(picture, "text")}


def test_annotated_lines_say_what_and_why():
    lines = Annotated([("a < b", 'compares "a"', "to see"), ("step()", "moves", "to learn")])
    assert repr(lines) == 'a < b     compares "a": to see\nstep()    moves: to learn'
    root = ET.fromstring(lines._repr_html_())
    assert [(d.text, d.get("title"), d.get("tabindex")) for d in root] == [
        ("a < b", 'compares "a": to see', "0"),
        ("step()", "moves: to learn", "0"),
    ]


def test_a_wide_row_is_made_to_fit_a_notebook():
    row = beside(*(Picture(460, 260, str(i)) for i in range(4)))
    assert row.width == pytest.approx(880)
    assert row.height == pytest.approx(260 * 880 / 1840)
    assert row.svg().count("scale(") == 4
    assert "scale(" not in beside(Picture(400, 100), Picture(400, 100)).svg()


def legend_of(picture):
    """The box behind the names: left and top."""
    return tuple(map(float, re.search(r'<rect x="([\d.]+)" y="([\d.]+)"[^>]*opacity="0.8"', picture.svg()).groups()))


def test_names_stand_where_the_lines_are_not():
    rising, falling = np.linspace(0, 1, 50), np.linspace(1, 0, 50)
    x, y = legend_of(curves({"a": rising, "b": rising**2}))
    assert x < 100  # lines that end at the upper right leave the left free
    assert y < 60
    assert legend_of(curves({"a": falling, "b": falling**2}))[0] > 300
    assert legend_of(curves({"high": np.full(9, 1.0), "low": [0.0, *np.full(8, 0.99)]}))[1] > 100


def test_words_of_a_neuron_are_drawn_over_all_its_lines():
    svg = draw_neuron(Neuron((0.5, -0.3, 0.8), 1.0), (2, 3, -1)).svg()
    assert svg.index("w1 = 0.5") > max(svg.index(f'y1="{50 + 58 * i}.0"') for i in range(4))


def test_names_are_written_above_the_circles():
    assert "h1: OR" in draw_network([2, 2, 1], names=[["x1", "x2"], ["h1: OR", "h2: AND"]]).svg()
