"""Arrays in the IDX format, in which MNIST and its relatives ship.

    2 zero bytes, 1 byte for the type, 1 byte for the number of dimensions
    4 bytes     for each size, big-endian
    data        row by row, big-endian

Reference: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998.
"""

import io
import os

import numpy as np

from glassnet.errors import DTypeError, ValueRangeError, complain
from glassnet.files.atomic import write_atomic
from glassnet.files.bounded import PathOrBytes, Source, opened
from glassnet.files.compressed import packed_like, unpacked
from glassnet.files.os_errors import StrPath, reported

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {name[1:]: code for code, name in _TYPES.items()}
_LARGEST_SIZE = 0xFFFF_FFFF
_LARGEST_MAP = 1 << 46
_NAMES = ", ".join(np.dtype(name).name for name in _TYPES.values())


def read_idx(path: PathOrBytes, limit: int | None = None) -> np.ndarray:
    """The array in an IDX file (a path, or bytes), plain or packed by gzip or xz, whatever its name.

    `limit` is the largest size in bytes that the array may have; without it a packed file may grow to 64 MiB and 20
    times its own size.

    Raises:
        FormatError: the contents are not IDX, or not as long as their header says.
        FileError: the file cannot be read.

    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([7, 8, 9], dtype=uint8)
    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8]))
    Traceback (most recent call last):
    glassnet.errors.FormatError: bytes: got 2 bytes of numbers; expected 3 for uint8 of shape (3,). Try copying or
    downloading the file again.
    """
    with opened(path) as source, reported("read", source.name):
        stream = unpacked(source)
        dtype, shape = _read_header(stream, source)
        size = source.within(source.byte_count(shape, dtype.itemsize, "an array"), limit, "an array")
        numbers = np.empty((size,), np.uint8)
        got = stream.readinto(numbers.data) if size else 0
        if got != size or stream.read(1):
            stored = f"{got:,}" if got < size else f"more than {got:,}"
            raise source.wrong(f"{stored} bytes of numbers", f"{size:,} for {dtype.name} of shape {shape}")
    array = numbers.view(dtype).reshape(shape)
    return array if dtype.isnative else array.byteswap(inplace=True).view(dtype.newbyteorder("="))


def map_idx(path: StrPath) -> np.ndarray | None:
    """The array in a plain IDX file as a map of it, `None` for a packed one: what is not looked at is not read.

    Nobody may shorten the file while it is used. Numbers of several bytes keep the file's order of bytes.

    Raises what `read_idx` raises.
    """
    with opened(path, _LARGEST_MAP) as source, reported("read", source.name):
        if source.read_some(2) != b"\0\0":
            return None
        source.seek(0, "the start")
        dtype, shape = _read_header(source.stream, source)
        begin = 4 + 4 * len(shape)
        size = source.byte_count(shape, dtype.itemsize, "an array")
        if begin + size != source.size:
            raise source.wrong(
                f"{source.size - begin:,} bytes of numbers", f"{size:,} for {dtype.name} of shape {shape}"
            )
        return np.memmap(path, dtype, "r", begin, shape) if size else np.empty(shape, dtype)


def write_idx(path: StrPath | None, array: np.ndarray) -> bytes:
    """Write an array as IDX (atomically, unless `path` is None) and return the file's bytes.

    A path that ends in `.gz` or `.xz` gets a packed file. bool becomes uint8.

    Raises:
        DTypeError: a type that the format does not have.
        FileError: the file cannot be written.

    >>> write_idx(None, np.array([[1, 2]], np.uint8)).hex(" ")
    '00 00 08 02 00 00 00 01 00 00 00 02 01 02'
    """
    array = np.asarray(array)
    kind = "u1" if array.dtype.kind == "b" else f"{array.dtype.kind}{array.dtype.itemsize}"
    if kind not in _CODES:
        hint = "Try array.astype(np.int32)" if array.dtype.kind in "iu" else "Try array.astype(np.float32)"
        raise DTypeError(complain(f"got an array of {array.dtype}", f"expected one of {_NAMES}", hint))
    if any(size > _LARGEST_SIZE for size in array.shape):
        got = f"got an array of shape {array.shape}"
        raise ValueRangeError(complain(got, f"expected sizes up to {_LARGEST_SIZE:,}", "Try several files"))
    header = bytes([0, 0, _CODES[kind], array.ndim]) + np.array(array.shape, ">u4").tobytes()
    data = header + array.astype(_TYPES[_CODES[kind]], copy=False).tobytes()
    if path is not None:
        data = packed_like(os.fspath(path), data)
        write_atomic(path, data)
    return data


def _read_header(stream: io.BufferedIOBase, source: Source) -> tuple[np.dtype, tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        expected = f"00 00, a type ({', '.join(f'{code:02x}' for code in _TYPES)}) and a number of dimensions"
        raise source.wrong(f"the first bytes {magic.hex(' ') or 'none'}", expected, "Try the IDX file that you meant")
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise source.wrong(f"{len(sizes)} bytes of sizes", f"{4 * magic[3]} for {magic[3]} dimensions")
    return np.dtype(_TYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())
