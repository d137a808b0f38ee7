"""The space of a wide layer, the phases of a step, activations as histograms, and a step that is cut."""

import base64
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.errors import ValueRangeError
from glassnet.server import commands as c
from glassnet.server import handlers, learning, network, session
from glassnet.server.outbox import Outbox
from glassnet.server.playground import Playground
from glassnet.server.session import Limits, Session
from glassnet.server.space import SIDE

WIDE = {"dataset": "moons", "hidden": [7, 5], "activation": "relu", "seed": 3}


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def said_by(playground: Playground, layer: int, x: np.ndarray) -> np.ndarray:
    with no_grad():
        return network.forward(playground.learner.parameters, playground.learner.acts, wrap(x))[1][layer - 1].array


@given(layer=st.integers(1, 2), epochs=st.integers(0, 5), seed=st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_the_two_directions_are_those_of_largest_variance(layer, epochs, seed):
    playground = Playground({**WIDE, "seed": seed})
    playground.train(epochs)
    report = playground.space(layer, 4)
    said = said_by(playground, layer, playground.course.x)
    variance, vectors = np.linalg.eigh(np.cov(said.T, bias=True))
    share = variance[::-1] / max(variance.sum(), 1e-300)
    np.testing.assert_allclose(report.share, share[:2], atol=1e-9)
    for axis, vector, gap in zip(report.axes, vectors.T[::-1], -np.diff(share)[:2], strict=False):
        if gap > 1e-6:
            assert abs(np.dot(axis, vector)) == pytest.approx(1, abs=1e-6)
    assert (report.layer, report.units, report.id) == (layer, (7, 5)[layer - 1], 4)


def test_the_plane_lies_where_the_layer_puts_it():
    playground = Playground(WIDE)
    report = playground.space(1, None)
    said = said_by(playground, 1, playground.course.x)
    for row, column, place in ((0, 0, (-6, 6)), (0, SIDE - 1, (6, 6)), (SIDE - 1, 0, (-6, -6)), (20, 20, (0, 0))):
        here = said_by(playground, 1, np.array([place], np.float64))[0] - said.mean(axis=0)
        for axis, plane in zip(report.axes, (report.across, report.up), strict=True):
            assert floats(plane).reshape(SIDE, SIDE)[row, column] == pytest.approx(
                np.dot(axis, here), rel=1e-5, abs=1e-5
            )


@pytest.mark.parametrize(("changes", "layer"), [({}, 0), ({}, 3), ({"hidden": []}, 1), ({"dataset": "sine"}, 1)])
def test_where_there_is_no_such_space_it_is_refused(changes, layer):
    with pytest.raises(ValueRangeError, match=r"got layer|got a curve"):
        Playground({**WIDE, **changes}).space(layer, None)


def ask(here: Session, outbox: Outbox, *commands: c.Command) -> list[dict]:
    for command in commands:
        here.tell(command)
    here.turn()
    return [json.loads(m) if isinstance(m, str) else {"type": "frame"} for m in outbox.take()]


def opened(state: dict) -> tuple[Session, Outbox]:
    here, outbox = Session("name", Limits(), state), Outbox(lambda: None)
    here.attach(outbox)
    return here, outbox


def test_phases_follow_each_other_and_repeat_with_each_batch():
    here, outbox = opened({"dataset": "moons", "hidden": [3]})
    order = ("forward", "loss", "backward", "update")
    before = network.numbers(here.playground.learner.layers)
    for turn in range(8):
        phase = order[turn % 4]
        told = [m for m in ask(here, outbox, c.Step("operation", phase=phase, id=9)) if m["type"] == "operation_report"]
        assert [m["phase"] for m in told] == [phase]
        assert here.playground.step == (turn + 1) // 4  # weights change with the update, and not before
        same = all(
            np.array_equal(a, b) for a, b in zip(before, network.numbers(here.playground.learner.layers), strict=True)
        )
        assert same == (turn < 3)


def test_a_phase_that_is_past_is_that_of_the_next_step_and_skips_none():
    here, outbox = opened({"dataset": "xor", "hidden": [2]})
    ask(here, outbox, c.Step("operation", phase="backward"))
    ask(here, outbox, c.Step("operation", phase="forward"))
    assert here.playground.step == 1
    report = next(
        m for m in ask(here, outbox, c.Step("operation", phase="update", id=3)) if m["type"] == "operation_report"
    )
    assert report["index"] + 1 == report["total"]
    assert here.playground.step == 2


def test_activations_are_spread_as_the_layers_say():
    playground = Playground(WIDE)
    report = playground.histogram(False, 2)
    assert [spread.layer for spread in report.said] == [1, 2, 3]
    points = len(playground.course.x)
    assert [sum(spread.counts) for spread in report.said] == [7 * points, 5 * points, points]
    said = said_by(playground, 1, playground.course.x)
    spread = report.said[0]
    counts, _ = np.histogram(said, bins=len(spread.counts), range=(spread.least, spread.most))
    assert spread.counts == counts.tolist()
    assert spread.most == pytest.approx(abs(said).max())


@pytest.mark.parametrize("grain", ["operation", "sample", "batch", "epoch"])
def test_a_step_that_takes_longer_than_a_step_may_says_so(monkeypatch, grain):
    here, outbox = opened({"dataset": "moons", "hidden": [3]})
    clock = itertools.count(0.0, 0.3)
    for module in (session, handlers, learning):
        monkeypatch.setattr(module, "perf_counter", lambda: next(clock))
    told = [m for m in ask(here, outbox, c.Step(grain, 50)) if m["type"] == "stopped"]
    assert [m["reason"] for m in told] == ["time"]
    assert "cut after a second" in told[0]["text"]
    assert told[0]["hint"].startswith("Step again")


def test_a_step_in_time_says_nothing():
    here, outbox = opened({"dataset": "moons", "hidden": [3]})
    for grain in ("operation", "sample", "batch", "epoch"):
        assert "stopped" not in [m["type"] for m in ask(here, outbox, c.Step(grain, 2))]
