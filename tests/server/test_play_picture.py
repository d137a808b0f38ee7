"""Heat maps against the network that they show: every unit at every place, counted once more in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.server import frames, network, picture
from glassnet.server.playground import Playground
from glassnet.server.points import EDGE
from glassnet.server.properties import MOST_DRAWN

SMALL = {"points": 40, "resolution": 12}


def seen(playground: Playground) -> dict[str, np.ndarray]:
    """The arrays of a frame."""
    frame = playground.frame(1, 0.0, True)
    found = {}
    for block in playground.layout.blocks:
        count = int(np.prod(block.shape))
        found[block.name] = np.frombuffer(frame, frames.DTYPES[block.dtype], count, block.offset).reshape(block.shape)
    return found


def said(playground: Playground) -> list[np.ndarray]:
    """What the units of each layer say at every place, inputs first, `(units, places)`."""
    learner, side = playground.learner, playground.layout.resolution
    axis = np.linspace(-EDGE, EDGE, side)
    x2, x1 = np.meshgrid(axis[::-1], axis, indexing="ij")
    places = (axis,) if playground.points.dimensions == 1 else (x1.ravel(), x2.ravel())
    inputs = np.array([f(*places) for f in playground.formulas]).reshape(-1, len(places[0]))
    keep = [wrap(k) for k in learner.keep]
    with no_grad():
        _, outputs = network.forward(learner.parameters, learner.acts, wrap(inputs.T.copy()), keep)
    return [inputs, *(o.array.T for o in outputs)]


def drawn(playground: Playground) -> tuple[np.ndarray, np.ndarray]:
    """What should be drawn of the inputs and hidden units, and of the outputs."""
    *layers, output = said(playground)
    stride, side = playground.picture.stride, playground.layout.resolution
    if playground.learner.head.units == 1 and playground.learner.head.output == "sigmoid":
        output = 2 * output - 1
    maps = [layer[:MOST_DRAWN].reshape(-1, side, side)[:, ::stride, ::stride] for layer in layers]
    return np.concatenate(maps), output.reshape(-1, side, side)


CASES = {
    "as it begins": {},
    "relu": {"activation": "relu", "hidden": [5, 3, 2]},
    "of many steps": {"activation": "gelu"},
    "nothing is done to sums": {"activation": "linear"},
    "each layer another": {"hidden": [3, 3, 3], "activations": ["sine", "softplus", "hardtanh"]},
    "no hidden layer": {"hidden": []},
    "three classes": {"dataset": "three_gauss", "hidden": [4]},
    "heights": {"dataset": "plane", "output": "linear"},
    "many inputs": {"features": ["x1", "x2", "x1^2", "sin(x2)"], "own_features": ["x1 * x2 + 1"]},
    "more units than are drawn": {"hidden": [MOST_DRAWN + 5, 2]},
    "dropout draws as if there were none": {"dropout": 0.5},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("parts", [False, True])
def test_heat_maps_show_what_the_units_say(monkeypatch, case, coarse, parts):
    if coarse:
        monkeypatch.setattr(picture, "_MOST_CELLS", 12 * 12)
    if parts:
        monkeypatch.setattr(picture, "_MOST_NUMBERS", 12 * 12)
    playground = Playground({**SMALL, **CASES[case]})
    playground.train(2)
    small, output = drawn(playground)
    found = seen(playground)
    assert (playground.picture.stride > 1) == (coarse and len(small) > 1)
    for maps, scales, rows in (("grids", "scales", small), ("output", "output_scales", output)):
        sizes = abs(rows).max(axis=(1, 2))
        np.testing.assert_allclose(found[scales], sizes, rtol=1e-5, atol=1e-6)
        steps = rows * (127 / np.where(sizes > 0, sizes, 1))[:, None, None]
        np.testing.assert_allclose(found[maps], steps, atol=0.51)
    if len(output) > 1:
        assert (found["classes"] == output.argmax(axis=0)).mean() > 0.99


def test_a_unit_that_is_left_out_is_drawn_empty():
    playground = Playground({**SMALL, "hidden": [3, 2]})
    playground.ablate(1, 1, True)
    small, output = drawn(playground)
    found = seen(playground)
    assert not found["grids"][3].any()
    assert not small[3].any()
    np.testing.assert_allclose(found["output_scales"], abs(output).max(axis=(1, 2)), rtol=1e-5)


def test_a_curve_is_drawn_as_it_is():
    playground = Playground({**SMALL, "dataset": "sine", "hidden": [4, 2]})
    playground.train(2)
    *layers, output = said(playground)
    found = seen(playground)
    np.testing.assert_allclose(found["curves"], np.concatenate(layers), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["output"], output, rtol=1e-4, atol=1e-5)


def test_what_is_no_number_is_marked_and_the_rest_is_drawn():
    playground = Playground({**SMALL, "hidden": [2], "activation": "linear"})
    playground.learner.parameters[1].array[0] = 1e300  # beyond float32
    found = seen(playground)
    assert (found["grids"][2] == -128).all()
    assert found["grids"][3].min() >= -127


@given(arrays.arrays(np.float32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(width=32)))
def test_steps_in_place_are_those_of_each_row_alone(rows):
    with np.errstate(all="ignore"):
        scales, steps = frames.quantised(rows)
        for row, scale, step in zip(rows, scales, steps, strict=True):
            finite = np.isfinite(row)
            largest = np.abs(row[finite]).max(initial=np.float32(0))
            assert scale == largest
            shown = largest > frames._NOTHING
            exact = row[finite].astype(float) * (127 / float(largest) if shown else 0.0)
            np.testing.assert_allclose(step[finite], exact, atol=0.5001)
            assert (step[~finite] == -128).all()
