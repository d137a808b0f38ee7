"""Images in the PNG format: every kind is read, 8-bit ones are written.

A PNG is a signature and chunks: 4 bytes of length, 4 letters, the contents, a CRC-32. IHDR says what the image is, PLTE
holds a palette, tRNS transparency, the IDATs one zlib stream of filtered rows, IEND nothing. Colour profiles and gamma
are left alone: the numbers are the file's own.

Reference: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", 2025.
"""

import io
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from glassnet.errors import DTypeError, ShapeError, complain
from glassnet.files.atomic import write_atomic
from glassnet.files.bounded import PathOrBytes, Source, opened
from glassnet.files.compressed import inflated
from glassnet.files.os_errors import StrPath
from glassnet.files.png_rows import FILTERS, samples, unfilter
from glassnet.files.signatures import seems

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LARGEST_SIDE = 1 << 15
_MOST_CHUNKS = 1 << 16
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_CHANNELS = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGBA: 4}
_DEPTHS = {_GREY: (1, 2, 4, 8, 16), _RGB: (8, 16), _PALETTE: (1, 2, 4, 8), _GREY_ALPHA: (8, 16), _RGBA: (8, 16)}
_COLOUR_OF_CHANNELS = {1: _GREY, 2: _GREY_ALPHA, 3: _RGB, 4: _RGBA}

# Adam7: each pass takes every (dy, dx)-th pixel from (y, x) on. Without interlacing, one pass takes all.
_WHOLE = ((0, 0, 1, 1),)
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


class _Pass(NamedTuple):
    """A part of the pixels, stored as an image of its own."""

    y: int
    x: int
    dy: int
    dx: int
    height: int
    width: int


