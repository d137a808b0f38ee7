"""Write the messages of the catalogue anew, after an entry was added or a text was mended; then read them.

python tests/mistakes/make_messages.py [part of a title]

Every message is written as it comes. Entries whose mistake goes through, or whose fix does not work, are named.
"""

import itertools
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mistake_catalogue import Mistake, chapters
from mistake_world import Session, UnansweredError, build, enter


def answered(mistake: Mistake, world: Path, number: int) -> str:
    """The message that the mistake gets today; what is wrong with the entry is printed."""
    message = mistake.message
    with enter(world, world.parent / f"place-{number}"):
        session = Session()
        try:
            message = session.told(mistake)
            for step in mistake.fix:
                session.does(step)
        except UnansweredError as problem:
            print(f"== {mistake.title}\n{problem}\n")
    return message


def main() -> None:
    part = " ".join(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        world = build(Path(folder))
        numbers = itertools.count()
        for chapter in chapters():
            chosen = [mistake for mistake in chapter.mistakes if part in mistake.title]
            messages = {m.title: answered(m, world, next(numbers)) for m in chosen}
            chapter.with_messages(messages).write()


if __name__ == "__main__":
    main()
