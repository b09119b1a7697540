"""Contestants in turns on one workload, after their results were compared."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .arena import Arena
from .contestants import CHAINRULE
from .results import Figure, Row
from .workload import REFERENCES, Sizes, Skip, Workload

if TYPE_CHECKING:
    from .process import Process

TURN_SECONDS = 0.01
FEWEST_TURNS = 5


def race(arena: Arena, workload: Workload) -> Iterator[Row]:
    """A row for each case."""
    workload = workload.resized(arena.sizes)
    for case, sizes in workload.cases.items():
        yield _case(arena, workload, case, sizes)


def _case(arena: Arena, workload: Workload, case: str, sizes: Sizes) -> Row:
    running: dict[str, Process] = {}
    results: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    for name in arena.taking_part(workload.contestants):
        try:
            process = arena.process(name)
            process.ask("prepare", workload.module, workload.name, sizes)
            found = process.ask("results", workload.steps)
        except Skip as reason:
            skipped[name] = str(reason)
        else:
            running[name] = process
            if name not in REFERENCES:
                results[name] = found
    faults = differences(results, workload.tolerance)
    fair = {name: process for name, process in running.items() if name not in faults}
    times = _turns(fair, arena.seconds * workload.seconds, skipped)
    for process in running.values():
        if process.alive:
            process.ask("drop")
    figures = {name: Figure.of(samples) for name, samples in times.items() if samples}
    goals, least = workload.goals, workload.least(sizes)
    return Row(workload.name, case, "s", figures, goals, least, skipped, faults)


def _turns(
    running: Mapping[str, Process], seconds: float, skipped: dict[str, str]
) -> dict[str, list[float]]:
    """The samples of each contestant; one that ends in between is noted as skipped."""
    times: dict[str, list[float]] = {name: [] for name in running}
    turns, end = 0, time.monotonic() + seconds * len(running)
    while turns < FEWEST_TURNS or time.monotonic() < end:
        turns += 1
        for name, process in running.items():
            if name in skipped:
                continue
            try:
                times[name] += process.ask("turn", TURN_SECONDS)
            except Skip as reason:
                skipped[name] = str(reason)
    return times


def differences(results: Mapping[str, Any], tolerance: float) -> dict[str, str]:
    """Contestants whose results differ, and how; chainrule's are compared with a peer's."""
    reference = next((name for name in results if name != CHAINRULE), CHAINRULE)
    found = {}
    for name, steps in results.items():
        for ours, theirs in zip(steps, results[reference], strict=True):
            fault = difference(ours, theirs, tolerance)
            if fault:
                found[name] = f"{fault} (compared with {reference})"
                break
    return found


def difference(found: list[Any], wanted: list[Any], tolerance: float) -> str:
    """How two results differ, relative to the largest element of each array, or nothing."""
    if len(found) != len(wanted):
        return f"{len(found)} arrays, wanted {len(wanted)}"
    for position, (one, other) in enumerate(zip(found, wanted, strict=True)):
        if one.shape != other.shape:
            return f"array {position} has shape {one.shape}, wanted {other.shape}"
        error = np.abs(np.asarray(one, float) - np.asarray(other, float))
        scale = max(float(np.abs(other).max(initial=0.0)), 1e-30)
        worst = float(error.max(initial=0.0)) / scale
        if not worst <= tolerance:
            return f"array {position} differs by {worst:.1e}, allowed {tolerance:.0e}"
    return ""
