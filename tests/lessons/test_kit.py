"""`glassnet lessons`: listed, copied, opened, checked, from Python and from the shell."""

import json
import os

import pytest

from glassnet.cli import lessons as command
from glassnet.cli.main import main
from glassnet.lessons.catalogue import find_lesson, lessons
from glassnet.lessons.kit import check_file, copy_course, read_lesson
from glassnet.lessons.slides import PICTURES, as_page


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(capsys, *words):
    status = main(["lessons", *words])
    return status, *capsys.readouterr()


def test_the_list(capsys):
    status, out, _ = call(capsys)
    assert status == 0
    for lesson in lessons():
        assert lesson.title in out
    assert call(capsys, "list")[1] == out


def test_copy_writes_programs_notebooks_and_the_workshop(place, capsys):
    status, out, _ = call(capsys, "copy", "course")
    assert status == 0
    assert "course" in out
    names = {path.name for path in (place / "course").iterdir()}
    assert names == {f"{lesson.name}{end}" for lesson in lessons() for end in (".py", ".ipynb")} | {"workshop"}
    workshop = {path.name for path in (place / "course" / "workshop").iterdir()}
    assert workshop == {"script.md", "slides.md", "slides.html", "moons.py", "moons.ipynb"}
    for lesson in lessons():
        assert (place / "course" / lesson.file).read_text("utf-8") == lesson.text
        cells = json.loads((place / "course" / f"{lesson.name}.ipynb").read_text("utf-8"))["cells"]
        assert ["".join(cell["source"]) for cell in cells] == [cell.source for cell in lesson.script.cells]


def test_answers_are_never_overwritten(place, capsys):
    call(capsys, "copy", "course", "1", "xor")
    mine = place / "course" / "01_neuron.py"
    assert not (place / "course" / "03_activations.py").exists()
    mine.write_text("# my answers\n")
    status, out, _ = call(capsys, "copy", "course", "1")
    assert status == 0
    assert "01_neuron.py" in out
    assert "--force" in out
    assert mine.read_text() == "# my answers\n"
    assert {entry.state for entry in copy_course("course", (find_lesson("2"),))} == {"same"}
    call(capsys, "copy", "course", "1", "--force")
    assert mine.read_text("utf-8") == find_lesson("1").text


def test_copy_can_run_them(place, capsys):
    status, _, _ = call(capsys, "copy", "course", "4", "--run")
    assert status == 0
    cells = json.loads((place / "course" / "04_forward.ipynb").read_text("utf-8"))["cells"]
    assert any("image/svg+xml" in o.get("data", {}) for c in cells for o in c.get("outputs", []))


ANSWERED = """\
from glassnet.lessons import check

# %%
check("1.1", (-1, -1), 1.5)

# %%
1 / 0

# %%
check("1.2", (1, 1, 1), -0.5)
check("1.2", (1, 1, 1), -1.5)
check("1.3", ..., ...)
"""


@pytest.mark.parametrize("kind", [".py", ".ipynb"])
def test_check_runs_a_file_to_its_end(place, capsys, kind):
    path = place / f"mine{kind}"
    if kind == ".py":
        path.write_text(ANSWERED)
    else:
        cells = [{"cell_type": "code", "source": part} for part in ANSWERED.split("# %%\n")]
        path.write_text(json.dumps({"nbformat": 4, "cells": cells}))
    report = check_file(str(path))
    assert [(v.id, v.state) for v in report.verdicts] == [("1.1", "right"), ("1.2", "right"), ("1.3", "open")]
    status, out, err = call(capsys, "check", path.name)
    assert status == 1
    assert "2 of 3 right" in out
    assert "ZeroDivisionError" in out
    assert "Traceback" not in out + err


