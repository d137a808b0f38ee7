"""Refusals of the operating system become messages with the path, the bytes, and the way out."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import FileError, FormatError
from glassnet.files.os_errors import file_error, reported, shown, typed


@pytest.mark.parametrize("name", ["ENOSPC", "EACCES", "EROFS", "ENOENT", "EMFILE", "EIO", "EISDIR", "EDQUOT"])
def test_each_refusal_names_path_bytes_and_what_to_try(name):
    number = getattr(errno, name)
    error = file_error(OSError(number, os.strerror(number)), "write", "runs/a.json", 12345)
    text = str(error)
    assert "runs/a.json (12,345 bytes)" in text
    assert os.strerror(number) in text
    assert text.startswith("got ")
    assert "; expected " in text
    assert ". Try " in text
    assert error.errno == number


def test_a_missing_file_is_what_python_calls_one_too():
    missing = file_error(OSError(errno.ENOENT, os.strerror(errno.ENOENT)), "open", "nowhere")
    assert isinstance(missing, FileNotFoundError)
    assert isinstance(missing, FileError)
    assert not isinstance(file_error(OSError(errno.EACCES, "x"), "open", "closed"), FileNotFoundError)
    with pytest.raises(FileNotFoundError), reported("open", "nowhere"):
        os.stat("nowhere/at/all")


def test_a_number_without_advice_still_has_three_beats():
    assert str(file_error(OSError(99999, "odd"), "read", "x")) == (
        "got 'odd' on trying to read x; expected no error. Try a copy of the file."
    )
    assert str(file_error(OSError(99999, "odd"), "write", "x")).endswith("expected no error. Try another folder.")


KINDS = ["ENOENT", "EEXIST", "EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EIO", "EMFILE", "ENOMEM", "EINVAL"]


@pytest.mark.parametrize("action", ["write", "read", "make the folder", "open", "look into", "tidy away"])
@pytest.mark.parametrize("name", KINDS)
def test_there_is_advice_for_each_and_reading_is_not_told_to_write_elsewhere(name, action):
    number = getattr(errno, name)
    text = str(file_error(OSError(number, os.strerror(number)), action, "x"))
    assert "no error" not in text
    if action in ("read", "open", "look into") and name in ("ENOENT", "EACCES", "EPERM", "EIO"):
        assert "folder" not in text


def test_what_is_in_the_way_is_not_called_no_error():
    error = file_error(FileExistsError(errno.EEXIST, "File exists"), "make the folder", "runs")
    assert str(error).endswith("expected a name that nothing has yet. Try another name, or moving what is there.")


def test_only_the_systems_own_refusals_are_translated():
    with pytest.raises(FileError, match="on trying to read x"), reported("read", "x"):
        raise PermissionError(errno.EACCES, "Permission denied")
    own = FormatError("got a; expected b. Try c.")
    with pytest.raises(FormatError) as caught, reported("read", "x"):
        raise own
    assert caught.value is own
    with pytest.raises(KeyError), reported("read", "x"):
        raise KeyError("x")


@given(st.text(max_size=2000))
def test_shown_paths_are_printable_and_short(text):
    result = shown(text)
    assert result.isprintable()
    assert len(result) <= 240


def test_a_slip_of_the_pen_is_answered_with_the_file_that_is_there(tmp_path):
    (tmp_path / "house prices.csv").write_text("")
    with pytest.raises(FileError) as caught, reported("open", tmp_path / "house price.csv"):
        os.stat(tmp_path / "house price.csv")
    right = typed(tmp_path / "house prices.csv")
    assert str(caught.value).endswith(f"expected a path that exists. Try {right}.")
    for other in (tmp_path / "quite another.csv", tmp_path / "no folder" / "house prices.csv", "a\0b"):
        missing = FileNotFoundError(errno.ENOENT, "No such file or directory")
        assert str(file_error(missing, "open", other)).endswith("Try checking the spelling.")
    missing = FileNotFoundError(errno.ENOENT, "No such file or directory")
    assert "Try downloading it first" in str(file_error(missing, "open", "https://example.org/a.csv"))
