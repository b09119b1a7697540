"""Results as tables that people read."""

from __future__ import annotations

import io
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from .contestants import CHAINRULE, ORDER
from .results import Ceilings, Figure, Results, Row
from .workload import BEST_PEER, Goal

SWEEP = 6
"""A workload of at least so many cases has a table of its own, and its mean in the first one."""

_UNITS = {"s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")), "B": ((2.0**20, "MiB"), (2.0**10, "KiB"))}


def amount(value: float, unit: str) -> str:
    """A figure with three digits or more, in a unit that fits."""
    steps = _UNITS[unit]
    scale, name = next((step for step in steps if value >= step[0]), steps[-1])
    size = value / scale
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{size:.{digits}f} {name}"


def describe(results: Results) -> Iterator[str]:
    """The machine, the versions and the ceilings, a line each."""
    machine = results.machine
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['features']}"
    yield f"{machine['system']}, Python {machine['python']}, load at the start {machine['load']}"
    yield f"{results.threads} threads and cores for each contestant; started {results.started}"
    yield ", ".join(f"{name} {version}" for name, version in sorted(results.versions.items()))
    for name, reason in results.missing.items():
        yield f"left out: {name}: {reason}"
    for number, run in enumerate(results.runs, start=1):
        yield f"ceilings, run {number}: {_ceilings(run.ceilings, results.threads)}"


def _ceilings(c: Ceilings, threads: int) -> str:
    meeting = f"; two threads meet in {1e9 * c.meeting:.0f} ns" if c.meeting else ""
    return (
        f"multiply-adds (a generated loop) {c.fma_one / 1e9:.0f} GFLOP/s on one thread, "
        f"{c.fma_all / 1e9:.0f} on {threads}; copies of 16 MiB {c.copy_one / 1e9:.1f} GB/s on one, "
        f"{c.copy_all / 1e9:.1f} on {threads}; a call of chainrule that adds 1 to one number "
        f"{1e6 * c.call:.2f} us{meeting}"
    )


def sections(results: Results) -> Iterator[RenderableType]:
    """Everything worth printing, from top to bottom."""
    yield Text("\n".join(describe(results)))
    groups: dict[str, list[Row]] = {}
    for row in results.over_all_runs():
        groups.setdefault(row.workload, []).append(row)
    sweeps = {name: rows for name, rows in groups.items() if len(rows) >= SWEEP}
    singles = [row for name, rows in groups.items() if name not in sweeps for row in rows]
    if singles:
        yield main_table(results, singles)
    if sweeps:
        yield summary_table(results, sweeps)
    for name, rows in sweeps.items():
        yield sweep_table(name, rows)
    notes = list(_notes(results))
    if notes:
        yield Text("\n".join(notes))


def _notes(results: Results) -> Iterator[str]:
    for fault in results.faults:
        yield f"DIFFERENT RESULTS: {fault}"
    seen = {
        f"not measured: {row.name}: {name}: {reason}"
        for run in results.runs
        for row in run.rows
        for name, reason in row.skipped.items()
    }
    yield from sorted(seen)


def _columns(rows: Iterable[Row]) -> list[str]:
    known = {name for row in rows for name in row.figures}
    return [name for name in ORDER if name in known] + sorted(known - set(ORDER))


def main_table(results: Results, rows: Sequence[Row]) -> Table:
    """Best and median of each contestant, the ratio of each run, the goals."""
    names = _columns(rows)
    table = Table(title="best, and median below it", title_justify="left", show_lines=True)
    table.add_column("workload")
    for name in names:
        table.add_column(name, justify="right")
    for head in ("best peer", "ratio of each run", "goal", "met", "of the limit"):
        table.add_column(head)
    ceilings = results.runs[-1].ceilings
    for row in rows:
        cells = [_figure(row.figures.get(name), row.unit) for name in names]
        goals = row.goals or (Goal(math.nan),)
        judged = [_judged(results.of(row.key), goal) for goal in goals]
        columns = ("\n".join(column) for column in zip(*judged, strict=True))
        share = _share(row, ceilings)
        table.add_row(row.name, *cells, row.best_peer() or "-", *columns, share)
    return table


