"""The whole process that imports a library and ends."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from ..runner.arena import Arena
from ..runner.contestants import environment
from ..runner.process import ROOT
from ..runner.results import Figure, Row
from ..runner.workload import Goal
from .turns import in_turns

LIBRARIES = ("chainrule", "numpy", "torch", "jax", "pytensor", "onnxruntime")

LEAST_ROUNDS = 7
"""These processes are short, and the first writes Python's own compiled files."""


def rows(arena: Arena) -> Iterator[Row]:
    """One row."""

    def measure(name: str) -> float:
        started = time.perf_counter()
        command = [sys.executable, "-c", f"import {name}"]
        subprocess.run(command, cwd=ROOT, env=environment(arena.threads), check=True)
        return time.perf_counter() - started

    rounds = max(arena.rounds, LEAST_ROUNDS)
    times, skipped = in_turns(arena.taking_part(LIBRARIES), rounds, measure)
    figures = {name: Figure.of(taken) for name, taken in times.items()}
    yield Row("import", "", "s", figures, (Goal(0.3, to="jax"),), skipped=skipped)
