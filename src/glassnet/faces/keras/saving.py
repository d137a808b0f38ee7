"""Models in files: settings as JSON, weights as tensors, in one safetensors file from which nothing is run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.core.tensor import wrap
from glassnet.errors import DataError, FormatError, NotSupportedError, ValueRangeError, complain
from glassnet.faces.keras import layers, optimizers
from glassnet.faces.keras.functional import Functional
from glassnet.faces.keras.layer import InputLayer, Layer
from glassnet.faces.keras.lookup import found
from glassnet.faces.keras.model import Model
from glassnet.faces.keras.recorded import plain, savable
from glassnet.faces.keras.sequential import Sequential
from glassnet.faces.keras.targets import Compiled
from glassnet.files import safetensors, strict_json

_OTHERS = (".keras", ".h5", ".hdf5", ".tf")
_custom: dict[str, type] = {}


def register(cls: type) -> type:
    """Let `load_model` find a layer of your own by its class's name."""
    _custom[cls.__name__] = cls
    return cls


# ---- settings --------------------------------------------------------------------------------------------------------


def config_of(model: Model) -> dict[str, Any]:
    """What makes the model again, without its weights."""
    if isinstance(model, Sequential):
        shape = None if model.in_shape is None else list(model.in_shape)
        inside = [told(layer) for layer in model.layers]
        return {"name": model.name, "trainable": model.trainable, "layers": inside, "build_input_shape": shape}
    if isinstance(model, Functional):
        return _graph_config(model)
    got = f"{type(model).__name__}: got a class of your own"
    hint = "Try save_weights, and build the model by your program again before load_weights"
    raise NotSupportedError(complain(got, "expected a Sequential or a model of symbols, since no code is saved", hint))


def kind_of(config: Mapping[str, Any], asked: type) -> str:
    """Of which kind a model of these settings is."""
    return "Functional" if "outputs" in config or asked is Functional else "Sequential"


def told(layer: Layer) -> dict[str, Any]:
    """A layer by its class and settings."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def _graph_config(model: Functional) -> dict[str, Any]:
    symbols = [*model.inputs, *model.graph.order]
    places = {id(s): i for i, s in enumerate(symbols)}
    entries = []
    for s in symbols:
        is_input = isinstance(s.layer, InputLayer)
        layer = (
            {"class_name": "InputLayer", "config": {"shape": list(s.sizes), "name": s.name}}
            if is_input
            else told(s.layer)
        )
        entries.append({**layer, "inputs": [places[id(i)] for i in s.inputs], "index": s.index})
    ends = [places[id(s)] for s in model.outputs]
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": entries,
        "outputs": ends,
        "inputs": len(model.inputs),
    }


def layer_from(entry: Mapping[str, Any], custom: Mapping[str, Any]) -> Layer:
    """A layer of a class and settings."""
    known: dict[str, Any] = {n: v for n, v in vars(layers).items() if isinstance(v, type) and issubclass(v, Layer)}
    known |= {"Sequential": Sequential, "Functional": Functional} | _custom | dict(custom)
    kind = found("layer", entry["class_name"], known)
    if kind in (Sequential, Functional):
        return model_from(entry, custom)
    config = {k: v for k, v in entry["config"].items() if k not in ("dtype", "quantization_config")}
    return kind.from_config(config)


def model_from(entry: Mapping[str, Any], custom: Mapping[str, Any]) -> Model:
    """A model of its class and settings, with new weights."""
    config = entry["config"]
    if entry["class_name"] == "Sequential":
        shape = config.get("build_input_shape")
        first = [] if shape is None else [InputLayer(tuple(shape))]
        model: Model = Sequential([*first, *(layer_from(e, custom) for e in config["layers"])], name=config["name"])
        return model
    made: dict[str, Layer] = {}
    symbols: list[Any] = []
    for e in config["layers"]:
        if e["class_name"] == "InputLayer":
            symbols.append(InputLayer(tuple(e["config"]["shape"]), name=e["config"]["name"]).symbol)
            continue
        name = e["config"]["name"]
        layer = made[name] = made.get(name) or layer_from(e, custom)
        given = [symbols[i] for i in e["inputs"]]
        out = layer(given if len(given) > 1 else given[0])
        symbols.append(out[e["index"]] if isinstance(out, list) else out)
    return Functional(symbols[: config["inputs"]], [symbols[i] for i in config["outputs"]], name=config["name"])


def to_json(model: Model) -> str:
    """The model's class and settings as JSON."""
    entry = {"class_name": type(model).__name__, "config": config_of(model)}
    return json.dumps(savable(entry, f"{model.name}.save"), allow_nan=False)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """The model that `to_json` told, with new weights."""
    return model_from(strict_json.loads(json_string, source="model_from_json"), custom_objects or {})


