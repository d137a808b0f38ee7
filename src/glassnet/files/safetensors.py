"""Tensors by name in the safetensors format, byte for byte as its own package writes them.

    8 bytes     length of the header, little-endian
    header      JSON {"__metadata__": {text: text}, name: {"dtype", "shape", "data_offsets": [begin, end]}, …}, spaces
    data        the tensors, row by row, little-endian, without gaps

The format has no checksum, so a flipped bit in the data is another legal number. `save(..., checksum=True)` adds one
over every byte of the file, as the metadata entry `sha256`; other readers see it as one more piece of text.

Reference: Hugging Face, "Safetensors", format of version 0.8 (2022–2026).
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from glassnet.errors import DTypeError, ValueRangeError, complain
from glassnet.files import strict_json
from glassnet.files.atomic import write_atomic
from glassnet.files.bounded import PathOrBytes, Source, opened
from glassnet.files.mapped import is_mapped, windows
from glassnet.files.os_errors import StrPath
from glassnet.files.signatures import seems

_LARGEST_HEADER = 16 << 20  # the package stops at 100 MB; a header as large as this describes no tensors that exist
_METADATA = "__metadata__"

# The format's names and NumPy's, in the order in which the package lays tensors out. NumPy has no bfloat16.
_NUMPY = {
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
    "F32": "<f4",
    "U32": "<u4",
    "I32": "<i4",
    "BF16": "<u2",
    "F16": "<f2",
    "U16": "<u2",
    "I16": "<i2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
_ORDER = {name: place for place, name in enumerate(_NUMPY)}
_NAMES = {numpy[1:]: name for name, numpy in _NUMPY.items() if name != "BF16"}

# The checksum is 64 hex digits behind a word of ours. Key and word vouch for each other: damage to one leaves one.
_SEAL_KEY = "sha256"
_SEAL_WORD = "glassnet:"
_BLANK = "0" * 64
_SEAL_FORM = re.compile(f"{_SEAL_WORD}[0-9a-f]{{64}}")
_SEALS = re.compile(_SEAL_FORM.pattern.encode())
_SEAL_LENGTHS = (72, 73)  # what one damaged byte can leave; a plain SHA-256 of somebody else's is shorter


class _Entry(NamedTuple):
    """What the header says about one tensor."""

    name: str
    dtype: str
    shape: list[int]
    begin: int
    end: int


class _Digest(Protocol):
    def update(self, data: Any, /) -> None: ...


def save(
    path: StrPath | None,
    tensors: Mapping[str, np.ndarray],
    metadata: Mapping[str, str] | None = None,
    *,
    checksum: bool = False,
) -> bytes:
    """Write tensors by name (atomically, unless `path` is None) and return the file's bytes.

    `checksum=True` lets `load` name every damaged byte.

    Raises:
        DTypeError: a tensor of a type that the format does not have.
        ValueRangeError: names or metadata that are not text, or that the format keeps for itself.
        FileError: the file cannot be written.

    >>> data = save(None, {"bias": np.zeros(3, np.float32)}, {"made by": "hand"})
    >>> len(data), data[8:40]
    (116, b'{"__metadata__":{"made by":"hand')
    >>> load(data)
    ({'bias': array([0., 0., 0.], dtype=float32)}, {'made by': 'hand'})
    """
    data = b"".join(_pieces(tensors, metadata, checksum))
    if path is not None:
        write_atomic(path, data)
    return data


def write(
    path: StrPath,
    tensors: Mapping[str, np.ndarray],
    metadata: Mapping[str, str] | None = None,
    *,
    checksum: bool = False,
) -> int:
    """Write tensors by name as `save` does, without a copy of them in memory, and return the number of bytes.

    Of those that are mapped from files no more than a window is in memory at a time.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(os.path.join(folder, "a.safetensors"), {"bias": np.zeros(3, np.float32)})
    84
    """
    pieces = _pieces(tensors, metadata, checksum)
    whole = not any(map(is_mapped, tensors.values()))
    return write_atomic(path, list(pieces) if whole else pieces)  # a list tells its size before the disk is full


def load(
    path: PathOrBytes, *, limit: int | None = None, checksum: bool = False
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read (tensors by name, metadata) from a path or from bytes; bfloat16 becomes float32.

    A checksum is verified where there is one and left out of the metadata; `checksum=True` insists on one. The file
    may hold at most `limit` bytes (4 GiB if not given).

    Raises:
        FormatError: the file is not what it claims: lengths, offsets, names, types, or the checksum are wrong.
        FileError: the file cannot be read.

    >>> load(b"\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f{}")
    Traceback (most recent call last):
    glassnet.errors.FormatError: bytes: got a header of 9,223,372,036,854,775,807 bytes; expected at most 2, what
    follows its length. Try copying or downloading the file again.
    """
    with opened(path, limit) as source:
        prefix = _read_header(source)
        entries, metadata = _parsed(prefix[8:], source)
        seal = _taken_seal(metadata, checksum, source)
        digest = hashlib.sha256(prefix.replace(_seal(seal), _seal(_BLANK)) if seal else b"")
        tensors = {entry.name: _read_tensor(entry, source, digest) for entry in _in_place(entries, source)}
        if seal and digest.hexdigest() != seal:
            raise source.wrong(f"contents with SHA-256 {digest.hexdigest()[:12]}…", f"{seal[:12]}…, as written")
    return {entry.name: tensors[entry.name] for entry in entries}, metadata


