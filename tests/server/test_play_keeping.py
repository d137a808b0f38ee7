"""Sessions that outlive their server: the same weights to the last bit, and nothing but our own files is believed."""

import asyncio
import math
import os

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.files import safetensors, strict_json
from glassnet.server import commands as c
from glassnet.server import points
from glassnet.server.keeping import Keeper
from glassnet.server.playground import Playground

SMALL = {"points": 40, "resolution": 10}


def weights(playground: Playground) -> list[np.ndarray]:
    return [p.array.copy() for p in playground.learner.parameters]


def assert_same(one: Playground, other: Playground) -> None:
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_session_comes_back_and_goes_on_as_if_nothing_had_been(tmp_path):
    keeper, playground = Keeper(str(tmp_path)), Playground({**SMALL, "hidden": [3], "l2": 0.01})
    playground.advance(10, math.inf)  # two and a half epochs
    playground.freeze(c.Freeze(1, 0))
    playground.ablate(1, 2, True)
    assert keeper.keep("name", playground)
    again = keeper.find("name")
    assert_same(playground, again)
    assert (again.step, again.course.now, again.state) == (10, playground.course.now, playground.state)
    assert again.report().frozen == playground.report().frozen
    assert again.report().ablated == [[1, 2]]
    assert again.curve.rows == playground.curve.rows
    for one in (playground, again):
        one.advance(7, math.inf)
    assert_same(playground, again)


@pytest.mark.parametrize("rule", ["sgd", "momentum", "rmsprop", "adam"])
def test_the_optimiser_goes_on_where_it_was(tmp_path, rule):
    keeper, playground = Keeper(str(tmp_path)), Playground({**SMALL, "hidden": [3], "optimizer": rule, "l1": 0.001})
    playground.advance(13, math.inf)
    assert keeper.keep("name", playground)
    again = keeper.find("name")
    np.testing.assert_array_equal(again.learner.memory(), playground.learner.memory())
    for one in (playground, again):
        one.advance(20, math.inf)
    assert_same(playground, again)
    np.testing.assert_array_equal(again.learner.memory(), playground.learner.memory())


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("rule", ["sgd", "momentum", "rmsprop", "adam"])
@pytest.mark.parametrize("changes", [{"activation": "relu", "batch_size": 7}, {"dropout": 0.2, "l2": 0.01}])
def test_it_goes_on_to_the_last_bit_wherever_it_was_cut(tmp_path, rule, steps, changes):
    state = {
        **SMALL,
        "hidden": [16, 9],
        "optimizer": rule,
        **changes,
    }  # batches of 7: the last one of an epoch is short
    keeper, playground = Keeper(str(tmp_path)), Playground(state)
    playground.advance(steps, math.inf)
    assert keeper.keep("name", playground)
    again = keeper.find("name")
    for one in (playground, again):
        one.advance(25, math.inf)
    assert_same(playground, again)
    assert again.learner._step.replays > 10


def test_getting_ready_changes_no_number():
    playground = Playground({**SMALL, "optimizer": "adam", "dropout": 0.3})
    playground.advance(1, math.inf)
    learner, batch = playground.learner, playground.course.next()
    masks = learner.masks(len(batch[0].array))
    before = weights(playground), learner.memory(), [m.array.tobytes() for m in masks], learner.rng.bit_generator.state
    learner._get_ready(*batch, masks)
    after = weights(playground), learner.memory(), [m.array.tobytes() for m in masks], learner.rng.bit_generator.state
    for a, b in zip(before[0], after[0], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]
    assert [int(array) for _, key, array in learner.remembered() if key == "step"] == [1] * 6
    assert learner._step.replays == 1


def test_dropout_draws_on_where_it_was(tmp_path):
    playground = Playground({"dataset": "circle", "points": 40, "seed": 3, "dropout": 0.3, "optimizer": "adam"})
    playground.train(2.5)  # in the middle of an epoch
    keeper = Keeper(str(tmp_path))
    assert keeper.keep("name", playground)
    back = keeper.find("name")
    for one in (playground, back):
        one.train(4)
    assert_same(playground, back)
    assert back.learner.rng.bit_generator.state == playground.learner.rng.bit_generator.state


