"""Contestants of every workload compute the same, at sizes small enough to check quickly."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from benchmarks.runner.contestants import library
from benchmarks.runner.race import difference, differences
from benchmarks.runner.worker import arrays, find
from benchmarks.runner.workload import REFERENCES, Skip, Workload
from benchmarks.suite import WORKLOADS
from benchmarks.workloads import calls, mlp

TINY: dict[str, Any] = {
    "mlp-small": {"batch": 5, "widths": (7, 6, 3)},
    "mlp-mnist": {"batch": 4, "widths": (9, 8, 7, 5)},
    "infer-1": {"batch": 1, "widths": (7, 6, 3)},
    "infer-1-mnist": {"batch": 2, "widths": (9, 8, 7, 5)},
    "deep-linear": {"batch": 5, "width": 8, "bottleneck": 2, "layers": 4},
    "chain": {"rows": 3, "columns": 37},
    "softmax": {"rows": 3, "columns": 37},
    "layernorm": {"rows": 3, "columns": 37},
    "skipgram": {"words": 20, "width": 6, "batch": 16, "negatives": 4},
    "attention": {"batch": 2, "length": 5, "width": 6, "heads": 2},
    "units": {"units": 30, "size": 5},
    "products": [
        {"rows": 3, "columns": 4, "depth": 5, "form": form, "dtype": dtype}
        for form, dtype in (("nn", "float32"), ("nt", "float64"), ("tn", "float32"))
    ],
    "calls": list(calls.CASES.values()),
    "scalar-functions": [
        {"function": name, "dtype": "float32", "size": 37} for name in ("log", "power", "softplus")
    ],
}

SLOW = ("torch-compile",)


def tiny(workload: Workload) -> list[dict[str, Any]]:
    """The sizes to check a workload at."""
    sizes = TINY[workload.name]
    return sizes if isinstance(sizes, list) else [sizes]


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


def results(workload: Workload, name: str, sizes: dict[str, Any]) -> list[Any]:
    """What the steps of a contestant return."""
    with warnings.catch_warnings():
        if library(name) != "chainrule":
            warnings.simplefilter("ignore")  # other libraries' deprecations are not ours
        try:
            step = workload.make_step(name, sizes)
        except Skip as reason:  # such as a second package that it needs
            pytest.skip(str(reason))
        return [list(arrays(step())) for _ in range(workload.steps)]


@pytest.mark.parametrize(("workload", "name"), pairs(), ids=lambda v: getattr(v, "name", v))
def test_contestants_agree(workload: Workload, name: str) -> None:
    if find_spec(library(name)) is None:
        pytest.skip(f"{library(name)} is not installed")
    for sizes in tiny(workload):
        found = {key: results(workload, key, sizes) for key in (reference(workload), name)}
        assert differences(found, workload.tolerance) == {}, sizes
        first = found[name][0]
        assert first
        assert all(array.size for array in first)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.name)
def test_another_process_finds_the_workload(workload: Workload) -> None:
    assert find(workload.module, workload.name) is workload


def given(part: Any) -> list[np.ndarray]:
    """The arrays of some inputs."""
    if isinstance(part, (list, tuple)):
        return [array for inner in part for array in given(inner)]
    return [part] if isinstance(part, np.ndarray) else []


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.name)
def test_inputs_are_the_same_each_time_and_never_shared(workload: Workload) -> None:
    sizes = tiny(workload)[0]
    one, two = (given(workload.make_inputs(sizes)) for _ in range(2))
    assert difference(one, two, 0.0) == ""
    assert not any(np.shares_memory(*pair) for pair in zip(one, two, strict=True))


def test_a_step_that_changes_its_inputs_is_compared_several_times() -> None:
    losses = [float(step[0]) for step in results(mlp.small, "numpy", tiny(mlp.small)[0])]
    assert len(set(losses)) == len(losses) > 1
