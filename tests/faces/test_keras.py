"""The Keras face: what fit, evaluate and predict promise, callbacks, weights, beginnings, mistakes."""

import math

import numpy as np
import pytest
from glassnet.keras.callbacks import Callback, EarlyStopping, LambdaCallback, LearningRateScheduler, ReduceLROnPlateau
from glassnet.keras.layers import Dense, Dropout
from glassnet.keras.models import Sequential
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet
from glassnet import keras
from glassnet.errors import DataError, NotSupportedError, ShapeError, ValueRangeError


@pytest.fixture(autouse=True)
def _names_counted_anew():
    keras.backend.clear_session()


RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)


def classifier(**options):
    glassnet.manual_seed(0)
    model = keras.Sequential([keras.Input(shape=(4,)), Dense(8, activation="relu"), Dense(3, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def line():
    model = keras.Sequential([Dense(1, input_shape=(1,), kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def test_a_course_program(capsys):
    glassnet.manual_seed(3)
    model = keras.Sequential(
        [keras.layers.Dense(16, activation="relu", input_shape=(4,)), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X, Y, batch_size=4, epochs=60, validation_split=0.2, verbose=2)
    loss, accuracy = model.evaluate(X, Y, verbose=0)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert history.epoch == list(range(60))
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    assert accuracy == np.mean(model.predict(X, verbose=0).argmax(1) == Y) > 0.8
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/60"
    assert lines[1].startswith("12/12 - ")
    assert f"val_loss: {history.history['val_loss'][0]:.4f}" in lines[1]
    assert len(lines) == 120
    assert loss == pytest.approx(-np.log(model.predict(X, verbose=0)[np.arange(60), Y]).mean(), rel=1e-5)


def test_the_steps_are_replayed():
    model = classifier()
    model.fit(X, Y, batch_size=16, epochs=5, verbose=0)
    step = model.training_step()
    assert step.obstacle is None
    assert step.replays >= 12
    assert "dot(" in step.source


def test_validation_takes_the_last_part_before_shuffling():
    model = line()
    x = np.arange(10.0)[:, None]
    told = model.fit(x, np.where(x < 7, x, 1000), validation_split=0.3, verbose=0, epochs=1).history
    assert told["val_loss"][0] > 1e5
    assert told["loss"][0] < 100
    given_apart = model.fit(x[:7], x[:7], validation_data=(x[7:], x[7:]), verbose=0).history
    assert set(given_apart) == {"loss", "val_loss"}


@given(n=st.integers(2, 40), size=st.integers(1, 50), weights=st.booleans())
@settings(max_examples=20, deadline=None)
def test_evaluate_is_the_mean_over_the_examples_whatever_the_batches(n, size, weights):
    model = line()
    x, y = np.linspace(-1, 1, n)[:, None], np.sin(np.arange(n))
    w = np.arange(1.0, n + 1) if weights else None
    expected = np.mean((x[:, 0] - y) ** 2 * (1 if w is None else w))
    assert model.evaluate(x, y, batch_size=size, verbose=0, sample_weight=w) == pytest.approx(expected, rel=1e-4)


def test_an_epoch_reports_the_mean_over_its_batches_with_the_last_short_one():
    model = line()
    model.compile(keras.optimizers.SGD(0.0), "mae")
    x = np.arange(5.0)[:, None]
    told = model.fit(x, x[:, 0] + np.array([1, 1, 1, 1, 6]), batch_size=4, verbose=0).history
    assert told["loss"] == [pytest.approx(2.0)]


class Noting(keras.losses.MeanSquaredError):
    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def each(self, y, z, scores):
        self.seen.append(y.tolist())
        return super().each(y, z, scores)


def test_every_example_is_seen_once_per_epoch_and_shuffling_follows_the_seed():
    x = np.arange(7.0)[:, None]
    orders = []
    for seed in (1, 1, 2):
        model, seen = line(), []
        model.compile(keras.optimizers.SGD(0.0), Noting(seen))
        keras.utils.set_random_seed(seed)
        with pytest.warns(glassnet.errors.ReplayWarning):
            model.fit(x, x, batch_size=7, epochs=2, verbose=0)
        orders.append([[v[0] for v in batch] for batch in seen])
    assert orders[0] == orders[1] != orders[2]
    assert all(sorted(batch) == x[:, 0].tolist() for batch in orders[0])
    assert orders[0][0] != orders[0][1]


# ---- a step by hand -------------------------------------------------------------------------------------------------


def test_one_step_by_hand():
    # w = 1, b = 0; x = 2, y = 5: z = 2, loss (2 - 5)^2 = 9, dz = 2 * (2 - 5) = -6, dw = -12, db = -6
    model = line()
    told = model.fit(np.array([[2.0]]), np.array([5.0]), verbose=0)
    assert told.history == {"loss": [9.0]}
    kernel, bias = model.get_weights()
    assert (kernel.tolist(), bias.tolist()) == (
        [[pytest.approx(2.2)]],
        [pytest.approx(0.6)],
    )  # w + 0.1 * 12, b + 0.1 * 6


# ---- probabilities --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "loss", "target"),
    [
        ("softmax", "sparse_categorical_crossentropy", [1]),
        ("softmax", "categorical_crossentropy", [[0, 1]]),
        ("sigmoid", "binary_crossentropy", [[0.0, 1.0]]),
    ],
)
def test_a_hopeless_answer_still_has_a_loss_and_a_slope(last, loss, target):
    model = keras.Sequential(
        [Dense(2, activation=last, input_shape=(1,), kernel_initializer=lambda s: np.array([[900.0, -900.0]]))]
    )
    model.compile(keras.optimizers.SGD(1.0), loss)
    told = model.fit(np.ones((1, 1)), np.array(target), verbose=0)
    assert told.history["loss"][0] == pytest.approx({"softmax": 1800.0, "sigmoid": 900.0}[last])
    assert not np.array_equal(model.get_weights()[0], [[900.0, -900.0]])


def test_taking_the_softmax_along_changes_no_number():
    apart = classifier()
    fused, with_metric = classifier(), classifier()
    apart.add(keras.layers.Activation("linear"))  # hides the softmax from the loss
    apart.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    with_metric.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", lambda y, p: p.sum(-1)])
    told, start = [], fused.get_weights()
    for model in (fused, apart, with_metric):
        model.set_weights(start)
        told.append(model.fit(X, Y, shuffle=False, epochs=3, verbose=0).history)
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(told[0][name], told[1][name], rtol=1e-4)
        np.testing.assert_allclose(told[0][name], told[2][name], rtol=1e-6)
    np.testing.assert_allclose(told[2]["<lambda>"], 1, rtol=1e-5)  # metrics of one's own get probabilities


# ---- layers ---------------------------------------------------------------------------------------------------------


def test_kernels_are_laid_out_as_keras_has_them_and_come_back():
    model = classifier()
    weights = model.get_weights()
    assert [w.shape for w in weights] == [(4, 8), (8,), (8, 3), (3,)]
    hidden = np.maximum(X @ weights[0] + weights[1], 0)
    scores = hidden @ weights[2] + weights[3]
    np.testing.assert_allclose(
        model.predict(X, verbose=0), np.exp(scores) / np.exp(scores).sum(1, keepdims=True), rtol=1e-5
    )
    other = classifier()
    other.fit(X, Y, verbose=0)
    other.set_weights(weights)
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize(
    ("name", "bound", "std"),
    [
        ("glorot_uniform", math.sqrt(6 / 500), math.sqrt(2 / 500)),
        ("he_uniform", math.sqrt(6 / 300), math.sqrt(2 / 300)),
        ("lecun_uniform", math.sqrt(3 / 300), math.sqrt(1 / 300)),
        ("he_normal", 2 * math.sqrt(2 / 300) / 0.8796, math.sqrt(2 / 300)),
        ("glorot_normal", 2 * math.sqrt(2 / 500) / 0.8796, math.sqrt(2 / 500)),
        ("random_uniform", 0.05, 0.05 / math.sqrt(3)),
        ("truncated_normal", 0.1, 0.05 * 0.8796),
        ("random_normal", 0.4, 0.05),
        ("zeros", 0.0, 0.0),
    ],
)
def test_weights_begin_with_the_spread_their_name_says(name, bound, std):
    glassnet.manual_seed(1)
    layer = Dense(200, kernel_initializer=name)
    layer.build((300,))
    assert np.abs(layer.kernel).max() <= bound * 1.0001
    assert layer.kernel.std() == pytest.approx(std, rel=0.03)
    assert not layer.bias.any()


def test_an_initializer_with_a_seed_repeats_itself():
    one, two = keras.initializers.HeNormal(seed=4), keras.initializers.HeNormal(seed=4)
    np.testing.assert_array_equal(one((3, 2)), two((3, 2)))


def test_the_shape_may_come_with_the_first_data_and_layers_may_be_added():
    model = Sequential()
    for layer in (keras.layers.Flatten(), Dense(3), Dense(3), Dropout(0.5), Dense(2)):
        model.add(layer)
    assert not model.built
    assert model.predict(np.zeros((5, 2, 3)), verbose=0).shape == (5, 2)
    assert [layer.name for layer in model.layers] == ["flatten", "dense", "dense_1", "dropout", "dense_2"]
    assert (model.input_shape, model.output_shape) == ((None, 2, 3), (None, 2))
    assert model.get_layer("dense_1").kernel.shape == (3, 3)
    assert type(model.pop()) is Dense
    assert len(model.layers) == 4


def test_summary(capsys):
    classifier().summary()
    assert capsys.readouterr().out == (
        'Model: "sequential"\n'
        "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓\n"
        "┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃\n"
        "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩\n"
        "│ dense (Dense)                   │ (None, 8)              │            40 │\n"
        "├─────────────────────────────────┼────────────────────────┼───────────────┤\n"
        "│ dense_1 (Dense)                 │ (None, 3)              │            27 │\n"
        "└─────────────────────────────────┴────────────────────────┴───────────────┘\n"
        " Total params: 67 (268.00 B)\n Trainable params: 67 (268.00 B)\n Non-trainable params: 0 (0.00 B)\n"
    )
    keras.Sequential([Dense(1)]).summary()
    assert "│ dense_2 (Dense)                 │ ?                      │   0 (unbuilt) │" in capsys.readouterr().out


def test_frozen_layers_stay():
    model = classifier()
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    after = model.get_weights()
    assert np.array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])
    assert len(model.trainable_weights) == 2
    model.layers[0].trainable = True
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_dropout_is_for_training_only():
    model = keras.Sequential([Dropout(0.5, input_shape=(50,))])
    ones = np.ones((4, 50))
    assert model.predict(ones, verbose=0).tolist() == ones.tolist()
    assert sorted(set(model(ones, training=True).flatten().tolist())) == [0.0, 2.0]


# ---- callbacks ------------------------------------------------------------------------------------------------------


class Told(Callback):
    def __init__(self):
        self.events = []

    def on_train_begin(self, logs=None):
        self.events.append("begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(f"epoch {epoch}")

    def on_train_batch_end(self, batch, logs=None):
        self.events.append((batch, sorted(logs)))

    def on_epoch_end(self, epoch, logs=None):
        self.events.append(sorted(logs))

    def on_train_end(self, logs=None):
        self.events.append("end")


def test_callbacks_are_told_in_order():
    told = Told()
    line().fit(np.ones((3, 1)), np.ones(3), batch_size=2, epochs=2, verbose=0, callbacks=[told])
    epoch = [(0, ["loss"]), (1, ["loss"]), ["loss"]]
    assert told.events == ["begin", "epoch 0", *epoch, "epoch 1", *epoch, "end"]
    assert told.params == {"epochs": 2, "steps": 2, "verbose": 0}


def test_early_stopping_waits_and_brings_the_best_back(capsys):
    model = classifier()
    losses = iter([3.0, 2.0, 2.5, 2.6, 1.0])
    kept = []

    class Fake(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = next(losses)
            kept.append(self.model.get_weights())

    stop = EarlyStopping(patience=2, restore_best_weights=True, verbose=1)
    history = model.fit(X, Y, epochs=10, verbose=0, callbacks=[Fake(), stop])
    assert history.history["val_loss"] == [3.0, 2.0, 2.5, 2.6]
    assert (stop.best_epoch, stop.stopped_epoch) == (1, 3)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept[1], strict=True))
    assert capsys.readouterr().out == "Epoch 4: early stopping\n"


def test_rates_are_set_by_callbacks_and_schedules():
    x, rates = np.zeros((4, 1)), []
    model = line()
    listen = LambdaCallback(on_train_batch_begin=lambda batch, logs: rates.append(model.optimizer.learning_rate))
    halve = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    told = model.fit(x, x, epochs=3, verbose=0, callbacks=[halve, listen])
    assert rates == told.history["learning_rate"] == [0.1, 0.05, 0.025]

    plateau = ReduceLROnPlateau(monitor="loss", factor=0.1, patience=2)
    model.fit(x, x, epochs=5, verbose=0, callbacks=[plateau])
    assert model.optimizer.learning_rate == pytest.approx(0.025 * 0.1**2)

    decay = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=2, decay_rate=0.25)
    model.compile(keras.optimizers.SGD(decay), "mse")
    model.fit(x, x, batch_size=1, verbose=0)
    assert model.optimizer.learning_rate == pytest.approx(0.1 * 0.25**1.5)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (keras.optimizers.schedules.ExponentialDecay(1.0, 2, 0.5, staircase=True), [1, 1, 0.5, 0.5, 0.25]),
        (keras.optimizers.schedules.InverseTimeDecay(1.0, 1, 1.0), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]),
        (keras.optimizers.schedules.PolynomialDecay(1.0, 2, 0.2), [1, 0.6, 0.2, 0.2, 0.2]),
        (
            keras.optimizers.schedules.CosineDecay(1.0, 4, 0.5),
            [1, 0.75 + 0.25 * math.sqrt(0.5), 0.75, 0.75 - 0.25 * math.sqrt(0.5), 0.5],
        ),
        (keras.optimizers.schedules.PiecewiseConstantDecay([1, 3], [3.0, 2.0, 1.0]), [3, 3, 2, 2, 1]),
    ],
)
def test_schedules(schedule, rates):
    assert [schedule(step) for step in range(5)] == pytest.approx(rates)


