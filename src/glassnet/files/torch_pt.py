"""PyTorch's `.pt` and `.pth` files: state dicts as NumPy arrays, without PyTorch, and without running what they hold.

Such a file is a zip: `NAME/data.pkl` says which tensors there are, `NAME/data/0`, `NAME/data/1`, … hold their numbers.

Reference: PyTorch, "Serialization semantics", 2.13, 2026.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from glassnet.files.archive import Archive
from glassnet.files.bounded import PathOrBytes, Source, opened
from glassnet.files.opcodes import MOST_BYTES, Call, Named, Reference, read_opcodes
from glassnet.files.safetensors import widened

_AGAIN = "Try torch.save(model.state_dict(), 'model.pt')"
_ZIP = b"PK\3\4"
_OLD_FORM = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # how files from before PyTorch 1.6 begin

_BFLOAT16 = "bfloat16"  # what NumPy lacks
_STORAGES = {
    "torch.DoubleStorage": "f8",
    "torch.FloatStorage": "f4",
    "torch.HalfStorage": "f2",
    "torch.BFloat16Storage": _BFLOAT16,
    "torch.LongStorage": "i8",
    "torch.IntStorage": "i4",
    "torch.ShortStorage": "i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
    "torch.BoolStorage": "b1",
    "torch.ComplexFloatStorage": "c8",
    "torch.ComplexDoubleStorage": "c16",
}
_UNTYPED = "torch.storage.UntypedStorage"  # bytes, for the types that came later; they are named beside it
_TYPES = {
    "torch.float64": "f8",
    "torch.float32": "f4",
    "torch.float16": "f2",
    "torch.bfloat16": _BFLOAT16,
    "torch.int64": "i8",
    "torch.int32": "i4",
    "torch.int16": "i2",
    "torch.int8": "i1",
    "torch.uint64": "u8",
    "torch.uint32": "u4",
    "torch.uint16": "u2",
    "torch.uint8": "u1",
    "torch.bool": "b1",
    "torch.complex64": "c8",
    "torch.complex128": "c16",
}
_TENSOR, _TENSOR_OF_TYPE = "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3"
_PARAMETER = "torch._utils._rebuild_parameter"
_CLOSED_TABLE = frozenset(
    ["collections.OrderedDict", _TENSOR, _TENSOR_OF_TYPE, _PARAMETER, _UNTYPED, *_STORAGES, *_TYPES]
)


class _Storage(NamedTuple):
    """A flat run of numbers in the archive."""

    member: str
    kind: str  # of `_TYPES`
    count: int


def load_state_dict_pt(path: PathOrBytes, *, key: str | None = None, limit: int | None = None) -> dict[str, np.ndarray]:
    """The tensors of a state dict that `torch.save` wrote, by name; bfloat16 becomes float32.

    For a checkpoint that holds a state dict among other things, `key` says under which name. Tensors that share memory
    in PyTorch share it here. Reading may take `limit` bytes of memory; without it 64 MiB and 20 times the file.

    Raises:
        FormatError: not such a file, damaged, or holding anything but tensors, plain values and dicts.
        FileError: the file cannot be read.

    >>> load_state_dict_pt(b"\\x80\\x02}.")
    Traceback (most recent call last):
    glassnet.errors.FormatError: bytes: got the first bytes 80 02 7d 2e; expected a zip file from torch.save. Try
    torch.save(model.state_dict(), 'model.pt').
    """
    with opened(path) as source:
        _check_form(source)
        archive = Archive(source, limit)
        folder = _folder(archive, source)
        notation = archive.read(f"{folder}/data.pkl", most=MOST_BYTES).tobytes()
        found = _choose(read_opcodes(notation, _CLOSED_TABLE, source.name), key, source)
        tensors = _Tensors(archive, folder, source, limit)
        return {name: tensors.build(name, value) for name, value in found.items()}


def _check_form(source: Source) -> None:
    start = source.read_some(len(_OLD_FORM))
    if start.startswith(_ZIP):
        return
    if start == _OLD_FORM:
        hint = "Try torch.save(torch.load('old.pt', weights_only=True), 'new.pt') in PyTorch"
        raise source.wrong("a file in the form from before PyTorch 1.6", "the zip form", hint)
    raise source.wrong(f"the first bytes {start[:8].hex(' ') or 'none'}", "a zip file from torch.save", _AGAIN)


def _folder(archive: Archive, source: Source) -> str:
    """The one folder at the top of the archive."""
    folders = [name.removesuffix("/data.pkl") for name in archive.names if name.endswith("/data.pkl")]
    if len(folders) != 1 or "/" in folders[0]:
        raise source.wrong(f"{len(folders)} members named data.pkl", "one", _AGAIN)
    if f"{folders[0]}/constants.pkl" in archive.names:
        raise source.wrong("a program from torch.jit.save", "tensors", _AGAIN)
    return folders[0]


def _choose(value: Any, key: str | None, source: Source) -> dict[str, Any]:
    """The dict of tensors in what the file holds."""
    if key is not None:
        if not isinstance(value, dict) or key not in value:
            raise source.wrong(f"no {key!r} among {_keys(value)}", "it there", "Try one of those as key=")
        value = value[key]
    if not isinstance(value, dict):
        raise source.wrong(f"a {_describe(value)}", "a dict of tensors", _AGAIN)
    inner = [name for name, item in value.items() if isinstance(item, dict) and _has_tensors(item)]
    if inner and not _has_tensors(value):
        hint = f"Try load_state_dict_pt(..., key={inner[0]!r})"
        raise source.wrong(f"a checkpoint of {_keys(value)}", "a dict of tensors", hint)
    for name, item in value.items():
        if not isinstance(name, str) or not isinstance(item, Call):
            raise source.wrong(f"{str(name)[:60]!r} with a {_describe(item)}", "names with tensors", _AGAIN)
    return value


def _has_tensors(value: Mapping[Any, Any]) -> bool:
    return any(isinstance(item, Call) for item in value.values())


def _keys(value: Any) -> str:
    return ", ".join(str(key)[:40] for key in list(value)[:12]) if isinstance(value, dict) else f"a {_describe(value)}"


def _describe(value: Any) -> str:
    return "tensor" if isinstance(value, Call) else type(value).__name__


class _Tensors:
    """The archive's storages, read once each, and the tensors that look into them."""

    def __init__(self, archive: Archive, folder: str, source: Source, limit: int | None) -> None:
        self._archive = archive
        self._folder = folder
        self._source = source
        self._limit = limit
        self._order = self._byte_order()
        self._loaded: dict[str, tuple[_Storage, np.ndarray]] = {}
        self._made = archive.size  # bytes, held against the limit

    def _byte_order(self) -> str:
        name = f"{self._folder}/byteorder"
        order = self._archive.read(name, most=10).tobytes() if name in self._archive.names else b"little"
        if order not in (b"little", b"big"):
            raise self._source.wrong(f"the byte order {order[:20]!r}", "little or big")
        return "<" if order == b"little" else ">"

    def build(self, name: str, value: Any) -> np.ndarray:
        """The array for one record of the notation."""
        while isinstance(value, Call) and value.name == _PARAMETER and value.arguments:
            value = value.arguments[0]  # a parameter is a tensor and a flag
        match value:
            case Call(name=call, arguments=(Reference(key=key), int(offset), tuple(size), tuple(stride), *more)) if (
                call == _TENSOR or (call == _TENSOR_OF_TYPE and len(more) > 2)
            ):
                kind = more[2] if call == _TENSOR_OF_TYPE else None
                return self._view(name, self._storage(name, key, kind), offset, size, stride)
        raise self._source.wrong(f"{name[:60]!r} with a {_describe(value)}", "a tensor as torch.save writes it", _AGAIN)

    def _storage(self, name: str, key: Any, kind: Any) -> _Storage:
        """The storage that a tensor points to: ("storage", its class, its number, its device, its length)."""
        match key:
            case ("storage", Named(name=form), str(number), _, int(count)) if count >= 0:
                member = f"{self._folder}/data/{number}"
                if form in _STORAGES and kind is None:
                    return _Storage(member, _STORAGES[form], count)
                if form == _UNTYPED and isinstance(kind, Named) and kind.name in _TYPES:
                    item = _item_size(_TYPES[kind.name])
                    return _Storage(member, _TYPES[kind.name], count // item)
        raise self._source.wrong(f"{name[:60]!r} without a storage", "a tensor as torch.save writes it", _AGAIN)

    def _numbers(self, storage: _Storage) -> np.ndarray:
        """A storage's numbers, in this machine's byte order."""
        member = storage.member
        if member not in self._loaded:
            self._loaded[member] = storage, self._decoded(self._archive.read(member), storage)
        known, numbers = self._loaded[member]
        if known != storage:
            raise self._source.wrong(f"{member[-40:]!r} as {known.kind} and as {storage.kind}", "one type")
        return numbers

    def _decoded(self, raw: np.ndarray, storage: _Storage) -> np.ndarray:
        kind, expected = storage.kind, storage.count * _item_size(storage.kind)
        if len(raw) != expected:
            got = f"{len(raw):,} bytes in {storage.member[-40:]!r}"
            raise self._source.wrong(got, f"{expected:,} for {storage.count:,} numbers")
        if kind == "b1" and raw.size and raw.max() > 1:
            raise self._source.wrong(f"the bool {raw.max()}", "0 or 1")
        if kind == _BFLOAT16:
            self._make(2 * len(raw))
            return widened(raw.view(f"{self._order}u2"))
        numbers = raw.view(f"{self._order}{kind}")
        return numbers.astype(numbers.dtype.newbyteorder("="), copy=False)

    def _view(self, name: str, storage: _Storage, offset: int, size: tuple, stride: tuple) -> np.ndarray:
        what = f"tensor {name[:60]!r}"
        if len(size) != len(stride) or not all(type(item) is int and item >= 0 for item in (offset, *size, *stride)):
            raise self._source.wrong(f"{what} with odd sizes", "a whole number from 0 and a stride for each dimension")
        self._source.byte_count(size, 1, what)
        count = math.prod(size)
        end = offset + 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if count else 0
        if end > storage.count:
            raise self._source.wrong(f"{what} up to number {end:,}", f"at most {storage.count:,}: its storage's length")
        numbers = self._numbers(storage)
        if _is_dense(size, stride):
            return numbers[offset : offset + count].reshape(size)
        self._make(count * numbers.itemsize)  # strides of 0 can make a huge tensor out of one number
        strides = [step * numbers.itemsize if n > 1 else 0 for n, step in zip(size, stride, strict=True)]
        return as_strided(numbers[offset:], size, strides).copy()

    def _make(self, size: int) -> None:
        self._made = self._source.within(self._made + size, self._limit, "tensors")


def _item_size(kind: str) -> int:
    return 2 if kind == _BFLOAT16 else np.dtype(kind).itemsize


def _is_dense(size: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether rows follow each other without gaps; the stride of a dimension of 1 does not matter."""
    expected = 1
    for count, step in zip(reversed(size), reversed(stride), strict=True):
        if count > 1 and step != expected:
            return 0 in size
        expected *= count
    return True
