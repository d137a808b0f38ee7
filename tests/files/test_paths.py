"""A name from a file or the network stays inside its folder, on every system."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import FileError
from glassnet.files.paths import join_inside, refuse_special, spelled

ESCAPES = [
    "",
    ".",
    "..",
    "../a",
    "a/../../b",
    "a/..",
    "/etc/passwd",
    "//server/share",
    "a//b",
    "a/",
    "C:/Windows",
    "C:a",
    "a:stream",
    "..\\a",
    "\\\\server\\share",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\u202etxt.exe",
    "\ud800",
    "con",
    "CON.txt",
    "Nul .json",
    "a/com1",
    "LPT¹.log",
    "conin$",
    "a.",
    "a ",
    " a",
    "a|b",
    "a*",
    'a"b',
    "a<b",
    "x" * 256,
    "é" * 128,
    "a/" * 600 + "a",
]


@pytest.mark.parametrize("name", ESCAPES, ids=ascii)
def test_names_that_lead_away_are_refused(tmp_path, name):
    with pytest.raises(FileError, match=r"^got the name .*; expected a name inside .*\. Try "):
        join_inside(tmp_path, name)


@pytest.mark.parametrize("name", ["a", "model.safetensors", "best/3/weights.bin", "...a", "console", "Ünï.json", "a b"])
def test_plain_names_are_kept(tmp_path, name):
    assert join_inside(tmp_path, name) == tmp_path / name


@given(st.text(alphabet="ab./\\:~ \0é", max_size=12))
def test_whatever_is_accepted_lies_inside(name):
    folder = Path("somewhere").absolute()
    try:
        path = join_inside(folder, name)
    except FileError:
        return
    assert Path(os.path.normpath(path)).relative_to(folder).parts == tuple(name.split("/"))


def test_links_on_the_way_are_refused(tmp_path):
    outside = tmp_path / "outside"
    folder = tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    try:
        (folder / "link").symlink_to(outside, target_is_directory=True)
        (folder / "file").symlink_to(outside / "missing")
    except OSError as error:  # Windows asks for a privilege
        pytest.skip(f"this system makes no links: {error}")
    for name in ("link/secret", "link", "file"):
        with pytest.raises(FileError, match="a link on the way"):
            join_inside(folder, name)


def test_a_folder_that_is_itself_a_link_is_the_users_choice(tmp_path):
    (tmp_path / "real").mkdir()
    try:
        (tmp_path / "alias").symlink_to(tmp_path / "real", target_is_directory=True)
    except OSError as error:
        pytest.skip(f"this system makes no links: {error}")
    assert join_inside(tmp_path / "alias", "a") == tmp_path / "alias" / "a"


@pytest.mark.parametrize("path", ["", "a\0b", "a\ud800\udfffb"], ids=ascii)
def test_paths_that_no_system_can_spell(path):
    if os.name == "nt" and "\ud800" in path:
        pytest.skip("Windows stores half a surrogate pair")
    with pytest.raises(FileError, match="expected one that this system can spell"):
        spelled(path)


@pytest.mark.parametrize(
    ("kind", "word"),
    [(stat.S_IFDIR, "a folder"), (stat.S_IFIFO, "a pipe"), (stat.S_IFCHR, "a device"), (stat.S_IFSOCK, "a socket")],
)
def test_what_is_not_a_plain_file_is_named(kind, word):
    status = os.stat_result((kind | 0o600, *range(9)))
    with pytest.raises(FileError, match=f"x, which is {word}"):
        refuse_special("x", status)
    refuse_special("x", os.stat_result((stat.S_IFREG | 0o600, *range(9))))
