"""A run as one object for a page: the right numbers, of bounded size, whatever the folder holds."""

import base64
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet import nn
from glassnet.core.tensor import wrap
from glassnet.data.datasets import load_dataset
from glassnet.data.registry import DataSet
from glassnet.files import strict_json
from glassnet.train.activity import Activity, probe
from glassnet.train.evaluation import Classification, Regression, classification
from glassnet.train.first_layer import FirstLayer
from glassnet.train.history import HistoryFile
from glassnet.train.multilabel import Multilabel
from glassnet.train.predictions import write_predictions
from glassnet.train.report_data import SECTIONS, Source, report_data, thinned
from glassnet.train.report_examples import boundary, mistakes
from glassnet.train.report_scores import judged
from glassnet.train.report_weights import activity, first_weights, quantised
from glassnet.train.runs import Run
from glassnet.train.settings import Settings
from glassnet.train.trained import Trained
from glassnet.train.training import Training

CONFIG = {"data": {"name": "moons", "task": "classification", "classes": ["upper", "lower"]}, "settings": {"seed": 3}}


def loads(text):
    return json.loads(text, parse_constant=pytest.fail)


def as_json(told):
    return loads(strict_json.dumps(told, non_finite="null"))


def folder_with(place, entries=(), config=CONFIG, **result):
    place.mkdir(exist_ok=True)
    (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if result:
        (place / "result.json").write_text(json.dumps(result), encoding="utf-8")
    with HistoryFile(place) as file:
        for entry in entries:
            file.append(entry)
    return Run(str(place))


def curve(run, figure, part="training"):
    curves = report_data(Source(run))["curves"]
    return next(c for c in curves if (c["figure"], c["part"]) == (figure, part))


# ---- curves ---------------------------------------------------------------------------------------------------------


def test_numbers_that_are_not_finite_are_counted_and_placed(tmp_path):
    losses = [0.5, 0.25, math.nan, math.inf, 0.75]
    run = folder_with(tmp_path / "run", [{"epoch": i, "loss": v} for i, v in enumerate(losses, 1)])
    found = curve(run, "loss")
    assert (found["x"], found["y"]) == ([1, 2, 5], [0.5, 0.25, 0.75])
    assert (found["lost"], found["lost_from"], found["last"]) == (2, 3, 0.75)


def test_the_parts_of_a_figure_are_told_apart_and_the_mean_of_weights_is_no_epoch(tmp_path):
    lines = [{"epoch": 1, "loss": 1.0, "validation_loss": 2.0, "test_accuracy": 0.5, "note": "words"}]
    run = folder_with(tmp_path / "run", [*lines, {"epoch": 1, "averaged": True, "loss": 9.0}])
    curves = report_data(Source(run))["curves"]
    assert [(c["figure"], c["part"], c["y"]) for c in curves] == [
        ("loss", "training", [1.0]),
        ("loss", "validation", [2.0]),
        ("accuracy", "test", [0.5]),
    ]


def test_a_long_history_keeps_its_ends_and_a_bounded_number_of_points(tmp_path):
    run = folder_with(tmp_path / "run", [{"epoch": i, "loss": 1 / i} for i in range(1, 5001)])
    found = curve(run, "loss")
    assert len(found["x"]) == 2000
    assert (found["x"][0], found["x"][-1]) == (1, 5000)


@given(n=st.integers(1, 10_000), most=st.integers(2, 300))
def test_thinning_keeps_the_ends_and_the_order(n, most):
    places = thinned(n, most)
    assert len(places) <= most
    assert (places[0], places[-1]) == (0, n - 1)
    assert (np.diff(places) > 0).all()


# ---- scores ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_shares_of_each_class_are_those_of_counting(pairs):
    labels, said = (np.array(column) for column in zip(*pairs, strict=True))
    told = as_json(judged(classification(np.eye(4)[said] * 5, labels), "test", "abcd"))
    for c in range(4):
        right = sum(a == b == c for a, b in pairs)
        named, true = sum(b == c for _, b in pairs), sum(a == c for a, _ in pairs)
        assert told["classes"]["precision"][c] == (pytest.approx(right / named) if named else None)
        assert told["classes"]["recall"][c] == (pytest.approx(right / true) if true else None)
        assert told["classes"]["f1"][c] == (pytest.approx(2 * right / (named + true)) if named + true else None)
        assert told["classes"]["examples"][c] == true
    assert sum(n for _, _, n in told["pairs"]) == told["wrong"] == sum(a != b for a, b in pairs)
    assert sum(told["calibration"]["count"]) == len(pairs)


def test_many_classes_have_pairs_instead_of_a_matrix_and_no_calibration_without_probabilities():
    said, labels = np.arange(60), np.roll(np.arange(60), 1)
    labels[30:40], said[30:40] = 7, 8
    p = np.zeros((60, 60))
    p[np.arange(60), said] = 0.4  # what is kept of very many classes: the one that was named
    counts = np.bincount(labels * 60 + said, minlength=3600).reshape(60, 60)
    told = judged(Classification(1.0, counts, p, said, labels), "test", [str(i) for i in range(60)])
    assert told["confusion"] is None
    assert told["pairs"][0] == [7, 8, int(counts[7, 8])]
    assert told["calibration"] is None


def test_values_have_their_errors_in_the_targets_own_units():
    true, said = np.array([[1.0, 10.0], [3.0, 30.0]]), np.array([[2.0, 10.0], [5.0, 30.0]])
    told = as_json(judged(Regression(said, true, np.array([1.0, 10.0])), "test", ["a", "b"]))
    first, second = told["outputs"]
    assert first["rmse"] == pytest.approx(math.sqrt((1 + 4) / 2))
    assert (first["mae"], first["r2"]) == (1.5, pytest.approx(1 - 2.5))
    assert (second["rmse"], second["r2"]) == (0, 1)
    assert sum(first["errors"]["counts"]) == 2


def test_labels_count_every_answer_in_the_calibration():
    told = as_json(judged(Multilabel(np.array([[2.0, -1.0], [0.5, 3.0]]), np.array([[1.0, 0], [0, 1]])), "test", "ab"))
    assert (told["accuracy"], told["exact"]) == (0.75, 0.5)
    assert sum(told["calibration"]["count"]) == 4
    assert told["classes"]["examples"] == [1, 1]


# ---- examples -------------------------------------------------------------------------------------------------------


def images(n, shape, dtype=np.uint8, classes=2):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 256, (n, *shape)).astype(dtype)
    y = rng.integers(0, classes, n)
    names = tuple(str(i) for i in range(math.prod(shape)))
    return DataSet("pictures", "classification", "", "", tuple("ab"), names, x, y, x, y)


