"""Activations drawn in characters: the right shape, at the right heights, in the width there is."""

import pytest


def rows(out, name):
    """The chart of an activation: the columns in which each row has a mark of f(z)."""
    lines = out[out.index(f"{name}  f(z)") :].splitlines()[1:12]
    return [line[10:] for line in lines]


def test_sigmoid_and_relu_are_drawn(glassnet):
    done = glassnet("probe activations --names sigmoid+relu")
    assert (done.status, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    sigmoid, relu = rows(done.out, "sigmoid"), rows(done.out, "relu")
    assert sigmoid[0].rstrip().endswith("*")  # near 1 on the right,
    assert sigmoid[-1].lstrip()[0] in "*o"  # near 0 on the left
    first = [line.find("*") for line in sigmoid if "*" in line]
    assert first == sorted(first, reverse=True)  # never falls
    corner = relu[-1].rfind("*")
    assert abs(corner - len(relu[0].rstrip()) // 2) <= 4  # flat up to 0, in the middle
    assert "-5" in done.out.splitlines()[-1]


@pytest.mark.parametrize("line", ["probe activations", "probe activations --names sigmoid --format json"])
def test_many_at_once_and_other_formats_are_not_drawn(glassnet, line):
    assert "f(z)" not in glassnet(line).out