def load_metadata(path: PathOrBytes) -> dict[str, str]:
    """The metadata alone, for a look at many files: only the header is read, and no checksum is verified.

    Raises:
        FormatError: the header is not one.
        FileError: the file cannot be read.

    >>> load_metadata(save(None, {"bias": np.zeros(3)}, {"made by": "hand"}))
    {'made by': 'hand'}
    """
    with opened(path) as source:
        entries, metadata = _parsed(_read_header(source)[8:], source)
        for _ in _in_place(entries, source):
            pass
        _taken_seal(metadata, False, source)
    return metadata


# Writing


def _pieces(
    tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None, checksum: bool
) -> Iterator[bytes | memoryview]:
    """The file, piece by piece: length and header, then each tensor's own memory."""
    arrays = _in_file_order({name: _storable(name, value) for name, value in tensors.items()})
    header = _header(arrays, _with_blank_seal(metadata) if checksum else metadata)
    prefix = len(header).to_bytes(8, "little") + header
    if checksum:
        prefix = _sealed(prefix, arrays)
    yield prefix
    for array in arrays.values():
        yield from windows(array)


def _storable(name: str, value: np.ndarray) -> np.ndarray:
    """The tensor in the format's byte order and layout, without a copy where it has them already."""
    if not isinstance(name, str) or name == _METADATA:
        got = f"got a tensor named {name!r}"
        raise ValueRangeError(complain(got, f"expected text other than {_METADATA!r}", "Try another name"))
    array = value if is_mapped(value) else np.asarray(value)
    if _code(array) not in _NAMES:
        got, expected = f"tensor {name!r}: got the type {array.dtype}", f"expected one of {', '.join(_ORDER)}"
        raise DTypeError(complain(got, expected, f"Try {name}.astype(np.float32)"))
    return np.asanyarray(array, array.dtype.newbyteorder("<"), order="C")


def _code(array: np.ndarray) -> str:
    return f"{array.dtype.kind}{array.dtype.itemsize}"


