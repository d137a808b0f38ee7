"""`glassnet predict` and `glassnet evaluate`."""

import json
import re
import sys

import numpy as np
import pytest
from PIL import Image

from glassnet import nn
from glassnet.data.datasets import load_dataset
from glassnet.files.png import write_png
from glassnet.train.model_file import save_model
from glassnet.train.picture import prepared


@pytest.fixture(scope="session")
def digits(digits_cache):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLASSNET_CACHE", str(digits_cache))
        return load_dataset("mnist")


@pytest.fixture
def moons_run(glassnet):
    glassnet("train moons --epochs 20 --noise 0.1 --n 200 --quiet --output moons-run")
    return "moons-run"


# ---- digits ---------------------------------------------------------------------------------------------------------


NINE = """\
           ▄██
         ▄█████▄▄
         ██▀▀████▄
        ▄█▄   ████
         ██▄▄██▀██▄
          ▀██▀  ▀██▄
                  ██▄
                   ██▄
                    ▀█▄
                     ▀█"""


def test_a_test_image_is_drawn_beside_the_answer(glassnet, digits_run):
    done = glassnet(f"predict {digits_run} 7")
    drawn = [(line[:28].rstrip(), line[28:].strip()) for line in done.out.splitlines()]
    assert (done.status, done.err) == (0, "")
    assert "\n".join(image for image, _ in drawn if image) == NINE
    words = [answer for _, answer in drawn if answer]
    assert words[0] == "test example 7"
    assert re.fullmatch(r"9  █+░* +\d\d\.\d\d %", words[1])
    assert words[-1] == "right"


@pytest.mark.parametrize("index", [0, 7, 61])
def test_an_image_file_is_answered_as_the_same_test_image(glassnet, digits_run, digits, index, tmp_path):
    write_png(tmp_path / "digit.png", digits.x_test[index])
    write_png(tmp_path / "dark on light.png", 255 - digits.x_test[index])
    rgb = np.repeat(digits.x_test[index][..., None], 3, axis=2)
    write_png(tmp_path / "rgb.png", rgb)
    answers = glassnet(f"predict {digits_run} {index} digit.png rgb.png --json", "dark on light.png").json
    assert [a["prediction"] for a in answers] == [answers[0]["prediction"]] * 4
    for answer in answers[1:]:
        assert answer["probabilities"] == pytest.approx(answers[0]["probabilities"], rel=1e-5)
    assert answers[0]["truth"] == str(digits.y_test[index])
    assert answers[3]["prepared"] == ["inverted: dark on light"]


def test_mnist_s_own_way_of_scaling_and_centring_is_followed(digits):
    """Test images blown up, inverted and moved on a larger paper come back as they were, but for a few faint edges."""
    same = 0
    for index in range(50):
        ink = np.kron(255 - digits.x_test[index], np.ones((9, 9), np.uint8))
        picture = np.pad(ink, ((40, 10), (5, 90)), constant_values=255)
        image, done = prepared(picture, (28, 28))
        same += np.abs(image.astype(int) - digits.x_test[index]).mean() < 2
        assert done == ("inverted: dark on light", "scaled from 347 × 302 and centred")
    assert same >= 47


def test_a_large_picture_is_answered_as_the_image_that_it_shows(glassnet, digits_run, digits, tmp_path):
    ink = np.kron(255 - digits.x_test[7], np.ones((9, 9), np.uint8))
    write_png(tmp_path / "large.png", np.pad(ink, ((40, 10), (5, 90)), constant_values=255))
    large, small = glassnet(f"predict {digits_run} large.png 7 --json").json
    assert large["prediction"] == small["prediction"]
    assert "scaled from 347 × 302 and centred" in glassnet(f"predict {digits_run} large.png").out


def test_a_photograph_is_answered_as_the_picture_that_it_is(glassnet, digits_run, digits, tmp_path):
    pixels = np.kron(255 - digits.x_test[7], np.ones((9, 9), np.uint8))
    write_png(tmp_path / "nine.png", pixels)
    Image.fromarray(pixels).save(tmp_path / "nine.jpg", quality=95)
    Image.fromarray(pixels).save(tmp_path / "no ending", "WEBP", lossless=True)
    png, jpg, webp = glassnet(f"predict {digits_run} nine.png nine.jpg --json", "no ending").json
    assert png["prediction"] == jpg["prediction"] == "9"
    assert jpg["probabilities"]["9"] == pytest.approx(png["probabilities"]["9"], abs=0.02)
    assert webp["prepared"] == ["made grey", *png["prepared"]]
    assert webp["probabilities"] == pytest.approx(png["probabilities"], abs=1e-4)


def test_a_photograph_without_pillow_is_answered_by_the_extra(glassnet, digits_run, tmp_path, monkeypatch):
    Image.new("L", (40, 40)).save(tmp_path / "photo.jpg")
    monkeypatch.setitem(sys.modules, "PIL", None)
    done = glassnet(f"predict {digits_run} photo.jpg")
    assert (done.status, done.out) == (1, "")
    assert "got the image photo.jpg and no Pillow; expected Pillow" in done.err
    assert "Try pip install 'glassnet[images]', or saving it as PNG." in done.err
    (tmp_path / "table.txt").write_text("x,y\n1,2\n")
    done = glassnet(f"predict {digits_run} table.txt")
    assert "table.txt: got text ('x,y…'); expected an image. Try a PNG or a JPEG." in done.err


