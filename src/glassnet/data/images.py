"""Images with labels: the digits of MNIST, the clothes of Fashion-MNIST, and IDX files of the user's own.

Images stay uint8, `(n, 28, 28)`, 0 for the background and 255 for ink: four times smaller than float32, and scaling
belongs to the training loop. They are mapped, not read: labels alone, or the test set alone, cost next to nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from glassnet.data.cache import Canonical, Fetch, Fetched, cache_folder, load_cached
from glassnet.data.registry import (
    Arrays,
    DataSet,
    check_labels,
    fixed,
    load_dataset,
    real_number,
    split,
    whole_number,
)
from glassnet.errors import DataError, FileError, FormatError, complain

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

Progress = Callable[[str, int, int], None]  # name, bytes so far, bytes in all
StrPath = str | os.PathLike[str]

DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip

PARTS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SHAPES = ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,))


class Collection(NamedTuple):
    """Four published files that belong together, and the folder of the cache that keeps them."""

    folder: str
    files: tuple[Canonical, ...]


def _collection(folder: str, *md5s: str) -> Collection:
    return Collection(folder, tuple(map(Canonical, PARTS, SHAPES, md5s)))


MNIST = _collection(
    "mnist",
    "6bbc9ace898e44ae57da46a324031adb",
    "a25bea736e30d166cdddb491f175f624",
    "2646ac647ad5339dbf082846283269ea",
    "27ae3e4e09519cfbb04c329615203637",
)
FASHION = _collection(
    "fashion-mnist",
    "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "9018921c3c673c538a1fc5bad174d6f9",
    "8181f5470baa50b63fa0f6fddb340f0a",
    "15d484375f8d13e6eb1aabb0c3f46965",
)

DEBIAN = "/usr/share/datasets/fashion-mnist"
FASHION_MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
)
FASHION_PACKED = {  # size and SHA-256 of the .gz files as published
    PARTS[0]: (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    PARTS[1]: (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    PARTS[2]: (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    PARTS[3]: (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
}


def mnist() -> DataSet:
    """The 70,000 handwritten digits of MNIST, which come with the package.

    `x` is uint8 `(n, 28, 28)`, `y` int64 `(n,)`: 60,000 to train on, 10,000 to test on. The first call unpacks them,
    checks their MD5 and keeps them in the cache folder (see `glassnet.data.cache.cache_folder`); where that cannot be
    written, every process unpacks them for itself.

    Raises `FormatError` when the package's own files are damaged.

    >>> digits = mnist()
    >>> digits.x_train.shape, digits.x_test.dtype, digits.y_train[:5]
    ((60000, 28, 28), dtype('uint8'), array([5, 0, 4, 1, 9]))

    Reference: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
    1998. Licence of the data: CC BY-SA 3.0.
    """
    return load_dataset("mnist")


@fixed(
    "mnist",
    task="classification",
    summary="handwritten digits, 28 by 28 pixels",
    source="LeCun, Cortes, Burges (1998), from forms of NIST; CC BY-SA 3.0",
    classes=DIGITS,
)
def _mnist() -> Arrays:
    return _load(MNIST, unpack_mnist)


def unpack_mnist(files: Sequence[Canonical]) -> Iterator[Fetched]:
    """The canonical bytes of each file, in pieces, unpacked on all cores: xz lets go of Python's lock meanwhile."""
    from concurrent.futures import ThreadPoolExecutor  # only the very first run needs these two
    from importlib.resources import files as contents

    folder = contents("glassnet.data") / "mnist"
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        unpacked = [pool.map(_unxz, [e for e in entries if e.name.startswith(file.name)]) for file in files]
        yield from (("glassnet", pieces) for pieces in unpacked)


def _unxz(packed: Traversable) -> bytes:
    try:
        import lzma
    except ImportError as error:  # Python can be built without it
        got, expected = "got a Python without its lzma module", "expected it, to unpack MNIST"
        raise FileError(
            complain(got, expected, "Try a Python from python.org, or install liblzma and rebuild")
        ) from error
    try:
        return lzma.decompress(packed.read_bytes())
    except lzma.LZMAError as error:
        hint = "Try installing glassnet again: this copy is damaged"
        raise FormatError(complain(f"{packed.name}: got {error}", "expected a whole xz file", hint)) from error


