"""`glassnet doctor` and `glassnet gradcheck`, as users call them."""

import numpy as np
import pytest

from glassnet import nn
from glassnet.cli.options import parse
from glassnet.cli.train_request import options_for
from glassnet.core.tensor import wrap
from glassnet.train.activity import ACTIVITY, Activity, probe
from glassnet.train.doctor import FINDINGS


@pytest.fixture
def healthy(glassnet, tmp_path):
    assert glassnet("train moons --n 300 --epochs 20 --quiet --output healthy").status == 0
    return tmp_path / "healthy"


@pytest.fixture
def zeros(glassnet, tmp_path):
    assert glassnet("train moons --init zeros --epochs 20 --quiet --output zeros").status == 0
    return tmp_path / "zeros"


def test_a_healthy_run_ends_with_status_0(glassnet, healthy):
    said = glassnet("doctor healthy")
    assert (said.status, said.err) == (0, "")
    assert "✓ learning well" in said.out
    assert "✗" not in said.out
    table = said.out.splitlines()[3:]
    assert table[0].split() == ["epoch", "learnt", "examples", "others", "diagnosis"]
    assert table[1].split()[0] == "1"
    assert table[1].endswith("starting")


def test_a_sick_run_ends_with_status_1_and_three_beats(glassnet, zeros):
    said = glassnet("doctor zeros")
    assert said.status == 1
    lines = said.out.splitlines()
    at = lines.index("✗ all units of `0.weight` are one and the same")
    assert lines[at + 1].startswith("    seen  the 64 units of `0.weight` have the same weights")
    assert any(line.startswith("    why   ") for line in lines[at:])
    assert any(line.startswith("    try   random starting weights") for line in lines[at:])
    assert "          glassnet train … --init default" in lines[at:]
    assert lines[-1] == "2 problems"
    assert max(map(len, lines)) <= 100


def test_the_suggested_option_cures(glassnet, zeros):
    assert glassnet("train moons --init default --epochs 20 --quiet --output cured").status == 0
    assert glassnet("doctor cured").status == 0


@pytest.mark.parametrize("row", [row for row in FINDINGS if row.option], ids=lambda row: row.name)
def test_every_suggested_option_is_one_that_train_has(row):
    parsed = parse(row.option.format(rate=0.01, best=3, drop="--drop tax").split(), options_for())
    assert parsed.values
    assert not parsed.arguments


def test_json_for_programs(glassnet, zeros):
    said = glassnet("doctor zeros --json")
    assert said.status == 1
    report = said.json
    assert (report["run"], report["data"]) == ("zeros", "moons")
    first = report["findings"][0]
    assert set(first) == {"name", "level", "headline", "seen", "why", "change", "code", "option", "figures"}
    assert [f["name"] for f in report["findings"]] == ["symmetric start", "no learning"]


def test_plain_signs_where_the_terminal_has_no_others(glassnet, healthy, monkeypatch, capsys):
    import io
    import sys

    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    monkeypatch.setattr(sys, "stdout", narrow)
    glassnet("doctor healthy")
    narrow.flush()
    text = narrow.buffer.getvalue().decode()
    assert "+ learning well" in text


def test_no_colours_in_a_pipe(glassnet, zeros):
    assert "\x1b" not in glassnet("doctor zeros").out


def test_what_was_recorded_is_read(glassnet, healthy):
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))
    nn.init.constant_(model[2].weight, 100.0)
    nn.init.constant_(model[2].bias, 0.0)
    nn.init.normal_(model[2].weight, std=200.0)
    x = np.random.default_rng(0).normal(size=(50, 2)).astype("f4")
    Activity([probe(model, nn.functional.cross_entropy, wrap(x), wrap(np.arange(50) % 2))]).write(healthy)
    assert "the loss starts above that of a blind guess" in glassnet("doctor healthy").out
    (healthy / ACTIVITY).write_text("{}\n")
    said = glassnet("doctor healthy")
    assert said.status == 1
    assert said.err.startswith("glassnet: healthy/activity.jsonl, line 1: got {}; expected")


def test_other_data_may_be_named(glassnet, healthy):
    said = glassnet("doctor healthy moons --noise 1.5")
    assert "moons: 400 examples" in said.out


def test_before_a_training(glassnet):
    said = glassnet("doctor --data moons")
    assert said.status == 0
    assert "✓ data normalised" in said.out
    assert "5 of 5 checks passed" in said.out
    assert said.out.rstrip().endswith("known troubles was found")


