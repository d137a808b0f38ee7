"""`glassnet report`, as users call it: one file, with everything in it, in which nothing of theirs is a program."""

import json
import os
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.cli import html_report
from glassnet.cli.html_report import DATA_MARK, TITLE_MARK, filled

TEMPLATE = (
    f'<!doctype html><html><head><title>{TITLE_MARK}</title></head><body>'
    f'<script type="application/json" id="run">{DATA_MARK}</script><script>program()</script></body></html>'
)  # fmt: skip


class Elements(HTMLParser):
    """The tags of a page, and the text in each kind of them."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self._open = [], {}, None

    def handle_starttag(self, tag, attrs):
        self._open = dict(attrs).get("id", tag)
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts[self._open] = self.texts.get(self._open, "") + data


def elements(text):
    parser = Elements()
    parser.feed(text)
    parser.close()
    return parser


def told(path):
    found = elements(path.read_text(encoding="utf-8"))
    assert found.tags == elements(TEMPLATE).tags
    assert found.texts["script"] == "program()"
    return json.loads(found.texts["run"], parse_constant=pytest.fail)


@pytest.fixture(autouse=True)
def built(tmp_path_factory, monkeypatch):
    """A page that was built, as far as the command is concerned."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(TEMPLATE, encoding="utf-8")
    monkeypatch.setattr(html_report, "TEMPLATE", file)
    return file


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was asked for."""
    addresses = []
    monkeypatch.setattr("webbrowser.open", lambda address: addresses.append(address) or True)
    return addresses


@pytest.fixture
def moons(glassnet, tmp_path):
    assert glassnet("train moons --n 100 --epochs 3 --quiet --output moons").status == 0
    return tmp_path / "moons"


def test_the_report_has_every_part_of_a_run_on_points(glassnet, moons):
    said = glassnet("report moons")
    path = moons / "report.html"
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith(f"written to {os.path.join('moons', 'report.html')} (")
    run = told(path)
    assert run["missing"] == {}
    assert None not in run.values()
    assert [row["name"] for row in run["rows"]] == ["this network", "most frequent class", "logistic regression"]
    result = json.loads((moons / "result.json").read_text(encoding="utf-8"))
    assert run["scores"]["accuracy"] == result["test_accuracy"]
    assert run["scores"]["confusion"] == result["confusion"]
    assert run["about"]["command"] == "glassnet train moons --n 100 --epochs 3 --quiet --output moons"
    assert run["boundary"]["kind"] == "classes"
    assert len(run["mistakes"]["at"]) == result["test_mistakes"]
    assert "<title>moons · glassnet</title>" in path.read_text(encoding="utf-8")


def test_without_baselines_there_is_the_network_alone(glassnet, moons):
    assert glassnet("report moons --no-baselines --output r.html").status == 0
    assert [row["name"] for row in told(moons.parent / "r.html")["rows"]] == ["this network"]


HOSTILE = '</script><script>alert("1")</script>'


def test_names_from_a_table_are_text_whatever_they_say(glassnet, tmp_path):
    rows = [f'{i % 7},{i % 3},"{HOSTILE.replace(chr(34), chr(34) * 2) if i % 2 else "<!--"}"' for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["<img src=x>,b&amp;,kind", *rows]), encoding="utf-8")
    assert glassnet("train t.csv --target kind --epochs 2 --quiet --output run").status == 0
    assert glassnet("report run").status == 0
    run = told(tmp_path / "run" / "report.html")
    assert set(run["scores"]["names"]) == {HOSTILE, "<!--"}
    assert any("<img src=x>" in name for name in run["weights"]["names"])


texts = st.text(st.characters(codec="utf-8") | st.sampled_from("<>&\"'/!-]\u2028\u2029"), max_size=30)


@given(name=texts, deep=st.dictionaries(texts, st.lists(texts | st.sampled_from([HOSTILE, "<!--", "]]>"]), max_size=3)))
def test_no_text_leaves_its_place_in_the_page(name, deep):
    text = filled(TEMPLATE, {"about": {"name": name}, "deep": deep})
    found = elements(text)
    assert found.tags == elements(TEMPLATE).tags
    assert json.loads(found.texts["run"]) == {"about": {"name": name}, "deep": deep}
    assert not any(c in found.texts["run"] for c in "<>&\u2028\u2029")


def test_numbers_that_are_not_finite_are_null_in_the_page(glassnet, moons):
    history = moons / "history.jsonl"
    history.write_text(history.read_text(encoding="utf-8") + '{"epoch": 4, "loss": null}\n', encoding="utf-8")
    assert glassnet("report moons").status == 0
    loss = next(c for c in told(moons / "report.html")["curves"] if c["figure"] == "loss")
    assert (loss["lost"], loss["lost_from"], loss["last"]) == (1, 4, None)


def test_what_cannot_be_had_is_left_out_with_its_reason(glassnet, moons):
    (moons / "model.safetensors").unlink()
    (moons / "predictions.safetensors").unlink()
    said = glassnet("report moons")
    assert said.status == 0
    assert "without the model: got the folder moons without model.safetensors" in said.out
    assert "without scores: got a run without predictions" in said.out
    run = told(moons / "report.html")
    assert set(run["missing"]) == {"the model", "scores"}
    assert run["curves"]
    assert run["doctor"]["story"]


def test_a_reason_that_several_parts_share_is_said_once(glassnet, moons):
    (moons / "predictions.safetensors").write_bytes(b"spoilt")
    said = glassnet("report moons")
    assert said.status == 0
    assert said.out.count("predictions.safetensors") == 1
    assert "without rows, scores, mistakes: " in said.out


def test_a_page_that_was_not_built_says_how_to_build_it(glassnet, moons, built):
    built.unlink()
    said = glassnet("report moons")
    assert said.status == 1
    assert "npm run build" in said.err
    assert not (moons / "report.html").exists()
    said = glassnet("train moons --epochs 1 --open --output never")
    assert said.status == 1
    assert "npm run build" in said.err


def test_a_page_of_another_version_is_not_filled(glassnet, moons, built):
    built.write_text("<title></title>", encoding="utf-8")
    said = glassnet("report moons")
    assert said.status == 1
    assert "without a place for the data" in said.err


def test_open_shows_the_file(glassnet, moons, opened):
    assert glassnet("report moons --output r.html --open").status == 0
    assert opened == [(moons.parent / "r.html").resolve().as_uri()]


def test_without_a_browser_the_address_is_said(glassnet, moons, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    said = glassnet("report moons --open")
    assert f"no browser was found; the report is at {(moons / 'report.html').resolve().as_uri()}" in said.out


@pytest.mark.parametrize(("how", "out"), [("", True), ("--quiet", False)])
def test_a_training_can_end_with_its_report(glassnet, tmp_path, opened, how, out):
    said = glassnet(f"train moons --epochs 2 --output run --open {how}")
    assert said.status == 0
    path = tmp_path / "run" / "report.html"
    assert opened == [path.resolve().as_uri()]
    assert ("report in" in said.out) == out
    assert told(path)["scores"]["n"] > 0


def test_json_stays_json_with_a_report(glassnet, opened):
    said = glassnet("train moons --epochs 2 --output run --open --json")
    assert said.json["epochs_done"] == 2
    assert len(opened) == 1
