"""A whole model in one file: its layers, its numbers, and what is needed to use it, in the safetensors format.

The numbers are ordinary tensors, `0.weight`, `0.bias`, …, that any reader of safetensors can read. Everything else is
one JSON text in the file's metadata, under `glassnet`: `{"format": 1, "layers": […], "about": {…}}`. One file, written
in one stroke: a kill at any moment leaves the old model or the new one. Nothing in it is ever executed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.generator import fork_rng
from glassnet.core.tensor import wrap
from glassnet.errors import FormatError, GlassnetError, complain
from glassnet.files import safetensors, strict_json
from glassnet.files.os_errors import StrPath, shown
from glassnet.train.layers import Shapes, build, describe, shapes_of

FORMAT = 1
_KEY = "glassnet"
_COUNTERS = "num_batches_tracked"  # the one tensor of whole numbers that a layer may hold
_AGAIN = "Try a model that `glassnet train` or save_model wrote"


def save_model(path: StrPath, model: nn.Module, metadata: dict[str, Any] | None = None) -> None:
    """Write a `Sequential` of known layers, with whatever plain values belong to it, in one stroke.

    The file has a checksum over every byte. `metadata` may hold what JSON can say.

    Raises `NotSupportedError` for a layer that files cannot describe, `FileError` when the file cannot be written.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.safetensors")
    ...     save_model(path, nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()), {"classes": ["no", "yes"]})
    ...     load_model(path)[1]
    {'classes': ['no', 'yes']}
    """
    text = strict_json.dumps({"format": FORMAT, "layers": describe(model), "about": metadata or {}}, indent=None)
    tensors = {name: tensor.array for name, tensor in model.state_dict().items()}
    safetensors.write(path, tensors, {_KEY: text}, checksum=True)


def load_model(path: StrPath) -> tuple[nn.Sequential, dict[str, Any]]:
    """The model in a file, ready for use (`eval` mode), and the metadata that was saved with it.

    Raises `FormatError` for a file that is not what it claims to be, `FileError` for one that cannot be read. The
    stream of random numbers is left as it was.
    """
    file = shown(path)
    tensors, texts = safetensors.load(path)
    description = _description(texts, file)
    expected = shapes_of(description["layers"], file)
    _check_tensors(tensors, expected, file)
    with fork_rng():
        model = _built(description["layers"], file)
    model.load_state_dict({name: wrap(array) for name, array in tensors.items()}, assign=True)
    model.eval()
    return model, description["about"]


def _description(texts: dict[str, str], file: str) -> dict[str, Any]:
    if _KEY not in texts:
        hint = f"{_AGAIN}; for bare tensors torch.load(path) and model.load_state_dict"
        raise FormatError(complain(f"{file}: got tensors without a model", "expected its layers beside them", hint))
    description = strict_json.loads(texts[_KEY], source=f"{file}: model")
    version = description.get("format") if isinstance(description, dict) else None
    if version != FORMAT:
        got = f"{file}: got a model of format {version!r:.40}"
        raise FormatError(complain(got, f"expected format {FORMAT}", "Try a newer glassnet"))
    if set(description) != {"format", "layers", "about"} or not isinstance(description["about"], dict):
        got = f"{file}: got a model described by {sorted(description)!r:.100}"
        raise FormatError(complain(got, "expected format, layers and about", _AGAIN))
    return description


def _check_tensors(tensors: dict[str, np.ndarray], expected: Shapes, file: str) -> None:
    """The file holds exactly the tensors that its layers need, before any layer is made."""
    odd = sorted(set(tensors) ^ set(expected))
    if odd:
        got = f"{file}: got {'tensor' if odd[0] in tensors else 'no tensor'} {odd[0]!r:.60}"
        raise FormatError(complain(got, "expected the tensors that its layers have", _AGAIN))
    for name, shape in expected.items():
        array, kinds = tensors[name], ("int64",) if name.endswith(_COUNTERS) else ("float32", "float64")
        if array.shape != shape or array.dtype.name not in kinds:
            got = f"{file}: got tensor {name!r:.60} of {array.dtype} and shape {array.shape}"
            raise FormatError(complain(got, f"expected {' or '.join(kinds)} and {shape}", _AGAIN))


def _built(layers: list[dict[str, Any]], file: str) -> nn.Sequential:
    """The layers; arguments that contradict each other are the file's fault, whatever the layer says of them."""
    try:
        return build(layers)
    except (GlassnetError, ValueError, TypeError) as problem:
        raise FormatError(complain(f"{file}: got layers that cannot be made", str(problem), _AGAIN)) from problem