def all_wrong(data):
    p = np.random.default_rng(6).normal(size=len(data.y_test)) ** 2 + 0.1
    return classification(np.stack([p, -p], axis=1) * np.where(data.y_test == 1, 1, -1)[:, None], data.y_test.copy())


def test_mistakes_come_surest_first_with_the_very_pixels():
    data = images(30, (4, 3))
    test = all_wrong(data)
    told = as_json(mistakes(test, "test", data))
    assert (told["total"], len(told["at"])) == (30, 30)
    assert told["sure"] == sorted(told["sure"], reverse=True)
    assert told["label"] == data.y_test[told["at"]].tolist()
    pixels = np.frombuffer(base64.b64decode(told["images"]["pixels"]), np.uint8).reshape(30, 4, 3)
    np.testing.assert_array_equal(pixels, data.x_test[told["at"]])


@pytest.mark.parametrize(("n", "shape"), [(2000, (28, 28)), (300, (128, 96, 3)), (20, (256, 256))])
def test_images_are_small_and_of_bounded_number(n, shape):
    told = mistakes(all_wrong(data := images(n, shape)), "test", data)
    assert len(told["at"]) <= 500
    found = told["images"]
    assert max(found["height"], found["width"]) <= 64
    assert len(base64.b64decode(found["pixels"])) <= 1_000_000
    assert found["channels"] == (3 if len(shape) == 3 else 1)


def test_a_shrunk_image_keeps_its_brightness():
    data = images(1, (200, 100))
    found = mistakes(all_wrong(data), "test", data)["images"]
    pixels = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8)
    assert pixels.mean() == pytest.approx(data.x_test.mean(), abs=0.5)


def test_other_data_than_was_judged_gives_no_images_but_a_reason():
    data = images(10, (2, 2))
    test = all_wrong(data)
    longer = images(11, (2, 2))
    assert mistakes(test, "test", longer)["images"] is None
    assert "judged 10 examples" in mistakes(test, "test", longer)["why"]
    data.y_test[:] = 1 - data.y_test
    changed = mistakes(test, "test", data)
    assert (changed["images"], changed["why"][:22]) == (None, "The data has changed s")


