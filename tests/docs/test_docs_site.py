"""The pages before they are built: links that lead somewhere, and what the site itself does to them."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "adr").glob("*.md"), ROOT / "README.md"])
LINK = re.compile(r"\[[^\]]+\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?\)")


def module(name):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    missing = [found[1] for found in LINK.finditer(text) if not (page.parent / found[1]).exists()]
    assert missing == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see [lesson 4](../src/glassnet/lessons/course/04_forward.py)", "see [lesson 4](made/04_forward.md)"),
        ("[script.md](../src/glassnet/lessons/workshop/script.md)", "`src/glassnet/lessons/workshop/script.md`"),
        ("[test_it](../tests/a.py) and [tables](tables.md)", "test_it (`tests/a.py`) and [tables](tables.md)"),
    ],
)
def test_links_out_of_the_site_become_names(written, shown):
    source = [written]
    module("conf").keep_links_on_the_site(None, "page", source)
    assert source == [shown]


@pytest.mark.parametrize("picture", sorted((ROOT / "docs").rglob("pictures/**/*.svg")), ids=lambda path: path.name)
def test_a_picture_fetches_nothing(picture):
    assert module("offline").fetched(picture.read_text("utf-8")) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('<script defer src="https://cdn.example.org/a.js">', "https://cdn.example.org/a.js"),
        ('<link rel="stylesheet" href="//fonts.example.org/a.css">', "//fonts.example.org/a.css"),
        ("a { background: url(http://example.org/a.png) }", "http://example.org/a.png"),
        ('<a href="https://example.org">read on</a> <img src="../_static/a.png">', None),
    ],
)
def test_what_a_browser_would_fetch_is_found(text, address):
    found = module("offline").fetched(text)
    assert found is None if address is None else found.endswith(address)
