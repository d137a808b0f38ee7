"""The documentation site:  make docs, or  sphinx-build -W docs docs/_build/html

Lessons are run and written as pages before Sphinx reads its sources (with -t quick at their small sizes, as a test of
the site). Formulas become MathML, and nothing on a page is fetched from elsewhere.
"""

import importlib
import re
import sys
from pathlib import Path

from glassnet import nn
from glassnet.lessons.catalogue import lessons
from glassnet.lessons.losses import LOSSES, draw_loss
from glassnet.lessons.pages import as_markdown, fenced
from glassnet.lessons.running import run_script
from glassnet.version import __version__

project, author = "glassnet", "the glassnet authors"
release = version = __version__
sys.path.insert(0, str(Path(__file__).parent))
extensions = ["myst_parser", "formulas", "offline"]
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath"]
exclude_patterns = ["_build"]
html_title = f"glassnet {__version__}"
html_theme = "furo"
html_static_path, html_css_files = ["style"], ["glassnet.css"]
html_copy_source = html_show_copyright = html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0f766e", "color-brand-content": "#0f766e"},
    "dark_css_variables": {"color-brand-primary": "#5eead4", "color-brand-content": "#5eead4"},
    "footer_icons": [],
}

HERE = Path(__file__).parent
LOSSES_HEAD = (
    "One number of each loss is moved, all others stay: blue is what it costs, orange its slope there, by the tape. "
    'In a notebook: `from glassnet.lessons import draw_loss`, then `draw_loss("HuberLoss")`.'
)
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
        outputs = run_script(lesson.script, lesson.name, quick=tags.has("quick"))  # type: ignore[name-defined]  # noqa: F821
        write(f"{lesson.name}.md", as_markdown(lesson.script, outputs))
    write("losses.md", losses_page())
    index = ["# Public names", ""]
    for room in ROOMS:
        module = importlib.import_module(f"glassnet.{room}")
        names = sorted(getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")]))
        index += [f"## glassnet.{room}", "", ((module.__doc__ or "").strip().splitlines() or [""])[0], ""]
        index += ["| name | |", "|---|---|", *(_row(module, name) for name in names), ""]
    write("names.md", "\n".join(index))


def losses_page() -> str:
    """Each loss with its formula, its slope, and a picture of both."""
    lines = ["# Losses: formula, slope, picture", "", LOSSES_HEAD, ""]
    for name in sorted(LOSSES):
        along, said = LOSSES[name], getattr(nn, name).__doc__.strip().partition("\n\n")[0]
        lines += [f"## {name}", "", " ".join(said.split()), ""]
        lines += [f"Along x, the {along.number}, the slope is {along.slope}.", ""]
        lines += [fenced(draw_loss(name).svg(), "{raw} html"), ""]
    return "\n".join(lines)


def _row(module: object, name: str) -> str:
    thing = getattr(module, name)
    own = callable(thing) and str(getattr(thing, "__module__", "")).startswith("glassnet")
    says = ((thing.__doc__ or "").strip().splitlines() or [""])[0] if own else ""
    return f"| `{name}` | {says.replace('|', chr(92) + '|').replace('*', chr(92) + '*')} |"


def keep_links_on_the_site(app: object, page: str, source: list[str]) -> None:
    """A link to a lesson's source leads to its page; one to another file of the repository becomes that file's name."""
    names = {lesson.file: lesson.name for lesson in lessons()}

    def led(found: re.Match[str]) -> str:
        text, path = found[1], found[2]
        name = names.get(path.rsplit("/", 1)[-1])
        return f"[{text}](made/{name}.md)" if name else f"{text} (`{path}`)" if text not in path else f"`{path}`"

    source[0] = re.sub(r"\[([^\]]+)\]\(\.\./([^)\s]+)\)", led, source[0])


def setup(app: object) -> None:
    """Called by Sphinx."""
    app.connect("builder-inited", make_pages)  # type: ignore[attr-defined]
    app.connect("source-read", keep_links_on_the_site)  # type: ignore[attr-defined]