def fashion_mnist(**options: Any) -> DataSet:
    """70,000 pictures of clothes in the format of MNIST, harder to tell apart than digits.

    They are read from Debian's package `dataset-fashion-mnist` if it is installed, else fetched once (30 MB, checked,
    resumed where a connection broke) and kept in the cache folder. Options: `mirrors`, addresses to fetch from;
    `installed`, the folder of the Debian package; `progress(name, bytes_done, bytes_in_all)` instead of a line on
    stderr.

    Raises `FileError` when they are neither there nor to be fetched, `FormatError` when what is there is damaged.

    Reference: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST", 2017, arXiv:1708.07747. Licence of the data: MIT.
    """
    return load_dataset("fashion_mnist", **options)


@fixed(
    "fashion_mnist",
    task="classification",
    summary="pictures of clothes, 28 by 28 pixels",
    source="Xiao, Rasul, Vollgraf (2017), MIT licence; fetched on first use (30 MB)",
    classes=CLOTHES,
)
def _fashion_mnist(
    *, mirrors: Sequence[str] = FASHION_MIRRORS, installed: str = DEBIAN, progress: Progress | None = None
) -> Arrays:
    def fetch(files: Sequence[Canonical]) -> Iterator[Fetched]:
        for file in files:
            path = os.path.join(installed, file.name + ".gz")
            if not os.path.exists(path):
                path = _fetch_fashion(file, mirrors, progress)
            yield path, _unpacked(path, file)

    return _load(FASHION, fetch)


def _fetch_fashion(file: Canonical, mirrors: Sequence[str], progress: Progress | None) -> str:
    from glassnet.data.download import ProgressLine, Remote, download

    folder = os.path.join(cache_folder(), FASHION.folder)
    size, sha256 = FASHION_PACKED[file.name]
    remote = Remote(file.name + ".gz", size, sha256)
    advice = (
        "Try again with a connection (what has arrived is kept), or `apt install dataset-fashion-mnist` on Debian and "
        f"Ubuntu, or copying {remote.name} into {folder}"
    )
    return download(remote, mirrors, folder, progress=progress or ProgressLine(), advice=advice)


def _unpacked(path: str, file: Canonical) -> Iterator[bytes]:
    """The unpacked bytes of a gzip file in one piece, and at most one byte more than the canonical file has."""
    from glassnet.files.bounded import opened
    from glassnet.files.compressed import unpacked
    from glassnet.files.os_errors import reported

    most = file.size + 1024  # what cannot be squeezed grows by gzip's header and a few bytes
    with opened(path, limit=most) as source, reported("read", path):
        yield unpacked(source).read(file.size + 1)


def _load(collection: Collection, fetch: Fetch) -> Arrays:
    folder = os.path.join(cache_folder(), collection.folder)
    x_train, y_train, x_test, y_test = load_cached(folder, collection.files, fetch)
    return Arrays(x_train, y_train.astype(np.int64), x_test, y_test.astype(np.int64))


def idx_folder(path: StrPath, **options: Any) -> DataSet:
    """A data set of the user's own from a folder with the four files of MNIST, or the two to train on.

    Each file may be plain, .gz or .xz, and be called `train-images-idx3-ubyte` or `train-images.idx3-ubyte`; those to
    test on begin with `t10k`. `options` go to `idx_files`.

    Raises `FileError` when a file is missing, else what `idx_files` raises.
    """
    from glassnet.files.paths import spelled

    folder = spelled(path)
    found = {part: _find_part(folder, part) for part in PARTS}
    images, labels, test_images, test_labels = (found[part] for part in PARTS)
    if images is None or labels is None:
        missing = PARTS[0] if images is None else PARTS[1]
        hint = f"Try naming the files: idx_files(images, labels), or adding {missing}"
        raise FileError(
            complain(f"got folder {folder} without {missing}", "expected it (or its .gz or .xz) there", hint)
        )
    name = options.pop("name", None) or os.path.basename(os.path.abspath(folder))
    return idx_files(images, labels, test_images=test_images, test_labels=test_labels, name=name, **options)


def _find_part(folder: str, part: str) -> str | None:
    dotted = part.replace("-idx", ".idx")
    names = (name + end for name in (part, dotted) for end in ("", ".gz", ".xz"))
    return next((path for name in names if os.path.isfile(path := os.path.join(folder, name))), None)


