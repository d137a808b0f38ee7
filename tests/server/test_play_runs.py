"""The list of runs: what a folder holds, however spoilt, in a few bounded words."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from glassnet.server import engines, messages
from glassnet.server.runs import Runs


def write_run(folder: Path, epochs: int = 3, **result: object) -> None:
    folder.mkdir(parents=True)
    config = {"network": "2-3-1", "settings": {"hidden": [3], "learning_rate": 0.1}, "data": {"name": "moons"}}
    (folder / "config.json").write_text(json.dumps(config))
    lines = [json.dumps({"epoch": i + 1, "loss": 1 / (i + 1), "test_accuracy": 0.5}) for i in range(epochs)]
    (folder / "history.jsonl").write_text("\n".join(lines) + "\n")
    if result:
        (folder / "result.json").write_text(json.dumps(result))


def test_a_run_is_summed_up(tmp_path: Path) -> None:
    write_run(tmp_path / "one", test_accuracy=0.9, test_loss=0.25)
    (run,) = Runs(str(tmp_path)).list().runs
    assert (run.name, run.data, run.status, run.accuracy, run.loss) == ("one", "moons", "done", 0.9, 0.25)
    assert (run.settings["hidden"], run.settings["learning_rate"]) == ("3", "0.1")
    assert run.spark == [1.0, 0.5, 1 / 3]


def test_a_run_without_a_result_learns_or_was_killed(tmp_path: Path) -> None:
    write_run(tmp_path / "one")
    (run,) = Runs(str(tmp_path)).list().runs
    assert (run.status, run.accuracy, run.epochs) == ("learning", 0.5, 3)
    long_ago = time.time() - 3600
    os.utime(tmp_path / "one" / "config.json", (long_ago, long_ago))
    (run,) = Runs(str(tmp_path)).list().runs
    assert (run.status, run.accuracy, run.epochs) == ("unfinished", 0.5, 3)


def test_a_long_curve_is_thinned_and_keeps_its_end(tmp_path: Path) -> None:
    write_run(tmp_path / "long", epochs=1234)
    spark = Runs(str(tmp_path)).list().runs[0].spark
    assert len(spark) <= 40
    assert spark[-1] == 1 / 1234


@pytest.mark.parametrize("spoilt", ["{", "[]", "", '{"test_accuracy": "<b>high</b>"}', '{"test_accuracy": 1e999}'])
def test_a_spoilt_run_hides_no_other(tmp_path: Path, spoilt: str) -> None:
    write_run(tmp_path / "good", test_accuracy=0.9)
    write_run(tmp_path / "bad")
    (tmp_path / "bad" / "result.json").write_text(spoilt)
    report = Runs(str(tmp_path)).list(id=7)
    assert {run.name for run in report.runs} == {"good", "bad"}
    assert next(run for run in report.runs if run.name == "good").accuracy == 0.9
    json.loads(messages.write(report), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_what_is_no_run_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").write_text("x")
    assert Runs(str(tmp_path)).list().runs == []
    assert Runs(str(tmp_path / "missing")).list().runs == []


@pytest.mark.parametrize("processes", [0, 1])
def test_a_class_sees_nothing_of_the_runs_on_the_machine(start, tmp_path, processes):
    if processes and not engines.AVAILABLE:
        processes = 0
    write_run(tmp_path / "grades-of-ada")
    running = start(models=str(tmp_path), processes=processes)
    running.server.guard.class_code = "code"
    owner = running.cookie
    running.cookie = running.get("/join?code=code", cookie=False)[1]["set-cookie"].split(";")[0]

    async def seen():
        async with running.page(state={"points": 20, "resolution": 10}) as page:
            asked = {
                "runs": {},
                "run_show": {"name": "grades-of-ada"},
                "run_at": {"name": "grades-of-ada", "epoch": 1},
            }
            return [await page.ask(type, **fields) for type, fields in asked.items()]

    listed, *refused = asyncio.run(seen())
    assert (listed["type"], listed["runs"], listed["folder"]) == ("run_list", [], "")
    assert [r["type"] for r in refused] == ["refusal", "refusal"]
    assert "of a class" in refused[0]["text"]
    running.cookie = owner
    listed, *told = asyncio.run(seen())
    assert [run["name"] for run in listed["runs"]] == ["grades-of-ada"]
    assert [r["type"] for r in told] == ["run_story", "run_moment"]
