"""`glassnet lr-find`: the picture, the advice, and that it writes nothing."""

import re
from pathlib import Path

import pytest


def test_the_curve_and_the_advice(glassnet):
    done = glassnet("lr-find moons --optimizer adam --hidden 8 --steps 100")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert len(lines) == 10 + 2 + 1 + 3
    assert "▲" in lines[10] or "^" in lines[10]
    assert lines[11].strip().startswith("1e-06")
    advice = re.fullmatch(r"the loss falls fastest at (\S+), and no longer above (\S+)", lines[13])
    assert 1e-5 < float(advice[1]) < float(advice[2]) < 10
    assert lines[14] == f"try glassnet train moons --optimizer adam --hidden 8 --learning-rate {advice[1]}"
    assert lines[15] == "where from? glassnet explain RUN --figure suggested-rate, once that has run"
    assert max(map(len, lines)) <= 80
    assert not Path("runs").exists()


def test_the_advice_can_be_followed(glassnet):
    done = glassnet("lr-find spiral --steps 200")
    command = done.out.splitlines()[-2].removeprefix("try glassnet ")
    assert glassnet(f"{command} --output run --json").json["test_accuracy"] >= 0.9
    asked = done.out.splitlines()[-1].partition("glassnet ")[2].partition(",")[0].replace("RUN", "run")
    assert "Suggested rate:" in glassnet(asked).out


def test_numbers_for_programs(glassnet):
    result = glassnet("lr-find sine --json --batch-sizes --smallest 1e-5 --largest 1").json
    assert len(result["rates"]) == len(result["losses"])
    assert result["rates"][0] == pytest.approx(1e-5)
    assert result["batch_sizes"]["suggestion"] in result["batch_sizes"]["sizes"]
    assert glassnet("lr-find sine --json").json["suggestion"] == glassnet("lr-find sine --json").json["suggestion"]


def test_what_is_usual_stands_beside_what_was_measured(glassnet):
    done = glassnet("lr-find sine --n 6000 --batch-sizes --steps 50")
    n = glassnet("train sine --n 6000 --epochs 1 --json").json["data"]["train"]
    usual = 32 if n < 5000 else 128
    assert done.out.splitlines()[-1] == f"what is usual for {n:,} examples: batches of {usual}"


def test_mistakes(glassnet):
    done = glassnet("lr-find moons --optimizer lbfgs")
    assert done.status == 2
    assert done.err == (
        "glassnet: got lbfgs, which takes all examples at once; expected an optimiser that learns from batches. "
        "Try --optimizer sgd.\n"
    )
    for useless in ("--learning-rate 1", "--live", "--explain-step 3"):
        done = glassnet(f"lr-find moons {useless}")
        assert (done.status, useless.split()[0] in done.err) == (2, True)
    assert glassnet("lr-find").status == 2
    done = glassnet("lr-find moons --smallest 1 --largest 0.1")
    assert done.status in (1, 2)
    assert "expected a range that rises" in done.err


def test_options_that_mean_nothing_here_are_not_offered(glassnet):
    told = glassnet("lr-find --help").out
    for option in ("tensorboard", "open", "nan-guard", "patience", "min-delta", "monitor", "time-budget", "ema"):
        assert f"--{option}" not in told
    assert "result.json" not in told
    assert "--json" in told


@pytest.mark.parametrize("command", ["gradcheck", "lr-find", "sweep", "train"])
def test_a_table_without_its_target_is_asked_for_by_the_same_command(glassnet, command):
    Path("houses.csv").write_text("size,price\n" + "".join(f"{i},{3 * i + i % 7}\n" for i in range(60)), "utf-8")
    done = glassnet(f"{command} houses.csv")
    assert done.status == 2
    assert done.err.endswith(f"Try glassnet {command} houses.csv --target price.\n")
