"""PNG: every kind of image that the standard has, against Pillow and against the numbers that went in."""

import io
import itertools
import struct
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from glassnet.errors import DTypeError, FileError, FormatError, ShapeError
from glassnet.files.png import read_png, write_png

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
DEPTHS = {GREY: [1, 2, 4, 8, 16], RGB: [8, 16], PALETTE: [1, 2, 4, 8], GREY_ALPHA: [8, 16], RGBA: [8, 16]}
KINDS = [(colour, depth) for colour, depths in DEPTHS.items() for depth in depths]
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
SIDE = st.integers(1, 9)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


# An encoder written straight from the standard, one byte at a time


def chunk(kind, contents):
    return len(contents).to_bytes(4, "big") + kind + contents + zlib.crc32(kind + contents).to_bytes(4, "big")


def header(width, height, depth, colour, interlace=0):
    return chunk(b"IHDR", struct.pack(">2I5B", width, height, depth, colour, 0, 0, interlace))


def predicted(kind, a, b, c):
    if kind < 4:
        return [0, a, b, (a + b) // 2][kind]
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def packed_row(samples, depth):
    if depth == 16:
        return b"".join(int(sample).to_bytes(2, "big") for sample in samples)
    bits = "".join(f"{int(sample):0{depth}b}" for sample in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def filtered(samples, depth, filters):
    """(height, width, channels) as rows with their filter in front."""
    step = max(1, samples.shape[2] * depth // 8)
    result, above = b"", None
    for row, kind in zip(samples, filters, strict=False):
        line = packed_row(row.reshape(-1), depth)
        above = above or bytes(len(line))
        result += bytes([kind])
        for x, byte in enumerate(line):
            a, c = (line[x - step], above[x - step]) if x >= step else (0, 0)
            result += bytes([(byte - predicted(kind, a, above[x], c)) % 256])
        above = line
    return result


def encode(samples, depth, colour, *, interlaced=False, filters=(0,), before=b"", pieces=1):
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in passes]
    kinds = itertools.cycle(filters)
    data = zlib.compress(b"".join(filtered(part, depth, kinds) for part in parts if part.size))
    cuts = [len(data) * n // pieces for n in range(pieces + 1)]
    pixels = b"".join(chunk(b"IDAT", data[a:b]) for a, b in itertools.pairwise(cuts))
    height, width, _ = samples.shape
    return SIGNATURE + header(width, height, depth, colour, int(interlaced)) + before + pixels + chunk(b"IEND", b"")


def with_pillow(data, mode):
    return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


def squeezed(array):
    return array[:, :, 0] if array.shape[2] == 1 else array


# Reading


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    interlaced=st.booleans(),
    filters=st.lists(st.integers(0, 4), min_size=1, max_size=7),
    pieces=st.integers(1, 4),
    seed=st.integers(0, 999),
)
def test_every_kind_of_image(kind, size, interlaced, filters, pieces, seed):
    colour, depth = kind
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 1 << depth, (*size, CHANNELS[colour]))
    table = rng.integers(0, 256, (1 << min(depth, 8), 3))
    before = chunk(b"PLTE", bytes(table.reshape(-1).tolist())) if colour == PALETTE else b""
    data = encode(samples, depth, colour, interlaced=interlaced, filters=filters, before=before, pieces=pieces)
    if colour == PALETTE:
        expected = table[samples[:, :, 0]]
    else:
        expected = squeezed(np.rint(samples * 255 / ((1 << depth) - 1)))
    pixels = read_png(data)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, expected)
    if depth <= 8:
        mode = {GREY: "L", RGB: "RGB", PALETTE: "RGB", GREY_ALPHA: "LA", RGBA: "RGBA"}[colour]
        np.testing.assert_array_equal(pixels, with_pillow(data, mode))


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1), (2, 2), (8, 8), (9, 3)])
def test_small_interlaced_images_leave_passes_out(size):
    samples = np.arange(size[0] * size[1]).reshape(*size, 1)
    np.testing.assert_array_equal(read_png(encode(samples, 8, GREY, interlaced=True, filters=[4, 3])), samples[:, :, 0])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("optimize", [False, True])