@dataclass
class _Image:
    """What the header and the chunks before the pixels say."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    palette: np.ndarray | None = None  # (colours, 3), uint8
    transparency: np.ndarray | None = None  # (colours,) alpha of the palette, or (channels,) the one clear colour

    @property
    def channels(self) -> int:
        return _CHANNELS[self.colour]

    def passes(self) -> Iterator[_Pass]:
        for y, x, dy, dx in _ADAM7 if self.interlaced else _WHOLE:
            height, width = -(-(self.height - y) // dy), -(-(self.width - x) // dx)
            if height > 0 and width > 0:
                yield _Pass(y, x, dy, dx, height, width)

    @property
    def step(self) -> int:
        """Bytes from one pixel to the next in a row; several small pixels in one byte count as one."""
        return max(1, self.channels * self.depth // 8)

    def canvas_shape(self, part: _Pass) -> tuple[int, int, int]:
        row = -(-part.width * self.channels * self.depth // 8)  # bytes, rounded up
        return part.height + 1, row // self.step + 1, self.step

    def working_bytes(self) -> int:
        """Bytes that reading takes: rows, their numbers where these are a copy, the result with a possible alpha."""
        rows = sum(math.prod(self.canvas_shape(part)) for part in self.passes())
        copied = 4 if self.depth == 16 else int(self.depth < 8 or self.interlaced)
        colours = 3 if self.colour == _PALETTE else self.channels
        alpha = self.transparency is not None
        return rows + self.height * self.width * (self.channels * copied + colours + alpha)


def read_png(path: PathOrBytes, limit: int | None = None) -> np.ndarray:
    """The pixels of a PNG (a path, or bytes) as uint8: (height, width) if grey, else (height, width, 2, 3 or 4).

    Two channels are grey and alpha, three RGB, four RGB and alpha. Palettes are looked up; samples of other depths are
    scaled to 0…255. `limit` is the most memory in bytes that reading may take; without it 64 MiB and 20 times the file.

    Raises:
        FormatError: the contents are not a PNG, or are damaged, or ask for too much memory.
        FileError: the file cannot be read.

    >>> read_png(write_png(None, np.array([[0, 128, 255]], np.uint8)))
    array([[  0, 128, 255]], dtype=uint8)
    >>> read_png(b"GIF89a")
    Traceback (most recent call last):
    glassnet.errors.FormatError: bytes: got a GIF image; expected a PNG image. Try saving it as PNG.
    """
    with opened(path) as source:
        signature = source.read_some(len(_SIGNATURE))
        if signature != _SIGNATURE:
            seen = None if signature.startswith(_SIGNATURE[:4]) else seems(signature)  # the rest of it is damaged
            got = seen or f"the first bytes {signature.hex(' ') or 'none'}"
            raise source.wrong(got, "a PNG image", "Try saving it as PNG")
        image, packed = _read_chunks(source)
        source.within(image.working_bytes(), limit, f"an image of {image.width} × {image.height} pixels")
        return _pixels(_numbers(image, packed, source), image, source)


def write_png(path: StrPath | None, array: np.ndarray) -> bytes:
    """Write uint8 pixels as PNG (atomically, unless `path` is None) and return the file's bytes.

    `array` is (height, width) for grey, or (height, width, channels) with 1 to 4 channels, as `read_png` gives them.

    Raises:
        DTypeError, ShapeError: not uint8, not such a shape, or empty.
        FileError: the file cannot be written.

    >>> write_png(None, np.zeros((2, 2), np.uint8))[1:4]
    b'PNG'
    """
    array = np.asarray(array)
    if array.dtype != np.uint8:
        hint = "Try (255 * array).astype(np.uint8) if it runs from 0 to 1"
        raise DTypeError(complain(f"got pixels of {array.dtype}", "expected uint8", hint))
    colour = _COLOUR_OF_CHANNELS.get(array.shape[2] if array.ndim == 3 else 1)
    if array.ndim not in (2, 3) or colour is None or not 0 < min(array.shape) <= max(array.shape) <= _LARGEST_SIDE:
        expected = f"expected (height, width) or (height, width, 1 to 4), sides from 1 to {_LARGEST_SIDE:,}"
        raise ShapeError(complain(f"got pixels of shape {array.shape}", expected, "Try array.reshape(28, 28)"))
    height, width = array.shape[:2]
    rows = np.zeros((height, 1 + array.size // height), np.uint8)  # the first byte is the filter: none
    rows[:, 1:] = array.reshape(height, -1)
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, colour, 0, 0, 0])
    pixels = zlib.compress(rows.data, 9)
    data = _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")
    if path is not None:
        write_atomic(path, data)
    return data


def _chunk(kind: bytes, contents: bytes) -> bytes:
    return len(contents).to_bytes(4, "big") + kind + contents + zlib.crc32(kind + contents).to_bytes(4, "big")


# Reading: chunks


def _read_chunks(source: Source) -> tuple[_Image, bytes]:
    """The image's description and its packed pixels; what comes after IEND is nobody's business."""
    chunks = _chunks(source)
    kind, contents = next(chunks)
    if kind != b"IHDR":
        raise source.wrong(f"{_name(kind)} first", "IHDR")
    image = _image(contents, source)
    pixels: list[bytes] = []
    previous = kind
    for kind, contents in chunks:
        if kind == b"IDAT":
            if pixels and previous != b"IDAT":
                raise source.wrong("pixels in two places", "all IDAT chunks in a row")
            pixels.append(contents)
        elif kind != b"IEND":
            _note(image, kind, contents, bool(pixels), source)
        previous = kind
    if image.colour == _PALETTE and image.palette is None:
        raise source.wrong("no palette", "a PLTE chunk before the pixels")
    return image, b"".join(pixels)


def _chunks(source: Source) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk's letters and contents, up to and with IEND, the CRC checked."""
    for _ in range(_MOST_CHUNKS):
        head = source.read(8, "a chunk's head")
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        contents = source.read(size, f"the chunk {_name(kind)}")
        crc = int.from_bytes(source.read(4, "a chunk's CRC"), "big")
        if crc != zlib.crc32(contents, zlib.crc32(kind)):
            raise source.wrong(f"the chunk {_name(kind)} with a wrong CRC", f"{crc:08x}")
        yield kind, contents
        if kind == b"IEND":
            return
    raise source.wrong(f"more than {_MOST_CHUNKS:,} chunks", "fewer")


def _name(kind: bytes) -> str:
    return kind.decode("ascii") if kind.isalpha() else kind.hex(" ")


def _image(header: bytes, source: Source) -> _Image:
    if len(header) != 13:
        raise source.wrong(f"an IHDR of {len(header)} bytes", "13")
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    depth, colour, compression, filtering, interlace = header[8:]
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        hint = "Try a smaller image"
        raise source.wrong(f"an image of {width:,} × {height:,} pixels", f"sides from 1 to {_LARGEST_SIDE:,}", hint)
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise source.wrong(f"the kind {header[8:].hex(' ')} in IHDR", "a depth and a colour type that PNG has")
    return _Image(width, height, depth, colour, interlace == 1)


def _note(image: _Image, kind: bytes, contents: bytes, late: bool, source: Source) -> None:
    """Take what the pixels need from a chunk that is not pixels; skip what they do not."""
    if kind in (b"PLTE", b"tRNS") and late:
        raise source.wrong(f"{_name(kind)} after the pixels", f"{_name(kind)} before them")
    if kind == b"PLTE":
        _note_palette(image, contents, source)
    elif kind == b"tRNS":
        _note_transparency(image, contents, source)
    elif not kind.isalpha() or kind[:1].isupper():  # a capital letter: not to be skipped
        raise source.wrong(f"the chunk {_name(kind)}", "the chunks of the standard", "Try saving it again as PNG")


