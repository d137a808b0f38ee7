"""The documentation site:  make docs, or  sphinx-build -W docs docs/_build/html

Lessons are run and written as pages before Sphinx reads its sources; nothing else is made here.
"""

import importlib
from pathlib import Path

from glassnet.lessons.catalogue import lessons
from glassnet.lessons.pages import as_markdown
from glassnet.lessons.running import run_script
from glassnet.version import __version__

project, author = "glassnet", "the glassnet authors"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
exclude_patterns = ["_build"]
html_title = f"glassnet {__version__}"
html_theme = "alabaster"
html_theme_options = {"description": "Neural networks under glass", "page_width": "1280px", "fixed_sidebar": True}
suppress_warnings = ["myst.header", "myst.xref_missing"]  # lessons begin at their own level; the README's links leave
autodoc_typehints = "none"
autosummary_generate = False

HERE = Path(__file__).parent
ROOMS = ("basics", "nn", "optim", "func", "data", "lessons", "keras")


def write(name: str, text: str) -> None:
    """Write a page that is made, if it has changed."""
    path = HERE / "made" / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def make_pages(*_: object) -> None:
    """The lessons, run; and the public names of each room."""
    for lesson in lessons():
        write(f"{lesson.name}.md", as_markdown(lesson.script, run_script(lesson.script, lesson.name)))
    index = ["# Public names", ""]
    for room in ROOMS:
        module = importlib.import_module(f"glassnet.{room}")
        names = sorted(getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")]))
        index += [f"## glassnet.{room}", "", ((module.__doc__ or "").strip().splitlines() or [""])[0], ""]
        index += ["| name | |", "|---|---|", *(_row(module, name) for name in names), ""]
    write("names.md", "\n".join(index))


def _row(module: object, name: str) -> str:
    thing = getattr(module, name)
    own = callable(thing) and str(getattr(thing, "__module__", "")).startswith("glassnet")
    says = ((thing.__doc__ or "").strip().splitlines() or [""])[0] if own else ""
    return f"| `{name}` | {says.replace('|', chr(92) + '|').replace('*', chr(92) + '*')} |"


def setup(app: object) -> None:
    """Called by Sphinx."""
    app.connect("builder-inited", make_pages)  # type: ignore[attr-defined]
