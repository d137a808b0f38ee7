"""Goals, verdicts and tables; and the command from its arguments to its JSON."""

import json
import math
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from benchmarks.goals import FAMILIES, GOALS, Goal, judge, judge_all
from benchmarks.peers import PEERS
from benchmarks.results import (
    Entry,
    Measurement,
    from_json,
    mark_those_that_are_wrong,
    mark_those_that_did_not_learn,
    to_json,
)
from benchmarks.workloads import WORKLOADS
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import cold, report, run, size

times = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=9)


def measured(peer: str, *values: float, threads: int | None = None) -> Entry:
    return Entry(peer, peer, threads, status="measured", values=list(values))


def measurement(*entries: Entry, name: str = "W3s") -> Measurement:
    return Measurement(name, "a summary", "ms/epoch", 1e3, list(entries))


@given(times)
def test_minimum_and_median_are_of_the_values(values: list[float]) -> None:
    entry = measured("floor", *values)
    ordered = sorted(values)
    middle = len(values) // 2
    assert entry.minimum == ordered[0]
    assert entry.median == pytest.approx((ordered[middle] + ordered[-middle - 1]) / 2)


@given(ours=times, theirs=times, bound=st.floats(0.1, 20))
def test_a_ratio_is_of_minima_and_meets_its_bound_or_not(ours: list[float], theirs: list[float], bound: float) -> None:
    table = measurement(measured("glassnet", *ours), measured("pytorch", *theirs))
    faster = judge(Goal("W3s", "PyTorch", "at least", bound), table)
    assert faster.measured == pytest.approx(min(theirs) / min(ours))
    assert faster.verdict == ("pass" if min(theirs) / min(ours) >= bound else "miss")
    table = measurement(measured("glassnet", *ours), measured("floor", *theirs))
    slower = judge(Goal("W3s", "the floor", "at most", bound), table)
    assert slower.measured == pytest.approx(min(ours) / min(theirs))
    assert slower.verdict == ("pass" if slower.measured <= bound else "miss")


def test_a_goal_is_set_against_the_fastest_of_the_family_and_ours_at_its_best() -> None:
    table = measurement(
        measured("glassnet", 2.0, threads=1),
        measured("glassnet", 1.0, threads=2),
        measured("pytorch", 6.0, threads=1),
        measured("pytorch", 5.0, threads=2),
        measured("pytorch_compile", 3.0),
        measured("floor", 0.5, threads=2),
        measured("floor", 1.6, threads=1),
    )
    judged = judge(Goal("W3s", "PyTorch", "at least", 2.2), table)
    assert (judged.measured, judged.verdict, judged.ceiling) == (3.0, "pass", 6.0)
    assert judge(Goal("W3s", "the floor", "at most", 1.4, threads=2), table).measured == 2.0
    assert judge(Goal("W3s", "the floor", "at most", 1.25, threads=1), table).measured == pytest.approx(1.25)
    assert judge(Goal("W3s", "the floor", "at most", 1.25, threads=1), table).verdict == "pass"


def test_a_goal_that_even_the_floor_would_miss_says_so() -> None:
    table = measurement(measured("glassnet", 1.1), measured("pytorch", 1.5), measured("floor", 1.0))
    judged = judge(Goal("W3s", "PyTorch", "at least", 2.2), table)
    assert judged.verdict == "miss"
    assert report.ceiling(judged) == "1.50× (out of reach)"


def test_a_peer_that_was_not_measured_leaves_the_goal_unknown_with_the_reason() -> None:
    goal = Goal("W3s", "scikit-learn", "at least", 2.2)
    absent = Entry("sklearn", reason="No module named 'sklearn'")
    assert judge(goal, measurement(measured("glassnet", 1.0), absent)).verdict == "unknown"
    assert judge(goal, measurement(measured("glassnet", 1.0), absent)).reason == (
        "scikit-learn absent: No module named 'sklearn'"
    )
    two_threads = Goal("W3s", "the floor", "at most", 1.4, threads=2)
    only_one = measurement(measured("glassnet", 1.0, threads=1), measured("floor", 1.0, threads=1))
    assert judge(two_threads, only_one).reason == "glassnet was not asked for with threads 2"
    crashed = Entry("glassnet", status="failed", reason="exit status 4", values=[0.001])
    assert judge(goal, measurement(crashed, measured("sklearn", 1.0))).reason == "glassnet failed: exit status 4"


def test_an_absolute_goal_bounds_the_shown_quantity() -> None:
    goal = next(goal for goal in GOALS if goal.workload == "W8-install")
    table = Measurement("W8-install", "", "MB", 1.0, [measured("glassnet", 91.0)])
    assert (judge(goal, table).verdict, str(goal)) == ("miss", "≤ 90 MB")
    table.entries[0].values = [89.0]
    assert judge(goal, table).verdict == "pass"


def test_every_goal_names_a_workload_and_peers_that_exist() -> None:
    names = {*WORKLOADS, "W7", "W8-install", "W8-memory"}
    known = {peer.name for peer in PEERS} | {process.peer for process in cold.COLD}
    for goal in GOALS:
        assert goal.workload in names
        assert not goal.against or set(FAMILIES[goal.against]) <= known
    assert {goal.workload for goal in GOALS} == names  # no workload without a promise


def test_those_that_did_not_learn_are_set_aside_and_do_not_count() -> None:
    entries = [
        Entry(name, status="measured", values=[1.0], before=2.3, after=after)
        for name, after in (("a", 0.30), ("b", 0.31), ("c", 0.29), ("worse", 0.5), ("nan", math.nan), ("up", 2.4))
    ]
    floor = measured("floor", 1.0)
    mark_those_that_did_not_learn([*entries, floor], spread=1.3)
    assert [entry.peer for entry in [*entries, floor] if entry.counts] == ["a", "b", "c", "floor"]
    assert "others reach" in entries[3].reason