def _figure(figure: Figure | None, unit: str) -> str:
    return f"{amount(figure.best, unit)}\n{amount(figure.median, unit)}" if figure else "-"


def _judged(rows: Sequence[Row], goal: Goal) -> tuple[str, str, str]:
    """The ratios of all runs, the goal, and whether the median of the ratios meets it."""
    known = [ratio for ratio in (row.ratio(goal.to) for row in rows) if ratio is not None]
    ratios = " ".join(f"{ratio:.2f}" for ratio in known) or "-"
    if math.isnan(goal.ratio):
        return ratios, "-", "-"
    wanted = f"<= {goal.ratio:.2f} x {goal.to}"
    if not known:
        return ratios, wanted, "?"
    return ratios, wanted, "yes" if statistics.median(known) <= goal.ratio else "NO"


def _share(row: Row, ceilings: Ceilings) -> str:
    ours = row.figures.get(CHAINRULE)
    least = ceilings.seconds(row.limit)
    return f"{100 * least / ours.best:.0f} %" if ours and least else "-"


def summary_table(results: Results, sweeps: dict[str, list[Row]]) -> Table:
    """Means of sweeps over many cases."""
    table = Table(title="chainrule / contestant over all cases of a sweep", title_justify="left")
    heads = ("sweep", "contestant", "cases", "geometric mean", "least", "greatest", "above 1")
    for head in (*heads, "goal", "met in"):
        table.add_column(head)
    for name, rows in sweeps.items():
        for other in [BEST_PEER, *(column for column in _columns(rows) if column != CHAINRULE)]:
            ratios = [ratio for ratio in (row.ratio(other) for row in rows) if ratio is not None]
            if ratios:
                mean = math.exp(statistics.fmean(map(math.log, ratios)))
                cells = (f"{value:.2f}" for value in (mean, min(ratios), max(ratios)))
                above = sum(ratio > 1 for ratio in ratios)
                goal = _common_goal(results, rows, other)
                table.add_row(name, other, str(len(ratios)), *cells, str(above), *goal)
    return table


def _common_goal(results: Results, rows: Sequence[Row], to: str) -> tuple[str, str]:
    """A sweep's goal relative to a contestant, and in how many cases it is met."""
    goals = [(row, goal) for row in rows for goal in row.goals if goal.to == to]
    if not goals:
        return "-", "-"
    met = [_judged(results.of(row.key), goal)[2] for row, goal in goals].count("yes")
    return f"<= {goals[0][1].ratio:.2f}", f"{met} of {len(goals)}"


def sweep_table(name: str, rows: Sequence[Row]) -> Table:
    """Each case of a sweep: best times, and the ratio to the best peer or to what a goal names."""
    names = _columns(rows)
    others = list(dict.fromkeys(goal.to for row in rows for goal in row.goals)) or [BEST_PEER]
    table = Table(title=f"{name}: best", title_justify="left")
    table.add_column("case")
    for head in (*names, *(f"/ {other}" for other in others)):
        table.add_column(head, justify="right")
    for row in rows:
        figures = [row.figures.get(column) for column in names]
        cells = [amount(figure.best, row.unit) if figure else "-" for figure in figures]
        ratios = [row.ratio(other) for other in others]
        cells += ["-" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
        table.add_row(row.case, *cells)
    return table


def comparison_table(old: Results, new: Results) -> Table:
    """Old best over new best, for each contestant: above 1, the new one is faster."""
    before = {row.key: row for row in old.over_all_runs()}
    rows = [row for row in new.over_all_runs() if row.key in before]
    names = _columns(rows)
    table = Table(title="old best / new best (above 1: faster now)", title_justify="left")
    table.add_column("workload")
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(row.name, *(_gain(before[row.key], row, name) for name in names))
    return table


def _gain(old: Row, new: Row, name: str) -> str:
    one, other = old.figures.get(name), new.figures.get(name)
    return f"{one.best / other.best:.2f}" if one and other and other.best else "-"


def as_text(parts: Iterable[RenderableType], width: int = 200) -> str:
    """Tables as plain text."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None)
    for part in parts:
        console.print(part)
        console.print()
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"