def clone_model(model: Model) -> Model:
    """The same layers, with new weights."""
    return model_from({"class_name": type(model).__name__, "config": config_of(model)}, {})


# ---- files -----------------------------------------------------------------------------------------------------------


def save_model(model: Model, filepath: Any, overwrite: bool = True) -> None:
    """Write a model to a safetensors file: layers, weights, what was compiled, the optimizer's state."""
    path = _target(filepath, overwrite, "save")
    metadata = {"keras_model": to_json(model)}
    tensors = _weights(model)
    asked = model._asked
    if asked is not None:
        metadata["keras_compiled"] = json.dumps(_compiled(model, asked))
        tensors |= _state(model.optimizer)
    safetensors.write(path, tensors, metadata, checksum=True)


def load_model(filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Model:
    """The model that `save` wrote, ready to go on learning; layers of your own are given in `custom_objects`.

    Raises `FormatError` for a file of another kind.
    """
    tensors, metadata = safetensors.load(filepath)
    if "keras_model" not in metadata:
        got = f"load_model: got {os.fspath(filepath)}, which holds no model"
        raise FormatError(complain(got, "expected a file that model.save wrote", "Try model.load_weights(path)"))
    model = model_from_json(metadata["keras_model"], custom_objects)
    _take(model, tensors)
    told_compiled = metadata.get("keras_compiled")
    if compile and told_compiled is not None:
        settings = strict_json.loads(told_compiled, source="load_model")
        if settings is not None:
            model.compile(**settings["compile"])
            _restore(model, settings["iterations"], tensors)
    return model


def save_weights(model: Model, filepath: Any, overwrite: bool = True) -> None:
    """Write the weights alone."""
    safetensors.write(_target(filepath, overwrite, "save_weights"), _weights(model), {}, checksum=True)


def load_weights(model: Model, filepath: Any) -> None:
    """Read the weights of a model with the same layers."""
    tensors, _ = safetensors.load(filepath)
    _take(model, tensors)


def _target(filepath: Any, overwrite: bool, call: str) -> str:
    path = os.fspath(filepath)
    if path.endswith(_OTHERS):
        stem = path.removesuffix(".h5").removesuffix(".weights").removesuffix(".keras").removesuffix(".hdf5")
        got = f"{call}: got a request to write {path!r}"
        hint = f"Try {stem + '.safetensors'!r}"
        raise NotSupportedError(complain(got, "expected another ending; Keras's own formats are left out", hint))
    if not overwrite and Path(path).exists():
        got = f"{call}: got {path!r}, which is there already"
        raise DataError(complain(got, "expected a new name", "Try overwrite=True"))
    return path


def _weights(model: Model) -> dict[str, np.ndarray]:
    return {f"weight/{i}": np.array(w, order="C") for i, w in enumerate(model.get_weights())}


def _take(model: Model, tensors: Mapping[str, np.ndarray]) -> None:
    n = sum(name.startswith("weight/") for name in tensors)
    if not model.built:
        got = "load_weights: got a model whose input shape is not known yet"
        raise DataError(complain(got, "expected a built model", "Try model.build((None, features)) before"))
    model.set_weights([tensors[f"weight/{i}"] for i in range(n)])


def _compiled(model: Model, asked: Compiled) -> Any:
    """The arguments of `compile` as plain data; None where a function of the user's own is among them."""
    parts = {"loss": asked.loss, "loss_weights": asked.weights, "metrics": asked.plain, "weighted_metrics": asked.heavy}
    settings = {name: plain(value) for name, value in parts.items() if value is not None}
    settings["optimizer"] = plain(model.optimizer)
    try:
        return {"compile": savable(settings, "save"), "iterations": model.optimizer.iterations}
    except NotSupportedError:
        return None


def _state(optimizer: optimizers.Optimizer) -> dict[str, np.ndarray]:
    if optimizer.flat is None:
        return {}
    state = optimizer.flat.state
    return {
        f"optimizer/{i}/{key}": np.array(value.array, order="C")
        for i, p in enumerate(optimizer.params)
        for key, value in state.get(p, {}).items()
    }


def _restore(model: Model, iterations: int, tensors: Mapping[str, np.ndarray]) -> None:
    kept = {name: array for name, array in tensors.items() if name.startswith("optimizer/")}
    if not kept:
        return
    optimizer = model.optimizer
    trained = [p for p in model.network.parameters() if p.requires_grad]
    optimizer.attach(trained)
    state: dict[Any, dict[str, Any]] = {p: {} for p in trained}
    for name, array in kept.items():
        _, i, key = name.split("/")
        if int(i) >= len(trained):
            got = "load_model: got the state of more weights than the model trains"
            raise ValueRangeError(complain(got, f"expected {len(trained)}", "Try compile=False"))
        state[trained[int(i)]][key] = wrap(array.copy())
    optimizer.flat.state = state  # type: ignore[union-attr]
    optimizer.iterations = iterations
