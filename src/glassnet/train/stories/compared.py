"""Figures of what a network is compared with: guessing, a linear model, and what their mistakes say of its own."""

from __future__ import annotations

import numpy as np

from glassnet.read.document import Document, Step
from glassnet.read.formula import Number, Rest, minus, over, plus
from glassnet.train.baselines import baselines, headline
from glassnet.train.evaluation import Classification, Regression
from glassnet.train.multilabel import Multilabel
from glassnet.train.stories.lines import percent, told, value
from glassnet.train.stories.scores import tell_score
from glassnet.train.stories.subject import Subject

_FIRST = {Classification: "accuracy", Multilabel: "accuracy", Regression: "r2"}


def _seed(subject: Subject) -> int:
    return (subject.folder.seed if subject.folder is not None else None) or 0


def guess(subject: Subject) -> Document:
    """What guessing reaches: always the commonest class, or the mean of the targets."""
    found = baselines(subject.data, _seed(subject))[0]
    of = subject.test[1]
    if isinstance(found.test, Classification):
        return _commonest(subject, found.test, of)
    document = tell_score(_FIRST[type(found.test)], found.test, subject.names, of=of, most=subject.most)
    document.title = f"{found.name[0].upper()}{found.name[1:]}: {document.title}"
    if isinstance(found.test, Regression):
        y = np.asarray(subject.data.y_train, np.float64)
        words = "the mean of the targets that were learnt, which is said to every example; in the units learnt"
        for j, mean in enumerate(y.mean(axis=0).tolist()):
            total = over(Rest(len(y), float(y[:, j].sum())), value("n", len(y)))
            document.steps.insert(j, told(words, value("m", mean, j).symbol, total, mean))
    return document


def _commonest(subject: Subject, test: Classification, of: str) -> Document:
    """The class that training has most of, and the share of the tested examples that are of it."""
    counts = np.bincount(subject.data.y_train, minlength=len(subject.names))
    most, n = int(counts.argmax()), int(counts.sum())
    name = subject.names[most]
    right = int(test.confusion[most, most])
    steps = [
        told(f"the share of {name} among the examples learnt from, the largest of all classes", "s",
             over(value("n", counts[most], most), value("n", n)), counts[most] / n),
        told(f"the share of {name} among the {of} examples: so many are right if one always says {name}", "accuracy",
             over(value("t", right, most), value("t", test.n)), test.accuracy),
    ]  # fmt: skip
    title = f"Always the most frequent class, on {test.n:,} {of} examples"
    return Document(title, steps, [f"Accuracy: {percent(test.accuracy)}."])


def linear(subject: Subject) -> Document:
    """What a linear model reaches."""
    found = baselines(subject.data, _seed(subject))[1]
    first = _FIRST[type(found.test)]
    document = tell_score(first, found.test, subject.names, of=subject.test[1], most=subject.most)
    document.title = f"{found.name[0].upper()}{found.name[1:]}: {document.title}"
    how = "by the normal equations, exactly" if subject.data.task == "regression" else "to its end, by AdamW"
    document.notes.append(f"A network without a hidden layer, fitted to the same examples {how}.")
    return document


def against(subject: Subject) -> Document:
    """What the report's sentence says: this network's mistakes as a share of those of the best that needs none."""
    test, of = subject.test
    rows = [(found.name, headline(found.test)) for found in baselines(subject.data, _seed(subject))]
    name = _FIRST[type(test)]
    best, figures = max(rows, key=lambda row: row[1][name])
    mine, other = headline(test)[name], figures[name]
    document = Document(f"Compared with {best}, on {test.n:,} {of} examples")
    steps: list[Step] = document.steps
    if name == "r2":
        formula = minus(value("R²", mine), value("b", other))
        steps.append(told(f"its R² less that of {best} (b)", "d", formula, mine - other))
        return document
    ours, theirs = minus(Number(1.0), value("a", mine)), minus(Number(1.0), value("a₀", other))
    steps.append(told("what this network gets wrong; a is its accuracy", "w", ours, 1 - mine))
    steps.append(told(f"what {best} gets wrong", "w₀", theirs, 1 - other))
    if other < 1:
        share = (1 - mine) / (1 - other)
        formula = over(plus(value("w", 1 - mine)), value("w₀", 1 - other))
        steps.append(told("one over the other", "share", formula, share))
        document.summary.append(f"{100 * share:.0f} % of the mistakes of {best}.")
    return document
