"""Write docs/coverage.md from docs/coverage.toml:  python tools/coverage_page.py"""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from glassnet.lessons.catalogue import find_lesson

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# What the lectures ask for, and where it is

Five lectures on neural networks were read line by line; what they show, claim or set as a task is 347 demands. This
page says for each where it is made true: a lesson, a worked example (`glassnet explain --example W03`), a command, a
part of the library, or a test. The tests follow every entry (`tests/lessons/test_coverage.py`). It is written by
`tools/coverage_page.py` from `docs/coverage.toml`.
"""
TOPICS = (
    ("limits of logistic regression", 1, 2), ("XOR", 2), ("transforming the space", 2, 11), ("several layers", 2, 4),
    ("nerve cell and neuron", 1), ("activations", 3), ("universal approximation", 12), ("depth", 12),
    ("the perceptron", 1), ("the MLP", 4), ("weights and biases", 4), ("forward", 4), ("sigmoid and tanh", 3),
    ("ReLU and relatives", 3), ("output layers", 5), ("capacity", 12), ("losses", 5), ("the chain rule", 6),
    ("backpropagation", 6), ("the graph", 7), ("a gradient by numbers", 6), ("automatic differentiation", 7),
    ("mini-batches", 8), ("tips and debugging", 9), ("PyTorch and TensorFlow", 13),
)  # fmt: skip

FIRST_TOPICS = (
    ("features learned instead of made by hand", 11), ("the perceptron", 1), ("logic gates", 1), ("the XOR problem", 2),
    ("multilayer perceptrons", 4), ("activations", 3), ("forward", 4), ("softmax", 5),
    ("then training: losses, gradients, descent, practice", 5, 6, 7, 8, 9, 10),
)  # fmt: skip
OUTCOMES = (  # what a student can do afterwards, the lesson, the exercises that check it
    ("what a network is", 4, "4.2, 4.3"),
    ("forward propagation from scratch", 4, "4.1, 4.4"),
    ("backpropagation, derived and by hand", 6, "6.1, 6.2, 6.3, 6.4"),
    ("digits without a framework", 10, "10.1, 10.2, 10.3"),
    ("seeing what is learned", 11, "11.1, 11.2, 11.3"),
    ("why networks work, and when not", 12, "12.1, 12.2, 12.3"),
)


def page(text: str) -> str:
    """The Markdown page of the table."""
    sections = tomllib.loads(text)
    rows = [row for section in sections.values() for row in section.values()]
    partly, missing = (sum(_note(row).startswith(word) for row in rows) for word in ("partly", "not yet"))
    lines = [
        HEAD,
        *_topics(),
        f"{len(rows)} demands: {len(rows) - partly - missing} met, {partly} in part, {missing} not yet.",
        "",
    ]
    for title, section in sections.items():
        lines += [f"## {title}", "", "| | topic | where | |", "|---|---|---|---|"]
        for name, row in section.items():
            where = " · ".join(shown(target) for target in targets(row))
            lines.append(f"| {name} | {row[0].replace('|', chr(92) + '|')} | {where} | {_note(row)} |")
        lines.append("")
    return "\n".join(lines)


def _topics() -> list[str]:
    """The topics of the slides with their lessons, and what a student can do afterwards."""
    return [
        f"The 25 numbered topics of the longest slides, with their lessons: {_listed(TOPICS)}.",
        "",
        f"The topics of the shorter slides, in their order: {_listed(FIRST_TOPICS)}.",
        "",
        "| afterwards you can say, or do | lesson | checked by the exercises |",
        "|---|---|---|",
        *(f"| {outcome} | {lesson} | {exercises} |" for outcome, lesson, exercises in OUTCOMES),
        "",
    ]


def _listed(topics: Iterable[tuple[str, *tuple[int, ...]]]) -> str:
    return " · ".join(f"{n} {topic} ({', '.join(map(str, where))})" for n, (topic, *where) in enumerate(topics, 1))


def targets(row: list[str]) -> list[str]:
    """The targets of a row."""
    return [target.strip(" ") for target in row[1].split(";")]


def shown(target: str) -> str:
    """A target as Markdown, with a link where it is a file."""
    kind, _, rest = target.partition(":")
    place = rest.partition("#")[0]
    if kind == "lesson":
        lesson = find_lesson(place)
        return f"[lesson {lesson.number}](../src/glassnet/lessons/course/{lesson.file})"
    if kind == "workshop":
        return f"[workshop](../src/glassnet/lessons/workshop/{place})"
    if kind in ("file", "test"):
        path, _, name = place.partition("::")
        return f"[{name or Path(path).name}](../{path})"
    return f"`{rest}`"


def _note(row: list[str]) -> str:
    return row[2] if len(row) > 2 else ""


if __name__ == "__main__":
    (ROOT / "docs" / "coverage.md").write_text(page((ROOT / "docs" / "coverage.toml").read_text("utf-8")), "utf-8")
