"""A state comes back to the last bit; a folder keeps the last and the best, and passes over what is damaged."""

import json
import math
import os
import random
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import glassnet as torch
from glassnet import nn
from glassnet.errors import DTypeError, FileError, FormatError, GlassnetError, NotSupportedError, ValueRangeError
from glassnet.files import safetensors
from glassnet.train.checkpoint import (
    Checkpoints,
    CheckpointWarning,
    changed_machine,
    read_checkpoint,
    write_checkpoint,
)
from glassnet.train.machine import Blas
from glassnet.train.rng_state import rng_state, set_rng_state

TYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1", "c8"]
ARRAYS = st.sampled_from(TYPES).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)
TENSORS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=2, max_side=3)).map(torch.from_numpy)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
PLAIN = st.none() | st.booleans() | st.integers(-(2**140), 2**140) | st.floats() | TEXT
SCALARS = st.floats(width=32).map(np.float32) | st.integers(0, 2**64 - 1).map(np.uint64) | st.booleans().map(np.bool_)
LONG = st.lists(st.floats(), min_size=64, max_size=70) | st.lists(
    st.integers(-(2**65), 2**65), min_size=64, max_size=70
)
KEYS = TEXT | st.integers(-(2**63), 2**63 - 1)
STATES = st.recursive(
    PLAIN | ARRAYS | SCALARS | LONG | TENSORS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(TEXT, inner, max_size=2).map(OrderedDict)
    ),
    max_leaves=8,
)