def test_several_labels_say_what_was_missed_and_what_was_invented():
    scores, targets = np.array([[1.0, 1, -1], [1, 1, 1], [-1, -1, 1]]), np.array([[1.0, 1, 0], [1, 1, 0], [1, 0, 0]])
    told = mistakes(Multilabel(scores, targets), "test", None)
    assert (told["total"], told["at"]) == (2, [2, 1])
    assert (told["missed"], told["invented"]) == ([[0], []], [[2], [2]])


def test_the_largest_errors_of_values_come_first():
    told = mistakes(Regression(np.array([[1.0], [9.0], [4.0]]), np.array([[1.5], [2.0], [4.0]])), "test", None)
    assert (told["at"], told["error"]) == ([1, 0, 2], [7.0, 0.5, 0.0])


def trained_on(data):
    model = nn.Sequential(nn.Linear(data.n_features, data.n_outputs))
    return Trained(model, Training(data, Settings()).prepare, data.task, data.classes), model


def test_the_plane_shows_the_class_that_the_network_names():
    trained, model = trained_on(data := load_dataset("gauss", n=60))
    model[0].weight.array[:], model[0].bias.array[:] = [[1, 0], [-1, 0]], 0
    told = as_json(boundary(trained, data))
    grid = np.frombuffer(base64.b64decode(told["classes"]), np.uint8).reshape(told["height"], told["width"])
    sure = np.frombuffer(base64.b64decode(told["sure"]), np.uint8).reshape(grid.shape)
    assert (set(grid[:, 0]), set(grid[:, -1])) == ({1}, {0})  # left of the line, and right
    edge = int((grid == 1).sum(axis=1)[0])
    assert sure[0, 0] > sure[0, edge] < sure[0, -1]
    x = np.array(told["points"], np.float32).T
    np.testing.assert_array_equal(x, data.x_test)
    assert told["said"] == trained.predict(x).argmax(axis=1).tolist()
    assert told["label"] == data.y_test.tolist()


def test_a_function_of_one_number_is_a_line():
    trained, _ = trained_on(data := load_dataset("sine", n=50))
    told = boundary(trained, data)
    assert told["kind"] == "line"
    np.testing.assert_allclose(told["y"], trained.predict(np.array(told["x"], np.float32)[:, None])[:, 0], rtol=1e-5)


# ---- inside ---------------------------------------------------------------------------------------------------------

numbers = st.floats(-1e6, 1e6, allow_subnormal=False) | st.sampled_from([math.nan, math.inf, -math.inf])


@given(st.lists(numbers, min_size=1, max_size=30))
def test_bytes_are_within_half_a_level_of_the_numbers(values):
    array = np.array(values)
    levels, scale = quantised(array)
    finite = np.isfinite(array)
    assert (levels[~finite] == -128).all()
    assert (levels[finite] >= -127).all()
    assert np.abs(levels[finite] / 127 * scale - array[finite]).max(initial=0) <= scale / 254 * (1 + 1e-9)


def layer(epochs, units, features):
    rng = np.random.default_rng(0)
    kept = [rng.normal(size=(units, features)).astype(np.float16) for _ in range(epochs)]
    return FirstLayer("0.weight", list(range(epochs)), kept)


@pytest.mark.parametrize(("epochs", "units", "features"), [(30, 64, 784), (3, 64, 12288), (1, 2, 500_000), (90, 1, 1)])
def test_weights_are_of_bounded_size_and_keep_the_first_and_the_last_epoch(epochs, units, features):
    told = first_weights(kept := layer(epochs, units, features), (), ())
    levels = base64.b64decode(told["levels"])
    assert len(levels) == len(told["epochs"]) * told["units"] * told["features"] <= 1_400_000
    assert told["epochs"][-1] == epochs - 1
    assert len(told["epochs"]) == 1 or told["epochs"][0] == 0
    last = np.frombuffer(levels, np.int8).reshape(len(told["epochs"]), told["units"], features)[-1]
    np.testing.assert_allclose(last / 127 * told["scale"], kept.kept[-1][: told["units"]], atol=told["scale"] / 200)


def test_weights_of_coloured_images_are_averaged_over_the_colours():
    told = first_weights(kept := layer(1, 2, 12), (2, 2, 3), ())
    assert (told["image"], told["features"]) == ([2, 2], 4)
    levels = np.frombuffer(base64.b64decode(told["levels"]), np.int8).reshape(2, 4)
    expected = kept.kept[0].astype(np.float64).reshape(2, 4, 3).mean(axis=2)
    np.testing.assert_allclose(levels / 127 * told["scale"], expected, atol=told["scale"] / 200)