def _in_file_order(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Widest types first, so that every tensor starts at a multiple of its item size."""
    return dict(sorted(arrays.items(), key=lambda item: (_ORDER[_NAMES[_code(item[1])]], item[0])))


def _header(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None) -> bytes:
    fields: dict[str, Any] = {} if metadata is None else {_METADATA: _checked_metadata(metadata)}
    begin = 0
    for name, array in arrays.items():
        end = begin + array.nbytes
        fields[name] = {"dtype": _NAMES[_code(array)], "shape": array.shape, "data_offsets": [begin, end]}
        begin = end
    try:
        text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        got = f"got half a surrogate pair in {error.object[error.start : error.end]!r}"
        raise ValueRangeError(complain(got, "expected names that UTF-8 can hold", "Try another name")) from error
    if len(text) > _LARGEST_HEADER - 8:
        got = f"got names and metadata of {len(text):,} bytes"
        expected = f"expected less than {_LARGEST_HEADER:,}, or no reader would take the file"
        raise ValueRangeError(complain(got, expected, "Try arrays for long texts and lists"))
    return text + b" " * (-len(text) % 8)


def _checked_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    for key, value in metadata.items():
        if not (isinstance(key, str) and isinstance(value, str)):
            got = f"got {value!r} as the metadata {key!r}"
            raise ValueRangeError(complain(got, "expected text for text", f"Try json.dumps({value!r})"))
    return dict(sorted(metadata.items()))


def _with_blank_seal(metadata: Mapping[str, str] | None) -> dict[str, str]:
    metadata = dict(metadata or {})
    if _SEAL_KEY in metadata:
        raise _sealed_already(f"got the metadata {sorted(metadata)}")
    return metadata | {_SEAL_KEY: _SEAL_WORD + _BLANK}


def _sealed_already(got: str) -> ValueRangeError:
    expected = f"expected no {_SEAL_KEY!r} of your own and no {_SEAL_WORD!r} with 64 digits beside checksum=True"
    return ValueRangeError(complain(got, expected, "Try other names"))


def _seal(digest: str) -> bytes:
    return (_SEAL_WORD + digest).encode()


def _sealed(prefix: bytes, arrays: Mapping[str, np.ndarray]) -> bytes:
    """Length and header with the blank checksum replaced by the one over all bytes, taken while it is blank."""
    if len(_SEALS.findall(prefix)) > 1:
        raise _sealed_already("got a second checksum among the names and texts")
    digest = hashlib.sha256(prefix)
    for array in arrays.values():
        for window in windows(array):
            digest.update(window)
    return prefix.replace(_seal(_BLANK), _seal(digest.hexdigest()))


# Reading


def _read_header(source: Source) -> bytes:
    """The length and the header, as they stand in the file."""
    length = source.read(8, "the header's length")
    size = int.from_bytes(length, "little")
    most = min(source.remaining, _LARGEST_HEADER)
    if size > most:
        seen = seems(length)
        if seen is not None:
            raise source.wrong(seen, "saved tensors", "Try a file that `glassnet train` or torch.save wrote")
        raise source.wrong(f"a header of {size:,} bytes", f"at most {most:,}, what follows its length")
    return length + source.read(size, "the header")


def _parsed(header: bytes, source: Source) -> tuple[list[_Entry], dict[str, str]]:
    if not (header.startswith(b"{") and header.rstrip(b" ").endswith(b"}")):
        raise source.wrong(f"a header {header[:8]!r}…{header[-8:]!r}", "one from '{' to '}' and spaces")
    fields = strict_json.loads(header, max_depth=3, source=f"{source.name}: header")
    metadata = fields.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise source.wrong("metadata that is not text", "text for text")
    return [_entry(name, field, source) for name, field in fields.items()], metadata


def _entry(name: str, field: Any, source: Source) -> _Entry:
    what = f"tensor {name[:60]!r}"
    if not isinstance(field, dict) or set(field) != {"dtype", "shape", "data_offsets"}:
        raise source.wrong(f"{what} described by {_brief(field)}", "dtype, shape and data_offsets")
    dtype, shape, offsets = field["dtype"], field["shape"], field["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _NUMPY:
        hint = "Try saving it as F32" if isinstance(dtype, str) else "Try saving it again"
        raise source.wrong(f"{what} of the type {_brief(dtype)}", f"one of {', '.join(_NUMPY)}", hint)
    if not (_are_sizes(shape) and _are_sizes(offsets) and len(offsets) == 2):
        raise source.wrong(f"{what} with shape {_brief(shape)} at {_brief(offsets)}", "lists of whole numbers from 0")
    size = source.byte_count(shape, np.dtype(_NUMPY[dtype]).itemsize, what)
    if offsets[1] - offsets[0] != size:
        raise source.wrong(f"{what} at bytes {offsets[0]:,} to {offsets[1]:,}", f"{size:,} bytes for {dtype}{shape}")
    return _Entry(name, dtype, shape, *offsets)


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "…"


def _in_place(entries: list[_Entry], source: Source) -> Iterator[_Entry]:
    """The entries in the order of their bytes, which they have to use up without gap or overlap."""
    ordered = sorted(entries, key=lambda entry: (entry.begin, entry.end))
    expected = 0
    for entry in ordered:
        if entry.begin != expected:
            raise source.wrong(f"tensor {entry.name[:60]!r} at byte {entry.begin:,}", f"it at {expected:,}")
        expected = entry.end
    if expected != source.remaining:
        raise source.wrong(f"{source.remaining:,} bytes of data", f"{expected:,}, what the header describes")
    return iter(ordered)


def _read_tensor(entry: _Entry, source: Source, digest: _Digest) -> np.ndarray:
    raw = source.read_array(entry.end - entry.begin, f"tensor {entry.name[:60]!r}")
    digest.update(raw.data)
    if entry.dtype == "BOOL" and raw.size and raw.max() > 1:
        raise source.wrong(f"tensor {entry.name[:60]!r} with the BOOL {raw.max()}", "0 or 1")
    array = raw.view(_NUMPY[entry.dtype]).reshape(entry.shape)
    if entry.dtype == "BF16":
        return widened(array)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def widened(bfloat16: np.ndarray) -> np.ndarray:
    """float32 from the bits of bfloat16, which are its upper half.

    >>> widened(np.array([0x3FC0], np.uint16))
    array([1.5], dtype=float32)
    """
    return (bfloat16.astype(np.uint32) << 16).view(np.float32)


def _taken_seal(metadata: dict[str, str], required: bool, source: Source) -> str:
    """The checksum, taken out of the metadata; empty if there is none. A damaged one is an error, not none."""
    seal = metadata.get(_SEAL_KEY, "")
    strayed = any(_SEAL_FORM.fullmatch(value) for key, value in metadata.items() if key != _SEAL_KEY)
    intact = _SEAL_FORM.fullmatch(seal)
    if strayed or (not intact and len(seal) in _SEAL_LENGTHS):
        raise source.wrong("a damaged checksum", f"the metadata {_SEAL_KEY!r} with {_SEAL_WORD!r} and 64 digits")
    if not intact and required:
        raise source.wrong("no checksum", "one", "Try save(..., checksum=True), or load(..., checksum=False)")
    return metadata.pop(_SEAL_KEY)[len(_SEAL_WORD) :] if intact else ""
