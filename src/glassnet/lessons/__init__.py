"""The course: lessons that run, questions to guess at before the answer, exercises that are checked by running them.

    catalogue   which lessons there are, and what each is about
    percent     a lesson's source: a Python file with cells (`# %%`, jupytext's percent format)
    notebook    the same as a Jupyter notebook, and back
    running     the cells of a lesson, run one after the other, with what they printed and drew
    exercises   `check`, `hint` and `reveal`, which the lessons call
    forms       what form an answer has to have
    losses      every loss as a picture, with its slope
    answers     what makes an answer right, one file for each lesson
    pictures    drawings as SVG, without another package
    slides      a talk written in Markdown, as one HTML page
    course      the lessons themselves
    workshop    a meeting of 35 minutes: script, slides, notebook

A lesson begins with `from glassnet.lessons import …`; everything it needs has a name here.
"""

from glassnet.lessons.annotated import Annotated
from glassnet.lessons.charts import bars, curves, images, plane
from glassnet.lessons.drawing import draw_boxes, draw_graph, draw_network, draw_neuron
from glassnet.lessons.exercises import check, hint, reveal
from glassnet.lessons.losses import draw_loss
from glassnet.lessons.pictures import Picture, beside
from glassnet.lessons.running import show, sized

__all__ = [
    "Annotated",
    "Picture",
    "bars",
    "beside",
    "check",
    "curves",
    "draw_boxes",
    "draw_graph",
    "draw_loss",
    "draw_network",
    "draw_neuron",
    "hint",
    "images",
    "plane",
    "reveal",
    "show",
    "sized",
]
