"""Figures that are counts, or made of counts: parameters, examples, updates, speed, bytes, the best epoch."""

from __future__ import annotations

import math
import os

from glassnet import nn
from glassnet.errors import DataError, complain
from glassnet.read.digits import Digits
from glassnet.read.document import Document, Step
from glassnet.read.formula import Call, Formula, Symbol, Value, minus, over, plus, times
from glassnet.train.callbacks import Watch
from glassnet.train.stories.lines import told, value
from glassnet.train.stories.subject import Subject


def tell_parameters(model: nn.Module, digits: Digits = 3) -> Document:
    """How many numbers a network learns, layer by layer.

    >>> print(tell_parameters(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))).text(60))
    The parameters of a network
    13 parameters.
    <BLANKLINE>
    Figure
    N₁ = 3·2 + 3
      0, Linear: weight (3×2), bias (3)
      N₁ = 3·2 + 3 = 9
    N₂ = 1·3 + 1
      1, Linear: weight (1×3), bias (1)
      N₂ = 1·3 + 1 = 4
    N = N₁ + N₂
      all layers together
      N = 9 + 4 = 13
    """
    steps: list[Step] = []
    for name, module in model.named_modules():
        own = list(module.named_parameters(recurse=False))
        if not own:
            continue
        sizes = ", ".join(f"{key} ({'×'.join(map(str, p.shape)) or 'one number'})" for key, p in own)
        words = f"{name}, {type(module).__name__}: {sizes}" if name else sizes
        count = sum(p.array.size for _, p in own)
        formula = plus(*(times(*(_size(n) for n in p.shape)) for _, p in own))
        steps.append(told(words, Symbol("N", "", (len(steps) + 1,)), formula, count))
    total = sum(int(step.result) for step in steps)
    if len(steps) > 1:
        parts = [Value(step.symbol, float(step.result)) for step in steps]
        steps.append(told("all layers together", "N", plus(*parts), total))
    return Document("The parameters of a network", steps, [f"{total:,} parameters."], digits=digits)


def _size(n: int) -> Formula:
    return value(str(n), n)  # named by itself: a product of plain numbers would be worked out at once


def parameters(subject: Subject) -> Document:
    """How many numbers the network learns."""
    return tell_parameters(subject.trained.model)


def examples(subject: Subject) -> Document:
    """How the examples of the data are dealt out."""
    training = subject.training
    data = subject.data
    held, test = (0 if training.validation is None else len(training.validation[0])), len(data.x_test)
    total = training.examples + held + test
    words = "all examples less those to choose the best epoch by (v) and those to test on (t)"
    formula = minus(minus(value("n", total), value("v", held)), value("t", test))
    step = told(words, "l", formula, training.examples)
    of_test, n = over(value("t", test), value("n", total)), total
    share = told("the share that is tested on", "s", of_test, test / n)
    document = Document("The examples of a training", [step, share], [f"{training.examples:,} examples to learn from."])
    if held:
        rest = value("l", training.examples), value("v", held)
        words = "the share of the others to choose the best epoch by"
        document.steps.append(told(words, "w", over(rest[1], plus(*rest)), held / (held + training.examples)))
    return document


def updates(subject: Subject) -> Document:
    """How many updates of the weights an epoch has."""
    run = subject.run
    s, n, batches = run.setting, run.examples, run.batches
    size = s.batch_size or n
    words = "examples over the size of a batch, rounded up: batches an epoch"
    steps = [told(words, "B", Call("ceil", (over(value("n", n), value("b", size)),)), batches)]
    count = math.ceil(batches / s.accumulate)
    if s.accumulate > 1:
        gathered = over(value("B", batches), value("a", s.accumulate))
        steps.append(told("batches over those gathered for one update, rounded up", "U",
                          Call("ceil", (gathered,)), count))  # fmt: skip
    return Document("The updates of an epoch", steps, [f"{count:,} updates an epoch."])


