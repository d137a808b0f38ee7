"""Short trainings from given weights, against the numbers that Keras 3 got (made by tests/golden/make_keras.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from glassnet import keras

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "keras.json").read_text("utf-8"))


def made(kind, module):
    return getattr(module, kind[0])(**kind[1]) if isinstance(kind, list) else kind


def model_of(case):
    model = keras.Sequential([keras.Input(shape=(4,)), *(made(layer, keras.layers) for layer in case["layers"])])
    model.set_weights([np.array(w) for w in case["start"]])
    model.compile(made(case["optimizer"], keras.optimizers), made(case["loss"], keras.losses), metrics=case["metrics"])
    return model


@pytest.mark.parametrize("name", GOLDEN["cases"])
def test_a_training_gives_the_numbers_of_keras(name):
    case = GOLDEN["cases"][name]
    x, y = np.array(GOLDEN["x"]), np.array(GOLDEN["targets"][case["targets"]])
    options = dict(case["options"])
    if "class_weight" in options:
        options["class_weight"] = {int(k): w for k, w in options["class_weight"].items()}
    model = model_of(case)
    history = model.fit(x, y, batch_size=8, epochs=6, shuffle=False, verbose=0, **options)

    assert list(history.history) == list(case["history"])
    for figure, values in case["history"].items():
        np.testing.assert_allclose(history.history[figure], values, rtol=2e-4, atol=2e-6, err_msg=figure)
    for mine, theirs in zip(model.get_weights(), case["weights"], strict=True):
        np.testing.assert_allclose(mine, np.array(theirs).reshape(mine.shape), rtol=3e-4, atol=2e-6)
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), case["evaluated"], rtol=2e-4, atol=2e-6)
    np.testing.assert_allclose(model.predict(x[:3], verbose=0), case["predicted"], rtol=3e-4, atol=2e-6)
