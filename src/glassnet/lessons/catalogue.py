"""Which lessons there are, and what each is about: the heads of their sources."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass

from glassnet.errors import ValueRangeError, complain
from glassnet.lessons.percent import Script, parse

CARD = """
# %% [markdown]
# <details>
# <summary>The four formulas of training</summary>
#
# | | layer by layer | |
# |---|---|---|
# | forward | $z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}$ | weigh |
# | | $a^{(l)} = \\sigma(z^{(l)})$ | bend |
# | backward | $\\delta^{(l)} = (W^{(l+1)})^T \\delta^{(l+1)} \\odot \\sigma'(z^{(l)})$ | pass the slope back |
# | update | $W^{(l)} \\leftarrow W^{(l)} - \\eta\\, \\delta^{(l)} (a^{(l-1)})^T$ | go downhill |
#
# </details>
"""


@dataclass(frozen=True)
class Lesson:
    """A lesson by its number; its source is inside the package, and a card of formulas stands at its end."""

    number: int
    file: str  # 01_neuron.py
    text: str

    @functools.cached_property
    def script(self) -> Script:
        """Its cells."""
        return parse(self.text)

    @property
    def name(self) -> str:
        """The name of its files, without the ending."""
        return self.file.removesuffix(".py")

    @property
    def title(self) -> str:
        """What it is called."""
        return self.script.head["title"]

    @property
    def minutes(self) -> int:
        """How long a reader takes who does the exercises."""
        return int(self.script.head["minutes"])

    @property
    def level(self) -> str:
        """For whom it is."""
        return self.script.head["level"]

    @property
    def needs(self) -> str:
        """What has to be known before."""
        return self.script.head["needs"]

    @property
    def learn(self) -> str:
        """What can be done afterwards."""
        return self.script.head["learn"]


@functools.cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons, in order.

    >>> lessons()[0].title
    'A neuron, and gates made of it'
    """
    folder = importlib.resources.files("glassnet.lessons").joinpath("course")
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".py"))
    return tuple(Lesson(int(name[:2]), name, folder.joinpath(name).read_text("utf-8") + CARD) for name in files)


def find_lesson(word: str) -> Lesson:
    """The lesson with that number, or with that word in its name or title.

    Raises `ValueRangeError` if there is none, or more than one.

    >>> find_lesson("2").name, find_lesson("xor").number
    ('02_xor', 2)
    """
    wanted = word.strip().lower()
    if wanted.isdigit():
        found = [lesson for lesson in lessons() if lesson.number == int(wanted)]
    else:
        found = [lesson for lesson in lessons() if wanted in lesson.name] or [
            lesson for lesson in lessons() if wanted in lesson.title.lower()
        ]
    if len(found) == 1 and wanted:
        return found[0]
    got = f"lessons: got {word!r:.40}, which {'none' if not found else f'{len(found)} of them'} is called"
    raise ValueRangeError(complain(got, f"expected 1 to {lessons()[-1].number}, or a word", "Try glassnet lessons"))
