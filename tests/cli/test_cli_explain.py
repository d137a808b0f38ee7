"""`glassnet explain`."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from glassnet.cli.explain_told import OPTIMIZERS
from glassnet.cli.models import load_trained
from glassnet.data.datasets import load_dataset
from glassnet.data.table import TableFile


@pytest.fixture
def moons_run(glassnet):
    glassnet("train moons --epochs 5 --noise 0.1 --n 200 --hidden 4 --quiet --output moons-run")
    return "moons-run"


def test_a_worked_example(glassnet):
    done = glassnet("explain --example w03")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "W03  Complete backpropagation of a 2-2-1 sigmoid network"
    assert "  a⁽¹⁾₁ = σ(z⁽¹⁾₁) = σ(0.9) = 0.711" in lines
    assert re.search(r"^z2 +1\.358 +1\.359 +rounded before it", done.out, re.M)
    assert "\x1b" not in done.out


def test_examples_are_listed(glassnet):
    lines = glassnet("explain --example list").out.splitlines()
    assert len(lines) == 58
    assert lines[7] == "W08  The chain rule for sin(x²)"


def test_a_network_of_ones_own(glassnet):
    weights = "0.4,0.6,0.3,0.5,0.1,0.2,0.7,0.8,0.3"
    line = f"explain --layers 2-2-1 --weights {weights} --x 0.5,1 --y 1 --activation sigmoid --loss bce --rate 0.1"
    done = glassnet(f"{line} --digits 5")
    assert (done.status, done.err) == (0, "")
    assert "z⁽²⁾ = 0.7·0.71095 + 0.8·0.70057 + 0.3 = 1.35812" in done.out
    assert "= 0.3 − 0.1·(−0.20455) = 0.32045" in done.out  # b2 - rate (yhat - y)


def test_random_weights_start_where_they_are_told(glassnet):
    first, again, other = (glassnet(f"explain --layers 3-2 --x 1,2,3 --seed {seed}").out for seed in (1, 1, 2))
    assert first == again != other


def test_an_expression(glassnet):
    done = glassnet("explain --given w=0.5,x=2,b=1", "(sigmoid(w*x + b) - 1)^2")
    assert done.status == 0
    assert done.out.startswith("(sigmoid(w*x + b) - 1)^2\n")
    assert "u = (σ(0.5·2 + 1) − 1)² = 0.0142" in done.out
    vector = glassnet("explain --given", "x=[1 2],w=3", "w*x")
    assert "u₂ = w·x₂ = 3·2 = 6" in vector.out


def test_a_saved_model_with_a_row_of_its_data(glassnet, moons_run):
    done = glassnet(f"explain {moons_run} --index 7")
    assert (done.status, done.err) == (0, "")
    assert re.search(r"^Test example 7: \S+ with \d+\.\d+ %, (right|wrong: it is \S+)\.$", done.out, re.M)
    assert "z⁽¹⁾₁ = W⁽¹⁾₁₁·x₁ + W⁽¹⁾₁₂·x₂ + b⁽¹⁾₁ = " in done.out
    assert "Backward" not in done.out
    learning = glassnet(f"explain {moons_run} --index 7 --optimizer adam --rate 0.01")
    for heading in ("Forward", "Loss", "Backward", "Update"):
        assert f"\n{heading}\n" in learning.out
    asked = glassnet(f"explain {moons_run} --x 0.5,-0.2 --class 1")
    assert len(re.findall(r"^z⁽2⁾|^z⁽²⁾ =", asked.out, re.M)) == 1
    assert "z⁽¹⁾ =" not in asked.out


def test_one_neuron_and_one_weight(glassnet, moons_run):
    neuron = glassnet(f"explain {moons_run} --index 7 --layer 1 --unit 2").out
    assert "z⁽¹⁾₂ = " in neuron
    assert "z⁽¹⁾₁" not in neuron
    weight = glassnet(f"explain {moons_run} --index 7 --rate 0.1 --layer 1 --unit 2 --weight 1 --gradcheck").out
    assert re.search(r"dW⁽¹⁾₂₁ = .* by differences", weight)
    assert "dW⁽¹⁾₂₂" not in weight


def test_why_a_digit(glassnet, digits_run):
    done = glassnet(f"explain {digits_run} --index 7 --why")
    assert (done.status, done.err) == (0, "")
    assert "Test example 7: 9 with" in done.out
    assert re.search(r"score +[+-]\d", done.out)
    assert "what the 784 inputs added" in done.out
    assert "→ class 9" in done.out
    total = sum(
        float(done_part) for done_part in re.findall(r"^.{31}(?:for it|against it|biases) +(\S+)$", done.out, re.M)
    )
    score = float(re.search(r"score +(\S+)$", done.out, re.M)[1])
    assert total == pytest.approx(score, abs=0.002)


def test_a_digit_is_explained(glassnet, digits_run):
    done = glassnet(f"explain {digits_run} --index 7 --class 3 --most 4 --digits 6")
    assert done.status == 0
    assert "others⟩" in done.out
    load_dataset("mnist")


@pytest.mark.parametrize(
    ("format", "begins", "file"),
    [
        ("markdown", "## One step of 2-1", "a.md"), ("latex", r"\documentclass{article}", "a.tex"),
        ("html", "<!doctype html>", "a.html"), ("json", "{", "a.json"),
    ],
)  # fmt: skip
def test_formats_on_the_screen_and_in_files(glassnet, clean_place, format, begins, file):
    line = "explain --layers 2-1 --weights 1,-2,0.5 --x 1,2 --y 1"
    shown = glassnet(f"{line} --format {format}")
    assert shown.out.startswith(begins)
    done = glassnet(f"{line} --output {file}")
    assert done.out == f"Written to {file}.\n"
    assert (clean_place / file).read_text("utf-8") == shown.out
    if format == "json":
        parts = [step["part"] for step in json.loads(shown.out)["steps"]]
        assert parts[0] == "forward"
        assert parts[-1] == "backward"


def test_a_file_without_a_known_ending_gets_plain_text(glassnet, clean_place):
    glassnet("explain --example W06 --output notes.txt")
    assert (clean_place / "notes.txt").read_text("utf-8").startswith("W06  ")


@pytest.mark.parametrize(("line", "said"), [("explain 1/0", "u = 1 / 0 = inf"), ("draw 1/0", "divide 1 by 0")])
def test_a_sum_without_names_is_no_path(glassnet, line, said):
    done = glassnet(line)
    assert (done.status, said in done.out) == (0, True)


def test_a_folder_that_reads_like_a_sum_is_a_folder(glassnet, clean_place):
    (clean_place / "2026-11").mkdir()
    assert "2026-11" in glassnet("explain 2026-11 --index 1").err
    done = glassnet("explain 2026-11")
    assert done.status != 0


def test_mistakes_with_models(glassnet, moons_run):
    for line, said, status in (
        ("explain no-such-run --index 1", "no-such-run", 1),
        (f"explain {moons_run}", "expected --index or --x", 2),
        (f"explain {moons_run} --index 99999", "Try --index", 2),
        (f"explain {moons_run} --x 1,2,3", "got 3 numbers in --x; expected 2", 2),
        (f"explain {moons_run} --index 1 --class 9", "got --class 9; expected 0 to 1", 2),
        (f"explain {moons_run} --index 1 --output {moons_run}", moons_run, 1),
    ):
        done = glassnet(line)
        assert (done.status, said in done.err, done.err.count("\n")) == (status, True, 1), done.err


def test_it_leaves_the_model_as_it_was(glassnet, moons_run, clean_place):
    before = (clean_place / moons_run / "model.safetensors").read_bytes()
    glassnet(f"explain {moons_run} --index 3 --rate 0.5")
    assert (clean_place / moons_run / "model.safetensors").read_bytes() == before
    assert np.frombuffer(before, np.uint8).size


def test_help(glassnet):
    done = glassnet("explain --help")
    assert done.status == 0
    assert "--gradcheck" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


# ---- rows of a table -------------------------------------------------------------------------------------------------


@pytest.fixture
def houses(glassnet, clean_place):
    """A run that has learnt prices of houses from numbers with gaps and from words."""
    rng, lines = np.random.default_rng(3), ["size,city,price"]
    for i in range(120):
        size, city = round(float(rng.uniform(50, 200)), 1), ("Ulm", "Rom", "Bonn")[i % 3]
        price = 3000 * size + 20000 * (i % 3) + 1e5
        lines.append(f"{size if i % 10 else ''},{city},{price:.0f}")
    (clean_place / "houses.csv").write_text("\n".join(lines) + "\n", "utf-8")
    assert glassnet("train houses.csv --target price --hidden 3 --epochs 20 --quiet --output run").status == 0
    return "run"


def steps_of(glassnet, line):
    return glassnet(f"{line} --format json --digits exact").json["steps"]


@pytest.mark.parametrize("index", [0, 4])  # the first has a gap
def test_a_row_is_told_from_raw_values_to_the_printed_answer(glassnet, houses, index):
    said = glassnet("predict run houses.csv").out.splitlines()[index + 1]
    steps = steps_of(glassnet, f"explain run houses.csv --index {index}")
    parts = [step["part"] for step in steps]
    assert parts[:2] == ["preparation", "preparation"]
    assert parts[2:-1] == ["forward"] * (len(steps) - 3)
    assert parts[-1] == "answer"
    assert f"{steps[-1]['lines'][0]['value']:.6g}" == said
    size, city = steps[:2]
    cells = (Path("houses.csv").read_text("utf-8").splitlines()[index + 1]).split(",")
    assert ("missing: filled with the mean" in size["words"]) is (not cells[0])
    assert size["lines"][0]["name"] == "x₁"
    assert size["lines"][1]["value"] == float(not cells[0])
    assert f"city is {cells[1]}: 1 for this word" in city["words"]
    assert sorted(line["value"] for line in city["lines"]) == [0.0, 0.0, 1.0]


def test_every_prepared_number_is_what_the_network_was_given(glassnet, houses):
    """The numbers of the preparation are those that stand in the first layer's sums."""
    steps = steps_of(glassnet, "explain run houses.csv --index 7")
    told = {line["name"]: line["value"] for step in steps[:2] for line in step["lines"]}
    code = load_trained(houses).table_code
    row = code.encode(TableFile("houses.csv").read().take([7]))[0]
    assert [told[f"x{'₁₂₃₄₅'[i]}"] for i in range(5)] == pytest.approx(row.tolist(), abs=1e-6)


