"""Write keras.json, short trainings by Keras 3: `KERAS_BACKEND=jax python tests/golden/make_keras.py`."""

import json
import pathlib

import numpy as np

if __name__ == "__main__":  # a test run only looks for doctests here, and it may have no Keras
    import keras

X = np.round(np.sin(np.arange(26 * 4) * 0.7) * 1.5, 3).reshape(26, 4)
BINARY = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)
CLASSES = np.digitize(X[:, 3] + X[:, 0], [-0.8, 0.8])
ONE_HOT = np.eye(3)[CLASSES]
REAL = np.round(X[:, :2] * X[:, 2:], 3)
TARGETS = {
    "binary": BINARY,
    "column": BINARY[:, None],
    "classes": CLASSES,
    "one_hot": ONE_HOT,
    "soft": np.round(ONE_HOT * 0.8 + 0.2 / 3, 6),
    "real": REAL,
    "one real": REAL[:, 0],
    "counts": np.round(np.exp(REAL[:, :1])),
}


def dense(units, activation=None, **more):
    return ["Dense", {"units": units, "activation": activation, **more}]


CLASSIFY = [dense(5, "relu"), dense(3, "softmax")]
JUDGE = [dense(5, "tanh"), dense(1, "sigmoid")]
MEASURE = [dense(6, "elu"), dense(2)]
CASES = {
    "three classes": [CLASSIFY, "adam", "sparse_categorical_crossentropy", ["accuracy"], "classes", {}],
    "one-hot": [CLASSIFY, "sgd", "categorical_crossentropy", ["accuracy", "mse"], "one_hot", {"validation_split": 0.3}],
    "soft targets": [CLASSIFY, "adam", "kl_divergence", [], "soft", {}],
    "scores": [
        [dense(5, "gelu"), dense(3)],
        "adam",
        ["SparseCategoricalCrossentropy", {"from_logits": True}],
        ["sparse_categorical_accuracy"],
        "classes",
        {},
    ],
    "yes or no": [
        JUDGE,
        ["SGD", {"learning_rate": 0.3, "momentum": 0.9}],
        "binary_crossentropy",
        ["accuracy"],
        "binary",
        {},
    ],
    "yes or no, in a column": [
        JUDGE,
        "rmsprop",
        "binary_crossentropy",
        ["accuracy", "mae", "precision", "recall"],
        "column",
        {},
    ],
    "smoothed": [JUDGE, "adam", ["BinaryCrossentropy", {"label_smoothing": 0.2}], ["binary_accuracy"], "column", {}],
    "hinge": [[dense(4, "softsign"), dense(1, "tanh")], "adam", "hinge", [], "column", {}],
    "numbers": [
        MEASURE,
        ["Adam", {"learning_rate": 0.05, "amsgrad": True}],
        "mse",
        ["mae"],
        "real",
        {"validation_split": 0.2},
    ],
    "one number": [[dense(4, "swish"), dense(1)], "adam", "mae", ["root_mean_squared_error"], "one real", {}],
    "huber": [MEASURE, ["SGD", {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True}], "huber", [], "real", {}],
    "log cosh": [MEASURE, ["Nadam", {"learning_rate": 0.01}], "log_cosh", [], "real", {}],
    "counts": [[dense(4, "softplus"), dense(1, "exponential")], "adam", "poisson", [], "counts", {}],
    "adamw": [MEASURE, ["AdamW", {"learning_rate": 0.02, "weight_decay": 0.1}], "mse", [], "real", {}],
    "sgd with decay": [
        MEASURE,
        ["SGD", {"learning_rate": 0.1, "momentum": 0.5, "weight_decay": 0.1}],
        "mse",
        [],
        "real",
        {},
    ],
    "adamax": [MEASURE, ["Adamax", {"learning_rate": 0.02}], "mse", [], "real", {}],
    "rmsprop centred": [MEASURE, ["RMSprop", {"momentum": 0.4, "centered": True, "rho": 0.8}], "mse", [], "real", {}],
    "adagrad": [MEASURE, ["Adagrad", {"learning_rate": 0.1}], "mse", [], "real", {}],
    "adadelta": [MEASURE, ["Adadelta", {"learning_rate": 1.0}], "mse", [], "real", {}],
    "clipped": [MEASURE, ["SGD", {"learning_rate": 0.5, "global_clipnorm": 0.2}], "mse", [], "real", {}],
    "each clipped": [MEASURE, ["SGD", {"learning_rate": 0.5, "clipnorm": 0.1}], "mse", [], "real", {}],
    "values clipped": [MEASURE, ["SGD", {"learning_rate": 0.5, "clipvalue": 0.05}], "mse", [], "real", {}],
    "normalised": [
        [
            dense(6, use_bias=False),
            ["BatchNormalization", {"momentum": 0.8}],
            ["Activation", {"activation": "selu"}],
            dense(2),
        ],
        ["SGD", {"learning_rate": 0.05}],
        "mse",
        [],
        "real",
        {"validation_split": 0.3},
    ],
    "layer by layer": [
        [
            ["LayerNormalization", {}],
            dense(6, "mish"),
            ["LeakyReLU", {"negative_slope": 0.1}],
            dense(3),
            ["Softmax", {}],
        ],
        "adam",
        "categorical_crossentropy",
        ["accuracy"],
        "one_hot",
        {},
    ],
    "shapes": [
        [
            ["Reshape", {"target_shape": [2, 2]}],
            dense(3, "relu"),
            ["Flatten", {}],
            ["Rescaling", {"scale": 0.5, "offset": 0.1}],
            dense(2),
        ],
        "adam",
        "mse",
        [],
        "real",
        {},
    ],
    "penalties": [
        [dense(5, "tanh", kernel_regularizer="l2", bias_regularizer="l1"), dense(2, kernel_regularizer="l1")],
        "adam",
        "mse",
        ["mse"],
        "real",
        {"validation_split": 0.2},
    ],
    "weighted classes": [
        CLASSIFY,
        "adam",
        "sparse_categorical_crossentropy",
        [],
        "classes",
        {"class_weight": {"0": 3.0, "2": 0.5}},
    ],
    "weighted examples": [MEASURE, "adam", "mse", [], "real", {"sample_weight": [1 + i % 3 for i in range(26)]}],
}


