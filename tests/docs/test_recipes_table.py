"""The tool that writes the page of recipes: one row anew, everything else as it was."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("recipes_table", ROOT / "tools" / "recipes_table.py")
    found = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, found)  # where its dataclasses look for it
        spec.loader.exec_module(found)
        yield found


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "recipes.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def cells(text):
    return {row[0]: row for row in ([c.strip() for c in re.split(r"\|", line)[1:-1]] for line in rows(text))}


def rows(text):
    return [line for line in text.splitlines() if line.startswith("| ")]


def test_one_row_anew_leaves_the_others_and_the_text_alone(tool, page, tmp_path):
    found = tmp_path / "found.json"
    words = ["--only", "xor", "--seeds", "0", "--no-peer", "--json", str(found), "--markdown", str(page)]
    assert tool.main(words) == 0
    new = page.read_text(encoding="utf-8")
    old, now = cells(PAGE), cells(new)
    assert list(now) == list(old)
    assert [name for name in now if now[name] != old[name]] in ([], ["xor"])
    assert now["xor"][4] == "100.00"  # the one seed that was asked for
    assert json.loads(found.read_text(encoding="utf-8"))["xor"]["runs"]["0"]["score"] == 1.0
    for text in (PAGE, new):
        assert text.startswith("# What the recipes reach")
        assert "## How mnist-best was chosen" in text
    assert new.partition("\n| recipe")[0] == PAGE.partition("\n| recipe")[0]


def test_scikit_learn_alone_is_put_beside_what_stands_there(tool, page, monkeypatch):
    peer = {"score": 0.5, "seconds": 9.0, "processor_seconds": 2.0}
    monkeypatch.setattr(tool, "_sklearn", lambda data, settings: peer)
    assert tool.main(["--only", "xor", "--peer", "--markdown", str(page)]) == 0
    old, now = cells(PAGE), cells(page.read_text(encoding="utf-8"))
    assert now["xor"] == [*old["xor"][:-2], "50.00 %", "2.0 s"]
    assert {name: row for name, row in now.items() if name != "xor"} == {n: r for n, r in old.items() if n != "xor"}


def test_a_page_that_is_not_there_yet_is_begun(tool, tmp_path):
    page = tmp_path / "new.md"
    tool.main(["xor", "--seeds", "0", "--no-peer", "--markdown", str(page)])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# What the recipes reach")
    assert list(cells(text)) == ["recipe", "xor"]


def test_a_row_that_is_none_is_named(tool, capsys):
    with pytest.raises(SystemExit):
        tool.main(["--only", "nothing"])
    assert "got nothing; expected some of xor, moons" in capsys.readouterr().err
