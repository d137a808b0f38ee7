"""The layered layout, held against what a picture must not do."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.read.layout import layered, nearest_in_order


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 25))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1])
    edges = draw(st.lists(pairs, max_size=40, unique=True)) if n > 1 else []
    sizes = draw(st.lists(st.tuples(st.floats(5, 90), st.floats(5, 60)), min_size=n, max_size=n))
    return sizes, edges


@settings(max_examples=150)
@given(graphs())
def test_nothing_overlaps_and_every_arrow_points_right(graph):
    sizes, edges = graph
    layout = layered(sizes, edges, apart=(20.0, 8.0), margin=10.0, words=[30.0] * len(edges))
    boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(layout.centres, sizes, strict=True)]
    for a, b in itertools.combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] + 1e-6 or b[3] <= a[1] + 1e-6
    for left, top, right, bottom in boxes:
        assert left >= 10 - 1e-6
        assert top >= 10 - 1e-6
        assert right <= layout.width - 10 + 1e-6
        assert bottom <= layout.height - 10 + 1e-6
    for (s, t), route in zip(edges, layout.routes, strict=True):
        xs = [x for x, _ in route]
        assert route[0] == (boxes[s][2], layout.centres[s][1])
        assert route[-1] == (boxes[t][0], layout.centres[t][1])
        assert all(a < b for a, b in itertools.pairwise(xs))


def test_a_tree_has_no_crossings():
    # 0..7 are leaves, joined in pairs that stand far from each other in the list
    edges = [(0, 8), (4, 8), (1, 9), (5, 9), (2, 10), (6, 10), (3, 11), (7, 11), (8, 12), (9, 12), (10, 13), (11, 13)]
    layout = layered([(10.0, 10.0)] * 15, [*edges, (12, 14), (13, 14)])
    ways = [(layout.centres[s][1], layout.centres[t][1]) for s, t in edges[:8]]
    assert not any((a - c) * (b - d) < 0 for (a, b), (c, d) in itertools.combinations(ways, 2))


def test_an_operand_stands_next_to_its_first_use():
    layout = layered([(10.0, 10.0)] * 5, [(0, 1), (1, 2), (2, 4), (3, 4)])
    assert layout.centres[3][0] == layout.centres[2][0]


@settings(max_examples=100)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6), st.floats(0, 20))
def test_heights_are_the_nearest_in_order(wishes, gap):
    offsets = [gap * i for i in range(len(wishes))]
    levels = np.array(nearest_in_order(wishes, offsets))
    assert (np.diff(levels) >= gap - 1e-9).all()
    best = ((levels - wishes) ** 2).sum()
    rng = np.random.default_rng(0)
    for _ in range(50):  # no other heights in this order are nearer
        other = levels - offsets + rng.normal(size=len(wishes)) * rng.choice([0.01, 1, 10])
        other = np.maximum.accumulate(other) + offsets
        assert ((other - wishes) ** 2).sum() >= best - 1e-6
