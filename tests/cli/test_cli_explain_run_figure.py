"""`glassnet explain … --figure NAME`, over real runs: every figure comes out as it was printed, and recomputes."""

import contextlib
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from glassnet.cli.doctor import examine
from glassnet.cli.explain import OPTIONS
from glassnet.cli.explain_figure import _CHOOSING, ALL_FIGURES, figure_of
from glassnet.cli.main import main
from glassnet.cli.models import load_trained
from glassnet.cli.options import parse
from glassnet.data.datasets import load_dataset
from glassnet.files import strict_json
from glassnet.read.folds import pieces_along
from glassnet.read.formula import Value, evaluate, leaves
from glassnet.train.runs import Run
from glassnet.train.settings import Settings


def story(path, figure):
    """What is told of a figure."""
    return figure_of(path, parse([path, "--figure", *figure.split()], OPTIONS))


def recomputed(path, figure):
    """The number that a figure comes to, once every line of its story came out of its formula."""
    document = story(path, figure)
    for line in document.equations():
        assert float(evaluate(line.formula)) == pytest.approx(float(line.value), rel=1e-6, abs=1e-9), line
    assert document.text(80)
    assert max(document.latex()) < "ŀ"  # what pdflatex knows by itself
    return float(document.steps[-1].result)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A run of classes, one of values, one of labels, a sweep, and what the commands printed."""
    folder = tmp_path_factory.mktemp("figures")
    rng = np.random.default_rng(0)
    size, rooms = rng.uniform(20, 200, 160), rng.integers(1, 6, 160)
    price = 1000 * size + 5000 * rooms + rng.normal(0, 4000, 160)
    rows = "".join(f"{s:.1f},{r},{p:.0f}\n" for s, r, p in zip(size, rooms, price, strict=True))
    (folder / "houses.csv").write_text("size,rooms,price\n" + rows, encoding="utf-8")
    a, b = rng.normal(size=(2, 120))
    rows = "".join(f"{x:.3f},{y:.3f},{int(x > 0)},{int(x + y > 0)}\n" for x, y in zip(a, b, strict=True))
    (folder / "tags.csv").write_text("a,b,up,sum\n" + rows, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in (
            "train moons --epochs 4 --hidden 3 --batch-size 32 --validation 0.1 --accumulate 3 --output run",
            "train houses.csv --target price --epochs 4 --hidden 4 --validation 0.2 --quiet --output values",
            "train tags.csv --target up,sum --clip-norm 0.05 --epochs 4 --hidden 4 --validation 0.2 --quiet "
            "--output labels",
            "sweep moons --grid width=2,4 --grid lr=0.01,0.1 --epochs 2 --workers 1 --quiet --output sweep",
        ):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                assert main(line.split()) == 0
            if line.endswith("--output run"):
                Path("printed.txt").write_text(printed.getvalue(), encoding="utf-8")
    return folder


@pytest.fixture
def here(place, monkeypatch):
    """Work in that folder, which no test changes."""
    monkeypatch.chdir(place)
    return place


def result(run):
    return strict_json.loads(Path(run, "result.json").read_bytes(), source=run)


def history(run):
    return [json.loads(line) for line in Path(run, "history.jsonl").read_text("utf-8").splitlines()]


def before(run):
    return json.loads(Path(run, "result.json").read_text("utf-8"))["before"]


# Each figure of the table: of which run, and the number that a command prints for it.
PRINTED = {
    "accuracy": ("run", lambda call: call("evaluate run --json").json["accuracy"]),
    "mistakes": ("run", lambda call: int(re.search(r"(\d+) wrong", call("evaluate run").out)[1])),
    "precision --class 1": ("run", lambda call: share_of(call("evaluate run --json").json["confusion"], 1, 0)),
    "recall --class 1": ("run", lambda call: call("evaluate run --json").json["per_class_accuracy"][1]),
    "f1 --class 0": ("run", lambda call: f1_of(call("evaluate run --json").json["confusion"], 0)),
    "confusion --class 1": ("run", lambda call: sum(call("evaluate run --json").json["confusion"][1])),
    "loss": ("run", lambda call: call("evaluate run --json").json["loss"]),
    "calibration": ("run", lambda call: found(call("plot run calibration"), r"calibration error ([\d.]+)")),
    "exact": ("labels", lambda call: call("evaluate labels --json").json["exact"]),
    "there --class 0": ("labels", lambda call: found(call("evaluate labels"), r"up +([\d.]+) %") / 100),
    "r2": ("values", lambda call: call("evaluate values --json").json["r2"]),
    "rmse": ("values", lambda call: call("evaluate values --json").json["rmse"]),
    "mae": ("values", lambda call: mae_of(call)),
    "epoch-loss --epoch 2": ("run", lambda call: history("run")[1]["loss"]),
    "epoch-loss --epoch 0": ("run", lambda call: before("run")["loss"]),
    "validation-loss --epoch 0": ("run", lambda call: before("run")["validation_loss"]),
    "validation-accuracy --epoch 0": ("run", lambda call: before("run")["validation_accuracy"]),
    "validation-rmse --epoch 0": ("values", lambda call: before("values")["validation_rmse"]),
    "validation-loss --epoch 3": ("run", lambda call: history("run")[2]["validation_loss"]),
    "validation-accuracy": ("run", lambda call: history("run")[3]["validation_accuracy"]),
    "validation-exact": ("labels", lambda call: history("labels")[3]["validation_exact"]),
    "validation-rmse --epoch 1": ("values", lambda call: history("values")[0]["validation_rmse"]),
    "validation-mae --epoch 0": ("values", lambda call: before("values")["validation_mae"]),
    "validation-mae": ("values", lambda call: history("values")[3]["validation_mae"]),
    "validation-r2": ("values", lambda call: history("values")[3]["validation_r2"]),
    "gradient-norm": ("run", lambda call: history("run")[3]["gradient_norm"]),
    "gradient-norm-unclipped --epoch 1": ("labels", lambda call: history("labels")[0]["gradient_norm_unclipped"]),
    "weight --epoch 2 --unit 2 --weight 1": ("run", lambda call: weight_of(call, 2, 1, 0)),
    "weight --epoch 0 --unit 3": ("run", lambda call: max((weight_of(call, 0, 2, i) for i in (0, 1)), key=abs)),
    "batch-accuracy --epoch 2": ("run", lambda call: history("run")[1]["batch_accuracy"]),
    "rate --epoch 2": ("run", lambda call: history("run")[1]["rate"]),
    "learnt": ("run", lambda call: typed(r"accuracy ([\d.]+) % on [\d,]+ examples learnt from") / 100),
    "best-epoch": ("run", lambda call: min(e["validation_loss"] for e in history("run"))),
    "parameters": ("run", lambda call: result("run")["parameters"]),
    "examples": ("run", lambda call: 0.1),  # the share that --validation asked for
    "updates": ("run", lambda call: typed(r"(\d+) updates an epoch")),
    "seen": ("run", lambda call: typed(r"([\d,]+) examples in")),
    "speed": ("run", lambda call: result("run")["examples_per_second"]),
    "seconds": ("run", lambda call: result("run")["seconds"]["training"]),
    "memory": ("run", lambda call: Path("run/model.safetensors").stat().st_size),
    "files": ("run", lambda call: Path("run/weights.safetensors").stat().st_size / 1000),
    "layer-mean --layer 2": ("run", lambda call: looked(call, 2, 1)),
    "layer-spread --layer 3": ("run", lambda call: looked(call, 3, 2)),
    "layer-spread --layer 1 --step 0": ("run", lambda call: looked(call, 1, 2, first=True)),
    "dead-units --step 0": ("run", lambda call: Run("run").activity.looks[0].layers[1].dead),
    "typical-gradient": ("run", lambda call: Run("run").activity.looks[-1].weights[-1].gradient_rms),
    "update-share --step 0": ("run", lambda call: Run("run").activity.looks[0].weights[-1].update),
    "guess": ("run", lambda call: found(call("runs report run"), r"most frequent class \| ([\d.]+) %") / 100),
    "linear": ("run", lambda call: found(call("runs report run"), r"logistic regression \| ([\d.]+) %") / 100),
    "against": ("run", lambda call: against(call("runs report run").out)),
    "suggested-rate": ("run", lambda call: rates(call)["suggestion"]),
    "largest-rate": ("run", lambda call: rates(call)["largest"]),
    "noise-scale": ("run", lambda call: rates(call, "--batch-sizes")["batch_sizes"]["noise_scale"]),
    "parted --layer 2": ("run", lambda call: probed(call, -1) / 100),
    "directions --layer 1": ("run", lambda call: probed(call, -3, 1) / 100),
    "zeros --layer 2": ("run", lambda call: probed(call, -4) / 100),
    "regions": ("run", lambda call: found(call("probe run folds"), r"([\d,]+) linear regions")),
    "pieces --to 3": ("run", lambda call: lengths(call).max()),
    "units --layer 1 --unit 2": ("run", lambda call: np.mean(units(call, 1)[1] == 0)),
    "collapse": ("run", lambda call: call("probe run collapse --format json").json["parameters"][1]),
    "slice-loss": ("run", lambda call: min(call("probe run slice --format json").json["losses"])),
    "slice-loss --distance=-1": ("run", lambda call: call("probe run slice --format json").json["losses"][0]),
    "slice-loss --distance 0.5 --along random --seed 3 --n 50": (
        "run",
        lambda call: call("probe run slice --along random --seed 3 --n 50 --reach 0.5 --points 3 --format json").json[
            "losses"
        ][-1],
    ),
    "slice-loss --distance 0": ("values", lambda call: found(call("probe values slice"), r"here ([\d.]+)")),
    "surface-loss": ("run", lambda call: np.min(call("probe run surface --format json").json["losses"])),
    "surface-loss --distance 1,-1": ("run", lambda call: call("probe run surface --format json").json["losses"][0][-1]),
    "surface-loss --along 0.weight[0,1],2.bias[0]": (
        "run",
        lambda call: found(call("probe run surface --weights 0.weight[0,1],2.bias[0]"), r"from ([\d.]+)"),
    ),
    "best-trial": ("sweep", lambda call: result("sweep")["best"]["score"]),
    "trial --index 2": ("sweep", lambda call: score_of_trial(2)),
    "settings": ("sweep", lambda call: min(spreads(), key=lambda s: abs(s - recomputed("sweep", "settings")))),
}

APART = (
    "saturated-units",
    "doctor",
    "checks",
    "gradient",
    "batch-sizes",
)  # several numbers, a limit that is passed, or a time


def typed(pattern):
    """What train printed of the run of classes."""
    return float(re.search(pattern, Path("printed.txt").read_text("utf-8"))[1].replace(",", ""))


def found(outcome, pattern):
    return float(re.search(pattern, outcome.out)[1])


def probed(call, column, layer=2):
    """A share that `probe hidden` prints of a layer."""
    line = next(line for line in call("probe run hidden").out.splitlines() if line.startswith(f"{layer} "))
    return float(line.replace(" %", "").replace("%", "").split()[column])


def looked(call, layer, column, first=False):
    """What `plot activations` prints of a layer: its step, mean, spread."""
    rows = re.findall(r"(\d+)  +(-?[\d.]+)  +(-?[\d.]+) .*\|", call("plot run activations").out)
    return float(rows[2 * (layer - 1) + (not first)][column])


def weight_of(call, epoch, unit, place):
    """What `plot weights` prints, whose units are counted from 0."""
    rows = call(f"plot run weights --epoch {epoch}").out.splitlines()
    return float(next(row for row in rows if row.split()[:1] == [str(unit)]).split()[1 + place])


def lengths(call):
    return np.diff(pieces_along(load_trained("run").model, *load_trained("run").prepare(moons().x_test[[0, 3]])).breaks)


def moons():
    return load_dataset("moons")


def units(call, layer):
    return np.moveaxis(np.array(call(f"probe run units --layer {layer} --format json").json["values"]), -1, 0)


def share_of(confusion, k, axis):
    return confusion[k][k] / np.array(confusion).sum(axis=axis)[k]


def f1_of(confusion, k):
    recall, precision = share_of(confusion, k, 1), share_of(confusion, k, 0)
    return 2 * recall * precision / (recall + precision)


def mae_of(call):
    answers = [call(f"predict values {i} --json").json[0] for i in range(24)]
    return np.mean([abs(a["prediction"][0] - a["truth"][0]) for a in answers])


def against(report):
    mine, other = (
        1 - float(re.search(rf"{name}\W* \| ([\d.]+) %", report)[1]) / 100
        for name in ("this network", "logistic regression")
    )
    return mine / other


def rates(call, more=""):
    line = "lr-find moons --hidden 3 --batch-size 32 --validation 0.1 --accumulate 3 --json"
    return call(f"{line} {more}").json


def score_of_trial(number):
    lines = Path("sweep/trials.jsonl").read_text("utf-8").splitlines()
    return next(t["score"] for t in map(json.loads, lines) if t["trial"] == number)


def spreads():
    return [e["spread"] for effects in result("sweep")["effects"].values() for e in effects]


def test_the_walk_leaves_no_figure_out():
    assert {figure.split()[0] for figure in PRINTED} | set(APART) == set(ALL_FIGURES)
    assert all(set(row.takes) <= set(_CHOOSING) for row in ALL_FIGURES.values())


@pytest.mark.parametrize("figure", PRINTED)
def test_every_figure_comes_out_as_it_was_printed(figure, here, glassnet):
    run, printed = PRINTED[figure]
    rough = figure in (
        "against",
        "calibration",
        "learnt",
        "guess",
        "linear",
        "there --class 0",
        "directions --layer 1",
        "zeros --layer 2",
        "layer-mean --layer 2",
        "weight --epoch 2 --unit 2 --weight 1",
        "weight --epoch 0 --unit 3",
        "layer-spread --layer 3",
        "layer-spread --layer 1 --step 0",
        "slice-loss --distance 0",
        "surface-loss --along 0.weight[0,1],2.bias[0]",
    )  # of a rounded text
    assert recomputed(run, figure) == pytest.approx(printed(glassnet), rel=2e-2 if rough else 1e-4)


def test_the_findings_are_those_of_the_doctor(here, glassnet):
    said = glassnet("doctor run --json").json["findings"]
    assert recomputed("run", "doctor") == 1.0
    assert story("run", "doctor").summary == [f"{finding['headline']}." for finding in said]
    assert said


def test_the_checks_are_those_of_the_doctor_before_training(here):
    run = Run("run")
    lines, _ = examine(load_dataset("moons"), Settings.from_dict(run.config["settings"]))
    recomputed("run", "checks")
    document = story("run", "checks")
    told = [float(v) for step in document.steps for v in numbers_of(step)]
    for line in lines:
        for figure in (v for v in line.figures.values() if isinstance(v, float)):
            found_in_words = f"{figure:.3g}" in document.steps[-1].words
            assert found_in_words or any(figure == pytest.approx(v, rel=1e-5, abs=1e-6) for v in told), line
    assert all(step.result == 1 for step in story("run", "checks").steps if step.symbol.letter == "ok") == all(
        line.passed for line in lines
    )


def numbers_of(step):
    return [step.result, *(leaf.value for leaf in leaves(step.formula) if isinstance(leaf, Value))]


def test_the_worst_slope_is_that_of_gradcheck(here, glassnet):
    worst = max(glassnet("gradcheck run --json").json["parameters"], key=lambda p: p["error"])
    assert recomputed("run", "gradient") == 1.0
    found = {step.symbol.letter: float(step.result) for step in story("run", "gradient").steps}
    assert found["error"] == pytest.approx(worst["error"], rel=1e-6)
    assert found["n"] == pytest.approx(worst["numeric"], rel=1e-9)


def test_batch_sizes_are_timed_anew_and_compared_with_the_best(here):
    recomputed("run", "batch-sizes")
    document = story("run", "batch-sizes")
    costs = {step.symbol.index[0]: float(step.result) for step in document.steps if step.symbol.letter == "cost"}
    assert list(costs) == [16, 32, 64, 128, 256]  # as many as the 360 examples fill
    assert min(costs.values()) == 1
    assert document.summary == [f"Least time: batches of {min(costs, key=lambda size: costs[size])}."]


def test_regions_of_more_than_a_plane_are_refused(glassnet, clean_place):
    glassnet("train sine --epochs 1 --hidden 4 --quiet --output line")
    said = glassnet("explain line --figure regions")
    assert said.status == 2
    assert said.err == (
        "glassnet: got a network of 1 input; expected 2, a plane. Try glassnet probe line folds, which counts along a "
        "line.\n"
    )


def test_a_run_of_values_and_one_of_labels_are_told_too(here):
    for run in ("values", "labels"):
        for figure in ("learnt", "guess", "linear", "against", "checks", "doctor", "gradient", "examples", "memory"):
            recomputed(run, figure)
    for figure in ("rmse", "mae", "r2"):
        assert "price" in story("values", f"{figure} --class 0").title or recomputed("values", figure)


def test_every_file_of_a_run_adds_up_to_the_byte(here):
    for run in ("run", "values", "labels"):
        recomputed(run, "files")
        sizes = [step.result for step in story(run, "files").steps if step.symbol.letter == "f"]
        names = sorted(path.name for path in Path(run).iterdir() if path.is_file())
        assert sizes == [Path(run, name).stat().st_size for name in names]


def test_every_look_is_taken_again_as_it_was(glassnet, clean_place):
    line = "train three_spirals --n 300 --epochs 3 --hidden 8,6 --dropout 0.2 --normalization batch --ema 0.9"
    assert glassnet(f"{line} --validation 0.2 --optimizer sgd --quiet --output run").status == 0
    looks = Run("run").activity.looks
    assert len(looks) > 1
    for look in looks[:3] + looks[-1:]:
        for figure in ("layer-mean", "layer-spread", "dead-units", "typical-gradient"):
            recomputed("run", f"{figure} --step {look.step}")
            assert len(story("run", f"{figure} --step {look.step}").notes) == 1  # none that the run says otherwise
    for look in [look for look in looks if look.weights[0].update is not None][:3]:
        assert len(story("run", f"update-share --step {look.step}").notes) == 1


def test_units_at_an_end_of_their_range_are_counted(glassnet, clean_place):
    line = "train moons --epochs 2 --hidden 6 --activation tanh --optimizer sgd --learning-rate 30 --quiet"
    assert glassnet(f"{line} --output run").status == 0
    last = Run("run").activity.looks[-1]
    assert recomputed("run", "saturated-units") == last.layers[1].saturated > 0
    assert not story("run", "dead-units").steps
    assert "None" in story("run", "dead-units").summary[0]


def test_every_figure_is_listed_with_who_prints_it(glassnet):
    listed = glassnet("explain --figure").out
    assert all(re.search(rf"^  {name} ", listed, re.MULTILINE) for name in ALL_FIGURES)
    assert max(map(len, listed.splitlines())) <= 100
    headings = [line for line in listed.splitlines() if line and not line.startswith(" ")]
    assert len(headings) == len(set(headings))
    for view in ("width", "depth", "descent"):
        assert re.search(rf"^  probe {view} ", listed, re.MULTILINE)


def test_what_is_counted_anew_is_counted_as_the_list_says(glassnet):
    widths = glassnet("probe width --widths 3 --steps 2 --format json").json["rows"]
    x = np.arange(1001) / 1000
    off = np.interp(x, [0, 1 / 3, 2 / 3, 1], np.sin(2 * np.pi * np.array([0, 1 / 3, 2 / 3, 1]))) - np.sin(2 * np.pi * x)
    assert widths[0]["built"] == pytest.approx(np.sqrt(np.mean(off**2)), rel=1e-9)
    assert widths[0]["learnt"] == pytest.approx(np.mean(widths[0]["learnt_each"]))
    depths = glassnet("probe depth --depths 2 --parameters 60 --steps 2 --format json").json["shapes"]
    n = depths[0]["hidden"][0]
    assert depths[0]["parameters"] == 2 * n + (n + 1) * n + (n + 1)
    assert len(depths[0]["errors"]) == 3
    path = glassnet("probe descent --ground valley --optimizer sgd --steps 3 --format json").json[0]
    (a, b), height = path["points"][-1], path["heights"][-1]
    assert height == pytest.approx(a * a / 2 + 10 * b * b)


CUTS = "plateau --plateau-patience 1 --min-delta 9"  # no epoch is better than the first


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine", "one-cycle", "step", "exponential", CUTS])
@pytest.mark.parametrize("warm_up", [0.0, 0.4])
def test_the_rate_of_every_epoch(glassnet, clean_place, schedule, warm_up):
    line = f"train moons --epochs 4 --hidden 3 --batch-size 32 --schedule {schedule} --warm-up {warm_up} --quiet"
    assert glassnet(f"{line} --output run").status == 0
    for entry in history("run"):
        document = story("run", f"rate --epoch {entry['epoch']}")
        assert not document.notes
        assert float(document.steps[-1].result) == pytest.approx(entry["rate"], rel=1e-9)
        recomputed("run", f"rate --epoch {entry['epoch']}")


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("explain run --figure rate --epoch 9", 2, r"got --epoch 9; .* from 1 to 4 .*Try --epoch 4"),
        (
            "explain run --figure loss --epoch 2",
            2,
            r"got --epoch with --figure loss; .* Try --figure epoch-loss --epoch 2",
        ),
        ("explain run --figure loss --class 1", 2, r"got --class with --figure loss; expected it with precision"),
        ("explain run --index 2 --epoch 2", 2, r"got --epoch 2 alone; .* Try --figure epoch-loss"),
        ("explain run --figure rate --index 2", 2, r"got --index with --figure rate; expected a figure of all"),
        ("explain run --figure zeros --layer 9", 2, r"got --layer 9 of 3; expected 0 .* Try --layer 3"),
        ("explain run --figure rate --layer 1", 2, r"got --layer with --figure rate"),
        (
            "explain run --figure layer-mean --step 999",
            2,
            r"got --step 999; expected a step that was looked at: 0, .* Try",
        ),
        ("explain run --figure layer-mean --epoch 9", 2, r"got --epoch 9; expected 0 to 4\. Try --epoch 4"),
        ("explain run --figure typical-gradient --layer 2", 2, r"got --layer 2; expected 1, 3\. Try --layer 1"),
        ("explain run --step 3", 2, r"got --step 3 alone; .* Try --figure layer-mean"),
        ("explain run --figure slice-loss --distance 1,2", 2, r"got --distance 1,2; expected one number\. Try"),
        ("explain run --figure slice-loss --along up", 2, r"got --along up; expected gradient or random\. Try --along"),
        (
            "explain run --figure surface-loss --along 0.weight[9,9],2.bias[0]",
            2,
            r"got 0\.weight\[9, 9\]; expected a place",
        ),
        ("explain run --figure units --unit 9", 2, r"got --unit 9 of layer 2; expected 1 to 3\. Try --unit 3"),
        ("explain run --figure weight --unit 9", 2, r"got --unit 9; expected 1 to 3\. Try --unit 3"),
        ("explain run --figure weight --layer 3", 2, r"got --layer 3; expected 1 to 2\. Try --layer 2"),
        ("explain run --figure weight --epoch 9", 2, r"got --epoch 9; expected 0 to 4\. Try --epoch 4"),
        ("explain run --figure loss --weight 1", 2, r"got --weight with --figure loss; expected a figure of all"),
        ("explain run --figure pieces --to 999", 2, r"got --to 999; expected 0 to \d+\. Try --to"),
        ("explain run --figure pieces --to 0", 2, r"got --to 0, where it starts; expected another\. Try --to 1"),
        ("explain values --figure parted", 2, r"got a regression; .* Try --figure directions"),
        ("explain run --figure rmse", 2, r"got --figure rmse; expected one of accuracy, .* Try --figure accuracy"),
        ("explain values --figure accuracy", 2, r"got --figure accuracy; expected one of r2, .* Try --figure r2"),
        ("explain sweep --figure trial --index 9", 2, r"got --index 9; .* 0 to 3\. Try --index 3"),
        ("explain run --figure trial", 1, r"got run, which holds no sweep\.json; expected the folder of a sweep"),
        ("explain sweep --figure epoch-loss", 2, r"got a model file; expected a run folder"),
        ("explain run/model.safetensors --figure rate", 2, r"got a model file; .* Try the folder"),
        ("explain run --figure validation-rmse", 2, r"without the validation rmse of its epochs; expected one of"),
    ],
)
def test_mistakes_are_answered(glassnet, here, line, status, said):
    done = glassnet(line)
    assert (done.status, done.out) == (status, "")
    assert re.search(said, done.err)


def test_a_run_without_validation_has_no_best_epoch(glassnet, clean_place):
    assert glassnet("train moons --epochs 2 --hidden 3 --quiet --output run").status == 0
    done = glassnet("explain run --figure best-epoch")
    assert done.status == 2
    assert "Try train … --validation 0.1" in done.err
    assert np.isfinite(recomputed("run", "epoch-loss"))  # the last epoch, where none is named
    assert recomputed("run", "validation-accuracy") == history("run")[1]["test_accuracy"]  # the test examples then
