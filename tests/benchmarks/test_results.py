"""Figures survive their file, ratios and goals are worked out as stated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.runner import ceilings, chart, table
from benchmarks.runner.contestants import environment, wanted
from benchmarks.runner.race import difference, differences
from benchmarks.runner.results import (
    Ceilings,
    Figure,
    Results,
    Row,
    Run,
    from_json,
    to_json,
    write,
)
from benchmarks.runner.workload import Goal, Limit, Workload


def row(ours: float, numpy: float, jax: float, copy: float = 0.5, name: str = "chain") -> Row:
    times = {"chainrule": ours, "numpy": numpy, "jax": jax, "copy": copy}
    return Row(
        name,
        "",
        "s",
        {contestant: Figure.of([time, 3 * time, 2 * time]) for contestant, time in times.items()},
        (Goal(0.5), Goal(4.0, to="copy")),
        Limit(flop=2e9, bytes=1e6),
        {"torch": "torch is not installed"},
    )


def results(*rows: Row) -> Results:
    rates = Ceilings(1e9, 2e9, 1e9, 1e9, 1e-6)
    runs = tuple(Run(rates, (each,)) for each in rows)
    machine = dict.fromkeys(
        ("processor", "features", "architecture", "cores", "system", "python", "load"), "some"
    )
    return Results("2026", 2, machine, {"numpy": "2.4"}, {"torch": "absent"}, runs)


def test_the_file_brings_everything_back() -> None:
    found = results(row(1.0, 2.0, 4.0), row(1.5, 2.0, 4.0))
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": 0}', "not json"])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"format|Expecting"):
        from_json(text)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "results.json"
    write(target, "one")
    write(target, b"two")
    assert target.read_text() == "two"
    assert list(target.parent.iterdir()) == [target]


def test_ratios_are_of_best_times_and_a_copy_is_no_peer() -> None:
    each = row(1.0, 4.0, 2.0)
    assert each.best_peer() == "jax"
    assert each.ratio() == 0.5
    assert each.ratio("numpy") == 0.25
    assert each.ratio("copy") == 2.0
    assert each.ratio("torch") is None


def test_runs_are_put_together_by_their_best() -> None:
    (both,) = results(row(1.0, 2.0, 4.0), row(0.5, 3.0, 3.5)).over_all_runs()
    assert both.figures["chainrule"] == Figure(0.5, 1.5, 6)
    assert both.figures["numpy"].best == 2.0


@pytest.mark.parametrize(("ours", "met"), [(0.9, "yes"), (1.1, "NO")])
def test_the_table_judges_the_median_of_the_ratios(ours: float, met: str) -> None:
    found = results(row(9.0, 2.0, 4.0), row(ours, 2.0, 4.0), row(ours, 2.0, 4.0))
    line = next(
        line for line in table.as_text(table.sections(found)).splitlines() if "0.50" in line
    )
    assert f"4.50 {ours / 2:.2f} {ours / 2:.2f}" in line
    assert f" {met} " in line
    assert f"{100 / ours:.0f} %" in line  # 2 GFLOP at 2 GFLOP/s take a second


def test_the_table_tells_what_is_missing() -> None:
    text = table.as_text(table.sections(results(row(1.0, 2.0, 4.0))))
    assert "left out: torch: absent" in text
    assert "not measured: chain: torch: torch is not installed" in text


def test_the_comparison_is_old_over_new() -> None:
    old, new = results(row(1.0, 2.0, 4.0)), results(row(0.25, 4.0, 4.0))
    text = table.as_text([table.comparison_table(old, new)])
    cells = next(line for line in text.splitlines() if "chain " in line).split()
    assert [cell for cell in cells if "." in cell] == ["4.00", "0.50", "1.00", "1.00"]


def test_the_picture_is_a_png() -> None:
    assert chart.png(results(row(1.0, 2.0, 4.0))).startswith(b"\x89PNG")


def test_the_ceilings_tell_how_long_a_meeting_takes() -> None:
    found = results(row(1.0, 2.0, 4.0))
    assert "meet" not in "".join(table.describe(found))  # contestants have one thread
    (run,) = found.runs
    once, again = (replace(run.ceilings, meeting=seconds) for seconds in (3e-7, 2e-7))
    best = replace(found, runs=(replace(run, ceilings=once.or_better(again)),))
    assert "two threads meet in 200 ns" in "".join(table.describe(best))
    assert from_json(to_json(best)) == best


@pytest.mark.skipif(not ceilings.several_cores(), reason="one of the threads would wait for long")
def test_two_threads_meet_as_often_as_they_are_asked_to() -> None:
    assert 0 < ceilings.best(ceilings.meetings(), rounds=3) / ceilings.MEETINGS < 0.1


def test_amounts_have_units() -> None:
    assert table.amount(2.0, "s") == "2.00 s"
    assert table.amount(0.0123, "s") == "12.3 ms"
    assert table.amount(4.5e-7, "s") == "0.45 us"
    assert table.amount(3 * 2.0**20, "B") == "3.00 MiB"


def test_differences_are_relative_to_the_largest_element() -> None:
    wanted, near, far = np.array([1e6, 0.0]), np.array([1e6, 1.0]), np.array([1e6, 20.0])
    assert difference([near], [wanted], 1e-5) == ""
    assert "differs by 2.0e-05" in difference([far], [wanted], 1e-5)
    assert "differs" in difference([np.array([np.nan, 0.0])], [wanted], 1e-5)
    assert "shape" in difference([np.zeros(3)], [wanted], 1e-5)
    assert "arrays" in difference([], [wanted], 1e-5)


def test_a_fault_is_chainrules_where_a_peer_disagrees_with_it() -> None:
    good, bad = [[np.ones(2)]], [[np.zeros(2)]]
    assert list(differences({"chainrule": bad, "numpy": good, "jax": good}, 1e-5)) == ["chainrule"]


def test_variants_follow_their_library() -> None:
    assert wanted("torch-plain", ("torch",))
    assert not wanted("torch-compile", ("torch",))
    assert wanted("copy", ())
    assert wanted("chainrule-native", ())
    assert not wanted("jax", ("torch",))


def test_measuring_processes_get_equal_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "HASWELL")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    found = environment(3)
    names = ("CHAINRULE_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    assert {found[name] for name in names} == {"3"}
    assert found.keys().isdisjoint({"OPENBLAS_CORETYPE", "PYTHONDONTWRITEBYTECODE"})


def test_other_sizes_drop_the_goals() -> None:
    workload = Workload("some", "thing", sizes={"batch": 2, "width": 3}, goals=[Goal(1.0)])
    assert workload.resized({"length": 4}) is workload
    other = workload.resized({"batch": 8})
    assert other.cases == {"": {"batch": 8, "width": 3}}
    assert other.goals == ()
