"""`save` and `load`: tensors, and plain data around them, in one safetensors file; nothing in it is ever run.

A state dict becomes an ordinary safetensors file, which other programs read. Around nested data the structure is kept
as strict JSON in the file's metadata.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import FormatError, NotSupportedError, complain
from glassnet.files import atomic, safetensors, strict_json
from glassnet.files.bounded import read_bounded
from glassnet.files.torch_pt import load_state_dict_pt

_LIMIT = 4 << 30
_PLAIN = (str, int, float, bool, type(None))


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
    tensors: dict[str, np.ndarray] = {}
    if isinstance(obj, dict) and obj and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in obj.items()):
        tensors = {k: np.ascontiguousarray(v.array).reshape(v.array.shape) for k, v in obj.items()}
        metadata = {"order": strict_json.dumps(list(obj), indent=None)}
    else:
        structure = _taken_apart(obj, tensors, "")
        metadata = {"structure": strict_json.dumps(structure, indent=None)}
    data = safetensors.save(None, tensors, metadata, checksum=True)
    if hasattr(f, "write"):
        f.write(data)
    else:
        atomic.write_atomic(f, data)


def load(f: Any, map_location: Any = None, *, weights_only: bool = True, **options: Any) -> Any:
    """Load what `save` wrote, a safetensors file of another program, or a PyTorch state dict (`.pt`).

    What a file is, its contents say, not its name. No code from a file runs, whatever `weights_only` is.
    """
    data = f.read() if hasattr(f, "read") else read_bounded(f, _LIMIT)
    if data[:2] == b"PK":
        return OrderedDict((k, wrap(a)) for k, a in load_state_dict_pt(data).items())
    arrays, metadata = safetensors.load(data)
    if "structure" in metadata:
        return _put_together(strict_json.loads(metadata["structure"], source="structure"), arrays)
    order = strict_json.loads(metadata["order"], source="order") if "order" in metadata else sorted(arrays)
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(arrays):
        raise _wrong(f"an order of {order!r:.60}")
    return OrderedDict((k, wrap(arrays[k])) for k in order)


def _taken_apart(obj: Any, tensors: dict[str, np.ndarray], at: str) -> Any:
    """The structure as JSON: each container and tensor is a list that begins with its kind."""
    if isinstance(obj, Tensor):
        name = at.lstrip(".") or "tensor"
        tensors[name] = np.ascontiguousarray(obj.array).reshape(obj.array.shape)
        return ["tensor", name]
    if isinstance(obj, np.ndarray):
        return ["array", _taken_apart(wrap(obj), tensors, at)[1]]
    if isinstance(obj, dict):
        kind = "ordered" if isinstance(obj, OrderedDict) else "dict"
        entries = obj.items()
        return [kind, *([_key(k), _taken_apart(v, tensors, f"{at}.{k}")] for k, v in entries)]
    if isinstance(obj, list | tuple):
        kind = "list" if isinstance(obj, list) else "tuple"
        return [kind, *(_taken_apart(v, tensors, f"{at}.{i}") for i, v in enumerate(obj))]
    if isinstance(obj, np.generic):
        obj = obj.item()
    if isinstance(obj, float) and obj - obj != 0:
        return ["float", repr(obj)]
    if isinstance(obj, _PLAIN):
        return obj
    raise NotSupportedError(
        complain(
            f"save: got {type(obj).__name__} at {at.lstrip('.') or 'the top'}",
            "expected tensors, dicts, lists, numbers and text, since files never hold code here",
            "Try saving model.state_dict()",
        )
    )


def _key(key: Any) -> Any:
    if isinstance(key, str | int) and not isinstance(key, bool):
        return key
    raise NotSupportedError(complain(f"save: got the key {key!r}", "expected text or a whole number", "Try str(key)"))


def _put_together(part: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(part, _PLAIN):
        return part
    if not isinstance(part, list) or not part or not isinstance(part[0], str):
        raise _wrong(f"{part!r:.60}")
    kind, entries = part[0], part[1:]
    if kind in ("tensor", "array"):
        return _array_named(entries, arrays, kind)
    if kind in ("dict", "ordered"):
        pairs = [_pair(e, arrays) for e in entries]
        return OrderedDict(pairs) if kind == "ordered" else dict(pairs)
    if kind in ("list", "tuple"):
        values = [_put_together(e, arrays) for e in entries]
        return values if kind == "list" else tuple(values)
    if kind == "float" and entries in (["inf"], ["-inf"], ["nan"]):
        return float(entries[0])
    raise _wrong(f"{part!r:.60}")


def _array_named(entries: list[Any], arrays: dict[str, np.ndarray], kind: str) -> Any:
    if len(entries) != 1 or not isinstance(entries[0], str) or entries[0] not in arrays:
        raise _wrong(f"a {kind} named {entries!r:.60}")
    return wrap(arrays[entries[0]]) if kind == "tensor" else arrays[entries[0]]


def _pair(entry: Any, arrays: dict[str, np.ndarray]) -> tuple[Any, Any]:
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str | int):
        raise _wrong(f"the entry {entry!r:.60}")
    return entry[0], _put_together(entry[1], arrays)


def _wrong(got: str) -> FormatError:
    return FormatError(
        complain(f"load: got {got}", "expected the structure that save writes", "Try another copy of the file")
    )
