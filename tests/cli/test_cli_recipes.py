"""Recipes with names of their own, normalization and augmentation on the command line."""

import json
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("name", "data", "recipe"),
    [("spirals", "spiral", "default"), ("mnist-good", "mnist", "good"), ("MNIST-best", "mnist", "best")],
)
def test_a_named_recipe_is_trained(glassnet, name, data, recipe):
    done = glassnet(f"train {name} --epochs 1 --hidden 4 --batch-size 1000 --json")
    assert (done.status, done.err) == (0, "")
    result = json.loads(done.out)
    assert (result["data"]["name"], result["recipe"]) == (data, recipe)
    assert Path("runs").glob(f"{data}-*")


def test_what_is_asked_for_is_shown_and_written_down(glassnet):
    done = glassnet(
        "train mnist --epochs 1 --hidden 4 --batch-size 1000 --normalization batch --augment rotate+shift --output run"
    )
    assert (done.status, done.err) == (0, "")
    assert "784-4-10, relu after batch norm," in done.out
    assert "images changed by shift+rotate" in " ".join(done.out.split())
    settings = json.loads(Path("run/result.json").read_text())["settings"]
    assert (settings["normalization"], settings["augment"]) == ("batch", "shift+rotate")


def test_points_cannot_be_augmented(glassnet):
    done = glassnet("train moons --augment shift")
    assert done.status == 1
    assert done.err == (
        "glassnet: got augmentation shift for examples of shape (2,); expected images (height, width) or "
        "(height, width, channels). Try augment='none' (--augment none).\n"
    )
    assert not Path("runs").exists() or not list(Path("runs").iterdir())
