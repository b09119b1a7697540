"""Profiles: kernels are timed one by one, and what they say fits together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr


def step(w: Any, x: Any) -> Any:
    y = np.tanh(x @ w)
    return w - 0.1 * (x.T @ y), cr.ops.softmax(y), np.mean(y * y)


def arrays(rows: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(64, 64)), rng.normal(size=(rows, 64))]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("rows", [3, 3000])
def test_kernels_are_timed(rows: int, threads: int) -> None:
    program = cr.compile(step, threads=threads, donate_argnames="w").program(*arrays(rows))
    profile = program.profile(*arrays(rows), calls=20)
    assert [each.name for each in profile.kernels] == [each.name for each in program.kernels]
    assert all(0 < kernel.best <= kernel.median for kernel in profile.kernels)
    assert max(event.end for event in profile.events) <= profile.timed
    assert {event.kernel for event in profile.events} == set(range(len(profile.kernels)))
    assert {event.thread for event in profile.events} <= set(range(threads))
    assert all(0 <= event.begin < event.end for event in profile.events)


def test_one_thread_does_one_kernel_after_the_other() -> None:
    profile = cr.compile(step, threads=1).program(*arrays(50)).profile(*arrays(50), calls=5)
    ends = [0.0, *(event.end for event in profile.events)]
    assert all(event.begin >= end for event, end in zip(profile.events, ends, strict=False))


def test_a_check_is_timed_and_still_fails() -> None:
    function = cr.compile(lambda x, i: np.tanh(x)[i])
    x, good, bad = np.ones((500, 500)), np.arange(9), np.array([3, 500])
    profile = function.program(x, good).profile(x, good, calls=3)
    assert any(kernel.summary.startswith("check") for kernel in profile.kernels)
    with pytest.raises(cr.OutOfBoundsError):
        function.program(x, bad).profile(x, bad)


def test_a_table_and_a_trace(tmp_path: Path) -> None:
    profile = cr.compile(step).program(*arrays(40)).profile(*arrays(40), calls=5)
    lines = str(profile).splitlines()
    assert lines[0].startswith("best ")
    assert "with timers best" in lines[0]
    assert len(lines) == 2 + len(profile.kernels)
    profile.save_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert len(events) == len(profile.events)
    assert all(event["ph"] == "X" and event["dur"] > 0 for event in events)


def test_the_reference_backend_has_no_kernels() -> None:
    program = cr.compile(step, backend="reference").program(*arrays(3))
    assert program.profile(*arrays(3), calls=2).kernels == ()
