"""TensorFlow Playground's numbers: random numbers, points and weights to the last bit, losses to 1e-12."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import ValueRangeError
from glassnet.server import parity_link, tfp
from glassnet.server.parity import ParityNet
from glassnet.server.playground import Playground
from glassnet.server.properties import checked, defaults
from glassnet.server.seedrandom import SeedRandom

SIZES = (2, 4, 2, 1)
GOLDEN = [
    ("tanh", "none", 0.0, (0.46639878010574, 0.46264937314575, 0.44081149618001, 0.29499075093835), 0),
    ("relu", "L2", 0.01, (0.53564136737493, 0.51933778196448, 0.42019401568824, 0.29357485354136), 0),
    ("sigmoid", "L1", 0.1, (0.53668190068275, 0.53005237379394, 0.50588425619768, 0.49890034320209), 7),
]


def golden_points() -> tuple[np.ndarray, np.ndarray]:
    k = np.arange(25)
    x = np.column_stack((5 * np.sin(1.3 * k), 5 * np.cos(2.1 * k)))
    return x, np.where(x[:, 0] * x[:, 1] >= 0, 1.0, -1.0)


def golden_layers() -> list[tuple[np.ndarray, np.ndarray]]:
    layers = []
    for number in (1, 2, 3):
        rows, columns = SIZES[number], SIZES[number - 1]
        weight = [[0.5 * math.sin(1 + 7 * number + 3 * j + 5 * i) for i in range(columns)] for j in range(rows)]
        layers.append((np.array(weight), np.full(rows, 0.1)))
    return layers


@pytest.mark.parametrize(("activation", "regularization", "rate", "losses", "dead"), GOLDEN)
def test_the_golden_table(activation, regularization, rate, losses, dead):
    x, t = golden_points()
    net = ParityNet(golden_layers(), activation, "tanh")
    found = {0: net.loss(x, t)}
    for epoch in range(1, 51):
        net.learn(x, t, 10, 0.03, regularization, rate)
        found[epoch] = net.loss(x, t)
    assert [found[epoch] for epoch in (0, 1, 10, 50)] == pytest.approx(losses, abs=1e-12, rel=0)
    assert net.dead_links == dead


def test_the_first_random_numbers():
    random = SeedRandom("0.59704")
    assert [random() for _ in range(3)] == [0.3720885891366738, 0.5777042295963245, 0.512260760220704]


def test_random_numbers_are_in_range_for_any_seed():
    for seed in ("", "a", "ü🙂", "x" * 300):
        random = SeedRandom(seed)
        assert all(0 <= random() < 1 for _ in range(200))
    assert SeedRandom("x" * 300)() != SeedRandom("x" * 256)()


def test_a_link_opens_with_its_points_and_weights_to_the_last_bit():
    playground = Playground()
    playground.open_link(
        "https://playground.tensorflow.org/#activation=tanh&dataset=circle&seed=0.59704&networkShape=4,2"
    )
    assert playground.points.x[0].tolist() == [0.24014491222149606, 0.46035893207186385]
    assert playground.points.t[0] == 1
    assert playground.learner.layers[0].weight.array[0, 0] == 0.013961340352000695
    assert playground.learner.layers[-1].weight.array[-1, -1] == -0.19948371945692184
    assert (playground.points.train, len(playground.points.x)) == (250, 500)


def test_a_session_in_parity_trains_as_the_playground_does():
    link = tfp.parse(
        "seed=0.59704&dataset=xor&noise=20&networkShape=3,2&activation=relu&regularization=L2&regularizationRate=0.003"
    )
    train, _, random = tfp.points(link)
    net = ParityNet(tfp.weights(link, random), "relu", "tanh")
    drawn = np.array(train)
    playground = Playground()
    playground.open_link(
        "#seed=0.59704&dataset=xor&noise=20&networkShape=3,2&activation=relu&regularization=L2&regularizationRate=0.003"
    )
    for _ in range(20):
        net.learn(drawn[:, :2], drawn[:, 2], 10, 0.03, "L2", 0.003)
        playground.train(1)
    assert playground.judgement.train_loss == net.loss(drawn[:, :2], drawn[:, 2])
    np.testing.assert_array_equal(playground.learner.layers[1].weight.array, net.layers[1][0])


def test_a_batch_that_is_not_full_goes_into_the_next_epoch():
    x, t = golden_points()
    net = ParityNet(golden_layers(), "tanh", "tanh")
    net.learn(x, t, 10, 0.03)
    assert net.count == 5
    net.learn(x[:10], t[:10], 10, 0.03)
    assert net.count == 0  # 15 samples made that update


def test_relu_has_slope_zero_at_zero():
    net = ParityNet([(np.zeros((1, 1)), np.zeros(1)), (np.ones((1, 1)), np.zeros(1))], "relu", "linear")
    net.accumulate(np.ones((1, 1)), np.ones(1))
    assert net.sums[0][0][0, 0] == 0


@given(
    dataset=st.sampled_from(sorted(tfp.CLASSIFICATION)),
    regression=st.sampled_from([None, *tfp.REGRESSION]),
    noise=st.integers(0, 50),
    share=st.integers(10, 90),
    inputs=st.lists(st.sampled_from(tfp.FEATURES), min_size=1, unique=True),
    hidden=st.lists(st.integers(1, 8), max_size=6),
    activation=st.sampled_from(tfp.ACTIVATIONS),
    kind=st.sampled_from(["none", "L1", "L2"]),
    zero=st.booleans(),
)
@settings(max_examples=40)
def test_links_and_states_say_the_same(dataset, regression, noise, share, inputs, hidden, activation, kind, zero):
    link = tfp.Link(
        seed="0.1", problem="regression" if regression else "classification",
        dataset="circle" if regression else dataset, reg_dataset=regression or "reg-plane",
        noise=float(noise), train_share=float(share), inputs=tuple(f for f in tfp.FEATURES if f in inputs),
        hidden=tuple(hidden), activation=activation, regularization=kind,
        regularization_rate=0.01 if kind != "none" else 0.0, zero=zero,
    )  # fmt: skip
    state = parity_link.state_of(link)
    checked(state)
    whole = {**defaults(), **state}
    assert parity_link.obstacle(whole) is None
    assert parity_link.link_of(whole) == link


@pytest.mark.parametrize("name", [*tfp.CLASSIFICATION, *tfp.REGRESSION])
def test_every_data_set_is_drawn(name):
    regression = name in tfp.REGRESSION
    what = f"problem=regression&regDataset={name}" if regression else f"dataset={name}"
    link = tfp.parse(f"seed=7&noise=25&{what}")
    train, test, _ = tfp.points(link)
    again, _, _ = tfp.points(link)
    assert train == again
    assert len(train) + len(test) == (1200 if regression else 500)
    assert all(abs(p.label) <= 1 if name == "reg-gauss" else True for p in train)
    if not regression:
        assert {p.label for p in train} == {-1.0, 1.0}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("networkShape=9", "networkShape"),
        ("networkShape=1,1,1,1,1,1,1", "6 layers"),
        ("learningRate=nan", "learningRate"),
        ("batchSize=0", "batchSize"),
        ("x=false&y=false", "without inputs"),
        ("a" * 3000, "signs"),
        ("noise=1e9", "noise"),
    ],
)
def test_broken_links_are_refused(text, word):
    with pytest.raises(ValueRangeError, match=word):
        tfp.parse(text)


@given(st.text(max_size=100))
def test_any_text_is_a_link_or_refused(text):
    try:
        link = tfp.parse(text)
    except ValueRangeError:
        return
    assert link.inputs


def test_what_the_playground_lacks_switches_parity_off():
    playground = Playground()
    playground.open_link("#seed=1")
    playground.configure({"optimizer": "adam"})
    assert not playground.state["parity"]
    assert "adam" in playground.notes[0]


@pytest.mark.parametrize(("said", "taken"), [(-3, 0.0), (0, 0.0), (80, 80.0), (81, 50.0)])
def test_noise_beyond_its_range_is_taken_as_the_playground_takes_it(said, taken):
    assert tfp.parse(f"noise={said}").noise == taken
