"""Training images that are never twice the same: moved, turned, bent, with noise, with holes.

A network that has seen a digit a little to the left and a little to the right need not be told that both are the same
digit. The changes are drawn for a whole batch at once and cost a few microseconds an image.

    augment = Compose([RandomAffine(degrees=10, translate=(0.1, 0.1)), ElasticTransform(), RandomErasing()], seed=0)
    for x, y in batches:
        images = augment(x)  # float32, in the units of x
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.augment_checks import as_images, is_pair, is_range, is_share, require
from glassnet.data.augment_motion import (
    ElasticTransform,
    RandomAffine,
    RandomHorizontalFlip,
    RandomRotation,
    RandomShift,
    affine_maps,
    chained,
    places,
)
from glassnet.data.augment_sample import Sampler

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = [
    "Compose",
    "ElasticTransform",
    "GaussianNoise",
    "RandomAffine",
    "RandomErasing",
    "RandomHorizontalFlip",
    "RandomRotation",
    "RandomShift",
    "affine",
]

_TRANSFORMS = "expected a list of transforms"
_BLOCK = 20_000  # pixels at a time: arrays so small that their memory is used again, and stay in the cache


@dataclass(frozen=True)
class GaussianNoise:
    """Add normal noise with a standard deviation of `sigma`, in the units of the images (bytes: 0 to 255).

    Raises `ValueRangeError` for a negative sigma.
    """

    sigma: float = 25.0

    def __post_init__(self) -> None:
        expected = "expected a number of at least 0"
        require("GaussianNoise", "sigma", self.sigma, lambda sigma: 0 <= sigma < math.inf, expected, "Try sigma=25")

    def change(self, rng: Generator, images: np.ndarray) -> None:
        """Change images `(n, H, W, C)` where they lie."""
        noise = rng.standard_normal(images.shape, np.float32)
        noise *= np.float32(self.sigma)
        images += noise


@dataclass(frozen=True)
class RandomErasing:
    """Fill a rectangle of an image with `value`, in a share `p` of the images.

    The rectangle takes a share of the image within `scale`; its height is `ratio` times its width, drawn evenly on a
    logarithmic scale; it lies within the image.

    Z. Zhong, L. Zheng, G. Kang, S. Li, Y. Yang, Random erasing data augmentation, 2020.

    Raises `ValueRangeError` for amounts that make no sense.
    """

    p: float = 0.5
    scale: tuple[float, float] = (0.02, 0.33)
    ratio: tuple[float, float] = (0.3, 3.3)
    value: float = 0.0

    def __post_init__(self) -> None:
        kinds: dict[str, tuple[Callable[[Any], bool], str]] = {
            "p": (is_share, "a share from 0 to 1"),
            "scale": (lambda two: is_range(two) and all(map(is_share, two)), "two shares, the smaller first"),
            "ratio": (lambda two: is_range(two) and two[0] > 0, "two numbers above 0, the smaller first"),
            "value": (math.isfinite, "a finite number"),
        }
        for name, (holds, expected) in kinds.items():
            usual = type(self).__dataclass_fields__[name].default
            require("RandomErasing", name, getattr(self, name), holds, f"expected {expected}", f"Try {name}={usual!r}")

    def change(self, rng: Generator, images: np.ndarray) -> None:
        """Change images `(n, H, W, C)` where they lie."""
        height, width = images.shape[1:3]
        chosen, area, form, *corner = rng.random((5, len(images), 1), np.float32)
        area = height * width * (self.scale[0] + (self.scale[1] - self.scale[0]) * area)
        form = self.ratio[0] * (self.ratio[1] / self.ratio[0]) ** form
        rows = _stretch(height, np.sqrt(area * form), corner[0])  # (n, H)
        columns = _stretch(width, np.sqrt(area / form), corner[1])  # (n, W)
        erased = (rows & (chosen < self.p))[:, :, None] & columns[:, None]
        np.copyto(images, np.float32(self.value), where=erased[..., None])


def _stretch(length: int, long: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The places along an axis that lie within a stretch of that many pixels, `(n, length)`."""
    long = np.minimum(np.rint(long), length)
    start = np.floor(share * (length - long + 1))
    along = np.arange(length)
    return (along >= start) & (along < start + long)


