"""Whatever a name from a file says, reading and writing stay inside the folder: some two hundred names, and links.

Each name is tried as its user would: joined to a folder, then written to, or read from. Beside the folder lies a file
that must neither change nor be read.
"""

import itertools
import os
from pathlib import Path

import pytest

from glassnet.errors import FileError
from glassnet.files.atomic import write_atomic
from glassnet.files.bounded import read_bounded
from glassnet.files.paths import join_inside

SECRET = b"outside"
PARENTS = [
    "..",
    "../..",
    "../../..",
    "a/..",
    "a/../..",
    "a/b/../../..",
    "./..",
    "..\\..",
    "a\\..\\..",
    "..//..",
    "../.",
]
TARGETS = ["secret", "etc/passwd", "outside/secret", "folder/secret"]
ROOTS = ["/etc/passwd", "//etc/passwd", "///secret", "\\secret", "\\\\host\\share\\secret", "//host/share/secret"]
ROOTS += ["C:/secret", "C:secret", "c:\\secret", "\\\\?\\C:\\secret", "\\\\.\\PhysicalDrive0", "//./pipe/x"]
ROOTS += [
    "file:///etc/passwd",
    "file:secret",
    "~/secret:x",
    "http://localhost/secret",
    "/proc/self/environ",
    "/dev/stdin",
]
DEVICES = [
    "con",
    "CON",
    "prn",
    "aux",
    "nul",
    "NUL.txt",
    "com1",
    "COM9.log",
    "lpt1",
    "LPT³",
    "conin$",
    "CONOUT$",
    "nul .",
]
STREAMS = ["a:b", "a::$DATA", "model.json:evil", "a:b:c", ":a"]
HIDDEN = [f"a{sign}b" for sign in "\0\n\r\t\x01\x1b\x7f\u0085\u200b\u200e\u202e\u2028\u2066\ufeff\ud800\udfff"]
SIGNS = [f"a{sign}b" for sign in '<>"|?*']
ENDS = ["a.", "a..", "a ", "a. .", " a", ". ", "...", "a/b ", "a /b", "a./b"]
EMPTY = ["", ".", "./", "./a", "a/.", "a//b", "a/", "/", "//", "a/./b", "\\"]
LONG = ["x" * 256, "é" * 128, "a/" * 600 + "a", "d/" * 511 + "../" * 600 + "secret", "\U0001f600" * 64]
NAMES = [f"{parent}/{target}" for parent, target in itertools.product(PARENTS, TARGETS)]
NAMES += [f"{'a/' * depth}{'../' * (depth + 1)}secret" for depth in range(1, 40)]
NAMES += [f"{folder}/{device}" for folder, device in itertools.product(["a", "a/b", "."], DEVICES)]
NAMES += [
    f"{device}{ending}" for device, ending in itertools.product(["con", "Aux", "lpt2"], [".json", ".tar.gz", " .x"])
]
NAMES += [*ROOTS, *DEVICES, *STREAMS, *HIDDEN, *SIGNS, *ENDS, *EMPTY, *LONG]


def write(folder: Path, name: str) -> None:
    write_atomic(join_inside(folder, name), b"evil")


def read(folder: Path, name: str) -> bytes:
    return read_bounded(join_inside(folder, name), 1000, follow_links=False)


@pytest.fixture
def folder(tmp_path):
    """A folder, with a secret beside it, above it, and under the names that the escapes use."""
    inside = tmp_path / "outside" / "folder"
    (inside / "a" / "b").mkdir(parents=True)
    for place in (tmp_path, tmp_path / "outside"):
        (place / "secret").write_bytes(SECRET)
    return inside


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_there_are_as_many_as_promised():
    assert len(set(NAMES)) >= 200


@pytest.mark.parametrize("use", [read, write])
@pytest.mark.parametrize("name", dict.fromkeys(NAMES), ids=lambda name: ascii(name[:40]))
def test_no_name_leads_away(folder, use, name):
    before = contents(folder.parents[1])
    with pytest.raises(FileError, match=r"^got the name .*; expected a name inside .*\. Try "):
        use(folder, name)
    assert contents(folder.parents[1]) == before


