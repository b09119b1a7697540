"""Contestants of every workload compute the same, at sizes small enough to check quickly."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import pytest

from benchmarks.runner.contestants import library
from benchmarks.runner.race import differences
from benchmarks.runner.worker import arrays, find
from benchmarks.runner.workload import REFERENCES, Workload
from benchmarks.suite import WORKLOADS

TINY: dict[str, dict[str, Any]] = {
    "mlp-small": {"batch": 5, "widths": (7, 6, 3)},
    "mlp-mnist": {"batch": 4, "widths": (9, 8, 7, 5)},
    "chain": {"rows": 3, "columns": 37},
}

SLOW = ("torch-compile",)


def tiny(workload: Workload) -> dict[str, Any]:
    """The sizes to check a workload at."""
    return TINY[workload.name]


def pairs() -> list[tuple[Workload, str]]:
    """Each workload with each contestant but the one that all are compared with."""
    return [
        (workload, name)
        for workload in WORKLOADS
        for name in workload.contestants
        if name not in (*REFERENCES, *SLOW, reference(workload))
    ]


def reference(workload: Workload) -> str:
    """Whom the others are compared with: written by hand where there is such a contestant."""
    return "numpy" if "numpy" in workload.contestants else "chainrule"


def results(workload: Workload, name: str) -> list[Any]:
    """What the steps of a contestant return."""
    with warnings.catch_warnings():
        if library(name) != "chainrule":
            warnings.simplefilter("ignore")  # other libraries' deprecations are not ours
        step = workload.make_step(name, tiny(workload))
        return [list(arrays(step())) for _ in range(workload.steps)]


@pytest.mark.parametrize(("workload", "name"), pairs(), ids=lambda v: getattr(v, "name", v))
def test_contestants_agree(workload: Workload, name: str) -> None:
    if find_spec(library(name)) is None:
        pytest.skip(f"{library(name)} is not installed")
    found = {key: results(workload, key) for key in (reference(workload), name)}
    assert differences(found, workload.tolerance) == {}
    first = found[name][0]
    assert first
    assert all(array.size for array in first)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.name)
def test_another_process_finds_the_workload(workload: Workload) -> None:
    assert find(workload.module, workload.name) is workload


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.name)
def test_inputs_are_the_same_each_time_and_never_shared(workload: Workload) -> None:
    sizes = tiny(workload)
    one, two = (list(arrays(list(workload.make_inputs(sizes)))) for _ in range(2))
    assert differences({"one": [one], "two": [two]}, 0.0) == {}


def test_a_step_that_changes_its_inputs_is_compared_several_times() -> None:
    by_name = {workload.name: workload for workload in WORKLOADS}
    losses = [float(step[0]) for step in results(by_name["mlp-small"], "numpy")]
    assert len(set(losses)) == len(losses) > 1
