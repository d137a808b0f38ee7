"""Write keras_programs.json, what Keras prints: `KERAS_BACKEND=torch python tests/golden/make_keras_programs.py`."""

import contextlib
import io
import json
import pathlib
import warnings

BEGIN = '''
import numpy as np
import keras
from keras import layers

keras.backend.clear_session()  # names are counted anew
rng = np.random.default_rng(0)
X = rng.normal(size=(64, 4)).astype("float32")
y = (X[:, 0] + X[:, 1] > 0).astype("int64")
Y3 = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 0.5)
R = (X @ np.array([1.0, -2.0, 0.5, 0.0])).astype("float32")


def W(model, seed=1):
    """Give the model weights that both libraries have."""
    r = np.random.default_rng(seed)
    draw = [r.normal(size=w.shape).astype("float32") for w in model.get_weights()]
    model.set_weights([w * 0.3 if w.ndim > 1 else np.abs(w) * 0.1 for w in draw])


def show(value):
    """Print numbers to four places, whatever holds them."""

    def plain(v):
        if isinstance(v, dict):
            return {k: plain(x) for k, x in v.items()}
        if isinstance(v, (list, tuple)):
            return [plain(x) for x in v]
        a = np.asarray(v)
        return np.round(a.astype(float), 4).tolist() if a.dtype.kind == "f" else a.tolist()

    print(plain(value))
'''


def programs():
    """The programs of tests/faces/keras_programs.txt by title."""
    text = (pathlib.Path(__file__).parents[1] / "faces" / "keras_programs.txt").read_text("utf-8")
    parts = [part.partition("\n") for part in text.split("# ---- ")[1:]]
    return {title: body for title, _, body in parts}


def printed(body, begin=BEGIN):
    """What a program prints."""
    out, names = io.StringIO(), {"__name__": "program"}
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(begin, names)
        exec(body, names)
    return out.getvalue()


if __name__ == "__main__":
    told = {}
    for title, body in programs().items():
        try:
            told[title] = printed(body)
        except Exception as problem:
            print(title, repr(problem)[:200])
    path = pathlib.Path(__file__).with_name("keras_programs.json")
    path.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