@pytest.mark.parametrize(
    "name", ["b", "a/x", "a/b/c.json", "..a", "a..b", "..a/b..c", "~", "~root", "$HOME", "%2e%2e", "．．"]
)
def test_names_that_only_look_odd_stay_inside(folder, name):
    target = join_inside(folder, name)
    target.parent.mkdir(exist_ok=True)
    write(folder, name)
    assert read(folder, name) == b"evil"
    assert target.resolve().is_relative_to(folder.resolve())


# Links


def symlink(path: Path, target: Path) -> None:
    path.symlink_to(target, target_is_directory=target.is_dir())


@pytest.fixture(params=["file", "folder", "chain", "loop", "dangling", "to itself inside", "other name"])
def trap(request, folder):
    """A name inside the folder that leads elsewhere."""
    secret = folder.parent / "secret"
    match request.param:
        case "file":
            symlink(folder / "x", secret)
        case "folder":
            symlink(folder / "x", folder.parent)
            return "x/secret"
        case "chain":
            symlink(folder / "y", secret)
            symlink(folder / "x", folder / "y")
        case "loop":
            symlink(folder / "x", folder / "y")
            symlink(folder / "y", folder / "x")
        case "dangling":
            symlink(folder / "x", folder.parent / "nothing")
        case "to itself inside":
            (folder / "z").write_bytes(b"inside")
            symlink(folder / "x", folder / "z")
        case "other name":
            os.link(secret, folder / "x")
    return "x"


needs_links = pytest.mark.skipif(os.name == "nt", reason="Windows asks for a privilege to make links")


@needs_links
def test_no_link_is_read(folder, trap):
    with pytest.raises(FileError, match=r"; expected .*\. Try "):
        read(folder, trap)


@needs_links
def test_no_link_is_written_through(folder, trap):
    """A second name of a file is replaced, the file itself stays; any other link is refused."""
    hard = not (folder / trap.partition("/")[0]).is_symlink()
    if hard:
        write(folder, trap)
    else:
        with pytest.raises(FileError, match=r"\blinks?\b"):
            write(folder, trap)
    assert (folder.parent / "secret").read_bytes() == SECRET
    assert not (folder.parent / "nothing").exists()


# The race: between a look at a name and its use, somebody puts a link there


def swapping(monkeypatch, call, at, swap):
    """Before the `at`-th call of one function of `os`, `swap` happens."""
    real, calls = getattr(os, call), itertools.count()

    def swapped(*args, **options):
        if next(calls) == at:
            swap()
        return real(*args, **options)

    monkeypatch.setattr(os, call, swapped)
    return calls


def put_a_link(path: Path, secret: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    os.link(secret, path) if kind == "other name" else symlink(path, secret)


@needs_links
@pytest.mark.parametrize("kind", ["link", "other name"])
@pytest.mark.parametrize(("call", "at"), [("stat", 0), ("open", 0), ("fstat", 0)])
def test_a_link_that_comes_between_is_not_read(folder, monkeypatch, call, at, kind):
    path, secret = folder / "x", folder.parent / "secret"
    path.write_bytes(b"inside")
    calls = swapping(monkeypatch, call, at, lambda: put_a_link(path, secret, kind))
    try:
        data = read_bounded(path, 1000, follow_links=False)
    except FileError:
        data = b"refused"
    assert next(calls) > at, f"os.{call} was never called: nothing was tried"
    assert data == (b"inside" if call == "fstat" else b"refused"), "a file that is open already stays the one it was"


@needs_links
@pytest.mark.parametrize("kind", ["link", "other name"])
@pytest.mark.parametrize(("call", "at"), [("stat", 0), ("lstat", 0), ("open", 0), ("replace", 0), ("open", 1)])
def test_a_link_that_comes_between_is_not_written_through(folder, monkeypatch, call, at, kind):
    path, secret = folder / "x", folder.parent / "secret"
    path.write_bytes(b"inside")
    calls = swapping(monkeypatch, call, at, lambda: put_a_link(path, secret, kind))
    write_atomic(path, b"new")
    assert next(calls) > at, f"os.{call} was never called: nothing was tried"
    assert secret.read_bytes() == SECRET
    if (call, at) != ("open", 1):  # after the name was taken: the link is the stranger's own doing
        assert path.read_bytes() == b"new"
        assert not path.is_symlink()