def _note_palette(image: _Image, contents: bytes, source: Source) -> None:
    most = 1 << image.depth if image.colour == _PALETTE else 256
    if image.palette is not None or image.colour in (_GREY, _GREY_ALPHA):
        raise source.wrong("a palette too many", "one, and none in a grey image")
    if len(contents) % 3 or not 3 <= len(contents) <= 3 * most:
        raise source.wrong(f"a palette of {len(contents)} bytes", f"3 for each of 1 to {most} colours")
    image.palette = np.frombuffer(contents, np.uint8).reshape(-1, 3)


def _note_transparency(image: _Image, contents: bytes, source: Source) -> None:
    if image.transparency is not None or image.colour in (_GREY_ALPHA, _RGBA):
        raise source.wrong("transparency twice", "one tRNS chunk, and none beside an alpha channel")
    if image.colour == _PALETTE:
        colours = 0 if image.palette is None else len(image.palette)
        if not 1 <= len(contents) <= colours:
            raise source.wrong(f"transparency of {len(contents)} colours", f"1 to {colours}, the size of the palette")
        image.transparency = np.full(colours, 255, np.uint8)
        image.transparency[: len(contents)] = np.frombuffer(contents, np.uint8)
    elif len(contents) != 2 * image.channels:
        raise source.wrong(f"a clear colour of {len(contents)} bytes", f"{2 * image.channels}")
    else:
        image.transparency = np.frombuffer(contents, ">u2").astype(np.uint16)


# Reading: pixels


def _numbers(image: _Image, packed: bytes, source: Source) -> np.ndarray:
    """(height, width, channels) numbers as stored, with filters undone and passes put together."""
    stream = inflated(Source(io.BytesIO(packed), f"{source.name}: pixels", len(packed)))
    parts = [(part, samples(_canvas(image, part, stream, source), part.width, image.depth)) for part in image.passes()]
    if stream.read(1):
        raise source.wrong("more pixels", f"{image.height} rows of {image.width}")
    if not image.interlaced:
        return parts[0][1]
    result = np.empty((image.height, image.width, image.channels), parts[0][1].dtype)
    for part, numbers in parts:
        result[part.y :: part.dy, part.x :: part.dx] = numbers
    return result


def _canvas(image: _Image, part: _Pass, stream: io.BufferedIOBase, source: Source) -> np.ndarray:
    """The rows of one pass with their filters undone, under a row and beside a column of zeros."""
    canvas = np.empty(image.canvas_shape(part), np.uint8)
    canvas[0], canvas[:, 0] = 0, 0
    filters = np.empty(part.height, np.uint8)
    for y in range(part.height):
        row = canvas[y + 1, 1:].reshape(-1)
        if stream.readinto(filters[y : y + 1].data) + stream.readinto(row.data) != 1 + row.size:
            raise source.wrong(f"{y} rows of pixels", f"{part.height} rows of {row.size:,} bytes")
    if filters.max() >= FILTERS:
        raise source.wrong(f"the filter {filters.max()}", f"0 to {FILTERS - 1}")
    unfilter(canvas, filters)
    return canvas


def _pixels(numbers: np.ndarray, image: _Image, source: Source) -> np.ndarray:
    """uint8 in 0…255, colours looked up, an alpha channel where the file makes some pixels clear."""
    if image.palette is not None and image.colour == _PALETTE:
        return _looked_up(numbers[:, :, 0], image.palette, image.transparency, source)
    pixels = _scaled(numbers, image.depth)
    if image.transparency is not None:
        clear = (numbers == image.transparency).all(axis=2, keepdims=True)
        pixels = np.concatenate([pixels, np.where(clear, np.uint8(0), np.uint8(255))], axis=2)
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels


def _looked_up(numbers: np.ndarray, palette: np.ndarray, alpha: np.ndarray | None, source: Source) -> np.ndarray:
    if numbers.max() >= len(palette):
        raise source.wrong(f"the colour {numbers.max()}", f"one of the palette's {len(palette)}")
    table = palette if alpha is None else np.column_stack([palette, alpha])
    pixels = np.empty((*numbers.shape, table.shape[1]), np.uint8)
    for y, indices in enumerate(numbers):
        pixels[y] = table[indices]  # by rows: NumPy widens indices to 8 bytes each
    return pixels


def _scaled(numbers: np.ndarray, depth: int) -> np.ndarray:
    """From 0…2^depth - 1 to 0…255, rounded to the nearest."""
    if depth == 16:
        return (numbers // 257 + (numbers % 257 > 128)).astype(np.uint8)  # 65535 is 255 · 257
    if depth == 8:
        return np.ascontiguousarray(numbers)
    return numbers * np.uint8(255 // ((1 << depth) - 1))  # 255, 85 or 17: exact