def identical(a, b):
    """Equal in kind, shape and every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return identical(a.array, b.array)
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(identical(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, float):
        return repr(a) == repr(b)
    return a == b


def without_machine(state):
    return {key: value for key, value in state.items() if key != "machine"}


# One file


@settings(max_examples=80)
@given(st.dictionaries(TEXT.filter(lambda name: name != "machine"), STATES, max_size=4))
def test_a_state_comes_back_to_the_last_bit(tmp_path_factory, state):
    path = tmp_path_factory.getbasetemp() / "state.safetensors"
    assert write_checkpoint(path, state) == path.stat().st_size
    assert identical(without_machine(read_checkpoint(path)), state)


@pytest.mark.parametrize(
    "array",
    [
        np.array(7),
        np.zeros((0, 4), np.uint32),
        np.array(True),
        np.array([2**53 + 1, -(2**63), 2**63 - 1]),
        np.array([2**64 - 1], np.uint64),
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12, dtype=np.float32)[::-2],
        np.broadcast_to(np.float32(3), (2, 2)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([math.nan, math.inf, -0.0]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_of_every_layout(tmp_path, array):
    write_checkpoint(tmp_path / "a", {"x": array, "deep": [{"y": array}]})
    state = read_checkpoint(tmp_path / "a")
    for back in (state["x"], state["deep"][0]["y"]):
        assert back.dtype == array.dtype
        assert back.shape == array.shape
        assert back.tobytes() == array.tobytes()
        assert back.flags.writeable


def test_big_endian_numbers_become_the_machines_own(tmp_path):
    write_checkpoint(tmp_path / "a", {"x": np.arange(3, dtype=">i4")})
    np.testing.assert_array_equal(read_checkpoint(tmp_path / "a")["x"], [0, 1, 2])


def test_names_that_read_alike_do_not_meet(tmp_path):
    """a.b as a key, and b inside a; the number 1 and the text "1"."""
    state = {"a": {"b": np.zeros(1), 1: np.ones(1), "1": np.ones(2)}, "a.b": np.zeros(2), "__metadata__": np.ones(3)}
    write_checkpoint(tmp_path / "a", state)
    assert identical(without_machine(read_checkpoint(tmp_path / "a")), state)


def test_the_tensors_have_names_that_others_can_read(tmp_path):
    model = nn.Sequential(nn.Linear(3, 2))
    write_checkpoint(tmp_path / "a", {"model": model.state_dict(), "step": 3})
    tensors, _ = safetensors.load(tmp_path / "a")
    assert set(tensors) == {"model.0.weight", "model.0.bias"}
    assert torch.load(tmp_path / "a")["step"] == 3


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ([1], NotSupportedError, "got list as the state; expected a dict of named parts"),
        ({"a": {"b": nn.ReLU()}}, NotSupportedError, "got ReLU at a.b"),
        ({"a": {1.5: 2}}, NotSupportedError, "got the key 1.5 at a"),
        ({"a": {True: 2}}, NotSupportedError, "got the key True at a"),
        ({"a": {2**63: 2}}, NotSupportedError, "expected text or a whole number of 64 bits"),
        ({"a": "\ud800"}, ValueRangeError, "got half a surrogate pair at a"),
        ({"machine": "lathe"}, ValueRangeError, "expected that name free"),
        ({"a": np.array(["x"])}, DTypeError, "tensor 'a': got the type <U1"),
        ({"a": np.array([None])}, DTypeError, "tensor 'a'"),
        ({"a": list(range(64)) * 4000 + [""]}, ValueRangeError, "got more than 200,000 values beside the arrays"),
        ({"a": [0.5] * 600_000, "b": [1] * 600_000}, ValueRangeError, "got more than 1,000,000 numbers in lists at b"),
        ({"a": 1 << 20_000}, ValueRangeError, "got a whole number of 20,001 bits at a"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_saved_is_named_by_its_place_and_harms_nothing(tmp_path, state, error, words):
    write_checkpoint(tmp_path / "a", {"step": 1})
    with pytest.raises(error, match=r"; expected .*\. Try ") as caught:
        write_checkpoint(tmp_path / "a", state)
    assert words in str(caught.value)
    assert read_checkpoint(tmp_path / "a")["step"] == 1
    assert os.listdir(tmp_path) == ["a"]


def test_a_value_inside_itself_and_the_deepest_that_fits(tmp_path):
    circle = {}
    circle["self"] = circle
    with pytest.raises(ValueRangeError, match=r"more than 30 levels at self\.self\.self"):
        write_checkpoint(tmp_path / "a", circle)
    deep: object = 1
    for _ in range(29):
        deep = {"a": deep}
    write_checkpoint(tmp_path / "a", {"a": deep})
    assert read_checkpoint(tmp_path / "a")["a"] == deep


def test_many_commas_in_a_text_are_no_values(tmp_path):
    write_checkpoint(tmp_path / "a", {"text": ",[" * 150_000})
    assert read_checkpoint(tmp_path / "a")["text"] == ",[" * 150_000


def test_a_long_history_is_kept_among_the_arrays(tmp_path):
    history = {"loss": [0.1 * n for n in range(300_000)], "step": list(range(300_000))}
    write_checkpoint(tmp_path / "a", history)
    assert without_machine(read_checkpoint(tmp_path / "a")) == history


def test_other_files_are_told_from_checkpoints(tmp_path):
    model = nn.Sequential(nn.Linear(2, 1))
    torch.save(model.state_dict(), tmp_path / "weights")
    (tmp_path / "text").write_text("not a checkpoint at all, but long enough")
    safetensors.write(tmp_path / "plain", {"w": np.ones(2)})
    structure = '["list", 1]\n'
    safetensors.write(tmp_path / "list", {}, {"checkpoint": '{"format": 1}', "structure": structure}, checksum=True)
    safetensors.write(tmp_path / "new", {}, {"checkpoint": '{"format": 2}'}, checksum=True)
    cases = {
        "weights": "got a file without a training's state; expected a checkpoint",
        "text": "got text",
        "plain": "got no checksum",
        "list": "got no named parts",
        "new": "got a checkpoint of format 2; expected format 1. Try a newer glassnet",
    }
    for name, words in cases.items():
        with pytest.raises(FormatError, match=r"\. Try ") as caught:
            read_checkpoint(tmp_path / name)
        assert words in str(caught.value)
        assert str(tmp_path / name) in str(caught.value)


# The machine


def test_the_machine_is_written_down_anew_at_every_save(tmp_path):
    write_checkpoint(tmp_path / "a", {"step": 1})
    state = read_checkpoint(tmp_path / "a")
    assert changed_machine(state) == []
    assert state["machine"]["blas"]["threads"] == Blas().threads
    state["machine"]["numpy"] = "1.0"
    write_checkpoint(tmp_path / "a", state)
    assert changed_machine(read_checkpoint(tmp_path / "a")) == []


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (("numpy",), "NumPy: other then"),
        (("glassnet",), "glassnet: other then"),
        (("platform",), "operating system: other then"),
        (("blas", "core"), "BLAS kernels: other then"),
        (("blas", "version"), "BLAS version: other then"),
        (("features",), "processor features: other then"),
    ],
)
def test_each_change_of_the_machine_is_told(tmp_path, place, words):
    write_checkpoint(tmp_path / "a", {})
    state = read_checkpoint(tmp_path / "a")
    inner = state["machine"]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = "other"
    (told,) = changed_machine(state)
    assert told.startswith(words)
    assert told.endswith(" now")


def test_another_number_of_threads_is_told(tmp_path):
    write_checkpoint(tmp_path / "a", {})
    state = read_checkpoint(tmp_path / "a")
    blas = Blas()
    before = blas.threads
    if before is None:
        pytest.skip("this BLAS does not say")
    blas.threads = 1 if before > 1 else 2
    try:
        told = changed_machine(state)
    finally:
        blas.threads = before
    assert told == ([f"BLAS threads: {before} then, {1 if before > 1 else 2} now"] if blas.name == "OpenBLAS" else told)


def test_a_state_without_a_machine_says_so():
    assert changed_machine({}) == ["machine: unknown then"]
    assert len(changed_machine({"machine": {"blas": None}})) >= 4


# The folder


def steps(checkpoints):
    return [read_checkpoint(path)["step"] for path in checkpoints.paths]


def test_the_last_and_the_best_stay(tmp_path):
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints", keep_last=2, keep_best=2)
    for step, loss in enumerate([0.5, 0.1, 0.9, 0.2, 0.8, 0.1, math.nan]):
        path = checkpoints.save({"step": step}, score=loss)
        assert checkpoints.newest()[0] == path == checkpoints.paths[0]
    assert steps(checkpoints) == [6, 5, 1]
    assert checkpoints.best()[1]["step"] == 1, "of equal scores the earlier"


SCORES = st.lists(st.none() | st.floats(-2, 2) | st.sampled_from([math.nan, math.inf, -math.inf]), max_size=8)


@settings(max_examples=40)
@given(SCORES, st.integers(1, 3), st.integers(0, 2), st.booleans(), st.booleans())
def test_what_stays_by_a_plain_account(tmp_path_factory, scores, last, best, higher, restart):
    folder = tmp_path_factory.mktemp("run")
    checkpoints = Checkpoints(folder, keep_last=last, keep_best=best)
    for step, score in enumerate(scores):
        if restart:
            checkpoints = Checkpoints(folder, keep_last=last, keep_best=best)
        checkpoints.save({"step": step}, score=score, higher_is_better=higher)
        real = [(s if not higher else -s, n) for n, s in enumerate(scores[: step + 1]) if s is not None and s - s == 0]
        expected = {*range(max(0, step + 1 - last), step + 1), *(n for _, n in sorted(real)[:best])}
        assert steps(checkpoints) == sorted(expected, reverse=True)
        if real and best:
            assert checkpoints.best()[1]["step"] == min(real)[1]


def test_unless_told_otherwise_two_and_the_best_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for step, loss in enumerate([0.3, 0.1, 0.2, 0.4, 0.5]):
        checkpoints.save({"step": step}, score=loss)
    assert steps(checkpoints) == [4, 3, 1], "a score is a loss unless higher_is_better"


def test_all_are_kept_if_asked(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep_last=None)
    for step in range(5):
        checkpoints.save({"step": step})
    assert steps(checkpoints) == [4, 3, 2, 1, 0]


def test_files_of_other_names_are_never_touched(tmp_path):
    names = ["model.safetensors", "checkpoint-1.safetensors", "checkpoint-x.safetensors", "checkpoint-00000009.tmp"]
    for name in names:
        (tmp_path / name).write_text("mine")
    checkpoints = Checkpoints(tmp_path, keep_last=1)
    checkpoints.save({"step": 0})
    checkpoints.save({"step": 1})
    assert sorted(os.listdir(tmp_path)) == sorted([*names, "checkpoint-00000002.safetensors"])


def test_when_it_is_time():
    now = [0.0]
    checkpoints = Checkpoints("nowhere", every_seconds=30, every_steps=100, clock=lambda: now[0])
    assert [step for step in range(1, 301) if checkpoints.due(step)] == [100, 200, 300]
    now[0] = 29.9
    assert not checkpoints.due(7)
    now[0] = 30
    assert checkpoints.due(7)
    assert not any(map(Checkpoints("nowhere").due, range(1, 1000)))


def test_saving_starts_the_clock_anew(tmp_path):
    now = [0.0]
    checkpoints = Checkpoints(tmp_path, every_seconds=30, clock=lambda: now[0])
    now[0] = 40.0
    checkpoints.save({})
    assert not checkpoints.due(1)
    now[0] = 70.0
    assert checkpoints.due(1)


@pytest.mark.parametrize("wrong", [{"keep_last": 0}, {"every_steps": 0}, {"every_seconds": -1.0}])
def test_odd_settings_are_named(wrong):
    (name,) = wrong
    with pytest.raises(ValueRangeError, match=rf"got {name}=.*; expected more than 0.*Try {name}=None"):
        Checkpoints("nowhere", **wrong)


def damage(path):
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))


def test_a_damaged_one_is_passed_over_and_named(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep_last=3)
    paths = [checkpoints.save({"step": step, "w": np.ones(3)}, score=-step) for step in range(3)]
    damage(paths[2])
    for look in (checkpoints.newest, checkpoints.best, Checkpoints(tmp_path).newest):
        with pytest.warns(CheckpointWarning) as caught:
            path, state = look()
        (warning,) = [str(w.message) for w in caught]
        assert paths[2] in warning
        assert "got contents with SHA-256" in warning
        assert warning.endswith(f"Going on with {paths[1]} instead.")
        assert (path, state["step"]) == (paths[1], 1)
        assert caught[0].filename == __file__


def test_a_damaged_header_hides_a_score_and_is_named(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep_last=3)
    paths = [checkpoints.save({"step": step}, score=step) for step in range(3)]
    with open(paths[0], "r+b") as file:
        file.truncate(20)
    with pytest.warns(CheckpointWarning, match="00000001"):
        assert Checkpoints(tmp_path).best()[1]["step"] == 1


def test_a_damaged_one_counts_as_nothing_when_others_are_deleted(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep_last=2, keep_best=0)
    paths = [checkpoints.save({"step": step}) for step in range(2)]
    with open(paths[1], "r+b") as file:
        file.truncate(20)
    again = Checkpoints(tmp_path, keep_last=2, keep_best=0)
    third = again.save({"step": 2})
    assert again.paths == [third, paths[1], paths[0]], "the whole one that came before stays, the damaged one is left"
    assert again.newest()[0] == third


def test_none_whole_is_one_error_that_lists_each(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    paths = [checkpoints.save({"w": np.ones(3)}, score=1.0) for _ in range(2)]
    for path in paths:
        damage(path)
    for look in (checkpoints.newest, Checkpoints(tmp_path).best):
        with pytest.raises(FormatError, match=r"got no whole checkpoint.* among 2; expected") as caught:
            look()
        assert all(path in str(caught.value) for path in paths)
        assert not str(caught.value).endswith("..")


def test_none_at_all(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(FileError, match=r"got no checkpoint in .*; expected at least one") as caught:
            Checkpoints(folder).newest()
        assert not isinstance(caught.value, FormatError)
    Checkpoints(tmp_path).save({}, score=math.nan)
    with pytest.raises(FileError, match="got no checkpoint with a score in"):
        Checkpoints(tmp_path).best()
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="make the folder"):
        Checkpoints(tmp_path / "file").save({})
    with pytest.raises(FileError, match="look into"):
        Checkpoints(tmp_path / "file").newest()


def test_what_cannot_be_deleted_is_told_and_tried_again(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, keep_last=1)
    first = checkpoints.save({"step": 0})
    real = os.unlink

    def refuse(path, *rest, **options):
        if path == first:
            raise PermissionError(13, "Permission denied")
        real(path, *rest, **options)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.warns(CheckpointWarning, match=r"got 'Permission denied' on trying to tidy away .*00000001"):
        checkpoints.save({"step": 1})
    monkeypatch.undo()
    checkpoints.save({"step": 2})
    assert steps(checkpoints) == [2]


# Random streams


def draw():
    numpy = np.random.rand(3).tolist(), np.random.standard_normal()  # noqa: NPY002
    return torch.randn(3).tolist(), random.random(), random.gauss(), numpy


def test_every_stream_goes_on_where_it_stood(tmp_path):
    draw()  # leaves half a pair of normals waiting in each
    write_checkpoint(tmp_path / "a", {"rng": rng_state()})
    expected = [draw(), draw()]
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    set_rng_state(read_checkpoint(tmp_path / "a")["rng"])
    assert [draw(), draw()] == expected


def changed(streams, stream, **values):
    return streams | {stream: {**streams[stream], **values}}


@pytest.mark.parametrize("stream", ["glassnet", "python", "numpy"])
def test_a_state_that_is_none_moves_no_stream(stream):
    np.random.rand()  # noqa: NPY002
    good = rng_state()
    bad = [good | {stream: np.zeros(7, np.uint8)}, good | {stream: None}, good | {stream: {}}]
    if stream == "python":
        bad.append(changed(good, stream, words=good[stream]["words"][:-1]))
        bad.append(changed(good, stream, version=9))
    if stream == "numpy":
        bad.append(changed(good, stream, kind="PCG64"))
        bad.append(changed(good, stream, state={"key": np.zeros(3, np.uint32), "pos": 1}))
    draw()
    now = json.dumps(rng_state(), default=np.ndarray.tolist)
    for state in bad:
        with pytest.raises(GlassnetError):
            set_rng_state(dict(reversed(state.items())))
        assert json.dumps(rng_state(), default=np.ndarray.tolist) == now


def test_streams_that_the_state_does_not_name_are_left_alone():
    before = random.getstate()
    set_rng_state({"glassnet": rng_state()["glassnet"], "somebody's": 3})
    assert random.getstate() == before