Transform = RandomAffine | RandomShift | RandomHorizontalFlip | ElasticTransform | GaussianNoise | RandomErasing


class Compose:
    """Change images by one transform after the other, with random numbers of its own.

    Motions that follow each other are joined, so that an image is interpolated once. What call number i makes of its
    images depends on `seed` and i alone: the whole state is one number, batches may be prepared ahead, and the stream
    that the rest of a program draws from is left alone. `fill` is the colour of what is moved into sight.

    Images are `(n, H, W)` or `(n, H, W, C)`, bytes or floats; results are float32 of the same shape and units.

    Raises `ValueRangeError` for what are no transforms, `ShapeError` and `DTypeError` for what are no images.

    >>> augment = Compose([RandomAffine(degrees=10), ElasticTransform(), GaussianNoise(5)], seed=1)
    >>> images = np.zeros((4, 28, 28), np.uint8)
    >>> first = augment(images)
    >>> first.shape, first.dtype, augment.calls
    ((4, 28, 28), dtype('float32'), 1)
    >>> again = Compose(augment.transforms, seed=1)
    >>> bool((again(images) == first).all()), bool((again(images) == first).all())
    (True, False)
    """

    def __init__(self, transforms: Sequence[Transform], seed: int = 0, fill: float = 0.0) -> None:
        require("Compose", "transforms", transforms, _are_transforms, _TRANSFORMS, "Try [RandomShift(2)]")
        require("Compose", "seed", seed, lambda n: operator.index(n) >= 0, "expected 0 or more", "Try seed=0")
        require("Compose", "fill", fill, math.isfinite, "expected a finite number", "Try fill=0.0")
        self.transforms, self.seed, self.fill = tuple(transforms), seed, fill
        self.calls = 0
        self._stages = _stages(self.transforms)
        self._samplers: dict[Any, Sampler] = {}

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}], seed={self.seed})"

    def __call__(self, images: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """The next batch, changed; written into `out` where it is given."""
        changed = self.numbered(self.calls, images, out)
        self.calls += 1
        return changed

    def numbered(self, call: int, images: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """What call number `call` makes of these images; it does not count as a call.

        Raises `ShapeError` or `DTypeError` for arrays that are no images.
        """
        images = as_images("Compose", images)
        out = np.empty(images.shape, np.float32) if out is None else out
        if images.size:
            self._change(call, *(array.reshape(*images.shape[:3], -1) for array in (images, out)))
        return out

    def _change(self, call: int, images: np.ndarray, out: np.ndarray) -> None:
        from numpy.random import default_rng  # 10 ms that only those pay who augment

        rng = default_rng((self.seed, call))
        most = _images_of_a_block(images.shape[1:3])
        for start in range(0, len(images), most):
            block = images[start : start + most]
            for stage in self._stages:
                block = stage(self, rng, block, most)
            out[start : start + most] = block

    def sampler(self, images: np.ndarray, most: int) -> Sampler:
        """The one for images of this shape and type."""
        dtype = np.uint8 if images.dtype == np.uint8 else np.float32
        key = (images.shape[1:], most, dtype)
        if key not in self._samplers:
            self._samplers[key] = Sampler(images.shape[1:], most, self.fill, dtype)
        return self._samplers[key]

    def state_dict(self) -> dict[str, int]:
        """What a checkpoint has to keep.

        >>> Compose([GaussianNoise()], seed=3).state_dict()
        {'seed': 3, 'calls': 0}
        """
        return {"seed": self.seed, "calls": self.calls}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from a `state_dict`."""
        self.seed, self.calls = int(state["seed"]), int(state["calls"])


def _are_transforms(transforms: Any) -> bool:
    return isinstance(transforms, Sequence) and all(isinstance(transform, Transform) for transform in transforms)


Stage = Callable[[Compose, Any, np.ndarray, int], np.ndarray]


def _stages(transforms: Sequence[Transform]) -> list[Stage]:
    """Runs of motions, each of which ends with the first bend, and the transforms that stand between them."""
    stages: list[Stage] = []
    run: list[RandomAffine | ElasticTransform] = []
    for transform in transforms:
        if not isinstance(transform, RandomAffine | ElasticTransform):
            stages += [*_moving(run), _changing(transform)]
            run = []
            continue
        run.append(transform)
        if isinstance(transform, ElasticTransform):
            stages += _moving(run)
            run = []
    return [*stages, *_moving(run)]


def _moving(run: Sequence[RandomAffine | ElasticTransform]) -> list[Stage]:
    run = tuple(run)

    def move(compose: Compose, rng: Generator, images: np.ndarray, most: int) -> np.ndarray:
        n, size = len(images), (images.shape[1], images.shape[2])
        maps = bends = None
        for motion in run:
            drawn = motion.draw(rng, n, size)
            if isinstance(motion, ElasticTransform):
                bends = drawn
            else:
                maps = drawn if maps is None else chained(maps, drawn)
        return compose.sampler(images, most)(images, places(maps, bends, n, size)).reshape(images.shape)

    return [move] if run else []


def _changing(transform: RandomShift | RandomHorizontalFlip | GaussianNoise | RandomErasing) -> Stage:
    if isinstance(transform, RandomShift | RandomHorizontalFlip):
        return lambda compose, rng, images, most: transform.moved(rng, images, compose.fill)

    def change(compose: Compose, rng: Generator, images: np.ndarray, most: int) -> np.ndarray:
        images = images.astype(np.float32)
        transform.change(rng, images)
        return images

    return change


def affine(
    images: np.ndarray,
    angle: float = 0.0,
    translate: tuple[float, float] = (0.0, 0.0),
    scale: float = 1.0,
    shear: float = 0.0,
    fill: float = 0.0,
) -> np.ndarray:
    """All images moved alike: slanted, scaled, turned counter-clockwise (degrees), then moved by (y, x) pixels.

    Raises `ValueRangeError` for amounts that make no sense, `ShapeError` and `DTypeError` for what are no images.

    >>> affine(np.array([[[0, 9], [0, 0]]], np.uint8), translate=(1, -1))
    array([[[0., 0.],
            [9., 0.]]], dtype=float32)
    """
    images = as_images("affine", images)
    _check_move(angle, translate, scale, shear, fill)
    n, size = len(images), (images.shape[1], images.shape[2])
    one = [np.array([value]) for value in (angle, scale, shear)]
    maps = affine_maps(one[0], np.array(translate)[:, None], one[1], one[2])
    framed = images.reshape(*images.shape[:3], -1)
    dtype = np.uint8 if images.dtype == np.uint8 else np.float32
    most = _images_of_a_block(size)
    sampler, moved = Sampler(framed.shape[1:], most, fill, dtype), np.empty(framed.shape, np.float32)
    for start in range(0, n, most):
        block = framed[start : start + most]
        at = places(np.repeat(maps, len(block), axis=0), None, len(block), size)
        moved[start : start + most] = sampler(block, at).reshape(block.shape)
    return moved.reshape(images.shape)


def _images_of_a_block(size: tuple[int, int]) -> int:
    return max(1, _BLOCK // max(1, size[0] * size[1]))


def _check_move(angle: Any, translate: Any, scale: Any, shear: Any, fill: Any) -> None:
    """Raise `ValueRangeError` for a move that cannot be made."""
    finite = "expected a finite number"
    require("affine", "angle", angle, math.isfinite, finite, "Try angle=10")
    require("affine", "translate", translate, is_pair, "expected pixels down and to the right", "Try translate=(0, 2)")
    require("affine", "scale", scale, lambda s: 0 < s < math.inf, "expected a factor above 0", "Try scale=1.1")
    require("affine", "shear", shear, lambda s: -90 < s < 90, "expected degrees between -90 and 90", "Try shear=10")
    require("affine", "fill", fill, math.isfinite, finite, "Try fill=0.0")
