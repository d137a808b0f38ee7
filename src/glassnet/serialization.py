"""`save` and `load`: tensors, and plain data around them, in one safetensors file; nothing in it is ever run.

A state dict becomes an ordinary safetensors file, which other programs read. Around nested data the structure is kept
as strict JSON in the file's metadata.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import FormatError, complain
from glassnet.files import nested, safetensors, strict_json
from glassnet.files.bounded import AGAIN, opened
from glassnet.files.os_errors import shown
from glassnet.files.torch_pt import load_state_dict_pt

_LIMIT = 64 << 30
_OF_PYTORCH = (b"PK\3\4", b"\x80\x02\x8a\x0a")  # a zip, and the form from before PyTorch 1.6, which gets its own answer


def save(obj: Any, f: Any) -> None:
    """Save tensors, and dicts, lists and plain values around them, to a path or an open binary file.

    A path is written whole or not at all. Modules and other objects raise `NotSupportedError`.

    >>> import glassnet as torch, io
    >>> file = io.BytesIO()
    >>> torch.save({"epoch": 3, "weights": [torch.ones(2)]}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'epoch': 3, 'weights': [tensor([1., 1.])]}
    """
    if isinstance(obj, dict) and obj and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in obj.items()):
        tensors = {k: v.array for k, v in obj.items()}
        metadata = {"order": strict_json.dumps(list(obj), indent=None)}
    else:
        tensors, structure = nested.pack(obj, _leaf)
        metadata = {"structure": structure}
    if hasattr(f, "write"):
        f.write(safetensors.save(None, tensors, metadata, checksum=True))
    else:
        safetensors.write(f, tensors, metadata, checksum=True)


def load(f: Any, map_location: Any = None, *, weights_only: bool = True, **options: Any) -> Any:
    """Load what `save` wrote, a safetensors file of another program, or a PyTorch state dict (`.pt`).

    What a file is, its contents say, not its name. No code from a file runs, whatever `weights_only` is.
    """
    data, name = (f.read(), "load") if hasattr(f, "read") else (f, f"load: {shown(f)}")
    with opened(data, _LIMIT) as source:
        of_pytorch = source.read_some(4) in _OF_PYTORCH
    if of_pytorch:
        return OrderedDict((k, wrap(a)) for k, a in load_state_dict_pt(data).items())
    arrays, metadata = safetensors.load(data, limit=_LIMIT)
    if "structure" in metadata:
        return nested.unpack(metadata["structure"], arrays, {"tensor": wrap}, name)
    order = strict_json.loads(metadata["order"], source=f"{name}: order") if "order" in metadata else sorted(arrays)
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(arrays):
        got = f"{name}: got an order of {order!r:.60}"
        raise FormatError(complain(got, "expected the names of its tensors", AGAIN))
    return OrderedDict((k, wrap(arrays[k])) for k in order)


def _leaf(value: Any) -> tuple[str, np.ndarray] | None:
    return ("tensor", value.array) if isinstance(value, Tensor) else None
