"""What `glassnet play` opens: a data set, digits, a run, or what a link says.

The page reads what it is to open behind the `#` of its address, as it reads any link (`docs/play-settings.md`).
"""

from __future__ import annotations

import os
import re
import urllib.parse
from contextlib import suppress
from dataclasses import dataclass

from glassnet.cli.options import UsageError
from glassnet.cli.whereabouts import LAST
from glassnet.errors import complain
from glassnet.server.properties import DATASETS
from glassnet.train.kinds import nearest, shown
from glassnet.train.runs import is_run

DRAWN = tuple(name for name in DATASETS if name != "own")
_ROOMS = {"mnist": "digits", "digits": "digits", "runs": "runs", "graph": "graph"}
_MOST_LINK = 20_000
_KEPT = "=&,.:;()*+-_~!'%/^"  # as it stands in a link


@dataclass(frozen=True)
class Opening:
    """What the page begins with, as its address says it, and the folder in which the runs are."""

    link: str = ""
    models: str | None = None


def opening(word: str, models: str) -> Opening:
    """What a word on the command line asks for; `models` is the folder of the runs.

    Raises `UsageError`, with all that it could have been, for a word that is none of it.

    >>> opening("moons", "runs").link, opening("Three-Spirals", "runs").link, opening("mnist", "runs").link
    ('d=moons', 'd=three_spirals', 'R=digits')
    >>> opening("https://playground.tensorflow.org/#activation=relu&seed=0.5", "runs").link
    'activation=relu&seed=0.5'
    """
    plain = word.strip().lower().replace("-", "_")
    if plain in DRAWN:
        return Opening(f"d={plain}")
    if "#" in word:
        return Opening(_link(word))
    found = _run(word, models)
    if found is not None:
        return found
    if plain in _ROOMS:
        return Opening(f"R={_ROOMS[plain]}")
    raise UsageError(_unknown(word, models))


def _link(word: str) -> str:
    """What follows a link's `#`, with nothing in it that an address cannot hold."""
    text = word.partition("#")[2]
    if not text or len(text) > _MOST_LINK:
        got = f"got the link {shown(word[:60])}" + (f" of {len(text):,} signs" if text else ", which says nothing")
        raise UsageError(complain(got, "expected settings behind its #", "Try 'http://127.0.0.1:8421/#d=moons&h=8'"))
    return urllib.parse.quote(text, safe=_KEPT)


def _run(word: str, models: str) -> Opening | None:
    """A run folder, a file in one, the name of one, or the folder that holds them."""
    if word == LAST:
        runs = _runs_in(models)
        return _shown(max(runs, key=os.path.getmtime)) if runs else None
    for path in (word, os.path.join(models, word)):
        if os.path.isfile(path):
            path = os.path.dirname(path)
        if is_run(path):
            return _shown(path)
    return Opening("R=runs", word) if _runs_in(word) else None


def _runs_in(folder: str) -> list[str]:
    with suppress(OSError):
        return [path for name in os.listdir(folder) if is_run(path := os.path.join(folder, name))]
    return []


def _shown(path: str) -> Opening:
    folder, name = os.path.split(os.path.abspath(path))
    return Opening(f"R=runs&N={urllib.parse.quote(name, safe='')}", folder)


def _unknown(word: str, models: str) -> str:
    got = f"got {shown(word)}"
    if re.search(r"\.(csv|tsv|txt)$", word, re.IGNORECASE) and os.path.isfile(word):
        hint = "Try glassnet play, and drop the file on the page"
    else:
        near = nearest(word.lower().replace("-", "_"), (*DRAWN, *_ROOMS))
        hint = f"Try glassnet play {near or 'moons'}"
    names = ", ".join(DRAWN)
    return complain(got, f"expected digits, a run, a link with a #, or one of the data sets {names}", hint)
