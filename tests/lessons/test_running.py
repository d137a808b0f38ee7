"""Cells that run: what they leave behind, and what is said of a mistake."""

import pytest

from glassnet.lessons import Picture, show, sized
from glassnet.lessons.percent import parse
from glassnet.lessons.running import LessonError, Output, bundle, run_script


def outputs(source, **options):
    return run_script(parse(source), **options)


def test_text_pictures_and_values_come_in_order():
    source = "# %%\nfrom glassnet.lessons import *\nprint('a')\nshow(Picture(10, 10, 'p'))\nprint('b')\n'value'\n"
    [left] = outputs(source)
    assert [(o.kind, o.data["text/plain"]) for o in left] == [
        ("stream", "a\n"),
        ("display", "<picture: p>"),
        ("stream", "b\n"),
        ("result", "'value'"),
    ]
    assert left[1].data["image/svg+xml"].startswith("<svg")


def test_cells_share_a_namespace_but_runs_do_not():
    assert outputs("# %%\nx = 1\n\n# %%\nx + 1") == [[], [Output("result", {"text/plain": "2"})]]
    with pytest.raises(LessonError, match="NameError"):
        outputs("# %%\nx")


def test_sizes_are_small_only_when_asked():
    source = "# %%\nfrom glassnet.lessons import sized\nsized(100, quick=1)"
    assert outputs(source)[0][0].data["text/plain"] == "100"
    assert outputs(source, quick=True)[0][0].data["text/plain"] == "1"
    assert sized(100, quick=1) == 100


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("# %%\n1\n\n# %%\na = 2\n1 / 0", r"mine, cell 2, line 2: got ZeroDivisionError in '1 / 0'"),
        ("# %%\ndef f():\n    return 1 / 0\n\nf()", r"cell 1, line 2: got ZeroDivisionError"),
        ("# %%\nx = = 1", r"cell 1, line 1: got SyntaxError"),
        ("# %%\nimport nothing_of_that_name", r"ModuleNotFoundError"),
    ],
)
def test_a_mistake_names_its_place(source, told):
    with pytest.raises(LessonError, match=told):
        outputs(source, name="mine")


def test_show_outside_a_lesson_prints(capsys):
    show(Picture(10, 10, "a plot"))
    assert capsys.readouterr().out == "<picture: a plot>\n"


def test_a_class_is_not_asked_for_its_picture():
    assert bundle(Picture) == {"text/plain": repr(Picture)}