def test_what_pillow_writes(mode, optimize):
    """Smooth pictures, for which Pillow chooses all filters, and noise, for which it chooses none."""
    y, x = np.mgrid[:37, :53]
    smooth = np.stack([x * 4, y * 6, x + y * 3, 255 - x], 2).astype(np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, (37, 53, 4), np.uint8)
    for picture in (smooth, noise):
        image = Image.fromarray(picture).convert("RGB" if mode == "P" else mode).convert(mode)
        stream = io.BytesIO()
        image.save(stream, "PNG", optimize=optimize)
        expected = np.asarray(image.convert({"1": "L", "P": "RGB"}.get(mode, mode)))
        np.testing.assert_array_equal(read_png(stream.getvalue()), expected)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_pillows_small_palettes(bits):
    image = Image.fromarray(np.random.default_rng(2).integers(0, 1 << bits, (9, 11), np.uint8), "P")
    image.putpalette([n * 7 % 256 for n in range(3 << bits)])
    stream = io.BytesIO()
    image.save(stream, "PNG", bits=bits)
    np.testing.assert_array_equal(read_png(stream.getvalue()), np.asarray(image.convert("RGB")))


def test_pillows_16_bits():
    samples = np.random.default_rng(3).integers(0, 1 << 16, (6, 5)).astype(np.uint16)
    stream = io.BytesIO()
    Image.fromarray(samples).save(stream, "PNG")
    np.testing.assert_array_equal(read_png(stream.getvalue()), np.rint(samples / 257))


def test_all_16_bit_samples_round_to_the_nearest():
    samples = np.arange(1 << 16).reshape(256, 256, 1)
    expected = np.rint(np.arange(1 << 16) / 257).reshape(256, 256)
    np.testing.assert_array_equal(read_png(encode(samples, 16, GREY)), expected)


def test_transparency_of_a_palette():
    samples = np.array([[[0], [1], [2]]])
    before = chunk(b"PLTE", bytes(range(9))) + chunk(b"tRNS", bytes([7, 0]))
    data = encode(samples, 2, PALETTE, before=before)
    expected = [[[0, 1, 2, 7], [3, 4, 5, 0], [6, 7, 8, 255]]]
    np.testing.assert_array_equal(read_png(data), expected)
    np.testing.assert_array_equal(with_pillow(data, "RGBA"), expected)


@pytest.mark.parametrize(
    ("colour", "depth", "clear", "expected"),
    [
        (GREY, 8, [5], [[[5, 0], [6, 255]]]),
        (GREY, 2, [1], [[[85, 0], [170, 255]]]),
        (GREY, 16, [1000], [[[4, 0], [4, 255]]]),
        (RGB, 8, [1, 2, 3], [[[1, 2, 3, 0], [1, 2, 4, 255]]]),
    ],
)
def test_one_clear_colour_is_compared_before_scaling(colour, depth, clear, expected):
    other = [*clear[:-1], clear[-1] + 1]
    before = chunk(b"tRNS", b"".join(value.to_bytes(2, "big") for value in clear))
    data = encode(np.array([[clear, other]]), depth, colour, before=before)
    np.testing.assert_array_equal(read_png(data), expected)


def test_chunks_that_may_be_skipped_are_skipped():
    before = chunk(b"tEXt", b"Title\0x") + chunk(b"gAMA", bytes(4)) + chunk(b"zzZz", b"")
    data = encode(np.array([[[9]]]), 8, GREY, before=before)
    assert read_png(data).tolist() == [[9]]
    assert read_png(data + b"whatever follows").tolist() == [[9]]


def test_a_suggested_palette_of_a_colour_image_is_skipped():
    data = encode(np.array([[[1, 2, 3]]]), 8, RGB, before=chunk(b"PLTE", bytes(768)))
    assert read_png(data).tolist() == [[[1, 2, 3]]]


