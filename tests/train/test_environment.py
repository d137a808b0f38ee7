"""Where a run took place: packages by the names of their folders, the commit by git's own files."""

import os
import shutil
import subprocess

import numpy as np
import pytest

from glassnet.train.environment import ChangesAsked, commit_of, describe_environment, installed_packages

FIRST, SECOND = "1" * 40, "2" * 40


@pytest.fixture
def repository(tmp_path):
    """A repository at a commit of its branch main, as git lays it out."""
    git = tmp_path / "work" / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs" / "heads" / "main").write_text(FIRST + "\n")
    return git.parent


def test_a_branch(repository):
    assert commit_of(repository) == {"commit": FIRST, "branch": "main", "dirty": None}


def test_a_folder_inside(repository):
    (repository / "a" / "b").mkdir(parents=True)
    assert commit_of(repository / "a" / "b")["commit"] == FIRST


def test_a_packed_branch(repository):
    (repository / ".git" / "refs" / "heads" / "main").unlink()
    (repository / ".git" / "packed-refs").write_text(
        f"# pack-refs\n{FIRST} refs/heads/other\n{SECOND} refs/heads/main\n"
    )
    assert commit_of(repository)["commit"] == SECOND


def test_no_branch(repository):
    (repository / ".git" / "HEAD").write_text(SECOND)
    assert commit_of(repository) == {"commit": SECOND, "branch": None, "dirty": None}


def test_no_commit_yet(repository):
    (repository / ".git" / "refs" / "heads" / "main").unlink()
    assert commit_of(repository) == {"commit": None, "branch": "main", "dirty": None}


def test_a_work_tree_shares_the_branches_of_its_repository(repository, tmp_path):
    own = repository / ".git" / "worktrees" / "second"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/main")
    (own / "commondir").write_text("../..")
    other = tmp_path / "second"
    other.mkdir()
    (other / ".git").write_text(f"gitdir: {own}\n")
    assert commit_of(other)["commit"] == FIRST


@pytest.mark.parametrize("head", ["", "ref: refs/heads/../../../secret", "<script>", "ref: ", "\xff\x00"])
def test_spoilt_files_give_no_commit(repository, head):
    (repository / ".git" / "HEAD").write_text(head, encoding="latin-1")
    (repository.parent / "secret").write_text("password")
    assert commit_of(repository)["commit"] is None


def test_no_repository(tmp_path):
    inside = tmp_path / "plain"
    inside.mkdir()
    (inside / ".git").write_text("nothing that git wrote")
    assert commit_of(inside) is None
    assert ChangesAsked(inside).answer() is None


def test_changes_are_asked_of_git_itself(tmp_path):
    if shutil.which("git") is None:
        (tmp_path / ".git").mkdir()
        assert ChangesAsked(tmp_path).answer() is None
        return
    author = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]

    def git(*words):
        return subprocess.run(["git", *author, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    git("init")
    (tmp_path / "train.py").write_text("1")
    git("add", "."), git("commit", "-m", "first")
    assert commit_of(tmp_path)["commit"] == git("rev-parse", "HEAD").strip()
    asked = ChangesAsked(tmp_path)
    assert (asked.answer(), asked.answer()) == (False, None)  # asked once
    (tmp_path / "notes.txt").write_text("untracked files are no change")
    assert ChangesAsked(tmp_path).answer() is False
    (tmp_path / "train.py").write_text("two")
    assert ChangesAsked(tmp_path).answer() is True


def test_packages_are_known_by_their_folders(tmp_path):
    for name in ("numpy-2.4.0.dist-info", "scikit_learn-1.5.dist-info", "old-0.1.egg-info", "numpy", "x.dist-info"):
        (tmp_path / name).mkdir()
    assert installed_packages([str(tmp_path), "nowhere"]) == {"numpy": "2.4.0", "old": "0.1", "scikit-learn": "1.5"}


def test_the_whole_says_what_numbers_depend_on_and_nothing_about_people():
    found = describe_environment()
    assert found["numpy"] == np.__version__
    assert found["packages"]["numpy"] == np.__version__
    assert set(found["blas"]) == {"name", "version", "core", "threads"}
    told = repr({key: value for key, value in found.items() if key != "git"})
    for secret in (os.path.expanduser("~"), os.environ.get("HOSTNAME") or "no such name", os.getcwd()):
        assert len(secret) < 4 or secret not in told