def test_a_wrong_answer_says_what_is_true(glassnet, digits_run, digits):
    result = json.loads((digits_run / "result.json").read_text(encoding="utf-8"))
    assert result["test_mistakes"] > 0
    for index in range(10_000):
        answer = (
            glassnet(f"predict {digits_run} {index} --json").json[0] if index in (247, 259, 321, 340, 445) else None
        )
        if answer and answer["prediction"] != answer["truth"]:
            assert f"wrong: it is {answer['truth']}" in glassnet(f"predict {digits_run} {index}").out
            return
    pytest.fail("none of the five hardest digits was read wrong")


def test_as_many_classes_as_asked_for(glassnet, digits_run):
    for top in (1, 5):
        assert glassnet(f"predict {digits_run} 7 --top {top}").out.count(" %") == top


def test_a_number_that_is_also_a_file_is_the_file(glassnet, digits_run, digits, tmp_path):
    write_png(tmp_path / "7", digits.x_test[0])
    assert glassnet(f"predict {digits_run} 7 --json").json[0]["example"] == "7"
    assert glassnet(f"predict {digits_run} --index 7 --json").json[0]["example"] == "test example 7"


def test_evaluating_repeats_the_figures_of_the_training(glassnet, digits_run):
    result = json.loads((digits_run / "result.json").read_text(encoding="utf-8"))
    again = glassnet(f"evaluate {digits_run} --json").json
    assert again["confusion"] == result["confusion"]
    assert (again["accuracy"], again["n"]) == (result["test_accuracy"], 10_000)


def test_evaluating_shows_the_report(glassnet, digits_run):
    done = glassnet(f"evaluate {digits_run / 'model.safetensors'} mnist")
    head = r"data     mnist: 10,000 test examples\nloss     (0\.0\d+) \(cross-entropy, on average\)\n\n97\."
    loss = glassnet(f"evaluate {digits_run} --json").json["loss"]
    assert float(re.match(head, done.out)[1]) == pytest.approx(loss, rel=1e-3)
    assert "worst mistakes" in done.out


# ---- points ---------------------------------------------------------------------------------------------------------


def test_a_point(glassnet, moons_run):
    answers = glassnet(f"predict {moons_run} --x -1,0.1 --json").json
    assert answers[0]["prediction"] == "upper"
    assert sum(answers[0]["probabilities"].values()) == pytest.approx(1)
    shown = glassnet(f"predict {moons_run} --x -1,0.1").out
    assert shown.startswith("(-1, 0.1)\n\nupper  █")


def test_a_point_of_the_test_set_that_is_made_again(glassnet, moons_run):
    """The data set is drawn again with the options that the model was trained with."""
    data = load_dataset("moons", n=200, noise=0.1)
    x = ",".join(map(repr, data.x_test[3].tolist()))
    by_index, by_numbers = glassnet(f"predict {moons_run} --index 3 --x={x} --json").json
    assert by_index["probabilities"] == by_numbers["probabilities"]
    assert by_index["truth"] == data.classes[data.y_test[3]]


def test_a_height(glassnet):
    glassnet("train plane --epochs 30 --quiet --output plane-run")
    done = glassnet("predict plane-run --x 3,4")
    assert float(done.out.split()[-1]) == pytest.approx(0.7, abs=0.05)
    answer = glassnet("predict plane-run --index 0 --json").json[0]
    assert answer["prediction"] == pytest.approx(answer["truth"], abs=0.05)


def test_evaluating_on_other_points(glassnet, moons_run):
    easy = glassnet(f"evaluate {moons_run} --json").json
    hard = glassnet(f"evaluate {moons_run} moons --noise 0.8 --n 2000 --json").json
    assert (easy["n"], hard["n"]) == (40, 400)
    assert hard["accuracy"] < 0.9 < easy["accuracy"]
    assert glassnet(f"evaluate {moons_run} --train-set --json").json["n"] == 160


def test_a_model_file_cannot_choose_what_is_read(glassnet, moons_run, tmp_path):
    """Options from a file are numbers for options that the data set has; anything else is left out."""
    about = {
        "task": "classification",
        "classes": ["a", "b"],
        "preparation": {"shape": [2], "scale": 1.0, "offset": 0.0},
        "data": {
            "name": "moons",
            "options": {"n": 50, "mirrors": ["http://localhost/"], "installed": "/etc", "noise": "x"},
        },
    }
    save_model("strange.safetensors", nn.Sequential(nn.Linear(2, 2)), about)
    assert glassnet("evaluate strange.safetensors --json").json["n"] == 10


@pytest.mark.parametrize(("index", "hint"), [("-1", "0"), ("100", "39")])
def test_an_example_outside_the_test_set_is_told_what_there_is(glassnet, moons_run, index, hint):
    done = glassnet(f"predict {moons_run} {index}")
    assert (done.status, done.err) == (
        2,
        f"glassnet: got test example {index}; expected 0 to 39. Try {hint}.\n",
    )


def test_data_in_the_place_of_a_model_is_told_what_it_is(glassnet, tmp_path):
    (tmp_path / "houses.csv").write_text("a,b\n1,2\n")
    done = glassnet("doctor houses.csv")
    assert done.status == 1
    assert done.err == (
        "glassnet: got houses.csv, which is data; expected a run folder or a model file. Try glassnet train "
        "houses.csv, which makes one.\n"
    )


def test_a_model_is_not_judged_by_classes_that_it_does_not_know(glassnet):
    assert glassnet("train moons --epochs 1 --quiet --output run").status == 0
    done = glassnet("evaluate run xor")
    assert done.status == 2
    assert "got data set xor with the classes " in done.err
    assert "expected those of the model, upper, lower. Try the data set that the model was trained on." in done.err
    assert glassnet("evaluate run moons").status == 0
