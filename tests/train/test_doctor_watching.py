"""The doctor as a callback: what it records, what it costs the training (nothing but time), what it survives."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn, optim
from glassnet.errors import FormatError
from glassnet.train.activity import ACTIVITY, Activity, Histogram, Look, Weights, by_unit, probe
from glassnet.train.doctor import Case, Doctor, Part, diagnose
from glassnet.train.trainer import Trainer

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)


def trained(callbacks, epochs=3, dropout=0.3, **options):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    trainer = Trainer(model, "cross_entropy", optimizer, callbacks=callbacks, **options)
    trainer.fit((X, Y), (X[:20] + 0.1, Y[:20]), epochs=epochs, batch_size=16)
    return model, trainer


def numbers(model):
    return {name: t.array.tobytes() for name, t in model.state_dict().items()}


def test_the_training_takes_the_same_path_with_a_doctor_and_is_still_replayed():
    plain, _ = trained([])
    watched, trainer = trained([Doctor()])
    assert numbers(plain) == numbers(watched)
    assert all(program.compiled.replays > 10 for program in trainer.learn.programs)


def test_looks_come_early_and_then_a_few_times_an_epoch():
    doctor = Doctor(looks=2)
    trained([doctor], epochs=3)  # 6 steps an epoch
    assert [look.step for look in doctor.activity] == [0, 2, 4, 9, 12, 15, 18]
    first, *others = doctor.activity
    assert [layer.kind for layer in first.layers] == [
        "Linear", "BatchNorm1d", "ReLU", "Dropout", "Linear", "Tanh", "Linear",
    ]  # fmt: skip
    assert first.loss == pytest.approx(np.log(2), abs=0.4)
    assert all(p.update is not None and 1e-5 < p.update < 1 for look in others[:-1] for p in look.weights)


def test_many_epochs_are_looked_at_less_often():
    doctor = Doctor()
    trained([doctor], epochs=200)
    assert len(doctor.activity) <= 130
    assert doctor.activity.looks[-1].step > 1000


def test_an_update_is_the_change_of_that_very_step():
    doctor = Doctor()
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    start = model.weight.array.copy()
    Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.1), callbacks=[doctor]).fit(
        (X, X[:, :1]), epochs=1, batch_size=96
    )
    by_hand = np.linalg.norm(model.weight.array - start) / np.linalg.norm(start)
    assert doctor.activity.looks[0].parameters[0].update == pytest.approx(by_hand, rel=1e-5)


def test_the_run_folder_gets_one_json_line_per_look(tmp_path):
    doctor = Doctor(folder=tmp_path)
    trained([doctor])
    lines = (tmp_path / ACTIVITY).read_text().splitlines()
    assert len(lines) == len(doctor.activity)
    assert json.loads(lines[0])["layers"][2]["kind"] == "ReLU"
    assert Activity.read(tmp_path).looks[:-1] == doctor.activity.looks[:-1]
    assert Activity.read(tmp_path / "nowhere") is None


@pytest.mark.parametrize("text", ["{}", "[1]", '{"step": 1, "epoch": 0, "loss": 1, "layers": 3, "parameters": []}'])
def test_a_file_that_is_not_such_a_story_is_named_with_its_line(tmp_path, text):
    doctor = Doctor(folder=tmp_path)
    trained([doctor], epochs=1)
    path = tmp_path / ACTIVITY
    good = path.read_text().splitlines()[0]
    path.write_text(f"{good}\n{text}\n")
    with pytest.raises(FormatError, match=r"activity.jsonl, line 2: got .*; expected step, epoch"):
        Activity.read(tmp_path)


def test_what_it_saw_survives_in_a_state():
    doctor, other = Doctor(), Doctor()
    trained([doctor])
    other.load_state_dict(json.loads(json.dumps(doctor.state_dict())))
    assert other.activity.looks == doctor.activity.looks
    assert other.history == doctor.history


def test_numbers_that_are_not_finite_are_kept_as_nan(tmp_path):
    model = nn.Linear(2, 1)
    nn.init.constant_(model.weight, 1e30)
    look = probe(model, F.mse_loss, torch.full((3, 2), 1e30), torch.zeros(3, 1))
    Activity([look]).write(tmp_path)
    back = Activity.read(tmp_path).looks[0]
    assert np.isinf(look.loss)
    assert np.isnan(back.loss)
    assert back.layers[0].name == look.layers[0].name


def test_the_doctor_names_what_it_has_seen():
    doctor = Doctor()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 2), nn.Softmax(dim=1))
    nn.init.constant_(model[0].bias, -100.0)
    Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.01), callbacks=[doctor]).fit((X, Y), epochs=4)
    found = {f.name: f for f in doctor.findings(task="classification", classes=("a", "b"), train=Part(X, Y))}
    assert "10 of 10 in layer `1` (ReLU)" in found["dead units"].seen
    assert {"softmax twice", "no other part"} <= set(found)


def test_a_zero_start_is_seen_before_the_first_step():
    doctor = Doctor()
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    for p in model.parameters():
        nn.init.zeros_(p)
    Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.5), callbacks=[doctor]).fit((X, Y), epochs=1)
    assert "6 units of `0.weight`" in {f.name: f for f in doctor.findings()}["symmetric start"].seen


# ---- looks ------------------------------------------------------------------------------------------------


def test_a_look_by_hand():
    """Two examples (1, 2) and (3, -4) through W = [[1, 0], [0, -1]], relu, and a mean of squares."""
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU())
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
    look = probe(model, F.mse_loss, torch.tensor([[1.0, 2.0], [3.0, -4.0]]), torch.zeros(2, 2))
    z, a = look.layers  # z = [[1, -2], [3, 4]], a = [[1, 0], [3, 4]]
    assert (z.mean, a.mean) == (1.5, 2.0)
    assert a.std == pytest.approx(np.std([1, 0, 3, 4]))
    assert a.dead == 0
    assert look.loss == pytest.approx((1 + 9 + 16) / 4)
    # dL/da = a / 2, through relu [[.5, 0], [1.5, 2]]; dW = dzᵀ x = [[5, -5], [6, -8]]
    (weight,) = look.parameters
    assert weight.gradient_norm == pytest.approx(np.sqrt(25 + 25 + 36 + 64))
    assert weight.gradient_rms == pytest.approx(weight.gradient_norm / 2)


def test_a_look_leaves_the_network_alone():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))
    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    F.cross_entropy(model(x), y).backward()
    before = numbers(model), [p.grad.array.tobytes() for p in model.parameters()], bytes(torch.get_rng_state().numpy())
    probe(model, F.cross_entropy, x, y)
    after = numbers(model), [p.grad.array.tobytes() for p in model.parameters()], bytes(torch.get_rng_state().numpy())
    assert before == after
    assert not any(m._hooks and m._hooks.after for m in model.modules())


def test_channels_are_the_units_of_a_convolution():
    out = np.zeros((5, 3, 2, 2), np.float32)
    out[0, 1, 0, 0] = 1.0
    rows = by_unit(out)
    assert rows.shape == (20, 3)
    assert rows.any(axis=0).tolist() == [False, True, False]


def test_saturation_counts_units_not_numbers():
    model = nn.Sequential(nn.Linear(1, 2), nn.Sigmoid(), nn.Linear(2, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[100.0], [0.1]]))
        model[0].bias.zero_()
    look = probe(model, F.mse_loss, torch.linspace(-3, 3, 40).reshape(40, 1), torch.zeros(40, 1))
    assert look.layers[1].saturated == 1


@pytest.mark.parametrize("numbers", [[], [np.nan, np.inf], [3.0], [1.0, 2.0, np.nan]])
def test_histograms_count_finite_numbers(numbers):
    array = np.array(numbers)
    assert sum(Histogram.of(array).counts) == np.isfinite(array).sum()


def test_weights_can_be_put_back():
    model = nn.Linear(3, 2)
    kept = numbers(model)
    weights = Weights(model)
    nn.init.zeros_(model.weight)
    assert weights.changes()["weight"] == pytest.approx(1.0)
    weights.put_back()
    assert numbers(model) == kept


def test_a_look_reads_back_as_it_was_written():
    look = probe(nn.Linear(2, 2), F.mse_loss, torch.randn(4, 2), torch.randn(4, 2), step=3, epoch=0.5)
    assert Look.from_dict(json.loads(json.dumps(look.as_dict()))) == look


def _places(value, path=()):
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from _places(inner, (*path, key))


_LINE = json.loads(
    json.dumps(
        probe(
            nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)), F.mse_loss, torch.ones(2, 2), torch.ones(2, 2)
        ).as_dict()
    )
)
_ODD = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
)


@given(st.lists(st.tuples(st.sampled_from(sorted(_places(_LINE), key=len)[1:]), _ODD), min_size=1, max_size=3))
def test_changed_lines_are_refused_or_understood(changes):
    values = json.loads(json.dumps(_LINE))
    for path, odd in changes:
        inner = values
        try:
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = odd
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    try:
        look = Look.from_dict(values)
    except (KeyError, TypeError, ValueError):
        return
    diagnose(Case(activity=Activity([look, look])))  # whatever was understood can be talked about
