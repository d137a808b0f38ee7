"""`SummaryWriter`: figures, histograms, images and texts for TensorBoard, by its own small writer of event files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as writer:
    ...     for step in range(3):
    ...         writer.add_scalar("loss", 1 / (step + 1), step)
    ...     len(os.listdir(folder))
    1

Then `tensorboard --logdir FOLDER` shows them. Nothing of TensorBoard need be installed to write.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain
from glassnet.files.atomic import make_folder
from glassnet.files.os_errors import StrPath, reported
from glassnet.files.png import write_png
from glassnet.train import event_file as events
from glassnet.train.callbacks import Callback, Figures

if TYPE_CHECKING:
    from glassnet.train.trainer import Trainer

_BUFFER = 1 << 16  # bytes that are gathered before they are written
_LAYOUTS = ("HW", "CHW", "HWC")
_number = 0  # of writers in this process: two in one second need two names


class SummaryWriter:
    """Writes an event file into a folder (`runs/DATE_TIME` if none is named); the names are PyTorch's.

    What was added is written every `flush_secs` seconds, by `flush` and by `close`; a kill costs at most that, and a
    record that was torn is left out by TensorBoard.

    Raises `FileError` when the file cannot be written.
    """

    def __init__(self, log_dir: StrPath | None = None, flush_secs: float = 30.0, filename_suffix: str = "") -> None:
        self.log_dir = (
            os.fspath(log_dir) if log_dir is not None else os.path.join("runs", time.strftime("%b%d_%H-%M-%S"))
        )
        self.flush_secs = flush_secs
        make_folder(self.log_dir)
        self.path = os.path.join(self.log_dir, _file_name(filename_suffix))
        with reported("open", self.path):
            self._file: Any = open(self.path, "xb", buffering=0)  # noqa: SIM115 - closed by close()
        self._waiting = bytearray()
        self._next_flush = time.monotonic() + flush_secs
        self._add(events.event(time.time(), version="brain.Event:2"))
        self.flush()

    # ---- what may be added ------------------------------------------------------------------------------------

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """A number, as a point of the curve `tag`."""
        array = _array(scalar_value, "add_scalar")
        if array.size != 1:
            got = f"add_scalar {tag!r}: got {array.size} numbers"
            raise ShapeError(complain(got, "expected one", f"Try add_histogram({tag!r}, …)"))
        self._summarise(events.scalar(tag, float(array.reshape(-1)[0])), global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Several numbers, as curves `main_tag/name`; all go into this writer's one file."""
        for name, value in tag_scalar_dict.items():
            self.add_scalar(f"{main_tag}/{name}", value, global_step, walltime)

    def add_histogram(
        self, tag: str, values: Any, global_step: int | None = None, bins: int = 64, walltime: float | None = None
    ) -> None:
        """How numbers of any shape are distributed; those that are not finite are left out."""
        if not isinstance(bins, int) or bins < 1:
            got = f"add_histogram {tag!r}: got bins={bins!r}"
            raise ValueRangeError(complain(got, "expected a whole number of at least 1", "Try bins=64"))
        found = events.Histogram.of(_array(values, "add_histogram"), bins)
        self._summarise(events.histogram(tag, found), global_step, walltime)

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """An image of 1, 3 or 4 channels, of bytes, or of floats from 0 to 1; axes are `dataformats` CHW, HWC or HW."""
        pixels = _pixels(_array(img_tensor, "add_image"), dataformats, tag)
        height, width = pixels.shape[:2]
        channels = pixels.shape[2] if pixels.ndim == 3 else 1
        self._summarise(events.image(tag, write_png(None, pixels), height, width, channels), global_step, walltime)

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """A text, which TensorBoard shows as Markdown."""
        self._summarise(events.text(tag, str(text_string)), global_step, walltime)

    # ---- the file ---------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what is waiting."""
        waiting, self._waiting = self._waiting, bytearray()
        if waiting and self._file is not None:
            with reported("write", self.path, len(waiting)):
                view = memoryview(waiting)
                while view:
                    view = view[self._file.write(view) :]
        self._next_flush = time.monotonic() + self.flush_secs

    def close(self) -> None:
        """Write what is waiting, and let go of the file; a closed writer may be closed again."""
        if self._file is not None:
            try:
                self.flush()
            finally:
                file, self._file = self._file, None
                with reported("write", self.path):
                    file.close()

    def _summarise(self, summary: bytes, step: int | None, walltime: float | None) -> None:
        now = time.time() if walltime is None else walltime
        self._add(events.event(now, int(step or 0), summary=summary))

    def _add(self, event: bytes) -> None:
        if self._file is None:
            got = f"got {os.path.basename(self.path)}, which is closed"
            raise ValueRangeError(complain(got, "expected an open writer", "Try another SummaryWriter"))
        self._waiting += events.record(event)
        if len(self._waiting) >= _BUFFER or time.monotonic() >= self._next_flush:
            self.flush()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _file_name(suffix: str) -> str:
    """As TensorBoard looks for it; the machine's name is nobody's business."""
    global _number
    _number += 1
    return f"events.out.tfevents.{int(time.time())}.glassnet.{os.getpid()}.{_number}{suffix}"


