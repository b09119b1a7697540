"""The first call of each training step: tracing, optimising, compiling, one step.

Each measurement has a process of its own, without any cache of programs, in which the library is
imported and has compiled one small function before.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..runner.arena import Arena
from ..runner.contestants import no_caches
from ..runner.results import Figure, Row
from ..runner.workload import Goal, Sizes, Workload
from ..workloads import attention, mlp, skipgram, units
from .turns import in_turns

WORKLOADS = (mlp.small, mlp.mnist, skipgram.skipgram, attention.attention, units.units)
COMPILERS = ("chainrule", "torch-compile", "jax", "pytensor")


def rows(arena: Arena) -> Iterator[Row]:
    """A row for each workload."""
    for workload in WORKLOADS:
        resized = workload.resized(arena.sizes)
        (sizes,) = resized.cases.values()
        goals = (Goal(0.6, to="jax"),) if resized is workload else ()
        names = arena.taking_part(name for name in COMPILERS if name in workload.contestants)
        yield cold_row(arena, names, workload, sizes, ("cold", workload.name), goals)


def cold_row(
    arena: Arena,
    names: list[str],
    workload: Workload,
    sizes: Sizes,
    key: tuple[str, str],
    goals: tuple[Goal, ...] = (),
) -> Row:
    """The seconds of first calls."""

    def measure(name: str) -> float:
        with no_caches(name) as variables, arena.fresh(name, variables) as process:
            process.ask("warm")
            process.ask("prepare", workload.module, workload.name, sizes)
            seconds: float = process.ask("first")
            return seconds

    times, skipped = in_turns(names, arena.rounds, measure)
    figures = {name: Figure.of(taken) for name, taken in times.items()}
    return Row(*key, "s", figures, goals, skipped=skipped)
