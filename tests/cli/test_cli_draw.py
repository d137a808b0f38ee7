"""`glassnet draw`."""

import json
from xml.etree import ElementTree


def test_an_expression_in_the_terminal(glassnet):
    done = glassnet("draw a*b+c --at a=2,b=-3,c=10")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "a*b+c"
    assert "b   input            −3     2" in lines
    assert "  du/da = du/du₁ · du₁/da = 1 · (−3) = −3   du₁/da = b" in lines


def test_a_network_number_by_number(glassnet):
    done = glassnet("draw --layers 2-2-1 --x 1,0 --y 1 --loss bce --grain scalar --format json")
    names = [n["name"] for n in done.json["nodes"]]
    assert {"x₁", "W⁽¹⁾₂₁", "z⁽²⁾", "ŷ", "L"} <= set(names)
    assert len(names) == len(set(names))


def test_files_by_their_names(glassnet, clean_place):
    for name, start in (
        ("g.svg", "<svg"),
        ("g.dot", "digraph"),
        ("g.mmd", "flowchart"),
        ("g.json", "{"),
        ("g.txt", "A network of 2-2-1"),
    ):
        done = glassnet(f"draw --layers 2-2-1 --output {name}")
        assert (done.status, done.out) == (0, f"Written to {name}: 8 nodes, 7 edges.\n")
        text = (clean_place / name).read_text(encoding="utf-8")
        assert text.startswith(start)
    ElementTree.fromstring((clean_place / "g.svg").read_text(encoding="utf-8"))
    assert json.loads((clean_place / "g.json").read_text(encoding="utf-8"))["goal"] == "z⁽²⁾"


def test_a_run(glassnet):
    glassnet("train moons --epochs 1 --n 60 --hidden 3 --quiet --output run")
    done = glassnet("draw run --index 2")
    assert done.status == 0
    assert done.out.startswith("The network in run\n")
    assert "W⁽²⁾" in done.out
    assert glassnet("draw run --index 999").err.startswith("glassnet: got --index 999; expected 0 to ")
    assert glassnet("draw run --x 1").err == "glassnet: got 1 numbers in --x; expected 2. Try --x 0.5,0.5.\n"