def test_a_large_photograph_takes_a_blink():
    y, x = np.mgrid[:1000, :1000]
    picture = np.stack([x * y // 50 % 256, (x + y) % 256, np.hypot(x, y) % 256], 2).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    start = time.process_time()
    pixels = read_png(stream.getvalue())
    assert time.process_time() - start < 5  # pixel by pixel it takes that long or longer; by diagonals, 0.1 s
    np.testing.assert_array_equal(pixels, picture)


# Lies

PIXEL = chunk(b"IDAT", zlib.compress(b"\0\x09"))
END = chunk(b"IEND", b"")
ONE = header(1, 1, 8, GREY)
COLOURS = header(1, 1, 8, PALETTE)
PACKED = zlib.compress(b"\0\x09")
LIES = {
    "empty": (b"", "got the first bytes none; expected a PNG image. Try saving it as PNG"),
    "a JPEG": (b"\xff\xd8\xff\xe0", "got a JPEG image; expected a PNG image. Try saving it as PNG"),
    "line ends converted": (b"\x89PNG\n\x1a\n" + ONE, "got the first bytes 89 50 4e 47 0a"),
    "nothing after": (SIGNATURE, "got 0 bytes where a chunk's head should be"),
    "chunk beyond the end": (SIGNATURE + b"\xff\xff\xff\xffIHDR", "got 0 bytes where the chunk IHDR should be"),
    "pixels first": (SIGNATURE + PIXEL + ONE, "got IDAT first; expected IHDR"),
    "wrong CRC": (SIGNATURE + ONE[:-1] + b"x" + PIXEL + END, "the chunk IHDR with a wrong CRC"),
    "wrong CRC of text": (SIGNATURE + ONE + chunk(b"tEXt", b"")[:-1] + b"x" + PIXEL + END, "tEXt with a wrong CRC"),
    "short header": (SIGNATURE + chunk(b"IHDR", bytes(12)), "an IHDR of 12 bytes; expected 13"),
    "width 0": (SIGNATURE + header(0, 1, 8, GREY), "an image of 0 × 1 pixels"),
    "width 2^32 - 1": (SIGNATURE + header(0xFFFFFFFF, 1, 8, GREY), "an image of 4,294,967,295 × 1 pixels"),
    "depth 3": (SIGNATURE + header(1, 1, 3, GREY), "the kind 03 00 00 00 00 in IHDR"),
    "colour 5": (SIGNATURE + header(1, 1, 8, 5), "the kind 08 05 00 00 00 in IHDR"),
    "depth 16 with a palette": (SIGNATURE + header(1, 1, 16, PALETTE), "the kind 10 03"),
    "interlace 2": (SIGNATURE + header(1, 1, 8, GREY, 2), "the kind 08 00 00 00 02"),
    "unknown critical chunk": (SIGNATURE + ONE + chunk(b"CgBI", b"") + PIXEL + END, "got the chunk CgBI"),
    "chunk without a name": (SIGNATURE + ONE + chunk(b"\0\1\2\3", b"") + PIXEL + END, "got the chunk 00 01 02 03"),
    "two headers": (SIGNATURE + ONE + ONE + PIXEL + END, "got the chunk IHDR"),
    "no pixels": (SIGNATURE + ONE + END, "the end of the file inside its compressed data"),
    "pixels apart": (SIGNATURE + ONE + PIXEL + chunk(b"tEXt", b"") + PIXEL + END, "got pixels in two places"),
    "no end": (SIGNATURE + ONE + PIXEL, "got 0 bytes where a chunk's head should be"),
    "not zlib": (SIGNATURE + ONE + chunk(b"IDAT", b"abc") + END, "damaged compressed data"),
    "too few pixels": (
        SIGNATURE + header(1, 2, 8, GREY) + PIXEL + END,
        "got 1 rows of pixels; expected 2 rows of 1 byte",
    ),
    "too many pixels": (SIGNATURE + ONE + chunk(b"IDAT", zlib.compress(b"\0\x09\0")) + END, "got more pixels"),
    "wrong Adler-32": (SIGNATURE + ONE + chunk(b"IDAT", PACKED[:-1] + b"x") + END, "incorrect data check"),
    "no Adler-32": (SIGNATURE + ONE + chunk(b"IDAT", PACKED[:-4]) + END, "end of the file inside"),
    "two zlib streams": (SIGNATURE + ONE + PIXEL + PIXEL + END, "more bytes after the compressed data"),
    "filter 5": (SIGNATURE + ONE + chunk(b"IDAT", zlib.compress(b"\5\x09")) + END, "got the filter 5; expected 0 to 4"),
    "no palette": (SIGNATURE + COLOURS + PIXEL + END, "got no palette"),
    "palette in grey": (SIGNATURE + ONE + chunk(b"PLTE", bytes(3)) + PIXEL + END, "a palette too many"),
    "palette twice": (SIGNATURE + COLOURS + chunk(b"PLTE", bytes(3)) * 2 + PIXEL + END, "a palette too many"),
    "palette of 4 bytes": (SIGNATURE + COLOURS + chunk(b"PLTE", bytes(4)) + PIXEL + END, "a palette of 4 bytes"),
    "palette beyond its depth (CVE-2015-8126)": (
        SIGNATURE + header(1, 1, 1, PALETTE) + chunk(b"PLTE", bytes(9)) + PIXEL + END,
        "a palette of 9 bytes; expected 3 for each of 1 to 2 colours",
    ),
    "colour beyond the palette": (SIGNATURE + COLOURS + chunk(b"PLTE", bytes(27)) + PIXEL + END, "got the colour 9"),
    "palette after pixels": (SIGNATURE + COLOURS + PIXEL + chunk(b"PLTE", bytes(30)) + END, "PLTE after the pixels"),
    "more transparency than colours (CVE-2004-0597)": (
        SIGNATURE + COLOURS + chunk(b"PLTE", bytes(30)) + chunk(b"tRNS", bytes(257)) + PIXEL + END,
        "transparency of 257 colours; expected 1 to 10",
    ),
    "transparency before the palette": (
        SIGNATURE + COLOURS + chunk(b"tRNS", b"a") + chunk(b"PLTE", bytes(30)) + PIXEL + END,
        "transparency of 1 colours; expected 1 to 0",
    ),
    "clear colour of 3 bytes": (SIGNATURE + ONE + chunk(b"tRNS", b"abc") + PIXEL + END, "a clear colour of 3 bytes"),
    "transparency twice": (SIGNATURE + ONE + chunk(b"tRNS", b"ab") * 2 + PIXEL + END, "got transparency twice"),
    "transparency and alpha": (
        SIGNATURE + header(1, 1, 8, RGBA) + chunk(b"tRNS", b"ab") + PIXEL + END,
        "got transparency twice",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_are_named(name):
    data, complaint = LIES[name]
    with pytest.raises(FormatError) as caught:
        read_png(data)
    assert complaint in str(caught.value)
    assert ". Try " in str(caught.value)


def test_every_damaged_byte_and_every_truncation_is_named():
    data = write_png(None, np.arange(12, dtype=np.uint8).reshape(3, 4))
    for at in range(len(data)):
        for bit in range(8):
            with pytest.raises(FormatError):
                read_png(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
        with pytest.raises(FormatError):
            read_png(data[:at])


def test_a_bomb_is_refused_by_its_header():
    rows = zlib.compress(bytes(30_000 * 30_001))
    bomb = SIGNATURE + header(30_000, 30_000, 8, GREY) + chunk(b"IDAT", rows) + END
    start = time.process_time()
    with pytest.raises(FormatError, match=r"an image of 30000 × 30000 pixels of 1,8\d\d,.* Try limit="):
        read_png(bomb)
    assert time.process_time() - start < 1


def test_the_limit_is_the_callers():
    data = write_png(None, np.zeros((10, 10), np.uint8))
    with pytest.raises(FormatError, match=r"in a file of \d+; expected at most 100\. Try limit=221"):
        read_png(data, limit=100)
    assert read_png(data, limit=221).shape == (10, 10)


def test_too_many_chunks():
    with pytest.raises(FormatError, match="got more than 65,536 chunks"):
        read_png(SIGNATURE + ONE + chunk(b"tEXt", b"") * 70_000 + PIXEL + END)


# Writing


@given(hnp.arrays(np.uint8, st.tuples(SIDE, SIDE) | st.tuples(SIDE, SIDE, st.integers(1, 4))))
@settings(deadline=None)
def test_what_is_written_is_read_here_and_by_pillow(array):
    data = write_png(None, array)
    expected = squeezed(array) if array.ndim == 3 else array
    np.testing.assert_array_equal(read_png(data), expected)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), expected)


def test_written_to_a_path(tmp_path):
    array = np.arange(6, dtype=np.uint8).reshape(2, 3).T
    assert write_png(tmp_path / "a.png", array) == (tmp_path / "a.png").read_bytes()
    np.testing.assert_array_equal(read_png(tmp_path / "a.png"), array)
    with pytest.raises(FileError, match="expected a path that exists"):
        read_png(tmp_path / "missing.png")


def test_what_cannot_be_written():
    with pytest.raises(DTypeError, match=r"got pixels of float64; expected uint8\. Try \(255 \* array\)\.astype"):
        write_png(None, np.zeros((2, 2)))
    for shape in [(2,), (0, 2), (2, 0, 3), (2, 2, 5), (2, 2, 0), (1, 1, 1, 1), (1, 40_000)]:
        with pytest.raises(ShapeError, match="got pixels of shape"):
            write_png(None, np.zeros(shape, np.uint8))