def numbers(arrays):
    return [np.asarray(a, float).round(7).tolist() for a in arrays]


def beginning(shapes):
    """Weights that look random and are the same everywhere."""
    return [
        np.round(np.cos(np.arange(np.prod(s)) * (1.3 + i)) * 0.6, 3).reshape(s) + 0.02 * i for i, s in enumerate(shapes)
    ]


def make(kind, module):
    return getattr(module, kind[0])(**kind[1]) if isinstance(kind, list) else kind


def train(layers, optimizer, loss, measured, targets, options):
    model = keras.Sequential([keras.Input(shape=(4,)), *(make(layer, keras.layers) for layer in layers)])
    model.set_weights([np.abs(w) for w in beginning([w.shape for w in model.get_weights()])])
    start = numbers(model.get_weights())
    names = {"precision": keras.metrics.Precision, "recall": keras.metrics.Recall}
    chosen = [names[m]() if m in names else m for m in measured]
    model.compile(make(optimizer, keras.optimizers), make(loss, keras.losses), metrics=chosen)
    fit = dict(options)
    if "class_weight" in fit:
        fit["class_weight"] = {int(k): v for k, v in fit["class_weight"].items()}
    if "sample_weight" in fit:
        fit["sample_weight"] = np.array(fit["sample_weight"], "float32")
    y = TARGETS[targets].astype("float32")
    history = model.fit(X, y, batch_size=8, epochs=6, shuffle=False, verbose=0, **fit)
    found = model.evaluate(X, y, batch_size=26, verbose=0)
    return {
        "layers": layers,
        "optimizer": optimizer,
        "loss": loss,
        "metrics": measured,
        "targets": targets,
        "options": options,
        "start": start,
        "history": {name: [round(float(v), 6) for v in values] for name, values in history.history.items()},
        "weights": numbers(model.get_weights()),
        "evaluated": np.round(found, 6).tolist(),
        "predicted": numbers(model.predict(X[:3], verbose=0)),
    }


if __name__ == "__main__":
    golden = {
        "keras": keras.__version__,
        "x": X.tolist(),
        "targets": {name: y.tolist() for name, y in TARGETS.items()},
        "cases": {name: train(*case) for name, case in CASES.items()},
    }
    path = pathlib.Path(__file__).with_name("keras.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n", encoding="utf-8")