def test_a_test_example_of_a_table_is_told_from_its_raw_values_too(glassnet, houses):
    shown = glassnet("predict run 3 --json").json[0]["prediction"][0]
    steps = steps_of(glassnet, "explain run --index 3")
    assert steps[0]["part"] == "preparation"
    assert steps[-1]["lines"][0]["value"] == pytest.approx(shown, rel=1e-9)
    learning = glassnet("explain run houses.csv --index 3 --rate 0.1").out
    order = [learning.index(f"\n{h}\n") for h in ("Preparation", "Forward", "Answer", "Loss", "Backward", "Update")]
    assert order == sorted(order)
    why = steps_of(glassnet, "explain run --index 3 --why")
    assert why[0]["part"] == "preparation"
    assert why[-1]["lines"][0]["value"] == pytest.approx(shown, rel=1e-6)
    assert "Preparation" not in glassnet("explain run --index 3 --layer 1").out


def test_a_class_of_a_row_is_told_to_its_probability(glassnet, houses):
    assert glassnet("train houses.csv --target city --hidden 3 --epochs 3 --quiet --output cities").status == 0
    said = glassnet("predict cities houses.csv --json").json[5]
    answer = steps_of(glassnet, "explain cities houses.csv --index 5")[-1]
    assert answer["result"] == pytest.approx([said[f"probability {c}"] for c in ("Bonn", "Rom", "Ulm")], rel=1e-4)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("explain run --x 120,1", "got --x for a model of a table; expected rows with names. Try glassnet explain run "
         "new.csv --index 0, a CSV file with the columns size,city."),
        ("explain run houses.csv", "got houses.csv without --index; expected the number of a row, from 0"),
        ("explain run houses.csv --index 120", "got --index 120; expected a row of houses.csv, 0 to 119"),
        ("explain run --index 1 --decimal comma", "got --decimal without a table; expected one to read"),
    ],
)  # fmt: skip
def test_rows_that_are_not_there(glassnet, houses, line, said):
    done = glassnet(line)
    assert (done.status, done.out) == (2, "")
    assert said in done.err