def seen(subject: Subject) -> Document:
    """How many examples were seen, each as often as there were epochs."""
    run = subject.run
    epochs = run.metric("epochs")
    if not epochs:
        raise DataError(complain("got a run without its epochs", "expected one that has ended", "Try train --resume"))
    count = round(epochs * run.examples)
    formula = times(value("epochs", epochs), value("n", run.examples))
    step = told("how often all examples were seen, times their number", "seen", formula, epochs * run.examples)
    return Document("The examples that were seen", [step], [f"{count:,} examples."])


def speed(subject: Subject) -> Document:
    """Examples per second."""
    run = subject.run
    epochs, seconds, n = run.metric("epochs"), run.seconds, run.examples
    if not epochs or not seconds:
        raise DataError(complain("got a run without its time", "expected one that has ended", "Try train --resume"))
    formula = over(times(value("epochs", epochs), value("n", n)), value("s", seconds))
    words = "how often all examples were seen, times their number, over seconds of training"
    step = told(words, "speed", formula, epochs * n / seconds)
    return Document("The speed of the training", [step], [f"{epochs * n / seconds:,.0f} examples per second."])


def seconds(subject: Subject) -> Document:
    """The time that the training took, epoch by epoch."""
    run = subject.run
    ends = [float(entry["seconds"]) for entry in run.entries("seconds").values()]
    spent, others = run.seconds or ends[-1], [b - a for a, b in zip([0.0, *ends], ends, strict=False)]
    shown = others[-8:]
    terms = [value("s", s, len(others) - len(shown) + i) for i, s in enumerate(shown, 1)]
    before = [value("before", ends[-len(shown) - 1])] if len(others) > len(shown) else []
    after = [value("after", spent - ends[-1])] if spent > ends[-1] else []
    words = "measured by the clock of the machine, epoch by epoch, without judging and writing files"
    step = told(words, "s", plus(*before, *terms, *after), spent)
    return Document("The time of the training", [step], [f"{spent:.2f} s."])


def best_epoch(subject: Subject) -> Document:
    """Which epoch's weights were kept."""
    run = subject.run
    best, name = run.folder.result.get("best_epoch"), f"validation_{run.setting.monitor}"
    judged = {int(e["epoch"]): float(e[name]) for e in run.folder.history if isinstance(e.get(name), float)}
    if best not in judged:
        got = "got a run that kept the weights of its last epoch"
        raise DataError(complain(got, "expected validation examples to choose by", "Try train … --validation 0.1"))
    up = Watch(name).sign > 0
    values = tuple(value("v", v, epoch) for epoch, v in judged.items())
    words = f"the {'largest' if up else 'smallest'} {name.replace('_', ' ')} of all epochs, that of epoch {best}"
    step = told(words, "v", Call("max" if up else "min", values), judged[best])
    document = Document("The best epoch", [step], [f"Epoch {best}."])
    if least := run.setting.min_delta:
        document.notes.append(f"Only what was better by more than {least:g} than the best before it counted.")
    return document


def memory(subject: Subject) -> Document:
    """The bytes of the parameters, and what a training needs besides."""
    n = sum(p.array.size for p in subject.trained.model.parameters())
    size = next(p.array.itemsize for p in subject.trained.model.parameters())
    path = subject.path if os.path.isfile(subject.path) else os.path.join(subject.path, "model.safetensors")
    weights = told("the parameters, times the bytes of a number", "w", times(value("N", n), value("b", size)), n * size)
    document = Document("The memory of a network", [weights], [f"{n * size:,} bytes of parameters."])
    if os.path.isfile(path):
        file = os.path.getsize(path)
        words = "the file of the model: the parameters, and a head that says what they are and how to use them"
        head = file - n * size
        document.steps.append(told(words, "f", plus(value("w", n * size), value("head", head)), file))
    peak = subject.peak_megabytes
    if peak is not None:
        document.notes.append(f"Measured by the system while it trained: {peak:,} MB at most.")
    return document