def idx_files(
    images: StrPath,
    labels: StrPath,
    *,
    test_images: StrPath | None = None,
    test_labels: StrPath | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
    classes: Sequence[str] | None = None,
    name: str = "idx",
) -> DataSet:
    """A data set of the user's own from IDX files of examples and of labels.

    Without files to test on, `test_fraction` of the examples, drawn by `seed`, are kept for that. `classes` names the
    classes; without it they are called 0, 1, ... up to the largest label. Bytes stay uint8, other numbers become
    float32.

    Raises `FileError` and `FormatError` for files that cannot be read, `DataError` when images and labels do not fit
    together or hold values that cannot be trained on; the row is named.

    >>> import tempfile
    >>> from glassnet.files.idx import write_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     x, y = os.path.join(folder, "x"), os.path.join(folder, "y")
    ...     _ = write_idx(x, np.zeros((5, 2, 2), np.uint8)), write_idx(y, np.array([0, 1, 2, 1, 0], np.uint8))
    ...     idx_files(x, y, name="mine")
    DataSet 'mine': classification, 4 to train, 1 to test, 4 features, classes 0, 1, 2
    """
    from glassnet.files.paths import spelled

    images, labels = spelled(images), spelled(labels)
    train = _read_pair(images, labels, classes)
    if test_images is not None and test_labels is not None:
        arrays = Arrays(*train, *_read_pair(test_images, test_labels, classes))
    elif test_images is None and test_labels is None:
        arrays = _hold_out(*train, test_fraction, seed)
    else:
        hint = "Try naming test_images and test_labels both, or neither"
        raise DataError(complain("got one file to test on", "expected images and their labels", hint))
    names = tuple(classes) if classes else _numbered(arrays)
    return DataSet(name, "classification", f"images of {os.fspath(images)}", os.fspath(labels), names, (), *arrays)


def _read_pair(images: StrPath, labels: StrPath, classes: Sequence[str] | None) -> tuple[np.ndarray, np.ndarray]:
    """Examples and labels that fit together; the labels first, for they are small and fail early."""
    from glassnet.files.idx import read_idx

    y = _whole_labels(os.fspath(labels), read_idx(labels))
    if classes:
        check_labels(os.fspath(labels), y, len(classes))
    x = _large_examples(os.fspath(images))
    if x is None:
        x = _finite_examples(os.fspath(images), read_idx(images))
    if len(x) != len(y):
        got = f"got {len(x)} examples in {os.fspath(images)} and {len(y)} labels in {os.fspath(labels)}"
        raise DataError(complain(got, "expected one label for each example", "Try the two files that belong together"))
    return x, y


def _large_examples(path: str) -> np.ndarray | None:
    """Examples that stay in their file, or as float32 in one of the cache folder; None for those that are just read."""
    from glassnet.data import mapped
    from glassnet.files.idx import map_idx

    x = map_idx(path) if os.path.isfile(path) and os.path.getsize(path) > mapped.IN_MEMORY else None
    if x is None or (x.dtype == np.uint8 and x.ndim > 1):
        return x
    out = mapped.temporary(x.shape, np.float32)
    rows = mapped.rows_of(x)
    for first in range(0, len(x), rows):
        out[first : first + rows] = _finite_examples(path, x[first : first + rows], first)
        mapped.let_go(x)
        mapped.let_go(out)
    return out


def _whole_labels(path: str, labels: np.ndarray) -> np.ndarray:
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        got = f"{path}: got {labels.dtype} of shape {labels.shape}"
        hint = "Try the file whose name has `labels`" if labels.ndim > 1 else "Try labels stored as whole numbers"
        raise DataError(complain(got, "expected whole numbers of shape (n,)", hint))
    if not len(labels):
        raise DataError(complain(f"{path}: got no labels", "expected at least one", "Try another file"))
    check_labels(path, labels, max(int(labels.max()) + 1, 1))
    return labels.astype(np.int64)


def _finite_examples(path: str, examples: np.ndarray, first: int = 0) -> np.ndarray:
    """The examples as float32, bytes as they are; `first` is the first one's row in the file."""
    if examples.ndim < 2:
        got = f"{path}: got examples of shape {examples.shape}"
        raise DataError(complain(got, "expected (n, height, width) or (n, features)", "Try exchanging the two files"))
    if examples.dtype == np.uint8:
        return examples
    bad = np.argwhere(~np.isfinite(examples))
    if len(bad):
        at = tuple(map(int, bad[0]))
        got = f"{path}: got {examples[at]} in row {first + at[0]}, place {at[1:]}"
        raise DataError(complain(got, "expected finite numbers", "Try leaving that row out, or filling the gap"))
    return examples.astype(np.float32)


def _hold_out(x: np.ndarray, y: np.ndarray, test_fraction: float, seed: int) -> Arrays:
    rng = np.random.default_rng(whole_number("seed", seed, least=0))
    return split(x, y, rng, real_number("test_fraction", test_fraction, least=0.0, below=1.0))


def _numbered(arrays: Arrays) -> tuple[str, ...]:
    largest = max((int(y.max()) for y in (arrays.y_train, arrays.y_test) if len(y)), default=0)
    return tuple(map(str, range(largest + 1)))