@pytest.mark.parametrize(
    "random", [["1", "2"], ["-1", "1", "0", "0"], ["x", "1", "0", "0"], ["1" * 60, "1", "0", "0"], 7]
)
def test_a_place_in_the_random_numbers_that_cannot_be_is_not_believed(tmp_path, random):
    keeper = Keeper(str(tmp_path))
    assert keeper.keep("name", Playground({"points": 20}))
    path = keeper._path("name")
    tensors, about = safetensors.load(path, checksum=True)
    kept = strict_json.loads(about["playground"]) | {"random": random}
    safetensors.save(path, tensors, {**about, "playground": strict_json.dumps(kept)}, checksum=True)
    assert keeper.find("name") is None


def test_a_memory_that_the_rule_does_not_have_is_not_believed(tmp_path):
    keeper, playground = Keeper(str(tmp_path)), Playground({**SMALL, "optimizer": "adam"})
    playground.advance(3, math.inf)
    for things in (
        [(0, "velocity", np.zeros((4, 2)))],
        [(0, "exp_avg", np.zeros(7))],
        [(99, "exp_avg", np.zeros(1))],
    ):
        with pytest.raises(GlassnetError):
            playground.learner.remember(things)
    assert keeper.keep("name", playground)


def test_own_points_come_back(tmp_path):
    keeper, playground = Keeper(str(tmp_path)), Playground(SMALL)
    playground.change_points(lambda p: points.added(p, np.array([[1.0, 2.0, 2.0]]), True))
    keeper.keep("name", playground)
    again = keeper.find("name")
    np.testing.assert_array_equal(again.points.x, playground.points.x)
    assert again.points.classes == playground.points.classes
    assert_same(playground, again)


def test_a_session_in_parity_comes_back(tmp_path):
    keeper, playground = Keeper(str(tmp_path)), Playground()
    playground.open_link("#seed=0.59704&batchSize=30&regularization=L1&regularizationRate=0.03&learningRate=0.1")
    playground.train(3)  # the last batch of an epoch is not full: its sums wait for the next epoch
    assert playground.learner.net.count > 0
    assert playground.learner.net.dead_links > 0
    keeper.keep("name", playground)
    again = keeper.find("name")
    for one in (playground, again):
        one.train(3)
    assert_same(playground, again)


@pytest.mark.parametrize("cut", [0, 1, 8, 100, -1])
def test_a_damaged_file_is_not_believed(tmp_path, cut):
    keeper = Keeper(str(tmp_path))
    keeper.keep("name", Playground(SMALL))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    assert keeper.find("name") is None
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    path.write_bytes(flipped)
    assert keeper.find("name") is None


def test_names_lead_nowhere_else(tmp_path):
    keeper = Keeper(str(tmp_path / "sessions"))
    for name in ("../../escape", "/etc/passwd", "a" * 5000, "\0", "name"):
        assert keeper.keep(name, Playground(SMALL))
        assert keeper.find(name) is not None
    assert os.listdir(tmp_path) == ["sessions"]
    assert len(os.listdir(tmp_path / "sessions")) == 5
    assert "name" not in "".join(os.listdir(tmp_path / "sessions"))


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path):
    (tmp_path / "file").write_text("")
    keeper = Keeper(str(tmp_path / "file" / "inside"))
    assert not keeper.keep("name", Playground(SMALL))
    assert keeper.find("name") is None
    keeper.tidy()


def test_old_files_are_removed(tmp_path):
    keeper = Keeper(str(tmp_path))
    for name in ("old", "new"):
        keeper.keep(name, Playground(SMALL))
    os.utime(keeper._path("old"), (1, 1))
    keeper.tidy()
    assert keeper.find("old") is None
    assert keeper.find("new") is not None


def test_a_page_finds_its_network_after_the_server_was_stopped(start, tmp_path):
    keeper = Keeper(str(tmp_path))
    before = start(keeper=keeper)

    async def first():
        async with before.page(state=SMALL) as page:
            await page.ask("step", count=5)
            return page.welcome["session"], page.state

    name, state = asyncio.run(first())
    before.server.__exit__()
    after = start(keeper=keeper)

    async def second():
        async with after.page(session=name) as page:
            assert page.welcome["resumed"]
            assert page.welcome["session"] == name
            await page.frame()
            return page.state

    found = asyncio.run(second())
    assert (found["epoch"], found["step"], found["state"]) == (5, state["step"], state["state"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_nobody_else_may_look_into_the_folder(tmp_path):
    folder = tmp_path / "sessions"
    assert Keeper(str(folder)).keep("name", Playground(SMALL))
    assert folder.stat().st_mode & 0o077 == 0
