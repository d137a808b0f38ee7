"""The curve of losses: which epochs stay when there are too many, and what a page is sent."""

import numpy as np
import pytest

from glassnet.server import curve
from glassnet.server.course import Judgement
from glassnet.server.curve import Curve


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(curve, "_MOST_ROWS", 10)


def epochs_of(rows):
    return [row[0] for row in rows]


@pytest.mark.parametrize(("last", "apart"), [(9, 1), (10, 2), (19, 2), (20, 4), (100, 16)])
def test_the_rows_that_stay_are_evenly_apart_from_the_first_on(few, last, apart):
    line = Curve()
    for epoch in range(last + 1):
        if line.due(epoch):
            line.add(Judgement(epoch, train_loss=1 / (1 + epoch)))
    assert line.apart == apart
    assert epochs_of(line.rows) == list(range(0, last + 1, apart))
    assert line.losses == [1 / (1 + epoch) for epoch in epochs_of(line.rows)]


def test_a_page_gets_each_row_once_and_all_of_them_anew_when_rows_were_dropped(few):
    line = Curve()
    page, times_anew = [], 0
    for epoch in range(45):
        if line.due(epoch):
            line.add(Judgement(epoch))
        rows, anew = line.take(False)
        page = [*([] if anew else page), *epochs_of(rows)]
        times_anew += anew
        assert page == epochs_of(line.rows)
    assert times_anew == 4  # the first row, and three times fewer rows
    rows, anew = line.take(True)  # a page that was opened again
    assert anew
    np.testing.assert_array_equal(rows, line.rows)
