"""The door to the reports of runs: made when they are asked for, kept until the run changes, shown in a closed box."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glassnet.errors import GlassnetError
from glassnet.server import page_files

_MOST_KEPT = 4
_HASH = re.compile(rb"script-src '(sha256-[A-Za-z0-9+/=]+)'")  # of the report's own program, as its own policy names it
# Nothing but that program may run, it may ask nobody for anything, and it is no page of this server: a box of its own.
_POLICY = (
    "sandbox allow-scripts allow-downloads allow-modals; default-src 'none'; script-src '{}'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Reporter:
    """Answers `GET /report?run=NAME`, for the owner of the server alone: a report tells examples of the data."""

    def __init__(self, folder: str, make: Callable[[str], bytes] | None) -> None:
        self.folder, self.make = folder, make
        self._kept: dict[str, tuple[Any, bytes]] = {}
        self._one = asyncio.Lock()  # a linear model is trained for each, to compare with

    async def answer(self, request: Request) -> Response:
        """The report, or a page that says why there is none."""
        if request.scope.get("role") != "owner":
            return _words(403, "This door stays closed", "In a class, reports of runs are for whoever runs the server.")
        if self.make is None:
            return _words(404, "There are no reports here", "Try glassnet report RUN in the terminal.")
        try:
            async with self._one:
                body = await asyncio.to_thread(self._body, request.query_params.get("run", ""))
        except GlassnetError as problem:
            return _words(404, "There is no report of this run", str(problem))
        found = _HASH.search(body)
        policy = _POLICY.format(found.group(1).decode() if found else "none")
        headers = {"content-security-policy": policy, "cache-control": "no-store"}
        return Response(body, media_type="text/html", headers=headers)

    def _body(self, name: str) -> bytes:
        from glassnet.server.runs import Runs, signature  # with much that is not needed before somebody asks

        path = Runs(self.folder).path_of(name)
        mark = signature(path)
        if path not in self._kept or self._kept[path][0] != mark:
            assert self.make is not None
            self._kept[path] = mark, self.make(path)
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return self._kept[path][1]


def _words(status: int, title: str, *paragraphs: str) -> Response:
    return Response(page_files.words(title, *paragraphs), status, media_type="text/html")