# ---- mistakes -------------------------------------------------------------------------------------------------------

MISTAKES = [
    (lambda m: m.fit(X[:, :3], Y), ShapeError, r"got x of shape \(60, 3\); expected \(n, 4\)"),
    (lambda m: m.fit(X, Y[:50]), DataError, "60 inputs and 50 targets"),
    (lambda m: m.fit(X), DataError, "no targets"),
    (lambda m: m.fit(X, Y, validation_split=1.0), DataError, "validation_split=1.0"),
    (lambda m: m.fit(X, np.full(60, 3), verbose=0), ValueRangeError, "label 3"),
    (lambda m: m.fit(X, np.eye(3)[Y], verbose=0), ShapeError, "categorical_crossentropy"),
    (lambda m: m.fit(X.astype(str), Y), DataError, "<U"),
    (lambda m: m.compile("adm", "mse"), ValueRangeError, "optimizer 'adm'.*Try 'adam'"),
    (lambda m: m.compile("adam", "mes"), ValueRangeError, "loss 'mes'"),
    (lambda m: (m.compile("adam", None), m.fit(X, Y)), DataError, "loss=None"),
    (lambda m: m.compile(3, "mse"), DataError, "optimizer=3"),
    (lambda m: m.compile("adam", "mse", sample_weight_mode="x"), NotSupportedError, "sample_weight_mode"),
    (lambda m: (m.compile("sgd", "mse", metrics=["acuracy"]), m.evaluate(X, Y)), ValueRangeError, "Try 'accuracy'"),
    (lambda m: m.add("dense"), DataError, "got str"),
    (lambda m: m.set_weights(m.get_weights()[:-1]), ShapeError, "got 3 arrays; expected 4"),
    (lambda m: m.layers[0].set_weights([np.ones((8, 4)), np.ones(8)]), ShapeError, r"\(8, 4\).*\(4, 8\)"),
    (lambda m: m.get_layer("dens"), DataError, "expected one of dense, dense_1"),
    (lambda m: m.save("model.keras"), NotSupportedError, "Try 'model.safetensors'"),
    (lambda m: m.save_weights("w.weights.h5"), NotSupportedError, "Try 'w.safetensors'"),
    (lambda m: m.fit(X, Y, verbose=0, callbacks=EarlyStopping()), DataError, "monitor='val_loss'.*accuracy, loss"),
    (lambda m: LambdaCallback(on_batch=print), DataError, "on_batch"),
    (lambda m: Dense(0), DataError, "units=0"),
    (lambda m: Dense(3, activation="rleu"), ValueRangeError, "Try 'relu'"),
    (lambda m: Dense(3, kernel_initializer="glorot"), ValueRangeError, "initializer 'glorot'"),
    (lambda m: Dropout(1.5), ValueError, "1.5"),
    (lambda m: keras.Input(shape=(None, 4, 0)), ShapeError, "without the batch"),
    (lambda m: keras.layers.Conv2D(8, 3), NotSupportedError, "glassnet.nn.Conv2d"),
    (lambda m: keras.layers.Reshape((3, 3)).build((8,)), ShapeError, "8 numbers"),
    (lambda m: keras.layers.BatchNormalization(axis=1), NotSupportedError, "axis=-1"),
    (lambda m: keras.optimizers.Adam(-1), ValueRangeError, "learning_rate=-1"),
    (lambda m: keras.utils.to_categorical([3], 2), ValueRangeError, "num_classes=4"),
    (lambda m: keras.Sequential().predict(X), DataError, "without layers"),
    (lambda m: keras.Sequential([Dense(1)]).fit(X, Y), DataError, "compile"),
    (lambda m: keras.Sequential([Dense(1)]).inputs, DataError, "keras.Input"),
    (lambda m: keras.Sequential([Dense(1, name="a"), Dense(1, name="a")]), DataError, "Try name='a_2'"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_mistakes_are_answered(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake(classifier())


def test_a_name_that_keras_does_not_have():
    with pytest.raises(AttributeError, match="Densse"):
        keras.layers.Densse  # noqa: B018


def test_mnist_comes_as_keras_gives_it():
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == (
        (60000, 28, 28),
        (60000,),
        (10000, 28, 28),
        (10000,),
    )
    assert x_train.dtype == y_train.dtype == np.uint8
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]


def test_submodules_are_found_under_both_names():
    from glassnet.faces.keras import layers
    from glassnet.keras import layers as again

    assert layers is again is keras.layers


def test_the_rest_of_the_layers():
    model = keras.Sequential(
        [
            keras.layers.Embedding(5, 2, input_shape=(3,)),
            keras.layers.Flatten(),
            keras.layers.ReLU(0.02, negative_slope=0.5),
        ]
    )
    table = np.arange(-5.0, 5).reshape(5, 2) / 100
    model.set_weights([table])
    rows = np.array([[0, 4, 2]])
    expected = table[rows].reshape(1, -1)
    expected = np.minimum(np.where(expected < 0, expected / 2, expected), 0.02)
    np.testing.assert_allclose(model.predict(rows, verbose=0), expected, rtol=1e-6)
    assert model.count_params() == 10

    two = np.array([[-2.0, 3.0]])
    for layer, expected in [
        (keras.layers.ReLU(), [[0, 3]]),
        (keras.layers.ELU(), [[np.expm1(-2), 3]]),
        (keras.layers.Activation(lambda x: x * 2), [[-4, 6]]),
        (Dense(1, use_bias=False, kernel_initializer="ones"), [[1]]),
    ]:
        np.testing.assert_allclose(keras.Sequential([layer]).predict(two, verbose=0), expected, rtol=1e-6)
    assert layer.bias is None


def test_losses_and_metrics_of_ones_own():
    model = line()
    model.compile("sgd", lambda y, z: (y - z) ** 4, metrics=["mae", keras.metrics.RootMeanSquaredError])
    told = model.evaluate(np.array([[1.0], [2.0]]), [3.0, 2.0], verbose=0, return_dict=True)
    assert told == {"loss": 8.0, "mae": 1.0, "root_mean_squared_error": pytest.approx(math.sqrt(2))}
    loss = keras.losses.SparseCategoricalCrossentropy()
    p = glassnet.tensor([[0.2, 0.8], [0.5, 0.5]])
    assert loss(glassnet.tensor([[1], [0]]), p).item() == pytest.approx(-(math.log(0.8) + math.log(0.5)) / 2)


def test_plateaus_rest_and_have_a_floor(capsys):
    model, x = line(), np.zeros((2, 1))
    plateau = ReduceLROnPlateau("loss", factor=0.5, patience=1, cooldown=2, min_lr=0.03, verbose=1)
    rates = []
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: rates.append(model.optimizer.learning_rate))
    model.fit(x, x, epochs=8, verbose=0, callbacks=[plateau, note])
    assert rates == pytest.approx([0.1, 0.05, 0.05, 0.05, 0.03, 0.03, 0.03, 0.03])
    assert capsys.readouterr().out.count("reducing learning rate") == 2  # at its floor a rate is left alone


def test_a_loss_that_is_no_number_ends_the_training():
    x = np.array([[1e25], [1.0]])
    model = line()
    told = model.fit(x, -x, epochs=5, verbose=0, callbacks=keras.callbacks.TerminateOnNaN())
    assert len(told.epoch) == 1


def test_one_hot_rows():
    assert keras.utils.to_categorical([[1], [0]]).tolist() == [[0, 1], [1, 0]]
    assert keras.utils.to_categorical([], 3).shape == (0, 3)
