"""A folder of images as a data set: one sub-folder for each class, or `train` and `test` folders of these.

PNG is read by glassnet itself; JPEG and others through Pillow (`pip install glassnet[images]`). Images stay bytes:
`(n, height, width)` if all are grey, else `(n, height, width, 3)`.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

import numpy as np

from glassnet.data import mapped
from glassnet.data.mapped import chosen, let_go, rows_of, temporary
from glassnet.data.registry import Arrays, DataSet
from glassnet.data.split import split
from glassnet.errors import DataError, FileError, FormatError, NotSupportedError, complain
from glassnet.files.bounded import Source, opened
from glassnet.files.os_errors import StrPath, reported, shown
from glassnet.files.paths import spelled
from glassnet.files.png import read_png
from glassnet.files.signatures import seems

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")  # no others: for EPS, Pillow starts a program
_TESTS = ("test", "val", "validation", "valid")
_MOST_BYTES = 256 << 30
_GREY = np.array([299, 587, 114])  # thousandths: ITU-R BT.601


def is_image_folder(path: str) -> bool:
    """Whether a folder has sub-folders, which are taken for classes.

    >>> is_image_folder("no such folder")
    False
    """
    try:
        with os.scandir(path) as entries:
            return any(entry.is_dir() for entry in entries)
    except OSError:
        return False


def image_folder(
    path: StrPath, *, size: tuple[int, int] | None = None, test_fraction: float = 0.15, seed: int = 0
) -> DataSet:
    """The images under a folder, labelled by the sub-folders' names.

    All must have one height and width, or are brought to `size`. Without a folder `test` beside `train`,
    `test_fraction` of each class is kept for testing.

    Raises `DataError` for images of several sizes and empty classes, `FileError` and `FormatError` for files that
    cannot be read, `NotSupportedError` for formats that need Pillow where that is missing; the file is named.

    >>> import tempfile
    >>> from glassnet.files.png import write_png
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         os.mkdir(os.path.join(folder, name))
    ...         for i in range(10):
    ...             _ = write_png(os.path.join(folder, name, f"{i}.png"), np.full((2, 2), i, np.uint8))
    ...     data = image_folder(folder)
    >>> data.x_train.shape, data.x_test.shape, data.classes
    ((17, 2, 2), (3, 2, 2), ('cat', 'dog'))
    """
    root = spelled(path)
    tests = next((name for name in _TESTS if os.path.isdir(os.path.join(root, name))), None)
    apart = tests is not None and os.path.isdir(os.path.join(root, "train"))
    base = os.path.join(root, "train") if apart else root
    classes = _folders(base)
    files = _files(base, classes)
    y = np.array([label for _, label in files], np.int64)
    if apart and tests is not None:
        x, held = _read(files, size), _files(os.path.join(root, tests), classes)
        x_test = _read(held, size)
        arrays = Arrays(x, y, *_alike(x, x_test, root), np.array([label for _, label in held], np.int64))
    else:
        train, test = split(len(y), (1 - test_fraction, test_fraction), labels=y, seed=seed)
        x = _read(files, size)
        arrays = Arrays(chosen(x, train), y[train], chosen(x, test), y[test])
    name = os.path.basename(os.path.abspath(root))
    return DataSet(name, "classification", f"images of {root}", root, tuple(classes), (), *arrays)


def _alike(x: np.ndarray, x_test: np.ndarray, root: str) -> tuple[np.ndarray]:
    """The test images with as many colours as the others."""
    if x.ndim == 4 and x_test.ndim == 3:
        x_test = np.repeat(x_test[..., None], 3, axis=3)
    if x.ndim == 3 and x_test.ndim == 4:
        x_test = np.stack([grey(image) for image in x_test])
    if x.shape[1:] != x_test.shape[1:]:
        got = f"{shown(root)}: got test images of {_size(x_test[0])}"
        raise DataError(complain(got, f"expected {_size(x[0])}, as in training", f"Try --image-size {x.shape[1]}"))
    return (x_test,)


def _folders(base: str) -> list[str]:
    with reported("look into", base), os.scandir(base) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    if len(names) < 2:
        got = f"{shown(base)}: got {len(names)} sub-folder{'s' * (len(names) != 1)}"
        raise DataError(complain(got, "expected one for each of two classes at least", "Try images in cat/, dog/, …"))
    return names


def _files(base: str, classes: Sequence[str]) -> list[tuple[str, int]]:
    """All image files and their labels, in the order of their names."""
    found: list[tuple[str, int]] = []
    for label, name in enumerate(classes):
        folder = os.path.join(base, name)
        with reported("look into", folder):
            names = sorted(n for n in os.listdir(folder) if n.lower().endswith(ENDINGS) and not n.startswith("."))
        if not names:
            got = f"{shown(folder)}: got no image"
            hint = "Try naming a folder whose sub-folders all hold images"
            raise DataError(complain(got, f"expected files such as 1.png ({', '.join(ENDINGS)})", hint))
        found += [(os.path.join(folder, n), label) for n in names]
    return found


def _read(files: Sequence[tuple[str, int]], size: tuple[int, int] | None) -> np.ndarray:
    """All images in one array of bytes."""
    first = read_image(files[0][0])
    height, width = size or first.shape[:2]
    room = len(files) * height * width
    if room > _MOST_BYTES:
        got = f"got {len(files):,} images of {height} × {width}: {room / 1e9:.1f} GB"
        raise DataError(complain(got, f"expected at most {_MOST_BYTES / 1e9:.1f} GB", "Try --image-size 32"))
    images = _room((len(files), height, width))
    coloured = False
    for i, (path, _) in enumerate(files):
        image = first if i == 0 else read_image(path)
        if size is None and image.shape[:2] != (height, width):
            got = f"{shown(path)}: got an image of {_size(image)}"
            hint = f"Try --image-size {min(height, width)}, which scales them all"
            raise DataError(complain(got, f"expected {_size(first)}, as {shown(files[0][0])}", hint))
        image = image if image.shape[:2] == (height, width) else resized(image, (height, width))
        if image.ndim == 3 and not coloured and not (image == image[..., :1]).all():
            images, coloured = _in_colour(images, i), True
        plain = image if image.ndim == 2 or coloured else image[..., 0]
        images[i] = plain[..., None] if coloured and plain.ndim == 2 else plain
        if i % rows_of(images) == 0:
            let_go(images)
    return images


def _room(shape: tuple[int, ...]) -> np.ndarray:
    """Room for images: in memory, or for many of them in a file of the cache folder."""
    many = math.prod(shape) > mapped.IN_MEMORY
    return temporary(shape, np.uint8, "images") if many else np.empty(shape, np.uint8)


def _in_colour(images: np.ndarray, count: int) -> np.ndarray:
    """Grey images with room for colours; the first so many are there already."""
    out = _room((*images.shape, 3))
    for first in range(0, count, rows_of(images)):
        part = slice(first, min(count, first + rows_of(images)))
        out[part] = images[part][..., None]
        let_go(images)
        let_go(out)
    return out


def read_image(path: StrPath) -> np.ndarray:
    """An image file as bytes, `(height, width)` if grey, else `(height, width, 3)`; what is clear becomes white."""
    image = read_pixels(path)
    if image.ndim == 3 and image.shape[2] in (2, 4):
        opaque = image[..., -1:].astype(np.uint16)
        image = ((image[..., :-1] * opaque + 255 * (255 - opaque) + 127) // 255).astype(np.uint8)
        image = image[..., 0] if image.shape[2] == 1 else image
    return image


def read_pixels(path: StrPath) -> np.ndarray:
    """An image file as `files.png.read_png` gives it: PNG by itself, JPEG and others by Pillow.

    Raises `NotSupportedError` for another format where there is no Pillow, `FormatError` for what is no image.
    """
    with opened(path) as source:
        signature = source.read_some(8)
        what = seems(signature)
        if what is not None and not what.endswith("image"):
            raise source.wrong(what, "an image", "Try a PNG or a JPEG")
    return read_png(path) if signature[:4] == b"\x89PNG" else _by_pillow(path)


def _by_pillow(path: StrPath) -> np.ndarray:
    try:
        from PIL import Image, ImageOps  # pyright: ignore[reportMissingImports] -- an extra
    except ImportError as problem:
        got = f"got the image {shown(path)} and no Pillow"
        hint = "Try pip install 'glassnet[images]', or saving it as PNG"
        raise NotSupportedError(complain(got, "expected Pillow, which reads all but PNG", hint)) from problem
    try:
        with warnings.catch_warnings(), opened(path) as source:
            warnings.simplefilter("ignore")  # what Pillow warns of is refused or harmless
            with Image.open(cast(BinaryIO, source.stream), formats=_FORMATS) as image:
                if 4 * image.width * image.height > source.budget(None):
                    got = f"an image of {image.height:,} × {image.width:,} in {source.size:,} bytes"
                    raise source.wrong(got, "fewer pixels for so few bytes", "Try leaving it out, or a smaller one")
                return _as_bytes(ImageOps.exif_transpose(image), source)
    except (FileError, FormatError):
        raise
    except Exception as problem:  # its decoders raise TypeError, struct.error and others, as the damage has it
        got = f"{shown(path)}: got {' '.join(str(problem).split())[:120] or type(problem).__name__}"
        raise FormatError(complain(got, "expected an image", "Try opening it in a viewer, or removing it")) from problem


def _as_bytes(image: Any, source: Source) -> np.ndarray:
    """Pillow's image as bytes: of 16 bits the upper 8, for Pillow itself would make white of all but the darkest."""
    if image.mode.startswith("I;16"):
        return (np.asarray(image) >> 8).astype(np.uint8)
    if image.mode in ("I", "F"):
        raise source.wrong("an image of 32 bits a pixel", "8 or 16", "Try saving it as PNG")
    clear = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    mode = "L" if image.mode in ("L", "1") and not clear else "RGBA" if clear else "RGB"
    return np.asarray(image.convert(mode), np.uint8)