def test_predictions_that_are_off_are_set_aside() -> None:
    entries = [Entry("a", status="measured", error=1e-6), Entry("b", status="measured", error=math.nan)]
    mark_those_that_are_wrong(entries)
    assert [entry.status for entry in entries] == ["measured", "failed"]


def test_json_keeps_everything() -> None:
    table = measurement(measured("glassnet", 1.0, 2.0, threads=2), Entry("keras", reason="No module named 'keras'"))
    again = from_json(json.loads(json.dumps(to_json(table))))
    assert asdict(again) == asdict(table)
    assert judge_all([again]) == judge_all([table])


def test_a_section_shows_ratios_at_equal_threads_and_names_the_missing() -> None:
    table = measurement(
        measured("floor", 0.1, threads=1),
        measured("floor", 0.05, threads=2),
        measured("glassnet", 0.12, threads=1),
        measured("glassnet", 0.06, threads=2),
        Entry("keras", "Keras", reason="No module named 'keras'"),
    )
    text = report.workload_section(table)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    #       peer, threads, best and median in ms, ÷ floor, ÷ glassnet, rounds
    assert ["glassnet", "1", "120", "120", "1.20", "1.00", "1", ""] in rows
    assert ["floor", "2", "50.0", "50.0", "1.00", "0.833", "1", ""] in rows
    assert "- Keras: absent (No module named 'keras')" in text


@given(before=st.text(max_size=30), old=st.text(max_size=30), after=st.text(max_size=30), new=st.text(max_size=30))
def test_figures_go_between_the_markers_and_nowhere_else(before: str, old: str, after: str, new: str) -> None:
    page = f"{before}{report.BEGIN}{old}{report.END}{after}"
    once = report.filled(page, new)
    assert once.startswith(before + report.BEGIN)
    assert once.endswith(report.END + after)
    assert new in once
    assert report.filled(once, new) == once


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="expected both"):
        report.filled("no markers", "figures")


@given(st.floats(1e-3, 1e6))
def test_a_figure_keeps_three_digits(value: float) -> None:
    text = report.figure(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=0.005)


def test_the_committed_page_has_its_markers() -> None:
    page = Path(report.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert report.BEGIN in report.filled(page, "figures")


@pytest.mark.parametrize(
    "arguments",
    [["--workloads", "W9"], ["--rounds", "0"], ["--threads", "two"], ["--peers", ""], ["--json", "no/such/folder/x"]],
)
def test_bad_options_end_with_status_2_and_say_what_was_expected(arguments: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        run.parse(arguments)
    assert stop.value.code == 2
    assert "expected" in capsys.readouterr().err


def test_the_command_measures_writes_json_and_prints_the_same_figures(tmp_path: Path, capsys) -> None:
    target = tmp_path / "out.json"
    run.main(["--workloads", "W1", "--peers", "floor,numpy_hand", "--rounds", "2", "--quick", "--json", str(target)])
    results = json.loads(target.read_text(encoding="utf-8"))
    entries = {entry["peer"]: entry for entry in results["workloads"][0]["entries"]}
    assert [len(entries[name]["values"]) for name in ("floor", "numpy_hand")] == [2, 2]
    assert entries["numpy_hand"]["after"] < entries["numpy_hand"]["before"] / 2
    assert any("not asked for" in note for note in results["notes"])
    printed = capsys.readouterr().out.strip()
    assert printed == report.markdown(results).strip()
    page = tmp_path / "page.md"
    page.write_text(f"{report.BEGIN}{report.END}", encoding="utf-8")
    report.main([str(target), str(page)])
    assert printed in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(("load", "warned"), [(3.0, True), (0.1, False), (None, False)])
def test_a_busy_machine_is_noted(load: float | None, warned: bool) -> None:
    assert any("busy" in note for note in run.notes_for(run.parse([]), load)) == warned


def test_processes_are_timed_and_failures_carry_their_last_line() -> None:
    seconds, printed = cold.time_process([sys.executable, "-c", "print(0.98)"])
    assert seconds > 0
    assert cold._last_number(printed, Path()) == 0.98
    with pytest.raises(ValueError, match="exit status 1: ZeroDivisionError"):
        cold.time_process([sys.executable, "-c", "1/0"])


def test_the_accuracy_of_a_run_is_found_in_its_result_file(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "0001"
    folder.mkdir(parents=True)
    with pytest.raises(ValueError, match=r"result\.json"):
        cold._from_result_file("", tmp_path)
    (folder / cold.RESULT_FILE).write_text(json.dumps({cold.ACCURACY_KEY: 0.975}), encoding="utf-8")
    assert cold._from_result_file("", tmp_path) == 0.975


def test_a_process_below_97_percent_does_not_count(tmp_path: Path) -> None:
    process = cold.Cold(
        "slow learner", "", "sys", lambda data, output: [sys.executable, "-c", "print(0.96)"], cold._last_number
    )
    entry = Entry("slow learner")
    cold._time_once(process, entry, tmp_path, counted=True)
    assert (entry.status, entry.reason) == ("did not learn", "96.00% right, 97% wanted")


def test_installed_sizes_follow_requirements() -> None:
    sizes = size.installed_sizes("hypothesis")
    assert {"hypothesis", "sortedcontainers"} <= set(sizes)
    assert all(megabytes > 0 for megabytes in sizes.values())


def test_the_size_of_a_folder_is_the_sum_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").write_bytes(bytes(300_000))
    (tmp_path / "deep" / "b").write_bytes(bytes(700_000))
    assert size.folder_megabytes(tmp_path) == 1.0
    assert size.folder_megabytes(tmp_path, "b") == 0.7