def test_a_table_needs_a_model_of_a_table(glassnet, moons_run):
    Path("points.csv").write_text("x1,x2\n1,2\n", "utf-8")
    done = glassnet(f"explain {moons_run} points.csv --index 0")
    assert done.status == 2
    assert "got the table points.csv for a model of 2 features" in done.err


def test_odd_names_of_columns_stay_names_in_every_format(glassnet, clean_place):
    lines = [r"a_b $%#&{,<c>\\d,p 1,p_2", *(f"{i},{'uv'[i % 2]},{i * 2},{i % 7}" for i in range(60))]
    Path("odd.csv").write_text("\n".join(lines) + "\n", "utf-8")
    assert glassnet("train odd.csv --target", "p 1,p_2", "--hidden", "2", "--quiet", "--output", "odd").status == 0
    said = {
        form: glassnet(f"explain odd odd.csv --index 1 --format {form}").out for form in ("latex", "markdown", "html")
    }
    assert r"Column a\_b \$\%\#\&\{ is 1:" in said["latex"]
    assert r"Column <c>\textbackslash{}\textbackslash{}d is v:" in said["latex"]
    assert r"Column &lt;c>\\\\d is v:" in said["markdown"]
    assert r"a_b \$%" in said["markdown"]
    assert "<c>" not in said["html"]
    assert "&lt;c&gt;" in said["html"]
    shown = glassnet("explain odd odd.csv --index 1").out
    assert "largest output" not in shown
    answers = glassnet("predict odd odd.csv --json").json[1]
    found = dict(re.findall(r"^  p([₁₂]) = .* = (\S+)(?:  \(.*)?$", shown, re.M))
    assert [float(found[i].replace("−", "-")) for i in "₁₂"] == pytest.approx(
        [answers["prediction p 1"], answers["prediction p_2"]], abs=2e-3
    )