def grey(image: np.ndarray) -> np.ndarray:
    """The brightness of a coloured image.

    >>> grey(np.array([[[255, 0, 0], [0, 0, 0]]], np.uint8)).tolist()
    [[76, 0]]
    """
    return ((image.astype(np.int64) @ _GREY + 500) // 1000).astype(np.uint8)


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The image at another size: each new pixel is the mean of the area that it covers.

    >>> resized(np.array([[0, 100], [100, 200]], np.uint8), (1, 1)).tolist()
    [[100]]
    """
    rows, columns = _weights(image.shape[0], size[0]), _weights(image.shape[1], size[1])
    mixed: Any = np.einsum("ah,hw...->aw...", rows, image.astype(np.float64))
    mixed = np.einsum("bw,aw...->ab...", columns, mixed)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _weights(old: int, new: int) -> np.ndarray:
    """`(new, old)`: how much of each old pixel lies under each new one, or how near it is to smaller new ones."""
    if new > old:
        centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        distance = np.abs(centres[:, None] - np.arange(old))
        return np.maximum(0, 1 - distance)
    edges = np.arange(new + 1) * old / new
    low, high = edges[:-1, None], edges[1:, None]
    cover = np.minimum(high, np.arange(1, old + 1)) - np.maximum(low, np.arange(old))
    return np.maximum(cover, 0) / (old / new)


def _size(image: np.ndarray) -> str:
    return f"{image.shape[0]} × {image.shape[1]}"