def _array(value: Any, where: str) -> np.ndarray:
    """Numbers from a tensor, an array or plain Python."""
    array = value.detach().array if isinstance(value, Tensor) else np.asarray(value)
    if array.dtype.kind not in "biuf":
        got = f"{where}: got {type(value).__name__} of {array.dtype}"
        raise DTypeError(complain(got, "expected numbers", "Try a tensor, an array or a float"))
    return array


def _pixels(image: np.ndarray, layout: str, tag: str) -> np.ndarray:
    """Bytes, `(height, width)` or `(height, width, channels)`."""
    if layout not in _LAYOUTS or image.ndim != len(layout):
        got = f"add_image {tag!r}: got shape {image.shape} with dataformats={layout!r}"
        hint = "Try dataformats='HW'" if image.ndim == 2 else "Try dataformats='HWC'"
        raise ShapeError(complain(got, f"expected one of {', '.join(_LAYOUTS)}, one letter for each axis", hint))
    if layout == "CHW":
        image = np.moveaxis(image, 0, -1)
    if image.ndim == 3 and image.shape[2] not in (1, 3, 4):
        got = f"add_image {tag!r}: got {image.shape[2]} channels"
        raise ShapeError(complain(got, "expected 1, 3 or 4", "Try another order of the axes: dataformats='HWC'"))
    if image.dtype != np.uint8:
        with np.errstate(invalid="ignore"):
            image = np.nan_to_num(np.asarray(image, np.float64).clip(0, 1) * 255).round().astype(np.uint8)
    return np.ascontiguousarray(image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image)


# ---- while a network trains -----------------------------------------------------------------------------------------


class TensorBoard(Callback):
    """Writes the figures of every epoch, and histograms of weights and gradients, for TensorBoard.

    Names are grouped as TensorBoard groups them: `loss/train`, `loss/test`, `accuracy/test`, `weights/0.weight`.
    `histograms` says after how many epochs these follow (0: never).
    """

    def __init__(self, log_dir: StrPath, histograms: int = 1, text: str = "") -> None:
        self.log_dir, self.histograms, self.text = os.fspath(log_dir), histograms, text
        self.writer: SummaryWriter | None = None

    def on_fit_start(self, trainer: Trainer) -> None:
        """A new file; after a resume it is another one in the same folder, which TensorBoard joins."""
        self.writer = SummaryWriter(self.log_dir)
        if self.text:
            self.writer.add_text("settings", self.text)

    def on_epoch_end(self, trainer: Trainer, figures: Figures) -> None:
        """The epoch's figures, at its number."""
        writer = self.writer
        if writer is None:
            return
        for name, value in figures.items():
            if name not in ("epoch", "seconds") and isinstance(value, int | float) and math.isfinite(value):
                writer.add_scalar(_grouped(name), value, trainer.epoch)
        if self.histograms and trainer.epoch % self.histograms == 0:
            for name, p in trainer.model.named_parameters():
                writer.add_histogram(f"weights/{name}", p, trainer.epoch)
                if p.grad is not None:
                    writer.add_histogram(f"gradients/{name}", p.grad, trainer.epoch)
        writer.flush()

    def on_fit_end(self, trainer: Trainer) -> None:
        """Let go of the file."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def _grouped(name: str) -> str:
    """A figure's name in TensorBoard: its kind first, so that one chart holds training and test.

    >>> _grouped("loss"), _grouped("validation_accuracy"), _grouped("rate")
    ('loss/train', 'accuracy/validation', 'rate')
    """
    match = re.fullmatch(r"(train|validation|test)_(.+)", name)
    if match:
        return f"{match[2]}/{match[1]}"
    return "loss/train" if name == "loss" else name
