"""Large arrays piece by piece: the same bits as all at once, in less room."""

import contextlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.core import pieces
from glassnet.core.pieces import in_pieces
from glassnet.core.source import Line, Loop


@contextlib.contextmanager
def pieces_of(large, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "_LARGE", large)
        patch.setattr(pieces, "_PIECE", piece)
        yield


def bits(*tensors):
    return [t.detach().numpy().tobytes() for t in tensors]


OPTIMIZERS = [
    ("SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    ("Adam", {}),
    ("AdamW", {"amsgrad": True}),
    ("NAdam", {}),
    ("RAdam", {}),
    ("Adamax", {}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Rprop", {}),
]


def trained(name, settings, steps=4):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))
    optimizer = getattr(torch.optim, name)(net.parameters(), lr=0.05, **settings)
    loss_function = nn.CrossEntropyLoss()

    @torch.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = loss_function(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    x, y = torch.randn(20, 6), torch.randint(0, 3, (20,))
    losses = [step(x, y) for _ in range(steps)]
    return step, bits(*losses, *net.parameters(), *net.buffers())


@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS, ids=lambda v: v if isinstance(v, str) else "")
@pytest.mark.parametrize("piece", [1, 7, 64])
def test_training_in_pieces_gives_the_same_bits(name, settings, piece):
    with pieces_of(8, piece):
        step, in_pieces = trained(name, settings)
    assert "for part, n in parts:" in step.source
    plain, whole = trained(name, settings)
    assert "for part" not in plain.source
    assert in_pieces == whole


def run(words, x, a, rate):
    """A small language: each word makes another value, or changes something in place."""
    values = [x * 2, x + 1]
    for word, i, j in words:
        u, v = values[i % len(values)], values[j % len(values)]
        if word == "keep":
            with torch.no_grad():
                a.copy_(u)
        elif word == "read":
            values.append(a * v)
        elif word == "rate":
            with torch.no_grad():
                rate.mul_(0.5)
            values.append(u * rate)
        elif word == "total":
            values.append(v + u.sum())
        elif word == "shift":
            values.append(torch.cat([u[1:], v[:1]]))
        elif word == "slide":  # what is written and what is read next lie across each other
            with torch.no_grad():
                a[1:7] += v[:6]
            values.append(torch.cat([a[2:8] * u[:6], a[:6] * u[6:]]))
        elif word == "half":
            with torch.no_grad():
                a[: len(a) // 2] += v[: len(a) // 2]
            values.append(a - u)
        else:
            values.append(getattr(torch, word)(u, v))
    return values[-1], values[len(values) // 2]


WORDS = st.sampled_from(
    ["add", "sub", "mul", "maximum", "minimum", "keep", "read", "rate", "total", "shift", "half", "slide"]
)


@given(st.lists(st.tuples(WORDS, st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=14), st.integers(1, 9))
def test_any_steps_in_pieces_give_the_same_bits(words, piece):
    def called():
        a, rate = torch.linspace(-1, 1, 12), torch.tensor(0.75)
        program = torch.compile(lambda x: run(words, x, a, rate))
        return [bits(*program(torch.linspace(k - 1.0, 1.5, 12)), a, rate) for k in range(4)]

    with pieces_of(4, piece):
        in_pieces = called()
    assert in_pieces == called()


def line(function, out, *args):
    return Line(torch.zeros(1), list(args), function, args, out)


def loops_of(lines, keep=()):
    with pieces_of(4, 3):
        return [item for item in in_pieces(lines, list(keep)) if isinstance(item, Loop)]


def test_what_lies_across_what_was_written_is_not_taken_in_the_same_loop():
    memory, x, y = np.zeros(20), np.ones(8), np.ones(8)
    first = line(np.add, memory[:8], x, x)
    assert loops_of([first, line(np.multiply, y, memory[:8], x)])
    assert not loops_of([first, line(np.multiply, y, memory[1:9], x)])
    assert not loops_of([line(np.multiply, y, memory[1:9], x), first])


def test_what_was_there_before_the_loop_is_kept_whole():
    before, x, y = np.arange(8.0), np.ones(8), np.ones(8)
    adding = [line(np.add, before, before, x), line(np.multiply, y, before, x)]
    (loop,) = loops_of(adding, keep=[y])
    assert loop.little == []
    (loop,) = loops_of([line(np.multiply, before, x, x), *adding], keep=[y])
    assert [a.shape for a in loop.little] == [(3,)]


def big_step(n):
    w = nn.Parameter(torch.linspace(-1, 1, n))
    optimizer = torch.optim.Adam([w], lr=0.01)

    @torch.compile
    def step(x):
        optimizer.zero_grad()
        loss = (w * x).sum()
        loss.backward()
        optimizer.step()
        return loss

    return step, w


def test_a_large_update_needs_room_for_its_state_and_little_else():
    n = 1_000_003
    step, w = big_step(n)
    for _ in range(3):
        step(torch.ones(n))
    loop = step.source.split("for part, n in parts:")[1]
    made = re.findall(r"out=(\w+)\[(:n|part)\]", loop)
    little = [name for name, where in made if where == ":n"]
    assert len(little) >= 6
    assert {name for name, where in made if where == "part"} == {"copy", "m", "v", "w"}
    values = step.program.values
    assert all(values[name].nbytes <= 4 * pieces._PIECE for name in little)
    assert torch.allclose(w.detach()[:3], torch.linspace(-1, 1, n)[:3] - 0.03)


def test_small_updates_stay_whole():
    step, _ = big_step(1000)
    for _ in range(3):
        step(torch.ones(1000))
    assert "part" not in step.source


def test_the_loop_takes_no_name_from_the_step():
    def step(part, n, parts):
        return (part * n + parts) * part - n

    with pieces_of(4, 3):
        compiled = torch.compile(step)
        given = [torch.linspace(0, k, 8) for k in (1, 2, 3)]
        for _ in range(2):
            assert bits(compiled(*given)) == bits(step(*given))
    assert "for part_2, n_2 in parts_2:" in compiled.source


def test_what_a_loop_keeps_to_itself_is_nowhere_to_be_found():
    with pieces_of(4, 3):
        compiled = torch.compile(lambda x: (x * 2 + 1) * 3)
        compiled(torch.arange(8.0))
        y = compiled(torch.arange(8.0))
    np.testing.assert_array_equal(y.numpy(), (np.arange(8.0) * 2 + 1) * 3)
    assert {a.size for a in compiled.program.values.values() if a.ndim} <= {8, 3}
    assert sum(a.size == 8 for a in compiled.program.array.values()) == 2  # x and the result
