"""Event files for TensorBoard, read back by a second, independent reader of their bytes."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet.errors import DTypeError, FileError, ShapeError, ValueRangeError
from glassnet.files.png import read_png
from glassnet.train import event_file as events
from glassnet.train.callbacks import Callback
from glassnet.train.tensorboard import TensorBoard
from glassnet.train.trainer import Trainer
from glassnet.utils.tensorboard import SummaryWriter

# ---- a reader -------------------------------------------------------------------------------------------------------


def number(data, at):
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Numbers of fields with their values, as a protocol buffer holds them."""
    found, at = {}, 0
    while at < len(data):
        key, at = number(data, at)
        kind = key & 7
        if kind == 0:
            value, at = number(data, at)
        elif kind == 2:
            size, at = number(data, at)
            value, at = data[at : at + size], at + size
        else:
            size = {1: 8, 5: 4}[kind]
            value, at = struct.unpack("<d" if kind == 1 else "<f", data[at : at + size])[0], at + size
        found.setdefault(key >> 3, []).append(value)
    return found


def records(folder):
    """The events in the only file of a folder, their checksums compared."""
    (path,) = folder.glob("events.out.tfevents.*")
    data, at = path.read_bytes(), 0
    while at < len(data):
        size = struct.unpack("<Q", data[at : at + 8])[0]
        for start, length in ((at, 8), (at + 12, size)):
            stored = struct.unpack("<I", data[start + length : start + length + 4])[0]
            rotated = (stored - 0xA282EAD8) & 0xFFFFFFFF
            assert ((rotated << 15) | (rotated >> 17)) & 0xFFFFFFFF == slow_crc(data[start : start + length])
        yield fields(data[at + 12 : at + 12 + size])
        at += size + 16


def slow_crc(data):
    """CRC-32C bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 & -(crc & 1))
    return crc ^ 0xFFFFFFFF


def values(folder):
    """(step, tag, fields of the value) of all summaries."""
    for found in records(folder):
        for summary in found.get(5, []):
            (value,) = fields(summary)[1]
            parts = fields(value)
            yield found.get(2, [0])[0], parts[1][0].decode(), parts


# ---- parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_checksums_of_rfc_3720(data, expected):
    assert events.crc32c(data) == expected


@given(st.binary(max_size=40))
def test_checksums_bit_by_bit(data):
    assert events.crc32c(data) == slow_crc(data)


@given(st.integers(0, 2**64 - 1))
def test_whole_numbers_of_any_size(value):
    data = events.varint(value)
    assert number(data, 0) == (value, len(data))


def test_a_negative_number_is_its_two_s_complement():
    assert number(events.varint(-1), 0)[0] == 2**64 - 1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50), st.integers(1, 9))
def test_a_histogram_counts_every_number_once(numbers, bins):
    found = events.Histogram.of(np.array(numbers).clip(-1e150, 1e150), bins)
    assert np.isfinite([found.total, found.squares]).all()
    assert sum(found.counts) == found.count == len(numbers)
    assert len(found.limits) == len(found.counts) == bins + 1
    assert list(found.limits) == sorted(found.limits)
    assert found.limits[0] <= found.low
    assert found.high <= found.limits[-1]


# ---- files ----------------------------------------------------------------------------------------------------------


def test_everything_that_can_be_added(tmp_path):
    pixels = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", 0.5, 3, walltime=12.0)
        writer.add_scalar("tensor", torch.tensor([2.5]), 4)
        writer.add_scalars("both", {"a": 1, "b": np.float32(2)}, 5)
        writer.add_histogram("weights", torch.arange(10.0), 6, bins=5)
        writer.add_image("picture", pixels, 7)
        writer.add_image("grey", np.array([[0.0, 0.5, 1.0, np.nan]]), 8, dataformats="HW")
        writer.add_text("note", "# ünï", 9)
    first, second, *_ = records(tmp_path)
    assert first[3] == [b"brain.Event:2"]
    assert second[1] == [12.0]
    found = {tag: (step, parts) for step, tag, parts in values(tmp_path)}
    assert list(found) == ["loss", "tensor", "both/a", "both/b", "weights", "picture", "grey", "note/text_summary"]
    assert [step for step, _ in found.values()] == [3, 4, 5, 5, 6, 7, 8, 9]
    assert [found[tag][1][2] for tag in ("loss", "tensor", "both/b")] == [[0.5], [2.5], [2.0]]
    histogram = fields(found["weights"][1][5][0])
    assert [histogram[i][0] for i in (1, 2, 3, 4, 5)] == [0.0, 9.0, 10.0, 45.0, 285.0]
    assert np.frombuffer(histogram[7][0]).tolist() == [0, 2, 2, 2, 2, 2]
    image = fields(found["picture"][1][4][0])
    assert [image[i][0] for i in (1, 2, 3)] == [4, 5, 3]
    assert np.array_equal(read_png(image[4][0]), np.moveaxis(pixels, 0, -1))
    assert read_png(fields(found["grey"][1][4][0])[4][0]).tolist() == [[0, 128, 255, 0]]
    assert fields(found["note/text_summary"][1][8][0])[8] == ["# ünï".encode()]


def test_what_was_flushed_can_be_read_while_the_writer_is_open(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", 1.0, 0)
        assert not list(values(tmp_path))
        writer.flush()
        assert len(list(values(tmp_path))) == 1


def test_two_writers_in_one_second_have_two_files(tmp_path):
    with SummaryWriter(tmp_path), SummaryWriter(tmp_path, filename_suffix=".second"):
        assert len(list(tmp_path.iterdir())) == 2


def test_mistakes_are_answered(tmp_path):
    with SummaryWriter(tmp_path / "new" / "folder") as writer:
        with pytest.raises(ShapeError, match="got 2 numbers; expected one"):
            writer.add_scalar("loss", [1.0, 2.0])
        with pytest.raises(DTypeError, match="got str"):
            writer.add_scalar("loss", "high")
        with pytest.raises(ShapeError, match=r"got shape \(4, 5\) with dataformats='CHW'.*Try dataformats='HW'"):
            writer.add_image("image", np.zeros((4, 5)))
        with pytest.raises(ShapeError, match="got 5 channels"):
            writer.add_image("image", np.zeros((4, 4, 5)), dataformats="HWC")
        with pytest.raises(ValueRangeError, match="got bins=0"):
            writer.add_histogram("w", np.zeros(3), bins=0)
    writer.close()
    with pytest.raises(ValueRangeError, match="which is closed"):
        writer.add_scalar("loss", 1.0)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="file"):
        SummaryWriter(tmp_path / "file")


def test_a_training_writes_its_figures_and_histograms(tmp_path):
    model = torch.nn.Linear(2, 2)
    board = TensorBoard(tmp_path, histograms=2, text="rate 0.1")
    assert isinstance(board, Callback)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = np.ones((8, 2), np.float32), np.zeros(8, np.int64)
    learner = Trainer(model, "cross_entropy", optimizer, metrics=["accuracy"], callbacks=[board])
    history = learner.fit(data, data, epochs=4)
    found = list(values(tmp_path))
    losses = [parts[2][0] for _, tag, parts in found if tag == "loss/train"]
    assert losses == pytest.approx(history["loss"])
    assert [step for step, tag, _ in found if tag == "weights/weight"] == [2, 4]
    tags = {tag for _, tag, _ in found}
    assert {"loss/validation", "accuracy/validation", "rate", "gradients/bias", "settings/text_summary"} <= tags
    assert not {"epoch", "seconds"} & tags
