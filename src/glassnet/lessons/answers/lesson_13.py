"""Lesson 13: the same network in four grammars."""

from __future__ import annotations

from typing import Any

from glassnet import nn
from glassnet.errors import complain
from glassnet.lessons.answers.comparing import choice
from glassnet.lessons.exercises import exercise
from glassnet.lessons.forms import shown


@exercise(
    "13.1",
    "a kernel's shape in Keras, and what comes out",
    hints=("Keras keeps (in, out).", "What comes out is (batch, out) in both."),
    solution=((784, 10), (32, 10)),
    wrong=(((10, 784), (32, 10)), ((784, 10), (10, 32)), ((784, 32), (32, 10))),
)
def shapes(kernel: Any, out: Any) -> str | None:
    """(784, 10) and (32, 10)."""
    for name, got, right in (("the kernel", kernel, (784, 10)), ("what comes out", out, (32, 10))):
        if tuple(got) != right:
            return complain(f"{name}: got {tuple(got)}", "expected another shape", 'Try hint("13.1")')
    return None


@exercise(
    "13.2",
    "a Keras model in PyTorch's grammar",
    hints=(
        "CrossEntropyLoss has the softmax inside: leave it out.",
        "nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10).",
    ),
    solution=(nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)),),
    wrong=(
        (nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10), nn.Softmax(dim=1)),),
        (nn.Sequential(nn.Linear(784, 128), nn.Linear(128, 10)),),
        (nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10)),),
        (nn.Linear(784, 10),),
    ),
)
def translate(model: Any) -> str | None:
    """Linear, ReLU, Linear."""
    if not isinstance(model, nn.Sequential):
        return complain(f"got {shown(model)}", "expected a Sequential", "Try nn.Sequential(nn.Linear(784, 128), …)")
    kinds = [type(layer).__name__ for layer in model]
    if any("Softmax" in kind for kind in kinds):
        return complain("got a softmax at the end", "expected scores: the loss has its own", "Try leaving it out")
    if kinds != ["Linear", "ReLU", "Linear"]:
        return complain(f"got {', '.join(kinds) or 'nothing'}", "expected Linear, ReLU, Linear", 'Try hint("13.2")')
    count = sum(p.numel() for p in model.parameters())
    if count != 101_770:
        return complain(f"got {count:,} parameters", "expected 101,770", "Try 784, 128 and 10")
    return None


@exercise(
    "13.3",
    "which examples fit puts aside",
    hints=("No random number is drawn for it.", "So never give it data that are sorted by class."),
    solution=("c",),
    wrong=(("a",), ("b",), ("d",)),
)
def split(letter: Any) -> str | None:
    """The last fifth, as it comes."""
    return choice(letter, "c", "abcd", "it is done before anything is shuffled, and from the end")
