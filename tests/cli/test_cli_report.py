"""Progress and reports: golden, for terminals and files."""

import io

import numpy as np
import pytest

from glassnet.cli.pictures import visible
from glassnet.cli.progress import Progress, clock
from glassnet.cli.report import classes_table, percent, report, worst_mistakes
from glassnet.cli.terminal import Terminal
from glassnet.data.datasets import DataSet
from glassnet.train.evaluation import Regression, classification
from glassnet.train.training import Moment


class Screen(io.StringIO):
    def isatty(self):
        return True


def moment(epoch, done, test=None, epochs=3, accuracy=0.9):
    return Moment(epoch, epochs, done, 0.25, accuracy, 2.0 * done, 1234.5, test)


def judged(wrong=2):
    """Ten examples of two classes, of which some are wrong."""
    labels = np.array([0] * 5 + [1] * 5)
    said = labels.copy()
    said[:wrong] = 1
    scores = np.zeros((10, 2))
    scores[np.arange(10), said] = np.arange(10, 20)
    return classification(scores, labels)


def points(n=10):
    x = np.arange(2.0 * n, dtype=np.float32).reshape(n, 2)
    return DataSet("d", "classification", "", "", ("no", "yes"), ("a", "b"), x, np.arange(n) % 2, x, np.arange(n) % 2)


PAGE = Terminal(io.StringIO(), environ={})

# ---- progress -------------------------------------------------------------------------------------------------------


def test_a_file_gets_one_row_for_each_epoch():
    terminal = Terminal(stream := io.StringIO(), environ={})
    progress = Progress(terminal)
    for step in (moment(1, 0.1), moment(1, 1 / 3, judged()), moment(2, 0.5), moment(3, 1.0, judged(0))):
        progress.show(step)
    progress.clear()
    assert stream.getvalue() == (
        " epoch       loss  test accuracy      time\n"
        "     1    0.25000        80.00 %    0.67 s\n"
        "     3    0.25000       100.00 %    2.00 s\n"
    )


def test_the_table_begins_with_what_the_network_does_before_it_learns():
    terminal = Terminal(stream := io.StringIO(), environ={})
    progress = Progress(terminal)
    progress.begin(moment(0, 0.0, judged()))
    progress.show(moment(1, 1 / 3, judged(0)))
    progress.end()
    assert stream.getvalue() == (
        " epoch       loss  test accuracy      time\n"
        "     0    0.25000        80.00 %    0.00 s\n"
        "     1    0.25000       100.00 %    0.67 s\n"
    )


def test_heights_have_an_error_instead_of_an_accuracy():
    terminal = Terminal(stream := io.StringIO(), environ={})
    y = np.array([[1.0], [2.0]], np.float32)
    Progress(terminal).show(moment(3, 1.0, Regression(y + 0.5, y), accuracy=None))
    assert stream.getvalue().splitlines()[1].split() == ["3", "0.25000", "0.5", "0.0000", "2.00", "s"]


def test_a_terminal_sees_a_line_that_moves_and_no_trace_of_it_afterwards():
    terminal = Terminal(stream := Screen(), environ={"COLUMNS": "100", "NO_COLOR": "1"})
    progress = Progress(terminal)
    progress.show(moment(1, 0.25))
    assert stream.getvalue() == (
        "\r██████░░░░░░░░░░░░░░░░░  epoch 1 of 3  loss 0.2500  accuracy 90.0 %  1,234 examples/s  0:02 left"
    )
    progress.clear()
    assert stream.getvalue().endswith("\r" + " " * 98 + "\r")
    length = len(stream.getvalue())
    progress.clear()
    assert len(stream.getvalue()) == length


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 300])
def test_the_line_never_wraps(columns):
    terminal = Terminal(stream := Screen(), environ={"COLUMNS": str(columns)})
    Progress(terminal).show(moment(1, 0.25))
    assert visible(stream.getvalue().lstrip("\r")) < columns


def test_a_shorter_line_covers_a_longer_one():
    terminal = Terminal(stream := Screen(), environ={"COLUMNS": "100", "NO_COLOR": "1"})
    progress = Progress(terminal)
    progress.show(moment(1, 0.25))
    longest = len(stream.getvalue()) - 1
    progress._next_redraw = 0.0
    progress.show(moment(1, 0.25, accuracy=None))
    assert len(stream.getvalue().split("\r")[-1]) >= longest