def test_a_row_from_standard_input(glassnet, houses, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path("houses.csv").read_bytes())))
    told = glassnet("explain run - --index 3").out
    assert told.startswith("row 3 of standard input (line 5) in run\n")
    assert told == glassnet("explain run houses.csv --index 3").out.replace("houses.csv", "standard input")


@pytest.fixture
def towns(glassnet, clean_place):
    """Houses in forty towns, each of which is worth something of its own: too many for a column each."""
    rng = np.random.default_rng(3)
    lines = ["size,town,price"]
    for i in range(240):
        town, size = i % 40, rng.uniform(40, 200)
        lines.append(f"{size:.1f},t{town},{2 * size + 9 * town:.1f}")
    Path("towns.csv").write_text("\n".join(lines) + "\n", "utf-8")
    assert glassnet("train towns.csv --target price --epochs 3 --quiet --output run").status == 0


def test_an_embedded_column_is_told_by_its_row_of_numbers(glassnet, towns):
    told = glassnet("explain run towns.csv --index 5").out
    row = re.search(r"column town is t5, word (\d+) of 40: its numbers are learnt, in row (\d+) of E", told)
    assert int(row[2]) == int(row[1]) + 1
    assert "the rows of E⁽¹⁾ that x₂ names, x₁ and the others end to end" in told
    assert f"= E⁽¹⁾[{row[2]}," in told
    assert "slice(" not in told
    only = glassnet("explain run towns.csv --index 5 --layer 1").out
    assert "\ne⁽¹⁾ = " in only
    assert "\nz⁽²⁾ = " not in only
    assert "Try --layer" in glassnet("explain run towns.csv --index 5 --layer 9").err


def test_what_each_column_added_comes_to_the_answer(glassnet, towns):
    said = float(glassnet("predict run towns.csv").out.splitlines()[6])
    out = glassnet("explain run towns.csv --index 5 --why --digits 9").out
    assert out.startswith("Why price\n")
    assert re.search(r"Test example 3 \(row \d+ of towns.csv, line \d+\): ", glassnet("explain run --index 3").out)
    table = out[out.index("What each column added") :].replace("−", "-").splitlines()
    assert table[1].split() == ["column", "is", "adds", "in", "price"]
    rows = {line.split()[0]: line.split()[1:] for line in table[2:6]}
    assert rows["town"][0] == "t5"
    for place, total in ((-1, said), (-2, float(rows["together"][0]))):
        parts = [float(rows[name][place]) for name in ("size", "town", "biases")]
        assert sum(parts) == pytest.approx(float(rows["together"][place]), rel=1e-6)
        assert float(rows["together"][place]) == pytest.approx(total, rel=1e-5)
    assert abs(float(rows["town"][1])) > 1e-6