def table(folder):
    rng = np.random.default_rng(0)
    rooms = rng.integers(1, 9, 200)
    price = 50.0 * rooms + 20 * rng.normal(size=200)
    town = rng.choice(["north", "south", "east"], 200)
    lines = [f"{r},{t},{2 * p:.2f},{p:.2f}" for r, t, p in zip(rooms, town, price, strict=True)]
    (folder / "houses.csv").write_text("rooms,town,tax,price\n" + "\n".join(lines) + "\n")


@pytest.mark.parametrize("more", ["", " --one-hot-up-to 2"], ids=["one-hot", "embedded"])
def test_a_table_of_ones_own(glassnet, tmp_path, more):
    table(tmp_path)
    said = glassnet(f"doctor --data houses.csv --target price{more} --json")
    assert said.status == 1
    assert all(check["passed"] for check in said.json["checks"])
    assert [f["headline"] for f in said.json["findings"]] == ["tax gives the answer away"]
    assert glassnet(f"gradcheck houses.csv --target price{more}").status == 0


@pytest.mark.parametrize("more", ["", " --one-hot-up-to 2"], ids=["one-hot", "embedded"])
def test_a_column_that_gives_the_answer_away_can_be_left_out_as_advised(glassnet, tmp_path, more):
    table(tmp_path)
    line = f"doctor --data houses.csv --target price{more}"
    assert "\n          glassnet train … --drop tax\n" in glassnet(line).out
    left = [finding["name"] for finding in glassnet(f"{line} --drop tax --json").json["findings"]]
    assert "leaking features" not in left


@pytest.mark.parametrize("gate", ["and", "xor_gate"])
def test_all_rows_of_a_truth_table_may_be_learnt_and_tested(glassnet, gate):
    said = glassnet(f"doctor --data {gate}")
    assert (said.status, said.err) == (0, "")
    assert "✓ parts kept apart" in said.out
    assert "all rows that there are" in said.out


def test_before_a_training_that_has_no_test_part(glassnet):
    said = glassnet("doctor --data gauss --test-fraction 0 --json")
    assert said.status == 1
    checks = {check["name"]: check["passed"] for check in said.json["checks"]}
    assert checks == {
        "data normalised": True,
        "parts kept apart": False,
        "weights started": True,
        "loss fits": True,
        "learns 10 examples by heart": True,
    }
    assert "no other part" in [f["name"] for f in said.json["findings"]]


@pytest.mark.parametrize("command", ["doctor", "gradcheck"])
def test_help_fits_a_terminal(glassnet, command, monkeypatch):
    said = glassnet(f"{command} --help")
    assert said.status == 0
    assert "Exit status" in said.out
    assert max(map(len, said.out.splitlines())) <= 100


# ---- gradcheck --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["gradcheck moons", "gradcheck plane --activation tanh --hidden 6,5"])
def test_the_gradients_of_a_data_sets_network_are_right(glassnet, line):
    said = glassnet(line)
    assert said.status == 0
    assert "every gradient is right: the largest relative error is" in said.out


def test_the_gradients_of_a_model_are_right(glassnet, healthy):
    said = glassnet("gradcheck healthy --examples 8 --entries 10 --json")
    assert said.status == 0
    assert {p["name"] for p in said.json["parameters"]} == {f"{i}.{k}" for i in (0, 2, 4) for k in ("weight", "bias")}
    assert all(p["error"] < 1e-6 and p["entries"] <= 10 for p in said.json["parameters"])


def test_a_network_is_not_chosen_twice(glassnet, healthy):
    said = glassnet("gradcheck healthy --hidden 5")
    assert said.status == 2
    assert "got --hidden with the model healthy; expected it with a data set" in said.err


def test_a_wrong_gradient_is_shown(glassnet, monkeypatch):
    from glassnet.core.ops import OPS

    rule = OPS["linear"].vjp
    wrong = (rule[0], lambda *a, **k: rule[1](*a, **k) * 1.01, rule[2])
    kept = OPS["linear"]
    object.__setattr__(kept, "vjp", wrong)
    try:
        said = glassnet("gradcheck moons --hidden 4 --entries 5")
    finally:
        object.__setattr__(kept, "vjp", rule)
    assert said.status == 1
    assert "✗ 0.weight" in said.out
    assert "✓ 0.bias" in said.out
    assert "got a relative error of" in said.out
