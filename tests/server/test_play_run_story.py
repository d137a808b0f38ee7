"""A run as the page tells it: what has changed since it asked, whatever its files hold."""

import asyncio
import base64
import json
import os
from pathlib import Path

import numpy as np
import pytest

from glassnet.errors import FileError
from glassnet.files import safetensors
from glassnet.server import messages
from glassnet.server.run_story import _PARTS
from glassnet.server.runs import Runs
from glassnet.server.session import Limits
from glassnet.train.first_layer import FirstLayer
from glassnet.train.ground import Ground
from glassnet.train.moments import CONFUSION, STEPS


def lines(rows: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def write_run(folder: Path, epochs: int = 3, shape: tuple[int, ...] = (2,), units: int = 4) -> Path:
    """A run folder as the command line writes them."""
    folder.mkdir(parents=True)
    data = {"name": "moons", "task": "classification", "train": 80, "classes": ["a", "b"], "shape": list(shape)}
    config = {
        "network": "2-4-2",
        "settings": {"epochs": 9, "learning_rate": 0.5},
        "data": data,
        "command": ["x", "y z"],
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    history = [{"epoch": e, "loss": 1 / e, "test_loss": 2 / e, "rate": 0.1} for e in range(1, epochs + 1)]
    (folder / "history.jsonl").write_text(lines(history), encoding="utf-8")
    steps = [{"step": 10 * e, "epoch": e, "loss": 1.0, "accuracy": None, "rate": 0.1, "seconds": e} for e in (1, 2, 3)]
    (folder / STEPS).write_text(lines(steps), encoding="utf-8")
    judged = [{"epoch": e, "of": "test", "confusion": [[e, 1], [0, 9]]} for e in (1, 3)]
    (folder / CONFUSION).write_text(lines(judged), encoding="utf-8")
    features = int(np.prod(shape))
    weights = np.stack([np.full((units, features), 0.5 * (k + 1), np.float16) for k in range(3)])
    tensors = {"weights": weights, "epochs": np.array([0, 1, 3])}
    safetensors.write(str(folder / "weights.safetensors"), tensors, {"parameter": "0.weight"}, checksum=True)
    return folder


def strict(report: object) -> dict:
    """What the page gets: strict JSON."""
    return json.loads(messages.write(report), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_a_story_tells_all_and_then_only_what_is_new(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "one")
    runs = Runs(str(tmp_path))
    story = strict(runs.story("one", {}, 5))
    assert (story["there"], story["id"], story["planned"], story["examples"]) == (True, 5, 9, 80)
    assert (story["command"], story["classes"], story["problems"]) == ("x 'y z'", ["a", "b"], [])
    assert story["summary"]["status"] == "learning"
    assert [c["name"] for c in story["curves"]] == ["loss", "test_loss", "rate"]
    assert story["curves"][0]["values"] == [1, 1 / 2, 1 / 3]
    assert (story["steps"]["step"], story["steps"]["seconds"]) == (30, 3)
    assert story["judged"] == [1, 3]
    assert story["weights"]["epochs"] == [0, 1, 3]
    assert story["weights"]["scale"] == 1.5
    again = runs.story("one", story["tags"])
    assert all(getattr(again, part) is None for part in _PARTS)
    with open(folder / "history.jsonl", "a", encoding="utf-8") as file:
        file.write('{"epoch": 4, "loss": 0.125}\n')
    later = runs.story("one", story["tags"])
    assert {part for part in _PARTS if getattr(later, part) is not None} == {"curves", "findings"}
    assert later.curves[0].values[-1] == 0.125


def test_a_moment_is_the_latest_up_to_an_epoch(tmp_path: Path) -> None:
    write_run(tmp_path / "one")
    runs = Runs(str(tmp_path))
    seen = {e: runs.at("one", e) for e in (0, 1, 2, 3, 99)}
    assert [m.weights_epoch for m in seen.values()] == [0, 1, 1, 3, 3]
    assert [m.confusion_epoch for m in seen.values()] == [None, 1, 1, 3, 3]
    assert [m.scale for m in seen.values()] == [0.5, 1.0, 1.0, 1.5, 1.5]
    assert seen[3].confusion == [[3, 1], [0, 9]]
    assert base64.b64decode(seen[3].levels) == bytes([127] * 8)
    assert seen[0].confusion == []


@pytest.mark.parametrize(
    ("shape", "image", "features"),
    [((2,), None, 2), ((3, 5), [3, 5], 15), ((3, 5, 3), [3, 5], 15)],
)
def test_weights_are_images_where_examples_are(
    tmp_path: Path, shape: tuple[int, ...], image: list[int] | None, features: int
) -> None:
    write_run(tmp_path / "one", shape=shape)
    runs = Runs(str(tmp_path))
    weights = runs.story("one", {}).weights
    assert weights is not None
    assert (weights.image, weights.features, weights.units) == (image, features, 4)
    assert len(base64.b64decode(runs.at("one", 1).levels)) == 4 * features


def test_a_long_run_is_thinned_and_keeps_its_ends(tmp_path: Path) -> None:
    write_run(tmp_path / "long", epochs=5000)
    loss = Runs(str(tmp_path)).story("long", {}).curves[0]
    assert len(loss.epochs) <= 401
    assert (loss.epochs[0], loss.epochs[-1]) == (1, 5000)


def test_one_that_has_not_begun_is_waited_for(tmp_path: Path) -> None:
    runs = Runs(str(tmp_path))
    assert runs.story("later", {}).there is False
    (tmp_path / "later").mkdir()
    assert runs.story("later", {}).there is False
    (tmp_path / "later").rmdir()
    write_run(tmp_path / "later")
    assert runs.story("later", {}).there is True


HOSTILE = ["", "{", "[]", "\0\0", '{"epoch": "one"}', '{"data": 3, "settings": 7, "command": 9}', "9" * 5000]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "name", ["config.json", "result.json", "environment.json", "history.jsonl", STEPS, CONFUSION, "activity.jsonl"]
)
def test_a_spoilt_file_costs_its_own_part(tmp_path: Path, name: str, text: str) -> None:
    folder = write_run(tmp_path / "one")
    (folder / name).write_text(text, encoding="utf-8")
    runs = Runs(str(tmp_path))
    story = strict(runs.story("one", {}))
    strict(runs.list())
    moment = strict(runs.at("one", 2))
    assert story["weights"]["units"] == 4
    assert moment["weights_epoch"] == 1
    if name not in (STEPS, CONFUSION):
        assert story["judged"] == [1, 3]


def test_confusions_that_are_none_are_passed_over(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "one")
    odd = [[[1, 2]], [["<b>", 1], [2, 3]], [[True, 1], [2, 3]], "x", [[1] * 41] * 41, []]
    (folder / CONFUSION).write_text(
        lines([{"epoch": e, "confusion": matrix} for e, matrix in enumerate(odd, 1)]), encoding="utf-8"
    )
    runs = Runs(str(tmp_path))
    assert runs.story("one", {}).judged == []
    assert runs.at("one", 9).confusion == []


@pytest.mark.parametrize("name", ["", ".", "..", "../one", "a/b", "a\\b", "one/../one", "C:x", "x\0y", "y" * 400])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    write_run(tmp_path / "one")
    runs = Runs(str(tmp_path / "runs"))
    for ask in (lambda: runs.story(name, {}), lambda: runs.at(name, 1), lambda: runs.path_of(name)):
        with pytest.raises(FileError, match="expected one of the list"):
            ask()


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="Windows asks for a privilege to link")
def test_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    write_run(tmp_path / "secret")
    (tmp_path / "runs").mkdir()
    os.symlink(tmp_path / "secret", tmp_path / "runs" / "link")
    with pytest.raises(FileError, match="expected one of the list"):
        Runs(str(tmp_path / "runs")).story("link", {})


def test_the_list_says_when_nothing_has_changed(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "one")
    runs = Runs(str(tmp_path))
    first = runs.list()
    assert (len(first.runs), first.same) == (1, False)
    assert runs.list(first.tag).same
    assert runs.list("another").runs == first.runs
    (folder / "result.json").write_text('{"test_accuracy": 0.5}', encoding="utf-8")
    now = runs.list(first.tag)
    assert (now.same, now.runs[0].accuracy, now.runs[0].status) == (False, 0.5, "done")


def test_of_very_many_runs_the_newest_are_listed(tmp_path: Path) -> None:
    for i in range(205):
        (tmp_path / f"{i}").mkdir()
        (tmp_path / f"{i}" / "history.jsonl").write_text('{"epoch": 1, "loss": 1}\n', encoding="utf-8")
    listed = Runs(str(tmp_path)).list()
    assert (len(listed.runs), listed.more) == (200, 5)


# ---- through the server -------------------------------------------------------------------------------------------


def test_a_page_asks_for_runs(start, tmp_path: Path) -> None:
    write_run(tmp_path / "one")
    running = start(models=str(tmp_path))

    async def ask() -> None:
        async with running.page() as page:
            listed = await page.ask("runs")
            assert [run["name"] for run in listed["runs"]] == ["one"]
            assert (await page.ask("runs", tag=listed["tag"]))["same"]
            assert (await page.ask("run_show", name="one"))["summary"]["name"] == "one"
            assert (await page.ask("run_at", name="one", epoch=1))["weights_epoch"] == 1
            assert (await page.ask("run_show", name="../one"))["type"] == "refusal"

    asyncio.run(ask())


REPORT = b"<meta content=\"default-src 'none'; script-src 'sha256-abc=';\"><h1>it</h1>"


def test_a_report_is_made_once_and_shown_in_a_closed_box(start, tmp_path: Path) -> None:
    write_run(tmp_path / "one")
    made: list[str] = []
    running = start(models=str(tmp_path), report=lambda path: made.append(path) or REPORT)
    for _ in range(2):
        status, headers, body = running.get("/report?run=one")
        assert (status, body) == (200, REPORT)
    assert made == [str(tmp_path / "one")]
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts ")
    assert "allow-same-origin" not in policy
    assert "script-src 'sha256-abc=';" in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    (tmp_path / "one" / "result.json").write_text("{}", encoding="utf-8")
    running.get("/report?run=one")
    assert len(made) == 2


@pytest.mark.parametrize("query", ["", "?run=", "?run=../one", "?run=nothing", "?run=%2e%2e%2fone", "?name=one"])
def test_there_is_no_report_of_what_is_no_run(start, tmp_path: Path, query: str) -> None:
    write_run(tmp_path / "one")
    (tmp_path / "runs").mkdir()
    running = start(models=str(tmp_path / "runs"), report=lambda path: REPORT)
    status, headers, body = running.get(f"/report{query}")
    assert status == 404
    assert b"expected one of the list" in body
    assert "script-src 'self'" in headers["content-security-policy"]


def test_a_report_that_names_no_program_runs_none(start, tmp_path: Path) -> None:
    write_run(tmp_path / "one")
    running = start(models=str(tmp_path), report=lambda path: b"<script>1</script>")
    assert "script-src 'none'" in running.get("/report?run=one")[1]["content-security-policy"]


def test_reports_are_for_the_owner(start, tmp_path: Path) -> None:
    write_run(tmp_path / "one")
    running = start(limits=Limits(), models=str(tmp_path), report=lambda path: REPORT)
    running.server.guard.class_code = "code"
    status, headers, _ = running.get("/join?code=code", cookie=False)
    assert status == 303
    running.cookie = headers["set-cookie"].split(";")[0]
    status, _, body = running.get("/report?run=one")
    assert status == 403
    assert b"<h1>it</h1>" not in body
    assert running.get("/report?run=one", cookie=False)[0] == 401


def test_a_server_without_reports_says_so(start, tmp_path: Path) -> None:
    write_run(tmp_path / "one")
    status, _, body = start(models=str(tmp_path)).get("/report?run=one")
    assert status == 404
    assert b"Try glassnet report RUN" in body


def test_the_border_is_told_at_every_epoch_that_was_kept(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "one")
    pictures = np.arange(2 * 2 * 3 * 4, dtype=np.uint8).reshape(2, 2, 3, 4)
    ground = Ground("classification", (0.0, 1.0, -1.0, 2.0), np.ones((5, 3), np.float32), [0, 2], list(pictures))
    ground.write(folder)
    told = strict(Runs(str(tmp_path)).story("one", {}))["ground"]
    assert (told["epochs"], told["width"], told["height"], told["most"]) == ([0, 2], 4, 3, None)
    assert (told["ends"], len(told["points"])) == ([0, 1, -1, 2], 5)
    for epoch, kept in ((0, 0), (1, 0), (2, 1), (9, 1)):
        moment = Runs(str(tmp_path)).at("one", epoch)
        assert moment.ground_epoch == ground.epochs[kept]
        planes = [np.frombuffer(base64.b64decode(plane), np.uint8).reshape(3, 4) for plane in moment.ground]
        np.testing.assert_array_equal(planes, pictures[kept])


def test_the_border_of_heights_is_one_plane_on_one_scale(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "one")
    heights = np.array([[[[0.0, 2.0]]], [[[-4.0, 1.0]]]], np.float16)
    points = np.array([[0, 0, 3.0]], np.float32)
    Ground("regression", (0.0, 1.0, 0.0, 1.0), points, [0, 5], list(heights)).write(folder)
    assert strict(Runs(str(tmp_path)).story("one", {}))["ground"]["most"] == 4
    (plane,) = Runs(str(tmp_path)).at("one", 7).ground
    assert np.frombuffer(base64.b64decode(plane), np.int8).tolist() == [-127, 32]


def test_a_spoilt_border_costs_its_own_part(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "one")
    (folder / "ground.safetensors").write_bytes(b"junk" * 9)
    story = strict(Runs(str(tmp_path)).story("one", {}))
    assert story["ground"] is None
    assert any("ground.safetensors" in problem for problem in story["problems"])
    assert story["weights"] is not None
    assert Runs(str(tmp_path)).at("one", 1).ground == []


def test_within_a_long_epoch_the_latest_weights_are_told(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "one")
    layer = FirstLayer.read(folder)
    assert layer is not None
    layer.latest = 3.25, np.full((4, 2), -2.0, np.float16)
    layer.write(folder)
    told = strict(Runs(str(tmp_path)).story("one", {}))["weights"]
    assert (told["epochs"], told["scale"]) == ([0, 1, 3, 3.25], 2)
    moments = [Runs(str(tmp_path)).at("one", epoch) for epoch in (3.1, 3.25, 3.3)]
    assert [(m.weights_epoch, m.scale) for m in moments] == [(3, 1.5), (3.25, 2), (3.25, 2)]