def test_a_class_by_its_name(glassnet):
    assert glassnet("train moons --epochs 1 --hidden 3 --quiet --output run").status == 0
    by_name, by_number = (glassnet(f"explain run --index 3 --class {word} --why") for word in ("Lower", "1"))
    assert by_name == by_number
    assert by_name.out.startswith("Why lower (class 1)")
    wrong = glassnet("explain run --index 3 --class lowest")
    assert (wrong.status, wrong.out) == (2, "")
    assert "got --class lowest; expected one of upper, lower. Try --class lower" in wrong.err


@pytest.mark.parametrize("index", range(3))
def test_what_predict_prints_of_points_is_told_to_its_last_number(glassnet, index):
    assert glassnet("train moons --epochs 2 --hidden 3 --quiet --output run").status == 0
    said = glassnet(f"predict run {index} --json").json[0]["probabilities"]
    steps = glassnet(f"explain run --index {index} --format json").json["steps"]
    assert steps[-1]["part"] == "answer"
    assert steps[-1]["result"] == pytest.approx(list(said.values()))
    first = steps[0]
    raw = load_dataset("moons").x_test[index]
    assert first["part"] == "preparation"
    assert [line["value"] for line in first["lines"]] == pytest.approx(list(first["result"]), rel=1e-6)
    assert [line["tree"]["parts"][0]["parts"][0]["value"] for line in first["lines"]] == pytest.approx(raw.tolist())


def test_a_number_beside_a_model_is_an_index(glassnet):
    assert glassnet("train moons --epochs 1 --hidden 3 --quiet --output runs/first").status == 0
    assert glassnet("explain first 7").out == glassnet("explain runs/first --index 7").out
    assert glassnet("draw last 7").out == glassnet("draw runs/first --index 7").out
    assert "got --unit 5 without --layer" in glassnet("explain last 7 --unit 5").err
    said = glassnet("explain last --figure accuracy --epoch 1").err
    assert "Try --figure validation-accuracy --epoch 1" in said


def test_a_data_set_with_a_slip_is_found_by_gradcheck(glassnet):
    done = glassnet("gradcheck mooons")
    assert (done.status, done.out) == (2, "")
    assert "neither a model nor a data set; expected one of them. Try glassnet gradcheck moons." in done.err


def test_weights_that_nobody_typed_are_said_to_be_random(glassnet):
    for command in ("explain", "draw"):
        done = glassnet(f"{command} --layers 2-1 --x 1,0 --seed 4")
        assert "manual_seed(4)" in done.out
        assert "manual_seed" not in glassnet(f"{command} --layers 2-1 --x 1,0 --weights 1,2,3").out


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        ("3x**2+3x", "x=1", "Try '3*x**2+3*x'"),
        ("2 (x+1)", "x=1", "Try '2*(x+1)'"),
        ("sigmoid(wx+b)", "w=2,x=-1,b=0.5", "got the name wx without a value; expected * between w and x. Try w*x"),
    ],
)
def test_products_without_a_sign_are_understood(glassnet, text, given, said):
    done = glassnet("explain", text, "--given", given)
    assert (done.status, done.out) == (2, "")
    assert said in done.err


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_of_any_optimizer_is_told(glassnet, optimizer):
    done = glassnet(f"explain --layers 2-2-1 --x 1,0 --y 1 --rate 0.1 --optimizer {optimizer} --format json")
    steps = [step for step in done.json["steps"] if step["part"] == "update"]
    moved = [step for step in steps if step["name"].startswith(("W′", "b′"))]
    assert {step["name"] for step in moved} == {"W′⁽¹⁾", "b′⁽¹⁾", "W′⁽²⁾", "b′⁽²⁾"}
    assert all(np.isfinite(step["result"]).all() for step in moved)