def test_the_line_moves_no_faster_than_an_eye_can_follow():
    terminal = Terminal(stream := Screen(), environ={"COLUMNS": "100"})
    progress = Progress(terminal)
    for epoch in range(1, 200):
        progress.show(moment(epoch, epoch / 1000, epochs=1000))
    assert stream.getvalue().count("\r") < 20


def test_many_epochs_take_at_most_twenty_rows():
    terminal = Terminal(stream := io.StringIO(), environ={})
    progress = Progress(terminal)
    for epoch in range(1, 1001):
        test = judged() if epoch % 7 == 0 or epoch == 1000 else None  # not every epoch is tested
        progress.show(moment(epoch, epoch / 1000, test, epochs=1000))
    rows = stream.getvalue().splitlines()[1:]
    assert 15 <= len(rows) <= 20
    assert rows[-1].split()[0] == "1000"


def test_quiet_is_quiet():
    terminal = Terminal(stream := Screen(), environ={})
    progress = Progress(terminal, quiet=True)
    progress.begin(moment(0, 0.0, judged()))
    progress.show(moment(1, 0.25))
    progress.show(moment(3, 1.0, judged()))
    progress.clear()
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (0.1, "0:01"), (59.9, "1:00"), (3600, "1:00:00")])
def test_clock(seconds, shown):
    assert clock(seconds) == shown


# ---- reports --------------------------------------------------------------------------------------------------------


def test_a_report_on_points():
    lines = report(judged(), points(), points().x_test, PAGE)
    assert lines == [
        "80.00 % of 10 test examples right, 2 wrong",
        "",
        "        no  yes     right  mistakes",
        " no      3    2    60.0 %  ━━━━━━━━━━━━",
        "yes      ·    5   100.0 %              ",
        "each row: what the examples of that class were taken for",
        "",
        "worst mistakes",
        "  (2, 3)  true no, said yes with 99.99 %",
        "  (0, 1)  true no, said yes with 99.99 %",
    ]


def test_a_report_on_heights():
    x = np.array([[1.0], [2.0], [3.0], [4.0]], np.float32)
    test = Regression(x * 2 + np.array([[0], [0.5], [0], [-1]], np.float32), x * 2)
    data = DataSet("d", "regression", "", "", (), ("x",), x, x * 2, x, x * 2)
    assert report(test, data, x, PAGE) == [
        "R² 0.9375 on 4 test examples, typical error (RMSE) 0.559",
        "mean size of the errors (MAE) 0.375",
        "",
        "largest errors",
        "  (4)  true 8, said 7",
        "  (2)  true 4, said 4.5",
        "  (1)  true 2, said 2",
    ]


def test_nothing_is_said_of_mistakes_where_there_are_none():
    assert worst_mistakes(judged(0), ("no", "yes"), points().x_test, PAGE) == []


def test_mistakes_on_images_are_drawn_with_what_they_are():
    images = np.zeros((10, 28, 28), np.uint8)
    images[:, 8:12, 4:20] = 255
    assert worst_mistakes(judged(), ("no", "yes"), images, PAGE) == [
        "",
        "worst mistakes",
        "",
        " ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄     ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄ ",
        " ████████████████     ████████████████ ",
        " ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀     ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀ ",
        "true no              true no",
        "said yes, 99.99 %    said yes, 99.99 %",
        "test image 1         test image 0",
    ]


@pytest.mark.parametrize("columns", [60, 81, 121, 200])
def test_no_line_of_a_report_is_wider_than_the_terminal(columns):
    terminal = Terminal(Screen(), environ={"COLUMNS": str(columns)})
    rng = np.random.default_rng(0)
    names = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
    images, labels = rng.integers(0, 256, (500, 28, 28), dtype=np.uint8), rng.integers(0, 10, 500)
    data = DataSet("d", "classification", "", "", names, (), images, labels, images, labels)
    lines = report(classification(rng.normal(size=(500, 10)), labels), data, images, terminal)
    assert max(map(visible, lines)) < columns


def test_many_classes_are_listed_with_what_they_are_taken_for():
    scores = np.eye(60)
    scores[7] = scores[8]
    table = classes_table(classification(scores, np.arange(60)), tuple(map(str, range(60))), PAGE)
    assert table[8] == " 7     0.0 %  8 (1)"
    assert len(table) == 61


def test_the_best_and_the_worst_share_are_only_said_when_they_are_true():
    assert percent(1.0) == "100.00 %"
    assert percent(0.999999) == "99.99 %"
    assert percent(0.0) == "0.00 %"
    assert percent(1e-9) == "0.01 %"
    assert percent(float("nan")) == "–"
