"""Keras models in files: they go on as if nothing had happened, and nothing else is taken for one."""

import json

import numpy as np
import pytest

import glassnet
from glassnet import keras
from glassnet.errors import DataError, FormatError, NotSupportedError, ShapeError, ValueRangeError

RNG = np.random.default_rng(2)
X = RNG.normal(size=(48, 4)).astype("float32")
R = X @ np.array([1.0, -2.0, 0.5, 0.0], "float32")


def row():
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, "relu", kernel_regularizer=keras.regularizers.L2(0.01), kernel_constraint="max_norm"),
            keras.layers.BatchNormalization(),
            keras.layers.PReLU(),
            keras.layers.Dense(1, kernel_initializer=keras.initializers.HeNormal(seed=3)),
        ]
    )


def graph():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = keras.layers.Dense(5, "tanh")
    merged = keras.layers.Concatenate()([shared(a), shared(b), a])
    inside = keras.Sequential([keras.layers.Dense(3), keras.layers.ReLU()], name="inside")(merged)
    return keras.Model([a, b], [keras.layers.Dense(1, name="one")(inside), keras.layers.Dense(2, name="two")(merged)])


OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.01, clipnorm=1.0, amsgrad=True),
    "momentum": lambda: keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    "schedule": lambda: keras.optimizers.RMSprop(keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)),
    "lion": lambda: keras.optimizers.Lion(0.01, weight_decay=0.1),
}


def learn(model, x, y):
    return model.fit(x, y, epochs=2, batch_size=16, shuffle=False, verbose=0).history


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_loaded_model_learns_on_as_the_saved_one_does(tmp_path, optimizer):
    model = row()
    model.compile(OPTIMIZERS[optimizer](), keras.losses.Huber(0.5), metrics=["mae", keras.metrics.R2Score()])
    learn(model, X, R)
    model.save(tmp_path / "row.safetensors")
    again = keras.models.load_model(tmp_path / "row.safetensors")
    assert again.to_json() == model.to_json()
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.evaluate(X, R, verbose=0) == model.evaluate(X, R, verbose=0)
    told, expected = learn(again, X, R), learn(model, X, R)
    assert told == {name: pytest.approx(values, rel=1e-6) for name, values in expected.items()}
    for mine, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-8)


def test_a_graph_comes_back_with_shared_layers_inputs_and_outputs(tmp_path):
    model = graph()
    model.compile("adam", {"one": "mse", "two": "mae"}, {"one": 2.0}, metrics={"two": ["mse"]})
    x, y = {"a": X, "b": X[::-1].copy()}, {"one": R, "two": X[:, :2]}
    learn(model, x, y)
    model.save(tmp_path / "graph.safetensors")
    again = keras.models.load_model(tmp_path / "graph.safetensors")
    assert again.count_params() == model.count_params() == 4 * 5 + 5 + (14 * 3 + 3) + (3 + 1) + (14 * 2 + 2)
    assert (again.input_names, again.output_names) == (["a", "b"], ["one", "two"])
    told, expected = learn(again, x, y), learn(model, x, y)
    assert told == {name: pytest.approx(values, rel=1e-6) for name, values in expected.items()}


def test_weights_alone(tmp_path):
    model, other = row(), row()
    learn_from = model.predict(X, verbose=0)
    model.save_weights(tmp_path / "w.safetensors")
    assert not np.array_equal(other.predict(X, verbose=0), learn_from)
    other.load_weights(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(other.predict(X, verbose=0), learn_from)
    with pytest.raises(ShapeError, match="expected 4"):
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)]).load_weights(
            tmp_path / "w.safetensors"
        )
    with pytest.raises(DataError, match="overwrite=True"):
        model.save_weights(tmp_path / "w.safetensors", overwrite=False)


class Scale(keras.layers.Layer):
    def __init__(self, by=2.0, **options):
        super().__init__(**options)
        self.by = by

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs):
        return inputs * self.w * self.by


def test_a_layer_of_ones_own_is_found_by_its_class(tmp_path):
    model = keras.Sequential([keras.Input((4,)), Scale(3.0), keras.layers.Dense(1)])
    model.save(tmp_path / "own.safetensors")
    with pytest.raises(ValueRangeError, match="layer 'Scale'"):
        keras.models.load_model(tmp_path / "own.safetensors")
    again = keras.models.load_model(tmp_path / "own.safetensors", custom_objects={"Scale": Scale})
    assert again.layers[0].by == 3.0
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    keras.utils.register_keras_serializable()(Scale)
    keras.models.load_model(tmp_path / "own.safetensors")


def test_code_is_not_saved(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: 2 * x)])
    with pytest.raises(NotSupportedError, match=r"no code is saved.*save_weights"):
        model.save(tmp_path / "lambda.safetensors")
    assert not (tmp_path / "lambda.safetensors").exists()

    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(NotSupportedError, match="class of your own"):
        Own().save(tmp_path / "own.safetensors")

    model = row()
    model.compile("adam", lambda y, z: (y - z) ** 2)  # a function of one's own: the model comes back uncompiled
    learn(model, X, R)
    model.save(tmp_path / "row.safetensors")
    again = keras.models.load_model(tmp_path / "row.safetensors")
    with pytest.raises(DataError, match="compile"):
        again.evaluate(X, R)


def test_other_files_are_refused(tmp_path):
    glassnet.save({"w": glassnet.ones(2)}, tmp_path / "w.safetensors")
    with pytest.raises(FormatError, match="holds no model"):
        keras.models.load_model(tmp_path / "w.safetensors")
    (tmp_path / "m.keras").write_bytes(b"PK\x03\x04 not ours")
    with pytest.raises(FormatError):
        keras.models.load_model(tmp_path / "m.keras")
    with pytest.raises(FormatError):
        keras.models.model_from_json("{")


def test_configurations_make_models_again():
    model = row()
    config = json.loads(json.dumps(model.get_config()))
    again = keras.Sequential.from_config(config)
    assert again.to_json() == model.to_json() == keras.models.clone_model(model).to_json()
    dense = keras.layers.Dense.from_config(model.layers[0].get_config())
    assert (dense.units, dense.activation.__name__) == (6, "relu")
    assert again.penalty()[0].item() > 0


def test_checkpoints_are_written_for_the_best_epoch(tmp_path):
    model = row()
    model.compile("sgd", "mse")
    figures = iter([3.0, 1.0, 2.0])

    class Told(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = next(figures)

    path = str(tmp_path / "{epoch:02d}-{val_loss:.1f}.safetensors")
    best = keras.callbacks.ModelCheckpoint(path, save_best_only=True, save_weights_only=True)
    every = keras.callbacks.ModelCheckpoint(tmp_path / "last.safetensors")
    model.fit(X, R, epochs=3, verbose=0, callbacks=[Told(), best, every])
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "01-3.0.safetensors",
        "02-1.0.safetensors",
        "last.safetensors",
    ]
    assert best.best == 1.0
    last = keras.models.load_model(tmp_path / "last.safetensors")
    np.testing.assert_array_equal(last.predict(X, verbose=0), model.predict(X, verbose=0))


def test_figures_in_a_table(tmp_path):
    model = row()
    model.compile("sgd", "mse", metrics=["mae"])
    for append in (False, True):
        log = keras.callbacks.CSVLogger(tmp_path / "log.csv", append=append)
        history = model.fit(X, R, epochs=2, verbose=0, callbacks=[log]).history
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,mae"
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1", "0", "1"]
    assert [float(line.split(",")[1]) for line in lines[3:]] == history["loss"]
