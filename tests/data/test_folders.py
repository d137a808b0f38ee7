"""Folders of images: classes by sub-folder, sizes, colours, and files that are no images."""

import io
import os
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from glassnet.data.folders import image_folder, read_image, resized
from glassnet.errors import DataError, FormatError, NotSupportedError
from glassnet.files.png import write_png


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)

    def made(where="", classes=("cat", "dog"), count=6, shape=(4, 5), ending=".png"):
        for label in classes:
            folder = tmp_path / where / label
            folder.mkdir(parents=True, exist_ok=True)
            for i in range(count):
                pixels = rng.integers(0, 256, shape).astype(np.uint8)
                path = folder / f"{i}{ending}"
                if ending == ".png":
                    write_png(path, pixels)
                else:
                    Image.fromarray(pixels).save(path)
        return tmp_path

    return made


def test_each_class_is_split_by_itself(pictures):
    data = image_folder(pictures(count=20), test_fraction=0.25)
    assert data.x_train.shape == (30, 4, 5)
    assert np.bincount(data.y_test).tolist() == [5, 5]
    assert data.classes == ("cat", "dog")


def test_folders_train_and_test(pictures):
    pictures("train", count=3)
    data = image_folder(pictures("test", classes=("dog", "cat"), count=2))
    assert (len(data.x_train), len(data.x_test)) == (6, 4)
    one = read_image(os.path.join(data.source, "test", "dog", "0.png"))
    assert any((image == one).all() for image in data.x_test[data.y_test == 1])


def test_one_coloured_image_makes_all_of_them_coloured(pictures):
    root = pictures(count=3)
    pixels = np.zeros((4, 5, 3), np.uint8)
    pixels[..., 0] = 200
    write_png(root / "dog" / "2.png", pixels)
    data = image_folder(root, test_fraction=0.0)
    assert data.x_train.shape == (6, 4, 5, 3)
    assert sum((image == pixels).all() for image in data.x_train) == 1
    grey = [image for image in data.x_train if not (image == pixels).all()]
    assert all((image[..., 0] == image[..., 2]).all() for image in grey)


def test_jpeg_through_pillow(pictures):
    data = image_folder(pictures(shape=(8, 8, 3), ending=".jpg"), test_fraction=0.0)
    assert data.x_train.shape == (12, 8, 8, 3)


def test_what_is_clear_becomes_white(tmp_path):
    pixels = np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], np.uint8)
    write_png(tmp_path / "a.png", pixels)
    assert read_image(tmp_path / "a.png").tolist() == [[[255, 255, 255], [10, 20, 30]]]


def test_another_size_is_named_and_the_suggestion_works(pictures):
    root = pictures(count=3)
    write_png(root / "dog" / "1.png", np.zeros((3, 5), np.uint8))
    with pytest.raises(DataError, match=r"dog/1.png: got an image of 3 × 5; expected 4 × 5, .* Try --image-size 4"):
        image_folder(root)
    assert image_folder(root, size=(4, 4), test_fraction=0.0).x_train.shape == (6, 4, 4)


def test_without_pillow_the_extra_is_named(pictures, monkeypatch):
    root = pictures(shape=(8, 8, 3), ending=".jpg")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(NotSupportedError, match=r"got the image .*0.jpg and no Pillow; .*'glassnet\[images\]'"):
        image_folder(root)


def test_broken_files_and_empty_classes_are_named(pictures):
    root = pictures(count=2)
    (root / "cat" / "0.jpg").write_bytes(b"no image")
    with pytest.raises(FormatError, match=r"cat/0.jpg: got"):
        image_folder(root)
    (root / "cat" / "0.jpg").unlink()
    (root / "bird").mkdir()
    with pytest.raises(DataError, match=r"bird: got no image"):
        image_folder(root)
    with pytest.raises(DataError, match=r"cat: got 0 sub-folders"):
        image_folder(root / "cat")