def test_check_of_right_answers_is_0(place, capsys):
    (place / "mine.py").write_text('from glassnet.lessons import check\ncheck("1.1", (-2, -1), 2.5)\n')
    status, out, _ = call(capsys, "check", "mine.py")
    assert (status, out.splitlines()[-1]) == (0, "1 of 1 right")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("coppy",), 2, "Try glassnet lessons copy"),
        (("copy",), 2, "expected where to put"),
        (("copy", "here", "99"), 2, "expected 1 to"),
        (("open",), 2, "expected the number of a lesson"),
        (("open", "no such"), 2, "Try glassnet lessons"),
        (("check",), 2, "expected one file"),
        (("check", "a.txt"), 2, "expected a .py or an .ipynb"),
        (("check", "missing.py"), 1, "missing.py"),
        (("check", "3"), 2, "Try glassnet lessons check 03_activations.py"),
        (("check", "."), 2, "got . without lessons"),
        (("3",), 2, "Try glassnet lessons open 3"),
        (("list", "3"), 2, "expected nothing"),
        (("--nonsense",), 2, "expected one that this command has"),
    ],
)
def test_mistakes_are_told_in_one_line(place, capsys, words, status, said):
    got, out, err = call(capsys, *words)
    assert (got, out) == (status, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_check_of_a_folder_has_a_line_for_every_lesson_in_it(place, capsys):
    folder = place / "class"
    folder.mkdir()
    (folder / "anna.py").write_text('from glassnet.lessons import check\ncheck("1.1", (-2, -1), 2.5)\n')
    (folder / "ben.py").write_text(ANSWERED)
    (folder / "helper.py").write_text("x = 1\n")
    (folder / "readme.txt").write_text("check(")
    older = json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "check(1 / 0)"}]})
    (folder / "anna.ipynb").write_text(older)
    os.utime(folder / "anna.ipynb", (1, 1))  # the program was changed later
    status, out, _ = call(capsys, "check", "class")
    assert status == 1
    first, second = out.splitlines()[:2]
    assert first.split("  ") == ["anna.py", "1 of 1 right"]
    assert second.startswith("ben.py   2 of 3 right, 1 open; ")
    assert "helper" not in out
    (folder / "ben.py").unlink()
    assert call(capsys, "check", "class")[0] == 0


def test_a_file_without_checks_is_not_a_success(place, capsys):
    (place / "mine.py").write_text("x = 1\n")
    status, out, _ = call(capsys, "check", "mine.py")
    assert status == 1
    assert "no check(…) in it" in out


def test_bytes_that_are_no_text(place, capsys):
    (place / "mine.py").write_bytes(b"\xff\xfe\x00")
    status, _, err = call(capsys, "check", "mine.py")
    assert status == 1
    assert "UTF-8" in err


def test_open_starts_jupyter_where_there_is_one(place, capsys, monkeypatch):
    called = []
    monkeypatch.setattr(command, "_jupyter", lambda: ["jupyter-lab"])
    monkeypatch.setattr(command.subprocess, "call", lambda words: called.append(words) or 0)
    assert call(capsys, "open", "2", "mine")[0] == 0
    assert called == [["jupyter-lab", str(place.joinpath("mine", "02_xor.ipynb").relative_to(place))]]
    assert len(read_lesson("mine/02_xor.ipynb").cells) == len(find_lesson("2").script.cells)


def test_open_without_jupyter_says_what_else_to_do(place, capsys, monkeypatch):
    monkeypatch.setattr(command, "_jupyter", lambda: None)
    status, _, err = call(capsys, "open", "1")
    assert status == 1
    assert "pip install jupyterlab" in err
    assert (place / "glassnet-lessons" / "01_neuron.py").exists()


def test_help(capsys):
    status, out, _ = call(capsys, "--help")
    assert status == 0
    assert "check only files that you would run" in " ".join(out.split())


def test_the_slides_are_built_from_text():
    text = dict(command_files())["slides.md"]
    page = as_page(text)
    assert page.count("<section") == text.count("\n---\n") + 1
    assert page.count("<figure>") == text.count("picture:")
    assert {line.removeprefix("picture:").strip() for line in text.splitlines() if line.startswith("picture:")} <= set(
        PICTURES
    )
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    with pytest.raises(ValueError, match="expected one of"):
        as_page("picture: nothing")


def command_files():
    from glassnet.lessons.kit import workshop_files

    return workshop_files()
