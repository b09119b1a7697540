"""From a fresh process to the first result of a training step, the disk cache empty and filled.

Every measurement is a process of its own. Each contestant has a cache in a folder that is empty for
the first process and that the second finds filled. What counts is the time from the first line of
the process: importing NumPy and the library, tracing, compiling or loading, one step.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..runner.arena import Arena
from ..runner.contestants import cache_in, environment
from ..runner.process import ROOT
from ..runner.race import differences
from ..runner.results import Figure, Row
from ..runner.workload import Goal, Sizes, Skip
from ..workloads import mlp
from .turns import in_turns

STATES = ("cache empty", "cache filled")
GOALS = {"cache filled": (Goal(0.4, to="jax"),)}


def rows(arena: Arena) -> Iterator[Row]:
    """A row for each state of the cache."""
    workload = mlp.small.resized(arena.sizes)
    (sizes,) = workload.cases.values()
    results: dict[str, Any] = {}

    def measure(name: str) -> tuple[float, ...]:
        with tempfile.TemporaryDirectory() as folder:
            seconds = []
            for _ in STATES:
                imported, first, result = process(name, folder, arena.threads, sizes)
                seconds.append(imported + first)
                results[name] = [[np.array(part) for part in result]]
        return tuple(seconds)

    times, skipped = in_turns(arena.taking_part(workload.contestants), arena.rounds, measure)
    faults = differences(results, workload.tolerance)
    for position, state in enumerate(STATES):
        figures = {
            name: Figure.of([each[position] for each in taken])
            for name, taken in times.items()
            if name not in faults
        }
        goals = GOALS.get(state, ()) if workload is mlp.small else ()
        yield Row("warm-start", state, "s", figures, goals, skipped=skipped, faults=faults)


def process(name: str, folder: str, threads: int, sizes: Sizes) -> tuple[float, float, Any]:
    """Seconds of imports and of what follows, and the first result, of one process."""
    script = f"{__package__}.first_result"
    given = [name, mlp.small.module, mlp.small.name, json.dumps(sizes)]
    done = subprocess.run(
        [sys.executable, "-m", script, *given],
        cwd=ROOT,
        env={**environment(threads), **cache_in(name, folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Skip((done.stderr.strip().splitlines() or ["the process failed"])[-1])
    imported, first, result = json.loads(done.stdout.splitlines()[-1])
    return imported, first, result
