"""MNIST from the package, Fashion-MNIST from wherever it can be had, and IDX files of the user's own."""

import gzip
import hashlib
import lzma
import os
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from glassnet.data import images
from glassnet.data.cache import Canonical
from glassnet.data.datasets import fashion_mnist, load_dataset, mnist
from glassnet.data.images import CLOTHES, MNIST, PARTS, idx_files, idx_folder, unpack_mnist
from glassnet.errors import DataError, FileError, FormatError, ValueRangeError
from glassnet.files.idx import write_idx

# The cache's own rules (damage, seals, refusing disks) are tested on tiny files in test_cache.py.


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory):
    """A cache that the tests of this file fill once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def digits(shared_cache, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE", str(shared_cache))
    return mnist()


def test_mnist_has_its_published_counts(digits):
    assert (digits.x_train.shape, digits.x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert digits.x_train.dtype == digits.x_test.dtype == np.uint8
    assert digits.y_train.dtype == digits.y_test.dtype == np.int64
    assert np.bincount(digits.y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(digits.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert digits.classes == tuple("0123456789")
    assert (digits.n_features, digits.n_outputs) == (784, 10)


def test_mnist_has_its_known_mean_and_deviation(digits):
    """0.1307 and 0.3081: the two numbers that every MNIST tutorial subtracts and divides by."""
    pixels = digits.x_train.ravel()
    counts = np.bincount(pixels, minlength=256)
    mean = (counts * np.arange(256)).sum() / len(pixels) / 255
    deviation = np.sqrt((counts * (np.arange(256) / 255 - mean) ** 2).sum() / len(pixels))
    assert (round(mean, 4), round(deviation, 4)) == (0.1307, 0.3081)


def test_mnist_images_may_be_written_to_without_harm(digits):
    digits.x_train[0] = 0
    assert mnist().x_train[0].sum() == 27525


def test_mnist_is_loaded_by_name_too(digits):
    assert repr(load_dataset("MNIST")) == repr(digits)
    with pytest.raises(ValueRangeError, match="no options"):
        load_dataset("mnist", n=5)


def test_the_embedded_files_are_the_canonical_ones_and_small():
    packed = images.__file__.replace("images.py", "mnist")
    sizes = [os.path.getsize(os.path.join(packed, name)) for name in os.listdir(packed) if name.endswith(".xz")]
    assert sum(sizes) < 10_000_000
    for file, (_, pieces) in zip(MNIST.files, unpack_mnist(MNIST.files), strict=True):
        data = b"".join(pieces)
        assert len(data) == file.size
        assert hashlib.md5(data).hexdigest() == file.md5


REPORT = """
import hashlib
from glassnet.data.images import mnist
digits = mnist()
print(hashlib.md5(digits.x_train).hexdigest(), hashlib.md5(digits.x_test).hexdigest(), digits.y_train.sum())
"""


def start(cache) -> subprocess.Popen:
    environment = {**os.environ, "GLASSNET_CACHE": str(cache)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", REPORT], env=environment, **pipes)


def test_processes_that_start_at_once_on_an_empty_cache_all_get_it_right(tmp_path, digits):
    running = [start(tmp_path) for _ in range(3)]
    results = [process.communicate(timeout=120) for process in running]
    expected = f"{hashlib.md5(digits.x_train).hexdigest()} {hashlib.md5(digits.x_test).hexdigest()} 267236\n"
    assert results == [(expected, "")] * 3
    assert sorted(os.listdir(tmp_path / "mnist")) == sorted(PARTS)


def test_a_process_without_a_cache_is_as_good_and_says_nothing(tmp_path, digits):
    (tmp_path / "file").write_text("in the way")
    process = start(tmp_path / "file")
    expected = f"{hashlib.md5(digits.x_train).hexdigest()} {hashlib.md5(digits.x_test).hexdigest()} 267236\n"
    assert process.communicate(timeout=120) == (expected, "")


def test_a_process_that_is_killed_while_unpacking_leaves_nothing_wrong(tmp_path):
    process = start(tmp_path)
    while not (tmp_path / "mnist").exists() and process.poll() is None:
        pass
    process.kill()
    process.communicate()
    again = start(tmp_path)
    out, err = again.communicate(timeout=120)
    assert (out.split()[-1], err) == ("267236", "")
    assert sorted(os.listdir(tmp_path / "mnist")) == sorted(PARTS)


def test_a_damaged_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path))
    wrong = MNIST.files[1]._replace(md5="0" * 32)
    monkeypatch.setattr(images, "MNIST", MNIST._replace(files=(wrong,)))
    expected = (
        r"train-labels-idx1-ubyte of glassnet: got 60008 bytes with MD5 a25b\w+; expected 60008 bytes with MD5 0{32}\."
    )
    with pytest.raises(FormatError, match=expected + " Try installing it again"):
        mnist()
    assert not (tmp_path / "mnist").exists()


def test_a_damaged_stream_in_the_package_is_named(tmp_path):
    packed = tmp_path / "train-labels-idx1-ubyte.0.xz"
    packed.write_bytes(lzma.compress(b"labels")[:-5] + b"?????")
    with pytest.raises(FormatError, match=r"train-labels-idx1-ubyte\.0\.xz: got .*; expected a whole xz file\. Try "):
        images._unxz(packed)


def test_a_python_without_xz_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "lzma", None)
    with pytest.raises(FileError, match=r"without its lzma module; expected it, to unpack MNIST\. Try "):
        mnist()


# Fashion-MNIST, with four tiny files in the place of the real ones


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A published collection of 6 and 4 pictures; its packed files lie in `published`."""
    arrays = [
        np.arange(24, dtype=np.uint8).reshape(6, 2, 2),
        np.arange(6, dtype=np.uint8),
        np.arange(16, dtype=np.uint8).reshape(4, 2, 2),
        np.arange(4, dtype=np.uint8) + 6,
    ]
    (tmp_path / "published").mkdir()
    files, packed = [], {}
    for part, array in zip(PARTS, arrays, strict=True):
        contents = write_idx(None, array)
        squeezed = gzip.compress(contents, mtime=0)
        (tmp_path / "published" / f"{part}.gz").write_bytes(squeezed)
        files.append(Canonical(part, array.shape, hashlib.md5(contents).hexdigest()))
        packed[part] = (len(squeezed), hashlib.sha256(squeezed).hexdigest())
    monkeypatch.setattr(images, "FASHION", images.FASHION._replace(files=tuple(files)))
    monkeypatch.setattr(images, "FASHION_PACKED", packed)
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def mirror(tiny):
    """The address of a server that has the published files."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tiny / "published")))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


NOBODY = "http://127.0.0.1:9"


def test_clothes_come_from_the_installed_package(tiny):
    data = fashion_mnist(installed=str(tiny / "published"), mirrors=[])
    assert data.x_train.tolist() == np.arange(24).reshape(6, 2, 2).tolist()
    assert data.y_test.tolist() == [6, 7, 8, 9]
    assert data.classes == CLOTHES
    assert data.y_train.dtype == np.int64
    again = fashion_mnist(installed="gone", mirrors=[])  # from the cache now
    assert again.x_test.tolist() == np.arange(16).reshape(4, 2, 2).tolist()


def test_clothes_come_from_a_mirror_with_progress(tiny, mirror):
    seen = []
    data = fashion_mnist(installed="gone", mirrors=[NOBODY, mirror], progress=lambda *at: seen.append(at))
    assert data.y_train.tolist() == [0, 1, 2, 3, 4, 5]
    assert [name for name, _, _ in seen] == [f"{part}.gz" for part in PARTS]
    assert all(done == total for _, done, total in seen)


def test_progress_goes_to_stderr_when_nobody_asks_for_it(tiny, mirror, capsys):
    load_dataset("fashion-mnist", installed="gone", mirrors=[mirror])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 4
    assert shown.err.startswith("train-images-idx3-ubyte.gz: 0.0 of 0.0 MB\n")


def test_a_damaged_unpacked_file_is_made_again_without_the_network(tiny, mirror):
    fashion_mnist(installed="gone", mirrors=[mirror], progress=lambda *at: None)
    cached = tiny / "cache" / "fashion-mnist" / PARTS[0]
    cached.write_bytes(cached.read_bytes()[:-3] + b"???")
    assert fashion_mnist(installed="gone", mirrors=[]).x_train.max() == 23


def test_files_that_the_user_put_into_the_cache_are_taken(tiny):
    folder = tiny / "cache" / "fashion-mnist"
    folder.mkdir(parents=True)
    for packed in (tiny / "published").iterdir():
        (folder / packed.name).write_bytes(packed.read_bytes())
    assert len(fashion_mnist(installed="gone", mirrors=[]).x_train) == 6


def test_without_a_network_the_error_says_what_to_do(tiny):
    with pytest.raises(FileError) as raised:
        fashion_mnist(installed="gone", mirrors=[NOBODY])
    message = str(raised.value)
    assert re.match(
        rf"could not fetch train-images-idx3-ubyte\.gz \({NOBODY}: URLError: .*\); expected \d+ bytes", message
    )
    assert "apt install dataset-fashion-mnist" in message
    assert str(tiny / "cache" / "fashion-mnist") in message


@pytest.mark.parametrize("contents", [b"", b"plain", gzip.compress(b"other"), gzip.compress(bytes(10**6))[:-9]])
def test_a_damaged_installed_package_is_named(tiny, contents: bytes):
    path = tiny / "published" / f"{PARTS[1]}.gz"
    path.write_bytes(contents)
    with pytest.raises(FormatError) as raised:
        fashion_mnist(installed=str(tiny / "published"), mirrors=[])
    assert str(path) in str(raised.value)
    assert ". Try " in str(raised.value)


def test_a_bomb_in_the_place_of_a_file_is_unpacked_no_further_than_needed(tiny):
    path = tiny / "published" / f"{PARTS[1]}.gz"
    path.write_bytes(bomb := gzip.compress(bytes(10_000_000)))
    assert len(bomb) < 20_000
    file = images.FASHION.files[1]._replace(shape=(20_000,))  # so that the packed bytes are within the limit
    assert len(b"".join(images._unpacked(str(path), file))) == file.size + 1


# IDX files of the user's own


@pytest.fixture
def own(tmp_path):
    write_idx(tmp_path / "train-images-idx3-ubyte", np.arange(90, dtype=np.uint8).reshape(10, 3, 3))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.arange(10, dtype=np.uint8) % 3)
    return tmp_path


def test_a_folder_without_test_files_keeps_a_fifth_for_the_test(own):
    data = idx_folder(own)
    assert (data.x_train.shape, data.x_test.shape) == ((8, 3, 3), (2, 3, 3))
    assert data.x_train.dtype == np.uint8
    assert data.classes == ("0", "1", "2")
    assert data.name == own.name
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        np.testing.assert_array_equal(x[:, 0, 0] // 9 % 3, y)  # each image kept its label
    firsts = np.concatenate((data.x_train, data.x_test))[:, 0, 0]
    assert sorted(firsts.tolist()) == list(range(0, 90, 9))
    assert idx_folder(own, seed=1).x_train.tolist() != data.x_train.tolist()
    assert len(idx_folder(own, test_fraction=0.0).x_test) == 0


def test_a_folder_with_test_files_uses_them_packed_or_dotted(own):
    (own / "train-images-idx3-ubyte").rename(own / "train-images.idx3-ubyte")
    write_idx(own / "t10k-images-idx3-ubyte.gz", np.full((2, 3, 3), 7, np.uint8))
    write_idx(own / "t10k-labels-idx1-ubyte.xz", np.array([4, 0], np.uint8))
    data = idx_folder(own, name="mine")
    assert len(data.x_train) == 10
    assert data.x_test.tolist() == np.full((2, 3, 3), 7).tolist()
    assert data.y_test.tolist() == [4, 0]
    assert data.classes == ("0", "1", "2", "3", "4")
    assert data.name == "mine"


def test_other_numbers_become_float32(tmp_path):
    write_idx(tmp_path / "x", np.array([[0.5, -2], [3, 4]]))
    write_idx(tmp_path / "y", np.array([1, 0], np.int32))
    data = idx_files(tmp_path / "x", tmp_path / "y", test_fraction=0.0)
    assert data.x_train.dtype == np.float32
    assert sorted(data.x_train.tolist()) == [[0.5, -2], [3, 4]]
    assert data.y_train.dtype == np.int64


IMAGES = np.zeros((3, 2, 2), np.uint8)
LABELS = np.array([0, 1, 1], np.uint8)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (IMAGES, LABELS[:2], {}, "got 3 examples in {x} and 2 labels in {y}; expected one label for each example"),
        (IMAGES, np.array([0, 5, 1], np.uint8), {"classes": "abc"}, "{y}: got label 5 in row 1; expected 0 to 2"),
        (IMAGES, np.array([0, 1, -4], np.int8), {}, "{y}: got label -4 in row 2; expected 0 to 1"),
        (IMAGES, IMAGES, {}, "{y}: got uint8 of shape (3, 2, 2); expected whole numbers of shape (n,)"),
        (IMAGES, LABELS.astype(np.float32), {}, "{y}: got float32 of shape (3,); expected whole numbers"),
        (LABELS, LABELS, {}, "{x}: got examples of shape (3,); expected (n, height, width) or (n, features)"),
        (np.array([[1, 2], [3, np.nan], [5, 6]]), LABELS, {}, "{x}: got nan in row 1, place (1,); expected finite"),
        (np.array([[1, 2], [3, 4], [-np.inf, 6]]), LABELS, {}, "{x}: got -inf in row 2, place (0,)"),
        (IMAGES[:0], LABELS[:0], {}, "{y}: got no labels; expected at least one"),
        (IMAGES, LABELS, {"test_images": "z"}, "got one file to test on; expected images and their labels"),
    ],
)
def test_files_that_cannot_be_trained_on_are_answered_with_the_row(tmp_path, x, y, options, message):
    paths = {"x": str(tmp_path / "x"), "y": str(tmp_path / "y")}
    write_idx(paths["x"], x)
    write_idx(paths["y"], y)
    with pytest.raises(DataError) as raised:
        idx_files(paths["x"], paths["y"], **options)
    assert message.format(**paths) in str(raised.value)
    assert re.search(r"\. Try .+\.$", str(raised.value))


@pytest.mark.parametrize(("option", "value"), [("test_fraction", 1.0), ("test_fraction", -1), ("seed", -1)])
def test_options_outside_their_range_are_refused(own, option, value):
    with pytest.raises(ValueRangeError, match=f"got {option}="):
        idx_folder(own, **{option: value})


@pytest.mark.parametrize("missing", [PARTS[0], PARTS[1]])
def test_a_folder_without_its_files_names_the_missing_one(own, missing: str):
    (own / missing).unlink()
    with pytest.raises(FileError, match=rf"got folder .* without {missing}; expected .*\. Try naming the files"):
        idx_folder(own)


def test_a_file_that_is_not_idx_is_a_format_error(own):
    (own / PARTS[0]).write_bytes(b"PNG, more likely")
    with pytest.raises(FormatError, match=PARTS[0]):
        idx_folder(own)


def test_wrong_labels_are_found_before_the_images_are_read(own):
    (own / PARTS[0]).write_bytes(b"never looked at")
    write_idx(own / PARTS[1], np.array([1, -1], np.int8))
    with pytest.raises(DataError, match="label -1 in row 1"):
        idx_folder(own)
