"""Lesson 11: what hidden layers learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import choice, numbers
from glassnet.lessons.exercises import exercise


def _ink(images: Any) -> Any:
    return images.astype(float).mean(axis=(1, 2))


def _middle(images: Any) -> Any:
    return images[:, 11:17, 12:16].astype(float).mean(axis=(1, 2))


@exercise(
    "11.1",
    "a feature that tells 1s from 0s",
    hints=("A 0 has no ink in its middle.", "images[:, 11:17, 12:16].mean(axis=(1, 2))"),
    solution=(_middle,),
    wrong=(
        (lambda images: images[:, 0, 0].astype(float),),
        (lambda images: images.mean(),),
        (lambda images: np.arange(len(images)),),
    ),
)
def feature(function: Any) -> str | None:
    """The best threshold on 200 images, in either direction."""
    from glassnet.data.datasets import load_dataset

    mnist = load_dataset("mnist")
    rows = np.flatnonzero(np.isin(mnist.y_train[:5000], (0, 1)))[:200]
    values, ones = np.asarray(function(mnist.x_train[rows]), float), mnist.y_train[rows] == 1
    if values.shape != (200,):
        return complain(f"for 200 images you give shape {values.shape}", "expected (200,)", "Try mean(axis=(1, 2))")
    right = max(max(np.mean((values > cut) == ones), np.mean((values < cut) == ones)) for cut in values)
    if right >= 0.95:
        return None
    return complain(f"the best threshold on your numbers has {right:.1%} right", "expected 95 %", 'Try hint("11.1")')


def _share(x: Any) -> float:
    spread = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2
    return float(spread[:2].sum() / spread.sum())


@exercise(
    "11.2",
    "the share of variance in the first two components",
    hints=("Take the mean away first.", "The squares of the singular values are the variances, in order."),
    solution=(_share,),
    wrong=(
        (lambda x: _share(x + 0) ** 0.5,),
        (
            lambda x: float(
                np.linalg.svd(x - x.mean(axis=0), compute_uv=False)[:2].sum() / np.linalg.svd(x, compute_uv=False).sum()
            ),
        ),
        (
            lambda x: float(
                (np.linalg.svd(x, compute_uv=False) ** 2)[:2].sum() / (np.linalg.svd(x, compute_uv=False) ** 2).sum()
            ),
        ),
    ),
)
def variance(function: Any) -> str | None:
    """Random numbers around a place that is not the origin."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(50, 6)) * [5, 3, 1, 1, 1, 0.5] + 4
    return numbers("the share", float(function(x.copy())), _share(x), 'Try hint("11.2")', 6)


@exercise(
    "11.3",
    "what this lesson showed",
    hints=("Which of them did a number above measure?",),
    solution=("b",),
    wrong=(("a",), ("c",), ("d",)),
)
def shown(letter: Any) -> str | None:
    """The probes."""
    return choice(letter, "b", "abcd", "a number above measured one of them, and only one")
