"""What was measured: figures in rows, rows in runs, and their JSON."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from .contestants import CHAINRULE
from .workload import BEST_PEER, REFERENCES, Goal, Limit

FORMAT = 1


@dataclass(frozen=True)
class Figure:
    """Best and median of a number of samples, in the unit of its row."""

    best: float
    median: float
    samples: int

    @staticmethod
    def of(samples: Sequence[float]) -> Figure:
        """The figure of some samples."""
        return Figure(min(samples), statistics.median(samples), len(samples))


@dataclass(frozen=True)
class Row:
    """The figures of all contestants for one case of one workload; less is better.

    Attributes
    ----------
    unit : str
        ``"s"`` or ``"B"``.
    skipped : dict
        Why contestants are missing.
    faults : dict
        Contestants whose results differ from the others': they were not timed.
    """

    workload: str
    case: str
    unit: str
    figures: dict[str, Figure]
    goals: tuple[Goal, ...] = ()
    limit: Limit = field(default_factory=Limit)
    skipped: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Workload and case."""
        return self.workload, self.case

    @property
    def name(self) -> str:
        """Workload and case in words."""
        return f"{self.workload} {self.case}".strip()

    def best_peer(self) -> str | None:
        """The fastest contestant but chainrule and what is no peer."""
        peers = {
            name: figure.best
            for name, figure in self.figures.items()
            if name != CHAINRULE and name not in REFERENCES
        }
        return min(peers, key=peers.__getitem__) if peers else None

    def ratio(self, to: str = BEST_PEER) -> float | None:
        """chainrule's best over that of a contestant; None where one of the two is missing."""
        other = self.best_peer() if to == BEST_PEER else to
        ours, theirs = self.figures.get(CHAINRULE), self.figures.get(other or "")
        return ours.best / theirs.best if ours and theirs and theirs.best else None


@dataclass(frozen=True)
class Ceilings:
    """What this machine can do at best, measured in the same run: FLOP/s, bytes/s, seconds.

    Two threads meet in `meeting` seconds; 0 where contestants have one, and in older files.
    """

    fma_one: float
    fma_all: float
    copy_one: float
    copy_all: float
    call: float
    meeting: float = 0.0

    def or_better(self, other: Ceilings) -> Ceilings:
        """The better of two measurements, figure by figure."""
        rates = ("fma_one", "fma_all", "copy_one", "copy_all")
        best = {name: max(getattr(self, name), getattr(other, name)) for name in rates}
        least = {
            name: min(getattr(self, name), getattr(other, name)) for name in ("call", "meeting")
        }
        return Ceilings(**best, **least)

    def seconds(self, limit: Limit) -> float:
        """The least time for what has to be done."""
        return max(limit.flop / self.fma_all, limit.bytes / self.copy_all)


@dataclass(frozen=True)
class Run:
    """All workloads, once."""

    ceilings: Ceilings
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Results:
    """One or several runs on one machine, of one set of versions."""

    started: str
    threads: int
    machine: dict[str, str]
    versions: dict[str, str]
    missing: dict[str, str]
    runs: tuple[Run, ...]

    def keys(self) -> list[tuple[str, str]]:
        """The workloads and cases of all runs, in order."""
        return list(dict.fromkeys(row.key for run in self.runs for row in run.rows))

    def of(self, key: tuple[str, str]) -> list[Row]:
        """The rows of a workload's case, one a run."""
        return [row for run in self.runs for row in run.rows if row.key == key]

    def over_all_runs(self) -> Iterator[Row]:
        """A row for each case, with the best of all runs and the median of their medians."""
        for key in self.keys():
            rows = self.of(key)
            names = dict.fromkeys(name for row in rows for name in row.figures)
            figures = {
                name: _together(row.figures[name] for row in rows if name in row.figures)
                for name in names
            }
            yield replace(rows[-1], figures=figures)

    @property
    def faults(self) -> list[str]:
        """Results that differed, in words."""
        return [
            f"{row.name}: {name}: {fault}"
            for run in self.runs
            for row in run.rows
            for name, fault in row.faults.items()
        ]


def _together(figures: Iterable[Figure]) -> Figure:
    known = list(figures)
    return Figure(
        min(figure.best for figure in known),
        statistics.median(figure.median for figure in known),
        sum(figure.samples for figure in known),
    )


def to_json(results: Results) -> str:
    """Everything, as text."""
    return json.dumps({"format": FORMAT, **asdict(results)}, indent=1)


def from_json(text: str) -> Results:
    """What `to_json` wrote.

    Raises
    ------
    ValueError
        If the text is not such a file, or of another format.
    """
    data = json.loads(text)
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise ValueError(f"these are no results of format {FORMAT}")
    runs = tuple(
        Run(Ceilings(**run["ceilings"]), tuple(map(_row, run["rows"]))) for run in data.pop("runs")
    )
    return Results(runs=runs, **data)


def _row(data: dict[str, Any]) -> Row:
    return Row(
        **{
            **data,
            "figures": {name: Figure(**figure) for name, figure in data["figures"].items()},
            "goals": tuple(Goal(**goal) for goal in data["goals"]),
            "limit": Limit(**data["limit"]),
        }
    )


def write(path: Path, content: str | bytes) -> None:
    """Write a file that is never seen half-written under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(path)