def test_smaller_is_the_mean_of_what_is_covered_and_larger_lies_between():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4) * 10
    assert resized(image, (2, 2)).tolist() == [[25, 45], [105, 125]]
    assert resized(image, (4, 4)).tolist() == image.tolist()
    assert resized(np.array([[0, 100]], np.uint8), (1, 4)).tolist() == [[0, 25, 75, 100]]
    constant = np.full((7, 5), 33, np.uint8)
    assert (resized(constant, (3, 11)) == 33).all()


def test_damage_on_which_pillow_trips_is_named(tmp_path):
    """A place in the file that is a fraction: Pillow raises `TypeError`, which it does not announce."""
    stream = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(stream, "TIFF")
    data, strip_offsets, whole, fraction = stream.getvalue(), 273, 4, 11
    entry = struct.pack("<HH", strip_offsets, whole)
    assert entry in data
    (tmp_path / "a.tiff").write_bytes(data.replace(entry, struct.pack("<HH", strip_offsets, fraction)))
    with pytest.raises(FormatError, match=r"a\.tiff: got .*; expected an image\. Try "):
        read_image(tmp_path / "a.tiff")


def test_sixteen_bits_keep_their_upper_half(tmp_path):
    values = np.array([[0, 255, 256, 0x1234, 0xFFFF]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.tiff")
    assert read_image(tmp_path / "a.tiff").tolist() == [[0, 0, 1, 0x12, 255]]
    Image.fromarray(values.astype(np.float32)).save(tmp_path / "b.tiff")
    with pytest.raises(
        FormatError, match=r"b\.tiff: got an image of 32 bits a pixel; expected 8 or 16\. Try saving it"
    ):
        read_image(tmp_path / "b.tiff")


def test_photographs_stand_upright(tmp_path):
    image = Image.fromarray(np.repeat(np.arange(0, 160, 10, dtype=np.uint8)[None], 8, axis=0))
    tags = image.getexif()
    tags[0x0112] = 6  # the camera lay on its side
    image.save(tmp_path / "a.jpg", exif=tags)
    upright = read_image(tmp_path / "a.jpg")
    assert upright.shape == (16, 8)
    assert (np.diff(upright[:, 0].astype(int)) > 0).all()


def test_a_colour_of_a_palette_that_is_clear_becomes_white(tmp_path):
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([9, 9, 9, 50, 60, 70])
    image.save(tmp_path / "a.gif", transparency=0)
    assert read_image(tmp_path / "a.gif").tolist() == [[[255, 255, 255], [50, 60, 70]]]


@pytest.mark.parametrize(
    "data", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"P5 2 2 255 abcd", b"SIMPLE  =", b""]
)
def test_only_formats_that_start_no_program_are_read(tmp_path, data):
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(FormatError, match="expected an image"):
        read_image(tmp_path / "a.jpg")


def _packed(ending, **options):
    stream = io.BytesIO()
    Image.new("1" if ending == "TIFF" else "L", (5_000, 5_000)).save(stream, ending, **options)
    return stream.getvalue()


@pytest.mark.parametrize(("ending", "options"), [("GIF", {}), ("TIFF", {"compression": "group4"})])
def test_an_image_that_asks_for_much_is_refused_before_it_is_unpacked(tmp_path, ending, options):
    data = _packed(ending, **options)
    assert len(data) < 1 << 19
    path = tmp_path / f"a.{ending.lower()}"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"got an image of 5,000 × 5,000 in .* bytes; expected fewer pixels"):
        read_image(path)


@pytest.mark.parametrize("ending", ["JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_damaged_images_are_named_or_read(tmp_path, ending):
    rng = np.random.default_rng(1)
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (24, 24, 3)).astype(np.uint8)).save(stream, ending)
    good, path, refused = stream.getvalue(), tmp_path / "a.img", list[str]()
    for i in range(150):
        data = bytearray(good[: rng.integers(len(good))] if i % 3 == 0 else good)
        for at in rng.integers(0, max(1, len(data)), 4 if i % 3 else 0):
            data[at] = rng.integers(256)
        path.write_bytes(data)
        try:
            assert read_image(path).dtype == np.uint8
        except FormatError as problem:
            refused.append(str(problem))
    assert len(refused) > 20
    assert all(message.startswith(str(path)) for message in refused)
