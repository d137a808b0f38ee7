"""Pages whose programs run as they stand, print what they say, and whose command lines end as they say."""

import asyncio
import importlib.util
import json
import re
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("pages_run", Path(__file__).with_name("pages_run.py"))
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", ["coming_from.md", "explain.md", "runs.md", "troubleshooting.md"])
def test_a_page_runs(page):
    pages.run_page(page)


def test_tables_run_and_a_spoilt_one_is_refused_as_the_page_says(capsys):
    pages.run_page("tables.md")
    said = re.search(r"^says `(spoilt\.csv, .*)` and", (pages.DOCS / "tables.md").read_text("utf-8"), re.MULTILINE)[1]
    assert pages.main(["train", "spoilt.csv", "--target", "price"]) == 1
    assert said in capsys.readouterr().err


def test_the_gallery_is_what_its_commands_draw():
    """Which pictures there are; what is in them is the business of those who draw."""
    page = pages.DOCS / "gallery.md"
    pages.run_page("gallery.md")
    drawn = {path.name for path in Path().glob("*.svg")}
    shown = set(re.findall(r"\(pictures/gallery/(.*?)\)", page.read_text("utf-8")))
    assert drawn == shown == {path.name for path in (page.parent / "pictures" / "gallery").iterdir()}


def asked(app, body):
    """Status and answer of the service to one request, by its ASGI interface."""
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [], "query_string": b""}
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


def test_using_a_model_runs_and_its_service_answers():
    there = pages.run_page("using_a_model.md")
    assert Path("priced.csv").read_text("utf-8").splitlines()[0] == "id,prediction"

    status, answer = asked(there["app"], b'{"area": [120.5, 55.0], "rooms": [4, 2], "city": ["Ulm", "Rom"]}')
    assert status == 200
    assert answer["price"] == pytest.approx(there["prices"][:, 0].tolist(), rel=1e-5)
    wrong = {
        b'{"area": [1.0]}': "rooms",
        b'{"area": ["wide"], "rooms": [4], "city": ["Ulm"]}': "'wide'",
        b"{": "property",
        b"7": "expected columns",
        b'"houses.csv"': "expected columns",  # no file of the server's is read for a stranger
        b'{"area": null, "rooms": [4], "city": ["Ulm"]}': "expected columns",
    }
    for body, says in wrong.items():
        status, answer = asked(there["app"], body)
        assert status == 400, body
        assert says in answer["error"], answer


def test_a_page_that_prints_something_else_is_caught():
    with pytest.raises(AssertionError):
        pages.check_printed("print(1 + 1)  # 3", "2\n")
    with pytest.raises(AssertionError):
        pages.run_console("$ glassnet train nowhere.csv --target price")
    pages.run_console("$ glassnet train nowhere.csv --target price  # exits with 1")


def test_only_blocks_of_another_framework_are_left_to_the_peers():
    left = [text for page in pages.DOCS.glob("*.md") for _, text in pages.blocks(page) if pages.PEER.search(text)]
    assert len(left) == 2
