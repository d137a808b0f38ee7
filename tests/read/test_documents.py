"""One explanation in five forms."""

import json
import re
from xml.dom import minidom

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.errors import ValueRangeError
from glassnet.read.document import FORMATS, Table
from glassnet.read.examples.work import all_examples
from glassnet.read.explain import explain


@pytest.fixture(scope="module")
def told():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 3), nn.ELU(), nn.Linear(3, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    document = explain(model, torch.rand(1, 20), 1, optimizer=optimizer, gradcheck=True)
    document.tables.append(Table("A & B", ("name", "a|b"), [("50 %_", "x < y")]))
    document.notes.append("η → 0 & more")
    return document


def test_every_line_fits_the_terminal(told):
    for width in (60, 80, 120):
        longest = max(told.text(width).splitlines(), key=len)
        assert len(longest) <= width, longest


def test_colours_change_nothing_but_the_colour(told):
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.text(90, colour=True))
    assert plain == told.text(90)
    painted = told.text(90, colour=True)
    assert "\x1b[38;5;214m−" in painted  # amber for what is negative
    assert re.search(r"\x1b\[38;5;75m\d", painted)  # blue for what is positive


def test_a_terminal_of_letters_only(told):
    assert told.text(80, unicode=False).isascii()


def test_mathml_is_well_formed_and_holds_both_sides(told):
    page = told.html()
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/1998/Math/MathML", "")
    formulas = re.findall(r"<math.*?</math>", page)
    assert len(formulas) > 40
    for formula in formulas:
        minidom.parseString(formula)
    assert 'class="sym"' in page
    assert 'class="num"' in page
    body = re.sub(r"<style>.*?</style>|<math.*?</math>", "", page, flags=re.S)
    assert "A &amp; B" in body
    assert "x &lt; y" in body


def test_names_are_never_markup():
    x = torch.tensor(2.0, requires_grad=True)
    page = explain(x * 3, names={"<b>&": x}).html()
    assert "<b>" not in page
    minidom.parseString(re.search(r"<math.*?</math>", page)[0])


def test_latex_is_balanced(told):
    text = told.latex()
    assert text.count("{") == text.count("}")
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert r"\frac{\partial L}{\partial W^{(1)}}" in text
    assert r"A \& B" in text
    body = text.split(r"\begin{document}")[1]
    assert body.isascii() or not set(body) - set(map(chr, range(128))) - set("–"), set(body) - set(map(chr, range(128)))


def test_markdown_has_a_formula_for_every_step(told):
    text = told.markdown()
    assert text.count("$$") == 2 * len(told.steps)
    assert r"a\|b" in text or "a|b" in text


def test_json_has_everything(told):
    data = json.loads(told.json())
    assert [step["part"] for step in data["steps"]] == [step.part for step in told.steps]
    first = data["steps"][0]
    assert first["symbols"] == "x W⁽¹⁾ᵀ + b⁽¹⁾"
    assert first["rows"] == [1]
    assert first["ops"] == ["linear"]
    assert first["shape"] == [1, 3]
    assert np.allclose(first["result"], told.steps[0].result)
    line = first["lines"][0]
    assert line["tree"]["kind"] == "sum"
    assert line["tree"]["parts"][-2]["kind"] == "rest"
    assert {"name", "symbols", "numbers", "tex", "mathml", "printed", "value", "rounded"} <= line.keys()


def test_nan_is_a_word_in_json():
    x = torch.tensor(-1.0, requires_grad=True)
    data = json.loads(explain(torch.log(x)).json(), parse_constant=pytest.fail)
    assert data["steps"][0]["lines"][0]["value"] == "nan"


def test_notebooks_show_it_by_themselves(told):
    assert told._repr_html_().startswith("<div")
    assert told._repr_markdown_() == told.markdown()
    assert repr(told) == told.text()


def test_other_digits_and_formats(told):
    assert "0.0" in told.with_digits("exact").text()
    assert told.with_digits(9).text() != told.text()
    for format in FORMATS:
        assert told.render(format)
    with pytest.raises(ValueRangeError, match="expected one of terminal, markdown, latex, html, json"):
        told.render("pdf")
    with pytest.raises(ValueRangeError, match="Try digits=3"):
        told.with_digits(99)


def test_slopes_are_slopes_of_what_is_told():
    x = torch.tensor(2.0, requires_grad=True)
    y = x * 3
    y.name = "y"
    told = explain(y, names={"x": x})
    assert r"\frac{\partial y}{\partial x}" in told.latex()
    assert "<mo>∂</mo><mi>y</mi>" in told.html()
    assert "the slope of y along x" in told.text()


def test_latex_has_no_letter_that_pdflatex_does_not_know():
    for example in all_examples().values():
        latex = example.document().latex()
        assert max(latex) < "ŀ", (example.id, max(latex))
        assert "ŷ" not in latex


@pytest.mark.parametrize("name", ["ASGD", "NAdam", "Rprop", "Adamax", "RAdam", "LBFGS"])
def test_letters_of_an_optimiser_are_commands_in_latex(name):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.1)
    for grain in ("layer", "network"):
        text = explain(model, [1.0, 2.0], [1.0], loss="mse", optimizer=optimizer, grain=grain).latex()
        assert max(text) < "ŀ"
        assert "\u0304" not in text


def test_a_long_formula_is_made_to_fit_the_page():
    text = explain(torch.nn.Linear(40, 1), np.ones(40), most=40).latex()
    assert re.search(r"\\\\\n&= \\fit\{", text)
    assert "\\fit{" not in explain(torch.nn.Linear(1, 1), [1.0]).latex().partition("\\begin{document}")[2]