def test_a_layer_that_a_look_did_not_see_is_null_there():
    small, large = nn.Sequential(nn.Linear(2, 1)), nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    x, y = wrap(np.ones((4, 2), np.float32)), wrap(np.zeros((4, 1), np.float32))
    looks = Activity([probe(net, nn.functional.mse_loss, x, y, step=i) for i, net in enumerate((small, large))])
    told = as_json(activity(looks))
    assert told["steps"] == [0, 1]
    assert [(row["name"], row["kind"]) for row in told["layers"]] == [("0", "Linear"), ("1", "ReLU"), ("2", "Linear")]
    assert told["layers"][1]["mean"][0] is None
    assert told["layers"][1]["spread"][0] is None
    assert told["layers"][1]["dead"][1] == looks.looks[1].layers[1].dead
    assert told["parameters"][0]["gradient_norm"][1] == pytest.approx(looks.looks[1].parameters[0].gradient_norm)


# ---- the whole ------------------------------------------------------------------------------------------------------


def complete(place):
    run = folder_with(place, [{"epoch": i, "loss": 1 / i, "test_loss": 1.0} for i in (1, 2, 3)], test_accuracy=0.5)
    test = classification(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 0]))
    write_predictions(place, test, ["upper", "lower"])
    model = nn.Sequential(nn.Linear(2, 2))
    first = FirstLayer.of(model)
    first.keep(model, 0)
    first.write(place)
    x, y = wrap(np.ones((4, 2), np.float32)), wrap(np.zeros(4, np.int64))
    Activity([probe(model, nn.functional.cross_entropy, x, y)]).write(place)
    (place / "environment.json").write_text('{"glassnet": "1", "packages": {"numpy": "2"}}', encoding="utf-8")
    return run


SPOILT = {
    "history.jsonl": {"curves", "doctor"},
    "predictions.safetensors": {"scores", "mistakes", "rows"},
    "activity.jsonl": {"activity", "doctor"},
    "weights.safetensors": {"weights"},
    "environment.json": {"environment"},
}


def test_everything_that_a_folder_holds_is_told(tmp_path):
    told = as_json(report_data(Source(complete(tmp_path / "run"))))
    assert told["missing"] == {}
    assert [name for name in SECTIONS if told[name] is None] == ["boundary"]
    assert told["environment"]["packages"] == ["numpy 2"]
    assert {"name": "seed", "value": "3", "chosen": True} in told["settings"]
    assert told["rows"][0]["figures"]["accuracy"] == 0.5


@pytest.mark.parametrize("file", SPOILT)
def test_a_spoilt_file_costs_its_own_part(tmp_path, file):
    run = complete(tmp_path / "run")
    (tmp_path / "run" / file).write_bytes(b"\xff\xfe no\n")
    told = as_json(report_data(Source(Run(run.path))))
    assert set(told["missing"]) == SPOILT[file]
    assert all(file in why for why in told["missing"].values())
    assert {name for name in SECTIONS if told[name] is None} == SPOILT[file] | {"boundary"}


def test_a_run_that_never_ended_has_no_scores_and_says_why(tmp_path):
    told = as_json(report_data(Source(folder_with(tmp_path / "run", [{"epoch": 1, "loss": None}]))))
    assert told["about"]["status"] == "unfinished"
    assert told["scores"] is None
    assert set(told["missing"]) == {"scores"}
    assert told["curves"][0]["lost"] == 1


def test_why_a_run_failed_is_told(tmp_path):
    run = folder_with(tmp_path / "run", [{"epoch": 1, "loss": 1.0}], failed="got a loss that is not a number")
    about = report_data(Source(run))["about"]
    assert (about["status"], about["ended"]) == ("failed", "got a loss that is not a number")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_KEYS = ["data", "settings", "command", "date", "network", "parameters", "recipe", "seconds", "stopped", "warnings",
         "best_epoch", "test_accuracy", "epochs_done", "machine", "history"]  # fmt: skip


@settings(max_examples=60)
@given(config=st.dictionaries(st.sampled_from(_KEYS), values), result=st.dictionaries(st.sampled_from(_KEYS), values))
def test_whatever_a_folder_claims_the_report_is_made(tmp_path_factory, config, result):
    place = tmp_path_factory.mktemp("odd")
    (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (place / "result.json").write_text(json.dumps(result), encoding="utf-8")
    told = as_json(report_data(Source(Run(str(place)))))
    assert set(SECTIONS) < set(told)
    assert told["about"] is None or isinstance(told["about"]["command"], str)
