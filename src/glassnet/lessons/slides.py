"""A talk written in Markdown, as one HTML page that needs nothing else: `---` ends a slide, arrow keys turn the page.

A line `picture: NAME` on a slide stands for a drawing that is made from numbers when the page is built.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glassnet.basics import Neuron
from glassnet.errors import ValueRangeError, complain
from glassnet.lessons.charts import curves, plane
from glassnet.lessons.drawing import draw_network, draw_neuron
from glassnet.lessons.markdown import to_html
from glassnet.lessons.pictures import Picture

_MARK = "picture:"


def as_page(text: str) -> str:
    """The HTML page of a talk.

    Raises `ValueRangeError` for a picture that is not known.

    >>> page = as_page("# Moons\\n\\n---\\n\\nTwo classes.")
    >>> page.count("<section")
    2
    """
    slides = [slide.strip() for slide in text.replace("\r\n", "\n").split("\n---\n")]
    title = next((line.lstrip("# ") for line in slides[0].splitlines() if line.startswith("#")), "Slides")
    sections = "\n".join(f'<section id="s{i}">{_slide(slide)}</section>' for i, slide in enumerate(slides, 1))
    return _PAGE.replace("TITLE", title).replace("SECTIONS", sections)


def _slide(text: str) -> str:
    words = "\n".join(line for line in text.splitlines() if not line.startswith(_MARK))
    names = [line.removeprefix(_MARK).strip() for line in text.splitlines() if line.startswith(_MARK)]
    drawings = "".join(f"<figure>{_drawn(name).svg()}</figure>" for name in names)
    return f"<div>{to_html(words)}</div>{drawings}"


def _drawn(name: str) -> Picture:
    if name not in PICTURES:
        got = f"slides: got the picture {name!r:.40}"
        raise ValueRangeError(complain(got, f"expected one of {', '.join(PICTURES)}", "Try picture: moons"))
    return PICTURES[name]()


def _moons(line: bool = False) -> Picture:
    from glassnet.data.datasets import load_dataset

    data = load_dataset("moons", n=300, noise=0.15, seed=0)
    lines = [(0.9, -2.6, 0.2)] if line else []
    return plane(data.x_train, data.y_train, title="moons, and a line" if line else "moons", lines=lines, size=380)


def _relu() -> Picture:
    z = np.linspace(-3, 3, 121)
    return curves({"max(0, z)": np.maximum(0, z), "z": z}, z, title="ReLU: a line, folded at 0", x_label="z")


def _sum_of_folds() -> Picture:
    x = np.linspace(-2, 2, 201)
    total = np.maximum(0, x + 1) - 2 * np.maximum(0, x) + 1.5 * np.maximum(0, x - 0.8)
    return curves({"three ReLUs added up": total}, x, title="three folds", x_label="x")


def _cross_entropy() -> Picture:
    p = np.linspace(0.005, 0.995, 199)
    named = {"the answer is 1": -np.log(p), "the answer is 0": -np.log(1 - p)}
    return curves(named, p, title="binary cross-entropy", x_label="what the network says", y_label="loss")


def _rates() -> Picture:
    paths = {}
    for name, rate in (("0.05", 0.05), ("0.5", 0.5), ("1.05", 1.05)):
        w, path = 3.0, []
        for _ in range(20):
            path.append(w * w)
            w -= rate * 2 * w
        paths[f"rate {name}"] = path
    return curves(paths, title="three learning rates on w²", x_label="step", y_label="loss", limits=(0, 20))


PICTURES: dict[str, Callable[[], Picture]] = {
    "moons": _moons,
    "line": lambda: _moons(line=True),
    "neuron": lambda: draw_neuron(Neuron((0.5, -0.3, 0.8), 1.0), (2.0, 3.0, -1.0)),
    "network": lambda: draw_network([2, 10, 1], title="2-10-1"),
    "relu": _relu,
    "folds": _sum_of_folds,
    "cross-entropy": _cross_entropy,
    "rates": _rates,
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>TITLE</title>
<style>
body { margin: 0; font: 26px/1.45 system-ui, sans-serif; color: #1f2933; background: #faf9f6; }
section { min-height: 100vh; box-sizing: border-box; padding: 6vh 8vw; display: flex; gap: 5vw; align-items: center;
  border-bottom: 1px solid #d9d6ce; }
section > div { flex: 1 1 0; min-width: 0; }
figure { margin: 0; }
figure svg { max-width: 40vw; max-height: 78vh; height: auto; background: white; border: 1px solid #d9d6ce;
  border-radius: 8px; }
h1 { font-size: 1.9em; } h2 { font-size: 1.4em; }
pre { background: #eef0f2; padding: .7em 1em; border-radius: 8px; font-size: .78em; overflow: auto; }
code { font-family: ui-monospace, monospace; } table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #d9d6ce; padding: .2em .8em; text-align: left; }
@media print { section { page-break-after: always; height: 100vh; border: 0; } }
@media (max-width: 700px) { section { flex-direction: column; }
  figure svg { max-width: 84vw; } }
</style></head><body>
SECTIONS
<script>
const slides = [...document.querySelectorAll("section")];
const now = () => slides.reduce((best, s, i) =>
  Math.abs(s.getBoundingClientRect().top) < Math.abs(slides[best].getBoundingClientRect().top) ? i : best, 0);
addEventListener("keydown", e => {
  const by = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1 }[e.key];
  if (!by) return;
  e.preventDefault();
  slides[Math.min(Math.max(now() + by, 0), slides.length - 1)].scrollIntoView();
});
</script></body></html>
"""
