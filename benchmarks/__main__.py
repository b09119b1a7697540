"""The command line: ``python -m benchmarks --help``."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from .runner import ceilings, chart, machine, results, table
from .runner.arena import Arena
from .runner.contestants import PEERS
from .suite import ABOUT, SUITE


class Names(click.ParamType):
    """Names between commas, each of a known set."""

    name = "NAMES"

    def __init__(self, known: Sequence[str]) -> None:
        self.known = tuple(known)

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """The names, in the order in which they were given."""
        names = tuple(value.split(",")) if isinstance(value, str) else value
        for name in names:
            if name not in self.known:
                self.fail(f"{name!r} is none of {', '.join(self.known)}")
        return names


class Size(click.ParamType):
    """A parameter of workloads and its value."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, Any]:
        """The pair; a value such as 64,32,10 is a tuple."""
        if isinstance(value, tuple):
            return value
        name, _, text = value.partition("=")
        try:
            return name, ast.literal_eval(text)
        except (SyntaxError, ValueError):
            self.fail(f"{value!r}: wanted a number or numbers between commas after the =")


class Saved(click.ParamType):
    """A file of results."""

    name = "FILE"

    def convert(self, value: Any, param: Any, ctx: Any) -> results.Results:
        """What is in the file."""
        if isinstance(value, results.Results):
            return value
        try:
            return results.from_json(Path(value).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            self.fail(f"{value}: {error}")


def listed(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print the names of all workloads and end."""
    if value:
        width = max(map(len, ABOUT))
        for name, about in ABOUT.items():
            click.echo(f"{name:{width}}  {about}")
        ctx.exit()


@click.command(context_settings={"max_content_width": 100})
@click.option(
    "--only",
    type=Names(tuple(SUITE)),
    default=tuple(SUITE),
    help="Workloads to run, between commas; all by default (see --list).",
)
@click.option(
    "--peers",
    type=Names(PEERS),
    default=PEERS,
    help=f"Who runs beside chainrule, of {', '.join(PEERS)}; all that are installed by default.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=machine.cores,
    help="Threads and cores of each contestant; all by default.",
)
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Repeat everything so often.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Time for each contestant in each case of a workload.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Fresh processes for a figure that takes one: cold, warm-start, import, memory.",
)
@click.option(
    "--size",
    type=Size(),
    multiple=True,
    help="Another size for workloads that have it, such as batch=256; may be repeated.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/bench"),
    show_default=True,
    help="Folder for the table, the picture and the figures.",
)
@click.option(
    "--json", type=click.Path(path_type=Path), help="Write the figures to this file as well."
)
@click.option("--load", type=Saved(), help="Show the figures of a file instead of measuring.")
@click.option("--compare", type=Saved(), help="Show how much faster everybody is than in a file.")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    callback=listed,
    expose_value=False,
    help="Tell what each workload is.",
)
def main(
    only: tuple[str, ...],
    peers: tuple[str, ...],
    threads: int,
    runs: int,
    seconds: float,
    rounds: int,
    size: tuple[tuple[str, Any], ...],
    out: Path,
    json: Path | None,
    load: results.Results | None,
    compare: results.Results | None,
) -> None:
    """Measure chainrule beside its peers and write table.txt, ratios.png and results.json."""
    found = load
    if found is None:
        with Arena(threads, peers, seconds, rounds, dict(size)) as arena:
            found = measure(arena, only, runs)
        save(found, out, json)
    parts = list(table.sections(found))
    if compare is not None:
        parts.append(table.comparison_table(compare, found))
    console = Console()
    if console.is_terminal:
        console.print(*parts, sep="\n\n")
    else:
        click.echo(table.as_text(parts), nl=False)
    if found.faults:
        sys.exit(1)


def measure(arena: Arena, names: Sequence[str], runs: int) -> results.Results:
    """Run the named workloads a number of times."""
    description, started = machine.describe(), datetime.now(UTC).isoformat(timespec="seconds")
    done = []
    for number in range(1, runs + 1):
        before = ceilings.measure(arena)
        rows = []
        for name in names:
            for row in SUITE[name](arena):
                rows.append(row)
                ratio = row.ratio()
                told = "" if ratio is None else f"{ratio:.2f} x {row.best_peer()}"
                click.echo(f"run {number}: {row.name} {told}", err=True)
        best = before.or_better(ceilings.measure(arena))
        done.append(results.Run(best, tuple(rows)))
    return results.Results(
        started, arena.threads, description, arena.versions, arena.missing, tuple(done)
    )


def save(found: results.Results, folder: Path, json: Path | None) -> None:
    """Write the three files, and the figures once more where they were asked for."""
    text = results.to_json(found)
    results.write(folder / "results.json", text)
    results.write(folder / "table.txt", table.as_text(table.sections(found)))
    results.write(folder / "ratios.png", chart.png(found))
    if json is not None:
        results.write(json, text)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
