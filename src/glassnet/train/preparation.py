"""What is done to examples before a network sees them: they are laid flat, shifted and scaled.

The numbers are part of the model. They are saved with it, so that whoever uses the model hands in examples as they
come: bytes of an image, coordinates of a point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.errors import FormatError, ShapeError, complain

if TYPE_CHECKING:
    from glassnet.train.tabular import TableCode  # data sets that are no tables do without it

_SAMPLE = 1000  # images that are looked at to find their mean: a thousand fix it to a tenth of a percent
_MOST_NUMBERS = 1 << 24


@dataclass(frozen=True, eq=False)
class Preparation:
    """`x -> x * scale + offset` for examples of one shape; scale and offset are one number each, or one per feature.

    Rows of a table have a `table` besides, which turns them into such examples, and outputs into the target's units.

    >>> prepare = Preparation.fitted(np.array([[0.0, 10.0], [2.0, 30.0]]))
    >>> prepare(np.array([[1.0, 20.0], [2.0, 30.0]]))
    array([[0., 0.],
           [1., 1.]], dtype=float32)
    """

    shape: tuple[int, ...]  # of one example, as it comes
    scale: np.ndarray  # () or (features,), float32
    offset: np.ndarray  # the same
    table: TableCode | None = None

    @property
    def features(self) -> int:
        """How many numbers describe one example."""
        return math.prod(self.shape)

    @classmethod
    def of(cls, data: DataSet) -> Preparation:
        """The one that a data set brings with it, else the one fitted to what is learnt from."""
        own = getattr(data, "preparation", None)
        return own if isinstance(own, Preparation) else cls.fitted(data.x_train)

    @classmethod
    def fitted(cls, x: np.ndarray) -> Preparation:
        """The one that brings these examples to mean 0 and standard deviation 1.

        Bytes are pixels, which share one scale; other numbers are features of their own, one scale each. A feature
        that never changes is only shifted.
        """
        rows = x.reshape(len(x), -1)
        if x.dtype == np.uint8:
            rows = rows[:: max(1, len(x) // _SAMPLE)]  # evenly spaced, so that sorted examples do no harm
            mean, deviation = rows.mean(dtype=np.float64), rows.std(dtype=np.float64)
        else:
            mean, deviation = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
        scale = 1 / np.where(deviation > 0, deviation, 1.0)
        return cls(x.shape[1:], np.asarray(scale, np.float32), np.asarray(-mean * scale, np.float32))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The prepared examples, `(n, features)` in float32.

        Raises `ShapeError` for examples of another shape.
        """
        return self.into(x, np.empty((len(x), self.features), np.float32))

    def into(self, x: np.ndarray, out: np.ndarray) -> np.ndarray:
        """The same, written into `out`."""
        if x.shape[1:] != self.shape and x.shape[1:] != (self.features,):
            got = f"got examples of shape {x.shape[1:]}"
            fits = math.prod(x.shape[1:]) == self.features
            hint = f"Try x.reshape(-1, {self.features})" if fits else f"Try x of shape {(len(x), *self.shape)}"
            raise ShapeError(complain(got, f"expected {self.shape}, as in training", hint))
        np.multiply(x.reshape(len(x), self.features), self.scale, out=out, casting="same_kind")
        return np.add(out, self.offset, out=out)

    def restored(self, values: np.ndarray) -> np.ndarray:
        """Outputs, or targets as a network learns them, in the target's own units."""
        return values if self.table is None else self.table.target.restored(values)

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, for the model file."""
        plain = {"shape": list(self.shape), "scale": self.scale.tolist(), "offset": self.offset.tolist()}
        return plain if self.table is None else {**plain, "table": self.table.as_dict()}

    @classmethod
    def from_dict(cls, values: Any, file: str) -> Preparation:
        """The one that a model file describes; `FormatError` names the file if it describes none."""
        try:
            shape = tuple(int(size) for size in values["shape"])
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused as that
                scale, offset = np.asarray(values["scale"], np.float32), np.asarray(values["offset"], np.float32)
            fits = all(size >= 0 for size in shape) and math.prod(shape) <= _MOST_NUMBERS
            fits = fits and all(a.shape in ((), (math.prod(shape),)) and np.isfinite(a).all() for a in (scale, offset))
        except (KeyError, TypeError, ValueError, OverflowError):
            fits = False
        if not fits:
            got = f"{file}: got a preparation {values!r:.80}"
            expected = "expected shape, scale and offset in numbers that fit together"
            raise FormatError(complain(got, expected, "Try a model that `glassnet train` wrote"))
        if "table" not in values:
            return cls(shape, scale, offset)
        from glassnet.train.tabular import TableCode

        table = TableCode.from_dict(values["table"], file)
        if shape != (table.width,):
            got = f"{file}: got columns that become {table.width} numbers for examples of shape {shape}"
            raise FormatError(complain(got, "expected one shape", "Try a model that `glassnet train` wrote"))
        return cls(shape, scale, offset, table)
