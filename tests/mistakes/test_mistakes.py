"""Every mistake of the catalogue is answered to the letter in three beats, and what is advised works when it is done.

`python tests/mistakes/make_messages.py` writes the messages anew.
"""

import inspect
import re
import shlex

import pytest
from mistake_catalogue import all_mistakes, chapters
from mistake_world import Session

from glassnet import errors
from glassnet.cli.main import COMMANDS

MISTAKES = all_mistakes()
THREE_BEATS = re.compile(r"\b(?:[Gg]ot|x has)\b.*(?:[;,]| but) (?:.*\b)?expect(?:ed|s)\b.*\. Try \S.*[.…]")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_a_mistake_is_answered_to_the_letter_and_the_fix_works(mistake, place):
    session = Session()
    told = session.told(mistake)
    assert told == mistake.message
    for step in mistake.fix:
        session.does(step)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_a_message_has_three_beats_and_no_words_of_programmers(mistake):
    assert THREE_BEATS.search(mistake.message), mistake.message
    for word in ("Traceback", "NoneType", "<class", "object at 0x", "mistake in glassnet"):
        assert word not in mistake.message


def code_in(advice):
    """What an advice says in code: options, commands, calls, methods and arguments."""
    advice = re.sub(r"\b(?:leaving|without) \S+", "", advice)
    return re.findall(r"--[a-z][\w-]+|glassnet [a-z-]+|torch\.\w+|\.?[A-Za-z_]\w*\(|\b[a-z_]\w*=", advice)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_the_fix_is_the_one_that_is_advised(mistake):
    assert mistake.typed_to_mend
    assert mistake.typed_to_mend != mistake.steps[-1].text
    code = code_in(mistake.advice)
    typed = mistake.typed_to_mend
    assert not code or any(piece in typed for piece in code), code


def test_titles_are_unique_and_there_are_enough():
    titles = [mistake.title for mistake in MISTAKES]
    assert len(set(titles)) == len(titles)
    assert len({mistake.typed for mistake in MISTAKES}) == len(MISTAKES) >= 150


def test_the_files_are_written_as_the_script_writes_them(tmp_path):
    for chapter in chapters():
        before = chapter.path.read_text("utf-8")
        again = type(chapter)(tmp_path / chapter.path.name, chapter.heading, chapter.mistakes)
        again.write()
        assert again.path.read_text("utf-8") == before


def kinds_of_errors():
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    return [kind.__name__ for kind in kinds if kind is not errors.GlassnetError]  # what all of them are


@pytest.mark.parametrize("kind", kinds_of_errors())
def test_every_kind_of_error_is_met(kind):
    assert any(mistake.message.startswith(f"{kind}: ") for mistake in MISTAKES)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_met(command):
    lines = [mistake.steps[-1].text for mistake in MISTAKES if mistake.steps[-1].sign == "$"]
    assert any(command in shlex.split(line)[1:2] for line in lines)
