"""Event files as TensorBoard itself reads them."""

import numpy as np
import pytest

import glassnet as torch
from glassnet.train.tensorboard import TensorBoard
from glassnet.train.trainer import Trainer
from glassnet.utils.tensorboard import SummaryWriter

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(
        str(folder), size_guidance={"histograms": 0, "images": 0, "scalars": 0, "tensors": 0}
    )
    accumulator.Reload()
    return accumulator


def test_scalars(tmp_path):
    values = np.random.default_rng(0).normal(size=300).astype(np.float32)
    with SummaryWriter(tmp_path) as writer:
        for step, value in enumerate(values):
            writer.add_scalar("loss/train", value, 10 * step, walltime=100.0 + step)
        writer.add_scalars("rates", {"first": 0.1, "second": float("inf")}, 2**40)
    found = read(tmp_path)
    assert found.Tags()["scalars"] == ["loss/train", "rates/first", "rates/second"]
    assert [event.value for event in found.Scalars("loss/train")] == values.tolist()
    assert [event.step for event in found.Scalars("loss/train")] == [10 * step for step in range(300)]
    assert found.Scalars("loss/train")[7].wall_time == 107.0
    assert found.Scalars("rates/second")[0].step == 2**40


@pytest.mark.parametrize(
    "numbers", [np.random.default_rng(0).normal(size=1000), np.zeros(5), np.array([]), np.array([3.0])]
)
def test_histograms(tmp_path, numbers):
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("w", numbers, 3)
    (event,) = read(tmp_path).Histograms("w")
    histogram = event.histogram_value
    assert (event.step, histogram.num) == (3, len(numbers))
    assert sum(histogram.bucket) == len(numbers)
    if len(numbers):
        assert (histogram.min, histogram.max) == (numbers.min(), numbers.max())
        assert histogram.sum == pytest.approx(numbers.sum())
        assert histogram.sum_squares == pytest.approx((numbers**2).sum())


@pytest.mark.parametrize(
    ("shape", "layout", "mode"), [((3, 5, 7), "CHW", "RGB"), ((5, 7), "HW", "L"), ((5, 7, 4), "HWC", "RGBA")]
)
def test_images(tmp_path, shape, layout, mode):
    import io

    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("picture", torch.tensor(pixels), 1, dataformats=layout)
    (event,) = read(tmp_path).Images("picture")
    assert (event.width, event.height) == (7, 5)
    with Image.open(io.BytesIO(event.encoded_image_string)) as image:
        assert image.mode == mode
        assert np.array_equal(np.asarray(image), np.moveaxis(pixels, 0, -1) if layout == "CHW" else pixels)


def test_texts_go_to_the_plug_in_for_texts(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("settings", "| rate | 0.1 |\nünï", 4)
    found = read(tmp_path)
    assert found.summary_metadata["settings/text_summary"].plugin_data.plugin_name == "text"
    (event,) = found.Tensors("settings/text_summary")
    assert event.step == 4
    assert list(event.tensor_proto.string_val) == ["| rate | 0.1 |\nünï".encode()]
    assert [d.size for d in event.tensor_proto.tensor_shape.dim] == [1]


def test_a_torn_file_is_read_as_far_as_it_is_whole(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step in range(20):
            writer.add_scalar("loss", step, step)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    assert len(read(tmp_path).Scalars("loss")) == 19


def test_a_whole_training(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    learner = Trainer(model, "cross_entropy", optimizer, callbacks=[TensorBoard(tmp_path, text="rate 0.1")])
    data = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32), np.arange(40) % 2
    history = learner.fit(data, data, epochs=5)
    found = read(tmp_path)
    assert [event.value for event in found.Scalars("loss/train")] == pytest.approx(history["loss"])
    assert [event.step for event in found.Histograms("weights/0.weight")] == [1, 2, 3, 4, 5]
    assert found.Histograms("gradients/2.bias")[-1].histogram_value.num == 2
