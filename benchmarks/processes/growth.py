"""How time and compile time grow when one extent doubles.

`scaled` is chainrule's own figure at half the extent, times the growth of the arithmetic: a ratio
to it of at most 1 means that the cost grows no faster than the work does. No peer takes part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..runner.arena import Arena
from ..runner.race import race
from ..runner.results import Figure, Row
from ..runner.workload import Goal, Sizes, Workload
from ..workloads import mlp, units
from .cold import cold_row

NAME = "chainrule"

GOALS = (Goal(1.1, to="scaled"),)
"""A tenth of what they grow by is left to noise."""


@dataclass(frozen=True)
class Axis:
    """An extent of a workload, and sizes at which it doubles from one to the next."""

    name: str
    workload: Workload
    steps: tuple[tuple[int, Sizes], ...]


def layers(batch: int, width: int, depth: int) -> dict[str, Any]:
    """The sizes of a network whose layers are equally wide."""
    return {"batch": batch, "widths": (width,) * (depth + 1)}


AXES = (
    Axis("batch", mlp.small, tuple((n, layers(n, 256, 3)) for n in (64, 128, 256, 512))),
    Axis("width", mlp.small, tuple((n, layers(64, n, 3)) for n in (128, 256, 512, 1024))),
    Axis("depth", mlp.small, tuple((n, layers(64, 128, n)) for n in (2, 4, 8, 16))),
    Axis("units", units.units, tuple((n, {"units": n, "size": 64}) for n in (125, 250, 500))),
)


def rows(arena: Arena) -> Iterator[Row]:
    """For each axis the time of a step, then of its compilation, from the second size on."""
    for axis in AXES:
        yield from growing(axis, "step", _steps(arena, axis))
        yield from growing(axis, "compile", _compilations(arena, axis))


def _steps(arena: Arena, axis: Axis) -> Iterator[Row]:
    for extent, sizes in axis.steps:
        workload = axis.workload.at(axis.workload.name)
        workload.contestants = {NAME: axis.workload.contestants[NAME]}
        workload.cases = {str(extent): sizes}
        yield from race(replace(arena, sizes={}), workload)


def _compilations(arena: Arena, axis: Axis) -> Iterator[Row]:
    names = arena.taking_part([NAME])
    for extent, sizes in axis.steps:
        yield cold_row(arena, names, axis.workload, sizes, ("growth", str(extent)))


def growing(axis: Axis, what: str, measured: Iterable[Row]) -> Iterator[Row]:
    """Rows with the figure that the size before lets expect."""
    flops = [axis.workload.least(sizes).flop for _, sizes in axis.steps]
    before: Row | None = None
    for position, row in enumerate(measured):
        if before is not None and NAME in before.figures:
            old, factor = before.figures[NAME], flops[position] / flops[position - 1]
            scaled = Figure(old.best * factor, old.median * factor, old.samples)
            case = f"{what}, {axis.name} {before.case} -> {row.case}"
            figures = {**row.figures, "scaled": scaled}
            yield replace(row, workload="growth", case=case, figures=figures, goals=GOALS)
        before = row
